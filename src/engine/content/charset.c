#include "engine/content/charset.h"

#include <iconv.h>
#include <pthread.h>
#include <stdatomic.h>

#include "engine/content/content.h"

#define ISO_2022_JP "" /* converted here to EUC-JP first */
#define CHARSET_NAME_MAX 40

/* Which charsets strangers may ask for, and what they really mean: Japanese mailers say "iso-2022-jp" and "shift_jis" and use
 * the vendor characters of code page 932. A list, not iconv's own names: its rarer converters are where its bugs were. */
static const struct {
    const char *name, *iconv;
} charsets[] = {
    {"utf-8", "UTF-8"},
    {"us-ascii", "UTF-8"},
    {"iso-2022-jp", ISO_2022_JP},
    {"iso-2022-jp-ms", ISO_2022_JP},
    {"cp50220", ISO_2022_JP},
    {"cp50221", ISO_2022_JP},
    {"shift_jis", "CP932"},
    {"shift-jis", "CP932"},
    {"sjis", "CP932"},
    {"x-sjis", "CP932"},
    {"cp932", "CP932"},
    {"ms932", "CP932"},
    {"windows-31j", "CP932"},
    {"euc-jp", "EUC-JP-MS"},
    {"x-euc-jp", "EUC-JP-MS"},
    {"eucjp-ms", "EUC-JP-MS"},
    {"cp51932", "EUC-JP-MS"},
    {"iso-8859-1", "CP1252"},
    {"iso-8859-2", "ISO-8859-2"},
    {"iso-8859-5", "ISO-8859-5"},
    {"iso-8859-7", "ISO-8859-7"},
    {"iso-8859-9", "CP1254"},
    {"iso-8859-15", "ISO-8859-15"},
    {"windows-1250", "CP1250"},
    {"windows-1251", "CP1251"},
    {"windows-1252", "CP1252"},
    {"windows-1253", "CP1253"},
    {"windows-1254", "CP1254"},
    {"koi8-r", "KOI8-R"},
    {"koi8-u", "KOI8-U"},
    {"gb2312", "GB18030"},
    {"gbk", "GB18030"},
    {"gb18030", "GB18030"},
    {"big5", "BIG5"},
    {"euc-kr", "CP949"},
    {"ks_c_5601-1987", "CP949"},
    {"cp949", "CP949"},
    {"utf-7", "UTF-7"},
};

static const char *iconv_name(struct str charset)
{
    for (size_t i = 0; i < ARRAY_COUNT(charsets); i++)
        if (str_eq_nocase(charset, str_c(charsets[i].name)))
            return charsets[i].iconv;
    return NULL;
}

/* Converters are open for as long as the process lives: opening one takes memory, and for the first of its kind a file, which
 * a worker behind its fence may not open. A conversion borrows one and puts it back; when as many threads as there are of a
 * kind convert at the same moment, the next one opens its own. */
#define HELD 8
static _Atomic(iconv_t) held[ARRAY_COUNT(charsets) + 1][HELD];
static pthread_once_t hold_once = PTHREAD_ONCE_INIT;

static const char *name_of(size_t row)
{
    return row < ARRAY_COUNT(charsets) && charsets[row].iconv[0] ? charsets[row].iconv
                                                                 : "EUC-JP-MS";
}

static void hold(void)
{
    for (size_t row = 0; row <= ARRAY_COUNT(charsets); row++)
        for (int i = 0; i < HELD; i++) {
            iconv_t converter = iconv_open("UTF-8", name_of(row));
            atomic_store(&held[row][i], converter == (iconv_t)-1 ? NULL : converter);
        }
}

void charsets_hold(void)
{
    pthread_once(&hold_once, hold);
}

static iconv_t borrow(const char *name, _Atomic(iconv_t) **place)
{
    for (size_t row = 0; row <= ARRAY_COUNT(charsets); row++)
        for (int i = 0; i < HELD && strcmp(name_of(row), name) == 0; i++) {
            iconv_t converter = atomic_exchange(&held[row][i], NULL);
            if (!converter)
                continue;
            *place = &held[row][i];
            (void)iconv(converter, NULL, NULL, NULL, NULL); /* to its first state */
            return converter;
        }
    *place = NULL;
    return iconv_open("UTF-8", name);
}

static bool convert(const char *name, struct str in, struct buf *out)
{
    _Atomic(iconv_t) *place;
    iconv_t converter = borrow(name, &place);
    if (converter == (iconv_t)-1)
        return false;
    char *from = (char *)(uintptr_t)in.p, *to = (char *)out->p + out->len;
    size_t from_left = in.len, to_left = out->cap - out->len;
    size_t result = in.len ? iconv(converter, &from, &from_left, &to, &to_left) : 0;
    if (place)
        atomic_store(place, converter);
    else
        iconv_close(converter);
    if (result == (size_t)-1)
        return false;
    out->len = out->cap - to_left;
    return true;
}

/* The sets that an escape sequence of ISO-2022-JP calls (RFC 1468, and ESC ( I as Japanese mailers use it). */
enum jis_set { JIS_ASCII, JIS_KANJI, JIS_KANA, JIS_NONE };

static enum jis_set jis_escape(struct str rest)
{
    static const struct {
        char text[3];
        enum jis_set set;
    } rows[] = {{"(B", JIS_ASCII},
                {"(J", JIS_ASCII},
                {"$@", JIS_KANJI},
                {"$B", JIS_KANJI},
                {"(I", JIS_KANA}};
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        if (str_starts(rest, str_of(rows[i].text, 2)))
            return rows[i].set;
    return JIS_NONE;
}

/* ISO-2022-JP as EUC-JP: the C library's own converter does not know the vendor characters of row 13 (circled digits, the
 * signs of company forms), which Japanese offices write all the time. */
