#include "engine/content/content.h"

#include <lzma.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>

#include <cmocka.h>

#define FOX "The quick brown fox jumps over the lazy dog. "
#define TEXT FOX FOX FOX FOX FOX FOX FOX FOX FOX FOX FOX FOX

/* TEXT in brotli */
#define BROTLI                                                                                     \
    "\x1b\x1b\x02\x88\x2c\x0e\x78\xd3\xd0\x95\x5d\x97\x10\xbb\x17\x2b\xa9\xca\xd0\x92\xcc\x8c\xad" \
    "\x41\x5c\xe6\xf2\x36\xc8\x19\x9e\x9e\x0a\x7b\x83\x0d\x38\x70\x48\x20\x6f\x24\xbd\x41\xa7\x15" \
    "\xce\x1c\x1e\x27\xaa\x29\x38\xc2\x49\xdd\xa7\xc1"

static struct slab slab;
static struct budget mem;

static int setup(void **state)
{
    mem = (struct budget){&slab, 0, 1 << 20};
    return slab_init(&slab, 64 << 20);
}

static int teardown(void **state)
{
    assert_int_equal(mem.used_bytes, 0);
    slab_fini(&slab);
    return 0;
}

static void collect(void *owner, struct str bytes)
{
    buf_add(owner, bytes);
}

/* Raw deflate (window_bits -15), zlib (15) or gzip (31) of s. */
static struct buf pack(struct str s, int window_bits)
{
    struct buf out;
    buf_init(&out, 0);
    assert_true(buf_reserve(&out, s.len + 1000));
    z_stream z = {0};
    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY), Z_OK);
    memcpy(&z.next_in, &s.p, sizeof z.next_in);
    z.avail_in = (uInt)s.len;
    z.next_out = out.p;
    z.avail_out = (uInt)(s.len + 1000);
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    out.len = z.total_out;
    deflateEnd(&z);
    return out;
}

static enum unzip_status decode_cut(struct str in, enum unzip_coding coding, size_t cut,
                                    uint64_t limit, struct buf *out)
{
    struct unzip *u = unzip_new(&mem, coding, limit);
    assert_non_null(u);
    buf_reset(out);
    unzip_add(u, str_cut(in, 0, cut), collect, out);
    unzip_add(u, str_from(in, cut), collect, out);
    enum unzip_status status = unzip_end(u, collect, out);
    unzip_free(u, &mem);
    return status;
}

/* The same whatever way the input is cut. */
static void expect(const char *name, struct str in, enum unzip_coding coding,
                   enum unzip_status want_status, struct str want)
{
    struct buf out;
    buf_init(&out, 0);
    for (size_t cut = 0; cut <= in.len; cut++) {
        enum unzip_status status = decode_cut(in, coding, cut, 0, &out);
        if (status != want_status || !str_eq(buf_str(&out), want))
            fail_msg("%s cut at %zu: status %d, %zu bytes", name, cut, (int)status, out.len);
    }
    buf_fini(&out);
}

static struct str bytes_of(const struct buf *b)
{
    return buf_str(b);
}

static void test_forms(void **state)
{
    struct str text = STR_LIT(TEXT);
    struct buf raw = pack(text, -15), zlib = pack(text, 15), gzip = pack(text, 31);
    /* what was announced does not matter, what is there does */
    for (int coding = UNZIP_GZIP; coding <= UNZIP_DEFLATE; coding++) {
        enum unzip_coding c = (enum unzip_coding)coding;
        expect("raw", bytes_of(&raw), c, UNZIP_END, text);
        expect("zlib", bytes_of(&zlib), c, UNZIP_END, text);
        expect("plain", text, c, UNZIP_PLAIN, text);
        expect("json", STR_LIT("{\"a\":1}"), c, UNZIP_PLAIN, STR_LIT("{\"a\":1}"));
        expect("one letter", STR_LIT("X"), c, UNZIP_PLAIN, STR_LIT("X"));
    }
    expect("gzip", bytes_of(&gzip), UNZIP_GZIP, UNZIP_OK, text);
    expect("gzip as deflate", bytes_of(&gzip), UNZIP_DEFLATE, UNZIP_OK, text);
    expect("nothing", STR_EMPTY, UNZIP_GZIP, UNZIP_OK, STR_EMPTY);
    buf_fini(&raw);
    buf_fini(&zlib);
    buf_fini(&gzip);
}

static void test_brotli(void **state)
{
    expect("brotli", STR_LIT(BROTLI), UNZIP_BROTLI, UNZIP_END, STR_LIT(TEXT));
    expect("plain", STR_LIT(TEXT), UNZIP_BROTLI, UNZIP_PLAIN, STR_LIT(TEXT));
}

