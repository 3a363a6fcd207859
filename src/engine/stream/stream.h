/* stream: one TCP connection: its state, and the bytes of each direction in order.
 *
 * Way in:    engine.c hands each TCP packet of a flow to stream_packet().
 * Way out:   first the packet's standing (fits, is a retransmission, is out of the window ...) and events; then, by
 *            stream_ready(), the bytes that may be parsed now, and by stream_raw() the bytes that rules without a
 *            protocol field look at. Bytes stay until both have given them back (stream_consume, stream_raw_done).
 * Modes:     inline: bytes are ready when they arrive in order (they are inspected before the frame goes on). What was
 *            inspected once stays what it is: the first bytes win, and a packet that says otherwise must not go on.
 *            acknowledged: bytes are ready when the receiver has acknowledged them (as a passive sensor sees what the
 *            receiver really took); a packet of one direction therefore makes bytes of the *other* direction ready.
 *            A FIN or RST makes what is in order ready in both modes.
 * Gaps:      a hole that the receiver acknowledged, or (acknowledged mode) that outgrew the limits, becomes a gap:
 *            stream_ready() reports its length once, then goes on behind it. Nothing waits for ever.
 * Memory:    a struct stream is part of the flow's block; segments come from the flow's budget. In-order bytes of the
 *            packet in hand are lent out (`borrowed`) and copied only if somebody wants them longer than the packet.
 * Limits:    stream_conf.depth_bytes per direction (beyond it: counted, not assembled), segments and bytes held per
 *            direction, the flow's budget. No limit ever holds a frame back. What does not fit becomes a gap or the end of
 *            assembly, with an event; only inline, a segment *ahead of a hole* that does not fit is refused
 *            (result.drop): to the ends that is a lost packet, which TCP mends, while a gap would be a way past us.
 * Files:     tracking.c judges the header (states, windows, timestamps, RST); assembly.c takes the bytes in;
 *            ranges.c keeps them, overlap.c settles quarrels between them; window.c shows them.
 */
#ifndef ENGINE_STREAM_STREAM_H
#define ENGINE_STREAM_STREAM_H

#include "base/arena.h"
#include "base/attr.h"
#include "base/slab.h"
#include "base/str.h"
#include "engine/packet/packet.h"
#include "engine/stream/event.h"

enum stream_mode { STREAM_INLINE, STREAM_ACKNOWLEDGED };

/* How overlapping bytes are settled, as the target does it (first wins, last wins, and the finer differences). */
enum stream_overlap {
    STREAM_OVERLAP_BSD,
    STREAM_OVERLAP_LINUX,
    STREAM_OVERLAP_SOLARIS,
    STREAM_OVERLAP_FIRST,
    STREAM_OVERLAP_LAST,
    STREAM_OVERLAP_OLD_LINUX,
    STREAM_OVERLAPS
};

/* What becomes of a byte that TCP's urgent pointer marks (RFC 6093): most systems hand it over beside the stream (OOB), unless
 * the program asked for it in the stream. */
enum stream_urgent {
    STREAM_URGENT_OOB,    /* it is no part of the stream */
    STREAM_URGENT_INLINE, /* it is one as others are */
    STREAM_URGENT_DROP,   /* the packet is not taken; inline it does not go on */
    STREAM_URGENT_GAP,    /* it is missing */
};
#define STREAM_URGENT_MAX 65535 /* taken out of a half; then the other policy holds */
#define STREAM_URGENT_RECENT 4  /* whose places are remembered, for what is sent again */

#define STREAM_DEPTHS 64
#define STREAM_DEPTH_USUAL UINT32_MAX

struct stream_conf {
    enum stream_urgent urgent, urgent_beyond; /* usually; when a half has had too many */
    enum stream_mode mode;
    enum stream_overlap overlap; /* acknowledged mode; inline the first always wins */
    const struct packet_targets
        *targets;         /* not NULL: `overlap` is as the receiver's system has it */
    bool midstream;       /* take up connections whose handshake was not seen */
    bool async_one_side;  /* take up connections of which one direction is never seen */
    uint32_t depth_bytes; /* assembled per direction; 0: no limit (Suricata's default: 1 MiB) */
    uint32_t own_depths
        [STREAM_DEPTHS]; /* the same, of kinds of streams; STREAM_DEPTH_USUAL: depth_bytes */
    uint32_t raw_window_bytes[2]; /* bytes that raw matching wants to see together, of each half */
    uint32_t segments_max;        /* held per direction */
    uint32_t held_bytes_max;      /* held per direction for whatever reason */
    uint32_t
        recheck_bytes; /* inline: inspected bytes that are kept until the receiver has acknowledged them, so that a
                                  * retransmission with other bytes is seen; 0: none */
};

void stream_conf_defaults(struct stream_conf *conf);

