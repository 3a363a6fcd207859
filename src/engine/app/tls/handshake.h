/* handshake: the messages of a TLS handshake as they came, and how to read them. */
#ifndef ENGINE_APP_TLS_HANDSHAKE_H
#define ENGINE_APP_TLS_HANDSHAKE_H

#include "base/reader.h"
#include "engine/app/app.h"
#include "engine/format/hello/hello.h"

#define TLS_MESSAGE_MAX 65536 /* chains with many certificates stay below it */
#define TLS_NAMES_MAX 512     /* dNSNames of one certificate */
#define TLS_CHAIN_MAX 64      /* certificates of one chain */

enum tls_event {
    TLS_EVENT_INVALID_SSLV2_HEADER,
    TLS_EVENT_INVALID_TLS_HEADER,
    TLS_EVENT_INVALID_RECORD_VERSION,
    TLS_EVENT_INVALID_RECORD_TYPE,
    TLS_EVENT_INVALID_RECORD_LENGTH,
    TLS_EVENT_INVALID_HANDSHAKE_MESSAGE,
    TLS_EVENT_INVALID_CERTIFICATE,
    TLS_EVENT_CERTIFICATE_INVALID_LENGTH,
    TLS_EVENT_CERTIFICATE_INVALID_VERSION,
    TLS_EVENT_CERTIFICATE_INVALID_SERIAL,
    TLS_EVENT_CERTIFICATE_INVALID_ALGORITHM,
    TLS_EVENT_CERTIFICATE_INVALID_NAME,
    TLS_EVENT_CERTIFICATE_INVALID_DATE,
    TLS_EVENT_CERTIFICATE_INVALID_EXTENSIONS,
    TLS_EVENT_CERTIFICATE_INVALID_DER,
    TLS_EVENT_CERTIFICATE_INVALID_SUBJECT,
    TLS_EVENT_CERTIFICATE_INVALID_ISSUER,
    TLS_EVENT_CERTIFICATE_INVALID_VALIDITY,
    TLS_EVENT_ERROR_MESSAGE_ENCOUNTERED,
    TLS_EVENT_INVALID_ALERT_MESSAGE,
    TLS_EVENT_INVALID_HEARTBEAT_MESSAGE,
    TLS_EVENT_OVERFLOW_HEARTBEAT_MESSAGE,
    TLS_EVENT_DATALEAK_HEARTBEAT_MISMATCH,
    TLS_EVENT_HANDSHAKE_INVALID_LENGTH,
    TLS_EVENT_MULTIPLE_SNI_EXTENSIONS,
    TLS_EVENT_INVALID_SNI_TYPE,
    TLS_EVENT_INVALID_SNI_LENGTH,
    TLS_EVENT_TOO_MANY_RECORDS_IN_PACKET,
    TLS_EVENT_INVALID_SSL_RECORD,
    TLS_EVENT_HEARTBEAT_MESSAGE,
    TLS_EVENT_TOO_MANY_SUBJECT_ALTERNATIVE_NAMES,
    TLS_EVENT_INVALID_CLIENT_HELLO,
    TLS_EVENT_INVALID_SERVER_HELLO,
    TLS_EVENTS
};

/* Which of these messages was the last one; 0 once the key was exchanged and both sides encrypt: the field "tls.state". */
enum tls_at {
    TLS_AT_CLIENT_HELLO = 1,
    TLS_AT_CLIENT_KEY = 2,
    TLS_AT_SERVER_HELLO = 4,
    TLS_AT_SERVER_KEY = 8
};

/* Progress of a direction. */
enum tls_progress { TLS_BEGUN, TLS_HELLO_DONE, TLS_CERTIFICATE_DONE, TLS_FLIGHT_DONE };

/* A message that is kept: the body, without type and length. */
struct tls_message {
    uint8_t *p;
    uint32_t len;
};

struct tls_tx {
    struct tx tx; /* first */
    struct tls_message hello[DIR_COUNT];
    struct tls_message chain[DIR_COUNT];
    uint16_t
        version[DIR_COUNT]; /* as last said: the hello's, or that of supported_versions; 0: none */
    uint16_t record_version[DIR_COUNT]; /* of the first record; 0: none */
    enum app_proto from_proto;          /* what was spoken before STARTTLS; APP_UNKNOWN: nothing */
    bool resumed;                       /* an earlier session goes on: no certificate is sent */
    uint8_t at;                         /* enum tls_at */
    bool certificate_asked;             /* of the client */
    bool server_done; /* the server's part of the handshake that is in the clear */
    bool encrypted[DIR_COUNT];
};

/* Members of the record that can be chosen: bits of app_log.tls. */
enum tls_log_member {
    TLS_LOG_SUBJECT,
    TLS_LOG_ISSUER,
    TLS_LOG_SESSION_RESUMED,
    TLS_LOG_SERIAL,
    TLS_LOG_FINGERPRINT,
    TLS_LOG_SNI,
    TLS_LOG_VERSION,
    TLS_LOG_NOT_BEFORE,
    TLS_LOG_NOT_AFTER,
    TLS_LOG_CERTIFICATE,
    TLS_LOG_CHAIN,
    TLS_LOG_JA3,
    TLS_LOG_JA3S,
    TLS_LOG_JA4,
    TLS_LOG_SUBJECTALTNAME,
    TLS_LOG_CLIENT,
    TLS_LOG_CLIENT_CERTIFICATE,
    TLS_LOG_CLIENT_CHAIN,
    TLS_LOG_CLIENT_ALPNS,
    TLS_LOG_SERVER_ALPNS,
    TLS_LOG_CLIENT_HANDSHAKE,
    TLS_LOG_SERVER_HANDSHAKE,
    TLS_LOG_MEMBERS
};

/* Is this member to be written? */
void tls_log_conf(struct app_log *log, const struct conf_node *settings);
bool tls_log_wants(const struct tx *tx, const struct app_log *log);

static inline const struct tls_tx *tls_tx_of(const struct tx *tx)
{
    return (const struct tls_tx *)tx;
}

static inline struct str tls_message_str(const struct tls_message *m)
{
    return (struct str){m->p, m->len};
}

#define TLS_FIELDS 22
extern const struct field_desc tls_fields[TLS_FIELDS];
void tls_log(const struct tx *tx, const struct app_conf *conf, struct json *out);

#endif
