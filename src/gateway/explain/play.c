#include "gateway/explain/play.h"

#include "base/clock.h"
#include "gateway/pcap/pcap.h"

#define HOSTS_MAX 65536
#define TICK_FRAMES 256

static bool wants_nothing(void *owner, enum eve_type type, enum app_proto proto)
{
    return false;
}

static void no_event(void *owner, const struct eve_event *event)
{
}

static void run(struct play *p, struct engine *e, struct pcap_file *pcap)
{
    struct pcap_frame in;
    struct engine_answer answer;
    while (pcap_next(pcap, &in)) {
        const struct packet_frame frame = {
            .bytes = in.bytes, .time_us = in.time_us, .number = pcap->frames, .link = in.link};
        engine_frame(e, &frame, &answer);
        if (p->frame)
            p->frame(p->trace.match.owner, &answer);
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
