/* Words of protocols with a grammar of their own. Their values' names are the parsers' (number_word of the field). */
#include "engine/rule/keyword.h"

#include <stdio.h>

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

/* ---- DCERPC ---- */

/* "12", "12-14" (both ends count); with a sign in front as any number: ">10". */
static int read_opnum(struct build *b, struct str piece, struct rule_number *out)
{
    ptrdiff_t dash = str_find_byte(piece, 0, '-');
    if (dash <= 0)
        return number_read(b, piece, UINT16_MAX, NULL, out);
    out->compare = RULE_IN;
    if (value_u64(b, str_cut(piece, 0, (size_t)dash), UINT16_MAX, &out->a) < 0 ||
        value_u64(b, str_from(piece, (size_t)dash + 1), UINT16_MAX, &out->b) < 0)
        return -1;
    return out->a <= out->b ? 0 : build_refuse(b, "the range is empty");
}

/* "12,24,62-78": one of them. */
static int read_opnums(struct build *b, const struct keyword *k, struct str value)
{
    struct rule_number *others;
    struct rule_check *check = listed(b, "dcerpc.opnum", &others);
    struct str piece;
    if (!check)
        return -1;
    while (value_next(&value, ',', &piece)) {
        if (check->other_count == LIST_MAX)
            return build_refuse(b, "more than %d values", LIST_MAX);
        if (read_opnum(b, piece, &others[check->other_count]) < 0)
            return -1;
        check->other_count++;
    }
    check->number = others[0];
    return check->other_count ? 0 : build_refuse(b, "a number is missing");
}

static bool hex_digit(uint8_t c, uint8_t *out)
{
    c = byte_lower(c);
    *out = (uint8_t)(c <= '9' ? c - '0' : c - 'a' + 10);
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

/* "367abb81-9844-35f1-ad32-98f038001003" */
static bool read_uuid(struct str text, uint8_t out[16])
{
    size_t digits = 0;
    if (text.len != 36)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t digit;
        if (i == 8 || i == 13 || i == 18 || i == 23) {
            if (text.p[i] != '-')
                return false;
            continue;
        }
        if (!hex_digit(text.p[i], &digit))
            return false;
        out[digits / 2] = (uint8_t)(digits % 2 ? out[digits / 2] | digit : digit << 4);
        digits++;
    }
    return true;
}

/* "UUID", "UUID,>1", "UUID,=1,any_frag" */
static int read_iface(struct build *b, const struct keyword *k, struct str value)
{
    uint32_t id = build_field(b, STR_LIT("dcerpc.iface"));
    struct rule_check *check = id == FIELD_NONE ? NULL : build_check(b, RULE_CHECK_DCERPC_IFACE);
    uint8_t *uuid = check ? arena_alloc(b->arena, 16) : NULL;
    struct str piece;
    if (!uuid)
        return b->reason ? -1 : build_no_memory(b);
    if (!value_next(&value, ',', &piece) || !read_uuid(piece, uuid))
        return build_refuse(b, "a UUID is expected");
    check->field = id;
    check->text = str_of(uuid, 16);
    check->number = (struct rule_number){.compare = RULE_GE, .a = 0}; /* any version */
    while (value_next(&value, ',', &piece)) {
        if (str_eq(piece, STR_LIT("any_frag"))) {
            check->any_fragment = true;
            continue;
        }
        if (!piece.len || !memchr("<>=!", piece.p[0], 4))
            return build_refuse(b, "a version like =1, or any_frag, is expected");
        if (number_read(b, piece, UINT16_MAX, NULL, &check->number) < 0)
            return -1;
    }
    return 0;
}

#define DCERPC(word, function)                                 \
    {                                                          \
        .name = word, .read = function, .value = KEYWORD_VALUE \
    }

/* ---- IKE ---- */

/* "alg_hash=2", "sa_key_length>128": each attribute is a field of its own. */
static int read_chosen(struct build *b, const struct keyword *k, struct str value)
{
    size_t end = 0;
    (void)k;
    while (end < value.len && value.p[end] != '=' && value.p[end] != '<' && value.p[end] != '>' &&
           value.p[end] != '!')
        end++;
    struct str name = str_trim(str_cut(value, 0, end)), number = str_from(value, end);
    char field[64];
    snprintf(field, sizeof field, "ike.sa.%.*s", (int)(name.len < 32 ? name.len : 32),
             (const char *)name.p);
    if (!name.len || field_find(b->loader->names->fields, str_c(field)) == FIELD_NONE)
        return build_refuse(b, "an attribute like alg_enc=7 is expected");
    uint32_t id = build_field(b, str_c(field));
    struct rule_check *check = id == FIELD_NONE ? NULL : build_check(b, RULE_CHECK_FIELD_NUMBER);
    if (!check)
        return b->reason ? -1 : build_no_memory(b);
    check->field = id;
    if (number.len && number.p[0] == '=')
        number = str_from(number, 1);
    return number_read(b, str_trim(number), UINT32_MAX, NULL, &check->number);
}

/* ---- DNP3 ---- */

