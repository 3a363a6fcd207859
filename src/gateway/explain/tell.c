/* The summary first; then flow by flow, those that came nearest first. */
#include "gateway/explain/tell.h"

#include "base/json.h"
#include "gateway/explain/words.h"

#include <stdlib.h>

#define FLOWS_SHOWN 20

/* From what is nearest to holding to what is furthest from it. */
static const enum match_passed nearness[] = {
    PASSED_NO_LITERAL, PASSED_ELSEWHERE, PASSED_NOT_READY, PASSED_NO_EVENT,
    PASSED_DONE,       PASSED_HIDDEN,    PASSED_IN_STREAM, PASSED_NO_PAYLOAD,
};

static const char *reason_words(enum match_passed why)
{
    static const char *const words[] = {
        [PASSED_MISFIT] = "the header does not fit",
        [PASSED_NO_LITERAL] = "the prefilter has not seen its literal",
        [PASSED_NOT_READY] = "what it asks of was not there yet",
        [PASSED_DONE] = "it was judged before: once is enough",
        [PASSED_NO_EVENT] = "the event that it waits for did not happen",
        [PASSED_NO_PAYLOAD] = "there is no payload",
        [PASSED_HIDDEN] = "the payload is encrypted: no rule is shown it",
        [PASSED_IN_STREAM] = "the payload belongs to the stream: asked there",
        [PASSED_ELSEWHERE] =
            "bytes at a fixed place differ, or there is no such field in this direction",
    };
    return words[why];
}

static const char *misfit_words(enum match_misfit misfit)
{
    static const char *const words[] = {
        [MATCH_FITS] = "it fits",
        [MATCH_MISFIT_L4] = "another protocol of IP",
        [MATCH_MISFIT_DIRECTION] = "the rule is about the other direction",
        [MATCH_MISFIT_IP_VERSION] = "another version of IP",
        [MATCH_MISFIT_PROTOCOL] = "another protocol, or none was recognised yet",
        [MATCH_MISFIT_NO_FLOW] = "the packet belongs to no flow",
        [MATCH_MISFIT_FLOW_DIRECTION] = "flow: the packet goes the other way",
        [MATCH_MISFIT_ESTABLISHED] = "flow: the connection is not established",
        [MATCH_MISFIT_NOT_ESTABLISHED] = "flow: the connection is established",
        [MATCH_MISFIT_FRAGMENTS] = "flow: fragments",
        [MATCH_MISFIT_STREAM] = "flow: stream or not stream",
        [MATCH_MISFIT_SOURCE_PORT] = "the source port is not the rule's",
        [MATCH_MISFIT_DESTINATION_PORT] = "the destination port is not the rule's",
        [MATCH_MISFIT_SOURCE] = "the source address is not the rule's",
        [MATCH_MISFIT_DESTINATION] = "the destination address is not the rule's",
    };
    return words[misfit];
}

static const char *s_of(uint64_t count)
{
    return count == 1 ? "" : "s";
}

/* How near a flow came: attempts before all else, then the reason. */
static uint64_t nearness_of(const struct trail_flow *f)
{
    uint64_t far = ARRAY_COUNT(nearness) + MATCH_MISFITS + 1;
    if (f->best)
        return far + 1 + f->best->score;
    for (size_t i = 0; i < ARRAY_COUNT(nearness); i++)
        if (f->by_reason[nearness[i]])
            return far - i;
    for (int m = MATCH_MISFITS - 1; m > 0; m--)
        if (f->by_misfit[m])
            return (uint64_t)m;
    return 0;
}

static int by_nearness(const void *a, const void *b)
{
    const struct trail_flow *x = *(struct trail_flow *const *)a,
                            *y = *(struct trail_flow *const *)b;
    uint64_t n = nearness_of(x), m = nearness_of(y);
    return n != m ? (n < m ? 1 : -1) : x->order < y->order ? -1 : 1;
}

static void flow_name(const struct trail_flow *f, struct buf *out)
{
    if (!f->id)
        buf_add_c(out, "packets of no flow");
    else
        buf_printf(out, "%s -> %s %s", f->client, f->server, f->l4);
}

/* ---- the summary ---- */

