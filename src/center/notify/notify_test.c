/* rows: P7 */
#include "center/notify/notify.h"

#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static const struct notify_conf conf = {.from = "mimamori@example.jp",
                                        .from_name = "見守りセンター"};

static void format(const struct mail *m, struct buf *out)
{
    buf_init(out, 0);
    notify_format(&conf, m, out);
    assert_false(out->failed);
}

static void a_mail_is_plain_ascii_with_short_lines(void **state)
{
    struct buf b;
    struct mail m = {.to = "yamada@example.jp",
                     .subject = "【至急・対応が必要】「KEIRI-02」をネットから切り離しました(11/22 "
                                "17:30)とても長い件名でも折り返します",
                     .body = "ご対応が必要です。\n\n1. 使うのをやめてください。\n",
                     .message_id = "<1@example.jp>",
                     .in_reply_to = "<0@example.jp>",
                     .date_us = INT64_C(1795336200000000)};
    format(&m, &b);
    size_t line = 0;
    for (size_t i = 0; i < b.len; i++) {
        assert_true(b.p[i] < 0x80);
        line = b.p[i] == '\n' ? 0 : line + 1;
        assert_true(line <= 78);
        if (b.p[i] == '\n')
            assert_int_equal(b.p[i - 1], '\r');
    }
    const char *text = buf_c(&b);
    assert_non_null(strstr(text, "Date: Sun, 22 Nov 2026 17:30:00 +0900\r\n"));
    assert_non_null(strstr(text, "In-Reply-To: <0@example.jp>\r\nReferences: <0@example.jp>\r\n"));
    assert_non_null(strstr(text, "Content-Type: text/plain; charset=utf-8\r\n"));
    buf_fini(&b);
}

/* The words of a head, decoded by the reader's rules: joined without the folding between them. */
static void decode_subject(const char *mail, struct buf *out)
{
    const char *at = strstr(mail, "Subject: ") + 9, *end = strstr(at, "\r\nDate:");
    buf_init(out, 0);
    while ((at = strstr(at, "=?UTF-8?B?")) && at < end) {
        const char *stop = strstr(at + 10, "?=");
        struct buf word;
        buf_init(&word, 0);
        assert_true(text_unbase64(&word, str_of(at + 10, (size_t)(stop - at - 10))));
        assert_true(text_is_utf8(buf_str(&word))); /* no character is cut in two */
        buf_add(out, buf_str(&word));
        buf_fini(&word);
        at = stop;
    }
}

static void a_subject_comes_back_whole_and_makes_no_head(void **state)
{
    static const char *const subjects[] = {
        "【今日中に確認】装置「本社の装置」と連絡が取れません(11/22 17:30)",
        "evil\r\nBcc: all@example.jp",
        "ああああああああああああああああああああああああああああああああああああああああああああ",
        "a=b",
        "😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀",
    };
    for (size_t i = 0; i < ARRAY_COUNT(subjects); i++) {
        struct buf b, subject;
        struct mail m = {
            .to = "a@example.jp", .subject = subjects[i], .body = "x", .message_id = "<1@x>"};
        format(&m, &b);
        const char *text = buf_c(&b);
        assert_null(strstr(text, "\nBcc:"));
        decode_subject(text, &subject);
        assert_string_equal(buf_c(&subject), subjects[i]);
        buf_fini(&subject);
        buf_fini(&b);
    }
}

static void an_address_makes_no_head(void **state)
{
    struct buf b;
    struct mail m = {.to = "a@example.jp>\r\nBcc: <b@example.jp",
                     .subject = "x",
                     .body = "x",
                     .message_id = "<1@x>\r\nX: y"};
    format(&m, &b);
    assert_null(strstr(buf_c(&b), "Bcc"));
    assert_null(strstr(buf_c(&b), "X: y"));
    buf_fini(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mail_is_plain_ascii_with_short_lines),
        cmocka_unit_test(a_subject_comes_back_whole_and_makes_no_head),
        cmocka_unit_test(an_address_makes_no_head),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
