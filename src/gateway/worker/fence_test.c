#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "gateway/worker/crewman.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/wait.h>

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

/* How a process ends that closes its fence and then does this: 0, or the signal. */
static int end_of(void (*act)(void))
{
    int status;
    struct err err;
    pid_t pid = fork();
    if (pid == 0) {
        if (fence_close(&err) < 0)
            _exit(2);
        act();
        _exit(0);
    }
    assert_true(waitpid(pid, &status, 0) == pid);
    return WIFSIGNALED(status) ? WTERMSIG(status) : -WEXITSTATUS(status);
}

static void what_the_fence_lets_through(void **state)
{
    const struct {
        const char *name;
        void (*act)(void);
        int want;
    } rows[] = {
        {"nothing", does_nothing, 0},
        {"memory, writing", works_on, 0},
        {"open", opens_a_file, SIGSYS},
        {"socket", opens_a_socket, SIGSYS},
        {"fork", forks, SIGSYS},
        {"exec", runs_a_program, SIGSYS},
        {"executable memory", makes_code, SIGSYS},
        {"memory made executable", makes_memory_code, SIGSYS},
        {"ptrace", looks_into_its_parent, SIGSYS},
        {"prctl", opens_the_gate, SIGSYS},
    };
    if (!fence_is_real())
        return;
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        print_message("# %s\n", rows[i].name);
        assert_int_equal(end_of(rows[i].act), rows[i].want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_the_fence_lets_through)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
