/* conversation: a flow with all that the engine keeps beside it, in one block of the flow table. */
#ifndef ENGINE_CONVERSATION_H
#define ENGINE_CONVERSATION_H

#include "engine/engine.h"
#include "engine/expect/expect.h"

/* What is still told of packets after a rule with `tag` has held. */
struct tag {
    uint32_t packets; /* left; UINT32_MAX: not counted */
    uint64_t bytes;   /* left; UINT64_MAX: not counted */
    int64_t until_us; /* INT64_MAX: not timed */
};

#define TAGGED_HOSTS_MAX 64 /* of an engine: the one that was tagged first gives its place */
struct tagged_host {
    struct ip ip; /* version 0: a free place */
    struct tag tag;
};

/* What is kept of a flow in which a rule has held. */
struct aftermath {
    struct tag tag;     /* packets 0: none */
    struct stopped {    /* the last segment that a rule stopped: TCP will send it again */
        uint64_t bytes; /* keyed hash of number, flags and payload; 0: none */
        uint32_t gid, sid;
    } stopped[DIR_COUNT];
};

struct conversation {
    struct flow flow; /* first: the table hands out this */
    struct budget mem;
    struct stream stream;
    struct app_flow app;
    struct match_flow rules;
    struct aftermath *after;   /* NULL: nothing was found in this flow yet */
    bool begun;                /* set up after the table made it */
    bool established;          /* handshake done; UDP: both sides spoke */
    bool just_established;     /* by the packet in hand */
    bool raw_asked[DIR_COUNT]; /* was asked whether rules want raw bytes */
    bool raw_wanted[DIR_COUNT];
    bool raw_late[DIR_COUNT]; /* new rules want raw bytes that were not kept: they see packets */
    uint8_t exceptions[EXCEPTIONS]; /* enum verdict_policy that was applied */
    uint8_t drops_told;             /* DIR_BIT()s in which a drop record was written */
    bool opaque;                    /* both sides encrypt: its payload says nothing to rules */
    bool settled; /* TCP is over, and all was judged and told: only the flow's own facts are left */
    uint32_t image_turn; /* of the engine, when rules were last asked */
};

struct engine {
    struct engine_conf conf; /* conf.app.ja3: also while some rule asks for it */
    bool ja3_set, hassh_set; /* as configured */
    const struct match_image *image;
    uint32_t image_turn;      /* counts swaps */
    struct field_mask demand; /* the image's; flows point here, and images come and go */
    uint32_t frames_wanted[APP_PROTO_COUNT]; /* kinds, by protocol; the same */
    bool wants_frames;                       /* any of them */
    struct engine_sink sink;
    struct packet_decoder *decoder;
    struct flow_table *flows;
    struct slab slab;
    struct file_store *files;
    struct expect_table *expected;
    struct app_ties ties; /* of the flow in hand */
    struct match_worker *matcher;
    struct arena scratch;
    struct match_hits hits;
    struct engine_trace trace; /* judged NULL: nobody listens */
    struct engine_counts counts;
    struct packet packets[PACKET_OUT_MAX];
    struct tagged_host tagged[TAGGED_HOSTS_MAX];
    uint32_t tagged_count, tagged_next; /* places in use; the one that is taken next */
    struct packet pseudo;               /* stands for "the end of the flow" */
    int64_t now_us;
};

/* What a packet goes through, handed from step to step. The end of a flow is one too, without a packet. */
struct passage {
    struct conversation *c;      /* NULL: belongs to no flow */
    const struct packet *packet; /* NULL: the flow is ending */
    enum dir dir;
    struct stream_result stream;
    bool has_stream_result;
    bool looked; /* rules about packet and stream have seen it: what is left are transactions */
    bool looked_away; /* this packet passes without a look */
    bool alerted;
    struct verdict verdict; /* the strictest so far; its alerts are told already */
};

/* conversation.c: life, and bytes on their way to the parser */
void conversation_begin(struct engine *e, struct conversation *c);
/* NULL: the flow has no memory for it. */
struct aftermath *conversation_after(struct conversation *c);
/* A verdict has ended the flow or let it through: no rule looks at it any more. */
static inline bool conversation_is_unseen(const struct conversation *c)
{
    return c->flow.passed || c->flow.dropped;
}
/* ... and nothing of it goes on. In detection mode all of it does: it is assembled, parsed and told as before. */
static inline bool conversation_is_stopped(const struct engine *e, const struct conversation *c)
{
    return c->flow.dropped && e->conf.verdict.enforced;
}
/* Is the packet an ICMP error about the flow? It is counted and told with it, and is none of its own: it changes nothing of it,
 * and what the flow says is not looked at with it. */
