/* state: what rules remember of a flow beyond the bits that match.h shows; private to match/. All of it comes from the flow's
 * budget, is made when first needed, and has a fixed size: a stranger decides how often, never how much. */
#ifndef ENGINE_MATCH_STATE_H
#define ENGINE_MATCH_STATE_H

#include "engine/match/hosts.h"
#include "engine/match/worker.h"

#define CARRY_MAX 32
#define MARKS_MAX 16
#define FLOW_THRESHOLDS_MAX 16
#define FLOWBITS_MAX 65536 /* names in a rule set */
#define FLOWINTS_MAX 4096

/* Rules whose literal lies in the stream's window and that have not held yet, by direction. */
struct match_carry {
    uint32_t count;
    bool overflow; /* too many: the next look scans the whole window */
    struct {
        uint32_t rule;
        uint64_t end; /* of the literal, in the stream */
    } items[CARRY_MAX];
};

struct match_marks {
    uint32_t count, next;
    struct {
        uint32_t rule;
        uint8_t dir;
    } items[MARKS_MAX];
};

/* Bytes of each direction in each of the last seconds (flow.rate-tracking). */
struct match_rate {
    uint32_t seconds; /* of the ring */
    bool elephant[DIR_COUNT];
    int64_t newest[DIR_COUNT]; /* second of the newest bytes */
    uint64_t sum[DIR_COUNT];
    uint64_t bytes[DIR_COUNT][RULE_RATE_SECONDS_MAX];
};
/* Counts the packet in hand; nothing without the setting. */
void rate_count(struct match_worker *w, const struct match_view *view);

struct match_flow_threshold {
    uint32_t count;
    struct {
        uint64_t name;
        uint32_t kind;
        struct host_state state;
    } items[FLOW_THRESHOLDS_MAX];
};

#define ENTROPIES_MAX 4

#define TX_BITS_MAX 32

/* xbits of transactions; the oldest goes. */
struct match_tx_bits {
    uint32_t count, next;
    struct {
        uint64_t tx_id;
        uint32_t bit;
    } items[TX_BITS_MAX];
};

struct match_entropies {
    uint32_t count;
    struct {
        uint32_t buffer;
        double value;
    } items[ENTROPIES_MAX];
};

/* The state of a threshold by flow; NULL: no flow, no room. */
struct host_state *flow_threshold(struct match_worker *w, const struct match_view *view,
                                  uint64_t name, uint32_t kind);
/* The carry of this direction, made when `make`; NULL: none. */
struct match_carry *flow_carry(struct match_worker *w, const struct match_view *view, bool make);

#endif
