#include "base/text.h"
#include "center/core/inner.h"

#define CLAIM_ASKED_MAX 10 /* times one claim may be asked for before it is dead */
#define EXPIRY_GRACE_US \
    (INT64_C(600) * 1000000) /* the gateway tells of the end itself; this is for one that cannot */
#define RELEASE_KEPT_US (INT64_C(30) * 86400 * 1000000)

static struct scope of_firm(const struct claim *c)
{
    return scope_organisation(c->firm);
}

/* ---- enrolment ---- */

static enum outcome claim_of_row(const struct claim_row *row, struct claim *out)
{
    struct buf b = buf_fixed(out->key, sizeof out->key);
    out->gateway = row->gateway;
    out->firm = row->firm;
    if (!text_unhex(&b, str_c(row->claim_key)) || b.len != LINK_KEY_BYTES)
        return OUTCOME_FAILED;
    return OUTCOME_OK;
}

enum outcome core_claim_check(struct core *core, const uint8_t claim_id[LINK_CLAIM_ID_BYTES],
                              struct str address, struct claim *out)
{
    struct work w;
    struct arena a;
    struct claim_row row;
    char id[2 * LINK_CLAIM_ID_BYTES + 1];
    int64_t now_us = core_now(core);

    memset(out, 0, sizeof *out);
    if (!limiter_allows(&core->claims, address, now_us))
        return OUTCOME_LIMITED;
    text_hex(id, str_of(claim_id, LINK_CLAIM_ID_BYTES));
    arena_init(&a, 4096, 0);
    enum outcome outcome = work_begin(&w, core, UNIT_WRITE, &a);
    if (outcome == OUTCOME_OK) {
        int found = store_claim_get(w.unit, id, &row);
        bool live = found == 1 && row.expires_us > now_us && row.asked < CLAIM_ASKED_MAX;
        if (found == 1 && store_claim_asked(w.unit, id) != 1)
            found = -1;
        outcome = work_end(&w, found < 0 ? OUTCOME_FAILED : OUTCOME_OK);
        if (outcome == OUTCOME_OK)
            outcome = live ? claim_of_row(&row, out) : OUTCOME_NOT_FOUND;
    }
    if (outcome == OUTCOME_NOT_FOUND)
        limiter_wrong(&core->claims, address, now_us);
    arena_fini(&a);
    return outcome;
}

static bool serial_is_fine(const char *serial)
{
    size_t len = serial ? strlen(serial) : 0;
    return len > 0 && len <= CERT_SERIAL_MAX && strspn(serial, "0123456789abcdef") == len;
}

static enum outcome consume(struct work *w, const char *id, const struct certificate *cert,
                            struct claim *out)
{
    struct claim_row row;
    int found = store_claim_get(w->unit, id, &row);
    if (found < 0)
        return OUTCOME_FAILED;
    if (found == 0 || row.expires_us <= w->now_us)
        return OUTCOME_NOT_FOUND;
    *out = (struct claim){.gateway = row.gateway, .firm = row.firm};
    struct certificate_row c = {cert->serial, row.gateway, row.firm, cert->not_after_us, 0};
    bool good = store_claim_end_all(w->unit, of_firm(out), row.gateway) == 1 &&
                store_certificate_revoke_all(w->unit, of_firm(out), row.gateway, w->now_us) >= 0 &&
                store_certificate_add(w->unit, of_firm(out), &c, w->now_us) == 1 &&
                store_gateway_enrolled(w->unit, of_firm(out), row.gateway, w->now_us) == 1;
    struct audit_row audit = {
        .action = "gateway.enrol", .thing = row.gateway, .firm = row.firm, .detail = cert->serial};
    if (!good || store_audit_add(w->unit, &audit, w->now_us) != 1)
        return OUTCOME_FAILED;
    work_change(w, CHANGE_GATEWAY, row.gateway, row.firm);
    work_change(w, CHANGE_POLICY, row.gateway, row.firm);
    return OUTCOME_OK;
}

enum outcome core_claim_consume(struct core *core, const uint8_t claim_id[LINK_CLAIM_ID_BYTES],
                                struct str address, const struct certificate *cert,
                                struct claim *out)
{
    struct work w;
    struct arena a;
    char id[2 * LINK_CLAIM_ID_BYTES + 1];

