/* worker: the scratch of one thread and the questions that the looks share; private to match/.
 *
 * One look = one call of match_packet, match_stream or match_tx. A look has a generation; what is remembered of it
 * (fetched values, results of address sets, rules already named) carries that number, so nothing has to be cleared.
 */
#ifndef ENGINE_MATCH_WORKER_H
#define ENGINE_MATCH_WORKER_H

#include "base/digest.h"
#include "engine/match/image.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#define STEPS_MAX 3000   /* Suricata: inspection-recursion-limit */
#define PATIENCE 2       /* tries in one value before it is asked whether all contents are there */
#define PATIENCE_TOLD 48 /* the same where somebody listens, who wants to hear how far it goes */
#define SEARCH_BYTES_MAX \
    (4u << 20) /* searched by one rule in one value: bounds the time that steps alone do not */
#define INSTANCES_MAX 1024 /* values of one buffer with many */
#define BASE64_BYTES_MAX 65536
#define PCRE_MATCH_LIMIT 3500 /* Suricata's defaults */
#define PCRE_DEPTH_LIMIT 1500
#define SCRATCH_BYTES_MAX (64u << 20)
#define SWAPS_KEPT 4
#define RAISED_MAX \
    32 /* flowbits set in one packet that others may wait for; more are seen with the next packet */

/* One value of a buffer. `last`: nothing comes behind these bytes. */
struct value {
    struct str bytes;
    uint64_t offset;
    bool last;
};

struct values {
    uint32_t generation;
    uint32_t count;
    struct value *items;
    bool more; /* instances may still come, or the bytes go on */
};

/* Where a packet, or a direction of a flow, comes from and goes to. */
struct header {
    uint8_t l4_bit; /* enum rule_l4 */
    enum match_l4 l4;
    enum dir dir;
    bool has_flow;
    struct ip src, dst;
    uint16_t src_port, dst_port;
};

/* What the look in hand is about. */
struct look {
    const struct match_view *view;
    enum match_look kind;
    struct header header;
    struct tx *tx;
    const struct match_plan *plan;
    struct str payload; /* packet's payload, or the stream's window */
    uint64_t payload_offset;
    size_t new_from; /* LOOK_STREAM: a match that ends before is old */
    struct match_hits *hits;
};

struct capture {
    uint32_t variable_id;
    bool is_flow;
    struct str value;
};

/* A rule that is to be evaluated. end: of the bytes in which its literal was found; UINT64_MAX: named without one. */
struct named {
    uint32_t rule;
    uint32_t pending; /* index of its tx_pending, or UINT32_MAX */
    uint64_t end;
    uint32_t matched; /* buffers of a transaction, bits */
};

struct match_worker {
    const struct match_image *image;
    struct match_hosts *hosts;
    hs_scratch_t *scratch_hs;
    pcre2_match_data *pcre_data;
    pcre2_match_context *pcre_context;
    pcre2_jit_stack *pcre_stack;
    struct digest *digests[DIGEST_KINDS];
    struct arena scratch;

    uint32_t generation;     /* of the look */
    const struct look *look; /* the one in hand */
    uint32_t *rule_seen;     /* generation in which a rule was named */
    struct named *named;     /* rules to be evaluated in this look */
    uint32_t named_count;
    struct values *values; /* by slot */
    uint32_t *source_seen[2],
        *port_seen[2];    /* [0] source, [1] destination: generation * 2 + result, by set id */
    uint32_t *class_seen; /* the same of headers, by class */
    const struct match_scan *scanning;
    uint64_t scan_end;

    /* of the rule in hand */
    const struct match_view *view;
    const struct tx *tx; /* NULL: it is about a packet or the stream */
    int64_t variables[RULE_VARIABLES_MAX];
    uint8_t *base64;
    size_t base64_len;
    bool base64_there;
    uint64_t highest_end; /* end of the furthest match in payload */
    struct capture captures[RULE_CAPTURES_MAX];
    uint8_t capture_count;
    struct match_context contexts[MATCH_CONTEXTS_MAX];
    uint8_t context_count;

    /* flowbits that rules of the stream or of transactions have set in this packet, and variables that they have kept */
    struct {
        uint32_t bit;
        bool by_tx;
    } raised[RAISED_MAX];
    uint8_t raised_count;

    uint32_t epoch; /* counts swaps; 1 at first */
    struct {
        uint32_t epoch;
        uint32_t *flowbits; /* id then -> id now, or UINT32_MAX */
        uint32_t flowbit_count;
    } kept[SWAPS_KEPT];
    struct match_counts counts;
    struct tracing *tracing;  /* NULL: nobody listens */
    struct tracing *followed; /* the same, while the rule that is followed is evaluated */
};

/* ---- worker.c ---- */
/* The look must live, its header and kind known, as long as rules are named and evaluated in it. */
void look_begin(struct match_worker *w, const struct look *look);
/* Names a rule once per look, if its header fits (any rule, where somebody listens: it is told why it is dropped). */
void look_name(struct match_worker *w, uint32_t rule, uint64_t end);
void look_name_list(struct match_worker *w, const struct match_list *list);
/* Runs a scan over bytes; offset of bytes.p[0] is `base`. The rules of every literal found are named. */
void look_scan(struct match_worker *w, const struct match_scan *scan, struct str bytes,
               uint64_t base);
/* In the order of evaluation. */
void look_sort(struct match_worker *w);

/* ---- header.c ---- */
void header_of_packet(const struct match_view *view, struct header *out);
void header_of_flow(const struct match_view *view, struct header *out);
bool addresses_have(const struct rule_addresses *set, const struct ip *ip);
enum match_misfit header_misfit(struct match_worker *w, const struct match_rule *mr,
                                const struct look *look);
