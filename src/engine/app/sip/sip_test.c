#include "engine/app/sip/sdp.h"
#include "engine/app/sip/sip.h"
#include "engine/app/talk/talk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define INVITE                                                                             \
    "INVITE sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP x\r\nv: SIP/2.0/UDP y\r\nf: <sip:c@d>\r\n" \
    "To : <sip:a@b>\r\nUser-Agent: u\r\nContent-Type: application/sdp\r\nl: 5\r\n\r\n"
#define OK "SIP/2.0 200 All well\r\nFrom: <sip:c@d>\r\nContent-Length: 0\r\n\r\n"

/* Every letter of RFC 8866, twice where it may be. */
#define DESCRIPTION                                                                             \
    "v=0\r\no=- 1  2 IN\tIP4 1.2.3.4\r\ns=-\r\ni=about\r\nu=http://u/\r\ne=a@b\r\np=+1 2\r\n"   \
    "c=IN IP6 2001:DB8:0:0::1/3\r\nb=AS:64\r\nb=TIAS:9\r\nt=0  0\r\nr=7d 1h 0 25h\r\nt=1 2\r\n" \
    "z=1 -1h 2 0\r\nk=prompt\r\na=recvonly\r\na=x:1\r\nm=audio 040000/2  RTP/AVP 0 "            \
    "8\r\ni=voice\r\n"                                                                          \
    "c=IN IP4 h.example\r\nb=AS:1\r\nk=clear:x\r\na=m1\r\na=m2\r\nm=image 2 udptl t38\r\n"
#define DESCRIBED                                                                                \
    "\"sdp\":{\"origin\":\"- 1 2 IN IP4 "                                                        \
    "1.2.3.4\",\"session_name\":\"-\",\"session_info\":\"about\","                               \
    "\"uri\":\"http://u/\",\"email\":\"a@b\",\"phone_number\":\"+1 2\",\"connection_data\":"     \
    "\"IN IP6 2001:db8::1/3\",\"bandwidths\":[\"AS:64\",\"TIAS:9\"],\"time_descriptions\":["     \
    "{\"time\":\"0 0\",\"repeat_time\":\"7d 1h 0 25h\"},{\"time\":\"1 2\"}],\"timezone\":"       \
    "\"1 -1h 2 0\",\"encryption_key\":\"prompt\",\"attributes\":[\"recvonly\",\"x:1\"],"         \
    "\"media_descriptions\":[{\"media\":\"audio 40000/2 RTP/AVP 0 8\",\"media_info\":\"voice\"," \
    "\"bandwidths\":[\"AS:1\"],\"connection_data\":\"IN IP4 h.example\",\"encryption_key\":"     \
    "\"clear:x\",\"attributes\":[\"m1\",\"m2\"]},{\"media\":\"image 2 udptl t38\"}]}"
