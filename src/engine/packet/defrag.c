/* The table of datagrams that wait for pieces.
 *
 * What an attacker gains by filling it: each new datagram pushes the oldest waiting one out, and so do cells. Whole
 * packets never come here, so all he can do is to make *fragmented* traffic of others invisible as a whole while he
 * keeps sending at a rate above fragments_max per round trip; the pieces still pass or not as the engine decides for
 * fragments without a datagram. Time per piece is bounded by DEFRAG_CELLS_MAX steps, and pieces that come in order cost
 * one.
 */
#include "engine/packet/defrag.h"

#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "base/hash.h"
#include "engine/packet/checksum.h"
#include "engine/packet/wire.h"

#define NONE UINT32_MAX
/* Two cells hold the payload of a full Ethernet frame. */
#define CELL_BYTES 744
/* Cells of one datagram. 64 KiB in pieces of an MTU of 576 need 240; 8-byte pieces (the least there are) may so make up
 * 8 KiB, which only attackers send. */
#define DEFRAG_CELLS_MAX 1024

struct cell {
    uint32_t next;  /* in the datagram, by offset; or in the free list */
    uint32_t order; /* of arrival */
    uint32_t offset;
    uint32_t len;
    uint32_t piece_from, piece_end; /* of the piece that it is a part of */
    uint8_t bytes[CELL_BYTES];
};

struct datagram_key {
    struct ip src, dst;
    uint32_t id;
    uint8_t ip_proto; /* IPv4 only: RFC 791 3.2; IPv6: 0 (RFC 8200 4.5 does without) */
    uint8_t vlan_count;
    uint16_t vlan[PACKET_VLAN_MAX];
};

struct datagram {
    struct datagram_key key;
    uint32_t hash_next;
    uint32_t older, newer; /* by time of the first piece; free list by newer */
    uint32_t bucket;
    int64_t first_us;
    uint32_t cells, cells_last; /* list by offset */
    uint32_t cell_count, order;
    uint32_t end;   /* highest byte + 1 that was seen */
    uint32_t total; /* length, once the last piece is here; else 0 */
    bool overlapped;
    uint16_t head_len; /* 0: the first piece is not here yet */
    uint16_t next_at;
    uint8_t ip_proto; /* of the first piece's fragment header */
    uint8_t head[DEFRAG_HEAD_MAX];
};

struct defrag {
    struct datagram *datagrams;
    struct cell *cells;
    uint32_t *buckets;
    uint32_t datagram_max, cell_max, bucket_mask;
    uint32_t datagram_free, cell_free; /* given back */
    uint32_t datagram_cut, cell_cut;   /* never used from here on */
    uint32_t oldest, newest;
    uint32_t datagrams_held, cells_held;
    enum defrag_policy policy; /* DEFRAG_POLICIES: of the receiver */
    struct packet_targets targets;
    int64_t timeout_us;
    uint64_t timed_out, refused;
    uint64_t secret[2];
};

/* Pages come as they are touched: a worker that never sees a fragment pays nothing. */
static void *region_new(size_t bytes)
{
    void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                   -1, 0);
    return p == MAP_FAILED ? NULL : p;
}

static void region_free(void *p, size_t bytes)
{
    if (p)
        munmap(p, bytes);
}

struct defrag *defrag_new(const struct packet_conf *conf)
{
    struct defrag *f = calloc(1, sizeof *f);
    if (!f)
        return NULL;
    f->datagram_max = conf->fragments_max ? conf->fragments_max : 1;
    f->cell_max = conf->fragment_bytes_max / CELL_BYTES + 1;
    f->timeout_us = (int64_t)conf->fragment_timeout_ms * 1000;
    f->policy = DEFRAG_POLICIES;
    f->targets = conf->targets;
    f->bucket_mask = 1;
    while (f->bucket_mask < f->datagram_max && f->bucket_mask < 1u << 24)
        f->bucket_mask *= 2;
    f->datagrams = region_new(f->datagram_max * sizeof *f->datagrams);
    f->cells = region_new(f->cell_max * sizeof *f->cells);
    f->buckets = malloc(f->bucket_mask * sizeof *f->buckets);
    f->datagram_free = f->cell_free = f->oldest = f->newest = NONE;
    if (f->datagrams && f->cells && f->buckets) {
        memset(f->buckets, 0xff, f->bucket_mask * sizeof *f->buckets);
        f->bucket_mask--;
        hash_random(f->secret, sizeof f->secret);
        return f;
    }
    defrag_free(f);
    return NULL;
}

