/* rows: P1 P6 P7 R-B R-D R-β */
#include "center/core/world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define ALERT_US (NOW - 2 * 60 * SECOND) /* of world_alert */

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

static void many_alerts_of_one_cause_are_one_incident(void **state)
{
    struct world *w = *state;
    struct call c = world_firm(w, w->firm);
    const char *json = world_alert(w, &world_beacon);
    struct ingest_result r = world_ingest(w, w->gateway, 1, 300, json);
    assert_int_equal(r.stored, 300);
    assert_int_equal(r.durable_seq, 300);
    w->now_us += HOUR;
    world_ingest(w, w->gateway, 301, 14, json);
    struct incident_view_list list = world_incidents(w, &c);
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
    assert_int_equal(world_notices(w).count, 2); /* one per person */
    struct event_filter f = {.incident = v->incident.id, .limit = 200};
    struct event_list events;
    assert_int_equal(core_incident_events(&c, &f, &events), OUTCOME_OK);
    assert_int_equal(events.count, 200);
    assert_true(events.more);
}

static void what_differs_in_cause_is_another_incident(void **state)
{
    struct world *w = *state;
    struct call c = world_firm(w, w->firm);
    struct said other = world_beacon;
    world_ingest(w, w->gateway, 1, 2, world_alert(w, &world_beacon));
    other.mac = "02:00:5e:10:00:03";
    world_ingest(w, w->gateway, 3, 1, world_alert(w, &other));
    other.message = "ET SCAN something";
    world_ingest(w, w->gateway, 4, 1, world_alert(w, &other));
    assert_int_equal(world_incidents(w, &c).count, 3);
    /* a day after the last one, or once it is resolved, the same cause begins anew */
    w->now_us += 25 * HOUR;
    const char *later =
        "{\"event_type\":\"alert\",\"alert\":{\"signature\":\"ET MALWARE x "
        "CnC\"},\"otasuke\":{\"verdict\":"
        "\"drop\",\"threat_direction\":\"inside_out\",\"device\":{\"mac\":\"02:00:5e:10:00:02\"}}}";
    world_ingest(w, w->gateway, 5, 1, later);
    struct incident_view_list list = world_incidents(w, &c);
    assert_int_equal(list.count, 4);
    struct resolution over = {STATE_RESOLVED, NULL};
    struct incident_view v;
    assert_int_equal(core_incident_resolve(&c, list.items[0].incident.id, &over, &v), OUTCOME_OK);
    assert_int_equal(core_incident_resolve(&c, list.items[0].incident.id, &over, &v),
                     OUTCOME_CONFLICT);
    world_ingest(w, w->gateway, 6, 1, later);
    assert_int_equal(world_incidents(w, &c).count, 5);
}

static void the_notice_answers_the_six_questions(void **state)
{
    struct world *w = *state;
    world_ingest(w, w->gateway, 1, 14, world_alert(w, &world_beacon));
    assert_int_equal(send_all(w), 2);
    assert_int_equal(send_all(w), 0);
    struct notice_list list = world_notices(w);
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
    has(en->subject, "[Action needed now] We stopped \"KEIRI-02\"");
    has(en->body, "You need to act.");
    has(en->body, "all 14 times");
    has(en->body, "やまざくらの港");
    lacks(en->body, "{");
    lacks(ja->body, "{");
}

static void stopped_is_said_only_of_what_was_stopped(void **state)
{
    struct world *w = *state;
    struct call c = world_firm(w, w->firm);
    struct said passed = world_beacon;
    passed.verdict = "alert";
    world_ingest(w, w->gateway, 1, 3, world_alert(w, &passed));
    struct story *s = &world_incidents(w, &c).items[0].story;
    assert_string_equal(s->verdict, "detected");
    has(s->stopped.words[LANGUAGE_JA], "止めていません");
    lacks(s->stopped.words[LANGUAGE_JA], "止めました");
    lacks(world_notices(w).items[0].subject, "止めました");
    world_ingest(w, w->gateway, 4, 2, world_alert(w, &world_beacon));
    s = &world_incidents(w, &c).items[0].story;
    assert_string_equal(s->verdict, "partly_blocked");
    has(s->stopped.words[LANGUAGE_JA], "5回のうち2回は装置が止めました。残りは通っています");
}

