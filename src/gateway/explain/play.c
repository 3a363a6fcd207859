#include "gateway/explain/play.h"

#include "base/clock.h"
#include "gateway/pcap/pcap.h"

#include <time.h>

#define HOSTS_MAX 65536
#define TICK_FRAMES 256

static bool wants_nothing(void *owner, enum eve_type type, enum app_proto proto)
{
    return false;
}

static void no_event(void *owner, const struct eve_event *event)
{
}

/* CPU time of this thread: what other programs take of the machine does not count. */
static uint64_t thread_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void judge(struct play *p, struct engine *e, const struct packet_frame *frame)
{
    struct engine_answer answer;
    uint64_t before = p->times_packets ? thread_ns() : 0;
    engine_frame(e, frame, &answer);
    uint64_t ns = p->times_packets ? thread_ns() - before : 0;
    if (ns > p->slowest_ns) {
        p->slowest_ns = ns;
        p->slowest_packet = frame->number;
    }
    if (p->frame)
        p->frame(p->trace.match.owner, &answer);
}

static void run(struct play *p, struct engine *e, struct pcap_file *pcap)
{
    struct pcap_frame in;
    while (pcap_next(pcap, &in)) {
        const struct packet_frame frame = {
            .bytes = in.bytes, .time_us = in.time_us, .number = pcap->frames, .link = in.link};
        judge(p, e, &frame);
        p->packets++;
        p->bytes += in.bytes.len;
        if (p->packets % TICK_FRAMES == 0)
            engine_tick(e, in.time_us);
    }
    engine_flush(e);
    p->damaged = pcap->damaged;
}

int play_capture(struct play *p, const struct explain_rules *r, const struct explain_options *o,
                 struct err *err)
{
    static const struct engine_sink sink = {.wants = wants_nothing, .event = no_event};
    struct pcap_file pcap;
    struct engine_conf conf;
    if (pcap_open(&pcap, o->capture, err) < 0)
        return EXIT_NO_INPUT;
    engine_conf_read(&conf, o->conf, o->simulate_ips);
    if (o->checksums_set)
        conf.packet.verify_checksums = !o->no_checksums;
    struct match_hosts *hosts = match_hosts_new(HOSTS_MAX);
    struct engine *e = hosts ? engine_new(&conf, r->image, hosts, &sink, err) : NULL;
    int status = e && engine_trace(e, &p->trace) == 0 ? 0 : EXIT_CONFIG;
    if (!hosts)
        err_set(err, "out of memory for the host table");
    if (status == 0) {
        int64_t start = clock_mono_us();
        run(p, e, &pcap);
        p->mono_us = clock_mono_us() - start;
    }
    engine_free(e);
    match_hosts_free(hosts);
    pcap_close(&pcap);
    return status;
}