static const struct trail_step *first_failure(const struct trail_attempt *a)
{
    for (size_t i = 0; i < a->steps.count; i++) {
        const struct trail_step *s = vec_at(&a->steps, i);
        if (s->answer == ANSWER_NO)
            return s;
    }
    for (size_t i = a->steps.count; i > 0; i--) {
        const struct trail_step *s = vec_at(&a->steps, i - 1);
        if (s->answer == ANSWER_LATER)
            return s;
    }
    return NULL;
}

/* The literals that the prefilter looks for, for a rule that it has not brought up. */
static void literals(const struct trail *t, struct buf *out)
{
    struct match_placement p;
    match_image_place(t->rules->image, t->rule, &p);
    for (uint32_t i = 0; i < p.literal_count; i++) {
        if (i && p.literals[i].bytes.p == p.literals[i - 1].bytes.p)
            continue;
        buf_printf(out, "%s\"", i ? ", or " : ": ");
        words_bytes(p.literals[i].bytes, WORDS_BYTES_MAX, out);
        buf_add_c(out, "\" in ");
        words_buffer(t->rules, p.literals[i].buffer, out);
    }
}

/* A flow of a protocol that the rule does not speak of: no transaction of it was ever shown to the rule. */
static void protocol_differs(const struct trail *t, const struct trail_flow *f, struct buf *out)
{
    if (f->proto == APP_UNKNOWN || f->proto == APP_FAILED)
        buf_add_c(out, "no protocol was recognised");
    else {
        buf_add_c(out, "its protocol is ");
        words_protocols(UINT64_C(1) << f->proto, out);
    }
    buf_add_c(out, ", the rule asks for ");
    words_protocols(t->rule->app_mask, out);
}

static void reason_of(const struct trail *t, const struct trail_flow *f, struct buf *out)
{
    const struct trail_step *s = f->best ? first_failure(f->best) : NULL;
    if (f->best) {
        buf_printf(out, "%s: ", f->best->where);
        buf_add_c(out, s ? s->text : "a part of it held, the rest was never there");
        return;
    }
    for (size_t i = 0; i < ARRAY_COUNT(nearness); i++)
        if (f->by_reason[nearness[i]]) {
            buf_add_c(out, reason_words(nearness[i]));
            if (nearness[i] == PASSED_NO_LITERAL)
                literals(t, out);
            if (nearness[i] == PASSED_NO_LITERAL && f->scanned)
                buf_printf(out, "; %s", f->scanned);
            return;
        }
    if (t->rule->app_mask && !(t->rule->app_mask >> f->proto & 1)) {
        protocol_differs(t, f, out);
        return;
    }
    for (int m = MATCH_MISFITS - 1; m > 0; m--)
        if (f->by_misfit[m]) {
            buf_add_c(out, misfit_words((enum match_misfit)m));
            return;
        }
    buf_add_c(out, "nothing of what it looks at was there");
}

static uint32_t flows_that_told(const struct trail *t)
{
    uint32_t count = 0;
    for (size_t i = 0; i < t->flows.count; i++)
        count += (*(struct trail_flow **)vec_at(&t->flows, i))->told > 0;
    return count;
}

static const char *first_outcome(const struct trail *t)
{
    for (size_t i = 0; i < t->flows.count; i++) {
        const struct trail_flow *f = *(struct trail_flow **)vec_at(&t->flows, i);
        if (f->outcomes.count)
            return *(char **)vec_at(&f->outcomes, 0);
    }
    return NULL;
}

static void summary(const struct trail *t, struct buf *out)
{
    const char *hit = first_outcome(t);
    buf_printf(out, "sid %u ", t->rule->sid);
    if (t->fired) {
        buf_printf(out, "fired: %llu alert%s in %u of %zu flow%s", (unsigned long long)t->fired,
                   s_of(t->fired), flows_that_told(t), t->flows.count, s_of(t->flows.count));
    } else if (hit) {
        buf_printf(out, "held, and told nothing: %s", hit);
    } else if (!t->flows.count) {
        buf_add_c(out, t->options->flow
                           ? "did not fire: no such flow is in the capture"
                           : "did not fire: nothing in the capture could be inspected");
    } else {
        const struct trail_flow *f = *(struct trail_flow **)vec_at(&t->flows, 0);
        buf_add_c(out, "did not fire; nearest: ");
        flow_name(f, out);
        buf_add_c(out, ": ");
        reason_of(t, f, out);
    }
}

