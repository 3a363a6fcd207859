#include "link/fields.h"
#include "link/link.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define E "\"event_type\":\"alert\""

static void list_is_sorted(void **state)
{
    (void)state;
    for (size_t i = 1; i < field_row_count; i++) {
        if (strcmp(field_rows[i - 1].path, field_rows[i].path) >= 0)
            fail_msg("%s stands before %s", field_rows[i - 1].path, field_rows[i].path);
    }
    for (size_t i = 0; i < field_row_count; i++) {
        assert_true(strlen(field_rows[i].path) < LINK_PATH_BYTES_MAX / 2);
        assert_true((field_rows[i].type == FIELD_TEXT) == (field_rows[i].max_bytes > 0));
    }
}

/* What must never travel has no row, whatever it hangs under. */
static void content_is_not_on_the_list(void **state)
{
    (void)state;
    static const char *const never[] = {
        "payload",  "packet",      "body",  "cookie",    "request_headers", "response_headers",
        "password", "certificate", "chain", "email.url", "stream"};
    for (size_t i = 0; i < field_row_count; i++) {
        for (size_t n = 0; n < ARRAY_COUNT(never); n++) {
            if (str_find(str_c(field_rows[i].path), 0, str_c(never[n])) >= 0)
                fail_msg("%s", field_rows[i].path);
        }
    }
}

