#include "engine/app/dnp3/dnp3.h"

#include "engine/app/dnp3/fragment.h"

#define PORT_DNP3 20000
#define START_HIGH 0x05
#define START_LOW 0x64
#define HEAD_BYTES 10 /* start, length, control, two addresses, checksum */
#define LENGTH_MIN 5  /* section 9.2.4.1.2: control and addresses are counted */
#define BLOCK_BYTES 16
#define CRC_BYTES 2
#define USER_MAX (255 - LENGTH_MIN)

/* Of the byte in front of the data, section 8.2.1. */
#define TRANSPORT_FIN 0x80
#define TRANSPORT_FIR 0x40
#define TRANSPORT_SEQUENCE 0x3f

struct dnp3_state {
    bool flooded;         /* told already */
    bool lost[DIR_COUNT]; /* no frame began where one should: the next one is looked for */
};

static const struct app_event_desc events[DNP3_EVENTS] = {
    [DNP3_FLOODED] = {"flooded"},
    [DNP3_LEN_TOO_SMALL] = {"len_too_small"},
    [DNP3_BAD_LINK_CRC] = {"bad_link_crc"},
    [DNP3_BAD_TRANSPORT_CRC] = {"bad_transport_crc"},
    [DNP3_MALFORMED] = {"malformed"},
    [DNP3_UNKNOWN_OBJECT] = {"unknown_object"},
    [DNP3_TOO_MANY_POINTS] = {"too_many_points"},
    [DNP3_TOO_MANY_OBJECTS] = {"too_many_objects"},
    [DNP3_TOO_LONG_REASSEMBLY] = {"too_long_reassembly"},
};

/* Section 9.2.4.3: x^16 + x^13 + x^12 + x^11 + x^10 + x^8 + x^6 + x^5 + x^2 + 1, the low bit first; four bits at a time. */
static uint16_t checksum(struct str bytes)
{
    static const uint16_t table[16] = {0x0000, 0xb26b, 0x29af, 0x9bc4, 0x535e, 0xe135,
                                       0x7af1, 0xc89a, 0xa6bc, 0x14d7, 0x8f13, 0x3d78,
                                       0xf5e2, 0x4789, 0xdc4d, 0x6e26};
    uint16_t crc = 0;
    for (size_t i = 0; i < bytes.len; i++) {
        crc = (uint16_t)(crc >> 4 ^ table[(crc ^ bytes.p[i]) & 15]);
        crc = (uint16_t)(crc >> 4 ^ table[(crc ^ bytes.p[i] >> 4) & 15]);
    }
    return (uint16_t)~crc;
}

/* ---- is it DNP3? ---- */

/* Elsewhere the checksum of the head must hold, which no other protocol comes by. */
static enum app_probe probe(struct str bytes, enum dir dir, uint16_t server_port)
{
    static const uint8_t start[2] = {START_HIGH, START_LOW};
    struct str begin = str_of(start, sizeof start);
    (void)dir;
    if (bytes.len < begin.len)
        return str_starts(begin, bytes) ? APP_PROBE_MORE : APP_PROBE_NO;
    if (!str_starts(bytes, begin))
        return APP_PROBE_NO;
    if (server_port == PORT_DNP3)
        return APP_PROBE_YES;
    if (bytes.len < HEAD_BYTES)
        return APP_PROBE_MORE;
    struct reader r = reader_of(str_from(bytes, HEAD_BYTES - CRC_BYTES));
    bool holds = reader_u16_le(&r) == checksum(str_cut(bytes, 0, HEAD_BYTES - CRC_BYTES));
    return holds && bytes.p[2] >= LENGTH_MIN ? APP_PROBE_YES : APP_PROBE_NO;
}

/* ---- transactions ---- */

static void finish(struct dnp3_tx *dnp3)
{
    dnp3->open = false;
    app_progress(&dnp3->tx, DIR_TOSERVER, TX_COMPLETE);
    app_progress(&dnp3->tx, DIR_TOCLIENT, TX_COMPLETE);
}

