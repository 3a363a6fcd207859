/* Finds the row of an option's name; a name without a row may still be a field that a parser publishes: bytes are then a
 * sticky buffer, numbers are compared. */
#include "engine/rule/keyword.h"

static const struct keyword_family *const families[] = {
    &keywords_content,   &keywords_pcre,       &keywords_byte,      &keywords_flow,
    &keywords_bits,      &keywords_packet,     &keywords_field,     &keywords_file,
    &keywords_transform, &keywords_meta,       &keywords_threshold, &keywords_app,
    &keywords_dataset,   &keywords_other,      &keywords_tls,       &keywords_proto,
    &keywords_web,       &keywords_reputation, &keywords_country,   &keywords_modbus,
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

/* "http_request_line" is the older form of "http.request_line", and so are many. */
static uint32_t find_field(struct build *b, struct str name)
{
    const struct field_table *fields = b->loader->names->fields;
    uint32_t id = field_find(fields, name);
    ptrdiff_t at = str_find_byte(name, 0, '_');
    char dotted[64];
    if (id != FIELD_NONE || at < 0 || name.len > sizeof dotted)
        return id;
    memcpy(dotted, name.p, name.len);
    dotted[at] = '.';
    return field_find(fields, str_of(dotted, name.len));
}

/* "http.content_type:to_client": of that side, whichever is in hand. */
static int keyword_side(struct build *b, uint32_t id, struct str value)
{
    const struct field_entry *entry = &b->loader->names->fields->entries[id];
    bool up = str_eq(value, STR_LIT("to_server"));
    if (entry->dirs != DIR_BOTH)
        return build_refuse(b, "it takes no value");
    if (!up && !str_eq(value, STR_LIT("to_client")))
        return build_refuse(b, "to_server or to_client is expected");
    b->sticky_side = (uint8_t)(1 + (up ? DIR_TOSERVER : DIR_TOCLIENT));
    return 0;
}

/* What stands behind a number that a transaction may have several of: ",any", ",all", ",0" (the first), ",-1" (the last). */
static int read_which(struct build *b, struct rule_check *check, struct str *value)
{
    struct str which = *value;
    struct str number = str_split(&which, ',');
    int64_t place = 0;
    which = str_trim(which);
    if (!which.p)
        return 0;
    *value = number;
    if (str_eq(which, STR_LIT("any")))
        return 0;
    if (str_eq(which, STR_LIT("all"))) {
        check->which = RULE_WHICH_ALL;
        return 0;
    }
    check->which = RULE_WHICH_ONE;
    if (value_i64(b, which, INT32_MIN, INT32_MAX, &place) < 0)
        return -1;
    check->place = (int32_t)place;
    return 0;
}

static int apply_field(struct build *b, struct str name, struct str value, bool has_value)
{
    uint32_t id = find_field(b, name);
    if (id == FIELD_NONE)
        return keyword_foreign(b, name, value);
    const struct field_entry *entry = &b->loader->names->fields->entries[id];
    if (entry->kind != FIELD_UINT) {
        if (build_select(b, id, entry->multi) < 0)
            return -1;
        return has_value ? keyword_side(b, id, str_trim(value)) : 0;
    }
    if (!has_value)
        return build_refuse(b, "a number is missing");
    struct rule_check *check = build_check(b, RULE_CHECK_FIELD_NUMBER);
    if (!check)
        return -1;
    check->field = id;
    if (entry->words_are_bits)
        return number_read_bits(b, value, entry->words, &check->number);
    if (entry->multi && read_which(b, check, &value) < 0)
        return -1;
    return number_read(b, value, UINT64_MAX, entry->words, &check->number);
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
