/* message: a command and its reply. */
#ifndef ENGINE_APP_POP3_MESSAGE_H
#define ENGINE_APP_POP3_MESSAGE_H

#include "engine/app/mail/mail.h"

#define POP3_LINE_MAX 4096u /* RFC 2449 section 4: 255 and 512; a SASL answer takes more */

/* Progress of a transaction, server to client. */
enum pop3_progress { POP3_CONTENT = 1 }; /* the headers of a mail are read */

enum pop3_text { POP3_COMMAND, POP3_ARGUMENT, POP3_HEADER, POP3_DATA };

/* How a reply goes on behind a "+OK". */
enum pop3_shape {
    POP3_SINGLE,
    POP3_LISTING,  /* lines up to a dot */
    POP3_LIST_ALL, /* the same, where the command has no argument */
    POP3_MAIL,     /* a mail up to a dot */
    POP3_TOP,      /* the same, of the mail its head and so many lines */
    POP3_TLS,      /* TLS follows */
};

struct pop3_tx {
    struct mail_tx carried; /* first */
    struct texts texts;     /* of command and reply */
    enum pop3_shape shape;
    bool has_request, has_response, success;
};

struct pop3_state {
    struct lines lines[DIR_COUNT];
    bool sasl;         /* the client's next line is an answer, not a command */
    bool in_listing;   /* the server's next lines belong to data_id */
    bool in_mail;      /* its next bytes are a mail of the same */
    enum mail_dot dot; /* where in a line of it */
    uint64_t data_id;  /* of the transaction; it may be gone */
};

static inline struct pop3_tx *pop3_tx_of(struct tx *tx)
{
    return (struct pop3_tx *)tx;
}

static inline const struct pop3_tx *pop3_tx_const(const struct tx *tx)
{
    return (const struct pop3_tx *)tx;
}

#define POP3_FIELD_COUNT MAIL_FIELD_ROWS
void pop3_log(const struct tx *tx, const struct app_conf *conf, struct json *out);

#endif
