#include "gateway/io/io.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define BLOCK_FRAMES 8u
#define BLOCK_BYTES (IO_FRAME_BYTES * BLOCK_FRAMES)
#define RING_BYTES ((size_t)IO_FRAME_BYTES * IO_RING_FRAMES)
#define INJECT_BYTES 2048
#define INJECTS_MAX 32
#define IOV_PER_FRAME 4
#define VNET_BYTES 10 /* struct virtio_net_hdr */
#define SENDS_MAX (IO_BATCH + INJECTS_MAX)

struct io_port {
    int fd;
    uint8_t *ring;
    uint32_t next, lent; /* slots: next to look at; lent ones lie before it */
    struct io_counts counts;
    /* what io_send will hand over */
    uint32_t send_count;
    struct mmsghdr messages[SENDS_MAX];
    struct iovec vectors[SENDS_MAX][IOV_PER_FRAME];
    struct virtio_net_hdr headers[SENDS_MAX];
    uint8_t tags[SENDS_MAX][4];
    uint32_t inject_count;
    uint8_t injected[INJECTS_MAX][INJECT_BYTES];
};

static int set_option(int fd, int option, int value, const char *what, struct err *err)
{
    if (setsockopt(fd, SOL_PACKET, option, &value, sizeof(value)) < 0)
        return err_errno(err, "%s", what);
    return 0;
}

static int set_up_ring(int fd, struct err *err)
{
    struct tpacket_req request = {
        .tp_block_size = BLOCK_BYTES,
        .tp_block_nr = IO_RING_FRAMES / BLOCK_FRAMES,
        .tp_frame_size = IO_FRAME_BYTES,
        .tp_frame_nr = IO_RING_FRAMES,
    };
    if (set_option(fd, PACKET_VERSION, TPACKET_V2, "packet version", err) < 0 ||
        set_option(fd, PACKET_VNET_HDR, 1, "headers for aggregated frames", err) < 0 ||
        set_option(fd, PACKET_IGNORE_OUTGOING, 1, "ignoring our own frames", err) < 0 ||
        set_option(fd, PACKET_QDISC_BYPASS, 1, "sending past the queue discipline", err) < 0)
        return -1;
    if (setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &request, sizeof(request)) < 0)
        return err_errno(err, "a ring of %zu MiB", RING_BYTES >> 20);
    return 0;
}

static int bind_to(int fd, int index, struct err *err)
{
    struct sockaddr_ll address = {
        .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = index};
    struct packet_mreq promiscuous = {.mr_ifindex = index, .mr_type = PACKET_MR_PROMISC};
    if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
        return err_errno(err, "binding");
    if (setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &promiscuous, sizeof(promiscuous)) < 0)
        return err_errno(err, "promiscuous mode");
    return 0;
}

int io_open(const char *interface, struct err *err)
{
    unsigned index = if_nametoindex(interface);
    if (!index)
        return err_errno(err, "interface %s", interface);
    /* Protocol 0: nothing arrives before the ring stands. */
    int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return err_errno(err, "interface %s: packet socket", interface);
    if (set_up_ring(fd, err) < 0 || bind_to(fd, (int)index, err) < 0) {
        close(fd);
        return err_prefix(err, "interface %s", interface);
    }
    return fd;
}

