/* engine/app/smtp, as app_talk.h says. */
#include "engine/app/smtp/smtp.h"
#include "app_talk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct app_talk_kind kind = {.talk = {.parser = &smtp_parser, .server_port = 25},
                                              .other_port = 2000};
    app_talk(&kind, data, size);
    return 0;
}
