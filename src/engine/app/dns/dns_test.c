/* rows: A10 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "engine/app/dns/dns.h"
#include "engine/app/dns/message.h"
#include "engine/app/talk/talk.h"

struct world {
    struct slab slab;
    struct budget mem;
    struct app_conf conf;
    struct arena scratch;
    struct app_flow af;
};

static void begin(struct world *w, bool is_udp)
{
    *w = (struct world){0};
    assert_int_equal(slab_init(&w->slab, 16u << 20), 0);
    w->mem = (struct budget){.slab = &w->slab, .limit_bytes = 1u << 20};
    app_conf_defaults(&w->conf);
    arena_init(&w->scratch, 0, 0);
    w->af = (struct app_flow){.mem = &w->mem,
                              .conf = &w->conf,
                              .scratch = &w->scratch,
                              .is_udp = is_udp,
                              .server_port = 53};
    assert_int_equal(app_open(&w->af, is_udp ? &dns_parser : &dns_tcp_parser), 0);
}

static void end(struct world *w)
{
    struct file_store *files = file_store_new(&(struct file_conf){0}, NULL);
    w->af.files = files;
    app_close(&w->af);
    assert_int_equal(w->mem.used_bytes, 0);
    file_store_free(files);
    arena_fini(&w->scratch);
    slab_fini(&w->slab);
}

#define QUESTION "\3www\7example\3com\0\0\1\0\1"
#define REQUEST "\x12\x34\1\0\0\1\0\0\0\0\0\0" QUESTION
#define RESPONSE                                                                              \
    "\x12\x34\x81\x83\0\1\0\2\0\0\0\0" QUESTION "\xc0\x0c\0\5\0\1\0\0\0\x3c\0\6\3cdn\xc0\x10" \
    "\xc0\x2d\0\1\0\1\0\0\0\x3c\0\4\xc0\0\2\1"

static struct str field(const struct world *w, const struct tx *tx, const char *name,
                        uint32_t index)
{
    struct str out = STR_EMPTY;
    struct arena *scratch = (struct arena *)(uintptr_t)&w->scratch;
    for (size_t i = 0; i < DNS_FIELDS; i++)
        if (strcmp(dns_fields[i].name, name) == 0 &&
            !dns_fields[i].bytes(tx, DIR_TOCLIENT, index, scratch, &out))
            return STR_EMPTY;
    return out;
}

static uint64_t number(const struct tx *tx, const char *name)
{
    uint64_t out = 99999;
    for (size_t i = 0; i < DNS_FIELDS; i++)
        if (strcmp(dns_fields[i].name, name) == 0)
            dns_fields[i].number(tx, DIR_TOCLIENT, 0, &out);
    return out;
}

static void check_response(const struct world *w, const struct tx *tx)
{
    assert_true(str_eq(field(w, tx, "dns.queries.rrname", 0), STR_LIT("www.example.com")));
    assert_true(str_eq(field(w, tx, "dns.answers.rrname", 0), STR_LIT("www.example.com")));
    assert_true(str_eq(field(w, tx, "dns.answers.rrname", 1), STR_LIT("cdn.example.com")));
    assert_int_equal(field(w, tx, "dns.answers.rrname", 2).len, 0);
    assert_int_equal(number(tx, "dns.rcode"), 3);
    assert_int_equal(number(tx, "dns.opcode"), 0);
    assert_int_equal(number(tx, "dns.rrtype"), 1);
    assert_int_equal(tx->events, 0);
}

static void udp_messages_are_transactions(void **state)
{
    struct world w;
    begin(&w, true);
    dns_parser.data(&w.af, DIR_TOSERVER, &(struct app_chunk){.bytes = STR_LIT(REQUEST)});
    dns_parser.data(&w.af, DIR_TOCLIENT, &(struct app_chunk){.bytes = STR_LIT(RESPONSE)});
    assert_int_equal(w.af.tx_count, 2);
    assert_int_equal(w.af.first->dirs, DIR_BIT(DIR_TOSERVER));
    assert_true(str_eq(field(&w, w.af.first, "dns.query", 0), STR_LIT("www.example.com")));
    check_response(&w, w.af.first->next);
    end(&w);
}

/* As engine.c does it: what is not consumed is given again with more behind it. */
static void feed_split(struct world *w, struct str stream, size_t cut)
{
    size_t consumed = 0;
    const size_t ends[] = {cut, stream.len};
    for (size_t i = 0; i < ARRAY_COUNT(ends); i++) {
        struct app_chunk chunk = {.bytes = str_cut(stream, consumed, ends[i])};
        struct app_result result = dns_tcp_parser.data(&w->af, DIR_TOCLIENT, &chunk);
        assert_int_not_equal(result.status, PARSE_BAD);
        consumed += result.consumed;
    }
    assert_int_equal(consumed, stream.len);
}

