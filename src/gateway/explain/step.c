/* What was asked and what was there, as one line each. */
#include "gateway/explain/trail.h"

#include "gateway/explain/words.h"

#include <stdio.h>
#include <stdlib.h>

#define LINE_BYTES 4096
#define EXCERPT_BYTES 32

static char *line_take(struct buf *line)
{
    char *text = line->failed ? str_dup(STR_LIT("(too long to be told)")) : str_dup(buf_str(line));
    buf_fini(line);
    return text;
}

static void excerpt(struct str bytes, size_t from, size_t to, struct buf *out)
{
    struct str part = str_cut(bytes, from, to);
    if (!part.len)
        return;
    buf_add_c(out, ": \"");
    words_bytes(part, EXCERPT_BYTES, out);
    buf_add_byte(out, '"');
}

/* ---- checks ---- */

static bool packet_number(const struct match_note *n, uint64_t *out)
{
    const struct packet *p = n->view->packet;
    switch ((int)n->check->kind) {
    case RULE_CHECK_DSIZE: *out = p->payload.len; return true;
    case RULE_CHECK_TTL: *out = p->ttl; return true;
    case RULE_CHECK_TOS: *out = p->tos; return true;
    case RULE_CHECK_IP_ID: *out = p->ip_id; return true;
    case RULE_CHECK_IP_PROTO: *out = p->ip_proto; return true;
    case RULE_CHECK_SEQ: *out = p->tcp.seq; return p->l4 == PACKET_L4_TCP;
    case RULE_CHECK_ACK: *out = p->tcp.ack; return p->l4 == PACKET_L4_TCP;
    case RULE_CHECK_WINDOW: *out = p->tcp.window; return p->l4 == PACKET_L4_TCP;
    case RULE_CHECK_TCP_FLAGS: *out = p->tcp.flags; return p->l4 == PACKET_L4_TCP;
    case RULE_CHECK_ITYPE: *out = p->icmp_type; return true;
    case RULE_CHECK_ICODE: *out = p->icmp_code; return true;
    case RULE_CHECK_ICMP_ID: *out = p->icmp_id; return true;
    case RULE_CHECK_ICMP_SEQ: *out = p->icmp_seq; return true;
    case RULE_CHECK_VLAN_LAYERS: *out = p->vlan_count; return true;
    default: return false;
    }
}

static bool field_number(const struct trail *t, const struct match_note *n, uint64_t *out)
{
    const struct field_table *fields = engine_vocabulary_fields(t->rules->words);
    uint32_t id = n->check->kind == RULE_CHECK_FILESIZE ? field_find(fields, STR_LIT("file.size"))
                                                        : n->check->field;
    bool asks = n->check->kind == RULE_CHECK_FIELD_NUMBER ||
                n->check->kind == RULE_CHECK_FIELD_NOW || n->check->kind == RULE_CHECK_FILESIZE;
    if (!asks || !n->tx || id >= fields->count)
        return false;
    const struct field_desc *f = fields->entries[id].of_proto[n->tx->proto];
    enum dir dir = n->view->dir;
    if (f && !(f->dirs & DIR_BIT(dir)))
        dir = dir_other(dir);
    return f && f->number && n->tx->progress[dir] >= f->ready_at[dir] &&
           f->number(n->tx, dir, 0, out);
}

char *step_check(const struct trail *t, const struct match_note *n)
{
    struct buf line;
    uint64_t number;
    buf_init(&line, LINE_BYTES);
    words_check(t->rules, t->rule, n->check, &line);
    if (packet_number(n, &number) || field_number(t, n, &number))
        buf_printf(&line,
                   n->check->kind == RULE_CHECK_TCP_FLAGS ? " (it has 0x%02llx)" : " (it is %llu)",
                   (unsigned long long)number);
    else if (n->check->kind == RULE_CHECK_FLOWBITS && n->answer == ANSWER_NO)
        buf_add_c(&line, n->check->bits.op == RULE_BIT_ISNOTSET ? " (it is set)" : " (it is not)");
    return line_take(&line);
}

char *step_missing(const struct trail *t, const struct match_note *n)
{
    struct buf line;
    buf_init(&line, LINE_BYTES);
    words_buffer(t->rules, n->buffer, &line);
    buf_add_c(&line, n->answer == ANSWER_YES     ? " is not there, as wanted"
                     : n->answer == ANSWER_LATER ? " is not there yet"
                                                 : " is not there");
    return line_take(&line);
}

