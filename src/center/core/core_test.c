/* rows: P1 P6 P7 R-B R-D R-β A16 */
#include "center/core/inner.h"

#include "base/text.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define NOW INT64_C(1795334400000000) /* 2026-11-22 17:20 in Japan */
#define SECOND INT64_C(1000000)
#define HOUR (3600 * SECOND)

struct world {
    char folder[64], path[96];
    int64_t now_us;
    struct store *store;
    struct core *core;
    struct arena arena;
    struct id firm, other_firm, gateway, other_gateway;
};

static int64_t clock_of(void *clock)
{
    return ((struct world *)clock)->now_us;
}

static struct call as_self(struct world *w)
{
    return (struct call){.core = w->core, .arena = &w->arena, .actor = core_actor_self()};
}

static struct call as_firm(struct world *w, struct id firm)
{
    struct actor a = {.name = "山田", .role = ROLE_MANAGER, .scope = scope_organisation(firm)};
    return (struct call){.core = w->core, .arena = &w->arena, .actor = a};
}

static void open_core(struct world *w)
{
    struct err err;
    struct core_settings settings = {.now_us = clock_of,
                                     .clock = w,
                                     .public_url = "https://mimamori.example.jp",
                                     .contact_phone = "06-0000-0000",
                                     .contact_hours = "24時間",
                                     .mail_domain = "mimamori.example.jp"};
    w->store = store_open(w->path, &err);
    if (!w->store || store_migrate(w->store, NOW, &err) != 0)
        fail_msg("%s", err.text);
    w->core = core_new(w->store, &settings, &err);
    if (!w->core)
        fail_msg("%s", err.text);
}

static void close_core(struct world *w)
{
    core_free(w->core);
    store_close(w->store);
}

static struct id new_gateway(struct call *c, struct id site)
{
    struct gateway g;
    assert_int_equal(core_gateway_add(c, site, "本社の装置", &g), OUTCOME_OK);
    return g.id;
}

/* As the box and the uplink do it: both derive the claim from the code that a person carried. */
static void enrol(struct world *w, struct id gateway, const char *serial)
{
    struct call c = as_self(w);
    struct claim claim;
    struct claim_code code;
    struct link_claim box;
    char plain[LINK_CODE_BYTES];
    struct str from = STR_LIT("192.0.2.1");
    struct certificate cert = {serial, w->now_us + 1000 * HOUR};
    assert_int_equal(core_claim_code_new(&c, gateway, &code), OUTCOME_OK);
    assert_true(link_code_read(str_c(code.shown), plain));
    assert_int_equal(link_claim_of_code(plain, &box), 0);
    assert_int_equal(core_claim_check(w->core, box.id, from, &claim), OUTCOME_OK);
    assert_memory_equal(claim.key, box.key, LINK_KEY_BYTES);
    assert_int_equal(core_claim_consume(w->core, box.id, from, &cert, &claim), OUTCOME_OK);
    assert_true(id_eq(&claim.gateway, &gateway));
    assert_int_equal(core_claim_consume(w->core, box.id, from, &cert, &claim), OUTCOME_NOT_FOUND);
}

static int set_up(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    struct new_user admin = {.login = "admin",
                             .name = "管理者",
                             .role = ROLE_ADMIN,
                             .password = "correct horse battery"};
    struct new_firm firms[] = {{.name = "甲社", .site = "本社", .phrase = "やまざくらの港"},
                               {.name = "乙社", .site = "本社"}};
    struct contact ja = {.name = "山田", .mail = "yamada@example.jp", .language = LANGUAGE_JA};
    struct contact en = {.name = "Smith", .mail = "smith@example.jp", .language = LANGUAGE_EN};
    struct firm f, g;
    snprintf(w->folder, sizeof w->folder, "/tmp/core_test.XXXXXX");
    assert_non_null(mkdtemp(w->folder));
    snprintf(w->path, sizeof w->path, "%s/center.db", w->folder);
    arena_init(&w->arena, 0, 0);
    w->now_us = NOW;
    open_core(w);
    struct call c = as_self(w);
    assert_int_equal(core_set_up(&c, "商工会議所", &admin), OUTCOME_OK);
    assert_int_equal(core_set_up(&c, "商工会議所", &admin), OUTCOME_CONFLICT);
    assert_int_equal(core_firm_add(&c, &firms[0], &f), OUTCOME_OK);
    assert_int_equal(core_contact_add(&c, f.id, &ja, &f), OUTCOME_OK);
    assert_int_equal(core_contact_add(&c, f.id, &en, &f), OUTCOME_OK);
    assert_int_equal(core_firm_add(&c, &firms[1], &g), OUTCOME_OK);
    w->firm = f.id;
    w->other_firm = g.id;
    w->gateway = new_gateway(&c, f.sites[0].id);
    w->other_gateway = new_gateway(&c, g.sites[0].id);
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;
    char command[160];
    close_core(w);
    arena_fini(&w->arena);
    snprintf(command, sizeof command, "rm -rf %s", w->folder);
    assert_int_equal(system(command), 0);
    free(w);
    return 0;
}

/* ---- events of a pretend gateway ---- */

struct said {
    const char *message, *verdict, *direction, *mac,
        *more; /* more: further members, with a comma before them */
};

static const struct said beacon = {"ET MALWARE Gh0st RAT CnC Beacon", "drop", "inside_out",
                                   "02:00:5e:10:00:02", ""};