/* What keeps packets from being looked at at all. */
static void hints(const struct trail *t, const struct play *p, struct buf *out)
{
    if (t->checksum_bad && !t->options->no_checksums)
        buf_printf(
            out,
            "packets with a wrong checksum, which are not looked at as streams: %llu; -k none "
            "looks at them\n",
            (unsigned long long)t->checksum_bad);
    if (p->damaged)
        buf_add_c(out, "the capture is damaged; read up to there\n");
    if (t->other_flows)
        buf_printf(out, "more than %d flows: those that came later are left out, --flow chooses\n",
                   TRAIL_FLOWS_MAX);
}

/* ---- words ---- */

static void say_attempt(const struct trail_attempt *a, struct buf *out)
{
    static const char *const marks[] = {
        [ANSWER_NO] = "NO   ", [ANSWER_YES] = "yes  ", [ANSWER_LATER] = "wait "};
    static const char *const ends[] = {[ANSWER_NO] = "does not hold",
                                       [ANSWER_YES] = "holds",
                                       [ANSWER_LATER] = "waits for what comes"};
    buf_printf(out, "  %s: %s\n", a->where, ends[a->answer]);
    for (size_t i = 0; i < a->steps.count; i++) {
        const struct trail_step *s = vec_at(&a->steps, i);
        buf_printf(out, "    %s %s\n", marks[s->answer], s->text ? s->text : "");
    }
}

static void say_passed(const struct trail *t, const struct trail_flow *f, struct buf *out)
{
    for (size_t i = 0; i < ARRAY_COUNT(nearness); i++) {
        enum match_passed why = nearness[i];
        if (!f->by_reason[why])
            continue;
        buf_printf(out, "  not asked, %u time%s: %s", f->by_reason[why], s_of(f->by_reason[why]),
                   reason_words(why));
        if (why == PASSED_NO_LITERAL)
            literals(t, out);
        buf_add_byte(out, '\n');
        if (why == PASSED_NO_LITERAL && f->scanned)
            buf_printf(out, "    the first time, %s\n", f->scanned);
    }
    for (int m = 1; m < MATCH_MISFITS; m++)
        if (f->by_misfit[m])
            buf_printf(out, "  not asked, %u time%s: %s\n", f->by_misfit[m], s_of(f->by_misfit[m]),
                       misfit_words((enum match_misfit)m));
}

static void say_flow(const struct trail *t, const struct trail_flow *f, struct buf *out)
{
    buf_add_byte(out, '\n');
    flow_name(f, out);
    if (f->proto != APP_UNKNOWN && f->proto != APP_FAILED) {
        buf_add_c(out, ", ");
        words_protocols(UINT64_C(1) << f->proto, out);
    }
    if (f->id)
        buf_printf(out, ", %llu packets", (unsigned long long)f->packets);
    buf_printf(out, ": asked %u time%s, held %u time%s\n", f->asked, s_of(f->asked), f->held,
               s_of(f->held));
    if (f->checksum_bad)
        buf_printf(out, "  %llu packets with a wrong checksum\n",
                   (unsigned long long)f->checksum_bad);
    if (f->passed)
        buf_add_c(out, "  a pass rule let it through: what comes behind is not looked at\n");
    if (f->dropped)
        buf_add_c(out, "  a rule stopped it: what comes behind is not looked at\n");
    for (size_t i = 0; i < f->outcomes.count; i++)
        buf_printf(out, "  %s\n", *(char **)vec_at(&f->outcomes, i));
    for (size_t i = 0; i < f->attempts.count; i++)
        say_attempt(*(struct trail_attempt **)vec_at(&f->attempts, i), out);
    if (f->best && !f->best->kept) {
        buf_printf(out, "  ... and of %u attempts more, the nearest:\n",
                   f->asked - (uint32_t)f->attempts.count);
        say_attempt(f->best, out);
    }
    say_passed(t, f, out);
    if (!f->best && t->rule->app_mask && !(t->rule->app_mask >> f->proto & 1)) {
        buf_add_c(out, "  ");
        protocol_differs(t, f, out);
        buf_add_byte(out, '\n');
    }
}

static void say_all(const struct trail *t, const struct play *p, struct buf *out)
{
    const struct rule *r = t->rule;
    size_t shown = t->options->verbose ? SIZE_MAX : FLOWS_SHOWN;
    summary(t, out);
    buf_printf(out, "\nrule \"%s\", %s:%u, rev %u; capture of %llu packets\n", r->message, r->file,
               r->line, r->rev, (unsigned long long)p->packets);
    hints(t, p, out);
    for (size_t i = 0; i < t->flows.count && i < shown; i++)
        say_flow(t, *(struct trail_flow **)vec_at(&t->flows, i), out);
    if (t->flows.count > shown)
        buf_printf(out, "\nand %zu flows more, further away (-v shows all)\n",
                   t->flows.count - shown);
}