enum stream_state {
    STREAM_NONE,
    STREAM_SYN_SENT,
    STREAM_SYN_RECEIVED,
    STREAM_ESTABLISHED,
    STREAM_FIN_WAIT1,
    STREAM_FIN_WAIT2,
    STREAM_CLOSING,
    STREAM_CLOSE_WAIT,
    STREAM_LAST_ACK,
    STREAM_TIME_WAIT,
    STREAM_CLOSED,
};

#define STREAM_EVENTS_MAX 8

struct stream_segment; /* ranges.h */

/* Bytes of one direction that are held, by offset, without overlap. */
struct stream_ranges {
    struct stream_segment *first, *last;
    uint32_t count;
    uint32_t bytes;
};

struct stream_half {
    uint32_t isn;          /* initial sequence number: the SYN's */
    uint32_t next_seq;     /* highest sequence number seen + 1 */
    uint32_t acked_seq;    /* highest valid acknowledgement of this half's bytes by the other */
    uint32_t limit_seq;    /* up to here the other side ever allowed this half to send */
    uint32_t fin_seq;      /* of the FIN, when seen_fin */
    uint32_t window;       /* receive window that the *other* half offers to this one, scaled */
    uint32_t ts_last;      /* RFC 7323 TS.Recent that the other side must hold for this half */
    uint8_t window_scale;  /* shift of the windows that this half announces */
    uint8_t tcp_flags;     /* all seen, ORed */
    uint8_t refused_count; /* packets refused in a row, 255 at most */
    bool begun : 1; /* its numbers mean something: a SYN, or an acknowledgement of it, was seen */
    bool seen_syn : 1;
    bool signs : 1; /* its SYN was signed, so what else it says must be */
    bool seen_fin : 1;
    bool fin_acked : 1;
    bool timestamps : 1; /* agreed in the handshake */
    bool depth_reached : 1;
    bool gap_seen : 1;
    bool no_more : 1; /* assembly has ended */
    bool app_stopped : 1;
    bool raw_stopped : 1;
    bool raw_cut : 1;    /* raw_from means something */
    bool end_told : 1;   /* stream_ready has reported the end */
    uint64_t app_offset; /* consumed by the parser up to here */
    uint64_t raw_offset; /* looked at by raw matching up to here */
    uint64_t ready_end; /* bytes before this offset are in order (and acknowledged, in that mode) */
    uint64_t total_bytes; /* payload seen, with retransmissions */
    uint32_t raw_from;    /* raw matching looks back so far at most; the offset's low bits */
    uint32_t gaps, overlaps, retransmitted;
    uint32_t urgent_seq[STREAM_URGENT_RECENT]; /* newest bytes taken out, in turn */
    uint32_t
        urgent_removed; /* bytes taken out so far: what follows stands so much further to the front */
    uint32_t
        regions_max; /* EVE's ts_max_regions: stretches that far holes cut the stream into; 1 at least */
    struct stream_ranges held;
};

/* What a SYN said, kept while another SYN of the same side, with another number, may turn out to be the one that counts. */
struct stream_syn {
    uint32_t isn, ts;
    uint16_t window;
    uint8_t window_scale;
    uint8_t count; /* of different SYNs so far */
    bool timestamps;
};

struct stream {
    struct stream_half half[2]; /* [0] sent by the client */
    struct stream_syn other[2]; /* until the handshake is done */
    struct str borrowed;        /* in-order payload of the packet in hand, not copied (yet) ... */
    uint64_t borrowed_offset;
    uint32_t raw_window_bytes, recheck_bytes, held_bytes_max; /* as configured, for stream_keep */
    uint32_t syn_ts;       /* timestamp of the first SYN: a SYN/ACK echoes it or a later one */
    uint8_t overlap[2];    /* 1 + enum stream_overlap of each half's receiver; 0: not asked yet */
    uint8_t state;         /* enum stream_state */
    uint8_t state_max;     /* furthest state reached */
    uint8_t borrowed_half; /* ... of this direction */
    uint8_t depth_kind;    /* see stream_depth() */
    bool established : 1;  /* the handshake is done, or was done before we came */
    bool midstream : 1;    /* taken up without its handshake */
    bool async : 1;        /* only one direction has been seen so far */
    bool simultaneous : 1; /* both sides sent a SYN (RFC 9293 section 3.5) */
    bool syn_data : 1;     /* the SYN carried data that the server has not left */
    bool reset_seen : 1;
    bool reset_by_server : 1;
    bool ended : 1; /* stream_finish was called */
};

struct stream_result {
    bool accepted; /* belongs to the connection: its payload is (or was) taken in */
    bool retransmission;
    bool ignored;     /* stream takes no part (no session, bypassed, depth) */
    bool established; /* three-way handshake is done (or midstream pick-up) */
    bool
        swap; /* the first packet seen was the server's: engine must call flow_swap, then hand the packet in again */
    bool
        reuse; /* a SYN that opens a new connection on the same addresses: engine must begin a new flow */
    bool closed_now;
    bool urgent;    /* with drop: because of its urgent pointer, as configured */
    bool midstream; /* nobody saw how this connection began; taken up or not, as configured */
    bool
        drop; /* inline: this packet must not go on: it says otherwise than what was inspected, or no end system
                        * ought to take it (window, timestamp, acknowledgement), or it is ahead of a hole and there is no
                        * room. Never set where only one direction is seen, nor for midstream's first packets */
    uint8_t event_count;
    uint8_t events[STREAM_EVENTS_MAX]; /* enum stream_event */
};

