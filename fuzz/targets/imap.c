/* engine/app/imap, as app_talk.h says. */
#include "engine/app/imap/imap.h"
#include "app_talk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct app_talk_kind kind = {.talk = {.parser = &imap_parser, .server_port = 143},
                                              .other_port = 4000};
    app_talk(&kind, data, size);
    return 0;
}
