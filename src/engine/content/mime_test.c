/* rows: A8 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "engine/content/content.h"

/* What the parser tells, as text: one line per call, the pieces of a body joined. */
struct transcript {
    struct buf text;
    bool in_body;
};

static void end_body(struct transcript *t)
{
    if (t->in_body)
        buf_add_c(&t->text, "]\n");
    t->in_body = false;
}

static void on_header(void *owner, const struct mime_part *part, struct str name, struct str value)
{
    struct transcript *t = owner;
    if (part->depth)
        return;
    buf_add_c(&t->text, "header ");
    buf_add(&t->text, name);
    buf_add_c(&t->text, "=");
    buf_add(&t->text, value);
    buf_add_c(&t->text, "\n");
}

static void on_begin(void *owner, const struct mime_part *part)
{
    struct transcript *t = owner;
    end_body(t);
    buf_printf(&t->text, "%*sbegin %u ", (int)part->depth, "", part->number);
    buf_add(&t->text, part->content_type);
    buf_add_c(&t->text, part->is_multipart ? " multipart" : "");
    buf_add_c(&t->text, part->is_message ? " message" : "");
    buf_add_c(&t->text, part->is_attachment ? " attachment " : "");
    buf_add(&t->text, part->filename);
    buf_add_c(&t->text, "\n");
}

static void on_body(void *owner, const struct mime_part *part, struct str bytes)
{
    struct transcript *t = owner;
    assert_true(bytes.len > 0);
    assert_false(part->is_multipart);
    if (!t->in_body)
        buf_add_c(&t->text, "[");
    t->in_body = true;
    buf_add(&t->text, bytes);
}

static void on_end(void *owner, const struct mime_part *part)
{
    struct transcript *t = owner;
    end_body(t);
    buf_printf(&t->text, "%*send %u\n", (int)part->depth, "", part->number);
}

static const struct mime_sink sink = {on_header, on_begin, on_body, on_end};

