/* content and the words that change the content before them; isdataat, bsize, absent. */
#include "engine/rule/keyword.h"

#include "base/text.h"

#define DISTANCE_MAX 1048576
#define OFFSET_MAX 65535

/* Bytes of "ab|63 64|\;": text, hex between bars, backslash before ; : " and itself. */
static int content_bytes(struct build *b, struct str s, struct str *out)
{
    uint8_t *p = arena_alloc(b->arena, s.len + 1);
    if (!p)
        return build_no_memory(b);
    size_t len = 0;
    bool hex = false;
    int high = -1;
    for (size_t i = 0; i < s.len; i++) {
        uint8_t c = s.p[i];
        if (c == '|') {
            if (high >= 0)
                return build_refuse(b, "half a hex byte");
            hex = !hex;
        } else if (hex) {
            int digit = text_hex_digit(c);
            if (digit < 0 && c != ' ')
                return build_refuse(b, "a foreign character between |bars|");
            if (digit >= 0 && high >= 0)
                p[len++] = (uint8_t)(high << 4 | digit);
            if (digit >= 0)
                high = high >= 0 ? -1 : digit;
        } else if (c == '\\') {
            if (++i == s.len || !memchr(";:\"\\", s.p[i], 4))
                return build_refuse(b, "\\ may only stand before ; : \" \\");
            p[len++] = s.p[i];
        } else {
            p[len++] = c;
        }
    }
    if (hex)
        return build_refuse(b, "a | is missing");
    if (len == 0)
        return build_refuse(b, "the content is empty");
    *out = str_of(p, len);
    return 0;
}

int value_content(struct build *b, struct str value, struct str *bytes)
{
    return value_unquote(b, &value, NULL) < 0 ? -1 : content_bytes(b, value, bytes);
}

static int add_content(struct build *b, struct str value, struct rule_buffer *into)
{
    bool negated;
    struct str bytes;
    bool quoted = memchr(value.p, '"', value.len) != NULL;
    if (value_unquote(b, &value, &negated) < 0)
        return -1;
    if (!quoted)
        return build_refuse(b, "it must stand in quotation marks");
    if (content_bytes(b, value, &bytes) < 0)
        return -1;
    struct rule_item *item =
        into ? build_item_in(b, into, RULE_CONTENT) : build_item(b, RULE_CONTENT);
    if (!item)
        return -1;
    const struct rule_value none = {.variable = -1};
    item->content = (struct rule_content){
        .bytes = bytes,
        .negated = negated,
        .depth = none,
        .offset = none,
        .distance = none,
        .within = none,
    };
    return 0;
}

static int read_content(struct build *b, const struct keyword *k, struct str value)
{
    return add_content(b, value, NULL);
}

static int read_uricontent(struct build *b, const struct keyword *k, struct str value)
{
    uint32_t id = build_field(b, str_c(k->field));
    if (id == FIELD_NONE)
        return -1;
    struct rule_buffer *into = build_buffer(b, id);
    return into ? add_content(b, value, into) : -1;
}

/* The content that a modifier changes. */
static struct rule_content *content_before(struct build *b)
{
    if (b->last_content)
        return &b->last_content->content;
    build_refuse(b, "it must follow a content");
    return NULL;
}

static int read_nocase(struct build *b, const struct keyword *k, struct str value)
{
    struct rule_content *c = content_before(b);
    if (!c)
        return -1;
    if (c->nocase)
        return build_refuse(b, "nocase stands twice");
    uint8_t *lower = arena_alloc(b->arena, c->bytes.len);
    if (!lower)
        return build_no_memory(b);
    for (size_t i = 0; i < c->bytes.len; i++)
        lower[i] = byte_lower(c->bytes.p[i]);
    c->bytes.p = lower;
    c->nocase = true;
    return 0;
}

static int read_rawbytes(struct build *b, const struct keyword *k, struct str value)
{
    return content_before(b) ? 0 : -1;
}

enum place { DEPTH, OFFSET, DISTANCE, WITHIN };

