#include "gateway/compile/cache.h"

#include "base/buf.h"
#include "base/file.h"
#include "gateway/compile/compile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define PATTERNS 400 /* enough to be kept */

struct place {
    char folder[64], rules[96], file[96];
};

static int set_up(void **state)
{
    struct place *p = calloc(1, sizeof *p);
    snprintf(p->folder, sizeof p->folder, "/tmp/otasuke-cache-XXXXXX");
    if (!p || !mkdtemp(p->folder))
        return -1;
    snprintf(p->rules, sizeof p->rules, "%s/many.rules", p->folder);
    snprintf(p->file, sizeof p->file, "%s/databases", p->folder);
    *state = p;
    return 0;
}

static int tear_down(void **state)
{
    struct place *p = *state;
    unlink(p->rules);
    unlink(p->file);
    rmdir(
        p->folder); /* fails, and so the next run of the machine shows it, when a file was left behind */
    int left = access(p->folder, F_OK) == 0;
    free(p);
    return left ? -1 : 0;
}

static void fill_key(uint8_t key[MATCH_KEY_BYTES], int number)
{
    memset(key, 0, MATCH_KEY_BYTES);
    key[0] = (uint8_t)number;
    key[MATCH_KEY_BYTES - 1] = 7;
}

/* Entry i: i * 100 + 1 bytes of value i. */
static struct str entry_bytes(uint8_t *room, int i)
{
    size_t len = (size_t)i * 100 + 1;
    memset(room, i, len);
    return str_of(room, len);
}

/* A file with entries first .. first + count; those of `used` in the old one are asked for before. */
static bool write_file(const struct place *p, int first, int count, int used, uint64_t limit)
{
    struct cache c;
    struct err err;
    uint8_t key[MATCH_KEY_BYTES], room[4096];
    int fd = compile_cache_begin(p->folder);
    assert_true(fd >= 0);
    cache_init(&c, fd, limit);
    assert_int_equal(cache_open(&c, p->file, &err), 0);
    if (used >= 0) {
        fill_key(key, used);
        assert_true(cache_find(&c, key).len > 0);
    }
    for (int i = first; i < first + count; i++) {
        fill_key(key, i);
        cache_add(&c, key, entry_bytes(room, i));
    }
    bool whole = cache_finish(&c);
    cache_fini(&c);
    compile_cache_end(p->folder, fd, true);
    return whole;
}

/* Bits of the entries (of the first 32) that are there. */
static uint32_t entries_there(struct cache *c)
{
    uint32_t there = 0;
    uint8_t key[MATCH_KEY_BYTES], room[4096];
    for (int i = 0; i < 32; i++) {
        fill_key(key, i);
        struct str found = cache_find(c, key);
        if (!found.len)
            continue;
        assert_true(str_eq(found, entry_bytes(room, i)));
        there |= 1u << i;
    }
    return there;
}

static uint32_t read_file(const struct place *p)
{
    struct cache c;
    struct err err;
    cache_init(&c, -1, CACHE_BYTES_MAX);
    assert_int_equal(cache_open(&c, p->file, &err), 0);
    uint32_t there = entries_there(&c);
    assert_int_equal(c.damaged, 0);
    cache_fini(&c);
    return there;
}

static void test_entries(void **state)
{
    struct place *p = *state;
    assert_int_equal(read_file(p), 0); /* no file is no problem */
    assert_false(write_file(p, 0, 0, -1, CACHE_BYTES_MAX));
    assert_int_not_equal(access(p->file, F_OK), 0);
    assert_true(write_file(p, 1, 3, -1, CACHE_BYTES_MAX));
    assert_int_equal(read_file(p), 0xe);
    assert_false(write_file(p, 0, 0, 1, CACHE_BYTES_MAX)); /* nothing new: the old one stays */
    assert_int_equal(read_file(p), 0xe);
    assert_true(write_file(p, 4, 2, -1, CACHE_BYTES_MAX)); /* what is not used now may be soon */
    assert_int_equal(read_file(p), 0x3e);
}

static void test_limit(void **state)
{
    struct place *p = *state;
    assert_true(write_file(p, 1, 5, -1, CACHE_BYTES_MAX));
    /* 601 bytes, then the one that is used (501), then of the rest what fits: 101, 201 */
    assert_true(write_file(p, 6, 1, 5, 1600));
    assert_int_equal(read_file(p), 1u << 6 | 1u << 5 | 1u << 1 | 1u << 2);
    assert_false(write_file(p, 30, 1, -1, 1000)); /* too large for it: nothing was written */
    assert_int_equal(read_file(p), 1u << 6 | 1u << 5 | 1u << 1 | 1u << 2);
}

static void test_each_bit_and_each_end(void **state)
{
    struct place *p = *state;
    struct buf whole;
    struct err err;
    assert_true(write_file(p, 1, 3, -1, CACHE_BYTES_MAX));
    buf_init(&whole, 0);
    assert_int_equal(file_read(p->file, 1 << 20, &whole, &err), 0);
    for (size_t at = 0; at < whole.len; at++) {
        whole.p[at] ^= (uint8_t)(1u << at % 8);
        struct cache c;
        cache_init(&c, -1, CACHE_BYTES_MAX);
        if (cache_take(&c, buf_str(&whole), &err) == 0)
            (void)entries_there(&c); /* fails when something else than what was put in comes out */
        cache_fini(&c);
        whole.p[at] ^= (uint8_t)(1u << at % 8);
    }
    for (size_t len = 0; len < whole.len; len++) {
        struct cache c;
        cache_init(&c, -1, CACHE_BYTES_MAX);
        assert_int_not_equal(cache_take(&c, str_of(whole.p, len), &err), 0);
        cache_fini(&c);
    }
    buf_fini(&whole);
}

