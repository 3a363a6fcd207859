/* Exception policies: what to do with traffic that cannot be inspected as it should be. A policy for the
 * flow comes with the first packet that shows the exception, one for packets with each. */
#include "engine/conversation.h"

static void stop_packet(struct engine *e, struct passage *way, enum verdict_exception kind,
                        enum verdict_action action, bool flow_wide)
{
    if (!e->conf.verdict.enforced || action <= way->verdict.action)
        return;
    way->looked_away = true; /* what is stopped for this is not looked at, as in Suricata */
    way->verdict.action = action;
    way->verdict.reason = verdict_exception_reason(kind);
    way->verdict.reject = RULE_REJECT_SRC;
    way->verdict.rule = NULL;
    way->verdict.enforced = true;
    way->verdict.flow_wide |= flow_wide;
    way->c->flow.dropped |= flow_wide;
}

static void leave_alone(struct engine *e, struct conversation *c)
{
    c->flow.passed = true;
    flow_set_state(e->flows, &c->flow, FLOW_BYPASSED);
    if (c->flow.l4 != PACKET_L4_TCP)
        return;
    for (enum dir dir = DIR_TOSERVER; dir <= DIR_TOCLIENT; dir++) {
        stream_app_stop(&c->stream, &c->mem, dir);
        stream_raw_stop(&c->stream, &c->mem, dir);
    }
}

void exception_happened(struct engine *e, struct passage *way, enum verdict_exception kind)
{
    struct conversation *c = way->c;
    enum verdict_policy policy = (enum verdict_policy)e->conf.verdict.policy[kind];
    c->exceptions[kind] = (uint8_t)policy;
    e->counts.exceptions[kind]++;
    switch (policy) {
    case POLICY_DROP_FLOW: stop_packet(e, way, kind, VERDICT_DROP, true); break;
    case POLICY_DROP_PACKET: stop_packet(e, way, kind, VERDICT_DROP, false); break;
    case POLICY_REJECT: stop_packet(e, way, kind, VERDICT_REJECT, true); break;
    case POLICY_BYPASS: leave_alone(e, c); break;
    case POLICY_PASS_FLOW: c->flow.passed = true; break;
    case POLICY_PASS_PACKET: way->looked_away = true; break;
    case POLICY_UNUSED:
    case POLICY_IGNORE:
    case POLICIES: break;
    }
}

/* ---- settings ---- */

static bool read_policy(const struct conf *conf, const char *path, enum verdict_policy *policy,
                        bool *automatic)
{
    static const struct {
        const char *name;
        enum verdict_policy policy;
    } words[] = {{"ignore", POLICY_IGNORE},
                 {"no", POLICY_IGNORE},
                 {"false", POLICY_IGNORE},
                 {"drop-flow", POLICY_DROP_FLOW},
                 {"drop-packet", POLICY_DROP_PACKET},
                 {"reject", POLICY_REJECT},
                 {"bypass", POLICY_BYPASS},
                 {"pass-flow", POLICY_PASS_FLOW},
                 {"pass-packet", POLICY_PASS_PACKET}};
    struct str value = str_c(conf_text(conf, path, ""));
    *automatic = str_eq_nocase(value, STR_LIT("auto"));
    for (size_t i = 0; i < ARRAY_COUNT(words); i++)
        if (str_eq_nocase(value, str_c(words[i].name))) {
            *policy = words[i].policy;
            return true;
        }
    return *automatic;
}

static bool stops_traffic(enum verdict_policy policy)
{
    return policy == POLICY_DROP_FLOW || policy == POLICY_DROP_PACKET || policy == POLICY_REJECT;
}

/* What a policy can be here: nothing is dropped in detection mode; a connection picked up midstream on purpose is not dropped
 * for that; and of a connection that is not followed, single packets mean nothing. */
static enum verdict_policy fitting(enum verdict_policy policy, enum verdict_exception kind,
                                   bool enforced, bool midstream)
{
    if (stops_traffic(policy) && !enforced)
        return POLICY_IGNORE;
    if (kind != EXCEPTION_MIDSTREAM)
        return policy;
    bool packet = policy == POLICY_DROP_PACKET || policy == POLICY_PASS_PACKET;
    return packet || (midstream && stops_traffic(policy)) ? POLICY_IGNORE : policy;
}

void exception_conf_read(struct verdict_conf *v, const struct conf *conf, bool midstream)
{
    static const char *const paths[] = {
        [EXCEPTION_MIDSTREAM] = "stream.midstream-policy",
        [EXCEPTION_REASSEMBLY] = "stream.reassembly.memcap-policy",
        [EXCEPTION_APP_ERROR] = "app-layer.error-policy",
    };
    for (int kind = 0; kind < EXCEPTIONS; kind++) {
        enum verdict_policy policy = POLICY_IGNORE;
        bool automatic = false;
        if (!read_policy(conf, paths[kind], &policy, &automatic))
            (void)read_policy(conf, "exception-policy", &policy, &automatic);
        if (automatic)
            policy = POLICY_DROP_FLOW; /* where it fits, else ignore */
        v->policy[kind] =
            (uint8_t)fitting(policy, (enum verdict_exception)kind, v->enforced, midstream);
    }
}
