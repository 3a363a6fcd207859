#include "engine/match/literal.h"

#include "base/digest.h"

#include <stdlib.h>
#include <string.h>

#define KEPT_PATTERNS_MIN 32 /* smaller databases are made in milliseconds */

void literal_set_init(struct literal_set *s)
{
    vec_init(&s->items, sizeof(struct literal));
}

void literal_set_fini(struct literal_set *s)
{
    vec_fini(&s->items);
}

struct str literal_part(const struct rule_content *c)
{
    struct str s = c->bytes;
    if (c->chop_len)
        s = str_cut(s, c->chop_offset, (size_t)c->chop_offset + c->chop_len);
    size_t zeros = 0;
    while (zeros < s.len && s.p[zeros] == 0)
        zeros++;
    s = str_cut(str_from(s, zeros), 0, LITERAL_BYTES_MAX);
    while (s.len > 4 && s.p[s.len - 1] == 0)
        s.len--;
    return s.len >= LITERAL_BYTES_MIN ? s : STR_EMPTY;
}

int literal_set_add(struct literal_set *s, const struct rule_content *content, uint32_t rule)
{
    struct str bytes = literal_part(content);
    if (bytes.len == 0)
        return -1;
    struct literal *l = vec_push(&s->items);
    if (!l)
        return -1;
    *l = (struct literal){bytes, content->nocase, rule};
    return 0;
}

static int literal_cmp(const void *a, const void *b)
{
    const struct literal *x = a, *y = b;
    int by_bytes = str_cmp(x->bytes, y->bytes);
    if (by_bytes)
        return by_bytes;
    if (x->nocase != y->nocase)
        return x->nocase ? 1 : -1;
    return x->rule < y->rule ? -1 : x->rule > y->rule;
}

static bool same_pattern(const struct literal *a, const struct literal *b)
{
    return a->nocase == b->nocase && str_eq(a->bytes, b->bytes);
}

/* Patterns of one database, in the shape that the compiler wants. */
struct patterns {
    const char **texts;
    size_t *lens;
    unsigned *flags;
    unsigned *ids;
    unsigned count;
};

static void patterns_fini(struct patterns *p)
{
    free(p->texts);
    free(p->lens);
    free(p->flags);
    free(p->ids);
}

static int patterns_init(struct patterns *p, size_t cap)
{
    p->count = 0;
    p->texts = calloc(cap + 1, sizeof *p->texts);
    p->lens = calloc(cap + 1, sizeof *p->lens);
    p->flags = calloc(cap + 1, sizeof *p->flags);
    p->ids = calloc(cap + 1, sizeof *p->ids);
    return p->texts && p->lens && p->flags && p->ids ? 0 : -1;
}

static void patterns_add(struct patterns *p, const struct literal *l, unsigned id)
{
    p->texts[p->count] = (const char *)l->bytes.p;
    p->lens[p->count] = l->bytes.len;
    p->flags[p->count] = HS_FLAG_SINGLEMATCH | (l->nocase ? HS_FLAG_CASELESS : 0u);
    p->ids[p->count++] = id;
}

/* Puts a database where the image is: nothing of it may lie in the library's own heap. NULL: damaged, or no memory. */
static hs_database_t *place(struct match_image *image, struct str bytes)
{
    size_t size = 0;
    if (hs_serialized_database_size((const char *)bytes.p, bytes.len, &size) != HS_SUCCESS)
        return NULL;
    hs_database_t *db = arena_alloc(&image->databases, size);
    if (!db || hs_deserialize_database_at((const char *)bytes.p, bytes.len, db) != HS_SUCCESS)
        return NULL;
    return db;
}

static int compile(const struct patterns *p, hs_database_t **db, struct err *err)
{
    hs_compile_error_t *why = NULL;
    if (hs_compile_lit_multi(p->texts, p->flags, p->ids, p->lens, p->count, HS_MODE_BLOCK, NULL, db,
                             &why) == HS_SUCCESS)
        return 0;
    err_set(err, "literal database of %u patterns: %s", p->count, why ? why->message : "no memory");
    hs_free_compile_error(why);
    return -1;
}

/* ---- databases that were kept ---- */

static void add_number(struct digest *d, uint64_t number)
{
    digest_add(d, str_of(&number, sizeof number));
}

