/* Lines and what they do. Those that name numbers of rules may be thousands: they stand in one sorted index. Every line that fits
 * is counted, also where an earlier one has done its work already: so a line that fits nothing is one that a person should
 * look at - a rule that went, or a mistake. */
#include "gateway/tailor/tailor.h"

#include "base/vec.h"
#include "gateway/tailor/matcher.h"
#include "gateway/tailor/modify.h"

#include <stdio.h>
#include <stdlib.h>

#define WORDS_MAX 5

enum change { CHANGE_NONE, CHANGE_REPLACE, CHANGE_METADATA };

struct line {
    enum tailor_kind kind;
    const char *file;
    uint32_t number;
    const char *text;         /* as it was written, for people */
    const char *problem;      /* it was not understood, and does nothing */
    struct matcher *matchers; /* any of them; of the policy: all */
    enum change change;       /* TAILOR_MODIFY */
    void *from;               /* pcre2_code */
    struct str to, key;       /* METADATA: key and value (in `to`) */
    uint32_t fits, changed, gave_up;
};

/* One number of a rule in a line. */
struct sid_entry {
    uint32_t sid, gid, line;
};

struct tailor {
    struct arena memory;
    struct vec lines; /* struct line */
    struct vec sids;  /* struct sid_entry, sorted before the first rule */
    struct vec asked; /* uint32_t: lines that each rule is asked about */
    struct scratch scratch;
    struct buf texts[2]; /* the rule in hand, as it was before and is behind a change */
    bool sorted;
    uint32_t counts[TAILOR_KINDS]; /* rules that were changed */
    uint32_t alert_only, silent;   /* rules that would have become drop */
};

struct tailor *tailor_new(void)
{
    struct tailor *t = calloc(1, sizeof *t);
    if (!t)
        return NULL;
    arena_init(&t->memory, 0, 0);
    vec_init(&t->lines, sizeof(struct line));
    vec_init(&t->sids, sizeof(struct sid_entry));
    vec_init(&t->asked, sizeof(uint32_t));
    buf_init(&t->texts[0], 0);
    buf_init(&t->texts[1], 0);
    if (scratch_init(&t->scratch) == 0)
        return t;
    tailor_free(t);
    return NULL;
}

void tailor_free(struct tailor *t)
{
    if (!t)
        return;
    for (size_t i = 0; i < t->lines.count; i++) {
        const struct line *l = vec_at(&t->lines, i);
        matcher_fini(l->matchers);
        expression_free(l->from);
    }
    scratch_fini(&t->scratch);
    buf_fini(&t->texts[0]);
    buf_fini(&t->texts[1]);
    vec_fini(&t->lines);
    vec_fini(&t->sids);
    vec_fini(&t->asked);
    arena_fini(&t->memory);
    free(t);
}

bool tailor_has_lines(const struct tailor *t)
{
    return t->lines.count > 0;
}

/* ---- reading ---- */

typedef struct matcher *(*read_fn)(struct str text, struct arena *memory, const char **why);

/* Several matchers with commas between them. */
static int read_list(struct tailor *t, struct line *l, struct str text, read_fn read)
{
    struct matcher **end = &l->matchers;
    while (text.p) {
        struct str one = str_trim(str_split(&text, ','));
        if (!one.len)
            continue;
        *end = read(one, &t->memory, &l->problem);
        if (!*end)
            return -1;
        end = &(*end)->next;
    }
    if (!l->matchers)
        l->problem = "nothing is named";
    return l->matchers ? 0 : -1;
}

/* A list of numbers, or one matcher of another kind, in which a comma is a comma. */
static int read_matchers(struct tailor *t, struct line *l, struct str text)
{
    bool is_list = text.len && text.p[0] >= '0' && text.p[0] <= '9';
    if (is_list)
        return read_list(t, l, text, matcher_read);
    l->matchers = matcher_read(text, &t->memory, &l->problem);
    return l->matchers ? 0 : -1;
}

static int keep_change(struct tailor *t, struct line *l, struct str from, struct str to)
{
    l->to = arena_copy(&t->memory, to);
    if (l->change == CHANGE_METADATA)
        l->key = arena_copy(&t->memory, from);
    else
        l->from = expression_read(from, false, &t->memory, &l->problem);
    if (!l->problem && (!l->to.p || (l->change == CHANGE_METADATA && !l->key.p)))
        l->problem = "no memory";
    return l->problem ? -1 : 0;
}

