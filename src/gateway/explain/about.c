/* rules explain: one rule in words. */
#include "gateway/explain/report.h"

#include "base/file.h"
#include "gateway/explain/phrase.h"
#include "gateway/explain/sheet.h"
#include "gateway/explain/words.h"

#include <stdio.h>

#define FILE_BYTES_MAX (256u << 20)
#define SETTERS_SHOWN 5

struct about {
    const struct explain_rules *r;
    const struct rule *rule;
    struct match_placement place;
    struct sheet sheet;
};

/* The action that stands in the file, where it is another one than in force: by drop.conf, modify.conf or the policy. */
static void action(struct about *a)
{
    struct buf text, *line = &a->sheet.line;
    struct err err;
    struct str word = STR_EMPTY;
    buf_add_c(line, words_action(a->rule->action));
    buf_init(&text, FILE_BYTES_MAX);
    if (file_read(a->rule->file, FILE_BYTES_MAX, &text, &err) == 0) {
        struct str rest = buf_str(&text), row = STR_EMPTY;
        for (uint32_t i = 0; i < a->rule->line && rest.p; i++)
            row = str_trim(str_split(&rest, '\n'));
        while (row.len && (row.p[0] == '#' || row.p[0] == ' '))
            row = str_from(row, 1);
        word = phrase_word(row, 0);
    }
    if (word.len && word.len < 16 && !str_starts(word, str_c(words_action(a->rule->action))))
        buf_printf(line, " (in the file: %.*s; changed by what this place has decided)",
                   (int)word.len, (const char *)word.p);
    buf_fini(&text);
    sheet_fact(&a->sheet, "action", "action");
}

static void header(struct about *a)
{
    const struct rule *rule = a->rule;
    struct buf *line = &a->sheet.line;
    words_l4(rule->l4, line);
    if (rule->ip_versions && rule->ip_versions != 3)
        buf_printf(line, ", IPv%d only", rule->ip_versions == 1 ? 4 : 6);
    if (rule->app_mask) {
        buf_add_c(line, ", protocol ");
        words_protocols(rule->app_mask, line);
    }
    sheet_fact(&a->sheet, "protocol", "protocol");
    words_addresses(rule->src, line);
    buf_add_c(line, ", ");
    words_ports(rule->src_ports, line);
    sheet_fact(&a->sheet, "from", "from");
    words_addresses(rule->dst, line);
    buf_add_c(line, ", ");
    words_ports(rule->dst_ports, line);
    sheet_fact(&a->sheet, "to", rule->bidirectional ? "and back" : "to");
    words_flow(&rule->flow, line);
    sheet_fact(&a->sheet, "flow", "flow");
    buf_add_c(line, words_dirs(rule->dirs));
    sheet_fact(&a->sheet, "direction", "direction");
}

static void looks(struct about *a)
{
    struct buf *line = &a->sheet.line;
    const struct match_placement *p = &a->place;
    if (p->never)
        buf_add_c(line, "never: more buffers than can be remembered");
    else if (p->by_event)
        buf_add_c(line, "only when its event happens");
    else if (p->ip_only)
        buf_add_c(line, "once for each flow and direction: addresses and ports alone");
    else if (p->protocol_only)
        buf_add_c(line, "once for each direction, when the protocol is known");
    else if (p->looks == LOOK_TX)
        buf_printf(line, "each transaction, as it grows%s",
                   p->mixed ? "; its payload part before, at packets and stream" : "");
    else
        buf_printf(line, "%s%s%s", p->looks & LOOK_STREAM ? "the stream of bytes" : "",
                   p->looks == (LOOK_STREAM | LOOK_PACKET) ? ", and packets beside it" : "",
                   p->looks == LOOK_PACKET ? "each packet" : "");
    sheet_fact(&a->sheet, "looked_at", "looked at");
}

static bool deals_with(const struct rule_check *list, bool acts, uint32_t bit,
                       enum rule_check_kind kind)
{
    for (const struct rule_check *c = list; c; c = c->next) {
        bool wanted = acts ? c->bits.op == RULE_BIT_SET || c->bits.op == RULE_BIT_TOGGLE
                           : c->bits.op == RULE_BIT_ISSET || c->bits.op == RULE_BIT_ISNOTSET;
        for (uint8_t i = 0; c->kind == kind && wanted && i < c->bits.count; i++)
            if (c->bits.ids[i] == bit)
                return true;
    }
    return false;
}

