#include "engine/app/quic/made_packet.h"
#include "engine/app/quic/packet.h"
#include "engine/app/quic/quic.h"
#include "engine/app/talk/talk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/text.h"

#define CLIENT_LEN (sizeof MADE_CLIENT_HELLO - 1)
#define ID_2 "another!"

/* ---- keys and packets of the RFCs ---- */

struct vector {
    uint32_t version;
    enum dir sender;
    const char *key, *iv, *mask;
};

/* RFC 9001 appendix A.1, RFC 9369 appendix A.1 */
static const struct vector vectors[] = {
    {QUIC_V1, DIR_TOSERVER, "1f369613dd76d5467730efcbe3b1a22d", "fa044b2f42a3fd3b46fb255c",
     "9f50449e04a0e810283a1e9933adedd2"},
    {QUIC_V1, DIR_TOCLIENT, "cf3a5331653c364c88f0f379b6067e37", "0ac1493ca1905853b0bba03e",
     "c206b8d9b9f0f37644430b490eeaa314"},
    {QUIC_V2, DIR_TOSERVER, "8b1a0bc121284290a29e0971b5cd045d", "91f73e2351d8fa91660e909f",
     "45b95e15235d6f45a6b19cbcb0294ba9"},
    {QUIC_V2, DIR_TOCLIENT, "82db637861d55e1d011f19ea71d5d2a7", "dd13c276499c0249d3310652",
     "edf6d05c83121201b436e16877593c3a"},
};

static void keys_of_the_rfcs(void **state)
{
    char text[2 * QUIC_KEY_BYTES + 1];
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(vectors); i++) {
        struct quic_keys k;
        quic_keys_derive(vectors[i].version, STR_LIT(MADE_ID), vectors[i].sender, &k);
        text_hex(text, str_of(k.key, sizeof k.key));
        assert_string_equal(text, vectors[i].key);
        text_hex(text, str_of(k.iv, sizeof k.iv));
        assert_string_equal(text, vectors[i].iv);
        text_hex(text, str_of(k.mask, sizeof k.mask));
        assert_string_equal(text, vectors[i].mask);
    }
}

/* RFC 9001 appendix A.3, RFC 9369 appendix A.3: the server's first packet */
static const char sealed_v1[] =
    "cf000000010008f067a5502a4262b5004075c0d95a482cd0991cd25b0aac406a5816b6394100f37a1c69797554780b"
    "b38cc5a99f5ede4cf73c3ec2493a1839b3dbcba3f6ea46c5b7684df3548e7ddeb9c3bf9c73cc3f3bded74b562bfb19"
    "fb84022f8ef4cdd93795d77d06edbb7aaf2f58891850abbdca3d20398c276456cbc42158407dd074ee";
static const char sealed_v2[] =
    "dc6b3343cf0008f067a5502a4262b5004075d92faaf16f05d8a4398c47089698baeea26b91eb761d9b89237bbf8726"
    "3017915358230035f7fd3945d88965cf17f9af6e16886c61bfc703106fbaf3cb4cfa52382dd16a393e42757507698"
    "075b2c984c707f0a0812d8cd5a6881eaf21ceda98f4bd23f6fe1a3e2c43edd9ce7ca84bed8521e2e140";
static const char server_frames[] =
    "02000000000600405a020000560303eefce7f7b37ba1d1632e96677825ddf73988cfc79825df566dc5430b9a045a12"
    "00130100002e00330024001d00209d3c940d89690b84d08a60993c144eca684d1081287c834d5311bcf32bb9da1a00"
    "2b00020304";

static struct str from_hex(const char *hex, uint8_t *bytes)
{
    size_t len = strlen(hex) / 2;
    for (size_t i = 0; i < len; i++)
        bytes[i] = (uint8_t)strtoul((const char[]){hex[2 * i], hex[2 * i + 1], 0}, NULL, 16);
    return str_of(bytes, len);
}