static void blue_never_mails(void **state)
{
    struct world *w = *state;
    struct call c = world_firm(w, w->firm);
    const struct said rows[] = {
        {"ET HUNTING Possible CnC EICAR thing", "alert", "inside_out", "02:00:5e:10:00:11", ""},
        {"ET INFO Something", "alert", "inside_out", "02:00:5e:10:00:12", ""},
        {"ET SCAN Nmap", "alert", "outside_in", "02:00:5e:10:00:13", ""},
        {"ET WEB_SERVER attack", "drop", "outside_in", "02:00:5e:10:00:14", ""},
        {"ET POLICY game", "alert", "inside_out", "02:00:5e:10:00:15", ""},
        {"no category at all", "alert", "inside_out", "02:00:5e:10:00:16", ""},
    };
    for (uint64_t i = 0; i < ARRAY_COUNT(rows); i++)
        world_ingest(w, w->gateway, i + 1, 1, world_alert(w, &rows[i]));
    struct incident_view_list list = world_incidents(w, &c);
    assert_int_equal(list.count, ARRAY_COUNT(rows));
    for (size_t i = 0; i < list.count; i++) {
        assert_int_equal(list.items[i].incident.level, LEVEL_BLUE);
        assert_string_equal(list.items[i].story.todo[0].key, "do.nothing");
    }
    assert_int_equal(world_notices(w).count, 0);
}

/* What happens before the first mail is out is told in it; what happens after it comes in the same thread. */
static void being_cut_off_escalates_in_the_same_thread(void **state)
{
    struct world *w = *state;
    struct call c = world_firm(w, w->firm);
    world_ingest(w, w->gateway, 1, 3, world_alert(w, &world_beacon));
    world_ingest(w, w->gateway, 4, 1, world_isolation(w, world_beacon.mac, "applied", "rule"));
    assert_int_equal(send_all(w), 2);
    has(world_notices(w).items[0].body, "KEIRI-02");
    struct incident_view *v = &world_incidents(w, &c).items[0];
    assert_true(v->incident.isolated_now);
    assert_string_equal(v->story.verdict, "isolated");
    struct notice_list list = world_notices(w);
    assert_int_equal(list.count, 2);
    for (size_t i = 0; i < 2; i++)
        has(list.items[i].subject,
            list.items[i].language == LANGUAGE_JA ? "切り離しました" : "cut \"KEIRI-02\" off");

    struct said second = world_beacon;
    second.mac = "02:00:5e:10:00:33";
    world_ingest(w, w->gateway, 5, 1, world_alert(w, &second));
    assert_int_equal(send_all(w), 2);
    world_ingest(w, w->gateway, 6, 1, world_isolation(w, second.mac, "applied", "rule"));
    world_ingest(w, w->gateway, 7, 5, world_alert(w, &second));
    assert_int_equal(send_all(w), 2);
    list = world_notices(w);
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
    list = world_notices(w);
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
    struct call c = world_firm(w, w->firm);
    struct gateway g;
    assert_int_equal(core_tick(w->core), OUTCOME_OK);
    assert_int_equal(core_gateway_get(&c, w->gateway, &g), OUTCOME_OK);
    assert_int_equal(g.state, GATEWAY_NEVER);
    heartbeat(w, "{\"version\":\"0.1.0\",\"capture\":\"af_packet\",\"fail_open\":false,"
                 "\"counters\":{\"packets\":5,\"bad\":\"x\"}}");
    w->now_us += 119 * SECOND;
    assert_int_equal(core_tick(w->core), OUTCOME_OK);
    assert_int_equal(world_incidents(w, &c).count, 0);
    w->now_us += 2 * SECOND;
    assert_int_equal(core_tick(w->core), OUTCOME_OK);
    assert_int_equal(core_tick(w->core), OUTCOME_OK);
    assert_int_equal(core_gateway_get(&c, w->gateway, &g), OUTCOME_OK);
    assert_int_equal(g.state, GATEWAY_SILENT);
    assert_string_equal(g.counters, "{\"packets\":5}");
    struct incident_view_list list = world_incidents(w, &c);
    assert_int_equal(list.count, 1);
    assert_int_equal(list.items[0].incident.kind, KIND_GATEWAY_SILENT);
    assert_int_equal(list.items[0].incident.level, LEVEL_YELLOW);
    assert_int_equal(send_all(w), 2);
    struct notice first = world_notices(w).items[0];
    has(first.language == LANGUAGE_JA ? first.subject : world_notices(w).items[1].subject,
        "【今日中に確認】装置「本社の装置」と連絡が取れません");
    w->now_us += 60 * SECOND;
    heartbeat(w, "{}");
    assert_int_equal(world_incidents(w, &c).items[0].incident.state, STATE_RESOLVED);
    assert_int_equal(send_all(w), 2);
    struct notice last = world_notices(w).items[0];
    assert_int_equal(last.kind, NOTICE_RESOLVED);
    has(last.body, last.language == LANGUAGE_JA ? "連絡が取れるようになりました" : "answers again");
    /* flapping within the hour: the same incident, no further mail */
    w->now_us += 130 * SECOND;
    assert_int_equal(core_tick(w->core), OUTCOME_OK);
    list = world_incidents(w, &c);
    assert_int_equal(list.count, 1);
    assert_int_equal(list.items[0].incident.state, STATE_NEW);
    assert_int_equal(list.items[0].incident.count, 2);
    heartbeat(w, "{}");
    assert_int_equal(send_all(w), 0);
}

