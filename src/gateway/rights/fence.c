#include "gateway/rights/rights.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>

/* Address sanitizer opens and maps what it likes: under it the fence stays open (tests of the fence use the real build). */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define FENCE_OFF 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define FENCE_OFF 1
#endif
#endif

#ifdef FENCE_OFF
int rights_fence(enum rights_process process, struct err *err)
{
    (void)process;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return err_errno(err, "giving up rights");
    return 0;
}

bool rights_fence_is_real(void)
{
    return false;
}
#else

/* Descriptors that are there, memory, time, threads' waiting, the end. */
static const int common[] = {
    SCMP_SYS(read),
    SCMP_SYS(write),
    SCMP_SYS(writev),
    SCMP_SYS(recvfrom),
    SCMP_SYS(recvmsg),
    SCMP_SYS(sendto),
    SCMP_SYS(sendmsg),
    SCMP_SYS(poll),
    SCMP_SYS(ppoll),
    SCMP_SYS(close),
    SCMP_SYS(fstat),
    SCMP_SYS(newfstatat),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_nanosleep),
    SCMP_SYS(nanosleep),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(time),
    SCMP_SYS(getrandom),
    SCMP_SYS(futex),
    SCMP_SYS(brk),
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(madvise),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(sigaltstack),
    SCMP_SYS(sched_yield),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
    SCMP_SYS(restart_syscall),
    SCMP_SYS(getpid),
    SCMP_SYS(gettid),
    SCMP_SYS(tgkill), /* abort(3) */
    SCMP_SYS(rseq),
    SCMP_SYS(sysinfo), /* qsort(3) of long arrays asks how much memory there is */
};

static const int engine_calls[] = {
    SCMP_SYS(sendmmsg),  SCMP_SYS(getsockopt), /* counters of the rings */
    SCMP_SYS(fcntl),                           /* is the image sealed? */
    SCMP_SYS(dup3),                            /* the event log is opened anew */
    SCMP_SYS(fsync),     SCMP_SYS(fdatasync),
    SCMP_SYS(ftruncate), /* takes a half-written line back when the disk is full */
};

/* Opening for reading is a rule of its own, below. */
static const int compile_calls[] = {
    SCMP_SYS(pread64),
    SCMP_SYS(lseek),
    SCMP_SYS(getdents64),
    SCMP_SYS(readlink),
    SCMP_SYS(faccessat2),
    SCMP_SYS(faccessat),
    SCMP_SYS(access),
    SCMP_SYS(fcntl),
    SCMP_SYS(ftruncate),
    SCMP_SYS(getcwd),
    SCMP_SYS(sched_getaffinity),
};

static const int local_calls[] = {
    SCMP_SYS(accept4),
};

/* Files of its folder, names of hosts, TLS. The kernel's file rights say which files. */
static const int link_calls[] = {
    SCMP_SYS(readv),
    SCMP_SYS(pread64),
    SCMP_SYS(pwrite64),
    SCMP_SYS(openat),
    SCMP_SYS(lseek),
    SCMP_SYS(statx),
    SCMP_SYS(access),
    SCMP_SYS(faccessat),
    SCMP_SYS(faccessat2),
    SCMP_SYS(readlink),
    SCMP_SYS(getdents64),
    SCMP_SYS(mkdir),
    SCMP_SYS(mkdirat),
    SCMP_SYS(unlink),
    SCMP_SYS(unlinkat),
    SCMP_SYS(rename),
    SCMP_SYS(renameat),
    SCMP_SYS(renameat2),
    SCMP_SYS(ftruncate),
    SCMP_SYS(fallocate),
    SCMP_SYS(fsync),
    SCMP_SYS(fdatasync),
    SCMP_SYS(fchmod),
    SCMP_SYS(umask),
    SCMP_SYS(fcntl),
    SCMP_SYS(flock),
    SCMP_SYS(fstatfs),
    SCMP_SYS(statfs),
    SCMP_SYS(dup),
    SCMP_SYS(pipe2),
    SCMP_SYS(connect),
    SCMP_SYS(bind),
    SCMP_SYS(getsockname),
    SCMP_SYS(getpeername),
    SCMP_SYS(getsockopt),
    SCMP_SYS(setsockopt),
    SCMP_SYS(shutdown),
    SCMP_SYS(sendmmsg),
    SCMP_SYS(recvmmsg),
    SCMP_SYS(ioctl), /* how many bytes wait; the kernel's capabilities stand before the rest */
    SCMP_SYS(epoll_create1),
    SCMP_SYS(epoll_ctl),
    SCMP_SYS(epoll_wait),
    SCMP_SYS(epoll_pwait),
    SCMP_SYS(eventfd2),
    SCMP_SYS(signalfd4),
    SCMP_SYS(uname),
    SCMP_SYS(getuid),
    SCMP_SYS(geteuid),
    SCMP_SYS(getgid),
    SCMP_SYS(getegid),
    SCMP_SYS(set_robust_list),
    SCMP_SYS(sched_getaffinity),
    SCMP_SYS(membarrier),
};

