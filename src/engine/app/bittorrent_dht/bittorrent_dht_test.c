/* rows: P1 */
#include "engine/app/bittorrent_dht/bencode.h"
#include "engine/app/bittorrent_dht/bittorrent_dht.h"
#include "engine/app/talk/talk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define NAME "abcdefghij0123456789"
#define NAME_HEX "6162636465666768696a30313233343536373839"
#define ID "2:id20:" NAME
#define HASH "9:info_hash20:" NAME
#define PING "d1:ad" ID "e1:q4:ping1:t2:aa1:y1:qe"
#define ANSWER(more) "d1:rd" ID more "e1:t2:aa1:y1:re"
#define ANNOUNCE(more) "d1:ad" ID more "e1:q13:announce_peer1:t2:aa1:y1:qe"
#define ERROR(list) "d1:el" list "e1:t2:aa1:y1:ee"
#define LOG(n, more) #n " log {\"transaction_id\":\"6161\"" more "}"
#define ASKED(what, more) \
    ",\"request_type\":\"" what "\",\"request\":{\"id\":\"" NAME_HEX "\"" more "}"
#define GIVEN(more) ",\"response\":{\"id\":\"" NAME_HEX "\"" more "}"

static const struct talk_row rows[] = {
    {"a ping",
     {TS(PING), TC(ANSWER(""))},
     {LOG(0, ASKED("ping", "")), LOG(1, GIVEN("")), "0 done ts tc", "1 done ts tc",
      "!0 event malformed_packet", "!1 event malformed_packet"}},
    {"nodes",
     {TS("d1:ad" ID "6:target3:xyze1:q9:find_node1:t2:aa1:v4:UT011:y1:qe"),
      TC(ANSWER("5:nodes53:" NAME "\1\2\3\4\x1a\xe1" NAME "\5\6\7\10\0\1!")),
      TC(ANSWER("6:nodes638:" NAME "\x20\1\15\xb8\0\0\0\0\0\0\0\0\0\0\0\1\x1a\xe1")),
      TC(ANSWER("5:nodes2:ab"))},
     {LOG(0, ",\"client_version\":\"55543031\"" ASKED("find_node", ",\"target\":\"78797a\"")),
      LOG(1, GIVEN(",\"nodes\":[{\"id\":\"" NAME_HEX
                   "\",\"ip\":\"1.2.3.4\",\"port\":6881},{\"id\":\"" NAME_HEX
                   "\",\"ip\":\"5.6.7.8\",\"port\":1}]")),
      LOG(2, GIVEN(",\"nodes6\":[{\"id\":\"" NAME_HEX
                   "\",\"ip\":\"2001:0db8:0000:0000:0000:0000:0000:0001\",\"port\":6881}]")),
      LOG(3, GIVEN(""))}},
    {"peers",
     {TS("d1:ad" ID HASH "e1:q9:get_peers1:t2:aa1:y1:qe"),
      TC(ANSWER("5:token3:abc6:valuesl6:\1\2\3\4\0\7"
                "18:\x20\1\15\xb8\0\0\0\0\0\0\0\0\0\0\0\1\0\10e")),
      TC(ANSWER("6:valuesle")), TC(ANSWER("6:valuesl5:abcdee"))},
     {LOG(0, ASKED("get_peers", ",\"info_hash\":\"" NAME_HEX "\"")),
      LOG(1,
          GIVEN(",\"values\":[{\"ip\":\"1.2.3.4\",\"port\":7},{\"ip\":\"2001:0db8:0000:0000:0000:"
                "0000:0000:0001\",\"port\":8}],\"token\":\"616263\"")),
      LOG(2, GIVEN("")), "3 event malformed_packet", "3 log {\"transaction_id\":\"\"}"}},
    {"announced",
     {TS(ANNOUNCE("12:implied_porti1e" HASH "4:porti6881e5:token1:a")),
      TS(ANNOUNCE("12:implied_porti256e" HASH "4:porti6881e5:token1:a")),
      TS(ANNOUNCE(HASH "4:porti65536e")), TS(ANNOUNCE(HASH "4:porti-1e")),
      TS(ANNOUNCE(HASH "4:porti01e")), TS(ANNOUNCE(HASH "4:port1:1"))},
     {LOG(0, ASKED("announce_peer", ",\"info_hash\":\"" NAME_HEX
                                    "\",\"token\":\"61\",\"implied_port\":1,\"port\":6881")),
      "1 event malformed_packet", "2 event malformed_packet", "3 event malformed_packet",
      "4 event malformed_packet", "5 event malformed_packet", "!0 event malformed_packet"}},
    {"errors",
     {TC(ERROR("i201e3:abc")), TC(ERROR("3:abci201e")), TC(ERROR("i201e")), TC(ERROR("3:abc")),
      TC(ERROR("i-1e3:abc")), TC(ERROR("i65536e3:abc")), TC(ERROR("le"))},
     {LOG(0, ",\"error\":{\"num\":201,\"msg\":\"abc\"}"),
      LOG(1, ",\"error\":{\"num\":201,\"msg\":\"abc\"}"), "2 event malformed_packet",
      "3 event malformed_packet", "4 event malformed_packet", "5 event malformed_packet",
      "6 event malformed_packet"}},
    {"something is missing",
     {TS("d1:ad" ID "e1:q4:ping1:y1:qe"), TS("d1:ade1:q4:ping1:t2:aa1:y1:qe"),
      TS("d1:ad" ID "e1:t2:aa1:y1:qe"), TS("d1:ad" ID "e1:q4:ping1:t2:aae"),
      TS("d1:ad" ID "e1:q4:ping1:t2:aa1:y1:re"), TS("d1:rd" ID "e1:q4:ping1:t2:aa1:y1:qe"),
      TS("d1:ad" ID "e1:q4:ping1:t2:aa1:y1:ze")},
     {"0 event malformed_packet", "0 log {\"transaction_id\":\"\"" ASKED("ping", "") "}",
      "1 event malformed_packet", "2 event malformed_packet", "3 event malformed_packet",
      "4 event malformed_packet", "5 event malformed_packet", "6 event malformed_packet",
      "6 log {\"transaction_id\":\"\"}"}},
    {"damaged",
     {TS("d1:ad" ID "e1:q4:ping1:t2:aa1:y1:q"), TS("d1:ad" ID "e1:q4:ping1:t2:aa1:t2:bb1:y1:qe"),
      TS("d1:ad" ID "e1:q4:ping1:y1:q1:t2:aae"),
      TS("d1:ad2:id020:" NAME "e1:q4:ping1:t2:aa1:y1:qe"),
      TS("d1:ad2:id99999999999999999999999:" NAME), TS("d1:ad" ID "e1:q4:ping1:ti5e1:y1:qe"),
      TS("d1:ad" ID "ei5e4:ping1:t2:aa1:y1:qe"),
      TS("d1:ad" ID "e1:q4:ping1:t2:aa1:xd1:bi5e1:ai5ee1:y1:qe")},
     {"0 event malformed_packet", "1 event malformed_packet", "2 event malformed_packet",
      "3 event malformed_packet", "4 event malformed_packet", "5 event malformed_packet",
      "6 event malformed_packet", "7 event malformed_packet"}},
    {"more than is known",
     {TS("d1:ad1:_i-5e" ID
         "4:wantl2:n42:n6ee2:ip6:abcdef1:q4:vote1:t2:aa1:xd1:ai5e1:bli5ed0:0:eee1:y1:qe"),
      TS(PING "behind it"), TC("d2:ip6:abcdef1:rd" ID "1:pi9ee1:t2:aa1:y1:re")},
     {LOG(0, ASKED("vote", "")), LOG(1, ASKED("ping", "")), LOG(2, GIVEN("")),
      "!0 event malformed_packet", "!1 event malformed_packet", "!2 event malformed_packet"}},
    {"another protocol of the same port",
     {TS(PING), TS("\x41\0\1\2\3\4\5\6\7\10\11\12\13\14\15\16\17\20\21\22"), TS("hello"), TS("le"),
      TS("d1:q4:ping1:t2:aa1:y1:qe"), TS(""), TC(ANSWER(""))},
     {"!1 event malformed_packet", LOG(1, GIVEN("")), "!2 log {\"transaction_id\":\"\"}"}},
};

