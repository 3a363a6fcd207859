/* Framing: records over TCP (RFC 5531, 11), datagrams over UDP; calls to the server, replies back. */
#include "engine/app/nfs/nfs.h"

#include "engine/app/nfs/message.h"

#define MARK_BYTES 4
#define CALL_ENOUGH 24  /* xid, type, RPC's version, program, version, procedure */
#define REPLY_ENOUGH 12 /* xid, type, state */
#define LOST_ENOUGH (MARK_BYTES + CALL_ENOUGH)
#define PROCEDURE_MAX 64
#define NFS_PORT 2049

static const struct app_event_desc events[NFS_EVENTS] = {
    [NFS_MALFORMED_DATA] = {"malformed_data"},
    [NFS_NONEXISTENT_VERSION] = {"nonexistent_version"},
    [NFS_UNSUPPORTED_VERSION] = {"unsupported_version"},
    [NFS_TOO_MANY_TRANSACTIONS] = {"too_many_transactions"},
};

/* ---- heads ---- */

/* Bytes of a call to NFS, as far as they are there. */
static enum app_probe looks_like_call(struct str bytes)
{
    static const uint8_t want[] = {0, 0, 0, 0, 0, 0, 0, 2, 0, 1, 0x86, 0xa3, 0, 0, 0};
    for (size_t i = 0; i < sizeof want && 4 + i < bytes.len; i++)
        if (bytes.p[4 + i] != want[i])
            return APP_PROBE_NO;
    if (bytes.len < CALL_ENOUGH)
        return APP_PROBE_MORE;
    struct reader r = reader_of(str_from(bytes, 16));
    uint32_t version = reader_u32(&r);
    return version >= 2 && version <= 4 && reader_u32(&r) <= PROCEDURE_MAX ? APP_PROBE_YES
                                                                           : APP_PROBE_NO;
}

/* A reply names no program: only on the own port it is taken for one of NFS. */
static enum app_probe looks_like_reply(struct str bytes)
{
    static const uint8_t want[] = {0, 0, 0, 1, 0, 0, 0};
    for (size_t i = 0; i < sizeof want && 4 + i < bytes.len; i++)
        if (bytes.p[4 + i] != want[i])
            return APP_PROBE_NO;
    if (bytes.len < REPLY_ENOUGH)
        return APP_PROBE_MORE;
    return bytes.p[REPLY_ENOUGH - 1] <= 1 ? APP_PROBE_YES : APP_PROBE_NO;
}

static enum app_probe probe_message(struct str bytes, enum dir dir, uint16_t server_port)
{
    if (dir == DIR_TOSERVER)
        return looks_like_call(bytes);
    return server_port == NFS_PORT ? looks_like_reply(bytes) : APP_PROBE_NO;
}

static enum app_probe probe_udp(struct str bytes, enum dir dir, uint16_t server_port)
{
    return probe_message(bytes, dir, server_port) == APP_PROBE_YES ? APP_PROBE_YES : APP_PROBE_NO;
}

static enum app_probe probe(struct str bytes, enum dir dir, uint16_t server_port)
{
    if (!bytes.len)
        return APP_PROBE_MORE;
    if (bytes.p[0] != 0x80 && bytes.p[0] != 0)
        return APP_PROBE_NO;
    return probe_message(str_from(bytes, MARK_BYTES), dir, server_port);
}

/* ---- messages ---- */

static void take_call(struct nfs_message *m)
{
    const struct onc_call *call = &m->call;
    struct app_flow *af = m->af;
    bool is_whole = onc_read_call(&m->r, &m->call);
    nfs_tell_call(m, is_whole);
    if (!is_whole) {
        nfs_malformed(af, NULL);
        return;
    }
    /* one that is there already is sent once more */
    bool foreign = call->program != NFS_PROGRAM;
    if (call->rpc_version != 2 || nfs_call_find(af, call->xid) ||
        (!foreign && (call->version < 2 || call->version > 4)))
        return;
    struct nfs_call *waiting = nfs_call_add(m);
    if (!waiting)
        return;
    if (foreign)
        nfs_take_foreign(m, waiting);
    else if (call->version == 4)
        nfs4_take_call(m, waiting);
    else
        nfs_take_call(m, waiting);
}

