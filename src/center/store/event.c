/* Events lie in one table a month, by receipt: keeping them for a time means dropping whole tables. */
#include "base/vec.h"
#include "center/store/sql.h"

#include <stdio.h>
#include <time.h>

#define SQL_BYTES 1024

/* 202611 of a time in November 2026 (UTC). */
static int64_t month_of(int64_t at_us)
{
    time_t seconds = (time_t)(at_us / 1000000);
    struct tm tm;
    gmtime_r(&seconds, &tm);
    return (tm.tm_year + 1900) * 100 + tm.tm_mon + 1;
}

static bool month_known(struct connection *c, int64_t month)
{
    for (size_t i = 0; i < ARRAY_COUNT(c->months); i++)
        if (c->months[i] == month)
            return true;
    return false;
}

static int month_make(struct unit *u, int64_t month)
{
    char sql[SQL_BYTES];
    int m = (int)month;
    if (month_known(u->connection, month) || u->failed)
        return u->failed ? -1 : 0;
    snprintf(sql, sizeof sql,
             "CREATE TABLE IF NOT EXISTS event_%06d ("
             "firm_id TEXT NOT NULL, gateway_id TEXT NOT NULL, epoch TEXT NOT NULL, seq INTEGER "
             "NOT NULL, "
             "at_us INTEGER NOT NULL, mono_us INTEGER NOT NULL, received_us INTEGER NOT NULL, type "
             "TEXT NOT NULL, "
             "verdict TEXT NOT NULL, incident_id TEXT, device_id TEXT, json TEXT NOT NULL, "
             "UNIQUE (gateway_id, epoch, seq)) STRICT;"
             "CREATE INDEX IF NOT EXISTS event_%06d_by_incident ON event_%06d (incident_id, "
             "received_us, seq) "
             "WHERE incident_id IS NOT NULL",
             m, m, m);
    if (sqlite3_exec(u->connection->db, sql, NULL, NULL, NULL) != SQLITE_OK)
        return unit_fail(u, "event table");
    memmove(u->connection->months + 1, u->connection->months,
            sizeof u->connection->months - sizeof u->connection->months[0]);
    u->connection->months[0] = month;
    return 0;
}

int store_event_add(struct unit *u, struct scope s, const struct event_row *row)
{
    char sql[SQL_BYTES];
    int64_t month = month_of(row->event.received_us);
    if (month_make(u, month) != 0)
        return -1;
    snprintf(sql, sizeof sql,
             "INSERT INTO event_%06d (firm_id, gateway_id, epoch, seq, at_us, mono_us, "
             "received_us, type, "
             "verdict, incident_id, device_id, json) "
             "SELECT firm_id, id, :epoch, :seq, :at, :mono, :received, :type, :verdict, :incident, "
             ":device, :json "
             "FROM gateway WHERE id = :gateway AND " REACHED("firm_id") " ON CONFLICT DO NOTHING",
             (int)month);
    struct query q = query_open(u, sql);
    query_id(&q, ":gateway", &row->event.gateway);
    query_text(&q, ":epoch", row->event.epoch);
    query_int(&q, ":seq", (int64_t)row->event.seq);
    query_int(&q, ":at", row->event.at_us);
    query_int(&q, ":mono", row->mono_us);
    query_int(&q, ":received", row->event.received_us);
    query_text(&q, ":type", row->event.type);
    query_word(&q, ":verdict", WORDS_VERDICT, row->event.verdict);
    query_id_null(&q, ":incident", &row->incident);
    query_id_null(&q, ":device", &row->device);
    query_str(&q, ":json", row->json);
    query_scope(&q, s);
    return query_run(&q);
}

static void read_month(struct query *q, void *row)
{
    int64_t *month = row;
    *month = column_int(q, 0);
}

/* The months that have a table and may hold older rows than `before`, newest first. */
static int months_list(struct unit *u, int64_t from_month, struct vec *months)
{
    struct query q = query_open(
        u,
        "SELECT CAST(SUBSTR(name, 7) AS INTEGER) AS month FROM sqlite_master WHERE type = 'table' "
        "AND name GLOB 'event_[0-9][0-9][0-9][0-9][0-9][0-9]' AND month <= :from ORDER BY month "
        "DESC");
    query_int(&q, ":from", from_month);
    query_gather(&q, read_month, months);
    return query_end(&q, 0);
}