static const struct talk_row udp_rows[] = {
    {"a description of a call",
     {TS(INVITE DESCRIPTION)},
     {"0 ts sdp.origin=- 1 2 IN IP4 1.2.3.4", "0 ts sdp.session_name=-",
      "0 ts sdp.session_info=about", "0 ts sdp.uri=http://u/", "0 ts sdp.email=a@b",
      "0 ts sdp.phone_number=+1 2", "0 ts sdp.connection_data=IN IP6 2001:db8::1/3",
      "0 ts sdp.bandwidth=AS:64", "0 ts sdp.bandwidth=TIAS:9", "0 ts sdp.time=0 0",
      "0 ts sdp.time=1 2", "0 ts sdp.repeat_time=7d 1h 0 25h", "0 ts sdp.timezone=1 -1h 2 0",
      "0 ts sdp.encryption_key=prompt", "0 ts sdp.attribute=recvonly", "0 ts sdp.attribute=x:1",
      "!0 ts sdp.attribute=m1", "!0 ts sdp.bandwidth=AS:1", "0 done ts tc"}},
    {"of its media",
     {TS(INVITE DESCRIPTION)},
     {"0 ts sdp.media.media=audio 40000/2 RTP/AVP 0 8", "0 ts sdp.media.media=image 2 udptl t38",
      "0 ts sdp.media.media_info=voice", "0 ts sdp.media.connection_data=IN IP4 h.example",
      "0 ts sdp.media.encryption_key=clear:x", "!0 ts sdp.media.media_info=about",
      "!0 ts sdp.media.encryption_key=prompt"}},
    {"a record of it",
     {TC("SIP/2.0 200 OK\r\n\r\n" DESCRIPTION)},
     {"0 tc sdp.session_name=-",
      "0 log {\"version\":\"SIP/2.0\",\"code\":\"200\",\"reason\":\"OK\"," DESCRIBED
      ",\"response_line\":\"SIP/2.0 200 OK\"}"}},
    {"strange lines hide nothing",
     {TS("BYE a SIP/2.0\n\nv=0\nt\n?=x\n\nm=\nt=\na=\nb=1\ns=\ra\nm=audio 0\nc=IN IP6 x:\no= \t")},
     {"0 ts sdp.media.media=", "0 ts sdp.time=", "0 ts sdp.session_name=\\ra",
      "0 ts sdp.media.media=audio 0", "0 ts sdp.media.connection_data=IN IP6 x:",
      "0 ts sdp.origin=", "!0 ts sdp.bandwidth=1", "!0 ts sdp.attribute="}},
    {"no description",
     {TS("BYE a SIP/2.0\n\nv=1\ns=x\n"), TS("BYE a SIP/2.0\n\ns=x\nv=0\n"),
      TS("BYE a SIP/2.0\n\nv=0"), TS("BYE a SIP/2.0\n\nv=00\ns=x\n")},
     {"!0 ts sdp.session_name=x", "!1 ts sdp.session_name=x", "3 done ts tc",
      "2 log {\"method\":\"BYE\",\"uri\":\"a\",\"version\":\"SIP/2.0\",\"request_line\":"
      "\"BYE a SIP/2.0\"}",
      "!3 ts sdp.session_name=x"}},
    {"a call is answered",
     {TS(INVITE "v=0\r\n"), TC(OK)},
     {"0 ts sip.method=INVITE", "0 ts sip.uri=sip:a@b", "0 ts sip.protocol=SIP/2.0",
      "0 ts sip.request_line=INVITE sip:a@b SIP/2.0", "0 ts sip.via=SIP/2.0/UDP x",
      "0 ts sip.via=SIP/2.0/UDP y", "0 ts sip.from=<sip:c@d>", "0 ts sip.to=<sip:a@b>",
      "0 ts sip.user_agent=u", "0 ts sip.content_type=application/sdp", "0 ts sip.content_length=5",
      "0 log {\"method\":\"INVITE\",\"uri\":\"sip:a@b\",\"version\":\"SIP/2.0\",\"request_line\":"
      "\"INVITE sip:a@b SIP/2.0\"}",
      "1 tc sip.stat_code=200", "1 tc sip.stat_msg=All well",
      "1 tc sip.response_line=SIP/2.0 200 All well",
      "1 log {\"version\":\"SIP/2.0\",\"code\":\"200\",\"reason\":\"All well\",\"response_line\":"
      "\"SIP/2.0 200 All well\"}"}},
    {"not SIP", {TS("hello\r\n\r\n")}, {"flow event invalid_data", "!0 done ts tc"}},
    {"no end of the head",
     {TS("BYE sip:a SIP/2.0\r\nTo: x")},
     {"flow event incomplete_data", "0 ts sip.to=x"}},
    {"nothing", {TS("\r\n\r\n")}, {"!flow event invalid_data"}},
};

static const struct talk_row tcp_rows[] = {
    {"two messages, one with a body",
     {TS(INVITE "v=0\r\n\r\nBYE sip:a SIP/2.0\r\n\r\n"), TC(OK OK)},
     {"0 ts sip.method=INVITE", "1 ts sip.method=BYE", "2 tc sip.stat_code=200",
      "3 tc sip.stat_code=200", "!flow event invalid_data",
      "frame ts request.line 0+24 INVITE sip:a@b SIP/2.0\\r\\n",
      "frame ts request.body 146+5 v=0\\r\\n", "frame ts pdu 153+21 BYE sip:a SIP/2.0\\r\\n\\r\\n",
      "frame tc response.headers 82+36 From: <sip:c@d>\\r\\nContent-Length: 0\\r\\n",
      "!frame ts request.headers 172+2 \\r\\n"}},
    {"a hole in a body",
     {TS(INVITE "v"), GAP(DIR_TOSERVER, 4), TS("BYE sip:a SIP/2.0\r\n\r\n")},
     {"1 ts sip.method=BYE"}},
    {"a description in a stream",
     {TS("ACK sip:a SIP/2.0\r\nl: 14\r\n\r\nv=0\r\ns=x\r\na=y\nBYE sip:a SIP/2.0\r\n\r\n")},
     {"0 ts sdp.session_name=x", "0 ts sdp.attribute=y", "1 ts sip.method=BYE"}},
    {"a hole in a description: the line that it cuts is not told",
     {TS("ACK sip:a SIP/2.0\r\nl: 20\r\n\r\nv=0\r\ns=x\r\na=y"), GAP(DIR_TOSERVER, 7),
      TS("BYE sip:a SIP/2.0\r\n\r\n")},
     {"0 ts sdp.session_name=x", "!0 ts sdp.attribute=y", "0 done ts tc"}},
    {"another body is not waited for",
     {TS("ACK sip:a SIP/2.0\r\nl: 900\r\n\r\nx\nv=0\r\ns=x\r\na=y")},
     {"0 done ts tc", "!0 ts sdp.session_name=x"}},
    {"a stream ends in a description",
     {TS("ACK sip:a SIP/2.0\r\nl: 900\r\n\r\nv=0\r\ns=x\r\na=y")},
     {"0 ts sip.method=ACK", "0 ts sdp.session_name=x", "!0 ts sdp.attribute=y", "0 done ts tc"}},
    {"a description without a length",
     {TS("ACK sip:a SIP/2.0\r\n\r\nv=0\r\ns=x\r\nm=y\r\n"), TS("BYE sip:a SIP/2.0\r\n\r\n")},
     {"0 ts sdp.session_name=x", "0 ts sdp.media.media=y", "1 ts sip.method=BYE", "1 done ts tc",
      "!flow event invalid_data"}},
    {"a length that is too small",
     {TS("ACK sip:a SIP/2.0\r\nl: 12\r\n\r\nv=0\r\ns=x\r\na=y\r\n"),
      TS("BYE sip:a SIP/2.0\r\n\r\n")},
     {"0 ts sdp.session_name=x", "!0 ts sdp.attribute=y", "flow event invalid_data",
      "1 ts sip.method=BYE"}},
    {"a hole elsewhere", {TS(INVITE), GAP(DIR_TOSERVER, 6)}, {"failed ts"}},
};

