/* Words that stand alone: what is read and carried out (bypass, config, l3_proto), and what is read and cannot be: each says why.
 * Whoever writes such a rule learns first whether its own form is right. */
#include "engine/rule/keyword.h"

static int read_bypass(struct build *b, const struct keyword *k, struct str value)
{
    b->rule->bypass = true;
    return 0;
}

/* "ipv4", "ip6" ... */
static int read_l3_proto(struct build *b, const struct keyword *k, struct str value)
{
    bool four = str_eq_nocase(value, STR_LIT("ipv4")) || str_eq_nocase(value, STR_LIT("ip4"));
    bool six = str_eq_nocase(value, STR_LIT("ipv6")) || str_eq_nocase(value, STR_LIT("ip6"));
    if (!four && !six)
        return build_refuse(b, "ipv4 or ipv6 is expected");
    b->rule->ip_versions &= four ? 1 : 2;
    return b->rule->ip_versions ? 0 : build_refuse(b, "the header names the other IP version");
}

/* "0x1/0xff": for a Suricata that hands packets back to Linux; nothing is marked here. */
static int read_mark(struct build *b, const struct keyword *k, struct str value)
{
    struct str mask = value;
    struct str mark = str_split(&mask, '/');
    uint64_t number;
    if (!mask.p)
        return build_refuse(b, "\"mark/mask\" is expected");
    return value_u64(b, mark, UINT32_MAX, &number) < 0 ||
                   value_u64(b, mask, UINT32_MAX, &number) < 0
               ? -1
               : 0;
}

static int read_nothing(struct build *b, const struct keyword *k, struct str value)
{
    return 0;
}

/* "logging disable, type tx, scope tx" */
static int read_config(struct build *b, const struct keyword *k, struct str value)
{
    static const struct {
        const char *word, *value;
    } needed[] = {{"logging", "disable"}, {"type", "tx"}, {"scope", "tx"}};
    struct str piece;
    size_t i = 0;
    for (; value_next(&value, ',', &piece); i++) {
        struct str word = value_word(&piece);
        if (i == ARRAY_COUNT(needed) || !str_eq(word, str_c(needed[i].word)))
            return build_refuse(b, "\"logging disable, type tx, scope tx\" is expected");
        if (!str_eq(piece, str_c(needed[i].value)))
            return build_refuse(b, "only the records of single transactions can be left out");
    }
    if (i != ARRAY_COUNT(needed))
        return build_refuse(b, "\"logging disable, type tx, scope tx\" is expected");
    b->rule->is_stateful_tx = true;
    return build_act(b, RULE_CHECK_CONFIG) ? 0 : -1;
}

static int not_done(struct build *b, const struct keyword *k)
{
    return build_refuse(b, "%s", k->field);
}

/* Same length as the content before it. */
static int read_replace(struct build *b, const struct keyword *k, struct str value)
{
    struct str bytes;
    if (value_content(b, value, &bytes) < 0)
        return -1;
    if (!b->last_content)
        return build_refuse(b, "it must follow a content");
    if (b->last_content->content.bytes.len != bytes.len)
        return build_refuse(b, "it must be as long as the content");
    return not_done(b, k);
}

static int read_script(struct build *b, const struct keyword *k, struct str value)
{
    bool negated;
    if (value_unquote(b, &value, &negated) < 0)
        return -1;
    if (!value.len)
        return build_refuse(b, "a file name is missing");
    return not_done(b, k);
}

static int is_word(struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        uint8_t c = byte_lower(s.p[i]);
        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '.' && c != '_' && c != '-')
            return 0;
    }
    return s.len > 0;
}

/* "http1.request", "request": with the protocol in front, or that of the rule */
static int read_frame(struct build *b, const struct keyword *k, struct str value)
{
    if (!is_word(value))
        return build_refuse(b, "the name of a frame is expected");
    const struct rule_names *names = b->loader->names;
    int number =
        names->app_frame ? names->app_frame(app_proto_mask_own(b->rule->app_mask), value) : -1;
    if (number < 0)
        return build_refuse(b, "no parser has a frame of that name for the rule's protocol");
    uint32_t bytes = build_field(b, STR_LIT("frame"));
    struct rule_check *check = build_check(b, RULE_CHECK_FIELD_NUMBER);
    if (bytes == FIELD_NONE || !check)
        return -1;
    check->field = build_field(b, STR_LIT("frame.kind"));
    check->number = (struct rule_number){.compare = RULE_EQ, .a = (uint64_t)number};
    /* each frame is looked at by itself, whatever protocol named it */
    b->rule->app_mask = UINT64_C(1) << APP_FRAME;
    return check->field == FIELD_NONE ? -1 : build_select(b, bytes, false);
}