/* Nothing of ours and no library asks for these: whoever does has taken the process over. */
static const int never[] = {
    SCMP_SYS(execve),
    SCMP_SYS(execveat),
    SCMP_SYS(fork),
    SCMP_SYS(vfork),
    SCMP_SYS(ptrace),
    SCMP_SYS(process_vm_readv),
    SCMP_SYS(mount),
    SCMP_SYS(umount2),
    SCMP_SYS(process_vm_writev),
    SCMP_SYS(unshare),
    SCMP_SYS(setns),
    SCMP_SYS(pivot_root),
    SCMP_SYS(chroot),
    SCMP_SYS(bpf),
    SCMP_SYS(init_module),
    SCMP_SYS(keyctl),
    SCMP_SYS(finit_module),
    SCMP_SYS(perf_event_open),
    SCMP_SYS(kexec_load),
    SCMP_SYS(io_uring_setup),
    SCMP_SYS(userfaultfd),
    SCMP_SYS(setuid),
    SCMP_SYS(setresuid),
    SCMP_SYS(capset),
};

struct list {
    const int *calls;
    size_t count;
};

#define LIST(a)           \
    {                     \
        a, ARRAY_COUNT(a) \
    }

static const struct fence {
    struct list own;
    bool may_make_code;
    bool reads_files, has_network;
} fences[RIGHTS_PROCESSES] = {
    [RIGHTS_ENGINE] = {.own = LIST(engine_calls)},
    [RIGHTS_LOADER] = {.own = LIST(engine_calls), .may_make_code = true},
    [RIGHTS_COMPILE] = {.own = LIST(compile_calls), .reads_files = true},
    [RIGHTS_LINK] = {.own = LIST(link_calls), .has_network = true},
    [RIGHTS_LOCAL] = {.own = LIST(local_calls)},
};

static int add_list(scmp_filter_ctx filter, uint32_t action, const struct list *list)
{
    for (size_t i = 0; i < list->count; i++)
        if (seccomp_rule_add(filter, action, list->calls[i], 0) < 0)
            return -1;
    return 0;
}

/* Memory yes, executable memory no: where strangers are read, no machine code can be made. */
static int add_memory(scmp_filter_ctx filter, const struct fence *f)
{
    scmp_datum_t forbidden = f->may_make_code ? 0 : PROT_EXEC;
    struct scmp_arg_cmp without = SCMP_A2(SCMP_CMP_MASKED_EQ, forbidden, 0);
    if (seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, without) < 0)
        return -1;
    return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, without);
}

static int add_reading(scmp_filter_ctx filter)
{
    const scmp_datum_t writing = O_ACCMODE | O_CREAT | O_TRUNC | O_APPEND;
    struct scmp_arg_cmp to_read = SCMP_A2(SCMP_CMP_MASKED_EQ, writing, O_RDONLY);
    return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(openat), 1, to_read);
}

/* Connections, the resolver's questions to the kernel, threads; and what only an intruder wants. */
static int add_network(scmp_filter_ctx filter)
{
    static const int families[] = {AF_INET, AF_INET6, AF_UNIX, AF_NETLINK};
    for (size_t i = 0; i < ARRAY_COUNT(families); i++) {
        struct scmp_arg_cmp family = SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)families[i]);
        if (seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1, family) < 0)
            return -1;
    }
    struct scmp_arg_cmp packets = SCMP_A0(SCMP_CMP_EQ, AF_PACKET);
    struct scmp_arg_cmp thread = SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD);
    struct scmp_arg_cmp process = SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0);
    struct scmp_arg_cmp just_asks = SCMP_A2(SCMP_CMP_EQ, 0);
    struct scmp_arg_cmp name = SCMP_A0(SCMP_CMP_EQ, PR_SET_NAME);
    const struct list bad = LIST(never);
    if (seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS, SCMP_SYS(socket), 1, packets) < 0 ||
        seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS, SCMP_SYS(clone), 1, process) < 0 ||
        seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1, thread) < 0 ||
        /* its arguments lie in memory, where no filter looks: the library falls back to clone */
        seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0) < 0 ||
        seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 1, just_asks) < 0 ||
        seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 1, name) < 0)
        return -1;
    return add_list(filter, SCMP_ACT_KILL_PROCESS, &bad);
}

static int fill(scmp_filter_ctx filter, const struct fence *f)
{
    const struct list all = LIST(common);
    if (add_list(filter, SCMP_ACT_ALLOW, &all) < 0 ||
        add_list(filter, SCMP_ACT_ALLOW, &f->own) < 0 || add_memory(filter, f) < 0)
        return -1;
    if (f->reads_files && add_reading(filter) < 0)
        return -1;
    return f->has_network ? add_network(filter) : 0;
}

bool rights_fence_is_real(void)
{
    return true;
}

int rights_fence(enum rights_process process, struct err *err)
{
    const struct fence *f = &fences[process];
    scmp_filter_ctx filter =
        seccomp_init(f->has_network ? SCMP_ACT_ERRNO(EPERM) : SCMP_ACT_KILL_PROCESS);
    if (!filter)
        return err_set(err, "seccomp: out of memory");
    int rc = fill(filter, f) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
                     seccomp_load(filter) < 0
                 ? -1
                 : 0;
    seccomp_release(filter);
    return rc < 0 ? err_set(err, "seccomp: the kernel does not take the filter") : 0;
}
#endif