static const struct {
    const char *name;
    struct str mail, want;
    uint32_t defects;
} mails[] = {
    {"plain", STR_LIT("Subject: hi\r\nTo: a@b\r\n\r\nHello\r\nyou\r\n"),
     STR_LIT("header Subject=hi\nheader To=a@b\nbegin 0 \n[Hello\r\nyou]\nend 0\n"), 0},
    {"folded", STR_LIT("Subject: one\r\n two\r\n\tthree\r\n\r\n"),
     STR_LIT("header Subject=one two\tthree\nbegin 0 \nend 0\n"), 0},
    {"bare line feeds", STR_LIT("Subject: hi\n\nHello\nyou\n"),
     STR_LIT("header Subject=hi\nbegin 0 \n[Hello\nyou]\nend 0\n"), 0},
    {"two parts",
     STR_LIT("Content-Type: multipart/mixed; boundary=\"b b\"\r\n\r\npreamble\r\n--b b\r\n"
             "Content-Type: TEXT/plain; charset=x\r\n\r\none\r\n--b b\r\n"
             "Content-Type: application/pdf; name=x.pdf\r\n"
             "Content-Transfer-Encoding: base64\r\n\r\nSGVs\r\nbG8=\r\n--b b--\r\nepilogue\r\n"),
     STR_LIT("header Content-Type=multipart/mixed; boundary=\"b b\"\n"
             "begin 0 multipart/mixed multipart\n"
             " begin 1 text/plain\n[one]\n end 1\n"
             " begin 2 application/pdf attachment x.pdf\n[Hello]\n end 2\nend 0\n"),
     0},
    {"a longer word is no delimiter",
     STR_LIT("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\none\r\n--bb\r\n-- b\r\n-"
             "\r\n--b--\r\n"),
     STR_LIT("header Content-Type=multipart/mixed; boundary=b\nbegin 0 multipart/mixed multipart\n"
             " begin 1 \n[one\r\n--bb\r\n-- b\r\n-]\n end 1\nend 0\n"),
     0},
    {"the outer delimiter ends the inner parts",
     STR_LIT("Content-Type: multipart/mixed; boundary=o\n\n--o\n"
             "Content-Type: multipart/alternative; boundary=i\n\n--i\n\nin\n--o\n\nout\n--o--\n"),
     STR_LIT("header Content-Type=multipart/mixed; boundary=o\nbegin 0 multipart/mixed multipart\n"
             " begin 1 multipart/alternative multipart\n  begin 2 \n[in]\n  end 2\n end 1\n"
             " begin 3 \n[out]\n end 3\nend 0\n"),
     0},
    {"a part behind the last delimiter",
     STR_LIT("Content-Type: multipart/mixed; boundary=o\n\n--o--\nx\n--o\n\nhidden\n"),
     STR_LIT("header Content-Type=multipart/mixed; boundary=o\nbegin 0 multipart/mixed multipart\n"
             " begin 1 \n[hidden]\n end 1\nend 0\n"),
     0},
    {"no boundary given: nothing is hidden", STR_LIT("Content-Type: multipart/mixed\n\n--o\n\nx\n"),
     STR_LIT("header Content-Type=multipart/mixed\nbegin 0 multipart/mixed\n[--o\n\nx]\nend 0\n"),
     0},
    {"message inside",
     STR_LIT("Content-Type: message/rfc822\n\nSubject: in\n"
             "Content-Disposition: attachment; filename=a.exe\n\nMZ\n"),
     STR_LIT("header Content-Type=message/rfc822\nbegin 0 message/rfc822 message\n"
             " begin 1  attachment a.exe\n[MZ]\n end 1\nend 0\n"),
     0},
    {"message inside that says base64 and is none",
     STR_LIT("Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nSubject: in\n\n"
             "MZ\n"),
     STR_LIT("header Content-Type=message/rfc822\nheader Content-Transfer-Encoding=base64\n"
             "begin 0 message/rfc822 message\n begin 1 \n[MZ]\n end 1\nend 0\n"),
     0},
    {"message inside that is base64",
     STR_LIT("Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nSGVs\nbG8=\n"),
     STR_LIT("header Content-Type=message/rfc822\nheader Content-Transfer-Encoding=base64\n"
             "begin 0 message/rfc822 message\nbegin 0 message/rfc822\n[Hello]\nend 0\n"),
     0},
    {"quoted-printable", STR_LIT("Content-Transfer-Encoding: Quoted-Printable\n\na=3Db=\nc\n"),
     STR_LIT("header Content-Transfer-Encoding=Quoted-Printable\nbegin 0 \n[a=bc]\nend 0\n"), 0},
    {"name in Japanese, double extension",
     STR_LIT("Content-Disposition: attachment;\r\n"
             " filename=\"=?ISO-2022-JP?B?GyRCOCtAURsoQi5kb2MuZXhl?=\"\r\n\r\nMZ"),
     STR_LIT("header Content-Disposition=attachment; "
             "filename=\"=?ISO-2022-JP?B?GyRCOCtAURsoQi5kb2MuZXhl?=\"\n"
             "begin 0  attachment \xe8\xa6\x8b\xe7\xa9\x8d.doc.exe\n[MZ]\nend 0\n"),
     0},
    {"the disposition's name counts",
     STR_LIT("Content-Disposition: attachment; filename=b.exe\nContent-Type: text/plain; "
             "name=a.txt\n\n"),
     STR_LIT("header Content-Disposition=attachment; filename=b.exe\n"
             "header Content-Type=text/plain; name=a.txt\n"
             "begin 0 text/plain attachment b.exe\nend 0\n"),
     0},
    {"damaged base64", STR_LIT("Content-Transfer-Encoding: base64\n\nSG*Vs\n"),
     STR_LIT("header Content-Transfer-Encoding=base64\nbegin 0 \n[Hel]\nend 0\n"), MIME_BAD_BASE64},
    {"damaged quoted-printable", STR_LIT("Content-Transfer-Encoding: quoted-printable\n\n=zz\n"),
     STR_LIT("header Content-Transfer-Encoding=quoted-printable\nbegin 0 \n[=zz]\nend 0\n"),
     MIME_BAD_QUOTED},
    {"a line that is no header", STR_LIT("Subject: x\nnothing\n\nb"),
     STR_LIT("header Subject=x\nbegin 0 \n[b]\nend 0\n"), MIME_MALFORMED},
    {"headers only", STR_LIT("Subject: x"), STR_LIT("header Subject=x\nbegin 0 \nend 0\n"), 0},
    {"nothing", STR_LIT(""), STR_LIT("begin 0 \nend 0\n"), 0},
    {"carriage returns alone", STR_LIT("\r\n\ra\r\rb\r\n\r"),
     STR_LIT("begin 0 \n[\ra\r\rb\r\n]\nend 0\n"), 0},
    {"a delimiter in the headers",
     STR_LIT("Content-Type: multipart/mixed; boundary=b\n\n--b\nX: y\n--b\n\nz\n--b--"),
     STR_LIT("header Content-Type=multipart/mixed; boundary=b\nbegin 0 multipart/mixed multipart\n"
             " begin 2 \n[z]\n end 2\nend 0\n"),
     0},
};

