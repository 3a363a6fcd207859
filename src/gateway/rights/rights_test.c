#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "gateway/rights/rights.h"

#include "base/str.h"

#include <fcntl.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

static int by_value(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;
    return *x < *y ? -1 : *x > *y;
}

static void does_nothing(void)
{
}

static void works_on(void)
{
    char *p = malloc(1 << 20);
    memset(p, 1, 1 << 20);
    (void)!write(STDERR_FILENO, "", 0);
    (void)!mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    free(p);
}

static void opens_a_file(void)
{
    (void)!open("/etc/hostname", O_RDONLY);
}

static void opens_a_socket(void)
{
    (void)!socket(AF_INET, SOCK_STREAM, 0);
}

static void forks(void)
{
    if (fork() == 0)
        _exit(0);
}

static void runs_a_program(void)
{
    execl("/bin/true", "true", (char *)NULL);
}

static void makes_code(void)
{
    (void)!mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void makes_memory_code(void)
{
    void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    (void)!mprotect(p, 4096, PROT_READ | PROT_EXEC);
}

static void looks_into_its_parent(void)
{
    ptrace(PTRACE_ATTACH, getppid(), 0, 0);
}

static void opens_the_gate(void)
{
    prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0);
}

static void opens_a_file_to_write(void)
{
    (void)!open("/dev/null", O_WRONLY);
}

static void opens_a_packet_socket(void)
{
    (void)!socket(AF_PACKET, SOCK_RAW, 0);
}

static void asks_for_another_user(void)
{
    (void)!setresuid(0, 0, 0);
}

/* Long enough that the library asks how much memory there is. */
static void sorts(void)
{
    enum { COUNT = 5000 };
    static uint64_t values[COUNT];
    for (size_t i = 0; i < COUNT; i++)
        values[i] = (i * 7919) % COUNT;
    qsort(values, COUNT, sizeof(values[0]), by_value);
    if (values[0] != 0 || values[COUNT - 1] != COUNT - 1)
        _exit(3);
}

static void *idle(void *arg)
{
    return arg;
}

static void starts_a_thread(void)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, idle, NULL) != 0)
        _exit(3);
    pthread_join(thread, NULL);
}

static int resolve(void)
{
    struct addrinfo *list = NULL;
    int result = getaddrinfo("localhost", "443", NULL, &list);
    if (result == 0)
        freeaddrinfo(list);
    return result;
}

static int resolved; /* without a fence: a bare machine may not even know localhost */

static void resolves_a_name(void)
{
    if (resolve() != resolved)
        _exit(3);
}

/* How a process ends that closes its fence and then does this: 0, the signal, or minus what it says. */
static int end_of(enum rights_process process, void (*act)(void))
{
    int status;
    struct err err;
    pid_t pid = fork();
    if (pid == 0) {
        if (rights_fence(process, &err) < 0)
            _exit(2);
        act();
        _exit(0);
    }
    assert_true(waitpid(pid, &status, 0) == pid);
    return WIFSIGNALED(status) ? WTERMSIG(status) : -WEXITSTATUS(status);
}

enum {
    ENGINE = 1 << RIGHTS_ENGINE,
    LOADER = 1 << RIGHTS_LOADER,
    COMPILE = 1 << RIGHTS_COMPILE,
    LINK = 1 << RIGHTS_LINK,
    LOCAL = 1 << RIGHTS_LOCAL,
    ALL = ENGINE | LOADER | COMPILE | LINK | LOCAL
};

static void what_the_fences_let_through(void **state)
{
    const struct {
        const char *name;
        void (*act)(void);
        int lives; /* processes that survive it */
    } rows[] = {
        {"nothing", does_nothing, ALL},
        {"memory, writing", works_on, ALL},
        {"sorting", sorts, ALL},
        {"open", opens_a_file, COMPILE | LINK},
        {"open to write", opens_a_file_to_write, LINK},
        {"socket", opens_a_socket, LINK},
        {"packet socket", opens_a_packet_socket, 0},
        {"thread", starts_a_thread, LINK},
        {"name of a host", resolves_a_name, LINK},
        {"fork", forks, 0},
        {"exec", runs_a_program, 0},
        {"executable memory", makes_code, LOADER | LINK}, /* link gets an error: see below */
        {"memory made executable", makes_memory_code, LOADER | LINK},
        {"ptrace", looks_into_its_parent, 0},
        {"prctl", opens_the_gate, LINK},
        {"setuid", asks_for_another_user, 0},
    };
    resolved = resolve();
    if (!rights_fence_is_real())
        return;
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        for (enum rights_process p = 0; p < RIGHTS_PROCESSES; p++) {
            print_message("# %s, process %d\n", rows[i].name, (int)p);
            assert_int_equal(end_of(p, rows[i].act), rows[i].lives >> p & 1 ? 0 : SIGSYS);
        }
}

static void link_tries(void)
{
    void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED)
        _exit(3);
    if (mprotect(p, 4096, PROT_READ | PROT_EXEC) == 0)
        _exit(4);
    if (socket(AF_VSOCK, SOCK_STREAM, 0) >= 0)
        _exit(5);
    if (prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0)
        _exit(6);
}

