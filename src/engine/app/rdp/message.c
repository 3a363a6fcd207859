#include "engine/app/rdp/message.h"

#include "engine/format/ber/ber.h"

#define CONNECT_INITIAL_TAG 0x65 /* second byte of [APPLICATION 101] */
#define BLOCK_CORE 0xc001
#define BLOCK_CHANNELS 0xc003
#define KEY_WITHIN 64 /* T.124's preamble has about 20 bytes */
#define REQUEST_FLAGS 0x0b
#define RESPONSE_FLAGS 0x1f
#define PROTOCOLS 0x0f
#define FAILURES 6

/* ---- X.224 ---- */

/* Is it one that MS-RDPBCGR knows? Others are as good as none. */
static bool is_known(const struct rdp_negotiation *n, bool request)
{
    if (request)
        return n->type == RDP_NEG_REQUEST && !(n->flags & ~REQUEST_FLAGS) &&
               !(n->protocol & ~(uint32_t)PROTOCOLS);
    if (n->type == RDP_NEG_FAILURE)
        return n->protocol >= 1 && n->protocol <= FAILURES;
    bool one = !(n->protocol & (n->protocol - 1)) && n->protocol <= 8;
    return n->type == RDP_NEG_RESPONSE && !(n->flags & ~RESPONSE_FLAGS) && one;
}

struct rdp_negotiation rdp_read_negotiation(struct str data, bool request)
{
    const struct str name = STR_LIT("Cookie: mstshash=");
    struct rdp_negotiation out = {.type = 0};
    ptrdiff_t end = request ? str_find(data, 0, STR_LIT("\r\n")) : -1;
    if (end >= 0 && str_starts(data, name))
        out.cookie = (size_t)end > name.len ? str_cut(data, name.len, (size_t)end) : STR_LIT("");
    struct reader r = reader_of(end >= 0 ? str_from(data, (size_t)end + 2) : data);
    struct rdp_negotiation n = out;
    n.type = reader_u8(&r);
    n.flags = reader_u8(&r);
    uint16_t len = reader_u16_le(&r);
    n.protocol = reader_u32_le(&r);
    return !r.bad && len == 8 && is_known(&n, request) ? n : out;
}

/* ---- MCS and GCC ---- */

/* T.124's ConnectData in PER: what matters stands behind the key. */
bool rdp_client_blocks(struct str mcs, struct str *blocks)
{
    const struct str key = STR_LIT("Duca");
    struct reader r = reader_of(mcs), initial;
    struct str skipped, user;
    struct ber parameters;
    if (reader_u8(&r) != 0x7f || !ber_enter(&r, CONNECT_INITIAL_TAG, &initial))
        return false;
    if (!ber_expect(&initial, BER_OCTETS, &skipped) ||
        !ber_expect(&initial, BER_OCTETS, &skipped) || !ber_expect(&initial, BER_BOOLEAN, &skipped))
        return false;
    for (int i = 0; i < 3; i++)
        if (!ber_next(&initial, &parameters))
            return false;
    *blocks = STR_EMPTY;
    if (!ber_expect(&initial, BER_OCTETS, &user))
        return false;
    ptrdiff_t at = str_find(str_cut(user, 0, KEY_WITHIN), 0, key);
    if (at < 0)
        return true;
    r = reader_of(str_from(user, (size_t)at + key.len));
    size_t len = reader_u8(&r);
    if (len & 0x80)
        len = (len & 0x7f) << 8 | reader_u8(&r);
    *blocks = reader_str(&r, len < reader_left(&r) ? len : reader_left(&r));
    return true;
}

bool rdp_read_blocks(struct str blocks, struct str *core, struct str *channels)
{
    struct reader r = reader_of(blocks);
    *core = *channels = STR_EMPTY;
    while (reader_left(&r)) {
        uint16_t type = reader_u16_le(&r), len = reader_u16_le(&r);
        if (r.bad || len < 4)
            return false;
        struct str body = reader_str(&r, len - 4u);
        if (type == BLOCK_CORE)
            *core = body;
        else if (type == BLOCK_CHANNELS)
            *channels = body;
    }
    if (r.bad)
        return false;
    r = reader_of(*channels);
    uint32_t count = channels->p ? reader_u32_le(&r) : 0;
    return !r.bad && count <= reader_left(&r) / RDP_CHANNEL_BYTES;
}

