/* engine/app/ftp, as app_talk.h says. */
#include "app_talk.h"
#include "engine/app/ftp/ftp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct app_talk_kind kind = {
        .talk = {.parser = &ftp_data_parser, .server_port = 20}, .other_port = 5000};
    app_talk(&kind, data, size);
    return 0;
}
