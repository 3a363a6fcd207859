#include "center/store/sql.h"

int store_gateway_add(struct unit *u, struct scope s, const struct gateway *g, int64_t now_us)
{
    struct query q = query_open(u, "INSERT INTO gateway (id, firm_id, site_id, name, created_us) "
                                   "SELECT :id, firm_id, id, :name, :now FROM site "
                                   "WHERE id = :site AND " REACHED("firm_id"));
    query_id(&q, ":id", &g->id);
    query_id(&q, ":site", &g->site.id);
    query_text(&q, ":name", g->name);
    query_int(&q, ":now", now_us);
    query_scope(&q, s);
    return query_run(&q);
}

#define GATEWAY_SELECT                                                                           \
    "SELECT g.id, o.id, o.name, s.id, s.name, g.name, g.silent, g.created_us, g.enrolled_us, "   \
    "g.revoked_us, g.last_heartbeat_us, g.version, g.capture, g.fail_open, g.counters, "         \
    "g.clock_offset_us, g.policy_number, g.known_policy, g.devices_confirmed_us FROM gateway g " \
    "JOIN organisation o ON o.id = g.firm_id JOIN site s ON s.id = g.site_id WHERE " REACHED(    \
        "g.firm_id")

static enum gateway_state state_of(int64_t last_heartbeat_us, int64_t silent)
{
    if (last_heartbeat_us == 0)
        return GATEWAY_NEVER;
    return silent ? GATEWAY_SILENT : GATEWAY_ONLINE;
}

static void read_gateway(struct query *q, void *row)
{
    struct gateway *out = row;
    *out = (struct gateway){
        .id = column_id(q, 0),
        .firm = column_named(q, 1),
        .site = column_named(q, 3),
        .name = column_text(q, 5),
        .created_us = column_int(q, 7),
        .enrolled_us = column_int(q, 8),
        .revoked_us = column_int(q, 9),
        .last_heartbeat_us = column_int(q, 10),
        .version = column_text(q, 11),
        .capture = column_text(q, 12),
        .fail_open = (int)column_int(q, 13),
        .counters = column_text(q, 14),
        .clock_offset_us = column_int(q, 15),
        .policy_number = column_int(q, 16),
        .known_policy = column_int(q, 17),
        .devices_confirmed_us = column_int(q, 18),
    };
    out->state = state_of(out->last_heartbeat_us, column_int(q, 6));
}

int store_gateway_get(struct unit *u, struct scope s, struct id id, struct gateway *out)
{
    struct query q = query_open(u, GATEWAY_SELECT " AND g.id = :id");
    query_id(&q, ":id", &id);
    query_scope(&q, s);
    return query_one(&q, read_gateway, out);
}

int store_gateway_list(struct unit *u, struct scope s, const struct gateway_filter *f,
                       struct gateway_list *out)
{
    struct query q = query_open(u, GATEWAY_SELECT " AND (:firm = '' OR g.firm_id = :firm) "
                                                  "AND (:before = '' OR g.id < :before) "
                                                  "ORDER BY g.id DESC LIMIT :limit");
    query_id(&q, ":firm", &f->firm);
    query_id(&q, ":before", &f->page.before.id);
    query_int(&q, ":limit", page_limit(&f->page));
    query_scope(&q, s);
    out->items = query_list(&q, read_gateway, sizeof(struct gateway), &out->count);
    out->more = page_cut(&f->page, &out->count);
    return query_end(&q, 0);
}

int store_gateway_list_quiet(struct unit *u, struct scope s, int64_t before_us,
                             struct gateway_list *out)
{
    struct query q = query_open(u, GATEWAY_SELECT
                                " AND g.silent = 0 AND g.revoked_us = 0 "
                                "AND g.last_heartbeat_us > 0 AND g.last_heartbeat_us < :before "
                                "ORDER BY g.id LIMIT 200");
    query_int(&q, ":before", before_us);
    query_scope(&q, s);
    out->items = query_list(&q, read_gateway, sizeof(struct gateway), &out->count);
    out->more = false;
    return query_end(&q, 0);
}

int store_gateway_set_silent(struct unit *u, struct scope s, struct id id, bool silent)
{
    struct query q =
        query_open(u, "UPDATE gateway SET silent = :silent WHERE id = :id AND " REACHED("firm_id"));
    query_int(&q, ":silent", silent);
    query_id(&q, ":id", &id);
    query_scope(&q, s);
    return query_run(&q);
}

int store_gateway_heard(struct unit *u, struct scope s, const struct gateway *g)
{
    struct query q = query_open(u, "UPDATE gateway SET last_heartbeat_us = :at, silent = 0, "
                                   "version = :version, capture = :capture, "
                                   "fail_open = :fail_open, counters = :counters, clock_offset_us "
                                   "= :offset, known_policy = :known "
                                   "WHERE id = :id AND " REACHED("firm_id"));
    query_int(&q, ":at", g->last_heartbeat_us);
    query_text(&q, ":version", g->version);
    query_text(&q, ":capture", g->capture);
    query_int(&q, ":fail_open", g->fail_open);
    query_text(&q, ":counters", g->counters);
    query_int(&q, ":offset", g->clock_offset_us);
    query_int(&q, ":known", g->known_policy);
    query_id(&q, ":id", &g->id);
    query_scope(&q, s);
    return query_run(&q);
}

