/* Words about the protocol as a whole: app-layer-protocol, events, requires. */
#include "engine/rule/keyword.h"

/* "tls", "!http", "dns,final" */
static int read_app_protocol(struct build *b, const struct keyword *k, struct str value)
{
    static const char *const modes[] = {
        [RULE_APP_DIRECTION] = "direction", [RULE_APP_FINAL] = "final",
        [RULE_APP_ORIGINAL] = "original",   [RULE_APP_EITHER] = "either",
        [RULE_APP_TOSERVER] = "to_server",  [RULE_APP_TOCLIENT] = "to_client"};
    struct str mode = value;
    struct str name = str_trim(str_split(&mode, ','));
    struct rule_check *check = build_check(b, RULE_CHECK_APP_PROTOCOL);
    if (!check)
        return -1;
    check->negated = name.len && name.p[0] == '!';
    if (check->negated)
        name = str_trim(str_from(name, 1));
    check->app_mask = app_proto_mask(name);
    if (str_eq(name, STR_LIT("failed")))
        check->app_mask = UINT64_C(1) << APP_FAILED;
    if (str_eq(name, STR_LIT("unknown")))
        check->app_mask = UINT64_C(1) << APP_UNKNOWN;
    if (!check->app_mask)
        return build_refuse(b, "the protocol \"%.*s\" is not supported",
                            (int)(name.len < 40 ? name.len : 40),
                            name.p ? (const char *)name.p : "");
    mode = str_trim(mode);
    if (str_eq_nocase(mode, STR_LIT("exact")))
        mode = STR_EMPTY;
    for (uint8_t i = 0; mode.len && i < ARRAY_COUNT(modes); i++)
        if (str_eq_nocase(mode, str_c(modes[i]))) {
            check->app_mode = i;
            return 0;
        }
    return mode.len ? build_refuse(b, "the mode of app-layer-protocol is not supported") : 0;
}

static int no_event(struct build *b, struct str name)
{
    return build_refuse(b, "the event %.*s is not supported", (int)(name.len < 60 ? name.len : 60),
                        (const char *)name.p);
}

static int read_app_event(struct build *b, const struct keyword *k, struct str value)
{
    uint64_t mask = 0;
    const struct rule_names *names = b->loader->names;
    int event = names->app_event ? names->app_event(value, &mask) : -1;
    if (event < 0)
        return no_event(b, value);
    struct rule_check *check = build_check(b, RULE_CHECK_APP_EVENT);
    if (!check)
        return -1;
    check->event = (uint32_t)event;
    check->app_mask = mask;
    return 0;
}

static int read_decode_event(struct build *b, const struct keyword *k, struct str value)
{
    const struct rule_names *names = b->loader->names;
    bool stream = k->kind == RULE_CHECK_STREAM_EVENT || str_starts(value, STR_LIT("stream."));
    if (str_starts(value, STR_LIT("stream.")))
        value = str_from(value, 7);
    int (*find)(struct str) = stream ? names->stream_event : names->decode_event;
    int event = find ? find(value) : -1;
    if (event < 0)
        return no_event(b, value);
    struct rule_check *check =
        build_check(b, stream ? RULE_CHECK_STREAM_EVENT : RULE_CHECK_DECODE_EVENT);
    if (check)
        check->event = (uint32_t)event;
    return check ? 0 : -1;
}

int build_state(struct build *b, struct str name, struct rule_check *check)
{
    const struct rule_names *names = b->loader->names;
    enum dir dir = DIR_TOSERVER;
    int progress = names->app_state ? names->app_state(b->rule->app_mask, name, &dir) : -1;
    if (progress < 0)
        return build_refuse(b, "the state \"%.*s\" is not one of the protocol's",
                            (int)(name.len < 40 ? name.len : 40),
                            name.p ? (const char *)name.p : "");
    check->dir = (uint8_t)dir;
    check->number.a = (uint64_t)progress;
    b->rule->is_stateful_tx = true;
    return 0;
}

