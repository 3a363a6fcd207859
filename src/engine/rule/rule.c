/* The loader: files into lines, lines into rules or reasons, rules into a set.
 *
 * A line that ends with '\' goes on in the next. Whatever a line holds, it becomes a rule, a counted comment or an entry of
 * `refused`; only missing memory and unreadable files are errors of the call. */
#include "engine/rule/rule.h"

#include "base/file.h"
#include "engine/rule/config.h"
#include "engine/rule/keyword.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define FILE_BYTES_MAX (256u << 20)
#define PRIORITY_DEFAULT 3

int build_refuse(struct build *b, const char *format, ...)
{
    if (b->reason)
        return -1;
    char text[256];
    va_list values;
    va_start(values, format);
    vsnprintf(text, sizeof text, format, values);
    va_end(values);
    b->reason = loader_intern(b->loader, str_c(text));
    return b->reason ? -1 : build_no_memory(b);
}

int build_no_memory(struct build *b)
{
    b->no_memory = true;
    b->reason = "no memory";
    return -1;
}

const char *loader_intern(struct rule_loader *l, struct str s)
{
    const char *old = map_get(&l->strings, s);
    if (old)
        return old;
    struct str copy = arena_copy(l->arena, s);
    union {
        const uint8_t *in;
        void *out;
    } text = {.in = copy.p};
    if (!copy.p || map_put(&l->strings, copy, text.out) < 0)
        return NULL;
    return text.out;
}

static void name_table_init(struct name_table *t)
{
    map_init(&t->by_name, 0);
    vec_init(&t->names, sizeof(const char *));
}

static void name_table_fini(struct name_table *t)
{
    map_fini(&t->by_name);
    vec_fini(&t->names);
}

int loader_number(struct rule_loader *l, struct name_table *t, struct str name)
{
    uintptr_t old = (uintptr_t)map_get(&t->by_name, name);
    if (old)
        return (int)(old - 1);
    const char *text = loader_intern(l, name);
    const char **slot = text ? vec_push(&t->names) : NULL;
    if (!slot || map_put(&t->by_name, str_of(text, name.len), (void *)t->names.count) < 0)
        return -1;
    *slot = text;
    return (int)t->names.count - 1;
}

static void maps_init(struct rule_loader *l)
{
    struct map *maps[] = {
        &l->keywords,       &l->by_sid,    &l->strings,    &l->address_sets,
        &l->address_texts,  &l->port_sets, &l->port_texts, &l->address_variables,
        &l->port_variables, &l->classes,   &l->references, &l->reputation_categories};
    for (size_t i = 0; i < ARRAY_COUNT(maps); i++)
        map_init(maps[i], 0);
    struct name_table *tables[] = {&l->flowbits, &l->flowints, &l->xbits, &l->captures,
                                   &l->dataset_names};
    for (size_t i = 0; i < ARRAY_COUNT(tables); i++)
        name_table_init(tables[i]);
    vec_init(&l->rules, sizeof(struct rule *));
    vec_init(&l->refused, sizeof(struct rule_refused));
    vec_init(&l->duplicates, sizeof(const struct rule *));
    vec_init(&l->codes, sizeof(void *));
    vec_init(&l->datasets, sizeof(struct rule_dataset_decl));
    vec_init(&l->reputations, sizeof(struct reputation));
    vec_init(&l->country_ranges, sizeof(struct country_range));
}

static void maps_fini(struct rule_loader *l)
{
    struct map *maps[] = {
        &l->keywords,       &l->by_sid,    &l->strings,    &l->address_sets,
        &l->address_texts,  &l->port_sets, &l->port_texts, &l->address_variables,
        &l->port_variables, &l->classes,   &l->references, &l->reputation_categories};
    for (size_t i = 0; i < ARRAY_COUNT(maps); i++)
        map_fini(maps[i]);
    struct name_table *tables[] = {&l->flowbits, &l->flowints, &l->xbits, &l->captures,
                                   &l->dataset_names};
    for (size_t i = 0; i < ARRAY_COUNT(tables); i++)
        name_table_fini(tables[i]);
    vec_fini(&l->rules);
    vec_fini(&l->refused);
    vec_fini(&l->duplicates);
    vec_fini(&l->datasets);
    vec_fini(&l->reputations);
    vec_fini(&l->country_ranges);
    vec_fini(&l->codes);
}

/* Code of expressions lies with the set. Whoever makes machine code of it later (another process, that may only read the
 * set's memory) takes what that needs from its own heap. */
static void *pcre_take(size_t bytes, void *memory)
{
    void *p = arena_alloc(memory, bytes);
    return p ? p : malloc(bytes);
}

static void pcre_give(void *p, void *memory)
{
    if (!arena_holds(memory, p))
        free(p);
}

