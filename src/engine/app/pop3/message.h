/* message: a command and its reply. */
#ifndef ENGINE_APP_POP3_MESSAGE_H
#define ENGINE_APP_POP3_MESSAGE_H

#include "engine/app/app.h"
#include "engine/format/lines/lines.h"

#define POP3_LINE_MAX 4096u /* RFC 2449 section 4: 255 and 512; a SASL answer takes more */

enum pop3_text { POP3_COMMAND, POP3_ARGUMENT, POP3_HEADER, POP3_DATA };

/* How a reply goes on behind a "+OK". */
enum pop3_shape {
    POP3_SINGLE,
    POP3_LISTING,  /* lines up to a dot */
    POP3_LIST_ALL, /* the same, where the command has no argument */
    POP3_MAIL,     /* lines up to a dot, that are not kept */
    POP3_TLS,      /* TLS follows */
};

struct pop3_tx {
    struct tx tx; /* first */
    struct texts texts;
    enum pop3_shape shape;
    bool has_request, has_response, success;
};

struct pop3_state {
    struct lines lines[DIR_COUNT];
    bool sasl;        /* the client's next line is an answer, not a command */
    bool in_listing;  /* the server's next lines belong to data_id */
    uint64_t data_id; /* of the transaction; it may be gone */
};

static inline struct pop3_tx *pop3_tx_of(struct tx *tx)
{
    return (struct pop3_tx *)tx;
}

static inline const struct pop3_tx *pop3_tx_const(const struct tx *tx)
{
    return (const struct pop3_tx *)tx;
}

void pop3_log(const struct tx *tx, const struct app_conf *conf, struct json *out);

#endif
