#include "center/store/sql.h"

int store_organisation_add(struct unit *u, const struct organisation *o, int64_t now_us)
{
    struct query q =
        query_open(u, "INSERT INTO organisation (id, kind, name, parent_id, created_us) "
                      "VALUES (:id, :kind, :name, :parent, :now)");
    query_id(&q, ":id", &o->id);
    query_word(&q, ":kind", WORDS_ORGANISATION, o->kind);
    query_text(&q, ":name", o->name);
    query_id_null(&q, ":parent", &o->parent);
    query_int(&q, ":now", now_us);
    return query_run(&q);
}

static void read_organisation(struct query *q, void *row)
{
    struct organisation *out = row;
    out->id = column_id(q, 0);
    out->kind = column_word(q, 1, WORDS_ORGANISATION);
    out->name = column_text(q, 2);
    out->parent = column_id(q, 3);
}

int store_organisation_get(struct unit *u, struct id id, struct organisation *out)
{
    struct query q =
        query_open(u, "SELECT id, kind, name, parent_id FROM organisation WHERE id = :id");
    query_id(&q, ":id", &id);
    return query_one(&q, read_organisation, out);
}

int store_operator_get(struct unit *u, struct organisation *out)
{
    struct query q = query_open(u, "SELECT id, kind, name, parent_id FROM organisation "
                                   "WHERE kind = 'operator' AND parent_id IS NULL LIMIT 1");
    return query_one(&q, read_organisation, out);
}

int store_organisation_list(struct unit *u, struct scope s, struct organisation_list *out)
{
    /* Parents were made before their children, so ids sort them. */
    struct query q = query_open(
        u,
        "SELECT id, kind, name, parent_id FROM organisation "
        "WHERE :all OR id = :org OR id IN (SELECT firm_id FROM reach WHERE organisation_id = :org) "
        "ORDER BY id");
    query_scope(&q, s);
    out->items = query_list(&q, read_organisation, sizeof(struct organisation), &out->count);
    return query_end(&q, 0);
}

static int reach_add(struct unit *u, struct id organisation, struct id firm, const char *why,
                     int64_t now_us)
{
    struct query q = query_open(u, "INSERT INTO reach (organisation_id, firm_id, why, since_us) "
                                   "VALUES (:holder, :firm, :why, :now) ON CONFLICT DO NOTHING");
    query_id(&q, ":holder", &organisation);
    query_id(&q, ":firm", &firm);
    query_text(&q, ":why", why);
    query_int(&q, ":now", now_us);
    return query_run(&q);
}

int store_firm_add(struct unit *u, const struct firm *f, struct id reseller, int64_t now_us)
{
    struct organisation operator;
    if (store_operator_get(u, &operator) != 1)
        return unit_failed(u) ? -1 : 0;
    struct organisation self = {f->id, ORGANISATION_FIRM, f->name,
                                id_is_none(&reseller) ? operator.id : reseller };
    if (store_organisation_add(u, &self, now_us) < 0)
        return -1;
    struct query q = query_open(u, "INSERT INTO firm (firm_id, reseller_id, language, phrase) "
                                   "VALUES (:id, :reseller, :language, :phrase)");
    query_id(&q, ":id", &f->id);
    query_id_null(&q, ":reseller", &reseller);
    query_word(&q, ":language", WORDS_LANGUAGE, f->language);
    query_text(&q, ":phrase", f->phrase);
    int result = query_run(&q);
    if (reach_add(u, f->id, f->id, "self", now_us) < 0 ||
        reach_add(u, operator.id, f->id, "operator", now_us) < 0)
        return -1;
    if (!id_is_none(&reseller) && reach_add(u, reseller, f->id, "reseller", now_us) < 0)
        return -1;
    return result;
}

#define FIRM_COLUMNS                                           \
    "f.firm_id, o.name, f.language, f.phrase, f.reseller_id, " \
    "(SELECT name FROM organisation WHERE id = f.reseller_id)"
#define FIRM_TABLES "firm f JOIN organisation o ON o.id = f.firm_id"

static void read_firm(struct query *q, void *row)
{
    struct firm *out = row;
    memset(out, 0, sizeof *out);
    out->id = column_id(q, 0);
    out->name = column_text(q, 1);
    out->language = column_word(q, 2, WORDS_LANGUAGE);
    out->phrase = column_text(q, 3);
    out->reseller = column_named(q, 4);
}

static void read_site(struct query *q, void *row)
{
    struct named *out = row;
    *out = column_named(q, 0);
}

static int add_sites(struct unit *u, struct scope s, struct firm *f)
{
    struct query q = query_open(u, "SELECT id, name FROM site WHERE firm_id = :firm AND " REACHED(
                                       "firm_id") " ORDER BY id");
    query_id(&q, ":firm", &f->id);
    query_scope(&q, s);
    f->sites = query_list(&q, read_site, sizeof(struct named), &f->site_count);
    return query_end(&q, 0);
}

