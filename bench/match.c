/* match RULES [ROUNDS]: builds the image of a rule file and prints time and memory; then the cost of looks: UDP packets
 * and TCP stream windows over made-up text, ns for each and MB/s. Fields are there by name only. */
#include "engine/match/match.h"
#include "engine/rule/fields_double.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#define TEXT_BYTES (1u << 20)
#define PIECE 1400u

/* Processor time: others may be busy on the same machine. */
static int64_t cpu_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static double peak_mb(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)u.ru_maxrss / 1024;
}

/* Words, numbers and some binary, the same every time. */
static void make_text(uint8_t *text)
{
    static const char *const words[] = {
        "GET /index.html HTTP/1.1\r\n", "Host: www.example.com\r\n",   "<div class=\"a\">",
        "function(){return 0}",         "Content-Type: text/html\r\n", "id=12345&name=",
        "\x00\x00\x01\x02\xff",         "lorem ipsum dolor sit amet ", "User-Agent: Mozilla/5.0 "};
    static const uint8_t lens[] = {26, 23, 15, 20, 25, 14, 5, 27, 24};
    uint32_t random = 1;
    for (size_t at = 0; at < TEXT_BYTES;) {
        random = random * 1664525u + 1013904223u;
        uint32_t k = (random >> 16) % ARRAY_COUNT(words);
        for (uint8_t i = 0; i < lens[k] && at < TEXT_BYTES; i++)
            text[at++] = (uint8_t)words[k][i];
    }
}

static struct match_image *load(struct field_table *fields, const char *path)
{
    struct err err = {{0}};
    const struct rule_names names = {fields,           double_app_event, double_event, double_event,
                                     double_app_state, double_app_frame, NULL};
    struct rule_loader *l = rule_loader_new(&names, NULL, &err);
    if (!l || rule_load_file(l, path, &err) < 0) {
        fprintf(stderr, "%s\n", err.text);
        return NULL;
    }
    struct rule_set *set = rule_loader_take(l);
    rule_loader_free(l);
    printf("rules read: %u used, %u refused; peak %.0f MB\n", set ? set->count : 0,
           set ? set->refused_count : 0, peak_mb());
    int64_t start = cpu_us();
    struct match_image *image = set ? match_image_new(set, fields, &err) : NULL;
    if (!image) {
        fprintf(stderr, "%s\n", err.text);
        return NULL;
    }
    struct match_image_stats s;
    match_image_stats(image, &s);
    printf(
        "image: %.2f s; %u groups, %u databases, %u rules without literal; %.1f MB; peak %.0f MB\n",
        (double)(cpu_us() - start) / 1e6, s.groups, s.databases, s.without_literal,
        (double)s.bytes / 1e6, peak_mb());
    return image;
}

static void print_cost(const char *what, int64_t start_us, uint32_t count,
                       const struct match_worker *w)
{
    const struct match_counts *c = match_worker_counts(w);
    double us = (double)(cpu_us() - start_us);
    printf("%s: %.0f ns each, %.0f MB/s; candidates %.2f, evaluated %.2f, hits %.3f each\n", what,
           us * 1000 / count, (double)count * PIECE / us, (double)c->candidates / count,
           (double)c->evaluated / count, (double)c->hits / count);
}

int main(int argc, char **argv)
{
    static struct field_table fields;
    static uint8_t text[TEXT_BYTES];
    static struct match_hits hits;
    struct err err;
    if (argc < 2 || field_table_init(&fields, &double_list, 1, &err) < 0) {
        fprintf(stderr, "usage: %s RULES [ROUNDS]\n", argv[0]);
        return 2;
    }
    int rounds = argc > 2 ? atoi(argv[2]) : 20;
    struct match_image *image = load(&fields, argv[1]);
    struct match_hosts *hosts = match_hosts_new(10000);
    struct slab slab;
    if (!image || !hosts || slab_init(&slab, 1 << 24) < 0)
        return 1;
    make_text(text);
    struct budget mem = {&slab, 0, 1 << 20};
    struct packet p = {.src.version = 4,
                       .dst.version = 4,
                       .src.bytes = {10, 0, 0, 1},
                       .dst.bytes = {203, 0, 113, 5},
                       .src_port = 40000,
                       .dst_port = 80};
    struct flow flow = {
        .client_ip = p.src, .server_ip = p.dst, .client_port = 40000, .server_port = 80};
    for (int tcp = 0; tcp < 2; tcp++)
        for (int dir = 0; dir < DIR_COUNT; dir++) {
            struct match_worker *w = match_worker_new(image, hosts);
            struct match_flow state = {0};
            if (!w)
                return 1;
            p.l4 = tcp ? PACKET_L4_TCP : PACKET_L4_UDP;
            flow.l4 = (uint8_t)p.l4;
            struct match_view view = {.packet = &p,
                                      .flow = &flow,
                                      .state = &state,
                                      .mem = &mem,
                                      .established = true,
                                      .dir = (enum dir)dir,
                                      .stream_accepted = tcp,
                                      .has_stream = tcp,
                                      .proto = APP_HTTP1,
                                      .now_us = 1};
            int64_t start = cpu_us();
            uint32_t count = 0;
            for (int round = 0; round < rounds; round++)
                for (uint32_t at = 2560; at + PIECE <= TEXT_BYTES; at += PIECE, count++) {
                    hits.count = 0;
                    p.payload = str_of(text + at, PIECE);
                    struct field_window window = {str_of(text + at - 2560, 2560 + PIECE), at - 2560,
                                                  false};
                    match_packet(w, &view, &hits);
                    if (tcp)
                        match_stream(w, &view, &window, 2560, &hits);
                    match_finish(w, &view, &hits);
                }
            char name[32];
            snprintf(name, sizeof name, "%s %s", tcp ? "tcp" : "udp",
                     dir ? "to client" : "to server");
            print_cost(name, start, count, w);
            match_flow_fini(&state, &mem);
            match_worker_free(w);
        }
    printf("peak %.0f MB\n", peak_mb());
    match_hosts_free(hosts);
    match_image_free(image);
    slab_fini(&slab);
    field_table_fini(&fields);
    return 0;
}
