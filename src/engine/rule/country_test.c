/* geoip: what a rule asks of a list of countries becomes a set of addresses; words that mean nothing are refused with the reason. */
#include "engine/rule/rows_double.h"

static const struct {
    uint32_t first, last;
    const char *code;
} list[] = {
    {0x01000000, 0x010000ff, "JP"}, {0x01000100, 0x010001ff, "JP"}, /* one range in the end */
    {0x01000200, 0x010002ff, "RU"}, {0x02000000, 0x02ffffff, "US"}, {0xfffffff0, 0xffffffff, "RU"},
};

struct source {
    uint32_t asked;
    bool broken;
};

static int give(void *owner, struct rule_loader *l, struct err *err)
{
    struct source *s = owner;
    s->asked++;
    for (size_t i = 0; !s->broken && i < ARRAY_COUNT(list); i++)
        assert_int_equal(rule_add_country(l, list[i].first, list[i].last, list[i].code), 0);
    return s->broken ? err_set(err, "countries.mmdb: damaged") : 0;
}

static struct rule_set *load_from(struct source *source, const char *text)
{
    struct err err;
    struct rule_loader *l = rule_loader_new(&names, NULL, &err);
    assert_non_null(l);
    rule_loader_countries(l, give, source);
    assert_int_equal(rule_load_text(l, str_c(text), "test.rules", &err), 0);
    struct rule_set *set = rule_loader_take(l);
    rule_loader_free(l);
    return set;
}

/* "1.0.0.0-1.0.1.255 ..." */
static void say(const struct rule_addresses *set, char *out, size_t size)
{
    size_t at = 0;
    out[0] = 0;
    for (uint32_t i = 0; i < set->count; i++) {
        const uint8_t *a = set->ranges[i].first.bytes, *b = set->ranges[i].last.bytes;
        assert_int_equal(set->ranges[i].first.version, 4);
        at += (size_t)snprintf(out + at, size - at, "%s%u.%u.%u.%u-%u.%u.%u.%u", i ? " " : "", a[0],
                               a[1], a[2], a[3], b[0], b[1], b[2], b[3]);
    }
}

static void sets_of_countries(void **state)
{
    static const struct {
        const char *condition, *want;
        uint8_t side;
    } rows[] = {
        {"src,JP", "1.0.0.0-1.0.1.255", RULE_SIDE_SRC},
        {"dst,ru", "1.0.2.0-1.0.2.255 255.255.255.240-255.255.255.255", RULE_SIDE_DST},
        {"dest, JP , RU", "1.0.0.0-1.0.2.255 255.255.255.240-255.255.255.255", RULE_SIDE_DST},
        {"any,!RU", "1.0.0.0-1.0.1.255 2.0.0.0-2.255.255.255", RULE_SIDE_ANY},
        {"both,!RU,JP", "2.0.0.0-2.255.255.255", RULE_SIDE_BOTH},
        {"US", "2.0.0.0-2.255.255.255", RULE_SIDE_BOTH},
        {"src,FR", "", RULE_SIDE_SRC},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct source source = {0};
        char rule[200], said[400];
        snprintf(rule, sizeof rule, "alert ip any any -> any any (geoip:%s; sid:1;)",
                 rows[i].condition);
        struct rule_set *set = load_from(&source, rule);
        assert_int_equal(set->count, 1);
        const struct rule_check *check = set->rules[0]->checks;
        assert_int_equal(check->kind, RULE_CHECK_ADDRESS);
        assert_int_equal(check->dir, rows[i].side);
        assert_false(check->negated);
        say(check->addresses, said, sizeof said);
        assert_string_equal(said, rows[i].want);
        rule_set_free(set);
    }
}

static void list_is_asked_for_once(void **state)
{
    static const char two[] = "alert ip any any -> any any (geoip:src,JP; sid:1;)\n"
                              "alert ip any any -> any any (geoip:src,US; sid:2;)\n";
    struct source source = {0};
    struct rule_set *set = load_from(&source, "alert ip any any -> any any (sid:1;)");
    assert_int_equal(source.asked, 0); /* nobody wants it */
    rule_set_free(set);
    set = load_from(&source, two);
    assert_int_equal(source.asked, 1);
    assert_int_equal(set->count, 2);
    rule_set_free(set);
    source = (struct source){.broken = true};
    set = load_from(&source, two);
    assert_int_equal(source.asked, 1);
    assert_int_equal(set->refused_count, 2);
    for (uint32_t i = 0; i < 2; i++)
        assert_string_equal(set->refused[i].reason, "countries.mmdb: damaged");
    rule_set_free(set);
}

static void disorder_is_refused(void **state)
{
    struct err err;
    struct rule_loader *l = rule_loader_new(&names, NULL, &err);
    assert_int_equal(rule_add_country(l, 10, 20, "JP"), 0);
    assert_int_equal(rule_add_country(l, 20, 30, "JP"), -1);
    assert_int_equal(rule_add_country(l, 5, 6, "JP"), -1);
    assert_int_equal(rule_add_country(l, 40, 30, "JP"), -1);
    assert_int_equal(rule_add_country(l, 21, UINT32_MAX, "RU"), 0);
    assert_int_equal(rule_add_country(l, 0, 3, "JP"), -1);
    rule_loader_free(l);
}

static void words_without_a_list(void **state)
{
    static const struct row rows[] = {
        {TCP("geoip:src,RU;"), "there is no table"}, {TCP("geoip:src;"), "country is missing"},
        {TCP("geoip:src,Russia;"), "two letters"},   {TCP("geoip:src,R1;"), "two letters"},
        {TCP("geoip:RU,src;"), "two letters"},       {TCP("geoip:src,RU,!US;"), "before the first"},
        {TCP("geoip:src,!;"), "two letters"},        {TCP("geoip:;"), "value is missing"},
    };
    TRY(rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_without_a_list),
        cmocka_unit_test(sets_of_countries),
        cmocka_unit_test(list_is_asked_for_once),
        cmocka_unit_test(disorder_is_refused),
    };
    return cmocka_run_group_tests_name("rule/country", tests, setup, teardown);
}
