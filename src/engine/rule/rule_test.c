/* Rows {rule, the reason why it is refused or "" when it is used}, and the facts that chosen rules must give. */
#include "engine/rule/fields_double.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static struct field_table fields;
static const struct rule_names names = {&fields, double_app_event, double_event, double_event};

static int setup(void **state)
{
    struct err err;
    return field_table_init(&fields, &double_list, 1, &err);
}

static int teardown(void **state)
{
    field_table_fini(&fields);
    return 0;
}

static struct rule_set *load_with(const struct conf *conf, const char *text)
{
    struct err err;
    struct rule_loader *l = rule_loader_new(&names, conf, &err);
    assert_non_null(l);
    assert_int_equal(rule_load_text(l, str_c(text), "test.rules", &err), 0);
    struct rule_set *s = rule_loader_take(l);
    assert_non_null(s);
    rule_loader_free(l);
    return s;
}

static struct rule_set *load(const char *text)
{
    return load_with(NULL, text);
}

struct row {
    const char *rule, *reason; /* reason "": used */
};

static void try_rows(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct rule_set *s = load(rows[i].rule);
        bool used = s->count == 1 && s->refused_count == 0;
        const char *reason = s->refused_count ? s->refused[0].reason : "";
        if (used != !rows[i].reason[0] || !strstr(reason, rows[i].reason))
            fail_msg("%s\n  wanted \"%s\", got %s \"%s\"", rows[i].rule, rows[i].reason,
                     used ? "used" : "refused", reason);
        rule_set_free(s);
    }
}

#define TRY(rows) try_rows(rows, ARRAY_COUNT(rows))
/* A rule of one option list. */
#define TCP(options) "alert tcp any any -> any any (" options " sid:1;)"
#define HTTP(options) "alert http any any -> any any (" options " sid:1;)"

static void header_rows(void **state)
{
    static const struct row rows[] = {
        {"alert tcp any any -> any any (sid:1;)", ""},
        {"rejectboth ip 10.0.0.1 any <> [10.0.0.2,!10.0.0.3] 80:90 (sid:1;)", ""},
        {"drop http $HOME_NET any -> $EXTERNAL_NET $HTTP_PORTS (sid:1;)", ""},
        {"pass tcp [10.0.0.0/8, 192.0.2.1-192.0.2.9] [1:80,![2,4]] -> ![10.0.0.0/8,2001:db8::/32] "
         "!80 (sid:1;)",
         ""},
        {"alert tcp 10.0.0.0/255.255.0.0 any -> any 1024: ( sid:1; )", ""},
        {"alert http1:request_headers any any -> any any (sid:1;)", ""},
        {"shout tcp any any -> any any (sid:1;)", "not an action"},
        {"alert tpc any any -> any any (sid:1;)", "the protocol \"tpc\" is not supported"},
        {"alert tcp any any <- any any (sid:1;)", "direction"},
        {"alert tcp any any => any any (sid:1;)", "not supported"},
        {"alert tcp 10.0.0.300 any -> any any (sid:1;)", "not an address"},
        {"alert tcp $NOBODY any -> any any (sid:1;)", "$NOBODY is not set"},
        {"alert tcp any $NOTHING -> any any (sid:1;)", "$NOTHING is not set"},
        {"alert tcp !any any -> any any (sid:1;)", "exclude every address"},
        {"alert tcp any !any -> any any (sid:1;)", "exclude every port"},
        {"alert tcp any 70000 -> any any (sid:1;)", "not a port"},
        {"alert tcp any 90:80 -> any any (sid:1;)", "not a port"},
        {"alert tcp any any -> any (sid:1;)", "empty"},
        {"alert tcp any any -> any any", "( )"},
        {"alert tcp any any -> any any (msg:\"x\")", "; is missing"},
        {"alert tcp any any -> any any (msg:\"x\";)", "sid is missing"},
        {"alert tcp any any -> any any (nonsense; sid:1;)", "keyword nonsense is not supported"},
    };
    TRY(rows);
}

static void content_rows(void **state)
{
    static const struct row rows[] = {
        {TCP("content:\"abc\"; nocase; depth:3; offset:4;"), ""},
        {TCP("content:!\"a|3B 3b|\\;\\\"\\:\\\\\"; content:\"x\"; distance:-4; within:9;"), ""},
        {TCP("content:\"\";"), "empty"},
        {TCP("content:\"||\";"), "empty"},
        {TCP("content:\"a|4|\";"), "half a hex byte"},
        {TCP("content:\"a|4g|\";"), "foreign character"},
        {TCP("content:\"a|41\";"), "| is missing"},
        {TCP("content:\"a\\n\";"), "\\ may only stand"},
        {TCP("content:abc;"), "quotation"},
        {TCP("content:\"abc;"), "quotation"},
        {TCP("nocase;"), "must follow a content"},
        {TCP("content:\"a\"; nocase; nocase;"), "twice"},
        {TCP("content:\"abc\"; depth:2;"), "smaller than the content"},
        {TCP("content:\"abc\"; depth:5; within:9;"), "mixed"},
        {TCP("content:\"abc\"; startswith; depth:9;"), "startswith"},
        {TCP("content:\"abc\"; offset:size;"), "not filled before"},
        {TCP("content:\"abc\"; fast_pattern; content:\"d\"; fast_pattern;"), "twice"},
        {TCP("content:\"abc\"; fast_pattern:1,2;"), ""},
        {TCP("content:\"abc\"; fast_pattern:2,2;"), "outside"},
        {TCP("content:\"abc\"; offset:1; fast_pattern:only;"), "cannot be mixed"},
        {TCP("content:!\"abc\"; offset:1; fast_pattern;"), "negated"},
        {TCP("content:\"abc\"; isdataat:!10,relative;"), ""},
        {TCP("isdataat:ten;"), "not filled"},
        {TCP("bsize:10;"), "sticky buffer"},
        {HTTP("http.uri; content:\"/a\"; endswith; bsize:>2;"), ""},
        {HTTP("http.uri; content:\"/abc\"; bsize:3;"), "longer than bsize"},
        {HTTP("http.uri; http.host; content:\"a\";"), "nothing to look for"},
        {HTTP("http.uri;"), "nothing to look for"},
        {HTTP("http.referer; absent;"), ""},
        {HTTP("http.referer; absent:or_else; content:!\"abc\";"), ""},
        {HTTP("http.referer; content:\"a\"; absent;"), "must follow the name"},
        {HTTP("urilen:3<>5;"), ""},
        {HTTP("urilen:>5,raw;"), ""},
        {HTTP("urilen:5,cooked;"), "norm and raw"},
        {HTTP("http.uri; content:\"a\"; http.stat_code; content:\"200\";"), "other direction"},
        {HTTP("flow:to_client; http.uri; content:\"a\";"), "other direction"},
        {HTTP("tls.sni; content:\"a\";"), "does not go with the protocol"},
        {TCP("http.uri; content:\"a\"; tls.sni; content:\"a\";"), "does not go with the protocol"},
    };
    TRY(rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(header_rows),
        cmocka_unit_test(content_rows),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
