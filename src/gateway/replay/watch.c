#include "gateway/replay/watch.h"

#include "base/clock.h"

#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define STEP_FRAMES 1024 /* the clock is read so seldom that it costs nothing */
#define SHOW_EVERY_US 500000

int watch_open(struct watch *w, bool quiet, struct err *err)
{
    sigset_t set;
    *w = (struct watch){.signal_fd = -1, .shows = !quiet && isatty(STDERR_FILENO)};
    w->start_us = clock_mono_us();
    w->next_us = w->start_us + SHOW_EVERY_US;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
        return err_errno(err, "blocking signals");
    w->signal_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    return w->signal_fd < 0 ? err_errno(err, "signalfd") : 0;
}

static void show(struct watch *w, uint64_t packets, uint64_t bytes, double part)
{
    int64_t now_us = clock_mono_us();
    if (now_us < w->next_us)
        return;
    double seconds = (double)(now_us - w->start_us) / 1e6;
    w->next_us = now_us + SHOW_EVERY_US;
    w->shown = true;
    fprintf(stderr, "\r%llu packets, %.3f Gbit/s, %.0f %% of the file   ",
            (unsigned long long)packets, (double)bytes * 8 / seconds / 1e9, part * 100);
}

bool watch_step(struct watch *w, uint64_t packets, uint64_t bytes, double part)
{
    struct signalfd_siginfo info;
    if (w->signal || ++w->calls % STEP_FRAMES)
        return !w->signal;
    if (w->shows)
        show(w, packets, bytes, part);
    if (read(w->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
        w->signal = (int)info.ssi_signo;
    return !w->signal;
}

void watch_clear(struct watch *w)
{
    if (w->shown)
        fputs("\r\033[K", stderr);
    w->shown = false;
}

void watch_close(struct watch *w)
{
    if (w->signal_fd >= 0)
        close(w->signal_fd);
    w->signal_fd = -1;
}
