/* rows: P2 */
/* Many small transactions in one segment, one stream, with or without answers: each is looked at. */
#include "played.h"

#include "base/attr.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define RULES                                                                                   \
    "drop http any any -> any any (msg:\"request\"; http.uri; content:\"/wanted\"; sid:1;)\n"   \
    "drop dns any any -> any any (msg:\"name\"; dns.query; content:\"wanted\"; sid:2;)\n"       \
    "drop smtp any any -> any any (msg:\"mail\"; smtp.mail_from; content:\"wanted\"; sid:3;)\n" \
    "drop http any any -> any any (msg:\"page\"; file.data; content:\"wanted\"; sid:4;)\n"      \
    "alert http any any -> any any (msg:\"told\"; app-layer-event:http.too_many_transactions; " \
    "threshold:type limit,track by_src,count 1,seconds 60; sid:5;)\n"                           \
    "drop http any any -> any any (msg:\"both\"; content:\"mark\"; http.uri; "                  \
    "content:\"/marked\"; sid:6;)\n"

enum kind { HTTP, DNS, SMTP };

static void add_dns(struct buf *out, bool wanted)
{
    uint8_t name[] = "\6wanted\7example\0\0\1\0\1", other[] = "\6common\7example\0\0\1\0\1";
    uint8_t head[] = {0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0};
    struct str question = wanted ? str_of(name, sizeof name - 1) : str_of(other, sizeof other - 1);
    buf_add_byte(out, 0);
    buf_add_byte(out, (uint8_t)(sizeof head + question.len));
    buf_add(out, str_of(head, sizeof head));
    buf_add(out, question);
}

static void add_one(struct buf *out, enum kind kind, bool wanted)
{
    switch (kind) {
    case HTTP: buf_printf(out, "GET /%s HTTP/1.0\n\n", wanted ? "wanted" : "x"); break;
    case DNS: add_dns(out, wanted); break;
    case SMTP: buf_printf(out, "MAIL FROM:<%s>\r\nDATA\r\n.\r\n", wanted ? "wanted" : "x"); break;
    }
}

static const uint16_t ports[] = {80, 53, 25};
static const char *const names[] = {"http", "dns", "smtp"};

struct crowd {
    enum kind kind;
    uint32_t count, wanted; /* the one that the rule means, from 0 */
};

static void add_crowd(struct buf *out, const struct crowd *crowd)
{
    for (uint32_t i = 0; i < crowd->count; i++)
        add_one(out, crowd->kind, i == crowd->wanted);
}

static void expect_hit(const struct played *p, const struct crowd *crowd, const char *how)
{
    char line[64];
    snprintf(line, sizeof line, "alert %d %s tx %u", crowd->kind + 1,
             p->conf.verdict.enforced ? "blocked" : "allowed", crowd->wanted);
    if (played_count(p, line) != 1)
        fail_msg("%s %u of %u, %s: no \"%s\"\n%.1500s", names[crowd->kind], crowd->wanted,
                 crowd->count, how, line, buf_str(&p->seen).p);
}

static void play(const struct crowd *crowd, bool enforced, size_t most)
{
    static struct played p;
    struct played_talk t;
    struct buf bytes;
    buf_init(&bytes, 0);
    add_crowd(&bytes, crowd);
    played_init(&p, RULES, enforced, NULL);
    played_open(&t, &p, 40000, ports[crowd->kind]);
    if (crowd->kind == SMTP) {
        played_send(&t, DIR_TOCLIENT, STR_LIT("220 a ESMTP\r\n"));
        played_send(&t, DIR_TOSERVER, STR_LIT("HELO a\r\n"));
        played_send(&t, DIR_TOCLIENT, STR_LIT("250 a\r\n"));
    }
    played_send_cut(&t, DIR_TOSERVER, buf_str(&bytes), most);
    if (enforced && bytes.len <= most)
        assert_int_equal(p.answer.action, VERDICT_DROP);
    played_close(&t);
    played_end(&p);
    expect_hit(&p, crowd, most >= bytes.len ? "one segment" : "several segments");
    played_fini(&p);
    buf_fini(&bytes);
}

static const struct crowd crowds[] = {
    {HTTP, 300, 299}, {HTTP, 300, 255},  {HTTP, 300, 256}, {HTTP, 3000, 2999},
    {DNS, 300, 299},  {DNS, 1900, 1899}, {SMTP, 300, 299}, {SMTP, 1500, 1499},
};

static void test_in_one_segment(void **state)
{
    for (size_t i = 0; i < ARRAY_COUNT(crowds); i++)
        for (int enforced = 0; enforced < 2; enforced++)
            play(&crowds[i], enforced, 65000);
}

