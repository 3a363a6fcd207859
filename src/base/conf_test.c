#include "base/conf.h"
#include "base/file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char sample[] = "%YAML 1.1\n"
                             "---\n"
                             "vars:\n"
                             "  address-groups:\n"
                             "    HOME_NET: \"[192.168.0.0/16,10.0.0.0/8]\"\n"
                             "stream:\n"
                             "  midstream: yes\n"
                             "  memcap: 64mb\n"
                             "  depth: 0\n"
                             "outputs:\n"
                             "  - fast:\n"
                             "      enabled: no\n"
                             "  - eve-log:\n"
                             "      enabled: on\n"
                             "      types:\n"
                             "        - alert\n"
                             "        - http: {extended: true}\n"
                             "af-packet:\n"
                             "  - interface: eth0\n"
                             "    cluster-id: 99\n"
                             "empty:\n"
                             "negative: -12\n";

static struct conf *sample_conf(void)
{
    struct conf *c = conf_new();
    struct err err;
    assert_non_null(c);
    if (conf_parse(c, str_c(sample), "sample", &err) < 0)
        fail_msg("%s", err.text);
    return c;
}

static void paths_find_values(void **state)
{
    static const struct {
        const char *path;
        const char *want;
    } rows[] = {
        {"vars.address-groups.HOME_NET", "[192.168.0.0/16,10.0.0.0/8]"},
        {"stream.midstream", "yes"},
        {"outputs.0.fast.enabled", "no"},
        {"outputs.1.eve-log.enabled", "on"},
        {"outputs.eve-log.enabled", "on"},
        {"outputs.eve-log.types.0", "alert"},
        {"outputs.eve-log.types.1.http.extended", "true"},
        {"outputs.eve-log.types.http.extended", "true"},
        {"af-packet.0.interface", "eth0"},
        {"af-packet.0.cluster-id", "99"},
        {"af-packet.interface", NULL}, /* two keys in the item */
        {"af-packet.1.interface", NULL},
        {"stream", NULL},
        {"stream.midstream.more", NULL},
        {"stream.", NULL},
        {"", NULL},
        {"outputs.99999999999999999999", NULL},
        {"empty", ""},
    };
    struct conf *c = sample_conf();
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        const char *got = conf_text(c, rows[i].path, NULL);
        if ((got == NULL) != (rows[i].want == NULL) || (got && strcmp(got, rows[i].want) != 0))
            fail_msg("%s: %s", rows[i].path, got ? got : "(none)");
    }
    conf_free(c);
}

static void values_have_kinds(void **state)
{
    struct conf *c = sample_conf();
    assert_true(conf_bool(c, "stream.midstream", false));
    assert_true(conf_bool(c, "outputs.eve-log.enabled", false));
    assert_false(conf_bool(c, "outputs.fast.enabled", true));
    assert_true(conf_bool(c, "stream.memcap", true)); /* no truth value: the default */
    assert_int_equal(conf_int(c, "negative", 5), -12);
    assert_int_equal(conf_int(c, "stream.memcap", 5), 5);
    assert_int_equal(conf_int(c, "none", 6), 6);
    static const struct {
        const char *set;
        uint64_t want;
    } rows[] = {
        {"size=512", 512},
        {"size=64mb", 64u << 20},
        {"size=1 GiB", 1u << 30},
        {"size=3k", 3072},
        {"size=10KB", 10240},
        {"size=7 parsecs", 1},
        {"size=-1", 1},
        {"size=", 1},
        {"size=99999999999gb", 1},
        {"size=18446744073709551615", UINT64_MAX},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        assert_int_equal(conf_set(c, rows[i].set, NULL), 0);
        if (conf_bytes(c, "size", 1) != rows[i].want)
            fail_msg("%s: %llu", rows[i].set, (unsigned long long)conf_bytes(c, "size", 1));
    }
    conf_free(c);
}

static void single_values_are_set(void **state)
{
    struct conf *c = sample_conf();
    struct err err;
    assert_int_equal(conf_set(c, "stream.midstream=no", &err), 0);
    assert_int_equal(conf_set(c, "outputs.eve-log.enabled = off", &err), 0);
    assert_int_equal(conf_set(c, "new.deep.value=a=b", &err), 0);
    assert_int_equal(conf_set(c, "stream.memcap.sub=1", &err), 0);
    assert_string_equal(conf_text(c, "stream.midstream", ""), "no");
    assert_string_equal(conf_text(c, "outputs.1.eve-log.enabled", ""), "off");
    assert_string_equal(conf_text(c, "new.deep.value", ""), "a=b");
    assert_string_equal(conf_text(c, "stream.memcap", "gone"), "gone");
    assert_int_equal(conf_set(c, "no-value", &err), -1);
    assert_non_null(strstr(err.text, "no-value"));
    assert_int_equal(conf_set(c, "=x", &err), -1);
    assert_int_equal(conf_set(c, "a..b=x", &err), -1);
    conf_free(c);
}

