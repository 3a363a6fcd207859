/* rows: P14 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "gateway/guard/isolation.h"

static struct isolation item_of(const char *mac, enum control_origin origin, int64_t until_us)
{
    struct isolation item = {.origin = origin, .since_us = 5, .until_us = until_us, .sid = 7};
    assert_true(mac_parse(str_c(mac), &item.mac));
    strcpy(item.reason, "T beacon");
    return item;
}

static void who_replaces_whom(void **state)
{
    const struct {
        const char *name;
        enum control_origin first, then;
        int64_t first_until, then_until;
        bool changed;
        enum control_origin want;
    } rows[] = {
        {"a rule again", CONTROL_BY_RULE, CONTROL_BY_RULE, 0, 9, false, CONTROL_BY_RULE},
        {"a person after a rule", CONTROL_BY_RULE, CONTROL_BY_COMMAND, 0, 9, true,
         CONTROL_BY_COMMAND},
        {"a rule after a person", CONTROL_BY_COMMAND, CONTROL_BY_RULE, 0, 9, false,
         CONTROL_BY_COMMAND},
        {"the center after a person", CONTROL_BY_COMMAND, CONTROL_BY_CENTER, 9, 0, true,
         CONTROL_BY_CENTER},
        {"the center the same again", CONTROL_BY_CENTER, CONTROL_BY_CENTER, 9, 9, false,
         CONTROL_BY_CENTER},
        {"a person gives it more time", CONTROL_BY_COMMAND, CONTROL_BY_COMMAND, 9, 90, true,
         CONTROL_BY_COMMAND},
    };
    static struct isolations list;
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct isolation first = item_of("02:00:5e:00:53:01", rows[i].first, rows[i].first_until);
        struct isolation then = item_of("02:00:5e:00:53:01", rows[i].then, rows[i].then_until);
        print_message("# %s\n", rows[i].name);
        list = (struct isolations){0};
        assert_true(isolation_put(&list, &first));
        assert_int_equal(isolation_put(&list, &then), rows[i].changed);
        assert_int_equal(list.count, 1);
        assert_int_equal(list.items[0].origin, rows[i].want);
    }
}

static void refuses_what_is_no_machine(void **state)
{
    static const char *const macs[] = {"ff:ff:ff:ff:ff:ff", "01:00:5e:00:00:fb",
                                       "33:33:00:00:00:01", "00:00:00:00:00:00"};
    static struct isolations list;
    for (size_t i = 0; i < ARRAY_COUNT(macs); i++) {
        struct isolation item = item_of(macs[i], CONTROL_BY_CENTER, 0);
        assert_false(isolation_put(&list, &item));
    }
    assert_int_equal(list.count, 0);
}

static void holds_so_many(void **state)
{
    static struct isolations list;
    struct isolation item = item_of("02:00:00:00:00:00", CONTROL_BY_RULE, 0);
    for (uint32_t i = 0; i < ISOLATIONS_MAX + 5; i++) {
        item.mac.bytes[4] = (uint8_t)(i >> 8), item.mac.bytes[5] = (uint8_t)i;
        assert_int_equal(isolation_put(&list, &item), i < ISOLATIONS_MAX);
    }
    assert_int_equal(list.count, ISOLATIONS_MAX);
    item.mac.bytes[4] = 0, item.mac.bytes[5] = 3;
    assert_true(isolation_remove(&list, &item.mac));
    assert_false(isolation_remove(&list, &item.mac));
    assert_null(isolation_find(&list, &item.mac));
    assert_true(isolation_put(&list, &item));
}

static void times(void **state)
{
    static struct isolations list;
    struct isolation for_ever = item_of("02:00:5e:00:53:01", CONTROL_BY_COMMAND, 0);
    struct isolation item = item_of("02:00:5e:00:53:02", CONTROL_BY_COMMAND, 10000000);
    assert_true(isolation_put(&list, &for_ever));
    assert_true(isolation_put(&list, &item));
    assert_null(isolation_expired(&list, 9999999));
    assert_ptr_equal(isolation_expired(&list, 10000000), isolation_find(&list, &item.mac));
    assert_int_equal(isolation_seconds_left(&for_ever, 5), 0);
    assert_int_equal(isolation_seconds_left(&item, 0), 10);
    /* 0 would mean for ever: one that is over has a last second. */
    assert_int_equal(isolation_seconds_left(&item, 9999999), 1);
    assert_int_equal(isolation_seconds_left(&item, 99999999), 1);
}

