/* rows: A5 A8 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "engine/app/smtp/envelope.h"
#include "engine/app/smtp/smtp.h"
#include "engine/app/talk/talk.h"

#define STEPS_MAX 24

/* C: what the client sends, S: the server. */
struct step {
    char who;
    const char *text;
};

struct world {
    struct slab slab;
    struct budget mem;
    struct app_conf conf;
    struct arena scratch;
    struct app_flow af;
    struct file_store *files;
    struct buf text;
};

static void begin(struct world *w)
{
    *w = (struct world){0};
    assert_int_equal(slab_init(&w->slab, 16u << 20), 0);
    w->mem = (struct budget){.slab = &w->slab, .limit_bytes = 1u << 20};
    app_conf_defaults(&w->conf);
    arena_init(&w->scratch, 0, 0);
    w->files = file_store_new(&(struct file_conf){0}, NULL);
    assert_non_null(w->files);
    buf_init(&w->text, 1u << 20);
    w->af = (struct app_flow){.mem = &w->mem,
                              .conf = &w->conf,
                              .files = w->files,
                              .scratch = &w->scratch,
                              .server_port = 25};
    assert_int_equal(app_open(&w->af, &smtp_parser), 0);
}

static void end(struct world *w)
{
    app_close(&w->af);
    assert_int_equal(w->mem.used_bytes, 0);
    file_store_free(w->files);
    buf_fini(&w->text);
    arena_fini(&w->scratch);
    slab_fini(&w->slab);
}

/* As engine.c does it: what is not consumed is given again with more behind it. */
static void feed(struct world *w, enum dir dir, struct str bytes, size_t cut)
{
    size_t consumed = 0;
    const size_t ends[] = {cut, bytes.len};
    for (size_t i = 0; i < ARRAY_COUNT(ends); i++) {
        struct app_chunk chunk = {.bytes = str_cut(bytes, consumed, ends[i])};
        if (chunk.bytes.len && !w->af.failed[dir])
            consumed += app_data(&w->af, dir, &chunk).consumed;
    }
}

static void describe_fields(struct world *w, const struct tx *tx)
{
    struct str value;
    struct field_window window;
    for (size_t i = 0; i < SMTP_FIELD_COUNT; i++) {
        const struct field_desc *row = &smtp_fields[i];
        for (uint32_t k = 0; k < 8 && row->kind != FIELD_UINT; k++) {
            bool there = row->kind == FIELD_WINDOW
                             ? row->window(tx, DIR_TOSERVER, k, &window)
                             : row->bytes(tx, DIR_TOSERVER, k, &w->scratch, &value);
            if (!there)
                break;
            buf_printf(&w->text, "%s: ", row->name);
            buf_add(&w->text, row->kind == FIELD_WINDOW ? window.bytes : value);
            buf_add_c(&w->text, "\n");
            if (!row->multi)
                break;
        }
    }
}

static void describe_tx(struct world *w, const struct tx *tx)
{
    struct json json;
    json_init(&json, &w->text);
    json_object(&json, NULL);
    json_object(&json, "smtp");
    smtp_parser.log(tx, &w->conf, &json);
    json_end_object(&json);
    smtp_parser.log_beside(tx, &w->conf, &json);
    json_end_object(&json);
    buf_add_c(&w->text, "\n");
    for (uint32_t i = 0; i < SMTP_EVENTS; i++)
        if (tx->events >> i & 1)
            buf_printf(&w->text, "event %s\n", smtp_parser.events[i].name);
    for (const struct file *f = tx->files; f; f = f->next) {
        static const char *const states[] = {"open", "closed", "truncated", "error"};
        buf_add_c(&w->text, "file ");
        buf_add(&w->text, f->name);
        buf_printf(&w->text, " %u %s\n", (unsigned)f->size_bytes, states[f->state]);
    }
    buf_printf(&w->text, "%s %s\n", tx->progress[DIR_TOSERVER] == TX_COMPLETE ? "sent" : "sending",
               tx->progress[DIR_TOCLIENT] == TX_COMPLETE ? "answered" : "open");
}

