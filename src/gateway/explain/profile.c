/* rules profile: what each rule costs on a capture. The scan for literals is shared by all rules and stands apart; a rule's own
 * cost is the time between its question and its answer, less what the clock itself takes. */
#include "gateway/explain/report.h"

#include "base/json.h"
#include "gateway/explain/play.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct cost {
    const struct rule *rule;
    uint64_t by_literal, by_list, asked, held, nanoseconds;
};

struct profile {
    struct cost *costs; /* by the rule's index */
    uint32_t count;
    uint64_t begun_ns;
    uint64_t clock_ns; /* what one reading of the clock takes */
};

static uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

#define CLOCK_READINGS 1000

static uint64_t clock_cost(void)
{
    uint64_t start = now_ns(), end = start;
    for (int i = 0; i < CLOCK_READINGS; i++)
        end = now_ns();
    return (end - start) / CLOCK_READINGS;
}

static void note(void *owner, const struct match_note *n)
{
    struct profile *p = owner;
    struct cost *c = &p->costs[n->rule->index];
    uint64_t ns;
    switch ((int)n->kind) {
    case NOTE_NAMED:
        c->by_literal += n->by_literal;
        c->by_list += !n->by_literal;
        break;
    case NOTE_BEGIN: p->begun_ns = now_ns(); break;
    case NOTE_END:
        ns = now_ns() - p->begun_ns;
        c->asked++;
        c->held += n->answer == ANSWER_YES;
        c->nanoseconds += ns > p->clock_ns ? ns - p->clock_ns : 0;
        break;
    default: break;
    }
}

static int by_cost(const void *a, const void *b)
{
    const struct cost *x = a, *y = b;
    if (x->nanoseconds != y->nanoseconds)
        return x->nanoseconds < y->nanoseconds ? 1 : -1;
    uint64_t n = x->by_literal + x->by_list, m = y->by_literal + y->by_list;
    return n != m ? (n < m ? 1 : -1) : x->rule->index < y->rule->index ? -1 : 1;
}

struct sums {
    uint64_t named, asked, held, nanoseconds;
    uint32_t rules;
};

static struct sums sum_up(const struct profile *p)
{
    struct sums s = {0};
    for (uint32_t i = 0; i < p->count; i++) {
        const struct cost *c = &p->costs[i];
        s.named += c->by_literal + c->by_list;
        s.asked += c->asked;
        s.held += c->held;
        s.nanoseconds += c->nanoseconds;
        s.rules += c->by_literal || c->by_list || c->asked;
    }
    return s;
}

static double share(uint64_t part, uint64_t whole)
{
    return whole ? 100.0 * (double)part / (double)whole : 0.0;
}

typedef unsigned long long ull;

static void say(const struct profile *p, const struct play *play, const struct explain_options *o,
                struct buf *out)
{
    struct sums s = sum_up(p);
    buf_printf(
        out,
        "%llu packets, %.3f s in the engine (with counting); rules were asked for %.3f s of it\n"
        "%u of %u rules were candidates: named %llu times, asked %llu, held %llu\n",
        (ull)play->packets, (double)play->mono_us / 1e6, (double)s.nanoseconds / 1e9, s.rules,
        p->count, (ull)s.named, (ull)s.asked, (ull)s.held);
    if (play->slowest_packet)
        buf_printf(out, "the slowest packet was number %llu: %.3f ms of CPU time\n\n",
                   (ull)play->slowest_packet, (double)play->slowest_ns / 1e6);
    buf_printf(out, "%6s %10s %9s %9s %9s %9s %8s  %s\n", "share", "time", "literal", "walked",
               "asked", "held", "ns each", "rule");
    for (uint32_t i = 0; i < p->count && i < o->top; i++) {
        const struct cost *c = &p->costs[i];
        if (!c->by_literal && !c->by_list && !c->asked)
            break;
        buf_printf(out, "%4.1f %% %7.3f ms %9llu %9llu %9llu %9llu %5llu ns  sid %u %s\n",
                   share(c->nanoseconds, s.nanoseconds), (double)c->nanoseconds / 1e6,
                   (ull)c->by_literal, (ull)c->by_list, (ull)c->asked, (ull)c->held,
                   (ull)(c->asked ? c->nanoseconds / c->asked : 0), c->rule->sid, c->rule->message);
    }
}

static void write(const struct profile *p, const struct play *play, const struct explain_options *o,
                  struct buf *out)
{
    struct sums s = sum_up(p);
    struct json j;
    json_init(&j, out);
    json_object(&j, NULL);
    json_uint(&j, "packets", play->packets);
    json_int(&j, "engine_us", play->mono_us);
    if (play->slowest_packet) {
        json_uint(&j, "slowest_packet", play->slowest_packet);
        json_uint(&j, "slowest_ns", play->slowest_ns);
    }
    json_uint(&j, "rules_ns", s.nanoseconds);
    json_uint(&j, "rules", p->count);
    json_uint(&j, "candidates", s.rules);
    json_array(&j, "top");
    for (uint32_t i = 0; i < p->count && i < o->top; i++) {
        const struct cost *c = &p->costs[i];
        if (!c->by_literal && !c->by_list && !c->asked)
            break;
        json_object(&j, NULL);
        json_uint(&j, "sid", c->rule->sid);
        json_uint(&j, "gid", c->rule->gid);
        json_text(&j, "message", c->rule->message);
        json_uint(&j, "by_literal", c->by_literal);
        json_uint(&j, "walked", c->by_list);
        json_uint(&j, "asked", c->asked);
        json_uint(&j, "held", c->held);
        json_uint(&j, "ns", c->nanoseconds);
        json_end_object(&j);
    }
    json_end_array(&j);
    json_end_object(&j);
    buf_add_byte(out, '\n');
}

int report_profile(const struct explain_rules *r, const struct explain_options *o)
{
    const struct rule_set *set = match_image_rules(r->image);
    struct profile profile = {.count = set->count, .clock_ns = clock_cost()};
    struct play play = {.trace = {.match = {&profile, NULL, note}}, .times_packets = true};
    struct buf out;
    struct err err;
    buf_init(&out, REPORT_BYTES_MAX);
    profile.costs = calloc((size_t)set->count + 1, sizeof *profile.costs);
    int status = profile.costs ? play_capture(&play, r, o, &err) : EXIT_CONFIG;
    if (!profile.costs)
        err_set(&err, "out of memory for %u rules", set->count);
    if (status == 0) {
        for (uint32_t i = 0; i < set->count; i++)
            profile.costs[i].rule = set->rules[i];
        qsort(profile.costs, set->count, sizeof *profile.costs, by_cost);
        (o->json ? write : say)(&profile, &play, o, &out);
        status = report_out(&out, o) < 0 ? EXIT_CONFIG : 0;
    } else {
        fprintf(stderr, "%s: %s\n", o->program, err.text);
    }
    free(profile.costs);
    buf_fini(&out);
    return status;
}
