#include "engine/app/enip/message.h"

/* Items of the common packet format, volume 2, table 2-6.3. */
#define ITEM_IDENTITY 0x000c
#define ITEM_CONNECTED_DATA 0x00b1
#define ITEM_UNCONNECTED_DATA 0x00b2
#define ITEM_SERVICES 0x0100
#define ITEMS_MAX 64

#define CONTEXT_BYTES 8
#define SOCKET_ADDRESS_BYTES 16

bool enip_read_head(struct str bytes, struct enip_head *out)
{
    struct reader r = reader_of(bytes);
    *out = (struct enip_head){.command = reader_u16_le(&r), .data_len = reader_u16_le(&r)};
    out->session = reader_u32_le(&r);
    out->status = reader_u32_le(&r);
    reader_skip(&r, CONTEXT_BYTES);
    out->options = reader_u32_le(&r);
    return !r.bad;
}

static void read_register(struct reader *r, struct enip_parts *out)
{
    out->protocol_version = reader_u16_le(r);
    out->options = reader_u16_le(r);
    out->has_version = !r->bad;
}

static void read_services(struct reader r, struct enip_parts *out)
{
    out->protocol_version = reader_u16_le(&r);
    out->capabilities = reader_u16_le(&r);
    out->service_name = reader_rest(&r);
    out->has_version = out->has_services = !r.bad;
}

static void read_identity(struct reader r, struct enip_parts *out)
{
    struct enip_identity *id = &out->identity;
    out->protocol_version = reader_u16_le(&r);
    reader_skip(&r, SOCKET_ADDRESS_BYTES);
    id->vendor_id = reader_u16_le(&r);
    id->device_type = reader_u16_le(&r);
    id->product_code = reader_u16_le(&r);
    id->revision = reader_u16(&r);
    id->status = reader_u16_le(&r);
    id->serial = reader_u32_le(&r);
    id->product_name = reader_str(&r, reader_u8(&r));
    id->state = reader_u8(&r);
    out->has_version = out->has_identity = !r.bad;
}

/* Of several items of a kind the first one counts. */
static void read_item(uint16_t type, struct reader r, struct enip_parts *out)
{
    if (type == ITEM_IDENTITY && !out->has_identity)
        read_identity(r, out);
    else if (type == ITEM_SERVICES && !out->has_services)
        read_services(r, out);
    else if ((type == ITEM_CONNECTED_DATA || type == ITEM_UNCONNECTED_DATA) && !out->has_cip) {
        if (type == ITEM_CONNECTED_DATA)
            reader_skip(&r, 2); /* a number that counts up */
        out->has_cip = !r.bad;
        out->cip = reader_rest(&r);
    }
}

/* Volume 2, section 2-6. */
static void read_items(struct reader *r, struct enip_parts *out)
{
    uint16_t count = reader_u16_le(r);
    for (uint16_t i = 0; i < count && i < ITEMS_MAX && !r->bad; i++) {
        uint16_t type = reader_u16_le(r);
        struct reader item = reader_sub(r, reader_u16_le(r));
        if (!r->bad)
            read_item(type, item, out);
    }
}

static bool read_answer(struct reader *r, struct enip_parts *out)
{
    read_items(r, out);
    return out->head.command == ENIP_LIST_IDENTITY ? out->has_identity : out->has_services;
}

static void read_envelope(struct reader *r, struct enip_parts *out)
{
    reader_skip(r, 6); /* interface, timeout */
    read_items(r, out);
}

bool enip_read(struct str bytes, enum dir dir, struct enip_parts *out)
{
    *out = (struct enip_parts){.has_cip = false};
    if (!enip_read_head(bytes, &out->head))
        return false;
    struct reader r = reader_of(str_from(bytes, ENIP_HEAD_BYTES));
    bool whole = true;
    switch (out->head.command) {
    case ENIP_REGISTER: read_register(&r, out); break;
    case ENIP_LIST_IDENTITY:
    case ENIP_LIST_SERVICES:
        if (dir == DIR_TOCLIENT && reader_left(&r) > 2)
            whole = read_answer(&r, out);
        break;
    case ENIP_SEND_RR_DATA:
    case ENIP_SEND_UNIT_DATA: read_envelope(&r, out); break;
    default: break;
    }
    return whole && !r.bad;
}
