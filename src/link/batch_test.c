#include "base/hash.h"
#include "link/link.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <zstd.h>

#include <cmocka.h>

#define ALERT "{\"event_type\":\"alert\",\"alert\":{\"signature_id\":%u}}"

static struct link_codec *codec;

static int open_codec(void **state)
{
    (void)state;
    codec = link_codec_new();
    return codec ? 0 : -1;
}

static int close_codec(void **state)
{
    (void)state;
    link_codec_free(codec);
    return 0;
}

static void add_alerts(struct buf *lines, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        char json[100];
        int len = snprintf(json, sizeof(json), ALERT, i);
        link_event_write(lines, &(struct link_event){1000 + i, i, str_of(json, (size_t)len)});
    }
}

static void comes_back(void **state)
{
    (void)state;
    struct buf lines;
    struct buf frame;
    struct link_offence offence;
    struct link_batch got;
    buf_init(&lines, 0);
    buf_init(&frame, 0);
    add_alerts(&lines, 500);
    struct link_batch sent = {0xA1B2C3D4E5F60718, 42, 500, buf_str(&lines)};
    assert_int_equal(link_batch_pack(codec, &sent, &frame, &offence), LINK_PACK_OK);

    struct link_frame read;
    size_t used;
    assert_int_equal(link_frame_read(buf_str(&frame), LINK_FROM_BOX, &read, &used), LINK_OK);
    assert_int_equal(used, frame.len);
    assert_int_equal(link_batch_unpack(codec, read.body, &got), LINK_OK);
    assert_true(got.epoch == sent.epoch && got.first_seq == 42 && got.count == 500);
    assert_true(str_eq(got.lines, sent.lines));
    assert_int_equal(link_batch_check(&got, &offence), LINK_ALLOWED);

    struct str rest = got.lines;
    struct link_event event;
    for (uint32_t i = 0; i < 500; i++) {
        assert_int_equal(link_event_next(&rest, &event), LINK_OK);
        assert_int_equal(event.wall_us, 1000 + i);
        assert_int_equal(event.mono_us, i);
    }
    assert_int_equal(link_event_next(&rest, &event), LINK_MORE);
    buf_fini(&lines);
    buf_fini(&frame);
}

/* The gate before compression: one planted field anywhere, and nothing of the batch is written. */
static void planted_payload_fails_the_batch(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        enum link_allow why;
        const char *path;
    } rows[] = {
        {"{\"event_type\":\"alert\",\"payload\":\"U0VDUkVU\"}", LINK_FORBIDDEN, "payload"},
        {"{\"event_type\":\"alert\",\"payload_printable\":\"SECRET\"}", LINK_FORBIDDEN,
         "payload_printable"},
        {"{\"event_type\":\"alert\",\"http\":{\"http_response_body\":\"S\"}}", LINK_FORBIDDEN,
         "http.http_response_body"},
        {"{\"event_type\":\"alert\",\"otasuke\":{\"device\":{\"packet\":\"S\"}}}", LINK_FORBIDDEN,
         "otasuke.device.packet"},
        {"{\"event_type\":\"dns\"}", LINK_NOT_EVENT, ""},
        {"SECRET", LINK_NOT_JSON, ""},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct buf lines;
        struct buf frame;
        struct link_offence offence;
        buf_init(&lines, 0);
        buf_init(&frame, 0);
        add_alerts(&lines, 7);
        link_event_write(&lines, &(struct link_event){1, 1, str_c(rows[i].json)});
        add_alerts(&lines, 7);
        struct link_batch b = {1, 1, 15, buf_str(&lines)};
        assert_int_equal(link_batch_pack(codec, &b, &frame, &offence), LINK_PACK_FORBIDDEN);
        assert_int_equal(frame.len, 0);
        assert_int_equal(offence.line, 7);
        assert_int_equal(offence.why, rows[i].why);
        assert_string_equal(offence.path, rows[i].path);
        buf_fini(&lines);
        buf_fini(&frame);
    }
}

/* A body as a hostile box would write it: everything right but what the caller changes. */
static void write_body(struct buf *body, const struct link_batch *b, uint32_t said_bytes,
                       struct str packed)
{
    buf_reset(body);
    buf_add_u64(body, b->epoch);
    buf_add_u64(body, b->first_seq);
    buf_add_u32(body, b->count);
    buf_add_u32(body, said_bytes);
    buf_add_u32(body, hash_crc32c(0, b->lines));
    buf_add(body, packed);
}

static struct str pack(struct str s, void *memory, size_t bytes)
{
    size_t packed = ZSTD_compress(memory, bytes, s.p, s.len, 1);
    assert_false(ZSTD_isError(packed));
    return str_of(memory, packed);
}

