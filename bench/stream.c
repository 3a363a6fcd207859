/* Nanoseconds of processor time per data packet (1460 bytes) in order, its share of an acknowledgement (every second packet)
 * and the readers' calls included:
 *   inline, all consumed at once, without and with the memory of what was inspected; inline with raw matching;
 *   acknowledged mode. Usage: bench_stream [packets in millions] */
#include "engine/stream/stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define PAYLOAD 1460

static uint8_t payload[PAYLOAD];

struct way {
    const char *name;
    enum stream_mode mode;
    uint32_t recheck_bytes;
    bool raw,
        busy; /* busy: many connections in turn, as a gateway sees them: nothing stays in the processor's cache */
};

static const struct way ways[] = {
    {"inline, consumed at once", STREAM_INLINE, 0, false, false},
    {"inline, remembered until acknowledged", STREAM_INLINE, 65536, false, false},
    {"inline, remembered, raw matching", STREAM_INLINE, 65536, true, false},
    {"acknowledged", STREAM_ACKNOWLEDGED, 0, false, false},
    {"acknowledged, raw matching", STREAM_ACKNOWLEDGED, 0, true, false},
    {"inline, remembered, 5,000 connections", STREAM_INLINE, 65536, false, true},
};

static double now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

struct side {
    struct stream s;
    struct budget mem;
    uint32_t seq;
};

static struct packet segment(uint8_t flags, uint32_t seq, uint32_t ack, size_t bytes)
{
    return (struct packet){.l4 = PACKET_L4_TCP,
                           .tcp = {.flags = flags, .seq = seq, .ack = ack, .window = 65535},
                           .payload = {payload, bytes}};
}

static uint64_t give(struct side *c, const struct stream_conf *conf, const struct packet *p,
                     bool from_client)
{
    struct stream_chunk chunk;
    uint64_t bytes = 0;
    stream_packet(&c->s, conf, &c->mem, p, from_client);
    while (stream_ready(&c->s, conf, &c->mem, 1, &chunk) && chunk.bytes.len > 0) {
        bytes += chunk.bytes.len;
        stream_consume(&c->s, &c->mem, 1, (uint32_t)chunk.bytes.len);
    }
    while (stream_raw(&c->s, conf, &c->mem, 1, &chunk))
        stream_raw_done(&c->s, &c->mem, 1, chunk.offset + chunk.bytes.len);
    stream_keep(&c->s, &c->mem);
    return bytes;
}

static void open_side(struct side *c, struct slab *slab, const struct stream_conf *conf,
                      const struct way *way)
{
    struct packet p = segment(TCP_SYN, 100, 0, 0);
    *c = (struct side){.mem = {.slab = slab, .limit_bytes = 1 << 20}, .seq = 1};
    give(c, conf, &p, true);
    p = segment(TCP_SYN | TCP_ACK, 0, 101, 0);
    give(c, conf, &p, false);
    p = segment(TCP_ACK, 101, 1, 0);
    give(c, conf, &p, true);
    if (way->raw)
        return;
    stream_raw_stop(&c->s, &c->mem, 0);
    stream_raw_stop(&c->s, &c->mem, 1);
}

static void run(const struct way *way, uint32_t packets)
{
    uint32_t count = way->busy ? 5000 : 1;
    struct side *sides = calloc(count, sizeof(*sides));
    struct stream_conf conf;
    struct slab slab;
    uint64_t bytes = 0;

    if (!sides || slab_init(&slab, (size_t)1 << 30) < 0)
        exit(1);
    stream_conf_defaults(&conf);
    conf.mode = way->mode;
    conf.recheck_bytes = way->recheck_bytes;
    conf.depth_bytes = 0;
    for (uint32_t i = 0; i < count; i++)
        open_side(&sides[i], &slab, &conf, way);
    struct packet data = segment(TCP_ACK, 0, 101, PAYLOAD), ack = segment(TCP_ACK, 101, 0, 0);
    double start = now_ns();
    for (uint32_t i = 0; i < packets; i++) {
        struct side *c = &sides[i % count];
        data.tcp.seq = c->seq;
        bytes += give(c, &conf, &data, false);
        c->seq += PAYLOAD;
        if (i / count % 2) {
            ack.tcp.ack = c->seq;
            bytes += give(c, &conf, &ack, true);
        }
    }
    double ns = now_ns() - start;
    printf("%-40s %6.1f ns a packet %8.1f Gbit/s   %u bytes held by one\n", way->name, ns / packets,
           (double)bytes * 8 / ns, sides[0].mem.used_bytes);
    for (uint32_t i = 0; i < count; i++)
        stream_end(&sides[i].s, &sides[i].mem);
    slab_fini(&slab);
    free(sides);
}

int main(int argc, char **argv)
{
    uint32_t packets = (argc > 1 ? (uint32_t)atoi(argv[1]) : 4) * 1000000u;
    if (!packets) {
        fprintf(stderr, "usage: %s [MILLIONS_OF_PACKETS [FIRST_WAY]]\n", argv[0]);
        return 2;
    }
    printf("struct stream: %zu bytes\n", sizeof(struct stream));
    for (size_t i = argc > 2 ? (size_t)atoi(argv[2]) : 0; i < sizeof(ways) / sizeof(ways[0]); i++)
        run(&ways[i], packets);
    return 0;
}
