/* resolve: a name becomes addresses in a thread of its own, because a name server that does not answer must not hold up
 * the intake of events. */
#ifndef GATEWAY_LINK_RESOLVE_H
#define GATEWAY_LINK_RESOLVE_H

#include "base/attr.h"
#include "base/err.h"

#include <stdbool.h>
#include <sys/socket.h>

#define RESOLVE_ADDRESSES_MAX 8

struct resolved {
    int count; /* 0: `why` says it */
    struct sockaddr_storage addresses[RESOLVE_ADDRESSES_MAX];
    socklen_t address_bytes[RESOLVE_ADDRESSES_MAX];
    char why[128];
};

/* "host:port" or "[2001:db8::1]:443"; waits. */
void resolve_now(const char *center, struct resolved *out);
/* Is the text of that form? */
bool resolve_is_address(const char *center);
/* Begins; the descriptor becomes readable when resolve_take has the answer. -1: no thread to be had. */
NODISCARD int resolve_start(const char *center);
/* Fills *out and closes the descriptor. */
void resolve_take(int fd, struct resolved *out);

#endif
