#include "engine/app/dnp3/fragment.h"

bool dnp3_read_head(const struct dnp3_tx *dnp3, struct dnp3_head *out)
{
    struct reader r = reader_of(str_of(dnp3->bytes, dnp3->len));
    *out = (struct dnp3_head){.control = reader_u8(&r), .function = reader_u8(&r)};
    if (dnp3->dir == DIR_TOCLIENT)
        out->indications = reader_u16(&r);
    out->objects = reader_rest(&r);
    return !r.bad;
}

/* ---- heads of objects, section 4.2.2.7.3 ---- */

static uint32_t read_le(struct reader *r, uint8_t bytes)
{
    switch (bytes) {
    case 1: return reader_u8(r);
    case 2: return reader_u16_le(r);
    case 4: return reader_u32_le(r);
    default: return 0;
    }
}

/* Bytes of a number by the range code; the codes of start and stop, of virtual addresses and of a count. */
static const struct range {
    uint8_t bytes;
    bool is_count, known;
} ranges[16] = {
    [0] = {1, false, true}, [1] = {2, false, true}, [2] = {4, false, true}, [3] = {1, false, true},
    [4] = {2, false, true}, [5] = {4, false, true}, [6] = {0, true, true},  [7] = {1, true, true},
    [8] = {2, true, true},  [9] = {4, true, true},  [11] = {1, true, true},
};

bool dnp3_next_object(struct reader *r, struct dnp3_object *out)
{
    if (r->bad || !reader_left(r))
        return false;
    *out = (struct dnp3_object){
        .group = reader_u8(r), .variation = reader_u8(r), .qualifier = reader_u8(r)};
    const struct range *range = &ranges[dnp3_range_code(out)];
    out->strange = !range->known;
    if (range->is_count) {
        out->count = read_le(r, range->bytes);
    } else if (range->known) {
        out->start = read_le(r, range->bytes);
        out->stop = read_le(r, range->bytes);
        out->count = out->stop - out->start + 1; /* backwards: more than there can be */
    }
    return !r->bad;
}

/* ---- points ---- */

#define PREFIX_SIZE_FIRST 4 /* prefix codes 1 to 3 are an index, 4 to 6 a size */

static uint32_t read_prefix(const struct dnp3_object *o, struct reader *r)
{
    static const uint8_t bytes[8] = {0, 1, 2, 4, 1, 2, 4, 0};
    return read_le(r, bytes[dnp3_prefix_code(o)]);
}

static bool has_index(const struct dnp3_object *o)
{
    return dnp3_prefix_code(o) >= 1 && dnp3_prefix_code(o) < PREFIX_SIZE_FIRST;
}

static bool has_size(const struct dnp3_object *o)
{
    return dnp3_prefix_code(o) >= PREFIX_SIZE_FIRST && dnp3_prefix_code(o) < 7;
}

/* Bytes of a point; *rest: it goes on to the end of a size that stands before it. */
static uint32_t fixed_bytes(const struct dnp3_layout *layout, bool *rest)
{
    uint32_t bits = 0;
    *rest = false;
    for (size_t list = 0; list < DNP3_PART_LISTS && layout->parts[list]; list++)
        for (const struct dnp3_part *part = layout->parts[list]; part->name; part++) {
            bits += part->bits;
            *rest |= part->kind >= DNP3_LENGTH;
        }
    return bits / 8;
}

static void next_packed(struct dnp3_points *p, struct reader *r, struct dnp3_point *out)
{
    if (!p->octet_left) {
        p->prefix = read_prefix(p->object, r);
        p->octet = reader_u8(r);
        p->octet_left = 8;
    }
    out->prefix = p->prefix;
    out->sized = has_size(p->object);
    out->bits = (uint8_t)(p->octet & ((1u << p->layout->packed) - 1));
    p->octet = (uint8_t)(p->octet >> p->layout->packed);
    p->octet_left = (uint8_t)(p->octet_left - p->layout->packed);
}

