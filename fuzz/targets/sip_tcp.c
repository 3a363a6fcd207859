/* engine/app/sip, as app_talk.h says. */
#include "app_talk.h"
#include "engine/app/sip/sip.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct app_talk_kind kind = {
        .talk = {.parser = &sip_tcp_parser, .server_port = 5060, .fields_of = &sip_parser},
        .other_port = 4000};
    app_talk(&kind, data, size);
    return 0;
}
