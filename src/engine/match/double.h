/* double: stands in for the rest of the engine in this room's own tests: rules from text, packets, a flow, and transactions of
 * two pretended protocols with fields of every kind. */
#ifndef ENGINE_MATCH_DOUBLE_H
#define ENGINE_MATCH_DOUBLE_H

#include "engine/match/match.h"

#include <stdio.h>
#include <stdlib.h>

#define DOUBLE_PARTS 4

/* Progress of the pretended HTTP: the line, then headers, then all. */
enum { DOUBLE_LINE = 1, DOUBLE_HEADERS = 2 };

struct double_tx {
    struct tx tx;
    struct str uri, method, agent, header, stat_code, file_name[DOUBLE_PARTS], query[DOUBLE_PARTS];
    uint32_t file_count, query_count;
    bool file_whole;
    struct str md5;
    struct field_window body[DIR_COUNT];
    bool has_body[DIR_COUNT];
    uint64_t opcode, file_size;
};

static inline const struct double_tx *double_of(const struct tx *tx)
{
    return (const struct double_tx *)tx;
}

#define DOUBLE_GET(name)                                                            \
    static inline bool double_##name(const struct tx *tx, enum dir dir, uint32_t i, \
                                     struct arena *a, struct str *out)              \
    {                                                                               \
        *out = double_of(tx)->name;                                                 \
        return out->p != NULL;                                                      \
    }
DOUBLE_GET(uri)
DOUBLE_GET(method)
DOUBLE_GET(agent)
DOUBLE_GET(header)
DOUBLE_GET(stat_code)

static inline bool double_query(const struct tx *tx, enum dir dir, uint32_t i, struct arena *a,
                                struct str *out)
{
    if (i >= double_of(tx)->query_count)
        return false;
    *out = double_of(tx)->query[i];
    return true;
}

static inline bool double_file(const struct tx *tx, enum dir dir, uint32_t i, struct arena *a,
                               struct str *out)
{
    if (i >= double_of(tx)->file_count)
        return false;
    *out = double_of(tx)->file_name[i];
    return true;
}

static inline bool double_body(const struct tx *tx, enum dir dir, uint32_t i,
                               struct field_window *out)
{
    *out = double_of(tx)->body[dir];
    return i == 0 && double_of(tx)->has_body[dir];
}

static inline bool double_opcode(const struct tx *tx, enum dir dir, uint32_t i, uint64_t *out)
{
    *out = double_of(tx)->opcode;
    return i == 0;
}

static inline bool double_size(const struct tx *tx, enum dir dir, uint32_t i, uint64_t *out)
{
    *out = double_of(tx)->file_size;
    return i == 0 && double_of(tx)->file_whole;
}

static inline bool double_size_so_far(const struct tx *tx, enum dir dir, uint32_t i, uint64_t *out)
{
    *out = double_of(tx)->file_size;
    return i == 0 && double_of(tx)->file_count && !double_of(tx)->file_whole;
}

static inline bool double_md5(const struct tx *tx, enum dir dir, uint32_t i, struct arena *a,
                              struct str *out)
{
    *out = double_of(tx)->md5;
    return i == 0 && out->p;
}

#define DOUBLE_TS DIR_BIT(DIR_TOSERVER)
#define DOUBLE_TC DIR_BIT(DIR_TOCLIENT)

