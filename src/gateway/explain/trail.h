/* trail: what was heard of one rule on a capture, flow by flow, made words while the packets are there; private to explain/.
 *
 * Limits: TRAIL_FLOWS_MAX flows are told apart, what comes then is counted together; of each flow so many attempts are kept as was
 * asked for, and the one that came nearest.
 */
#ifndef GATEWAY_EXPLAIN_TRAIL_H
#define GATEWAY_EXPLAIN_TRAIL_H

#include "gateway/explain/options.h"

#define TRAIL_FLOWS_MAX 4096
#define TRAIL_STEPS_MAX 200
#define PASSED_REASONS (PASSED_ELSEWHERE + 1)

struct trail_step {
    enum answer answer;
    char *text;
};

/* One time that the rule was asked. */
struct trail_attempt {
    char *where; /* "packet 4, transaction 0 of http/1, to the server" */
    uint64_t packet;
    struct vec steps; /* struct trail_step */
    enum answer answer;
    uint32_t score; /* conditions that held */
    bool kept;      /* stands among the flow's attempts */
};

struct trail_flow {
    uint64_t id;  /* 0: packets of no flow */
    size_t order; /* of appearance */
    char client[64], server[64];
    const char *l4;
    enum app_proto proto;
    bool established, passed, dropped;
    uint64_t packets, checksum_bad;
    uint32_t asked, held, told;
    uint32_t by_literal, by_list;
    uint32_t by_reason[PASSED_REASONS], by_misfit[MATCH_MISFITS];
    char *scanned; /* in which the prefilter did not see the literal, the first time; or NULL */
    struct vec attempts; /* struct trail_attempt * */
    struct trail_attempt *best;
    struct vec outcomes; /* char *: what came of hits */
};

struct trail {
    const struct explain_rules *rules;
    const struct rule *rule;
    const struct explain_options *options;
    struct vec flows; /* struct trail_flow * */
    struct map by_id;
    struct arena scratch; /* for values of fields */
    struct trail_attempt *current;
    uint32_t values_of_buffer; /* told of the buffer in hand */
    uint64_t judged, fired, checksum_bad, other_flows;
    uint64_t held; /* told, or wants to tell nothing */
    bool failed;   /* memory */
};

void trail_init(struct trail *t, const struct explain_rules *r, const struct explain_options *o,
                const struct rule *rule);
void trail_fini(struct trail *t);
/* The engine's listeners. */
void trail_note(void *trail, const struct match_note *note);
void trail_judged(void *trail, const struct match_view *view, const struct match_hits *hits,
                  const struct verdict *verdict);
void trail_frame(void *trail, const struct engine_answer *answer);

/* step.c: notes become steps. NULL: no memory. */
char *step_scanned(struct trail *t, const struct match_note *note);
char *step_check(const struct trail *t, const struct match_note *note);
char *step_missing(const struct trail *t, const struct match_note *note);
/* The items of one value: calls `add` for each of them that was reached. */
typedef void (*step_add_fn)(struct trail *t, enum answer answer, char *text);
void step_value(struct trail *t, const struct match_note *note, step_add_fn add);

#endif
