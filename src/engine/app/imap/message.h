/* message: a command, a mail, and how far each side has come. */
#ifndef ENGINE_APP_IMAP_MESSAGE_H
#define ENGINE_APP_IMAP_MESSAGE_H

#include "engine/app/mail/mail.h"

#define IMAP_LINE_MAX \
    8192u /* RFC 7162 section 4; of a longer one the beginning and the end are looked at */
#define IMAP_TAIL_MAX 64u /* this end: what is fetched, and the length of a literal */
#define IMAP_TAG_MAX 64u  /* a longer tag is no command's */

enum imap_event { IMAP_TOO_MANY_TRANSACTIONS, IMAP_EVENTS };

/* Progress of a transaction that carries a mail. */
enum imap_progress { IMAP_CONTENT = 1 }; /* its headers are read */

enum imap_text { IMAP_TAG, IMAP_COMMAND, IMAP_STATUS, IMAP_ITEM };

/* A command with its reply, or a mail on its way. */
struct imap_tx {
    struct mail_tx carried; /* first */
    struct texts texts;
    bool is_mail, is_partial;    /* partial: not the whole mail */
    bool asks_tls, asks_deflate; /* its OK ends what can be read here */
    uint64_t mail_bytes;         /* as announced */
};

/* One direction. */
struct imap_side {
    bool is_long;      /* inside of a line that is longer than IMAP_LINE_MAX */
    bool is_continued; /* the next line goes on behind a literal */
    bool may_hold;     /* the server's line in work may hold literals */
    bool holds_mails;  /* and they are mails: APPEND, FETCH */
    bool in_mail;      /* the literal is one, of the transaction mail_id; it may be gone */
    bool is_waiting;   /* the literal is sent only when the server agrees */
    uint8_t tail_len;
    uint8_t tail[IMAP_TAIL_MAX]; /* of a long line */
    uint64_t literal_left;
    uint64_t mail_id;
};

struct imap_state {
    struct imap_side sides[DIR_COUNT];
    bool has_command;    /* the client's line in work belongs to a transaction: */
    uint64_t command_id; /* it may be gone */
    bool is_lost;        /* bytes are missing, or compressed: what comes is not read */
};

static inline struct imap_tx *imap_tx_of(struct tx *tx)
{
    return (struct imap_tx *)tx;
}

static inline const struct imap_tx *imap_tx_const(const struct tx *tx)
{
    return (const struct imap_tx *)tx;
}

/* ---- line.c ---- */

struct imap_line {
    bool begins, ends;     /* of a long line the two come one after the other */
    struct str head, tail; /* with `begins` and `ends`; otherwise the same */
};
/* The next line of *rest, or an end of it. False: none yet; *rest is what must be given again. */
bool imap_line_next(struct imap_side *side, struct str *rest, struct imap_line *out);

struct imap_literal {
    uint64_t len;
    bool waits;        /* for the server's consent: no "+" (RFC 7888) */
    struct str before; /* what it is the value of: "BODY[]" */
};
/* Does this end of a line announce one: {n}, {n+}, ~{n} (RFC 9051 section 4.3)? */
bool imap_literal_read(struct str tail, struct imap_literal *out);

/* Is it a mail that has this name in FETCH? */
struct imap_item {
    bool is_mail; /* from its beginning */
    bool is_part; /* a part of the mail alone: RFC822.HEADER, BODY[]<0> */
};
struct imap_item imap_item_read(struct str name);

/* ---- literal.c: the mails ---- */

/* A transaction for the mail that the literal is; `name`: of what. Nothing when there is no memory. */
void imap_mail_begin(struct app_flow *af, enum dir dir, const struct imap_literal *literal,
                     struct imap_item item, struct str name);
/* Takes what there is of the literal from *rest. */
void imap_literal_take(struct app_flow *af, enum dir dir, struct str *rest);
/* False: more is missing than the literal had. */
bool imap_literal_gap(struct app_flow *af, enum dir dir, uint32_t bytes);
/* The mail ends here, if one is in work. */
void imap_mail_end(struct app_flow *af, enum dir dir, bool cut);
struct imap_tx *imap_tx_find(const struct app_flow *af, uint64_t id);

/* ---- client.c, server.c ---- */

void imap_client_line(struct app_flow *af, const struct imap_line *line);
void imap_server_line(struct app_flow *af, const struct imap_line *line);
/* Does the line begin a mail? */
bool imap_begins_mail(const struct imap_side *side, enum dir dir, const struct imap_line *line);

/* All transactions end; from now on nothing is read. */
void imap_lose(struct app_flow *af);

void imap_log(const struct tx *tx, const struct app_conf *conf, struct json *out);

#endif