static const struct field_desc double_rows[] = {
    {"http.uri", APP_HTTP1, DOUBLE_TS, {DOUBLE_LINE, 0}, FIELD_BYTES, .bytes = double_uri},
    {"http.method", APP_HTTP1, DOUBLE_TS, {DOUBLE_LINE, 0}, FIELD_BYTES, .bytes = double_method},
    {"http.user_agent",
     APP_HTTP1,
     DOUBLE_TS,
     {DOUBLE_HEADERS, 0},
     FIELD_BYTES,
     .bytes = double_agent},
    {"http.header",
     APP_HTTP1,
     DIR_BOTH,
     {DOUBLE_HEADERS, DOUBLE_HEADERS},
     FIELD_BYTES,
     .bytes = double_header},
    {"http.stat_code",
     APP_HTTP1,
     DOUBLE_TC,
     {0, DOUBLE_LINE},
     FIELD_BYTES,
     .bytes = double_stat_code},
    {"http.request_body",
     APP_HTTP1,
     DOUBLE_TS,
     {DOUBLE_HEADERS, 0},
     FIELD_WINDOW,
     .window = double_body},
    {"http.response_body",
     APP_HTTP1,
     DOUBLE_TC,
     {0, DOUBLE_HEADERS},
     FIELD_WINDOW,
     .window = double_body},
    {"file.data",
     APP_HTTP1,
     DIR_BOTH,
     {DOUBLE_HEADERS, DOUBLE_HEADERS},
     FIELD_WINDOW,
     .multi = true,
     .window = double_body},
    {"file.name",
     APP_HTTP1,
     DIR_BOTH,
     {DOUBLE_HEADERS, DOUBLE_HEADERS},
     FIELD_BYTES,
     .multi = true,
     .bytes = double_file},
    {"file.size",
     APP_HTTP1,
     DIR_BOTH,
     {DOUBLE_HEADERS, DOUBLE_HEADERS},
     FIELD_UINT,
     .multi = true,
     .number = double_size},
    {"file.size_so_far",
     APP_HTTP1,
     DIR_BOTH,
     {DOUBLE_HEADERS, DOUBLE_HEADERS},
     FIELD_UINT,
     .multi = true,
     .number = double_size_so_far},
    {"file.md5",
     APP_HTTP1,
     DIR_BOTH,
     {DOUBLE_HEADERS, DOUBLE_HEADERS},
     FIELD_BYTES,
     .multi = true,
     .bytes = double_md5},
    {"dns.query",
     APP_DNS,
     DIR_BOTH,
     {TX_COMPLETE, TX_COMPLETE},
     FIELD_BYTES,
     .multi = true,
     .bytes = double_query},
    {"dns.opcode",
     APP_DNS,
     DIR_BOTH,
     {TX_COMPLETE, TX_COMPLETE},
     FIELD_UINT,
     .number = double_opcode},
};
static const struct field_list double_list = {double_rows, ARRAY_COUNT(double_rows)};

static inline int double_app_event(struct str name, uint64_t *mask)
{
    *mask = UINT64_C(1) << APP_HTTP1;
    return str_eq(name, STR_LIT("http.odd")) ? 3 : str_eq(name, STR_LIT("http.worse")) ? 4 : -1;
}

static inline int double_event(struct str name)
{
    return str_eq(name, STR_LIT("broken")) ? 7 : -1;
}

static inline int double_app_state(uint64_t protos, struct str name, enum dir *dir)
{
    static const struct {
        const char *name;
        enum dir dir;
        int progress;
    } states[] = {{"request_started", DIR_TOSERVER, 0},
                  {"request_line", DIR_TOSERVER, DOUBLE_LINE},
                  {"request_headers", DIR_TOSERVER, DOUBLE_HEADERS},
                  {"request_complete", DIR_TOSERVER, TX_COMPLETE},
                  {"response_line", DIR_TOCLIENT, DOUBLE_LINE}};
    for (size_t i = 0; i < ARRAY_COUNT(states); i++)
        if (str_eq(name, str_c(states[i].name))) {
            *dir = states[i].dir;
            return states[i].progress;
        }
    return -1;
}

struct stage {
    const struct conf *conf; /* or NULL */
    struct field_table fields;
    struct match_image *image;
    struct match_hosts *hosts;
    struct match_worker *worker;
    struct slab slab;
    struct budget mem;
    struct flow flow;
    struct match_flow state;
    struct packet_frame frame;
    struct packet packet;
    struct match_view view;
    struct match_hits hits;
    char said[512]; /* sids of the hits that are shown: "1 4" */
};

static inline struct match_image *stage_image(struct stage *s, const char *rules)
{
    static const struct rule_names shape = {
        NULL, double_app_event, double_event, double_event, double_app_state, NULL, NULL};
    struct rule_names names = shape;
    names.fields = &s->fields;
    struct err err = {{0}};
    struct rule_loader *l = rule_loader_new(&names, s->conf, &err);
    if (!l || rule_load_text(l, str_c(rules), "test.rules", &err) < 0)
        abort();
    struct rule_set *set = rule_loader_take(l);
    rule_loader_free(l);
    for (uint32_t i = 0; set && i < set->refused_count; i++)
        printf("# refused: %s: %s\n", set->refused[i].keyword, set->refused[i].reason);
    struct match_image *image = set ? match_image_new(set, &s->fields, &err) : NULL;
    if (!image)
        printf("# no image: %s\n", err.text);
    return image;
}

