/* omamori: the program's first word chooses what it does. A command is a row here and a room of its own. */
#include "base/attr.h"
#include "gateway/enrol.h"
#include "gateway/explain/explain.h"
#include "gateway/guard/guard.h"
#include "gateway/local/local.h"
#include "gateway/replay/replay.h"

#include <stdio.h>
#include <string.h>

#define EXIT_USAGE 64

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *summary;
} commands[] = {
    {"run", guard_command, "inspect what passes between two network ports"},
    {"enrol", enrol_command, "make this box known to its center by the claim code"},
    {"status", local_command, "is inspection working, is the center connected"},
    {"reload", local_command, "read the rule files anew, without a gap in inspection"},
    {"isolated", local_command, "the machines that are cut off"},
    {"isolate", local_command, "cut one machine off the network"},
    {"release", local_command, "let it back in"},
    {"replay", replay_command, "run the engine over capture files and write eve.json"},
    {"rules", rules_command, "what rules mean, which are usable, and what they cost"},
    {"why", why_command, "why a rule did or did not fire on a capture"},
};

static void print_help(FILE *out)
{
    fprintf(out, "usage: omamori COMMAND [options]\n\nThe Otasuke gateway.\n\n");
    for (size_t i = 0; i < ARRAY_COUNT(commands); i++)
        fprintf(out, "  %-10s %s\n", commands[i].name, commands[i].summary);
    fprintf(out, "  %-10s %s\n", "--version", "print the version");
    fprintf(out, "\nomamori COMMAND --help tells a command's options.\n");
}

int main(int argc, char **argv)
{
    const char *word = argc > 1 ? argv[1] : "";
    for (size_t i = 0; i < ARRAY_COUNT(commands); i++)
        if (strcmp(word, commands[i].name) == 0)
            return commands[i].run(argc - 1, argv + 1);
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
        print_help(stdout);
        return 0;
    }
    if (strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0) {
        printf("omamori %s\n", OTASUKE_VERSION);
        return 0;
    }
    if (word[0])
        fprintf(stderr, "omamori: there is no command \"%s\"\n", word);
    print_help(stderr);
    return EXIT_USAGE;
}
