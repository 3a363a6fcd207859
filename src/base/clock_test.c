#include "base/clock.h"
#include "base/dice.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define BAD INT64_MIN

static void text_to_time(void **state)
{
    static const struct {
        const char *text;
        int64_t want_us;
    } rows[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"1969-12-31T23:59:59.999999Z", -1},
        {"2026-11-22T08:30:00.123456Z", 1795336200123456},
        {"2026-11-22T17:30:00.123456+09:00", 1795336200123456},
        {"2026-11-22T17:30:00.123456+0900", 1795336200123456},
        {"2026-11-21 22:30:00.1234567-10:00", 1795336200123456},
        {"2024-02-29T00:00:00Z", 1709164800000000},
        {"2023-02-29T00:00:00Z", BAD},
        {"2100-02-29T00:00:00Z", BAD},
        {"2000-02-29t12:00:00z", 951825600000000},
        {"2016-12-31T23:59:60Z", 1483228800000000},
        {"2026-13-01T00:00:00Z", BAD},
        {"2026-00-01T00:00:00Z", BAD},
        {"2026-01-00T00:00:00Z", BAD},
        {"2026-01-01T24:00:00Z", BAD},
        {"2026-01-01T00:60:00Z", BAD},
        {"2026-01-01T00:00:61Z", BAD},
        {"2026-01-01T00:00:00.Z", BAD},
        {"2026-01-01T00:00:00", BAD},
        {"2026-01-01T00:00:00+24:00", BAD},
        {"2026-01-01T00:00:00+09:60", BAD},
        {"2026-01-01T00:00:00Zx", BAD},
        {"2026-1-01T00:00:00Z", BAD},
        {"+026-01-01T00:00:00Z", BAD},
        {"", BAD},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t us = BAD;
        bool good = clock_parse(str_c(rows[i].text), &us);
        if (good != (rows[i].want_us != BAD) || (good && us != rows[i].want_us))
            fail_msg("%s: %lld", rows[i].text, (long long)us);
    }
}

static void time_to_text_and_back(void **state)
{
    struct dice dice = dice_new("clock");
    char text[CLOCK_TEXT_BYTES];
    for (int i = 0; i < 20000; i++) {
        int64_t us =
            (int64_t)(dice_u64(&dice) % UINT64_C(250000000000000000)) - INT64_C(60000000000000000);
        int64_t again = 0;
        size_t len = clock_format_utc(us, text);
        assert_int_equal(len, strlen(text));
        assert_true(clock_parse(str_c(text), &again));
        assert_int_equal(again, us);
        clock_format_eve(us, text);
        assert_true(clock_parse(str_c(text), &again));
        assert_int_equal(again, us);
    }
}

static void eve_form_is_of_the_zone(void **state)
{
    static const struct {
        const char *zone;
        int64_t us;
        const char *want;
    } rows[] = {
        {"UTC", 1795336200123456, "2026-11-22T08:30:00.123456+0000"},
        {"Asia/Tokyo", 1795336200123456, "2026-11-22T17:30:00.123456+0900"},
        {"Etc/GMT+10", 1795336200000001, "2026-11-21T22:30:00.000001-1000"},
    };
    char text[CLOCK_TEXT_BYTES];
    /* The zone is read once per thread and quarter of an hour: each row looks at its own. */
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        setenv("TZ", rows[i].zone, 1);
        tzset();
        int64_t other_quarter = 0;
        clock_format_eve(other_quarter, text);
        clock_format_eve(rows[i].us, text);
        if (strcmp(text, rows[i].want) != 0)
            fail_msg("%s: %s", rows[i].zone, text);
    }
}

static void years_stay_in_four_digits(void **state)
{
    char text[CLOCK_TEXT_BYTES];
    assert_int_equal(clock_format_utc(INT64_MAX, text), 27);
    assert_int_equal(clock_format_utc(INT64_MIN, text), 27);
}

static void clocks_run(void **state)
{
    int64_t a = clock_mono_us();
    assert_true(clock_mono_us() >= a);
    assert_true(clock_wall_us() > INT64_C(1700000000) * CLOCK_SECOND_US);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_to_time),
        cmocka_unit_test(time_to_text_and_back),
        cmocka_unit_test(eve_form_is_of_the_zone),
        cmocka_unit_test(years_stay_in_four_digits),
        cmocka_unit_test(clocks_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
