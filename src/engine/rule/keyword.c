/* Finds the row of an option's name; a name without a row may still be a field that a parser publishes: bytes are then a
 * sticky buffer, numbers are compared. */
#include "engine/rule/keyword.h"

static const struct keyword_family *const families[] = {
    &keywords_content,
    &keywords_flow,
    &keywords_meta,
};

int keywords_init(struct rule_loader *l)
{
    for (size_t f = 0; f < ARRAY_COUNT(families); f++)
        for (size_t i = 0; i < families[f]->count; i++) {
            union {
                const void *in;
                void *out;
            } row = {.in = &families[f]->rows[i]};
            if (map_put(&l->keywords, str_c(families[f]->rows[i].name), row.out) < 0)
                return -1;
        }
    return 0;
}

static int apply_field(struct build *b, struct str name, struct str value, bool has_value)
{
    uint32_t id = build_field(b, name);
    if (id == FIELD_NONE)
        return -1;
    const struct field_entry *entry = &b->loader->names->fields->entries[id];
    if (entry->kind != FIELD_UINT)
        return has_value ? build_refuse(b, "it takes no value") : build_select(b, id, entry->multi);
    if (!has_value)
        return build_refuse(b, "a number is missing");
    struct rule_check *check = build_check(b, RULE_CHECK_FIELD_NUMBER);
    if (!check)
        return -1;
    check->field = id;
    return number_read(b, value, UINT64_MAX, NULL, &check->number);
}

int keyword_apply(struct build *b, struct str name, struct str value, bool has_value)
{
    b->keyword = loader_intern(b->loader, name);
    if (!b->keyword)
        return build_no_memory(b);
    const struct keyword *k = map_get(&b->loader->keywords, name);
    if (!k)
        return apply_field(b, name, value, has_value);
    if (k->value == KEYWORD_BARE && has_value && str_trim(value).len)
        return build_refuse(b, "it takes no value");
    if (k->value == KEYWORD_VALUE && !str_trim(value).len)
        return build_refuse(b, "its value is missing");
    return k->read(b, k, str_trim(value));
}
