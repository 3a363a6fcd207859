#include "engine/format/onc/onc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define BYTES(s) ((struct str){(const uint8_t *)(s), sizeof(s) - 1})
#define WORD(n) "\0\0\0" n
#define NFS3 WORD("\2") "\0\1\206\243" WORD("\3") /* version 2 of RPC, program 100003 */
#define CALL "\0\0\0\11" WORD("\0") NFS3 WORD("\4") WORD("\1") WORD("\30")
#define UNIX "\0\0\0\1" WORD("\3") "box\0" WORD("\7") WORD("\10") WORD("\0")
#define VERIFIER WORD("\0") WORD("\0")
#define WHOLE CALL UNIX VERIFIER
#define ACCEPTED "\0\0\0\11" WORD("\1") WORD("\0") VERIFIER WORD("\0")

static void test_call(void **state)
{
    (void)state;
    struct reader r = reader_of(BYTES(WHOLE "data"));
    struct onc_call call;
    assert_true(onc_read_call(&r, &call));
    assert_int_equal(call.xid, 9);
    assert_int_equal(call.program, 100003);
    assert_int_equal(call.version, 3);
    assert_int_equal(call.procedure, 4);
    assert_int_equal(call.machine.len, 3);
    assert_memory_equal(call.machine.p, "box", 3);
    assert_int_equal(call.uid, 7);
    assert_int_equal(call.gid, 8);
    assert_int_equal(reader_left(&r), 4);
}

static void test_reply(void **state)
{
    (void)state;
    struct reader r = reader_of(BYTES(ACCEPTED));
    struct onc_reply reply;
    assert_true(onc_read_reply(&r, &reply));
    assert_int_equal(reply.xid, 9);
    assert_int_equal(reply.accept, 0);
    r = reader_of(BYTES("\0\0\0\11" WORD("\1") WORD("\2")));
    assert_false(onc_read_reply(&r, &reply));
}

static void test_cut(void **state)
{
    (void)state;
    for (size_t n = 0; n < sizeof(WHOLE) - 1; n++) {
        struct reader r = reader_of((struct str){(const uint8_t *)WHOLE, n});
        struct onc_call call;
        assert_false(onc_read_call(&r, &call));
    }
    for (size_t n = 0; n < sizeof(ACCEPTED) - 1; n++) {
        struct reader r = reader_of((struct str){(const uint8_t *)ACCEPTED, n});
        struct onc_reply reply;
        assert_false(onc_read_reply(&r, &reply));
    }
}

static void test_opaque(void **state)
{
    (void)state;
    struct reader r = reader_of(BYTES("\377\377\377\377data"));
    assert_int_equal(onc_read_opaque(&r, ONC_AUTH_MAX).len, 0);
    assert_true(r.bad);
    r = reader_of(BYTES(WORD("\1") "a\0\0")); /* one byte of the filling is missing */
    onc_read_opaque(&r, 8);
    assert_true(r.bad);
}

static void test_mark(void **state)
{
    (void)state;
    struct reader r = reader_of(BYTES("\200\0\1\0"));
    struct onc_mark mark = onc_read_mark(&r);
    assert_true(mark.last);
    assert_int_equal(mark.len, 256);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_call),   cmocka_unit_test(test_reply), cmocka_unit_test(test_cut),
        cmocka_unit_test(test_opaque), cmocka_unit_test(test_mark),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