static void tcp_gives_the_same_cut_anywhere(void **state)
{
    uint8_t bytes[512];
    struct buf b = buf_fixed(bytes, sizeof(bytes));
    for (int i = 0; i < 2; i++) {
        buf_add_u16(&b, sizeof(RESPONSE) - 1);
        buf_add(&b, STR_LIT(RESPONSE));
    }
    for (size_t cut = 0; cut <= b.len; cut++) {
        struct world w;
        begin(&w, false);
        feed_split(&w, buf_str(&b), cut);
        assert_int_equal(w.af.tx_count, 2);
        check_response(&w, w.af.first);
        check_response(&w, w.af.last);
        end(&w);
    }
}

static void damage_is_an_event(void **state)
{
    static const struct {
        const char *name;
        struct str message;
        uint32_t event;
    } rows[] = {
        {"cut in the question", STR_LIT("\x12\x34\1\0\0\1\0\0\0\0\0\0\3www"),
         DNS_EVENT_MALFORMED_DATA},
        {"pointer to itself", STR_LIT("\x12\x34\1\0\0\1\0\0\0\0\0\0\xc0\x0c\0\1\0\1"),
         DNS_EVENT_INFINITE_LOOP},
        {"pointer behind the end", STR_LIT("\x12\x34\1\0\0\1\0\0\0\0\0\0\xc1\xff\0\1\0\1"),
         DNS_EVENT_MALFORMED_DATA},
        {"Z bit", STR_LIT("\x12\x34\1\x40\0\1\0\0\0\0\0\0" QUESTION), DNS_EVENT_Z_FLAG_SET},
        {"opcode 9", STR_LIT("\x12\x34\x49\0\0\1\0\0\0\0\0\0" QUESTION), DNS_EVENT_INVALID_OPCODE},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct world w;
        begin(&w, true);
        print_message("# %s\n", rows[i].name);
        dns_parser.data(&w.af, DIR_TOSERVER, &(struct app_chunk){.bytes = rows[i].message});
        assert_non_null(w.af.first);
        assert_true(w.af.first->events >> rows[i].event & 1);
        end(&w);
    }
}

static void without_memory_nothing_is_lost_but_the_message(void **state)
{
    struct world w;
    begin(&w, true);
    w.mem.limit_bytes = w.mem.used_bytes;
    dns_parser.data(&w.af, DIR_TOSERVER, &(struct app_chunk){.bytes = STR_LIT(REQUEST)});
    assert_null(w.af.first);
    w.mem.limit_bytes += (uint32_t)slab_block_bytes(sizeof(struct dns_tx));
    dns_parser.data(&w.af, DIR_TOSERVER, &(struct app_chunk){.bytes = STR_LIT(REQUEST)});
    assert_non_null(w.af.first);
    assert_int_equal(field(&w, w.af.first, "dns.query", 0).len, 0);
    end(&w);
}

