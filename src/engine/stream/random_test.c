/* A random stream of bytes, cut, reordered, repeated and acknowledged at random, must come out as it went in: in both modes,
 * whatever the reader takes at a time; and with ever less memory, as much of it as there is memory for, at its right place. */
#include "engine/stream/stream.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define BYTES 4000
#define SPAN_MAX 300 /* bytes in flight */
#define LIVES 300

static uint64_t seed, tried;

static uint32_t draw(uint32_t below)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(seed >> 33) % below;
}

struct life {
    struct stream s;
    struct stream_conf conf;
    struct slab slab;
    struct budget mem;
    uint8_t sent[BYTES];
    bool received[BYTES]; /* by the receiver's stack */
    uint32_t in_order;    /* so far it acknowledges */
    uint32_t isn[2];
    uint64_t app_at, raw_at; /* read so far */
    uint64_t missing;        /* in gaps */
    bool gaps_allowed, ended;
};

static void check_bytes(const struct life *l, const struct stream_chunk *chunk)
{
    assert_true(chunk->offset + chunk->bytes.len <= BYTES);
    assert_memory_equal(chunk->bytes.p, l->sent + chunk->offset, chunk->bytes.len);
}

static void read_app(struct life *l)
{
    struct stream_chunk chunk;

    while (stream_ready(&l->s, &l->conf, &l->mem, 0, &chunk)) {
        uint32_t take = chunk.bytes.len ? draw((uint32_t)chunk.bytes.len + 1) : 0;

        l->ended |= chunk.end;
        assert_int_equal(chunk.offset, l->app_at);
        if (chunk.gap > 0) {
            assert_true(l->gaps_allowed);
            assert_int_equal(chunk.bytes.len, 0);
            take = chunk.gap;
            l->missing += chunk.gap;
        }
        check_bytes(l, &chunk);
        if (chunk.end)
            take = (uint32_t)chunk.bytes.len;
        stream_consume(&l->s, &l->mem, 0, take);
        l->app_at += take;
        if (take == 0 || draw(4) == 0)
            break;
    }
}

static void read_raw(struct life *l)
{
    struct stream_chunk chunk;

    while (stream_raw(&l->s, &l->conf, &l->mem, 0, &chunk)) {
        uint64_t from = chunk.offset + chunk.new_from;

        check_bytes(l, &chunk);
        assert_true(chunk.new_from < chunk.bytes.len);
        assert_true(l->gaps_allowed ? from >= l->raw_at : from == l->raw_at);
        if (!l->gaps_allowed)
            assert_true(chunk.new_from >= l->conf.raw_window_bytes[0] || chunk.offset == 0);
        l->raw_at = chunk.offset + chunk.bytes.len;
        stream_raw_done(&l->s, &l->mem, 0, l->raw_at);
    }
}

/* Both readers hold their bytes at the same time: neither may move the other's. */
static void read_both(struct life *l)
{
    struct stream_chunk app, raw;
    bool has_app = stream_ready(&l->s, &l->conf, &l->mem, 0, &app);

    if (stream_raw(&l->s, &l->conf, &l->mem, 0, &raw))
        check_bytes(l, &raw);
    if (has_app) {
        check_bytes(l, &app);
        l->ended |= app.end;
    }
}

/* What an alert shows: true bytes up to the last ready one, and no reader is moved by it. */
static void look_back(struct life *l)
{
    struct stream_chunk chunk;

    if (!stream_shown(&l->s, &l->conf, &l->mem, 0, &chunk))
        return;
    check_bytes(l, &chunk);
    assert_int_equal(chunk.offset + chunk.bytes.len, l->s.half[0].ready_end);
    assert_true(chunk.bytes.len <= l->conf.raw_window_bytes[0]);
}

static struct stream_result hand_in(struct life *l, const struct packet *p, bool from_client)
{
    struct stream_result r = stream_packet(&l->s, &l->conf, &l->mem, p, from_client);

    if (draw(3) == 0)
        read_both(l);
    if (draw(3) > 0)
        read_app(l);
    if (draw(3) > 0)
        read_raw(l);
    if (draw(3) == 0)
        look_back(l);
    stream_keep(&l->s, &l->mem);
    return r;
}

static struct packet segment(const struct life *l, bool from_client, uint8_t flags, uint32_t from,
                             uint32_t len)
{
    struct packet p = {.l4 = PACKET_L4_TCP};

    p.tcp.flags = flags;
    p.tcp.seq = l->isn[from_client ? 0 : 1] + 1 + from;
    p.tcp.ack = l->isn[from_client ? 1 : 0] + 1 + (from_client ? 0 : l->in_order);
    p.tcp.window = 65535;
    /* far outside of the window: what the bytes are does not matter there */
    p.payload = str_of(l->sent + (from <= sizeof l->sent - len ? from : 0), len);
    return p;
}

static void open_connection(struct life *l)
{
    struct packet p = segment(l, true, TCP_SYN, 0, 0);

    p.tcp.seq--;
    p.tcp.ack = 0;
    hand_in(l, &p, true);
    p = segment(l, false, TCP_SYN | TCP_ACK, 0, 0);
    p.tcp.seq--;
    hand_in(l, &p, false);
    p = segment(l, true, TCP_ACK, 0, 0);
    assert_true(hand_in(l, &p, true).established);
}

static void receive(struct life *l, uint32_t from, uint32_t len)
{
    for (uint32_t i = 0; i < len; i++)
        l->received[from + i] = true;
    while (l->in_order < BYTES && l->received[l->in_order])
        l->in_order++;
}

