#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "gateway/control/control.h"

#include <sys/socket.h>

static void carries_a_message(void **state)
{
    int fds[2];
    struct err err;
    struct control_message out = {.kind = CONTROL_WANT_ISOLATION, .origin = CONTROL_BY_CENTER}, in;
    assert_int_equal(control_pair(fds, &err), 0);
    assert_int_equal(control_receive(fds[0], &in), 0);
    control_set_text(&out, "because");
    assert_int_equal(control_send(fds[1], &out), 0);
    assert_int_equal(control_receive(fds[0], &in), 1);
    assert_int_equal(in.kind, CONTROL_WANT_ISOLATION);
    assert_string_equal(in.text, "because");
    assert_string_equal(control_origin_name((enum control_origin)in.origin), "center");
    close(fds[1]);
    assert_int_equal(control_receive(fds[0], &in), -1);
    assert_int_equal(control_send(fds[0], &out), -1);
    close(fds[0]);
}

/* What a child that has been taken over might write: left out, and what follows is still read. */
static void leaves_out_what_is_no_message(void **state)
{
    const struct {
        const char *name;
        uint32_t kind, origin;
        size_t bytes;
    } rows[] = {
        {"no kind", CONTROL_NONE, 0, sizeof(struct control_message)},
        {"kind past the last", CONTROL_KINDS, 0, sizeof(struct control_message)},
        {"huge kind", UINT32_MAX, 0, sizeof(struct control_message)},
        {"origin past the last", CONTROL_BEAT, CONTROL_ORIGINS, sizeof(struct control_message)},
        {"short", CONTROL_BEAT, 0, sizeof(struct control_message) - 1},
        {"one byte", CONTROL_BEAT, 0, 1},
        {"long", CONTROL_BEAT, 0, sizeof(struct control_message) + 1},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        int fds[2];
        struct err err;
        struct {
            struct control_message m;
            char more[8];
        } bad = {.m = {.kind = rows[i].kind, .origin = rows[i].origin}};
        struct control_message good = {.kind = CONTROL_STOP}, in;
        print_message("# %s\n", rows[i].name);
        assert_int_equal(control_pair(fds, &err), 0);
        assert_int_equal(send(fds[1], &bad, rows[i].bytes, 0), (int)rows[i].bytes);
        assert_int_equal(control_send(fds[1], &good), 0);
        assert_int_equal(control_receive(fds[0], &in), 1);
        assert_int_equal(in.kind, CONTROL_STOP);
        assert_int_equal(control_receive(fds[0], &in), 0);
        close(fds[0]), close(fds[1]);
    }
}

static void text_ends(void **state)
{
    int fds[2];
    struct err err;
    struct control_message out = {.kind = CONTROL_DONE}, in;
    char words[2 * CONTROL_TEXT_BYTES];
    assert_int_equal(control_pair(fds, &err), 0);
    memset(out.text, 'x', sizeof(out.text));
    assert_int_equal(control_send(fds[1], &out), 0);
    assert_int_equal(control_receive(fds[0], &in), 1);
    assert_int_equal(strlen(in.text), CONTROL_TEXT_BYTES - 1);
    memset(words, 'y', sizeof(words));
    words[sizeof(words) - 1] = '\0';
    control_set_text(&out, words);
    assert_int_equal(strlen(out.text), CONTROL_TEXT_BYTES - 1);
    close(fds[0]), close(fds[1]);
}

/* All isolations at once, to an engine that is not reading yet. */
static void queue_is_long_enough(void **state)
{
    int fds[2];
    struct err err;
    struct control_message out = {.kind = CONTROL_ISOLATION}, in;
    if (geteuid() != 0)
        skip();
    assert_int_equal(control_pair(fds, &err), 0);
    for (uint32_t i = 0; i < CONTROL_QUEUE; i++) {
        out.sid = i;
        assert_int_equal(control_send(fds[0], &out), 0);
    }
    for (uint32_t i = 0; i < CONTROL_QUEUE; i++) {
        assert_int_equal(control_receive(fds[1], &in), 1);
        assert_int_equal(in.sid, i);
    }
    close(fds[0]), close(fds[1]);
}

static void carries_a_descriptor(void **state)
{
    int fds[2], pipe_fds[2], got = -1;
    struct err err;
    struct control_message out = {.kind = CONTROL_RULES}, in;
    char c = 0;
    assert_int_equal(control_pair(fds, &err), 0);
    assert_int_equal(pipe(pipe_fds), 0);
    assert_int_equal(control_send_fd(fds[0], &out, pipe_fds[1]), 0);
    assert_int_equal(control_send(fds[0], &out), 0);
    assert_int_equal(control_receive_fd(fds[1], &in, &got), 1);
    assert_true(got >= 0 && got != pipe_fds[1]);
    assert_int_equal(write(got, "x", 1), 1);
    close(got);
    assert_int_equal(read(pipe_fds[0], &c, 1), 1);
    assert_int_equal(c, 'x');
    assert_int_equal(control_receive_fd(fds[1], &in, &got), 1);
    assert_int_equal(got, -1);
    /* one that nobody asked for is closed: then the pipe has no writer left */
    assert_int_equal(control_send_fd(fds[0], &out, pipe_fds[1]), 0);
    close(pipe_fds[1]);
    assert_int_equal(control_receive(fds[1], &in), 1);
    assert_int_equal(read(pipe_fds[0], &c, 1), 0);
    close(pipe_fds[0]), close(fds[0]), close(fds[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(carries_a_message),
        cmocka_unit_test(leaves_out_what_is_no_message),
        cmocka_unit_test(text_ends),
        cmocka_unit_test(queue_is_long_enough),
        cmocka_unit_test(carries_a_descriptor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