static struct rule_set *set_new(struct arena *memory)
{
    struct rule_set *set = memory ? arena_zalloc(memory, sizeof *set) : calloc(1, sizeof *set);
    if (!set)
        return NULL;
    set->memory = memory;
    arena_init_in(&set->arena, memory, 1u << 20, RULE_ARENA_MAX);
    return set;
}

struct rule_loader *rule_loader_new(const struct rule_names *names, const struct conf *conf,
                                    struct err *err)
{
    return rule_loader_new_in(names, conf, NULL, err);
}

struct rule_loader *rule_loader_new_in(const struct rule_names *names, const struct conf *conf,
                                       struct arena *memory, struct err *err)
{
    struct rule_loader *l = calloc(1, sizeof *l);
    struct rule_set *set = set_new(memory);
    if (!l || !set) {
        free(l);
        rule_set_free(set);
        err_set(err, "rules: no memory");
        return NULL;
    }
    l->set = set;
    l->arena = &set->arena;
    l->names = names;
    l->folder = "";
    maps_init(l);
    l->pcre_memory = memory ? pcre2_general_context_create(pcre_take, pcre_give, memory) : NULL;
    l->pcre_context = pcre2_compile_context_create(l->pcre_memory);
    if (!l->pcre_context || keywords_init(l) < 0) {
        err_set(err, "rules: no memory");
        rule_loader_free(l);
        return NULL;
    }
    pcre2_set_max_pattern_length(l->pcre_context, RULE_TEXT_MAX);
    if (config_init(l, conf, err) < 0) {
        rule_loader_free(l);
        return NULL;
    }
    return l;
}

void rule_loader_free(struct rule_loader *l)
{
    if (!l)
        return;
    for (size_t i = 0; l->set && i < l->codes.count; i++)
        pcre2_code_free(*(void **)vec_at(&l->codes, i));
    if (l->set)
        l->set->code_count = 0;
    rule_set_free(l->set);
    maps_fini(l);
    pcre2_compile_context_free(l->pcre_context);
    pcre2_general_context_free(l->pcre_memory);
    free(l);
}

void rule_set_free(struct rule_set *s)
{
    if (!s)
        return;
    for (uint32_t i = 0; i < s->code_count; i++)
        pcre2_code_free(s->codes[i]);
    if (s->memory)
        return; /* it goes with it, and may be read-only by now */
    arena_fini(&s->arena);
    free(s);
}

void rule_loader_edit(struct rule_loader *l, rule_line_fn edit, void *owner)
{
    l->edit = edit;
    l->edit_owner = owner;
}

void rule_loader_limit(struct rule_loader *l, size_t bytes)
{
    l->arena->limit_bytes = l->arena->used_bytes + bytes + 1;
}

/* ---- one rule ---- */

/* Cuts off the first option: up to the ';' that has no backslash before it. */
static struct str option_split(struct str *rest)
{
    struct str all = *rest;
    size_t i = 0;
    while (i < all.len && (all.p[i] != ';' || (i && all.p[i - 1] == '\\')))
        i++;
    *rest = i < all.len ? str_from(all, i + 1) : STR_EMPTY;
    return str_cut(all, 0, i);
}

static int read_options(struct build *b, struct str text)
{
    for (uint32_t count = 0; (text = str_trim(text)).len; count++) {
        if (count == RULE_OPTIONS_MAX)
            return build_refuse(b, "more than %d options", RULE_OPTIONS_MAX);
        bool ended = str_find_byte(text, 0, ';') >= 0;
        struct str option = str_trim(option_split(&text));
        struct str value = option;
        struct str name = str_trim(str_split(&value, ':'));
        if (!ended)
            return build_refuse(b, "a ; is missing behind the last option");
        if (!name.len)
            return build_refuse(b, "an option has no name");
        if (keyword_apply(b, name, value, value.p != NULL) < 0)
            return -1;
    }
    return 0;
}

static int take_pairs(struct build *b, const struct vec *from, struct rule_pair **out,
                      uint32_t *count)
{
    *count = (uint32_t)from->count;
    if (from->count == 0)
        return 0;
    *out = arena_alloc(b->arena, from->count * sizeof **out);
    if (!*out)
        return build_no_memory(b);
    memcpy(*out, from->items, from->count * sizeof **out);
    return 0;
}