/* The fragment of that direction to which more frames belong. There is at most one. */
static struct dnp3_tx *find_open(const struct app_flow *af, enum dir dir)
{
    for (struct tx *tx = af->first; tx; tx = tx->next) {
        struct dnp3_tx *dnp3 = (struct dnp3_tx *)tx;
        if (dnp3->open && dnp3->dir == dir && tx->progress[dir] != TX_COMPLETE)
            return dnp3;
    }
    return NULL;
}

static void drop_open(const struct app_flow *af, enum dir dir)
{
    struct dnp3_tx *dnp3 = find_open(af, dir);
    if (dnp3)
        finish(dnp3);
}

static struct dnp3_tx *new_fragment(struct app_flow *af, enum dir dir)
{
    struct dnp3_state *state = af->state;
    bool many = af->tx_live >= af->conf->dnp3_tx_max;
    struct dnp3_tx *dnp3 = (struct dnp3_tx *)app_tx_new(af, (uint8_t)DIR_BIT(dir));
    if (!dnp3)
        return NULL;
    dnp3->dir = dir;
    if (many && !state->flooded)
        app_event(af, &dnp3->tx, DNP3_FLOODED);
    state->flooded = many;
    return dnp3;
}

/* A transaction without a fragment tells of what is wrong. */
static void tell(struct app_flow *af, enum dir dir, enum dnp3_event event)
{
    struct dnp3_tx *dnp3 = new_fragment(af, dir);
    app_event(af, dnp3 ? &dnp3->tx : NULL, event);
    if (dnp3)
        finish(dnp3);
}

/* ---- application layer ---- */

static bool note_object(struct app_flow *af, struct dnp3_tx *dnp3, const struct dnp3_object *o)
{
    if (!budget_grow(af->mem, &dnp3->objects, &dnp3->object_cap, dnp3->object_count + 1,
                     sizeof *dnp3->objects))
        return false;
    dnp3->objects[dnp3->object_count++] = (uint16_t)(o->group << 8 | o->variation);
    return true;
}

/* False: its points cannot be told apart. */
static bool walk_points(const struct dnp3_object *o, struct reader *r)
{
    struct dnp3_points points = {.object = o, .layout = dnp3_layout_find(o->group, o->variation)};
    struct dnp3_point point;
    if (!points.layout)
        return false;
    while (dnp3_next_point(&points, r, &point))
        ;
    return !r->bad;
}

/* Notes the fragment's objects, and whether all of them could be read. */
static void walk_objects(struct app_flow *af, struct dnp3_tx *dnp3, struct str objects)
{
    struct reader r = reader_of(objects);
    struct dnp3_object o;
    uint64_t points = 0;
    while (reader_left(&r)) {
        if (dnp3->object_count == af->conf->dnp3_objects_max) {
            app_event(af, &dnp3->tx, DNP3_TOO_MANY_OBJECTS);
            return;
        }
        if (!dnp3_next_object(&r, &o) || !note_object(af, dnp3, &o) || o.strange)
            return;
        if (!dnp3_has_points(&o))
            continue;
        points += o.count;
        if (points > af->conf->dnp3_points_max) {
            app_event(af, &dnp3->tx, DNP3_TOO_MANY_POINTS);
            return;
        }
        if (!walk_points(&o, &r)) {
            app_event(af, &dnp3->tx, DNP3_UNKNOWN_OBJECT);
            return;
        }
    }
    dnp3->whole = true;
}

static void end_fragment(struct app_flow *af, struct dnp3_tx *dnp3)
{
    struct dnp3_head head;
    dnp3->told = dnp3_read_head(dnp3, &head);
    if (dnp3->told)
        walk_objects(af, dnp3, head.objects);
    else
        app_event(af, &dnp3->tx, DNP3_LEN_TOO_SMALL);
    finish(dnp3);
}

/* ---- transport layer, section 8 ---- */

