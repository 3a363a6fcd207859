/* engine/app/ftp, as app_talk.h says. */
#include "engine/app/ftp/ftp.h"
#include "app_talk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct app_talk_kind kind = {.talk = {.parser = &ftp_parser, .server_port = 21},
                                              .other_port = 2121};
    app_talk(&kind, data, size);
    return 0;
}