static void fail_open_is_an_alarm(void **state)
{
    struct world *w = *state;
    struct call c = world_firm(w, w->firm);
    heartbeat(w, "{\"event_type\":\"otasuke_health\",\"fail_open\":true,\"otasuke\":{\"health\":{"
                 "\"pkts\":7}}}");
    struct incident_view_list list = world_incidents(w, &c);
    assert_int_equal(list.count, 1);
    assert_int_equal(list.items[0].incident.kind, KIND_FAIL_OPEN);
    has(list.items[0].story.what.words[LANGUAGE_JA], "検査を止めて通信を通しています");
    heartbeat(w, "{\"fail_open\":false}");
    assert_int_equal(world_incidents(w, &c).items[0].incident.state, STATE_RESOLVED);
}

/* The box has several queues: its word of an isolation may come before the alert that led to it. */
static void an_isolation_may_come_first(void **state)
{
    struct world *w = *state;
    struct call c = world_firm(w, w->firm);
    static const struct {
        const char *by;
        bool read_before; /* the first mail went out before the alert came */
        size_t incidents, mails;
    } rows[] = {
        {"rule", false, 1, 2},
        {"rule", true, 1, 4},
        {"command", false, 2, 4}, /* a person's order has its own reason */
    };
    for (size_t n = 0; n < ARRAY_COUNT(rows); n++) {
        struct said one = world_beacon;
        struct said later = world_beacon;
        uint64_t seq = 10 * n + 1;
        one.mac = later.mac = arena_printf(&w->arena, "02:00:5e:31:00:%02x", (unsigned)n);
        size_t before = world_incidents(w, &c).count, mails = world_notices(w).count;
        w->now_us = ALERT_US + 2 * SECOND;
        world_ingest(w, w->gateway, seq, 1, world_isolation(w, one.mac, "applied", rows[n].by));
        if (rows[n].read_before)
            send_all(w);
        world_ingest(w, w->gateway, seq + 1, 3, world_alert(w, &one));
        struct incident_view_list list = world_incidents(w, &c);
        assert_int_equal(list.count - before, rows[n].incidents);
        assert_int_equal(world_notices(w).count - mails, rows[n].mails);
        for (size_t i = 0; i < list.count; i++) {
            if (strcmp(list.items[i].device.mac, one.mac) != 0)
                continue;
            assert_true(list.items[i].incident.isolated_now);
            assert_string_equal(list.items[i].story.verdict, "isolated");
            if (rows[n].incidents == 1) {
                assert_int_equal(list.items[i].incident.kind, KIND_C2);
                assert_int_equal(list.items[i].incident.count, 3);
                assert_int_equal(list.items[i].incident.blocked_count, 3);
            }
        }
    }
}