static int read_rule(struct build *b, struct str text)
{
    struct rule *r = b->rule;
    r->text = (const char *)arena_copy(b->arena, text).p;
    if (!r->text)
        return build_no_memory(b);
    text = str_of(r->text, text.len);
    if (header_read(b, &text) < 0)
        return -1;
    b->keyword = "";
    text = str_trim(text);
    if (text.len < 2 || text.p[0] != '(' || text.p[text.len - 1] != ')')
        return build_refuse(b, "the options must stand in ( )");
    if (read_options(b, str_cut(text, 1, text.len - 1)) < 0)
        return -1;
    if (take_pairs(b, &b->references, &r->references, &r->reference_count) < 0 ||
        take_pairs(b, &b->metadata, &r->metadata, &r->metadata_count) < 0)
        return -1;
    b->keyword = "";
    if (!r->message)
        r->message = "";
    if (!r->class_name)
        r->class_name = r->class_text = "";
    return rule_check_whole(b);
}

/* The number behind "sid:", wherever it stands: for the report of a rule that could not be read. */
static uint32_t sid_in(struct str text)
{
    ptrdiff_t at = str_find(text, 0, STR_LIT("sid:"));
    uint64_t sid = 0;
    if (at < 0)
        return 0;
    struct str rest = str_trim(str_from(text, (size_t)at + 4));
    for (size_t i = 0; i < rest.len && rest.p[i] >= '0' && rest.p[i] <= '9' && sid < UINT32_MAX;
         i++)
        sid = sid * 10 + (rest.p[i] - '0');
    return sid > UINT32_MAX ? 0 : (uint32_t)sid;
}

int loader_refused(struct rule_loader *l, const struct rule_refused *refused)
{
    struct rule_refused *slot = vec_push(&l->refused);
    if (!slot)
        return -1;
    *slot = *refused;
    slot->text = refused->text ? refused->text : "";
    return 0;
}

/* The same sid twice: the higher revision stays. */
static int add_rule(struct rule_loader *l, struct rule *rule)
{
    struct str key = str_of(&rule->sid, sizeof rule->sid + sizeof rule->gid);
    uintptr_t place = (uintptr_t)map_get(&l->by_sid, key);
    if (place) {
        struct rule **old = vec_at(&l->rules, place - 1);
        const struct rule **loser = vec_push(&l->duplicates);
        if (!loser)
            return -1;
        l->set->counts.duplicates++;
        *loser = rule->rev <= (*old)->rev ? rule : *old;
        if (*loser == rule)
            return 0;
        *old = rule;
        return map_put(&l->by_sid, key, (void *)place);
    }
    if (l->rules.count >= RULE_COUNT_MAX)
        return -1;
    struct rule **slot = vec_push(&l->rules);
    if (!slot)
        return -1;
    *slot = rule;
    return map_put(&l->by_sid, key, (void *)l->rules.count);
}

static int refuse_rule(struct build *b, struct str text)
{
    const struct rule_refused refused = {.file = b->rule->file,
                                         .line = b->rule->line,
                                         .sid = b->rule->sid ? b->rule->sid : sid_in(text),
                                         .keyword = b->keyword,
                                         .reason = b->reason,
                                         .text = b->rule->text};
    b->loader->set->counts.refused++;
    return loader_refused(b->loader, &refused);
}

static int load_rule(struct rule_loader *l, struct str text, const char *file, uint32_t line)
{
    struct rule *rule = arena_zalloc(l->arena, sizeof *rule);
    if (!rule)
        return -1;
    *rule = (struct rule){.gid = 1, .priority = PRIORITY_DEFAULT, .file = file, .line = line};
    struct build b = {
        .loader = l,
        .arena = l->arena,
        .rule = rule,
        .keyword = "",
        .sticky = RULE_BUFFER_PAYLOAD,
        .checks_end = &rule->checks,
        .acts_end = &rule->acts,
    };
    vec_init(&b.references, sizeof(struct rule_pair));
    vec_init(&b.metadata, sizeof(struct rule_pair));
    int result = 0;
    if (text.len > RULE_TEXT_MAX)
        build_refuse(&b, "longer than %d bytes", RULE_TEXT_MAX);
    if (!b.reason && read_rule(&b, text) == 0)
        result = add_rule(l, rule);
    else /* a good rule that is left out for want of memory would be a hole that nobody sees */
        result = b.no_memory ? -1 : refuse_rule(&b, text);
    vec_fini(&b.references);
    vec_fini(&b.metadata);
    return result;
}

/* ---- files ---- */

static struct str without_marks(struct str line)
{
    while (line.len && (line.p[0] == '#' || line.p[0] == ' ' || line.p[0] == '\t'))
        line = str_from(line, 1);
    return line;
}

static bool is_disabled_rule(struct str line)
{
    static const char *const actions[] = {"alert ", "drop ", "pass ", "reject "};
    line = without_marks(line);
    for (size_t i = 0; i < ARRAY_COUNT(actions); i++)
        if (str_starts(line, str_c(actions[i])))
            return str_find(line, 0, STR_LIT("sid:")) >= 0;
    return false;
}

