/* mail: a mail while it passes, whatever protocol carries it: its header fields, its parts as files, URLs in its text.
 *
 * Way in:    a parser whose transactions begin with a struct mail_tx says where a mail begins and ends, and hands in its bytes
 *            between (dot-stuffing and lengths already taken away).
 * Way out:   rows of the fields "email.*", "file.*" and "file.data" (MAIL_FIELDS), EVE's "email" object, files of the
 *            transaction; what was wrong with it as bits of enum mime_defect, which the parser tells in its own events.
 * Memory:    the flow's budget. Without room for its reader the mail passes unread.
 * Threads:   none of its own.
 * Limits:    one mail a transaction. MAIL_PARTS_MAX parts are kept for rules, each within app_conf's limit for bodies; texts as
 *            engine/format/lines bounds them; MAIL_URLS_MAX URLs.
 */
#ifndef ENGINE_APP_MAIL_MAIL_H
#define ENGINE_APP_MAIL_MAIL_H

#include "engine/app/app.h"
#include "engine/content/content.h"
#include "engine/format/lines/lines.h"

#define MAIL_PARTS_MAX 32u       /* attachments whose bytes are kept for rules */
#define MAIL_URLS_MAX 256u       /* per mail: a mail of links must not fill the log */
#define MAIL_URLS_SEEN_MAX 2048u /* repetitions too: each is compared with those before */

/* Header fields that are kept. */
enum mail_header {
    HEADER_FROM,
    HEADER_TO,
    HEADER_CC,
    HEADER_SUBJECT,
    HEADER_DATE,
    HEADER_MESSAGE_ID,
    HEADER_X_MAILER,
    HEADER_RECEIVED,
    HEADER_REPLY_TO,
    HEADER_BCC,
    HEADER_USER_AGENT,
    HEADER_X_ORIGINATING_IP,
    HEADER_IN_REPLY_TO,
    HEADER_REFERENCES,
    HEADER_IMPORTANCE,
    HEADER_PRIORITY,
    HEADER_SENSITIVITY,
    HEADER_ORGANIZATION,
    HEADER_COUNT
};

/* Kinds of a mail's texts. */
enum mail_text {
    MAIL_TEXT_ATTACHMENT,
    MAIL_TEXT_URL,
    MAIL_TEXT_HEADERS, /* from here on: rows of mail_headers */
};

/* Begins all zero. */
struct mail {
    struct texts texts;
    struct mail_work *work; /* while it passes; NULL: it does not, or there was no memory */
    struct mail_part *parts;
    uint32_t part_count, url_count, urls_seen;
    uint32_t headers_seen; /* bits: mail_header */
    struct body_conf body_conf;
    enum dir dir;      /* the way it goes */
    uint8_t progress;  /* of the transaction, once its headers are read */
    bool begun, ended; /* ended: with its end seen */
    bool headers_done; /* of the mail itself */
};

struct mail_tx {
    struct tx tx; /* first */
    struct mail mail;
};

/* From now on the transaction carries a mail in this direction; once, again only where it found no memory. `progress` is reached when its headers are read. */
void mail_begin(struct app_flow *af, struct mail_tx *tx, enum dir dir, uint8_t progress);
/* Returns what was wrong so far: bits of enum mime_defect. Nothing happens where no mail passes: in these too. */
uint32_t mail_add(struct mail_tx *tx, struct str bytes);
void mail_gap(struct mail_tx *tx, uint32_t bytes);
/* cut: before its end. Closes open files and gives the reader's memory back. */
uint32_t mail_end(struct mail_tx *tx, bool cut);
/* Gives all back; the transaction's files are given back already: a mail that passes is dropped, not ended. */
void mail_fini(struct app_flow *af, struct mail_tx *tx);
/* All that is there in this direction has been looked at. A parser's tx_inspected. */
void mail_inspected(struct app_flow *af, struct tx *tx, enum dir dir);
/* Members of EVE's record: the object "email"; nothing where no mail began. Further fields as the log's entry for mail says. */
void mail_log(const struct tx *tx, const struct app_conf *conf, struct json *out);

/* ---- a mail whose end is a line with a dot alone (RFC 5321 section 4.5.2, RFC 1939 section 3) ---- */

/* Where in a line. Begins as MAIL_LINE_START. */
enum mail_dot { MAIL_LINE_START, MAIL_DOT_SEEN, MAIL_DOT_CR, MAIL_IN_LINE };

struct mail_step {
    struct str bytes; /* of the mail; may be empty */
    size_t done;      /* of what was given; 0: ask again */
    bool ended;       /* the dot is among them */
};

/* One step through s, which is not empty. Lines end at LF alone too: where the mail ends for one reader must not be inside it for
 * us. */
struct mail_step mail_dots_next(enum mail_dot *dot, struct str s);

/* ---- what rules ask: rows of a protocol whose mails go in the directions `where`, from progress `when` on ---- */

#define MAIL_GETTER(name)                                                                      \
    bool mail_field_##name(const struct tx *tx, enum dir dir, uint32_t index, struct arena *a, \
                           struct str *out)
MAIL_GETTER(from);
MAIL_GETTER(to);
MAIL_GETTER(cc);
MAIL_GETTER(subject);
MAIL_GETTER(date);
MAIL_GETTER(message_id);
MAIL_GETTER(x_mailer);
MAIL_GETTER(received);
MAIL_GETTER(url);
bool mail_field_data(const struct tx *tx, enum dir dir, uint32_t index, struct field_window *out);

#define MAIL_FIELD_ROWS (10 + FILE_FIELD_ROWS)
#define MAIL_FIELD_ROW(of_proto, where, when, word, many, ...)                           \
    {                                                                                    \
        .name = (word), .proto = (of_proto), .dirs = (where),                            \
        .ready_at = {[DIR_TOSERVER] = (when), [DIR_TOCLIENT] = (when)}, .multi = (many), \
        __VA_ARGS__                                                                      \
    }
#define MAIL_TEXT_ROW(p, where, when, name, many) \
    MAIL_FIELD_ROW(p, where, when, "email." #name, many, .bytes = mail_field_##name)
#define MAIL_FIELDS(p, where, when)                                                              \
    MAIL_TEXT_ROW(p, where, when, from, false), MAIL_TEXT_ROW(p, where, when, to, false),        \
        MAIL_TEXT_ROW(p, where, when, cc, false), MAIL_TEXT_ROW(p, where, when, subject, false), \
        MAIL_TEXT_ROW(p, where, when, date, false),                                              \
        MAIL_TEXT_ROW(p, where, when, message_id, false),                                        \
        MAIL_TEXT_ROW(p, where, when, x_mailer, false),                                          \
        MAIL_TEXT_ROW(p, where, when, received, true),                                           \
        MAIL_TEXT_ROW(p, where, TX_COMPLETE, url, true), FILE_FIELDS(p, where, when),            \
        MAIL_FIELD_ROW(p, where, when, "file.data", true, .kind = FIELD_WINDOW,                  \
                       .window = mail_field_data)

#endif
