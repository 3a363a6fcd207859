/* What happens when there is no memory (play() in failing.h says how): the center's core and store. */
#include "tests/alloc/failing.h"

#include "base/json.h"
#include "center/core/world.h"
#include "center/tree/tree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static bool write_and_read_json(void *context)
{
    struct buf out;
    struct json j;
    enum tree_fault fault;
    bool good = false;
    (void)context;
    buf_init(&out, 0);
    json_init(&j, &out);
    json_object(&j, NULL);
    for (int i = 0; i < 40; i++) {
        char name[40];
        snprintf(name, sizeof name, "the name of member %d", i);
        json_text(&j, name, "and a value to it");
    }
    json_end_object(&j);
    struct tree *t = out.failed ? NULL : tree_parse(buf_str(&out), &fault);
    if (t) {
        char *text = tree_write(t);
        good = text != NULL;
        free(text);
        tree_free(t);
    }
    buf_fini(&out);
    return good;
}

static void json_without_memory(void **state)
{
    (void)state;
    play("json", write_and_read_json, NULL);
}

struct attempt {
    struct world *w;
    uint64_t seq; /* of the epoch's last event that is stored */
    unsigned number;
};

/* A batch about a machine of its own: device, incident and notices are made anew. */
static bool take_batch(void *context)
{
    struct attempt *a = context;
    struct ingest_event events[3];
    struct ingest_result r = {0};
    struct problem p = {0};
    char mac[MAC_TEXT_BYTES];
    snprintf(mac, sizeof mac, "02:00:5e:10:%02x:%02x", a->number >> 8 & 255, a->number & 255);
    struct said said = {world_beacon.message, world_beacon.verdict, world_beacon.direction, mac,
                        ""};
    const char *json = world_alert(a->w, &said);
    if (!json)
        return false;
    for (uint64_t i = 0; i < 3; i++)
        events[i] = (struct ingest_event){a->seq + 1 + i, a->w->now_us, 1, str_c(json)};
    struct ingest_batch b = {a->w->gateway, STR_LIT("epoch-1"), events, 3};
    bool good = core_ingest(a->w->core, &b, &r, &p) == OUTCOME_OK;
    assert_true(!good || (r.stored == 3 && r.durable_seq == a->seq + 3));
    return good;
}

/* All of the attempt is there, with its device and a notice to each of two people, or nothing of it. */
static void look_for(const struct attempt *a, bool stored, struct id *newest)
{
    struct call c = world_self(a->w);
    struct incident_filter last = {.page = {.limit = 1}};
    struct incident_view_list list;
    struct notice_list notices;
    assert_int_equal(core_incident_list(&c, &last, &list), OUTCOME_OK);
    assert_int_equal(list.count, 1);
    const struct incident_view *v = &list.items[0];
    if (!stored) {
        assert_true(id_eq(&v->incident.id, newest));
        return;
    }
    assert_false(id_eq(&v->incident.id, newest));
    assert_int_equal(v->incident.count, 3);
    assert_int_equal(v->incident.blocked_count, 3);
    assert_true(v->has_device);
    struct notice_filter of = {.incident = v->incident.id, .page = {.limit = 10}};
    assert_int_equal(core_notice_list(&c, &of, &notices), OUTCOME_OK);
    assert_int_equal(notices.count, 2);
    *newest = v->incident.id;
}

/* A batch is stored whole, with all that is made of it, or not at all; what is sent again counts once. */
static void ingest_without_memory(void **state)
{
    struct attempt a = {.w = *state};
    static const enum failing_mode modes[] = {FAILING_ONCE, FAILING_FROM_THEN_ON};
    struct id newest = {{0}};
    for (; a.number < 3; a.number++, a.seq += 3) {
        assert_true(take_batch(&a));
        a.w->now_us += HOUR;
    }
    a.seq -= 3;
    a.number--;
    look_for(&a, true, &newest);
    for (size_t m = 0; m < ARRAY_COUNT(modes); m++) {
        size_t refused = 1;
        for (size_t at = 1; refused; at = failing_next(at)) {
            a.seq += 3;
            a.number++;
            a.w->now_us += HOUR; /* a storm of notices is over by then */
            arena_reset(&a.w->arena);
            size_t live = failing_live();
            failing_begin(at, modes[m]);
            bool good = take_batch(&a);
            refused = failing_end();
            assert_int_equal(failing_live(), live);
            assert_true(good || refused);
            look_for(&a, good, &newest);
            if (!good) { /* the box sends it again */
                assert_true(take_batch(&a));
                look_for(&a, true, &newest);
            }
        }
    }
}