static void read_contact(struct query *q, void *row)
{
    struct contact *out = row;
    *out = (struct contact){column_id(q, 0), column_text(q, 1), column_text(q, 2),
                            column_word(q, 3, WORDS_LANGUAGE)};
}

static int add_contacts(struct unit *u, struct scope s, struct firm *f)
{
    struct query q = query_open(u, "SELECT id, name, mail, language FROM contact "
                                   "WHERE firm_id = :firm AND " REACHED("firm_id") " ORDER BY id");
    query_id(&q, ":firm", &f->id);
    query_scope(&q, s);
    f->contacts = query_list(&q, read_contact, sizeof(struct contact), &f->contact_count);
    return query_end(&q, 0);
}

int store_firm_get(struct unit *u, struct scope s, struct id id, struct firm *out)
{
    struct query q = query_open(u, "SELECT " FIRM_COLUMNS " FROM " FIRM_TABLES
                                   " WHERE f.firm_id = :id AND " REACHED("f.firm_id"));
    query_id(&q, ":id", &id);
    query_scope(&q, s);
    int found = query_one(&q, read_firm, out);
    if (found == 1 && (add_sites(u, s, out) < 0 || add_contacts(u, s, out) < 0))
        return -1;
    return found;
}

int store_firm_list(struct unit *u, struct scope s, struct firm_list *out)
{
    struct query q = query_open(u, "SELECT " FIRM_COLUMNS " FROM " FIRM_TABLES
                                   " WHERE " REACHED("f.firm_id") " ORDER BY o.name, f.firm_id");
    query_scope(&q, s);
    out->items = query_list(&q, read_firm, sizeof(struct firm), &out->count);
    int result = query_end(&q, 0);
    for (size_t i = 0; i < out->count; i++)
        if (add_sites(u, s, &out->items[i]) < 0 || add_contacts(u, s, &out->items[i]) < 0)
            return -1;
    return result;
}

int store_grant_add(struct unit *u, struct scope s, struct id organisation, struct id firm,
                    int64_t now_us)
{
    struct firm reached;
    int found = store_firm_get(u, s, firm, &reached);
    if (found != 1)
        return found;
    return reach_add(u, organisation, firm, "grant", now_us);
}

int store_grant_end(struct unit *u, struct scope s, struct id organisation, struct id firm)
{
    struct query q =
        query_open(u, "DELETE FROM reach WHERE organisation_id = :holder AND firm_id = :firm "
                      "AND why = 'grant' AND " REACHED("firm_id"));
    query_id(&q, ":holder", &organisation);
    query_id(&q, ":firm", &firm);
    query_scope(&q, s);
    return query_run(&q);
}

int store_site_add(struct unit *u, struct scope s, struct id firm, const struct named *site,
                   int64_t now_us)
{
    struct query q = query_open(u, "INSERT INTO site (id, firm_id, name, created_us) "
                                   "SELECT :id, firm_id, :name, :now FROM firm "
                                   "WHERE firm_id = :firm AND " REACHED("firm_id"));
    query_id(&q, ":id", &site->id);
    query_id(&q, ":firm", &firm);
    query_text(&q, ":name", site->name);
    query_int(&q, ":now", now_us);
    query_scope(&q, s);
    return query_run(&q);
}

int store_site_get(struct unit *u, struct scope s, struct id id, struct named *site,
                   struct id *firm)
{
    struct query q =
        query_open(u, "SELECT id, name, firm_id FROM site WHERE id = :id AND " REACHED("firm_id"));
    query_id(&q, ":id", &id);
    query_scope(&q, s);
    int found = query_step(&q);
    if (found == 1) {
        *site = column_named(&q, 0);
        *firm = column_id(&q, 2);
    }
    return query_end(&q, found);
}

int store_contact_add(struct unit *u, struct scope s, struct id firm, const struct contact *c,
                      int64_t now_us)
{
    struct query q =
        query_open(u, "INSERT INTO contact (id, firm_id, name, mail, language, created_us) "
                      "SELECT :id, firm_id, :name, :mail, :language, :now FROM firm "
                      "WHERE firm_id = :firm AND " REACHED("firm_id") " ON CONFLICT DO NOTHING");
    query_id(&q, ":id", &c->id);
    query_id(&q, ":firm", &firm);
    query_text(&q, ":name", c->name);
    query_text(&q, ":mail", c->mail);
    query_word(&q, ":language", WORDS_LANGUAGE, c->language);
    query_int(&q, ":now", now_us);
    query_scope(&q, s);
    return query_run(&q);
}
