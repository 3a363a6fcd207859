/* crewman: the state of the engine process, shared by the files of this room. */
#ifndef GATEWAY_WORKER_CREWMAN_H
#define GATEWAY_WORKER_CREWMAN_H

#include "engine/engine.h"
#include "gateway/compile/compile.h"
#include "gateway/control/control.h"
#include "gateway/devices/devices.h"
#include "gateway/evelog/evelog.h"
#include "gateway/io/io.h"
#include "gateway/worker/loader.h"
#include "gateway/worker/worker.h"

#define ISOLATED_MAX 1024

enum side { SIDE_LAN, SIDE_WAN, SIDES };

/* MAC addresses that are cut off. A short list, looked through for each frame: in service it holds a handful. */
struct isolated {
    struct mac macs[ISOLATED_MAX];
    uint32_t count;
};

/* Whose frames have come in at the WAN port: a router or two. A rule never cuts these off. */
#define WAN_MACS_MAX 8

struct wan_side {
    struct mac macs[WAN_MACS_MAX];
    uint32_t count, next;
};

struct crewman {
    const struct worker_conf *conf;
    struct io_port *ports[SIDES];
    struct match_image *image;
    struct control_rules rules; /* of the image */
    struct loader loader;
    struct match_hosts *hosts;
    struct engine *engine;
    struct engine_conf engine_conf;
    struct eve_conf eve;
    struct evelog_file log_file;
    struct evelog log;
    uint64_t log_lost_told; /* events of log_file.lost that the log has told */
    int64_t log_warned_us;
    struct maker_list *makers;
    struct device_table *devices;
    struct isolated isolated;
    struct wan_side wan_side;
    struct buf line;             /* an event on its way to link */
    struct buf reply;            /* a frame of our own */
    enum side from;              /* port of the frame in hand */
    const struct packet *packet; /* the frame in hand, as decoded; NULL between frames */
    uint64_t dropped, isolated_frames, link_lost, number;
    int64_t last_beat_us;
    int64_t begun_us,
        stats_us;           /* monotonic: when it began, and when it last wrote a stats record */
    int64_t stats_every_us; /* 0: never */
    int64_t
        lease_us; /* monotonic: so long guard holds the bridge back, and only so long frames are forwarded here */
    bool stop;
};

/* tell.c: events */
bool tell_wants(void *crewman, enum eve_type type, enum app_proto proto);
void tell_event(void *crewman, const struct eve_event *event);
/* "otasuke": the device, who opened the flow, which way the threat goes, what was done: in eve.json and to the center. */
void tell_add(void *crewman, const struct eve_event *event, struct json *out);
void tell_devices(struct crewman *c, int64_t now_us);

/* act.c: what a verdict does to the frame */
void act_on_frame(struct crewman *c, const struct io_frame *in);
bool isolated_has(const struct isolated *set, const struct mac *mac);
void isolated_set(struct isolated *set, const struct mac *mac, bool on);

/* change.c: the image, and the change to another one */
NODISCARD int change_begin(struct crewman *c, struct err *err);
/* An order to use other rules: they are prepared aside. Takes fd over. */
void change_order(struct crewman *c, const struct control_rules *rules, int fd);
/* Between two batches: changes over when they are ready. */
void change_step(struct crewman *c);
void change_end(struct crewman *c);

/* sets.c: at the end, what rules have added to sets goes to guard */
void sets_hand_over(struct crewman *c);

#endif
