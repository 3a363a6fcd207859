#include "center/store/sql.h"

int store_device_add(struct unit *u, struct scope s, const struct device *d)
{
    struct query q = query_open(
        u, "INSERT INTO device (id, firm_id, site_id, gateway_id, mac, maker, hostname, "
           "vendor_class, ips, "
           "first_seen_us, last_seen_us, unknown) "
           "SELECT :id, firm_id, site_id, id, :mac, :maker, :hostname, :vendor_class, :ips, "
           ":first, :last, :unknown "
           "FROM gateway WHERE id = :gateway AND " REACHED("firm_id") " ON CONFLICT DO NOTHING");
    query_id(&q, ":id", &d->id);
    query_id(&q, ":gateway", &d->gateway.id);
    query_text(&q, ":mac", d->mac);
    query_text(&q, ":maker", d->maker);
    query_text(&q, ":hostname", d->hostname);
    query_text(&q, ":vendor_class", d->vendor_class);
    query_text(&q, ":ips", d->ips ? d->ips : "[]");
    query_int(&q, ":first", d->first_seen_us);
    query_int(&q, ":last", d->last_seen_us);
    query_int(&q, ":unknown", d->unknown);
    query_scope(&q, s);
    return query_run(&q);
}

#define DEVICE_SELECT                                                                       \
    "SELECT d.id, o.id, o.name, s.id, s.name, g.id, g.name, d.mac, d.maker, d.hostname, "   \
    "d.vendor_class, d.name, d.place, d.ips, d.first_seen_us, d.last_seen_us, d.unknown, "  \
    "d.isolation_state, d.isolation_by, d.isolation_reason, d.isolation_since_us, "         \
    "d.isolation_expires_us FROM device d JOIN organisation o ON o.id = d.firm_id "         \
    "JOIN site s ON s.id = d.site_id JOIN gateway g ON g.id = d.gateway_id WHERE " REACHED( \
        "d.firm_id")

static void read_device(struct query *q, void *row)
{
    struct device *out = row;
    *out = (struct device){
        .id = column_id(q, 0),
        .firm = column_named(q, 1),
        .site = column_named(q, 3),
        .gateway = column_named(q, 5),
        .mac = column_text(q, 7),
        .maker = column_text(q, 8),
        .hostname = column_text(q, 9),
        .vendor_class = column_text(q, 10),
        .name = column_text(q, 11),
        .place = column_text(q, 12),
        .ips = column_text(q, 13),
        .first_seen_us = column_int(q, 14),
        .last_seen_us = column_int(q, 15),
        .unknown = column_int(q, 16) != 0,
        .isolation =
            {
                .state = column_word(q, 17, WORDS_ISOLATION_STATE),
                .by = column_word(q, 18, WORDS_ISOLATION_BY),
                .reason = column_text(q, 19),
                .since_us = column_int(q, 20),
                .expires_us = column_int(q, 21),
            },
    };
}

int store_device_get(struct unit *u, struct scope s, struct id id, struct device *out)
{
    struct query q = query_open(u, DEVICE_SELECT " AND d.id = :id");
    query_id(&q, ":id", &id);
    query_scope(&q, s);
    return query_one(&q, read_device, out);
}

int store_device_by_mac(struct unit *u, struct scope s, struct id gateway, const char *mac,
                        struct device *out)
{
    struct query q = query_open(u, DEVICE_SELECT " AND d.gateway_id = :gateway AND d.mac = :mac");
    query_id(&q, ":gateway", &gateway);
    query_text(&q, ":mac", mac);
    query_scope(&q, s);
    return query_one(&q, read_device, out);
}

int store_device_seen(struct unit *u, struct scope s, const struct device *d)
{
    struct query q = query_open(u, "UPDATE device SET maker = :maker, hostname = :hostname, "
                                   "vendor_class = :vendor_class, ips = :ips, "
                                   "first_seen_us = :first, last_seen_us = :last, unknown = "
                                   ":unknown WHERE id = :id AND " REACHED("firm_id"));
    query_text(&q, ":maker", d->maker);
    query_text(&q, ":hostname", d->hostname);
    query_text(&q, ":vendor_class", d->vendor_class);
    query_text(&q, ":ips", d->ips ? d->ips : "[]");
    query_int(&q, ":first", d->first_seen_us);
    query_int(&q, ":last", d->last_seen_us);
    query_int(&q, ":unknown", d->unknown);
    query_id(&q, ":id", &d->id);
    query_scope(&q, s);
    return query_run(&q);
}