static const struct {
    const char *name;
    const char *input;
    const char *want; /* NULL: the result below */
    enum link_allow result;
    uint64_t removed;
} filter_rows[] = {
    {"an alert as it is", "{" E ",\"src_ip\":\"192.0.2.1\",\"alert\":{\"signature_id\":1}}",
     "{" E ",\"src_ip\":\"192.0.2.1\",\"alert\":{\"signature_id\":1}}", LINK_ALLOWED, 0},
    {"payload", "{" E ",\"payload\":\"QUJD\",\"src_port\":80}", "{" E ",\"src_port\":80}",
     LINK_ALLOWED, 1},
    {"payload first", "{\"payload\":\"QUJD\"," E "}", "{" E "}", LINK_ALLOWED, 1},
    {"a whole object", "{" E ",\"packet_info\":{\"linktype\":1,\"a\":[1,{\"b\":2}]},\"tx_id\":0}",
     "{" E ",\"tx_id\":0}", LINK_ALLOWED, 1},
    {"body inside http",
     "{" E ",\"http\":{\"url\":\"/a\",\"http_response_body_printable\":\"secret\",\"status\":200}}",
     "{" E ",\"http\":{\"url\":\"/a\",\"status\":200}}", LINK_ALLOWED, 1},
    {"array of objects", "{" E ",\"files\":[{\"filename\":\"a.doc\",\"data\":\"x\"},{\"size\":3}]}",
     "{" E ",\"files\":[{\"filename\":\"a.doc\"},{\"size\":3}]}", LINK_ALLOWED, 1},
    {"rule metadata of any name",
     "{" E ",\"alert\":{\"metadata\":{\"cve\":[\"CVE_1\"],\"x y\":[\"n\"]}}}",
     "{" E ",\"alert\":{\"metadata\":{\"cve\":[\"CVE_1\"]}}}", LINK_ALLOWED, 1},
    {"text where a number belongs", "{" E ",\"src_port\":\"payload here\"}", "{" E "}",
     LINK_ALLOWED, 1},
    {"object where text belongs", "{" E ",\"src_ip\":{\"payload\":1}}", "{" E "}", LINK_ALLOWED, 1},
    {"array where text belongs", "{" E ",\"src_ip\":[\"payload\"]}", "{" E "}", LINK_ALLOWED, 1},
    {"text among numbers", "{" E ",\"vlan\":[1,\"payload\",2]}", "{" E ",\"vlan\":[1,2]}",
     LINK_ALLOWED, 1},
    {"name written with an escape", "{" E ",\"src\\u005fip\":\"192.0.2.1\"}", "{" E "}",
     LINK_ALLOWED, 1},
    {"number larger than the center can hold",
     "{" E ",\"flow_id\":9223372036854775808,\"tx_id\":1}", "{" E ",\"tx_id\":1}", LINK_ALLOWED, 1},
    {"largest number", "{" E ",\"flow_id\":9223372036854775807}",
     "{" E ",\"flow_id\":9223372036854775807}", LINK_ALLOWED, 0},
    {"endless exponent", "{" E ",\"flow_id\":1e999}", "{" E "}", LINK_ALLOWED, 1},
    {"text too long is cut", "{" E ",\"alert\":{\"action\":\"allowed-and-much-longer\"}}",
     "{" E ",\"alert\":{\"action\":\"allowed-and-much\"}}", LINK_ALLOWED, 1},
    {"cut before an escape, not inside",
     "{" E ",\"alert\":{\"action\":\"123456789012345\\u000a\"}}",
     "{" E ",\"alert\":{\"action\":\"123456789012345\"}}", LINK_ALLOWED, 1},
    {"cut before a pair, not inside", "{" E ",\"alert\":{\"action\":\"12345678\\ud83d\\ude00\"}}",
     "{" E ",\"alert\":{\"action\":\"12345678\"}}", LINK_ALLOWED, 1},
    {"cut before a character, not inside",
     "{" E ",\"alert\":{\"action\":\"12345678901234\xe3\x81\x82\"}}",
     "{" E ",\"alert\":{\"action\":\"12345678901234\"}}", LINK_ALLOWED, 1},
    {"blanks", "{ " E " , \"tx_id\" : 1 }", "{" E ",\"tx_id\":1}", LINK_ALLOWED, 0},
    {"the device",
     "{" E ",\"otasuke\":{\"device\":{\"mac\":\"02:00:00:00:00:01\",\"name\":"
     "\"\xe7\xb5\x8c\xe7\x90\x86\"}}}",
     "{" E ",\"otasuke\":{\"device\":{\"mac\":\"02:00:00:00:00:01\",\"name\":"
     "\"\xe7\xb5\x8c\xe7\x90\x86\"}}}",
     LINK_ALLOWED, 0},
    {"http stays", "{\"event_type\":\"http\",\"src_ip\":\"192.0.2.1\"}", NULL, LINK_NOT_EVENT, 0},
    {"no event type", "{\"src_ip\":\"192.0.2.1\"}", NULL, LINK_NOT_EVENT, 0},
    {"event type inside", "{\"otasuke\":{\"event_type\":\"alert\"}}", NULL, LINK_NOT_EVENT, 0},
    {"empty", "", NULL, LINK_NOT_JSON, 0},
    {"an array", "[{" E "}]", NULL, LINK_NOT_JSON, 0},
    {"two objects", "{" E "}{" E "}", NULL, LINK_NOT_JSON, 0},
    {"end missing", "{" E, NULL, LINK_NOT_JSON, 0},
    {"comma too many", "{" E ",}", NULL, LINK_NOT_JSON, 0},
    {"number with leading zero", "{" E ",\"tx_id\":01}", NULL, LINK_NOT_JSON, 0},
    {"a line break", "{" E ",\n\"tx_id\":1}", NULL, LINK_NOT_JSON, 0},
    {"control byte", "{" E ",\"src_ip\":\"\x01\"}", NULL, LINK_NOT_JSON, 0},
    {"not UTF-8", "{" E ",\"src_ip\":\"\xff\"}", NULL, LINK_NOT_JSON, 0},
    {"overlong UTF-8", "{" E ",\"src_ip\":\"\xc0\x80\"}", NULL, LINK_NOT_JSON, 0},
    {"half a surrogate pair", "{" E ",\"src_ip\":\"\\ud83d\"}", NULL, LINK_NOT_JSON, 0},
    {"second half alone", "{" E ",\"src_ip\":\"\\ude00\"}", NULL, LINK_NOT_JSON, 0},
    {"unknown escape", "{" E ",\"src_ip\":\"\\x41\"}", NULL, LINK_NOT_JSON, 0},
    {"unknown word", "{" E ",\"tx_guessed\":maybe}", NULL, LINK_NOT_JSON, 0},
    {"16 deep", "{" E ",\"a\":[[[[[[[[[[[[[[1]]]]]]]]]]]]]]}", "{" E "}", LINK_ALLOWED, 1},
    {"17 deep", "{" E ",\"a\":[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]}", NULL, LINK_NOT_JSON, 0},
};

