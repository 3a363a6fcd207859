#include "gateway/explain/trail.h"

#include "gateway/explain/words.h"

#include <stdio.h>
#include <stdlib.h>

#define VALUES_TOLD_MAX 8
#define OUTCOMES_MAX 1000
#define SCORE_HELD 100000

void trail_init(struct trail *t, const struct explain_rules *r, const struct explain_options *o,
                const struct rule *rule)
{
    *t = (struct trail){.rules = r, .rule = rule, .options = o};
    vec_init(&t->flows, sizeof(struct trail_flow *));
    map_init(&t->by_id, 0);
    arena_init(&t->scratch, 64u << 10, 0);
}

static void attempt_free(struct trail_attempt *a)
{
    if (!a)
        return;
    for (size_t i = 0; i < a->steps.count; i++)
        free(((struct trail_step *)vec_at(&a->steps, i))->text);
    vec_fini(&a->steps);
    free(a->where);
    free(a);
}

static void flow_free(struct trail_flow *f)
{
    if (f->best && !f->best->kept)
        attempt_free(f->best);
    for (size_t i = 0; i < f->attempts.count; i++)
        attempt_free(*(struct trail_attempt **)vec_at(&f->attempts, i));
    for (size_t i = 0; i < f->outcomes.count; i++)
        free(*(char **)vec_at(&f->outcomes, i));
    vec_fini(&f->attempts);
    vec_fini(&f->outcomes);
    free(f->scanned);
    free(f);
}

void trail_fini(struct trail *t)
{
    for (size_t i = 0; i < t->flows.count; i++)
        flow_free(*(struct trail_flow **)vec_at(&t->flows, i));
    attempt_free(t->current);
    vec_fini(&t->flows);
    map_fini(&t->by_id);
    arena_fini(&t->scratch);
}

/* ---- which flow ---- */

static void end_text(const struct ip *ip, uint16_t port, char out[64])
{
    char address[IP_TEXT_BYTES];
    ip_format(ip, address);
    snprintf(out, 64, ip->version == 6 ? "[%s]:%u" : "%s:%u", address, port);
}

/* "10.0.0.1", "80", "10.0.0.1:80" or "[::1]:80". */
static bool end_fits(const char *wanted, const struct ip *ip, uint16_t port)
{
    char address[IP_TEXT_BYTES], both[64], number[8];
    ip_format(ip, address);
    end_text(ip, port, both);
    snprintf(number, sizeof number, "%u", port);
    return strcmp(wanted, address) == 0 || strcmp(wanted, both) == 0 || strcmp(wanted, number) == 0;
}

static bool is_wanted(const struct trail *t, const struct flow *f)
{
    const char *wanted = t->options->flow;
    if (!wanted)
        return true;
    return f && (end_fits(wanted, &f->client_ip, f->client_port) ||
                 end_fits(wanted, &f->server_ip, f->server_port));
}

static const char *l4_name(uint8_t l4)
{
    static const char *const names[] = {
        [PACKET_L4_NONE] = "IP",    [PACKET_L4_TCP] = "TCP",      [PACKET_L4_UDP] = "UDP",
        [PACKET_L4_ICMP4] = "ICMP", [PACKET_L4_ICMP6] = "ICMPv6", [PACKET_L4_OTHER] = "IP",
    };
    return l4 < ARRAY_COUNT(names) && names[l4] ? names[l4] : "IP";
}

/* NULL: not wanted, or too many. */
static struct trail_flow *flow_of(struct trail *t, const struct flow *flow)
{
    uint64_t id = flow ? flow->id : 0;
    struct str key = str_of(&id, sizeof id);
    if (!is_wanted(t, flow))
        return NULL;
    struct trail_flow *f = map_get(&t->by_id, key);
    if (f)
        return f;
    if (t->flows.count >= TRAIL_FLOWS_MAX) {
        t->other_flows++;
        return NULL;
    }
    f = calloc(1, sizeof *f);
    struct trail_flow **slot = f ? vec_push(&t->flows) : NULL;
    if (!slot) {
        t->failed = true;
        free(f);
        return NULL;
    }
    *slot = f;
    f->id = id;
    f->order = t->flows.count;
    f->l4 = flow ? l4_name(flow->l4) : "";
    vec_init(&f->attempts, sizeof(struct trail_attempt *));
    vec_init(&f->outcomes, sizeof(char *));
    if (flow) {
        end_text(&flow->client_ip, flow->client_port, f->client);
        end_text(&flow->server_ip, flow->server_port, f->server);
    }
    if (map_put(&t->by_id, str_of(&f->id, sizeof f->id), f) < 0)
        t->failed = true;
    return f;
}