static const char *event_text(struct world *w, const struct said *s)
{
    return arena_printf(
        &w->arena,
        "{\"timestamp\":\"2026-11-22T16:58:00.000000+0900\",\"event_type\":\"alert\",\"flow_id\":"
        "1234567890123456789,"
        "\"src_ip\":\"192.168.1.20\",\"src_port\":49152,\"dest_ip\":\"203.0.113.9\",\"dest_port\":"
        "8000,\"proto\":\"TCP\","
        "\"alert\":{\"action\":\"allowed\",\"gid\":1,\"signature_id\":2000001,\"rev\":2,"
        "\"signature\":\"%s\","
        "\"category\":\"Misc activity\",\"severity\":1},"
        "\"otasuke\":{\"opened_by\":\"lan\",\"threat_direction\":\"%s\",\"verdict\":\"%s\","
        "\"device\":{\"mac\":\"%s\",\"maker\":\"NEC\",\"hostname\":\"KEIRI-02\",\"ips\":[\"192.168."
        "1.20\"]}}%s}",
        s->message, s->direction, s->verdict, s->mac, s->more);
}

static const char *isolation_text(struct world *w, const char *mac, const char *state,
                                  const char *by)
{
    return arena_printf(&w->arena,
                        "{\"event_type\":\"otasuke_isolation\",\"otasuke\":{\"isolation\":{\"mac\":"
                        "\"%s\",\"state\":\"%s\","
                        "\"by\":\"%s\",\"reason\":\"rule 2000001\",\"since_us\":%lld}}}",
                        mac, state, by, (long long)w->now_us);
}

static struct ingest_result ingest_of(struct world *w, struct id gateway, uint64_t first,
                                      uint32_t count, const char *json)
{
    struct ingest_event *events = arena_zalloc(&w->arena, count * sizeof *events);
    struct ingest_result r;
    struct problem p;
    for (uint32_t i = 0; i < count; i++)
        events[i] = (struct ingest_event){first + i, w->now_us, 1, str_c(json)};
    struct ingest_batch b = {gateway, STR_LIT("epoch-1"), events, count};
    if (core_ingest(w->core, &b, &r, &p) != OUTCOME_OK)
        fail_msg("%s", p.text);
    return r;
}

static struct incident_view_list incidents(struct world *w, struct call *c)
{
    struct incident_filter f = {.page = {.limit = 100}};
    struct incident_view_list list;
    assert_int_equal(core_incident_list(c, &f, &list), OUTCOME_OK);
    return list;
}

static struct notice_list notices(struct world *w)
{
    struct call c = as_self(w);
    struct notice_filter f = {.page = {.limit = 100}};
    struct notice_list list;
    assert_int_equal(core_notice_list(&c, &f, &list), OUTCOME_OK);
    return list;
}

/* Plays the mail thread: everything that is due goes out. */
static size_t send_all(struct world *w)
{
    struct notice_list due;
    struct delivery sent = {.sent = true};
    w->now_us += 5 * SECOND;
    assert_int_equal(core_outbox_due(w->core, &w->arena, 100, &due), OUTCOME_OK);
    for (size_t i = 0; i < due.count; i++)
        assert_int_equal(core_outbox_done(w->core, &due.items[i], &sent), OUTCOME_OK);
    return due.count;
}

static void has(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("not in it: %s\n%s", part, text);
}

static void lacks(const char *text, const char *part)
{
    if (strstr(text, part))
        fail_msg("should not be in it: %s\n%s", part, text);
}

/* ---- the tests ---- */

static void many_alerts_of_one_cause_are_one_incident(void **state)
{
    struct world *w = *state;
    struct call c = as_firm(w, w->firm);
    const char *json = event_text(w, &beacon);
    struct ingest_result r = ingest_of(w, w->gateway, 1, 300, json);
    assert_int_equal(r.stored, 300);
    assert_int_equal(r.durable_seq, 300);
    w->now_us += HOUR;
    ingest_of(w, w->gateway, 301, 14, json);
    struct incident_view_list list = incidents(w, &c);
    assert_int_equal(list.count, 1);
    struct incident_view *v = &list.items[0];
    assert_int_equal(v->incident.count, 314);
    assert_int_equal(v->incident.blocked_count, 314);
    assert_int_equal(v->incident.level, LEVEL_RED);
    assert_int_equal(v->incident.kind, KIND_C2);
    assert_string_equal(v->story.verdict, "blocked");
    assert_string_equal(v->device.mac, "02:00:5e:10:00:02");
    assert_string_equal(v->device.maker, "NEC");
    assert_string_equal(v->incident.number, "261122-0001");
    has(v->incident.technical, "\"count\":314");
    has(v->incident.technical, "\"1234567890123456789\"");
    assert_int_equal(notices(w).count, 2); /* one per person */
    struct event_filter f = {.incident = v->incident.id, .limit = 200};
    struct event_list events;
    assert_int_equal(core_incident_events(&c, &f, &events), OUTCOME_OK);
    assert_int_equal(events.count, 200);
    assert_true(events.more);
}

static void what_differs_in_cause_is_another_incident(void **state)
{
    struct world *w = *state;
    struct call c = as_firm(w, w->firm);
    struct said other = beacon;
    ingest_of(w, w->gateway, 1, 2, event_text(w, &beacon));
    other.mac = "02:00:5e:10:00:03";
    ingest_of(w, w->gateway, 3, 1, event_text(w, &other));
    other.message = "ET SCAN something";
    ingest_of(w, w->gateway, 4, 1, event_text(w, &other));
    assert_int_equal(incidents(w, &c).count, 3);
    /* a day after the last one, or once it is resolved, the same cause begins anew */
    w->now_us += 25 * HOUR;
    const char *later =
        "{\"event_type\":\"alert\",\"alert\":{\"signature\":\"ET MALWARE x "
        "CnC\"},\"otasuke\":{\"verdict\":"
        "\"drop\",\"threat_direction\":\"inside_out\",\"device\":{\"mac\":\"02:00:5e:10:00:02\"}}}";
    ingest_of(w, w->gateway, 5, 1, later);
    struct incident_view_list list = incidents(w, &c);
    assert_int_equal(list.count, 4);
    struct resolution over = {STATE_RESOLVED, NULL};
    struct incident_view v;
    assert_int_equal(core_incident_resolve(&c, list.items[0].incident.id, &over, &v), OUTCOME_OK);
    assert_int_equal(core_incident_resolve(&c, list.items[0].incident.id, &over, &v),
                     OUTCOME_CONFLICT);
    ingest_of(w, w->gateway, 6, 1, later);
    assert_int_equal(incidents(w, &c).count, 5);
}

