#include "center/store/sql.h"

#include <stdio.h>

#define INCIDENT_SELECT                                                                       \
    "SELECT i.id, i.number, o.id, o.name, s.id, s.name, g.id, g.name, i.device_id, "          \
    "i.device_then, i.kind, i.level, i.reasons, i.state, i.opened_by, i.direction, i.count, " \
    "i.blocked_count, i.first_seen_us, i.last_seen_us, i.isolated_us, "                       \
    "COALESCE((SELECT isolation_state <> '' FROM device WHERE id = i.device_id), 0), "        \
    "i.acknowledged_us, i.acknowledged_by, i.resolved_us, i.resolved_by, i.resolved_note, "   \
    "i.technical FROM incident i JOIN organisation o ON o.id = i.firm_id "                    \
    "JOIN site s ON s.id = i.site_id JOIN gateway g ON g.id = i.gateway_id WHERE " REACHED(   \
        "i.firm_id")

static void read_incident(struct query *q, void *row)
{
    struct incident *out = row;
    *out = (struct incident){
        .id = column_id(q, 0),
        .number = column_text(q, 1),
        .firm = column_named(q, 2),
        .site = column_named(q, 4),
        .gateway = column_named(q, 6),
        .device = column_id(q, 8),
        .device_then = column_text(q, 9),
        .kind = column_word(q, 10, WORDS_KIND),
        .level = column_word(q, 11, WORDS_LEVEL),
        .reasons = column_text(q, 12),
        .state = column_word(q, 13, WORDS_STATE),
        .opened_by = column_word(q, 14, WORDS_OPENED_BY),
        .direction = column_word(q, 15, WORDS_DIRECTION),
        .count = column_int(q, 16),
        .blocked_count = column_int(q, 17),
        .first_seen_us = column_int(q, 18),
        .last_seen_us = column_int(q, 19),
        .isolated_us = column_int(q, 20),
        .isolated_now = column_int(q, 21) != 0,
        .acknowledged = {column_int(q, 22), column_text(q, 23), NULL},
        .resolved = {column_int(q, 24), column_text(q, 25), column_text(q, 26)},
        .technical = column_text(q, 27),
    };
}

/* What both the first writing and each later one set. */
static void bind_living(struct query *q, const struct incident *i)
{
    query_id(q, ":id", &i->id);
    query_text(q, ":device_then", i->device_then);
    query_word(q, ":level", WORDS_LEVEL, i->level);
    query_text(q, ":reasons", i->reasons ? i->reasons : "[]");
    query_word(q, ":state", WORDS_STATE, i->state);
    query_word(q, ":opened_by", WORDS_OPENED_BY, i->opened_by);
    query_word(q, ":direction", WORDS_DIRECTION, i->direction);
    query_int(q, ":count", i->count);
    query_int(q, ":blocked", i->blocked_count);
    query_int(q, ":first", i->first_seen_us);
    query_int(q, ":last", i->last_seen_us);
    query_int(q, ":isolated", i->isolated_us);
    query_text(q, ":technical", i->technical ? i->technical : "{}");
}

int store_incident_add(struct unit *u, struct scope s, const struct incident *i)
{
    struct query q = query_open(
        u, "INSERT INTO incident (id, number, firm_id, site_id, gateway_id, device_id, "
           "device_then, kind, level, "
           "reasons, state, opened_by, direction, count, blocked_count, first_seen_us, "
           "last_seen_us, isolated_us, "
           "technical, created_us) "
           "SELECT :id, :number, firm_id, site_id, id, :device, :device_then, :kind, :level, "
           ":reasons, :state, "
           ":opened_by, :direction, :count, :blocked, :first, :last, :isolated, :technical, :last "
           "FROM gateway WHERE id = :gateway AND " REACHED("firm_id"));
    bind_living(&q, i);
    query_text(&q, ":number", i->number);
    query_id(&q, ":gateway", &i->gateway.id);
    query_id(&q, ":device", &i->device);
    query_word(&q, ":kind", WORDS_KIND, i->kind);
    query_scope(&q, s);
    return query_run(&q);
}

