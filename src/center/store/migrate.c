/* Numbered steps: NNN_name.sql, each run once, in order, in a transaction of its own with its number in `migration`. */
#include "base/embedded.h"
#include "center/store/sql.h"

#include <stdio.h>
#include <stdlib.h>

extern const struct embedded store_migrations[];

static int fail(sqlite3 *db, const char *what, struct err *err)
{
    err_set(err, "%s: %s", what, sqlite3_errmsg(db));
    if (!sqlite3_get_autocommit(db))
        sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    return -1;
}

static int64_t number_of(const struct embedded *e)
{
    return strtol(e->name, NULL, 10);
}

static int newest(sqlite3 *db, int64_t *number, struct err *err)
{
    sqlite3_stmt *stmt = NULL;
    *number = 0;
    int there =
        sqlite3_prepare_v2(db, "SELECT COALESCE(MAX(number), 0) FROM migration", -1, &stmt, NULL);
    if (there != SQLITE_OK)
        return 0; /* no such table: a new file. A broken file fails at the first statement that follows. */
    int result = 0;
    if (sqlite3_step(stmt) == SQLITE_ROW)
        *number = sqlite3_column_int64(stmt, 0);
    else
        result = fail(db, "reading the schema's number", err);
    sqlite3_finalize(stmt);
    return result;
}

static int apply(sqlite3 *db, const struct embedded *step, int64_t now_us, struct err *err)
{
    char mark[160];
    snprintf(mark, sizeof mark,
             "INSERT INTO migration (number, name, at_us) VALUES (%lld, '%s', %lld)",
             (long long)number_of(step), step->name, (long long)now_us);
    if (sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK ||
        sqlite3_exec(db, (const char *)step->bytes, NULL, NULL, NULL) != SQLITE_OK ||
        sqlite3_exec(db, mark, NULL, NULL, NULL) != SQLITE_OK ||
        sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK)
        return fail(db, step->name, err);
    return 0;
}

int migrate_version(sqlite3 *db, int64_t *in_file, int64_t *in_program, struct err *err)
{
    *in_program = 0;
    for (const struct embedded *e = store_migrations; e->name; e++)
        *in_program = number_of(e);
    return newest(db, in_file, err);
}

int migrate_run(sqlite3 *db, int64_t now_us, struct err *err)
{
    int64_t in_file, in_program;
    if (sqlite3_exec(
            db,
            "CREATE TABLE IF NOT EXISTS migration (number INTEGER PRIMARY KEY, name TEXT NOT NULL, "
            "at_us INTEGER NOT NULL) STRICT",
            NULL, NULL, NULL) != SQLITE_OK)
        return fail(db, "preparing the schema", err);
    if (migrate_version(db, &in_file, &in_program, err) != 0)
        return -1;
    if (in_file > in_program)
        return err_set(
            err, "the data was written by a newer mimamori (schema %lld, this one knows %lld)",
            (long long)in_file, (long long)in_program);
    for (const struct embedded *e = store_migrations; e->name; e++)
        if (number_of(e) > in_file && apply(db, e, now_us, err) != 0)
            return -1;
    return 0;
}
