/* CIP, volume 1. */
#include "engine/app/enip/message.h"

#define RESPONSE 0x80

/* Segment types of a path, volume 1, appendix C-1.4: the three high bits. */
#define SEGMENT_PORT 0x00
#define SEGMENT_LOGICAL 0x20
#define SEGMENT_NETWORK 0x40
#define SEGMENT_SYMBOLIC 0x60
#define SEGMENT_DATA 0x80
#define SEGMENT_ANSI 0x91
#define SEGMENT_KEY 0x34 /* of a logical one: an electronic key of eight bytes follows its format */

bool enip_read_cip(struct str bytes, struct cip *out)
{
    struct reader r = reader_of(bytes);
    uint8_t service = reader_u8(&r);
    *out = (struct cip){.service = service & 0x7f, .is_response = service & RESPONSE};
    if (out->is_response) {
        reader_skip(&r, 1);
        out->status = reader_u8(&r);
        out->extended = reader_str(&r, 2 * (size_t)reader_u8(&r));
    } else {
        out->path = reader_str(&r, 2 * (size_t)reader_u8(&r));
    }
    out->data = reader_rest(&r);
    return !r.bad;
}

/* ---- paths ---- */

static void read_logical(struct reader *r, uint8_t byte, struct cip_segment *out)
{
    out->type = byte & 0xfc;
    if (out->type == SEGMENT_KEY && (byte & 3) == 0) {
        reader_skip(r, 9);
        return;
    }
    if ((byte & 3) == 0) {
        out->value = reader_u8(r);
        return;
    }
    reader_skip(r, 1); /* so that numbers lie at even places */
    out->value = (byte & 3) == 1 ? reader_u16_le(r) : reader_u32_le(r);
    r->bad |= (byte & 3) == 3;
}

/* Appendix C-1.4.1: an extended port, and an address of a length. */
static void skip_port(struct reader *r, uint8_t byte)
{
    size_t len = byte & 0x10 ? reader_u8(r) : 1;
    if ((byte & 0x0f) == 0x0f)
        reader_skip(r, 2);
    reader_skip(r, len + (byte & 0x10 ? len & 1 : 0));
}

static void skip_other(struct reader *r, uint8_t byte)
{
    size_t len;
    switch (byte & 0xe0) {
    case SEGMENT_PORT: skip_port(r, byte); break;
    case SEGMENT_NETWORK: reader_skip(r, 1); break;
    case SEGMENT_SYMBOLIC:
        len = byte & 0x1f;
        reader_skip(r, len + !(len & 1));
        break;
    case SEGMENT_DATA:
        len = reader_u8(r);
        reader_skip(r, byte == SEGMENT_ANSI ? len + (len & 1) : 2 * len);
        break;
    default: r->bad = true; break;
    }
}

bool enip_next_segment(struct reader *path, struct cip_segment *out)
{
    while (reader_left(path) && !path->bad) {
        uint8_t byte = reader_u8(path);
        *out = (struct cip_segment){.type = 0};
        if ((byte & 0xe0) == SEGMENT_LOGICAL) {
            read_logical(path, byte, out);
            return !path->bad;
        }
        skip_other(path, byte);
    }
    return false;
}

bool enip_find_segment(struct str path, uint8_t type, uint32_t *out)
{
    struct reader r = reader_of(path);
    struct cip_segment segment;
    while (enip_next_segment(&r, &segment))
        if (segment.type == type) {
            *out = segment.value;
            return true;
        }
    return false;
}

static bool path_is_whole(struct str path)
{
    struct reader r = reader_of(path);
    struct cip_segment segment;
    while (enip_next_segment(&r, &segment))
        ;
    return !r.bad;
}

/* ---- bundles, volume 1, appendix A-4.10 ---- */

struct cip_walk enip_walk(struct str cip)
{
    return (struct cip_walk){.outer = cip, .bundle = STR_EMPTY};
}

/* Status 0x1e: some of the services failed. */
static void open_bundle(struct cip_walk *w, const struct cip *outer)
{
    bool is_bundle = outer->service == CIP_BUNDLE &&
                     (!outer->is_response || outer->status == 0 || outer->status == 0x1e);
    if (!is_bundle || (outer->is_response && !outer->data.len))
        return;
    struct reader r = reader_of(outer->data);
    w->count = reader_u16_le(&r);
    if (w->count > ENIP_BUNDLE_MAX)
        w->count = ENIP_BUNDLE_MAX;
    w->bundle = outer->data;
    w->bad |= r.bad;
}