static void a_batch_sent_again_is_stored_once(void **state)
{
    struct world *w = *state;
    struct call c = as_firm(w, w->firm);
    const char *json = event_text(w, &beacon);
    ingest_of(w, w->gateway, 1, 50, json);
    struct ingest_result r = ingest_of(w, w->gateway, 41, 20, json);
    assert_int_equal(r.duplicates, 10);
    assert_int_equal(r.stored, 10);
    assert_int_equal(r.durable_seq, 60);
    assert_int_equal(incidents(w, &c).items[0].incident.count, 60);
    uint64_t mark;
    assert_int_equal(core_ingest_mark(w->core, w->gateway, STR_LIT("epoch-1"), &mark), OUTCOME_OK);
    assert_int_equal(mark, 60);
    /* another epoch of the same box, and the same epoch of another box, are their own */
    assert_int_equal(core_ingest_mark(w->core, w->gateway, STR_LIT("epoch-2"), &mark), OUTCOME_OK);
    assert_int_equal(mark, 0);
    r = ingest_of(w, w->other_gateway, 1, 5, json);
    assert_int_equal(r.stored, 5);
}

static void what_cannot_be_read_is_counted_and_acknowledged(void **state)
{
    struct world *w = *state;
    static const char *const bad[] = {"",
                                      "{",
                                      "[]",
                                      "{\"a\":1}",
                                      "{\"event_type\":5}",
                                      "null",
                                      "[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]"};
    for (uint64_t i = 0; i < ARRAY_COUNT(bad); i++) {
        struct ingest_result r = ingest_of(w, w->gateway, i + 1, 1, bad[i]);
        assert_int_equal(r.refused, 1);
        assert_int_equal(r.durable_seq, i + 1);
    }
    struct ingest_event wrong_order[] = {{2, 1, 1, STR_LIT("{}")}, {1, 1, 1, STR_LIT("{}")}};
    struct ingest_result r;
    struct ingest_batch batches[] = {{w->gateway, STR_LIT("e"), wrong_order, 2},
                                     {w->gateway, STR_LIT("e'; DROP"), wrong_order, 1},
                                     {w->gateway, STR_LIT(""), wrong_order, 1}};
    for (size_t i = 0; i < ARRAY_COUNT(batches); i++)
        assert_int_equal(core_ingest(w->core, &batches[i], &r, NULL), OUTCOME_INVALID);
    struct ingest_batch nobody = {id_make(NOW), STR_LIT("e"), wrong_order, 1};
    assert_int_equal(core_ingest(w->core, &nobody, &r, NULL), OUTCOME_NOT_FOUND);
}

static void the_notice_answers_the_six_questions(void **state)
{
    struct world *w = *state;
    ingest_of(w, w->gateway, 1, 14, event_text(w, &beacon));
    assert_int_equal(send_all(w), 2);
    assert_int_equal(send_all(w), 0);
    struct notice_list list = notices(w);
    assert_int_equal(list.count, 2);
    const struct notice *ja =
        list.items[0].language == LANGUAGE_JA ? &list.items[0] : &list.items[1];
    const struct notice *en =
        list.items[0].language == LANGUAGE_EN ? &list.items[0] : &list.items[1];
    assert_int_equal(ja->state, NOTICE_SENT);
    assert_string_equal(
        ja->subject,
        "【至急・対応が必要】「KEIRI-02」から怪しい相手への通信を止めました(11/22 16:58)");
    static const char *const order[] = {"ご対応が必要です",
                                        "■ いまお願いしたいこと",
                                        "1. ",
                                        "電源は切らないで",
                                        "06-0000-0000",
                                        "■ 何が起きたか",
                                        "14回",
                                        "■ 止まっているか",
                                        "14回とも装置が止めました",
                                        "分からないこと",
                                        "■ どのパソコンか",
                                        "NEC製",
                                        "■ このあと",
                                        "https://mimamori.example.jp/incidents/",
                                        "やまざくらの港",
                                        "■ 技術情報",
                                        "203.0.113.9:8000",
                                        "[1:2000001:2]"};
    const char *at = ja->body;
    for (size_t i = 0; i < ARRAY_COUNT(order); i++) {
        const char *next = strstr(at, order[i]);
        if (!next)
            fail_msg("%s is not there or not in its place:\n%s", order[i], ja->body);
        at = next;
    }
    /* no address, no rule above the fold */
    struct str fold =
        str_cut(str_c(ja->body), 0, (size_t)(strstr(ja->body, "■ 技術情報") - ja->body));
    assert_true(str_find(fold, 0, STR_LIT("203.0.113.9")) < 0);
    assert_true(str_find(fold, 0, STR_LIT("ET MALWARE")) < 0);
    has(en->subject, "[Action needed now] we stopped \"KEIRI-02\"");
    has(en->body, "You need to act.");
    has(en->body, "all 14 times");
    has(en->body, "やまざくらの港");
    lacks(en->body, "{");
    lacks(ja->body, "{");
}

