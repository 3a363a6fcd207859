#include "center/core/world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static int64_t clock_of(void *clock)
{
    return ((struct world *)clock)->now_us;
}

struct call world_self(struct world *w)
{
    return (struct call){.core = w->core, .arena = &w->arena, .actor = core_actor_self()};
}

struct call world_firm(struct world *w, struct id firm)
{
    struct actor a = {.name = "山田", .role = ROLE_MANAGER, .scope = scope_organisation(firm)};
    return (struct call){.core = w->core, .arena = &w->arena, .actor = a};
}

void world_open(struct world *w)
{
    struct err err;
    struct core_settings settings = {.now_us = clock_of,
                                     .clock = w,
                                     .public_url = "https://mimamori.example.jp",
                                     .contact_phone = "06-0000-0000",
                                     .mail_domain = "mimamori.example.jp"};
    w->store = store_open(w->path, &err);
    if (!w->store || store_migrate(w->store, NOW, &err) != 0)
        fail_msg("%s", err.text);
    w->core = core_new(w->store, &settings, &err);
    if (!w->core)
        fail_msg("%s", err.text);
}

void world_close(struct world *w)
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
void world_enrol(struct world *w, struct id gateway, const char *serial)
{
    struct call c = world_self(w);
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

int world_set_up(void **state)
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
    world_open(w);
    struct call c = world_self(w);
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

int world_tear_down(void **state)
{
    struct world *w = *state;
    char command[160];
    world_close(w);
    arena_fini(&w->arena);
    snprintf(command, sizeof command, "rm -rf %s", w->folder);
    assert_int_equal(system(command), 0);
    free(w);
    return 0;
}

/* ---- events of a pretend gateway ---- */

const struct said world_beacon = {"ET MALWARE Gh0st RAT CnC Beacon", "drop", "inside_out",
                                  "02:00:5e:10:00:02", ""};

const char *world_alert(struct world *w, const struct said *s)
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

const char *world_isolation(struct world *w, const char *mac, const char *state, const char *by)
{
    return arena_printf(&w->arena,
                        "{\"event_type\":\"otasuke_isolation\",\"otasuke\":{\"isolation\":{\"mac\":"
                        "\"%s\",\"state\":\"%s\","
                        "\"by\":\"%s\",\"reason\":\"rule 2000001\",\"since_us\":%lld}}}",
                        mac, state, by, (long long)w->now_us);
}

struct ingest_result world_ingest(struct world *w, struct id gateway, uint64_t first,
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

struct incident_view_list world_incidents(struct world *w, struct call *c)
{
    struct incident_filter f = {.page = {.limit = 100}};
    struct incident_view_list list;
    assert_int_equal(core_incident_list(c, &f, &list), OUTCOME_OK);
    return list;
}

struct notice_list world_notices(struct world *w)
{
    struct call c = world_self(w);
    struct notice_filter f = {.page = {.limit = 100}};
    struct notice_list list;
    assert_int_equal(core_notice_list(&c, &f, &list), OUTCOME_OK);
    return list;
}