static inline bool conversation_is_about(const struct conversation *c, const struct packet *p)
{
    return p->l4 != c->flow.l4 && packet_is_error(p);
}
void conversation_end(void *engine, struct flow *flow, enum flow_end why);
/* Data on a SYN: the server may take or leave them, so inline the packet is judged for itself, and only it is stopped. */
static inline bool conversation_is_early(const struct engine *e, const struct packet *p)
{
    return e->conf.stream.mode == STREAM_INLINE && p->l4 == PACKET_L4_TCP &&
           (p->tcp.flags & TCP_SYN) && p->payload.len;
}
/* Such a packet was stopped: nobody heard what it said. The flow stands as if the SYN had come without it, and the same bytes
 * are looked at anew when they are said again. */
void conversation_unhear(struct engine *e, const struct passage *way);
/* The stream is over, or the flow: its last bytes, and a last look in both directions. Packets have gone on: what is found is
 * told, not stopped. */
void conversation_last_look(struct engine *e, struct conversation *c);
/* Gives back what nobody will ask for again: raw bytes of a flow that is encrypted, everything but the flow's own facts once
 * TCP is over. At the end of each packet. */
void conversation_let_go(struct engine *e, struct passage *way);
/* Of a connection that nobody saw begin, whoever was seen first is taken for the client, until its first bytes can only be a
 * server's: then the two change places. */
void conversation_face(struct engine *e, struct passage *way);
/* The same for a flow of datagrams: the first one is what only the server of some protocol says (an answer to a question that
 * was not seen). */
void conversation_face_datagram(struct engine *e, struct passage *way, struct str payload);
/* Hands all ready bytes of a direction to detection and parser. */
void conversation_feed(struct engine *e, struct passage *way, enum dir dir);
void conversation_feed_datagram(struct engine *e, struct passage *way, enum dir dir,
                                struct str payload);

/* exception.c: what the policy for traffic that cannot be inspected says of this flow, and its settings. */
void exception_happened(struct engine *e, struct passage *way, enum verdict_exception kind);
void exception_conf_read(struct verdict_conf *v, const struct conf *conf, bool midstream);

/* look.c: the order of judging and telling */

/* Judges what there is in the direction and adds it to the passage's verdict, whose alerts must be told next. */
void look_judge(struct engine *e, struct passage *way, enum dir dir);
void look_tell(struct engine *e, struct passage *way, enum dir dir);
/* Judges and tells one direction, or both, unless the flow is passed or dropped: while the parser pauses, and at the end. */
void look_one(struct engine *e, struct passage *way, enum dir dir);
void look_both(struct engine *e, struct passage *way);
/* At raw bytes that still wait for more, before they are given up. */
void look_at_rest(struct engine *e, struct passage *way);
/* Writes records and frees the transactions that are through (`all`: every one, the parser goes). */
void look_settle(struct engine *e, struct passage *way, enum dir dir, bool all);

/* inspect.c: rules, verdict */
struct glance {
    const struct packet *packet;
    enum dir dir;
    const struct stream_result *stream; /* NULL: not TCP, or no packet in hand */
};
void inspect_packet(struct engine *e, struct conversation *c, const struct glance *glance,
                    struct verdict *verdict);
/* The raw stream alone, whatever of it has not been looked at. */
void inspect_stream(struct engine *e, struct conversation *c, const struct glance *glance,
                    struct verdict *verdict);
/* The transactions alone. */
void inspect_transactions(struct engine *e, struct conversation *c, const struct glance *glance,
                          struct verdict *verdict);

/* tag.c: packets that a rule wants told after the one that made it hold. */
void tag_begin(struct engine *e, struct passage *way, const struct packet *p,
               const struct verdict *verdict);
/* Is this packet, which no rule has told, one of them? Tells it. */
void tag_follow(struct engine *e, struct passage *way);

/* report.c: events */
void report_arp(struct engine *e, const struct packet *p);
void report_tagged(struct engine *e, struct conversation *c, const struct packet *p, enum dir dir);
void report_alerts(struct engine *e, struct conversation *c, const struct packet *p, enum dir dir,
                   const struct verdict *verdict);
/* What the packet's rules have kept of it, where it is asked for; then it is forgotten. */
void report_variables(struct engine *e, struct conversation *c, const struct packet *p,
                      enum dir dir);
void report_drop(struct engine *e, struct conversation *c, const struct packet *p, enum dir dir,
                 const struct verdict *verdict);
void report_packet_events(struct engine *e, struct conversation *c, const struct packet *p);
void report_stream_events(struct engine *e, struct conversation *c, const struct packet *p,
                          enum dir dir, const struct stream_result *stream);
/* Parser events, records, files; frees transactions that are through. `last`: the parser goes. */
void report_transactions(struct engine *e, struct conversation *c, const struct packet *p,
                         enum dir dir, bool last);
void report_flow(struct engine *e, struct conversation *c, enum flow_end why);

/* limits.c: the settings of what a stranger can fill. */
void limits_read(struct engine_conf *e, const struct conf *conf);

/* parsers.c */
extern const struct app_parser_list engine_parsers;

#endif
