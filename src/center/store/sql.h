/* sql: what every file of the store uses: a connection, a unit of work, and a query that remembers its first failure.
 *
 * A query is opened with its text (statements are kept prepared per connection), values are bound by name, rows are
 * stepped and read. Any failure marks the unit, so each store function reads straight through and returns query_end().
 */
#ifndef CENTER_STORE_SQL_H
#define CENTER_STORE_SQL_H

#include "base/buf.h"
#include "base/map.h"
#include "center/store/store.h"

#include <sqlite3.h>

/* Firm data is reached through this condition alone; query_scope binds its two values. */
#define REACHED(column) \
    "(:all OR " column " IN (SELECT firm_id FROM reach WHERE organisation_id = :org))"

#define CONNECTION_STATEMENTS_MAX 256

struct connection {
    sqlite3 *db;
    struct map statements; /* SQL text -> sqlite3_stmt; the text belongs to the statement */
    int64_t months[4];     /* months whose event table is known to be there */
    bool taken;
};

struct unit {
    struct store *store;
    struct connection *connection;
    struct arena *arena;
    enum unit_kind kind;
    bool failed;
    struct err err;
};

struct query {
    struct unit *unit;
    sqlite3_stmt *stmt; /* NULL: the unit has failed */
    bool kept;          /* belongs to the connection's cache */
};

int unit_fail(struct unit *u, const char *what);

struct query query_open(struct unit *u, const char *sql);
void query_text(struct query *q, const char *name, const char *text); /* NULL: SQL NULL */
void query_str(struct query *q, const char *name, struct str s);
void query_int(struct query *q, const char *name, int64_t value);
void query_id(struct query *q, const char *name, const struct id *id);      /* none: '' */
void query_id_null(struct query *q, const char *name, const struct id *id); /* none: SQL NULL */
void query_word(struct query *q, const char *name, enum vocabulary words, int value);
void query_scope(struct query *q, struct scope s);
/* 1: a row, 0: no more, -1: failed. */
int query_step(struct query *q);
/* Ends it. For a reading query `result` is what to return when nothing failed. */
int query_end(struct query *q, int result);
/* Runs a changing statement: 1 when a row was changed, 0, -1. Ends it. */
int query_run(struct query *q);

/* Columns of the row stepped to; text is copied into the unit's arena. */
const char *column_text(struct query *q, int column); /* NULL for SQL NULL */
int64_t column_int(struct query *q, int column);
struct id column_id(struct query *q, int column);
struct named column_named(struct query *q, int column); /* id and, in the next one, name */
/* A word of our own vocabulary; a foreign one marks the unit as failed (the file was tampered with). */
int column_word(struct query *q, int column, enum vocabulary words);

/* How one row is read into its struct, `row`. */
typedef void (*row_reader)(struct query *q, void *row);

/* The first row, if there is one: 1, 0 none, -1. Ends the query. */
int query_one(struct query *q, row_reader read, void *row);
/* Adds all rows to `v`, whose items they are. */
struct vec;
void query_gather(struct query *q, row_reader read, struct vec *v);
/* All rows, `row_bytes` each, in the unit's arena. NULL and count 0: none, or the unit has failed; query_end() tells. */
void *query_list(struct query *q, row_reader read, size_t row_bytes, size_t *count);

/* Copies a list that was gathered in a vec into the unit's arena and frees the vec. NULL and count 0 when empty. */
void *list_take(struct unit *u, struct vec *v, size_t *count);
/* The limit to ask for (one more than wanted tells whether there is more), and the cut afterwards. */
int64_t page_limit(const struct page *p);
bool page_cut(const struct page *p, size_t *count);

int migrate_run(sqlite3 *db, int64_t now_us, struct err *err);
int migrate_version(sqlite3 *db, int64_t *in_file, int64_t *in_program, struct err *err);

#endif