int store_device_named(struct unit *u, struct scope s, const struct device *d)
{
    struct query q =
        query_open(u, "UPDATE device SET name = :name, place = :place, unknown = :unknown "
                      "WHERE id = :id AND " REACHED("firm_id"));
    query_text(&q, ":name", d->name);
    query_text(&q, ":place", d->place);
    query_int(&q, ":unknown", d->unknown);
    query_id(&q, ":id", &d->id);
    query_scope(&q, s);
    return query_run(&q);
}

int store_device_isolation(struct unit *u, struct scope s, struct id id, const struct isolation *i)
{
    struct query q = query_open(
        u,
        "UPDATE device SET isolation_state = :state, isolation_by = :by, isolation_reason = "
        ":reason, "
        "isolation_since_us = :since, isolation_expires_us = :expires WHERE id = :id AND " REACHED(
            "firm_id"));
    query_word(&q, ":state", WORDS_ISOLATION_STATE, i->state);
    query_word(&q, ":by", WORDS_ISOLATION_BY, i->by);
    query_text(&q, ":reason", i->reason);
    query_int(&q, ":since", i->since_us);
    query_int(&q, ":expires", i->expires_us);
    query_id(&q, ":id", &id);
    query_scope(&q, s);
    return query_run(&q);
}

int store_device_released(struct unit *u, struct scope s, struct id id, int64_t now_us)
{
    struct query q = query_open(
        u, "UPDATE device SET released_us = :now WHERE id = :id AND " REACHED("firm_id"));
    query_int(&q, ":now", now_us);
    query_id(&q, ":id", &id);
    query_scope(&q, s);
    return query_run(&q);
}

int store_device_list(struct unit *u, struct scope s, const struct device_filter *f,
                      struct device_list *out)
{
    struct query q =
        query_open(u, DEVICE_SELECT
                   " AND (:firm = '' OR d.firm_id = :firm) AND (:before = '' OR d.id < :before) "
                   "AND (:isolated = 0 OR (d.isolation_state <> '') = (:isolated = 2)) "
                   "AND (:unknown = 0 OR d.unknown = (:unknown = 2)) "
                   "ORDER BY d.id DESC LIMIT :limit");
    query_id(&q, ":firm", &f->firm);
    query_id(&q, ":before", &f->page.before.id);
    query_int(&q, ":isolated", f->isolated);
    query_int(&q, ":unknown", f->unknown);
    query_int(&q, ":limit", page_limit(&f->page));
    query_scope(&q, s);
    out->items = query_list(&q, read_device, sizeof(struct device), &out->count);
    out->more = page_cut(&f->page, &out->count);
    return query_end(&q, 0);
}

int store_device_expire(struct unit *u, struct scope s, int64_t before_us)
{
    struct query q = query_open(
        u,
        "UPDATE device SET isolation_state = '', isolation_by = '', isolation_reason = NULL, "
        "isolation_since_us = 0, isolation_expires_us = 0 WHERE isolation_by = 'center' "
        "AND isolation_expires_us > 0 AND isolation_expires_us < :before AND " REACHED("firm_id"));
    query_int(&q, ":before", before_us);
    query_scope(&q, s);
    return query_run(&q);
}

int store_device_count(struct unit *u, struct scope s, struct id gateway, int64_t *count)
{
    struct query q = query_open(
        u, "SELECT COUNT(*) FROM device WHERE gateway_id = :gateway AND " REACHED("firm_id"));
    query_id(&q, ":gateway", &gateway);
    query_scope(&q, s);
    int found = query_step(&q);
    *count = found == 1 ? column_int(&q, 0) : 0;
    return query_end(&q, found);
}

static void read_policy(struct query *q, void *row)
{
    struct policy_row *out = row;
    out->mac = column_text(q, 0);
    out->isolation = (struct isolation){column_word(q, 1, WORDS_ISOLATION_STATE),
                                        column_word(q, 2, WORDS_ISOLATION_BY), column_text(q, 3),
                                        column_int(q, 4), column_int(q, 5)};
    out->released_us = column_int(q, 6);
}

int store_policy_list(struct unit *u, struct scope s, struct id gateway, int64_t since_us,
                      struct policy_list *out)
{
    struct query q = query_open(
        u, "SELECT mac, isolation_state, isolation_by, isolation_reason, isolation_since_us, "
           "isolation_expires_us, released_us FROM device WHERE gateway_id = :gateway AND " REACHED(
               "firm_id") " AND (isolation_by = 'center' AND isolation_state IN ('ordered', "
                          "'applied') "
                          "OR released_us > :since) ORDER BY mac");
    query_id(&q, ":gateway", &gateway);
    query_int(&q, ":since", since_us);
    query_scope(&q, s);
    out->items = query_list(&q, read_policy, sizeof(struct policy_row), &out->count);
    return query_end(&q, 0);
}