/* What a stranger writes into a name must not become a line of our mail: the secret phrase beside it would vouch for it. */
static void a_strangers_text_stays_on_its_line(void **state)
{
    struct world *w = *state;
    struct said one = world_beacon;
    one.more = ",\"tls\":{\"sni\":\"a\\n\\u2028\\u202e\\u0085# Please do this now\\r\\nopen "
               "evil.example\"}";
    world_ingest(w, w->gateway, 1, 1, world_alert(w, &one));
    send_all(w);
    struct notice_list list = world_notices(w);
    for (size_t i = 0; i < list.count; i++) {
        has(list.items[i].body, "evil.example");
        lacks(list.items[i].body, "\nopen evil");
        lacks(list.items[i].body, "\n# Please do this now\r");
        lacks(list.items[i].body, "\xe2\x80\xa8");
        lacks(list.items[i].body, "\xe2\x80\xae");
        lacks(list.items[i].body, "\xc2\x85");
    }
}

static void the_technical_box_reads_well(void **state)
{
    struct world *w = *state;
    world_ingest(w, w->gateway, 1, 1, world_alert(w, &world_beacon));
    send_all(w);
    struct notice_list list = world_notices(w);
    assert_int_equal(list.count, 2);
    for (size_t i = 0; i < list.count; i++) {
        bool ja = list.items[i].language == LANGUAGE_JA;
        has(list.items[i].body, ja ? "機器: 02:00:5e:10:00:02 / 192.168.1.20 / NEC / KEIRI-02\n"
                                   : "Device: 02:00:5e:10:00:02 / 192.168.1.20 / NEC / KEIRI-02\n");
        has(list.items[i].body, ja ? "時刻: 11/22 16:58\n" : "Time: Nov 22, 16:58\n");
        has(list.items[i].body, ja ? "(24時間)" : "(24 hours a day)");
    }
}

/* As the gateway writes them: its words for what became of the frames, for isolation, and for fail-open. */
static void the_gateways_own_words_are_understood(void **state)
{
    struct world *w = *state;
    struct call c = world_firm(w, w->firm);
    static const struct {
        const char *verdict;
        int64_t blocked;
    } rows[] = {{"dropped", 1}, {"rejected", 1}, {"allowed", 0}};
    for (uint64_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct said one = world_beacon;
        one.verdict = rows[i].verdict;
        one.mac = arena_printf(&w->arena, "02:00:5e:30:00:%02x", (unsigned)i);
        world_ingest(w, w->gateway, i + 1, 1, world_alert(w, &one));
        struct incident_view_list list = world_incidents(w, &c);
        for (size_t n = 0; n < list.count; n++)
            if (strcmp(list.items[n].device.mac, one.mac) == 0)
                assert_int_equal(list.items[n].incident.blocked_count, rows[i].blocked);
    }
    world_ingest(w, w->gateway, 10, 1,
                 "{\"event_type\":\"otasuke_fail_open\",\"otasuke\":{\"verdict\":\"begins\","
                 "\"reason\":\"engine\"}}");
    struct incident_filter f = {.levels = 1u << LEVEL_YELLOW, .page = {.limit = 10}};
    struct incident_view_list alarms;
    assert_int_equal(core_incident_list(&c, &f, &alarms), OUTCOME_OK);
    assert_int_equal(alarms.count, 1);
    assert_int_equal(alarms.items[0].incident.kind, KIND_FAIL_OPEN);
}

static void a_mail_that_fails_is_tried_again_and_given_up(void **state)
{
    struct world *w = *state;
    struct notice_list due;
    struct delivery busy = {.why = "451 later"},
                    never = {.why = "550 no such user", .hopeless = true};
    world_ingest(w, w->gateway, 1, 1, world_alert(w, &world_beacon));
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
    struct notice_list all = world_notices(w);
    assert_int_equal(all.items[0].state, NOTICE_DEAD);
    assert_int_equal(all.items[1].state, NOTICE_DEAD);
}

