/* handshake: the messages of a TLS handshake as they came, and how to read them. */
#ifndef ENGINE_APP_TLS_HANDSHAKE_H
#define ENGINE_APP_TLS_HANDSHAKE_H

#include "base/reader.h"
#include "engine/app/app.h"

#define TLS_MESSAGE_MAX 65536 /* chains with many certificates stay below it */
#define TLS_EXTENSIONS_MAX 256
#define TLS_NAMES_MAX 512 /* dNSNames of one certificate */
#define TLS_CHAIN_MAX 64  /* certificates of one chain */

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

/* Messages that have been seen: the field "tls.state". */
enum tls_seen {
    TLS_SEEN_CLIENT_HELLO = 1,
    TLS_SEEN_CLIENT_KEY = 2,
    TLS_SEEN_SERVER_HELLO = 4,
    TLS_SEEN_SERVER_KEY = 8
};

/* Progress of a direction. */
enum tls_progress { TLS_BEGUN, TLS_HELLO_DONE, TLS_CERTIFICATE_DONE, TLS_FLIGHT_DONE };

#define TLS_1_0 0x0301
#define TLS_1_2 0x0303
#define TLS_1_3 0x0304
#define SSL_2 0x0002
#define SSL_3 0x0300

enum tls_extension {
    TLS_EXT_SERVER_NAME = 0,
    TLS_EXT_GROUPS = 10,
    TLS_EXT_POINT_FORMATS = 11,
    TLS_EXT_SIGNATURE_ALGORITHMS = 13,
    TLS_EXT_ALPN = 16,
    TLS_EXT_SESSION_TICKET = 35,
    TLS_EXT_SUPPORTED_VERSIONS = 43,
};

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
    uint8_t seen;                       /* enum tls_seen bits */
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

/* RFC 8701: values that only test whether a peer ignores what it does not know. */
static inline bool tls_is_grease(uint16_t value)
{
    return (value & 0x0f0f) == 0x0a0a && value >> 8 == (value & 0xff);
}

/* ---- hellos ---- */

struct tls_hello {
    uint16_t version; /* the legacy field */
    struct str random;
    struct str session_id;
    struct str ciphers; /* two bytes each; of a server: one */
    struct str extensions;
};

/* The list that is an extension's whole body, behind its length of `length_bytes` (1 or 2). */
struct str tls_extension_list(const struct tls_hello *hello, uint16_t type, int length_bytes);
/* False: damaged; what came before the damage is there. */
bool tls_read_hello(struct str body, enum dir dir, struct tls_hello *out);
bool tls_next_extension(struct reader *r, uint16_t *type, struct str *body);
bool tls_find_extension(const struct tls_hello *hello, uint16_t type, struct str *body);
/* What supported_versions (RFC 8446 4.2.1) says of TLS 1.3, or the legacy field. */
uint16_t tls_hello_version(const struct tls_hello *hello, enum dir dir);
/* RFC 8446 4.1.4: a ServerHello that asks for another ClientHello. */
bool tls_is_retry(const struct tls_hello *hello);
/* The index-th name of ALPN (RFC 7301). */
bool tls_alpn(const struct tls_hello *hello, uint32_t index, struct str *out);
enum tls_sni { TLS_SNI_NONE, TLS_SNI_OK, TLS_SNI_BAD_TYPE, TLS_SNI_BAD_LENGTH };
/* The host name of server_name (RFC 6066 section 3). */
enum tls_sni tls_server_name(const struct tls_hello *hello, struct str *out);
/* "TLS 1.2"; `number` is used for unknown ones. */
const char *tls_version_name(uint16_t version, char number[24]);

/* ---- fingerprints ---- */

#define TLS_JA3_MAX 4096 /* a hello of 64 KiB says nothing with its thousandth cipher */
#define TLS_JA4_BYTES 36

/* "771,4865-4866,0-23,29-23,0"; of a server "771,4865,43-51". False when there is no room. */
bool tls_ja3(const struct tls_hello *hello, enum dir dir, struct buf *out);
/* 32 hex digits. */
void tls_ja3_hash(struct str ja3, char out[33]);
/* FoxIO's JA4 of a ClientHello over TCP: "t13d1516h2_8daaf6152771_e5627efa2ab1". */
bool tls_ja4(const struct tls_hello *hello, char out[TLS_JA4_BYTES + 1]);

#define TLS_FIELDS 22
extern const struct field_desc tls_fields[TLS_FIELDS];
void tls_log(const struct tx *tx, const struct app_conf *conf, struct json *out);

#endif