/* MATCHER "FROM" "TO", metadata-add MATCHER "KEY" "VALUE", modifysid MATCHER "FROM" | "TO" */
static int read_modify(struct tailor *t, struct line *l, struct str text)
{
    struct str words[WORDS_MAX];
    struct buf bytes;
    buf_init(&bytes, 0);
    int count = modify_split(text, &bytes, words, WORDS_MAX), first = 0, rc = -1;
    l->change = CHANGE_REPLACE;
    if (count > 0 && str_eq(words[0], STR_LIT("metadata-add"))) {
        l->change = CHANGE_METADATA;
        first = 1;
    } else if (count > 0 && str_eq(words[0], STR_LIT("modifysid"))) {
        first = 1;
    }
    if (count - first == 4 && str_eq(words[first + 2], STR_LIT("|"))) {
        words[first + 2] = words[first + 3];
        count--;
    }
    if (count - first != 3)
        l->problem = "MATCHER \"FROM\" \"TO\" is needed";
    else if (read_matchers(t, l, words[first]) == 0)
        rc = keep_change(t, l, words[first + 1], words[first + 2]);
    buf_fini(&bytes);
    return rc;
}

static int read_line(struct tailor *t, struct line *l, struct str text)
{
    switch (l->kind) {
    case TAILOR_MODIFY: return read_modify(t, l, text);
    case TAILOR_POLICY: return read_list(t, l, text, matcher_read_pair);
    case TAILOR_DISABLE:
    case TAILOR_ENABLE:
    case TAILOR_DROP:
    case TAILOR_PROTECT: return read_matchers(t, l, text);
    case TAILOR_KINDS: break;
    }
    return -1;
}

static int index_sids(struct tailor *t, const struct line *l, uint32_t index)
{
    for (const struct matcher *m = l->matchers; m; m = m->next) {
        struct sid_entry *e = vec_push(&t->sids);
        if (!e)
            return -1;
        *e = (struct sid_entry){m->sid, m->gid, index};
    }
    return 0;
}

/* 0 also for a line that is not understood; -1: no memory. */
static int add_line(struct tailor *t, enum tailor_kind kind, const char *file, uint32_t number,
                    struct str text)
{
    uint32_t index = (uint32_t)t->lines.count;
    struct line *l = index < TAILOR_LINES_MAX ? vec_push(&t->lines) : NULL;
    if (!l)
        return -1;
    *l = (struct line){.kind = kind, .file = file, .number = number};
    struct str copy = arena_copy(&t->memory, text);
    l->text = (const char *)copy.p;
    if (!l->text)
        return -1;
    if (read_line(t, l, text) < 0)
        return 0;
    t->sorted = false;
    /* changes are made in the order of their lines */
    if (kind != TAILOR_MODIFY && kind != TAILOR_POLICY && l->matchers->kind == MATCH_SID)
        return index_sids(t, l, index);
    uint32_t *asked = vec_push(&t->asked);
    if (asked)
        *asked = index;
    return asked ? 0 : -1;
}

/* What follows a '#' is for people: at the beginning of a line, or behind a space. */
static struct str without_comment(struct str line)
{
    line = str_trim(line);
    ptrdiff_t hash = line.len && line.p[0] == '#' ? 0 : str_find(line, 0, STR_LIT(" #"));
    return hash < 0 ? line : str_trim(str_cut(line, 0, (size_t)hash));
}

int tailor_read(struct tailor *t, enum tailor_kind kind, struct str text, const char *name,
                struct err *err)
{
    struct str copy = arena_copy(&t->memory, str_c(name));
    int rc = copy.p ? 0 : -1;
    for (uint32_t number = 1; text.p && rc == 0; number++) {
        struct str line = without_comment(str_split(&text, '\n'));
        if (line.len)
            rc = add_line(t, kind, (const char *)copy.p, number, line);
    }
    return rc == 0 ? 0
                   : err_set(err, "%s: no memory, or more than %u lines", name, TAILOR_LINES_MAX);
}

int tailor_read_policy(struct tailor *t, const struct conf *conf, struct err *err)
{
    static const struct {
        const char *name;
        enum tailor_kind kind;
    } rows[] = {{"otasuke.rules.never-drop", TAILOR_PROTECT},
                {"otasuke.rules.drop", TAILOR_POLICY}};
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        const struct conf_node *list = conf_find(conf, rows[i].name);
        const struct conf_node *item = list && list->child ? list->child : list;
        for (uint32_t number = 1; item; item = list->child ? item->next : NULL, number++)
            if (item->value && *item->value &&
                add_line(t, rows[i].kind, rows[i].name, number, str_trim(str_c(item->value))) < 0)
                return err_set(err, "%s: no memory, or more than %u lines", rows[i].name,
                               TAILOR_LINES_MAX);
            else if (!item->value)
                return err_set(err, "%s: a list of lines is needed", rows[i].name);
    }
    return 0;
}

