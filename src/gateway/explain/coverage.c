/* rules coverage: which words the rules use, and how many rules with each are usable. */
#include "gateway/explain/report.h"

#include "base/json.h"
#include "gateway/explain/phrase.h"

#include <stdio.h>
#include <stdlib.h>

#define SHOWN_USUAL 40

/* How often a word stands in rules, each rule counted once. */
struct tally {
    struct str word;
    uint32_t rules, usable;
    uint32_t refused_by; /* rules that are not usable because of this word */
    uint32_t last;       /* number of the rule that was counted last */
};

struct coverage {
    struct arena memory;
    struct vec keywords, protocols;     /* struct tally */
    struct map by_keyword, by_protocol; /* -> place + 1 */
    uint32_t number;
    uint32_t usable, refused;
};

static struct tally *tally_of(struct coverage *c, struct vec *list, struct map *by_word,
                              struct str word)
{
    uintptr_t place = (uintptr_t)map_get(by_word, word);
    if (place)
        return vec_at(list, place - 1);
    struct tally *t = vec_push(list);
    struct str kept = t ? arena_copy(&c->memory, word) : STR_EMPTY;
    if (!kept.p || map_put(by_word, kept, (void *)(uintptr_t)list->count) < 0)
        return NULL;
    t->word = kept;
    return t;
}

static int count_word(struct coverage *c, struct tally *t, bool usable)
{
    if (!t)
        return -1;
    if (t->last != c->number) {
        t->rules++;
        t->usable += usable;
    }
    t->last = c->number;
    return 0;
}

static int count_rule(struct coverage *c, const char *text, bool usable)
{
    struct phrase p = phrase_of(str_c(text));
    struct phrase_option o;
    struct str protocol = phrase_word(p.header, 1);
    c->number++;
    if (!protocol.len)
        return 0;
    if (count_word(c, tally_of(c, &c->protocols, &c->by_protocol, protocol), usable) < 0)
        return -1;
    while (phrase_next(&p, &o))
        if (o.name.len &&
            count_word(c, tally_of(c, &c->keywords, &c->by_keyword, o.name), usable) < 0)
            return -1;
    return 0;
}

static int count_refusal(struct coverage *c, const struct rule_refused *f)
{
    if (!f->keyword[0])
        return 0;
    struct tally *t = tally_of(c, &c->keywords, &c->by_keyword, str_c(f->keyword));
    if (!t)
        return -1;
    t->refused_by++;
    return 0;
}

static int gather(struct coverage *c, const struct rule_set *set)
{
    int rc = 0;
    c->usable = set->count;
    for (uint32_t i = 0; rc == 0 && i < set->count; i++)
        rc = count_rule(c, set->rules[i]->text, true);
    for (uint32_t i = 0; rc == 0 && i < set->refused_count; i++) {
        rc = count_rule(c, set->refused[i].text, false);
        c->refused++;
        if (rc == 0)
            rc = count_refusal(c, &set->refused[i]);
    }
    return rc;
}

static int by_rules(const void *a, const void *b)
{
    const struct tally *x = a, *y = b;
    return x->rules != y->rules ? (x->rules < y->rules ? 1 : -1) : str_cmp(x->word, y->word);
}

static void say_tally(const struct vec *list, const char *title, size_t shown, struct buf *out)
{
    buf_printf(out, "\n%-28s %8s %8s %8s\n", title, "rules", "usable", "refused");
    for (size_t i = 0; i < list->count; i++) {
        const struct tally *t = vec_at(list, i);
        bool whole = t->usable == t->rules && !t->refused_by;
        if (i >= shown && whole)
            continue;
        buf_printf(out, "%-28.*s %8u %8u", (int)t->word.len, (const char *)t->word.p, t->rules,
                   t->usable);
        if (t->refused_by)
            buf_printf(out, " %8u", t->refused_by);
        buf_add_byte(out, '\n');
    }
    if (list->count > shown)
        buf_printf(out, "(%zu words; beyond the first %zu only those that refuse: -v shows all)\n",
                   list->count, shown);
}

static void write_tally(const struct vec *list, const char *key, struct json *j)
{
    json_array(j, key);
    for (size_t i = 0; i < list->count; i++) {
        const struct tally *t = vec_at(list, i);
        json_object(j, NULL);
        json_bytes(j, "word", t->word);
        json_uint(j, "rules", t->rules);
        json_uint(j, "usable", t->usable);
        json_uint(j, "refused_by", t->refused_by);
        json_end_object(j);
    }
    json_end_array(j);
}

static void write_report(struct coverage *c, const struct explain_options *o, struct buf *out)
{
    struct json j;
    uint32_t all = c->usable + c->refused;
    if (!o->json) {
        size_t shown = o->verbose ? SIZE_MAX : SHOWN_USUAL;
        buf_printf(out, "%u of %u rules are usable (%.2f %%)\n", c->usable, all,
                   all ? 100.0 * c->usable / all : 0.0);
        say_tally(&c->protocols, "protocol", shown, out);
        say_tally(&c->keywords, "keyword", shown, out);
        return;
    }
    json_init(&j, out);
    json_object(&j, NULL);
    json_uint(&j, "rules", all);
    json_uint(&j, "usable", c->usable);
    write_tally(&c->protocols, "protocols", &j);
    write_tally(&c->keywords, "keywords", &j);
    json_end_object(&j);
    buf_add_byte(out, '\n');
}

int report_coverage(const struct explain_rules *r, const struct explain_options *o)
{
    struct coverage c = {.number = 0};
    struct buf out;
    arena_init(&c.memory, 64u << 10, 0);
    vec_init(&c.keywords, sizeof(struct tally));
    vec_init(&c.protocols, sizeof(struct tally));
    map_init(&c.by_keyword, 0);
    map_init(&c.by_protocol, 0);
    buf_init(&out, REPORT_BYTES_MAX);
    if (gather(&c, match_image_rules(r->image)) < 0)
        out.failed = true;
    if (c.keywords.count)
        qsort(c.keywords.items, c.keywords.count, sizeof(struct tally), by_rules);
    if (c.protocols.count)
        qsort(c.protocols.items, c.protocols.count, sizeof(struct tally), by_rules);
    write_report(&c, o, &out);
    int rc = report_out(&out, o);
    buf_fini(&out);
    map_fini(&c.by_keyword);
    map_fini(&c.by_protocol);
    vec_fini(&c.keywords);
    vec_fini(&c.protocols);
    arena_fini(&c.memory);
    return rc < 0 ? EXIT_CONFIG : 0;
}
