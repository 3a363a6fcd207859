#include "engine/content/content.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <zlib.h>

#include <cmocka.h>

#define TEXT "hello hello hello hello"

struct world {
    struct slab slab;
    struct budget mem;
    struct buf seen;
    uint32_t wrong; /* times that a layer said something other than OK or END */
};

static void take(void *owner, struct str bytes)
{
    buf_add(&((struct world *)owner)->seen, bytes);
}

static void told(void *owner, enum unzip_status status)
{
    ((struct world *)owner)->wrong += status != UNZIP_OK && status != UNZIP_END;
}

static struct codings_out out_of(struct world *w)
{
    return (struct codings_out){&w->mem, 1 << 20, take, told, w};
}

static void begin(struct world *w, uint32_t memory_bytes)
{
    *w = (struct world){0};
    assert_int_equal(slab_init(&w->slab, 16 << 20), 0);
    w->mem = (struct budget){&w->slab, 0, memory_bytes};
    buf_init(&w->seen, 0);
}

static void end(struct world *w)
{
    assert_int_equal(w->mem.used_bytes, 0);
    buf_fini(&w->seen);
    slab_fini(&w->slab);
}

static size_t pack(struct str s, int window_bits, uint8_t *out, size_t cap)
{
    z_stream z = {0};
    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY), Z_OK);
    memcpy(&z.next_in, &s.p, sizeof z.next_in);
    z.avail_in = (uInt)s.len;
    z.next_out = out;
    z.avail_out = (uInt)cap;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    deflateEnd(&z);
    return z.total_out;
}

/* "gzip, deflate": deflate was the last, around what gzip made. */
static struct str twice(uint8_t *out, size_t cap)
{
    uint8_t inner[256];
    size_t len = pack(STR_LIT(TEXT), 31, inner, sizeof inner);
    return str_of(out, pack(str_of(inner, len), 15, out, cap));
}

static void push_both(struct codings *c, uint32_t limit)
{
    codings_push(c, UNZIP_GZIP, limit);
    codings_push(c, UNZIP_DEFLATE, limit);
}

static void test_two_cut_at_each_byte(void **state)
{
    uint8_t packed[256];
    struct str in = twice(packed, sizeof packed);
    for (size_t cut = 0; cut <= in.len; cut++) {
        struct world w;
        struct codings c = {0};
        begin(&w, 1 << 20);
        const struct codings_out out = out_of(&w);
        push_both(&c, 2);
        codings_add(&c, str_cut(in, 0, cut), &out);
        codings_add(&c, str_from(in, cut), &out);
        codings_end(&c, &out);
        assert_string_equal(buf_c(&w.seen), TEXT);
        assert_int_equal(w.wrong, 0);
        end(&w);
    }
}

/* Each time another layer, and what is seen is the same with every layer that there is memory for. */
static void test_little_memory(void **state)
{
    uint8_t packed[256];
    struct str in = twice(packed, sizeof packed);
    bool failed = false, held = false;
    for (uint32_t memory = 0; memory < 1 << 18; memory += 4096) {
        struct world w;
        struct codings c = {0};
        begin(&w, memory);
        const struct codings_out out = out_of(&w);
        push_both(&c, 2);
        codings_add(&c, in, &out);
        codings_end(&c, &out);
        bool whole = str_eq(buf_str(&w.seen), STR_LIT(TEXT));
        assert_true(whole || w.wrong);
        held |= whole;
        failed |= !whole;
        end(&w);
    }
    assert_true(held && failed);
}

static void test_no_coding_and_too_many(void **state)
{
    struct world w;
    struct codings c = {0};
    begin(&w, 1 << 20);
    const struct codings_out out = out_of(&w);
    codings_add(&c, STR_LIT("as it is"), &out);
    codings_end(&c, &out);
    assert_string_equal(buf_c(&w.seen), "as it is");
    push_both(&c, 1);
    assert_int_equal(c.count, 1);
    assert_int_equal(c.kinds[0], UNZIP_DEFLATE);
    for (uint32_t i = 0; i < 2 * CODINGS_MAX; i++)
        codings_push(&c, UNZIP_GZIP, 100);
    assert_int_equal(c.count, CODINGS_MAX);
    end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_cut_at_each_byte),
        cmocka_unit_test(test_little_memory),
        cmocka_unit_test(test_no_coding_and_too_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