static void the_link_gets_no_more_by_asking(void **state)
{
    if (rights_fence_is_real())
        assert_int_equal(end_of(RIGHTS_LINK, link_tries), 0);
}

static uint64_t effective_capabilities(void)
{
    FILE *f = fopen("/proc/self/status", "r");
    char line[200];
    unsigned long long value = ~0ull;
    while (f && fgets(line, sizeof(line), f))
        (void)!sscanf(line, "CapEff: %llx", &value);
    if (f)
        fclose(f);
    return value;
}

/* 0, or the number of what is not as it should be. */
static int what_is_left(enum rights_process process)
{
    struct err err;
    struct rights_user user;
    uint64_t caps = process == RIGHTS_COMPILE ? 1u << 2 /* read any file */ : 0;
    if (rights_user(NULL, process, &user, &err) < 0 || rights_drop(process, &user, &err) < 0)
        return 1;
    if (getuid() != user.uid || geteuid() == 0 || getegid() == 0 || getgroups(0, NULL) != 0)
        return 2;
    if (setuid(0) == 0 || effective_capabilities() != caps)
        return 3;
    int fd = open("/etc/shadow", O_RDONLY);
    if ((fd >= 0) != (process == RIGHTS_COMPILE))
        return 4;
    return open("/etc/shadow", O_WRONLY) >= 0 ? 5 : 0;
}

static void rights_are_dropped(void **state)
{
    if (geteuid() != 0)
        skip();
    for (enum rights_process p = 0; p < RIGHTS_PROCESSES; p++) {
        int status;
        pid_t pid = fork();
        if (pid == 0)
            _exit(what_is_left(p));
        assert_true(waitpid(pid, &status, 0) == pid);
        print_message("# process %d\n", (int)p);
        assert_int_equal(WEXITSTATUS(status), 0);
    }
}

static void a_user_must_be_one(void **state)
{
    struct err err;
    struct rights_user user, other;
    assert_int_equal(rights_user("no-such-user-at-all", RIGHTS_LINK, &user, &err), -1);
    assert_non_null(strstr(err.text, "no-such-user-at-all"));
    assert_int_equal(rights_user("root", RIGHTS_LINK, &user, &err), -1);
    assert_int_equal(rights_user("nobody", RIGHTS_LINK, &user, &err), 0);
    assert_int_equal(rights_user("nobody", RIGHTS_ENGINE, &other, &err), 0);
    assert_true(user.uid != other.uid && other.uid >= RIGHTS_UID_FIRST);
}

static uid_t owner_of(const char *path)
{
    struct stat st;
    assert_int_equal(lstat(path, &st), 0);
    return st.st_uid;
}

static void check_owners(uid_t uid)
{
    const struct {
        const char *path;
        uid_t want;
    } rows[] = {{"link", uid},      {"link/spool", uid}, {"link/key", uid},   {"link/spool/1", uid},
                {"link/shared", 0}, {"outside", 0},      {"link/way-out", 0}, {".", 0}};
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        print_message("# %s\n", rows[i].path);
        assert_int_equal(owner_of(rows[i].path), rows[i].want);
    }
}

/* A state folder of an earlier version is root's: it is taken over, and nothing beyond it. */
static void a_folder_is_handed_over(void **state)
{
    char top[] = "/tmp/otasuke-XXXXXX";
    static const char *const files[] = {"link/key",     "link/spool/1", "outside",  "shared",
                                        "link/way-out", "link/shared",  "elsewhere"};
    struct err err;
    struct rights_user user = {RIGHTS_UID_FIRST, RIGHTS_UID_FIRST};
    if (geteuid() != 0)
        skip();
    assert_non_null(mkdtemp(top));
    assert_int_equal(chdir(top), 0);
    assert_int_equal(mkdir("link", 0700), 0);
    assert_int_equal(mkdir("link/spool", 0700), 0);
    for (size_t i = 0; i < 4; i++)
        close(open(files[i], O_WRONLY | O_CREAT, 0600));
    assert_int_equal(symlink("../outside", "link/way-out"), 0);
    assert_int_equal(link("shared", "link/shared"), 0);
    int fd = rights_hand_folder("link", &user, &err);
    assert_true(fd >= 0);
    close(fd);
    check_owners(user.uid);
    /* a link in the folder's own place is not followed */
    assert_int_equal(symlink("/etc", "elsewhere"), 0);
    assert_int_equal(rights_hand_folder("elsewhere", &user, &err), -1);
    assert_int_equal(owner_of("/etc"), 0);
    for (size_t i = 0; i < ARRAY_COUNT(files); i++)
        unlink(files[i]);
    rmdir("link/spool"), rmdir("link");
    assert_int_equal(chdir("/"), 0);
    rmdir(top);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_fences_let_through),
        cmocka_unit_test(the_link_gets_no_more_by_asking),
        cmocka_unit_test(rights_are_dropped),
        cmocka_unit_test(a_user_must_be_one),
        cmocka_unit_test(a_folder_is_handed_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