/* What a frame's head says, and its data without checksums. */
struct frame {
    uint8_t control;
    uint16_t src, dst;
    size_t user_len;
    uint8_t user[USER_MAX];
};

static void add_segment(struct app_flow *af, struct dnp3_tx *dnp3, struct str part)
{
    bool is_long = dnp3->len + part.len > DNP3_FRAGMENT_MAX;
    if (is_long ||
        !budget_grow(af->mem, &dnp3->bytes, &dnp3->cap, dnp3->len + (uint32_t)part.len, 1)) {
        struct dnp3_head head;
        if (is_long)
            app_event(af, &dnp3->tx, DNP3_TOO_LONG_REASSEMBLY);
        dnp3->told = dnp3_read_head(dnp3, &head);
        finish(dnp3);
        return;
    }
    if (part.len)
        memcpy(dnp3->bytes + dnp3->len, part.p, part.len);
    dnp3->len += (uint32_t)part.len;
}

/* A confirmation says nothing but that it is one: Suricata has no transaction for it. */
static bool is_confirmation(enum dir dir, uint8_t transport, struct str part)
{
    return dir == DIR_TOSERVER && (transport & TRANSPORT_FIN) && part.len >= 2 &&
           part.p[1] == DNP3_CONFIRM;
}

static struct dnp3_tx *begin_fragment(struct app_flow *af, enum dir dir, const struct frame *frame)
{
    drop_open(af, dir);
    struct dnp3_tx *dnp3 = new_fragment(af, dir);
    if (!dnp3)
        return NULL;
    dnp3->open = true;
    dnp3->control = frame->control;
    dnp3->src = frame->src;
    dnp3->dst = frame->dst;
    return dnp3;
}

static void take_segment(struct app_flow *af, enum dir dir, const struct frame *frame)
{
    struct reader r = reader_of(str_of(frame->user, frame->user_len));
    uint8_t transport = reader_u8(&r), sequence = transport & TRANSPORT_SEQUENCE;
    bool first = transport & TRANSPORT_FIR;
    struct str part = reader_rest(&r);
    if (r.bad || !part.len) {
        tell(af, dir, DNP3_LEN_TOO_SMALL);
        return;
    }
    if (first && is_confirmation(dir, transport, part)) {
        drop_open(af, dir);
        return;
    }
    struct dnp3_tx *dnp3 = first ? begin_fragment(af, dir, frame) : find_open(af, dir);
    if (!dnp3 || (!first && sequence != ((dnp3->sequence + 1) & TRANSPORT_SEQUENCE)))
        return;
    if (first && part.len < 2) /* Suricata says so at once; a station waits for the rest */
        app_event(af, &dnp3->tx, DNP3_LEN_TOO_SMALL);
    dnp3->sequence = sequence;
    add_segment(af, dnp3, part);
    if (dnp3->open && (transport & TRANSPORT_FIN))
        end_fragment(af, dnp3);
}

/* ---- link layer, section 9 ---- */

/* Section 9.2.4.1.3.5: both functions that carry data. */
static bool carries_data(uint8_t control)
{
    uint8_t function = control & DNP3_LINK_FUNCTION;
    return (control & DNP3_LINK_PRIMARY) && (function == 3 || function == 4);
}

/* False: a checksum is wrong. */
static bool read_blocks(struct reader *r, struct frame *frame, size_t left)
{
    bool holds = true;
    while (left) {
        size_t len = left < BLOCK_BYTES ? left : BLOCK_BYTES;
        struct str block = reader_str(r, len);
        uint16_t crc = reader_u16_le(r);
        if (r->bad)
            return true;
        holds &= crc == checksum(block);
        memcpy(frame->user + frame->user_len, block.p, len);
        frame->user_len += len;
        left -= len;
    }
    return holds;
}

