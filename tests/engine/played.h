/* played: for the tests of the whole engine: a whole engine with rules from text, into which conversations are played frame by frame;
 * what it tells is written down, one line each:
 *
 *   alert 1000001 blocked tx 299
 *   alert 1000001 blocked again
 *   drop
 *   http tx 299
 *   anomaly too_many_transactions tx 0
 *   flow
 */
#ifndef TESTS_ENGINE_PLAYED_H
#define TESTS_ENGINE_PLAYED_H

#include "engine/engine.h"
#include "engine/packet/made_frame.h"

struct played {
    struct engine_vocabulary *words;
    struct match_image *image;
    struct match_hosts *hosts;
    struct engine *engine;
    struct engine_conf conf;
    struct buf seen;
    bool quiet; /* nothing is written down */
    uint64_t frames;
    struct made_frame frame;
    struct engine_answer answer; /* to the last frame */
};

/* One TCP connection or UDP exchange of a played engine. */
struct played_talk {
    struct played *p;
    struct made_ends ends; /* src: the client */
    uint32_t seq[DIR_COUNT];
};

/* Asserts that all went well. `enforced`: inline. change: NULL, or alters the settings before the engine is made. */
void played_init(struct played *p, const char *rules, bool enforced,
                 void (*change)(struct engine_conf *conf));
/* Ends all flows first: their events are seen. */
void played_end(struct played *p);
void played_fini(struct played *p);

/* The two ends, then the handshake; or both at once. client_port tells connections apart. */
void played_begin(struct played_talk *t, struct played *p, uint16_t client_port,
                  uint16_t server_port);
void played_shake(struct played_talk *t);
/* A SYN that carries data; the client's next number stays that of the SYN, for nobody has it yet. */
void played_syn_data(struct played_talk *t, struct str bytes);
void played_open(struct played_talk *t, struct played *p, uint16_t client_port,
                 uint16_t server_port);
/* One segment; in acknowledged mode the other side's acknowledgement follows. */
void played_send(struct played_talk *t, enum dir dir, struct str bytes);
/* One segment that nobody acknowledges. */
void played_send_raw(struct played_talk *t, enum dir dir, struct str bytes);
/* The same as played_send, in segments of at most `most` bytes. */
void played_send_cut(struct played_talk *t, enum dir dir, struct str bytes, size_t most);
void played_close(struct played_talk *t);
void played_udp(struct played_talk *t, enum dir dir, struct str bytes);
/* How often the line was seen. */
uint32_t played_count(const struct played *p, const char *line);

#endif
