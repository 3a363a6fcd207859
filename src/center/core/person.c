#include "base/digest.h"
#include "base/hash.h"
#include "base/text.h"
#include "center/core/inner.h"
#include "center/core/password.h"

#include <stdio.h>

#define SESSION_LIFE_US (INT64_C(12) * 3600 * 1000000)
#define SESSION_IDLE_US (INT64_C(2) * 3600 * 1000000)
#define SESSION_NOTE_US (INT64_C(60) * 1000000) /* how often its use is written down */

/* What a wrong login name is checked against, so that it takes as long as a wrong password. */
static const char nobody[] = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$"
                             "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

void core_password_random(char out[24])
{
    password_random(out, 20);
}

static bool check(struct core *core, const char *encoded, struct str password)
{
    pthread_mutex_lock(&core->hashing);
    bool right = password_check(encoded, password);
    pthread_mutex_unlock(&core->hashing);
    return right;
}

static enum outcome make_hash(struct core *core, const char *password, char *out, struct problem *p)
{
    size_t len = password ? strlen(password) : 0;
    if (len < PASSWORD_BYTES_MIN || len > PASSWORD_BYTES_MAX)
        return problem_set(p, OUTCOME_INVALID, "password", "a password has %d to %d bytes",
                           PASSWORD_BYTES_MIN, PASSWORD_BYTES_MAX);
    pthread_mutex_lock(&core->hashing);
    int result = password_hash(str_c(password), out);
    pthread_mutex_unlock(&core->hashing);
    return result == 0 ? OUTCOME_OK
                       : problem_set(p, OUTCOME_FAILED, NULL, "no memory for the password's hash");
}

/* 32 random bytes as 43 signs; the store keeps only their hash, so a stolen copy of it opens no session. */
static void token_new(char token[SESSION_TOKEN_BYTES])
{
    uint8_t bytes[32];
    struct buf b = buf_fixed(token, SESSION_TOKEN_BYTES);
    hash_random(bytes, sizeof bytes);
    text_add_base64url(&b, str_of(bytes, sizeof bytes));
    token[SESSION_TOKEN_CHARS] = 0;
}

static void token_hash(struct str token, char out[65])
{
    uint8_t digest[DIGEST_BYTES_MAX];
    digest_of(DIGEST_SHA256, token, digest);
    text_hex(out, str_of(digest, 32));
}

static void fill_session(struct person_session *s, const struct login_row *row)
{
    static const struct scope everything = {SCOPE_ALL_FIRMS, {{0}}};
    bool staff = (ROLES_STAFF & ROLE_BIT(row->user.role)) != 0;
    s->user = row->user;
    s->actor = (struct actor){row->user.id, row->user.name, row->user.role,
                              staff ? everything : scope_organisation(row->user.organisation.id)};
}

static enum outcome refuse(struct problem *p)
{
    return problem_set(p, OUTCOME_LOGIN_FAILED, NULL, "login or password is wrong");
}

static enum outcome refuse_rest(struct problem *p)
{
    return problem_set(p, OUTCOME_LIMITED, NULL, "too many wrong passwords: this login rests");
}

static enum outcome open_session(struct call *c, const struct login_row *row,
                                 struct person_session *out)
{
    struct work w;
    char hash[65], csrf[SESSION_TOKEN_BYTES];
    if (work_begin(&w, c->core, UNIT_WRITE, c->arena) != OUTCOME_OK)
        return OUTCOME_FAILED;
    token_new(out->token);
    token_new(csrf);
    token_hash(str_c(out->token), hash);
    struct session_row session = {hash,     row->user.id, csrf,
                                  w.now_us, w.now_us,     w.now_us + SESSION_LIFE_US};
    c->actor = (struct actor){.user = row->user.id, .name = row->user.name};
    bool good = store_session_add(w.unit, &session) == 1 &&
                store_user_logged_in(w.unit, row->user.id, w.now_us) == 1 &&
                work_audit(&w, c, "session.login", row->user.id, (struct id){{0}}) == 1;
    fill_session(out, row);
    out->csrf = (const char *)arena_copy(c->arena, str_c(csrf)).p;
    out->expires_us = session.expires_us;
    return work_end(&w, good && out->csrf ? OUTCOME_OK : OUTCOME_FAILED);
}

