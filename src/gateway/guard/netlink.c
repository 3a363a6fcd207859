/* The kernel's own headers (linux/netfilter/nf_tables.h) are the documentation of what stands here: a batch of messages
 * between BATCH_BEGIN and BATCH_END is carried out as one, and each message with NLM_F_ACK is answered by its own error
 * number, 0 for success. */
#include "gateway/guard/netlink.h"

#include "base/buf.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define BATCH_BYTES 4096
#define ANSWER_WAIT_S 2

int netlink_open(struct err *err)
{
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
    struct sockaddr_nl address = {.nl_family = AF_NETLINK};
    struct timeval wait = {.tv_sec = ANSWER_WAIT_S};
    if (fd < 0)
        return err_errno(err, "netlink socket");
    if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)) < 0) {
        close(fd);
        return err_errno(err, "netlink socket");
    }
    return fd;
}

static void pad(struct buf *b)
{
    while (b->len % NLMSG_ALIGNTO)
        buf_add_byte(b, 0);
}

static size_t begin_message(struct buf *b, uint16_t type, uint16_t flags, uint32_t sequence)
{
    size_t start = b->len;
    struct nlmsghdr head = {.nlmsg_type = type,
                            .nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags),
                            .nlmsg_seq = sequence};
    buf_add(b, str_of(&head, sizeof(head)));
    return start;
}

static void add_family(struct buf *b, uint8_t family, uint16_t resource)
{
    struct nfgenmsg message = {
        .nfgen_family = family, .version = NFNETLINK_V0, .res_id = htons(resource)};
    buf_add(b, str_of(&message, sizeof(message)));
}

static void end_message(struct buf *b, size_t start)
{
    uint32_t len = (uint32_t)(b->len - start);
    if (!b->failed)
        memcpy(b->p + start, &len, sizeof(len));
}

static size_t begin_attribute(struct buf *b, uint16_t type)
{
    size_t start = b->len;
    struct nlattr head = {.nla_type = type};
    buf_add(b, str_of(&head, sizeof(head)));
    return start;
}

static void end_attribute(struct buf *b, size_t start)
{
    uint16_t len = (uint16_t)(b->len - start);
    if (!b->failed)
        memcpy(b->p + start, &len, sizeof(len));
    pad(b);
}

static void add_attribute(struct buf *b, uint16_t type, struct str value)
{
    size_t start = begin_attribute(b, type);
    buf_add(b, value);
    end_attribute(b, start);
}

static void add_name(struct buf *b, uint16_t type, const char *name)
{
    add_attribute(b, type, str_of(name, strlen(name) + 1));
}

static void add_element(struct buf *b, const struct netlink_element *e)
{
    add_name(b, NFTA_SET_ELEM_LIST_TABLE, e->table);
    add_name(b, NFTA_SET_ELEM_LIST_SET, e->set);
    size_t list = begin_attribute(b, NFTA_SET_ELEM_LIST_ELEMENTS | NLA_F_NESTED);
    size_t element = begin_attribute(b, NFTA_LIST_ELEM | NLA_F_NESTED);
    size_t key = begin_attribute(b, NFTA_SET_ELEM_KEY | NLA_F_NESTED);
    add_attribute(b, NFTA_DATA_VALUE, e->key);
    end_attribute(b, key);
    if (e->timeout_ms) {
        size_t timeout = begin_attribute(b, NFTA_SET_ELEM_TIMEOUT);
        buf_add_u64(b, e->timeout_ms);
        end_attribute(b, timeout);
    }
    end_attribute(b, element);
    end_attribute(b, list);
}

static void add_border(struct buf *b, uint16_t type, uint32_t sequence)
{
    size_t start = begin_message(b, type, 0, sequence);
    add_family(b, AF_UNSPEC, NFNL_SUBSYS_NFTABLES);
    end_message(b, start);
}

