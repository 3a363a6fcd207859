/* engine/app/enip over UDP, as app_talk.h says. */
#include "app_talk.h"
#include "engine/app/enip/enip.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct app_talk_kind kind = {.talk = {.parser = &enip_udp_parser,
                                                       .fields_of = &enip_parser,
                                                       .server_port = 44818,
                                                       .udp = true},
                                              .other_port = 4000};
    app_talk(&kind, data, size);
    return 0;
}