static void stopped_is_said_only_of_what_was_stopped(void **state)
{
    struct world *w = *state;
    struct call c = as_firm(w, w->firm);
    struct said passed = beacon;
    passed.verdict = "alert";
    ingest_of(w, w->gateway, 1, 3, event_text(w, &passed));
    struct story *s = &incidents(w, &c).items[0].story;
    assert_string_equal(s->verdict, "detected");
    has(s->stopped.words[LANGUAGE_JA], "止めていません");
    lacks(s->stopped.words[LANGUAGE_JA], "止めました");
    lacks(notices(w).items[0].subject, "止めました");
    ingest_of(w, w->gateway, 4, 2, event_text(w, &beacon));
    s = &incidents(w, &c).items[0].story;
    assert_string_equal(s->verdict, "partly_blocked");
    has(s->stopped.words[LANGUAGE_JA], "5回のうち2回は装置が止めました。残りは通っています");
}

static void blue_never_mails(void **state)
{
    struct world *w = *state;
    struct call c = as_firm(w, w->firm);
    const struct said rows[] = {
        {"ET HUNTING Possible CnC EICAR thing", "alert", "inside_out", "02:00:5e:10:00:11", ""},
        {"ET INFO Something", "alert", "inside_out", "02:00:5e:10:00:12", ""},
        {"ET SCAN Nmap", "alert", "outside_in", "02:00:5e:10:00:13", ""},
        {"ET WEB_SERVER attack", "drop", "outside_in", "02:00:5e:10:00:14", ""},
        {"ET POLICY game", "alert", "inside_out", "02:00:5e:10:00:15", ""},
        {"no category at all", "alert", "inside_out", "02:00:5e:10:00:16", ""},
    };
    for (uint64_t i = 0; i < ARRAY_COUNT(rows); i++)
        ingest_of(w, w->gateway, i + 1, 1, event_text(w, &rows[i]));
    struct incident_view_list list = incidents(w, &c);
    assert_int_equal(list.count, ARRAY_COUNT(rows));
    for (size_t i = 0; i < list.count; i++) {
        assert_int_equal(list.items[i].incident.level, LEVEL_BLUE);
        assert_string_equal(list.items[i].story.todo[0].key, "do.nothing");
    }
    assert_int_equal(notices(w).count, 0);
}

/* What happens before the first mail is out is told in it; what happens after it comes in the same thread. */
static void being_cut_off_escalates_in_the_same_thread(void **state)
{
    struct world *w = *state;
    struct call c = as_firm(w, w->firm);
    ingest_of(w, w->gateway, 1, 3, event_text(w, &beacon));
    ingest_of(w, w->gateway, 4, 1, isolation_text(w, beacon.mac, "applied", "rule"));
    assert_int_equal(send_all(w), 2);
    has(notices(w).items[0].body, "KEIRI-02");
    struct incident_view *v = &incidents(w, &c).items[0];
    assert_true(v->incident.isolated_now);
    assert_string_equal(v->story.verdict, "isolated");
    struct notice_list list = notices(w);
    assert_int_equal(list.count, 2);
    for (size_t i = 0; i < 2; i++)
        has(list.items[i].subject,
            list.items[i].language == LANGUAGE_JA ? "切り離しました" : "cut \"KEIRI-02\" off");

    struct said second = beacon;
    second.mac = "02:00:5e:10:00:33";
    ingest_of(w, w->gateway, 5, 1, event_text(w, &second));
    assert_int_equal(send_all(w), 2);
    ingest_of(w, w->gateway, 6, 1, isolation_text(w, second.mac, "applied", "rule"));
    ingest_of(w, w->gateway, 7, 5, event_text(w, &second));
    assert_int_equal(send_all(w), 2);
    list = notices(w);
    assert_int_equal(list.count, 6);
    assert_int_equal(list.items[0].kind, NOTICE_ESCALATION);
    assert_non_null(list.items[0].in_reply_to);
    bool threaded = false;
    for (size_t i = 2; i < 6; i++)
        threaded |= strcmp(list.items[i].message_id, list.items[0].in_reply_to) == 0;
    assert_true(threaded);

    struct resolution over = {STATE_FALSE_POSITIVE, "試験"};
    assert_int_equal(core_incident_resolve(&c, list.items[0].incident, &over, v), OUTCOME_OK);
    assert_int_equal(send_all(w), 2);
    list = notices(w);
    assert_int_equal(list.count, 8);
    has(list.items[0].language == LANGUAGE_JA ? list.items[0].body : list.items[1].body,
        "当方の誤り");
}

static void heartbeat(struct world *w, const char *json)
{
    struct problem p;
    if (core_heartbeat(w->core, w->gateway, str_c(json), &p) != OUTCOME_OK)
        fail_msg("%s", p.text);
}

