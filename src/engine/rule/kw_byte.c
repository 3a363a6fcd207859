/* byte_test, byte_jump, byte_extract, byte_math: numbers taken from the buffer; base64_decode. */
#include "engine/rule/keyword.h"

#define OFFSET_MAX 65535
#define BYTES_BINARY_MAX 8
#define BYTES_TEXT_MAX 23

enum { TEST = 1, JUMP = 2, EXTRACT = 4, MATH = 8 };

struct options {
    struct rule_byte *byte;
    uint8_t word; /* which of the four */
    bool text;
};

static int option_relative(struct build *b, struct options *o, struct str value)
{
    o->byte->relative = true;
    return 0;
}

static int option_big(struct build *b, struct options *o, struct str value)
{
    o->byte->little_endian = false;
    return 0;
}

static int option_little(struct build *b, struct options *o, struct str value)
{
    o->byte->little_endian = true;
    return 0;
}

static int option_dce(struct build *b, struct options *o, struct str value)
{
    o->byte->dce = true;
    return 0;
}

static int option_hex(struct build *b, struct options *o, struct str value)
{
    o->byte->base = 16;
    return 0;
}

static int option_dec(struct build *b, struct options *o, struct str value)
{
    o->byte->base = 10;
    return 0;
}

static int option_oct(struct build *b, struct options *o, struct str value)
{
    o->byte->base = 8;
    return 0;
}

static int option_string(struct build *b, struct options *o, struct str value)
{
    o->text = true;
    if (str_eq(value, STR_LIT("hex")))
        o->byte->base = 16;
    else if (str_eq(value, STR_LIT("oct")))
        o->byte->base = 8;
    else if (!value.len || str_eq(value, STR_LIT("dec")))
        o->byte->base = o->byte->base ? o->byte->base : 10;
    else
        return build_refuse(b, "string is hex, dec or oct");
    return 0;
}

static int option_endian(struct build *b, struct options *o, struct str value)
{
    o->byte->little_endian = str_eq(value, STR_LIT("little"));
    o->byte->dce = str_eq(value, STR_LIT("dce"));
    if (!o->byte->little_endian && !o->byte->dce && !str_eq(value, STR_LIT("big")))
        return build_refuse(b, "endian is big, little or dce");
    return 0;
}

static int option_align(struct build *b, struct options *o, struct str value)
{
    uint64_t align = 4;
    if (value.len && value_u64(b, value, 4, &align) < 0)
        return -1;
    if (align != 2 && align != 4)
        return build_refuse(b, "align is 2 or 4");
    o->byte->align = true;
    o->byte->extract_align = (uint8_t)align;
    return 0;
}

static int option_multiplier(struct build *b, struct options *o, struct str value)
{
    uint64_t multiplier;
    if (value_u64(b, value, OFFSET_MAX, &multiplier) < 0)
        return -1;
    if (multiplier == 0)
        return build_refuse(b, "the multiplier is 0");
    o->byte->multiplier = (uint32_t)multiplier;
    return 0;
}

static int option_from_beginning(struct build *b, struct options *o, struct str value)
{
    o->byte->from_beginning = true;
    return 0;
}

static int option_from_end(struct build *b, struct options *o, struct str value)
{
    o->byte->from_end = true;
    return 0;
}

static int option_post_offset(struct build *b, struct options *o, struct str value)
{
    return value_i64(b, value, -OFFSET_MAX, OFFSET_MAX, &o->byte->post_offset);
}

static int option_bitmask(struct build *b, struct options *o, struct str value)
{
    return value_u64(b, value, UINT64_MAX, &o->byte->bitmask);
}

static int option_bytes(struct build *b, struct options *o, struct str value)
{
    return value_read(b, value, 1, BYTES_TEXT_MAX, &o->byte->bytes);
}

static int option_offset(struct build *b, struct options *o, struct str value)
{
    return value_read(b, value, -OFFSET_MAX, OFFSET_MAX, &o->byte->offset);
}

static int option_rvalue(struct build *b, struct options *o, struct str value)
{
    return value_read(b, value, 0, UINT32_MAX, &o->byte->value);
}