static void parse(struct budget *mem, struct transcript *t, const struct str *pieces, size_t count,
                  uint32_t *defects)
{
    buf_reset(&t->text);
    t->in_body = false;
    struct mime *m = mime_new(mem, &sink, t);
    assert_non_null(m);
    for (size_t i = 0; i < count; i++)
        mime_add(m, pieces[i]);
    mime_end(m);
    *defects = mime_defects(m);
    mime_free(m, mem);
    assert_int_equal(mem->used_bytes, 0);
}

struct world {
    struct slab slab;
    struct budget mem;
    struct transcript t;
};

static void begin(struct world *w)
{
    *w = (struct world){0};
    assert_int_equal(slab_init(&w->slab, 16u << 20), 0);
    w->mem = (struct budget){.slab = &w->slab, .limit_bytes = 1u << 20};
    buf_init(&w->t.text, 1u << 20);
}

static void end(struct world *w)
{
    buf_fini(&w->t.text);
    slab_fini(&w->slab);
}

static void mails_give_the_same_cut_anywhere(void **state)
{
    struct world w;
    begin(&w);
    for (size_t i = 0; i < ARRAY_COUNT(mails); i++)
        for (size_t cut = 0; cut <= mails[i].mail.len; cut++) {
            uint32_t defects;
            struct str pieces[] = {str_cut(mails[i].mail, 0, cut), str_from(mails[i].mail, cut)};
            parse(&w.mem, &w.t, pieces, 2, &defects);
            if (!str_eq(buf_str(&w.t.text), mails[i].want) || defects != mails[i].defects)
                fail_msg("%s, cut at %zu: %x\n%.*s", mails[i].name, cut, defects, (int)w.t.text.len,
                         (const char *)w.t.text.p);
        }
    end(&w);
}

static void mails_give_the_same_byte_by_byte(void **state)
{
    struct world w;
    begin(&w);
    for (size_t i = 0; i < ARRAY_COUNT(mails); i++) {
        struct str pieces[1024];
        uint32_t defects;
        assert_true(mails[i].mail.len <= ARRAY_COUNT(pieces));
        for (size_t k = 0; k < mails[i].mail.len; k++)
            pieces[k] = str_cut(mails[i].mail, k, k + 1);
        parse(&w.mem, &w.t, pieces, mails[i].mail.len, &defects);
        assert_true(str_eq(buf_str(&w.t.text), mails[i].want));
        assert_int_equal(defects, mails[i].defects);
    }
    end(&w);
}