    memset(out, 0, sizeof *out);
    if (!limiter_allows(&core->claims, address, core_now(core)))
        return OUTCOME_LIMITED;
    if (!serial_is_fine(cert->serial))
        return OUTCOME_FAILED;
    text_hex(id, str_of(claim_id, LINK_CLAIM_ID_BYTES));
    arena_init(&a, 4096, 0);
    enum outcome outcome = work_begin(&w, core, UNIT_WRITE, &a);
    if (outcome == OUTCOME_OK)
        outcome = work_end(&w, consume(&w, id, cert, out));
    if (outcome == OUTCOME_NOT_FOUND)
        limiter_wrong(&core->claims, address, core_now(core));
    arena_fini(&a);
    return outcome;
}

enum outcome core_certificate_add(struct core *core, struct id gateway,
                                  const struct certificate *cert)
{
    struct work w;
    struct arena a;
    struct gateway g;
    struct certificate_row row = {cert->serial, gateway, {{0}}, cert->not_after_us, 0};

    if (!serial_is_fine(cert->serial))
        return OUTCOME_FAILED;
    arena_init(&a, 4096, 0);
    enum outcome outcome = work_begin(&w, core, UNIT_WRITE, &a);
    if (outcome == OUTCOME_OK) {
        /* the certificate that asks named the gateway: the center acts for itself here */
        outcome = outcome_of(store_gateway_get(w.unit, scope_all_firms(), gateway, &g), NULL);
        if (outcome == OUTCOME_OK && g.revoked_us)
            outcome = OUTCOME_NOT_FOUND;
        if (outcome == OUTCOME_OK &&
            store_certificate_add(w.unit, scope_organisation(g.firm.id), &row, w.now_us) != 1)
            outcome = OUTCOME_FAILED;
        outcome = work_end(&w, outcome);
    }
    arena_fini(&a);
    return outcome;
}

enum serial_state core_gateway_by_serial(struct core *core, struct str serial, struct claim *out)
{
    struct work w;
    struct arena a;
    struct certificate_row row;
    char text[CERT_SERIAL_MAX + 1] = {0};

    memset(out, 0, sizeof *out);
    if (serial.len == 0 || serial.len > CERT_SERIAL_MAX)
        return SERIAL_UNKNOWN;
    memcpy(text, serial.p, serial.len);
    arena_init(&a, 4096, 0);
    int found = -1;
    if (work_begin(&w, core, UNIT_READ, &a) == OUTCOME_OK) {
        found = store_certificate_get(w.unit, text, &row);
        if (work_end(&w, OUTCOME_OK) != OUTCOME_OK)
            found = -1;
    }
    enum serial_state state = SERIAL_UNKNOWN;
    if (found == 1) {
        state =
            row.revoked_us || row.not_after_us <= core_now(core) ? SERIAL_REVOKED : SERIAL_VALID;
        out->gateway = row.gateway;
        out->firm = row.firm;
    }
    arena_fini(&a);
    return state;
}

/* ---- heartbeat and silence ---- */

#define HEALTH_TEXT_BYTES 64
#define COUNTERS_BYTES 8192

/* The member at the top or under "otasuke.health". */
static const struct tree *health_get(const struct tree *t, const char *name)
{
    const struct tree *v = tree_get(t, name);
    return v ? v : tree_get(tree_get(t, "otasuke.health"), name);
}

static const char *short_text(const struct tree *t, const char *otherwise, struct arena *a)
{
    const char *text = tree_text(t, NULL);
    if (!text)
        return otherwise;
    const char *copy = (const char *)arena_copy(a, str_cut(str_c(text), 0, HEALTH_TEXT_BYTES)).p;
    return copy ? copy : otherwise;
}

