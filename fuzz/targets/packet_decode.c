/* A run of frames through one decoder, so that fragments meet. A frame in the input: a byte that chooses the link type, a
 * byte of seconds that pass (top bit: checksum is known good), two bytes of length, the bytes. */
#include <assert.h>
#include <stdlib.h>

#include "base/reader.h"
#include "engine/packet/packet.h"

#define FRAMES_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint32_t links[] = {
    PACKET_LINK_ETHERNET, PACKET_LINK_NULL,  PACKET_LINK_PPP,       PACKET_LINK_RAW,
    PACKET_LINK_LOOP,     PACKET_LINK_CHDLC, PACKET_LINK_LINUX_SLL, PACKET_LINK_LINUX_SLL2,
};

static volatile uint8_t sum; /* every byte that is handed out is read */

static void touch(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        sum ^= s.p[i];
}

static void packet_check(const struct packet *p, const struct packet *before)
{
    assert(!p->outer || p->outer == before);
    assert(p->event_count <= PACKET_EVENTS_MAX && p->vlan_count <= PACKET_VLAN_MAX);
    touch(p->ip_header);
    touch(p->ip_payload);
    touch(p->l4_header);
    touch(p->payload);
    for (uint32_t i = 0; i < p->event_count; i++)
        assert(p->events[i] > PACKET_EVENT_NONE && p->events[i] < PACKET_EVENT_COUNT);
}

static void replies_check(const struct packet *p)
{
    uint8_t memory[2048];
    struct buf frame = buf_fixed(memory, sizeof memory);
    packet_build_reset_to_sender(p, &frame);
    buf_reset(&frame);
    packet_build_reset_to_receiver(p, &frame);
    buf_reset(&frame);
    if (packet_build_unreachable(p, &frame) && p->frame->link == PACKET_LINK_ETHERNET)
        packet_fix_checksums(frame.p, frame.len);
}

static uint32_t deal_hash(const struct packet_frame *frame, const uint64_t secret[2])
{
    struct packet_dealt out;
    packet_deal(frame, secret, &out);
    return out.pair;
}

static void frame_check(struct packet_decoder *d, const struct packet_frame *frame)
{
    static const uint64_t secret[2] = {1, 2};
    struct packet out[PACKET_OUT_MAX];
    uint32_t count = packet_decode(d, frame, out);
    assert(count >= 1 && count <= PACKET_OUT_MAX);
    for (uint32_t i = 0; i < count; i++) {
        packet_check(&out[i], i ? &out[i - 1] : NULL);
        replies_check(&out[i]);
    }
    sum ^= (uint8_t)deal_hash(frame, secret);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct packet_conf conf;
    packet_conf_defaults(&conf);
    conf.fragments_max = 4;
    conf.fragment_bytes_max = 16384;
    struct packet_decoder *d = packet_decoder_new(&conf);
    struct reader r = reader_of(str_of(data, size));
    struct packet_frame frame = {.time_us = 1000000};
    if (!d)
        abort();
    for (int i = 0; i < FRAMES_MAX && reader_left(&r) >= 4; i++) {
        frame.link = links[reader_u8(&r) % 8];
        uint8_t step = reader_u8(&r);
        frame.time_us += (step & 127) * INT64_C(1000000);
        frame.checksum_known_good = step & 128;
        size_t len = reader_u16(&r);
        struct str bytes = reader_str(&r, len < reader_left(&r) ? len : reader_left(&r));
        uint8_t *copy = malloc(bytes.len + !bytes.len); /* ends where the frame ends */
        if (bytes.len)
            memcpy(copy, bytes.p, bytes.len);
        frame.bytes = str_of(copy, bytes.len);
        frame.number++;
        frame_check(d, &frame);
        packet_fix_checksums(copy, bytes.len);
        free(copy);
    }
    packet_decoder_free(d);
    return 0;
}