/* The conversation with step `cut_step` cut in two; what came of it as text. */
static void run(struct world *w, const struct step *steps, size_t cut_step, size_t cut)
{
    for (size_t i = 0; i < STEPS_MAX && steps[i].text; i++) {
        struct str bytes = str_c(steps[i].text);
        feed(w, steps[i].who == 'C' ? DIR_TOSERVER : DIR_TOCLIENT, bytes,
             i == cut_step ? cut : bytes.len);
    }
    for (struct tx *tx = w->af.first; tx; tx = tx->next) {
        describe_tx(w, tx);
        describe_fields(w, tx);
    }
    buf_printf(&w->text, "%s\n", w->af.change_to == APP_TLS ? "to tls" : "");
}

#define HELLO                                                              \
    {'S', "220 mx.example.jp ESMTP\r\n"}, {'C', "EHLO pc.example.jp\r\n"}, \
    {                                                                      \
        'S', "250-mx.example.jp\r\n250-PIPELINING\r\n250 8BITMIME\r\n"     \
    }
#define ENVELOPE(from, to)                                                     \
    {'C', "MAIL FROM:<" from "> SIZE=100\r\n"}, {'S', "250 Ok\r\n"},           \
        {'C', "RCPT TO:<" to ">\r\n"}, {'S', "250 Ok\r\n"}, {'C', "DATA\r\n"}, \
    {                                                                          \
        'S', "354 go\r\n"                                                      \
    }
#define ENVELOPE_JSON(from, to) \
    "\"helo\":\"pc.example.jp\",\"mail_from\":\"<" from ">\",\"rcpt_to\":[\"<" to ">\"]"

/* A reply with a macro document, as a Japanese mailer writes it: subject and file name in ISO-2022-JP. */
#define JAPANESE_MAIL                                                                         \
    "Received: from a\r\nReceived: from b\r\n"                                                \
    "From: =?ISO-2022-JP?B?GyRCOzNFRBsoQg==?= <yamada@example.jp>\r\n"                        \
    "To: \"b, c\" <b@example.jp>,\r\n d@example.jp\r\nCc: e@example.jp\r\n"                   \
    "Subject: Re: =?ISO-2022-JP?B?GyRCOCtAURsoQg==?=\r\nDate: Mon, 1 Jan 2024\r\n"            \
    "Message-ID: <1@x>\r\nX-Mailer: M\r\n"                                                    \
    "Content-Type: multipart/mixed; boundary=\"==b\"\r\n\r\n--==b\r\n"                        \
    "Content-Type: text/plain; charset=ISO-2022-JP\r\n\r\n"                                   \
    "see http://example.jp/x or <http://example.jp/y>\r\n..dot\r\n--==b\r\n"                  \
    "Content-Type: application/vnd.ms-word; name=\"x\"\r\n"                                   \
    "Content-Disposition: attachment;\r\n"                                                    \
    " filename=\"=?ISO-2022-JP?B?GyRCOCtAURsoQi5kb2Nt?=\"\r\n"                                \
    "Content-Transfer-Encoding: base64\r\n\r\nUEsD\r\nBA==\r\n--==b\r\n"                      \
    "Content-Disposition: attachment; filename=\"invoice.pdf.lnk\"\r\n\r\n..L\r\n--==b--\r\n" \
    ".\r\n"

#define ENVELOPE_FIELDS(from, to) \
    "smtp.helo: pc.example.jp\nsmtp.mail_from: <" from ">\nsmtp.rcpt_to: <" to ">\n"