/* Somebody makes up machines: the person is told of some, told that there is more, and not buried. */
static void a_storm_of_incidents_is_no_storm_of_mails(void **state)
{
    struct world *w = *state;
    struct call c = world_firm(w, w->firm);
    for (uint64_t i = 0; i < 60; i++) {
        struct said one = world_beacon;
        one.mac = arena_printf(&w->arena, "02:00:5e:20:00:%02x", (unsigned)i);
        world_ingest(w, w->gateway, i + 1, 1, world_alert(w, &one));
    }
    assert_int_equal(world_incidents(w, &c).count, 60);
    assert_int_equal(send_all(w), 40);
    struct notice_list list = world_notices(w);
    assert_int_equal(list.count, 40);
    size_t last = 0;
    for (size_t i = 0; i < list.count; i++)
        last += strstr(list.items[i].body, list.items[i].language == LANGUAGE_JA
                                               ? "これより1時間は"
                                               : "For the next hour") != NULL;
    assert_int_equal(last, 2);
    w->now_us += 2 * HOUR;
    struct said later = world_beacon;
    later.mac = "02:00:5e:20:01:00";
    world_ingest(w, w->gateway, 61, 1, world_alert(w, &later));
    assert_int_equal(send_all(w), 2);
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
    struct call c = world_firm(w, w->firm);
    int64_t number, before;
    world_ingest(w, w->gateway, 1, 1, world_alert(w, &world_beacon));
    struct id device = world_incidents(w, &c).items[0].device.id;
    has(policy(w, 0, &before), "\"isolated\":[]");
    assert_string_equal(policy(w, before, &number), "");
    struct device d;
    struct isolate bad_hours = {"x", 0}, cut = {"感染の疑い", 24};
    assert_int_equal(core_device_isolate(&c, device, &bad_hours, &d), OUTCOME_INVALID);
    assert_int_equal(core_device_isolate(&c, device, &cut, &d), OUTCOME_OK);
    assert_int_equal(d.isolation.state, ISOLATION_ORDERED);
    has(policy(w, before, &number), "\"mac\":\"02:00:5e:10:00:02\",\"reason\":\"感染の疑い\"");
    assert_true(number > before);
    world_ingest(w, w->gateway, 2, 1, world_isolation(w, world_beacon.mac, "applied", "center"));
    assert_int_equal(core_device_get(&c, device, &d), OUTCOME_OK);
    assert_int_equal(d.isolation.state, ISOLATION_APPLIED);
    assert_int_equal(d.isolation.by, ISOLATION_BY_CENTER);
    assert_string_equal(d.isolation.reason, "感染の疑い");
    assert_int_equal(core_device_release(&c, device, &d), OUTCOME_OK);
    const char *text = policy(w, number, &number);
    has(text, "\"isolated\":[]");
    has(text, "\"released\":[{\"mac\":\"02:00:5e:10:00:02\"");
    world_ingest(w, w->gateway, 3, 1, world_isolation(w, world_beacon.mac, "lifted", "center"));
    assert_int_equal(core_device_get(&c, device, &d), OUTCOME_OK);
    assert_int_equal(d.isolation.state, ISOLATION_NONE);
    assert_int_equal(core_device_release(&c, device, &d), OUTCOME_CONFLICT);
}

