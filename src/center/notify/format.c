#include "base/text.h"
#include "center/notify/notify.h"

#include <time.h>

#define WORD_BYTES \
    42 /* of text in one encoded word: 56 characters of base64, 68 with its frame (RFC 2047 section 2: 75) */
#define LINE_BYTES 57 /* of body in one line of 76 characters (RFC 2045 section 6.8) */
#define JAPAN_S (9 * 3600)

/* The largest piece of at most `limit` bytes that ends at a character's end. */
static size_t piece(struct str s, size_t limit)
{
    size_t len = s.len < limit ? s.len : limit;
    while (len > 0 && len < s.len && (s.p[len] & 0xc0) == 0x80)
        len--;
    return len ? len : (s.len < limit ? s.len : limit);
}

static bool is_plain(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.p[i] < ' ' || s.p[i] > '~' || s.p[i] == '=')
            return false;
    return s.len < 60;
}

/* Control characters, line breaks first of all, are hidden inside the base64 of an encoded word or replaced before. */
static void add_words(struct buf *out, struct str text)
{
    if (is_plain(text)) {
        buf_add(out, text);
        return;
    }
    for (bool first = true; text.len > 0; first = false) {
        size_t len = piece(text, WORD_BYTES);
        buf_add_c(out, first ? "=?UTF-8?B?" : "\r\n =?UTF-8?B?");
        text_add_base64(out, str_cut(text, 0, len));
        buf_add_c(out, "?=");
        text = str_from(text, len);
    }
}

/* An address or id of our own making or checked before: what does not belong there ends it. */
static void add_atom(struct buf *out, const char *text)
{
    for (; text && (unsigned char)*text > ' ' && (unsigned char)*text < 0x7f; text++)
        buf_add_byte(out, (uint8_t)*text);
}

/* RFC 5322 section 3.3, in Japan's time. Own names of days and months: strftime's depend on the locale. */
static void add_date(struct buf *out, int64_t at_us)
{
    static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    time_t seconds = (time_t)(at_us / 1000000) + JAPAN_S;
    struct tm tm;
    gmtime_r(&seconds, &tm);
    buf_printf(out, "%s, %d %s %d %02d:%02d:%02d +0900", days[tm.tm_wday], tm.tm_mday,
               months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

static void add_body(struct buf *out, const char *body)
{
    struct buf crlf;
    buf_init(&crlf, NOTIFY_MAIL_BYTES_MAX);
    for (const char *p = body; *p; p++) {
        if (*p == '\n' && (p == body || p[-1] != '\r'))
            buf_add_byte(&crlf, '\r');
        buf_add_byte(&crlf, (uint8_t)*p);
    }
    struct str rest = buf_str(&crlf);
    for (; rest.len > 0 && !crlf.failed; rest = str_from(rest, LINE_BYTES)) {
        text_add_base64(out, str_cut(rest, 0, LINE_BYTES));
        buf_add_c(out, "\r\n");
    }
    if (crlf.failed)
        out->failed = true;
    buf_fini(&crlf);
}

void notify_format(const struct notify_conf *conf, const struct mail *m, struct buf *out)
{
    buf_add_c(out, "From: ");
    if (conf->from_name) {
        add_words(out, str_c(conf->from_name));
        buf_add_c(out, " ");
    }
    buf_add_c(out, "<");
    add_atom(out, conf->from);
    buf_add_c(out, ">\r\nTo: <");
    add_atom(out, m->to);
    buf_add_c(out, ">\r\nSubject: ");
    add_words(out, str_c(m->subject));
    buf_add_c(out, "\r\nDate: ");
    add_date(out, m->date_us);
    buf_add_c(out, "\r\nMessage-ID: ");
    add_atom(out, m->message_id);
    if (m->in_reply_to) {
        buf_add_c(out, "\r\nIn-Reply-To: ");
        add_atom(out, m->in_reply_to);
        buf_add_c(out, "\r\nReferences: ");
        add_atom(out, m->in_reply_to);
    }
    buf_add_c(
        out,
        "\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
        "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n");
    add_body(out, m->body);
}
