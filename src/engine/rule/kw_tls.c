/* Words about a TLS handshake that are not one buffer or number: its state, the validity of the server's certificate. */
#include "base/clock.h"
#include "engine/rule/keyword.h"

#include <stdio.h>

/* "client_hello|server_hello", "!server_keyx": which message was the last one of these */
static int read_ssl_state(struct build *b, const struct keyword *k, struct str value)
{
    static const struct {
        const char *name;
        uint64_t bit; /* of the field "tls.state" */
    } states[] = {{"client_hello", 1}, {"client_keyx", 2}, {"server_hello", 4}, {"server_keyx", 8}};
    uint64_t mask = 0;
    bool negated = value.p[0] == '!';
    uint32_t id = build_field(b, STR_LIT("tls.state"));
    struct str piece, rest = negated ? str_from(value, 1) : value;
    if (id == FIELD_NONE)
        return -1;
    while (value_next(&rest, '|', &piece)) {
        size_t i = 0;
        while (i < ARRAY_COUNT(states) && !str_eq_nocase(piece, str_c(states[i].name)))
            i++;
        if (i == ARRAY_COUNT(states))
            return build_refuse(
                b, "client_hello, client_keyx, server_hello and server_keyx are known");
        mask |= states[i].bit;
    }
    struct rule_check *check = build_check(b, RULE_CHECK_FIELD_NUMBER);
    if (!check)
        return -1;
    check->field = id;
    check->changing = true;
    check->negated = negated;
    check->number = (struct rule_number){.compare = RULE_MASK_NOT_SET, .a = mask, .b = 0};
    return 0;
}

/* "2015", "2015-10-22", "2015-10-22T23:59:59": what is left out is the beginning. */
static int read_time(struct build *b, struct str s, uint64_t *out)
{
    static const char start[] = "0000-01-01T00:00:00Z";
    char text[sizeof start];
    int64_t us;
    snprintf(text, sizeof text, "%s", start);
    if (s.len < 4 || s.len > sizeof start - 2)
        return build_refuse(b, "a time like 2015-10-22T23:59:59 is expected");
    memcpy(text, s.p, s.len);
    if (!clock_parse(str_c(text), &us))
        return build_refuse(b, "a time like 2015-10-22T23:59:59 is expected");
    *out = us < 0 ? 0 : (uint64_t)us / 1000000u;
    return 0;
}

/* "<2016-01-01", ">2010", "2010<>2012", "2015-10-22T23:59:59" */
static int read_cert_time(struct build *b, const struct keyword *k, struct str value)
{
    uint32_t id = build_field(b, str_c(k->field));
    struct rule_check *check = id == FIELD_NONE ? NULL : build_check(b, RULE_CHECK_FIELD_NUMBER);
    if (!check || value_unquote(b, &value, NULL) < 0)
        return -1;
    check->field = id;
    struct rule_number *n = &check->number;
    ptrdiff_t range = str_find(value, 0, STR_LIT("<>"));
    if (range > 0) {
        n->compare = RULE_IN;
        if (read_time(b, str_trim(str_cut(value, 0, (size_t)range)), &n->a) < 0 ||
            read_time(b, str_trim(str_from(value, (size_t)range + 2)), &n->b) < 0)
            return -1;
        return n->a < n->b ? 0 : build_refuse(b, "the range ends before it begins");
    }
    bool below = value.len && value.p[0] == '<', above = value.len && value.p[0] == '>';
    n->compare = below ? RULE_LT : above ? RULE_GT : RULE_EQ;
    return read_time(b, str_trim(str_from(value, below || above)), &n->a);
}

static int add_now(struct build *b, const char *field, enum rule_compare compare)
{
    uint32_t id = build_field(b, str_c(field));
    struct rule_check *check = id == FIELD_NONE ? NULL : build_check(b, RULE_CHECK_FIELD_NOW);
    if (!check)
        return -1;
    check->field = id;
    check->number.compare = compare;
    return 0;
}

static int read_expired(struct build *b, const struct keyword *k, struct str value)
{
    return add_now(b, "tls.cert_notafter", RULE_LT);
}

static int read_valid(struct build *b, const struct keyword *k, struct str value)
{
    return add_now(b, "tls.cert_notbefore", RULE_LE) < 0 ? -1
                                                         : add_now(b, "tls.cert_notafter", RULE_GE);
}

#define TIME(word, of)                                                            \
    {                                                                             \
        .name = word, .read = read_cert_time, .value = KEYWORD_VALUE, .field = of \
    }

static const struct keyword rows[] = {
    {.name = "ssl_state", .read = read_ssl_state, .value = KEYWORD_VALUE},
    TIME("tls_cert_notbefore", "tls.cert_notbefore"),
    TIME("tls_cert_notafter", "tls.cert_notafter"),
    TIME("tls.cert_notbefore", "tls.cert_notbefore"),
    TIME("tls.cert_notafter", "tls.cert_notafter"),
    {.name = "tls_cert_expired", .read = read_expired},
    {.name = "tls.cert_expired", .read = read_expired},
    {.name = "tls_cert_valid", .read = read_valid},
    {.name = "tls.cert_valid", .read = read_valid},
};

const struct keyword_family keywords_tls = {rows, ARRAY_COUNT(rows)};
