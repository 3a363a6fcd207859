#include "gateway/tailor/matcher.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <fnmatch.h>
#include <pcre2.h>
#include <stdio.h>

#define NAME_BYTES_MAX 512 /* of a file, for globs */
#define GROUPS_MAX 100     /* brackets of one expression that can be referred to */
/* One expression at one rule: a thousand times what a plain one needs. One that runs wild holds a reload up for milliseconds. */
#define STEPS_MAX 200000
#define HEAP_KIB_MAX 4096

/* ---- facts of a rule ---- */

/* Cuts off the first option: up to the ';' that has no backslash before it (as the reader of rules does). */
static struct str next_option(struct str *rest)
{
    struct str all = *rest;
    size_t i = 0;
    while (i < all.len && (all.p[i] != ';' || (i && all.p[i - 1] == '\\')))
        i++;
    *rest = i < all.len ? str_from(all, i + 1) : STR_EMPTY;
    return str_trim(str_cut(all, 0, i));
}

static struct str unquoted(struct str s)
{
    if (s.len >= 2 && s.p[0] == '"' && s.p[s.len - 1] == '"')
        return str_cut(s, 1, s.len - 1);
    return s;
}

static void read_number(struct str value, uint32_t *out)
{
    uint64_t number;
    if (str_to_u64(value, &number) && number <= UINT32_MAX)
        *out = (uint32_t)number;
}

static void read_option(struct facts *f, struct str name, struct str value)
{
    if (str_eq(name, STR_LIT("sid")))
        read_number(value, &f->sid);
    else if (str_eq(name, STR_LIT("gid")))
        read_number(value, &f->gid);
    else if (str_eq(name, STR_LIT("msg")))
        f->message = unquoted(value);
    else if (str_eq(name, STR_LIT("classtype")))
        f->class_name = value;
    else if (str_eq(name, STR_LIT("metadata")) && f->metadata_count < FACTS_METADATA_MAX)
        f->metadata[f->metadata_count++] = value;
    else if (str_eq(name, STR_LIT("noalert")) ||
             (str_eq(name, STR_LIT("flowbits")) && str_eq(value, STR_LIT("noalert"))))
        f->silent = true;
}

void facts_read(struct facts *f, struct str text, const char *file)
{
    *f = (struct facts){.text = text, .file = file, .gid = 1};
    ptrdiff_t open = str_find_byte(text, 0, '(');
    struct str rest = open < 0 ? STR_EMPTY : str_from(text, (size_t)open + 1);
    while (rest.len) {
        struct str value = next_option(&rest);
        struct str name = str_trim(str_split(&value, ':'));
        read_option(f, name, str_trim(value));
    }
}

static bool is_one_of(struct str value, struct str values)
{
    while (values.p) {
        struct str one = str_trim(str_split(&values, '|'));
        if (str_eq_nocase(one, value))
            return true;
    }
    return false;
}

bool facts_metadata(const struct facts *f, struct str key, struct str values)
{
    for (uint32_t i = 0; i < f->metadata_count; i++) {
        struct str rest = f->metadata[i];
        while (rest.p) {
            struct str value = str_trim(str_split(&rest, ','));
            struct str name = str_split(&value, ' ');
            if (str_eq_nocase(name, key) && is_one_of(str_trim(value), values))
                return true;
        }
    }
    return false;
}

/* ---- reading ---- */

void *expression_read(struct str text, bool nocase, struct arena *memory, const char **why)
{
    int code;
    PCRE2_SIZE at;
    uint8_t reason[128];
    pcre2_code *made =
        pcre2_compile(text.p, text.len, nocase ? PCRE2_CASELESS : 0, &code, &at, NULL);
    if (made)
        return made;
    pcre2_get_error_message(code, reason, sizeof reason);
    const char *said = arena_printf(memory, "the expression is not right: %s", (char *)reason);
    *why = said ? said : "no memory";
    return NULL;
}

void expression_free(void *code)
{
    pcre2_code_free(code);
}

static struct matcher *matcher_new(struct arena *memory, enum matcher_kind kind, const char **why)
{
    struct matcher *m = arena_zalloc(memory, sizeof *m);
    if (!m)
        *why = "no memory";
    else
        m->kind = kind;
    return m;
}

static struct matcher *read_sid(struct str text, struct arena *memory, const char **why)
{
    uint64_t gid = 1, sid;
    struct str rest = text;
    struct str first = str_trim(str_split(&rest, ':'));
    bool right = rest.p ? str_to_u64(first, &gid) && str_to_u64(str_trim(rest), &sid)
                        : str_to_u64(first, &sid);
    if (!right || gid > UINT32_MAX || sid > UINT32_MAX) {
        *why = "neither a number of a rule nor re:, group:, filename:, metadata:, classtype:, "
               "category:";
        return NULL;
    }
    struct matcher *m = matcher_new(memory, MATCH_SID, why);
    if (m) {
        m->gid = (uint32_t)gid;
        m->sid = (uint32_t)sid;
    }
    return m;
}