static inline void stage_header(struct stage *s, enum packet_l4 l4, enum dir dir)
{
    struct packet *p = &s->packet;
    const struct flow *f = &s->flow;
    bool up = dir == DIR_TOSERVER;
    *p = (struct packet){.frame = &s->frame,
                         .l4 = l4,
                         .src = up ? f->client_ip : f->server_ip,
                         .dst = up ? f->server_ip : f->client_ip,
                         .ttl = 64};
    p->ip_proto = l4 == PACKET_L4_TCP ? 6 : l4 == PACKET_L4_UDP ? 17 : 1;
    if (l4 == PACKET_L4_TCP || l4 == PACKET_L4_UDP) {
        p->src_port = up ? f->client_port : f->server_port;
        p->dst_port = up ? f->server_port : f->client_port;
    }
    p->tcp.flags = TCP_ACK | TCP_PSH;
    s->flow.l4 = (uint8_t)l4;
    s->view.dir = dir;
}

static inline struct stage *stage_new_with(const char *rules, const struct conf *conf)
{
    struct stage *s = calloc(1, sizeof *s);
    struct err err;
    if (!s || field_table_init(&s->fields, &double_list, 1, &err) < 0 ||
        slab_init(&s->slab, 1 << 20) < 0)
        abort();
    s->mem = (struct budget){&s->slab, 0, 1 << 16};
    s->conf = conf;
    s->image = stage_image(s, rules);
    s->hosts = match_hosts_new(1000);
    s->worker = s->image ? match_worker_new(s->image, s->hosts) : NULL;
    if (!s->worker)
        abort();
    (void)ip_parse(STR_LIT("192.168.1.10"), &s->flow.client_ip);
    (void)ip_parse(STR_LIT("203.0.113.5"), &s->flow.server_ip);
    s->flow.client_port = 40000;
    s->flow.server_port = 80;
    s->view = (struct match_view){.packet = &s->packet,
                                  .flow = &s->flow,
                                  .state = &s->state,
                                  .mem = &s->mem,
                                  .established = true,
                                  .now_us = 1000000000};
    stage_header(s, PACKET_L4_UDP, DIR_TOSERVER);
    return s;
}

static inline struct stage *stage_new(const char *rules)
{
    return stage_new_with(rules, NULL);
}

static inline void stage_free(struct stage *s)
{
    match_flow_fini(&s->state, &s->mem);
    if (s->mem.used_bytes)
        abort(); /* state was not given back */
    match_worker_free(s->worker);
    match_hosts_free(s->hosts);
    match_image_free(s->image);
    slab_fini(&s->slab);
    field_table_fini(&s->fields);
    free(s);
}

static inline const char *stage_say(struct stage *s)
{
    match_finish(s->worker, &s->view, &s->hits);
    size_t at = 0;
    s->said[0] = 0;
    for (uint32_t i = 0; i < s->hits.count && at < sizeof s->said - 16; i++)
        if (!s->hits.items[i].silent && !s->hits.items[i].untold)
            at += (size_t)snprintf(s->said + at, 16, at ? " %u" : "%u", s->hits.items[i].rule->sid);
    return s->said;
}

/* One packet with this payload; the sids it gives. */
static inline const char *stage_packet(struct stage *s, struct str payload)
{
    s->packet.payload = payload;
    s->hits.count = s->hits.lost = 0;
    match_packet(s->worker, &s->view, &s->hits);
    return stage_say(s);
}

/* New bytes of the stream: the window's last `fresh` bytes. */
static inline const char *stage_stream(struct stage *s, struct str window, uint64_t offset,
                                       uint32_t fresh)
{
    struct field_window w = {window, offset, false};
    s->hits.count = s->hits.lost = 0;
    match_stream(s->worker, &s->view, &w, (uint32_t)window.len - fresh, &s->hits);
    return stage_say(s);
}

static inline const char *stage_tx(struct stage *s, struct double_tx *tx, enum dir dir,
                                   uint8_t progress)
{
    s->view.dir = dir;
    s->view.proto = tx->tx.proto;
    tx->tx.progress[dir] = progress;
    s->hits.count = s->hits.lost = 0;
    match_tx(s->worker, &s->view, &tx->tx, &s->hits);
    return stage_say(s);
}

#endif