static void a_silent_gateway_is_an_alarm_and_its_return_closes_it(void **state)
{
    struct world *w = *state;
    struct call c = as_firm(w, w->firm);
    struct gateway g;
    assert_int_equal(core_tick(w->core), OUTCOME_OK);
    assert_int_equal(core_gateway_get(&c, w->gateway, &g), OUTCOME_OK);
    assert_int_equal(g.state, GATEWAY_NEVER);
    heartbeat(w, "{\"version\":\"0.1.0\",\"capture\":\"af_packet\",\"fail_open\":false,"
                 "\"counters\":{\"packets\":5,\"bad\":\"x\"}}");
    w->now_us += 119 * SECOND;
    assert_int_equal(core_tick(w->core), OUTCOME_OK);
    assert_int_equal(incidents(w, &c).count, 0);
    w->now_us += 2 * SECOND;
    assert_int_equal(core_tick(w->core), OUTCOME_OK);
    assert_int_equal(core_tick(w->core), OUTCOME_OK);
    assert_int_equal(core_gateway_get(&c, w->gateway, &g), OUTCOME_OK);
    assert_int_equal(g.state, GATEWAY_SILENT);
    assert_string_equal(g.counters, "{\"packets\":5}");
    struct incident_view_list list = incidents(w, &c);
    assert_int_equal(list.count, 1);
    assert_int_equal(list.items[0].incident.kind, KIND_GATEWAY_SILENT);
    assert_int_equal(list.items[0].incident.level, LEVEL_YELLOW);
    assert_int_equal(send_all(w), 2);
    struct notice first = notices(w).items[0];
    has(first.language == LANGUAGE_JA ? first.subject : notices(w).items[1].subject,
        "【今日中に確認】装置「本社の装置」と連絡が取れません");
    w->now_us += 60 * SECOND;
    heartbeat(w, "{}");
    assert_int_equal(incidents(w, &c).items[0].incident.state, STATE_RESOLVED);
    assert_int_equal(send_all(w), 2);
    struct notice last = notices(w).items[0];
    assert_int_equal(last.kind, NOTICE_RESOLVED);
    has(last.body, last.language == LANGUAGE_JA ? "連絡が取れるようになりました" : "answers again");
    /* flapping within the hour: the same incident, no further mail */
    w->now_us += 130 * SECOND;
    assert_int_equal(core_tick(w->core), OUTCOME_OK);
    list = incidents(w, &c);
    assert_int_equal(list.count, 1);
    assert_int_equal(list.items[0].incident.state, STATE_NEW);
    assert_int_equal(list.items[0].incident.count, 2);
    heartbeat(w, "{}");
    assert_int_equal(send_all(w), 0);
}

static void fail_open_is_an_alarm(void **state)
{
    struct world *w = *state;
    struct call c = as_firm(w, w->firm);
    heartbeat(w, "{\"event_type\":\"otasuke_health\",\"fail_open\":true,\"otasuke\":{\"health\":{"
                 "\"pkts\":7}}}");
    struct incident_view_list list = incidents(w, &c);
    assert_int_equal(list.count, 1);
    assert_int_equal(list.items[0].incident.kind, KIND_FAIL_OPEN);
    has(list.items[0].story.what.words[LANGUAGE_JA], "検査を止めて通信を通しています");
    heartbeat(w, "{\"fail_open\":false}");
    assert_int_equal(incidents(w, &c).items[0].incident.state, STATE_RESOLVED);
}

static void a_mail_that_fails_is_tried_again_and_given_up(void **state)
{
    struct world *w = *state;
    struct notice_list due;
    struct delivery busy = {.why = "451 later"},
                    never = {.why = "550 no such user", .hopeless = true};
    ingest_of(w, w->gateway, 1, 1, event_text(w, &beacon));
    w->now_us += 5 * SECOND;
    assert_int_equal(core_outbox_due(w->core, &w->arena, 10, &due), OUTCOME_OK);
    assert_int_equal(due.count, 2);
    assert_int_equal(core_outbox_done(w->core, &due.items[0], &never), OUTCOME_OK);
    assert_int_equal(core_outbox_done(w->core, &due.items[1], &busy), OUTCOME_OK);
    struct id kept = due.items[1].id;
    assert_int_equal(core_outbox_due(w->core, &w->arena, 10, &due), OUTCOME_OK);
    assert_int_equal(due.count, 0);
    int tries = 1;
    for (int64_t until = w->now_us + 26 * HOUR; w->now_us < until; w->now_us += 600 * SECOND) {
        assert_int_equal(core_outbox_due(w->core, &w->arena, 10, &due), OUTCOME_OK);
        for (size_t i = 0; i < due.count; i++, tries++) {
            assert_true(id_eq(&due.items[i].id, &kept));
            assert_int_equal(core_outbox_done(w->core, &due.items[i], &busy), OUTCOME_OK);
        }
    }
    assert_in_range(tries, 20, 40);
    struct notice_list all = notices(w);
    assert_int_equal(all.items[0].state, NOTICE_DEAD);
    assert_int_equal(all.items[1].state, NOTICE_DEAD);
}

static void nobody_sees_another_firm(void **state)
{
    struct world *w = *state;
    struct call self = as_self(w), mine = as_firm(w, w->firm), other = as_firm(w, w->other_firm);
    ingest_of(w, w->gateway, 1, 1, event_text(w, &beacon));
    struct incident_view v = incidents(w, &mine).items[0];
    struct id incident = v.incident.id, device = v.device.id;
    assert_int_equal(incidents(w, &other).count, 0);
    assert_int_equal(incidents(w, &self).count, 1);
    struct device d;
    struct gateway g;
    struct firm f;
    struct claim_code code;
    struct event_filter events = {.incident = incident, .limit = 10};
    struct event_list event_list;
    struct notice_filter of_incident = {.incident = incident, .page = {.limit = 10}};
    struct notice_list notice_list;
    struct resolution over = {STATE_RESOLVED, NULL};
    struct isolate cut = {"x", 1};
    struct device_change rename = {.set_name = true, .name = "x"};
    struct contact contact = {.name = "x", .mail = "x@example.jp"};
    assert_int_equal(core_incident_get(&other, incident, &v), OUTCOME_NOT_FOUND);
    assert_int_equal(core_incident_events(&other, &events, &event_list), OUTCOME_NOT_FOUND);
    assert_int_equal(core_notice_list(&other, &of_incident, &notice_list), OUTCOME_NOT_FOUND);
    assert_int_equal(core_incident_acknowledge(&other, incident, &v), OUTCOME_NOT_FOUND);
    assert_int_equal(core_incident_resolve(&other, incident, &over, &v), OUTCOME_NOT_FOUND);
    assert_int_equal(core_device_get(&other, device, &d), OUTCOME_NOT_FOUND);
    assert_int_equal(core_device_change(&other, device, &rename, &d), OUTCOME_NOT_FOUND);
    assert_int_equal(core_device_isolate(&other, device, &cut, &d), OUTCOME_NOT_FOUND);
    assert_int_equal(core_device_release(&other, device, &d), OUTCOME_NOT_FOUND);
    assert_int_equal(core_gateway_get(&other, w->gateway, &g), OUTCOME_NOT_FOUND);
    assert_int_equal(core_gateway_revoke(&other, w->gateway, &g), OUTCOME_NOT_FOUND);
    assert_int_equal(core_claim_code_new(&other, w->gateway, &code), OUTCOME_NOT_FOUND);
    assert_int_equal(core_firm_get(&other, w->firm, &f), OUTCOME_NOT_FOUND);
    assert_int_equal(core_contact_add(&other, w->firm, &contact, &f), OUTCOME_NOT_FOUND);
    assert_int_equal(core_site_add(&other, w->firm, "x", &f), OUTCOME_NOT_FOUND);
    struct device_filter devices = {.firm = w->firm, .page = {.limit = 10}};
    struct device_list device_list;
    assert_int_equal(core_device_list(&other, &devices, &device_list), OUTCOME_OK);
    assert_int_equal(device_list.count, 0);
}

