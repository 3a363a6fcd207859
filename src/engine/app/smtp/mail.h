/* mail: the room's own structures: the connection, a transaction, the mail in work. */
#ifndef ENGINE_APP_SMTP_MAIL_H
#define ENGINE_APP_SMTP_MAIL_H

#include "engine/app/app.h"
#include "engine/content/content.h"
#include "engine/format/lines/lines.h"

#define SMTP_LINE_MAX 4096u /* command or reply line; RFC 5321 asks for 512, extensions for more */
#define SMTP_PENDING_MAX 128u    /* commands that wait for a reply */
#define SMTP_HELO_MAX 256u       /* kept for the transactions that follow */
#define SMTP_PARTS_MAX 32u       /* attachments whose bytes are kept for rules */
#define SMTP_URL_MAX 1024u       /* of a longer one the beginning */
#define SMTP_URLS_MAX 256u       /* per mail: a mail of links must not fill the log */
#define SMTP_URLS_SEEN_MAX 2048u /* repetitions too: each is compared with those before */
#define SMTP_UNANSWERED_MAX 32u  /* mails that wait for a reply; then the oldest waits no more */

enum smtp_frame { SMTP_FRAME_COMMAND_LINE, SMTP_FRAME_DATA, SMTP_FRAME_RESPONSE_LINE };

enum smtp_event {
    SMTP_INVALID_REPLY,
    SMTP_UNABLE_TO_MATCH_REPLY,
    SMTP_MAX_COMMAND_LINE,
    SMTP_MAX_REPLY_LINE,
    SMTP_INVALID_PIPELINED_SEQUENCE,
    SMTP_BDAT_CHUNK_LEN_EXCEEDED,
    SMTP_INVALID_BDAT,
    SMTP_NO_SERVER_WELCOME,
    SMTP_TLS_REJECTED,
    SMTP_DATA_COMMAND_REJECTED,
    SMTP_FAILED_PROTOCOL_CHANGE,
    SMTP_MIME_PARSE_FAILED,
    SMTP_MIME_MALFORMED,
    SMTP_MIME_INVALID_BASE64,
    SMTP_MIME_INVALID_QP,
    SMTP_MIME_LONG_LINE,
    SMTP_MIME_LONG_ENC_LINE,
    SMTP_MIME_LONG_HEADER_NAME,
    SMTP_MIME_LONG_HEADER_VALUE,
    SMTP_MIME_LONG_BOUNDARY,
    SMTP_MIME_LONG_FILENAME,
    SMTP_DUPLICATE_FIELDS,
    SMTP_UNPARSABLE_CONTENT,
    SMTP_TRUNCATED_LINE,
    SMTP_EVENTS
};

/* Progress of a transaction, client to server. */
enum smtp_progress {
    SMTP_BEGUN = 1,
    SMTP_SENDER,  /* MAIL FROM is known */
    SMTP_MAIL,    /* DATA or BDAT: the envelope is whole */
    SMTP_CONTENT, /* the mail's own headers are read */
};

enum smtp_text {
    TEXT_HELO,
    TEXT_MAIL_FROM,
    TEXT_RCPT_TO,
    TEXT_ATTACHMENT,
    TEXT_URL,
    TEXT_HEADERS, /* from here on: rows of smtp_headers */
};