struct io_port *io_attach(int fd, struct err *err)
{
    struct io_port *port = calloc(1, sizeof(*port));
    if (!port) {
        err_set(err, "out of memory for a port");
        close(fd);
        return NULL;
    }
    port->fd = fd;
    port->ring = mmap(NULL, RING_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (port->ring == MAP_FAILED) {
        err_errno(err, "mapping the packet ring");
        port->ring = NULL;
        io_close(port);
        return NULL;
    }
    return port;
}

void io_close(struct io_port *port)
{
    if (!port)
        return;
    if (port->ring)
        munmap(port->ring, RING_BYTES);
    close(port->fd);
    free(port);
}

int io_fd(const struct io_port *port)
{
    return port->fd;
}

int io_take_error(struct io_port *port)
{
    int error = 0;
    socklen_t len = sizeof(error);
    return getsockopt(port->fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0 ? error : 0;
}

static struct tpacket2_hdr *slot_at(const struct io_port *port, uint32_t slot)
{
    return (struct tpacket2_hdr *)(port->ring + (size_t)slot * IO_FRAME_BYTES);
}

static const struct virtio_net_hdr *vnet_of(const struct tpacket2_hdr *head)
{
    return (const struct virtio_net_hdr *)((const uint8_t *)head + head->tp_mac - VNET_BYTES);
}

bool io_take(struct io_port *port, struct io_frame *frame)
{
    struct tpacket2_hdr *head = slot_at(port, port->next);
    _Atomic uint32_t *status = (_Atomic uint32_t *)&head->tp_status;
    uint32_t seen = atomic_load_explicit(status, memory_order_acquire);
    if (!(seen & TP_STATUS_USER) || port->lent == IO_BATCH)
        return false;
    const struct virtio_net_hdr *vnet = vnet_of(head);
    bool stripped = seen & TP_STATUS_VLAN_VALID;
    *frame = (struct io_frame){
        .bytes = str_of((const uint8_t *)head + head->tp_mac, head->tp_snaplen),
        .time_us = (int64_t)head->tp_sec * 1000000 + head->tp_nsec / 1000,
        .checksum_known_good =
            (vnet->flags & (VIRTIO_NET_HDR_F_NEEDS_CSUM | VIRTIO_NET_HDR_F_DATA_VALID)) ||
            (seen & (TP_STATUS_CSUMNOTREADY | TP_STATUS_CSUM_VALID)),
        .vlan_stripped = stripped,
        .vlan_tci = head->tp_vlan_tci,
        .vlan_tpid = seen & TP_STATUS_VLAN_TPID_VALID ? head->tp_vlan_tpid : ETH_P_8021Q,
        .aggregated = vnet->gso_type != VIRTIO_NET_HDR_GSO_NONE,
        .slot = port->next,
    };
    port->counts.received++;
    port->counts.received_bytes += frame->bytes.len;
    port->next = (port->next + 1) % IO_RING_FRAMES;
    port->lent++;
    return true;
}

static void add_message(struct io_port *to, size_t vectors)
{
    uint32_t i = to->send_count++;
    to->messages[i].msg_hdr = (struct msghdr){
        .msg_iov = to->vectors[i],
        .msg_iovlen = vectors,
    };
}

static struct iovec part(const void *p, size_t len)
{
    return (struct iovec){(void *)(uintptr_t)p, len};
}

/* The kernel took a tag off: it goes back in behind the addresses, and what the header counts from the frame's start moves. */
static void forward_tagged(struct io_port *to, const struct io_frame *frame)
{
    uint32_t i = to->send_count;
    struct virtio_net_hdr *vnet = &to->headers[i];
    uint8_t *tag = to->tags[i];
    if (vnet->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM)
        vnet->csum_start = (uint16_t)(vnet->csum_start + 4);
    if (vnet->hdr_len)
        vnet->hdr_len = (uint16_t)(vnet->hdr_len + 4);
    tag[0] = (uint8_t)(frame->vlan_tpid >> 8), tag[1] = (uint8_t)frame->vlan_tpid;
    tag[2] = (uint8_t)(frame->vlan_tci >> 8), tag[3] = (uint8_t)frame->vlan_tci;
    to->vectors[i][1] = part(frame->bytes.p, 12);
    to->vectors[i][2] = part(tag, 4);
    to->vectors[i][3] = part(frame->bytes.p + 12, frame->bytes.len - 12);
    add_message(to, 4);
}

void io_forward(struct io_port *from, struct io_port *to, const struct io_frame *frame)
{
    if (to->send_count == SENDS_MAX || frame->bytes.len < ETH_HLEN) {
        to->counts.send_errors++;
        return;
    }
    uint32_t i = to->send_count;
    to->headers[i] = *vnet_of(slot_at(from, frame->slot));
    /* A checksum that a card has verified is valid on the way out too; only "fill it in" is an order. */
    to->headers[i].flags &= VIRTIO_NET_HDR_F_NEEDS_CSUM;
    to->vectors[i][0] = part(&to->headers[i], VNET_BYTES);
    if (frame->vlan_stripped) {
        forward_tagged(to, frame);
        return;
    }
    to->vectors[i][1] = part(frame->bytes.p, frame->bytes.len);
    add_message(to, 2);
}

void io_inject(struct io_port *to, struct str frame)
{
    if (to->send_count == SENDS_MAX || to->inject_count == INJECTS_MAX ||
        frame.len > INJECT_BYTES) {
        to->counts.send_errors++;
        return;
    }
    uint8_t *copy = to->injected[to->inject_count++];
    memcpy(copy, frame.p, frame.len);
    uint32_t i = to->send_count;
    to->headers[i] = (struct virtio_net_hdr){0};
    to->vectors[i][0] = part(&to->headers[i], VNET_BYTES);
    to->vectors[i][1] = part(copy, frame.len);
    add_message(to, 2);
}

static void count_sent(struct io_port *to, uint32_t from, uint32_t count)
{
    for (uint32_t i = from; i < from + count; i++) {
        to->counts.sent++;
        for (size_t v = 1; v < to->messages[i].msg_hdr.msg_iovlen; v++)
            to->counts.sent_bytes += to->vectors[i][v].iov_len;
    }
}

void io_send(struct io_port *to)
{
    uint32_t done = 0;
    while (done < to->send_count) {
        int n = sendmmsg(to->fd, to->messages + done, to->send_count - done, 0);
        if (n > 0) {
            count_sent(to, done, (uint32_t)n);
            done += (uint32_t)n;
        } else if (errno != EINTR) {
            /* A full device queue or a frame the device refuses: that one is lost as in any switch, and counted. */
            to->counts.send_errors++;
            done++;
        }
    }
    to->send_count = 0;
    to->inject_count = 0;
}

void io_give_back(struct io_port *port)
{
    while (port->lent) {
        uint32_t slot = (port->next + IO_RING_FRAMES - port->lent) % IO_RING_FRAMES;
        _Atomic uint32_t *status = (_Atomic uint32_t *)&slot_at(port, slot)->tp_status;
        atomic_store_explicit(status, TP_STATUS_KERNEL, memory_order_release);
        port->lent--;
    }
}

void io_read_counts(struct io_port *port, struct io_counts *out)
{
    struct tpacket_stats stats;
    socklen_t len = sizeof(stats);
    if (getsockopt(port->fd, SOL_PACKET, PACKET_STATISTICS, &stats, &len) == 0)
        port->counts.kernel_drops += stats.tp_drops;
    *out = port->counts;
}
