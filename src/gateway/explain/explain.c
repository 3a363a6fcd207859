#include "gateway/explain/explain.h"

#include "gateway/explain/report.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *name, *program, *summary;
    enum explain_mode mode;
    int (*report)(const struct explain_rules *r, const struct explain_options *o);
} reports[] = {
    {"check", "omamori rules check", "what is loaded, what is not and why", EXPLAIN_CHECK,
     report_check},
    {"explain", "omamori rules explain", "one rule in words", EXPLAIN_SID, report_about},
    {"coverage", "omamori rules coverage",
     "keywords and protocols, and how many rules of each are usable", EXPLAIN_COVERAGE,
     report_coverage},
    {"profile", "omamori rules profile", "what each rule costs on a capture", EXPLAIN_PROFILE,
     report_profile},
};

static void print_help(FILE *out)
{
    fprintf(out, "usage: omamori rules WORD [options]\n\nWhat rules mean and what they cost.\n\n");
    for (size_t i = 0; i < ARRAY_COUNT(reports); i++)
        fprintf(out, "  %-10s %s\n", reports[i].name, reports[i].summary);
    fprintf(out, "\nomamori rules WORD --help tells a word's options.\n");
}

int report_out(struct buf *text, const struct explain_options *o)
{
    bool whole =
        !text->failed && fwrite(text->p, 1, text->len, stdout) == text->len && fflush(stdout) == 0;
    if (!whole)
        fprintf(stderr, "%s: the report could not be written\n", o->program);
    return whole ? 0 : -1;
}

static int run(struct explain_options *o, int argc, char **argv,
               int (*report)(const struct explain_rules *r, const struct explain_options *o))
{
    struct explain_rules rules = {.image = NULL};
    struct err err;
    int status = options_read(o, argc, argv, &err);
    if (status == 0 && o->help)
        fputs(options_help(o->mode), stdout);
    else if (status == 0)
        status = explain_load(&rules, o, &err);
    if (status)
        fprintf(stderr, "%s: %s\n", o->program, err.text);
    else if (!o->help)
        status = report(&rules, o);
    explain_unload(&rules);
    options_fini(o);
    return status;
}

int rules_command(int argc, char **argv)
{
    const char *word = argc > 1 ? argv[1] : "";
    for (size_t i = 0; i < ARRAY_COUNT(reports); i++)
        if (strcmp(word, reports[i].name) == 0) {
            struct explain_options o = {.mode = reports[i].mode, .program = reports[i].program};
            return run(&o, argc - 1, argv + 1, reports[i].report);
        }
    bool asked = strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
    if (!asked && word[0])
        fprintf(stderr, "omamori rules: there is no word \"%s\"\n", word);
    print_help(asked ? stdout : stderr);
    return asked ? 0 : EXIT_USAGE;
}

int why_command(int argc, char **argv)
{
    struct explain_options o = {.mode = EXPLAIN_WHY, .program = "omamori why"};
    return run(&o, argc, argv, report_why);
}
