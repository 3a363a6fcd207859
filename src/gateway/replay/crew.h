/* crew: workers that share a capture's frames; a flow lives and dies on one of them. */
#ifndef GATEWAY_REPLAY_CREW_H
#define GATEWAY_REPLAY_CREW_H

#include "engine/engine.h"
#include "gateway/evelog/evelog.h"
#include "gateway/filestore/filestore.h"

struct crew;

struct crew_conf {
    uint32_t count; /* 1: no thread, frames are judged where they are handed in */
    const struct engine_conf *engine;
    const struct match_image *image;
    struct match_hosts *hosts;
    struct evelog_file *files;  /* log_count of them, and as many descriptions: */
    const struct eve_conf *eve; /* may change between crew_flush and the next frame */
    uint32_t log_count;
    const char *store_parent, *store_folder; /* where files are kept; store_folder NULL: nowhere */
};

NODISCARD struct crew *crew_new(const struct crew_conf *conf, struct err *err);
/* The frame's bytes must live until crew_flush. */
void crew_frame(struct crew *crew, const struct packet_frame *frame);
/* All frames are judged, all flows ended, all lines written. */
void crew_flush(struct crew *crew);
void crew_free(struct crew *crew);
uint64_t crew_alerts(const struct crew *crew);
/* Files that were to be kept and could not be. */
uint64_t crew_files_lost(const struct crew *crew);
void crew_stats(struct crew *crew, int64_t time_us, double uptime_s);

#endif
