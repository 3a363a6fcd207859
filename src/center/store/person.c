/* Users, sessions, the audit log: shared between firms, so without a scope. */
#include "center/store/sql.h"

int store_user_add(struct unit *u, const struct user *user, const char *password, int64_t now_us)
{
    struct query q = query_open(
        u,
        "INSERT INTO user (id, login, name, role, organisation_id, language, password, created_us) "
        "VALUES (:id, :login, :name, :role, :organisation, :language, :password, :now) "
        "ON CONFLICT (login) DO NOTHING");
    query_id(&q, ":id", &user->id);
    query_text(&q, ":login", user->login);
    query_text(&q, ":name", user->name);
    query_word(&q, ":role", WORDS_ROLE, user->role);
    query_id(&q, ":organisation", &user->organisation.id);
    query_word(&q, ":language", WORDS_LANGUAGE, user->language);
    query_text(&q, ":password", password);
    query_int(&q, ":now", now_us);
    return query_run(&q);
}

#define USER_COLUMNS                                                                     \
    "u.id, u.login, u.name, u.role, o.id, o.name, u.language, u.last_login_us, o.kind, " \
    "u.password"
#define USER_TABLES "user u JOIN organisation o ON o.id = u.organisation_id"

static void read_user(struct query *q, void *row)
{
    struct user *out = row;
    out->id = column_id(q, 0);
    out->login = column_text(q, 1);
    out->name = column_text(q, 2);
    out->role = column_word(q, 3, WORDS_ROLE);
    out->organisation = column_named(q, 4);
    out->language = column_word(q, 6, WORDS_LANGUAGE);
    out->last_login_us = column_int(q, 7);
}

static int one_login(struct query *q, struct login_row *out)
{
    int found = query_step(q);
    if (found == 1) {
        read_user(q, &out->user);
        out->organisation_kind = column_word(q, 8, WORDS_ORGANISATION);
        out->password = column_text(q, 9);
    }
    return query_end(q, found);
}

int store_user_by_login(struct unit *u, const char *login, struct login_row *out)
{
    struct query q =
        query_open(u, "SELECT " USER_COLUMNS " FROM " USER_TABLES " WHERE u.login = :login");
    query_text(&q, ":login", login);
    return one_login(&q, out);
}

int store_user_get(struct unit *u, struct id id, struct login_row *out)
{
    struct query q = query_open(u, "SELECT " USER_COLUMNS " FROM " USER_TABLES " WHERE u.id = :id");
    query_id(&q, ":id", &id);
    return one_login(&q, out);
}

int store_user_list(struct unit *u, struct user_list *out)
{
    struct query q = query_open(u, "SELECT " USER_COLUMNS " FROM " USER_TABLES " ORDER BY u.login");
    out->items = query_list(&q, read_user, sizeof(struct user), &out->count);
    return query_end(&q, 0);
}

int store_user_logged_in(struct unit *u, struct id id, int64_t now_us)
{
    struct query q = query_open(u, "UPDATE user SET last_login_us = :now WHERE id = :id");
    query_int(&q, ":now", now_us);
    query_id(&q, ":id", &id);
    return query_run(&q);
}

int store_user_password(struct unit *u, struct id id, const char *password)
{
    struct query q = query_open(u, "UPDATE user SET password = :password WHERE id = :id");
    query_text(&q, ":password", password);
    query_id(&q, ":id", &id);
    return query_run(&q);
}

int store_session_add(struct unit *u, const struct session_row *row)
{
    struct query q = query_open(
        u, "INSERT INTO session (token_hash, user_id, csrf, created_us, used_us, expires_us) "
           "VALUES (:hash, :user, :csrf, :created, :used, :expires)");
    query_text(&q, ":hash", row->token_hash);
    query_id(&q, ":user", &row->user);
    query_text(&q, ":csrf", row->csrf);
    query_int(&q, ":created", row->created_us);
    query_int(&q, ":used", row->used_us);
    query_int(&q, ":expires", row->expires_us);
    return query_run(&q);
}

int store_session_get(struct unit *u, const char *token_hash, struct session_row *out)
{
    struct query q =
        query_open(u, "SELECT token_hash, user_id, csrf, created_us, used_us, expires_us "
                      "FROM session WHERE token_hash = :hash");
    query_text(&q, ":hash", token_hash);
    int found = query_step(&q);
    if (found == 1) {
        out->token_hash = column_text(&q, 0);
        out->user = column_id(&q, 1);
        out->csrf = column_text(&q, 2);
        out->created_us = column_int(&q, 3);
        out->used_us = column_int(&q, 4);
        out->expires_us = column_int(&q, 5);
    }
    return query_end(&q, found);
}

int store_session_used(struct unit *u, const char *token_hash, int64_t now_us)
{
    struct query q = query_open(u, "UPDATE session SET used_us = :now WHERE token_hash = :hash");
    query_int(&q, ":now", now_us);
    query_text(&q, ":hash", token_hash);
    return query_run(&q);
}

int store_session_end(struct unit *u, const char *token_hash)
{
    struct query q = query_open(u, "DELETE FROM session WHERE token_hash = :hash");
    query_text(&q, ":hash", token_hash);
    return query_run(&q);
}

int store_session_end_others(struct unit *u, struct id user, const char *keep_hash)
{
    struct query q =
        query_open(u, "DELETE FROM session WHERE user_id = :user AND token_hash <> :keep");
    query_id(&q, ":user", &user);
    query_text(&q, ":keep", keep_hash ? keep_hash : "");
    return query_run(&q);
}

int store_session_expire(struct unit *u, int64_t now_us)
{
    struct query q = query_open(u, "DELETE FROM session WHERE expires_us <= :now");
    query_int(&q, ":now", now_us);
    return query_run(&q);
}

int store_audit_add(struct unit *u, const struct audit_row *row, int64_t now_us)
{
    struct id id = id_make(now_us);
    struct query q = query_open(
        u, "INSERT INTO audit (id, at_us, actor_id, actor_name, action, thing_id, firm_id, detail) "
           "VALUES (:id, :now, :actor, :name, :action, :thing, :firm, :detail)");
    query_id(&q, ":id", &id);
    query_int(&q, ":now", now_us);
    query_id_null(&q, ":actor", &row->actor);
    query_text(&q, ":name", row->actor_name ? row->actor_name : "mimamori");
    query_text(&q, ":action", row->action);
    query_id_null(&q, ":thing", &row->thing);
    query_id_null(&q, ":firm", &row->firm);
    query_text(&q, ":detail", row->detail);
    return query_run(&q);
}