static const struct talk_probe probes[] = {
    {"a ping", TS(PING), 6881, APP_PROBE_YES},
    {"its beginning", TS("d1:ad2:id20:"), 6881, APP_PROBE_YES},
    {"an answer", TC(ANSWER("")), 40000, APP_PROBE_YES},
    {"an answer first", TS(ANSWER("")), 40000, APP_PROBE_YES},
    {"an error", TS(ERROR("i201e3:abc")), 40000, APP_PROBE_YES},
    {"with an address", TS("d2:ip6:abcdef1:rd" ID "e1:t2:aa1:y1:re"), 40000, APP_PROBE_YES},
    {"a damaged one", TS("d1:el3:abce1:t2:aa1:y1:ee"), 6881, APP_PROBE_NO},
    {"no message", TS("d1:t2:aa1:y1:qe"), 6881, APP_PROBE_NO},
    {"a torrent's file", TS("d8:announce3:abce"), 6881, APP_PROBE_NO},
    {"text", TS("hello"), 6881, APP_PROBE_NO},
    {"nothing", TS(""), 6881, APP_PROBE_NO},
};

static const struct talk dht_talk = {
    .parser = &bittorrent_dht_parser, .server_port = 6881, .udp = true};

/* Lists in one another end where memory for them does. */
static void test_depth(void **state)
{
    struct buf text;
    (void)state;
    for (size_t depth = BENCODE_DEPTH_MAX - 1; depth <= BENCODE_DEPTH_MAX + 1; depth++) {
        buf_init(&text, 0);
        for (size_t i = 0; i < depth; i++)
            buf_add_byte(&text, 'l');
        for (size_t i = 0; i < depth; i++)
            buf_add_byte(&text, 'e');
        struct reader r = reader_of(buf_str(&text));
        bool good = bencode_skip(&r);
        assert_int_equal(good, depth <= BENCODE_DEPTH_MAX);
        assert_true(!good || !reader_left(&r));
        buf_fini(&text);
    }
}

