/* address: who used an IP address last.
 *
 * A place is one of the addresses of one machine; the caller numbers them 0 to places - 1. Places of the same address stand in
 * a list, the one used last in front, so that asking costs the same however many machines claim the address.
 */
#ifndef GATEWAY_DEVICES_ADDRESS_H
#define GATEWAY_DEVICES_ADDRESS_H

#include "base/attr.h"
#include "base/ip.h"

#define ADDRESS_NONE UINT32_MAX

struct address_index;

/* Takes all its memory at once; NULL when there is none. */
NODISCARD struct address_index *address_index_new(uint32_t places);
void address_index_free(struct address_index *x);
/* The place, idle until now, stands for ip and is the last that used it. */
void address_begin(struct address_index *x, uint32_t place, const struct ip *ip);
/* The place, which stands for an address, is the last that used it. */
void address_again(struct address_index *x, uint32_t place);
/* The place is idle; it may have been before. */
void address_end(struct address_index *x, uint32_t place);
/* The place that used ip last, or ADDRESS_NONE. */
uint32_t address_latest(const struct address_index *x, const struct ip *ip);

#endif
