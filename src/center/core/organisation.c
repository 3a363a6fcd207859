#include "base/hash.h"
#include "center/core/inner.h"

#define NAME_BYTES_MAX 400 /* 100 characters */

static bool name_is_fine(const char *name)
{
    size_t len = name ? strlen(name) : 0;
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)name[i] < ' ' || name[i] == 0x7f)
            return false; /* control characters would break mail heads and tables */
    return len > 0 && len <= NAME_BYTES_MAX;
}

static enum outcome bad_name(struct call *c, const char *field)
{
    return problem_set(&c->problem, OUTCOME_INVALID, field, "a name has 1 to %d bytes on one line",
                       NAME_BYTES_MAX);
}

/* Two everyday words: easy to say on the telephone, and a forger has to guess among 4,096. */
static const char *phrase_new(struct arena *a)
{
    static const char *const first[] = {"やまざくら", "あおぞら",   "ゆうひ",   "こがね",
                                        "しろうさぎ", "かざぐるま", "ほしぞら", "わかば",
                                        "ひまわり",   "こもれび",   "さざなみ", "みかづき",
                                        "はつゆき",   "なのはな",   "あさぎり", "もみじ"};
    static const char *const second[] = {"の港", "の丘", "の橋", "の駅", "の庭", "の森",
                                         "の川", "の塔", "の窓", "の道", "の海", "の谷",
                                         "の坂", "の灯", "の里", "の鐘"};
    uint8_t byte[3];
    hash_random(byte, sizeof byte);
    return arena_printf(a, "%s%s%02d", first[byte[0] % ARRAY_COUNT(first)],
                        second[byte[1] % ARRAY_COUNT(second)], byte[2] % 100);
}

enum outcome core_organisation_list(struct call *c, struct organisation_list *out)
{
    struct work w;
    if (work_begin(&w, c->core, UNIT_READ, c->arena) != OUTCOME_OK)
        return OUTCOME_FAILED;
    int result = store_organisation_list(w.unit, c->actor.scope, out);
    return work_end(&w, result < 0 ? OUTCOME_FAILED : OUTCOME_OK);
}

enum outcome core_organisation_add(struct call *c, const struct organisation *o,
                                   struct organisation *out)
{
    struct work w;
    struct organisation operator;
    if (!name_is_fine(o->name))
        return bad_name(c, "name");
    if (o->kind == ORGANISATION_OPERATOR || o->kind == ORGANISATION_FIRM)
        return problem_set(&c->problem, OUTCOME_INVALID, "kind",
                           "only reseller, responder, agent or insurer");
    if (work_begin(&w, c->core, UNIT_WRITE, c->arena) != OUTCOME_OK)
        return OUTCOME_FAILED;
    if (store_operator_get(w.unit, &operator) != 1)
        return work_end(&w, OUTCOME_FAILED);
    *out = *o;
    out->id = id_make(w.now_us);
    out->parent = operator.id;
    bool good = store_organisation_add(w.unit, out, w.now_us) == 1 &&
                work_audit(&w, c, "organisation.add", out->id, (struct id){{0}}) == 1;
    return work_end(&w, good ? OUTCOME_OK : OUTCOME_FAILED);
}

static enum outcome reseller_of(struct call *c, struct work *w, const struct new_firm *firm,
                                struct id *reseller)
{
    struct organisation o;
    *reseller = firm->reseller;
    if (c->actor.role == ROLE_RESELLER) /* whatever was asked: its own */
        *reseller = c->actor.scope.organisation;
    if (id_is_none(reseller))
        return OUTCOME_OK;
    int found = store_organisation_get(w->unit, *reseller, &o);
    if (found < 0)
        return OUTCOME_FAILED;
    if (found == 0 || o.kind != ORGANISATION_RESELLER)
        return problem_set(&c->problem, OUTCOME_INVALID, "reseller_id",
                           "there is no such reseller");
    return OUTCOME_OK;
}

enum outcome core_firm_add(struct call *c, const struct new_firm *firm, struct firm *out)
{
    struct work w;
    struct id reseller;
    if (!name_is_fine(firm->name))
        return bad_name(c, "name");
    if (!name_is_fine(firm->site))
        return bad_name(c, "site");
    if (firm->phrase && !name_is_fine(firm->phrase))
        return bad_name(c, "phrase");
    if (work_begin(&w, c->core, UNIT_WRITE, c->arena) != OUTCOME_OK)
        return OUTCOME_FAILED;
    enum outcome outcome = reseller_of(c, &w, firm, &reseller);
    if (outcome != OUTCOME_OK)
        return work_end(&w, outcome);
    struct firm row = {.id = id_make(w.now_us),
                       .name = firm->name,
                       .language = firm->language,
                       .phrase = firm->phrase ? firm->phrase : phrase_new(c->arena)};
    struct scope s = scope_organisation(row.id);
    struct named site = {id_make(w.now_us), firm->site};
    /* without its phrase nobody could tell this firm's genuine notices from forged ones */
    bool good = row.phrase && store_firm_add(w.unit, &row, reseller, w.now_us) == 1 &&
                store_site_add(w.unit, s, row.id, &site, w.now_us) == 1 &&
                work_audit(&w, c, "firm.add", row.id, row.id) == 1 &&
                store_firm_get(w.unit, s, row.id, out) == 1;
    return work_end(&w, good ? OUTCOME_OK : OUTCOME_FAILED);
}

