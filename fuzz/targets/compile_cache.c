/* A file of kept databases: whatever stands there is refused, or gives entries that lie in it and have the sum that is written
 * beside them. */
#include "gateway/compile/cache.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cache c;
    struct err err;
    uint64_t *copy = malloc(size + 8); /* aligned as a mapping is */
    if (!copy)
        abort();
    memcpy(copy, data, size);
    cache_init(&c, -1, CACHE_BYTES_MAX);
    if (cache_take(&c, str_of(copy, size), &err) == 0)
        for (uint32_t i = 0; i < c.count; i++) {
            uint8_t sum[DIGEST_BYTES_MAX];
            struct str found = cache_find(&c, c.entries[i].key);
            if (!found.len)
                continue;
            if (found.p < (const uint8_t *)copy || found.len > size)
                abort();
            digest_of(DIGEST_SHA256, found, sum);
        }
    cache_fini(&c);
    free(copy);
    return 0;
}