static const struct {
    const char *name;
    struct step steps[STEPS_MAX];
    const char *want;
} talks[] = {
    {"a Japanese mail with attachments",
     {HELLO, ENVELOPE("a@example.jp", "b@example.jp"), {'C', JAPANESE_MAIL}, {'S', "250 Ok\r\n"}},
     "{\"smtp\":{" ENVELOPE_JSON(
         "a@example.jp",
         "b@example.jp") "},\"email\":{\"from\":"
                         "\"=?ISO-2022-JP?B?GyRCOzNFRBsoQg==?= "
                         "<yamada@example.jp>\",\"to\":[\"\\\"b, c\\\" "
                         "<b@example.jp>\",\"d@example.jp\"],\"cc\":[\"e@example.jp\"],\"status\":"
                         "\"PARSE_DONE\","
                         "\"attachment\":[\"\xe8\xa6\x8b\xe7\xa9\x8d.docm\",\"invoice.pdf.lnk\"],"
                         "\"url\":[\"example.jp/y\",\"example.jp/x\"]}}\n"
                         "file \xe8\xa6\x8b\xe7\xa9\x8d.docm 4 closed\nfile invoice.pdf.lnk 2 "
                         "closed\nsent answered\n" ENVELOPE_FIELDS(
                             "a@example.jp",
                             "b@example.jp") "email.from: =?ISO-2022-JP?B?GyRCOzNFRBsoQg==?= "
                                             "<yamada@example.jp>\n"
                                             "email.to: \"b, c\" <b@example.jp>, "
                                             "d@example.jp\nemail.cc: e@example.jp\n"
                                             "email.subject: Re: "
                                             "=?ISO-2022-JP?B?GyRCOCtAURsoQg==?=\nemail.date: Mon, "
                                             "1 Jan 2024\n"
                                             "email.message_id: <1@x>\nemail.x_mailer: "
                                             "M\nemail.received: from a\n"
                                             "email.received: from b\nemail.url: "
                                             "example.jp/x\nemail.url: example.jp/y\n"
                                             "file.name: \xe8\xa6\x8b\xe7\xa9\x8d.docm\nfile.name: "
                                             "invoice.pdf.lnk\n"
                                             "file.data: PK\3\4\nfile.data: .L\n\n"},
    {"two mails, pipelined",
     {HELLO,
      {'C', "MAIL FROM:<a@x>\r\nRCPT TO:<b@x>\r\nRCPT TO:<c@x>\r\nDATA\r\n"},
      {'S', "250 1\r\n250 2\r\n250 3\r\n354 4\r\n"},
      {'C', "Subject: 1\r\n\r\n.\r\nMAIL FROM:<d@x>\r\nRCPT TO:<e@x>\r\nDATA\r\n"},
      {'S', "250 5\r\n250 6\r\n250 7\r\n354 8\r\n"},
      {'C', "Subject: 2\r\n\r\n.\r\nQUIT\r\n"},
      {'S', "250 9\r\n221 10\r\n"}},
     "{\"smtp\":{\"helo\":\"pc.example.jp\",\"mail_from\":\"<a@x>\",\"rcpt_to\":[\"<b@x>\","
     "\"<c@x>\"]},\"email\":{\"status\":\"PARSE_DONE\"}}\nsent answered\n"
     "smtp.helo: pc.example.jp\nsmtp.mail_from: <a@x>\nsmtp.rcpt_to: <b@x>\n"
     "smtp.rcpt_to: <c@x>\nemail.subject: 1\n"
     "{\"smtp\":{" ENVELOPE_JSON("d@x", "e@x") "},\"email\":{\"status\":\"PARSE_DONE\"}}\n"
                                               "sent answered\n" ENVELOPE_FIELDS(
                                                   "d@x", "e@x") "email.subject: 2\n\n"},
    {"chunks",
     {HELLO,
      {'C', "MAIL FROM:<a@x>\r\nRCPT TO:<b@x>\r\nBDAT 27\r\nContent-Disposition: attach"
            "BDAT 35 LAST\r\nment; filename=a.js\r\n\r\n.\r\nalert(1)\r\nNOOP\r\n"},
      {'S', "250 1\r\n250 2\r\n250 3\r\n250 4\r\n250 5\r\n"}},
     "{\"smtp\":{" ENVELOPE_JSON(
         "a@x",
         "b@x") "},\"email\":{\"status\":\"PARSE_DONE\","
                "\"attachment\":[\"a.js\"]}}\nfile a.js 11 closed\nsent answered\n" ENVELOPE_FIELDS(
                    "a@x", "b@x") "file.name: a.js\nfile.data: .\r\nalert(1)\n\n"},
    {"a bad chunk size",
     {HELLO, {'C', "MAIL FROM:<a@x>\r\nBDAT -1 LAST\r\n"}, {'S', "250 1\r\n501 2\r\n"}},
     "{\"smtp\":{\"helo\":\"pc.example.jp\",\"mail_from\":\"<a@x>\"}}\nevent invalid_bdat\n"
     "sending open\nsmtp.helo: pc.example.jp\nsmtp.mail_from: <a@x>\n\n"},
    {"DATA refused, then RSET",
     {HELLO,
      {'C', "MAIL FROM:<a@x>\r\n"},
      {'S', "250 1\r\n"},
      {'C', "DATA\r\n"},
      {'S', "554 no\r\n"},
      {'C', "RSET\r\n"},
      {'S', "250 Ok\r\n"},
      {'C', "QUIT\r\n"}},
     "{\"smtp\":{\"helo\":\"pc.example.jp\",\"mail_from\":\"<a@x>\"},\"email\":{\"status\":"
     "\"PARSE_DONE\"}}\nevent data_command_rejected\nsent answered\nsmtp.helo: pc.example.jp\n"
     "smtp.mail_from: <a@x>\n\n"},
    {"STARTTLS",
     {HELLO, {'C', "STARTTLS\r\n"}, {'S', "220 go\r\n"}},
     "{\"smtp\":{\"helo\":\"pc.example.jp\"}}\nsent answered\nsmtp.helo: pc.example.jp\nto tls\n"},
    {"STARTTLS refused",
     {HELLO, {'C', "STARTTLS\r\n"}, {'S', "454 no\r\n"}},
     "{\"smtp\":{\"helo\":\"pc.example.jp\"}}\nevent tls_rejected\nsending open\n"
     "smtp.helo: pc.example.jp\n\n"},
    {"EHLO refused inside an envelope keeps it",
     {HELLO,
      {'C', "MAIL FROM:<a@x>\r\n"},
      {'S', "250 1\r\n"},
      {'C', "EHLO\r\n"},
      {'S', "501 2\r\n"},
      {'C', "RCPT TO:<b@x>\r\n"},
      {'S', "250 3\r\n"}},
     "{\"smtp\":{" ENVELOPE_JSON(
         "a@x", "b@x") "}}\nevent duplicate_fields\nsending open\n" ENVELOPE_FIELDS("a@x",
                                                                                    "b@x") "\n"},
    {"EHLO accepted inside an envelope ends it",
     {HELLO,
      {'C', "MAIL FROM:<a@x>\r\n"},
      {'S', "250 1\r\n"},
      {'C', "EHLO y\r\n"},
      {'S', "250 2\r\n"},
      {'C', "MAIL FROM:<b@x>\r\n"},
      {'S', "250 3\r\n"}},
     "{\"smtp\":{\"helo\":\"pc.example.jp\",\"mail_from\":\"<a@x>\"}}\nevent duplicate_fields\n"
     "sent answered\nsmtp.helo: pc.example.jp\nsmtp.mail_from: <a@x>\n"
     "{\"smtp\":{\"helo\":\"pc.example.jp\",\"mail_from\":\"<b@x>\"}}\nsending open\n"
     "smtp.helo: pc.example.jp\nsmtp.mail_from: <b@x>\n\n"},
    {"a mail that ends with bare line feeds",
     {HELLO, ENVELOPE("a@x", "b@x"), {'C', "Subject: s\n\n.x\n.\nQUIT\n"}, {'S', "250 Ok\r\n"}},
     "{\"smtp\":{" ENVELOPE_JSON("a@x", "b@x") "},\"email\":{\"status\":\"PARSE_DONE\"}}\n"
                                               "sent answered\n" ENVELOPE_FIELDS(
                                                   "a@x", "b@x") "email.subject: s\n\n"},
    {"an unknown code",
     {HELLO, {'C', "NOOP\r\n"}, {'S', "999 what\r\n"}},
     "{\"smtp\":{\"helo\":\"pc.example.jp\"}}\nevent invalid_reply\nsending open\n"
     "smtp.helo: pc.example.jp\n\n"},
    {"a reply too many",
     {HELLO, {'S', "250 what\r\n"}},
     "{\"smtp\":{\"helo\":\"pc.example.jp\"}}\nevent unable_to_match_reply_with_request\n"
     "sending open\nsmtp.helo: pc.example.jp\n\n"},
    {"no welcome",
     {{'C', "HELO a\r\n"}, {'S', "250 b\r\n"}},
     "{\"smtp\":{\"helo\":\"a\"}}\nevent no_server_welcome_message\nsending open\n"
     "smtp.helo: a\n\n"},
};

