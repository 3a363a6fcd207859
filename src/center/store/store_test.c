#include "center/store/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#define NOW INT64_C(1795000000000000) /* 2026-11-18 */

struct world {
    char folder[64];
    char path[96];
    struct store *store;
    struct arena arena;
    struct id operator, reseller, responder;
    struct {
        struct id firm, site, gateway, device, incident;
        struct scope scope;
    } firms[2]; /* 0: the reseller's, 1: direct */
};

static struct unit *begin(struct world *w, enum unit_kind kind)
{
    struct err err;
    struct unit *u = unit_begin(w->store, kind, &w->arena, &err);
    if (!u)
        fail_msg("%s", err.text);
    return u;
}

static void commit(struct unit *u)
{
    struct err err;
    if (unit_commit(u, &err) != 0)
        fail_msg("%s", err.text);
}

static void add_firm(struct world *w, struct unit *u, int n, struct id reseller)
{
    struct scope s = scope_organisation(w->firms[n].firm = id_make(NOW));
    struct firm firm = {.id = w->firms[n].firm, .name = n ? "乙社" : "甲社", .phrase = "山桜"};
    struct named site = {w->firms[n].site = id_make(NOW), "本社"};
    struct contact contact = {id_make(NOW), "山田", "yamada@example.jp", LANGUAGE_JA};
    struct gateway g = {.id = w->firms[n].gateway = id_make(NOW), .site = site, .name = "装置"};
    struct device d = {.id = w->firms[n].device = id_make(NOW),
                       .gateway = {g.id, NULL},
                       .mac = "02:00:00:00:00:01",
                       .hostname = "KEIRI-02",
                       .first_seen_us = NOW,
                       .last_seen_us = NOW};
    struct incident i = {.id = w->firms[n].incident = id_make(NOW),
                         .number = n ? "261118-0002" : "261118-0001",
                         .gateway = {g.id, NULL},
                         .device = d.id,
                         .kind = KIND_C2,
                         .level = LEVEL_RED,
                         .count = 1,
                         .first_seen_us = NOW,
                         .last_seen_us = NOW};
    w->firms[n].scope = s;
    assert_int_equal(store_firm_add(u, &firm, reseller, NOW), 1);
    assert_int_equal(store_site_add(u, s, firm.id, &site, NOW), 1);
    assert_int_equal(store_contact_add(u, s, firm.id, &contact, NOW), 1);
    assert_int_equal(store_gateway_add(u, s, &g, NOW), 1);
    assert_int_equal(store_device_add(u, s, &d), 1);
    assert_int_equal(store_incident_add(u, s, &i), 1);
}

static int set_up(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    struct err err;
    struct id none = {{0}};
    snprintf(w->folder, sizeof w->folder, "/tmp/store_test.XXXXXX");
    assert_non_null(mkdtemp(w->folder));
    snprintf(w->path, sizeof w->path, "%s/center.db", w->folder);
    arena_init(&w->arena, 0, 0);
    w->store = store_open(w->path, &err);
    if (!w->store || store_migrate(w->store, NOW, &err) != 0)
        fail_msg("%s", err.text);
    struct unit *u = begin(w, UNIT_WRITE);
    struct organisation rows[] = {
        {w->operator= id_make(NOW), ORGANISATION_OPERATOR, "会議所", none},
        {w->reseller = id_make(NOW), ORGANISATION_RESELLER, "再販社", w->operator},
         {
             w->responder = id_make(NOW),
             ORGANISATION_RESPONDER,
             "駆付社",
             w->operator},
        };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        assert_int_equal(store_organisation_add(u, &rows[i], NOW), 1);
    add_firm(w, u, 0, w->reseller);
    add_firm(w, u, 1, none);
    commit(u);
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;
    char command[160];
    store_close(w->store);
    arena_fini(&w->arena);
    snprintf(command, sizeof command, "rm -rf %s", w->folder);
    assert_int_equal(system(command), 0);
    free(w);
    return 0;
}

static void who_reaches_which_firm(void **state)
{
    struct world *w = *state;
    struct unit *u = begin(w, UNIT_READ);
    struct scope nothing = {0};
    const struct {
        const char *name;
        struct scope scope;
        size_t firms;
        int first, second;
    } rows[] = {
        {"zeroed scope", nothing, 0, 0, 0},
        {"first firm", w->firms[0].scope, 1, 1, 0},
        {"second firm", w->firms[1].scope, 1, 0, 1},
        {"reseller", scope_organisation(w->reseller), 1, 1, 0},
        {"responder without grant", scope_organisation(w->responder), 0, 0, 0},
        {"operator", scope_organisation(w->operator), 2, 1, 1},
        {"all firms", scope_all_firms(), 2, 1, 1},
        {"a firm's site as organisation", scope_organisation(w->firms[0].site), 0, 0, 0},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct firm_list list;
        struct firm firm;
        assert_int_equal(store_firm_list(u, rows[i].scope, &list), 0);
        if (list.count != rows[i].firms)
            fail_msg("%s: %zu firms", rows[i].name, list.count);
        assert_int_equal(store_firm_get(u, rows[i].scope, w->firms[0].firm, &firm), rows[i].first);
        assert_int_equal(store_firm_get(u, rows[i].scope, w->firms[1].firm, &firm), rows[i].second);
    }
    unit_end(u);
}

