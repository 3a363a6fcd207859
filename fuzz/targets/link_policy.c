/* A policy's text (signed by the center, or our own copy from a disk that may be damaged). What was read can be written, and
 * reads back as the same. */
#include "link/link.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct link_policy p, again;
    struct buf first, second;
    if (!link_policy_read(str_of(data, size), &p))
        return 0;
    if (p.isolated_count > LINK_ISOLATED_MAX || p.released_count > LINK_RELEASED_MAX)
        abort();
    buf_init(&first, 0);
    buf_init(&second, 0);
    link_policy_write(&first, &p);
    if (first.failed || !link_policy_read(buf_str(&first), &again))
        abort();
    link_policy_write(&second, &again);
    if (!str_eq(buf_str(&first), buf_str(&second)))
        abort();
    buf_fini(&first);
    buf_fini(&second);
    return 0;
}