static const char *policy(struct world *w, int64_t known, int64_t *number)
{
    struct buf b;
    buf_init(&b, 0);
    assert_int_equal(core_policy_for(w->core, w->gateway, known, &b, number), OUTCOME_OK);
    const char *copy = arena_printf(&w->arena, "%s", buf_c(&b));
    buf_fini(&b);
    return copy;
}

static void an_order_to_isolate_reaches_the_policy(void **state)
{
    struct world *w = *state;
    struct call c = as_firm(w, w->firm);
    int64_t number, before;
    ingest_of(w, w->gateway, 1, 1, event_text(w, &beacon));
    struct id device = incidents(w, &c).items[0].device.id;
    has(policy(w, 0, &before), "\"isolated\":[]");
    assert_string_equal(policy(w, before, &number), "");
    struct device d;
    struct isolate bad_hours = {"x", 0}, cut = {"感染の疑い", 24};
    assert_int_equal(core_device_isolate(&c, device, &bad_hours, &d), OUTCOME_INVALID);
    assert_int_equal(core_device_isolate(&c, device, &cut, &d), OUTCOME_OK);
    assert_int_equal(d.isolation.state, ISOLATION_ORDERED);
    has(policy(w, before, &number), "\"mac\":\"02:00:5e:10:00:02\",\"reason\":\"感染の疑い\"");
    assert_true(number > before);
    ingest_of(w, w->gateway, 2, 1, isolation_text(w, beacon.mac, "applied", "center"));
    assert_int_equal(core_device_get(&c, device, &d), OUTCOME_OK);
    assert_int_equal(d.isolation.state, ISOLATION_APPLIED);
    assert_int_equal(d.isolation.by, ISOLATION_BY_CENTER);
    assert_string_equal(d.isolation.reason, "感染の疑い");
    assert_int_equal(core_device_release(&c, device, &d), OUTCOME_OK);
    const char *text = policy(w, number, &number);
    has(text, "\"isolated\":[]");
    has(text, "\"released\":[{\"mac\":\"02:00:5e:10:00:02\"");
    ingest_of(w, w->gateway, 3, 1, isolation_text(w, beacon.mac, "lifted", "center"));
    assert_int_equal(core_device_get(&c, device, &d), OUTCOME_OK);
    assert_int_equal(d.isolation.state, ISOLATION_NONE);
    assert_int_equal(core_device_release(&c, device, &d), OUTCOME_CONFLICT);
}

static void claims_are_limited_and_certificates_can_be_revoked(void **state)
{
    struct world *w = *state;
    struct call c = as_self(w);
    struct claim claim;
    struct gateway g;
    uint8_t wrong[LINK_CLAIM_ID_BYTES] = {1};
    enrol(w, w->gateway, "a1");
    assert_int_equal(core_gateway_by_serial(w->core, STR_LIT("a1"), &claim), SERIAL_VALID);
    assert_true(id_eq(&claim.gateway, &w->gateway));
    assert_int_equal(core_gateway_by_serial(w->core, STR_LIT("zz"), &claim), SERIAL_UNKNOWN);
    struct certificate renewed = {"a2", w->now_us + HOUR};
    assert_int_equal(core_certificate_add(w->core, w->gateway, &renewed), OUTCOME_OK);
    assert_int_equal(core_gateway_by_serial(w->core, STR_LIT("a2"), &claim), SERIAL_VALID);
    w->now_us += 2 * HOUR;
    assert_int_equal(core_gateway_by_serial(w->core, STR_LIT("a2"), &claim), SERIAL_REVOKED);
    assert_int_equal(core_gateway_revoke(&c, w->gateway, &g), OUTCOME_OK);
    assert_int_equal(core_gateway_by_serial(w->core, STR_LIT("a1"), &claim), SERIAL_REVOKED);
    assert_int_equal(core_certificate_add(w->core, w->gateway, &renewed), OUTCOME_NOT_FOUND);
    for (int i = 0; i < 10; i++)
        assert_int_equal(core_claim_check(w->core, wrong, STR_LIT("198.51.100.7"), &claim),
                         OUTCOME_NOT_FOUND);
    assert_int_equal(core_claim_check(w->core, wrong, STR_LIT("198.51.100.7"), &claim),
                     OUTCOME_LIMITED);
    assert_int_equal(core_claim_check(w->core, wrong, STR_LIT("198.51.100.8"), &claim),
                     OUTCOME_NOT_FOUND);
    w->now_us += 601 * SECOND;
    assert_int_equal(core_claim_check(w->core, wrong, STR_LIT("198.51.100.7"), &claim),
                     OUTCOME_NOT_FOUND);
}