/* A stretch of bytes that are ready. */
struct stream_chunk {
    struct str bytes;
    uint64_t offset;   /* of bytes.p[0] in the direction's stream, from 0 */
    uint64_t place;    /* stream_raw: the same from where it was cut last */
    uint32_t new_from; /* stream_raw: bytes before this index were shown already */
    uint32_t gap;      /* > 0: this many bytes are missing at `offset`; bytes is empty */
    bool hole;         /* stream_ready: behind these bytes some are missing, and will not come */
    bool end;          /* nothing follows these bytes: FIN, RST, depth or end of the flow */
};

/* What p means for the connection. from_client: it travels client to server. `mem`: the flow's budget. */
struct stream_result stream_packet(struct stream *s, const struct stream_conf *conf,
                                   struct budget *mem, const struct packet *p, bool from_client);
/* Is this SYN (without ACK) the beginning of a connection of its own, on the addresses of one that is ending? Passively its
 * number says it: with the number of before it is a copy of the old one, as Suricata has it, unless that one was refused.
 * Inline, what is let through is looked at: of a connection that has ended every SYN begins another. */
bool stream_opens_anew(const struct stream *s, const struct stream_conf *conf,
                       const struct packet *p, bool from_client);
/* Next bytes for the parser in direction `half` (0: sent by the client), all that are ready from app_offset on. False: none,
 * and no gap, and no unreported end. The bytes are valid until stream_packet, stream_consume or stream_end. */
bool stream_ready(struct stream *s, const struct stream_conf *conf, struct budget *mem,
                  uint32_t half, struct stream_chunk *out);
/* The parser is done with `bytes` of what stream_ready gave (or with the gap). What is left over is given again,
 * together with what comes after it. */
void stream_consume(struct stream *s, struct budget *mem, uint32_t half, uint32_t bytes);
/* For raw matching: ready bytes not looked at yet (from new_from on), preceded by up to raw_window_bytes of what was.
 * False: nothing new. Gaps are passed over in silence. Leaves the bytes that stream_ready gave as they are, and the other
 * way round. */
bool stream_raw(struct stream *s, const struct stream_conf *conf, struct budget *mem, uint32_t half,
                struct stream_chunk *out);
/* Does nothing follow what is ready of this half? FIN, RST, depth or the end of the flow. */
bool stream_over(const struct stream *s, uint32_t half);
void stream_raw_done(struct stream *s, struct budget *mem, uint32_t half, uint64_t upto_offset);
/* A message has ended where raw matching is: it looks back no further from now on. */
void stream_raw_cut(struct stream *s, uint32_t half);
/* The last ready bytes that are still held, looked at or not, without a hole, raw_window_bytes at most: what an alert was
 * about. False: none. Changes nothing that a reader sees; bytes that it gave before are no longer valid. */
bool stream_shown(struct stream *s, const struct stream_conf *conf, struct budget *mem,
                  uint32_t half, struct stream_chunk *out);
/* The same over holes, for people: for each hole "[4 bytes missing]" stands there, as with Suricata. Lent by the stream, or made in
 * scratch where there are holes. Empty: none. */
struct str stream_shown_over_holes(struct stream *s, const struct stream_conf *conf,
                                   struct budget *mem, uint32_t half, struct arena *scratch);
/* What was taken for the client's is the server's, and the other way round: of a connection that nobody saw begin. The engine calls
 * flow_swap with it. Before either side's bytes were consumed. */
void stream_turn(struct stream *s);
/* No parser (or no raw rule) wants this half any more: bytes are not kept for it. */
void stream_app_stop(struct stream *s, struct budget *mem, uint32_t half);
/* From now on as many bytes per direction are assembled as stream_conf.own_depths says for this kind. */
static inline void stream_depth(struct stream *s, uint8_t kind)
{
    s->depth_kind = kind;
}
void stream_raw_stop(struct stream *s, struct budget *mem, uint32_t half);
/* Must be called before the packet's bytes go away: what is still wanted of `borrowed` is copied now. */
void stream_keep(struct stream *s, struct budget *mem);
/* The flow is ending: what is held in order becomes ready whether acknowledged or not. */
void stream_finish(struct stream *s);
/* Gives all memory back. */
void stream_end(struct stream *s, struct budget *mem);

const char *stream_event_name(enum stream_event event);
enum stream_event stream_event_find(struct str name);
const char *stream_state_name(enum stream_state state);

#endif