/* Reads and lists of the other firm's rows give nothing. */
static void no_reading_crosses_firms(void **state)
{
    struct world *w = *state;
    struct unit *u = begin(w, UNIT_READ);
    struct scope s = w->firms[1].scope;
    struct id firm = w->firms[0].firm, gateway = w->firms[0].gateway, device = w->firms[0].device;
    struct gateway g;
    struct device d;
    struct incident i;
    struct named site;
    struct id owner;
    assert_int_equal(store_site_get(u, s, w->firms[0].site, &site, &owner), 0);
    assert_int_equal(store_gateway_get(u, s, gateway, &g), 0);
    assert_int_equal(store_device_get(u, s, device, &d), 0);
    assert_int_equal(store_device_by_mac(u, s, gateway, "02:00:00:00:00:01", &d), 0);
    assert_int_equal(store_incident_get(u, s, w->firms[0].incident, &i), 0);
    struct cause cause = {gateway, device, KIND_C2, 0, false};
    assert_int_equal(store_incident_by_cause(u, s, &cause, &i), 0);
    struct incident_list open;
    assert_int_equal(store_incident_list_open(u, s, &cause, &open), 0);
    assert_int_equal(open.count, 0);
    struct incident_filter incidents = {.firm = firm, .page = {.limit = 10}};
    struct incident_list incident_list;
    assert_int_equal(store_incident_list(u, s, &incidents, &incident_list), 0);
    assert_int_equal(incident_list.count, 0);
    struct device_filter devices = {.firm = firm, .page = {.limit = 10}};
    struct device_list device_list;
    assert_int_equal(store_device_list(u, s, &devices, &device_list), 0);
    assert_int_equal(device_list.count, 0);
    struct gateway_filter gateways = {firm, {.limit = 10}};
    struct gateway_list gateway_list;
    assert_int_equal(store_gateway_list(u, s, &gateways, &gateway_list), 0);
    assert_int_equal(gateway_list.count, 0);
    struct notice_filter notices = {.firm = firm, .page = {.limit = 10}};
    struct notice_list notice_list;
    assert_int_equal(store_notice_list(u, s, &notices, &notice_list), 0);
    assert_int_equal(notice_list.count, 0);
    struct policy_list policy;
    assert_int_equal(store_policy_list(u, s, gateway, 0, &policy), 0);
    assert_int_equal(policy.count, 0);
    struct summary summary;
    assert_int_equal(store_summary(u, s, &summary), 1);
    assert_int_equal(summary.open[LEVEL_RED], 1);
    assert_int_equal(summary.devices, 1);
    unit_end(u);
}