enum outcome core_login(struct call *c, const struct login *login, struct person_session *out)
{
    struct work w;
    struct login_row row;
    int64_t now_us = core_now(c->core);
    if (!limiter_allows(&c->core->logins, login->address, now_us))
        return problem_set(&c->problem, OUTCOME_LIMITED, NULL, "too many tries from this address");
    if (login->password.len > PASSWORD_BYTES_MAX || login->login.len > 100)
        return refuse(&c->problem);
    if (!rests_allows(&c->core->rests, login->login, now_us))
        return refuse_rest(&c->problem);
    const char *name = (const char *)arena_copy(c->arena, login->login).p;
    if (!name || work_begin(&w, c->core, UNIT_READ, c->arena) != OUTCOME_OK)
        return OUTCOME_FAILED;
    int found = store_user_by_login(w.unit, name, &row);
    enum outcome read = work_end(&w, found < 0 ? OUTCOME_FAILED : OUTCOME_OK);
    if (read != OUTCOME_OK)
        return read;
    if (check(c->core, found == 1 ? row.password : nobody, login->password) && found == 1) {
        rests_forget(&c->core->rests, login->login);
        return open_session(c, &row, out);
    }
    limiter_wrong(&c->core->logins, login->address, now_us);
    rests_wrong(&c->core->rests, login->login, now_us);
    return refuse(&c->problem);
}

static enum outcome note_use(struct call *c, const char *hash)
{
    struct work w;
    if (work_begin(&w, c->core, UNIT_WRITE, c->arena) != OUTCOME_OK)
        return OUTCOME_FAILED;
    return work_end(&w,
                    store_session_used(w.unit, hash, w.now_us) < 0 ? OUTCOME_FAILED : OUTCOME_OK);
}

enum outcome core_session(struct call *c, struct str token, struct person_session *out)
{
    struct work w;
    struct session_row session;
    struct login_row row;
    char hash[65];
    if (token.len != SESSION_TOKEN_CHARS)
        return problem_set(&c->problem, OUTCOME_LOGIN_FAILED, NULL, "not logged in");
    token_hash(token, hash);
    if (work_begin(&w, c->core, UNIT_READ, c->arena) != OUTCOME_OK)
        return OUTCOME_FAILED;
    int found = store_session_get(w.unit, hash, &session);
    if (found == 1)
        found = store_user_get(w.unit, session.user, &row);
    int64_t now_us = w.now_us;
    enum outcome read = work_end(&w, found < 0 ? OUTCOME_FAILED : OUTCOME_OK);
    if (read != OUTCOME_OK)
        return read;
    if (found == 0 || session.expires_us <= now_us || session.used_us + SESSION_IDLE_US <= now_us)
        return problem_set(&c->problem, OUTCOME_LOGIN_FAILED, NULL, "not logged in");
    fill_session(out, &row);
    out->csrf = session.csrf;
    out->expires_us = session.expires_us;
    out->token[0] = 0;
    if (session.used_us + SESSION_NOTE_US <= now_us)
        return note_use(c, hash);
    return OUTCOME_OK;
}

enum outcome core_logout(struct call *c, struct str token)
{
    struct work w;
    char hash[65];
    token_hash(token, hash);
    if (work_begin(&w, c->core, UNIT_WRITE, c->arena) != OUTCOME_OK)
        return OUTCOME_FAILED;
    bool good = store_session_end(w.unit, hash) >= 0 &&
                work_audit(&w, c, "session.logout", c->actor.user, (struct id){{0}}) == 1;
    return work_end(&w, good ? OUTCOME_OK : OUTCOME_FAILED);
}

enum outcome core_password_change(struct call *c, const struct password_change *change)
{
    struct work w;
    struct login_row row;
    char hash[PASSWORD_HASH_BYTES], keep[65];
    if (work_begin(&w, c->core, UNIT_READ, c->arena) != OUTCOME_OK)
        return OUTCOME_FAILED;
    enum outcome outcome =
        work_end(&w, outcome_of(store_user_get(w.unit, c->actor.user, &row), &c->problem));
    if (outcome != OUTCOME_OK)
        return outcome;
    struct str login = str_c(row.user.login);
    if (!rests_allows(&c->core->rests, login, core_now(c->core)))
        return refuse_rest(&c->problem);
    if (!check(c->core, row.password, str_c(change->old_password))) {
        rests_wrong(&c->core->rests, login, core_now(c->core));
        return refuse(&c->problem);
    }
    outcome = make_hash(c->core, change->new_password, hash, &c->problem);
    if (outcome != OUTCOME_OK)
        return outcome;
    token_hash(change->token, keep);
    if (work_begin(&w, c->core, UNIT_WRITE, c->arena) != OUTCOME_OK)
        return OUTCOME_FAILED;
    bool good = store_user_password(w.unit, c->actor.user, hash) == 1 &&
                store_session_end_others(w.unit, c->actor.user, keep) >= 0 &&
                work_audit(&w, c, "user.password", c->actor.user, (struct id){{0}}) == 1;
    return work_end(&w, good ? OUTCOME_OK : OUTCOME_FAILED);
}