static void packets_of_the_rfcs(void **state)
{
    static const struct {
        uint32_t version;
        const char *sealed;
    } rows[] = {{QUIC_V1, sealed_v1}, {QUIC_V2, sealed_v2}};
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        uint8_t bytes[256], plain[256], want[256];
        size_t len = 0;
        struct quic_keys k;
        struct quic_packet p;
        struct reader r = reader_of(from_hex(rows[i].sealed, bytes));
        assert_true(quic_next_packet(&r, &p));
        assert_int_equal(p.type, QUIC_INITIAL);
        assert_int_equal(reader_left(&r), 0);
        quic_keys_derive(rows[i].version, STR_LIT(MADE_ID), DIR_TOCLIENT, &k);
        struct quic_sealed sealed = {p.bytes, p.number_at};
        assert_true(quic_open(&k, &sealed, plain, &len));
        assert_true(str_eq(str_of(plain, len), from_hex(server_frames, want)));
        bytes[p.bytes.len - 1] ^= 1;
        assert_false(quic_open(&k, &sealed, plain, &len));
    }
}

/* ---- hellos in pieces ---- */

#define MODEL_BYTES 600

static bool model_adds(struct quic_gather *g, struct budget *mem, uint8_t *there, unsigned *seed)
{
    uint8_t bytes[64];
    uint32_t from = (uint32_t)rand_r(seed) % MODEL_BYTES;
    uint32_t len = (uint32_t)rand_r(seed) % sizeof bytes;
    for (uint32_t i = 0; i < len; i++)
        bytes[i] = (uint8_t)((from + i) * 7);
    if (from + len > MODEL_BYTES)
        return true;
    memset(there + from, 1, len);
    return quic_gather_add(g, mem, from, str_of(bytes, len)) == QUIC_ADDED;
}

static void in_any_order(void **state)
{
    struct slab slab;
    (void)state;
    assert_int_equal(slab_init(&slab, 1u << 24), 0);
    for (unsigned round = 0, seed = 20261123; round < 200; round++) {
        struct budget mem = {&slab, 0, 1u << 20};
        struct quic_gather g = {0};
        uint8_t there[MODEL_BYTES + 1] = {0};
        for (int i = 0; i < 60; i++) {
            assert_true(model_adds(&g, &mem, there, &seed));
            struct str head = quic_gather_head(&g);
            assert_int_equal(head.len, strspn((const char *)there, "\1"));
            for (size_t k = 0; k < head.len; k++)
                assert_int_equal(head.p[k], (uint8_t)(k * 7));
        }
        quic_gather_fini(&g, &mem);
        assert_int_equal(mem.used_bytes, 0);
    }
    slab_fini(&slab);
}

static void bounded(void **state)
{
    struct slab slab;
    struct quic_gather g = {0};
    (void)state;
    assert_int_equal(slab_init(&slab, 1u << 24), 0);
    struct budget mem = {&slab, 0, 1u << 20};
    for (uint32_t i = 0; i < QUIC_PIECES_MAX; i++)
        assert_int_equal(quic_gather_add(&g, &mem, 2 * i, STR_LIT("x")), QUIC_ADDED);
    assert_int_equal(quic_gather_add(&g, &mem, 2 * QUIC_PIECES_MAX, STR_LIT("x")), QUIC_NO_ROOM);
    assert_int_equal(quic_gather_add(&g, &mem, 1, STR_LIT("y")), QUIC_ADDED); /* fills a hole */
    assert_int_equal(g.piece_count, QUIC_PIECES_MAX - 1);
    assert_int_equal(quic_gather_add(&g, &mem, 65534, STR_LIT("x")), QUIC_ADDED);
    assert_int_equal(quic_gather_add(&g, &mem, 65535, STR_LIT("x")), QUIC_TOO_LONG);
    assert_int_equal(quic_gather_add(&g, &mem, UINT64_MAX, STR_LIT("xy")), QUIC_TOO_LONG);
    assert_true(mem.used_bytes <= slab_block_bytes(65536));
    quic_gather_fini(&g, &mem);
    slab_fini(&slab);
}

/* ---- conversations ---- */

#define CLIENT_LOG                                                             \
    "\"sni\":\"www.omamori.x\",\"ja3\":{\"hash\":\"" CLIENT_JA3                \
    "\",\"string\":\"771,10794-4865-4866,64250-0-16-10-13-43,10794-29-23,\"}," \
    "\"extensions\":[{\"type\":64250},"                                        \
    "{\"name\":\"server_name\",\"type\":0,\"values\":[\"www.omamori.x\"]},"    \
    "{\"name\":\"alpn\",\"type\":16,\"values\":[\"h3\"]},"                     \
    "{\"name\":\"supported_groups\",\"type\":10},"                             \
    "{\"name\":\"signature_algorithms\",\"type\":13,\"values\":[\"1027\"]},"   \
    "{\"name\":\"supported_versions\",\"type\":43,\"values\":[\"Tls13\"]}]}"
