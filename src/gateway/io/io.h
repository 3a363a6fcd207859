/* io: frames from and to the two network ports; the only room that knows rings, headers of the kernel and offloads.
 *
 * Way in:    guard opens the ports (io_open: needs CAP_NET_RAW) and hands the descriptors to the engine process, which
 *            attaches them (io_attach: maps the ring). From then on no descriptor is opened any more.
 * Way out:   io_take() lends the next frame of a port, io_forward() sends it on through the other one, io_inject() sends a
 *            frame of our own; io_flush() hands everything collected to the kernel in one call and gives the lent frames
 *            back to the ring.
 * How:       AF_PACKET, TPACKET_V2 (V3 holds frames back for its block timer: 1 ms), PACKET_VNET_HDR so that frames that a
 *            card or a veth has aggregated (64 KiB) pass whole, PACKET_IGNORE_OUTGOING, PACKET_QDISC_BYPASS. A frame is
 *            sent straight out of the receive ring: no copy. A VLAN tag that the kernel took off is put back.
 * Memory:    one ring per port, mapped at start; arrays of IO_BATCH entries.
 * Threads:   a port belongs to one thread.
 * Limits:    ring of IO_RING_FRAMES frames of IO_FRAME_BYTES: what the ring cannot take is dropped by the kernel and
 *            counted (struct io_counts.kernel_drops): overload shows there.
 */
#ifndef GATEWAY_IO_IO_H
#define GATEWAY_IO_IO_H

#include "base/attr.h"
#include "base/err.h"
#include "base/str.h"

#define IO_BATCH 64
#define IO_FRAME_BYTES (128u * 1024) /* of one ring slot: an aggregated frame and its headers */
#define IO_RING_FRAMES 256u

struct io_port;

/* A lent frame. */
struct io_frame {
    struct str bytes;         /* Ethernet, without the tag in vlan_tci */
    int64_t time_us;          /* wall clock at arrival */
    bool checksum_known_good; /* verified by the card, or left to be filled in by one */
    bool vlan_stripped;
    uint16_t vlan_tci, vlan_tpid;
    bool aggregated; /* several segments of one connection in one frame */
    uint32_t slot;   /* io's own */
};

struct io_counts {
    uint64_t received, received_bytes, sent, sent_bytes, send_errors, kernel_drops;
};

/* Opens an interface, promiscuous, with its ring. Returns a descriptor, or -1. Needs CAP_NET_RAW. */
NODISCARD int io_open(const char *interface, struct err *err);
/* Maps the ring of a descriptor that io_open gave (also in another process). Takes fd over. */
NODISCARD struct io_port *io_attach(int fd, struct err *err);
void io_close(struct io_port *port);
/* Takes back the error that makes poll(2) return at once (the interface went down, or is gone); 0: there was none. */
int io_take_error(struct io_port *port);
/* For poll(2). */
int io_fd(const struct io_port *port);
/* Lends the next frame, in order; false: none is there. At most IO_BATCH are lent at a time. */
bool io_take(struct io_port *port, struct io_frame *frame);
/* Sends a frame lent by `from` out of `to` at the next io_flush. A frame that is not forwarded is dropped. */
void io_forward(struct io_port *from, struct io_port *to, const struct io_frame *frame);
/* Sends a frame of our own (checksums filled in) out of `to` at the next io_flush; copied. */
void io_inject(struct io_port *to, struct str frame);
/* Sends what was collected for `to`. */
void io_send(struct io_port *to);
/* Gives all frames lent by `port` back to the kernel: after io_send of the other port. */
void io_give_back(struct io_port *port);
void io_read_counts(struct io_port *port, struct io_counts *out);

#endif
