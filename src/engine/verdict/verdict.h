/* verdict: hits -> what happens to the packet and its flow, and which alerts are told.
 *
 * Way in:    engine.c hands the hits of one packet, in order of evaluation (match_finish).
 * Way out:   one struct verdict. "Blocked" in any event comes from here and from nowhere else, and only when `enforced`:
 *            in detection mode a drop rule tells, and nothing is stopped.
 * Meaning:   as Suricata's: rules in their order; the first pass rule ends the judging (later hits neither tell nor act); any
 *            drop or reject before it stops the packet, and then nothing is passed. A rule that judged more than this packet (a transaction, the stream,
 *            or nothing but addresses) acts on the whole flow. A hit that is only untold (suppressed, past its limit) acts.
 * Limits:    alerts told per packet (packet-alert-max); the first in order stay. By the usual action-order what stops comes
 *            before what tells, so noise hides no drop; a drop that a rate_filter made of an alert takes the last place.
 */
#ifndef ENGINE_VERDICT_VERDICT_H
#define ENGINE_VERDICT_VERDICT_H

#include "engine/match/match.h"
#include "engine/rule/rule.h"

#define VERDICT_ALERTS_USUAL 15           /* Suricata's packet-alert-max */
#define VERDICT_ALERTS_MAX MATCH_HITS_MAX /* what that setting may ask for */

enum verdict_action { VERDICT_ACCEPT, VERDICT_DROP, VERDICT_REJECT };

enum verdict_reason {
    VERDICT_NO_REASON,
    VERDICT_RULES,
    VERDICT_RATE_FILTER, /* a rate_filter made the rule's action one that stops */
    VERDICT_FLOW_DROP,   /* an earlier verdict ended the flow */
    VERDICT_STREAM_OVERLAP, /* bytes that differ from what was inspected, or that there is no room for ahead of a hole */
    VERDICT_STREAM_ERROR, /* no end system ought to take it: window, timestamp, acknowledgement, after an RST */
    VERDICT_STREAM_URGENT, /* its urgent pointer, where the settings do not let such packets go on */
    VERDICT_ISOLATED,
    VERDICT_MIDSTREAM, /* exception policies */
    VERDICT_NO_MEMORY,
    VERDICT_APP_ERROR,
    VERDICT_REASONS
};

/* What happens to traffic that cannot be inspected as it should be ("exception policies"). Ours, unless the settings say
 * otherwise: it passes, counted and told, because the network does not stop because of us. */
enum verdict_exception {
    EXCEPTION_MIDSTREAM,  /* a connection whose handshake was not seen */
    EXCEPTION_REASSEMBLY, /* no memory for its bytes */
    EXCEPTION_APP_ERROR,  /* its parser gave up */
    EXCEPTIONS
};
enum verdict_policy {
    POLICY_UNUSED, /* the exception has not happened */
    POLICY_IGNORE,
    POLICY_DROP_FLOW,
    POLICY_DROP_PACKET,
    POLICY_REJECT,
    POLICY_BYPASS,
    POLICY_PASS_FLOW,
    POLICY_PASS_PACKET,
    POLICIES
};
/* EVE's flow.exception_policy: "stream_midstream", "drop_flow". */
const char *verdict_exception_name(enum verdict_exception exception);
const char *verdict_policy_name(enum verdict_policy policy);
enum verdict_reason verdict_exception_reason(enum verdict_exception exception);

struct verdict {
    enum verdict_action action; /* what is done, or in detection mode would have been */
    enum verdict_reason reason;
    enum rule_reject reject;
    bool enforced;  /* inline: the action is carried out */
    bool flow_wide; /* the rest of the flow shares the action */
    bool passed;    /* a pass rule held */
    bool pass_flow;
    bool isolate; /* the rule asks to cut the LAN device off (metadata: otasuke_isolate) */
    const struct rule *rule; /* whose action it is, or NULL */
    uint32_t alert_count;
    uint32_t alerts_lost;
    /* the first alert_count of them; the others are never read, nor cleared for each packet */
    const struct match_hit *alerts[VERDICT_ALERTS_MAX];
};

struct verdict_conf {
    bool enforced;
    uint32_t alerts_max;        /* told per packet, 1..VERDICT_ALERTS_MAX */
    uint8_t policy[EXCEPTIONS]; /* enum verdict_policy */
};

/* The verdict borrows from hits. */
void verdict_judge(const struct match_hits *hits, const struct verdict_conf *conf,
                   struct verdict *out);
/* What a packet is judged in several looks: *sum keeps the strictest action and every wish; the alerts are those of `more`. */
void verdict_add(struct verdict *sum, const struct verdict *more);
/* True when this hit's own rule stopped traffic: EVE's alert.action "blocked". */
bool verdict_hit_blocked(const struct verdict *v, const struct match_hit *hit);
/* Suricata's words for drop.reason. */
const char *verdict_reason_name(enum verdict_reason reason);
/* EVE's verdict.action: "drop", "pass" or "alert": what became of the packet in the end. */
const char *verdict_action_name(const struct verdict *v);
/* The value of a rule's metadata key, or NULL. */
const char *verdict_rule_metadata(const struct rule *rule, const char *key);

#endif