enum outcome core_firm_get(struct call *c, struct id id, struct firm *out)
{
    struct work w;
    if (work_begin(&w, c->core, UNIT_READ, c->arena) != OUTCOME_OK)
        return OUTCOME_FAILED;
    return work_end(&w, outcome_of(store_firm_get(w.unit, c->actor.scope, id, out), &c->problem));
}

enum outcome core_firm_list(struct call *c, struct firm_list *out)
{
    struct work w;
    if (work_begin(&w, c->core, UNIT_READ, c->arena) != OUTCOME_OK)
        return OUTCOME_FAILED;
    return work_end(&w,
                    store_firm_list(w.unit, c->actor.scope, out) < 0 ? OUTCOME_FAILED : OUTCOME_OK);
}

/* A plain address: what a mail head and the relay take without quoting. Line breaks would make heads of their own. */
static bool mail_is_fine(const char *mail)
{
    size_t len = mail ? strlen(mail) : 0, at = 0, ats = 0;
    for (size_t i = 0; i < len; i++) {
        unsigned char ch = (unsigned char)mail[i];
        if (ch <= ' ' || ch >= 0x7f || strchr("<>()[],;:\\\"", ch))
            return false;
        if (ch == '@') {
            at = i;
            ats++;
        }
    }
    return ats == 1 && at > 0 && at + 1 < len && len <= 254 && at <= 64 && mail[0] != '-';
}

enum outcome core_contact_add(struct call *c, struct id firm, const struct contact *contact,
                              struct firm *out)
{
    struct work w;
    struct contact row = *contact;
    if (!name_is_fine(contact->name))
        return bad_name(c, "name");
    if (!mail_is_fine(contact->mail))
        return problem_set(&c->problem, OUTCOME_INVALID, "mail", "this is no mail address");
    if (work_begin(&w, c->core, UNIT_WRITE, c->arena) != OUTCOME_OK)
        return OUTCOME_FAILED;
    enum outcome outcome =
        outcome_of(store_firm_get(w.unit, c->actor.scope, firm, out), &c->problem);
    if (outcome != OUTCOME_OK)
        return work_end(&w, outcome);
    row.id = id_make(w.now_us);
    int added = store_contact_add(w.unit, c->actor.scope, firm, &row, w.now_us);
    if (added == 0)
        return work_end(&w, problem_set(&c->problem, OUTCOME_CONFLICT, "mail",
                                        "the firm has this address already"));
    bool good = added == 1 && work_audit(&w, c, "contact.add", row.id, firm) == 1 &&
                store_firm_get(w.unit, c->actor.scope, firm, out) == 1;
    return work_end(&w, good ? OUTCOME_OK : OUTCOME_FAILED);
}

enum outcome core_site_add(struct call *c, struct id firm, const char *name, struct firm *out)
{
    struct work w;
    if (!name_is_fine(name))
        return bad_name(c, "name");
    if (work_begin(&w, c->core, UNIT_WRITE, c->arena) != OUTCOME_OK)
        return OUTCOME_FAILED;
    struct named site = {id_make(w.now_us), name};
    enum outcome outcome =
        outcome_of(store_site_add(w.unit, c->actor.scope, firm, &site, w.now_us), &c->problem);
    if (outcome != OUTCOME_OK)
        return work_end(&w, outcome);
    bool good = work_audit(&w, c, "site.add", site.id, firm) == 1 &&
                store_firm_get(w.unit, c->actor.scope, firm, out) == 1;
    return work_end(&w, good ? OUTCOME_OK : OUTCOME_FAILED);
}

enum outcome core_grant_add(struct call *c, struct id organisation, struct id firm)
{
    struct work w;
    struct organisation o;
    if (work_begin(&w, c->core, UNIT_WRITE, c->arena) != OUTCOME_OK)
        return OUTCOME_FAILED;
    enum outcome outcome =
        outcome_of(store_organisation_get(w.unit, organisation, &o), &c->problem);
    if (outcome == OUTCOME_OK && o.kind != ORGANISATION_RESPONDER && o.kind != ORGANISATION_AGENT &&
        o.kind != ORGANISATION_INSURER)
        outcome = problem_set(&c->problem, OUTCOME_INVALID, "organisation_id",
                              "only a responder, agent or insurer is let in by a grant");
    if (outcome == OUTCOME_OK)
        outcome = outcome_of(store_grant_add(w.unit, c->actor.scope, organisation, firm, w.now_us),
                             &c->problem);
    if (outcome == OUTCOME_OK && work_audit(&w, c, "grant.add", organisation, firm) != 1)
        outcome = OUTCOME_FAILED;
    return work_end(&w, outcome);
}
