#include "base/dice.h"
#include "base/digest.h"
#include "base/hash.h"
#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void known_digests(void **state)
{
    static const struct {
        enum digest_kind kind;
        const char *text;
        const char *want;
    } rows[] = {
        {DIGEST_MD5, "", "d41d8cd98f00b204e9800998ecf8427e"},
        {DIGEST_MD5, "abc", "900150983cd24fb0d6963f7d28e17f72"},
        {DIGEST_SHA1, "abc", "a9993e364706816aba3e25717850c26c9cd0d89d"},
        {DIGEST_SHA256, "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        uint8_t out[DIGEST_BYTES_MAX];
        char hex[2 * DIGEST_BYTES_MAX + 1];
        digest_of(rows[i].kind, str_c(rows[i].text), out);
        text_hex(hex, str_of(out, digest_bytes(rows[i].kind)));
        assert_string_equal(hex, rows[i].want);
    }
}

static void pieces_make_the_same_digest(void **state)
{
    static const char text[] = "the quick brown fox jumps over the lazy dog";
    struct digest *d = digest_new(DIGEST_SHA1);
    assert_non_null(d);
    uint8_t want[DIGEST_BYTES_MAX];
    digest_of(DIGEST_SHA1, str_c(text), want);
    for (size_t cut = 0; cut <= strlen(text); cut++) {
        uint8_t out[DIGEST_BYTES_MAX];
        digest_begin(d);
        digest_add(d, str_of(text, cut));
        digest_add(d, str_c(text + cut));
        digest_end(d, out);
        assert_memory_equal(out, want, 20);
    }
    digest_free(d);
    digest_free(NULL);
}

/* From the paper's appendix A, and the first rows of its authors' table. */
static void sip_vectors(void **state)
{
    static const uint64_t secret[2] = {UINT64_C(0x0706050403020100), UINT64_C(0x0f0e0d0c0b0a0908)};
    static const struct {
        size_t len;
        uint64_t want;
    } rows[] = {
        {0, UINT64_C(0x726fdb47dd0e0e31)},
        {1, UINT64_C(0x74f839c593dc67fd)},
        {8, UINT64_C(0x93f5f5799a932462)},
        {15, UINT64_C(0xa129ca6149be45e5)},
    };
    uint8_t in[16];
    for (uint8_t i = 0; i < 16; i++)
        in[i] = i;
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        assert_true(hash_sip(secret, str_of(in, rows[i].len)) == rows[i].want);
}

static uint32_t crc_naive(struct str s)
{
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < s.len; i++) {
        crc ^= s.p[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
    }
    return ~crc;
}

static void crc_agrees_with_its_definition(void **state)
{
    assert_int_equal(hash_crc32c(0, STR_LIT("123456789")), 0xe3069283);
    assert_int_equal(hash_crc32c(0, STR_EMPTY), 0);
    struct dice dice = dice_new("crc");
    uint8_t bytes[100];
    for (size_t len = 0; len < sizeof bytes; len++) {
        bytes[len] = (uint8_t)dice_u64(&dice);
        struct str s = str_of(bytes, len + 1);
        assert_int_equal(hash_crc32c(0, s), crc_naive(s));
        size_t cut = dice_below(&dice, (uint32_t)len + 1);
        uint32_t first = hash_crc32c(0, str_cut(s, 0, cut));
        assert_int_equal(hash_crc32c(first, str_from(s, cut)), crc_naive(s));
    }
}

static void random_bytes_differ(void **state)
{
    uint8_t a[1000] = {0};
    uint8_t b[1000] = {0};
    hash_random(a, sizeof a);
    hash_random(b, sizeof b);
    assert_memory_not_equal(a, b, sizeof a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_digests),       cmocka_unit_test(pieces_make_the_same_digest),
        cmocka_unit_test(sip_vectors),         cmocka_unit_test(crc_agrees_with_its_definition),
        cmocka_unit_test(random_bytes_differ),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
