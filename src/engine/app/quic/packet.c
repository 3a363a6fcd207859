#include "engine/app/quic/packet.h"

#define LONG_HEADER 0x80
#define GOOGLE_HAS_VERSION 0x01
#define GOOGLE_HAS_RESET 0x02
#define GOOGLE_HAS_ID 0x08
#define GOOGLE_ID_BYTES 8
#define GOOGLE_HASH_BYTES 12
#define Q044 0x51303434u
#define Q046 0x51303436u

uint64_t quic_read_number(struct reader *r)
{
    uint8_t first = reader_u8(r);
    uint64_t value = first & 0x3f;
    for (uint32_t more = (1u << (first >> 6)) - 1; more; more--)
        value = value << 8 | reader_u8(r);
    return value;
}

bool quic_version_is_google(uint32_t version)
{
    return version >> 16 == 0x5130 && (version >> 8 & 0xff) - '0' < 10 &&
           (version & 0xff) - '0' < 10;
}

/* Version 2 numbers its types anew, so that nothing gets used to the old numbers (RFC 9369 section 3.2). */
static enum quic_type type_of(uint32_t version, uint8_t first)
{
    uint8_t bits = first >> 4 & 3;
    return (enum quic_type)(version == QUIC_V2 ? (bits + 3) & 3 : bits);
}

/* What carries no length goes to the end of the datagram. */
static bool take_rest(struct reader *r, size_t begin, enum quic_type type, struct quic_packet *out)
{
    out->type = type;
    out->number_at = r->at - begin;
    reader_rest(r);
    out->bytes = str_of(r->p + begin, r->at - begin);
    return !r->bad;
}

/* A public header (Google's, up to Q043): flags, connection id, version, a packet number of 1 to 6 bytes. */
static bool read_old(struct reader *r, size_t begin, uint8_t flags, struct quic_packet *out)
{
    static const uint8_t number_bytes[] = {1, 2, 4, 6};
    out->old_header = true;
    if (!(flags & GOOGLE_HAS_VERSION) || flags & GOOGLE_HAS_RESET || !(flags & GOOGLE_HAS_ID))
        return false;
    out->to = reader_str(r, GOOGLE_ID_BYTES);
    out->version = reader_u32(r);
    reader_skip(r, number_bytes[flags >> 4 & 3] + GOOGLE_HASH_BYTES);
    return !r->bad && quic_version_is_google(out->version) && take_rest(r, begin, QUIC_GOOGLE, out);
}

/* Q044 to Q046: both lengths of the ids in one byte, 0 or 3 less than they are; no length of the packet. */
static bool read_middle(struct reader *r, size_t begin, uint8_t first, struct quic_packet *out)
{
    uint8_t lengths = reader_u8(r);
    out->to = reader_str(r, lengths >> 4 ? (size_t)(lengths >> 4) + 3 : 0);
    reader_skip(r, lengths & 15 ? (size_t)(lengths & 15) + 3 : 0);
    reader_skip(r, 1u + (first & 3u) + GOOGLE_HASH_BYTES);
    return !r->bad && take_rest(r, begin, QUIC_GOOGLE, out);
}

bool quic_next_packet(struct reader *r, struct quic_packet *out)
{
    size_t begin = r->at;
    if (!reader_left(r))
        return false;
    uint8_t first = reader_u8(r);
    *out = (struct quic_packet){0};
    if (!(first & LONG_HEADER))
        return read_old(r, begin, first, out);
    out->version = reader_u32(r);
    if (out->version >= Q044 && out->version <= Q046)
        return read_middle(r, begin, first, out);
    out->to = reader_str(r, reader_u8(r));
    size_t from_len = reader_u8(r);
    reader_skip(r, from_len);
    if (r->bad)
        return false;
    if (!quic_version_is_known(out->version))
        return take_rest(r, begin, QUIC_OTHER, out);
    if (out->to.len > QUIC_ID_MAX || from_len > QUIC_ID_MAX)
        return false;
    out->type = type_of(out->version, first);
    if (out->type == QUIC_RETRY)
        return take_rest(r, begin, QUIC_RETRY, out);
    if (out->type == QUIC_INITIAL)
        reader_skip(r, quic_read_number(r)); /* the token */
    uint64_t len = quic_read_number(r);
    out->number_at = r->at - begin;
    reader_skip(r, len);
    out->bytes = str_of(r->p + begin, r->at - begin);
    return !r->bad;
}
