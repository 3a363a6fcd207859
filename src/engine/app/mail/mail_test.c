#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "engine/app/mail/mail.h"

#define CONTENT 1 /* progress */

static const struct field_desc fields[MAIL_FIELD_ROWS] = {
    MAIL_FIELDS(APP_POP3, DIR_BIT(DIR_TOSERVER) | DIR_BIT(DIR_TOCLIENT), CONTENT),
};

static void tx_fini(struct app_flow *af, struct tx *tx)
{
    mail_fini(af, (struct mail_tx *)tx);
}

static const struct app_parser carrier = {
    .proto = APP_POP3, .tcp = true, .tx_bytes = sizeof(struct mail_tx), .tx_free = tx_fini};

struct world {
    struct slab slab;
    struct budget mem;
    struct app_conf conf;
    struct arena scratch;
    struct app_flow af;
    struct file_store *files;
    struct mail_tx *tx;
    struct buf seen;
    uint32_t defects;
};

static void begin(struct world *w, enum dir dir, uint32_t memory_bytes)
{
    *w = (struct world){0};
    assert_int_equal(slab_init(&w->slab, 16u << 20), 0);
    w->mem = (struct budget){.slab = &w->slab, .limit_bytes = 1u << 20};
    app_conf_defaults(&w->conf);
    arena_init(&w->scratch, 0, 0);
    w->files = file_store_new(&(struct file_conf){0}, NULL);
    assert_non_null(w->files);
    buf_init(&w->seen, 1u << 20);
    w->af = (struct app_flow){
        .mem = &w->mem, .conf = &w->conf, .files = w->files, .scratch = &w->scratch};
    assert_int_equal(app_open(&w->af, &carrier), 0);
    w->tx = (struct mail_tx *)app_tx_new(&w->af, DIR_BOTH);
    assert_non_null(w->tx);
    w->mem.limit_bytes = w->mem.used_bytes + memory_bytes;
    mail_begin(&w->af, w->tx, dir, CONTENT);
}

static void end(struct world *w)
{
    app_close(&w->af);
    assert_int_equal(w->mem.used_bytes, 0);
    file_store_free(w->files);
    buf_fini(&w->seen);
    arena_fini(&w->scratch);
    slab_fini(&w->slab);
}

/* Everything that rules and the log see of it. */
static void describe(struct world *w)
{
    static const char *const states[] = {"open", "closed", "truncated", "error"};
    const struct tx *tx = &w->tx->tx;
    struct str value;
    struct field_window window;
    for (size_t i = 0; i < MAIL_FIELD_ROWS; i++)
        for (uint32_t k = 0; fields[i].kind != FIELD_UINT && k < 4; k++) {
            bool there = fields[i].kind == FIELD_WINDOW
                             ? fields[i].window(tx, w->tx->mail.dir, k, &window)
                             : fields[i].bytes(tx, w->tx->mail.dir, k, &w->scratch, &value);
            if (!there)
                break;
            buf_printf(&w->seen, "%s=", fields[i].name);
            buf_add(&w->seen, fields[i].kind == FIELD_WINDOW ? window.bytes : value);
            buf_add_c(&w->seen, "\n");
        }
    for (const struct file *f = tx->files; f; f = f->next)
        buf_printf(&w->seen, "file %u %s\n", (unsigned)f->size_bytes, states[f->state]);
    struct json json;
    json_init(&json, &w->seen);
    json_object(&json, NULL);
    mail_log(tx, &w->conf, &json);
    json_end_object(&json);
    buf_printf(&w->seen, "\ndefects %u", (unsigned)w->defects);
}

static const struct {
    const char *name, *text;
    bool cut;
    const char *want;
} rows[] = {
    {"headers alone", "From: a@b.example\r\nSubject: hi\r\n\r\n", false,
     "email.from=a@b.example\nemail.subject=hi\n"
     "{\"email\":{\"from\":\"a@b.example\",\"status\":\"PARSE_DONE\"}}\ndefects 0"},
    {"a file",
     "To: x@y.example, z@y.example\nContent-Disposition: attachment; filename=a.txt\n"
     "Content-Transfer-Encoding: base64\n\naGVsbG8=\n",
     false,
     "email.to=x@y.example, z@y.example\nfile.name=a.txt\nfile.data=hello\nfile 5 closed\n"
     "{\"email\":{\"to\":[\"x@y.example\",\"z@y.example\"],\"status\":\"PARSE_DONE\","
     "\"attachment\":[\"a.txt\"]}}\ndefects 0"},
    {"cut in a file", "Content-Disposition: attachment; filename=b\n\nhalf", true,
     "file.name=b\nfile.data=half\nfile 4 truncated\n"
     "{\"email\":{\"status\":\"BODY_STARTED\",\"attachment\":[\"b\"]}}\ndefects 0"},
    {"a URL in its text", "X: y\n\nsee http://shop.example/cart now", false,
     "email.url=shop.example/cart\n"
     "{\"email\":{\"status\":\"PARSE_DONE\",\"url\":[\"shop.example/cart\"]}}\ndefects 0"},
    {"bad base64",
     "Content-Transfer-Encoding: base64\nContent-Disposition: attachment\n\naG!VsbG8=\n", false,
     "file.name=\nfile.data=hello\nfile 5 closed\n"
     "{\"email\":{\"status\":\"PARSE_DONE\"}}\ndefects 1"},
};

/* Every mail both ways, cut at each of its bytes. */
static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct str text = str_c(rows[i].text);
        for (size_t cut = 0; cut <= text.len; cut++)
            for (enum dir dir = DIR_TOSERVER; dir < DIR_COUNT; dir++) {
                struct world w;
                begin(&w, dir, 1u << 20);
                w.defects = mail_add(w.tx, str_cut(text, 0, cut));
                w.defects |= mail_add(w.tx, str_from(text, cut));
                w.defects |= mail_end(w.tx, rows[i].cut);
                describe(&w);
                struct str seen = str_of(w.seen.p, w.seen.len);
                if (!str_eq(seen, str_c(rows[i].want)))
                    fail_msg("%s, cut at %zu: %.*s", rows[i].name, cut, (int)seen.len, seen.p);
                end(&w);
            }
    }
}

static void test_hole(void **state)
{
    struct world w;
    (void)state;
    begin(&w, DIR_TOCLIENT, 1u << 20);
    (void)mail_add(w.tx, STR_LIT("Content-Disposition: attachment\n\nab"));
    mail_gap(w.tx, 7);
    (void)mail_add(w.tx, STR_LIT("cd"));
    (void)mail_end(w.tx, false);
    assert_non_null(w.tx->tx.files);
    assert_true(w.tx->tx.files->has_gaps);
    assert_int_equal(w.tx->tx.files->state, FILE_TRUNCATED);
    end(&w);
}

/* Nothing crashes, all comes back, wherever memory ends; with the mail whole or dropped. */
static void test_memory(void **state)
{
    (void)state;
    for (uint32_t bytes = 0; bytes < 20000; bytes += 64)
        for (int whole = 0; whole < 2; whole++) {
            struct world w;
            begin(&w, DIR_TOSERVER, bytes);
            for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
                (void)mail_add(w.tx, str_c(rows[i].text));
            if (whole)
                (void)mail_end(w.tx, false);
            end(&w);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_hole),
        cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
