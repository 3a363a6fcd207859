/* message: PostgreSQL's exchanges as they are kept, and how to read them. Sections are those of the documentation's chapter
 * "Frontend/Backend Protocol". */
#ifndef ENGINE_APP_PGSQL_MESSAGE_H
#define ENGINE_APP_PGSQL_MESSAGE_H

#include "base/reader.h"
#include "engine/app/app.h"

#define PGSQL_MESSAGE_MAX 60000 /* below APP_PENDING_MAX: of a longer message this much is kept */
#define PGSQL_KEPT_MAX 16384    /* bytes of answers of one exchange */
#define PGSQL_START_MAX 10000   /* section 53.7: the server takes no longer StartupMessage */

enum pgsql_kind {
    PGSQL_NOTHING, /* the server spoke unasked, or the request is none */
    PGSQL_SSL_REQUEST,
    PGSQL_GSS_REQUEST,
    PGSQL_START,
    PGSQL_CANCEL,
    PGSQL_PASSWORD,
    PGSQL_SASL_FIRST,
    PGSQL_SASL_NEXT,
    PGSQL_QUERY,
    PGSQL_COPY_IN, /* the data that follows a COPY ... FROM STDIN */
    PGSQL_TERMINATE,
};

/* Section 53.7, AuthenticationRequest. */
enum pgsql_auth {
    PGSQL_AUTH_OK = 0,
    PGSQL_AUTH_CLEARTEXT = 3,
    PGSQL_AUTH_MD5 = 5,
    PGSQL_AUTH_SASL = 10,
    PGSQL_AUTH_SASL_CONTINUE = 11,
    PGSQL_AUTH_SASL_FINAL = 12,
};

enum pgsql_event {
    PGSQL_MALFORMED_REQUEST,
    PGSQL_MALFORMED_RESPONSE,
    PGSQL_TOO_MANY_TRANSACTIONS,
    PGSQL_EVENTS
};

struct pgsql_tx {
    struct tx tx; /* first */
    enum pgsql_kind kind;
    uint64_t cycle;   /* see pgsql_state */
    uint8_t *request; /* what follows the length (of CopyFail: likewise) */
    uint32_t request_len;
    uint8_t *answers; /* whole messages, one behind the other */
    uint32_t answers_len, answers_cap;
    bool answered, accepted;     /* the one byte behind SSLRequest */
    bool copy_done, copy_failed; /* how the client ended its data */
    uint64_t copied_in, copied_in_bytes;
    uint64_t rows, row_bytes; /* since the last RowDescription */
    uint64_t copied_out, copied_out_bytes;
};

struct pgsql_head {
    uint8_t type;
    uint32_t body_bytes; /* without type and length */
};

static inline const struct pgsql_tx *pgsql_tx_of(const struct tx *tx)
{
    return (const struct pgsql_tx *)tx;
}

/* Type and length. False: not there (r->bad) or a length below its own four bytes. */
NODISCARD bool pgsql_read_head(struct reader *r, struct pgsql_head *out);
/* A text that ends with a zero byte; what is left when there is none (and *whole is false). */
struct str pgsql_read_text(struct reader *r, bool *whole);
/* The next answer that was kept. */
NODISCARD bool pgsql_next_answer(struct reader *r, uint8_t *type, struct str *body);

#define PGSQL_FIELDS 1
extern const struct field_desc pgsql_fields[PGSQL_FIELDS];
void pgsql_log_conf(struct app_log *log, const struct conf_node *settings);
void pgsql_log(const struct tx *tx, const struct app_conf *conf, struct json *out);

#endif
