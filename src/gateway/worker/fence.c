#include "gateway/worker/crewman.h"

#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>

/* Address sanitizer opens and maps what it likes: under it the fence stays open (tests of the fence use the real build). */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define FENCE_OFF 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define FENCE_OFF 1
#endif
#endif

#ifdef FENCE_OFF
int fence_close(struct err *err)
{
    (void)err;
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

int fence_close_but_code(struct err *err)
{
    return fence_close(err);
}

bool fence_is_real(void)
{
    return false;
}
#else

/* What the loop needs: its descriptors, memory for malloc, time. No open, socket, fork, exec, ptrace. */
static const int allowed[] = {
    SCMP_SYS(read),
    SCMP_SYS(write),
    SCMP_SYS(writev),
    SCMP_SYS(recvfrom),
    SCMP_SYS(recvmsg),
    SCMP_SYS(sendto),
    SCMP_SYS(sendmsg),
    SCMP_SYS(sendmmsg),
    SCMP_SYS(poll),
    SCMP_SYS(ppoll),
    SCMP_SYS(getsockopt),
    SCMP_SYS(close),
    SCMP_SYS(fcntl), /* is the image sealed? */
    SCMP_SYS(dup3),  /* the event log is opened anew */
    SCMP_SYS(fsync),
    SCMP_SYS(fdatasync),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_nanosleep),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(getrandom),
    SCMP_SYS(futex),
    SCMP_SYS(brk),
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(madvise),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(sched_yield),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
    SCMP_SYS(restart_syscall),
    SCMP_SYS(getpid),
    SCMP_SYS(gettid),
    SCMP_SYS(fstat),
    SCMP_SYS(ftruncate), /* takes a half-written line back when the disk is full */
    SCMP_SYS(newfstatat),
    SCMP_SYS(rseq),
    SCMP_SYS(sigaltstack),
    SCMP_SYS(tgkill),
    SCMP_SYS(rt_sigaction),
};

static int allow_all(scmp_filter_ctx filter, int prot_forbidden)
{
    for (size_t i = 0; i < ARRAY_COUNT(allowed); i++)
        if (seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0) < 0)
            return -1;
    /* Memory yes, executable memory no: where traffic is read, no machine code can be made. */
    struct scmp_arg_cmp no_exec = SCMP_A2(SCMP_CMP_MASKED_EQ, (scmp_datum_t)prot_forbidden, 0);
    if (seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, no_exec) < 0 ||
        seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, no_exec) < 0)
        return -1;
    return 0;
}

bool fence_is_real(void)
{
    return true;
}

static int close_it(int prot_forbidden, struct err *err)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
    if (!filter)
        return err_set(err, "seccomp: out of memory");
    int rc = allow_all(filter, prot_forbidden) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
                     seccomp_load(filter) < 0
                 ? -1
                 : 0;
    seccomp_release(filter);
    return rc < 0 ? err_set(err, "seccomp: the kernel does not take the filter") : 0;
}

int fence_close(struct err *err)
{
    return close_it(PROT_EXEC, err);
}

int fence_close_but_code(struct err *err)
{
    return close_it(0, err);
}
#endif
