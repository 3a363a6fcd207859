#include "gateway/worker/loader.h"

#include "gateway/worker/crewman.h"

#include "gateway/rights/rights.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <malloc.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NICE 10

struct job {
    int fd;                    /* of an image to map; -1: none */
    struct match_image *image; /* to give back, or NULL */
    struct control_rules rules;
};

_Static_assert(sizeof(struct job) <= PIPE_BUF, "a job is written and read whole");
_Static_assert(sizeof(struct loader_answer) <= PIPE_BUF, "an answer is written and read whole");

static bool read_whole(int fd, void *out, size_t bytes)
{
    ssize_t n;
    do
        n = read(fd, out, bytes);
    while (n < 0 && errno == EINTR);
    return n == (ssize_t)bytes;
}

static bool write_whole(int fd, const void *from, size_t bytes)
{
    ssize_t n;
    do
        n = write(fd, from, bytes);
    while (n < 0 && errno == EINTR);
    return n == (ssize_t)bytes;
}

static void load(const struct loader *l, const struct job *job)
{
    struct err err = {{0}};
    struct loader_answer answer = {.rules = job->rules};
    answer.image = compile_attach(l->ground, job->rules.place, job->fd, &err);
    close(job->fd);
    snprintf(answer.problem, sizeof(answer.problem), "%.*s", (int)sizeof(answer.problem) - 1,
             err.text);
    (void)write_whole(l->done[1], &answer, sizeof(answer));
}

static void *run(void *loader)
{
    const struct loader *l = loader;
    struct err err;
    struct job job;
    /* the worker goes first: on a box with one core, too */
    (void)setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), NICE);
    if (rights_fence(RIGHTS_LOADER, &err) < 0)
        return NULL;
    while (read_whole(l->jobs[0], &job, sizeof(job))) {
        if (job.image)
            compile_detach(l->ground, job.rules.place, job.image);
        else
            load(l, &job);
        malloc_trim(0); /* what the making of machine code took goes back */
    }
    return NULL;
}

int loader_start(struct loader *l, const struct compile_ground *ground, struct err *err)
{
    *l = (struct loader){.ground = ground, .jobs = {-1, -1}, .done = {-1, -1}};
    if (pipe2(l->jobs, O_CLOEXEC) < 0 || pipe2(l->done, O_CLOEXEC) < 0 ||
        fcntl(l->jobs[1], F_SETFL, O_NONBLOCK) < 0 || fcntl(l->done[0], F_SETFL, O_NONBLOCK) < 0)
        return err_errno(err, "pipes to the loader of rules");
    errno = pthread_create(&l->thread, NULL, run, l);
    if (errno)
        return err_errno(err, "the loader of rules");
    l->runs = true;
    return 0;
}

void loader_stop(struct loader *l)
{
    if (!l->runs)
        return;
    close(l->jobs[1]);
    pthread_join(l->thread, NULL);
    close(l->jobs[0]);
    close(l->done[0]);
    close(l->done[1]);
    l->runs = false;
}

bool loader_ask(struct loader *l, const struct control_rules *rules, int fd)
{
    struct job job = {.fd = fd, .rules = *rules};
    if (write_whole(l->jobs[1], &job, sizeof(job)))
        return true;
    close(fd);
    return false;
}

void loader_release(struct loader *l, struct match_image *image, uint32_t place)
{
    struct job job = {.fd = -1, .image = image, .rules = {.place = place}};
    /* guard never has more than one image under way: there is room */
    (void)write_whole(l->jobs[1], &job, sizeof(job));
}

bool loader_take(struct loader *l, struct loader_answer *answer)
{
    return read_whole(l->done[0], answer, sizeof(*answer));
}
