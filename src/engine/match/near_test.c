/* near: what is found in the first bytes of packets, against a search that tries every place. */
#include "engine/match/near.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define RULES 400
#define PAYLOAD_MAX 700

struct told {
    bool rules[RULES];
};

static void tell(void *owner, uint32_t rule)
{
    ((struct told *)owner)->rules[rule] = true;
}

static bool same_byte(uint8_t wanted, uint8_t have, bool nocase)
{
    return wanted == have || (nocase && byte_lower(wanted) == byte_lower(have));
}

static bool naive(const struct near_place *p, struct str payload)
{
    size_t len = p->bytes.len;
    if (payload.len > p->packet_max)
        return false;
    for (size_t at = p->low; at <= p->high && at + len <= payload.len; at++) {
        size_t same = 0;
        while (same < len && same_byte(p->bytes.p[same], payload.p[at + same], p->content->nocase))
            same++;
        if (same == len)
            return true;
    }
    return false;
}

/* Few letters, so that pairs collide and contents are really there. */
static void some_bytes(uint8_t *to, size_t len, unsigned *seed)
{
    static const char letters[] = {'a', 'A', 'b', 'B', 0, ' ', '@', 'c'};
    for (size_t i = 0; i < len; i++)
        to[i] = (uint8_t)letters[(unsigned)rand_r(seed) % sizeof letters];
}

static void against_every_place(void **state)
{
    unsigned seed = 7;
    static uint8_t texts[RULES][12];
    static struct rule_content contents[RULES];
    static struct near_place places[RULES];
    struct near_set set;
    struct arena a;
    const struct match_near *near = NULL;
    arena_init(&a, 1 << 16, 0);
    near_set_init(&set);
    for (uint32_t i = 0; i < RULES; i++) {
        size_t len = 2 + (unsigned)rand_r(&seed) % 11;
        bool small = i % 3 == 0;
        some_bytes(texts[i], len, &seed);
        contents[i].nocase = i % 2;
        places[i].content = &contents[i];
        places[i].bytes = str_of(texts[i], len);
        places[i].low = (uint16_t)((unsigned)rand_r(&seed) % 48);
        places[i].high = (uint16_t)(places[i].low + (unsigned)rand_r(&seed) % (small ? 7 : 3));
        places[i].packet_max = small ? (uint16_t)(120 - i % 100) : UINT16_MAX;
        assert_int_equal(near_set_add(&set, &places[i], i), 0);
    }
    assert_int_equal(near_build(&set, &a, &near), 0);
    assert_int_equal(near_count(near), RULES);
    size_t found = 0;
    for (int round = 0; round < 3000; round++) {
        uint8_t bytes[PAYLOAD_MAX];
        size_t len = (unsigned)rand_r(&seed) % (round % 2 ? 80u : (unsigned)PAYLOAD_MAX);
        some_bytes(bytes, len, &seed);
        /* a block of its own, so that a read behind the end is seen */
        uint8_t *payload = malloc(len ? len : 1);
        memcpy(payload, bytes, len);
        struct told told = {{false}};
        near_look(near, str_of(payload, len), tell, &told);
        for (uint32_t i = 0; i < RULES; i++) {
            assert_int_equal(told.rules[i], naive(&places[i], str_of(payload, len)));
            found += told.rules[i];
        }
        free(payload);
    }
    assert_true(found > 200);
    near_set_fini(&set);
    arena_fini(&a);
}

/* Bytes of a stream, of which some at the front are missing; a place tells where they stand. */
static void bytes_of_a_stream(void **state)
{
    static const struct rule_content content;
    static const struct near_place places[] = {
        {.content = &content, .bytes = STR_LIT("begin"), .low = 0, .high = 0, .packet_max = 0xffff},
        {.content = &content,
         .bytes = STR_LIT("later"),
         .low = 37,
         .high = 40,
         .packet_max = 0xffff},
        {.content = &content,
         .bytes = STR_LIT("last"),
         .low = 56,
         .high = 56,
         .packet_max = 0xffff},
    };
    static const struct {
        const char *name, *bytes;
        size_t place;
        bool want[3];
    } rows[] = {
        {"from the beginning", "begin later", 0, {true, false, false}},
        {"the beginning is missing", "begin later", 1, {false, false, false}},
        {"both", "begin................................later", 0, {true, true, false}},
        {"too early", "xlater", 35, {false, false, false}},
        {"just late enough", "xlater", 36, {false, true, false}},
        {"at the latest", "later", 40, {false, true, false}},
        {"too late", "later", 41, {false, false, false}},
        {"the last place", "last", 56, {false, false, true}},
        {"behind it", "last", 57, {false, false, false}},
        {"far behind", "begin later last", 100000, {false, false, false}},
        {"half of it", "beg", 0, {false, false, false}},
    };
    struct near_set set;
    struct arena a;
    const struct match_near *near = NULL;
    arena_init(&a, 1 << 16, 0);
    near_set_init(&set);
    for (uint32_t i = 0; i < ARRAY_COUNT(places); i++)
        assert_int_equal(near_set_add(&set, &places[i], i), 0);
    assert_int_equal(near_build(&set, &a, &near), 0);
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct told told = {{false}};
        near_look_at(near, str_c(rows[i].bytes), rows[i].place, tell, &told);
        for (uint32_t k = 0; k < ARRAY_COUNT(places); k++)
            if (told.rules[k] != rows[i].want[k])
                fail_msg("%s: %u", rows[i].name, k);
    }
    /* more bytes than a packet may have */
    static uint8_t large[100000] = "begin";
    struct told told = {{false}};
    near_look_at(near, str_of(large, sizeof large), 0, tell, &told);
    assert_true(told.rules[0]);
    near_set_fini(&set);
    arena_fini(&a);
}

static void nothing(void **state)
{
    struct near_set set;
    struct arena a;
    const struct match_near *near;
    struct told told = {{false}};
    arena_init(&a, 1 << 12, 0);
    near_set_init(&set);
    assert_int_equal(near_build(&set, &a, &near), 0);
    assert_null(near);
    near_look(near, STR_LIT("abc"), tell, &told);
    assert_false(near_has(near, 0));
    near_set_fini(&set);
    arena_fini(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(against_every_place),
        cmocka_unit_test(bytes_of_a_stream),
        cmocka_unit_test(nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