/* ---- attempts ---- */

static uint64_t packet_number(const struct match_view *view)
{
    return view->packet && view->packet->frame ? view->packet->frame->number : 0;
}

static char *where_of(const struct match_note *n)
{
    struct buf line;
    unsigned long long number = packet_number(n->view);
    buf_init(&line, 512);
    if (number)
        buf_printf(&line, "packet %llu", number);
    else
        buf_add_c(&line, "at the end of the flow");
    if (n->look == LOOK_TX) {
        buf_printf(&line, ", transaction %llu of ", (unsigned long long)n->tx->id);
        words_protocols(UINT64_C(1) << n->tx->proto, &line);
    } else if (n->look == LOOK_STREAM) {
        buf_printf(&line, ", bytes %llu to %llu of the stream",
                   (unsigned long long)n->payload_offset,
                   (unsigned long long)(n->payload_offset + n->payload.len));
    } else {
        buf_printf(&line, ", %zu bytes of payload", n->payload.len);
    }
    buf_printf(&line, ", %s", words_dir(n->view->dir));
    char *text = str_dup(buf_str(&line));
    buf_fini(&line);
    return text;
}

static void add_step(struct trail *t, enum answer answer, char *text)
{
    struct trail_attempt *a = t->current;
    struct trail_step *s = a && a->steps.count < TRAIL_STEPS_MAX ? vec_push(&a->steps) : NULL;
    if (!s) {
        free(text);
        return;
    }
    s->answer = answer;
    s->text = text;
    a->score += answer == ANSWER_YES;
}

static void begin(struct trail *t, const struct match_note *n)
{
    attempt_free(t->current);
    t->current = calloc(1, sizeof *t->current);
    if (!t->current) {
        t->failed = true;
        return;
    }
    vec_init(&t->current->steps, sizeof(struct trail_step));
    t->current->where = where_of(n);
    t->current->packet = packet_number(n->view);
    t->values_of_buffer = 0;
}

/* Keeps the attempt if there is a place for it, or if it came nearer than those before. */
static void keep(struct trail *t, struct trail_flow *f, struct trail_attempt *a)
{
    struct trail_attempt **slot = NULL;
    uint32_t places = t->options->verbose ? OUTCOMES_MAX : t->options->top;
    if (f->attempts.count < places)
        slot = vec_push(&f->attempts);
    if (slot) {
        *slot = a;
        a->kept = true;
    }
    if (!f->best || a->score > f->best->score) {
        if (f->best && !f->best->kept)
            attempt_free(f->best);
        f->best = a;
    } else if (!a->kept) {
        attempt_free(a);
    }
}

static void end(struct trail *t, const struct match_note *n)
{
    struct trail_flow *f = flow_of(t, n->view->flow);
    struct trail_attempt *a = t->current;
    t->current = NULL;
    if (!f || !a) {
        attempt_free(a);
        return;
    }
    a->answer = n->answer;
    a->score += n->answer == ANSWER_YES ? SCORE_HELD : 0;
    f->asked++;
    f->held += n->answer == ANSWER_YES;
    keep(t, f, a);
}

static void value(struct trail *t, const struct match_note *n)
{
    if (t->values_of_buffer++ < VALUES_TOLD_MAX)
        step_value(t, n, add_step);
}

static void buffer(struct trail *t, const struct match_note *n)
{
    char text[96];
    if (n->values == 0)
        add_step(t, n->answer, step_missing(t, n));
    else if (t->values_of_buffer > VALUES_TOLD_MAX) {
        snprintf(text, sizeof text, "and %u more values of it",
                 t->values_of_buffer - VALUES_TOLD_MAX);
        add_step(t, n->answer, str_dup(str_c(text)));
    }
    if (n->values && n->answer == ANSWER_LATER)
        add_step(t, n->answer, str_dup(STR_LIT("more of it may come: asked again then")));
    t->values_of_buffer = 0;
}

