/* The list of machines that are cut off, as it may stand on a damaged disk. What was read is written and read again. */
#include "gateway/guard/isolation.h"

#include "base/attr.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct isolations list;
    isolation_read(&list, str_of(data, size));
    assert(list.count <= ISOLATIONS_MAX);
    for (uint32_t i = 0; i < list.count; i++) {
        const struct isolation *item = &list.items[i];
        assert(mac_is_machine(&item->mac));
        assert(item->origin < CONTROL_ORIGINS);
        assert(memchr(item->reason, '\0', sizeof(item->reason)));
        assert(!memchr(item->reason, '\n', strlen(item->reason)));
        assert(isolation_find(&list, &item->mac) == item);
    }
    return 0;
}