int store_incident_put(struct unit *u, struct scope s, const struct incident *i)
{
    struct query q = query_open(
        u,
        "UPDATE incident SET kind = :kind, device_then = :device_then, level = :level, reasons = "
        ":reasons, state "
        "= :state, "
        "opened_by = :opened_by, direction = :direction, count = :count, blocked_count = :blocked, "
        "first_seen_us = :first, last_seen_us = :last, isolated_us = :isolated, technical = "
        ":technical, "
        "acknowledged_us = :acknowledged, acknowledged_by = :acknowledged_by, resolved_us = "
        ":resolved, "
        "resolved_by = :resolved_by, resolved_note = :resolved_note "
        "WHERE id = :id AND " REACHED("firm_id"));
    bind_living(&q, i);
    query_word(&q, ":kind", WORDS_KIND, i->kind);
    query_int(&q, ":acknowledged", i->acknowledged.at_us);
    query_text(&q, ":acknowledged_by", i->acknowledged.by);
    query_int(&q, ":resolved", i->resolved.at_us);
    query_text(&q, ":resolved_by", i->resolved.by);
    query_text(&q, ":resolved_note", i->resolved.note);
    query_scope(&q, s);
    return query_run(&q);
}

int store_incident_get(struct unit *u, struct scope s, struct id id, struct incident *out)
{
    struct query q = query_open(u, INCIDENT_SELECT " AND i.id = :id");
    query_id(&q, ":id", &id);
    query_scope(&q, s);
    return query_one(&q, read_incident, out);
}

int store_incident_by_cause(struct unit *u, struct scope s, const struct cause *c,
                            struct incident *out)
{
    struct query q =
        query_open(u, INCIDENT_SELECT
                   " AND i.gateway_id = :gateway AND i.device_id = :device AND i.kind = :kind "
                   "AND i.last_seen_us >= :after AND (i.state IN ('new', 'acknowledged') "
                   "OR (:resolved AND i.state = 'resolved' AND i.resolved_by IS NULL)) "
                   "ORDER BY i.last_seen_us DESC LIMIT 1");
    query_id(&q, ":gateway", &c->gateway);
    query_id(&q, ":device", &c->device);
    query_word(&q, ":kind", WORDS_KIND, c->kind);
    query_int(&q, ":after", c->open_after_us);
    query_int(&q, ":resolved", c->resolved_too);
    query_scope(&q, s);
    return query_one(&q, read_incident, out);
}

int store_incident_list_open(struct unit *u, struct scope s, const struct cause *c,
                             struct incident_list *out)
{
    struct query q = query_open(
        u, INCIDENT_SELECT
        " AND i.gateway_id = :gateway AND i.device_id = :device AND i.last_seen_us >= :after "
        "AND i.state IN ('new', 'acknowledged') ORDER BY i.last_seen_us DESC LIMIT 100");
    query_id(&q, ":gateway", &c->gateway);
    query_id(&q, ":device", &c->device);
    query_int(&q, ":after", c->open_after_us);
    query_scope(&q, s);
    out->items = query_list(&q, read_incident, sizeof(struct incident), &out->count);
    out->more = false;
    return query_end(&q, 0);
}

/* ",red,yellow," for a set of bits, so that one prepared statement serves every choice. */
static void words_text(char *out, size_t bytes, enum vocabulary words, unsigned bits)
{
    size_t at = 0;
    out[0] = 0;
    for (int i = 0; word_of(words, i)[0]; i++)
        if (bits == 0 || bits & 1u << i)
            at += (size_t)snprintf(out + at, bytes - at, ",%s,", word_of(words, i));
}

