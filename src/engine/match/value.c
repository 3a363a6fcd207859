#include "engine/match/worker.h"

#include "base/reader.h"

/* Bytes of an ICMP header behind the first eight, by its type: router advertisements name addresses (RFC 1256 section 3),
 * timestamps and address masks are all header (RFC 792, RFC 950). */
static size_t icmp_more(const struct packet *p)
{
    struct reader r = reader_of(p->l4_header);
    reader_skip(&r, 4);
    size_t count = reader_u8(&r), words = reader_u8(&r);
    switch (p->icmp_type) {
    case 9: return r.bad ? 0 : count * words * 4;
    case 13:
    case 14: return 12;
    case 17:
    case 18: return 4;
    default: return 0;
    }
}

/* The header goes on in what the decoder took for payload. */
static struct str icmp_header(const struct packet *p)
{
    struct str first = p->l4_header, rest = p->payload;
    if (!first.p || rest.p != first.p + first.len)
        return first;
    size_t more = icmp_more(p);
    return str_of(first.p, first.len + (more < rest.len ? more : rest.len));
}

/* A part of the packet by its id, or the payload that this look is about. */
static bool address_bytes(const struct ip *ip, struct str *out)
{
    *out = str_of(ip->bytes, ip->version == 4 ? 4 : 16);
    return ip->version != 0;
}

static bool packet_bytes(const struct look *look, uint32_t buffer, struct str *out)
{
    const struct packet *p = look->view->packet;
    switch (buffer) {
    case RULE_BUFFER_IP_SRC: return address_bytes(&look->header.src, out);
    case RULE_BUFFER_IP_DST: return address_bytes(&look->header.dst, out);
    case RULE_BUFFER_IPV4_HDR: *out = p->ip_header; return p->src.version == 4;
    case RULE_BUFFER_IPV6_HDR: *out = p->ip_header; return p->src.version == 6;
    case RULE_BUFFER_TCP_HDR: *out = p->l4_header; return p->l4 == PACKET_L4_TCP;
    case RULE_BUFFER_UDP_HDR: *out = p->l4_header; return p->l4 == PACKET_L4_UDP;
    case RULE_BUFFER_ICMPV4_HDR: *out = icmp_header(p); return p->l4 == PACKET_L4_ICMP4;
    case RULE_BUFFER_ICMPV6_HDR: *out = p->l4_header; return p->l4 == PACKET_L4_ICMP6;
    default: return false;
    }
}

static void one_value(struct match_worker *w, const struct rule_buffer *source, struct values *out,
                      struct value v)
{
    out->items = arena_alloc(&w->scratch, sizeof v);
    if (!out->items || !transform_apply(w, source, &v))
        return;
    out->items[0] = v;
    out->count = 1;
}

/* Where a field's values come from. */
struct source {
    const struct tx *tx;
    const struct field_desc *field;
    enum dir dir;
};

static bool field_value(struct match_worker *w, const struct source *s, uint32_t index,
                        struct value *out)
{
    const struct field_desc *f = s->field;
    if (f->kind == FIELD_BYTES) {
        out->offset = 0;
        out->last = true;
        return f->bytes && f->bytes(s->tx, s->dir, index, &w->scratch, &out->bytes);
    }
    struct field_window window;
    if (f->kind != FIELD_WINDOW || !f->window || !f->window(s->tx, s->dir, index, &window))
        return false;
    *out = (struct value){window.bytes, window.offset, window.end};
    return true;
}

/* Instances go into one array that doubles; the old ones stay behind in the scratch arena until the look is over. */
static bool room(struct match_worker *w, struct values *out, uint32_t *cap)
{
    if (out->count < *cap)
        return true;
    uint32_t grown = *cap ? 2 * *cap : 4;
    struct value *items = arena_alloc(&w->scratch, grown * sizeof *items);
    if (!items)
        return false;
    for (uint32_t i = 0; i < out->count; i++)
        items[i] = out->items[i];
    out->items = items;
    *cap = grown;
    return true;
}

static void field_values(struct match_worker *w, const struct look *look,
                         const struct match_slot *slot, struct values *out)
{
    const struct tx *tx = look->tx;
    const struct field_desc *f = tx && slot->entry ? slot->entry->of_proto[tx->proto] : NULL;
    if (!f)
        return;
    enum dir dir = match_buffer_dir(slot->source, f, look->view->dir);
    bool complete = tx->progress[dir] >= TX_COMPLETE;
    if (tx->progress[dir] < f->ready_at[dir]) {
        out->more = !complete;
        return;
    }
    out->more = match_field_growing(f, dir) && !complete;
    const struct source source = {tx, f, dir};
    uint32_t cap = 0;
    struct value v;
    for (uint32_t i = 0; i < (f->multi ? INSTANCES_MAX : 1); i++) {
        if (!field_value(w, &source, i, &v) || !room(w, out, &cap))
            break;
        if (transform_apply(w, slot->source, &v))
            out->items[out->count++] = v;
    }
}

const struct values *values_get(struct match_worker *w, const struct look *look,
                                uint32_t slot_index)
{
    struct values *v = &w->values[slot_index];
    const struct match_slot *slot = &w->image->slots[slot_index];
    if (v->generation == w->generation && slot->place != PLACE_BASE64)
        return v;
    *v = (struct values){.generation = w->generation};
    struct str bytes;
    switch (slot->place) {
    case PLACE_FIELD: field_values(w, look, slot, v); break;
    case PLACE_PAYLOAD:
        one_value(w, slot->source, v, (struct value){look->payload, look->payload_offset, true});
        break;
    case PLACE_BASE64:
        if (w->base64_there)
            one_value(w, slot->source, v,
                      (struct value){str_of(w->base64, w->base64_len), 0, true});
        break;
    case PLACE_HEADER:
        if (packet_bytes(look, slot->source->buffer, &bytes))
            one_value(w, slot->source, v, (struct value){bytes, 0, true});
        break;
    }
    return v;
}
