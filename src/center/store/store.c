/* The file, its connections, and units of work.
 *
 * One connection writes; its lock is held for the whole unit, so a writing unit sees nobody else's half. STORE_READERS
 * connections read, each unit on a snapshot of its own (WAL): a long list never holds up the ingest.
 */
#include "center/store/store.h"

#include "center/store/sql.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#define STORE_READERS 4
#define STORE_WAIT_S 10

struct store {
    struct connection writer;
    struct connection readers[STORE_READERS];
    pthread_mutex_t lock; /* over `taken` of all connections */
    pthread_cond_t given_back;
};

static int run(sqlite3 *db, const char *sql, struct err *err)
{
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK)
        return 0;
    return err_set(err, "%s: %s", sql, sqlite3_errmsg(db));
}

static const char *const connection_settings = "PRAGMA journal_mode=WAL;"
                                               "PRAGMA synchronous=FULL;"
                                               "PRAGMA foreign_keys=ON;"
                                               "PRAGMA busy_timeout=10000;"
                                               "PRAGMA trusted_schema=OFF;"
                                               "PRAGMA cell_size_check=ON;"
                                               "PRAGMA journal_size_limit=67108864;"
                                               "PRAGMA cache_size=-16384;";

static int connection_open(struct connection *c, const char *path, struct err *err)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    map_init(&c->statements, CONNECTION_STATEMENTS_MAX);
    if (sqlite3_open_v2(path, &c->db, flags, NULL) != SQLITE_OK)
        return err_set(err, "%s: %s", path, c->db ? sqlite3_errmsg(c->db) : "no memory");
    sqlite3_extended_result_codes(c->db, 1);
    sqlite3_db_config(c->db, SQLITE_DBCONFIG_DEFENSIVE, 1, (int *)NULL);
    if (run(c->db, connection_settings, err) != 0)
        return err_prefix(err, "%s", path);
    return 0;
}

static void connection_close(struct connection *c)
{
    size_t at = 0;
    const struct map_slot *slot;
    while ((slot = map_next(&c->statements, &at)) != NULL)
        sqlite3_finalize(slot->value);
    map_fini(&c->statements);
    sqlite3_close(c->db);
}

struct store *store_open(const char *path, struct err *err)
{
    struct store *s = calloc(1, sizeof *s);
    if (!s) {
        err_set(err, "no memory for the store");
        return NULL;
    }
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->given_back, NULL);
    int failed = connection_open(&s->writer, path, err);
    for (size_t i = 0; i < STORE_READERS && !failed; i++)
        failed = connection_open(&s->readers[i], path, err);
    if (failed) {
        store_close(s);
        return NULL;
    }
    return s;
}

void store_close(struct store *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < STORE_READERS; i++)
        connection_close(&s->readers[i]);
    connection_close(&s->writer);
    pthread_cond_destroy(&s->given_back);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

/* A free connection for this kind of work, or NULL. The lock is held. */
static struct connection *free_one(struct store *s, enum unit_kind kind)
{
    if (kind == UNIT_WRITE)
        return s->writer.taken ? NULL : &s->writer;
    for (size_t i = 0; i < STORE_READERS; i++)
        if (!s->readers[i].taken)
            return &s->readers[i];
    return NULL;
}

static struct connection *take(struct store *s, enum unit_kind kind)
{
    struct connection *c;
    struct timespec until;
    int waited = 0;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += STORE_WAIT_S;
    pthread_mutex_lock(&s->lock);
    while (!(c = free_one(s, kind)) && waited == 0)
        waited = pthread_cond_timedwait(&s->given_back, &s->lock, &until);
    if (c)
        c->taken = true;
    pthread_mutex_unlock(&s->lock);
    return c;
}

static void give_back(struct store *s, struct connection *c)
{
    pthread_mutex_lock(&s->lock);
    c->taken = false;
    pthread_cond_broadcast(&s->given_back);
    pthread_mutex_unlock(&s->lock);
}

struct unit *unit_begin(struct store *s, enum unit_kind kind, struct arena *arena, struct err *err)
{
    struct unit *u = calloc(1, sizeof *u);
    if (!u) {
        err_set(err, "no memory for a unit of work");
        return NULL;
    }
    u->store = s;
    u->arena = arena;
    u->kind = kind;
    u->connection = take(s, kind);
    if (!u->connection) {
        err_set(err, "the store is busy");
        free(u);
        return NULL;
    }
    if (run(u->connection->db, kind == UNIT_WRITE ? "BEGIN IMMEDIATE" : "BEGIN", err) != 0) {
        give_back(s, u->connection);
        free(u);
        return NULL;
    }
    return u;
}

