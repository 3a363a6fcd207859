/* The door of core: batches, scopes, claims, sessions. rows: P6 A16 */
#include "center/core/inner.h"
#include "center/core/world.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static void a_batch_sent_again_is_stored_once(void **state)
{
    struct world *w = *state;
    struct call c = world_firm(w, w->firm);
    const char *json = world_alert(w, &world_beacon);
    world_ingest(w, w->gateway, 1, 50, json);
    struct ingest_result r = world_ingest(w, w->gateway, 41, 20, json);
    assert_int_equal(r.duplicates, 10);
    assert_int_equal(r.stored, 10);
    assert_int_equal(r.durable_seq, 60);
    assert_int_equal(world_incidents(w, &c).items[0].incident.count, 60);
    uint64_t mark;
    assert_int_equal(core_ingest_mark(w->core, w->gateway, STR_LIT("epoch-1"), &mark), OUTCOME_OK);
    assert_int_equal(mark, 60);
    /* another epoch of the same box, and the same epoch of another box, are their own */
    assert_int_equal(core_ingest_mark(w->core, w->gateway, STR_LIT("epoch-2"), &mark), OUTCOME_OK);
    assert_int_equal(mark, 0);
    r = world_ingest(w, w->other_gateway, 1, 5, json);
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
        struct ingest_result r = world_ingest(w, w->gateway, i + 1, 1, bad[i]);
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

static void nobody_sees_another_firm(void **state)
{
    struct world *w = *state;
    struct call self = world_self(w), mine = world_firm(w, w->firm),
                other = world_firm(w, w->other_firm);
    world_ingest(w, w->gateway, 1, 1, world_alert(w, &world_beacon));
    struct incident_view v = world_incidents(w, &mine).items[0];
    struct id incident = v.incident.id, device = v.device.id;
    assert_int_equal(world_incidents(w, &other).count, 0);
    assert_int_equal(world_incidents(w, &self).count, 1);
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

static void claims_are_limited_and_certificates_can_be_revoked(void **state)
{
    struct world *w = *state;
    struct call c = world_self(w);
    struct claim claim;
    struct gateway g;
    uint8_t wrong[LINK_CLAIM_ID_BYTES] = {1};
    world_enrol(w, w->gateway, "a1");
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

static enum outcome try_login(struct world *w, const char *password, struct person_session *s)
{
    struct call c = {.core = w->core, .arena = &w->arena};
    struct login login = {STR_LIT("admin"), str_c(password), STR_LIT("192.0.2.5")};
    return core_login(&c, &login, s);
}

static void sessions_begin_rest_and_end(void **state)
{
    struct world *w = *state;
    struct person_session s, again;
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
    struct person_session kept;
    assert_int_equal(core_session(&nobody, str_c(s.token), &kept), OUTCOME_OK);
    assert_int_equal(core_session(&nobody, str_c(again.token), &kept), OUTCOME_LOGIN_FAILED);
    assert_int_equal(core_logout(&c, str_c(s.token)), OUTCOME_OK);
    assert_int_equal(core_session(&nobody, str_c(s.token), &kept), OUTCOME_LOGIN_FAILED);
}

/* Who tries names cannot tell from the answers which of them exist. */
static void names_that_are_none_rest_too(void **state)
{
    struct world *w = *state;
    struct person_session s;
    const struct str names[] = {STR_LIT("admin"), STR_LIT("nobody here")};
    for (int i = 0; i < 12; i++) {
        struct problem said[2];
        enum outcome outcome[2];
        for (size_t n = 0; n < 2; n++) {
            struct call c = {.core = w->core, .arena = &w->arena};
            struct login login = {names[n], STR_LIT("wrong password"), STR_LIT("192.0.2.6")};
            outcome[n] = core_login(&c, &login, &s);
            said[n] = c.problem;
        }
        assert_int_equal(outcome[0], i % 7 < 5 ? OUTCOME_LOGIN_FAILED : OUTCOME_LIMITED);
        assert_int_equal(outcome[0], outcome[1]);
        assert_string_equal(said[0].text, said[1].text);
        if (i == 6) { /* both forget, one by one's own right password */
            w->now_us += 16 * 60 * SECOND;
            assert_int_equal(try_login(w, "correct horse battery", &s), OUTCOME_OK);
            rests_forget(&w->core->rests, names[1]);
        }
    }
}

/* A session in the wrong hands does not open the way to guess the password. */
static void old_passwords_are_not_guessed(void **state)
{
    struct world *w = *state;
    struct person_session s;
    assert_int_equal(try_login(w, "correct horse battery", &s), OUTCOME_OK);
    struct call c = {.core = w->core, .arena = &w->arena, .actor = s.actor};
    struct password_change guess = {"a wrong old password", "another long password",
                                    str_c(s.token)};
    struct password_change right = {"correct horse battery", "another long password",
                                    str_c(s.token)};
    for (int i = 0; i < 5; i++)
        assert_int_equal(core_password_change(&c, &guess), OUTCOME_LOGIN_FAILED);
    assert_int_equal(core_password_change(&c, &right), OUTCOME_LIMITED);
    w->now_us += 61 * SECOND;
    assert_int_equal(core_password_change(&c, &right), OUTCOME_OK);
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
                                     world_alert(w, &world_beacon), epochs[i], NULL};
        assert_int_equal(pthread_create(&threads[i], NULL, send_batches, &senders[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        assert_null(senders[i].failure);
    }
    struct call c = world_self(w);
    struct incident_view_list list = world_incidents(w, &c);
    assert_int_equal(list.count, 2);
    assert_int_equal(list.items[0].incident.count + list.items[1].incident.count,
                     THREADS * BATCHES * BATCH);
}

/* A process that is killed in the middle of its work: what it had acknowledged is there, once; the rest can be sent again. */
static void what_was_acknowledged_survives_a_kill(void **state)
{
    struct world *w = *state;
    const char *json = world_alert(w, &world_beacon);
    int acks[2];
    assert_int_equal(pipe(acks), 0);
    world_close(w);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        world_open(w);
        for (uint64_t seq = 1;; seq += BATCH) {
            struct ingest_result r = world_ingest(w, w->gateway, seq, BATCH, json);
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
    world_open(w);
    uint64_t mark;
    assert_int_equal(core_ingest_mark(w->core, w->gateway, STR_LIT("epoch-1"), &mark), OUTCOME_OK);
    assert_true(mark >= acknowledged);
    assert_int_equal(mark % BATCH, 0);
    for (uint64_t seq = 1; seq <= mark + BATCH; seq += BATCH)
        world_ingest(w, w->gateway, seq, BATCH, json);
    struct call c = world_self(w);
    assert_int_equal(world_incidents(w, &c).items[0].incident.count, mark + BATCH);
    struct err err;
    assert_int_equal(store_check(w->store, &err), 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, world_set_up, world_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_batch_sent_again_is_stored_once),
        TEST(what_cannot_be_read_is_counted_and_acknowledged),
        TEST(nobody_sees_another_firm),
        TEST(claims_are_limited_and_certificates_can_be_revoked),
        TEST(sessions_begin_rest_and_end),
        TEST(names_that_are_none_rest_too),
        TEST(old_passwords_are_not_guessed),
        TEST(batches_at_the_same_moment_are_all_stored),
        TEST(what_was_acknowledged_survives_a_kill),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
