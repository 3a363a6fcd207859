#include "center/api/inner.h"

static void set_cookie(struct visit *v, const char *value, int64_t seconds)
{
    const char *text = arena_printf(
        v->x->arena, "otasuke_session=%s; Path=/; HttpOnly; SameSite=Strict; Max-Age=%lld%s", value,
        (long long)seconds, v->api->conf.secure_cookie ? "; Secure" : "");
    if (text)
        http_answer_head(v->x, "Set-Cookie", text);
}

static void answer_me(struct visit *v)
{
    struct json *j = visit_begin(v, 200);
    json_object(j, NULL);
    write_user(j, "user", &v->session.user);
    write_text(j, "csrf_token", v->session.csrf);
    write_time(j, "expires", v->session.expires_us);
    json_end_object(j);
}

void handle_login(struct http_exchange *x)
{
    struct visit *v = x->user;
    if (!visit_body(v))
        return;
    struct login login = {str_c(tree_text(v->body, "login")), str_c(tree_text(v->body, "password")),
                          str_c(x->address)};
    if (!visit_ok(v, core_login(&v->call, &login, &v->session)))
        return;
    set_cookie(v, v->session.token, (v->session.expires_us - core_now(v->call.core)) / 1000000);
    answer_me(v);
}

void handle_logout(struct http_exchange *x)
{
    struct visit *v = x->user;
    if (!visit_ok(v, core_logout(&v->call, str_c(v->token))))
        return;
    set_cookie(v, "", 0);
    x->status = 204;
}

void handle_me(struct http_exchange *x)
{
    answer_me(x->user);
}

void handle_password(struct http_exchange *x)
{
    struct visit *v = x->user;
    struct password_change change = {.token = str_c(v->token)};
    if (!visit_body(v) ||
        !visit_need_text(v, "old_password", PASSWORD_BYTES_MAX, &change.old_password) ||
        !visit_need_text(v, "new_password", PASSWORD_BYTES_MAX, &change.new_password))
        return;
    if (visit_ok(v, core_password_change(&v->call, &change)))
        x->status = 204;
}

void handle_users(struct http_exchange *x)
{
    struct visit *v = x->user;
    struct user_list list;
    if (!visit_ok(v, core_user_list(&v->call, &list)))
        return;
    struct json *j = visit_begin(v, 200);
    json_object(j, NULL);
    json_array(j, "items");
    for (size_t i = 0; i < list.count; i++)
        write_user(j, NULL, &list.items[i]);
    json_end_array(j);
    json_end_object(j);
}

void handle_user_add(struct http_exchange *x)
{
    struct visit *v = x->user;
    struct new_user wish = {0};
    struct user user;
    int role = -1, language = LANGUAGE_JA;
    if (!visit_body(v) || !visit_need_text(v, "login", 100, &wish.login) ||
        !visit_need_text(v, "name", 100, &wish.name) ||
        !visit_need_text(v, "password", PASSWORD_BYTES_MAX, &wish.password) ||
        !visit_word(v, "role", WORDS_ROLE, &role) ||
        !visit_word(v, "language", WORDS_LANGUAGE, &language) ||
        !visit_id(v, "organisation_id", &wish.organisation))
        return;
    if (role < 0) {
        visit_invalid(v, "role", "a user has a role");
        return;
    }
    wish.role = role;
    wish.language = language;
    if (visit_ok(v, core_user_add(&v->call, &wish, &user)))
        write_user(visit_begin(v, 201), NULL, &user);
}

void handle_organisations(struct http_exchange *x)
{
    struct visit *v = x->user;
    struct organisation_list list;
    if (!visit_ok(v, core_organisation_list(&v->call, &list)))
        return;
    struct json *j = visit_begin(v, 200);
    json_object(j, NULL);
    json_array(j, "items");
    for (size_t i = 0; i < list.count; i++)
        write_organisation(j, &list.items[i]);
    json_end_array(j);
    json_end_object(j);
}

void handle_organisation_add(struct http_exchange *x)
{
    struct visit *v = x->user;
    struct organisation wish = {0}, made;
    int kind = ORGANISATION_OPERATOR; /* which core refuses */
    if (!visit_body(v) || !visit_need_text(v, "name", 100, &wish.name) ||
        !visit_word(v, "kind", WORDS_ORGANISATION, &kind))
        return;
    wish.kind = kind;
    if (visit_ok(v, core_organisation_add(&v->call, &wish, &made)))
        write_organisation(visit_begin(v, 201), &made);
}

/* Who only sells or insures has no business with the phrase that proves a notice genuine, nor with people's addresses. */
static void hide_private(const struct visit *v, struct firm *f)
{
    enum role role = v->call.actor.role;
    if (role != ROLE_AGENT && role != ROLE_INSURER)
        return;
    f->phrase = NULL;
    f->contact_count = 0;
}

void handle_firms(struct http_exchange *x)
{
    struct visit *v = x->user;
    struct firm_list list;
    if (!visit_ok(v, core_firm_list(&v->call, &list)))
        return;
    struct json *j = visit_begin(v, 200);
    json_object(j, NULL);
    json_array(j, "items");
    for (size_t i = 0; i < list.count; i++) {
        hide_private(v, &list.items[i]);
        write_firm(j, NULL, &list.items[i]);
    }
    json_end_array(j);
    json_end_object(j);
}

void handle_firm_add(struct http_exchange *x)
{
    struct visit *v = x->user;
    struct new_firm wish = {0};
    struct firm firm;
    int language = LANGUAGE_JA;
    if (!visit_body(v) || !visit_need_text(v, "name", 100, &wish.name) ||
        !visit_need_text(v, "site", 100, &wish.site) ||
        !visit_word(v, "language", WORDS_LANGUAGE, &language) ||
        !visit_text(v, "phrase", 100, &wish.phrase) || !visit_id(v, "reseller_id", &wish.reseller))
        return;
    wish.language = language;
    if (visit_ok(v, core_firm_add(&v->call, &wish, &firm)))
        write_firm(visit_begin(v, 201), NULL, &firm);
}

void handle_firm(struct http_exchange *x)
{
    struct visit *v = x->user;
    struct id id;
    struct firm firm;
    if (!visit_path_id(v, &id) || !visit_ok(v, core_firm_get(&v->call, id, &firm)))
        return;
    hide_private(v, &firm);
    write_firm(visit_begin(v, 200), NULL, &firm);
}

void handle_contact_add(struct http_exchange *x)
{
    struct visit *v = x->user;
    struct id id;
    struct contact wish = {0};
    struct firm firm;
    int language = LANGUAGE_JA;
    if (!visit_path_id(v, &id) || !visit_body(v) || !visit_need_text(v, "name", 100, &wish.name) ||
        !visit_need_text(v, "mail", 254, &wish.mail) ||
        !visit_word(v, "language", WORDS_LANGUAGE, &language))
        return;
    wish.language = language;
    if (visit_ok(v, core_contact_add(&v->call, id, &wish, &firm)))
        write_firm(visit_begin(v, 201), NULL, &firm);
}

void handle_site_add(struct http_exchange *x)
{
    struct visit *v = x->user;
    struct id id;
    const char *name;
    struct firm firm;
    if (visit_path_id(v, &id) && visit_body(v) && visit_need_text(v, "name", 100, &name) &&
        visit_ok(v, core_site_add(&v->call, id, name, &firm)))
        write_firm(visit_begin(v, 201), NULL, &firm);
}
