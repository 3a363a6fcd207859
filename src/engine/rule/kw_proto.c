/* Words of protocols with a grammar of their own. Their values' names are the parsers' (number_word of the field). */
#include "engine/rule/keyword.h"

#define LIST_MAX 16

/* A check of the field with room for LIST_MAX further values. */
static struct rule_check *listed(struct build *b, const char *name, struct rule_number **others)
{
    uint32_t id = build_field(b, str_c(name));
    struct rule_check *check = id == FIELD_NONE ? NULL : build_check(b, RULE_CHECK_FIELD_NUMBER);
    *others = check ? arena_alloc(b->arena, LIST_MAX * sizeof **others) : NULL;
    if (!*others) {
        if (!b->reason)
            build_no_memory(b);
        return NULL;
    }
    check->field = id;
    check->others = *others;
    return check;
}

static int add_value(struct build *b, struct rule_check *check, struct rule_number *others,
                     uint64_t value)
{
    const struct rule_number number = {.compare = RULE_EQ, .a = value};
    if (check->other_count == LIST_MAX)
        return build_refuse(b, "more than %d values", LIST_MAX);
    others[check->other_count++] = number;
    check->number = others[0];
    return 0;
}

/* RFC 8429 and RFC 6649: whatever is not AES or Camellia. */
static int read_weak(struct build *b, struct rule_check *check, struct rule_number *others,
                     bool weak)
{
    static const uint64_t strong[] = {17, 18, 19, 20, 25, 26};
    for (size_t i = 0; i < ARRAY_COUNT(strong); i++)
        if (add_value(b, check, others, strong[i]) < 0)
            return -1;
    check->negated = weak;
    return 0;
}

/* "weak", "!weak", or types by number or name: "23", "rc4-hmac,des-cbc-md5", "1 2 3". */
static int read_encryption(struct build *b, const struct keyword *k, struct str value)
{
    struct rule_number *others;
    struct rule_check *check = listed(b, k->name, &others);
    if (!check)
        return -1;
    if (str_eq(value, STR_LIT("weak")) || str_eq(value, STR_LIT("!weak")))
        return read_weak(b, check, others, value.p[0] != '!');
    const struct number_word *words = b->loader->names->fields->entries[check->field].words;
    struct str piece;
    while (value_next(&value, ',', &piece))
        while (piece.len) {
            struct str one = value_word(&piece);
            const struct number_word *w = words;
            while (w->name && !str_eq_nocase(one, str_c(w->name)))
                w++;
            int64_t number = 0;
            if (!w->name && value_i64(b, one, INT32_MIN, INT32_MAX, &number) < 0)
                return -1;
            if (add_value(b, check, others, w->name ? w->number : (uint64_t)number) < 0)
                return -1;
        }
    return check->other_count ? 0 : build_refuse(b, "a type of encryption is missing");
}

static const struct keyword rows[] = {
    {.name = "krb5.ticket_encryption", .read = read_encryption, .value = KEYWORD_VALUE},
};

const struct keyword_family keywords_proto = {rows, ARRAY_COUNT(rows)};
