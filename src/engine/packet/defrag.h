/* defrag: puts datagrams together from their fragments (RFC 791 3.2, RFC 8200 4.5).
 *
 * Way in:    an IP layer hands over a piece by packet_defrag(); a whole datagram is decoded at once as an inner packet.
 * Memory:    tables, cells and hash taken at start. A piece is copied into cells of a fixed size, so that small pieces
 *            can never cut the memory up for good. See defrag.c for what an attacker gains by filling it.
 * Time:      of the packets; nothing here asks a clock.
 */
#ifndef ENGINE_PACKET_DEFRAG_H
#define ENGINE_PACKET_DEFRAG_H

#include "engine/packet/packet.h"

/* Headers in front of the pieces: IPv6 with extensions, rarely above 100. */
#define DEFRAG_HEAD_MAX 512
/* An IPv6 packet: 40 and 65,535. */
#define DEFRAG_WHOLE_BYTES (40 + 65535)

/* Who wins where pieces overlap; a target decides by its own system. */
enum defrag_policy {
    DEFRAG_BSD, /* the piece that begins further left; of two that begin together the earlier one */
    DEFRAG_LINUX, /* as BSD, but of two that begin together the later one */
    DEFRAG_FIRST, /* what came first */
    DEFRAG_LAST,  /* what came last */
    DEFRAG_BSD_RIGHT, /* the piece that begins further right; of two that begin together the later one */
    DEFRAG_SOLARIS, /* the first, unless the later one begins before it and reaches as far */
    DEFRAG_WINDOWS, /* the first, unless the later one reaches beyond it on both sides */
    DEFRAG_POLICIES /* by the receiver's system (packet_conf.targets) */
};

struct defrag_piece {
    uint32_t id;
    uint8_t ip_proto; /* of what is in the datagram */
    bool more;
    uint32_t offset; /* bytes */
    struct str head; /* headers before the payload (IPv6: before the fragment header) */
    size_t next_at;  /* IPv6: of the byte in `head` that says what follows */
    struct str bytes;
};

struct defrag;
struct decode_run;

struct defrag *defrag_new(const struct packet_conf *conf);
void defrag_free(struct defrag *f);
void defrag_set_policy(struct defrag *f, enum defrag_policy policy);
/* Takes in a piece of p. *event: what was wrong with it, or NONE. Returns the length of the whole datagram written to
 * `whole` (DEFRAG_WHOLE_BYTES of room), or 0: not whole yet. */
size_t defrag_add(struct defrag *f, const struct packet *p, const struct defrag_piece *piece,
                  uint8_t *whole, enum packet_event *event);
/* Held now, for tests and for counting. */
uint32_t defrag_datagrams_held(const struct defrag *f);
uint32_t defrag_cells_held(const struct defrag *f);
uint64_t defrag_timed_out(const struct defrag *f);
uint64_t defrag_refused(const struct defrag *f);

/* defrag_decode.c: takes in a piece, and decodes the datagram as an inner packet when it is whole. */
void packet_defrag(struct decode_run *run, struct packet *p, const struct defrag_piece *piece);

#endif