/* Each change of the other firm's rows changes nothing. */
static void no_writing_crosses_firms(void **state)
{
    struct world *w = *state;
    struct unit *u = begin(w, UNIT_WRITE);
    struct scope s = w->firms[1].scope;
    struct id firm = w->firms[0].firm, gateway = w->firms[0].gateway, device = w->firms[0].device;
    struct named site = {id_make(NOW), "x"};
    struct contact contact = {id_make(NOW), "x", "x@example.jp", LANGUAGE_JA};
    struct gateway g = {.id = id_make(NOW), .site = {w->firms[0].site, NULL}, .name = "x"};
    struct device d = {.id = id_make(NOW), .gateway = {gateway, NULL}, .mac = "02:00:00:00:00:02"};
    struct incident i = {.id = id_make(NOW), .number = "261118-0009", .gateway = {gateway, NULL}};
    struct isolation cut = {ISOLATION_ORDERED, ISOLATION_BY_CENTER, "x", NOW, 0};
    struct certificate_row cert = {"ab", gateway, firm, NOW, 0};
    struct claim_row claim = {"id", "key", gateway, firm, NOW, 0};
    struct event_row event = {
        .firm = firm,
        .event = {.gateway = gateway, .epoch = "e", .seq = 1, .received_us = NOW, .type = "alert"},
        .json = STR_LIT("{}")};
    struct epoch_row epoch = {gateway, firm, "e", 1, 0};
    struct notice notice = {.id = id_make(NOW),
                            .incident = w->firms[0].incident,
                            .recipient = "x@example.jp",
                            .subject = "x",
                            .body = "x",
                            .message_id = "x"};
    assert_int_equal(store_site_add(u, s, firm, &site, NOW), 0);
    assert_int_equal(store_contact_add(u, s, firm, &contact, NOW), 0);
    assert_int_equal(store_grant_add(u, s, w->responder, firm, NOW), 0);
    assert_int_equal(store_gateway_add(u, s, &g, NOW), 0);
    assert_int_equal(store_gateway_set_silent(u, s, gateway, true), 0);
    assert_int_equal(store_gateway_enrolled(u, s, gateway, NOW), 0);
    assert_int_equal(store_gateway_revoke(u, s, gateway, NOW), 0);
    assert_int_equal(store_gateway_policy_changed(u, s, gateway), 0);
    g.id = gateway;
    assert_int_equal(store_gateway_heard(u, s, &g), 0);
    assert_int_equal(store_certificate_add(u, s, &cert, NOW), 0);
    assert_int_equal(store_claim_add(u, s, &claim, NOW), 0);
    assert_int_equal(store_claim_end_all(u, s, gateway), 0);
    assert_int_equal(store_device_add(u, s, &d), 0);
    d.id = device;
    assert_int_equal(store_device_seen(u, s, &d), 0);
    assert_int_equal(store_device_named(u, s, &d), 0);
    assert_int_equal(store_device_isolation(u, s, device, &cut), 0);
    assert_int_equal(store_device_released(u, s, device, NOW), 0);
    assert_int_equal(store_incident_add(u, s, &i), 0);
    i.id = w->firms[0].incident;
    assert_int_equal(store_incident_put(u, s, &i), 0);
    assert_int_equal(store_event_add(u, s, &event), 0);
    assert_int_equal(store_epoch_put(u, s, &epoch, NOW), 0);
    assert_int_equal(store_notice_add(u, s, &notice), 0);
    assert_int_equal(store_notice_put(u, s, &notice), 0);
    commit(u);
}

static void a_grant_opens_a_firm_and_its_end_closes_it(void **state)
{
    struct world *w = *state;
    struct scope responder = scope_organisation(w->responder);
    struct incident i;
    struct unit *u = begin(w, UNIT_WRITE);
    assert_int_equal(store_grant_add(u, scope_all_firms(), w->responder, w->firms[0].firm, NOW), 1);
    assert_int_equal(store_incident_get(u, responder, w->firms[0].incident, &i), 1);
    assert_int_equal(store_incident_get(u, responder, w->firms[1].incident, &i), 0);
    assert_int_equal(store_grant_end(u, scope_all_firms(), w->responder, w->firms[0].firm), 1);
    assert_int_equal(store_incident_get(u, responder, w->firms[0].incident, &i), 0);
    /* the tree's own reach is no grant and does not end like one */
    assert_int_equal(store_grant_end(u, scope_all_firms(), w->reseller, w->firms[0].firm), 0);
    commit(u);
}

static void an_event_is_stored_once_and_read_by_month(void **state)
{
    struct world *w = *state;
    struct scope s = w->firms[0].scope;
    struct unit *u = begin(w, UNIT_WRITE);
    for (uint64_t seq = 1; seq <= 25; seq++) {
        struct event_row row = {.event = {.gateway = w->firms[0].gateway,
                                          .epoch = "e1",
                                          .seq = seq,
                                          /* some in November, some in December */
                                          .received_us = NOW + (int64_t)seq * INT64_C(86400000000),
                                          .type = "alert",
                                          .verdict = VERDICT_BLOCKED},
                                .incident = w->firms[0].incident,
                                .json = STR_LIT("{\"a\":1}")};
        assert_int_equal(store_event_add(u, s, &row), 1);
        assert_int_equal(store_event_add(u, s, &row), 0);
    }
    commit(u);
    u = begin(w, UNIT_READ);
    struct event_filter f = {.incident = w->firms[0].incident, .limit = 10};
    struct event_list list;
    uint64_t expected = 25;
    size_t pages = 0;
    do {
        assert_int_equal(store_event_list(u, s, &f, &list), 0);
        for (size_t i = 0; i < list.count; i++)
            assert_int_equal(list.items[i].seq, expected--);
        f.before.received_us = list.items[list.count - 1].received_us;
        f.before.seq = list.items[list.count - 1].seq;
        pages++;
    } while (list.more);
    assert_int_equal(expected, 0);
    assert_int_equal(pages, 3);
    f.before = (struct event_position){0, 0};
    assert_int_equal(store_event_list(u, w->firms[1].scope, &f, &list), 0);
    assert_int_equal(list.count, 0);
    unit_end(u);
}

