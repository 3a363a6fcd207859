#include "engine/match/worker.h"

#include "base/sort.h"
#include "engine/match/state.h"

#include <stdlib.h>
#include <string.h>

#define PCRE_PAIRS 32
#define JIT_STACK_START (32u << 10)
#define JIT_STACK_MAX (512u << 10)

/* Arrays whose size follows the image. */
static int arrays_init(struct match_worker *w)
{
    const struct match_image *image = w->image;
    const struct rule_set *set = image->set;
    w->generation = 0;
    w->class_seen = calloc((size_t)image->class_count + 1, sizeof *w->class_seen);
    w->rule_seen = calloc((size_t)image->count + 1, sizeof *w->rule_seen);
    w->named = calloc((size_t)image->count + 1, sizeof *w->named);
    w->values = calloc((size_t)image->slot_count + 1, sizeof *w->values);
    bool ok = w->class_seen && w->rule_seen && w->named && w->values;
    for (int side = 0; side < 2; side++) {
        w->source_seen[side] = calloc((size_t)set->address_set_count + 1, sizeof(uint32_t));
        w->port_seen[side] = calloc((size_t)set->port_set_count + 1, sizeof(uint32_t));
        ok = ok && w->source_seen[side] && w->port_seen[side];
    }
    for (uint32_t i = 0; ok && i < image->scan_count; i++) {
        const struct match_scan *scan = image->scans[i];
        ok = hs_alloc_scratch(scan->literals, &w->scratch_hs) == HS_SUCCESS;
    }
    return ok ? 0 : -1;
}

static void arrays_fini(struct match_worker *w)
{
    free(w->class_seen);
    free(w->rule_seen);
    free(w->named);
    free(w->values);
    for (int side = 0; side < 2; side++) {
        free(w->source_seen[side]);
        free(w->port_seen[side]);
    }
    hs_free_scratch(w->scratch_hs);
    w->scratch_hs = NULL;
}

static int pcre_init(struct match_worker *w)
{
    w->pcre_data = pcre2_match_data_create(PCRE_PAIRS, NULL);
    w->pcre_context = pcre2_match_context_create(NULL);
    w->pcre_stack = pcre2_jit_stack_create(JIT_STACK_START, JIT_STACK_MAX, NULL);
    if (!w->pcre_data || !w->pcre_context)
        return -1;
    pcre2_set_match_limit(w->pcre_context, PCRE_MATCH_LIMIT);
    pcre2_set_depth_limit(w->pcre_context, PCRE_DEPTH_LIMIT);
    if (w->pcre_stack)
        pcre2_jit_stack_assign(w->pcre_context, NULL, w->pcre_stack);
    return 0;
}

struct match_worker *match_worker_new(const struct match_image *image, struct match_hosts *hosts)
{
    struct match_worker *w = calloc(1, sizeof *w);
    if (!w)
        return NULL;
    w->image = image;
    w->hosts = hosts;
    w->epoch = 1;
    w->base64 = malloc(BASE64_BYTES_MAX);
    bool ok = w->base64 && arena_reserve(&w->scratch, SCRATCH_BYTES_MAX) == 0;
    for (int kind = 0; kind < DIGEST_KINDS; kind++) {
        w->digests[kind] = digest_new((enum digest_kind)kind);
        ok = ok && w->digests[kind];
    }
    if (ok && pcre_init(w) == 0 && arrays_init(w) == 0)
        return w;
    match_worker_free(w);
    return NULL;
}

void match_worker_free(struct match_worker *w)
{
    if (!w)
        return;
    arrays_fini(w);
    pcre2_match_data_free(w->pcre_data);
    pcre2_match_context_free(w->pcre_context);
    pcre2_jit_stack_free(w->pcre_stack);
    for (int kind = 0; kind < DIGEST_KINDS; kind++)
        digest_free(w->digests[kind]);
    for (int i = 0; i < SWAPS_KEPT; i++)
        free(w->kept[i].flowbits);
    free(w->base64);
    tracing_free(w->tracing);
    arena_fini(&w->scratch);
    free(w);
}

static uint32_t *ids_by_name(const struct rule_set *from, const struct rule_set *to)
{
    uint32_t *ids = calloc((size_t)from->flowbit_count + 1, sizeof *ids);
    struct map names;
    map_init(&names, 0);
    bool ok = ids != NULL;
    for (uint32_t i = 0; ok && i < to->flowbit_count; i++)
        ok = map_put(&names, str_c(to->flowbit_names[i]), &to->flowbit_names[i]) == 0;
    for (uint32_t i = 0; ok && i < from->flowbit_count; i++) {
        const char **found = map_get(&names, str_c(from->flowbit_names[i]));
        ids[i] = found ? (uint32_t)(found - to->flowbit_names) : UINT32_MAX;
    }
    map_fini(&names);
    if (ok)
        return ids;
    free(ids);
    return NULL;
}