static void next_octets(struct dnp3_points *p, struct reader *r, struct dnp3_point *out)
{
    bool rest;
    uint32_t bytes = fixed_bytes(p->layout, &rest);
    out->prefix = read_prefix(p->object, r);
    out->sized = has_size(p->object);
    out->bytes = reader_str(r, out->sized ? out->prefix : bytes);
    r->bad |= out->bytes.len < bytes || (rest && !out->sized);
    if (!rest || r->bad)
        return;
    struct dnp3_values values = dnp3_values_of(p->layout, out);
    struct dnp3_value value;
    while (dnp3_next_value(&values, &value))
        ;
    r->bad |= values.r.bad;
}

bool dnp3_next_point(struct dnp3_points *p, struct reader *r, struct dnp3_point *out)
{
    if (p->next == p->object->count || r->bad)
        return false;
    *out = (struct dnp3_point){.prefix = 0};
    if (p->layout->packed)
        next_packed(p, r, out);
    else
        next_octets(p, r, out);
    out->index = has_index(p->object) ? out->prefix : p->object->start + p->next;
    p->next++;
    return !r->bad;
}

/* ---- values ---- */

struct dnp3_values dnp3_values_of(const struct dnp3_layout *layout, const struct dnp3_point *point)
{
    struct dnp3_values v = {.r = reader_of(point->bytes), .layout = layout};
    if (layout->packed) {
        v.octet = point->bits;
        v.octet_left = 8;
    }
    return v;
}

static uint64_t read_number(struct reader *r, uint8_t bits)
{
    uint64_t number = 0;
    for (uint8_t at = 0; at < bits; at = (uint8_t)(at + 8))
        number |= (uint64_t)reader_u8(r) << at;
    return number;
}

static uint64_t read_bits(struct dnp3_values *v, uint8_t bits)
{
    if (!v->octet_left) {
        v->octet = reader_u8(&v->r);
        v->octet_left = 8;
    }
    uint64_t number = v->octet & ((1u << bits) - 1);
    v->octet = (uint8_t)(v->octet >> bits);
    v->octet_left = (uint8_t)(v->octet_left - bits);
    return number;
}

static uint64_t sign_extend(uint64_t number, uint8_t bits)
{
    uint64_t sign = UINT64_C(1) << (bits - 1);
    return (number ^ sign) - sign;
}

/* IEEE 754, of 32 or 64 bits. */
static double real_of(uint64_t number, uint8_t bits)
{
    float single;
    double real;
    uint32_t low = (uint32_t)number;
    memcpy(&single, &low, sizeof single);
    memcpy(&real, &number, sizeof real);
    return bits == 32 ? (double)single : real;
}

static uint16_t next_length(struct dnp3_values *v)
{
    return v->lengths_used < v->lengths_read ? v->lengths[v->lengths_used++] : 0;
}

bool dnp3_next_value(struct dnp3_values *v, struct dnp3_value *out)
{
    while (v->list < DNP3_PART_LISTS && v->layout->parts[v->list] &&
           !v->layout->parts[v->list][v->part].name) {
        v->list++;
        v->part = 0;
    }
    if (v->list == DNP3_PART_LISTS || !v->layout->parts[v->list])
        return false;
    const struct dnp3_part *part = &v->layout->parts[v->list][v->part++];
    *out = (struct dnp3_value){.part = part};
    switch (part->kind) {
    case DNP3_BITS: out->number = read_bits(v, part->bits); break;
    case DNP3_UINT: out->number = read_number(&v->r, part->bits); break;
    case DNP3_INT: out->number = sign_extend(read_number(&v->r, part->bits), part->bits); break;
    case DNP3_REAL: out->real = real_of(read_number(&v->r, part->bits), part->bits); break;
    case DNP3_LENGTH:
        out->number = read_number(&v->r, part->bits);
        if (v->lengths_read < DNP3_LENGTHS_MAX)
            v->lengths[v->lengths_read++] = (uint16_t)out->number;
        break;
    case DNP3_TEXT:
    case DNP3_BLOB: out->bytes = reader_str(&v->r, next_length(v)); break;
    case DNP3_TEXT_REST:
    case DNP3_BLOB_REST: out->bytes = reader_rest(&v->r); break;
    }
    return !v->r.bad;
}
