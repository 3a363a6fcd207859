/* engine/app/mdns, LLMNR over TCP, as app_talk.h says. */
#include "app_talk.h"
#include "engine/app/mdns/mdns.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct app_talk_kind kind = {
        .talk = {.parser = &llmnr_tcp_parser, .server_port = 5355, .fields_of = &llmnr_parser},
        .other_port = 4000};
    app_talk(&kind, data, size);
    return 0;
}