static int option_result(struct build *b, struct options *o, struct str value)
{
    int variable = variable_new(b, value);
    o->byte->result = (int8_t)variable;
    return variable < 0 ? -1 : 0;
}

static int option_oper(struct build *b, struct options *o, struct str value)
{
    static const struct {
        const char *sign;
        enum rule_byte_op op;
    } signs[] = {{"+", RULE_OP_PLUS},   {"-", RULE_OP_MINUS},       {"*", RULE_OP_MULTIPLY},
                 {"/", RULE_OP_DIVIDE}, {"<<", RULE_OP_SHIFT_LEFT}, {">>", RULE_OP_SHIFT_RIGHT}};
    for (size_t i = 0; i < ARRAY_COUNT(signs); i++)
        if (str_eq(value, str_c(signs[i].sign))) {
            o->byte->op = signs[i].op;
            return 0;
        }
    return build_refuse(b, "oper is one of + - * / << >>");
}

static const struct option_row {
    const char *name;
    int (*read)(struct build *b, struct options *o, struct str value);
    uint8_t words;
} option_rows[] = {
    {"relative", option_relative, TEST | JUMP | EXTRACT | MATH},
    {"big", option_big, TEST | JUMP | EXTRACT},
    {"little", option_little, TEST | JUMP | EXTRACT},
    {"dce", option_dce, TEST | JUMP | EXTRACT | MATH},
    {"hex", option_hex, TEST | JUMP | EXTRACT},
    {"dec", option_dec, TEST | JUMP | EXTRACT},
    {"oct", option_oct, TEST | JUMP | EXTRACT},
    {"string", option_string, TEST | JUMP | EXTRACT | MATH},
    {"bitmask", option_bitmask, TEST | JUMP | EXTRACT | MATH},
    {"align", option_align, JUMP | EXTRACT},
    {"multiplier", option_multiplier, JUMP | EXTRACT},
    {"from_beginning", option_from_beginning, JUMP},
    {"from_end", option_from_end, JUMP},
    {"post_offset", option_post_offset, JUMP},
    {"endian", option_endian, MATH},
    {"bytes", option_bytes, MATH},
    {"offset", option_offset, MATH},
    {"oper", option_oper, MATH},
    {"rvalue", option_rvalue, MATH},
    {"result", option_result, MATH},
};

static int read_option(struct build *b, struct options *o, struct str piece)
{
    struct str value = piece;
    struct str name = value_word(&value);
    for (size_t i = 0; i < ARRAY_COUNT(option_rows); i++)
        if (option_rows[i].words & o->word && str_eq(name, str_c(option_rows[i].name)))
            return option_rows[i].read(b, o, value);
    return build_refuse(b, "the option \"%.*s\" is not known", (int)(name.len < 40 ? name.len : 40),
                        name.p ? (const char *)name.p : "");
}

static int read_options(struct build *b, struct options *o, struct str rest)
{
    struct str piece;
    while (value_next(&rest, ',', &piece))
        if (read_option(b, o, piece) < 0)
            return -1;
    return 0;
}

/* What holds for all four once their options are known. */
static int check(struct build *b, const struct options *o)
{
    const struct rule_byte *byte = o->byte;
    if (!o->text && byte->base)
        return build_refuse(b, "hex, dec and oct go with string");
    if (o->text && byte->dce)
        return build_refuse(b, "dce and string exclude each other");
    int64_t most = o->text ? BYTES_TEXT_MAX : BYTES_BINARY_MAX;
    if (byte->bytes.variable < 0 && byte->bytes.number > most)
        return build_refuse(b, "at most %lld bytes make a number", (long long)most);
    if (byte->bytes.variable < 0 && byte->bytes.number == 0 && !o->text && o->word == TEST)
        return build_refuse(b, "no byte makes no number");
    if (byte->from_beginning && byte->from_end)
        return build_refuse(b, "from_beginning and from_end exclude each other");
    return 0;
}

static int add(struct build *b, enum rule_item_kind kind, const struct options *o)
{
    if (check(b, o) < 0)
        return -1;
    struct rule_item *item = build_item_near(b, kind, o->byte->relative);
    if (item)
        item->byte = *o->byte;
    return item ? 0 : -1;
}