#define CLIENT_JA3 "1dc6474af9af974a505ac8f66dd35682"
#define CLIENT_JA4 "q13d0205h3_62ed6f6ca7ad_9a0586ea5dd0"
#define SNI(n) n " ts quic.sni=www.omamori.x"

enum row {
    WHOLE,
    OUT_OF_ORDER,
    TWO_DATAGRAMS,
    SHARED,
    RETRY,
    SECOND,
    UPGRADE,
    ANOTHER_FIRST,
    DAMAGED,
    WRONG_FRAME,
    TOO_LONG,
    LATE,
    GOOGLE,
    GOOGLE_SEALED,
    STRANGE,
    ROWS
};

static struct talk_row rows[ROWS] = {
    [WHOLE] = {.name = "both hellos",
               .want = {SNI("0"), "0 ts quic.version=\\x00\\x00\\x00\\x01",
                        "0 log {\"version\":\"1\"," CLIENT_LOG, "0 ts ja4.hash=" CLIENT_JA4,
                        "0 ts ja3.hash=" CLIENT_JA3, "1 tc ja3s.string=771,4865,43",
                        "!1 ts quic.sni=www.omamori.x", "!2 done ts tc"}},
    [OUT_OF_ORDER] = {.name = "frames in any order, one of them twice",
                      .want = {SNI("0"), "!0 event error_on_data"}},
    [TWO_DATAGRAMS] = {.name = "in two datagrams, the end first",
                       .want = {"0 log {\"version\":\"1\"}", SNI("1")}},
    [SHARED] = {.name = "two packets of one datagram",
                .want = {"0 log {\"version\":\"1\"}", SNI("1")}},
    [RETRY] = {.name = "the server asks to begin again", .want = {SNI("0"), SNI("2")}},
    [SECOND] = {.name = "version 2",
                .want = {SNI("0"), "0 ts quic.version=k3C\\xcf",
                         "0 log {\"version\":\"v2\"," CLIENT_LOG}},
    [UPGRADE] = {.name = "the server chooses version 2",
                 .want = {SNI("0"), "1 tc ja3s.string=771,4865,43"}},
    [ANOTHER_FIRST] = {.name = "a packet of another connection comes in between",
                       .want = {SNI("0"), "2 tc ja3s.string=771,4865,43"}},
    [DAMAGED] = {.name = "damaged, and then well",
                 .want = {"0 event failed_decrypt", "0 log {\"version\":\"1\"}", SNI("1")}},
    [WRONG_FRAME] = {.name = "a frame that says more than there is",
                     .want = {"0 event error_on_data"}},
    [TOO_LONG] = {.name = "a hello without end", .want = {"0 event crypto_frag_too_long"}},
    [LATE] = {.name = "the server's packet alone",
              .want = {"0 log {\"version\":\"1\"}", "!0 event failed_decrypt"}},
    [GOOGLE] =
        {.name = "Q046",
         .want = {SNI("0"), "0 ts quic.ua=Chrome/1.0 x", "0 ts quic.version=Q046",
                  "0 ts quic.cyu.string=46,PAD-SNI-VER-UAID",
                  "0 log {\"version\":\"Q046\",\"sni\":\"www.omamori.x\",\"ua\":\"Chrome/1.0 x\","
                  "\"cyu\":[{\"hash\":\"3b5da1d3b922a93f684efa94b4b090dc\",\"string\":\"46,PAD-SNI-"
                  "VER-UAID\"}]}"}},
    [GOOGLE_SEALED] =
        {.name = "Q050",
         .want = {SNI("0"), "0 ts quic.ua=Chrome/1.0 x",
                  "0 log {\"version\":\"51303530\",\"sni\":\"www.omamori.x\",\"ua\":\"Chrome/1.0 "
                  "x\"}"}},
    [STRANGE] = {.name = "version negotiation, an unknown version",
                 .want = {"0 log {\"version\":\"a0a0a0a\"}", "1 log {\"version\":\"0\"}"}},
};