int match_worker_swap(struct match_worker *w, const struct match_image *image)
{
    uint32_t *ids = ids_by_name(w->image->set, image->set);
    struct match_worker fresh = *w;
    fresh.image = image;
    fresh.scratch_hs = NULL;
    if (!ids || arrays_init(&fresh) < 0) {
        if (ids)
            arrays_fini(&fresh);
        free(ids);
        return -1;
    }
    /* older translations now lead through one more step */
    for (int i = 0; i < SWAPS_KEPT; i++)
        for (uint32_t k = 0; fresh.kept[i].flowbits && k < fresh.kept[i].flowbit_count; k++)
            if (fresh.kept[i].flowbits[k] != UINT32_MAX)
                fresh.kept[i].flowbits[k] = ids[fresh.kept[i].flowbits[k]];
    uint32_t place = w->epoch % SWAPS_KEPT;
    free(fresh.kept[place].flowbits);
    fresh.kept[place].epoch = w->epoch;
    fresh.kept[place].flowbits = ids;
    fresh.kept[place].flowbit_count = w->image->set->flowbit_count;
    fresh.epoch = w->epoch + 1;
    arrays_fini(w);
    tracing_free(w->tracing); /* it speaks of rules of the old image */
    fresh.tracing = NULL;
    *w = fresh;
    return 0;
}

const struct match_counts *match_worker_counts(const struct match_worker *w)
{
    return &w->counts;
}

/* ---- a look ---- */

static void forget_generations(struct match_worker *w)
{
    const struct rule_set *set = w->image->set;
    memset(w->rule_seen, 0, w->image->count * sizeof *w->rule_seen);
    memset(w->class_seen, 0, w->image->class_count * sizeof *w->class_seen);
    memset(w->values, 0, w->image->slot_count * sizeof *w->values);
    for (int side = 0; side < 2; side++) {
        memset(w->source_seen[side], 0, set->address_set_count * sizeof(uint32_t));
        memset(w->port_seen[side], 0, set->port_set_count * sizeof(uint32_t));
    }
    w->generation = 0;
}

void look_begin(struct match_worker *w, const struct look *look)
{
    /* one bit of the marks by set is the answer: 31 bits are left to count looks */
    if (w->generation == INT32_MAX)
        forget_generations(w);
    w->generation++;
    w->look = look;
    w->named_count = 0;
    arena_reset(&w->scratch);
}

void look_name(struct match_worker *w, uint32_t rule, uint64_t end)
{
    if (w->rule_seen[rule] == w->generation || (!w->tracing && !header_fits(w, rule)))
        return;
    w->rule_seen[rule] = w->generation;
    w->named[w->named_count++] = (struct named){rule, UINT32_MAX, end, 0};
}

void look_name_list(struct match_worker *w, const struct match_list *list)
{
    for (uint32_t i = 0; i < list->count; i++)
        look_name(w, list->rules[i], UINT64_MAX);
}

static int found(unsigned id, unsigned long long from, unsigned long long to, unsigned flags,
                 void *arg)
{
    struct match_worker *w = arg;
    const struct match_scan *scan = w->scanning;
    for (uint32_t i = scan->first[id]; i < scan->first[id + 1]; i++)
        look_name(w, scan->rules[i], w->scan_end);
    return 0;
}

void look_scan(struct match_worker *w, const struct match_scan *scan, struct str bytes,
               uint64_t base)
{
    if (!scan || bytes.len == 0)
        return;
    /* our own limits keep buffers far below what one scan takes */
    unsigned len = bytes.len > UINT32_MAX ? UINT32_MAX : (unsigned)bytes.len;
    w->scanning = scan;
    /* of equal literals only the first is told, so none is said to lie further in front than the last one may */
    w->scan_end = base + bytes.len;
    (void)hs_scan(scan->literals, (const char *)bytes.p, len, 0, w->scratch_hs, found, w);
}

static int by_rule(const void *a, const void *b)
{
    const struct named *x = a, *y = b;
    return x->rule < y->rule ? -1 : x->rule > y->rule;
}

void look_sort(struct match_worker *w)
{
    struct named *n = w->named;
    if (w->named_count > 24) {
        sort_items(n, w->named_count, sizeof *n, by_rule);
        return;
    }
    for (uint32_t i = 1; i < w->named_count; i++) {
        struct named in_hand = n[i];
        uint32_t at = i;
        for (; at > 0 && n[at - 1].rule > in_hand.rule; at--)
            n[at] = n[at - 1];
        n[at] = in_hand;
    }
}