/* Asked once per look for all rules with the same header. */
static inline bool header_fits(struct match_worker *w, uint32_t rule)
{
    uint32_t *seen = &w->class_seen[w->image->class_of[rule]];
    if (*seen >> 1 != w->generation)
        *seen =
            w->generation << 1 | (header_misfit(w, &w->image->rules[rule], w->look) == MATCH_FITS);
    return *seen & 1;
}

/* ---- payload.c ---- */
/* The scans for a packet, or bytes of a stream, with this header and protocol. */
const struct match_lane *match_lane_of(const struct match_image *image, const struct header *h,
                                       enum app_proto proto);

/* ---- check.c ---- */
bool checks_hold(struct match_worker *w, const struct match_rule *mr, const struct look *look,
                 enum answer *why);

/* ---- value.c ---- */
/* The values of a buffer in this look, transformed, fetched once. */
const struct values *values_get(struct match_worker *w, const struct look *look, uint32_t slot);
/* transform.c: false when nothing can be made of it. */
bool transform_apply(struct match_worker *w, const struct rule_buffer *buffer, struct value *v);

/* ---- items.c ---- */
bool items_hold(struct match_worker *w, const struct match_buffer *buffer,
                const struct value *value);
/* Where the content at `step` would be looked for. */
struct item_span {
    size_t cursor; /* given */
    size_t from, to;
};
void item_span(struct match_worker *w, const struct match_buffer *buffer, const struct value *value,
               uint32_t step, struct item_span *span);
/* byte.c */
struct byte_run {
    struct str bytes;
    size_t cursor;
    const int64_t *variables;
    bool dce_little;
};
bool byte_test_holds(const struct byte_run *r, const struct rule_byte *b);
bool byte_jump(const struct byte_run *r, const struct rule_byte *b, size_t *cursor);
bool byte_extract(const struct byte_run *r, const struct rule_byte *b, int64_t *out,
                  size_t *cursor);
bool byte_math(const struct byte_run *r, const struct rule_byte *b, int64_t *out, size_t *cursor);
/* asn1.c */
bool asn1_holds(struct str bytes, const struct rule_asn1 *a, size_t cursor);

/* ---- base64.c ---- */

/* Bytes that came out, at most cap; -1: it is not base64. */
ptrdiff_t base64_read(struct str s, enum rule_base64_mode mode, uint8_t *out, size_t cap);
/* base64_decode of a rule; 0: nothing. */
size_t base64_item_decode(struct str bytes, const struct rule_base64 *b, size_t cursor,
                          uint8_t *out, size_t cap);

/* ---- evaluate.c ---- */
double entropy_of(const struct rule_entropy *e, struct str bytes);
bool entropy_holds(const struct rule_entropy *e, double value);
/* All of a rule but its literal's promise; `matched`: buffers that have matched before (bits), kept up to date. */
enum answer rule_evaluate(struct match_worker *w, const struct match_rule *mr,
                          const struct look *look, uint32_t *matched);
/* After YES: acts, captures, hit. */
void rule_fire(struct match_worker *w, const struct match_rule *mr, const struct look *look);

/* ---- trace.c: called only while somebody listens ---- */
void trace_named(struct match_worker *w, const struct look *look);
/* The end of a look: why the followed rule was not asked. */
void trace_look(struct match_worker *w, const struct look *look);
void trace_begin(struct match_worker *w, const struct match_rule *mr, const struct look *look);
void trace_end(struct match_worker *w, const struct match_rule *mr, enum answer answer);
void trace_check(struct match_worker *w, const struct rule_check *c, enum answer answer);
void trace_buffer(struct match_worker *w, const struct match_buffer *b, enum answer answer);
void trace_value_begin(struct match_worker *w, const struct match_buffer *b);
void trace_item(struct match_worker *w, const struct match_buffer *b, uint32_t step, size_t cursor);
void trace_value_end(struct match_worker *w, const struct match_buffer *b, const struct value *v,
                     bool holds);
void tracing_free(struct tracing *t);

/* The candidates of a look are known: before those go that are not worth asking. */
static inline void look_is_named(struct match_worker *w, const struct look *look)
{
    w->counts.candidates += w->named_count;
    if (w->tracing)
        trace_named(w, look);
}

/* ---- state.c ---- */
bool flowbit_is_set(struct match_worker *w, const struct match_view *view, uint32_t id);
bool flowint_holds(struct match_worker *w, const struct match_view *view, const struct rule_int *i);
void act_do(struct match_worker *w, const struct match_rule *mr, const struct look *look,
            const struct rule_check *act);
bool xbits_hold(struct match_worker *w, const struct look *look, const struct rule_check *c);
/* Mixed rules: payload has matched in this flow. */
void mark_set(struct match_worker *w, const struct match_view *view, uint32_t rule, enum dir dir);
bool mark_get(struct match_worker *w, const struct match_view *view, uint32_t rule, enum dir dir);
void mark_clear(const struct match_view *view, uint32_t rule, enum dir dir);
/* All of a direction. */
void marks_forget(const struct match_view *view, enum dir dir);
void state_renew(struct match_worker *w, const struct match_view *view);
/* What an entropy keyword has computed, for the flow's records. */
void entropy_keep(struct match_worker *w, const struct match_view *view, uint32_t buffer,
                  double value);
/* The newest value that was kept under that id; false: none. */
bool capture_value(const struct match_capture *all, uint32_t id, struct str *out);
void capture_keep(struct match_worker *w, const struct look *look);

#endif
