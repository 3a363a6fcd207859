#include "gateway/control/control.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>

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
    ssize_t n;
    do
        n = send(fd, message, sizeof(*message), MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    return n == sizeof(*message) ? 0 : -1;
}

int control_receive(int fd, struct control_message *message)
{
    for (;;) {
        ssize_t n = recv(fd, message, sizeof(*message), MSG_TRUNC);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -1;
        if (n == 0)
            return -1;
        if (n != sizeof(*message) || message->kind == CONTROL_NONE ||
            message->kind >= CONTROL_KINDS || message->origin >= CONTROL_ORIGINS)
            continue;
        message->text[CONTROL_TEXT_BYTES - 1] = '\0';
        return 1;
    }
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
