#include "gateway/enrol.h"

#include "base/attr.h"
#include "gateway/link/link.h"

#include <stdio.h>
#include <string.h>

#define EXIT_USAGE 64
#define EXIT_UNAVAILABLE 69

static const char help[] = "usage: omamori enrol --center HOST:PORT [--state FOLDER] CODE\n"
                           "\n"
                           "Makes this box known to its center. CODE is the 12-character claim "
                           "code that the center shows when the gateway\n"
                           "is registered there; small letters, spaces and dashes are fine. An "
                           "earlier enrolment is replaced.\n";

int enrol_command(int argc, char **argv)
{
    const char *center = NULL, *state = "/var/lib/omamori", *code = NULL;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--center") == 0 && i + 1 < argc)
            center = argv[++i];
        else if (strcmp(argv[i], "--state") == 0 && i + 1 < argc)
            state = argv[++i];
        else if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return fputs(help, stdout) < 0;
        else if (!code && argv[i][0] != '-')
            code = argv[i];
        else
            center = code = NULL, i = argc;
    }
    if (!center || !code) {
        fputs(help, stderr);
        return EXIT_USAGE;
    }
    char folder[600], gateway[LINK_GATEWAY_ID_BYTES];
    struct err err;
    snprintf(folder, sizeof(folder), "%s/link", state);
    struct link_conf conf = {.folder = folder, .software = OTASUKE_VERSION, .center = center};
    if (link_enrol(&conf, code, &err) < 0) {
        fprintf(stderr, "omamori enrol: %s\n", err.text);
        return EXIT_UNAVAILABLE;
    }
    if (link_is_enrolled(&conf, gateway))
        printf("enrolled as gateway %s at %s\n", gateway, center);
    return 0;
}
