/* Words of HTTP/2 and WebSocket with a grammar of their own. Their values' names are the parsers' (number_word of the field). */
#include "engine/rule/keyword.h"

/* "SETTINGS_ENABLE_PUSH=0", "SETTINGS_HEADER_TABLE_SIZE>4096": the field has the setting's number in its upper half. */
static int read_http2_settings(struct build *b, const struct keyword *k, struct str value)
{
    uint32_t id = build_field(b, str_c(k->name));
    struct rule_check *check = id == FIELD_NONE ? NULL : build_check(b, RULE_CHECK_FIELD_NUMBER);
    size_t end = 0;
    if (!check || value_unquote(b, &value, NULL) < 0)
        return -1;
    while (end < value.len && !memchr(" =<>!", value.p[end], 5))
        end++;
    const struct number_word *w = b->loader->names->fields->entries[id].words;
    while (w->name && !str_eq_nocase(str_c(w->name), str_cut(value, 0, end)))
        w++;
    if (!w->name)
        return build_refuse(b, "a name of a setting is expected");
    uint64_t low = w->number << 32, high = low | UINT32_MAX;
    struct rule_number *n = &check->number;
    check->field = id;
    if (end == value.len) {
        *n = (struct rule_number){.compare = RULE_IN, .a = low, .b = high};
        return 0;
    }
    if (number_read(b, str_from(value, end), UINT32_MAX, NULL, n) < 0)
        return -1;
    uint64_t a = low | n->a, top = low | n->b;
    switch (n->compare) {
    case RULE_EQ: *n = (struct rule_number){.compare = RULE_EQ, .a = a}; return 0;
    case RULE_GT: *n = (struct rule_number){.compare = RULE_IN, .a = a + 1, .b = high}; break;
    case RULE_GE: *n = (struct rule_number){.compare = RULE_IN, .a = a, .b = high}; break;
    case RULE_LT: *n = (struct rule_number){.compare = RULE_IN, .a = low, .b = a - 1}; break;
    case RULE_LE: *n = (struct rule_number){.compare = RULE_IN, .a = low, .b = a}; break;
    case RULE_IN: *n = (struct rule_number){.compare = RULE_IN, .a = a, .b = top}; break;
    case RULE_NE:
    case RULE_NOT_IN:
    case RULE_MASK_SET:
    case RULE_MASK_NOT_SET: return build_refuse(b, "a setting is compared with =, <, >, <= or >=");
    }
    return n->a <= n->b ? 0 : build_refuse(b, "no value is so small or so large");
}

/* "fin,!comp", or a number as any other. */
static int read_websocket_flags(struct build *b, const struct keyword *k, struct str value)
{
    static const struct number_word words[] = {{"fin", 0x80}, {"comp", 0x40}, {NULL, 0}};
    uint32_t id = build_field(b, str_c(k->name));
    struct rule_check *check = id == FIELD_NONE ? NULL : build_check(b, RULE_CHECK_FIELD_NUMBER);
    struct str piece;
    if (!check || value_unquote(b, &value, NULL) < 0)
        return -1;
    check->field = id;
    struct rule_number *n = &check->number;
    uint8_t second = value.len > 1 ? byte_lower(value.p[1]) : 0;
    bool named = value.len && ((byte_lower(value.p[0]) >= 'a' && byte_lower(value.p[0]) <= 'z') ||
                               (value.p[0] == '!' && second >= 'a' && second <= 'z'));
    if (!named)
        return number_read(b, value, UINT8_MAX, NULL, n);
    *n = (struct rule_number){.compare = RULE_MASK_SET};
    while (value_next(&value, ',', &piece)) {
        bool negated = piece.len && piece.p[0] == '!';
        const struct number_word *w = words;
        while (w->name && !str_eq_nocase(str_c(w->name), str_from(piece, negated)))
            w++;
        if (!w->name)
            return build_refuse(b, "fin and comp are known");
        n->a |= w->number;
        n->b |= negated ? 0 : w->number;
    }
    return 0;
}

static const struct keyword rows[] = {
    {.name = "websocket.flags", .read = read_websocket_flags, .value = KEYWORD_VALUE},
    {.name = "http2.settings", .read = read_http2_settings, .value = KEYWORD_VALUE},
};

const struct keyword_family keywords_web = {rows, ARRAY_COUNT(rows)};