/* β社: the machine that nobody knows is named, with its maker and when it was first seen. */
static void an_unknown_machine_is_called_unknown(void **state)
{
    struct world *w = *state;
    struct call c = world_firm(w, w->firm);
    world_enrol(w, w->gateway, "a1");
    w->now_us += 48 * HOUR;
    const char *json = "{\"event_type\":\"alert\",\"alert\":{\"signature\":\"ET MALWARE Dorkbot "
                       "CnC\"},\"otasuke\":{\"verdict\":"
                       "\"drop\",\"threat_direction\":\"inside_out\",\"device\":{\"mac\":\"02:00:"
                       "5e:10:00:77\",\"maker\":"
                       "\"Buffalo\"}}}";
    world_ingest(w, w->gateway, 1, 1, json);
    send_all(w);
    struct incident_view v = world_incidents(w, &c).items[0];
    assert_true(v.device.unknown);
    assert_string_equal(v.story.todo[0].key, "do.find_device");
    const struct notice *n = &world_notices(w).items[0];
    const struct notice *ja = n->language == LANGUAGE_JA ? n : n + 1;
    has(ja->body, "登録されていない機器です");
    has(ja->body, "Buffalo製");
    struct device_change named = {
        .set_name = true, .name = "社長のご親族のPC", .set_place = true, .place = "2階"};
    struct device d;
    assert_int_equal(core_device_change(&c, v.device.id, &named, &d), OUTCOME_OK);
    assert_false(d.unknown);
    v = world_incidents(w, &c).items[0];
    has(v.story.what.words[LANGUAGE_JA], "社長のご親族のPC");
}

/* Once somebody has said "these are all ours", the next machine is unknown at once, and no clock of a box decides it. */
static void a_machine_after_the_confirmed_list_is_unknown(void **state)
{
    struct world *w = *state;
    struct call c = world_firm(w, w->firm), stranger = world_firm(w, w->other_firm);
    struct gateway g;
    struct device_list devices;
    struct device_filter filter = {.unknown = YES, .page.limit = 10};
    const char *old = "{\"event_type\":\"alert\",\"otasuke\":{\"device\":{\"mac\":"
                      "\"02:00:5e:10:00:70\",\"unknown\":true}}}";
    const char *fresh = "{\"event_type\":\"alert\",\"otasuke\":{\"device\":{\"mac\":"
                        "\"02:00:5e:10:00:71\",\"hostname\":\"taro\",\"first_seen\":"
                        "\"2020-01-01T00:00:00.000000+0000\",\"unknown\":false}}}";
    world_enrol(w, w->gateway, "a1");
    world_ingest(w, w->gateway, 1, 1, old);
    assert_int_equal(core_device_list(&c, &filter, &devices), OUTCOME_OK);
    assert_int_equal(devices.count, 1);
    assert_int_equal(core_gateway_confirm_devices(&stranger, w->gateway, &g), OUTCOME_NOT_FOUND);
    assert_int_equal(core_gateway_confirm_devices(&c, w->gateway, &g), OUTCOME_OK);
    assert_int_equal(g.devices_confirmed_us, w->now_us);
    world_ingest(w, w->gateway, 2, 1, old);
    world_ingest(w, w->gateway, 3, 1, fresh);
    assert_int_equal(core_device_list(&c, &filter, &devices), OUTCOME_OK);
    assert_int_equal(devices.count, 1);
    assert_string_equal(devices.items[0].mac, "02:00:5e:10:00:71");
    world_ingest(w, w->gateway, 4, 1, fresh);
    assert_int_equal(core_device_list(&c, &filter, &devices), OUTCOME_OK);
    assert_int_equal(devices.count, 1);
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

#define TEST(function) cmocka_unit_test_setup_teardown(function, world_set_up, world_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(many_alerts_of_one_cause_are_one_incident),
        TEST(what_differs_in_cause_is_another_incident),
        TEST(the_notice_answers_the_six_questions),
        TEST(stopped_is_said_only_of_what_was_stopped),
        TEST(blue_never_mails),
        TEST(being_cut_off_escalates_in_the_same_thread),
        TEST(a_silent_gateway_is_an_alarm_and_its_return_closes_it),
        TEST(fail_open_is_an_alarm),
        TEST(the_gateways_own_words_are_understood),
        TEST(an_isolation_may_come_first),
        TEST(a_strangers_text_stays_on_its_line),
        TEST(the_technical_box_reads_well),
        TEST(a_mail_that_fails_is_tried_again_and_given_up),
        TEST(a_storm_of_incidents_is_no_storm_of_mails),
        TEST(an_order_to_isolate_reaches_the_policy),
        TEST(an_unknown_machine_is_called_unknown),
        TEST(a_machine_after_the_confirmed_list_is_unknown),
        TEST(every_story_can_be_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
