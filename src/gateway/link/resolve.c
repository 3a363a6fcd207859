#include "gateway/link/resolve.h"

#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct job {
    int fd;
    char *center;
};

static bool split(const char *center, char host[256], char port[8])
{
    const char *colon = strrchr(center, ':');
    if (!colon || colon == center || !colon[1] || strlen(colon + 1) >= 8)
        return false;
    const char *begin = center;
    size_t len = (size_t)(colon - center);
    if (begin[0] == '[' && len > 2 && begin[len - 1] == ']') {
        begin++;
        len -= 2;
    } else if (memchr(begin, ':', len)) {
        return false;
    }
    if (len >= 256)
        return false;
    memcpy(host, begin, len);
    host[len] = '\0';
    snprintf(port, 8, "%s", colon + 1);
    uint64_t number;
    return str_to_u64(str_c(port), &number) && number > 0 && number < 65536;
}

bool resolve_is_address(const char *center)
{
    char host[256];
    char port[8];
    return split(center, host, port);
}

void resolve_now(const char *center, struct resolved *out)
{
    char host[256];
    char port[8];
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *list = NULL;
    memset(out, 0, sizeof(*out));
    if (!split(center, host, port)) {
        snprintf(out->why, sizeof(out->why), "\"%.80s\" is not HOST:PORT", center);
        return;
    }
    int problem = getaddrinfo(host, port, &hints, &list);
    if (problem != 0) {
        snprintf(out->why, sizeof(out->why), "%.80s: %s", host, gai_strerror(problem));
        return;
    }
    for (const struct addrinfo *a = list; a && out->count < RESOLVE_ADDRESSES_MAX; a = a->ai_next) {
        memcpy(&out->addresses[out->count], a->ai_addr, a->ai_addrlen);
        out->address_bytes[out->count++] = a->ai_addrlen;
    }
    freeaddrinfo(list);
}

static void *run(void *argument)
{
    struct job *job = argument;
    struct resolved answer;
    resolve_now(job->center, &answer);
    size_t done = 0;
    while (done < sizeof(answer)) {
        ssize_t n = write(job->fd, (const char *)&answer + done, sizeof(answer) - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        done += (size_t)n;
    }
    close(job->fd);
    free(job->center);
    free(job);
    return NULL;
}

int resolve_start(const char *center)
{
    int fds[2];
    pthread_t thread;
    pthread_attr_t attributes;
    struct job *job = malloc(sizeof(*job));
    if (!job || pipe2(fds, O_CLOEXEC) < 0) {
        free(job);
        return -1;
    }
    *job = (struct job){fds[1], str_dup(str_c(center))};
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    int problem = job->center ? pthread_create(&thread, &attributes, run, job) : ENOMEM;
    pthread_attr_destroy(&attributes);
    if (problem == 0)
        return fds[0];
    close(fds[0]);
    close(fds[1]);
    free(job->center);
    free(job);
    return -1;
}

void resolve_take(int fd, struct resolved *out)
{
    size_t done = 0;
    memset(out, 0, sizeof(*out));
    while (done < sizeof(*out)) { /* less than a pipe holds: written in one go */
        ssize_t n = read(fd, (char *)out + done, sizeof(*out) - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        done += (size_t)n;
    }
    if (done < sizeof(*out))
        *out = (struct resolved){.why = "the name could not be looked up"};
    close(fd);
}