static void talks_give_the_same_cut_anywhere(void **state)
{
    for (size_t i = 0; i < ARRAY_COUNT(talks); i++)
        for (size_t step = 0; step < STEPS_MAX && talks[i].steps[step].text; step++)
            for (size_t cut = 0; cut <= strlen(talks[i].steps[step].text); cut++) {
                struct world w;
                begin(&w);
                run(&w, talks[i].steps, step, cut);
                if (!str_eq(buf_str(&w.text), str_c(talks[i].want)))
                    fail_msg("%s, step %zu cut at %zu:\n%s\nwanted:\n%s", talks[i].name, step, cut,
                             buf_c(&w.text), talks[i].want);
                end(&w);
            }
}

static void pipelined_behind_data_is_told(void **state)
{
    struct world w;
    begin(&w);
    feed(&w, DIR_TOCLIENT, STR_LIT("220 x ESMTP\r\n"), 0);
    feed(&w, DIR_TOSERVER, STR_LIT("EHLO a\r\n"), 0);
    feed(&w, DIR_TOCLIENT, STR_LIT("250 b\r\n"), 0);
    feed(&w, DIR_TOSERVER, STR_LIT("RSET\r\nDATA\r\n.\r\n"), 0);
    feed(&w, DIR_TOCLIENT, STR_LIT("250 1\r\n354 2\r\n250 3\r\n"), 0);
    assert_int_equal(w.af.tx_count, 1);
    assert_int_equal(w.af.first->events, 1u << SMTP_INVALID_PIPELINED_SEQUENCE);
    assert_int_equal(w.af.first->progress[DIR_TOCLIENT], TX_COMPLETE);
    end(&w);
}