static bool jis_to_euc(struct str in, struct buf *out)
{
    enum jis_set set = JIS_ASCII;
    for (size_t i = 0; i < in.len; i++) {
        uint8_t c = in.p[i];
        if (c == 0x1b) {
            set = jis_escape(str_from(in, i + 1));
            if (set == JIS_NONE)
                return false;
            i += 2;
            continue;
        }
        if (c & 0x80)
            return false;
        if (c <= ' ' || set == JIS_ASCII) {
            buf_add_byte(out, c);
            continue;
        }
        if (set == JIS_KANA)
            buf_add_byte(out, 0x8e);
        buf_add_byte(out, (uint8_t)(c | 0x80));
    }
    return !out->failed;
}

bool charset_to_utf8(struct str charset, struct str in, struct buf *out)
{
    const char *name = iconv_name(charset);
    if (!name || out->failed)
        return false;
    if (name[0])
        return convert(name, in, out);
    uint8_t memory[2 * CHARSET_TEXT_MAX];
    struct buf euc = buf_fixed(memory, sizeof(memory));
    return jis_to_euc(in, &euc) && convert("EUC-JP-MS", buf_str(&euc), out);
}

/* ---- encoded words ---- */

struct word {
    struct str charset, text;
    uint8_t encoding; /* 'b' or 'q' */
    size_t end;       /* behind it, in the value */
};

/* RFC 2047 section 2: =?charset?encoding?text?= ; RFC 2231 section 5 allows a language behind the charset. */
static bool read_word(struct str value, size_t at, struct word *w)
{
    value = str_cut(value, 0, at + CHARSET_NAME_MAX + CHARSET_WORD_MAX);
    if (!str_starts(str_from(value, at), STR_LIT("=?")))
        return false;
    ptrdiff_t charset_end = str_find_byte(value, at + 2, '?');
    if (charset_end < 0 || (size_t)charset_end + 2 >= value.len || value.p[charset_end + 2] != '?')
        return false;
    w->encoding = byte_lower(value.p[charset_end + 1]);
    size_t text_at = (size_t)charset_end + 3;
    ptrdiff_t text_end = str_find(value, text_at, STR_LIT("?="));
    if (text_end < 0 || (w->encoding != 'b' && w->encoding != 'q'))
        return false;
    struct str charset = str_cut(value, at + 2, (size_t)charset_end);
    w->charset = str_split(&charset, '*');
    w->text = str_cut(value, text_at, (size_t)text_end);
    w->end = (size_t)text_end + 2;
    return w->charset.len && w->text.len <= CHARSET_WORD_MAX;
}

/* Appends the word's bytes; false when they do not fit. */
static bool word_bytes(const struct word *w, struct buf *out)
{
    uint8_t bytes[CHARSET_WORD_MAX + 2], text[CHARSET_WORD_MAX];
    size_t len;
    if (w->encoding == 'b') {
        struct base64_state state = {0};
        len = base64_decode(&state, w->text, bytes);
    } else {
        struct quoted_state state = {0};
        for (size_t i = 0; i < w->text.len; i++)
            text[i] = w->text.p[i] == '_' ? ' ' : w->text.p[i];
        len = quoted_decode(&state, str_of(text, w->text.len), bytes);
    }
    buf_add(out, str_of(bytes, len));
    return !out->failed;
}

static size_t skip_blanks(struct str value, size_t at)
{
    while (at < value.len && (value.p[at] == ' ' || value.p[at] == '\t' || value.p[at] == '\r' ||
                              value.p[at] == '\n'))
        at++;
    return at;
}

/* Neighbouring words of one charset are joined before they are converted: many mailers cut a character in two. Blanks between
 * words vanish (RFC 2047 section 6.2). Returns where it ended, or `at` when there is nothing to decode here. */
static size_t decode_words(struct str value, size_t at, struct buf *out)
{
    uint8_t memory[CHARSET_WORD_MAX];
    struct buf bytes = buf_fixed(memory, sizeof(memory));
    struct word first, w;
    if (!read_word(value, at, &first) || !word_bytes(&first, &bytes))
        return at;
    size_t end = first.end;
    while (read_word(value, skip_blanks(value, end), &w) &&
           str_eq_nocase(w.charset, first.charset)) {
        size_t before = bytes.len;
        if (!word_bytes(&w, &bytes)) {
            bytes.len = before;
            break;
        }
        end = w.end;
    }
    return charset_to_utf8(first.charset, buf_str(&bytes), out) ? end : at;
}

/* Old Japanese mailers send ISO-2022-JP as it is: seven bits with escape sequences that nothing else has. */
static bool is_raw_japanese(struct str value)
{
    return str_find(value, 0, STR_LIT("\x1b$")) >= 0;
}

void charset_words(struct str value, struct buf *out)
{
    if (is_raw_japanese(value) && charset_to_utf8(STR_LIT("iso-2022-jp"), value, out))
        return;
    bool after_word = false;
    for (size_t at = 0; at < value.len;) {
        size_t from = after_word ? skip_blanks(value, at) : at;
        size_t end = decode_words(value, from, out);
        if (end != from) {
            at = end;
            after_word = true;
            continue;
        }
        after_word = false;
        buf_add_byte(out, value.p[at++]);
    }
}

/* A byte becomes at most three of UTF-8, and a short escape sequence shortens. */
struct str encoded_words_decode(struct str header_value, struct arena *a)
{
    size_t cap = header_value.len * 3 + 16;
    uint8_t *memory = arena_alloc(a, cap);
    if (!memory)
        return STR_EMPTY;
    struct buf out = buf_fixed(memory, cap);
    charset_words(header_value, &out);
    return buf_str(&out);
}