static void read_event(struct query *q, void *row)
{
    struct event *out = row;
    *out = (struct event){
        .gateway = column_id(q, 0),
        .epoch = column_text(q, 1),
        .seq = (uint64_t)column_int(q, 2),
        .at_us = column_int(q, 3),
        .received_us = column_int(q, 4),
        .type = column_text(q, 5),
        .verdict = column_word(q, 6, WORDS_VERDICT),
        .json = column_text(q, 7),
    };
}

static int gather_month(struct unit *u, struct scope s, const struct event_filter *f, struct vec *v,
                        int64_t month)
{
    char sql[SQL_BYTES];
    snprintf(
        sql, sizeof sql,
        "SELECT gateway_id, epoch, seq, at_us, received_us, type, verdict, json FROM event_%06d "
        "WHERE incident_id = :incident AND " REACHED(
            "firm_id") " AND (:at = 0 OR received_us < :at OR (received_us = :at AND seq < :seq)) "
                       "ORDER BY received_us DESC, seq DESC LIMIT :limit",
        (int)month);
    struct query q = query_open(u, sql);
    query_id(&q, ":incident", &f->incident);
    query_int(&q, ":at", f->before.received_us);
    query_int(&q, ":seq", (int64_t)f->before.seq);
    query_int(&q, ":limit", (int64_t)(f->limit + 1 - v->count));
    query_scope(&q, s);
    query_gather(&q, read_event, v);
    return query_end(&q, 0);
}

int store_event_list(struct unit *u, struct scope s, const struct event_filter *filter,
                     struct event_list *out)
{
    struct event_filter f = *filter;
    struct vec months, v;
    int result = 0;

    if (f.limit == 0 || f.limit > PAGE_MAX)
        f.limit = PAGE_MAX;
    vec_init(&months, sizeof(int64_t));
    vec_init(&v, sizeof(struct event));
    int64_t from = f.before.received_us ? month_of(f.before.received_us) : INT64_MAX;
    result = months_list(u, from, &months);
    for (size_t i = 0; i < months.count && v.count <= f.limit && result == 0; i++)
        result = gather_month(u, s, &f, &v, *(int64_t *)vec_at(&months, i));
    vec_fini(&months);
    out->items = list_take(u, &v, &out->count);
    out->more = out->count > f.limit;
    if (out->more)
        out->count = f.limit;
    return unit_failed(u) ? -1 : result;
}

int store_epoch_get(struct unit *u, struct scope s, struct id gateway, const char *epoch,
                    struct epoch_row *out)
{
    struct query q =
        query_open(u, "SELECT gateway_id, firm_id, epoch, durable_seq, refused FROM epoch "
                      "WHERE gateway_id = :gateway AND epoch = :epoch AND " REACHED("firm_id"));
    query_id(&q, ":gateway", &gateway);
    query_text(&q, ":epoch", epoch);
    query_scope(&q, s);
    int found = query_step(&q);
    if (found == 1)
        *out = (struct epoch_row){column_id(&q, 0), column_id(&q, 1), column_text(&q, 2),
                                  (uint64_t)column_int(&q, 3), (uint64_t)column_int(&q, 4)};
    return query_end(&q, found);
}

int store_epoch_put(struct unit *u, struct scope s, const struct epoch_row *row, int64_t now_us)
{
    struct query q = query_open(
        u,
        "INSERT INTO epoch (gateway_id, epoch, firm_id, durable_seq, refused, first_us, last_us) "
        "SELECT id, :epoch, firm_id, :seq, :refused, :now, :now FROM gateway "
        "WHERE id = :gateway AND " REACHED(
            "firm_id") " ON CONFLICT (gateway_id, epoch) DO UPDATE SET durable_seq = "
                       "excluded.durable_seq, "
                       "refused = excluded.refused, last_us = excluded.last_us");
    query_text(&q, ":epoch", row->epoch);
    query_int(&q, ":seq", (int64_t)row->durable_seq);
    query_int(&q, ":refused", (int64_t)row->refused);
    query_int(&q, ":now", now_us);
    query_id(&q, ":gateway", &row->gateway);
    query_scope(&q, s);
    return query_run(&q);
}