static struct str client_hello(void)
{
    return str_of(MADE_CLIENT_HELLO, CLIENT_LEN);
}

/* Kept until the end of the program. */
static void piece(enum row row, size_t at, enum dir dir, const struct buf *b)
{
    uint8_t *copy = malloc(b->len);
    assert_non_null(copy);
    memcpy(copy, b->p, b->len);
    rows[row].pieces[at] = (struct talk_piece){.dir = dir, .bytes = {copy, b->len}};
}

/* One datagram that holds one packet. */
static void seal(enum row row, size_t at, const struct made_packet *m, struct str frames)
{
    uint8_t memory[2048];
    struct buf b = buf_fixed(memory, sizeof memory);
    made_sealed(&b, m, frames);
    piece(row, at, m->sender, &b);
}

static void seal_part(enum row row, size_t at, const struct made_packet *m, size_t from, size_t to)
{
    uint8_t memory[1024];
    struct buf b = buf_fixed(memory, sizeof memory);
    bool client = m->sender == DIR_TOSERVER;
    made_crypto(&b, client ? client_hello() : STR_LIT(MADE_SERVER_HELLO), from, to);
    buf_add(&b, STR_LIT("\0\0\0\1\2\7\0\1\2\0\0"));
    seal(row, at, m, buf_str(&b));
}

static void make_order(void)
{
    uint8_t memory[1024];
    struct buf b = buf_fixed(memory, sizeof memory);
    struct made_packet m = made_v1(DIR_TOSERVER);
    made_crypto(&b, client_hello(), 90, SIZE_MAX);
    buf_add_byte(&b, 1);
    made_crypto(&b, client_hello(), 0, 30);
    made_crypto(&b, client_hello(), 20, 60);
    buf_add(&b, STR_LIT("\0\0"));
    made_crypto(&b, client_hello(), 50, 95);
    seal(OUT_OF_ORDER, 0, &m, buf_str(&b));
}

static void make_plain(void)
{
    struct made_packet client = made_v1(DIR_TOSERVER), server = made_v1(DIR_TOCLIENT), other;
    uint8_t memory[2048], frames[1024];
    seal_part(WHOLE, 0, &client, 0, SIZE_MAX);
    seal_part(WHOLE, 1, &server, 0, SIZE_MAX);
    seal_part(WHOLE, 2, &client, 0, SIZE_MAX); /* behind its hello nothing is read */
    seal_part(TWO_DATAGRAMS, 0, &client, 40, SIZE_MAX);
    seal_part(TWO_DATAGRAMS, 1, &client, 0, 40);
    struct buf b = buf_fixed(memory, sizeof memory), f = buf_fixed(frames, sizeof frames);
    made_crypto(&f, client_hello(), 0, 40);
    made_sealed(&b, &client, buf_str(&f));
    buf_reset(&f);
    made_crypto(&f, client_hello(), 40, SIZE_MAX);
    made_sealed(&b, &client, buf_str(&f));
    piece(SHARED, 0, DIR_TOSERVER, &b);
    seal_part(LATE, 0, &server, 0, SIZE_MAX);
    other = client;
    other.key_id = other.to = STR_LIT(ID_2);
    seal_part(RETRY, 0, &client, 0, SIZE_MAX);
    rows[RETRY].pieces[1] = (struct talk_piece)TC("\xf0\0\0\0\1\0\x08" ID_2 "token-and-tag----");
    seal_part(RETRY, 2, &other, 0, SIZE_MAX);
    seal_part(ANOTHER_FIRST, 0, &client, 0, 30);
    seal_part(ANOTHER_FIRST, 1, &other, 30, SIZE_MAX);
    seal_part(ANOTHER_FIRST, 2, &server, 0, SIZE_MAX);
    rows[ANOTHER_FIRST].want[0] = SNI("1");
}

