/* rows: P2 R-D */
/* What a drop holds for, the packet or the conversation, and how often the sender's one attempt is told: TCP sends again
 * what was dropped, and an owner must not read that the machine tried six times. */
#include "played.h"

#include "base/attr.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define TRIES 6

static const struct {
    const char *name, *options; /* of a drop rule */
    uint32_t told, repeated;    /* alerts: of a first attempt, of the same bytes once more */
    bool flow_wide;             /* the answer of the server is dropped too */
} rows[] = {
    {"in the stream", "content:\"beacon\"; ", 1, 0, true},
    {"at the stream's beginning", "content:\"beacon\"; depth:6; ", 1, 0, true},
    {"startswith", "flow:established,to_server; content:\"beacon\"; startswith; ", 1, 0, true},
    {"a packet of this size", "content:\"beacon\"; dsize:<100; ", 1, TRIES - 1, false},
    {"any packet with data, ports only in the header", "flow:to_server; dsize:>0; ", 1, TRIES - 1,
     false},
};

static void the_same_bytes_are_one_attempt(void **state)
{
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        static struct played p;
        struct played_talk t;
        char rule[200];
        snprintf(rule, sizeof(rule), "drop tcp any any -> any 8080 (%ssid:1;)\n", rows[i].options);
        print_message("# %s\n", rows[i].name);
        played_init(&p, rule, true, NULL);
        played_open(&t, &p, 40000, 8080);
        uint32_t begin = t.seq[DIR_TOSERVER];
        for (int k = 0; k < TRIES; k++) {
            t.seq[DIR_TOSERVER] = begin;
            played_send(&t, DIR_TOSERVER, STR_LIT("beacon of a bot"));
            assert_int_equal(p.answer.action, VERDICT_DROP);
        }
        t.seq[DIR_TOSERVER] = begin;
        played_send(&t, DIR_TOCLIENT, STR_LIT("order"));
        assert_int_equal(p.answer.action, rows[i].flow_wide ? VERDICT_DROP : VERDICT_ACCEPT);
        assert_int_equal(played_count(&p, "alert 1 blocked"), rows[i].told);
        assert_int_equal(played_count(&p, "alert 1 blocked again"), rows[i].repeated);
        assert_int_equal(played_count(&p, "drop"), TRIES + rows[i].flow_wide);
        played_fini(&p);
    }
}

/* Other bytes are another attempt, also with the same sequence number. */
static void other_bytes_are_another_attempt(void **state)
{
    static struct played p;
    struct played_talk t;
    played_init(&p, "drop tcp any any -> any 8080 (content:\"beacon\"; dsize:<100; sid:1;)\n", true,
                NULL);
    played_open(&t, &p, 40000, 8080);
    uint32_t begin = t.seq[DIR_TOSERVER];
    played_send(&t, DIR_TOSERVER, STR_LIT("beacon 1"));
    t.seq[DIR_TOSERVER] = begin;
    played_send(&t, DIR_TOSERVER, STR_LIT("beacon 2"));
    assert_int_equal(played_count(&p, "alert 1 blocked"), 2);
    played_fini(&p);
}

/* Knocks at a closed door: the same SYN again is the same knock, a new connection is a new one. */
static void knocks_are_counted_by_connection(void **state)
{
    static struct played p;
    struct played_talk t;
    played_init(&p, "drop tcp any any -> any 8080 (flags:S; sid:1;)\n", true, NULL);
    for (uint16_t port = 40000; port < 40003; port++)
        for (int k = 0; k < 3; k++)
            played_open(&t, &p, port, 8080);
    assert_int_equal(played_count(&p, "alert 1 blocked"), 3);
    assert_int_equal(played_count(&p, "alert 1 blocked again"), 6);
    played_fini(&p);
}

/* A rule of addresses and ports alone speaks once for each direction of a conversation, and holds for all of it. */
static void ports_speak_of_the_conversation(void **state)
{
    static struct played p;
    struct played_talk t;
    played_init(&p,
                "drop tcp any any -> any 8080 (sid:1;)\nalert tcp any any -> any 8081 (sid:2;)\n",
                true, NULL);
    played_open(&t, &p, 40000, 8080);
    played_open(&t, &p, 40000, 8081);
    played_send(&t, DIR_TOSERVER, STR_LIT("more"));
    assert_int_equal(played_count(&p, "alert 1 blocked"), 1);
    assert_int_equal(played_count(&p, "drop"), 3);
    assert_int_equal(played_count(&p, "alert 2 allowed"), 1);
    played_fini(&p);
}

/* What a SYN carries the server may leave: only that packet is stopped. Said again in the connection, it ends the flow. */
static void data_on_a_syn_are_judged_alone(void **state)
{
    static struct played p;
    struct played_talk t;
    played_init(&p, "drop tcp any any -> any 8080 (content:\"beacon\"; sid:1;)\n", true, NULL);
    played_begin(&t, &p, 40000, 8080);
    played_syn_data(&t, STR_LIT("beacon of a bot"));
    assert_int_equal(p.answer.action, VERDICT_DROP);
    played_shake(&t);
    assert_int_equal(p.answer.action, VERDICT_ACCEPT);
    played_send(&t, DIR_TOSERVER, STR_LIT("beacon of a bot"));
    assert_int_equal(p.answer.action, VERDICT_DROP);
    played_send(&t, DIR_TOCLIENT, STR_LIT("order"));
    assert_int_equal(p.answer.action, VERDICT_DROP);
    assert_int_equal(played_count(&p, "alert 1 blocked"), 2);
    played_fini(&p);
}

/* In detection mode a drop ends the judging of the flow, as Suricata has it, and nothing else: all is parsed and told. */
static void detection_goes_on_parsing(void **state)
{
    static struct played p;
    struct played_talk t;
    played_init(&p,
                "drop http any any -> any any (http.uri; content:\"/one\"; sid:1;)\n"
                "alert http any any -> any any (http.uri; content:\"/two\"; sid:2;)\n",
                false, NULL);
    played_open(&t, &p, 40000, 80);
    played_send(&t, DIR_TOSERVER, STR_LIT("GET /one HTTP/1.1\r\nHost: a\r\n\r\n"));
    played_send(&t, DIR_TOCLIENT, STR_LIT("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
    assert_int_equal(played_count(&p, "http tx 0"), 1);
    played_send(&t, DIR_TOSERVER, STR_LIT("GET /two HTTP/1.1\r\nHost: a\r\n\r\n"));
    played_send(&t, DIR_TOCLIENT, STR_LIT("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
    assert_int_equal(played_count(&p, "http tx 1"), 1);
    assert_int_equal(played_count(&p, "alert 1 allowed tx 0"), 1);
    assert_int_equal(played_count(&p, "alert 2 allowed tx 1"), 0);
    assert_int_equal(p.answer.action, VERDICT_ACCEPT);
    played_fini(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_bytes_are_one_attempt),
        cmocka_unit_test(other_bytes_are_another_attempt),
        cmocka_unit_test(knocks_are_counted_by_connection),
        cmocka_unit_test(ports_speak_of_the_conversation),
        cmocka_unit_test(data_on_a_syn_are_judged_alone),
        cmocka_unit_test(detection_goes_on_parsing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