static void send_all(struct life *l)
{
    while (l->in_order < BYTES) {
        uint32_t base = l->in_order > 40 ? l->in_order - draw(40) : l->in_order;
        uint32_t from = base + draw(SPAN_MAX);
        uint32_t len = 1 + draw(draw(4) ? 100 : 3);
        struct packet p;
        struct stream_result r;

        if (draw(3) == 0)
            from = l->in_order; /* the sender repeats what is missing */
        if (from >= BYTES)
            continue;
        if (from + len > BYTES)
            len = BYTES - from;
        p = segment(l, true, TCP_ACK, from, len);
        r = hand_in(l, &p, true);
        if (!r.drop)
            receive(l, from, len);
        if (draw(2) == 0) {
            p = segment(l, false, TCP_ACK, 0, 0);
            hand_in(l, &p, false);
        }
    }
}

static void close_connection(struct life *l)
{
    struct packet p = segment(l, true, TCP_FIN | TCP_ACK, BYTES, 0);

    hand_in(l, &p, true);
    p = segment(l, false, TCP_ACK, 0, 0);
    hand_in(l, &p, false);
    while (l->app_at < BYTES) {
        uint64_t before = l->app_at;

        read_app(l);
        if (l->gaps_allowed && before == l->app_at && l->ended)
            break;
    }
    read_app(l);
    read_raw(l);
    assert_true(l->ended);
}

static void live(enum stream_mode mode, uint32_t limit_bytes)
{
    static struct life l;

    memset(&l, 0, sizeof(l));
    stream_conf_defaults(&l.conf);
    l.conf.mode = mode;
    l.conf.overlap = draw(STREAM_OVERLAPS);
    l.conf.raw_window_bytes[0] = draw(2) ? 100 : 0;
    l.conf.recheck_bytes = draw(2) ? 150 : 0;
    l.isn[0] = draw(2) ? 0u - draw(BYTES) : draw(UINT32_MAX);
    l.isn[1] = draw(UINT32_MAX);
    l.gaps_allowed = limit_bytes != 0;
    assert_int_equal(slab_init(&l.slab, 1 << 20), 0);
    l.mem = (struct budget){.slab = &l.slab, .limit_bytes = limit_bytes ? limit_bytes : 1 << 20};
    for (uint32_t i = 0; i < BYTES; i++)
        l.sent[i] = (uint8_t)draw(256);
    open_connection(&l);
    send_all(&l);
    close_connection(&l);
    if (!l.gaps_allowed) {
        assert_int_equal(l.app_at, BYTES);
        assert_int_equal(l.raw_at, BYTES);
        assert_int_equal(l.s.half[0].gaps, 0);
        assert_int_equal(l.s.half[0].overlaps, 0);
    }
    stream_end(&l.s, &l.mem);
    assert_int_equal(l.mem.used_bytes, 0);
    slab_fini(&l.slab);
}

static int tell_seed(void **state)
{
    print_message("# last seed %llu\n", (unsigned long long)tried);
    return 0;
}

static void test_same_bytes(void **state)
{
    for (uint32_t i = 0; i < LIVES; i++) {
        tried = seed = 7000 + i;
        live(i % 2 ? STREAM_INLINE : STREAM_ACKNOWLEDGED, 0);
    }
}

/* Every limit makes another allocation the first one that fails. */
static void test_little_memory(void **state)
{
    for (uint32_t limit = 1; limit < 6000; limit += 31) {
        tried = seed = 9000 + limit;
        live(limit % 2 ? STREAM_INLINE : STREAM_ACKNOWLEDGED, limit);
    }
}

/* Offsets go on beyond 2^32, where sequence numbers begin anew. */
static void test_beyond_4_gib(void **state)
{
    static struct life l;
    static uint8_t much[1 << 20];
    struct stream_chunk chunk;
    uint64_t offset = 0;

    memset(&l, 0, sizeof(l));
    seed = 1;
    stream_conf_defaults(&l.conf);
    l.conf.mode = STREAM_INLINE;
    l.conf.depth_bytes = 0;
    assert_int_equal(slab_init(&l.slab, 4 << 20), 0);
    l.mem = (struct budget){.slab = &l.slab, .limit_bytes = 2 << 20};
    open_connection(&l);
    stream_raw_stop(&l.s, &l.mem, 0);
    while (offset < (uint64_t)4200 << 20) {
        struct packet p = segment(&l, true, TCP_ACK, (uint32_t)offset, 0);

        p.payload = str_of(much, sizeof(much));
        assert_true(stream_packet(&l.s, &l.conf, &l.mem, &p, true).accepted);
        assert_true(stream_ready(&l.s, &l.conf, &l.mem, 0, &chunk));
        assert_int_equal(chunk.offset, offset);
        assert_int_equal(chunk.bytes.len, sizeof(much));
        stream_consume(&l.s, &l.mem, 0, sizeof(much));
        stream_keep(&l.s, &l.mem);
        offset += sizeof(much);
        p = segment(&l, false, TCP_ACK, 0, 0);
        p.tcp.ack = l.isn[0] + 1 + (uint32_t)offset;
        assert_true(stream_packet(&l.s, &l.conf, &l.mem, &p, false).accepted);
        stream_keep(&l.s, &l.mem);
    }
    assert_int_equal(l.s.half[0].gaps, 0);
    stream_end(&l.s, &l.mem);
    assert_int_equal(l.mem.used_bytes, 0);
    slab_fini(&l.slab);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_same_bytes, tell_seed),
        cmocka_unit_test_teardown(test_little_memory, tell_seed),
        cmocka_unit_test(test_beyond_4_gib),
    };

    return cmocka_run_group_tests_name("engine/stream/random", tests, NULL, NULL);
}