/* .lzma as the SDK writes it; the header's dictionary is then said to be `dictionary`. */
static struct buf pack_lzma(struct str s, uint32_t dictionary)
{
    struct buf out;
    lzma_options_lzma options;
    lzma_stream z = LZMA_STREAM_INIT;
    buf_init(&out, 4 << 20);
    assert_true(buf_reserve(&out, s.len + s.len / 8 + 1000));
    assert_false(lzma_lzma_preset(&options, 6));
    assert_int_equal(lzma_alone_encoder(&z, &options), LZMA_OK);
    z.next_in = s.p;
    z.avail_in = s.len;
    z.next_out = out.p;
    z.avail_out = s.len + s.len / 8 + 1000;
    assert_int_equal(lzma_code(&z, LZMA_FINISH), LZMA_STREAM_END);
    out.len = z.total_out;
    lzma_end(&z);
    for (int i = 0; i < 4; i++)
        out.p[1 + i] = (uint8_t)(dictionary >> 8 * i);
    return out;
}

static void test_lzma(void **state)
{
    struct buf packed = pack_lzma(STR_LIT(TEXT), 8 << 20);
    expect("lzma", buf_str(&packed), UNZIP_LZMA, UNZIP_END, STR_LIT(TEXT));
    expect("plain", STR_LIT("plain text that is not lzma at all"), UNZIP_LZMA, UNZIP_PLAIN,
           STR_LIT("plain text that is not lzma at all"));
    expect("short", STR_LIT("\x5d\0\0"), UNZIP_LZMA, UNZIP_PLAIN, STR_LIT("\x5d\0\0"));
    buf_fini(&packed);
    /* the largest dictionary that can be said takes no more memory than ours */
    packed = pack_lzma(STR_LIT(TEXT), UINT32_MAX);
    expect("huge dictionary", buf_str(&packed), UNZIP_LZMA, UNZIP_END, STR_LIT(TEXT));
    buf_fini(&packed);
    void *zeros = calloc(1, 3 << 20);
    assert_non_null(zeros);
    packed = pack_lzma(str_of(zeros, 3 << 20), 1 << 16);
    struct buf out;
    buf_init(&out, 4 << 20);
    assert_int_equal(decode_cut(buf_str(&packed), UNZIP_LZMA, 0, 0, &out), UNZIP_LIMIT);
    free(zeros);
    buf_fini(&packed);
    /* 1 MiB of noise, then its beginning again: further back than we remember */
    struct buf noise;
    buf_init(&noise, 4 << 20);
    assert_true(buf_reserve(&noise, 2 << 20));
    uint32_t seed = 3;
    for (int i = 0; i < 1 << 20; i++) {
        seed = seed * 1664525 + 1013904223;
        buf_add_byte(&noise, (uint8_t)(seed >> 24));
    }
    buf_add(&noise, str_cut(buf_str(&noise), 0, 4096));
    packed = pack_lzma(buf_str(&noise), 8 << 20);
    assert_int_equal(decode_cut(buf_str(&packed), UNZIP_LZMA, 0, 0, &out), UNZIP_MEMORY);
    assert_int_equal(out.len, 1 << 20);
    assert_true(str_starts(buf_str(&noise), buf_str(&out)));
    buf_fini(&noise);
    buf_fini(&out);
    buf_fini(&packed);
}

static void test_gzip_headers(void **state)
{
    static const struct {
        const char *name;
        uint8_t flags;
        struct str extra;
    } rows[] = {
        {"text", 1, {NULL, 0}},
        {"hcrc", 2, {(const uint8_t *)"\0\0", 2}},
        {"extra", 4, {(const uint8_t *)"\5\0Ap\1\0x", 7}},
        {"empty extra", 4, {(const uint8_t *)"\0\0", 2}},
        {"name", 8, {(const uint8_t *)"eicar\0", 6}},
        {"comment", 16, {(const uint8_t *)"c\0", 2}},
        {"all", 31, {(const uint8_t *)"\1\0xname\0comment\0cc", 18}},
        {"reserved", 0xe0, {NULL, 0}},
    };
    struct buf raw = pack(STR_LIT(TEXT), -15), in;
    buf_init(&in, 0);
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        buf_reset(&in);
        buf_add(&in, STR_LIT("\x1f\x8b\x08"));
        buf_add_byte(&in, rows[i].flags);
        buf_add(&in, STR_LIT("\0\0\0\0\0\3"));
        buf_add(&in, rows[i].extra);
        buf_add(&in, buf_str(&raw));
        expect(rows[i].name, buf_str(&in), UNZIP_GZIP, UNZIP_OK, STR_LIT(TEXT));
    }
    buf_fini(&raw);
    buf_fini(&in);
}