/* Asks and changes of a person. Each may fail, none may half happen: the log of who did what and the thing itself agree. */
static bool work_as_a_person(void *context)
{
    struct world *w = context;
    struct arena arena;
    struct firm f;
    struct firm_list firms;
    struct summary summary;
    struct incident_view_list incidents;
    struct notice_list due;
    struct incident_filter all = {.page = {.limit = 10}};
    struct buf policy;
    int64_t number;
    arena_init(&arena, 0, 0);
    buf_init(&policy, 0);
    struct call c = {.core = w->core, .arena = &arena, .actor = core_actor_self()};
    bool good = core_firm_get(&c, w->firm, &f) == OUTCOME_OK;
    assert_true(!good || f.contact_count == 2);
    good &= core_firm_list(&c, &firms) == OUTCOME_OK;
    good &= core_summary(&c, &summary) == OUTCOME_OK;
    bool listed = core_incident_list(&c, &all, &incidents) == OUTCOME_OK;
    assert_true(!listed || (incidents.count == 1 && incidents.items[0].story.title.words[0]));
    good &= listed;
    good &= core_outbox_due(w->core, &arena, 10, &due) == OUTCOME_OK;
    bool made = core_policy_for(w->core, w->gateway, 0, &policy, &number) == OUTCOME_OK;
    good &= made && !policy.failed;
    buf_fini(&policy);
    arena_fini(&arena);
    return good;
}

static void people_without_memory(void **state)
{
    struct world *w = *state;
    struct attempt a = {.w = w};
    assert_true(take_batch(&a));
    play("a person's questions", work_as_a_person, w);
}

/* A firm that failed to be made is not there; nothing of it is. */
static bool add_firm(void *context)
{
    struct world *w = context;
    struct arena arena;
    struct firm_list before, after;
    struct firm f;
    struct new_firm wish = {.name = "丙社", .site = "本社"};
    struct call look = world_self(w);
    size_t refused = failing_end();
    (void)refused;
    assert_int_equal(core_firm_list(&look, &before), OUTCOME_OK);
    arena_init(&arena, 0, 0);
    struct call c = {.core = w->core, .arena = &arena, .actor = core_actor_self()};
    failing_begin(w->now_us > NOW ? (size_t)(w->now_us - NOW) : 0, FAILING_ONCE);
    enum outcome outcome = core_firm_add(&c, &wish, &f);
    refused = failing_end();
    assert_int_equal(core_firm_list(&look, &after), OUTCOME_OK);
    assert_int_equal(after.count, before.count + (outcome == OUTCOME_OK));
    assert_true(outcome == OUTCOME_OK || refused);
    assert_true(outcome != OUTCOME_OK || (f.phrase && f.site_count == 1));
    arena_fini(&arena);
    return refused == 0;
}

static void firms_without_memory(void **state)
{
    struct world *w = *state;
    (void)add_firm(w); /* statements are prepared once and kept */
    for (size_t at = 1; at < 500; at++) {
        size_t live = failing_live();
        w->now_us = NOW + (int64_t)at;
        bool done = add_firm(w);
        arena_reset(&w->arena);
        assert_int_equal(failing_live(), live);
        if (done)
            return;
    }
    fail_msg("a firm takes no end of memory");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_without_memory),
        cmocka_unit_test_setup_teardown(ingest_without_memory, world_set_up, world_tear_down),
        cmocka_unit_test_setup_teardown(people_without_memory, world_set_up, world_tear_down),
        cmocka_unit_test_setup_teardown(firms_without_memory, world_set_up, world_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