/* ---- the client's core data ---- */

/* Of a word of bits or of one of 0xca00 ... 0xca04. */
static int32_t color_of(uint16_t word)
{
    static const uint8_t depths[] = {4, 8, 15, 16, 24};
    uint16_t index = (uint16_t)(word - 0xca00);
    return index < ARRAY_COUNT(depths) ? depths[index] : -1;
}

static int64_t within(struct reader *r, uint32_t low, uint32_t high)
{
    uint32_t value = reader_u32_le(r);
    r->bad |= value < low || value > high;
    return r->bad ? -1 : (int64_t)value;
}

static void read_display(struct reader *r, struct rdp_client *out)
{
    out->physical_width = within(r, 10, 10000);
    out->physical_height = within(r, 10, 10000);
    uint16_t orientation = reader_u16_le(r);
    r->bad |= orientation % 90 || orientation > 270;
    out->orientation = r->bad ? -1 : orientation;
    out->scale = within(r, 100, 500);
    int64_t scale = within(r, 100, 180);
    out->device_scale = scale == 100 || scale == 140 || scale == 180 ? scale : -1;
}

/* Each field is there when all before it are; the first that makes no sense is the last that is looked at. */
static void read_optional(struct reader *r, struct rdp_client *out)
{
    static const uint8_t high_depths[] = {4, 8, 15, 16, 24};
    int32_t depth = color_of(reader_u16_le(r));
    r->bad |= depth < 0;
    if (r->bad)
        return;
    out->color_depth = depth;
    uint16_t product_id = reader_u16_le(r);
    out->product_id = r->bad ? -1 : product_id;
    uint32_t serial = reader_u32_le(r);
    out->serial = r->bad ? -1 : (int64_t)serial;
    uint16_t high = reader_u16_le(r);
    bool known = high <= UINT8_MAX && high > 0 && memchr(high_depths, high, sizeof high_depths);
    r->bad |= !known;
    if (r->bad)
        return;
    out->color_depth = high;
    r->bad |= (reader_u16_le(r) & ~0x0f) != 0;
    uint16_t capabilities = reader_u16_le(r);
    r->bad |= (capabilities & ~0x7ff) != 0;
    out->capabilities = r->bad ? 0 : capabilities;
    out->product = reader_str(r, 64);
    uint8_t connection = reader_u8(r);
    r->bad |= connection > 7;
    out->connection = r->bad ? -1 : connection;
    reader_skip(r, 1);
    (void)within(r, 0, 0x0f);
    read_display(r, out);
}

bool rdp_read_client(struct str core, struct rdp_client *out)
{
    struct reader r = reader_of(core);
    *out = (struct rdp_client){.color_depth = -1,
                               .product_id = -1,
                               .connection = -1,
                               .orientation = -1,
                               .serial = -1,
                               .physical_width = -1,
                               .physical_height = -1,
                               .scale = -1,
                               .device_scale = -1};
    out->version = reader_u32_le(&r);
    out->width = reader_u16_le(&r);
    out->height = reader_u16_le(&r);
    out->color_depth = color_of(reader_u16_le(&r));
    reader_skip(&r, 2);
    out->layout = reader_u32_le(&r);
    out->build = reader_u32_le(&r);
    out->name = reader_str(&r, 32);
    out->keyboard_type = reader_u32_le(&r);
    out->keyboard_subtype = reader_u32_le(&r);
    out->function_keys = reader_u32_le(&r);
    out->ime = reader_str(&r, 64);
    if (r.bad)
        return false;
    read_optional(&r, out);
    return true;
}

/* ---- certificates ---- */

/* RFC 5280 section 4.1 */
bool rdp_serial(struct str certificate, struct str *serial)
{
    struct reader r = reader_of(certificate), whole, signed_part;
    struct str version;
    if (!ber_enter(&r, BER_SEQUENCE, &whole) || !ber_enter(&whole, BER_SEQUENCE, &signed_part))
        return false;
    (void)ber_maybe(&signed_part, BER_CONTEXT_OF(0), &version);
    return ber_expect(&signed_part, BER_INTEGER, serial);
}
