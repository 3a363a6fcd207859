/* engine/app/websocket, as app_talk.h says. */
#include "engine/app/websocket/websocket.h"
#include "app_talk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct app_talk_kind kind = {
        .talk = {.parser = &websocket_parser, .server_port = 80}, .other_port = 8080};
    app_talk(&kind, data, size);
    return 0;
}