static enum outcome try_login(struct world *w, const char *password, struct session *s)
{
    struct call c = {.core = w->core, .arena = &w->arena};
    struct login login = {STR_LIT("admin"), str_c(password), STR_LIT("192.0.2.5")};
    return core_login(&c, &login, s);
}

static void sessions_begin_rest_and_end(void **state)
{
    struct world *w = *state;
    struct session s, again;
    struct call nobody = {.core = w->core, .arena = &w->arena};
    assert_int_equal(try_login(w, "correct horse battery", &s), OUTCOME_OK);
    assert_int_equal(s.actor.scope.kind, SCOPE_ALL_FIRMS);
    assert_int_equal(core_session(&nobody, str_c(s.token), &again), OUTCOME_OK);
    assert_string_equal(again.csrf, s.csrf);
    char other[SESSION_TOKEN_BYTES];
    memcpy(other, s.token, sizeof other);
    other[5] = other[5] == 'A' ? 'B' : 'A';
    assert_int_equal(core_session(&nobody, str_c(other), &again), OUTCOME_LOGIN_FAILED);
    w->now_us += 3 * HOUR; /* idle too long */
    assert_int_equal(core_session(&nobody, str_c(s.token), &again), OUTCOME_LOGIN_FAILED);
    for (int i = 0; i < 5; i++)
        assert_int_equal(try_login(w, "wrong password here", &s), OUTCOME_LOGIN_FAILED);
    assert_int_equal(try_login(w, "correct horse battery", &s), OUTCOME_LIMITED);
    w->now_us += 61 * SECOND;
    assert_int_equal(try_login(w, "correct horse battery", &s), OUTCOME_OK);
    assert_int_equal(try_login(w, "correct horse battery", &again), OUTCOME_OK);
    struct call c = {.core = w->core, .arena = &w->arena, .actor = s.actor};
    struct password_change short_one = {"correct horse battery", "short", str_c(s.token)};
    struct password_change change = {"correct horse battery", "another long password",
                                     str_c(s.token)};
    assert_int_equal(core_password_change(&c, &short_one), OUTCOME_INVALID);
    assert_int_equal(core_password_change(&c, &change), OUTCOME_OK);
    struct session kept;
    assert_int_equal(core_session(&nobody, str_c(s.token), &kept), OUTCOME_OK);
    assert_int_equal(core_session(&nobody, str_c(again.token), &kept), OUTCOME_LOGIN_FAILED);
    assert_int_equal(core_logout(&c, str_c(s.token)), OUTCOME_OK);
    assert_int_equal(core_session(&nobody, str_c(s.token), &kept), OUTCOME_LOGIN_FAILED);
}

/* β社: the machine that nobody knows is named, with its maker and when it was first seen. */
static void an_unknown_machine_is_called_unknown(void **state)
{
    struct world *w = *state;
    struct call c = as_firm(w, w->firm);
    enrol(w, w->gateway, "a1");
    w->now_us += 48 * HOUR;
    const char *json = "{\"event_type\":\"alert\",\"alert\":{\"signature\":\"ET MALWARE Dorkbot "
                       "CnC\"},\"otasuke\":{\"verdict\":"
                       "\"drop\",\"threat_direction\":\"inside_out\",\"device\":{\"mac\":\"02:00:"
                       "5e:10:00:77\",\"maker\":"
                       "\"Buffalo\"}}}";
    ingest_of(w, w->gateway, 1, 1, json);
    send_all(w);
    struct incident_view v = incidents(w, &c).items[0];
    assert_true(v.device.unknown);
    assert_string_equal(v.story.todo[0].key, "do.find_device");
    const struct notice *n = &notices(w).items[0];
    const struct notice *ja = n->language == LANGUAGE_JA ? n : n + 1;
    has(ja->body, "登録されていない機器です");
    has(ja->body, "Buffalo製");
    struct device_change named = {
        .set_name = true, .name = "社長のご親族のPC", .set_place = true, .place = "2階"};
    struct device d;
    assert_int_equal(core_device_change(&c, v.device.id, &named, &d), OUTCOME_OK);
    assert_false(d.unknown);
    v = incidents(w, &c).items[0];
    has(v.story.what.words[LANGUAGE_JA], "社長のご親族のPC");
}

/* Every kind, fate and direction has words in both languages, whole: no place left open, no key shown as text. */
static void every_story_can_be_told(void **state)
{
    struct world *w = *state;
    struct device d = {.mac = "02:00:00:00:00:01", .hostname = "PC", .isolation = {.reason = "x"}};
    for (int kind = 0; kind < KINDS; kind++) {
        for (int n = 0; n < LEVELS * 3 * DIRECTIONS * 2; n++) {
            struct incident i = {.kind = kind,
                                 .level = n % LEVELS,
                                 .count = 2,
                                 .blocked_count = n / LEVELS % 3,
                                 .direction = n / LEVELS / 3 % DIRECTIONS,
                                 .isolated_us = n / LEVELS / 3 / DIRECTIONS ? NOW : 0,
                                 .first_seen_us = NOW,
                                 .last_seen_us = NOW + SECOND,
                                 .resolved = {NOW, NULL, NULL},
                                 .number = "261122-0001",
                                 .gateway = {{{0}}, "装置"},
                                 .site = {{{0}}, "本社"},
                                 .reasons = "[]",
                                 .technical = "{}"};
            struct story s;
            struct params p;
            story_tell(w->core, &i, &d, &w->arena, &s);
            story_params(w->core, &i, &d, &p);
            struct told subject = catalogue_tell(
                w->core->words, story_subject_key(w->core, &i, &w->arena), &p, &w->arena);
            const struct told *all[] = {&s.title,     &s.what,    &s.stopped,
                                        &s.not_known, &s.todo[0], &subject};
            for (size_t k = 0; k < ARRAY_COUNT(all); k++) {
                if (!catalogue_has(w->core->words, all[k]->key))
                    fail_msg("no text for %s", all[k]->key);
                for (int l = 0; l < LANGUAGES; l++) {
                    assert_true(all[k]->words[l][0]);
                    lacks(all[k]->words[l], "{");
                    lacks(all[k]->words[l], all[k]->key);
                    lacks(all[k]->words[l], "()");
                    lacks(all[k]->words[l], "「」");
                    lacks(all[k]->words[l], "\"\"");
                }
            }
            arena_reset(&w->arena);
        }
    }
}