/* ---- JSON ---- */

static void write_attempt(const struct trail_attempt *a, struct json *j)
{
    static const char *const answers[] = {
        [ANSWER_NO] = "no", [ANSWER_YES] = "yes", [ANSWER_LATER] = "later"};
    json_object(j, NULL);
    json_text(j, "where", a->where);
    if (a->packet)
        json_uint(j, "packet", a->packet);
    json_text(j, "answer", answers[a->answer]);
    json_array(j, "steps");
    for (size_t i = 0; i < a->steps.count; i++) {
        const struct trail_step *s = vec_at(&a->steps, i);
        json_object(j, NULL);
        json_text(j, "answer", answers[s->answer]);
        json_text(j, "text", s->text ? s->text : "");
        json_end_object(j);
    }
    json_end_array(j);
    json_end_object(j);
}

static void write_not_asked(const struct trail_flow *f, struct json *j)
{
    json_array(j, "not_asked");
    for (int m = 1; m < MATCH_MISFITS; m++) {
        if (!f->by_misfit[m])
            continue;
        json_object(j, NULL);
        json_text(j, "why", misfit_words((enum match_misfit)m));
        json_uint(j, "count", f->by_misfit[m]);
        json_end_object(j);
    }
    for (int why = PASSED_NO_LITERAL; why < PASSED_REASONS; why++) {
        if (!f->by_reason[why])
            continue;
        json_object(j, NULL);
        json_text(j, "why", reason_words((enum match_passed)why));
        json_uint(j, "count", f->by_reason[why]);
        json_end_object(j);
    }
    json_end_array(j);
}

static void write_flow(const struct trail_flow *f, struct json *j)
{
    json_object(j, NULL);
    if (f->id) {
        json_text(j, "client", f->client);
        json_text(j, "server", f->server);
        json_text(j, "proto", f->l4);
        json_text(j, "app_proto", app_proto_name(f->proto));
        json_uint(j, "packets", f->packets);
    }
    if (f->scanned)
        json_text(j, "scanned", f->scanned);
    json_uint(j, "asked", f->asked);
    json_uint(j, "held", f->held);
    json_uint(j, "alerts", f->told);
    json_array(j, "outcomes");
    for (size_t i = 0; i < f->outcomes.count; i++)
        json_text(j, NULL, *(char **)vec_at(&f->outcomes, i));
    json_end_array(j);
    json_array(j, "attempts");
    for (size_t i = 0; i < f->attempts.count; i++)
        write_attempt(*(struct trail_attempt **)vec_at(&f->attempts, i), j);
    if (f->best && !f->best->kept)
        write_attempt(f->best, j);
    json_end_array(j);
    write_not_asked(f, j);
    json_end_object(j);
}

static void write_all(const struct trail *t, const struct play *p, struct buf *out)
{
    struct json j;
    struct buf text;
    buf_init(&text, 64u << 10);
    summary(t, &text);
    json_init(&j, out);
    json_object(&j, NULL);
    json_uint(&j, "sid", t->rule->sid);
    json_uint(&j, "gid", t->rule->gid);
    json_uint(&j, "rev", t->rule->rev);
    json_text(&j, "message", t->rule->message);
    json_uint(&j, "alerts", t->fired);
    json_bytes(&j, "summary", buf_str(&text));
    json_uint(&j, "packets", p->packets);
    json_uint(&j, "checksum_bad", t->checksum_bad);
    json_array(&j, "flows");
    for (size_t i = 0; i < t->flows.count; i++)
        write_flow(*(struct trail_flow **)vec_at(&t->flows, i), &j);
    json_end_array(&j);
    json_end_object(&j);
    buf_add_byte(out, '\n');
    buf_fini(&text);
}

void tell_trail(const struct trail *t, const struct play *p, struct buf *out)
{
    if (t->flows.count)
        qsort(t->flows.items, t->flows.count, sizeof(struct trail_flow *), by_nearness);
    if (t->options->json)
        write_all(t, p, out);
    else
        say_all(t, p, out);
}