static void bombs(void **state)
{
    (void)state;
    const size_t bytes = LINK_INFLATED_BYTES_MAX + 1;
    uint8_t *memory = malloc(ZSTD_compressBound(bytes));
    uint8_t *zeros = calloc(1, bytes);
    struct buf body;
    struct link_batch got;
    buf_init(&body, 0);
    struct link_batch sent = {1, 1, 1, str_of(zeros, bytes)};
    struct str packed = pack(sent.lines, memory, ZSTD_compressBound(bytes));
    assert_true(packed.len < LINK_BATCH_BYTES_MAX);
    /* told honestly, told smaller, told tiny */
    uint32_t said[] = {(uint32_t)bytes, LINK_INFLATED_BYTES_MAX, 10};
    for (size_t i = 0; i < ARRAY_COUNT(said); i++) {
        write_body(&body, &sent, said[i], packed);
        assert_int_equal(link_batch_unpack(codec, buf_str(&body), &got), LINK_BAD);
    }
    /* a frame that does not say what it becomes (streamed) */
    ZSTD_CCtx *c = ZSTD_createCCtx();
    ZSTD_outBuffer o = {memory, ZSTD_compressBound(bytes), 0};
    ZSTD_inBuffer in = {zeros, bytes, 0};
    assert_int_equal(ZSTD_compressStream2(c, &o, &in, ZSTD_e_flush), 0);
    assert_int_equal(ZSTD_compressStream2(c, &o, &in, ZSTD_e_end), 0);
    write_body(&body, &sent, 1000, str_of(memory, o.pos));
    assert_int_equal(link_batch_unpack(codec, buf_str(&body), &got), LINK_BAD);
    ZSTD_freeCCtx(c);
    buf_fini(&body);
    free(memory);
    free(zeros);
}

static void malformed(void **state)
{
    (void)state;
    static const char good[] = "5 6 {}\n7 8 {}\n";
    static const struct {
        const char *name;
        const char *lines;
        uint64_t first_seq;
        uint32_t count;
        enum link_result want;
    } rows[] = {
        {"as it should be", good, 1, 2, LINK_OK},
        {"count too small", good, 1, 1, LINK_BAD},
        {"count too large", good, 1, 3, LINK_BAD},
        {"count zero", good, 1, 0, LINK_BAD},
        {"sequence zero", good, 0, 2, LINK_BAD},
        {"sequence beyond signed numbers", good, UINT64_MAX, 2, LINK_BAD},
        {"no line end", "5 6 {}", 1, 1, LINK_BAD},
        {"no clocks", "{}\n", 1, 1, LINK_BAD},
        {"one clock", "5 {}\n", 1, 1, LINK_BAD},
        {"clock too large", "5 9999999999999999999 {}\n", 1, 1, LINK_BAD},
        {"no event", "5 6 \n", 1, 1, LINK_BAD},
        {"an empty line", "5 6 {}\n\n", 1, 2, LINK_BAD},
    };
    uint8_t memory[1000];
    struct buf body;
    struct link_batch got;
    buf_init(&body, 0);
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct link_batch b = {1, rows[i].first_seq, rows[i].count, str_c(rows[i].lines)};
        write_body(&body, &b, (uint32_t)b.lines.len, pack(b.lines, memory, sizeof(memory)));
        if (link_batch_unpack(codec, buf_str(&body), &got) != rows[i].want)
            fail_msg("%s", rows[i].name);
    }
    /* bytes behind the zstd frame, every bit turned over, every length cut */
    struct link_batch b = {1, 1, 2, STR_LIT(good)};
    write_body(&body, &b, (uint32_t)b.lines.len, pack(b.lines, memory, sizeof(memory)));
    size_t whole = body.len;
    buf_add_byte(&body, 0);
    assert_int_equal(link_batch_unpack(codec, buf_str(&body), &got), LINK_BAD);
    for (size_t cut = 0; cut < whole; cut++)
        assert_int_equal(link_batch_unpack(codec, str_of(body.p, cut), &got), LINK_BAD);
    for (size_t bit = 20 * 8; bit < whole * 8; bit++) { /* behind epoch, sequence and count */
        body.p[bit / 8] ^= (uint8_t)(1 << bit % 8);
        enum link_result result = link_batch_unpack(codec, str_of(body.p, whole), &got);
        /* a header bit of zstd may be without meaning; then the lines are still right */
        if (result == LINK_OK)
            assert_true(str_eq(got.lines, b.lines));
        body.p[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    buf_fini(&body);
}

static void too_large(void **state)
{
    (void)state;
    /* 3 MB that do not compress below 1 MB */
    struct buf lines;
    struct buf frame;
    struct link_offence offence;
    uint32_t count = 0;
    uint64_t x = 88172645463325252u;
    buf_init(&lines, 0);
    buf_init(&frame, 0);
    while (lines.len < (3u << 20)) {
        char json[LINK_LINE_BYTES_MAX];
        int len = snprintf(json, sizeof(json), "{\"event_type\":\"alert\",\"http\":{\"url\":\"");
        while (len < 4000) {
            x ^= x << 13;
            x ^= x >> 7;
            x ^= x << 17;
            len += snprintf(json + len, sizeof(json) - (size_t)len, "%llx", (unsigned long long)x);
        }
        len += snprintf(json + len, sizeof(json) - (size_t)len, "\"}}");
        link_event_write(&lines, &(struct link_event){1, 1, str_of(json, (size_t)len)});
        count++;
    }
    struct link_batch b = {1, 1, count, buf_str(&lines)};
    assert_int_equal(link_batch_pack(codec, &b, &frame, &offence), LINK_PACK_TOO_LARGE);
    assert_int_equal(frame.len, 0);
    b.count = LINK_BATCH_COUNT_MAX + 1;
    assert_int_equal(link_batch_pack(codec, &b, &frame, &offence), LINK_PACK_TOO_LARGE);
    buf_fini(&lines);
    buf_fini(&frame);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comes_back), cmocka_unit_test(planted_payload_fails_the_batch),
        cmocka_unit_test(bombs),      cmocka_unit_test(malformed),
        cmocka_unit_test(too_large),
    };
    return cmocka_run_group_tests(tests, open_codec, close_codec);
}