void defrag_free(struct defrag *f)
{
    if (!f)
        return;
    region_free(f->datagrams, f->datagram_max * sizeof *f->datagrams);
    region_free(f->cells, f->cell_max * sizeof *f->cells);
    free(f->buckets);
    free(f);
}

void defrag_set_policy(struct defrag *f, enum defrag_policy policy)
{
    f->policy = policy;
}

/* --- cells --- */

static uint32_t cell_take(struct defrag *f)
{
    uint32_t at = f->cell_free;
    if (at != NONE)
        f->cell_free = f->cells[at].next;
    else if (f->cell_cut < f->cell_max)
        at = f->cell_cut++;
    if (at != NONE)
        f->cells_held++;
    return at;
}

static void cells_give(struct defrag *f, struct datagram *d)
{
    if (d->cells == NONE)
        return;
    f->cells[d->cells_last].next = f->cell_free;
    f->cell_free = d->cells;
    f->cells_held -= d->cell_count;
    d->cells = d->cells_last = NONE;
    d->cell_count = 0;
}

/* --- datagrams --- */

static void datagram_drop(struct defrag *f, struct datagram *d)
{
    uint32_t at = (uint32_t)(d - f->datagrams);
    cells_give(f, d);
    uint32_t *link = &f->buckets[d->bucket];
    while (*link != at)
        link = &f->datagrams[*link].hash_next;
    *link = d->hash_next;
    *(d->older == NONE ? &f->oldest : &f->datagrams[d->older].newer) = d->newer;
    *(d->newer == NONE ? &f->newest : &f->datagrams[d->newer].older) = d->older;
    d->newer = f->datagram_free;
    f->datagram_free = at;
    f->datagrams_held--;
}

static bool datagram_is_over(const struct defrag *f, const struct datagram *d, int64_t now_us)
{
    int64_t age = now_us - d->first_us;
    return age > f->timeout_us ||
           age < -f->timeout_us; /* a clock that was set back must not keep it for ever */
}

/* A few at each piece are enough: each piece begins one datagram at most. */
static void expire(struct defrag *f, int64_t now_us)
{
    for (int i = 0; i < 4 && f->oldest != NONE; i++) {
        struct datagram *d = &f->datagrams[f->oldest];
        if (!datagram_is_over(f, d, now_us))
            return;
        f->timed_out++;
        datagram_drop(f, d);
    }
}

/* Room for a new cell or datagram by dropping the oldest one, but never `keep`. */
static bool make_room(struct defrag *f, const struct datagram *keep)
{
    uint32_t at = f->oldest;
    if (at != NONE && &f->datagrams[at] == keep)
        at = keep->newer;
    if (at == NONE)
        return false;
    f->refused++;
    datagram_drop(f, &f->datagrams[at]);
    return true;
}

static struct datagram_key key_of(const struct packet *p, const struct defrag_piece *piece)
{
    struct datagram_key key;
    memset(&key, 0, sizeof key); /* it is hashed and compared as bytes, padding too */
    key.src = p->src;
    key.dst = p->dst;
    key.id = piece->id;
    key.ip_proto = p->src.version == 4 ? piece->ip_proto : 0;
    key.vlan_count = p->vlan_count;
    memcpy(key.vlan, p->vlan, sizeof key.vlan);
    return key;
}

static struct datagram *datagram_new(struct defrag *f, const struct datagram_key *key,
                                     uint32_t bucket, int64_t now_us)
{
    if (f->datagram_free == NONE && f->datagram_cut == f->datagram_max)
        make_room(f, NULL);
    uint32_t at = f->datagram_free;
    if (at != NONE)
        f->datagram_free = f->datagrams[at].newer;
    else
        at = f->datagram_cut++;
    struct datagram *d = &f->datagrams[at];
    memset(d, 0, offsetof(struct datagram, head));
    d->key = *key;
    d->bucket = bucket;
    d->hash_next = f->buckets[bucket];
    f->buckets[bucket] = at;
    d->first_us = now_us;
    d->cells = d->cells_last = NONE;
    d->older = f->newest;
    d->newer = NONE;
    *(f->newest == NONE ? &f->oldest : &f->datagrams[f->newest].newer) = at;
    f->newest = at;
    f->datagrams_held++;
    return d;
}