static void test_members(void **state)
{
    struct buf one = pack(STR_LIT("first "), 31), two = pack(STR_LIT("second"), 31);
    buf_add(&one, buf_str(&two));
    expect("two members", buf_str(&one), UNZIP_GZIP, UNZIP_OK, STR_LIT("first second"));
    buf_add(&one, STR_LIT("padding"));
    expect("padding", buf_str(&one), UNZIP_GZIP, UNZIP_END, STR_LIT("first second"));
    buf_fini(&one);
    buf_fini(&two);
}

static void test_damaged(void **state)
{
    /* random letters do not shrink, so the packed bytes are longer than what is gathered */
    struct buf text, out;
    buf_init(&text, 0);
    buf_init(&out, 0);
    uint32_t seed = 7;
    for (int i = 0; i < 2000; i++) {
        seed = seed * 1664525 + 1013904223;
        buf_add_byte(&text, (uint8_t)(seed >> 24));
    }
    struct buf gzip = pack(buf_str(&text), 31);
    struct str whole = buf_str(&gzip);
    assert_int_equal(decode_cut(str_cut(whole, 0, 1000), UNZIP_GZIP, 1, 0, &out), UNZIP_OK);
    assert_true(out.len > 900 && str_starts(buf_str(&text), buf_str(&out)));
    gzip.p[12] ^= 0xff; /* the length of a stored block: damaged at once, so taken as it is */
    assert_int_equal(decode_cut(whole, UNZIP_GZIP, 1, 0, &out), UNZIP_PLAIN);
    assert_true(str_eq(buf_str(&out), whole));
    buf_fini(&gzip);

    gzip = pack(STR_LIT(TEXT), 31);
    gzip.p[30] ^= 0xff;
    enum unzip_status first = decode_cut(buf_str(&gzip), UNZIP_GZIP, 0, 0, &out);
    size_t len = out.len;
    for (size_t cut = 1; cut <= gzip.len; cut++) {
        assert_int_equal(decode_cut(buf_str(&gzip), UNZIP_GZIP, cut, 0, &out), first);
        assert_int_equal(out.len, len);
    }
    buf_fini(&gzip);
    buf_fini(&text);
    buf_fini(&out);
}

static void count(void *owner, struct str bytes)
{
    *(uint64_t *)owner += bytes.len;
}

static void test_limit(void **state)
{
    void *zeros = calloc(1, 3 << 20);
    assert_non_null(zeros);
    struct buf bomb = pack(str_of(zeros, 3 << 20), 31), twice = pack(buf_str(&bomb), 31);
    uint64_t seen = 0;
    struct unzip *u = unzip_new(&mem, UNZIP_GZIP, 1 << 20);
    assert_int_equal(unzip_add(u, buf_str(&bomb), count, &seen), UNZIP_LIMIT);
    assert_true(seen <= 1 << 20);
    assert_int_equal(unzip_add(u, buf_str(&bomb), count, &seen), UNZIP_LIMIT);
    assert_true(seen <= 1 << 20);
    unzip_free(u, &mem);
    free(zeros);
    buf_fini(&bomb);
    buf_fini(&twice);
}

/* Memory that is out at any point ends decoding, leaks nothing and hands out nothing wrong. */
static void test_no_memory(void **state)
{
    struct buf gzip = pack(STR_LIT(TEXT), 31), out;
    struct buf lzma = pack_lzma(STR_LIT(TEXT), 8 << 20);
    const struct str inputs[] = {buf_str(&gzip), STR_LIT(BROTLI), buf_str(&lzma)};
    const enum unzip_coding codings[] = {UNZIP_GZIP, UNZIP_BROTLI, UNZIP_LZMA};
    buf_init(&out, 0);
    for (size_t i = 0; i < ARRAY_COUNT(inputs); i++) {
        int worked = 0;
        for (uint32_t limit = 0; limit < 1 << 20; limit += 500) {
            struct budget tight = {&slab, 0, limit};
            buf_reset(&out);
            struct unzip *u = unzip_new(&tight, codings[i], 0);
            if (u) {
                unzip_add(u, inputs[i], collect, &out);
                enum unzip_status status = unzip_end(u, collect, &out);
                worked += status == UNZIP_END || status == UNZIP_OK;
                if (out.len && status != UNZIP_PLAIN)
                    assert_true(str_starts(STR_LIT(TEXT), buf_str(&out)));
            }
            unzip_free(u, &tight);
            assert_int_equal(tight.used_bytes, 0);
        }
        assert_true(worked > 0);
    }
    buf_fini(&lzma);
    buf_fini(&gzip);
    buf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_forms, setup, teardown),
        cmocka_unit_test_setup_teardown(test_brotli, setup, teardown),
        cmocka_unit_test_setup_teardown(test_lzma, setup, teardown),
        cmocka_unit_test_setup_teardown(test_gzip_headers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_members, setup, teardown),
        cmocka_unit_test_setup_teardown(test_damaged, setup, teardown),
        cmocka_unit_test_setup_teardown(test_limit, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_memory, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
