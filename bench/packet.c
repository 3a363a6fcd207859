/* Nanoseconds per packet of packet_decode and flow_lookup, over frames made here. Run by hand; see bench/README.md.
 *   bench_packet [flows] [rounds] */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "engine/flow/flow.h"
#include "engine/packet/made_frame.h"
#include "engine/packet/packet.h"

#define FRAME_BYTES_MAX 1600

struct frames {
    uint8_t (*bytes)[FRAME_BYTES_MAX];
    struct packet_frame *frames;
    uint32_t count;
};

static void ended(void *owner, struct flow *flow, enum flow_end why)
{
    (void)owner;
    (void)flow;
    (void)why;
}

/* One frame for each flow: TCP with timestamps, `payload_bytes` of payload. */
static struct frames frames_make(uint32_t count, size_t payload_bytes, bool ip6)
{
    static const uint8_t options[] = {1, 1, 8, 10, 0, 0, 0, 7, 0, 0, 0, 9};
    static const uint8_t payload[1460];
    static struct made_frame m;
    struct frames f = {calloc(count, FRAME_BYTES_MAX), calloc(count, sizeof(struct packet_frame)),
                       count};
    if (!f.bytes || !f.frames)
        abort();
    for (uint32_t i = 0; i < count; i++) {
        char src[IP_TEXT_BYTES];
        struct made_ends ends = {src, ip6 ? "2001:db8::1" : "192.0.2.1",
                                 (uint16_t)(1024 + i % 60000), 443};
        if (ip6)
            snprintf(src, sizeof src, "2001:db8:1::%x:%x", i >> 16, i & 0xffff);
        else
            snprintf(src, sizeof src, "10.%u.%u.%u", i >> 16 & 255, i >> 8 & 255, i & 255);
        made_begin(&m, str_of(payload, payload_bytes));
        made_tcp(&m, &ends, &(struct packet_tcp){.seq = i, .ack = 1, .flags = TCP_ACK},
                 str_of(options, sizeof options));
        made_ip(&m, &ends, 6, STR_EMPTY);
        made_ether(&m, ip6 ? 0x86dd : 0x0800);
        struct str bytes = made_str(&m);
        memcpy(f.bytes[i], bytes.p, bytes.len);
        f.frames[i] = (struct packet_frame){.bytes = str_of(f.bytes[i], bytes.len),
                                            .time_us = 1,
                                            .number = i + 1,
                                            .link = PACKET_LINK_ETHERNET};
    }
    return f;
}

/* Processor time: what else the machine does is not counted. */
static int64_t cpu_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void report(const char *what, int64_t begin_us, uint64_t packets)
{
    printf("%-44s %7.1f ns/packet\n", what,
           (double)(cpu_us() - begin_us) * 1000.0 / (double)packets);
}

static void decode_bench(const char *what, const struct frames *f, uint32_t rounds, bool checksums)
{
    struct packet_conf conf;
    packet_conf_defaults(&conf);
    conf.verify_checksums = checksums;
    struct packet_decoder *d = packet_decoder_new(&conf);
    struct packet out[PACKET_OUT_MAX];
    uint64_t seen = 0;
    if (!d)
        abort();
    int64_t begin_us = cpu_us();
    for (uint32_t round = 0; round < rounds; round++)
        for (uint32_t i = 0; i < f->count; i++) {
            packet_decode(d, &f->frames[i], out);
            seen += out[0].src_port;
        }
    report(what, begin_us, (uint64_t)rounds * f->count);
    if (seen == 0 || packet_decoder_counts(d)->invalid)
        abort();
    packet_decoder_free(d);
}

static void lookup_bench(const char *what, const struct frames *f, uint32_t rounds)
{
    struct packet_conf conf;
    struct flow_conf flow_conf;
    packet_conf_defaults(&conf);
    flow_conf_defaults(&flow_conf);
    flow_conf.max = f->count * 2;
    flow_conf.object_bytes = 448;
    conf.verify_checksums = false;
    struct packet_decoder *d = packet_decoder_new(&conf);
    struct flow_table *t = flow_table_new(&flow_conf, ended, NULL);
    struct packet out[PACKET_OUT_MAX];
    bool to_client, is_new;
    if (!d || !t)
        abort();
    for (uint32_t i = 0; i < f->count; i++) {
        packet_decode(d, &f->frames[i], out);
        if (!flow_lookup(t, &out[0], &to_client, &is_new) || !is_new)
            abort();
    }
    int64_t begin_us = cpu_us();
    for (uint32_t round = 0; round < rounds; round++)
        for (uint32_t i = 0; i < f->count; i++) {
            packet_decode(d, &f->frames[i], out);
            if (!flow_lookup(t, &out[0], &to_client, &is_new) || is_new)
                abort();
        }
    report(what, begin_us, (uint64_t)rounds * f->count);
    flow_table_free(t);
    packet_decoder_free(d);
}

static uint32_t deal_hash(const struct packet_frame *frame, const uint64_t secret[2])
{
    struct packet_dealt out;
    packet_deal(frame, secret, &out);
    return out.pair;
}

static void deal_bench(const char *what, const struct frames *f, uint32_t rounds)
{
    static const uint64_t secret[2] = {1, 2};
    uint32_t seen = 0;
    int64_t begin_us = cpu_us();
    for (uint32_t round = 0; round < rounds; round++)
        for (uint32_t i = 0; i < f->count; i++)
            seen ^= deal_hash(&f->frames[i], secret);
    report(what, begin_us, (uint64_t)rounds * f->count);
    if (seen == 1)
        puts("");
}

int main(int argc, char **argv)
{
    uint32_t flows = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 1000;
    uint32_t rounds = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 2000;
    if (!flows || !rounds) {
        fprintf(stderr, "usage: %s [FLOWS [ROUNDS]]\n", argv[0]);
        return 2;
    }
    struct frames small4 = frames_make(flows, 100, false), small6 = frames_make(flows, 100, true),
                  full4 = frames_make(flows, 1448, false);
    printf("%u flows, %u rounds, struct packet %zu bytes, struct flow %zu bytes\n", flows, rounds,
           sizeof(struct packet), sizeof(struct flow));
    decode_bench("decode IPv4 TCP, no checksums", &small4, rounds, false);
    decode_bench("decode IPv6 TCP, no checksums", &small6, rounds, false);
    decode_bench("decode IPv4 TCP 100 bytes, checksums", &small4, rounds, true);
    decode_bench("decode IPv4 TCP 1448 bytes, checksums", &full4, rounds, true);
    lookup_bench("decode and flow_lookup IPv4, no checksums", &small4, rounds);
    lookup_bench("decode and flow_lookup IPv6, no checksums", &small6, rounds);
    deal_bench("packet_deal IPv4", &small4, rounds);
    return 0;
}