static struct datagram *datagram_get(struct defrag *f, const struct packet *p,
                                     const struct defrag_piece *piece)
{
    struct datagram_key key = key_of(p, piece);
    int64_t now_us = p->frame->time_us;
    uint32_t bucket = (uint32_t)hash_sip(f->secret, str_of(&key, sizeof key)) & f->bucket_mask;
    for (uint32_t at = f->buckets[bucket]; at != NONE; at = f->datagrams[at].hash_next) {
        struct datagram *d = &f->datagrams[at];
        if (memcmp(&d->key, &key, sizeof key) != 0)
            continue;
        if (!datagram_is_over(f, d, now_us))
            return d;
        f->timed_out++;
        datagram_drop(f, d);
        break;
    }
    return datagram_new(f, &key, bucket, now_us);
}

/* --- taking a piece in --- */

static bool same_bytes(const struct cell *cell, uint32_t offset, struct str bytes)
{
    return cell->offset == offset && cell->len == bytes.len &&
           memcmp(cell->bytes, bytes.p, bytes.len) == 0;
}

/* Where a stretch goes in the list. */
struct place {
    uint32_t behind; /* the last one that begins before it or with it */
    bool overlaps;   /* bytes of it are there already */
    bool repeated;   /* exactly this stretch is there */
};

static struct place place_find(const struct defrag *f, const struct datagram *d, uint32_t offset,
                               struct str bytes)
{
    struct place place = {.behind = NONE};
    if (d->cells_last != NONE && d->end <= offset) {
        place.behind = d->cells_last;
        return place;
    }
    for (uint32_t at = d->cells; at != NONE; at = f->cells[at].next) {
        const struct cell *cell = &f->cells[at];
        if (cell->offset >= offset + bytes.len)
            break;
        if (cell->offset + cell->len > offset) {
            place.overlaps = true;
            place.repeated = place.repeated || same_bytes(cell, offset, bytes);
        }
        if (cell->offset <= offset)
            place.behind = at;
    }
    return place;
}

/* One stretch of at most CELL_BYTES. False: no room. */
static bool stretch_add(struct defrag *f, struct datagram *d, const struct defrag_piece *piece,
                        uint32_t offset, struct str bytes)
{
    struct place place = place_find(f, d, offset, bytes);
    if (place.repeated)
        return true;
    d->overlapped = d->overlapped || place.overlaps;
    if (d->cell_count == DEFRAG_CELLS_MAX)
        return false;
    uint32_t at = cell_take(f);
    while (at == NONE && make_room(f, d))
        at = cell_take(f);
    if (at == NONE)
        return false;
    struct cell *cell = &f->cells[at];
    uint32_t *link = place.behind == NONE ? &d->cells : &f->cells[place.behind].next;
    cell->next = *link;
    *link = at;
    if (cell->next == NONE)
        d->cells_last = at;
    cell->order = d->order++;
    cell->offset = offset;
    cell->piece_from = piece->offset;
    cell->piece_end = piece->offset + (uint32_t)piece->bytes.len;
    cell->len = (uint32_t)bytes.len;
    memcpy(cell->bytes, bytes.p, bytes.len);
    d->cell_count++;
    if (offset + cell->len > d->end)
        d->end = offset + cell->len;
    return true;
}

static void head_keep(struct datagram *d, const struct defrag_piece *piece)
{
    d->head_len = (uint16_t)piece->head.len;
    d->next_at = (uint16_t)piece->next_at;
    d->ip_proto = piece->ip_proto;
    memcpy(d->head, piece->head.p, piece->head.len);
}

/* --- the whole --- */

static bool is_whole(const struct defrag *f, const struct datagram *d)
{
    if (d->head_len == 0 || d->total == 0 || d->end < d->total)
        return false;
    uint32_t reached = 0;
    for (uint32_t at = d->cells; at != NONE; at = f->cells[at].next) {
        const struct cell *cell = &f->cells[at];
        if (cell->offset > reached)
            return false;
        if (cell->offset + cell->len > reached)
            reached = cell->offset + cell->len;
    }
    return reached >= d->total;
}

/* Where the later piece begins and ends, seen from the earlier one: bit begin * 3 + end (before, same, after). */
#define BEFORE(ends) ((ends) << 0)
#define SAME(ends) ((ends) << 3)
#define AFTER(ends) ((ends) << 6)
#define ENDS_BEFORE 1u
#define ENDS_SAME 2u
#define ENDS_AFTER 4u
#define ENDS_ANY 7u