/* " (set by sid 1, sid 2)": the other rules that set the bit, or ask for it. */
static void others(struct about *a, const struct rule_check *c, bool setters)
{
    const struct rule_set *set = match_image_rules(a->r->image);
    struct buf *line = &a->sheet.line;
    uint32_t found = 0;
    for (uint32_t i = 0; i < set->count; i++) {
        const struct rule *r = set->rules[i];
        bool does = false;
        for (uint8_t k = 0; k < c->bits.count; k++)
            does |= deals_with(setters ? r->acts : r->checks, setters, c->bits.ids[k], c->kind);
        if (!does || r == a->rule)
            continue;
        if (found < SETTERS_SHOWN)
            buf_printf(line, "%s sid %u",
                       found     ? ","
                       : setters ? "; set by"
                                 : "; asked by",
                       r->sid);
        found++;
    }
    if (found > SETTERS_SHOWN)
        buf_printf(line, " and %u more", found - SETTERS_SHOWN);
    if (!found)
        buf_add_c(line, setters ? "; no rule sets it" : "; no rule asks for it");
}

static bool is_bit(const struct rule_check *c)
{
    return c->kind == RULE_CHECK_FLOWBITS || c->kind == RULE_CHECK_XBITS ||
           c->kind == RULE_CHECK_HOSTBITS;
}

static void conditions(struct about *a)
{
    struct buf *line = &a->sheet.line;
    unsigned number = 1;
    sheet_list(&a->sheet, "conditions", "conditions, in the order in which they are asked:");
    buf_printf(line, "%u. protocol, addresses, ports, direction and flow fit", number++);
    sheet_line(&a->sheet, 2);
    for (const struct rule_check *c = a->rule->checks; c; c = c->next) {
        buf_printf(line, "%u. ", number++);
        words_check(a->r, a->rule, c, line);
        if (is_bit(c) && c->bits.op == RULE_BIT_ISSET)
            others(a, c, true);
        sheet_line(&a->sheet, 2);
    }
    for (const struct rule_buffer *b = a->rule->buffers; b; b = b->next) {
        buf_printf(line, "%u. in ", number++);
        words_buffer(a->r, b, line);
        buf_add_byte(line, ':');
        sheet_line(&a->sheet, 2);
        for (const struct rule_item *i = b->items; i; i = i->next) {
            words_item(a->r, i, line);
            sheet_line(&a->sheet, 7);
        }
    }
    sheet_list_end(&a->sheet);
}

static void literal(struct about *a, const struct match_literal *l)
{
    static const char *const kinds[] = {[SCAN_PACKET] = "of packets",
                                        [SCAN_STREAM] = "of the stream",
                                        [SCAN_ACCEPTED] = "of packets that the stream has taken in",
                                        [SCAN_TX] = "of transactions"};
    struct buf *line = &a->sheet.line;
    buf_add_byte(line, '"');
    words_bytes(l->bytes, WORDS_BYTES_MAX, line);
    buf_printf(line, "\"%s in ", l->nocase ? " (any case)" : "");
    words_buffer(a->r, l->buffer, line);
    buf_printf(line, ", %s %s", kinds[l->kind], words_dirs(l->dirs));
    if (l->kind == SCAN_PACKET) {
        buf_add_c(line, ", ");
        words_l4(l->l4, line);
    }
    if (l->near && l->low == l->high)
        buf_printf(line, ", at byte %u only", l->low);
    else if (l->near)
        buf_printf(line, ", beginning at byte %u to %u", l->low, l->high);
    buf_printf(line, ": one of %u literals there", l->patterns);
    if (l->sharing > 1)
        buf_printf(line, "; %u rules hang on it", l->sharing);
    sheet_line(&a->sheet, 2);
}