static void comes_back_from_disk(void **state)
{
    static struct isolations list, back;
    char path[] = "/tmp/isolation_test.XXXXXX";
    struct err err;
    uint32_t damaged = 9;
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    struct isolation a = item_of("02:00:5e:00:53:01", CONTROL_BY_RULE, 0);
    struct isolation b = item_of("02:00:5e:00:53:02", CONTROL_BY_CENTER, 1700000000000000);
    /* A name of the center's that would forge a line of the list, and a terminal's orders. */
    strcpy(b.reason, "x\n02:00:5e:00:53:99 rule 1 2 3 \x1b[2J y");
    assert_true(isolation_put(&list, &a));
    assert_true(isolation_put(&list, &b));
    assert_int_equal(isolation_save(&list, path, &err), 0);
    assert_int_equal(isolation_load(&back, path, &damaged, &err), 0);
    assert_int_equal(damaged, 0);
    assert_int_equal(back.count, 2);
    assert_string_equal(back.items[0].reason, "T beacon");
    assert_int_equal(back.items[0].sid, 7);
    assert_int_equal(back.items[0].since_us, 5);
    assert_int_equal(back.items[1].until_us, 1700000000000000);
    assert_int_equal(back.items[1].origin, CONTROL_BY_CENTER);
    assert_string_equal(back.items[1].reason, "x 02:00:5e:00:53:99 rule 1 2 3  [2J y");
    unlink(path);
    assert_int_equal(isolation_load(&back, path, &damaged, &err), 0);
    assert_int_equal(back.count, 0);
    assert_int_equal(isolation_save(&list, "/nowhere/at/all", &err), -1);
}

static void damaged_lines_are_left_out(void **state)
{
    static const char good[] = "02:00:5e:00:53:01 rule 7 5 0 T beacon\n";
    const struct {
        const char *name, *line;
        uint32_t damaged, count;
    } rows[] = {
        {"nothing", "", 0, 1},
        {"empty lines", "\n\n\n", 0, 1},
        {"no address", "hello\n", 1, 1},
        {"half an address", "02:00:5e:00:53 rule 7 5 0 x\n", 1, 1},
        {"broadcast", "ff:ff:ff:ff:ff:ff rule 7 5 0 x\n", 1, 1},
        {"unknown origin", "02:00:5e:00:53:02 nobody 7 5 0 x\n", 1, 1},
        {"sid is no number", "02:00:5e:00:53:02 rule x 5 0 x\n", 1, 1},
        {"sid too large", "02:00:5e:00:53:02 rule 4294967296 5 0 x\n", 1, 1},
        {"time too large", "02:00:5e:00:53:02 rule 7 99999999999999999999 0 x\n", 1, 1},
        {"ends early", "02:00:5e:00:53:02 rule 7\n", 1, 1},
        {"no reason", "02:00:5e:00:53:02 rule 7 5 0\n", 0, 2},
        {"twice the same", "02:00:5e:00:53:01 rule 7 5 0 again\n", 0, 1},
        {"binary", "\xff\xfe\x01\x02\n", 1, 1},
    };
    static struct isolations list;
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        char text[256];
        int len = snprintf(text, sizeof(text), "%s%s", rows[i].line, good);
        print_message("# %s\n", rows[i].name);
        assert_int_equal(isolation_read(&list, str_of(text, (size_t)len)), rows[i].damaged);
        assert_int_equal(list.count, rows[i].count);
    }
    /* Cut anywhere, as by a crash: the first line is there or not, nothing else. */
    for (size_t len = 0; len < sizeof(good); len++) {
        isolation_read(&list, str_of(good, len));
        assert_true(list.count <= 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_replaces_whom),    cmocka_unit_test(refuses_what_is_no_machine),
        cmocka_unit_test(holds_so_many),        cmocka_unit_test(times),
        cmocka_unit_test(comes_back_from_disk), cmocka_unit_test(damaged_lines_are_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
