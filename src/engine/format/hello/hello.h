/* hello: ClientHello and ServerHello (RFC 8446 section 4.1, RFC 5246 section 7.4.1) and the fingerprints that clients and servers are
 * known by, for every protocol that carries them: TLS itself and QUIC.
 *
 * Way in:    the message's body, without its type and length, as it came.
 * Way out:   its parts, borrowed from the body; JA3 and JA3S (Salesforce, 2017) and JA4 (FoxIO, 2023; the client's alone).
 * Memory:    none; texts go into the caller's.
 * Hostile:   nothing is believed that is not there: lists end where the message ends, HELLO_EXTENSIONS_MAX of them are read.
 */
#ifndef ENGINE_FORMAT_HELLO_HELLO_H
#define ENGINE_FORMAT_HELLO_HELLO_H

#include "base/buf.h"
#include "base/reader.h"
#include "engine/field/field.h"

#define HELLO_EXTENSIONS_MAX 256

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

/* What carried the hello; fingerprints differ by it. */
enum hello_over { HELLO_OVER_TCP, HELLO_OVER_QUIC };

struct hello {
    uint16_t version; /* the legacy field */
    struct str random;
    struct str session_id;
    struct str ciphers; /* two bytes each; of a server: one */
    struct str extensions;
};

/* RFC 8701: values that only test whether a peer ignores what it does not know. */
static inline bool hello_is_grease(uint16_t value)
{
    return (value & 0x0f0f) == 0x0a0a && value >> 8 == (value & 0xff);
}

/* The list that is an extension's whole body, behind its length of `length_bytes` (1 or 2). */
struct str hello_extension_list(const struct hello *hello, uint16_t type, int length_bytes);
/* False: damaged; what came before the damage is there. */
bool hello_read(struct str body, enum dir dir, struct hello *out);
bool hello_next_extension(struct reader *r, uint16_t *type, struct str *body);
bool hello_find_extension(const struct hello *hello, uint16_t type, struct str *body);
/* What supported_versions (RFC 8446 4.2.1) says of TLS 1.3, or the legacy field. */
uint16_t hello_version(const struct hello *hello, enum dir dir);
/* RFC 8446 4.1.4: a ServerHello that asks for another ClientHello. */
bool hello_is_retry(const struct hello *hello);
/* The index-th name of ALPN (RFC 7301). */
bool hello_alpn(const struct hello *hello, uint32_t index, struct str *out);
enum hello_sni { HELLO_SNI_NONE, HELLO_SNI_OK, HELLO_SNI_BAD_TYPE, HELLO_SNI_BAD_LENGTH };
/* The host name of server_name (RFC 6066 section 3). */
enum hello_sni hello_server_name(const struct hello *hello, struct str *out);
/* "TLS 1.2"; `number` is used for unknown ones. */
const char *hello_version_name(uint16_t version, char number[24]);

/* ---- fingerprints ---- */

#define HELLO_JA3_MAX 4096 /* a hello of 64 KiB says nothing with its thousandth cipher */
#define HELLO_JA3_HASH_BYTES 32
#define HELLO_JA4_BYTES 36

#define HELLO_GREASE_TYPE 0xfafa /* how Suricata tells an extension of GREASE, whichever it was */

/* "771,4865-4866,0-23,29-23,0"; of a server "771,4865,43-51". GREASE is left out, but of a hello over QUIC as Suricata does it:
 * there it stays, extensions as HELLO_GREASE_TYPE. False when there is no room. */
bool hello_ja3(const struct hello *hello, enum dir dir, enum hello_over over, struct buf *out);
/* 32 hex digits. */
void hello_ja3_hash(struct str ja3, char out[HELLO_JA3_HASH_BYTES + 1]);
/* FoxIO's JA4 of a ClientHello: "t13d1516h2_8daaf6152771_e5627efa2ab1". */
bool hello_ja4(const struct hello *hello, enum hello_over over, char out[HELLO_JA4_BYTES + 1]);

#endif
