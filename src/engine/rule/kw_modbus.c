/* The word modbus: what a request does, to which unit. Each part that it says is a comparison of its own with a field of the
 * parser's, and all of them must hold: "access write holding, address 500, value >200". */
#include "engine/rule/keyword.h"

#define ADDRESS_MAX 65536 /* of rules they begin with 1 */
#define COILS_TOGETHER 16

/* Bits of the fields modbus.category and modbus.access. */
#define CATEGORY_ALL 15u
#define ACCESS_READ 1u
#define ACCESS_WRITE 2u
#define ACCESS_COILS 8u
#define ACCESS_HOLDING 32u

static const struct number_word categories[] = {{"assigned", 1}, {"unassigned", 2}, {"public", 3},
                                                {"user", 4},     {"reserved", 8},   {"all", 15},
                                                {NULL, 0}};
static const struct number_word accesses[] = {{"read", 1},  {"write", 2},  {"discretes", 4},
                                              {"coils", 8}, {"input", 16}, {"holding", 32},
                                              {NULL, 0}};

/* What was said so far. */
struct asked {
    bool function_code, has_address, has_value;
    uint64_t access; /* 0: not said */
    uint64_t address_low, address_high;
};

static int compare(struct build *b, const char *field, struct rule_number number)
{
    uint32_t id = build_field(b, str_c(field));
    struct rule_check *check = id == FIELD_NONE ? NULL : build_check(b, RULE_CHECK_FIELD_NUMBER);
    if (!check)
        return b->reason ? -1 : build_no_memory(b);
    check->field = id;
    check->number = number;
    return 0;
}

static bool word_of(const struct number_word *words, struct str word, uint64_t *out)
{
    while (words->name && !str_eq(word, str_c(words->name)))
        words++;
    *out = words->number;
    return words->name != NULL;
}

/* "5", ">5", "<5", "5<>9": the numbers that are meant, both ends included. */
static int read_limits(struct build *b, struct str text, uint64_t max, uint64_t *low,
                       uint64_t *high)
{
    struct rule_number number;
    if (number_read(b, text, max, NULL, &number) < 0)
        return -1;
    *low = 0;
    *high = max;
    switch (number.compare) {
    case RULE_EQ: *low = *high = number.a; return 0;
    case RULE_LT: *high = number.a - 1; return number.a ? 0 : build_refuse(b, "nothing is below 0");
    case RULE_LE: *high = number.a; return 0;
    case RULE_GT: *low = number.a + 1; return 0;
    case RULE_GE: *low = number.a; return 0;
    case RULE_IN:
        *low = number.a;
        *high = number.b;
        return 0;
    case RULE_NE:
    case RULE_NOT_IN:
    case RULE_MASK_SET:
    case RULE_MASK_NOT_SET: break;
    }
    return build_refuse(b, "a number, or a range like 1<>5, <5 or >5 is expected");
}

/* "function 8", "function assigned", "function !reserved" */
static int read_function(struct build *b, struct asked *asked, struct str text)
{
    uint64_t category, code;
    bool negated = text.len && text.p[0] == '!';
    if (word_of(categories, str_from(text, negated), &category)) {
        if (negated)
            category = CATEGORY_ALL & ~category;
        return compare(b, "modbus.category",
                       (struct rule_number){.compare = RULE_MASK_NOT_SET, .a = category, .b = 0});
    }
    if (value_u64(b, text, UINT8_MAX, &code) < 0)
        return -1;
    asked->function_code = true;
    return compare(b, "modbus.function", (struct rule_number){.compare = RULE_EQ, .a = code});
}

static int read_subfunction(struct build *b, struct asked *asked, struct str text)
{
    uint64_t code;
    if (!asked->function_code)
        return build_refuse(b, "a subfunction needs the number of a function");
    if (value_u64(b, text, UINT16_MAX, &code) < 0)
        return -1;
    return compare(b, "modbus.subfunction", (struct rule_number){.compare = RULE_EQ, .a = code});
}