int store_incident_list(struct unit *u, struct scope s, const struct incident_filter *f,
                        struct incident_list *out)
{
    char levels[64], states[96];
    words_text(levels, sizeof levels, WORDS_LEVEL, f->levels);
    words_text(states, sizeof states, WORDS_STATE, f->states);
    struct query q = query_open(
        u, INCIDENT_SELECT
        " AND (:firm = '' OR i.firm_id = :firm) AND (:device = '' OR i.device_id = :device) "
        "AND INSTR(:levels, ',' || i.level || ',') > 0 AND INSTR(:states, ',' || i.state || ',') > "
        "0 "
        "AND (:at = 0 OR i.last_seen_us < :at OR (i.last_seen_us = :at AND i.id < :before)) "
        "ORDER BY i.last_seen_us DESC, i.id DESC LIMIT :limit");
    query_id(&q, ":firm", &f->firm);
    query_id(&q, ":device", &f->device);
    query_text(&q, ":levels", levels);
    query_text(&q, ":states", states);
    query_int(&q, ":at", f->page.before.at_us);
    query_id(&q, ":before", &f->page.before.id);
    query_int(&q, ":limit", page_limit(&f->page));
    query_scope(&q, s);
    out->items = query_list(&q, read_incident, sizeof(struct incident), &out->count);
    out->more = page_cut(&f->page, &out->count);
    return query_end(&q, 0);
}

int store_incident_number(struct unit *u, const char *day, const char **number)
{
    struct query q =
        query_open(u, "INSERT INTO counter (name, value) VALUES (:name, 1) "
                      "ON CONFLICT (name) DO UPDATE SET value = value + 1 RETURNING value");
    query_text(&q, ":name", day);
    int found = query_step(&q);
    int64_t value = found == 1 ? column_int(&q, 0) : 0;
    if (found == 1)
        found = query_step(&q) == 0;
    *number = arena_printf(u->arena, "%s-%04lld", day, (long long)value);
    return query_end(&q, *number ? found : -1);
}

static int count_levels(struct unit *u, struct scope s, struct summary *out)
{
    struct query q =
        query_open(u, "SELECT level, COUNT(*) FROM incident WHERE state IN ('new', 'acknowledged') "
                      "AND " REACHED("firm_id") " GROUP BY level");
    query_scope(&q, s);
    while (query_step(&q) == 1)
        out->open[column_word(&q, 0, WORDS_LEVEL)] = column_int(&q, 1);
    return query_end(&q, 0);
}

static int count_gateways(struct unit *u, struct scope s, struct summary *out)
{
    struct query q = query_open(u, "SELECT COALESCE(SUM(last_heartbeat_us = 0), 0), "
                                   "COALESCE(SUM(last_heartbeat_us > 0 AND silent = 0), 0), "
                                   "COALESCE(SUM(last_heartbeat_us > 0 AND silent = 1), 0) "
                                   "FROM gateway WHERE revoked_us = 0 AND " REACHED("firm_id"));
    query_scope(&q, s);
    if (query_step(&q) == 1) {
        out->gateways[GATEWAY_NEVER] = column_int(&q, 0);
        out->gateways[GATEWAY_ONLINE] = column_int(&q, 1);
        out->gateways[GATEWAY_SILENT] = column_int(&q, 2);
    }
    return query_end(&q, 0);
}

int store_summary(struct unit *u, struct scope s, struct summary *out)
{
    memset(out, 0, sizeof *out);
    if (count_levels(u, s, out) < 0 || count_gateways(u, s, out) < 0)
        return -1;
    struct query q = query_open(
        u, "SELECT COUNT(*), COALESCE(SUM(unknown), 0), "
           "COALESCE(SUM(isolation_state <> ''), 0) FROM device WHERE " REACHED("firm_id"));
    query_scope(&q, s);
    if (query_step(&q) == 1) {
        out->devices = column_int(&q, 0);
        out->devices_unknown = column_int(&q, 1);
        out->devices_isolated = column_int(&q, 2);
    }
    return query_end(&q, 1);
}
