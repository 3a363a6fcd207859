/* engine/app/bittorrent_dht, as app_talk.h says. */
#include "engine/app/bittorrent_dht/bittorrent_dht.h"
#include "app_talk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct app_talk_kind kind = {
        .talk = {.parser = &bittorrent_dht_parser, .server_port = 6881, .udp = true},
        .other_port = 4000};
    app_talk(&kind, data, size);
    return 0;
}