static const struct talk_probe udp_probes[] = {
    {"request on 53", TS(REQUEST), 53, APP_PROBE_YES},
    {"request elsewhere", TS(REQUEST), 5300, APP_PROBE_YES},
    {"mDNS has its own place", TS(REQUEST), 5353, APP_PROBE_NO},
    {"text", TS("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), 80, APP_PROBE_NO},
    {"too short", TS("\x12\x34"), 53, APP_PROBE_NO},
    {"NetBIOS", TS(REQUEST), 137, APP_PROBE_NO},
    {"NetBIOS elsewhere", TS("\x12\x34\1\x10\0\1\0\0\0\0\0\0\1A\0\0\x20\0\1"), 1137, APP_PROBE_NO},
    {"asks for authentic data", TS("\x12\x34\1\x20\0\1\0\0\0\0\0\0" QUESTION), 999, APP_PROBE_YES},
    {"more counted than can be there", TS("\x12\x34\1\0\0\1\0\x20\0\0\0\0" QUESTION), 999,
     APP_PROBE_NO},
    {"a class that is none", TS("\x12\x34\1\0\0\1\0\0\0\0\0\0\1a\0\0\1\7\7"), 999, APP_PROBE_NO},
    {"Z bit elsewhere", TS("\x12\x34\1\x40\0\1\0\0\0\0\0\0" QUESTION), 999, APP_PROBE_NO},
};

#define LABEL \
    "\x1f"    \
    "0123456789abcdef0123456789abcde"

/* Over TCP a message may come piece by piece, elsewhere than on port 53 too. */
static const struct talk_probe tcp_probes[] = {
    {"nothing", TS(""), 9953, APP_PROBE_MORE},
    {"half a length", TS("\0"), 9953, APP_PROBE_MORE},
    {"length alone", TS("\0\x21"), 9953, APP_PROBE_MORE},
    {"too little for a header", TS("\0\x03"), 9953, APP_PROBE_NO},
    {"header alone", TS("\0\x21\x12\x34\1\0\0\1\0\0\0\0\0\0"), 9953, APP_PROBE_MORE},
    {"into the name", TS("\0\x21\x12\x34\1\0\0\1\0\0\0\0\0\0\3www\7exa"), 9953, APP_PROBE_MORE},
    {"whole", TS("\0\x21" REQUEST), 9953, APP_PROBE_YES},
    {"no label", TS("\0\x21\x12\x34\1\0\0\1\0\0\0\0\0\0\3www\x80"), 9953, APP_PROBE_NO},
    {"a name without end",
     TS("\x40\0\x12\x34\1\0\0\1\0\0\0\0\0\0" LABEL LABEL LABEL LABEL LABEL LABEL LABEL LABEL LABEL),
     9953, APP_PROBE_YES},
};

/* Every name of a response, also where it stands in the data of a record. */
static void names_in_data_are_seen(void **state)
{
    static const char *const want[] = {"www.example.com", "www.example.com", "cdn.example.com",
                                       "cdn.example.com", "cdn.example.com"};
    struct world w;
    begin(&w, true);
    dns_parser.data(&w.af, DIR_TOCLIENT, &(struct app_chunk){.bytes = STR_LIT(RESPONSE)});
    for (uint32_t i = 0; i < ARRAY_COUNT(want); i++)
        assert_true(str_eq(field(&w, w.af.first, "dns.response.rrname", i), str_c(want[i])));
    assert_int_equal(field(&w, w.af.first, "dns.response.rrname", ARRAY_COUNT(want)).len, 0);
    end(&w);
}

/* Suricata looks at no name behind an empty one (the root's), and not at that. */
static void names_end_at_the_root(void **state)
{
    static const char request[] =
        "\x12\x34\1\0\0\3\0\0\0\0\0\0\2n1\0\0\1\0\1\0\0\1\0\1\2n2\0\0\1\0\1";
    struct world w;
    begin(&w, true);
    struct app_chunk chunk = {.bytes = str_of(request, sizeof request - 1)};
    dns_parser.data(&w.af, DIR_TOSERVER, &chunk);
    assert_true(str_eq(field(&w, w.af.first, "dns.query", 0), STR_LIT("n1")));
    struct str out;
    assert_true(dns_fields[0].bytes(w.af.first, DIR_TOSERVER, 0, &w.scratch, &out));
    assert_false(dns_fields[0].bytes(w.af.first, DIR_TOSERVER, 1, &w.scratch, &out));
    end(&w);
}

/* A name that is too long is cut, said to be cut, and an event. */
static void long_names_are_cut(void **state)
{
    uint8_t bytes[2048], text[4096];
    struct buf message = buf_fixed(bytes, sizeof(bytes)), out = buf_fixed(text, sizeof(text));
    struct world w;
    begin(&w, true);
    buf_add(&message, str_of(REQUEST, 12));
    for (int i = 0; i < 40; i++)
        buf_add(&message, STR_LIT(LABEL));
    buf_add(&message, STR_LIT("\0\0\1\0\1"));
    dns_parser.data(&w.af, DIR_TOSERVER, &(struct app_chunk){.bytes = buf_str(&message)});
    assert_true(w.af.first->events >> DNS_EVENT_NAME_TOO_LONG & 1);
    assert_int_equal(field(&w, w.af.first, "dns.query", 0).len, DNS_NAME_MAX);
    struct json json;
    json_init(&json, &out);
    json_object(&json, NULL);
    dns_parser.log_conf(&w.conf.log, NULL);
    dns_log(w.af.first, &w.conf, &json);
    json_end_object(&json);
    assert_non_null(strstr(buf_c(&out), "\"rrname_truncated\":true"));
    end(&w);
}

#define HEAD_3                                                                                     \
    "{\"version\":3,\"type\":\"response\",\"tx_id\":0,\"id\":4660,\"flags\":\"8183\",\"qr\":true," \
    "\"rd\":true,\"ra\":true,\"opcode\":0,\"rcode\":\"NXDOMAIN\",\"queries\":[{\"rrname\":"        \
    "\"www.example.com\",\"rrtype\":\"A\"}]"
#define HEAD_2                                                                                   \
    "{\"version\":2,\"type\":\"answer\",\"id\":4660,\"flags\":\"8183\",\"qr\":true,\"rd\":true," \
    "\"ra\":true,"                                                                               \
    "\"opcode\":0,\"rrname\":\"www.example.com\",\"rrtype\":\"A\",\"rcode\":\"NXDOMAIN\""
#define ANSWERS                                                                                   \
    ",\"answers\":[{\"rrname\":\"www.example.com\",\"rrtype\":\"CNAME\",\"ttl\":60,\"rdata\":"    \
    "\"cdn.example.com\"},{\"rrname\":\"cdn.example.com\",\"rrtype\":\"A\",\"ttl\":60,\"rdata\":" \
    "\"192.0.2.1\"}]"
#define GROUPED ",\"grouped\":{\"CNAME\":[\"cdn.example.com\"],\"A\":[\"192.0.2.1\"]}"

static void records_follow_the_settings(void **state)
{
    static const struct {
        const char *settings;
        bool in_alert;
        const char *request, *response; /* "": not wanted; NULL: any */
    } rows[] = {
        {"dns: {}", false, NULL, HEAD_3 ANSWERS GROUPED "}"},
        {"dns: {}", true, NULL, HEAD_3 ANSWERS "}"},
        {"dns: {formats: [grouped]}", false, NULL, HEAD_3 GROUPED "}"},
        {"dns: {formats: [detailed]}", false, NULL, HEAD_3 ANSWERS "}"},
        {"dns: {requests: no}", false, "", HEAD_3 ANSWERS GROUPED "}"},
        {"dns: {responses: no}", false, NULL, ""},
        {"dns: {types: [mx, aaaa]}", false, "", ""},
        {"dns: {types: [mx, a]}", false, NULL, HEAD_3 ANSWERS GROUPED "}"},
        {"dns: {types: [nonsense]}", false, NULL, HEAD_3 ANSWERS GROUPED "}"},
        {"dns: {version: 2}", false,
         "{\"version\":2,\"type\":\"query\",\"id\":4660,\"rrname\":\"www.example.com\",\"rrtype\":"
         "\"A\","
         "\"tx_id\":0,\"opcode\":0}",
         HEAD_2 ANSWERS GROUPED "}"},
        {"dns: {version: 2}", true, NULL, HEAD_3 ANSWERS "}"},
    };
    for (size_t i = 0; i < 2 * ARRAY_COUNT(rows); i++) {
        const char *want = i % 2 ? rows[i / 2].response : rows[i / 2].request;
        uint8_t memory[2048];
        struct buf out = buf_fixed(memory, sizeof(memory));
        struct world w;
        struct json json;
        struct err err;
        struct conf *conf = conf_new();
        print_message("# %s\n", rows[i / 2].settings);
        assert_int_equal(conf_parse(conf, str_c(rows[i / 2].settings), "test", &err), 0);
        begin(&w, true);
        dns_parser.data(&w.af, i % 2 ? DIR_TOCLIENT : DIR_TOSERVER,
                        &(struct app_chunk){.bytes = i % 2 ? STR_LIT(RESPONSE) : STR_LIT(REQUEST)});
        dns_parser.log_conf(&w.conf.log, conf_find(conf, "dns"));
        w.conf.log.in_alert = w.conf.log.in_other = rows[i / 2].in_alert;
        assert_int_equal(dns_parser.log_wants(w.af.first, &w.conf.log), !want || want[0]);
        json_init(&json, &out);
        json_object(&json, NULL);
        dns_log(w.af.first, &w.conf, &json);
        json_end_object(&json);
        if (want && want[0])
            assert_string_equal(buf_c(&out), want);
        end(&w);
        conf_free(conf);
    }
}

/* Each record is found, however many stand before it; one behind the last is none. */
static void each_of_many_records_is_found(void **state)
{
    enum { COUNT = 2 * DNS_STEP + 3 };
    uint8_t memory[1024];
    struct buf b = buf_fixed(memory, sizeof(memory));
    struct world w;
    begin(&w, true);
    buf_add(&b, str_of("\x12\x34\1\0\0", 5));
    buf_add_byte(&b, COUNT);
    buf_add(&b, str_of("\0\0\0\0\0\0", 6));
    for (uint8_t i = 0; i < COUNT; i++) {
        buf_add_byte(&b, 2);
        buf_add_byte(&b, 'n');
        buf_add_byte(&b, (uint8_t)('0' + i));
        buf_add(&b, str_of("\0\0\1\0\1", 5));
    }
    struct app_chunk chunk = {.bytes = buf_str(&b)};
    w.af.parser->data(&w.af, DIR_TOSERVER, &chunk);
    for (uint32_t i = 0; i < COUNT; i++) {
        struct str name = field(&w, w.af.first, "dns.queries.rrname", i);
        assert_int_equal(name.len, 2);
        assert_int_equal(name.p[1], '0' + i);
    }
    assert_int_equal(field(&w, w.af.first, "dns.queries.rrname", COUNT).len, 0);
    end(&w);
}

static const struct talk udp = {.parser = &dns_parser, .server_port = 53, .udp = true};
static const struct talk tcp = {.parser = &dns_tcp_parser, .server_port = 53};
static const struct talk_row datagrams[] = {
    {"two", {TS("ab"), TS("c")}, {"frame ts pdu 0+2 ab", "frame ts pdu 0+1 c"}}};
static const struct talk_row streams[] = {
    {"two",
     {TS("\0\2ab\0\1c")},
     {"frame ts pdu 0+4 \\x00\\x02ab", "frame ts pdu 4+3 \\x00\\x01c"}}};

static const struct talk_suite suites[] = {
    {&udp, TALK_ROWS(datagrams), TALK_PROBES(udp_probes)},
    {&tcp, TALK_ROWS(streams), TALK_PROBES(tcp_probes)},
};

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(udp_messages_are_transactions),
        cmocka_unit_test(tcp_gives_the_same_cut_anywhere),
        cmocka_unit_test(damage_is_an_event),
        cmocka_unit_test(without_memory_nothing_is_lost_but_the_message),
        cmocka_unit_test(each_of_many_records_is_found),
        cmocka_unit_test(names_in_data_are_seen),
        cmocka_unit_test(names_end_at_the_root),
        cmocka_unit_test(long_names_are_cut),
        cmocka_unit_test(records_follow_the_settings),
    };
    return talk_run(suites, ARRAY_COUNT(suites), tests, ARRAY_COUNT(tests));
}