/* Reads answers until all `wanted` have come. The kernel answers in order; the first error counts. */
static int take_answers(int fd, uint32_t first, uint32_t wanted)
{
    _Alignas(struct nlmsghdr) uint8_t bytes[8192];
    int result = 0;
    while (wanted) {
        ssize_t n = recv(fd, bytes, sizeof(bytes), 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return errno ? errno : EIO;
        int len = (int)n;
        for (struct nlmsghdr *m = (struct nlmsghdr *)bytes; NLMSG_OK(m, (unsigned)len);
             m = NLMSG_NEXT(m, len)) {
            if (m->nlmsg_type != NLMSG_ERROR || m->nlmsg_seq < first)
                continue;
            int error = -((const struct nlmsgerr *)NLMSG_DATA(m))->error;
            if (error && !result)
                result = error;
            wanted -= wanted > 0;
            if (error)
                return result;
        }
    }
    return result;
}

static int exchange(int fd, struct buf *b, uint32_t first, uint32_t wanted)
{
    if (b->failed)
        return ENOSPC;
    if (send(fd, b->p, b->len, 0) != (ssize_t)b->len)
        return errno;
    return take_answers(fd, first, wanted);
}

static void add_change(struct buf *b, uint16_t change, uint32_t sequence,
                       const struct netlink_element *e)
{
    uint16_t flags = change == NFT_MSG_NEWSETELEM ? NLM_F_CREATE | NLM_F_ACK : NLM_F_ACK;
    size_t start =
        begin_message(b, (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | change), flags, sequence);
    add_family(b, NFPROTO_BRIDGE, 0);
    add_element(b, e);
    end_message(b, start);
}

int netlink_add(int fd, uint32_t *sequence, const struct netlink_element *elements, size_t count,
                struct err *err)
{
    uint8_t memory[BATCH_BYTES];
    struct buf b = buf_fixed(memory, sizeof(memory));
    uint32_t first = *sequence + 1;
    add_border(&b, NFNL_MSG_BATCH_BEGIN, ++*sequence);
    for (size_t i = 0; i < count; i++)
        add_change(&b, NFT_MSG_NEWSETELEM, ++*sequence, &elements[i]);
    add_border(&b, NFNL_MSG_BATCH_END, ++*sequence);
    errno = exchange(fd, &b, first, (uint32_t)count);
    return errno ? err_errno(err, "nftables set %s", elements[0].set) : 0;
}

/* Adding what is there keeps its old expiry (kernels before 6.13), and taking out what is not there fails the whole batch:
 * so it is added, taken out, and added. */
int netlink_replace(int fd, uint32_t *sequence, const struct netlink_element *element,
                    struct err *err)
{
    static const uint16_t changes[] = {NFT_MSG_NEWSETELEM, NFT_MSG_DELSETELEM, NFT_MSG_NEWSETELEM};
    uint8_t memory[BATCH_BYTES];
    struct buf b = buf_fixed(memory, sizeof(memory));
    uint32_t first = *sequence + 1;
    add_border(&b, NFNL_MSG_BATCH_BEGIN, ++*sequence);
    for (size_t i = 0; i < ARRAY_COUNT(changes); i++)
        add_change(&b, changes[i], ++*sequence, element);
    add_border(&b, NFNL_MSG_BATCH_END, ++*sequence);
    errno = exchange(fd, &b, first, ARRAY_COUNT(changes));
    return errno ? err_errno(err, "nftables set %s", element->set) : 0;
}

int netlink_remove(int fd, uint32_t *sequence, const struct netlink_element *element,
                   struct err *err)
{
    uint8_t memory[BATCH_BYTES];
    struct buf b = buf_fixed(memory, sizeof(memory));
    uint32_t first = *sequence + 1;
    add_border(&b, NFNL_MSG_BATCH_BEGIN, ++*sequence);
    add_change(&b, NFT_MSG_DELSETELEM, ++*sequence, element);
    add_border(&b, NFNL_MSG_BATCH_END, ++*sequence);
    errno = exchange(fd, &b, first, 1);
    return errno && errno != ENOENT ? err_errno(err, "nftables set %s", element->set) : 0;
}
