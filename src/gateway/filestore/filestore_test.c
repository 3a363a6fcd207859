#include "gateway/filestore/filestore.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define ABC_SHA256 "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

struct world {
    char folder[32];
    struct slab slab;
    struct budget mem;
    struct filestore store;
    struct file_store *files;
    struct tx tx;
};

static void begin(struct world *w, bool hash)
{
    const struct file_conf conf = {.want_sha256 = hash, .digests_max = 4};
    struct err err;
    *w = (struct world){.folder = "/tmp/filestore-XXXXXX"};
    assert_non_null(mkdtemp(w->folder));
    assert_int_equal(slab_init(&w->slab, 8u << 20), 0);
    w->mem = (struct budget){&w->slab, 0, 1u << 20};
    assert_int_equal(filestore_open(&w->store, w->folder, "kept", 7, &err), 0);
    w->files = file_store_new(&conf, &w->store.sink);
    assert_non_null(w->files);
}

static bool is_there(const struct world *w, const char *name)
{
    char path[256];
    struct stat st;
    snprintf(path, sizeof path, "%s/%s", w->folder, name);
    return stat(path, &st) == 0;
}

static void end(struct world *w)
{
    char command[128];
    filestore_close(&w->store);
    assert_false(is_there(w, "kept/tmp")); /* nothing is left under way */
    file_store_free(w->files);
    slab_fini(&w->slab);
    snprintf(command, sizeof command, "rm -r %s", w->folder);
    assert_int_equal(system(command), 0);
}

/* A file with a name that climbs, in two pieces. */
static struct file *abc(struct world *w)
{
    struct file *f =
        file_open(w->files, &w->mem, &w->tx, DIR_TOCLIENT, STR_LIT("../../etc/passwd"));
    file_add(w->files, &w->tx, f, STR_LIT("a"));
    file_add(w->files, &w->tx, f, STR_LIT("bc"));
    return f;
}

static void wanted_files_are_kept_by_their_hash(void **state)
{
    struct world w;
    begin(&w, true);
    struct file *wanted = abc(&w), *other = abc(&w), *late = abc(&w);
    wanted->wanted = true;
    file_end(w.files, &w.tx, wanted, FILE_CLOSED);
    file_end(w.files, &w.tx, other, FILE_CLOSED);
    file_end(w.files, &w.tx, late, FILE_CLOSED);
    assert_false(wanted->kept);
    file_settle(w.files, &w.tx, wanted);
    file_settle(w.files, &w.tx, other);
    late->wanted = true; /* a rule that held when the file was whole */
    file_free_all(w.files, &w.mem, &w.tx);
    assert_int_equal(w.store.kept, 2);
    assert_int_equal(w.store.lost, 0);
    assert_true(is_there(&w, "kept/ba/" ABC_SHA256));
    assert_int_equal(w.store.bytes_left, FILESTORE_BYTES_MAX - 6);
    end(&w);
}

static void what_cannot_be_kept_is_counted(void **state)
{
    struct world w;
    begin(&w, true);
    w.store.bytes_left = 5; /* room for one and a part */
    struct file *first = abc(&w), *second = abc(&w);
    first->wanted = second->wanted = true;
    file_end(w.files, &w.tx, first, FILE_CLOSED);
    file_end(w.files, &w.tx, second, FILE_CLOSED);
    file_settle(w.files, &w.tx, first);
    file_settle(w.files, &w.tx, second);
    assert_true(first->kept);
    assert_false(second->kept);
    assert_int_equal(w.store.lost, 1);
    file_free_all(w.files, &w.mem, &w.tx);
    end(&w);
    begin(&w, false); /* no hash, no name */
    first = abc(&w);
    first->wanted = true;
    file_free_all(w.files, &w.mem, &w.tx);
    assert_int_equal(w.store.lost, 1);
    end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wanted_files_are_kept_by_their_hash),
        cmocka_unit_test(what_cannot_be_kept_is_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
