/* packet: what the sources of this room share: packets as they stand in a datagram, the hello in work, a transaction. */
#ifndef ENGINE_APP_QUIC_PACKET_H
#define ENGINE_APP_QUIC_PACKET_H

#include "base/reader.h"
#include "engine/app/app.h"
#include "engine/app/quic/crypto.h"
#include "engine/format/hello/hello.h"

#define QUIC_ID_MAX 20u       /* of the versions that we read (RFC 9000 section 17.2) */
#define QUIC_HELLO_MAX 65535u /* no hello of a real client comes near */
#define QUIC_PIECES_MAX 64u   /* browsers cut their hello into a dozen, in any order */
#define QUIC_PACKETS_MAX 16u  /* four kinds of packets may share a datagram */
#define QUIC_FRAMES_MAX \
    2048u                  /* a datagram of PING frames only has no more that are worth reading */
#define QUIC_TAGS_MAX 256u /* of a message of Google's; their real ones have 30 */

enum quic_event { QUIC_FAILED_DECRYPT, QUIC_ERROR_ON_DATA, QUIC_CRYPTO_FRAG_TOO_LONG, QUIC_EVENTS };

/* OTHER: a version that we do not know, version negotiation. GOOGLE: not sealed, its frames follow. */
enum quic_type { QUIC_INITIAL, QUIC_0RTT, QUIC_HANDSHAKE, QUIC_RETRY, QUIC_OTHER, QUIC_GOOGLE };

struct quic_packet {
    struct str bytes; /* from its first byte to its end */
    uint32_t version;
    bool old_header; /* Google's, before the long header */
    struct str to;   /* connection id of the one who is to get it */
    enum quic_type type;
    size_t number_at; /* GOOGLE: where the frames begin */
};

/* A stretch of a hello that is there: [from, to). */
struct quic_piece {
    uint32_t from, to;
};

/* Bytes of CRYPTO frames, in any order. What came first counts. */
struct quic_gather {
    uint8_t *bytes;
    uint32_t cap;
    uint32_t piece_count;
    struct quic_piece pieces[QUIC_PIECES_MAX]; /* sorted, with holes in between */
};

struct quic_tx {
    struct tx tx; /* first */
    uint32_t version;
    bool old_header;
    enum dir sender;
    uint8_t *
        bytes; /* of the budget: the hello that this packet made whole, or Google's message; NULL: none */
    uint32_t cap;
    struct str hello;  /* the body, in `bytes` */
    struct str google; /* tags and values, in `bytes` */
};

/* Keys of both sides, and what they are made of. */
struct quic_secret {
    uint32_t version; /* 0: none */
    uint8_t id_len;
    uint8_t id[QUIC_ID_MAX];
    struct quic_keys keys[DIR_COUNT];
};

#define QUIC_SECRETS 2 /* a packet of another connection does not push out the keys in use */

struct quic_state {
    struct quic_secret secrets[QUIC_SECRETS]; /* newest first */
    struct quic_gather gather[DIR_COUNT];
    bool hello_done[DIR_COUNT];
};

static inline const struct quic_tx *quic_tx_of(const struct tx *tx)
{
    return (const struct quic_tx *)tx;
}

/* RFC 9000 section 16. */
uint64_t quic_read_number(struct reader *r);
/* The next packet that says its version. False: there is none, or it is damaged. */
bool quic_next_packet(struct reader *r, struct quic_packet *out);
/* "Q046": of Google's. */
bool quic_version_is_google(uint32_t version);

enum quic_added { QUIC_ADDED, QUIC_TOO_LONG, QUIC_NO_ROOM };
/* Adds what a CRYPTO frame carries. */
enum quic_added quic_gather_add(struct quic_gather *g, struct budget *mem, uint64_t offset,
                                struct str bytes);
/* What is there from the beginning on. */
struct str quic_gather_head(const struct quic_gather *g);
void quic_gather_fini(struct quic_gather *g, struct budget *mem);

/* ---- Google's messages: "CHLO", then tags with the end of their values ---- */

/* The message in frames that are not sealed, from its name on. */
bool quic_google_find(struct str frames, struct str *message);
/* The whole message at the beginning of these bytes. */
bool quic_google_cut(struct str bytes, struct str *message);
/* The value of a tag of four bytes. */
bool quic_google_value(struct str message, const char tag[4], struct str *out);
/* "46,PAD-SNI-..." of versions that it is defined for. */
bool quic_google_cyu(const struct quic_tx *quic, struct buf *out);

#define QUIC_CYU_MAX (8 + 5 * QUIC_TAGS_MAX)

#define QUIC_FIELDS 10
extern const struct field_desc quic_fields[QUIC_FIELDS];
void quic_log(const struct tx *tx, const struct app_conf *conf, struct json *out);
/* The host's name: of the hello, or Google's tag. */
bool quic_server_name(const struct quic_tx *quic, struct str *out);

#endif
