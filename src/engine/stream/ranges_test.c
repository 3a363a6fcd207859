#include "engine/stream/ranges.h"

#include "engine/stream/overlap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define SPACE 600

static uint64_t seed, tried;

static uint32_t draw(uint32_t below)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(seed >> 33) % below;
}

/* The naive model: each byte by itself, with the bounds of the segment that it belongs to. */
struct model {
    bool held[SPACE];
    uint8_t value[SPACE];
    struct overlap_span owner[SPACE];
};

static void model_insert(struct model *m, const struct ranges_rule *rule, uint64_t offset,
                         struct str bytes)
{
    uint64_t end = offset + bytes.len;
    struct model before = *m;

    for (uint64_t at = offset; at < end; at++) {
        uint8_t value = bytes.p[at - offset];

        if (before.held[at]) {
            if (at >= rule->settled_end && overlap_takes_new(rule->policy, before.owner[at],
                                                             (struct overlap_span){offset, end}))
                m->value[at] = value;
        } else if (at >= rule->settled_end) {
            uint64_t from = at, upto = at;

            while (from > offset && from > rule->settled_end && !before.held[from - 1])
                from--;
            while (upto < end && !before.held[upto])
                upto++;
            m->held[at] = true;
            m->value[at] = value;
            m->owner[at] = (struct overlap_span){from, upto};
        }
    }
}

static void model_drop_before(struct model *m, uint64_t offset)
{
    for (uint64_t at = 0; at < SPACE; at++) {
        if (at < offset)
            m->held[at] = false;
        else if (m->held[at] && m->owner[at].from < offset)
            m->owner[at].from = offset;
    }
}

static void check_same(const struct stream_ranges *r, const struct model *m)
{
    const struct stream_segment *last = NULL;
    uint32_t count = 0, bytes = 0;
    uint64_t at = 0;

    for (const struct stream_segment *s = r->first; s; s = s->next) {
        assert_true(s->offset >= at);
        assert_true(s->len > 0 && s->head + s->len <= s->cap);
        for (; at < s->offset; at++)
            assert_false(m->held[at]);
        for (; at < segment_end(s); at++) {
            assert_true(m->held[at]);
            assert_int_equal(m->value[at], segment_bytes(s).p[at - s->offset]);
        }
        count++;
        bytes += s->len;
        last = s;
    }
    for (; at < SPACE; at++)
        assert_false(m->held[at]);
    assert_ptr_equal(last, r->last);
    assert_int_equal(count, r->count);
    assert_int_equal(bytes, r->bytes);
}

static void check_runs(const struct stream_ranges *r, const struct model *m)
{
    uint64_t from = draw(SPACE), limit = draw(SPACE), want = from;

    while (want < SPACE && want < limit && m->held[want])
        want++;
    if (want < from)
        want = from;
    assert_int_equal(ranges_run_end(r, from, limit), want);
}

/* Joining changes the bounds of segments, so only where the policy does not ask for them. */
static void join_some(struct stream_ranges *r, struct budget *mem, const struct model *m)
{
    uint64_t at = draw(SPACE), end, from;
    struct stream_segment *s;

    if (!m->held[at])
        return;
    end = ranges_run_end(r, at, UINT64_MAX);
    for (from = at; from > 0 && m->held[from - 1]; from--)
        ;
    s = ranges_join(r, mem, at, end);
    assert_int_equal(s->offset, from);
    assert_true(segment_end(s) >= end);
}

static void one_life(enum stream_overlap policy, bool merge)
{
    static struct model m;
    struct stream_ranges r = {0};
    struct slab slab;
    struct budget mem;
    uint64_t settled = 0, given = 0;

    memset(&m, 0, sizeof(m));
    assert_int_equal(slab_init(&slab, 4 << 20), 0);
    mem = (struct budget){.slab = &slab, .limit_bytes = 2 << 20};
    for (uint32_t step = 0; step < 60; step++) {
        uint8_t bytes[80];
        uint32_t len = 1 + draw(sizeof(bytes));
        uint64_t offset = given + draw(SPACE - sizeof(bytes) - (uint32_t)given);
        struct ranges_rule rule = {policy, merge, settled};
        struct str piece = str_of(bytes, len);

        for (uint32_t i = 0; i < len; i++)
            bytes[i] = (uint8_t)draw(3);
        bool differs = false;
        for (uint32_t i = 0; i < len; i++)
            differs |= m.held[offset + i] && m.value[offset + i] != bytes[i];
        assert_int_equal(ranges_differ(&r, offset, piece), differs);
        assert_int_equal(ranges_insert(&r, &mem, &rule, offset, piece).differed, differs);
        model_insert(&m, &rule, offset, piece);
        check_same(&r, &m);
        check_runs(&r, &m);
        if (merge && draw(4) == 0)
            join_some(&r, &mem, &m);
        if (draw(8) == 0) {
            settled += draw(30);
            given = settled > 20 ? settled - draw(20) : 0;
            if (given > SPACE / 3)
                break;
            ranges_drop_before(&r, &mem, given);
            model_drop_before(&m, given);
        }
        check_same(&r, &m);
    }
    ranges_clear(&r, &mem);
    assert_int_equal(mem.used_bytes, 0);
    slab_fini(&slab);
}