static int read_test_operator(struct build *b, struct rule_byte *byte, struct str sign)
{
    static const struct {
        const char *sign;
        enum rule_byte_op op;
    } signs[] = {{"<", RULE_OP_LT},  {">", RULE_OP_GT},  {"=", RULE_OP_EQ},  {"==", RULE_OP_EQ},
                 {"<=", RULE_OP_LE}, {">=", RULE_OP_GE}, {"&", RULE_OP_AND}, {"^", RULE_OP_OR}};
    byte->negated = sign.len && sign.p[0] == '!';
    if (byte->negated)
        sign = str_trim(str_from(sign, 1));
    if (byte->negated && !sign.len)
        sign = STR_LIT("=");
    for (size_t i = 0; i < ARRAY_COUNT(signs); i++)
        if (str_eq(sign, str_c(signs[i].sign))) {
            byte->op = signs[i].op;
            return 0;
        }
    return build_refuse(b, "the operator is one of < > = <= >= & ^, with or without !");
}

static const struct rule_value no_value = {.variable = -1};

static int read_byte_test(struct build *b, const struct keyword *k, struct str value)
{
    struct rule_byte byte = {.value = no_value, .result = -1};
    struct options o = {.byte = &byte, .word = TEST};
    struct str bytes, sign, number, offset;
    if (!value_next(&value, ',', &bytes) || !value_next(&value, ',', &sign) ||
        !value_next(&value, ',', &number) || !value_next(&value, ',', &offset))
        return build_refuse(b, "\"byte_test:bytes,operator,value,offset\" is expected");
    if (value_read(b, bytes, 0, BYTES_TEXT_MAX, &byte.bytes) < 0 ||
        read_test_operator(b, &byte, sign) < 0 ||
        value_read(b, number, 0, INT64_MAX, &byte.value) < 0 ||
        value_read(b, offset, INT32_MIN, INT32_MAX, &byte.offset) < 0 ||
        read_options(b, &o, value) < 0)
        return -1;
    return add(b, RULE_BYTE_TEST, &o);
}

static int read_byte_jump(struct build *b, const struct keyword *k, struct str value)
{
    struct rule_byte byte = {.value = no_value, .result = -1, .multiplier = 1};
    struct options o = {.byte = &byte, .word = JUMP};
    struct str bytes, offset;
    if (!value_next(&value, ',', &bytes) || !value_next(&value, ',', &offset))
        return build_refuse(b, "\"byte_jump:bytes,offset\" is expected");
    if (value_read(b, bytes, 0, BYTES_TEXT_MAX, &byte.bytes) < 0 ||
        value_read(b, offset, -OFFSET_MAX, OFFSET_MAX, &byte.offset) < 0 ||
        read_options(b, &o, value) < 0)
        return -1;
    return add(b, RULE_BYTE_JUMP, &o);
}

static int read_byte_extract(struct build *b, const struct keyword *k, struct str value)
{
    struct rule_byte byte = {.value = no_value, .result = -1, .multiplier = 1};
    struct options o = {.byte = &byte, .word = EXTRACT};
    struct str bytes, offset, name;
    if (!value_next(&value, ',', &bytes) || !value_next(&value, ',', &offset) ||
        !value_next(&value, ',', &name))
        return build_refuse(b, "\"byte_extract:bytes,offset,variable\" is expected");
    if (value_read(b, bytes, 1, BYTES_TEXT_MAX, &byte.bytes) < 0 ||
        value_read(b, offset, -OFFSET_MAX, OFFSET_MAX, &byte.offset) < 0 ||
        read_options(b, &o, value) < 0 || option_result(b, &o, name) < 0)
        return -1;
    return add(b, RULE_BYTE_EXTRACT, &o);
}

