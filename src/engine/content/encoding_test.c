/* rows: A8 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "engine/content/content.h"
#include "engine/content/header.h"

struct coding_row {
    const char *name;
    struct str in, want;
    bool bad;
};

static const struct coding_row base64_rows[] = {
    {"whole groups", STR_LIT("SGVsbG8h"), STR_LIT("Hello!"), false},
    {"one pad", STR_LIT("SGVsbG8="), STR_LIT("Hello"), false},
    {"two pads", STR_LIT("SGVsbA=="), STR_LIT("Hell"), false},
    {"no padding", STR_LIT("SGVsbA"), STR_LIT("Hell"), false},
    {"line ends", STR_LIT("SGV\r\nsbG\n8="), STR_LIT("Hello"), false},
    {"foreign characters are skipped", STR_LIT("SG*Vsb!G8="), STR_LIT("Hello"), true},
    {"data behind padding", STR_LIT("SGVsbA==byE="), STR_LIT("Hello!"), true},
    {"a lone character before padding", STR_LIT("SGVsb==="), STR_LIT("Hel"), true},
    {"a foreign character in the middle of many groups", STR_LIT("SGVsbG8hSGVs*bG8hSGVsbG8h"),
     STR_LIT("Hello!Hello!Hello!"), true},
    {"all four places of a group can be a line's end",
     STR_LIT("SGVs\nbG8h\r\nSGVsb\nG8hS\nGVsbG8\nh"), STR_LIT("Hello!Hello!Hello!"), false},
    {"every character", STR_LIT("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"),
     STR_LIT(
         "\x00\x10\x83\x10\x51\x87\x20\x92\x8b\x30\xd3\x8f\x41\x14\x93\x51\x55\x97\x61\x96\x9b\x71"
         "\xd7\x9f\x82\x18\xa3\x92\x59\xa7\xa2\x9a\xab\xb2\xdb\xaf\xc3\x1c\xb3\xd3\x5d\xb7\xe3\x9e"
         "\xbb\xf3\xdf\xbf"),
     false},
    {"nothing", STR_LIT(""), STR_LIT(""), false},
    {"bytes above 127", STR_LIT("\xff\x80SGVs"), STR_LIT("Hel"), true},
};

static const struct coding_row quoted_rows[] = {
    {"plain", STR_LIT("plain text"), STR_LIT("plain text"), false},
    {"escapes", STR_LIT("=41=6a=6A"), STR_LIT("Ajj"), false},
    {"soft line end", STR_LIT("one=\r\ntwo=\nthree"), STR_LIT("onetwothree"), false},
    {"hard line end stays", STR_LIT("one\r\ntwo"), STR_LIT("one\r\ntwo"), false},
    {"no escape", STR_LIT("a=zz b=4z"), STR_LIT("a=zz b=4z"), true},
    {"two signs", STR_LIT("==41"), STR_LIT("=A"), true},
    {"CR alone behind the sign", STR_LIT("a=\rb"), STR_LIT("a=\rb"), true},
    {"cut escape", STR_LIT("a="), STR_LIT("a"), false},
};

static void base64_gives_the_same_cut_anywhere(void **state)
{
    for (size_t i = 0; i < ARRAY_COUNT(base64_rows); i++) {
        const struct coding_row *row = &base64_rows[i];
        for (size_t cut = 0; cut <= row->in.len; cut++) {
            uint8_t out[64];
            struct base64_state s = {0};
            size_t len = base64_decode(&s, str_cut(row->in, 0, cut), out);
            assert_true(len <= cut);
            len += base64_decode(&s, str_from(row->in, cut), out + len);
            if (!str_eq(str_of(out, len), row->want) || s.bad != row->bad)
                fail_msg("%s, cut at %zu", row->name, cut);
        }
    }
}

static void quoted_gives_the_same_cut_anywhere(void **state)
{
    for (size_t i = 0; i < ARRAY_COUNT(quoted_rows); i++) {
        const struct coding_row *row = &quoted_rows[i];
        for (size_t cut = 0; cut <= row->in.len; cut++) {
            uint8_t out[64];
            struct quoted_state s = {0};
            size_t len = quoted_decode(&s, str_cut(row->in, 0, cut), out);
            assert_true(len <= cut + 2);
            len += quoted_decode(&s, str_from(row->in, cut), out + len);
            if (!str_eq(str_of(out, len), row->want) || s.bad != row->bad)
                fail_msg("%s, cut at %zu", row->name, cut);
        }
    }
}

#define MITSUMORI "\xe8\xa6\x8b\xe7\xa9\x8d" /* "estimate", as a Japanese office writes it */

