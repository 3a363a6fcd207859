#include "engine/file/file.h"

#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static struct slab slab;
static struct budget mem;

static int setup(void **state)
{
    mem = (struct budget){&slab, 0, 1 << 20};
    return slab_init(&slab, 16 << 20);
}

static int teardown(void **state)
{
    assert_int_equal(mem.used_bytes, 0);
    assert_int_equal(slab.used_bytes, 0);
    slab_fini(&slab);
    return 0;
}

static void assert_hex(const uint8_t *hash, size_t len, const char *want)
{
    char text[2 * DIGEST_BYTES_MAX + 1];
    text_hex(text, str_of(hash, len));
    assert_string_equal(text, want);
}

struct seen {
    int opened, ended;
    size_t bytes;
};

static void on_opened(void *owner, const struct tx *tx, struct file *f)
{
    ((struct seen *)owner)->opened++;
}

static void on_bytes(void *owner, const struct tx *tx, struct file *f, struct str bytes)
{
    ((struct seen *)owner)->bytes += bytes.len;
}

static void on_ended(void *owner, const struct tx *tx, struct file *f)
{
    ((struct seen *)owner)->ended++;
}

static void test_hashes(void **state)
{
    struct seen seen = {0};
    const struct file_sink sink = {
        .opened = on_opened, .bytes = on_bytes, .ended = on_ended, .owner = &seen};
    const struct file_conf conf = {
        .want_md5 = true, .want_sha1 = true, .want_sha256 = true, .digests_max = 2};
    struct file_store *s = file_store_new(&conf, &sink);
    struct tx tx = {0};
    struct file *f = file_open(s, &mem, &tx, DIR_TOCLIENT, STR_LIT("/a/abc.txt"));
    file_add(s, &tx, f, STR_LIT("a"));
    file_add(s, &tx, f, STR_LIT("bc"));
    file_end(s, &tx, f, FILE_CLOSED);
    file_add(s, &tx, f, STR_LIT("late"));
    assert_int_equal(f->size_bytes, 3);
    assert_int_equal(f->state, FILE_CLOSED);
    assert_true(f->has_hash);
    assert_hex(f->md5, 16, "900150983cd24fb0d6963f7d28e17f72");
    assert_hex(f->sha1, 20, "a9993e364706816aba3e25717850c26c9cd0d89d");
    assert_hex(f->sha256, 32, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_true(str_eq(file_extension(f), STR_LIT("txt")));
    assert_int_equal(seen.opened, 1);
    assert_int_equal(seen.bytes, 3);
    assert_int_equal(seen.ended, 1);
    file_free_all(s, &mem, &tx);
    assert_int_equal(seen.ended, 1);
    file_store_free(s);
}

/* When all hash contexts are in use, a further file goes without; later ones have them again. */
static void test_pool(void **state)
{
    const struct file_conf conf = {.want_sha256 = true, .digests_max = 1};
    struct file_store *s = file_store_new(&conf, NULL);
    struct tx tx = {0};
    struct file *a = file_open(s, &mem, &tx, DIR_TOCLIENT, STR_EMPTY);
    struct file *b = file_open(s, &mem, &tx, DIR_TOSERVER, STR_LIT("b"));
    assert_ptr_equal(tx.files, a);
    assert_ptr_equal(a->next, b);
    file_end(s, &tx, b, FILE_CLOSED);
    assert_false(b->has_hash);
    file_end(s, &tx, a, FILE_CLOSED);
    assert_true(a->has_hash);
    struct file *c = file_open(s, &mem, &tx, DIR_TOSERVER, STR_LIT("c"));
    file_gap(c, 10);
    file_end(s, &tx, c, FILE_CLOSED);
    assert_int_equal(c->state, FILE_TRUNCATED);
    assert_int_equal(c->size_bytes, 10);
    /* told with "gaps", but no rule takes it for the file's */
    struct str hash;
    assert_true(c->has_hash);
    assert_false(file_field_sha256(&tx, DIR_TOSERVER, 0, NULL, &hash));
    struct file *d = file_open(s, &mem, &tx, DIR_TOSERVER, STR_LIT("d"));
    file_free_all(s, &mem, &tx); /* ends d */
    (void)d;
    struct tx other = {0};
    struct file *e = file_open(s, &mem, &other, DIR_TOSERVER, STR_LIT("e"));
    file_end(s, &other, e, FILE_CLOSED);
    assert_true(e->has_hash);
    file_free_all(s, &mem, &other);
    file_store_free(s);
}

static void test_no_memory(void **state)
{
    const struct file_conf conf = {0};
    struct file_store *s = file_store_new(&conf, NULL);
    struct tx tx = {0};
    struct budget tight = {&slab, 0, 0};
    assert_null(file_open(s, &tight, &tx, DIR_TOCLIENT, STR_LIT("name")));
    tight.limit_bytes = (uint32_t)slab_block_bytes(sizeof(struct file));
    assert_null(file_open(s, &tight, &tx, DIR_TOCLIENT, STR_LIT("name")));
    assert_int_equal(tight.used_bytes, 0);
    assert_null(tx.files);
    file_store_free(s);
}

#define HEAD(literal)                \
    {                                \
        literal, sizeof(literal) - 1 \
    }

static void test_types(void **state)
{
    static const struct {
        struct {
            const char *bytes;
            size_t len;
        } head;
        const char *name;
        const char *want;
    } rows[] = {
        {HEAD("%PDF-1.7\n"), "", "pdf"},
        {HEAD("%PDX-1.7\n"), "", ""},
        {HEAD("MZ\x90\0"), "", "exe"},
        {HEAD("\x7f"
              "ELF\2\1"),
         "", "elf"},
        {HEAD("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1rest"), "", "ole2"},
        {HEAD("\xd0\xcf\x11\xe0\xa1\xb1"), "", ""},
        {HEAD("PK\3\4xxxxxxxxxxxxxxxxxxxxxxxxxx[Content_Types].xml"), "", "ooxml"},
        {HEAD("PK\3\4xxxxxxxxxxxxxxxxxxxxxxxxxxMETA-INF/"), "", "jar"},
        {HEAD("PK\3\4xxxxxxxxxxxxxxxxxxxxxxxxxxbill.exe"), "", "zip"},
        {HEAD("PK\3\4"), "", "zip"},
        {HEAD("\x1f\x8b\x08"), "", "gzip"},
        {HEAD("Rar!\x1a\x07\0"), "", "rar"},
        {HEAD("7z\xbc\xaf\x27\x1c"), "", "7z"},
        {HEAD("\x89PNG\r\n\x1a\n"), "", "png"},
        {HEAD("GIF89a"), "", "gif"},
        {HEAD("\xff\xd8\xff\xe0"), "", "jpeg"},
        {HEAD("\xef\xbb\xbf \r\n<!DOCTYPE HTML PUBLIC"), "", "html"},
        {HEAD("<?xml version"), "", "xml"},
        {HEAD("#!/bin/sh"), "", "script"},
        {HEAD("@ECHO OFF"), "", "script"},
        {HEAD("{\\rtf1"), "", "rtf"},
        {HEAD("MSCF\0\0"), "", "cab"},
        {HEAD("CWS\x0a"), "", "swf"},
        {HEAD("\xca\xfe\xba\xbe\0\0\0\x34"), "", "class"},
        {HEAD("\xca\xfe\xba\xbe\0\0\0\2"), "", "macho"},
        {HEAD("\xca\xfe\xba\xbe"), "", ""},
        {HEAD("\xcf\xfa\xed\xfe"), "", "macho"},
        {HEAD("\x4c\0\0\0\1\x14\2\0\0\0\0\0\xc0\0\0\0\0\0\0\x46"), "", "lnk"},
        {HEAD("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
              "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
         "disc.ISO", "iso"},
        {HEAD("hello"), "", ""},
        {HEAD(""), "", ""},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct file f = {.head_len = (uint8_t)rows[i].head.len, .name = str_c(rows[i].name)};
        memcpy(f.head, rows[i].head.bytes, rows[i].head.len);
        if (strcmp(file_type(&f), rows[i].want) != 0)
            fail_msg("row %zu: %s, want %s", i, file_type(&f), rows[i].want);
    }
}

static void test_extension(void **state)
{
    static const struct {
        const char *name, *want;
    } rows[] = {{"a.tar.gz", "gz"}, {"a", ""}, {"a.b/c", ""}, {".x", "x"}, {"a.", ""}, {"", ""}};
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct file f = {.name = str_c(rows[i].name)};
        assert_true(str_eq(file_extension(&f), str_c(rows[i].want)));
    }
}

/* Rows that rules ask: what is said of a file under way, of a whole one and of one that was cut off, each way by itself. */
static void test_fields(void **state)
{
    static const struct field_desc rows[] = {FILE_FIELDS(APP_HTTP1, DIR_BOTH, 2)};
    const struct file_conf conf = {.want_md5 = true, .digests_max = 4};
    struct file_store *s = file_store_new(&conf, NULL);
    struct tx tx = {0};
    struct str name, hash;
    uint64_t size;
    assert_non_null(s);
    assert_int_equal(ARRAY_COUNT(rows), FILE_FIELD_ROWS);
    struct file *up = file_open(s, &mem, &tx, DIR_TOSERVER, STR_LIT("up"));
    struct file *down = file_open(s, &mem, &tx, DIR_TOCLIENT, STR_LIT("down"));
    file_add(s, &tx, down, STR_LIT("abc"));
    assert_true(file_field_name(&tx, DIR_TOCLIENT, 0, NULL, &name));
    assert_true(str_eq(name, STR_LIT("down")));
    assert_false(file_field_name(&tx, DIR_TOCLIENT, 1, NULL, &name));
    assert_false(file_field_size(&tx, DIR_TOCLIENT, 0, &size));
    assert_true(file_field_size_so_far(&tx, DIR_TOCLIENT, 0, &size));
    assert_int_equal(size, 3);
    assert_false(file_field_md5(&tx, DIR_TOCLIENT, 0, NULL, &hash));
    /* rules that ask for SHA-256 come while a file is under way: the next one has it */
    assert_int_equal(file_store_hash(s, 1u << DIGEST_SHA256), 0);
    file_end(s, &tx, down, FILE_CLOSED);
    assert_true(file_field_size(&tx, DIR_TOCLIENT, 0, &size));
    assert_false(file_field_size_so_far(&tx, DIR_TOCLIENT, 0, &size));
    assert_true(file_field_md5(&tx, DIR_TOCLIENT, 0, NULL, &hash));
    assert_hex(hash.p, hash.len, "900150983cd24fb0d6963f7d28e17f72");
    assert_false(file_field_sha256(&tx, DIR_TOCLIENT, 0, NULL, &hash));
    file_end(s, &tx, up, FILE_TRUNCATED);
    assert_false(file_field_size(&tx, DIR_TOSERVER, 0, &size));
    assert_true(file_field_size_so_far(&tx, DIR_TOSERVER, 0, &size));
    struct file *next = file_open(s, &mem, &tx, DIR_TOSERVER, STR_EMPTY);
    file_add(s, &tx, next, STR_LIT("abc"));
    file_end(s, &tx, next, FILE_CLOSED);
    assert_true(file_field_sha256(&tx, DIR_TOSERVER, 0, NULL, &hash));
    assert_int_equal(hash.len, 32);
    assert_false(file_field_sha1(&tx, DIR_TOSERVER, 0, NULL, &hash));
    file_free_all(s, &mem, &tx);
    file_store_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_hashes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_fields, setup, teardown),
        cmocka_unit_test_setup_teardown(test_pool, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_memory, setup, teardown),
        cmocka_unit_test(test_types),
        cmocka_unit_test(test_extension),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