/* Goes to where a frame may begin. False: there is none in what is here. */
static bool find_start(struct reader *r)
{
    struct str rest = str_of(r->p + r->at, reader_left(r));
    static const uint8_t start[2] = {START_HIGH, START_LOW};
    ptrdiff_t at = str_find(rest, 0, str_of(start, sizeof start));
    bool half = rest.len && rest.p[rest.len - 1] == START_HIGH;
    reader_skip(r, at < 0 ? rest.len - half : (size_t)at);
    return at >= 0;
}

/* Says so once until a frame is found. */
static void lose(struct app_flow *af, enum dir dir, enum dnp3_event event)
{
    struct dnp3_state *state = af->state;
    if (!state->lost[dir])
        tell(af, dir, event);
    state->lost[dir] = true;
}

/* What stands behind a start that is none is looked at anew. */
static enum parse lose_frame(struct app_flow *af, enum dir dir, struct reader *r,
                             enum dnp3_event event)
{
    lose(af, dir, event);
    r->at += 2;
    return PARSE_OK;
}

static enum parse next_frame(struct app_flow *af, enum dir dir, struct reader *r)
{
    struct dnp3_state *state = af->state;
    struct reader at = *r;
    struct str head = reader_str(&at, HEAD_BYTES - CRC_BYTES);
    uint16_t crc = reader_u16_le(&at);
    if (at.bad)
        return PARSE_MORE;
    if (!app_tx_room(af))
        return PARSE_FULL;
    if (crc != checksum(head))
        return lose_frame(af, dir, r, DNP3_BAD_LINK_CRC);
    struct reader fields = reader_of(str_from(head, 2));
    uint8_t length = reader_u8(&fields);
    struct frame frame = {.control = reader_u8(&fields)};
    frame.dst = reader_u16_le(&fields);
    frame.src = reader_u16_le(&fields);
    if (length < LENGTH_MIN)
        return lose_frame(af, dir, r, DNP3_LEN_TOO_SMALL);
    bool holds = read_blocks(&at, &frame, length - LENGTH_MIN);
    if (at.bad)
        return PARSE_MORE;
    state->lost[dir] = false;
    *r = at;
    if (!carries_data(frame.control))
        return PARSE_OK;
    if (!holds)
        tell(af, dir, DNP3_BAD_TRANSPORT_CRC);
    else
        take_segment(af, dir, &frame);
    return PARSE_OK;
}

static struct app_result data(struct app_flow *af, enum dir dir, const struct app_chunk *chunk)
{
    struct dnp3_state *state = af->state;
    struct reader r = reader_of(chunk->bytes);
    enum parse status = PARSE_OK;
    if (chunk->gap) {
        drop_open(af, dir);
        state->lost[dir] = true;
    }
    while (status == PARSE_OK && reader_left(&r)) {
        size_t from = r.at;
        bool found = find_start(&r);
        if (r.at != from && !state->lost[dir]) {
            if (!app_tx_room(af))
                return (struct app_result){PARSE_FULL, (uint32_t)from};
            lose(af, dir, DNP3_MALFORMED);
        }
        status = found ? next_frame(af, dir, &r) : PARSE_MORE;
    }
    return (struct app_result){status, (uint32_t)r.at};
}

static void tx_free(struct app_flow *af, struct tx *tx)
{
    struct dnp3_tx *dnp3 = (struct dnp3_tx *)tx;
    if (dnp3->bytes)
        budget_give(af->mem, dnp3->bytes, dnp3->cap);
    if (dnp3->objects)
        budget_give(af->mem, dnp3->objects, dnp3->object_cap * sizeof *dnp3->objects);
}

const struct app_parser dnp3_parser = {
    .proto = APP_DNP3,
    .tcp = true,
    .probe = probe,
    .state_bytes = sizeof(struct dnp3_state),
    .data = data,
    .tx_free = tx_free,
    .tx_bytes = sizeof(struct dnp3_tx),
    .fields = {dnp3_fields, DNP3_FIELDS},
    .events = events,
    .event_count = DNP3_EVENTS,
    .log_wants = dnp3_log_wants,
    .log = dnp3_log,
};