static void take_reply(struct nfs_message *m)
{
    struct onc_reply reply;
    if (!onc_read_reply(&m->r, &reply))
        return;
    struct nfs_call *call = nfs_call_find(m->af, reply.xid);
    nfs_tell_reply(m, &reply, call);
    if (!call)
        return;
    nfs_take_reply(m, call, &reply);
    nfs_call_drop(m->af, call);
}

/* A message, or its beginning. What the server asks of the client (RFC 7530, 10.4: callbacks) is passed over. */
static void take_message(struct nfs_message *m)
{
    m->r = reader_of(m->bytes);
    struct reader head = reader_of(str_from(m->bytes, 4));
    uint32_t type = reader_u32(&head);
    if (head.bad)
        return;
    if (m->dir == DIR_TOSERVER && type == ONC_CALL)
        take_call(m);
    else if (m->dir == DIR_TOCLIENT && type == ONC_REPLY)
        take_reply(m);
}

/* ---- the stream ---- */

/* What is left of a message that was too long to wait for. */
static size_t pass_on(struct app_flow *af, enum dir dir, struct str bytes)
{
    struct nfs_side *side = &nfs_state_of(af)->sides[dir];
    struct str some = str_cut(bytes, 0, side->skip);
    struct str data = str_cut(some, 0, side->data);
    if (data.len)
        nfs_file_more(af, dir, data);
    side->data -= data.len < side->data ? (uint32_t)data.len : side->data;
    side->skip -= (uint32_t)some.len;
    if (side->skip == 0)
        side->data = 0;
    return some.len;
}

static void take_gap(struct app_flow *af, enum dir dir, uint32_t gap)
{
    struct nfs_side *side = &nfs_state_of(af)->sides[dir];
    uint32_t skipped = gap < side->skip ? gap : side->skip;
    side->lost |= gap > side->skip;
    if (side->data)
        nfs_file_missing(af, dir, gap < side->data ? gap : side->data);
    side->skip -= skipped;
    side->data -= skipped < side->data ? skipped : side->data;
}

/* Behind a hole only a call to NFS, or a reply to one that waits, tells a head from other bytes. */
static bool is_head(const struct app_flow *af, enum dir dir, struct str bytes)
{
    struct str message = str_from(bytes, MARK_BYTES);
    if (bytes.p[0] != 0x80 && bytes.p[0] != 0)
        return false;
    if (dir == DIR_TOSERVER)
        return looks_like_call(message) == APP_PROBE_YES;
    struct reader r = reader_of(message);
    return looks_like_reply(message) == APP_PROBE_YES && nfs_call_find(af, reader_u32(&r));
}

static size_t lost_bytes(const struct app_flow *af, enum dir dir, struct str bytes)
{
    size_t at = 0;
    while (at + LOST_ENOUGH <= bytes.len && !is_head(af, dir, str_from(bytes, at)))
        at++;
    return at;
}

/* A record in several fragments: how many bytes of the stream, and of the message. */
struct record {
    size_t bytes;
    uint32_t len, fragments;
    bool whole, too_long;
};

static struct record measure(struct str bytes)
{
    struct record record = {0};
    while (!record.whole && !record.too_long && bytes.len - record.bytes >= MARK_BYTES) {
        struct reader r = reader_of(str_from(bytes, record.bytes));
        struct onc_mark mark = onc_read_mark(&r);
        record.too_long =
            mark.len > NFS_MESSAGE_MAX - record.len || ++record.fragments > NFS_FRAGMENTS_MAX;
        if (record.too_long || reader_left(&r) < mark.len)
            break;
        record.len += mark.len;
        record.bytes += MARK_BYTES + mark.len;
        record.whole = mark.last;
    }
    return record;
}

/* The fragments' bytes, one behind the other. */
static struct str join(struct app_flow *af, struct str bytes, const struct record *record)
{
    uint8_t *out = arena_alloc(af->scratch, record->len ? record->len : 1);
    struct reader r = reader_of(str_cut(bytes, 0, record->bytes));
    size_t at = 0;
    while (reader_left(&r)) {
        struct str part = reader_str(&r, onc_read_mark(&r).len);
        if (part.len)
            memcpy(out + at, part.p, part.len);
        at += part.len;
    }
    return str_of(out, at);
}