/* A unit that ends without commit also forgets which event tables it made: they are gone with it. */
static void close_unit(struct unit *u)
{
    if (!sqlite3_get_autocommit(u->connection->db)) {
        memset(u->connection->months, 0, sizeof u->connection->months);
        sqlite3_exec(u->connection->db, "ROLLBACK", NULL, NULL, NULL);
    }
    give_back(u->store, u->connection);
    free(u);
}

int unit_commit(struct unit *u, struct err *err)
{
    int result = 0;
    if (u->failed)
        result = err_set(err, "%s", u->err.text);
    else if (run(u->connection->db, "COMMIT", err) != 0)
        result = -1;
    close_unit(u);
    return result;
}

void unit_end(struct unit *u)
{
    if (u)
        close_unit(u);
}

int unit_part_begin(struct unit *u)
{
    if (u->failed)
        return -1;
    if (sqlite3_exec(u->connection->db, "SAVEPOINT part", NULL, NULL, NULL) != SQLITE_OK)
        return unit_fail(u, "savepoint");
    return 0;
}

int unit_part_keep(struct unit *u)
{
    if (u->failed)
        return -1;
    if (sqlite3_exec(u->connection->db, "RELEASE part", NULL, NULL, NULL) != SQLITE_OK)
        return unit_fail(u, "release");
    return 0;
}

int unit_part_undo(struct unit *u)
{
    memset(u->connection->months, 0, sizeof u->connection->months);
    if (sqlite3_exec(u->connection->db, "ROLLBACK TO part; RELEASE part", NULL, NULL, NULL) !=
        SQLITE_OK)
        return unit_fail(u, "rollback");
    u->failed = false;
    return 0;
}

bool unit_failed(const struct unit *u)
{
    return u->failed;
}

const char *unit_error(const struct unit *u)
{
    return u->failed ? u->err.text : "";
}

void unit_use_arena(struct unit *u, struct arena *arena)
{
    u->arena = arena;
}

int store_migrate(struct store *s, int64_t now_us, struct err *err)
{
    struct connection *c = take(s, UNIT_WRITE);
    if (!c)
        return err_set(err, "the store is busy");
    int result = migrate_run(c->db, now_us, err);
    give_back(s, c);
    return result;
}

int store_version(struct store *s, int64_t *in_file, int64_t *in_program, struct err *err)
{
    struct connection *c = take(s, UNIT_READ);
    if (!c)
        return err_set(err, "the store is busy");
    int result = migrate_version(c->db, in_file, in_program, err);
    give_back(s, c);
    return result;
}

/* The pragma's rows: "ok" alone, or findings. */
static int check_one(sqlite3 *db, const char *pragma, const char *good, struct err *err)
{
    sqlite3_stmt *stmt = NULL;
    if (sqlite3_prepare_v2(db, pragma, -1, &stmt, NULL) != SQLITE_OK)
        return err_set(err, "%s: %s", pragma, sqlite3_errmsg(db));
    int step = sqlite3_step(stmt);
    int result = 0;
    const char *finding = step == SQLITE_ROW ? (const char *)sqlite3_column_text(stmt, 0) : NULL;
    if (step != SQLITE_ROW && step != SQLITE_DONE)
        result = err_set(err, "%s: %s", pragma, sqlite3_errmsg(db));
    else if (step == SQLITE_ROW && (!good || !finding || strcmp(finding, good) != 0))
        result = err_set(err, "%s: %s", pragma, finding ? finding : "a finding");
    sqlite3_finalize(stmt);
    return result;
}

int store_check(struct store *s, struct err *err)
{
    struct connection *c = take(s, UNIT_READ);
    if (!c)
        return err_set(err, "the store is busy");
    int result = check_one(c->db, "PRAGMA integrity_check(1)", "ok", err);
    if (result == 0)
        result = check_one(c->db, "PRAGMA foreign_key_check", NULL, err);
    give_back(s, c);
    return result;
}

int store_backup(struct store *s, const char *path, struct err *err)
{
    sqlite3 *copy = NULL;
    struct connection *c = take(s, UNIT_READ);
    if (!c)
        return err_set(err, "the store is busy");
    int result = -1;
    if (sqlite3_open(path, &copy) != SQLITE_OK) {
        err_set(err, "%s: %s", path, sqlite3_errmsg(copy));
        goto out;
    }
    sqlite3_backup *b = sqlite3_backup_init(copy, "main", c->db, "main");
    if (!b) {
        err_set(err, "%s: %s", path, sqlite3_errmsg(copy));
        goto out;
    }
    int step = sqlite3_backup_step(b, -1);
    sqlite3_backup_finish(b);
    result = step == SQLITE_DONE ? 0 : err_set(err, "%s: %s", path, sqlite3_errmsg(copy));
out:
    sqlite3_close(copy);
    give_back(s, c);
    return result;
}
