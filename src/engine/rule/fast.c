/* Which content the prefilter looks for first.
 *
 * What the rule says (fast_pattern) counts before everything. Otherwise, as Suricata's documentation describes it: contents
 * that are not negated; the buffer with the better priority; the longer; the more various ("pattern strength"); the earlier.
 * A content in a buffer whose absence would also do (absent:or_else) cannot be asked for, nor one in decoded base64, which
 * exists only once the items before it have held. */
#include "engine/rule/build.h"

struct choice {
    struct rule_buffer *buffer;
    struct rule_item *item;
    unsigned priority, len, strength;
};

/* 4 for a byte that is seen often in protocols, 3 for a letter, 6 for others; 1 when seen before. */
static unsigned strength(struct str s)
{
    bool seen[256] = {false};
    unsigned sum = 0;
    for (size_t i = 0; i < s.len; i++) {
        uint8_t c = s.p[i], lower = byte_lower(c);
        bool letter = lower >= 'a' && lower <= 'z';
        bool usual = (c >= 0x20 && c < 0x7f) || c == 0 || c == 1 || c == 0xff;
        sum += seen[c] ? 1 : letter ? 3 : usual ? 4 : 6;
        seen[c] = true;
    }
    return sum;
}

static bool usable(const struct rule_buffer *buffer)
{
    if (buffer->buffer == RULE_BUFFER_BASE64)
        return false;
    for (const struct rule_item *i = buffer->items; i; i = i->next)
        if (i->kind == RULE_ABSENT)
            return false;
    return true;
}

static bool better(const struct choice *a, const struct choice *b)
{
    if (!b->item)
        return true;
    if (a->priority != b->priority)
        return a->priority < b->priority;
    if (a->len != b->len)
        return a->len > b->len;
    return a->strength > b->strength;
}

static void consider(struct choice *best, struct rule_buffer *buffer, struct rule_item *item)
{
    const struct rule_content *c = &item->content;
    if (c->negated)
        return;
    struct str bytes = c->chop_len
                           ? str_cut(c->bytes, c->chop_offset, (size_t)c->chop_offset + c->chop_len)
                           : c->bytes;
    struct choice choice = {
        .buffer = buffer,
        .item = item,
        .priority = c->fast_pattern                       ? 0
                    : buffer->buffer >= RULE_BUFFER_FIRST ? 3
                                                          : 2,
        .len = (unsigned)bytes.len,
        .strength = strength(bytes),
    };
    if (better(&choice, best))
        *best = choice;
}

void rule_choose_fast(struct rule *rule)
{
    struct choice best = {0};
    for (struct rule_buffer *buffer = rule->buffers; buffer; buffer = buffer->next)
        if (usable(buffer))
            for (struct rule_item *i = buffer->items; i; i = i->next)
                if (i->kind == RULE_CONTENT)
                    consider(&best, buffer, i);
    if (best.item)
        best.buffer->fast = best.item;
}
