#include "base/hash.h"
#include "link/link.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void codes_as_typed(void **state)
{
    (void)state;
    static const struct {
        const char *typed;
        const char *want; /* NULL: refused */
    } rows[] = {
        {"ACDE-FGHJ-KMNP", "ACDEFGHJKMNP"},
        {"acde fghj kmnp\n", "ACDEFGHJKMNP"},
        {"ACDEFGHJKMNP", "ACDEFGHJKMNP"},
        {"ACDE-FGHJ-KMN", NULL},
        {"ACDE-FGHJ-KMNPQ", NULL},
        {"ACDE-FGHJ-KMN0", NULL},
        {"ACDE-FGHJ-KMNO", NULL},
        {"ACDE-FGHJ-KMN1", NULL},
        {"", NULL},
        {"ACDE-FGHJ-KMN\xff", NULL},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        char code[LINK_CODE_BYTES];
        bool good = link_code_read(str_c(rows[i].typed), code);
        if (good != (rows[i].want != NULL))
            fail_msg("%s", rows[i].typed);
        if (good)
            assert_string_equal(code, rows[i].want);
    }
}

static void new_codes_are_codes(void **state)
{
    (void)state;
    char last[LINK_CODE_BYTES] = "";
    for (int i = 0; i < 200; i++) {
        char code[LINK_CODE_BYTES];
        char shown[LINK_CODE_SHOWN_BYTES];
        char again[LINK_CODE_BYTES];
        link_code_new(code);
        link_code_show(code, shown);
        assert_int_equal(strlen(shown), 14);
        assert_true(link_code_read(str_c(shown), again));
        assert_string_equal(code, again);
        assert_string_not_equal(code, last);
        memcpy(last, code, sizeof(code));
    }
}

static void claims_differ(void **state)
{
    (void)state;
    struct link_claim a;
    struct link_claim b;
    struct link_claim again;
    assert_int_equal(link_claim_of_code("ACDEFGHJKMNP", &a), 0);
    assert_int_equal(link_claim_of_code("ACDEFGHJKMNQ", &b), 0);
    assert_int_equal(link_claim_of_code("ACDEFGHJKMNP", &again), 0);
    assert_memory_equal(&a, &again, sizeof(a));
    assert_memory_not_equal(a.id, b.id, sizeof(a.id));
    assert_memory_not_equal(a.key, b.key, sizeof(a.key));
}

/* Every part of the transcript, the side and the key are in the proof: change one and it fits no more. */
static void proofs(void **state)
{
    (void)state;
    uint8_t key[LINK_KEY_BYTES];
    struct link_transcript t;
    uint8_t proof[LINK_PROOF_BYTES];
    hash_random(key, sizeof(key));
    hash_random(&t, sizeof(t));
    link_proof_make(key, LINK_FROM_CENTER, &t, proof);
    assert_true(link_proof_check(key, LINK_FROM_CENTER, &t, proof));
    assert_false(
        link_proof_check(key, LINK_FROM_BOX, &t, proof)); /* cannot be sent back as one's own */
    for (size_t i = 0; i < sizeof(t); i++) {
        ((uint8_t *)&t)[i] ^= 0x10;
        assert_false(link_proof_check(key, LINK_FROM_CENTER, &t, proof));
        ((uint8_t *)&t)[i] ^= 0x10;
    }
    for (size_t i = 0; i < sizeof(key); i++) {
        key[i] ^= 1;
        assert_false(link_proof_check(key, LINK_FROM_CENTER, &t, proof));
        key[i] ^= 1;
    }
    for (size_t i = 0; i < sizeof(proof); i++) {
        proof[i] ^= 1;
        assert_false(link_proof_check(key, LINK_FROM_CENTER, &t, proof));
        proof[i] ^= 1;
    }
}

static void messages(void **state)
{
    (void)state;
    uint8_t bytes[64];
    struct buf b;
    buf_init(&b, 0);
    hash_random(bytes, sizeof(bytes));

    struct link_enrol_start start;
    link_enrol_start_write(
        &b, &(struct link_enrol_start){bytes, bytes + 20, STR_LIT("csr"), STR_LIT("0.1.0")});
    struct str body = str_from(buf_str(&b), LINK_FRAME_HEAD_BYTES);
    assert_true(link_enrol_start_read(body, &start));
    assert_memory_equal(start.claim_id, bytes, LINK_CLAIM_ID_BYTES);
    assert_memory_equal(start.box_nonce, bytes + 20, LINK_NONCE_BYTES);
    assert_true(str_eq(start.csr, STR_LIT("csr")) && str_eq(start.software, STR_LIT("0.1.0")));
    for (size_t cut = 0; cut < body.len; cut++)
        assert_false(link_enrol_start_read(str_cut(body, 0, cut), &start));

    buf_reset(&b);
    struct link_enrol_grant grant;
    link_enrol_grant_write(
        &b, &(struct link_enrol_grant){STR_LIT("id"), STR_LIT("cert"), STR_LIT("ca"), bytes});
    body = str_from(buf_str(&b), LINK_FRAME_HEAD_BYTES);
    assert_true(link_enrol_grant_read(body, &grant));
    assert_true(str_eq(grant.gateway, STR_LIT("id")) && str_eq(grant.ca, STR_LIT("ca")));
    for (size_t cut = 0; cut < body.len; cut++)
        assert_false(link_enrol_grant_read(str_cut(body, 0, cut), &grant));
    buf_fini(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codes_as_typed), cmocka_unit_test(new_codes_are_codes),
        cmocka_unit_test(claims_differ),  cmocka_unit_test(proofs),
        cmocka_unit_test(messages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
