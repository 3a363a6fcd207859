/* A connection as a sequence of small segments, eight bytes and some payload each:
 *   kind (1): bit 0 who sends; 1-6 flags; 7 has timestamps
 *   seq (2), ack (2): signed, relative to the sender's next number and to what the other side sent last
 *   window (1), timestamp (1): relative to the last; payload length (1), whose bytes follow in the input
 * The first byte of all chooses mode, overlap policy, midstream, one-sidedness, small limits and the memory there is.
 * What must hold: offsets go up without a hole that was not reported, bytes shown twice are the same, all memory comes back.
 */
#include "engine/stream/stream.h"
#include "base/reader.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SHOWN_MAX 8192

struct world {
    struct stream s;
    struct stream_conf conf;
    struct budget mem;
    uint64_t app_at[2];
    uint8_t shown[2][SHOWN_MAX]; /* as the parser saw them */
    bool known[2][SHOWN_MAX];
    uint32_t ts[2];
};

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void read_app(struct world *w, uint32_t half, uint8_t appetite)
{
    struct stream_chunk c;

    while (stream_ready(&w->s, &w->conf, &w->mem, half, &c)) {
        uint32_t take = c.gap ? c.gap : (uint32_t)(c.bytes.len * (appetite & 3) / 3);

        must(c.offset == w->app_at[half]);
        must(c.gap == 0 || c.bytes.len == 0);
        for (size_t i = 0; i < c.bytes.len && c.offset + i < SHOWN_MAX; i++) {
            must(!w->known[half][c.offset + i] || w->shown[half][c.offset + i] == c.bytes.p[i]);
            w->shown[half][c.offset + i] = c.bytes.p[i];
            w->known[half][c.offset + i] = true;
        }
        stream_consume(&w->s, &w->mem, half, take);
        w->app_at[half] += take;
        if (take == 0)
            return;
    }
}

static void read_raw(struct world *w, uint32_t half)
{
    struct stream_chunk c;
    uint64_t last = 0;

    while (stream_raw(&w->s, &w->conf, &w->mem, half, &c)) {
        must(c.new_from < c.bytes.len);
        must(c.offset + c.bytes.len > last);
        for (size_t i = 0; i < c.bytes.len && c.offset + i < SHOWN_MAX; i++)
            must(!w->known[half][c.offset + i] || w->shown[half][c.offset + i] == c.bytes.p[i]);
        last = c.offset + c.bytes.len;
        stream_raw_done(&w->s, &w->mem, half, last);
    }
}

static void configure(struct world *w, uint8_t how)
{
    stream_conf_defaults(&w->conf);
    w->conf.mode = how & 1 ? STREAM_INLINE : STREAM_ACKNOWLEDGED;
    w->conf.overlap = (how >> 1 & 7) % 5;
    w->conf.midstream = how & 0x10;
    w->conf.async_one_side = how & 0x20;
    if (how & 0x40) {
        w->conf.segments_max = 4;
        w->conf.held_bytes_max = 200;
        w->conf.depth_bytes = 900;
        w->conf.raw_window_bytes[0] = w->conf.raw_window_bytes[1] = 30;
        w->conf.recheck_bytes = 100;
    }
    w->mem.limit_bytes = how & 0x80 ? 400 : 1 << 20;
}

static bool next_packet(struct world *w, struct reader *r, struct packet *p, bool *from_client)
{
    uint8_t kind = reader_u8(r);
    int16_t seq = (int16_t)reader_u16(r), ack = (int16_t)reader_u16(r);
    uint8_t window = reader_u8(r), ts = reader_u8(r), len = reader_u8(r);
    const struct stream_half *me, *peer;

    *from_client = kind & 1;
    me = &w->s.half[*from_client ? 0 : 1];
    peer = &w->s.half[*from_client ? 1 : 0];
    *p = (struct packet){.l4 = PACKET_L4_TCP};
    p->tcp.flags = kind >> 1 & 0x3f;
    p->tcp.seq = me->next_seq + (uint32_t)seq;
    p->tcp.ack = peer->next_seq + (uint32_t)ack;
    p->tcp.window = (uint16_t)(window << 8 | 0xff);
    p->tcp.has_timestamps = kind & 0x80;
    p->tcp.has_window_scale = ts & 1;
    p->tcp.window_scale = ts >> 4;
    p->tcp.has_fast_open = ts & 2;
    p->tcp.ts_value = w->ts[*from_client] += (uint32_t)(int8_t)ts;
    p->tcp.ts_echo = w->ts[!*from_client];
    p->payload = reader_str(r, len);
    return !r->bad;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct slab slab;
    static struct world w;
    struct reader r = reader_of(str_of(data, size));
    struct packet p;
    bool from_client;
    uint8_t appetite = reader_u8(&r);

    if (!slab.region && slab_init(&slab, 8 << 20) < 0)
        return 0;
    memset(&w, 0, sizeof(w));
    w.mem.slab = &slab;
    configure(&w, reader_u8(&r));
    while (next_packet(&w, &r, &p, &from_client)) {
        struct stream_result result = stream_packet(&w.s, &w.conf, &w.mem, &p, from_client);

        must(result.event_count <= STREAM_EVENTS_MAX);
        must(w.conf.mode == STREAM_INLINE || !result.drop);
        for (uint32_t half = 0; half < 2; half++) {
            if (appetite & 4)
                read_raw(&w, half);
            read_app(&w, half, appetite);
            read_raw(&w, half);
        }
        stream_keep(&w.s, &w.mem);
        if (appetite & 8 && p.tcp.flags & TCP_URG)
            stream_raw_stop(&w.s, &w.mem, from_client);
        if (appetite & 16 && p.tcp.flags & TCP_PSH)
            stream_app_stop(&w.s, &w.mem, !from_client);
    }
    stream_finish(&w.s);
    read_app(&w, 0, 3);
    read_app(&w, 1, 3);
    stream_end(&w.s, &w.mem);
    must(w.mem.used_bytes == 0);
    return 0;
}