static void long_lines_are_told_and_passed(void **state)
{
    struct world w;
    uint8_t line[10000];
    begin(&w);
    memset(line, 'x', sizeof(line));
    memcpy(line, "HELO ", 5);
    line[sizeof(line) - 1] = '\n';
    feed(&w, DIR_TOSERVER, str_of(line, sizeof(line)), 6000);
    feed(&w, DIR_TOSERVER, STR_LIT("MAIL FROM:<a@x>\r\n"), 0);
    struct str have;
    assert_true(texts_get(&smtp_tx_of(w.af.first)->texts, TEXT_MAIL_FROM, 0, &have));
    assert_true(w.af.first->events >> SMTP_MAX_COMMAND_LINE & 1);
    memcpy(line, "250 ", 4);
    feed(&w, DIR_TOCLIENT, str_of(line, sizeof(line)), 5000);
    assert_true(w.af.first->events >> SMTP_MAX_REPLY_LINE & 1);
    assert_false(w.af.failed[DIR_TOCLIENT]);
    end(&w);
}

static void holes_in_a_mail_are_marked(void **state)
{
    struct world w;
    begin(&w);
    feed(&w, DIR_TOSERVER,
         STR_LIT(
             "MAIL FROM:<a@x>\r\nDATA\r\nContent-Disposition: attachment; filename=a\r\n\r\nabc"),
         0);
    struct app_chunk hole = {.gap = 5};
    assert_int_equal(app_data(&w.af, DIR_TOSERVER, &hole).status, PARSE_OK);
    feed(&w, DIR_TOSERVER, STR_LIT("def\r\n.\r\n"), 0);
    assert_non_null(w.af.first->files);
    assert_true(w.af.first->files->has_gaps);
    assert_int_equal(w.af.first->files->state, FILE_TRUNCATED);
    assert_int_equal(app_data(&w.af, DIR_TOSERVER, &hole).status, PARSE_BAD);
    end(&w);
}

static void a_mail_without_its_end_is_truncated(void **state)
{
    struct world w;
    begin(&w);
    feed(&w, DIR_TOSERVER,
         STR_LIT(
             "MAIL FROM:<a@x>\r\nDATA\r\nContent-Disposition: attachment; filename=a\r\n\r\nabc"),
         0);
    struct app_chunk last = {.end = true};
    app_data(&w.af, DIR_TOSERVER, &last);
    assert_int_equal(w.af.first->files->state, FILE_TRUNCATED);
    run(&w, (const struct step[STEPS_MAX]){{0, NULL}}, 0, 0);
    assert_non_null(strstr(buf_c(&w.text), "BODY_STARTED"));
    end(&w);
}