/* Of very many nodes and peers the first are shown. */
static void test_many(void **state)
{
    struct buf text, seen;
    (void)state;
    for (int peers = 0; peers < 2; peers++) {
        buf_init(&text, 0);
        buf_init(&seen, 0);
        buf_add(&text, STR_LIT("d1:rd" ID));
        buf_add(&text, peers ? STR_LIT("6:valuesl") : STR_LIT("5:nodes28600:"));
        for (int i = 0; i < 1100; i++)
            buf_add(&text, peers ? STR_LIT("6:abcdef") : STR_LIT(NAME "abcdef"));
        buf_add(&text, peers ? STR_LIT("ee1:t2:aa1:y1:re") : STR_LIT("e1:t2:aa1:y1:re"));
        const struct talk_piece piece = {.dir = DIR_TOCLIENT, .bytes = buf_str(&text)};
        talk_play(&dht_talk, &piece, 1, (struct talk_cut){0}, &seen);
        size_t shown = 0;
        for (ptrdiff_t at = 0;
             (at = str_find(buf_str(&seen), (size_t)at, STR_LIT("\"port\":"))) >= 0; at++)
            shown++;
        assert_int_equal(shown, 1024);
        assert_false(talk_has(&seen, "0 event malformed_packet"));
        buf_fini(&text);
        buf_fini(&seen);
    }
}

static void test_numbers(void **state)
{
    static const struct {
        const char *text;
        bool good;
        int64_t want;
    } numbers[] = {
        {"i0e", true, 0},   {"i-42e", true, -42}, {"i9223372036854775807e", true, INT64_MAX},
        {"i-0e", false, 0}, {"i00e", false, 0},   {"i9223372036854775808e", false, 0},
        {"ie", false, 0},   {"i-e", false, 0},    {"i99999999999999999999e", false, 0},
        {"i5", false, 0},   {"i 5e", false, 0},   {"5", false, 0},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(numbers); i++) {
        struct reader r = reader_of(str_c(numbers[i].text));
        int64_t got = 0;
        assert_int_equal(bencode_number(&r, &got), numbers[i].good);
        assert_true(!numbers[i].good || got == numbers[i].want);
    }
}

static const struct talk_suite suites[] = {
    {&dht_talk, TALK_ROWS(rows), TALK_PROBES(probes)},
};

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_numbers),
    };
    return talk_run(suites, ARRAY_COUNT(suites), tests, ARRAY_COUNT(tests));
}
