/* A spool file as a damaged disk may leave it. */
#include "gateway/link/segment.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct reader r = reader_of(str_of(data, size));
    struct segment_head head;
    struct segment_record record;
    if (!segment_read_head(&r, &head))
        return 0;
    while (segment_read_record(&r, &record)) {
        if (record.event.json.len == 0 || record.event.json.len > LINK_LINE_BYTES_MAX)
            abort();
    }
    return 0;
}