static const struct talk udp_talk = {.parser = &sip_parser, .server_port = 5060, .udp = true};
static const struct talk tcp_talk = {
    .parser = &sip_tcp_parser, .fields_of = &sip_parser, .server_port = 5060};

static const struct talk_probe probes[] = {
    {"INVITE", TS(INVITE), 5060, APP_PROBE_YES},
    {"an answer", TS(OK), 5060, APP_PROBE_YES},
    {"three letters", TS("INV"), 5060, APP_PROBE_MORE},
    {"a method", TS("OPTIONS sip:x"), 5060, APP_PROBE_MORE},
    {"another protocol's beginning", TS("OPTIONS / HT"), 5060, APP_PROBE_NO},
    {"HTTP", TS("OPTIONS * HTTP/1.1\r\n"), 5060, APP_PROBE_NO},
    {"the beginning of an answer", TS("SIP/2"), 5060, APP_PROBE_MORE},
    {"another method", TS("GET / HTTP/1.1\r\n"), 5060, APP_PROBE_NO},
};

static const struct talk_suite suites[] = {
    {&udp_talk, TALK_ROWS(udp_rows), TALK_PROBES(probes)},
    {&tcp_talk, TALK_ROWS(tcp_rows), TALK_PROBES(probes)},
};

/* ---- bounds of a description ---- */

static struct slab slab;
static struct budget mem;

static int slab_up(void **state)
{
    (void)state;
    mem = (struct budget){.slab = &slab, .limit_bytes = 1u << 20};
    return slab_init(&slab, 1u << 20);
}

static int slab_down(void **state)
{
    (void)state;
    slab_fini(&slab);
    return 0;
}

/* Feeds "v=0" and `line` again and again, `bytes` in all. */
static void feed(struct sdp *sdp, const char *line, uint32_t bytes)
{
    *sdp = (struct sdp){0};
    sdp_open(sdp, &mem, bytes);
    sdp_add(sdp, STR_LIT("v=0\n"));
    for (uint32_t at = 4; at < bytes; at += (uint32_t)strlen(line))
        sdp_add(sdp, str_cut(str_c(line), 0, bytes - at));
    sdp_close(sdp, &mem, bytes <= SDP_BYTES_MAX);
}

static void test_lines_are_bounded(void **state)
{
    struct sdp sdp;
    struct str value;
    (void)state;
    feed(&sdp, "a=\n", SDP_BYTES_MAX);
    assert_true(sdp_value(&sdp, false, 'a', SDP_LINES_MAX - 1, &value));
    assert_false(sdp_value(&sdp, false, 'a', SDP_LINES_MAX, &value));
    sdp_fini(&sdp, &mem);
    assert_int_equal(mem.used_bytes, 0);
}

static void test_bytes_are_bounded(void **state)
{
    struct sdp sdp;
    struct str value;
    (void)state;
    feed(&sdp, "a=0123456789012345678901234567890123456789\n", SDP_BYTES_MAX + 1000);
    uint32_t lines = (SDP_BYTES_MAX - 4) / 43;
    assert_true(mem.used_bytes <=
                SDP_BYTES_MAX + slab_block_bytes(lines * sizeof(struct sdp_line)));
    assert_true(sdp_value(&sdp, false, 'a', lines - 1, &value));
    assert_int_equal(value.len, 40);
    assert_false(sdp_value(&sdp, false, 'a', lines, &value));
    sdp_fini(&sdp, &mem);
    assert_int_equal(mem.used_bytes, 0);
}

static void test_short_one_is_kept_short(void **state)
{
    struct sdp sdp = {0};
    (void)state;
    sdp_open(&sdp, &mem, UINT64_MAX);
    sdp_add(&sdp, STR_LIT("v=0\ns=x\n"));
    sdp_close(&sdp, &mem, false);
    assert_true(mem.used_bytes < 256);
    sdp_fini(&sdp, &mem);
    assert_int_equal(mem.used_bytes, 0);
}

int main(void)
{
    static const struct CMUnitTest bounds[] = {
        cmocka_unit_test_setup_teardown(test_lines_are_bounded, slab_up, slab_down),
        cmocka_unit_test_setup_teardown(test_bytes_are_bounded, slab_up, slab_down),
        cmocka_unit_test_setup_teardown(test_short_one_is_kept_short, slab_up, slab_down),
    };
    return talk_run(suites, ARRAY_COUNT(suites), bounds, ARRAY_COUNT(bounds));
}