/* "device_restart,need_time": any of these bits; a number is several at once. */
static int read_indications(struct build *b, const struct keyword *k, struct str value)
{
    uint32_t id = build_field(b, str_c(k->field));
    struct rule_check *check = id == FIELD_NONE ? NULL : build_check(b, RULE_CHECK_FIELD_NUMBER);
    struct str piece;
    uint64_t bits = 0;
    if (!check)
        return b->reason ? -1 : build_no_memory(b);
    check->field = id;
    while (value_next(&value, ',', &piece)) {
        struct rule_number number;
        if (number_read(b, piece, UINT16_MAX, b->loader->names->fields->entries[id].words,
                        &number) < 0)
            return -1;
        if (number.compare != RULE_EQ)
            return build_refuse(b, "names of bits, or numbers, are expected");
        bits |= number.a;
    }
    check->number = (struct rule_number){.compare = RULE_MASK_NOT_SET, .a = bits, .b = 0};
    return 0;
}

/* "60,2": group and variation. */
static int read_object(struct build *b, const struct keyword *k, struct str value)
{
    uint32_t id = build_field(b, str_c(k->field));
    struct rule_check *check = id == FIELD_NONE ? NULL : build_check(b, RULE_CHECK_FIELD_NUMBER);
    struct str group, variation, more;
    uint64_t high, low;
    if (!check)
        return b->reason ? -1 : build_no_memory(b);
    if (!value_next(&value, ',', &group) || !value_next(&value, ',', &variation) ||
        value_next(&value, ',', &more))
        return build_refuse(b, "a group and a variation like 60,2 are expected");
    if (value_u64(b, group, UINT8_MAX, &high) < 0 || value_u64(b, variation, UINT8_MAX, &low) < 0)
        return -1;
    check->field = id;
    check->number = (struct rule_number){.compare = RULE_EQ, .a = high << 8 | low};
    return 0;
}

#define DNP3(word, function, of)                                            \
    {                                                                       \
        .name = word, .read = function, .value = KEYWORD_VALUE, .field = of \
    }

/* ---- EtherNet/IP ---- */

#define CIP_PARTS_MAX 3

/* "14", "14,1", "14,1,7": a service, its class, and its attribute, all of one message. */
static int read_cip_service(struct build *b, const struct keyword *k, struct str value)
{
    static const struct {
        uint64_t max;
        unsigned shift;
    } parts[CIP_PARTS_MAX] = {{0x7f, 0}, {UINT16_MAX, 8}, {UINT16_MAX, 32}};
    static const uint64_t masks[CIP_PARTS_MAX] = {0xff, 0xffffffff, UINT64_MAX};
    uint32_t id = build_field(b, str_c(k->field));
    struct rule_check *check = id == FIELD_NONE ? NULL : build_check(b, RULE_CHECK_FIELD_NUMBER);
    struct str piece;
    size_t count = 0;
    uint64_t wanted = 0, number;
    if (!check)
        return b->reason ? -1 : build_no_memory(b);
    while (value_next(&value, ',', &piece)) {
        if (count == CIP_PARTS_MAX)
            return build_refuse(b, "a service, a class and an attribute are expected");
        if (value_u64(b, piece, parts[count].max, &number) < 0)
            return -1;
        wanted |= number << parts[count++].shift;
    }
    if (!count)
        return build_refuse(b, "a service is missing");
    check->field = id;
    check->number =
        (struct rule_number){.compare = RULE_MASK_SET, .a = masks[count - 1], .b = wanted};
    return 0;
}

/* The older name of a number. */
static int read_number(struct build *b, const struct keyword *k, struct str value)
{
    uint32_t id = build_field(b, str_c(k->field));
    struct rule_check *check = id == FIELD_NONE ? NULL : build_check(b, RULE_CHECK_FIELD_NUMBER);
    if (!check)
        return -1;
    check->field = id;
    return number_read(b, value, UINT64_MAX, b->loader->names->fields->entries[id].words,
                       &check->number);
}

static const struct keyword rows[] = {
    DCERPC("dcerpc.iface", read_iface),
    DCERPC("dce_iface", read_iface),
    DCERPC("dcerpc.opnum", read_opnums),
    DCERPC("dce_opnum", read_opnums),
    DNP3("dnp3.ind", read_indications, "dnp3.ind"),
    DNP3("dnp3_ind", read_indications, "dnp3.ind"),
    DNP3("dnp3.obj", read_object, "dnp3.obj"),
    DNP3("dnp3_obj", read_object, "dnp3.obj"),
    {.name = "cip_service",
     .read = read_cip_service,
     .value = KEYWORD_VALUE,
     .field = "enip.cip_service"},
    {.name = "mqtt.connack.return_code",
     .read = read_number,
     .value = KEYWORD_VALUE,
     .field = "mqtt.reason_code"},
    {.name = "ike.chosen_sa_attribute", .read = read_chosen, .value = KEYWORD_VALUE},
    {.name = "krb5.ticket_encryption", .read = read_encryption, .value = KEYWORD_VALUE},
};

const struct keyword_family keywords_proto = {rows, ARRAY_COUNT(rows)};