static int read_byte_math(struct build *b, const struct keyword *k, struct str value)
{
    static const char *const needed[] = {"bytes", "offset", "oper", "rvalue", "result"};
    struct rule_byte byte = {
        .value = no_value, .bytes = no_value, .offset = no_value, .result = -1};
    struct options o = {.byte = &byte, .word = MATH};
    struct str rest = value, piece;
    bool given[ARRAY_COUNT(needed)] = {false};
    while (value_next(&rest, ',', &piece)) {
        struct str name = value_word(&piece);
        for (size_t i = 0; i < ARRAY_COUNT(needed); i++)
            given[i] |= str_eq(name, str_c(needed[i]));
    }
    for (size_t i = 0; i < ARRAY_COUNT(needed); i++)
        if (!given[i])
            return build_refuse(b, "%s is missing", needed[i]);
    if (read_options(b, &o, value) < 0)
        return -1;
    if (byte.op == RULE_OP_DIVIDE && byte.value.variable < 0 && byte.value.number == 0)
        return build_refuse(b, "a division by 0");
    return add(b, RULE_BYTE_MATH, &o);
}

/* "bytes 300, offset 2, relative" */
static int read_base64_decode(struct build *b, const struct keyword *k, struct str value)
{
    struct rule_base64 base64 = {.mode = RULE_BASE64_RFC4648};
    struct str piece;
    while (value_next(&value, ',', &piece)) {
        struct str word = value_word(&piece);
        uint64_t number = 0;
        bool is_bytes = str_eq(word, STR_LIT("bytes"));
        if (str_eq(word, STR_LIT("relative"))) {
            base64.relative = true;
            continue;
        }
        if (!is_bytes && !str_eq(word, STR_LIT("offset")))
            return build_refuse(b, "only bytes, offset and relative may stand here");
        if (value_u64(b, piece, OFFSET_MAX, &number) < 0)
            return -1;
        *(is_bytes ? &base64.bytes : &base64.offset) = (uint32_t)number;
    }
    struct rule_item *item = build_item_near(b, RULE_BASE64_DECODE, base64.relative);
    if (item)
        item->base64 = base64;
    return item ? 0 : -1;
}

/* "bitstring_overflow, double_overflow, oversize_length 500, relative_offset 7": any of them */
static int read_asn1(struct build *b, const struct keyword *k, struct str value)
{
    struct rule_asn1 a = {0};
    struct str piece;
    bool placed = false;
    while (value_next(&value, ',', &piece)) {
        struct str word = value_word(&piece);
        int64_t number = 0;
        bool sized = str_eq(word, STR_LIT("oversize_length"));
        bool relative = str_eq(word, STR_LIT("relative_offset"));
        bool absolute = str_eq(word, STR_LIT("absolute_offset"));
        if ((sized || relative || absolute) &&
            value_i64(b, piece, sized ? 1 : -OFFSET_MAX, sized ? INT32_MAX : OFFSET_MAX, &number) <
                0)
            return -1;
        if (sized) {
            a.oversize = (uint32_t)number;
        } else if (relative || absolute) {
            if (placed)
                return build_refuse(b, "two places are named");
            placed = true;
            a.relative = relative;
            a.offset = (int32_t)number;
        } else if (str_eq(word, STR_LIT("bitstring_overflow"))) {
            a.bitstring_overflow = true;
        } else if (str_eq(word, STR_LIT("double_overflow"))) {
            a.double_overflow = true;
        } else {
            return build_refuse(b, "\"%.*s\" is not known", (int)(word.len < 40 ? word.len : 40),
                                word.p ? (const char *)word.p : "");
        }
    }
    if (!a.oversize && !a.bitstring_overflow && !a.double_overflow)
        return build_refuse(b, "it does not say what to look for");
    struct rule_item *item = build_item_near(b, RULE_ASN1, a.relative);
    if (item)
        item->asn1 = a;
    return item ? 0 : -1;
}

static const struct keyword rows[] = {
    {.name = "asn1", .read = read_asn1, .value = KEYWORD_VALUE},
    {.name = "byte_test", .read = read_byte_test, .value = KEYWORD_VALUE},
    {.name = "byte_jump", .read = read_byte_jump, .value = KEYWORD_VALUE},
    {.name = "byte_extract", .read = read_byte_extract, .value = KEYWORD_VALUE},
    {.name = "byte_math", .read = read_byte_math, .value = KEYWORD_VALUE},
    {.name = "base64_decode", .read = read_base64_decode, .value = KEYWORD_MAY},
};

const struct keyword_family keywords_byte = {rows, ARRAY_COUNT(rows)};