static void test_against_model(void **state)
{
    static const struct {
        enum stream_overlap policy;
        bool merge;
    } ways[] = {
        {STREAM_OVERLAP_BSD, false},     {STREAM_OVERLAP_LINUX, false},
        {STREAM_OVERLAP_SOLARIS, false}, {STREAM_OVERLAP_FIRST, true},
        {STREAM_OVERLAP_LAST, true},     {STREAM_OVERLAP_OLD_LINUX, false},
    };

    for (uint32_t life = 0; life < 400; life++) {
        for (uint32_t i = 0; i < ARRAY_COUNT(ways); i++) {
            tried = seed = 20261122 + life;
            one_life(ways[i].policy, ways[i].merge);
        }
    }
}

static int tell_seed(void **state)
{
    print_message("# last seed %llu\n", (unsigned long long)tried);
    return 0;
}

/* Where the second segment lies, and whose byte counts in the overlap, by policy. */
static void test_policies(void **state)
{
    static const struct {
        const char *name;
        uint64_t from, end;    /* of the later segment; the held one is [10, 20) */
        const char *takes_new; /* b l s f L o, by policy */
    } rows[] = {
        {"inside", 12, 18, "....L."},
        {"same", 10, 20, "..s.Lo"},
        {"same begin, shorter", 10, 15, "....L."},
        {"same begin, longer", 10, 25, ".ls.Lo"},
        {"begins later, same end", 15, 20, "....L."},
        {"begins later, longer", 15, 25, "..s.L."},
        {"begins earlier, shorter", 5, 15, "bl..Lo"},
        {"begins earlier, same end", 5, 20, "bls.Lo"},
        {"around", 5, 25, "bls.Lo"},
    };
    static const char letters[] = "blsfLo";

    for (uint32_t i = 0; i < ARRAY_COUNT(rows); i++) {
        for (uint32_t policy = 0; policy < STREAM_OVERLAPS; policy++) {
            bool takes = overlap_takes_new(policy, (struct overlap_span){10, 20},
                                           (struct overlap_span){rows[i].from, rows[i].end});

            if (takes != (rows[i].takes_new[policy] == letters[policy]))
                fail_msg("%s, policy %c", rows[i].name, letters[policy]);
        }
    }
}

static void test_no_memory(void **state)
{
    struct stream_ranges r = {0};
    struct slab slab;
    struct budget mem;
    const struct ranges_rule rule = {STREAM_OVERLAP_FIRST, true, 0};
    struct ranges_change change;

    assert_int_equal(slab_init(&slab, 1 << 20), 0);
    mem = (struct budget){.slab = &slab, .limit_bytes = 100};
    change = ranges_insert(&r, &mem, &rule, 10, STR_LIT("abc"));
    assert_int_equal(change.added, 3);
    change = ranges_insert(&r, &mem, &rule, 0,
                           STR_LIT("0123456789abc0123456789012345678901234567890123456789"));
    assert_int_equal(change.added, 10);
    assert_int_equal(change.lost, 40);
    assert_int_equal(r.bytes, 13);
    assert_false(ranges_append(&r, &mem, 100, STR_LIT("0123456789012345678901234567890123456789")));
    assert_int_equal(segment_bytes(ranges_join(&r, &mem, 0, 13)).len, 13);
    ranges_clear(&r, &mem);
    assert_int_equal(mem.used_bytes, 0);
    slab_fini(&slab);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_policies),
        cmocka_unit_test_teardown(test_against_model, tell_seed),
        cmocka_unit_test(test_no_memory),
    };

    return cmocka_run_group_tests_name("engine/stream/ranges", tests, NULL, NULL);
}