/* A server that is not seen answering does not make mails pile up. */
static void unanswered_mails_are_bounded(void **state)
{
    struct world w;
    uint32_t live = 0;
    begin(&w);
    for (int i = 0; i < 1000; i++) {
        feed(&w, DIR_TOSERVER, STR_LIT("MAIL FROM:<a@x>\r\nDATA\r\n\r\n.\r\n"), 0);
        while (w.af.first && w.af.first->progress[DIR_TOSERVER] == TX_COMPLETE &&
               w.af.first->progress[DIR_TOCLIENT] == TX_COMPLETE)
            app_tx_free(&w.af, w.af.first);
        live = w.af.tx_live > live ? w.af.tx_live : live;
    }
    assert_int_equal(w.af.tx_count, 1000);
    assert_true(live <= SMTP_UNANSWERED_MAX + 1);
    end(&w);
}

static void without_memory_the_flow_goes_on(void **state)
{
    uint32_t partly = 0;
    for (uint32_t limit = 0; limit < 60000; limit += 1000) {
        struct world w;
        begin(&w);
        w.mem.limit_bytes = w.mem.used_bytes + limit;
        run(&w, talks[0].steps, STEPS_MAX, 0);
        partly += !str_eq(buf_str(&w.text), str_c(talks[0].want));
        assert_false(w.af.failed[DIR_TOSERVER]);
        assert_int_equal(((struct smtp_state *)w.af.state)->mode, MODE_COMMANDS);
        end(&w);
    }
    assert_in_range(partly, 1, 59);
}

static const struct talk_probe probes[] = {
    {"banner", TC("220 mx ESMTP x\r\n"), 2000, APP_PROBE_YES},
    {"banner of FTP", TC("220 ftp ready\r\n"), 21, APP_PROBE_NO},
    {"banner on port 25", TC("220 mx\r\n"), 25, APP_PROBE_YES},
    {"part of a banner", TC("220 mx"), 2000, APP_PROBE_MORE},
    {"less", TC("22"), 2000, APP_PROBE_MORE},
    {"refusal on port 25", TC("554 no\r\n"), 25, APP_PROBE_YES},
    {"refusal elsewhere", TC("554 no\r\n"), 2000, APP_PROBE_NO},
    {"EHLO", TS("ehlo x\r\n"), 2000, APP_PROBE_YES},
    {"part of EHLO", TS("EHL"), 2000, APP_PROBE_MORE},
    {"QUIT is FTP's too", TS("QUIT\r\n"), 21, APP_PROBE_NO},
    {"QUIT on port 25", TS("QUIT\r\n"), 25, APP_PROBE_YES},
    {"HTTP", TS("GET / HTTP/1.1\r\n"), 25, APP_PROBE_NO},
    {"TLS", TS("\x16\x03\x01"), 465, APP_PROBE_NO},
};

static const struct talk_row frame_rows[] = {
    {"a mail",
     {TC("220 a\r\n"), TS("EHLO b\r\n"), TC("250 a\r\n"), TS("MAIL FROM:<c>\r\nDATA\r\n"),
      TC("250 ok\r\n354 go\r\n"), TS("d\r\n.\r\nQUIT\r\n")},
     {"frame ts command_line 0+8 EHLO b\\r\\n", "frame ts command_line 8+15 MAIL FROM:<c>\\r\\n",
      "frame ts command_line 23+6 DATA\\r\\n", "frame ts data 29+6 d\\r\\n.\\r\\n",
      "frame ts command_line 35+6 QUIT\\r\\n", "frame tc response_line 0+7 220 a\\r\\n",
      "frame tc response_line 14+8 250 ok\\r\\n"}},
};

static const struct talk smtp_talk = {.parser = &smtp_parser, .server_port = 25};

static const struct talk_suite suites[] = {
    {&smtp_talk, TALK_ROWS(frame_rows), TALK_PROBES(probes)},
};

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(talks_give_the_same_cut_anywhere),
        cmocka_unit_test(pipelined_behind_data_is_told),
        cmocka_unit_test(long_lines_are_told_and_passed),
        cmocka_unit_test(holes_in_a_mail_are_marked),
        cmocka_unit_test(a_mail_without_its_end_is_truncated),
        cmocka_unit_test(unanswered_mails_are_bounded),
        cmocka_unit_test(without_memory_the_flow_goes_on),
    };
    return talk_run(suites, ARRAY_COUNT(suites), tests, ARRAY_COUNT(tests));
}
