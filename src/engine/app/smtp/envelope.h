/* envelope: the room's own structures: the connection, and a transaction around its mail. */
#ifndef ENGINE_APP_SMTP_ENVELOPE_H
#define ENGINE_APP_SMTP_ENVELOPE_H

#include "engine/app/app.h"
#include "engine/app/mail/mail.h"

#define SMTP_LINE_MAX 4096u /* command or reply line; RFC 5321 asks for 512, extensions for more */
#define SMTP_PENDING_MAX 128u   /* commands that wait for a reply */
#define SMTP_HELO_MAX 256u      /* kept for the transactions that follow */
#define SMTP_UNANSWERED_MAX 32u /* mails that wait for a reply; then the oldest waits no more */

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

enum smtp_text { TEXT_HELO, TEXT_MAIL_FROM, TEXT_RCPT_TO };

struct smtp_tx {
    struct mail_tx carried; /* first */
    struct texts texts;     /* of the envelope */
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

struct smtp_state {
    struct smtp_tx *tx; /* the one that commands belong to; NULL: the next command begins one */
    enum smtp_mode mode;
    enum mail_dot dot;
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

/* mail.c: the mail that a transaction carries, and what is wrong with it as events; `tx` may be NULL */
void smtp_mail_begin(struct app_flow *af, struct smtp_tx *tx);
void smtp_mail_add(struct app_flow *af, struct smtp_tx *tx, struct str bytes);
/* cut: before its end */
void smtp_mail_end(struct app_flow *af, struct smtp_tx *tx, bool cut);
void smtp_tx_fini(struct app_flow *af, struct tx *tx);

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

#define SMTP_FIELD_COUNT (3 + MAIL_FIELD_ROWS)
extern const struct field_desc smtp_fields[SMTP_FIELD_COUNT];
void smtp_log_conf(struct app_log *log, const struct conf_node *settings);
void smtp_log(const struct tx *tx, const struct app_conf *conf, struct json *out);

#endif
