#include "center/store/sql.h"

#include "base/vec.h"

#include <stdlib.h>

int unit_fail(struct unit *u, const char *what)
{
    if (!u->failed)
        err_set(&u->err, "%s: %s", what, sqlite3_errmsg(u->connection->db));
    u->failed = true;
    return -1;
}

static sqlite3_stmt *prepare(struct unit *u, const char *sql, bool keep)
{
    sqlite3_stmt *stmt = NULL;
    unsigned flags = keep ? SQLITE_PREPARE_PERSISTENT : 0;
    if (sqlite3_prepare_v3(u->connection->db, sql, -1, flags, &stmt, NULL) != SQLITE_OK) {
        unit_fail(u, "prepare");
        return NULL;
    }
    return stmt;
}

struct query query_open(struct unit *u, const char *sql)
{
    struct query q = {u, NULL, true};
    if (u->failed)
        return q;
    q.stmt = map_get(&u->connection->statements, str_c(sql));
    if (q.stmt && !sqlite3_stmt_busy(q.stmt))
        return q;
    bool again = q.stmt != NULL; /* the same question inside itself: a second, passing statement */
    q.stmt = prepare(u, sql, !again);
    if (!q.stmt)
        return q;
    if (again || map_put(&u->connection->statements, str_c(sqlite3_sql(q.stmt)), q.stmt) != 0)
        q.kept = false;
    return q;
}

/* Index of a bound value. A name that the text does not have is our bug and shows at the first test. */
static int place(struct query *q, const char *name)
{
    int index = sqlite3_bind_parameter_index(q->stmt, name);
    if (index == 0) {
        err_set(&q->unit->err, "no value named %s in: %s", name, sqlite3_sql(q->stmt));
        q->unit->failed = true;
    }
    return index;
}

void query_str(struct query *q, const char *name, struct str s)
{
    if (!q->stmt)
        return;
    int index = place(q, name);
    if (index && sqlite3_bind_text64(q->stmt, index, s.p ? (const char *)s.p : "", s.len,
                                     SQLITE_TRANSIENT, SQLITE_UTF8) != SQLITE_OK)
        unit_fail(q->unit, name);
}

void query_text(struct query *q, const char *name, const char *text)
{
    if (!q->stmt)
        return;
    if (text) {
        query_str(q, name, str_c(text));
        return;
    }
    int index = place(q, name);
    if (index && sqlite3_bind_null(q->stmt, index) != SQLITE_OK)
        unit_fail(q->unit, name);
}

void query_int(struct query *q, const char *name, int64_t value)
{
    if (!q->stmt)
        return;
    int index = place(q, name);
    if (index && sqlite3_bind_int64(q->stmt, index, value) != SQLITE_OK)
        unit_fail(q->unit, name);
}

void query_id(struct query *q, const char *name, const struct id *id)
{
    query_text(q, name, id->text);
}

void query_id_null(struct query *q, const char *name, const struct id *id)
{
    query_text(q, name, id_is_none(id) ? NULL : id->text);
}

void query_word(struct query *q, const char *name, enum vocabulary words, int value)
{
    query_text(q, name, word_of(words, value));
}

void query_scope(struct query *q, struct scope s)
{
    struct id nobody = {{0}};
    query_int(q, ":all", s.kind == SCOPE_ALL_FIRMS);
    query_id(q, ":org", s.kind == SCOPE_ORGANISATION ? &s.organisation : &nobody);
}

int query_step(struct query *q)
{
    if (!q->stmt || q->unit->failed)
        return -1;
    switch (sqlite3_step(q->stmt)) {
    case SQLITE_ROW: return 1;
    case SQLITE_DONE: return 0;
    default: return unit_fail(q->unit, sqlite3_sql(q->stmt));
    }
}

int query_end(struct query *q, int result)
{
    if (q->stmt) {
        sqlite3_reset(q->stmt);
        sqlite3_clear_bindings(q->stmt);
        if (!q->kept)
            sqlite3_finalize(q->stmt);
        q->stmt = NULL;
    }
    return q->unit->failed ? -1 : result;
}

int query_run(struct query *q)
{
    int changed = 0;
    if (query_step(q) >= 0)
        changed = sqlite3_changes(q->unit->connection->db) > 0;
    return query_end(q, changed);
}

int query_one(struct query *q, row_reader read, void *row)
{
    int found = query_step(q);
    if (found == 1)
        read(q, row);
    return query_end(q, found);
}

void query_gather(struct query *q, row_reader read, struct vec *v)
{
    while (query_step(q) == 1) {
        void *row = vec_push(v);
        if (!row) {
            err_set(&q->unit->err, "no memory left for the list");
            q->unit->failed = true;
            break;
        }
        read(q, row);
    }
}

void *query_list(struct query *q, row_reader read, size_t row_bytes, size_t *count)
{
    struct vec v;
    vec_init(&v, row_bytes);
    query_gather(q, read, &v);
    return list_take(q->unit, &v, count);
}

const char *column_text(struct query *q, int column)
{
    const unsigned char *text = sqlite3_column_text(q->stmt, column);
    if (!text)
        return NULL;
    size_t len = (size_t)sqlite3_column_bytes(q->stmt, column);
    struct str copy = arena_copy(q->unit->arena, str_of(text, len));
    if (!copy.p) {
        err_set(&q->unit->err, "no memory left for the answer");
        q->unit->failed = true;
        return NULL;
    }
    return (const char *)copy.p;
}

int64_t column_int(struct query *q, int column)
{
    return sqlite3_column_int64(q->stmt, column);
}

struct id column_id(struct query *q, int column)
{
    return id_of((const char *)sqlite3_column_text(q->stmt, column));
}

struct named column_named(struct query *q, int column)
{
    return (struct named){column_id(q, column), column_text(q, column + 1)};
}

int column_word(struct query *q, int column, enum vocabulary words)
{
    const char *text = (const char *)sqlite3_column_text(q->stmt, column);
    int value = word_find(words, str_c(text));
    if (value >= 0)
        return value;
    err_set(&q->unit->err, "\"%.40s\" is no word of the store", text ? text : "");
    q->unit->failed = true;
    return 0;
}

void *list_take(struct unit *u, struct vec *v, size_t *count)
{
    void *items = NULL;
    *count = 0;
    if (v->count && !u->failed) {
        items = arena_alloc(u->arena, v->count * v->item_bytes);
        if (items) {
            memcpy(items, v->items, v->count * v->item_bytes);
            *count = v->count;
        } else {
            err_set(&u->err, "no memory left for the list");
            u->failed = true;
        }
    }
    vec_fini(v);
    return items;
}

int64_t page_limit(const struct page *p)
{
    return (p->limit == 0 || p->limit > PAGE_MAX ? PAGE_MAX : p->limit) + 1;
}

bool page_cut(const struct page *p, size_t *count)
{
    size_t limit = (size_t)page_limit(p) - 1;
    if (*count <= limit)
        return false;
    *count = limit;
    return true;
}