struct matcher *matcher_read_pair(struct str text, struct arena *memory, const char **why)
{
    struct str value = str_trim(text);
    struct str key = str_split(&value, ' ');
    value = str_trim(value);
    if (!key.len || !value.len) {
        *why = "metadata is asked by a key and a value";
        return NULL;
    }
    struct matcher *m = matcher_new(memory, MATCH_METADATA, why);
    if (!m)
        return NULL;
    m->key = arena_copy(memory, key);
    m->value = arena_copy(memory, value);
    if (m->key.p && m->value.p)
        return m;
    *why = "no memory";
    return NULL;
}

static struct matcher *read_word(enum matcher_kind kind, struct str text, struct arena *memory,
                                 const char **why)
{
    struct matcher *m = matcher_new(memory, kind, why);
    if (!m)
        return NULL;
    m->value = arena_copy(memory, text);
    m->pattern = (const char *)m->value.p;
    if (kind == MATCH_EXPRESSION)
        m->code = expression_read(text, true, memory, why);
    else if (!m->value.p)
        *why = "no memory";
    return m->value.p && (m->code || kind != MATCH_EXPRESSION) ? m : NULL;
}

struct matcher *matcher_read(struct str text, struct arena *memory, const char **why)
{
    static const struct {
        struct str prefix;
        enum matcher_kind kind;
    } rows[] = {
        {STR_LIT("re:"), MATCH_EXPRESSION},   {STR_LIT("group:"), MATCH_GROUP},
        {STR_LIT("filename:"), MATCH_FILE},   {STR_LIT("metadata:"), MATCH_METADATA},
        {STR_LIT("classtype:"), MATCH_CLASS}, {STR_LIT("category:"), MATCH_CATEGORY},
    };
    text = str_trim(text);
    if (str_eq(text, STR_LIT("*")))
        return matcher_new(memory, MATCH_ALL, why);
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        if (!str_starts(text, rows[i].prefix))
            continue;
        struct str rest = str_trim(str_from(text, rows[i].prefix.len));
        if (!rest.len) {
            *why = "nothing stands behind the colon";
            return NULL;
        }
        if (rows[i].kind == MATCH_METADATA)
            return matcher_read_pair(rest, memory, why);
        return read_word(rows[i].kind, rest, memory, why);
    }
    return read_sid(text, memory, why);
}

void matcher_fini(struct matcher *m)
{
    for (; m; m = m->next)
        pcre2_code_free(m->code);
}

/* ---- asking ---- */

int scratch_init(struct scratch *s)
{
    s->data = pcre2_match_data_create(GROUPS_MAX, NULL);
    pcre2_match_context *limits = pcre2_match_context_create(NULL);
    s->limits = limits;
    if (!s->data || !limits)
        return -1;
    pcre2_set_match_limit(limits, STEPS_MAX);
    pcre2_set_heap_limit(limits, HEAP_KIB_MAX);
    return 0;
}

void scratch_fini(struct scratch *s)
{
    pcre2_match_data_free(s->data);
    pcre2_match_context_free(s->limits);
}

static enum matched fits_expression(const struct matcher *m, const struct facts *f,
                                    const struct scratch *scratch)
{
    int rc = pcre2_match(m->code, f->text.p, f->text.len, 0, 0, scratch->data, scratch->limits);
    if (rc == PCRE2_ERROR_NOMATCH)
        return MATCHED_NOT;
    return rc >= 0 ? MATCHED : MATCHED_GAVE_UP;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* A group is a file of rules: its name with and without ".rules" will do. */
static bool fits_group(const struct matcher *m, const struct facts *f)
{
    char name[NAME_BYTES_MAX];
    const char *base = base_name(f->file);
    if (fnmatch(m->pattern, base, 0) == 0)
        return true;
    struct str stem = str_c(base);
    if (str_ends(stem, STR_LIT(".rules")))
        stem = str_cut(stem, 0, stem.len - 6);
    snprintf(name, sizeof name, "%.*s", (int)stem.len, (const char *)stem.p);
    return fnmatch(m->pattern, name, 0) == 0;
}

/* "ET MALWARE Some words", "GPL ICMP ...", "ETPRO ...": the word behind the maker's. */
static struct str category_of(const struct facts *f)
{
    struct str rest = f->message;
    struct str maker = str_split(&rest, ' ');
    static const struct str makers[] = {STR_LIT("ET"), STR_LIT("GPL"), STR_LIT("ETPRO")};
    for (size_t i = 0; i < ARRAY_COUNT(makers); i++)
        if (str_eq(maker, makers[i]))
            return str_split(&rest, ' ');
    return STR_EMPTY;
}

enum matched matcher_fits(const struct matcher *m, const struct facts *f,
                          const struct scratch *scratch)
{
    bool fits = false;
    switch (m->kind) {
    case MATCH_SID: fits = m->sid == f->sid && m->gid == f->gid; break;
    case MATCH_ALL: fits = true; break;
    case MATCH_EXPRESSION: return fits_expression(m, f, scratch);
    case MATCH_GROUP: fits = fits_group(m, f); break;
    case MATCH_FILE: fits = fnmatch(m->pattern, f->file, 0) == 0; break;
    case MATCH_METADATA: fits = facts_metadata(f, m->key, m->value); break;
    case MATCH_CLASS: fits = str_eq_nocase(m->value, f->class_name); break;
    case MATCH_CATEGORY:
        fits = str_eq_nocase(m->value, category_of(f)) || str_eq_nocase(m->value, f->class_name);
        break;
    }
    return fits ? MATCHED : MATCHED_NOT;
}