/* Takes what begins with a record's mark. Returns the bytes that are consumed; 0: more are needed, `status` says so. */
static size_t take_record(struct app_flow *af, enum dir dir, struct str rest, enum parse *status)
{
    struct nfs_side *side = &nfs_state_of(af)->sides[dir];
    struct reader r = reader_of(rest);
    struct onc_mark mark = onc_read_mark(&r);
    *status = PARSE_MORE;
    if (r.bad)
        return 0;
    if (mark.len > NFS_RECORD_MAX) {
        nfs_malformed(af, NULL);
        *status = PARSE_BAD;
        return 0;
    }
    struct record record = {0};
    if (!mark.last && !side->in_record)
        record = measure(rest);
    if (side->in_record || record.too_long) {
        side->in_record = !mark.last;
        side->skip = mark.len;
        return MARK_BYTES;
    }
    uint32_t wanted = mark.len <= NFS_MESSAGE_MAX ? mark.len : NFS_HEAD_ENOUGH;
    if (mark.last ? reader_left(&r) < wanted : !record.whole)
        return 0;
    if (!app_tx_room(af)) {
        *status = PARSE_FULL;
        return 0;
    }
    side->lost = false;
    side->data = 0;
    side->file = NULL;
    side->filling = NULL;
    struct nfs_message m = {.af = af, .dir = dir};
    if (!mark.last) {
        m.bytes = join(af, rest, &record);
        m.whole_bytes = record.len;
        take_message(&m);
        return record.bytes;
    }
    m.record = str_cut(rest, 0, MARK_BYTES + wanted);
    m.bytes = reader_str(&r, wanted);
    m.whole_bytes = mark.len;
    take_message(&m);
    side->skip = mark.len - wanted;
    return MARK_BYTES + wanted;
}

static struct app_result data(struct app_flow *af, enum dir dir, const struct app_chunk *chunk)
{
    struct nfs_side *side = &nfs_state_of(af)->sides[dir];
    struct str rest = chunk->bytes;
    enum parse status = PARSE_OK;
    if (chunk->gap)
        take_gap(af, dir, chunk->gap);
    while (rest.len && status == PARSE_OK) {
        if (side->skip) {
            rest = str_from(rest, pass_on(af, dir, rest));
            continue;
        }
        if (side->lost)
            rest = str_from(rest, lost_bytes(af, dir, rest));
        if (side->lost && rest.len < LOST_ENOUGH) {
            status = PARSE_MORE;
            break;
        }
        size_t taken = take_record(af, dir, rest, &status);
        rest = str_from(rest, taken);
        if (taken)
            status = PARSE_OK;
    }
    if (chunk->end)
        nfs_files_end(af, dir);
    return (struct app_result){status, (uint32_t)(chunk->bytes.len - rest.len)};
}

static struct app_result datagram(struct app_flow *af, enum dir dir, const struct app_chunk *chunk)
{
    uint32_t len = (uint32_t)chunk->bytes.len;
    if (!app_tx_room(af))
        return (struct app_result){PARSE_FULL, 0};
    struct nfs_message m = {
        .af = af, .dir = dir, .record = chunk->bytes, .bytes = chunk->bytes, .whole_bytes = len};
    take_message(&m);
    return (struct app_result){PARSE_OK, len};
}

static void tx_inspected(struct app_flow *af, struct tx *tx, enum dir dir)
{
    struct nfs_tx *nfs = (struct nfs_tx *)tx;
    (void)af;
    if (nfs->is_file && dir == nfs->file_dir)
        body_inspected(&nfs->body, &nfs->body_conf);
}

/* Two rows, because a datagram is whole: the probe must know. Fields are told once. */
#define PARSER                                                                                 \
    .proto = APP_NFS, .state_bytes = sizeof(struct nfs_state), .close = nfs_tables_fini,       \
    .tx_free = nfs_tx_free, .tx_bytes = sizeof(struct nfs_tx), .tx_inspected = tx_inspected,   \
    .give_up = nfs_give_up, .events = events, .event_count = NFS_EVENTS, .events_small = true, \
    .frames = nfs_frames, .frame_count = NFS_FRAME_KINDS, .log_wants = nfs_log_wants,          \
    .log = nfs_log, .log_beside = nfs_log_beside

const struct app_parser nfs_parser = {PARSER, .tcp = true, .probe = probe, .data = data,
                                      .fields = {nfs_fields, NFS_FIELD_ROWS}};

const struct app_parser nfs_udp_parser = {PARSER, .udp = true, .probe = probe_udp,
                                          .data = datagram};