static void words_become_utf8(void **state)
{
    static const struct {
        const char *name;
        struct str in, want;
    } rows[] = {
        {"plain", STR_LIT("Re: hello"), STR_LIT("Re: hello")},
        {"utf-8 B", STR_LIT("=?UTF-8?B?6KaL56mN?= 1"), STR_LIT(MITSUMORI " 1")},
        {"utf-8 Q", STR_LIT("=?utf-8?q?=E8=A6=8B=E7=A9=8D_x?="), STR_LIT(MITSUMORI " x")},
        {"iso-2022-jp", STR_LIT("=?ISO-2022-JP?B?GyRCOCtAURsoQg==?="), STR_LIT(MITSUMORI)},
        {"shift_jis", STR_LIT("=?Shift_JIS?B?jKmQzw==?="), STR_LIT(MITSUMORI)},
        {"euc-jp", STR_LIT("=?EUC-JP?B?uKvA0Q==?="), STR_LIT(MITSUMORI)},
        {"row 13 of iso-2022-jp", STR_LIT("=?ISO-2022-JP?B?GyRCLSEbKEI=?="),
         STR_LIT("\xe2\x91\xa0")},
        {"half-width kana", STR_LIT("=?ISO-2022-JP?B?GyhJMRsoQg==?="), STR_LIT("\xef\xbd\xb1")},
        {"raw iso-2022-jp", STR_LIT("\x1b$B8+@Q\x1b(B.doc"), STR_LIT(MITSUMORI ".doc")},
        {"blanks between words vanish", STR_LIT("=?UTF-8?B?6KaL?=\r\n =?UTF-8?B?56mN?= end"),
         STR_LIT(MITSUMORI " end")},
        {"a character cut in two", STR_LIT("=?UTF-8?B?6KY=?= =?UTF-8?B?i+epjQ==?="),
         STR_LIT(MITSUMORI)},
        {"two charsets", STR_LIT("=?UTF-8?B?6KaL?= =?EUC-JP?B?wNE=?="), STR_LIT(MITSUMORI)},
        {"a language", STR_LIT("=?utf-8*ja?B?6KaL?="), STR_LIT("\xe8\xa6\x8b")},
        {"unknown charset stays", STR_LIT("=?x-none?B?QUJD?="), STR_LIT("=?x-none?B?QUJD?=")},
        {"iconv's own names are not open to strangers", STR_LIT("=?ISO-2022-CN-EXT?B?QUJD?="),
         STR_LIT("=?ISO-2022-CN-EXT?B?QUJD?=")},
        {"bytes not of the charset stay", STR_LIT("=?UTF-8?B?/w==?="), STR_LIT("=?UTF-8?B?/w==?=")},
        {"no end", STR_LIT("=?UTF-8?B?6KaL"), STR_LIT("=?UTF-8?B?6KaL")},
        {"no text", STR_LIT("=?UTF-8?B?"), STR_LIT("=?UTF-8?B?")},
        {"empty word",
         STR_LIT("a=?UTF-8?B?"
                 "?=b"),
         STR_LIT("ab")},
        {"nothing", STR_LIT(""), STR_LIT("")},
    };
    struct arena a;
    arena_init(&a, 0, 0);
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct str have = encoded_words_decode(rows[i].in, &a);
        if (!str_eq(have, rows[i].want))
            fail_msg("%s: '%.*s'", rows[i].name, (int)have.len, (const char *)have.p);
    }
    arena_fini(&a);
}

static void parameters_are_found(void **state)
{
    static const struct {
        const char *name;
        struct str value, want;
        bool found;
    } rows[] = {
        {"quoted", STR_LIT("attachment; filename=\"a b.doc\""), STR_LIT("a b.doc"), true},
        {"bare", STR_LIT("attachment; filename=a.doc; size=1"), STR_LIT("a.doc"), true},
        {"semicolon in quotes", STR_LIT("attachment; x=\"; filename=no\"; filename=yes"),
         STR_LIT("yes"), true},
        {"escaped quote", STR_LIT("attachment; filename=\"a\\\"b\""), STR_LIT("a\"b"), true},
        {"a Windows path keeps its signs", STR_LIT("attachment; filename=\"c:\\dir\\a.exe\""),
         STR_LIT("c:\\dir\\a.exe"), true},
        {"charset", STR_LIT("attachment; filename*=UTF-8''%E8%A6%8B%E7%A9%8D.xls"),
         STR_LIT(MITSUMORI ".xls"), true},
        {"charset of Japan", STR_LIT("attachment; filename*=iso-2022-jp'ja'%1B$B8+@Q%1B(B.xls"),
         STR_LIT(MITSUMORI ".xls"), true},
        {"with charset before plain",
         STR_LIT("attachment; filename=\"x.txt\"; filename*=UTF-8''y.exe"), STR_LIT("y.exe"), true},
        {"pieces", STR_LIT("attachment; filename*1=\"ce.e\"; filename*0=\"invoi\"; filename*2=xe"),
         STR_LIT("invoice.exe"), true},
        {"pieces with charset",
         STR_LIT("attachment; filename*0*=UTF-8''%E8%A6%8B; filename*1*=%E7%A9%8D; "
                 "filename*2=.doc"),
         STR_LIT(MITSUMORI ".doc"), true},
        {"encoded word in quotes",
         STR_LIT("attachment; filename=\"=?ISO-2022-JP?B?GyRCOCtAURsoQi5kb2Nt?=\""),
         STR_LIT(MITSUMORI ".docm"), true},
        {"none", STR_LIT("attachment; name=x"), STR_LIT(""), false},
        {"longer name", STR_LIT("attachment; filenames=x"), STR_LIT(""), false},
        {"no end of quotes", STR_LIT("attachment; filename=\"a.exe"), STR_LIT("a.exe"), true},
        {"no piece 0", STR_LIT("attachment; filename*1=x"), STR_LIT(""), false},
        {"only a sign", STR_LIT("attachment; ="), STR_LIT(""), false},
        {"nothing", STR_LIT(""), STR_LIT(""), false},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        uint8_t memory[256];
        struct buf out = buf_fixed(memory, sizeof(memory));
        bool found = header_parameter(rows[i].value, STR_LIT("filename"), &out);
        if (found != rows[i].found || !str_eq(buf_str(&out), rows[i].want))
            fail_msg("%s: %d '%.*s'", rows[i].name, found, (int)out.len, (const char *)out.p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(base64_gives_the_same_cut_anywhere),
        cmocka_unit_test(quoted_gives_the_same_cut_anywhere),
        cmocka_unit_test(words_become_utf8),
        cmocka_unit_test(parameters_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