/* ---- a rule ---- */

static int by_sid(const void *a, const void *b)
{
    const struct sid_entry *x = a, *y = b;
    if (x->sid != y->sid)
        return x->sid < y->sid ? -1 : 1;
    if (x->gid != y->gid)
        return x->gid < y->gid ? -1 : 1;
    return x->line < y->line ? -1 : x->line > y->line;
}

static void sort_sids(struct tailor *t)
{
    if (!t->sorted && t->sids.count)
        qsort(t->sids.items, t->sids.count, sizeof(struct sid_entry), by_sid);
    t->sorted = true;
}

/* The first entry that is not before the rule's. */
static size_t first_sid(const struct tailor *t, const struct facts *f)
{
    const struct sid_entry wanted = {f->sid, f->gid, 0};
    size_t low = 0, high = t->sids.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (by_sid(vec_at(&t->sids, middle), &wanted) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool line_fits(const struct tailor *t, struct line *l, const struct facts *f)
{
    bool all = l->kind == TAILOR_POLICY, fits = all;
    for (const struct matcher *m = l->matchers; m && fits == all; m = m->next) {
        enum matched answer = matcher_fits(m, f, &t->scratch);
        l->gave_up += answer == MATCHED_GAVE_UP;
        fits = answer == MATCHED;
    }
    l->fits += fits;
    return fits;
}

/* The first line of the kind that fits, or NULL; all that fit are counted. */
static struct line *find_line(struct tailor *t, enum tailor_kind kind, const struct facts *f)
{
    struct line *first = NULL;
    for (size_t i = first_sid(t, f); i < t->sids.count; i++) {
        const struct sid_entry *e = vec_at(&t->sids, i);
        if (e->sid != f->sid || e->gid != f->gid)
            break;
        struct line *l = vec_at(&t->lines, e->line);
        if (l->kind != kind)
            continue;
        l->fits++;
        first = first ? first : l;
    }
    for (size_t i = 0; i < t->asked.count; i++) {
        struct line *l = vec_at(&t->lines, *(const uint32_t *)vec_at(&t->asked, i));
        if (l->kind == kind && line_fits(t, l, f) && !first)
            first = l;
    }
    return first;
}

static void did(struct tailor *t, struct line *l)
{
    l->changed++;
    t->counts[l->kind]++;
}

static void switch_rule(struct tailor *t, struct tailor_rule *rule, const struct facts *f)
{
    struct line *off = find_line(t, TAILOR_DISABLE, f);
    if (off && rule->enabled) {
        rule->enabled = false;
        did(t, off);
    }
    struct line *on = find_line(t, TAILOR_ENABLE, f);
    if (on && !rule->enabled) {
        rule->enabled = true;
        did(t, on);
    }
}

/* The text that is not in hand, empty, to be written. */
static struct buf *other_text(struct tailor *t, const struct tailor_rule *rule)
{
    struct buf *out = rule->text.p && rule->text.p == t->texts[0].p ? &t->texts[1] : &t->texts[0];
    buf_reset(out);
    return out;
}

static bool modify_by(struct tailor *t, struct line *l, struct tailor_rule *rule)
{
    struct buf *out = other_text(t, rule);
    int places;
    if (l->change == CHANGE_METADATA)
        places = modify_add_metadata(l->key, l->to, rule->text, out);
    else
        places = modify_replace(l->from, l->to, rule->text, &t->scratch, out);
    l->gave_up += places < 0;
    if (places > 0)
        rule->text = buf_str(out);
    return places > 0;
}

static bool modify_rule(struct tailor *t, struct tailor_rule *rule, struct facts *f)
{
    bool changed = false;
    for (size_t i = 0; i < t->asked.count; i++) {
        struct line *l = vec_at(&t->lines, *(const uint32_t *)vec_at(&t->asked, i));
        if (l->kind != TAILOR_MODIFY || !line_fits(t, l, f) || !modify_by(t, l, rule))
            continue;
        l->changed++;
        changed = true;
        facts_read(f, rule->text, rule->file);
    }
    t->counts[TAILOR_MODIFY] += changed;
    return !t->texts[0].failed && !t->texts[1].failed;
}

/* A rule that is silent only prepares others; what its author wants to be an alert stays one. */
static bool may_drop(struct tailor *t, const struct facts *f)
{
    if (f->silent) {
        t->silent++;
        return false;
    }
    if (facts_metadata(f, STR_LIT("deployment"), STR_LIT("alert_only"))) {
        t->alert_only++;
        return false;
    }
    return true;
}

static bool drop_rule(struct tailor *t, struct tailor_rule *rule, const struct facts *f)
{
    struct line *by_file = find_line(t, TAILOR_DROP, f);
    struct line *by_policy = rule->enabled ? find_line(t, TAILOR_POLICY, f) : NULL;
    struct line *by = by_file ? by_file : by_policy;
    struct line *protects = find_line(t, TAILOR_PROTECT, f);
    if (!by || !rule->enabled || !str_starts(rule->text, STR_LIT("alert ")) || !may_drop(t, f))
        return true;
    if (protects) {
        did(t, protects);
        return true;
    }
    struct buf *out = other_text(t, rule);
    buf_add_c(out, "drop ");
    buf_add(out, str_from(rule->text, sizeof "alert " - 1));
    if (out->failed)
        return false;
    rule->text = buf_str(out);
    did(t, by);
    return true;
}

bool tailor_apply(struct tailor *t, struct tailor_rule *rule)
{
    struct facts f;
    const struct tailor_rule before = *rule;
    sort_sids(t);
    rule->text = str_trim(rule->text);
    facts_read(&f, rule->text, rule->file);
    switch_rule(t, rule, &f);
    if (modify_rule(t, rule, &f) && drop_rule(t, rule, &f))
        return true;
    *rule = before;
    return false;
}

/* ---- the report ---- */

static const char *const did_what[TAILOR_KINDS] = {
    [TAILOR_DISABLE] = "switched off",
    [TAILOR_ENABLE] = "switched on",
    [TAILOR_MODIFY] = "changed",
    [TAILOR_DROP] = "from alert to drop",
    [TAILOR_POLICY] = "from alert to drop",
    [TAILOR_PROTECT] = "kept from becoming drop",
};

static void report_sum(const struct tailor *t, tailor_say_fn say, void *owner)
{
    char text[ERR_TEXT_BYTES];
    const uint32_t *n = t->counts;
    snprintf(text, sizeof text,
             "rules as this place wants them: %u switched off, %u switched on, %u changed; from "
             "alert to drop %u by drop.conf, %u by the policy; not made drop: %u by never-drop, %u "
             "marked alert_only, %u without an alert",
             n[TAILOR_DISABLE], n[TAILOR_ENABLE], n[TAILOR_MODIFY], n[TAILOR_DROP],
             n[TAILOR_POLICY], n[TAILOR_PROTECT], t->alert_only, t->silent);
    say(owner, false, text);
}

static void report_line(const struct line *l, tailor_say_fn say, void *owner)
{
    char text[ERR_TEXT_BYTES];
    int len = snprintf(text, sizeof text, "%s:%u: %.120s: ", l->file, l->number, l->text);
    if (len < 0 || (size_t)len >= sizeof text)
        len = 0;
    if (l->problem)
        snprintf(text + len, sizeof text - (size_t)len, "not understood: %s", l->problem);
    else if (l->gave_up)
        snprintf(text + len, sizeof text - (size_t)len,
                 "fits %u rules, %u %s; at %u the expression took too long", l->fits, l->changed,
                 did_what[l->kind], l->gave_up);
    else if (l->fits)
        snprintf(text + len, sizeof text - (size_t)len, "fits %u rules, %u %s", l->fits, l->changed,
                 did_what[l->kind]);
    else
        snprintf(text + len, sizeof text - (size_t)len, "no rule fits");
    say(owner, l->problem || l->gave_up || !l->fits, text);
}

void tailor_report(const struct tailor *t, bool all, tailor_say_fn say, void *owner)
{
    uint32_t told[TAILOR_KINDS] = {0};
    if (!t->lines.count)
        return;
    report_sum(t, say, owner);
    for (size_t i = 0; i < t->lines.count; i++) {
        const struct line *l = vec_at(&t->lines, i);
        bool odd = l->problem || l->gave_up || !l->fits;
        if (all || odd || told[l->kind]++ < TAILOR_TOLD_MAX)
            report_line(l, say, owner);
    }
}