/* In which places the later one's bytes count. */
static const uint16_t takes_later[DEFRAG_POLICIES] = {
    [DEFRAG_BSD] = BEFORE(ENDS_ANY),
    [DEFRAG_LINUX] = BEFORE(ENDS_ANY) | SAME(ENDS_ANY),
    [DEFRAG_FIRST] = 0,
    [DEFRAG_LAST] = BEFORE(ENDS_ANY) | SAME(ENDS_ANY) | AFTER(ENDS_ANY),
    [DEFRAG_BSD_RIGHT] = SAME(ENDS_ANY) | AFTER(ENDS_ANY),
    [DEFRAG_SOLARIS] = BEFORE(ENDS_SAME | ENDS_AFTER),
    [DEFRAG_WINDOWS] = BEFORE(ENDS_AFTER),
};

static const enum defrag_policy policy_of[TARGETS] = {
    [TARGET_BSD] = DEFRAG_BSD,
    [TARGET_BSD_RIGHT] = DEFRAG_BSD_RIGHT,
    [TARGET_OLD_LINUX] = DEFRAG_LINUX,
    [TARGET_LINUX] = DEFRAG_LINUX,
    [TARGET_OLD_SOLARIS] = DEFRAG_FIRST,
    [TARGET_SOLARIS] = DEFRAG_SOLARIS,
    [TARGET_HPUX10] = DEFRAG_BSD,
    [TARGET_HPUX11] = DEFRAG_FIRST,
    [TARGET_IRIX] = DEFRAG_BSD,
    [TARGET_MACOS] = DEFRAG_FIRST,
    [TARGET_VISTA] = DEFRAG_WINDOWS,
    [TARGET_WINDOWS] = DEFRAG_WINDOWS,
    [TARGET_WINDOWS2K3] = DEFRAG_WINDOWS,
};

static uint32_t place_of(uint32_t later, uint32_t earlier)
{
    return later < earlier ? 0 : later == earlier ? 1 : 2;
}

static bool later_counts(enum defrag_policy policy, const struct cell *earlier,
                         const struct cell *later)
{
    uint32_t begin = place_of(later->piece_from, earlier->piece_from);
    uint32_t end = place_of(later->piece_end, earlier->piece_end);
    return takes_later[policy] >> (3 * begin + end) & 1;
}

#define UNIT_BYTES 8 /* fragments begin at multiples of it (RFC 791 3.1) */
#define UNITS (65536 / UNIT_BYTES)

/* The whole while it is written: which cell each unit has its bytes from, 0: none, else order + 1. */
struct writing {
    const struct cell *by_order[DEFRAG_CELLS_MAX];
    uint16_t owner[UNITS];
    enum defrag_policy policy;
    uint32_t total;
    uint8_t *out;
};

/* The unit at `at`, as far as the cell reaches. Only the last unit of a datagram can be reached in part. */
static void unit_write(struct writing *w, const struct cell *cell, uint32_t at)
{
    uint32_t end = cell->offset + cell->len, upto = at + UNIT_BYTES < end ? at + UNIT_BYTES : end;
    uint16_t *owner = &w->owner[at / UNIT_BYTES];
    const struct cell *held = *owner ? w->by_order[*owner - 1] : NULL;
    uint32_t from = at;
    if (upto > w->total)
        upto = w->total;
    if (held && !later_counts(w->policy, held, cell) && held->offset + held->len > from)
        from = held->offset + held->len; /* what it has stays */
    else
        *owner = (uint16_t)(cell->order + 1);
    if (from < upto)
        memcpy(w->out + from, cell->bytes + (from - cell->offset), upto - from);
}

/* In the order of arrival, as the receiver did it. */
static void payload_write(const struct defrag *f, const struct datagram *d, uint8_t *out)
{
    struct writing w = {.total = d->total, .out = out, .policy = f->policy};
    if (w.policy == DEFRAG_POLICIES)
        w.policy = policy_of[packet_target(&f->targets, &d->key.dst)];
    for (uint32_t at = d->cells; at != NONE; at = f->cells[at].next)
        w.by_order[f->cells[at].order] = &f->cells[at];
    for (uint32_t i = 0; i < d->cell_count; i++) {
        const struct cell *cell = w.by_order[i];
        for (uint32_t at = cell->offset; at < cell->offset + cell->len && at < d->total;
             at += UNIT_BYTES)
            unit_write(&w, cell, at);
    }
}

