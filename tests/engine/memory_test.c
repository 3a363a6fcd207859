/* What a flow costs: many connections of each kind are opened and left alone. The figures stand in docs/limits.md; the limits
 * here keep them true. */
#include "played.h"

#include "engine/conversation.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define FLOWS 20000
#define RULES                                                                            \
    "alert http any any -> any any (msg:\"uri\"; http.uri; content:\"never\"; sid:1;)\n" \
    "alert http any any -> any any (msg:\"page\"; file.data; content:\"never\"; sid:2;)\n"
/* With such a rule the last bytes of each direction are kept, as far as it may look back. */
#define RAW_RULE "alert tcp any any -> any any (msg:\"raw\"; content:\"never seen here\"; sid:3;)\n"

static const char request[] =
    "GET /index.html HTTP/1.1\r\nHost: www.example.com\r\nUser-Agent: Mozilla/5.0 (X11; Linux "
    "x86_64)\r\n"
    "Accept: text/html\r\nAccept-Language: ja\r\nConnection: keep-alive\r\n\r\n";
static const char response[] =
    "HTTP/1.1 200 OK\r\nServer: nginx\r\nContent-Type: text/html\r\nContent-Length: 1200\r\n\r\n";

/* How far a connection gets before it is left alone. */
enum stage { OPENED, REQUESTED, ANSWERED };

static const struct {
    const char *name;
    enum stage stage;
    const char *rules;
    uint32_t most; /* bytes of the flow's own memory, beside its place in the table */
} rows[] = {
    {"opened, nothing said", OPENED, RULES RAW_RULE, 0},
    {"HTTP, asked", REQUESTED, RULES, 2048},
    {"HTTP, asked and answered", ANSWERED, RULES, 128},
    {"HTTP, asked, raw rules", REQUESTED, RULES RAW_RULE, 2048},
    {"HTTP, asked and answered, raw rules", ANSWERED, RULES RAW_RULE, 2048},
};

#define PLACE_MOST 808 /* bytes of a flow's place in the table */

static void roomy(struct engine_conf *conf)
{
    conf->flow.max = FLOWS + 16;
    conf->memory_bytes = UINT64_C(1) << 30;
}

static void answer(struct played_talk *t)
{
    uint8_t page[sizeof response - 1 + 1200];
    memset(page, 'x', sizeof page);
    memcpy(page, response, sizeof response - 1);
    played_send(t, DIR_TOCLIENT, str_of(page, sizeof page));
    played_send(t, DIR_TOSERVER, STR_EMPTY);
    played_send(t, DIR_TOCLIENT, STR_EMPTY); /* a keep-alive */
}

/* Returns the bytes that the flows hold, each. */
static uint32_t measure(enum stage stage, const char *rules, bool enforced)
{
    static struct played p;
    static char addresses[FLOWS / 200 + 1][20];
    played_init(&p, rules, enforced, roomy);
    p.quiet = true;
    for (uint32_t i = 0; i < FLOWS; i++) {
        struct played_talk t;
        snprintf(addresses[i / 200], sizeof addresses[0], "192.168.%u.11", i / 200 % 250);
        played_begin(&t, &p, (uint16_t)(20000 + i % 200), 80);
        t.ends.src = addresses[i / 200];
        played_shake(&t);
        if (stage >= REQUESTED) {
            played_send(&t, DIR_TOSERVER, str_of(request, sizeof request - 1));
            played_send(&t, DIR_TOCLIENT, STR_EMPTY);
        }
        if (stage >= ANSWERED)
            answer(&t);
    }
    assert_int_equal(flow_table_counts(p.engine->flows)->active, FLOWS);
    uint32_t bytes = (uint32_t)(p.engine->slab.used_bytes / FLOWS);
    played_end(&p);
    assert_int_equal(p.engine->slab.used_bytes, 0);
    played_fini(&p);
    return bytes;
}

static void test_flows(void **state)
{
    print_message(
        "# place in the table: %zu bytes, of them flow %zu, stream %zu, parser %zu, rules %zu\n",
        sizeof(struct conversation), sizeof(struct flow), sizeof(struct stream),
        sizeof(struct app_flow), sizeof(struct match_flow));
    assert_true(sizeof(struct conversation) <= PLACE_MOST);
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        for (int enforced = 0; enforced < 2; enforced++) {
            uint32_t bytes = measure(rows[i].stage, rows[i].rules, enforced);
            print_message("# %s, %s: %u bytes\n", rows[i].name, enforced ? "inline" : "beside",
                          bytes);
            assert_true(bytes <= rows[i].most);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_flows)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
