/* The body of a BATCH frame as a hostile box may write it. */
#include "link/link.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct link_codec *codec;
    struct link_batch b;
    struct link_offence offence;
    if (!codec)
        codec = link_codec_new();
    if (link_batch_unpack(codec, str_of(data, size), &b) != LINK_OK)
        return 0;
    if (b.lines.len > LINK_INFLATED_BYTES_MAX || b.count > LINK_BATCH_COUNT_MAX)
        abort();
    (void)!link_batch_check(&b, &offence);
    return 0;
}