/* "access read", "access write coils" */
static int read_access(struct build *b, struct asked *asked, struct str text)
{
    struct str words = text;
    uint64_t way, table = 0;
    bool known = word_of(accesses, value_word(&words), &way) && way <= ACCESS_WRITE;
    words = str_trim(words);
    if (words.len)
        known = known && word_of(accesses, words, &table) && table > ACCESS_WRITE;
    if (!known)
        return build_refuse(b, "read or write, and a table, are expected");
    if (way == ACCESS_WRITE && table && table != ACCESS_COILS && table != ACCESS_HOLDING)
        return build_refuse(b, "discretes and inputs are only read");
    asked->access = way | table;
    return compare(
        b, "modbus.access",
        (struct rule_number){.compare = RULE_MASK_SET, .a = way | table, .b = way | table});
}

/* One of the addresses that are read or written is meant: its first lies not behind, its last not before them. */
static int read_address(struct build *b, struct asked *asked, struct str text)
{
    bool writes = asked->access & ACCESS_WRITE;
    if (!asked->access)
        return build_refuse(b, "an address needs access read or access write");
    if (read_limits(b, text, ADDRESS_MAX, &asked->address_low, &asked->address_high) < 0)
        return -1;
    asked->has_address = true;
    if (compare(b, writes ? "modbus.write.first" : "modbus.read.first",
                (struct rule_number){.compare = RULE_LE, .a = asked->address_high}) < 0)
        return -1;
    return compare(b, writes ? "modbus.write.last" : "modbus.read.last",
                   (struct rule_number){.compare = RULE_GE, .a = asked->address_low});
}

/* The field has sixteen coils in a number: their place << 32, which are written << 16, which become on. */
static int read_coil(struct build *b, uint64_t address, uint64_t low, uint64_t high)
{
    uint64_t bit = 1ull << address % COILS_TOGETHER;
    struct rule_number number = {.compare = RULE_MASK_SET};
    if (low > 1)
        return build_refuse(b, "a coil is 0 or 1");
    number.a = ~(uint64_t)UINT32_MAX | bit << 16;
    number.b = address / COILS_TOGETHER << 32 | bit << 16;
    if (low == high || low == 1) {
        number.a |= bit;
        number.b |= low ? bit : 0;
    }
    return compare(b, "modbus.coils", number);
}

static int read_value(struct build *b, struct asked *asked, struct str text)
{
    uint64_t low, high, address = asked->address_low;
    if (!(asked->access & ACCESS_WRITE) || !(asked->access & (ACCESS_COILS | ACCESS_HOLDING)))
        return build_refuse(b, "a value needs access write coils or access write holding");
    if (!asked->has_address || address != asked->address_high)
        return build_refuse(b, "a value needs the one address where it is written");
    if (read_limits(b, text, UINT16_MAX, &low, &high) < 0)
        return -1;
    if (asked->access & ACCESS_COILS)
        return read_coil(b, address, low, high);
    return compare(b, "modbus.registers",
                   (struct rule_number){
                       .compare = RULE_IN, .a = address << 16 | low, .b = address << 16 | high});
}

static int read_unit(struct build *b, struct asked *asked, struct str text)
{
    uint64_t low, high;
    (void)asked;
    if (read_limits(b, text, UINT16_MAX, &low, &high) < 0)
        return -1;
    return compare(b, "modbus.unit", (struct rule_number){.compare = RULE_IN, .a = low, .b = high});
}

static const struct {
    const char *word;
    int (*read)(struct build *b, struct asked *asked, struct str text);
} parts[] = {
    {"function", read_function}, {"subfunction", read_subfunction},
    {"access", read_access},     {"address", read_address},
    {"value", read_value},       {"unit", read_unit},
};

static int read_modbus(struct build *b, const struct keyword *k, struct str value)
{
    struct asked asked = {0};
    struct str piece;
    bool any = false;
    (void)k;
    while (value_next(&value, ',', &piece)) {
        struct str word = value_word(&piece);
        size_t i = 0;
        while (i < ARRAY_COUNT(parts) && !str_eq(word, str_c(parts[i].word)))
            i++;
        if (i == ARRAY_COUNT(parts))
            return build_refuse(b, "function, access or unit is expected");
        if (parts[i].read(b, &asked, str_trim(piece)) < 0)
            return -1;
        any = true;
    }
    return any ? 0 : build_refuse(b, "function, access or unit is expected");
}

static const struct keyword rows[] = {
    {.name = "modbus", .read = read_modbus, .value = KEYWORD_VALUE},
};

const struct keyword_family keywords_modbus = {rows, ARRAY_COUNT(rows)};
