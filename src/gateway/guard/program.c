#include "gateway/guard/program.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORDS_BYTES 300

struct pipes {
    int in[2], out[2];
};

static void become(const char *const argv[], const struct pipes *p)
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    dup2(p->in[0], STDIN_FILENO);
    dup2(p->out[1], STDERR_FILENO);
    dup2(p->out[1], STDOUT_FILENO);
    execvp(argv[0], (char *const *)(uintptr_t)argv);
    _exit(127);
}

static void feed(int fd, const char *input)
{
    size_t len = input ? strlen(input) : 0;
    while (len) {
        ssize_t n = write(fd, input, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        input += n;
        len -= (size_t)n;
    }
    close(fd);
}

/* The last WORDS_BYTES of what it said, on one line. */
static void listen_to(int fd, char words[WORDS_BYTES])
{
    char chunk[WORDS_BYTES];
    size_t len = 0;
    ssize_t n;
    while ((n = read(fd, chunk, sizeof(chunk))) > 0) {
        for (ssize_t i = 0; i < n; i++) {
            if (len == WORDS_BYTES - 1)
                memmove(words, words + 1, --len);
            words[len++] = chunk[i] == '\n' ? ' ' : chunk[i];
        }
    }
    words[len] = '\0';
}

int program_run(const char *const argv[], const char *input, struct err *err)
{
    struct pipes p;
    char words[WORDS_BYTES];
    if (pipe2(p.in, O_CLOEXEC) < 0)
        return err_errno(err, "%s: a pipe", argv[0]);
    if (pipe2(p.out, O_CLOEXEC) < 0) {
        close(p.in[0]), close(p.in[1]);
        return err_errno(err, "%s: a pipe", argv[0]);
    }
    pid_t pid = fork();
    if (pid == 0)
        become(argv, &p);
    close(p.in[0]), close(p.out[1]);
    feed(p.in[1], pid < 0 ? NULL : input);
    listen_to(p.out[0], words);
    close(p.out[0]);
    int status;
    if (pid < 0)
        return err_errno(err, "%s: starting it", argv[0]);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return 0;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
        return err_set(err, "%s: the program is not there (packages iproute2 and nftables)",
                       argv[0]);
    return err_set(err, "%s failed: %s", argv[0], words);
}
