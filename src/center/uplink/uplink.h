/* uplink: the center's own listener for gateways (browsers come to another one): TLS 1.3, certificates of our own CA.
 *
 * Way in:    frames of link.h from boxes. Everything but enrolment needs a client certificate of our CA: asked for and
 *            verified in the handshake, and its serial is asked for in the store on every single message, so that a
 *            revocation works at once, without a restart. A box whose policy changed or that was revoked is told or cut
 *            off when core tells the change, not at its next heartbeat.
 * Way out:   core: claims, certificates, events, heartbeats. An event batch is acknowledged after core_ingest says that it
 *            is durable. Every batch and heartbeat is checked against the field allow-list here too: one field that may
 *            not travel, and the whole batch is refused.
 * Threads:   one loop thread owns all sockets and never waits; UPLINK_WORKERS threads do what asks the store, one message
 *            of a connection at a time, so that batches of several boxes meet in one commit.
 * Files:     in `folder`: ca.pem, ca.key (0600), uplink.pem (the listener's key and certificate, 0600), policy.key (0600),
 *            made at the first start. Who has ca.key can pretend to be any box: it belongs into backups and nowhere else.
 * Limits:    below, each with its reason. What an attacker without a certificate gains: one of UPLINK_STRANGERS_MAX places
 *            for some seconds, and less when others want to come in: then the stranger who came first goes.
 */
#ifndef CENTER_UPLINK_UPLINK_H
#define CENTER_UPLINK_UPLINK_H

#include "base/err.h"
#include "center/core/core.h"

#define UPLINK_WORKERS 4
#define UPLINK_CONNECTIONS_MAX 4096
#define UPLINK_STRANGERS_MAX 256        /* without a finished handshake, or enrolling */
#define UPLINK_STRANGERS_PER_ADDRESS 32 /* many boxes may stand behind one address */
#define UPLINK_INPUT_BYTES_MAX \
    (256u << 20)              /* of frames that have not come in whole, over all connections */
#define UPLINK_HANDSHAKE_S 10 /* and the first message */
#define UPLINK_ENROL_S 60
#define UPLINK_IDLE_S 150  /* five heartbeats */
#define UPLINK_FRAME_S 180 /* a frame begun must end: 1 MB over 48 kbit/s */
#define UPLINK_CERTIFICATE_S (90 * 86400)

struct uplink_conf {
    const char *listen;    /* "0.0.0.0:8443", "[::]:443"; port 0: any free one */
    const char *folder;    /* made when missing */
    int64_t certificate_s; /* life of a gateway's certificate; 0: UPLINK_CERTIFICATE_S */
};

struct uplink;

/* Listens when it returns. NULL: *err says why. Registers with core_listen; `core` must outlive it. */
NODISCARD struct uplink *uplink_start(const struct uplink_conf *conf, struct core *core,
                                      struct err *err);
/* Ends the threads and closes all connections. Core may still tell it of changes, because others still work with core. */
void uplink_stop(struct uplink *u);
/* Stops if need be. When nothing works with core any more, before core_free. NULL is legal. */
void uplink_free(struct uplink *u);
unsigned uplink_port(const struct uplink *u);

#endif