/* depth, offset, distance, within: one of each, and those from the beginning do not mix with those from the last match. */
static int read_place(struct build *b, const struct keyword *k, struct str value)
{
    struct rule_content *c = content_before(b);
    if (!c)
        return -1;
    struct {
        bool *has, other;
        struct rule_value *value;
        int64_t min, max;
    } places[] = {
        [DEPTH] = {&c->has_depth, c->relative, &c->depth, 1, OFFSET_MAX},
        [OFFSET] = {&c->has_offset, c->relative, &c->offset, 0, OFFSET_MAX},
        [DISTANCE] = {&c->has_distance, c->has_depth || c->has_offset, &c->distance, -DISTANCE_MAX,
                      DISTANCE_MAX},
        [WITHIN] = {&c->has_within, c->has_depth || c->has_offset, &c->within, 1, DISTANCE_MAX},
    };
    if (*places[k->kind].has)
        return build_refuse(b, "it stands twice for one content");
    if (c->starts)
        return build_refuse(b, "it cannot be used with startswith");
    if (places[k->kind].other)
        return build_refuse(b, "places from the beginning and from the last match are mixed");
    if (value_read(b, value, places[k->kind].min, places[k->kind].max, places[k->kind].value) < 0)
        return -1;
    *places[k->kind].has = true;
    c->relative = c->has_distance || c->has_within;
    bool too_small =
        c->depth.variable < 0 && c->has_depth && (uint64_t)c->depth.number < c->bytes.len;
    bool too_near =
        c->within.variable < 0 && c->has_within && (uint64_t)c->within.number < c->bytes.len;
    if (too_small || too_near)
        return build_refuse(b, "%s is smaller than the content", too_small ? "depth" : "within");
    return 0;
}

static int read_startswith(struct build *b, const struct keyword *k, struct str value)
{
    struct rule_content *c = content_before(b);
    if (!c)
        return -1;
    if (c->starts || c->has_depth || c->has_offset || c->relative)
        return build_refuse(b, "startswith cannot be used with depth, offset, distance or within");
    c->starts = true;
    return 0;
}

static int read_endswith(struct build *b, const struct keyword *k, struct str value)
{
    struct rule_content *c = content_before(b);
    if (!c)
        return -1;
    if (c->ends)
        return build_refuse(b, "endswith stands twice");
    c->ends = true;
    return 0;
}

static int read_chop(struct build *b, struct rule_content *c, struct str value)
{
    struct str rest = value;
    uint64_t offset, len;
    if (value_u64(b, str_split(&rest, ','), OFFSET_MAX, &offset) < 0 ||
        value_u64(b, rest, OFFSET_MAX, &len) < 0)
        return -1;
    if (len == 0 || offset + len > c->bytes.len)
        return build_refuse(b, "the piece lies outside the content");
    c->chop_offset = (uint16_t)offset;
    c->chop_len = (uint16_t)len;
    return 0;
}

static int read_fast_pattern(struct build *b, const struct keyword *k, struct str value)
{
    struct rule_content *c = content_before(b);
    if (!c)
        return -1;
    for (const struct rule_buffer *buffer = b->rule->buffers; buffer; buffer = buffer->next)
        for (const struct rule_item *item = buffer->items; item; item = item->next)
            if (item->kind == RULE_CONTENT && item->content.fast_pattern)
                return build_refuse(b, "fast_pattern stands twice");
    bool placed = c->relative || c->has_depth || c->has_offset;
    c->fast_pattern = true;
    c->fast_pattern_only = str_eq(value, STR_LIT("only"));
    if (c->negated && (placed || value.len))
        return build_refuse(
            b, "a negated content with a place or a choice cannot be the fast pattern");
    if (c->fast_pattern_only && placed)
        return build_refuse(b, "fast_pattern:only and places cannot be mixed");
    return value.len && !c->fast_pattern_only ? read_chop(b, c, value) : 0;
}