/* ---- several gateways at once, and kill -9 ---- */

#define THREADS 4
#define BATCHES 20
#define BATCH 50

struct sender {
    struct world *world;
    struct id gateway;
    const char *json, *epoch, *failure;
};

static const char *send_batches_of(const struct sender *s)
{
    for (uint64_t b = 0; b < BATCHES; b++) {
        struct ingest_event events[BATCH];
        struct ingest_result r;
        for (uint64_t i = 0; i < BATCH; i++)
            events[i] = (struct ingest_event){b * BATCH + i + 1, NOW, 1, str_c(s->json)};
        struct ingest_batch batch = {s->gateway, str_c(s->epoch), events, BATCH};
        if (core_ingest(s->world->core, &batch, &r, NULL) != OUTCOME_OK ||
            r.durable_seq != (b + 1) * BATCH)
            return "batch failed";
    }
    return NULL;
}

static void *send_batches(void *argument)
{
    struct sender *s = argument;
    s->failure = send_batches_of(s);
    return NULL;
}

static void batches_at_the_same_moment_are_all_stored(void **state)
{
    struct world *w = *state;
    static const char *const epochs[THREADS] = {"e1", "e2", "e3", "e4"};
    struct sender senders[THREADS];
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) {
        senders[i] = (struct sender){w, i % 2 ? w->other_gateway : w->gateway,
                                     event_text(w, &beacon), epochs[i], NULL};
        assert_int_equal(pthread_create(&threads[i], NULL, send_batches, &senders[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        assert_null(senders[i].failure);
    }
    struct call c = as_self(w);
    struct incident_view_list list = incidents(w, &c);
    assert_int_equal(list.count, 2);
    assert_int_equal(list.items[0].incident.count + list.items[1].incident.count,
                     THREADS * BATCHES * BATCH);
}

/* A process that is killed in the middle of its work: what it had acknowledged is there, once; the rest can be sent again. */
static void what_was_acknowledged_survives_a_kill(void **state)
{
    struct world *w = *state;
    const char *json = event_text(w, &beacon);
    int acks[2];
    assert_int_equal(pipe(acks), 0);
    close_core(w);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        open_core(w);
        for (uint64_t seq = 1;; seq += BATCH) {
            struct ingest_result r = ingest_of(w, w->gateway, seq, BATCH, json);
            if (write(acks[1], &r.durable_seq, sizeof r.durable_seq) != sizeof r.durable_seq)
                _exit(1);
        }
    }
    uint64_t acknowledged = 0;
    while (acknowledged < 40 * BATCH)
        assert_int_equal(read(acks[0], &acknowledged, sizeof acknowledged), sizeof acknowledged);
    usleep(3000); /* into the middle of a batch */
    kill(child, SIGKILL);
    int status;
    waitpid(child, &status, 0);
    assert_true(WIFSIGNALED(status));
    close(acks[1]);
    while (read(acks[0], &acknowledged, sizeof acknowledged) == sizeof acknowledged)
        ;
    close(acks[0]);
    open_core(w);
    uint64_t mark;
    assert_int_equal(core_ingest_mark(w->core, w->gateway, STR_LIT("epoch-1"), &mark), OUTCOME_OK);
    assert_true(mark >= acknowledged);
    assert_int_equal(mark % BATCH, 0);
    for (uint64_t seq = 1; seq <= mark + BATCH; seq += BATCH)
        ingest_of(w, w->gateway, seq, BATCH, json);
    struct call c = as_self(w);
    assert_int_equal(incidents(w, &c).items[0].incident.count, mark + BATCH);
    struct err err;
    assert_int_equal(store_check(w->store, &err), 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(many_alerts_of_one_cause_are_one_incident),
        TEST(what_differs_in_cause_is_another_incident),
        TEST(a_batch_sent_again_is_stored_once),
        TEST(what_cannot_be_read_is_counted_and_acknowledged),
        TEST(the_notice_answers_the_six_questions),
        TEST(stopped_is_said_only_of_what_was_stopped),
        TEST(blue_never_mails),
        TEST(being_cut_off_escalates_in_the_same_thread),
        TEST(a_silent_gateway_is_an_alarm_and_its_return_closes_it),
        TEST(fail_open_is_an_alarm),
        TEST(a_mail_that_fails_is_tried_again_and_given_up),
        TEST(nobody_sees_another_firm),
        TEST(an_order_to_isolate_reaches_the_policy),
        TEST(claims_are_limited_and_certificates_can_be_revoked),
        TEST(sessions_begin_rest_and_end),
        TEST(an_unknown_machine_is_called_unknown),
        TEST(every_story_can_be_told),
        TEST(batches_at_the_same_moment_are_all_stored),
        TEST(what_was_acknowledged_survives_a_kill),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