/* A mail made of a beginning, one byte many times, and an end. */
static uint32_t defects_of_long(struct world *w, struct str head, size_t count, struct str tail)
{
    uint8_t bytes[16384];
    struct buf b = buf_fixed(bytes, sizeof(bytes));
    uint32_t defects;
    buf_add(&b, head);
    for (size_t i = 0; i < count; i++)
        buf_add_byte(&b, 'x');
    buf_add(&b, tail);
    struct str pieces[] = {buf_str(&b)};
    parse(&w->mem, &w->t, pieces, 1, &defects);
    return defects;
}

static void too_long_is_told(void **state)
{
    static const struct {
        const char *name;
        struct str head, tail;
        size_t count; /* so many are fine, one more is not */
        uint32_t defect;
    } rows[] = {
        {"line", STR_LIT("\n"), STR_LIT("\r\n"), 998, MIME_LONG_LINE},
        {"encoded line", STR_LIT("Content-Transfer-Encoding: quoted-printable\n\n"),
         STR_LIT("\r\n"), 76, MIME_LONG_ENCODED_LINE},
        {"header name", STR_LIT(""), STR_LIT(": v\n\n"), 76, MIME_LONG_HEADER_NAME},
        {"header value", STR_LIT("Subject: "), STR_LIT("\n\n"), 2000, MIME_LONG_HEADER_VALUE},
        {"boundary", STR_LIT("Content-Type: multipart/mixed; boundary="), STR_LIT("\n\n"), 254,
         MIME_LONG_BOUNDARY},
        {"file name", STR_LIT("Content-Disposition: attachment; filename="), STR_LIT("\n\n"), 255,
         MIME_LONG_FILENAME},
    };
    struct world w;
    begin(&w);
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        uint32_t fits = defects_of_long(&w, rows[i].head, rows[i].count, rows[i].tail);
        uint32_t longer = defects_of_long(&w, rows[i].head, rows[i].count + 1, rows[i].tail);
        if (fits != 0 || longer != rows[i].defect)
            fail_msg("%s: %x %x", rows[i].name, fits, longer);
    }
    assert_int_equal(defects_of_long(&w, STR_LIT("Subject: "), 12000, STR_LIT("\n\n")),
                     MIME_LONG_HEADER_VALUE);
    end(&w);
}

static void depth_is_limited(void **state)
{
    struct world w;
    uint8_t bytes[4096];
    struct buf b = buf_fixed(bytes, sizeof(bytes));
    uint32_t defects;
    begin(&w);
    for (int i = 0; i < 40; i++)
        buf_printf(&b, "Content-Type: multipart/mixed; boundary=b%02d\n\n--b%02d\n", i, i);
    buf_add_c(&b, "\nbottom\n");
    struct str pieces[] = {buf_str(&b)};
    parse(&w.mem, &w.t, pieces, 1, &defects);
    assert_int_equal(defects, MIME_TOO_DEEP);
    /* what is too deep is handed on as it is */
    assert_true(str_find(buf_str(&w.t.text), 0, STR_LIT("bottom")) >= 0);
    end(&w);
}

static void without_memory_the_rest_is_skipped(void **state)
{
    struct world w;
    struct str mail = mails[5].mail;
    begin(&w);
    w.mem.limit_bytes = 0;
    assert_null(mime_new(&w.mem, &sink, &w.t));
    uint32_t failed = 0;
    for (uint32_t limit = 0; limit < 40000; limit += 512) {
        w.mem.limit_bytes = limit;
        buf_reset(&w.t.text);
        struct mime *m = mime_new(&w.mem, &sink, &w.t);
        if (!m)
            continue;
        mime_add(m, mail);
        mime_end(m);
        failed += mime_defects(m) == MIME_NO_MEMORY;
        mime_free(m, &w.mem);
        assert_int_equal(w.mem.used_bytes, 0);
    }
    assert_true(failed > 0);
    end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mails_give_the_same_cut_anywhere),
        cmocka_unit_test(mails_give_the_same_byte_by_byte),
        cmocka_unit_test(too_long_is_told),
        cmocka_unit_test(depth_is_limited),
        cmocka_unit_test(without_memory_the_rest_is_skipped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