/* Whole numbers only: {"pkts":1,"drops":0}. */
static const char *counters_text(const struct tree *t, const char *otherwise, struct arena *a)
{
    struct buf b;
    void *at = NULL;
    const char *name;
    const struct tree *value;
    const struct tree *object = health_get(t, "counters");
    if (!object)
        object = tree_get(t, "otasuke.health");
    if (tree_type(object, NULL) != TREE_OBJECT)
        return otherwise;
    buf_init(&b, COUNTERS_BYTES);
    while (tree_next(object, &at, &name, &value)) {
        if (tree_type(value, NULL) != TREE_NUMBER || strlen(name) > 64 ||
            strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_.-") != strlen(name))
            continue;
        buf_printf(&b, "%c\"%s\":%lld", b.len ? ',' : '{', name,
                   (long long)tree_int(value, NULL, 0));
    }
    buf_add_c(&b, b.len ? "}" : "{}");
    const char *copy = b.failed ? NULL : (const char *)arena_copy(a, buf_str(&b)).p;
    buf_fini(&b);
    return copy ? copy : otherwise;
}

static int fail_open_of(const struct tree *t, int otherwise)
{
    const struct tree *v = health_get(t, "fail_open");
    if (tree_type(v, NULL) == TREE_BOOL)
        return tree_bool(v, NULL, false);
    if (tree_type(v, NULL) == TREE_NUMBER)
        return tree_int(v, NULL, 0) != 0;
    return otherwise;
}

static enum outcome heard(struct work *w, struct gateway *g, const struct tree *t)
{
    struct scope s = scope_organisation(g->firm.id);
    bool was_silent = g->state == GATEWAY_SILENT, first = g->state == GATEWAY_NEVER;
    int was_open = g->fail_open;
    int64_t wall_us = tree_int(health_get(t, "wall_us"), NULL, 0);

    g->last_heartbeat_us = w->now_us;
    g->version = short_text(health_get(t, "version"), g->version, w->arena);
    g->capture = short_text(health_get(t, "capture"), g->capture, w->arena);
    g->counters = counters_text(t, g->counters, w->arena);
    g->fail_open = fail_open_of(t, g->fail_open);
    g->known_policy = tree_int(health_get(t, "policy"), NULL, g->known_policy);
    if (wall_us > 0)
        g->clock_offset_us = wall_us - w->now_us;
    if (store_gateway_heard(w->unit, s, g) != 1)
        return OUTCOME_FAILED;
    if (was_silent && incident_gateway_end(w, g, KIND_GATEWAY_SILENT) < 0)
        return OUTCOME_FAILED;
    if (g->fail_open == 1 && was_open != 1 &&
        incident_gateway_begin(w, g, KIND_FAIL_OPEN, w->now_us) < 0)
        return OUTCOME_FAILED;
    if (g->fail_open == 0 && was_open == 1 && incident_gateway_end(w, g, KIND_FAIL_OPEN) < 0)
        return OUTCOME_FAILED;
    if (was_silent || first || was_open != g->fail_open)
        work_change(w, CHANGE_GATEWAY, g->id, g->firm.id);
    return OUTCOME_OK;
}

enum outcome core_heartbeat(struct core *core, struct id gateway, struct str status_json,
                            struct problem *problem)
{
    struct work w;
    struct arena a;
    struct gateway g;

    if (status_json.len > LINK_HEALTH_BYTES_MAX)
        return problem_set(problem, OUTCOME_INVALID, NULL, "the heartbeat is longer than %u bytes",
                           LINK_HEALTH_BYTES_MAX);
    struct tree *t = tree_parse(status_json, NULL);
    if (!t)
        return problem_set(problem, OUTCOME_INVALID, NULL, "the heartbeat is not JSON");
    arena_init(&a, 16384, 0);
    enum outcome outcome = work_begin(&w, core, UNIT_WRITE, &a);
    if (outcome == OUTCOME_OK) {
        outcome = outcome_of(store_gateway_get(w.unit, scope_all_firms(), gateway, &g), problem);
        if (outcome == OUTCOME_OK)
            outcome = heard(&w, &g, t);
        outcome = work_end(&w, outcome);
    }
    arena_fini(&a);
    tree_free(t);
    return outcome;
}

/* A gateway that was heard within the last hour's alarm flaps: its old thread is opened again, without a new mail. */
static enum outcome fell_silent(struct work *w)
{
    struct gateway_list quiet;
    int64_t before_us = w->now_us - w->core->settings.silence_us;
    if (store_gateway_list_quiet(w->unit, scope_all_firms(), before_us, &quiet) < 0)
        return OUTCOME_FAILED;
    for (size_t i = 0; i < quiet.count; i++) {
        const struct gateway *g = &quiet.items[i];
        if (store_gateway_set_silent(w->unit, scope_organisation(g->firm.id), g->id, true) != 1 ||
            incident_gateway_begin(w, g, KIND_GATEWAY_SILENT, g->last_heartbeat_us) < 0)
            return OUTCOME_FAILED;
        work_change(w, CHANGE_GATEWAY, g->id, g->firm.id);
    }
    return OUTCOME_OK;
}

enum outcome core_tick(struct core *core)
{
    struct work w;
    struct arena a;
    arena_init(&a, 16384, 0);
    enum outcome outcome = work_begin(&w, core, UNIT_WRITE, &a);
    if (outcome == OUTCOME_OK) {
        outcome = fell_silent(&w);
        if (outcome == OUTCOME_OK &&
            (store_session_expire(w.unit, w.now_us) < 0 ||
             store_device_expire(w.unit, scope_all_firms(), w.now_us - EXPIRY_GRACE_US) < 0))
            outcome = OUTCOME_FAILED;
        outcome = work_end(&w, outcome);
    }
    arena_fini(&a);
    return outcome;
}

/* ---- policy ---- */

static void fill_policy(struct link_policy *p, const struct policy_list *rows, int64_t now_us)
{
    for (size_t i = 0; i < rows->count; i++) {
        const struct policy_row *row = &rows->items[i];
        struct mac mac;
        bool over = row->isolation.expires_us && row->isolation.expires_us <= now_us;
        if (!mac_parse(str_c(row->mac), &mac))
            continue;
        if (row->isolation.by == ISOLATION_BY_CENTER &&
            row->isolation.state != ISOLATION_RELEASE_ORDERED && !over &&
            p->isolated_count < LINK_ISOLATED_MAX) {
            struct link_isolation *one = &p->isolated[p->isolated_count++];
            *one = (struct link_isolation){
                mac, row->isolation.since_us, row->isolation.expires_us, {0}};
            struct str reason = str_cut(str_c(row->isolation.reason), 0, LINK_REASON_BYTES - 1);
            while (reason.len && !text_is_utf8(reason)) /* cut in the middle of a character */
                reason.len--;
            memcpy(one->reason, reason.p, reason.len);
        } else if (row->released_us && p->released_count < LINK_RELEASED_MAX) {
            p->released[p->released_count++] = (struct link_release){mac, row->released_us};
        }
    }
}

enum outcome core_policy_for(struct core *core, struct id gateway, int64_t known_number,
                             struct buf *out, int64_t *number)
{
    struct work w;
    struct arena a;
    struct gateway g;
    struct policy_list rows = {0};

    arena_init(&a, 16384, 0);
    struct link_policy *p = arena_zalloc(&a, sizeof *p);
    enum outcome outcome = p ? work_begin(&w, core, UNIT_READ, &a) : OUTCOME_FAILED;
    if (outcome == OUTCOME_OK) {
        outcome = outcome_of(store_gateway_get(w.unit, scope_all_firms(), gateway, &g), NULL);
        if (outcome == OUTCOME_OK && g.revoked_us)
            outcome = OUTCOME_NOT_FOUND;
        if (outcome == OUTCOME_OK && g.policy_number != known_number &&
            store_policy_list(w.unit, scope_organisation(g.firm.id), gateway,
                              w.now_us - RELEASE_KEPT_US, &rows) < 0)
            outcome = OUTCOME_FAILED;
        outcome = work_end(&w, outcome);
    }
    if (outcome == OUTCOME_OK) {
        *number = g.policy_number;
        if (g.policy_number != known_number) {
            p->number = (uint64_t)g.policy_number;
            memcpy(p->gateway, g.id.text, sizeof g.id.text);
            fill_policy(p, &rows, core_now(core));
            link_policy_write(out, p);
        }
    }
    arena_fini(&a);
    return outcome;
}

/* ---- for people ---- */

enum outcome core_gateway_add(struct call *c, struct id site, const char *name, struct gateway *out)
{
    struct work w;
    size_t len = name ? strlen(name) : 0;
    if (len == 0 || len > 400 || strpbrk(name, "\r\n"))
        return problem_set(&c->problem, OUTCOME_INVALID, "name", "a gateway has a name");
    if (work_begin(&w, c->core, UNIT_WRITE, c->arena) != OUTCOME_OK)
        return OUTCOME_FAILED;
    struct gateway row = {.id = id_make(w.now_us), .site = {site, NULL}, .name = name};
    enum outcome outcome =
        outcome_of(store_gateway_add(w.unit, c->actor.scope, &row, w.now_us), &c->problem);
    if (outcome == OUTCOME_OK)
        outcome = outcome_of(store_gateway_get(w.unit, c->actor.scope, row.id, out), &c->problem);
    if (outcome == OUTCOME_OK && work_audit(&w, c, "gateway.add", out->id, out->firm.id) != 1)
        outcome = OUTCOME_FAILED;
    if (outcome == OUTCOME_OK)
        work_change(&w, CHANGE_GATEWAY, out->id, out->firm.id);
    return work_end(&w, outcome);
}

enum outcome core_gateway_get(struct call *c, struct id id, struct gateway *out)
{
    struct work w;
    if (work_begin(&w, c->core, UNIT_READ, c->arena) != OUTCOME_OK)
        return OUTCOME_FAILED;
    return work_end(&w,
                    outcome_of(store_gateway_get(w.unit, c->actor.scope, id, out), &c->problem));
}

enum outcome core_gateway_list(struct call *c, const struct gateway_filter *f,
                               struct gateway_list *out)
{
    struct work w;
    if (work_begin(&w, c->core, UNIT_READ, c->arena) != OUTCOME_OK)
        return OUTCOME_FAILED;
    return work_end(&w, store_gateway_list(w.unit, c->actor.scope, f, out) < 0 ? OUTCOME_FAILED
                                                                               : OUTCOME_OK);
}

static enum outcome add_claim(struct call *c, struct work *w, struct id gateway,
                              const struct link_claim *claim)
{
    struct gateway g;
    char id[2 * LINK_CLAIM_ID_BYTES + 1], key[2 * LINK_KEY_BYTES + 1];
    enum outcome outcome =
        outcome_of(store_gateway_get(w->unit, c->actor.scope, gateway, &g), &c->problem);
    if (outcome != OUTCOME_OK)
        return outcome;
    text_hex(id, str_of(claim->id, LINK_CLAIM_ID_BYTES));
    text_hex(key, str_of(claim->key, LINK_KEY_BYTES));
    struct claim_row row = {id, key, gateway, g.firm.id, w->now_us + CLAIM_LIFE_US, 0};
    bool good = store_claim_end_all(w->unit, c->actor.scope, gateway) >= 0 &&
                store_claim_add(w->unit, c->actor.scope, &row, w->now_us) == 1 &&
                work_audit(w, c, "gateway.claim", gateway, g.firm.id) == 1;
    return good ? OUTCOME_OK : OUTCOME_FAILED;
}

enum outcome core_claim_code_new(struct call *c, struct id gateway, struct claim_code *out)
{
    struct work w;
    struct link_claim claim;
    char code[LINK_CODE_BYTES];

    link_code_new(code);
    if (link_claim_of_code(code, &claim) != 0)
        return problem_set(&c->problem, OUTCOME_FAILED, NULL, "no memory for the code");
    if (work_begin(&w, c->core, UNIT_WRITE, c->arena) != OUTCOME_OK)
        return OUTCOME_FAILED;
    link_code_show(code, out->shown);
    out->expires_us = w.now_us + CLAIM_LIFE_US;
    return work_end(&w, add_claim(c, &w, gateway, &claim));
}

enum outcome core_gateway_revoke(struct call *c, struct id id, struct gateway *out)
{
    struct work w;
    if (work_begin(&w, c->core, UNIT_WRITE, c->arena) != OUTCOME_OK)
        return OUTCOME_FAILED;
    enum outcome outcome =
        outcome_of(store_gateway_revoke(w.unit, c->actor.scope, id, w.now_us), &c->problem);
    if (outcome == OUTCOME_OK)
        outcome = outcome_of(store_gateway_get(w.unit, c->actor.scope, id, out), &c->problem);
    if (outcome == OUTCOME_OK && work_audit(&w, c, "gateway.revoke", id, out->firm.id) != 1)
        outcome = OUTCOME_FAILED;
    if (outcome == OUTCOME_OK) {
        work_change(&w, CHANGE_GATEWAY, id, out->firm.id);
        work_change(&w, CHANGE_POLICY, id, out->firm.id);
    }
    return work_end(&w, outcome);
}

enum outcome core_gateway_confirm_devices(struct call *c, struct id id, struct gateway *out)
{
    struct work w;
    if (work_begin(&w, c->core, UNIT_WRITE, c->arena) != OUTCOME_OK)
        return OUTCOME_FAILED;
    enum outcome outcome = outcome_of(
        store_gateway_devices_confirmed(w.unit, c->actor.scope, id, w.now_us), &c->problem);
    if (outcome == OUTCOME_OK)
        outcome = outcome_of(store_gateway_get(w.unit, c->actor.scope, id, out), &c->problem);
    if (outcome == OUTCOME_OK &&
        work_audit(&w, c, "gateway.confirm_devices", id, out->firm.id) != 1)
        outcome = OUTCOME_FAILED;
    if (outcome == OUTCOME_OK) {
        work_change(&w, CHANGE_GATEWAY, id, out->firm.id);
        work_change(&w, CHANGE_DEVICE, id, out->firm.id);
    }
    return work_end(&w, outcome);
}