/* The value of a field in hand, before transforms. */
static bool field_bytes(struct trail *t, const struct match_note *n, uint32_t id, struct str *out)
{
    const struct field_table *fields = engine_vocabulary_fields(t->rules->words);
    const struct field_desc *f =
        n->tx && id < fields->count ? fields->entries[id].of_proto[n->tx->proto] : NULL;
    enum dir dir = n->view->dir;
    struct field_window window = {.bytes = STR_EMPTY};
    if (!f || !(f->dirs & DIR_BIT(dir)) || n->tx->progress[dir] < f->ready_at[dir])
        return false;
    arena_reset(&t->scratch);
    if (f->kind == FIELD_BYTES)
        return f->bytes && f->bytes(n->tx, dir, 0, &t->scratch, out);
    bool there = f->kind == FIELD_WINDOW && f->window && f->window(n->tx, dir, 0, &window);
    *out = window.bytes;
    return there;
}

char *step_scanned(struct trail *t, const struct match_note *n)
{
    struct match_placement p;
    struct buf line;
    struct str bytes = n->payload;
    buf_init(&line, LINE_BYTES);
    match_image_place(t->rules->image, t->rule, &p);
    const struct rule_buffer *b = p.literal_count ? p.literals[0].buffer : NULL;
    bool field = b && b->buffer < RULE_BUFFER_FIRST;
    bool there = !field || field_bytes(t, n, b->buffer, &bytes);
    if (b)
        words_buffer(t->rules, b, &line);
    buf_printf(&line, there ? " had %zu bytes" : " was not there", bytes.len);
    if (there)
        excerpt(bytes, 0, bytes.len, &line);
    return line_take(&line);
}

/* ---- items ---- */

static void found_content(const struct match_note *n, const struct rule_content *c, size_t end,
                          struct buf *out)
{
    size_t begin = end >= c->bytes.len ? end - c->bytes.len : 0;
    buf_printf(out, ", found at %llu", (unsigned long long)(n->value_offset + begin));
    excerpt(n->value, begin, end, out);
}

static void held(const struct match_note *n, const struct rule_item *item, uint32_t i,
                 struct buf *out)
{
    size_t before = n->ends[i], end = n->ends[i + 1];
    if (item->kind == RULE_CONTENT && !item->content.negated)
        found_content(n, &item->content, end, out);
    else if (item->kind == RULE_PCRE && !item->pcre.negated) {
        buf_printf(out, ", found up to %llu", (unsigned long long)(n->value_offset + end));
        excerpt(n->value, end > EXCERPT_BYTES ? end - EXCERPT_BYTES : 0, end, out);
    } else if (end != before)
        buf_printf(out, ", goes on at %llu", (unsigned long long)(n->value_offset + end));
    else if (item->kind == RULE_BSIZE)
        buf_printf(out, " (it is %zu)", n->value.len);
}

static void not_found(const struct match_note *n, const struct rule_content *c, struct buf *out)
{
    unsigned long long base = n->value_offset;
    struct str in = str_cut(n->value, 0, n->to);
    ptrdiff_t at =
        c->nocase ? str_find_nocase(in, n->from, c->bytes) : str_find(in, n->from, c->bytes);
    if (c->negated && at >= 0) {
        found_content(n, c, (size_t)at + c->bytes.len, out);
    } else if (n->to < n->from + c->bytes.len) {
        buf_printf(out,
                   ", no room for it: it has to lie from %llu on and to end at %llu at the latest",
                   base + n->from, base + n->to);
    } else {
        buf_printf(out, ", looked for in %llu to %llu", base + n->from, base + n->to);
        excerpt(n->value, n->from, n->to, out);
        at = c->nocase ? str_find_nocase(n->value, 0, c->bytes) : str_find(n->value, 0, c->bytes);
        if (at >= 0 && !c->negated)
            buf_printf(out, "; it lies at %llu", base + (unsigned long long)at);
    }
}

static void failed(const struct match_note *n, const struct rule_item *item, struct buf *out)
{
    if (item->kind == RULE_CONTENT)
        not_found(n, &item->content, out);
    else if (item->kind == RULE_BSIZE)
        buf_printf(out, " (it is %zu)", n->value.len);
    else if (item->kind != RULE_ABSENT) {
        buf_printf(out, ", asked from %llu on", (unsigned long long)(n->value_offset + n->from));
        excerpt(n->value, n->from, n->value.len, out);
    }
}

void step_value(struct trail *t, const struct match_note *n, step_add_fn add)
{
    uint32_t i = 0;
    for (const struct rule_item *item = n->buffer->items;
         item && i <= n->reached && i < NOTE_ITEMS_MAX; item = item->next, i++) {
        struct buf line;
        bool holds = i < n->reached;
        buf_init(&line, LINE_BYTES);
        words_buffer(t->rules, n->buffer, &line);
        buf_printf(&line, " (%zu bytes): ", n->value.len);
        words_item(t->rules, item, &line);
        if (holds)
            held(n, item, i, &line);
        else
            failed(n, item, &line);
        add(t, holds ? ANSWER_YES : ANSWER_NO, line_take(&line));
    }
}
