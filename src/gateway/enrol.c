#include "gateway/enrol.h"

#include "base/attr.h"
#include "gateway/link/link.h"
#include "gateway/rights/rights.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define EXIT_USAGE 64
#define EXIT_UNAVAILABLE 69

static const char help[] = "usage: omamori enrol --center HOST:PORT [--state FOLDER] [CODE]\n"
                           "\n"
                           "Makes this box known to its center. CODE is the 12-character claim "
                           "code that the center shows when the gateway\n"
                           "is registered there; small letters, spaces and dashes are fine. "
                           "Without CODE it is read from standard input,\n"
                           "where neither the list of processes nor the shell's history shows it. "
                           "An earlier enrolment is replaced.\n";

#define CODE_LINE_BYTES 64

/* False: there is none. */
static bool ask_for_code(char out[CODE_LINE_BYTES])
{
    if (isatty(STDIN_FILENO)) {
        fputs("claim code: ", stdout);
        fflush(stdout);
    }
    if (!fgets(out, CODE_LINE_BYTES, stdin))
        return false;
    out[strcspn(out, "\r\n")] = '\0';
    return out[0] != '\0';
}

/* Takes the code out of the words that other users of this machine can see while this process runs. */
static void take_code(char *word, char out[CODE_LINE_BYTES])
{
    snprintf(out, CODE_LINE_BYTES, "%s", word);
    memset(word, '*', strlen(word));
}

/* The link process, which may be at work already, reads it as its own user: the folder's owner. */
static int hand_over(const char *folder, struct err *err)
{
    struct stat st;
    struct rights_user user;
    if (geteuid() != 0)
        return 0;
    if (rights_user(NULL, RIGHTS_LINK, &user, err) < 0)
        return -1;
    if (stat(folder, &st) == 0 && st.st_uid != 0)
        user = (struct rights_user){st.st_uid, st.st_gid};
    int fd = rights_hand_folder(folder, &user, err);
    if (fd >= 0)
        close(fd);
    return fd < 0 ? -1 : 0;
}

int enrol_command(int argc, char **argv)
{
    const char *center = NULL, *state = "/var/lib/omamori";
    char code[CODE_LINE_BYTES] = "";
    bool wrong = false;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--center") == 0 && i + 1 < argc)
            center = argv[++i];
        else if (strcmp(argv[i], "--state") == 0 && i + 1 < argc)
            state = argv[++i];
        else if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return fputs(help, stdout) < 0;
        else if (!code[0] && argv[i][0] && argv[i][0] != '-')
            take_code(argv[i], code);
        else
            wrong = true;
    }
    if (wrong || !center || (!code[0] && !ask_for_code(code))) {
        fputs(help, stderr);
        return EXIT_USAGE;
    }
    char folder[600], gateway[LINK_GATEWAY_ID_BYTES];
    struct err err;
    snprintf(folder, sizeof(folder), "%s/link", state);
    struct link_conf conf = {.folder = folder, .software = OTASUKE_VERSION, .center = center};
    int result = link_enrol(&conf, code, &err);
    explicit_bzero(code, sizeof(code));
    if (result < 0) {
        fprintf(stderr, "omamori enrol: %s\n", err.text);
        return EXIT_UNAVAILABLE;
    }
    if (hand_over(folder, &err) < 0)
        fprintf(stderr, "omamori enrol: %s\n", err.text);
    if (link_is_enrolled(&conf, gateway))
        printf("enrolled as gateway %s at %s\n", gateway, center);
    return 0;
}