/* "name,value": what a pcre has kept under that name in the flow holds the value */
static int read_variable(struct build *b, enum rule_check_kind kind, struct str value)
{
    struct str rest = value;
    struct str name = str_trim(str_split(&rest, ','));
    struct rule_check *check = build_check(b, kind);
    int id = check && name.len ? loader_number(b->loader, &b->loader->captures, name) : -1;
    if (id < 0)
        return build_refuse(b, "the name of a variable is missing");
    check->integer.id = (uint32_t)id;
    rest = str_trim(rest);
    check->negated = rest.len && rest.p[0] == '!';
    return value_content(b, check->negated ? str_from(rest, 1) : rest, &check->text);
}

static int read_flowvar(struct build *b, const struct keyword *k, struct str value)
{
    return read_variable(b, RULE_CHECK_FLOWVAR, value);
}

/* The same of what was kept of this packet. */
static int read_pktvar(struct build *b, const struct keyword *k, struct str value)
{
    return read_variable(b, RULE_CHECK_PKTVAR, value);
}

/* "established", "setup,closing": of TCP alone */
static int read_session(struct build *b, const struct keyword *k, struct str value)
{
    static const char *const phases[] = {"setup", "established", "closing"};
    struct str piece;
    struct rule_check *check = build_check(b, RULE_CHECK_SESSION);
    if (!check)
        return -1;
    while (value_next(&value, ',', &piece)) {
        size_t i = 0;
        while (i < ARRAY_COUNT(phases) && !str_eq_nocase(piece, str_c(phases[i])))
            i++;
        if (i == ARRAY_COUNT(phases))
            return build_refuse(b, "setup, established or closing is expected");
        check->event |= 1u << i;
    }
    return 0;
}

/* How large a flow must be stands in the settings (flow.rate-tracking). */
static int read_elephant(struct build *b, const struct keyword *k, struct str value)
{
    static const char *const sides[] = {"toserver", "toclient", "both", "either"};
    uint8_t i = 0;
    while (i < ARRAY_COUNT(sides) && !str_eq_nocase(value, str_c(sides[i])))
        i++;
    if (i == ARRAY_COUNT(sides))
        return build_refuse(b, "toserver, toclient, both or either is expected");
    struct rule_check *check = build_check(b, RULE_CHECK_ELEPHANT);
    if (!check)
        return -1;
    check->dir = i;
    return 0;
}

#define NOT_DONE(word, how, reader, why)                                  \
    {                                                                     \
        .name = (word), .read = (reader), .value = (how), .field = (why), \
    }

static const struct keyword rows[] = {
    {.name = "bypass", .read = read_bypass, .value = KEYWORD_BARE},
    {.name = "l3_proto", .read = read_l3_proto, .value = KEYWORD_VALUE},
    {.name = "nfq_set_mark", .read = read_mark, .value = KEYWORD_VALUE},
    {.name = "tls_store", .read = read_nothing, .value = KEYWORD_BARE},
    {.name = "tls.store", .read = read_nothing, .value = KEYWORD_BARE},
    {.name = "frame", .read = read_frame, .value = KEYWORD_VALUE},
    {.name = "config", .read = read_config, .value = KEYWORD_VALUE},
    NOT_DONE("replace", KEYWORD_VALUE, read_replace,
             "bytes are stopped or pass, they are not rewritten"),
    NOT_DONE("lua", KEYWORD_VALUE, read_script, "scripts are not run"),
    NOT_DONE("luajit", KEYWORD_VALUE, read_script, "scripts are not run"),
    NOT_DONE("luaxform", KEYWORD_VALUE, read_script, "scripts are not run"),
    {.name = "flowvar", .read = read_flowvar, .value = KEYWORD_VALUE},
    {.name = "pktvar", .read = read_pktvar, .value = KEYWORD_VALUE},
    {.name = "tcp.session", .read = read_session, .value = KEYWORD_VALUE},
    {.name = "flow.elephant", .read = read_elephant, .value = KEYWORD_VALUE},
};

const struct keyword_family keywords_other = {rows, ARRAY_COUNT(rows)};