/* "client_hello_done", "<client_hello_done": not so far yet, ">client_hello_done": further */
static int read_app_state(struct build *b, const struct keyword *k, struct str value)
{
    if (!b->rule->app_mask)
        return build_refuse(b, "it needs a protocol with states in the rule's header");
    struct rule_check *check = build_check(b, RULE_CHECK_APP_STATE);
    if (!check)
        return -1;
    bool below = value.p[0] == '<', above = value.p[0] == '>';
    check->number.compare = below ? RULE_LT : above ? RULE_GT : RULE_EQ;
    if (build_state(b, str_trim(str_from(value, below || above)), check) < 0)
        return -1;
    b->rule->dirs &= DIR_BIT(check->dir);
    return b->rule->dirs ? 0 : build_refuse(b, "the state is in the other direction");
}

/* ---- requires ---- */

/* The version of the rule language that is spoken here. */
static const unsigned language[3] = {8, 0, 8};

static bool read_version(struct str s, unsigned version[3])
{
    for (int i = 0; i < 3; i++) {
        uint64_t part = 0;
        struct str piece = str_trim(str_split(&s, '.'));
        if (piece.len && (!str_to_u64(piece, &part) || part > 10000))
            return false;
        version[i] = (unsigned)part;
    }
    return !s.p;
}

/* ">= 7.0.3", "< 8" and several of them joined by '|' (any) */
static bool version_holds(struct str text)
{
    static const char *const signs[] = {">=", "<=", ">", "<"};
    struct str piece;
    while (value_next(&text, '|', &piece)) {
        unsigned version[3];
        size_t i = 0;
        while (i < ARRAY_COUNT(signs) && !str_starts(piece, str_c(signs[i])))
            i++;
        if (i == ARRAY_COUNT(signs) ||
            !read_version(str_trim(str_from(piece, strlen(signs[i]))), version))
            return false;
        int order = 0;
        for (int p = 0; p < 3 && !order; p++)
            order = language[p] < version[p] ? -1 : language[p] > version[p];
        bool holds[] = {order >= 0, order <= 0, order > 0, order < 0};
        if (holds[i])
            return true;
    }
    return false;
}

static bool feature_there(struct str name)
{
    static const char *const features[] = {"ja3", "ja4", "http2", "pcre2"};
    for (size_t i = 0; i < ARRAY_COUNT(features); i++)
        if (str_eq(name, str_c(features[i])))
            return true;
    return false;
}

static bool keyword_there(struct build *b, struct str name)
{
    return map_get(&b->loader->keywords, name) ||
           field_find(b->loader->names->fields, name) != FIELD_NONE;
}

/* "version >= 7.0.0, feature ja4, keyword foo": a rule that asks for more is not used. */
static int read_requires(struct build *b, const struct keyword *k, struct str value)
{
    struct str piece;
    while (value_next(&value, ',', &piece)) {
        struct str what = piece;
        struct str word = value_word(&what);
        bool holds = (str_eq(word, STR_LIT("version")) && version_holds(what)) ||
                     (str_eq(word, STR_LIT("feature")) && feature_there(what)) ||
                     (str_eq(word, STR_LIT("keyword")) && keyword_there(b, what));
        if (!holds)
            return build_refuse(b, "it requires %.*s", (int)(piece.len < 80 ? piece.len : 80),
                                piece.p ? (const char *)piece.p : "");
    }
    return 0;
}

static const struct keyword rows[] = {
    {.name = "app-layer-protocol", .read = read_app_protocol, .value = KEYWORD_VALUE},
    {.name = "app-layer-state", .read = read_app_state, .value = KEYWORD_VALUE},
    {.name = "app-layer-event", .read = read_app_event, .value = KEYWORD_VALUE},
    {.name = "decode-event",
     .read = read_decode_event,
     .value = KEYWORD_VALUE,
     .kind = RULE_CHECK_DECODE_EVENT},
    {.name = "engine-event",
     .read = read_decode_event,
     .value = KEYWORD_VALUE,
     .kind = RULE_CHECK_DECODE_EVENT},
    {.name = "stream-event",
     .read = read_decode_event,
     .value = KEYWORD_VALUE,
     .kind = RULE_CHECK_STREAM_EVENT},
    {.name = "requires", .read = read_requires, .value = KEYWORD_VALUE},
};

const struct keyword_family keywords_app = {rows, ARRAY_COUNT(rows)};
