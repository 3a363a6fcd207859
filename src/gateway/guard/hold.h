/* hold: the bridge under the two ports and its nftables table: the fail-open way, and the list of machines cut off. */
#ifndef GATEWAY_GUARD_HOLD_H
#define GATEWAY_GUARD_HOLD_H

#include "base/err.h"
#include "base/ip.h"

#include <stdbool.h>
#include <stdint.h>

#define HOLD_MS 900 /* how long the bridge stays held back without renewal */
#define HOLD_RENEW_MS \
    300 /* one of the HOLD_SETS in turn: each has expired before it is its turn again */
#define HOLD_SETS 4
#define HOLD_NAME_BYTES 16

struct hold_cut {
    struct mac mac;
    uint64_t seconds; /* 0: until released */
};

struct hold_plan {
    const char *bridge, *lan, *wan;
    bool fail_closed;
    const struct hold_cut *cuts; /* machines that are cut off from the first moment on */
    size_t cut_count;
};

struct hold {
    int fd; /* netlink */
    uint32_t sequence;
    uint32_t turn;
    bool held, fail_closed;
    char bridge[HOLD_NAME_BYTES], lan[HOLD_NAME_BYTES], wan[HOLD_NAME_BYTES];
};

/* Makes the bridge (or takes over the one that is there) and the table anew, in one step: there is no moment at which a
 * machine of plan->cuts gets through. Frames of others pass from now on, unless fail_closed. */
NODISCARD int hold_open(struct hold *h, const struct hold_plan *plan, struct err *err);
void hold_close(struct hold *h);
/* Holds the bridge back for HOLD_MS more. */
NODISCARD int hold_renew(struct hold *h, struct err *err);
/* Lets the bridge forward now. With fail_closed it stays held. */
NODISCARD int hold_let_go(struct hold *h, struct err *err);
/* Frames from and to its address are dropped by the bridge. An earlier cut of the same machine is replaced without a gap. */
NODISCARD int hold_isolate(struct hold *h, const struct hold_cut *cut, struct err *err);
NODISCARD int hold_release(struct hold *h, const struct mac *mac, struct err *err);
/* Removes bridge and table: the ports are what they were before. */
void hold_remove(struct hold *h);

#endif