static bool goes_on(struct str *line)
{
    if (!line->len || line->p[line->len - 1] != '\\')
        return false;
    *line = str_cut(*line, 0, line->len - 1);
    return true;
}

static int load_line(struct rule_loader *l, struct str text, const char *file, uint32_t number)
{
    text = str_trim(text);
    struct rule_line line = {file, text, text.len && text.p[0] != '#'};
    if (!line.enabled && !is_disabled_rule(text))
        return 0;
    line.text = without_marks(text);
    if (l->edit && l->edit(l->edit_owner, &line) < 0)
        return -1;
    if (line.enabled)
        return load_rule(l, line.text, file, number);
    l->set->counts.disabled_lines++;
    return 0;
}

/* Joined lines may be as long as a rule may be; what is longer is kept just long enough to be refused for it. */
static void join(struct buf *joined, struct str piece)
{
    if (joined->len <= RULE_TEXT_MAX)
        buf_add(joined, str_cut(piece, 0, RULE_TEXT_MAX + 1));
}

int rule_load_text(struct rule_loader *l, struct str text, const char *name, struct err *err)
{
    struct buf joined;
    buf_init(&joined, 0);
    const char *file = loader_intern(l, str_c(name));
    int result = file ? 0 : -1;
    uint32_t number = 0, began = 0;
    l->set->counts.files++;
    while (text.p && result == 0) {
        struct str line = str_trim(str_split(&text, '\n'));
        number++;
        bool comment = !began && line.len && line.p[0] == '#';
        bool more = !comment && goes_on(&line);
        if (!more && !began) {
            result = load_line(l, line, file, number);
            continue;
        }
        began = began ? began : number;
        join(&joined, line);
        join(&joined, STR_LIT(" "));
        if (more && text.p)
            continue;
        result = joined.failed ? -1 : load_line(l, buf_str(&joined), file, began);
        buf_reset(&joined);
        began = 0;
    }
    l->set->counts.lines += number;
    buf_fini(&joined);
    return result == 0 ? 0
                       : err_set(err, "%s: no memory, or more than %u rules", name, RULE_COUNT_MAX);
}

int rule_load_file(struct rule_loader *l, const char *path, struct err *err)
{
    struct buf text;
    buf_init(&text, 0);
    int result = file_read(path, FILE_BYTES_MAX, &text, err);
    const char *slash = strrchr(path, '/');
    const char *folder = slash ? loader_intern(l, str_of(path, (size_t)(slash - path) + 1)) : "./";
    if (result == 0 && !folder)
        result = err_set(err, "%s: no memory", path);
    if (result == 0) {
        l->folder = folder;
        result = rule_load_text(l, buf_str(&text), path, err);
        l->folder = "";
    }
    buf_fini(&text);
    return result;
}

/* ---- the end ---- */

static const char **take_names(struct rule_loader *l, const struct name_table *t, uint32_t *count)
{
    *count = (uint32_t)t->names.count;
    const char **names = arena_alloc(l->arena, (t->names.count + 1) * sizeof *names);
    if (names && t->names.count)
        memcpy(names, t->names.items, t->names.count * sizeof *names);
    return names;
}

static void *take_items(struct rule_loader *l, const struct vec *v, uint32_t *count)
{
    *count = (uint32_t)v->count;
    void *items = arena_alloc(l->arena, (v->count + 1) * v->item_bytes);
    if (items && v->count)
        memcpy(items, v->items, v->count * v->item_bytes);
    return items;
}

struct rule_set *rule_loader_take(struct rule_loader *l)
{
    struct rule_set *s = l->set;
    if (!s || rule_sort(l) < 0)
        return NULL;
    s->rules = take_items(l, &l->rules, &s->count);
    s->refused = take_items(l, &l->refused, &s->refused_count);
    s->duplicates = take_items(l, &l->duplicates, &s->duplicate_count);
    s->datasets = take_items(l, &l->datasets, &s->dataset_count);
    s->flowbit_names = take_names(l, &l->flowbits, &s->flowbit_count);
    s->flowint_names = take_names(l, &l->flowints, &s->flowint_count);
    s->xbit_names = take_names(l, &l->xbits, &s->xbit_count);
    s->capture_names = take_names(l, &l->captures, &s->capture_count);
    s->codes = take_items(l, &l->codes, &s->code_count);
    if (!s->codes || !s->rules || !s->refused || !s->duplicates || !s->datasets ||
        !s->flowbit_names || !s->flowint_names || !s->xbit_names || !s->capture_names)
        return NULL;
    for (uint32_t i = 0; i < s->count; i++)
        (*(struct rule **)vec_at(&l->rules, i))->index = i;
    s->counts.active = s->count;
    l->set = NULL;
    return s;
}