static void incidents_come_in_pages_without_gap_or_repeat(void **state)
{
    struct world *w = *state;
    struct scope s = w->firms[0].scope;
    struct unit *u = begin(w, UNIT_WRITE);
    for (int n = 0; n < 45; n++) {
        char number[20];
        snprintf(number, sizeof number, "t-%d", n);
        struct incident i = {.id = id_make(NOW),
                             .number = number,
                             .gateway = {w->firms[0].gateway, NULL},
                             .kind = KIND_SCAN,
                             .level = n % 3,
                             .last_seen_us = NOW + n / 4}; /* ties */
        assert_int_equal(store_incident_add(u, s, &i), 1);
    }
    struct incident_filter f = {.page = {.limit = 7}};
    struct incident_list list;
    size_t seen = 0;
    struct position last = {INT64_MAX, {{0}}};
    do {
        assert_int_equal(store_incident_list(u, s, &f, &list), 0);
        for (size_t n = 0; n < list.count; n++) {
            struct incident *i = &list.items[n];
            assert_true(i->last_seen_us < last.at_us ||
                        (i->last_seen_us == last.at_us && strcmp(i->id.text, last.id.text) < 0));
            last = (struct position){i->last_seen_us, i->id};
            seen++;
        }
        f.page.before = last;
    } while (list.more);
    assert_int_equal(seen, 46);
    struct incident_filter red = {.levels = 1u << LEVEL_RED, .page = {.limit = 100}};
    assert_int_equal(store_incident_list(u, s, &red, &list), 0);
    assert_int_equal(list.count, 16); /* 15 and the world's own */
    struct incident_filter over = {.states = 1u << STATE_RESOLVED, .page = {.limit = 100}};
    assert_int_equal(store_incident_list(u, s, &over, &list), 0);
    assert_int_equal(list.count, 0);
    unit_end(u);
}

static void what_is_not_committed_did_not_happen(void **state)
{
    struct world *w = *state;
    struct scope s = w->firms[0].scope;
    struct device d;
    struct unit *u = begin(w, UNIT_WRITE);
    assert_int_equal(store_device_get(u, s, w->firms[0].device, &d), 1);
    d.name = "経理";
    assert_int_equal(store_device_named(u, s, &d), 1);
    unit_end(u);
    u = begin(w, UNIT_WRITE);
    assert_int_equal(unit_part_begin(u), 0);
    assert_int_equal(store_device_named(u, s, &d), 1);
    assert_int_equal(unit_part_undo(u), 0);
    commit(u);
    u = begin(w, UNIT_READ);
    assert_int_equal(store_device_get(u, s, w->firms[0].device, &d), 1);
    assert_null(d.name);
    unit_end(u);
}

static void a_failed_unit_refuses_to_commit(void **state)
{
    struct world *w = *state;
    struct err err;
    struct unit *u = begin(w, UNIT_WRITE);
    struct user user = {
        .id = id_make(NOW), .login = "a", .name = "a", .organisation = {id_make(NOW), NULL}};
    /* an organisation that is not there: the reference is refused */
    assert_int_equal(store_user_add(u, &user, "x", NOW), -1);
    assert_true(unit_failed(u));
    struct firm_list list;
    assert_int_equal(store_firm_list(u, scope_all_firms(), &list), -1);
    assert_int_equal(unit_commit(u, &err), -1);
    assert_non_null(strstr(err.text, "FOREIGN KEY"));
}

static void opening_again_finds_the_same_and_migrates_nothing(void **state)
{
    struct world *w = *state;
    struct err err;
    int64_t in_file, in_program;
    store_close(w->store);
    w->store = store_open(w->path, &err);
    assert_non_null(w->store);
    assert_int_equal(store_migrate(w->store, NOW, &err), 0);
    assert_int_equal(store_version(w->store, &in_file, &in_program, &err), 0);
    assert_int_equal(in_file, in_program);
    assert_true(in_program >= 1);
    assert_int_equal(store_check(w->store, &err), 0);
    char copy[128];
    snprintf(copy, sizeof copy, "%s/copy.db", w->folder);
    assert_int_equal(store_backup(w->store, copy, &err), 0);
    struct store *second = store_open(copy, &err);
    struct unit *u = unit_begin(second, UNIT_READ, &w->arena, &err);
    struct firm_list list;
    assert_int_equal(store_firm_list(u, scope_all_firms(), &list), 0);
    assert_int_equal(list.count, 2);
    unit_end(u);
    store_close(second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(who_reaches_which_firm, set_up, tear_down),
        cmocka_unit_test_setup_teardown(no_reading_crosses_firms, set_up, tear_down),
        cmocka_unit_test_setup_teardown(no_writing_crosses_firms, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_grant_opens_a_firm_and_its_end_closes_it, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(an_event_is_stored_once_and_read_by_month, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(incidents_come_in_pages_without_gap_or_repeat, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_is_not_committed_did_not_happen, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_failed_unit_refuses_to_commit, set_up, tear_down),
        cmocka_unit_test_setup_teardown(opening_again_finds_the_same_and_migrates_nothing, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