/* Length and fragment fields as if it had come in one. */
static void head_write(const struct datagram *d, uint8_t *out)
{
    memcpy(out, d->head, d->head_len);
    if (d->key.src.version == 6) {
        wire_put_u16(out + 4, d->head_len - 40u + d->total);
        out[d->next_at] = d->ip_proto;
        return;
    }
    wire_put_u16(out + 2, d->head_len + d->total);
    wire_put_u16(out + 6, 0);
    wire_put_u16(out + 10, 0);
    wire_put_u16(out + 10, checksum_finish(checksum_add(0, str_of(out, d->head_len))));
}

/* --- the door --- */

enum problem { PROBLEM_NONE, PROBLEM_OVERLAP, PROBLEM_TOO_LARGE, PROBLEM_IGNORED };

static const enum packet_event problem_events[2][4] = {
    {PACKET_EVENT_NONE, PACKET_EVENT_IPV4_FRAG_OVERLAP, PACKET_EVENT_IPV4_FRAG_PKT_TOO_LARGE,
     PACKET_EVENT_IPV4_FRAG_IGNORED},
    {PACKET_EVENT_NONE, PACKET_EVENT_IPV6_FRAG_OVERLAP, PACKET_EVENT_IPV6_FRAG_PKT_TOO_LARGE,
     PACKET_EVENT_IPV6_FRAG_IGNORED},
};

/* All stretches of a piece; false when there was no room for one of them. */
static bool piece_add(struct defrag *f, struct datagram *d, const struct defrag_piece *piece)
{
    struct str rest = piece->bytes;
    uint32_t offset = piece->offset;
    while (rest.len > 0) {
        struct str stretch = str_cut(rest, 0, CELL_BYTES);
        if (!stretch_add(f, d, piece, offset, stretch))
            return false;
        offset += (uint32_t)stretch.len;
        rest = str_from(rest, stretch.len);
    }
    if (piece->offset == 0 && d->head_len == 0)
        head_keep(d, piece);
    if (!piece->more && d->total != 0 && d->total != offset)
        d->overlapped = true; /* two ends: the first one stays */
    if (!piece->more && d->total == 0)
        d->total = offset;
    return true;
}

static enum problem take(struct defrag *f, struct datagram *d, const struct defrag_piece *piece)
{
    bool overlapped = d->overlapped;
    if (!piece_add(f, d, piece)) {
        f->refused++;
        datagram_drop(f, d);
        return PROBLEM_IGNORED;
    }
    return d->overlapped && !overlapped ? PROBLEM_OVERLAP : PROBLEM_NONE;
}

size_t defrag_add(struct defrag *f, const struct packet *p, const struct defrag_piece *piece,
                  uint8_t *whole, enum packet_event *event)
{
    const enum packet_event *events = problem_events[p->src.version == 6];
    *event = PACKET_EVENT_NONE;
    expire(f, p->frame->time_us);
    if (piece->offset + piece->bytes.len > 65535) { /* the ping of death */
        *event = events[PROBLEM_TOO_LARGE];
        return 0;
    }
    if (piece->head.len > DEFRAG_HEAD_MAX) {
        f->refused++;
        *event = events[PROBLEM_IGNORED];
        return 0;
    }
    struct datagram *d = datagram_get(f, p, piece);
    enum problem problem = take(f, d, piece);
    *event = events[problem];
    if (problem == PROBLEM_IGNORED || !is_whole(f, d))
        return 0;
    size_t len = (size_t)d->head_len + d->total;
    if (len > (d->key.src.version == 6 ? DEFRAG_WHOLE_BYTES : 65535)) {
        *event = events[PROBLEM_TOO_LARGE];
        datagram_drop(f, d);
        return 0;
    }
    payload_write(f, d, whole + d->head_len);
    head_write(d, whole);
    datagram_drop(f, d);
    return len;
}

uint32_t defrag_datagrams_held(const struct defrag *f)
{
    return f->datagrams_held;
}

uint32_t defrag_cells_held(const struct defrag *f)
{
    return f->cells_held;
}

uint64_t defrag_timed_out(const struct defrag *f)
{
    return f->timed_out;
}

uint64_t defrag_refused(const struct defrag *f)
{
    return f->refused;
}