static void test_whose(void **state)
{
    struct place *p = *state;
    static const struct {
        unsigned mode;
        int want;
    } rows[] = {{0600, 0}, {0644, 0}, {0660, -1}, {0602, -1}, {0666, -1}};
    assert_true(write_file(p, 1, 1, -1, CACHE_BYTES_MAX));
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct cache c;
        struct err err;
        assert_int_equal(chmod(p->file, rows[i].mode), 0);
        cache_init(&c, -1, CACHE_BYTES_MAX);
        assert_int_equal(cache_open(&c, p->file, &err), rows[i].want);
        cache_fini(&c);
    }
    if (geteuid() == 0) { /* to root, somebody else's file is a stranger's */
        struct cache c;
        struct err err;
        assert_int_equal(chmod(p->file, 0600), 0);
        assert_int_equal(chown(p->file, 12345, 12345), 0);
        cache_init(&c, -1, CACHE_BYTES_MAX);
        assert_int_not_equal(cache_open(&c, p->file, &err), 0);
        cache_fini(&c);
    }
}

static void test_one_writes(void **state)
{
    struct place *p = *state;
    int first = compile_cache_begin(p->folder);
    assert_true(first >= 0);
    assert_int_equal(compile_cache_begin(p->folder), -1);
    compile_cache_end(p->folder, first, false);
    int second = compile_cache_begin(p->folder);
    assert_true(second >= 0);
    compile_cache_end(p->folder, second, true); /* empty: no file comes of it */
    assert_int_not_equal(access(p->file, F_OK), 0);
}

/* ---- with rules ---- */

static void write_rules(const struct place *p)
{
    struct buf text;
    struct err err;
    buf_init(&text, 0);
    for (int i = 0; i < PATTERNS; i++)
        buf_printf(&text,
                   "alert tcp any any -> any any (content:\"pattern %d of many\"; sid:%d;)\n",
                   i * i, i + 1);
    assert_int_equal(file_write(p->rules, buf_str(&text), 0600, &err), 0);
    buf_fini(&text);
}

struct told {
    char text[4096];
    uint32_t problems;
};

static void keep(void *owner, bool is_problem, const char *text)
{
    struct told *told = owner;
    told->problems += is_problem;
    strncat(told->text, text, sizeof told->text - strlen(told->text) - 1);
    strncat(told->text, "\n", sizeof told->text - strlen(told->text) - 1);
}

static void build(const struct place *p, struct match_image_stats *stats, struct told *told)
{
    struct err err;
    struct compile_request request = {.files = {p->rules},
                                      .file_count = 1,
                                      .only_these = true,
                                      .say = keep,
                                      .say_owner = told,
                                      .cache_folder = p->folder};
    *told = (struct told){.problems = 0};
    struct engine_vocabulary *words = engine_vocabulary_new(&err);
    struct match_image *image = compile_image(&request, words, &err);
    assert_non_null(image);
    match_image_stats(image, stats);
    assert_int_equal(stats->rules, PATTERNS);
    match_image_free(image);
    engine_vocabulary_free(words);
}

static void damage(const struct place *p, size_t at)
{
    struct buf whole;
    struct err err;
    buf_init(&whole, 0);
    assert_int_equal(file_read(p->file, 1 << 26, &whole, &err), 0);
    whole.p[at < whole.len ? at : whole.len - 1] ^= 1;
    assert_int_equal(file_write(p->file, buf_str(&whole), 0600, &err), 0);
    buf_fini(&whole);
}

static void test_rules(void **state)
{
    struct place *p = *state;
    struct match_image_stats first, again;
    struct told told;
    write_rules(p);
    build(p, &first, &told);
    assert_int_equal(first.databases_kept, 0);
    assert_true(first.databases_made > 0);
    build(p, &again, &told);
    assert_int_equal(again.databases_made, 0);
    assert_int_equal(again.databases_kept, first.databases_made);
    assert_int_equal(again.databases, first.databases);
    assert_int_equal(told.problems, 0);
    damage(p, 200); /* in the first database */
    build(p, &again, &told);
    assert_int_equal(again.databases_made, 1);
    assert_int_equal(told.problems, 1);
    assert_non_null(strstr(told.text, "1 damaged"));
    build(p, &again, &told); /* it has been replaced */
    assert_int_equal(again.databases_made, 0);
    assert_int_equal(told.problems, 0);
    damage(p, SIZE_MAX); /* in the end of the file */
    build(p, &again, &told);
    assert_int_equal(again.databases_kept, 0);
    assert_non_null(strstr(told.text, "is not used: it is cut off, or of another version"));
    build(p, &again, &told);
    assert_int_equal(again.databases_made, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_entries, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_limit, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_each_bit_and_each_end, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_whose, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_one_writes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_rules, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
