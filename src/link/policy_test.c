#include "link/link.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static struct link_policy in;
static struct link_policy out;

static void comes_back(void **state)
{
    (void)state;
    struct buf text;
    buf_init(&text, 0);
    in = (struct link_policy){
        .number = 7, .gateway = "01K", .isolated_count = 2, .released_count = 1};
    in.isolated[0] = (struct link_isolation){{{2, 0, 0, 0, 0, 1}}, 5, 0, "C2 \"beacon\""};
    in.isolated[1] = (struct link_isolation){{{2, 0, 0, 0, 0, 2}}, 5, 99, ""};
    in.released[0] = (struct link_release){{{2, 0, 0, 0, 0, 3}}, 6};
    link_policy_write(&text, &in);
    assert_true(link_policy_read(buf_str(&text), &out));
    assert_int_equal(out.number, 7);
    assert_string_equal(out.gateway, "01K");
    assert_int_equal(out.isolated_count, 2);
    assert_string_equal(out.isolated[0].reason, "C2 \"beacon\"");
    assert_int_equal(out.isolated[1].expires_us, 99);
    assert_memory_equal(&out.isolated[1].mac, &in.isolated[1].mac, 6);
    assert_int_equal(out.released_count, 1);
    assert_int_equal(out.released[0].at_us, 6);
    buf_fini(&text);
}

static void reads(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool want;
    } rows[] = {
        {"{\"number\":1,\"gateway\":\"g\",\"isolated\":[]}", true},
        {"{\"number\":1,\"gateway\":\"g\",\"isolated\":[],\"made\":\"x\",\"later\":{}}", true},
        {"{\"number\":1,\"gateway\":\"g\",\"isolated\":[{\"mac\":\"02:00:00:00:00:01\",\"expires_"
         "us\":null}]}",
         true},
        {"{\"number\":1,\"gateway\":\"g\"}", false},
        {"{\"number\":-1,\"gateway\":\"g\",\"isolated\":[]}", false},
        {"{\"number\":\"1\",\"gateway\":\"g\",\"isolated\":[]}", false},
        {"{\"number\":1,\"isolated\":[]}", false},
        {"{\"number\":1,\"gateway\":\"g\",\"isolated\":[{}]}", false},
        {"{\"number\":1,\"gateway\":\"g\",\"isolated\":[{\"mac\":\"no\"}]}", false},
        {"{\"number\":1,\"gateway\":\"g\",\"isolated\":[{\"mac\":\"02:00:00:00:00:01\",\"since_"
         "us\":-1}]}",
         false},
        {"{\"number\":1,\"gateway\":\"g\",\"isolated\":[],\"released\":{}}", false},
        {"[]", false},
        {"", false},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        if (link_policy_read(str_c(rows[i].text), &out) != rows[i].want)
            fail_msg("%s", rows[i].text);
    }
}

static void signatures(void **state)
{
    (void)state;
    uint8_t secret[LINK_KEY_BYTES];
    uint8_t public_key[LINK_KEY_BYTES];
    uint8_t same[LINK_KEY_BYTES];
    uint8_t signature[LINK_SIGNATURE_BYTES];
    assert_int_equal(link_policy_key_new(secret, public_key), 0);
    assert_int_equal(link_policy_public(secret, same), 0);
    assert_memory_equal(public_key, same, sizeof(same));
    assert_int_equal(link_policy_sign(secret, 3, STR_LIT("text"), signature), 0);

    struct buf frame;
    buf_init(&frame, 0);
    link_policy_message_write(&frame, &(struct link_policy_message){3, signature, STR_LIT("text")});
    struct link_policy_message m;
    assert_true(link_policy_message_read(str_from(buf_str(&frame), LINK_FRAME_HEAD_BYTES), &m));
    assert_true(link_policy_verify(public_key, &m));
    m.number = 4; /* an old text under a new number */
    assert_false(link_policy_verify(public_key, &m));
    m.number = 3;
    m.text = STR_LIT("texu");
    assert_false(link_policy_verify(public_key, &m));
    m.text = STR_LIT("text");
    signature[5] ^= 1;
    m.signature = signature;
    assert_false(link_policy_verify(public_key, &m));
    signature[5] ^= 1;
    public_key[0] ^= 1;
    assert_false(link_policy_verify(public_key, &m));
    buf_fini(&frame);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comes_back),
        cmocka_unit_test(reads),
        cmocka_unit_test(signatures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
