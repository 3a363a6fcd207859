#include "engine/app/ssh/ssh.h"
#include "engine/app/talk/talk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define COOKIE \
    "\x14"     \
    "0123456789abcdef"
/* kex k, host key h, encryption ec and es, mac mc and ms, compression cc and cs, no languages: 17 + 10 * 4 + 14 bytes */
#define LISTS                                                                                \
    "\0\0\0\1k\0\0\0\1h\0\0\0\2ec\0\0\0\2es\0\0\0\2mc\0\0\0\2ms\0\0\0\2cc\0\0\0\2cs\0\0\0\0" \
    "\0\0\0\0"
#define KEXINIT                      \
    "\0\0\0\x4d\4" COOKIE LISTS "\0" \
    "pppp"
#define NEWKEYS          \
    "\0\0\0\x0c\x0a\x15" \
    "pppppppppp"
#define OTHER          \
    "\0\0\0\x06\0\x1e" \
    "xxxx"

static const struct talk_row rows[] = {
    {"a whole exchange",
     {TC("SSH-2.0-OpenSSH_9.2 Debian\r\n"), TS("SSH-1.99-PuTTY\r\n" KEXINIT),
      TC(KEXINIT OTHER NEWKEYS), TS(OTHER NEWKEYS "\1\2\3"), TC("\0\0")},
     {"0 ts ssh.proto=1.99", "0 ts ssh.software=PuTTY", "0 tc ssh.proto=2.0",
      "0 tc ssh.software=OpenSSH_9.2", "0 ts ssh.version=1099", "0 tc ssh.version=2000",
      "0 ts ssh.hassh.string=k;ec;mc;cc", "0 tc ssh.hassh.server.string=k;es;ms;cs",
      "0 ts ssh.hassh=ba7bcc61072b89a905e69eecc52631c6", "0 done ts tc",
      "!0 event invalid_record"}},
    {"frames: each packet in the clear, its head and what follows it",
     {TC("SSH-2.0-b\r\n"), TS("SSH-2.0-a\r\n" OTHER NEWKEYS "\1\2\3")},
     {"frame ts record.hdr 11+6 \\x00\\x00\\x00\\x06\\x00\\x1e", "frame ts record.data 17+4 xxxx",
      "frame ts record.pdu 11+10 \\x00\\x00\\x00\\x06\\x00\\x1exxxx",
      "frame ts record.data 27+10 pppppppppp", "!frame ts record.hdr 37+6 "}},
    {"banners alone",
     {TS("SSH-2.0-a\r\n"), TC("SSH-2.0-b\r\n")},
     {"0 log {\"client\":{\"proto_version\":\"2.0\",\"software_version\":\"a\"},\"server\":{"
      "\"proto_version\":\"2.0\",\"software_version\":\"b\"}}",
      "0 done"}},
    {"SSH 1", {TS("SSH-1.5-x\n\1\2"), TC("SSH-1.5-y\n\3")}, {"0 done ts tc", "0 ts ssh.proto=1.5"}},
    {"words before the banner", {TC("welcome\r\nSSH-2.0-b\r\n")}, {"0 tc ssh.software=b"}},
    {"no banner", {TS("SSH 2.0\r\n")}, {"0 event invalid_banner", "failed ts"}},
    {"no software", {TS("SSH-2.0\r\n")}, {"0 event invalid_banner", "failed ts"}},
    {"a packet of no length",
     {TS("SSH-2.0-a\r\n\0\0\0\1\0\0")},
     {"0 event invalid_record", "failed ts"}},
    {"lists beyond their end",
     {TS("SSH-2.0-a\r\n\0\0\0\x1a\4" COOKIE "\0\0\0\1kpppp")},
     {"0 event invalid_record", "!0 ts ssh.hassh.string=k"}},
    {"a key exchange beyond all measure",
     {TS("SSH-2.0-a\r\n\0\1\0\0\4\x14"
         "0123")},
     {"0 event long_kex_record"}},
    {"a hole", {TS("SSH-2.0-a\r\n"), GAP(DIR_TOSERVER, 9), TS("xyz")}, {"0 done ts"}},
    {"a hole at once", {TS("SSH-"), GAP(DIR_TOSERVER, 9)}, {"failed ts"}},
};

static const struct talk ssh_talk = {.parser = &ssh_parser, .server_port = 22};

/* A banner that never ends is told once, and not kept. */
static void test_long_banner(void **state)
{
    static uint8_t bytes[5000];
    const struct talk_piece pieces[] = {TS("SSH-2.0-a"),
                                        {.dir = DIR_TOSERVER, .bytes = {bytes, sizeof bytes}}};
    struct buf seen;
    memset(bytes, 'a', sizeof bytes);
    buf_init(&seen, 0);
    talk_play(&ssh_talk, pieces, ARRAY_COUNT(pieces), (struct talk_cut){0}, &seen);
    assert_true(talk_has(&seen, "0 event long_banner"));
    buf_fini(&seen);
}

static const struct talk_probe probes[] = {
    {"a banner", TS("SSH-2.0-a\r\n"), 2222, APP_PROBE_YES},
    {"the server's", TC("SSH-1.99-b\r\n"), 22, APP_PROBE_YES},
    {"its beginning", TS("SS"), 22, APP_PROBE_MORE},
    {"another word", TS("SSL-"), 22, APP_PROBE_NO},
    {"nothing", TS(""), 22, APP_PROBE_MORE},
};

static const struct talk_suite suites[] = {
    {&ssh_talk, TALK_ROWS(rows), TALK_PROBES(probes)},
};

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_long_banner),
    };
    return talk_run(suites, ARRAY_COUNT(suites), tests, ARRAY_COUNT(tests));
}
