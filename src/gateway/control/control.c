#include "gateway/control/control.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PACKET_COST_BYTES 1024

int control_pair(int fds[2], struct err *err)
{
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) < 0)
        return err_errno(err, "a socket pair between processes");
    /* The kernel charges each packet with its own bookkeeping. */
    int bytes = CONTROL_QUEUE * (int)(sizeof(struct control_message) + PACKET_COST_BYTES);
    for (size_t i = 0; i < 2; i++)
        if (setsockopt(fds[i], SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof(bytes)) < 0)
            (void)!setsockopt(fds[i], SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
    return 0;
}

int control_send(int fd, const struct control_message *message)
{
    return control_send_fd(fd, message, -1);
}

/* Room for one descriptor. */
union passing {
    struct cmsghdr head;
    char bytes[CMSG_SPACE(sizeof(int))];
};

int control_send_fd(int fd, const struct control_message *message, int passed)
{
    union passing along = {.bytes = {0}};
    struct iovec part = {(void *)(uintptr_t)message, sizeof(*message)};
    struct msghdr out = {.msg_iov = &part, .msg_iovlen = 1};
    if (passed >= 0) {
        out.msg_control = along.bytes;
        out.msg_controllen = sizeof(along.bytes);
        along.head = (struct cmsghdr){
            .cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
        memcpy(CMSG_DATA(&along.head), &passed, sizeof(passed));
    }
    ssize_t n;
    do
        n = sendmsg(fd, &out, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    return n == sizeof(*message) ? 0 : -1;
}

/* The descriptor that came along, or -1. The kernel has closed those that there was no room for. */
static int passed_fd(struct msghdr *in)
{
    int fd = -1;
    struct cmsghdr *c = CMSG_FIRSTHDR(in);
    if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS &&
        c->cmsg_len == CMSG_LEN(sizeof(int)))
        memcpy(&fd, CMSG_DATA(c), sizeof(fd));
    return fd;
}

static bool is_message(const struct control_message *message, ssize_t bytes)
{
    return bytes == sizeof(*message) && message->kind != CONTROL_NONE &&
           message->kind < CONTROL_KINDS && message->origin < CONTROL_ORIGINS;
}

int control_receive_fd(int fd, struct control_message *message, int *passed)
{
    for (;;) {
        union passing along;
        struct iovec part = {message, sizeof(*message)};
        struct msghdr in = {.msg_iov = &part,
                            .msg_iovlen = 1,
                            .msg_control = along.bytes,
                            .msg_controllen = sizeof(along.bytes)};
        *passed = -1;
        ssize_t n = recvmsg(fd, &in, MSG_TRUNC | MSG_CMSG_CLOEXEC);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -1;
        if (n == 0)
            return -1;
        *passed = passed_fd(&in);
        if (is_message(message, n)) {
            message->text[CONTROL_TEXT_BYTES - 1] = '\0';
            return 1;
        }
        if (*passed >= 0)
            close(*passed);
    }
}

int control_receive(int fd, struct control_message *message)
{
    int passed;
    int got = control_receive_fd(fd, message, &passed);
    if (got > 0 && passed >= 0)
        close(passed); /* nobody asked for one */
    return got;
}

void control_set_text(struct control_message *message, const char *text)
{
    snprintf(message->text, sizeof(message->text), "%s", text);
}

const char *control_origin_name(enum control_origin origin)
{
    static const char *const names[] = {"rule", "command", "center"};
    return names[origin];
}