/* All that decides what the library makes. -1: no memory. */
static int key_of(const struct patterns *p, uint8_t key[MATCH_KEY_BYTES])
{
    hs_platform_info_t cpu = {0};
    struct digest *d = digest_new(DIGEST_SHA256);
    if (!d || hs_populate_platform(&cpu) != HS_SUCCESS) {
        digest_free(d);
        return -1;
    }
    digest_begin(d);
    digest_add(d, str_c(hs_version()));
    add_number(d, cpu.tune);
    add_number(d, cpu.cpu_features);
    add_number(d, HS_MODE_BLOCK);
    for (unsigned i = 0; i < p->count; i++) {
        add_number(d, p->flags[i]);
        add_number(d, p->ids[i]);
        add_number(d, p->lens[i]);
        digest_add(d, str_of(p->texts[i], p->lens[i]));
    }
    digest_end(d, key);
    digest_free(d);
    return 0;
}

/* Made anew; the bytes are kept when there is a key. */
static hs_database_t *make(const struct patterns *p, struct match_image *image, const uint8_t *key,
                           struct err *err)
{
    hs_database_t *made = NULL, *db = NULL;
    char *bytes = NULL;
    size_t len = 0;
    if (compile(p, &made, err) < 0)
        return NULL;
    if (hs_serialize_database(made, &bytes, &len) == HS_SUCCESS)
        db = place(image, str_of(bytes, len));
    hs_free_database(made);
    if (db && key)
        image->keeper->made(image->keeper->owner, key, str_of(bytes, len));
    free(bytes);
    if (!db)
        err_set(err, "literal database of %u patterns: no memory", p->count);
    return db;
}

/* Several scans look for the same literals (both directions, packets and streams): one database does for all. */
static hs_database_t *find_made(const struct match_image *image, const uint8_t *key)
{
    for (const struct match_made *m = image->made; m; m = m->next)
        if (memcmp(m->key, key, MATCH_KEY_BYTES) == 0)
            return m->db;
    return NULL;
}

static int remember(struct match_image *image, const uint8_t *key, hs_database_t *db)
{
    struct match_made *m = arena_alloc(&image->arena, sizeof *m);
    if (!m)
        return -1;
    *m = (struct match_made){.db = db, .next = image->made};
    memcpy(m->key, key, MATCH_KEY_BYTES);
    image->made = m;
    return 0;
}

static int build_database(const struct patterns *p, struct match_image *image, hs_database_t **db,
                          struct err *err)
{
    const struct match_keeper *keeper = image->keeper;
    uint8_t key[MATCH_KEY_BYTES];
    if (key_of(p, key) < 0)
        return err_set(err, "literal database of %u patterns: no memory", p->count);
    *db = find_made(image, key);
    if (*db)
        return 0;
    bool asks = keeper && p->count >= KEPT_PATTERNS_MIN;
    struct str kept = asks ? keeper->find(keeper->owner, key) : STR_EMPTY;
    *db = kept.len ? place(image, kept) : NULL;
    image->stats.databases_kept += *db != NULL;
    if (!*db) {
        *db = make(p, image, asks ? key : NULL, err);
        image->stats.databases_made += asks;
    }
    if (*db && remember(image, key, *db) < 0)
        return err_set(err, "literal database of %u patterns: no memory", p->count);
    return *db ? 0 : -1;
}

/* Sorted literals -> distinct patterns and the rules of each. */
static int fill(const struct literal *items, size_t count, struct arena *a, struct match_scan *scan,
                struct patterns *p)
{
    uint32_t *first = arena_alloc(a, (count + 1) * sizeof *first);
    uint32_t *rules = arena_alloc(a, count * sizeof *rules);
    if (!first || !rules)
        return -1;
    for (size_t i = 0; i < count; i++) {
        rules[i] = items[i].rule;
        if (i > 0 && same_pattern(&items[i - 1], &items[i]))
            continue;
        first[p->count] = (uint32_t)i;
        patterns_add(p, &items[i], p->count);
        if (scan->longest < items[i].bytes.len)
            scan->longest = (uint32_t)items[i].bytes.len;
    }
    first[p->count] = (uint32_t)count;
    scan->first = first;
    scan->rules = rules;
    scan->pattern_count = p->count;
    return 0;
}

int literal_set_build(struct literal_set *s, struct match_image *image, struct match_scan **out,
                      struct err *err)
{
    *out = NULL;
    if (s->items.count == 0)
        return 0;
    qsort(s->items.items, s->items.count, sizeof(struct literal), literal_cmp);
    struct match_scan *scan = arena_zalloc(&image->arena, sizeof *scan);
    struct patterns patterns = {0};
    int rc = -1;
    if (scan && patterns_init(&patterns, s->items.count) == 0 &&
        fill(s->items.items, s->items.count, &image->arena, scan, &patterns) == 0) {
        rc = build_database(&patterns, image, &scan->literals, err);
    } else {
        err_set(err, "no memory for %zu literals", s->items.count);
    }
    if (rc == 0)
        *out = scan;
    patterns_fini(&patterns);
    return rc;
}
