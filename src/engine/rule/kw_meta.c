/* What a rule says of itself: msg, sid, classtype, reference, metadata ... */
#include "engine/rule/keyword.h"

#define PRIORITY_MAX 255

enum number_word_kind { SID, GID, REV };

static int read_msg(struct build *b, const struct keyword *k, struct str value)
{
    if (b->rule->message)
        return build_refuse(b, "msg stands twice");
    if (value_unquote(b, &value, NULL) < 0)
        return -1;
    char *text = arena_alloc(b->arena, value.len + 1);
    if (!text)
        return build_no_memory(b);
    size_t len = 0;
    for (size_t i = 0; i < value.len; i++) {
        bool escape =
            value.p[i] == '\\' && i + 1 < value.len && memchr(";:\"\\", value.p[i + 1], 4);
        i += escape;
        text[len++] = (char)value.p[i];
    }
    text[len] = 0;
    b->rule->message = text;
    return 0;
}

static int read_number(struct build *b, const struct keyword *k, struct str value)
{
    uint32_t *into = k->kind == SID   ? &b->rule->sid
                     : k->kind == GID ? &b->rule->gid
                                      : &b->rule->rev;
    uint64_t number;
    if (b->seen >> k->kind & 1)
        return build_refuse(b, "%s stands twice", k->name);
    b->seen |= UINT64_C(1) << k->kind;
    if (value_unquote(b, &value, NULL) < 0 || value_u64(b, value, UINT32_MAX, &number) < 0)
        return -1;
    if (k->kind == SID && number == 0)
        return build_refuse(b, "sid is 0");
    *into = (uint32_t)number;
    return 0;
}

static int read_classtype(struct build *b, const struct keyword *k, struct str value)
{
    if (b->rule->class_name)
        return build_refuse(b, "classtype stands twice");
    const struct rule_class *class = map_get(&b->loader->classes, value);
    b->rule->class_name = class ? class->name : loader_intern(b->loader, value);
    b->rule->class_text = class ? class->text : "";
    if (class && !b->has_priority)
        b->rule->priority = class->priority;
    return b->rule->class_name ? 0 : build_no_memory(b);
}

static int read_priority(struct build *b, const struct keyword *k, struct str value)
{
    uint64_t number;
    if (b->has_priority)
        return build_refuse(b, "priority stands twice");
    if (value_u64(b, value, PRIORITY_MAX, &number) < 0)
        return -1;
    if (number == 0)
        return build_refuse(b, "the priority must be 1 to %d", PRIORITY_MAX);
    b->has_priority = true;
    b->rule->priority = (uint32_t)number;
    return 0;
}

static int read_reference(struct build *b, const struct keyword *k, struct str value)
{
    struct str id = value;
    struct str system = str_trim(str_split(&id, ','));
    id = str_trim(id);
    if (!id.len || !system.len)
        return build_refuse(b, "\"reference:system,id\" is expected");
    struct rule_pair *pair = vec_push(&b->references);
    if (!pair)
        return build_no_memory(b);
    char lower[32];
    for (size_t i = 0; i < system.len && i < sizeof lower; i++)
        lower[i] = (char)byte_lower(system.p[i]);
    bool whole = str_find(id, 0, STR_LIT("://")) >= 0; /* it says how to reach it itself */
    const char *prefix = system.len < sizeof lower && !whole
                             ? map_get(&b->loader->references, str_of(lower, system.len))
                             : NULL;
    pair->key = loader_intern(b->loader, system);
    pair->value =
        arena_printf(b->arena, "%s%.*s", prefix ? prefix : "", (int)id.len, (const char *)id.p);
    return pair->key && pair->value ? 0 : build_no_memory(b);
}

static int read_metadata(struct build *b, const struct keyword *k, struct str value)
{
    struct str piece;
    while (value_next(&value, ',', &piece)) {
        if (!piece.len)
            continue;
        struct str key = value_word(&piece);
        struct rule_pair *pair = vec_push(&b->metadata);
        if (!pair)
            return build_no_memory(b);
        pair->key = loader_intern(b->loader, key);
        pair->value = loader_intern(b->loader, piece);
        if (!pair->key || !pair->value)
            return build_no_memory(b);
    }
    return 0;
}

static int read_target(struct build *b, const struct keyword *k, struct str value)
{
    bool source = str_eq_nocase(value, STR_LIT("src_ip"));
    if (!source && !str_eq_nocase(value, STR_LIT("dest_ip")))
        return build_refuse(b, "target is src_ip or dest_ip");
    b->rule->target = source ? RULE_TARGET_SRC : RULE_TARGET_DST;
    return 0;
}

static int read_noalert(struct build *b, const struct keyword *k, struct str value)
{
    b->rule->noalert = k->kind;
    return 0;
}

static int read_prefilter(struct build *b, const struct keyword *k, struct str value)
{
    b->rule->prefilter = true;
    return 0;
}

static const struct keyword rows[] = {
    {.name = "msg", .read = read_msg, .value = KEYWORD_VALUE},
    {.name = "sid", .read = read_number, .value = KEYWORD_VALUE, .kind = SID},
    {.name = "gid", .read = read_number, .value = KEYWORD_VALUE, .kind = GID},
    {.name = "rev", .read = read_number, .value = KEYWORD_VALUE, .kind = REV},
    {.name = "classtype", .read = read_classtype, .value = KEYWORD_VALUE},
    {.name = "priority", .read = read_priority, .value = KEYWORD_VALUE},
    {.name = "reference", .read = read_reference, .value = KEYWORD_VALUE},
    {.name = "metadata", .read = read_metadata, .value = KEYWORD_MAY},
    {.name = "target", .read = read_target, .value = KEYWORD_VALUE},
    {.name = "noalert", .read = read_noalert, .value = KEYWORD_BARE, .kind = 1},
    {.name = "alert", .read = read_noalert, .value = KEYWORD_BARE, .kind = 0},
    {.name = "prefilter", .read = read_prefilter, .value = KEYWORD_BARE},
};

const struct keyword_family keywords_meta = {rows, ARRAY_COUNT(rows)};
