/* engine/app/nfs, as app_talk.h says. */
#include "engine/app/nfs/nfs.h"
#include "app_talk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct app_talk_kind kind = {.talk = {.parser = &nfs_parser, .server_port = 2049},
                                              .other_port = 4000};
    app_talk(&kind, data, size);
    return 0;
}
