/* engine/app/quic, as app_talk.h says. Two more flags: 8, the bytes are frames, and are sealed as an Initial packet of version 1
 * before they are played; 16, of version 2. So what lies behind the seal is reached too. */
#include "engine/app/quic/quic.h"
#include "app_talk.h"
#include "base/buf.h"
#include "base/reader.h"
#include "engine/app/quic/made_packet.h"

#define SEAL 8
#define VERSION_2 16
#define FRAMES_MAX 1400
#define RECORDS_MAX 16

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void add_sealed(struct buf *out, uint8_t flags, struct str frames)
{
    uint8_t memory[FRAMES_MAX + 200];
    struct buf b = buf_fixed(memory, sizeof memory);
    struct made_packet m = made_v1(flags & 1 ? DIR_TOCLIENT : DIR_TOSERVER);
    if (flags & VERSION_2) {
        m.version = QUIC_V2;
        m.first = 0xd3;
    }
    made_sealed(&b, &m, str_cut(frames, 0, FRAMES_MAX));
    buf_add_byte(out, flags & 7);
    buf_add_u16(out, (uint16_t)b.len);
    buf_add(out, buf_str(&b));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct app_talk_kind kind = {
        .talk = {.parser = &quic_parser, .server_port = 443, .udp = true}, .other_port = 4433};
    struct reader r = reader_of(str_of(data, size));
    struct buf out;
    buf_init(&out, 0);
    for (int i = 0; i < RECORDS_MAX && reader_left(&r) >= 3; i++) {
        uint8_t flags = reader_u8(&r);
        uint16_t len = reader_u16(&r);
        struct str bytes = reader_str(&r, len < reader_left(&r) ? len : reader_left(&r));
        if (flags & SEAL) {
            add_sealed(&out, flags, bytes);
            continue;
        }
        buf_add_byte(&out, flags & 7);
        buf_add_u16(&out, (uint16_t)bytes.len);
        buf_add(&out, bytes);
    }
    struct str played = buf_str(&out);
    app_talk(&kind, played.p, played.len);
    buf_fini(&out);
    return 0;
}
