/* sort: puts items in order without memory of its own (the C library's qsort takes some from the heap for more than 1 KiB).
 *
 * Bounded: at most about 2 n log n comparisons, whatever order a stranger chose. Equal items may change places.
 */
#ifndef BASE_SORT_H
#define BASE_SORT_H

#include <stddef.h>

#define SORT_ITEM_MAX 128 /* bytes of an item */

/* compare: as for qsort. */
void sort_items(void *items, size_t count, size_t item_bytes,
                int (*compare)(const void *a, const void *b));

#endif