static void filter(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(filter_rows); i++) {
        struct buf out;
        struct link_filtered filtered = {0};
        char path[LINK_PATH_BYTES_MAX];
        buf_init(&out, 0);
        enum link_allow got = link_allow_filter(str_c(filter_rows[i].input), &out, &filtered);
        if (got != filter_rows[i].result || filtered.removed != filter_rows[i].removed)
            fail_msg("%s: result %d, removed %d", filter_rows[i].name, got, (int)filtered.removed);
        if (filter_rows[i].want && !str_eq(buf_str(&out), str_c(filter_rows[i].want)))
            fail_msg("%s: %s", filter_rows[i].name, buf_c(&out));
        if (!filter_rows[i].want)
            assert_int_equal(out.len, 0);
        /* What the filter let through, the strict check lets through; what lost something, it does not. */
        if (filter_rows[i].want && link_allow_check(buf_str(&out), path) != LINK_ALLOWED)
            fail_msg("%s: the check refuses %s", filter_rows[i].name, path);
        if (filter_rows[i].removed > 0 &&
            link_allow_check(str_c(filter_rows[i].input), path) != LINK_FORBIDDEN)
            fail_msg("%s: the check lets it through", filter_rows[i].name);
        buf_fini(&out);
    }
}

static void check_names_the_offender(void **state)
{
    (void)state;
    static const struct {
        const char *input;
        const char *want;
    } rows[] = {
        {"{" E ",\"payload\":\"QUJD\"}", "payload"},
        {"{" E ",\"http\":{\"http_response_body\":\"x\"}}", "http.http_response_body"},
        {"{" E ",\"files\":[{},{\"data\":1}]}", "files[].data"},
        {"{" E ",\"a b\":1}", "a?b"},
        {"{" E ",\"src_port\":true}", "src_port"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        char path[LINK_PATH_BYTES_MAX];
        assert_int_equal(link_allow_check(str_c(rows[i].input), path), LINK_FORBIDDEN);
        assert_string_equal(path, rows[i].want);
    }
}

/* Cut anywhere, a line is no JSON; with any one byte changed, nothing worse than a result comes out. */
static void damage(void **state)
{
    (void)state;
    static const char line[] =
        "{" E ",\"flow_id\":-12.5e3,\"alert\":{\"metadata\":{\"a\":[\"\\u0041\\n\"]}},"
        "\"tx_guessed\":false,\"files\":[{\"filename\":\"\xe3\x81\x82.doc\"}],\"payload\":null}";
    char changed[sizeof(line)];
    char path[LINK_PATH_BYTES_MAX];
    struct buf out;
    struct link_filtered filtered;
    buf_init(&out, 0);
    for (size_t cut = 0; cut < sizeof(line) - 1; cut++) {
        assert_int_equal(link_allow_check(str_of(line, cut), path), LINK_NOT_JSON);
        for (int byte = 0; byte < 256; byte++) {
            memcpy(changed, line, sizeof(line));
            changed[cut] = (char)byte;
            buf_reset(&out);
            if (link_allow_filter(str_of(changed, sizeof(line) - 1), &out, &filtered) !=
                LINK_ALLOWED)
                continue;
            if (link_allow_check(buf_str(&out), path) != LINK_ALLOWED)
                fail_msg("byte %zu as %d: %s", cut, byte, path);
        }
    }
    buf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(list_is_sorted), cmocka_unit_test(content_is_not_on_the_list),
        cmocka_unit_test(filter),         cmocka_unit_test(check_names_the_offender),
        cmocka_unit_test(damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