static uint16_t offset_at(struct str bundle, uint32_t index)
{
    struct reader r = reader_of(str_from(bundle, 2 + 2 * (size_t)index));
    return reader_u16_le(&r);
}

/* It ends where the next one begins, or with the bundle. */
static struct str part_at(const struct cip_walk *w, uint32_t index)
{
    size_t from = offset_at(w->bundle, index), to = w->bundle.len;
    if (index + 1 < w->count && offset_at(w->bundle, index + 1) > from)
        to = offset_at(w->bundle, index + 1);
    return str_cut(w->bundle, from, to);
}

bool enip_next_cip(struct cip_walk *w, struct cip *out)
{
    if (w->bad || w->next > w->count)
        return false;
    struct str bytes = w->next ? part_at(w, w->next - 1) : w->outer;
    if (!enip_read_cip(bytes, out)) {
        w->bad = true;
        return false;
    }
    if (!w->next++)
        open_bundle(w, out);
    return true;
}

bool enip_cip_is_whole(struct str cip)
{
    struct cip_walk w = enip_walk(cip);
    struct cip one;
    while (enip_next_cip(&w, &one))
        w.bad |= !path_is_whole(one.path);
    return !w.bad;
}

/* ---- facts ---- */

struct collector {
    struct budget *mem;
    struct enip_side *side;
};

static void add_fact(const struct collector *c, enum cip_kind kind, uint64_t value)
{
    struct enip_side *side = c->side;
    if (side->fact_count == ENIP_FACTS_MAX ||
        !budget_grow(c->mem, &side->facts, &side->fact_cap, side->fact_count + 1,
                     sizeof *side->facts))
        return;
    side->facts[side->fact_count++] = (struct cip_fact){kind, value};
}

static void collect_path(const struct collector *c, struct str path)
{
    struct reader r = reader_of(path);
    struct cip_segment segment;
    while (enip_next_segment(&r, &segment)) {
        if (segment.type == CIP_CLASS)
            add_fact(c, CIP_FACT_CLASS, segment.value);
        else if (segment.type == CIP_INSTANCE)
            add_fact(c, CIP_FACT_INSTANCE, segment.value);
        else if (segment.type == CIP_ATTRIBUTE)
            add_fact(c, CIP_FACT_ATTRIBUTE, segment.value);
    }
}

/* Volume 1, appendix: how many, then their numbers. */
static void collect_list(const struct collector *c, struct str data)
{
    struct reader r = reader_of(data);
    uint32_t count = reader_u16_le(&r);
    for (uint32_t i = 0; i < count; i++) {
        uint16_t attribute = reader_u16_le(&r);
        if (r.bad)
            return;
        add_fact(c, CIP_FACT_ATTRIBUTE, attribute);
    }
}

static uint64_t service_fact(const struct cip *cip)
{
    uint32_t class = CIP_CLASS_NONE, attribute = UINT32_MAX;
    if (!enip_find_segment(cip->path, CIP_CLASS, &class) || class > CIP_CLASS_NONE)
        class = CIP_CLASS_NONE;
    if (!enip_find_segment(cip->path, CIP_ATTRIBUTE, &attribute))
        attribute = UINT32_MAX;
    return (uint64_t)attribute << 32 | class << 8 | cip->service;
}

/* Of each message its service and status first: a long path or list hides none of them. */
void enip_collect(struct budget *mem, struct str bytes, struct enip_side *side)
{
    const struct collector c = {mem, side};
    struct cip_walk w = enip_walk(bytes);
    struct cip cip;
    while (enip_next_cip(&w, &cip)) {
        add_fact(&c, CIP_FACT_SERVICE, service_fact(&cip));
        if (!cip.is_response)
            continue;
        struct reader r = reader_of(cip.extended);
        add_fact(&c, CIP_FACT_STATUS, cip.status);
        if (cip.extended.len)
            add_fact(&c, CIP_FACT_EXTENDED, reader_u16_le(&r));
    }
    w = enip_walk(bytes);
    while (enip_next_cip(&w, &cip)) {
        collect_path(&c, cip.path);
        if (!cip.is_response && cip.service == CIP_GET_ATTRIBUTE_LIST)
            collect_list(&c, cip.data);
    }
}
