/* netlink: changes elements of an nftables set, straight by netlink: no program is started while frames pass. */
#ifndef GATEWAY_GUARD_NETLINK_H
#define GATEWAY_GUARD_NETLINK_H

#include "base/err.h"
#include "base/str.h"

struct netlink_element {
    const char *table, *set; /* family bridge */
    struct str key;
    uint64_t timeout_ms; /* 0: the element stays */
};

NODISCARD int netlink_open(struct err *err);
/* Both wait for the kernel's answer. Adding what is there, and taking out what is not, is no error. */
NODISCARD int netlink_add(int fd, uint32_t *sequence, const struct netlink_element *elements,
                          size_t count, struct err *err);
/* The element with this expiry, whether it was there or not; in one step, so that it is there at every moment. */
NODISCARD int netlink_replace(int fd, uint32_t *sequence, const struct netlink_element *element,
                              struct err *err);
NODISCARD int netlink_remove(int fd, uint32_t *sequence, const struct netlink_element *element,
                             struct err *err);

#endif