static void make_versions(void)
{
    struct made_packet m = made_v1(DIR_TOSERVER), server = made_v1(DIR_TOCLIENT);
    seal_part(UPGRADE, 0, &m, 0, SIZE_MAX);
    m.version = server.version = QUIC_V2;
    m.first = server.first = 0xd3;
    seal_part(UPGRADE, 1, &server, 0, SIZE_MAX);
    seal_part(SECOND, 0, &m, 0, SIZE_MAX);
    rows[STRANGE].pieces[0] = (struct talk_piece)TS("\xc9\x0a\x0a\x0a\x0a\4abcd\0anything");
    rows[STRANGE].pieces[1] = (struct talk_piece)TC("\x80\0\0\0\0\0\4abcd\0\0\0\1");
    rows[GOOGLE].pieces[0] = (struct talk_piece)TS(
        "\xc3Q046\x50" MADE_ID "\0\0\0\1hash-of-12--\xa4\1\4\0\0\x47" MADE_CHLO);
    m = made_v1(DIR_TOSERVER);
    m.version = QUIC_Q050;
    seal(GOOGLE_SEALED, 0, &m, STR_LIT("\0\0\x08\0\x40\x47" MADE_CHLO "\0\0"));
}

static void make_damaged(void)
{
    struct made_packet m = made_v1(DIR_TOSERVER);
    seal_part(DAMAGED, 0, &m, 0, SIZE_MAX);
    rows[DAMAGED].pieces[1] = rows[DAMAGED].pieces[0];
    struct str good = rows[DAMAGED].pieces[0].bytes;
    uint8_t *bad = malloc(good.len);
    assert_non_null(bad);
    memcpy(bad, good.p, good.len);
    bad[good.len - 1] ^= 0x55;
    rows[DAMAGED].pieces[0].bytes = str_of(bad, good.len);
    seal(WRONG_FRAME, 0, &m, STR_LIT("\6\0\x40\x50much less"));
    seal(TOO_LONG, 0, &m, STR_LIT("\6\x80\1\0\0\1x             "));
}

/* ---- probes ---- */

static uint8_t first_datagram[1200];

static struct talk_probe probe_rows[] = {
    {"a client's first, elsewhere", {.dir = DIR_TOSERVER}, 4433, APP_PROBE_YES},
    {"the same, not filled up, elsewhere", {.dir = DIR_TOSERVER}, 4433, APP_PROBE_NO},
    {"Q046 elsewhere", {.dir = DIR_TOSERVER}, 4433, APP_PROBE_YES},
    {"an unknown version at home", {.dir = DIR_TOSERVER}, 443, APP_PROBE_YES},
    {"an unknown version elsewhere", {.dir = DIR_TOSERVER}, 4433, APP_PROBE_NO},
    {"a short header at home", TS("\x53\1\xdf\xc0\xfe\x62\xc6\x40--------------"), 443,
     APP_PROBE_YES},
    {"a short header elsewhere", TS("\x53\1\xdf\xc0\xfe\x62\xc6\x40--------------"), 4433,
     APP_PROBE_NO},
    {"something else at home", TS("\x16\xfe\xfd\0\0\0\0\0\0\0\0\0\x10\1\0\0\4"), 443, APP_PROBE_NO},
};

static void make_probes(void)
{
    struct str whole = rows[WHOLE].pieces[0].bytes;
    memcpy(first_datagram, whole.p, whole.len);
    probe_rows[0].input.bytes = str_of(first_datagram, sizeof first_datagram);
    probe_rows[1].input.bytes = whole;
    probe_rows[2].input.bytes = rows[GOOGLE].pieces[0].bytes;
    probe_rows[3].input.bytes = probe_rows[4].input.bytes = rows[STRANGE].pieces[0].bytes;
}

static const struct talk quic_talk = {.parser = &quic_parser, .server_port = 443, .udp = true};

static const struct talk_suite suites[] = {
    {&quic_talk, TALK_ROWS(rows), TALK_PROBES(probe_rows)},
};

int main(void)
{
    static const struct CMUnitTest more[] = {
        cmocka_unit_test(keys_of_the_rfcs),
        cmocka_unit_test(packets_of_the_rfcs),
        cmocka_unit_test(in_any_order),
        cmocka_unit_test(bounded),
    };
    make_order();
    make_plain();
    make_versions();
    make_damaged();
    make_probes();
    return talk_run(suites, ARRAY_COUNT(suites), more, ARRAY_COUNT(more));
}
