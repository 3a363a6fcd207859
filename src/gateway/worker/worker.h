/* worker: the engine process of `omamori run`: frames in, verdict carried out, events out.
 *
 * Way in:    descriptors that guard opened: two packet rings, the event log, the socket to link, the control socket.
 * Way out:   frames that go on, resets, EVE lines to the log and (those that the center gets) to link, isolation wishes to guard.
 * Rights:    after worker_run has mapped the rings it becomes a user of its own; after it has mapped the rules it gives
 *            up the rest (no_new_privs, seccomp: no open, no socket, no fork, no exec). It dies with guard.
 * Rules:     an image that the compile process has made and sealed. New ones come through the control socket; the loader
 *            thread prepares them aside, the worker changes over between two batches: no frame goes uninspected, no
 *            flow is forgotten. What cannot be used is told to guard, and the ones before go on.
 * Loop:      poll the two ports; take up to IO_BATCH frames of one; for each: isolated? drop. Otherwise the engine's answer
 *            decides; send; give back; beat every WORKER_BEAT_MS. No allocation, lock or system call per packet.
 * Lease:     guard says until when the bridge is held back; only so long frames are forwarded here. So a frame has one way
 *            at a time, also when this process or guard was asleep: nothing is sent twice, nothing "blocked" gets round us.
 * Sets:      what rules have added to sets that are to be kept (dataset: state, save) is written into a memfd at the end: guard
 *            has the files.
 * Truth:     "isolated" and "blocked" are written only for frames that were not sent.
 */
#ifndef GATEWAY_WORKER_WORKER_H
#define GATEWAY_WORKER_WORKER_H

#include "base/conf.h"
#include "base/err.h"
#include "gateway/compile/compile.h"
#include "gateway/control/control.h"
#include "gateway/rights/rights.h"

#define WORKER_BEAT_MS 100

/* In front of each set in the memfd. */
struct worker_saved {
    uint64_t rules; /* number of the image */
    uint64_t bytes; /* that follow */
    uint32_t index; /* of its file: in the order of compile_summary.saved */
    uint32_t unused;
};

struct worker_conf {
    const struct conf *yaml;             /* outputs, limits; as replay reads it */
    const char *maker_folder;            /* OUI lists, or NULL */
    const struct compile_ground *ground; /* as guard has laid it */
    int rules_fd;                        /* memfd of the image to begin with */
    struct control_rules rules;          /* what is in it, and its place */
    const struct rights_user *user;      /* to become */
    int lan_fd, wan_fd;                  /* io_open's */
    int eve_fd;                          /* event log, or -1 */
    int link_fd;                         /* non-blocking SOCK_SEQPACKET or stream to link, or -1 */
    int control_fd;                      /* to guard */
    int sets_fd;                         /* memfd for sets, or -1 */
    uint64_t memory_bytes;
};

/* The life of the engine process; returns the exit status. */
int worker_run(const struct worker_conf *conf);

#endif
