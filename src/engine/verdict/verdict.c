#include "engine/verdict/verdict.h"

#include <stddef.h>
#include <string.h>

const char *verdict_reason_name(enum verdict_reason reason)
{
    static const char *const names[] = {
        [VERDICT_NO_REASON] = "",
        [VERDICT_RULES] = "rules",
        [VERDICT_RATE_FILTER] = "threshold detection_filter",
        [VERDICT_FLOW_DROP] = "flow drop",
        [VERDICT_STREAM_OVERLAP] = "stream reassembly",
        [VERDICT_STREAM_ERROR] = "stream error",
        [VERDICT_STREAM_URGENT] = "stream urgent",
        [VERDICT_ISOLATED] = "isolated",
        [VERDICT_MIDSTREAM] = "stream midstream",
        [VERDICT_NO_MEMORY] = "stream reassembly",
        [VERDICT_APP_ERROR] = "applayer error",
    };
    return names[reason];
}

const char *verdict_exception_name(enum verdict_exception exception)
{
    static const char *const names[] = {
        [EXCEPTION_MIDSTREAM] = "stream_midstream",
        [EXCEPTION_REASSEMBLY] = "stream_reassembly",
        [EXCEPTION_APP_ERROR] = "app_layer_error",
        [EXCEPTIONS] = "",
    };
    return names[exception];
}

const char *verdict_policy_name(enum verdict_policy policy)
{
    static const char *const names[] = {
        [POLICY_UNUSED] = "",
        [POLICY_IGNORE] = "ignore",
        [POLICY_DROP_FLOW] = "drop_flow",
        [POLICY_DROP_PACKET] = "drop_packet",
        [POLICY_REJECT] = "reject",
        [POLICY_BYPASS] = "bypass",
        [POLICY_PASS_FLOW] = "pass_flow",
        [POLICY_PASS_PACKET] = "pass_packet",
        [POLICIES] = "",
    };
    return names[policy];
}

enum verdict_reason verdict_exception_reason(enum verdict_exception exception)
{
    static const enum verdict_reason reasons[] = {
        [EXCEPTION_MIDSTREAM] = VERDICT_MIDSTREAM,
        [EXCEPTION_REASSEMBLY] = VERDICT_NO_MEMORY,
        [EXCEPTION_APP_ERROR] = VERDICT_APP_ERROR,
        [EXCEPTIONS] = VERDICT_NO_REASON,
    };
    return reasons[exception];
}

const char *verdict_rule_metadata(const struct rule *rule, const char *key)
{
    for (uint32_t i = 0; i < rule->metadata_count; i++)
        if (strcmp(rule->metadata[i].key, key) == 0)
            return rule->metadata[i].value;
    return NULL;
}

static bool stops(const struct match_hit *hit)
{
    return hit->action == RULE_DROP || hit->action == RULE_REJECT;
}

/* Made to stop by a rate_filter: it stands among the rules that tell, behind as much noise as an attacker cares to make. */
static bool stops_by_rate(const struct match_hit *hit)
{
    return stops(hit) && hit->action != hit->rule->action;
}

static void add_alert(struct verdict *v, const struct match_hit *hit, uint32_t alerts_max)
{
    if (hit->untold)
        return;
    if (v->alert_count < alerts_max) {
        v->alerts[v->alert_count++] = hit;
        return;
    }
    v->alerts_lost++;
    for (uint32_t i = v->alert_count; stops_by_rate(hit) && i > 0; i--) {
        if (!stops(v->alerts[i - 1])) {
            v->alerts[i - 1] = hit;
            return;
        }
    }
}

static void stop(struct verdict *v, const struct match_hit *hit)
{
    enum verdict_action action = hit->action == RULE_REJECT ? VERDICT_REJECT : VERDICT_DROP;
    if (verdict_rule_metadata(hit->rule, "otasuke_isolate"))
        v->isolate = true;
    if (hit->whole_flow)
        v->flow_wide = true;
    if (action <= v->action)
        return;
    v->action = action;
    v->reason = stops_by_rate(hit) ? VERDICT_RATE_FILTER : VERDICT_RULES;
    v->reject = hit->rule->reject;
    v->rule = hit->rule;
}

void verdict_judge(const struct match_hits *hits, const struct verdict_conf *conf,
                   struct verdict *out)
{
    memset(out, 0, offsetof(struct verdict, alerts));
    out->enforced = conf->enforced;
    for (uint32_t i = 0; i < hits->count; i++) {
        const struct match_hit *hit = &hits->items[i];
        if (hit->silent)
            continue;
        if (stops(hit))
            stop(out, hit);
        add_alert(out, hit, conf->alerts_max);
        if (hit->action == RULE_PASS) {
            out->passed = out->action == VERDICT_ACCEPT;
            out->pass_flow = out->passed && hit->whole_flow;
            return;
        }
        out->pass_flow |= hit->rule->bypass && !stops(hit);
    }
}

void verdict_add(struct verdict *sum, const struct verdict *more)
{
    if (more->action > sum->action) {
        sum->action = more->action;
        sum->reason = more->reason;
        sum->reject = more->reject;
        sum->rule = more->rule;
    }
    sum->enforced = more->enforced;
    sum->flow_wide |= more->flow_wide;
    sum->passed |= more->passed;
    sum->pass_flow |= more->pass_flow;
    sum->isolate |= more->isolate;
    sum->alerts_lost = more->alerts_lost;
    sum->alert_count = more->alert_count;
    memcpy(sum->alerts, more->alerts, more->alert_count * sizeof more->alerts[0]);
}

const char *verdict_action_name(const struct verdict *v)
{
    if (v->enforced && v->action != VERDICT_ACCEPT)
        return "drop";
    return v->passed ? "pass" : "alert";
}

bool verdict_hit_blocked(const struct verdict *v, const struct match_hit *hit)
{
    return v->enforced && v->action != VERDICT_ACCEPT && stops(hit);
}