void trail_note(void *owner, const struct match_note *n)
{
    struct trail *t = owner;
    struct trail_flow *f;
    switch (n->kind) {
    case NOTE_NAMED:
        if ((f = flow_of(t, n->view->flow))) {
            f->by_literal += n->by_literal;
            f->by_list += !n->by_literal;
        }
        break;
    case NOTE_PASSED:
        if ((f = flow_of(t, n->view->flow))) {
            f->by_reason[n->why]++;
            f->by_misfit[n->misfit] += n->why == PASSED_MISFIT;
            if (n->why == PASSED_NO_LITERAL && !f->scanned)
                f->scanned = step_scanned(t, n);
        }
        break;
    case NOTE_BEGIN: begin(t, n); break;
    case NOTE_CHECK: add_step(t, n->answer, step_check(t, n)); break;
    case NOTE_VALUE: value(t, n); break;
    case NOTE_BUFFER: buffer(t, n); break;
    case NOTE_END: end(t, n); break;
    }
}

/* ---- what came of it ---- */

static const struct rule *passed_by(const struct match_hits *hits, const struct match_hit *hit)
{
    for (uint32_t i = 0; i < hits->count && &hits->items[i] != hit; i++)
        if (hits->items[i].action == RULE_PASS && !hits->items[i].silent)
            return hits->items[i].rule;
    return NULL;
}

static bool is_told(const struct verdict *v, const struct match_hit *hit)
{
    for (uint32_t i = 0; i < v->alert_count; i++)
        if (v->alerts[i] == hit)
            return true;
    return false;
}

static void hold_back(const struct match_hit *hit, struct buf *out)
{
    if (hit->rule->noalert && !hit->silent)
        buf_add_c(out, "nothing is told (noalert)");
    else {
        buf_add_c(out, "not told: ");
        if (hit->threshold)
            words_threshold(hit->threshold, out);
    }
}

static void outcome(const struct match_hits *hits, const struct verdict *v,
                    const struct match_hit *hit, struct buf *out)
{
    const struct rule *pass = passed_by(hits, hit);
    bool stops = hit->action == RULE_DROP || hit->action == RULE_REJECT;
    if (pass)
        buf_printf(out, "not told: the pass rule sid %u holds before it", pass->sid);
    else if (hit->silent || hit->untold)
        hold_back(hit, out);
    else if (is_told(v, hit))
        buf_add_c(out, "an alert is told");
    else
        buf_add_c(out, "not told: too many alerts of this packet come before it");
    if (pass || hit->silent)
        return;
    if (stops)
        buf_printf(out, v->enforced ? "; the %s is stopped" : "; inline, the %s would be stopped",
                   hit->whole_flow ? "flow" : "packet");
    if (hit->action == RULE_PASS)
        buf_printf(out, "; the %s passes", hit->whole_flow ? "flow" : "packet");
}

static void add_outcome(struct trail *t, struct trail_flow *f, const char *words, uint64_t packet)
{
    char text[512];
    if (packet)
        snprintf(text, sizeof text, "packet %llu: it holds; %s", (unsigned long long)packet, words);
    else
        snprintf(text, sizeof text, "at the end of the flow: it holds; %s", words);
    char **slot = f->outcomes.count < OUTCOMES_MAX ? vec_push(&f->outcomes) : NULL;
    if (slot && !(*slot = str_dup(str_c(text))))
        t->failed = true;
}

static void judge_hit(struct trail *t, const struct match_view *view, const struct match_hits *hits,
                      const struct verdict *v, const struct match_hit *hit)
{
    struct trail_flow *f = flow_of(t, view->flow);
    struct buf words;
    if (!f)
        return;
    buf_init(&words, 400);
    outcome(hits, v, hit, &words);
    add_outcome(t, f, buf_c(&words), packet_number(view));
    buf_fini(&words);
    bool told = is_told(v, hit);
    f->told += told;
    t->fired += told;
    t->held += told || (hit->rule->noalert && !hit->silent && !passed_by(hits, hit));
}

void trail_judged(void *owner, const struct match_view *view, const struct match_hits *hits,
                  const struct verdict *verdict)
{
    struct trail *t = owner;
    struct trail_flow *f = view->flow ? flow_of(t, view->flow) : NULL;
    t->judged++;
    if (f) {
        f->proto = view->proto;
        f->established |= view->established;
    }
    for (uint32_t i = 0; i < hits->count; i++)
        if (hits->items[i].rule == t->rule)
            judge_hit(t, view, hits, verdict, &hits->items[i]);
}

void trail_frame(void *owner, const struct engine_answer *answer)
{
    struct trail *t = owner;
    struct trail_flow *f = answer->flow ? flow_of(t, answer->flow) : NULL;
    bool bad = answer->packet && answer->packet->checksum_bad;
    t->checksum_bad += bad;
    if (!f)
        return;
    f->packets++;
    f->checksum_bad += bad;
    f->passed |= answer->flow->passed;
    f->dropped |= answer->flow->dropped;
}
