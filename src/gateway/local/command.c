#include "gateway/local/local.h"

#include "base/buf.h"
#include "base/ip.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define EXIT_USAGE 64
#define EXIT_UNAVAILABLE 69
#define ANSWER_BYTES_MAX (1u << 20)
#define RELOAD_WAIT_MS 300000
#define RELOAD_ASK_MS 200

static const char help[] =
    "usage: omamori status|isolated|reload [--socket PATH]\n"
    "       omamori isolate MAC [--for SECONDS] [--reason WORDS] [--socket PATH]\n"
    "       omamori release MAC [--socket PATH]\n"
    "\n"
    "  status    is inspection working, is the center connected, what was counted\n"
    "  reload    reads the rule files anew, while the rules before go on inspecting; waits for the "
    "result\n"
    "  isolated  the machines that are cut off: by whom, since when, why\n"
    "  isolate   cuts one machine off the network, also while the engine does not work\n"
    "  release   lets it back in\n";

struct request {
    const char *word, *mac, *seconds, *reason, *socket;
    bool help;
};

static int read_request(struct request *r, int argc, char **argv)
{
    *r = (struct request){
        .word = argv[0], .seconds = "0", .reason = "by hand", .socket = "/run/omamori.sock"};
    const struct {
        const char *name;
        const char **value;
    } rows[] = {{"--for", &r->seconds}, {"--reason", &r->reason}, {"--socket", &r->socket}};
    for (int i = 1; i < argc; i++) {
        bool taken = false;
        for (size_t k = 0; k < ARRAY_COUNT(rows) && !taken; k++)
            if (strcmp(argv[i], rows[k].name) == 0 && i + 1 < argc) {
                *rows[k].value = argv[++i];
                taken = true;
            }
        if (taken)
            continue;
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            r->help = true;
        else if (!r->mac && argv[i][0] != '-')
            r->mac = argv[i];
        else
            return -1;
    }
    struct mac mac;
    bool needs_mac = strcmp(r->word, "isolate") == 0 || strcmp(r->word, "release") == 0;
    return r->help || (needs_mac ? r->mac && mac_parse(str_c(r->mac), &mac) : !r->mac) ? 0 : -1;
}

static int ask(const struct request *r, struct buf *answer)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char line[LOCAL_LINE_BYTES];
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", r->socket);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
        if (fd >= 0)
            close(fd);
        return -1;
    }
    int len = snprintf(line, sizeof(line), "%s %s %s %s\n", r->word, r->mac ? r->mac : "",
                       r->mac ? r->seconds : "", r->mac ? r->reason : "");
    (void)!send(fd, line, (size_t)len < sizeof(line) ? (size_t)len : sizeof(line) - 1,
                MSG_NOSIGNAL);
    char chunk[4096];
    ssize_t n;
    while ((n = recv(fd, chunk, sizeof(chunk), 0)) > 0)
        buf_add(answer, str_of(chunk, (size_t)n));
    close(fd);
    return 0;
}

/* The order was taken: waits until it has been carried out, one way or the other; `answer` then tells how. */
static int await_rules(const struct request *r, struct buf *answer)
{
    struct request rules = *r;
    rules.word = "rules";
    for (int waited_ms = 0; waited_ms < RELOAD_WAIT_MS; waited_ms += RELOAD_ASK_MS) {
        buf_reset(answer);
        if (ask(&rules, answer) < 0)
            return -1;
        if (!str_starts(buf_str(answer), STR_LIT("reading\n")))
            return 0;
        usleep(RELOAD_ASK_MS * 1000);
    }
    return 0;
}

static bool is_ok(const struct buf *answer)
{
    return str_ends(buf_str(answer), STR_LIT("ok\n"));
}

/* The answer without the words that are for us. */
static int show(const struct request *r, const struct buf *answer)
{
    struct str text = buf_str(answer);
    bool ok = is_ok(answer);
    if (ok)
        text = str_cut(text, 0, text.len - strlen("ok\n"));
    if (strcmp(r->word, "reload") == 0 && str_starts(text, STR_LIT("rest\n")))
        text = str_from(text, strlen("rest\n"));
    fwrite(text.p, 1, text.len, ok ? stdout : stderr);
    return ok ? 0 : 1;
}

int local_command(int argc, char **argv)
{
    struct request r;
    struct buf answer;
    if (read_request(&r, argc, argv) < 0 || r.help) {
        fputs(help, r.help ? stdout : stderr);
        return r.help ? 0 : EXIT_USAGE;
    }
    buf_init(&answer, ANSWER_BYTES_MAX);
    int rc = ask(&r, &answer);
    if (rc == 0 && is_ok(&answer) && strcmp(r.word, "reload") == 0)
        rc = await_rules(&r, &answer);
    int status = EXIT_UNAVAILABLE;
    if (rc == 0)
        status = show(&r, &answer);
    else
        fprintf(stderr,
                "omamori %s: nothing answers at %s: is omamori run at work, and are you root?\n",
                r.word, r.socket);
    buf_fini(&answer);
    return status;
}
