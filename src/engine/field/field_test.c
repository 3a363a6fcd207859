#include "engine/field/field.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define BIT(proto) (UINT64_C(1) << (proto))

static void test_names(void **state)
{
    for (int i = 0; i < APP_PROTO_COUNT; i++) {
        const char *name = app_proto_name((enum app_proto)i);
        assert_non_null(name);
        assert_int_equal(!(app_proto_mask(str_c(name)) & BIT(i)), i == APP_FRAME);
    }
}

static void test_mask(void **state)
{
    static const struct {
        const char *name;
        uint64_t want;
    } rows[] = {
        {"http", BIT(APP_HTTP1) | BIT(APP_HTTP2)},
        {"http1", BIT(APP_HTTP1)},
        {"http2", BIT(APP_HTTP2) | BIT(APP_DOH2)},
        {"HTTP2", BIT(APP_HTTP2) | BIT(APP_DOH2)},
        {"doh2", BIT(APP_HTTP2) | BIT(APP_DOH2)},
        {"dns", BIT(APP_DNS) | BIT(APP_DOH2)},
        {"tls", BIT(APP_TLS)},
        {"ssl", BIT(APP_TLS)},
        {"dcerpc", BIT(APP_DCERPC) | BIT(APP_SMB)},
        {"smb", BIT(APP_SMB)},
        {"ftp-data", BIT(APP_FTP_DATA)},
        {"failed", BIT(APP_FAILED)},
        {"tcp", 0},
        {"htt", 0},
        {"", 0},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        assert_int_equal(app_proto_mask(str_c(rows[i].name)), rows[i].want);
}

static void test_own_mask(void **state)
{
    assert_int_equal(app_proto_mask_own(app_proto_mask(STR_LIT("dcerpc"))), BIT(APP_DCERPC));
    assert_int_equal(app_proto_mask_own(BIT(APP_SMB)), BIT(APP_SMB));
    assert_int_equal(app_proto_mask_own(BIT(APP_DNS) | BIT(APP_DOH2)),
                     BIT(APP_DNS) | BIT(APP_DOH2));
}

static void test_log_mask(void **state)
{
    static const struct {
        const char *name;
        uint64_t want;
    } rows[] = {
        {"http", BIT(APP_HTTP1) | BIT(APP_HTTP2)},
        {"http2", BIT(APP_HTTP2)},
        {"doh2", BIT(APP_DOH2)},
        {"DNS", BIT(APP_DNS)},
        {"frame", 0},
        {"files", 0},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        assert_int_equal(app_proto_log_mask(str_c(rows[i].name)), rows[i].want);
}

static const struct field_desc http_rows[] = {
    {.name = "http.uri", .proto = APP_HTTP1, .dirs = DIR_BIT(DIR_TOSERVER)},
    {.name = "file.data", .proto = APP_HTTP1, .dirs = DIR_BOTH, .kind = FIELD_WINDOW},
};
static const struct field_desc smtp_rows[] = {
    {.name = "file.data",
     .proto = APP_SMTP,
     .dirs = DIR_BIT(DIR_TOSERVER),
     .kind = FIELD_WINDOW,
     .multi = true},
};
static const struct field_desc other_kind[] = {
    {.name = "http.uri", .proto = APP_HTTP2, .kind = FIELD_UINT},
};

static void test_table(void **state)
{
    static struct field_table t;
    const struct field_list lists[] = {{http_rows, 2}, {smtp_rows, 1}};
    struct err err;
    assert_int_equal(field_table_init(&t, lists, 2, &err), 0);
    assert_int_equal(t.count, 2);
    uint32_t id = field_find(&t, STR_LIT("file.data"));
    assert_int_equal(id, 1);
    const struct field_entry *e = &t.entries[id];
    assert_string_equal(e->name, "file.data");
    assert_int_equal(e->dirs, DIR_BOTH);
    assert_true(e->multi);
    assert_int_equal(e->protos, BIT(APP_HTTP1) | BIT(APP_SMTP));
    assert_ptr_equal(e->of_proto[APP_SMTP], &smtp_rows[0]);
    assert_null(e->of_proto[APP_TLS]);
    assert_int_equal(field_find(&t, STR_LIT("file.dat")), FIELD_NONE);
    field_table_fini(&t);
}

static void test_table_refuses(void **state)
{
    static struct field_table t;
    struct err err = {""};
    const struct field_list kinds[] = {{http_rows, 2}, {other_kind, 1}};
    assert_int_equal(field_table_init(&t, kinds, 2, &err), -1);
    assert_non_null(strstr(err.text, "http.uri"));
    const struct field_list twice[] = {{http_rows, 2}, {http_rows, 1}};
    assert_int_equal(field_table_init(&t, twice, 2, &err), -1);
    assert_non_null(strstr(err.text, "twice"));
}

static void test_table_limit(void **state)
{
    static struct field_table t;
    static struct field_desc rows[FIELD_MAX + 1];
    static char names[FIELD_MAX + 1][16];
    for (int i = 0; i <= FIELD_MAX; i++) {
        snprintf(names[i], sizeof names[i], "f.%d", i);
        rows[i] = (struct field_desc){.name = names[i], .proto = APP_DNS};
    }
    struct err err;
    const struct field_list full[] = {{rows, FIELD_MAX}};
    assert_int_equal(field_table_init(&t, full, 1, &err), 0);
    assert_int_equal(field_find(&t, STR_LIT("f.511")), 511);
    field_table_fini(&t);
    const struct field_list beyond[] = {{rows, FIELD_MAX + 1}};
    assert_int_equal(field_table_init(&t, beyond, 1, &err), -1);
}

static void test_mask_bits(void **state)
{
    struct field_mask m = {{0}};
    field_mask_add(&m, 0);
    field_mask_add(&m, 64);
    field_mask_add(&m, FIELD_MAX - 1);
    assert_true(field_mask_has(&m, 0));
    assert_true(field_mask_has(&m, 64));
    assert_true(field_mask_has(&m, FIELD_MAX - 1));
    assert_false(field_mask_has(&m, 63));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),       cmocka_unit_test(test_mask),
        cmocka_unit_test(test_own_mask),    cmocka_unit_test(test_log_mask),
        cmocka_unit_test(test_table),       cmocka_unit_test(test_table_refuses),
        cmocka_unit_test(test_table_limit), cmocka_unit_test(test_mask_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
