#include "link/link.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void heads(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint8_t head[8];
        enum link_side from;
        enum link_result want;
    } rows[] = {
        {"an acknowledgement", {LINK_ACK, 0, 0, 0, 0, 0, 0, 16}, LINK_FROM_CENTER, LINK_MORE},
        {"sent by the wrong side", {LINK_ACK, 0, 0, 0, 0, 0, 0, 16}, LINK_FROM_BOX, LINK_BAD},
        {"too short for its kind", {LINK_ACK, 0, 0, 0, 0, 0, 0, 15}, LINK_FROM_CENTER, LINK_BAD},
        {"too long for its kind", {LINK_ACK, 0, 0, 0, 0, 0, 0, 17}, LINK_FROM_CENTER, LINK_BAD},
        {"reserved bytes used", {LINK_ACK, 0, 1, 0, 0, 0, 0, 16}, LINK_FROM_CENTER, LINK_BAD},
        {"kind 0", {0, 0, 0, 0, 0, 0, 0, 16}, LINK_FROM_CENTER, LINK_BAD},
        {"kind 255", {255, 0, 0, 0, 0, 0, 0, 16}, LINK_FROM_CENTER, LINK_BAD},
        {"largest batch", {LINK_BATCH, 0, 0, 0, 0, 0x10, 0, 64}, LINK_FROM_BOX, LINK_MORE},
        {"a batch one byte too long",
         {LINK_BATCH, 0, 0, 0, 0, 0x10, 0, 65},
         LINK_FROM_BOX,
         LINK_BAD},
        {"a batch of 4 GiB", {LINK_BATCH, 0, 0, 0, 255, 255, 255, 255}, LINK_FROM_BOX, LINK_BAD},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct link_frame frame;
        size_t used;
        enum link_result got =
            link_frame_read(str_of(rows[i].head, 8), rows[i].from, &frame, &used);
        if (got != rows[i].want)
            fail_msg("%s: %d", rows[i].name, got);
    }
}

/* Fed byte by byte, a stream of frames gives the same frames as in one piece, and never one too early. */
static void split_at_each_byte(void **state)
{
    (void)state;
    struct buf stream;
    buf_init(&stream, 0);
    link_welcome_write(&stream, &(struct link_welcome){1, -5, STR_LIT("gateway")});
    link_ack_write(&stream, &(struct link_ack){0x1122334455667788, 99});
    link_refuse_write(&stream, LINK_REFUSE_BUSY, "later");
    static const enum link_kind want[] = {LINK_WELCOME, LINK_ACK, LINK_REFUSE};

    for (size_t cut = 0; cut <= stream.len; cut++) {
        size_t at = 0;
        size_t found = 0;
        size_t ends[] = {cut, stream.len};
        for (size_t part = 0; part < 2; part++) {
            struct link_frame frame;
            size_t used;
            while (link_frame_read(str_cut(buf_str(&stream), at, ends[part]), LINK_FROM_CENTER,
                                   &frame, &used) == LINK_OK) {
                assert_true(found < ARRAY_COUNT(want));
                assert_int_equal(frame.kind, want[found++]);
                at += used;
                assert_true(at <= ends[part]);
            }
        }
        assert_int_equal(found, ARRAY_COUNT(want));
        assert_int_equal(at, stream.len);
    }
    buf_fini(&stream);
}

static struct str only_body(const struct buf *b)
{
    return str_from(buf_str(b), LINK_FRAME_HEAD_BYTES);
}

static void messages_come_back(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 0);

    struct link_hello hello;
    link_hello_write(&b, &(struct link_hello){1, 7, -1, 12345678901234, STR_LIT("0.1.0")});
    assert_true(link_hello_read(only_body(&b), &hello));
    assert_int_equal(hello.policy_number, 7);
    assert_int_equal(hello.wall_us, -1);
    assert_int_equal(hello.mono_us, 12345678901234);
    assert_true(str_eq(hello.software, STR_LIT("0.1.0")));
    for (size_t cut = 0; cut < b.len - LINK_FRAME_HEAD_BYTES; cut++)
        assert_false(link_hello_read(str_cut(only_body(&b), 0, cut), &hello));

    buf_reset(&b);
    struct link_heartbeat heartbeat;
    link_heartbeat_write(&b, &(struct link_heartbeat){1, 2, STR_LIT("{}")});
    assert_true(link_heartbeat_read(only_body(&b), &heartbeat));
    assert_true(str_eq(heartbeat.health, STR_LIT("{}")));

    buf_reset(&b);
    struct link_pulse pulse;
    link_pulse_write(&b, &(struct link_pulse){1, 2, 3});
    assert_true(link_pulse_read(only_body(&b), &pulse));
    assert_int_equal(pulse.center_wall_us, 3);

    buf_reset(&b);
    struct link_refuse refuse;
    link_refuse_write(&b, LINK_REFUSE_CODE, link_refusal_text(LINK_REFUSE_CODE));
    assert_true(link_refuse_read(only_body(&b), &refuse));
    assert_int_equal(refuse.reason, LINK_REFUSE_CODE);
    assert_true(str_eq(refuse.text, str_c(link_refusal_text(LINK_REFUSE_CODE))));
    assert_non_null(link_refusal_text((enum link_refusal)60000));
    buf_fini(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(heads),
        cmocka_unit_test(split_at_each_byte),
        cmocka_unit_test(messages_come_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