/* Header fields of the mail that are kept; TEXT_HEADERS + row is their smtp_text. */
enum smtp_header {
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

struct smtp_header_row {
    const char *name; /* "Message-ID"; without case also the word in the log's settings */
    const char *key;  /* in the log */
    bool multi;       /* every one is kept, else the first */
};
extern const struct smtp_header_row smtp_headers[HEADER_COUNT];

/* An attachment's bytes for file.data. */
struct smtp_part {
    struct smtp_part *next;
    struct body body;
};

/* A URL on its way through decoded text that may be cut anywhere (url.c). */
struct smtp_url {
    uint32_t len;
    uint8_t text[SMTP_URL_MAX];
};

/* A mail while it passes. */
struct smtp_mail {
    struct mime *mime;
    struct app_flow *af;
    struct smtp_tx *tx;
    struct file *file;      /* of the part in work; NULL: none */
    struct smtp_part *part; /* of the same; NULL: not kept */
    uint32_t part_number;   /* of the last part whose name was told, + 1 */
    bool is_text;           /* the part in work is searched for URLs */
    bool cut;               /* it ended before its end */
    uint8_t url_schemes;    /* bits: rows of url.c */
    struct smtp_url url;
};

struct smtp_tx {
    struct tx tx; /* first */
    struct texts texts;
    struct smtp_mail *mail; /* while it passes */
    struct smtp_part *parts;
    uint32_t part_count, url_count, urls_seen;
    uint32_t headers_seen; /* bits: smtp_header */
    struct body_conf body_conf;
    bool has_mail;     /* DATA or BDAT was said */
    bool mail_done;    /* and the mail has ended */
    bool headers_done; /* of the mail itself */
};

enum smtp_command {
    COMMAND_OTHER,
    COMMAND_HELO,
    COMMAND_MAIL,
    COMMAND_RCPT,
    COMMAND_DATA,
    COMMAND_BDAT,
    COMMAND_END_OF_MAIL, /* the dot, or the last chunk */
    COMMAND_RSET,
    COMMAND_STARTTLS,
    COMMAND_QUIT,
};

struct smtp_pending {
    enum smtp_command command;
    bool has_tx, ends_tx; /* ends_tx: with its reply the transaction is over */
    uint64_t tx_id;
};

enum smtp_mode { MODE_COMMANDS, MODE_DATA, MODE_CHUNK };

/* Where in a line of DATA: RFC 5321 section 4.5.2. */
enum smtp_dot { DOT_LINE_START, DOT_SEEN, DOT_CR, DOT_IN_LINE };

struct smtp_state {
    struct smtp_tx *tx; /* the one that commands belong to; NULL: the next command begins one */
    enum smtp_mode mode;
    enum smtp_dot dot;
    uint64_t chunk_left;
    bool chunk_last;
    bool skip_line[DIR_COUNT]; /* the rest of a line that was too long */
    bool data_framed;          /* the frame "data" has begun */
    bool had_tx, welcomed, replied;
    bool data_unanswered;  /* DATA's reply has not come */
    bool reset_unanswered; /* a HELO behind MAIL FROM waits for its reply */
    bool has_helo;
    uint16_t reply_code; /* of the reply in work; 0: none */
    uint16_t helo_len;
    uint32_t pending_at, pending_count;
    struct smtp_pending pending[SMTP_PENDING_MAX];
    uint8_t helo[SMTP_HELO_MAX];
};

static inline struct smtp_tx *smtp_tx_of(struct tx *tx)
{
    return (struct smtp_tx *)tx;
}

static inline const struct smtp_tx *smtp_tx_const(const struct tx *tx)
{
    return (const struct smtp_tx *)tx;
}

/* url.c: which schemes the settings name (Suricata's extract-urls-schemes; http alone unless set); bytes of decoded text; the
 * text ends: what is in hand may be a URL */
uint8_t smtp_url_schemes(const struct app_conf *conf);
void smtp_url_add(struct smtp_mail *mail, struct str bytes);
void smtp_url_end(struct smtp_mail *mail);

/* content.c: a mail through MIME into texts and files */
void smtp_mail_begin(struct app_flow *af, struct smtp_tx *tx);
void smtp_mail_add(struct smtp_tx *tx, struct str bytes);
void smtp_mail_gap(struct smtp_tx *tx, uint32_t bytes);
/* cut: before its end. Closes open files and gives the parser's memory back. */
void smtp_mail_end(struct smtp_tx *tx, bool cut);
void smtp_tx_fini(struct app_flow *af, struct tx *tx);
void smtp_tx_inspected(struct app_flow *af, struct tx *tx, enum dir dir);

/* command.c: the client's side */
struct app_result smtp_client(struct app_flow *af, const struct app_chunk *chunk);
/* The transaction says nothing more in this direction. */
void smtp_tx_end(struct smtp_state *st, struct smtp_tx *tx);

/* reply.c: the server's side */
struct app_result smtp_server(struct app_flow *af, const struct app_chunk *chunk);
/* Is it one of SMTP's reply codes? */
bool smtp_code_known(uint16_t code);

/* An event of the transaction in work; nothing when there is none. */
void smtp_tell(struct app_flow *af, struct smtp_tx *tx, enum smtp_event event);

#define SMTP_FIELD_COUNT (13 + FILE_FIELD_ROWS)
extern const struct field_desc smtp_fields[SMTP_FIELD_COUNT];
void smtp_log_conf(struct app_log *log, const struct conf_node *settings);
void smtp_log(const struct tx *tx, const struct app_conf *conf, struct json *out);
void smtp_log_email(const struct tx *tx, const struct app_conf *conf, struct json *out);

#endif
