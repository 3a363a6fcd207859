#include "engine/stream/scenario_test.h"

#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static uint32_t number(const char **at)
{
    char *end;
    unsigned long v = strtoul(*at, &end, 10);

    *at = end;
    return (uint32_t)v;
}

static uint8_t flag_of(char c)
{
    static const char letters[] = "FSRPAU";
    const char *p = strchr(letters, c);

    assert_non_null(p);
    return (uint8_t)(1u << (p - letters));
}

static void parse_options(struct packet *p, const char *at)
{
    while (*at && *at != '|') {
        const char *end;

        switch (*at++) {
        case 'a': p->tcp.ack = number(&at); break;
        case 'w': p->tcp.window = (uint16_t)number(&at); break;
        case 's':
            p->tcp.has_window_scale = true;
            p->tcp.window_scale = (uint8_t)number(&at);
            break;
        case 't':
            p->tcp.has_timestamps = true;
            p->tcp.ts_value = number(&at);
            at++;
            p->tcp.ts_echo = number(&at);
            break;
        case 'u': p->tcp.urgent = (uint16_t)number(&at); break;
        case 'o': p->tcp.has_fast_open = true; break;
        case 'm': p->tcp.is_signed = true; break;
        case '\'':
            end = strchr(at, '\'');
            assert_non_null(end);
            p->payload = str_of(at, (size_t)(end - at));
            at = end + 1;
            break;
        case ' ': break;
        default: fail_msg("unknown option at: %s", at - 1);
        }
    }
}

static bool parse_packet(struct packet *p, const char *line)
{
    bool from_client = *line == 'c';
    const char *at = line + 3;

    *p = (struct packet){.l4 = PACKET_L4_TCP, .tcp = {.window = 1000}};
    while (*at && *at != ' ')
        p->tcp.flags |= flag_of(*at++);
    p->tcp.seq = number(&at);
    parse_options(p, at);
    return from_client;
}

static void write_result(struct buf *b, const struct stream *s, const struct stream_result *r)
{
    buf_add_c(b, stream_state_name(s->state));
    if (r->ignored)
        buf_add_c(b, " ignored");
    else if (!r->accepted)
        buf_add_c(b, " refused");
    if (r->drop)
        buf_add_c(b, " drop");
    if (r->swap)
        buf_add_c(b, " swap");
    if (r->reuse)
        buf_add_c(b, " reuse");
    if (r->retransmission)
        buf_add_c(b, " retransmission");
    if (r->closed_now)
        buf_add_c(b, " closed");
    for (uint32_t i = 0; i < r->event_count; i++)
        buf_printf(b, " ev:%s", stream_event_name(r->events[i]));
}

static void drain(struct buf *b, struct stream *s, const struct stream_conf *conf,
                  struct budget *mem)
{
    for (uint32_t half = 0; half < 2; half++) {
        struct stream_chunk chunk;
        char who = half ? 's' : 'c';

        while (stream_ready(s, conf, mem, half, &chunk)) {
            if (chunk.gap > 0)
                buf_printf(b, " %c+%u", who, chunk.gap);
            if (chunk.bytes.len > 0)
                buf_printf(b, " %c'%.*s'", who, (int)chunk.bytes.len, (const char *)chunk.bytes.p);
            if (chunk.end)
                buf_printf(b, " %c.", who);
            if (chunk.gap == 0 && chunk.bytes.len == 0)
                break;
            stream_consume(s, mem, half, chunk.gap + (uint32_t)chunk.bytes.len);
        }
        stream_raw_done(s, mem, half, UINT64_MAX);
    }
}

static void play_show(struct buf *got, struct stream *s, const struct stream_conf *conf,
                      struct budget *mem, const char *line)
{
    struct arena scratch;
    arena_init(&scratch, 0, 0);
    buf_add(got, stream_shown_over_holes(s, conf, mem, line[5] == 's', &scratch));
    arena_fini(&scratch);
}

static void play_step(struct buf *got, struct stream *s, const struct stream_conf *conf,
                      struct budget *mem, const char *line)
{
    struct stream_result result = {.accepted = true};
    struct packet p;

    if (strncmp(line, "finish", 6) == 0) {
        stream_finish(s);
    } else if (strncmp(line, "turn", 4) == 0) {
        stream_turn(s);
    } else {
        bool from_client = parse_packet(&p, line);

        result = stream_packet(s, conf, mem, &p, from_client);
    }
    write_result(got, s, &result);
    drain(got, s, conf, mem);
    stream_keep(s, mem);
}

static void play_line(const struct scenario *sc, struct stream *s, const struct stream_conf *conf,
                      struct budget *mem, const char *line)
{
    const char *want = strchr(line, '|');
    struct buf got;

    buf_init(&got, 0);
    assert_non_null(want);
    for (want++; *want == ' '; want++)
        ;
    if (strncmp(line, "show ", 5) == 0)
        play_show(&got, s, conf, mem, line);
    else
        play_step(&got, s, conf, mem, line);
    if (strcmp(buf_c(&got), want) != 0)
        fail_msg("%s: %s\n   got: %s", sc->name, line, buf_c(&got));
    buf_fini(&got);
}

void scenario_play(const struct scenario *sc, enum stream_mode mode)
{
    struct stream_conf conf;
    struct slab slab;
    struct budget mem;
    struct stream s = {0};

    stream_conf_defaults(&conf);
    conf.mode = mode;
    if (sc->configure)
        sc->configure(&conf);
    assert_int_equal(slab_init(&slab, 16 << 20), 0);
    mem = (struct budget){.slab = &slab, .limit_bytes = 8 << 20};
    for (uint32_t i = 0; i < ARRAY_COUNT(sc->lines) && sc->lines[i]; i++)
        play_line(sc, &s, &conf, &mem, sc->lines[i]);
    stream_end(&s, &mem);
    assert_int_equal(mem.used_bytes, 0);
    slab_fini(&slab);
}