int store_gateway_enrolled(struct unit *u, struct scope s, struct id id, int64_t now_us)
{
    struct query q = query_open(u, "UPDATE gateway SET enrolled_us = :now, revoked_us = 0 "
                                   "WHERE id = :id AND " REACHED("firm_id"));
    query_int(&q, ":now", now_us);
    query_id(&q, ":id", &id);
    query_scope(&q, s);
    return query_run(&q);
}

int store_gateway_revoke(struct unit *u, struct scope s, struct id id, int64_t now_us)
{
    if (store_certificate_revoke_all(u, s, id, now_us) < 0)
        return -1;
    struct query q = query_open(
        u, "UPDATE gateway SET revoked_us = :now WHERE id = :id AND " REACHED("firm_id"));
    query_int(&q, ":now", now_us);
    query_id(&q, ":id", &id);
    query_scope(&q, s);
    return query_run(&q);
}

int store_gateway_devices_confirmed(struct unit *u, struct scope s, struct id id, int64_t now_us)
{
    struct query devices = query_open(u, "UPDATE device SET unknown = 0 WHERE gateway_id = :id "
                                         "AND unknown = 1 AND " REACHED("firm_id"));
    query_id(&devices, ":id", &id);
    query_scope(&devices, s);
    if (query_run(&devices) < 0)
        return -1;
    struct query q = query_open(u, "UPDATE gateway SET devices_confirmed_us = :now "
                                   "WHERE id = :id AND " REACHED("firm_id"));
    query_int(&q, ":now", now_us);
    query_id(&q, ":id", &id);
    query_scope(&q, s);
    return query_run(&q);
}

int store_gateway_policy_changed(struct unit *u, struct scope s, struct id id)
{
    struct query q = query_open(u, "UPDATE gateway SET policy_number = policy_number + 1 "
                                   "WHERE id = :id AND " REACHED("firm_id"));
    query_id(&q, ":id", &id);
    query_scope(&q, s);
    return query_run(&q);
}

int store_certificate_add(struct unit *u, struct scope s, const struct certificate_row *row,
                          int64_t now_us)
{
    struct query q = query_open(
        u, "INSERT INTO certificate (serial, firm_id, gateway_id, issued_us, not_after_us) "
           "SELECT :serial, firm_id, id, :now, :until FROM gateway "
           "WHERE id = :gateway AND " REACHED("firm_id") " ON CONFLICT DO NOTHING");
    query_text(&q, ":serial", row->serial);
    query_id(&q, ":gateway", &row->gateway);
    query_int(&q, ":now", now_us);
    query_int(&q, ":until", row->not_after_us);
    query_scope(&q, s);
    return query_run(&q);
}

int store_certificate_get(struct unit *u, const char *serial, struct certificate_row *out)
{
    struct query q = query_open(u, "SELECT serial, gateway_id, firm_id, not_after_us, revoked_us "
                                   "FROM certificate WHERE serial = :serial");
    query_text(&q, ":serial", serial);
    int found = query_step(&q);
    if (found == 1)
        *out = (struct certificate_row){column_text(&q, 0), column_id(&q, 1), column_id(&q, 2),
                                        column_int(&q, 3), column_int(&q, 4)};
    return query_end(&q, found);
}

int store_certificate_revoke_all(struct unit *u, struct scope s, struct id gateway, int64_t now_us)
{
    struct query q =
        query_open(u, "UPDATE certificate SET revoked_us = :now WHERE gateway_id = :gateway "
                      "AND revoked_us = 0 AND " REACHED("firm_id"));
    query_int(&q, ":now", now_us);
    query_id(&q, ":gateway", &gateway);
    query_scope(&q, s);
    return query_run(&q);
}

int store_claim_add(struct unit *u, struct scope s, const struct claim_row *row, int64_t now_us)
{
    struct query q = query_open(
        u, "INSERT INTO claim (claim_id, claim_key, firm_id, gateway_id, created_us, expires_us) "
           "SELECT :id, :key, firm_id, id, :now, :until FROM gateway "
           "WHERE id = :gateway AND " REACHED("firm_id"));
    query_text(&q, ":id", row->claim_id);
    query_text(&q, ":key", row->claim_key);
    query_id(&q, ":gateway", &row->gateway);
    query_int(&q, ":now", now_us);
    query_int(&q, ":until", row->expires_us);
    query_scope(&q, s);
    return query_run(&q);
}

int store_claim_get(struct unit *u, const char *claim_id, struct claim_row *out)
{
    struct query q =
        query_open(u, "SELECT claim_id, claim_key, gateway_id, firm_id, expires_us, asked "
                      "FROM claim WHERE claim_id = :id");
    query_text(&q, ":id", claim_id);
    int found = query_step(&q);
    if (found == 1)
        *out = (struct claim_row){column_text(&q, 0), column_text(&q, 1), column_id(&q, 2),
                                  column_id(&q, 3),   column_int(&q, 4),  column_int(&q, 5)};
    return query_end(&q, found);
}

int store_claim_asked(struct unit *u, const char *claim_id)
{
    struct query q = query_open(u, "UPDATE claim SET asked = asked + 1 WHERE claim_id = :id");
    query_text(&q, ":id", claim_id);
    return query_run(&q);
}

int store_claim_end_all(struct unit *u, struct scope s, struct id gateway)
{
    struct query q =
        query_open(u, "DELETE FROM claim WHERE gateway_id = :gateway AND " REACHED("firm_id"));
    query_id(&q, ":gateway", &gateway);
    query_scope(&q, s);
    return query_run(&q);
}
