#include "played.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static bool wants(void *owner, enum eve_type type, enum app_proto proto)
{
    return !(EVE_ASKED_FOR >> type & 1);
}

static void write_event(struct played *p, const struct eve_event *event)
{
    switch (event->type) {
    case EVE_ALERT:
        buf_printf(&p->seen, "alert %u %s%s", event->hit->rule->sid,
                   verdict_hit_blocked(event->verdict, event->hit) ? "blocked" : "allowed",
                   event->repeated ? " again" : "");
        break;
    case EVE_DROP: buf_add_c(&p->seen, "drop"); break;
    case EVE_APP: buf_add_c(&p->seen, app_proto_name(event->tx->proto)); break;
    case EVE_FILEINFO: buf_add_c(&p->seen, "file"); break;
    case EVE_ANOMALY: buf_printf(&p->seen, "anomaly %s", event->anomaly_event); break;
    case EVE_FLOW: buf_add_c(&p->seen, "flow"); break;
    case EVE_NETFLOW:
    case EVE_PACKET:
    case EVE_ARP:
    case EVE_FRAME:
    case EVE_METADATA:
    case EVE_TYPES: break;
    }
    if (event->tx)
        buf_printf(&p->seen, " tx %llu", (unsigned long long)event->tx->id);
    buf_add_byte(&p->seen, '\n');
}

static void on_event(void *owner, const struct eve_event *event)
{
    struct played *p = owner;
    if (!p->quiet)
        write_event(p, event);
}

static void compile(struct played *p, const char *rules)
{
    struct err err = {0};
    struct rule_loader *loader = rule_loader_new(engine_vocabulary_names(p->words), NULL, &err);
    assert_non_null(loader);
    assert_int_equal(rule_load_text(loader, str_c(rules), "test.rules", &err), 0);
    struct rule_set *set = rule_loader_take(loader);
    rule_loader_free(loader);
    assert_non_null(set);
    for (uint32_t i = 0; i < set->refused_count; i++)
        fail_msg("rule %u: %s", set->refused[i].sid, set->refused[i].reason);
    p->image = match_image_new(set, engine_vocabulary_fields(p->words), &err);
    assert_non_null(p->image);
}

void played_init(struct played *p, const char *rules, bool enforced,
                 void (*change)(struct engine_conf *conf))
{
    struct err err = {0};
    struct engine_sink sink = {.owner = p, .wants = wants, .event = on_event};
    *p = (struct played){0};
    buf_init(&p->seen, 0);
    p->words = engine_vocabulary_new(&err);
    assert_non_null(p->words);
    compile(p, rules);
    p->hosts = match_hosts_new(1024);
    assert_non_null(p->hosts);
    engine_conf_read(&p->conf, NULL, enforced);
    p->conf.flow.max = 1024;
    p->conf.memory_bytes = 64u << 20;
    p->conf.file.digests_max = 16;
    if (change)
        change(&p->conf);
    p->engine = engine_new(&p->conf, p->image, p->hosts, &sink, &err);
    assert_non_null(p->engine);
}

void played_end(struct played *p)
{
    engine_flush(p->engine);
}

void played_fini(struct played *p)
{
    engine_free(p->engine);
    match_hosts_free(p->hosts);
    match_image_free(p->image);
    engine_vocabulary_free(p->words);
    buf_fini(&p->seen);
}

/* The IP header onwards is there. */
static void give(struct played *p, const struct made_ends *ends, uint8_t ip_proto)
{
    made_ip(&p->frame, ends, ip_proto, STR_EMPTY);
    made_ether(&p->frame, 0x0800);
    p->frames++;
    struct packet_frame frame = {
        .bytes = made_str(&p->frame),
        .time_us = INT64_C(1700000000000000) + (int64_t)p->frames * 100,
        .number = p->frames,
        .link = PACKET_LINK_ETHERNET,
    };
    engine_frame(p->engine, &frame, &p->answer);
}

static struct made_ends ends_of(const struct played_talk *t, enum dir dir)
{
    struct made_ends e = t->ends;
    return dir == DIR_TOSERVER ? e : (struct made_ends){e.dst, e.src, e.dst_port, e.src_port};
}

static void segment(struct played_talk *t, enum dir dir, uint8_t flags, struct str bytes)
{
    struct made_ends ends = ends_of(t, dir);
    struct packet_tcp tcp = {.seq = t->seq[dir],
                             .ack = flags & TCP_ACK ? t->seq[dir_other(dir)] : 0,
                             .window = 65535,
                             .flags = flags};
    made_begin(&t->p->frame, bytes);
    made_tcp(&t->p->frame, &ends, &tcp, STR_EMPTY);
    t->seq[dir] += (uint32_t)bytes.len + ((flags & (TCP_SYN | TCP_FIN)) != 0);
    give(t->p, &ends, 6);
}

void played_begin(struct played_talk *t, struct played *p, uint16_t client_port,
                  uint16_t server_port)
{
    *t = (struct played_talk){.p = p,
                              .ends = {"192.168.10.11", "203.0.113.80", client_port, server_port},
                              .seq = {1000, 5000}};
}

void played_shake(struct played_talk *t)
{
    segment(t, DIR_TOSERVER, TCP_SYN, STR_EMPTY);
    segment(t, DIR_TOCLIENT, TCP_SYN | TCP_ACK, STR_EMPTY);
    segment(t, DIR_TOSERVER, TCP_ACK, STR_EMPTY);
}

void played_syn_data(struct played_talk *t, struct str bytes)
{
    uint32_t seq = t->seq[DIR_TOSERVER];
    segment(t, DIR_TOSERVER, TCP_SYN, bytes);
    t->seq[DIR_TOSERVER] = seq;
}

void played_open(struct played_talk *t, struct played *p, uint16_t client_port,
                 uint16_t server_port)
{
    played_begin(t, p, client_port, server_port);
    played_shake(t);
}

void played_send_raw(struct played_talk *t, enum dir dir, struct str bytes)
{
    segment(t, dir, TCP_ACK | TCP_PSH, bytes);
}

void played_send(struct played_talk *t, enum dir dir, struct str bytes)
{
    played_send_raw(t, dir, bytes);
    if (t->p->conf.stream.mode != STREAM_ACKNOWLEDGED)
        return;
    struct engine_answer answer = t->p->answer;
    segment(t, dir_other(dir), TCP_ACK, STR_EMPTY);
    t->p->answer = answer;
}

void played_send_cut(struct played_talk *t, enum dir dir, struct str bytes, size_t most)
{
    for (size_t at = 0; at < bytes.len; at += most)
        played_send(t, dir, str_cut(bytes, at, at + most));
}

void played_close(struct played_talk *t)
{
    segment(t, DIR_TOSERVER, TCP_FIN | TCP_ACK, STR_EMPTY);
    segment(t, DIR_TOCLIENT, TCP_FIN | TCP_ACK, STR_EMPTY);
    segment(t, DIR_TOSERVER, TCP_ACK, STR_EMPTY);
}

void played_udp(struct played_talk *t, enum dir dir, struct str bytes)
{
    struct made_ends ends = ends_of(t, dir);
    made_begin(&t->p->frame, bytes);
    made_udp(&t->p->frame, &ends);
    give(t->p, &ends, 17);
}

uint32_t played_count(const struct played *p, const char *line)
{
    uint32_t count = 0;
    for (struct str rest = buf_str(&p->seen); rest.len;)
        count += str_eq(str_split(&rest, '\n'), str_c(line));
    return count;
}