/* Which kind of organisation each role belongs to. */
static const enum organisation_kind home_of[ROLES] = {
    [ROLE_ADMIN] = ORGANISATION_OPERATOR,      [ROLE_OPERATOR] = ORGANISATION_OPERATOR,
    [ROLE_ANALYST] = ORGANISATION_OPERATOR,    [ROLE_RESELLER] = ORGANISATION_RESELLER,
    [ROLE_RESPONDER] = ORGANISATION_RESPONDER, [ROLE_AGENT] = ORGANISATION_AGENT,
    [ROLE_INSURER] = ORGANISATION_INSURER,     [ROLE_MANAGER] = ORGANISATION_FIRM,
    [ROLE_CUSTOMER] = ORGANISATION_FIRM,
};

static bool login_is_fine(const char *login)
{
    size_t len = login ? strlen(login) : 0;
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)login[i] <= ' ' || login[i] == 0x7f)
            return false;
    return len > 0 && len <= 100;
}

static enum outcome add_user(struct call *c, struct work *w, const struct new_user *user,
                             const char *hash, struct user *out)
{
    struct organisation home;
    int found = id_is_none(&user->organisation)
                    ? store_operator_get(w->unit, &home)
                    : store_organisation_get(w->unit, user->organisation, &home);
    if (found < 0)
        return OUTCOME_FAILED;
    if (found == 0 || home.kind != home_of[user->role])
        return problem_set(&c->problem, OUTCOME_INVALID, "organisation_id",
                           "the role %s belongs to an organisation of kind %s",
                           word_of(WORDS_ROLE, user->role),
                           word_of(WORDS_ORGANISATION, home_of[user->role]));
    *out = (struct user){.id = id_make(w->now_us),
                         .login = user->login,
                         .name = user->name,
                         .role = user->role,
                         .organisation = {home.id, home.name},
                         .language = user->language};
    int added = store_user_add(w->unit, out, hash, w->now_us);
    if (added == 0)
        return problem_set(&c->problem, OUTCOME_CONFLICT, "login", "this login is taken");
    if (added < 0 || work_audit(w, c, "user.add", out->id, (struct id){{0}}) != 1)
        return OUTCOME_FAILED;
    return OUTCOME_OK;
}

enum outcome core_user_add(struct call *c, const struct new_user *user, struct user *out)
{
    struct work w;
    char hash[PASSWORD_HASH_BYTES];
    if (!login_is_fine(user->login))
        return problem_set(&c->problem, OUTCOME_INVALID, "login",
                           "a login has 1 to 100 characters, no spaces");
    if (!user->name || !user->name[0])
        return problem_set(&c->problem, OUTCOME_INVALID, "name", "a user has a name");
    enum outcome outcome = make_hash(c->core, user->password, hash, &c->problem);
    if (outcome != OUTCOME_OK)
        return outcome;
    if (work_begin(&w, c->core, UNIT_WRITE, c->arena) != OUTCOME_OK)
        return OUTCOME_FAILED;
    return work_end(&w, add_user(c, &w, user, hash, out));
}

enum outcome core_user_list(struct call *c, struct user_list *out)
{
    struct work w;
    if (work_begin(&w, c->core, UNIT_READ, c->arena) != OUTCOME_OK)
        return OUTCOME_FAILED;
    return work_end(&w, store_user_list(w.unit, out) < 0 ? OUTCOME_FAILED : OUTCOME_OK);
}

enum outcome core_set_up(struct call *c, const char *operator_name, const struct new_user *admin)
{
    struct work w;
    char hash[PASSWORD_HASH_BYTES];
    struct organisation operator;
    struct user user;
    enum outcome outcome = make_hash(c->core, admin->password, hash, &c->problem);
    if (outcome != OUTCOME_OK)
        return outcome;
    if (work_begin(&w, c->core, UNIT_WRITE, c->arena) != OUTCOME_OK)
        return OUTCOME_FAILED;
    int found = store_operator_get(w.unit, &operator);
    if (found != 0)
        return work_end(&w, found < 0 ? OUTCOME_FAILED
                                      : problem_set(&c->problem, OUTCOME_CONFLICT, NULL,
                                                    "it is set up already"));
    operator=(struct organisation){
        .id = id_make(w.now_us), .kind = ORGANISATION_OPERATOR, .name = operator_name};
    if (store_organisation_add(w.unit, &operator, w.now_us) != 1)
        return work_end(&w, OUTCOME_FAILED);
    return work_end(&w, add_user(c, &w, admin, hash, &user));
}