static void later_text_changes_earlier(void **state)
{
    struct conf *c = sample_conf();
    static const char later[] = "stream: {depth: 9}\noutputs: [a, b]\nvars: none\n";
    assert_int_equal(conf_parse(c, str_c(later), "later", NULL), 0);
    assert_string_equal(conf_text(c, "stream.midstream", ""), "yes");
    assert_string_equal(conf_text(c, "stream.depth", ""), "9");
    assert_string_equal(conf_text(c, "outputs.1", ""), "b");
    assert_null(conf_find(c, "outputs.2"));
    assert_null(conf_find(NULL, "outputs.2")); /* no settings at all */
    assert_string_equal(conf_text(c, "vars", ""), "none");
    assert_null(conf_find(c, "vars.address-groups"));
    conf_free(c);
}

static void bad_text_is_refused_with_its_line(void **state)
{
    static const struct {
        const char *text;
        const char *want;
    } rows[] = {
        {"a: 1\nb: [1, 2\n", "bad:"},
        {"a: 1\n\tb: 2\n", "bad:2:"},
        {"- a\n- b\n", "name: value"},
        {"just words\n", "name: value"},
        {"a: &x 1\nb: *x\n", "bad:2: aliases"},
        {"? [a]\n: 1\n", "a key must be plain text"},
        {"a: \"\\0\"\n", "NUL"},
        {"include: /\n", "include"},
        {"a: \xff\n", "bad:"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct conf *c = conf_new();
        struct err err = {""};
        if (conf_parse(c, str_c(rows[i].text), "bad", &err) == 0 || !strstr(err.text, rows[i].want))
            fail_msg("%s: %s", rows[i].text, err.text);
        conf_free(c);
    }
}

static void limits_hold(void **state)
{
    struct conf *c = conf_new();
    struct err err;
    struct buf b;
    buf_init(&b, 0);
    buf_add_c(&b, "a: ");
    for (int i = 0; i < 2000; i++)
        buf_add_byte(&b, '[');
    assert_int_equal(conf_parse(c, buf_str(&b), "deep", &err), -1);
    buf_reset(&b);
    buf_add_c(&b, "a: [");
    for (int i = 0; i < 100001; i++)
        buf_add_c(&b, "1,");
    buf_add_c(&b, "1]\n");
    assert_int_equal(conf_parse(c, buf_str(&b), "many", &err), -1);
    assert_non_null(strstr(err.text, "too many"));
    buf_reset(&b);
    while (b.len <= 4u << 20)
        buf_add_c(&b, "# a long comment that says nothing\n");
    assert_int_equal(conf_parse(c, buf_str(&b), "large", &err), -1);
    assert_non_null(strstr(err.text, "larger"));
    buf_fini(&b);
    conf_free(c);
}

static void empty_text_is_no_error(void **state)
{
    static const char *const rows[] = {"", "# nothing\n", "---\n", "%YAML 1.1\n---\n"};
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct conf *c = conf_new();
        struct err err = {""};
        if (conf_parse(c, str_c(rows[i]), "empty", &err) < 0)
            fail_msg("%s: %s", rows[i], err.text);
        conf_free(c);
    }
}

static void put_file(const char *folder, const char *name, const char *text)
{
    char path[256];
    struct err err;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    if (file_write(path, str_c(text), 0600, &err) < 0)
        fail_msg("%s", err.text);
}

static void includes_are_followed(void **state)
{
    char folder[] = "/tmp/conf-test-XXXXXX";
    assert_non_null(mkdtemp(folder));
    put_file(folder, "main.yaml",
             "a: 1\ninclude: [b.yaml, gone.yaml, c.yaml]\nd:\n  include: c.yaml\n");
    put_file(folder, "b.yaml", "a: 2\nb: 2\n");
    put_file(folder, "c.yaml", "c: 3\n");
    put_file(folder, "loop.yaml", "include: loop.yaml\n");
    char path[256];
    struct err err;
    struct conf *c = conf_new();
    snprintf(path, sizeof path, "%s/main.yaml", folder);
    if (conf_load(c, path, &err) < 0)
        fail_msg("%s", err.text);
    assert_string_equal(conf_text(c, "a", ""), "2");
    assert_string_equal(conf_text(c, "b", ""), "2");
    assert_string_equal(conf_text(c, "c", ""), "3");
    assert_string_equal(conf_text(c, "d.c", ""), "3");
    assert_non_null(strstr(conf_missing(c, 0), "/gone.yaml"));
    assert_null(conf_missing(c, 1));
    snprintf(path, sizeof path, "%s/loop.yaml", folder);
    assert_int_equal(conf_load(c, path, &err), -1);
    assert_non_null(strstr(err.text, "nested too deeply"));
    conf_free(c);
    static const char *const names[] = {"main.yaml", "b.yaml", "c.yaml", "loop.yaml"};
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        unlink(path);
    }
    rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_find_values),
        cmocka_unit_test(values_have_kinds),
        cmocka_unit_test(single_values_are_set),
        cmocka_unit_test(later_text_changes_earlier),
        cmocka_unit_test(bad_text_is_refused_with_its_line),
        cmocka_unit_test(limits_hold),
        cmocka_unit_test(empty_text_is_no_error),
        cmocka_unit_test(includes_are_followed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