static int read_isdataat(struct build *b, const struct keyword *k, struct str value)
{
    struct rule_isdataat at = {.negated = value.p[0] == '!'};
    struct str piece, rest = at.negated ? str_from(value, 1) : value;
    struct str number = str_trim(str_split(&rest, ','));
    if (value_read(b, number, 0, OFFSET_MAX, &at.at) < 0)
        return -1;
    while (value_next(&rest, ',', &piece)) {
        at.relative |= str_eq(piece, STR_LIT("relative"));
        if (!str_eq(piece, STR_LIT("relative")) && !str_eq(piece, STR_LIT("rawbytes")))
            return build_refuse(b, "only relative and rawbytes may follow");
    }
    struct rule_item *item = build_item_near(b, RULE_ISDATAAT, at.relative);
    if (item)
        item->isdataat = at;
    return item ? 0 : -1;
}

static int read_bsize(struct build *b, const struct keyword *k, struct str value)
{
    struct rule_number size;
    if (!b->sticky_chosen)
        return build_refuse(b, "it must follow a sticky buffer");
    if (number_read(b, value, UINT64_MAX, NULL, &size) < 0)
        return -1;
    struct rule_item *item = build_item(b, RULE_BSIZE);
    if (item)
        item->size = size;
    return item ? 0 : -1;
}

static int read_absent(struct build *b, const struct keyword *k, struct str value)
{
    bool or_else = str_eq(value, STR_LIT("or_else"));
    if (value.len && !or_else)
        return build_refuse(b, "only or_else may follow");
    if (!b->sticky_chosen || b->buffer)
        return build_refuse(b, "it must follow the name of a sticky buffer");
    struct rule_item *item = build_item(b, RULE_ABSENT);
    if (item)
        item->or_else = or_else;
    return item ? 0 : -1;
}

/* "urilen:>20,norm": length of the normalized URI, or with raw of the URI as it came. */
static int read_urilen(struct build *b, const struct keyword *k, struct str value)
{
    struct rule_number size;
    struct str kind = value;
    struct str number = str_split(&kind, ',');
    kind = str_trim(kind);
    if (kind.len && !str_eq_nocase(kind, STR_LIT("norm")) && !str_eq_nocase(kind, STR_LIT("raw")))
        return build_refuse(b, "only norm and raw may follow");
    if (number_read(b, number, UINT16_MAX, NULL, &size) < 0)
        return -1;
    uint32_t id =
        build_field(b, str_c(str_eq_nocase(kind, STR_LIT("raw")) ? "http.uri.raw" : k->field));
    struct rule_buffer *into = id == FIELD_NONE ? NULL : build_buffer(b, id);
    struct rule_item *item = into ? build_item_in(b, into, RULE_BSIZE) : NULL;
    if (item)
        item->size = size;
    return item ? 0 : -1;
}

static const struct keyword rows[] = {
    {.name = "content", .read = read_content, .value = KEYWORD_VALUE},
    {.name = "uricontent", .read = read_uricontent, .value = KEYWORD_VALUE, .field = "http.uri"},
    {.name = "nocase", .read = read_nocase},
    {.name = "rawbytes", .read = read_rawbytes},
    {.name = "depth", .read = read_place, .value = KEYWORD_VALUE, .kind = DEPTH},
    {.name = "offset", .read = read_place, .value = KEYWORD_VALUE, .kind = OFFSET},
    {.name = "distance", .read = read_place, .value = KEYWORD_VALUE, .kind = DISTANCE},
    {.name = "within", .read = read_place, .value = KEYWORD_VALUE, .kind = WITHIN},
    {.name = "startswith", .read = read_startswith},
    {.name = "endswith", .read = read_endswith},
    {.name = "fast_pattern", .read = read_fast_pattern, .value = KEYWORD_MAY},
    {.name = "isdataat", .read = read_isdataat, .value = KEYWORD_VALUE},
    {.name = "bsize", .read = read_bsize, .value = KEYWORD_VALUE},
    {.name = "absent", .read = read_absent, .value = KEYWORD_MAY},
    {.name = "urilen", .read = read_urilen, .value = KEYWORD_VALUE, .field = "http.uri"},
};

const struct keyword_family keywords_content = {rows, ARRAY_COUNT(rows)};