static void prefilter(struct about *a)
{
    const struct match_placement *p = &a->place;
    struct buf *line = &a->sheet.line;
    sheet_list(&a->sheet, "prefilter", "who brings it up:");
    for (uint32_t i = 0; i < p->literal_count; i++)
        literal(a, &p->literals[i]);
    if (p->groups_walked) {
        buf_printf(line, "no literal: asked of each %s in %u of %u groups of ports",
                   p->ip_only || p->protocol_only ? "flow" : "packet", p->groups_walked, p->groups);
        sheet_line(&a->sheet, 2);
    }
    for (enum dir dir = 0; dir < DIR_COUNT; dir++) {
        if (!p->walked_protos[dir])
            continue;
        buf_add_c(line, "no literal: asked of each transaction of ");
        words_protocols(p->walked_protos[dir], line);
        buf_printf(line, ", %s", words_dir(dir));
        sheet_line(&a->sheet, 2);
    }
    if (p->by_event) {
        buf_add_c(line, "its event, and nothing else: it costs nothing meanwhile");
        sheet_line(&a->sheet, 2);
    }
    sheet_list_end(&a->sheet);
}

static void after(struct about *a)
{
    struct buf *line = &a->sheet.line;
    const struct rule *rule = a->rule;
    sheet_list(&a->sheet, "after", "when it holds:");
    for (const struct rule_check *c = rule->acts; c; c = c->next) {
        words_act(a->r, c, line);
        if (is_bit(c))
            others(a, c, false);
        sheet_line(&a->sheet, 2);
    }
    for (const struct rule_threshold *t = rule->thresholds; t; t = t->next) {
        words_threshold(t, line);
        sheet_line(&a->sheet, 2);
    }
    if (rule->noalert)
        buf_add_c(line, "nothing is told (noalert)");
    else
        buf_printf(line, "an alert \"%s\", severity %u", rule->message, rule->priority);
    sheet_line(&a->sheet, 2);
    if (rule->action == RULE_DROP || rule->action == RULE_REJECT) {
        buf_printf(line, "inline: the packet is stopped%s",
                   a->place.looks == LOOK_PACKET ? "" : ", and all that follows in its flow");
        sheet_line(&a->sheet, 2);
    } else if (rule->action == RULE_PASS) {
        buf_add_c(line, "later rules neither tell nor stop");
        sheet_line(&a->sheet, 2);
    }
    sheet_list_end(&a->sheet);
}

static void title(struct about *a)
{
    const struct rule *rule = a->rule;
    struct buf *line = &a->sheet.line;
    struct phrase p = phrase_of(str_c(rule->text));
    sheet_number(&a->sheet, "sid", rule->sid);
    sheet_number(&a->sheet, "gid", rule->gid);
    sheet_number(&a->sheet, "rev", rule->rev);
    if (!a->sheet.is_json)
        buf_printf(a->sheet.out, "sid %u rev %u\n", rule->sid, rule->rev);
    buf_add_c(line, rule->message);
    sheet_fact(&a->sheet, "message", "message");
    buf_printf(line, "%s:%u", rule->file, rule->line);
    sheet_fact(&a->sheet, "place", "place");
    if (rule->class_name[0])
        buf_printf(line, "%s, ", rule->class_name);
    buf_printf(line, "priority %u; number %u of %u in the order of evaluation", rule->priority,
               rule->index + 1, match_image_rules(a->r->image)->count);
    sheet_fact(&a->sheet, "class", "class");
    buf_add(line, p.header);
    sheet_fact(&a->sheet, "header", "header");
}

int report_about(const struct explain_rules *r, const struct explain_options *o)
{
    struct about a = {.r = r, .rule = explain_find(r, o->gid, o->sid)};
    struct buf out;
    buf_init(&out, REPORT_BYTES_MAX);
    if (!a.rule) {
        explain_missing(r, o->sid, &out);
        fprintf(stderr, "%s: %s\n", o->program, buf_c(&out));
        buf_fini(&out);
        return 1;
    }
    match_image_place(r->image, a.rule, &a.place);
    sheet_begin(&a.sheet, &out, o->json);
    title(&a);
    action(&a);
    header(&a);
    looks(&a);
    conditions(&a);
    prefilter(&a);
    after(&a);
    sheet_end(&a.sheet);
    int rc = report_out(&out, o);
    buf_fini(&out);
    return rc < 0 ? EXIT_CONFIG : 0;
}