static void test_in_one_stream(void **state)
{
    static const struct crowd large[] = {{HTTP, 5000, 4999}, {DNS, 5000, 4999}, {SMTP, 5000, 4999}};
    for (size_t i = 0; i < ARRAY_COUNT(large); i++)
        for (int enforced = 0; enforced < 2; enforced++) {
            play(&large[i], enforced, 1460);
            play(&large[i], enforced, 61);
        }
}

/* The crowd arrives as one chunk, since its first byte comes last. */
static void test_behind_a_hole(void **state)
{
    static struct played p;
    struct played_talk t;
    struct buf bytes;
    const struct crowd crowd = {HTTP, 9000, 8999};
    buf_init(&bytes, 0);
    add_crowd(&bytes, &crowd);
    played_init(&p, RULES, true, NULL);
    played_open(&t, &p, 40000, 80);
    uint32_t first = t.seq[DIR_TOSERVER]++;
    played_send_cut(&t, DIR_TOSERVER, str_from(buf_str(&bytes), 1), 1460);
    uint32_t next = t.seq[DIR_TOSERVER];
    t.seq[DIR_TOSERVER] = first;
    played_send(&t, DIR_TOSERVER, str_cut(buf_str(&bytes), 0, 1));
    t.seq[DIR_TOSERVER] = next;
    played_close(&t);
    played_end(&p);
    expect_hit(&p, &crowd, "behind a hole");
    played_fini(&p);
    buf_fini(&bytes);
}

/* Two segments, cut at each byte: the same is found. */
static void test_cut_at_each_byte(void **state)
{
    static struct played p;
    struct buf bytes;
    const struct crowd crowd = {HTTP, 270, 268};
    buf_init(&bytes, 0);
    add_crowd(&bytes, &crowd);
    for (size_t cut = bytes.len - 400; cut < bytes.len; cut++) {
        struct played_talk t;
        played_init(&p, RULES, true, NULL);
        played_open(&t, &p, 40000, 80);
        played_send(&t, DIR_TOSERVER, str_cut(buf_str(&bytes), 0, cut));
        played_send(&t, DIR_TOSERVER, str_from(buf_str(&bytes), cut));
        played_end(&p);
        expect_hit(&p, &crowd, "cut");
        played_fini(&p);
    }
    buf_fini(&bytes);
}

/* Nobody answers: the oldest are ended, loudly, and the answers that come at last are still looked at. */
static void test_unanswered(void **state)
{
    static struct played p;
    struct played_talk t;
    struct buf requests, responses;
    buf_init(&requests, 0);
    buf_init(&responses, 0);
    add_crowd(&requests, &(struct crowd){HTTP, 1000, UINT32_MAX});
    for (int i = 0; i < 1000; i++)
        buf_printf(&responses, "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n%s",
                   i == 3 ? "wanted" : "common");
    played_init(&p, RULES, true, NULL);
    played_open(&t, &p, 40000, 80);
    played_send(&t, DIR_TOSERVER, buf_str(&requests));
    assert_int_equal(p.answer.action, VERDICT_ACCEPT);
    assert_true(engine_counts(p.engine)->app_given_up >= 1000 - APP_TX_MAX_USUAL);
    assert_int_equal(played_count(&p, "anomaly too_many_transactions tx 0"), 1);
    assert_int_equal(played_count(&p, "alert 5 allowed tx 0"), 1);
    played_send(&t, DIR_TOCLIENT, buf_str(&responses));
    assert_int_equal(p.answer.action, VERDICT_DROP);
    assert_int_equal(p.answer.rule->sid, 4);
    played_fini(&p);
    buf_fini(&requests);
    buf_fini(&responses);
}

/* A rule about payload and URI together, in a packet whose first transactions went before its end. */
/* Also while frames are looked at, which are there before the transactions. */
static void mixed_rule(const char *rules)
{
    static struct played p;
    struct played_talk t;
    struct buf bytes;
    buf_init(&bytes, 0);
    buf_add_c(&bytes, "GET /marked HTTP/1.0\n\n");
    add_crowd(&bytes, &(struct crowd){HTTP, 600, UINT32_MAX});
    played_init(&p, rules, true, NULL);
    played_open(&t, &p, 40000, 80);
    played_send(&t, DIR_TOSERVER, buf_str(&bytes));
    assert_int_equal(played_count(&p, "alert 6 blocked tx 0"), 1);
    assert_int_equal(p.answer.action, VERDICT_DROP);
    played_fini(&p);
    buf_fini(&bytes);
}

static void test_mixed_rule(void **state)
{
    mixed_rule(RULES);
    mixed_rule(RULES "alert http any any -> any any (frame:http1.request; content:\"never\"; sid:7;)\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_in_one_segment), cmocka_unit_test(test_in_one_stream),
        cmocka_unit_test(test_behind_a_hole),  cmocka_unit_test(test_cut_at_each_byte),
        cmocka_unit_test(test_unanswered),     cmocka_unit_test(test_mixed_rule),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
