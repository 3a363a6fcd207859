#include "gateway/replay/options.h"

#include <stdio.h>
#include <stdlib.h>

#define THREADS_MAX 64
#define EXIT_USAGE 64
#define EXIT_CONFIG 78

const char replay_help[] =
    "usage: omamori replay -r FILE|FOLDER [-S RULES]... [-l FOLDER] [options]\n"
    "\n"
    "Runs the engine over captured traffic and writes what it finds to eve.json.\n"
    "\n"
    "  -r FILE|FOLDER    capture (pcap, pcapng); or a folder: the .pcap, .pcapng, .cap and .trace\n"
    "                    files in it and 8 folders deep, by name, each on its own\n"
    "  -S RULES          rule file, or a pattern in quotes; may be given several times\n"
    "  -s RULES          the same, besides rule-files of the settings, which are read where there "
    "is no -S\n"
    "  --disable-conf FILE, --enable-conf FILE, --modify-conf FILE, --drop-conf FILE\n"
    "                    changes to rules, in suricata-update's form\n"
    "  --cache FOLDER    where compiled rules are kept for the next time (default: omamori in "
    "$XDG_CACHE_HOME\n"
    "                    or ~/.cache)\n"
    "  --no-cache        keep none, use none\n"
    "  -l FOLDER         where eve.json goes (default: the current folder)\n"
    "  --data-dir FOLDER where rules keep the sets they save (default: default-data-dir of the\n"
    "                    settings, or /var/lib/suricata/data)\n"
    "  -c FILE           settings in the form of suricata.yaml\n"
    "  -k all|none       verify checksums or not (default: all)\n"
    "  --set NAME=VALUE  one setting, as it would stand in suricata.yaml\n"
    "  --simulate-ips    judge as inline: drop rules drop\n"
    "  --threads N       so many workers (default: 1)\n"
    "  -T                read settings and rules, tell what is not usable, and end\n"
    "  -q, --quiet       no summary\n"
    "  -v, --verbose     name every rule that is not usable\n"
    "  -V, --version     print the version\n"
    "  -h, --help        this text\n"
    "\n"
    "Other options of Suricata's command line, filters too, are ignored with a warning.\n"
    "\n"
    "Exit status: 0; 1 when a file of a folder could not be read; 64 wrong command line;\n"
    "66 nothing to read at -r; 73 nowhere to write at -l, or a set that rules save could not\n"
    "be written; 78 settings or rules that cannot be read; 130 or 143 when interrupted, with\n"
    "what was found until then.\n";

/* Options of Suricata's that stand before a value of their own. */
static const char *const foreign_with_value[] = {
    "-i",
    "-F",
    "-d",
    "-D",
    "--runmode",
    "--pidfile",
    "--user",
    "--group",
    "--include",
    "--pcap-buffer-size",
    "--bpf-file",
    "--firewall-rules-exclusive",
    "--unix-socket-file",
    "--erf-in",
    "--strict-rule-keywords",
    "--reject-dev",
};

enum option {
    OPTION_CAPTURE,
    OPTION_RULES,
    OPTION_RULES_TOO,
    OPTION_CACHE,
    OPTION_NO_CACHE,
    OPTION_DISABLE,
    OPTION_ENABLE,
    OPTION_MODIFY,
    OPTION_DROP,
    OPTION_FOLDER,
    OPTION_DATA,
    OPTION_CONF,
    OPTION_CHECKSUMS,
    OPTION_SET,
    OPTION_IPS,
    OPTION_THREADS,
    OPTION_QUIET,
    OPTION_VERBOSE,
    OPTION_VERSION,
    OPTION_TEST,
    OPTION_HELP,
    OPTION_FOREIGN,
};

static const struct {
    const char *name;
    enum option option;
    bool has_value;
} known[] = {
    {"-r", OPTION_CAPTURE, true},
    {"-S", OPTION_RULES, true},
    {"-s", OPTION_RULES_TOO, true},
    {"-l", OPTION_FOLDER, true},
    {"--data-dir", OPTION_DATA, true},
    {"--cache", OPTION_CACHE, true},
    {"--no-cache", OPTION_NO_CACHE, false},
    {"--disable-conf", OPTION_DISABLE, true},
    {"--enable-conf", OPTION_ENABLE, true},
    {"--modify-conf", OPTION_MODIFY, true},
    {"--drop-conf", OPTION_DROP, true},
    {"-c", OPTION_CONF, true},
    {"-k", OPTION_CHECKSUMS, true},
    {"--set", OPTION_SET, true},
    {"--simulate-ips", OPTION_IPS, false},
    {"--threads", OPTION_THREADS, true},
    {"-q", OPTION_QUIET, false},
    {"--quiet", OPTION_QUIET, false},
    {"-v", OPTION_VERBOSE, false},
    {"-vv", OPTION_VERBOSE, false},
    {"-vvv", OPTION_VERBOSE, false},
    {"-V", OPTION_VERSION, false},
    {"--version", OPTION_VERSION, false},
    {"-T", OPTION_TEST, false},
    {"--verbose", OPTION_VERBOSE, false},
    {"-h", OPTION_HELP, false},
    {"--help", OPTION_HELP, false},
};

/* What stands at argv[*at]: which option, and its value ("--name=value", "-kvalue" or the next word). */
static enum option next_option(char **argv, int argc, int *at, const char **value)
{
    const char *word = argv[*at];
    *value = NULL;
    for (size_t i = 0; i < ARRAY_COUNT(known); i++) {
        size_t len = strlen(known[i].name);
        if (strncmp(word, known[i].name, len) != 0)
            continue;
        bool is_long = word[1] == '-';
        if (word[len] == '\0') {
            if (known[i].has_value && *at + 1 < argc)
                *value = argv[++*at];
            return known[i].option;
        }
        if (known[i].has_value && (is_long ? word[len] == '=' : true)) {
            *value = word + len + (is_long ? 1 : 0);
            return known[i].option;
        }
    }
    for (size_t i = 0; i < ARRAY_COUNT(foreign_with_value); i++)
        if (strcmp(word, foreign_with_value[i]) == 0 && *at + 1 < argc)
            ++*at;
    return OPTION_FOREIGN;
}

static int need_value(const char *value, const char *name, struct err *err)
{
    return value ? 0 : err_set(err, "option %s needs a value", name);
}

static int add_rules(struct replay_options *o, const char *value, struct err *err)
{
    if (o->rules.file_count == COMPILE_FILES_MAX)
        return err_set(err, "more than %d rule files; use a pattern", COMPILE_FILES_MAX);
    o->rules.files[o->rules.file_count++] = value;
    return 0;
}

static int set_threads(struct replay_options *o, const char *value, struct err *err)
{
    uint64_t n;
    if (!str_to_u64(str_c(value), &n) || n < 1 || n > THREADS_MAX)
        return err_set(err, "--threads: a number from 1 to %d is needed", THREADS_MAX);
    o->threads = (uint32_t)n;
    return 0;
}

static int set_checksums(struct replay_options *o, const char *value, struct err *err)
{
    o->checksums_set = true;
    o->no_checksums = strcmp(value, "none") == 0;
    if (!o->no_checksums && strcmp(value, "all") != 0)
        return err_set(err, "-k: \"all\" or \"none\" is needed");
    return 0;
}

static int take(struct replay_options *o, enum option option, const char *value, struct err *err)
{
    switch (option) {
    case OPTION_CAPTURE: o->capture = value; return 0;
    case OPTION_RULES:
        o->rules.only_these = true;
        return add_rules(o, value, err) < 0 ? EXIT_USAGE : 0;
    case OPTION_RULES_TOO: return add_rules(o, value, err) < 0 ? EXIT_USAGE : 0;
    case OPTION_CACHE: o->cache = value; return 0;
    case OPTION_NO_CACHE: o->no_cache = true; return 0;
    case OPTION_DISABLE: o->rules.edits[TAILOR_DISABLE] = value; return 0;
    case OPTION_ENABLE: o->rules.edits[TAILOR_ENABLE] = value; return 0;
    case OPTION_MODIFY: o->rules.edits[TAILOR_MODIFY] = value; return 0;
    case OPTION_DROP: o->rules.edits[TAILOR_DROP] = value; return 0;
    case OPTION_FOLDER: o->folder = value; return 0;
    case OPTION_DATA: o->data_folder = value; return 0;
    case OPTION_CONF: return conf_load(o->conf, value, err) < 0 ? EXIT_CONFIG : 0;
    case OPTION_CHECKSUMS: return set_checksums(o, value, err) < 0 ? EXIT_USAGE : 0;
    case OPTION_SET: return 0; /* after all files: see replay_options_read */
    case OPTION_IPS: o->simulate_ips = true; return 0;
    case OPTION_THREADS: return set_threads(o, value, err) < 0 ? EXIT_USAGE : 0;
    case OPTION_QUIET: o->quiet = true; return 0;
    case OPTION_VERBOSE: o->verbose = true; return 0;
    case OPTION_VERSION: o->version = true; return 0;
    case OPTION_TEST: o->test_only = true; return 0;
    case OPTION_HELP: o->help = true; return 0;
    case OPTION_FOREIGN: return 0;
    }
    return 0;
}

static bool takes_value(enum option option)
{
    for (size_t i = 0; i < ARRAY_COUNT(known); i++)
        if (known[i].option == option)
            return known[i].has_value;
    return false;
}

static int apply_data_folder(struct replay_options *o, struct err *err)
{
    char assignment[4200];
    int len = o->data_folder
                  ? snprintf(assignment, sizeof assignment, "default-data-dir=%s", o->data_folder)
                  : 0;
    if ((size_t)len >= sizeof assignment)
        return err_set(err, "--data-dir: the path is too long");
    return len ? conf_set(o->conf, assignment, err) : 0;
}

/* --set outweighs every file, wherever it stands on the line. */
static int apply_sets(struct replay_options *o, int argc, char **argv, struct err *err)
{
    for (int i = 1; i < argc; i++) {
        const char *value;
        if (next_option(argv, argc, &i, &value) == OPTION_SET && conf_set(o->conf, value, err) < 0)
            return -1;
    }
    return 0;
}

/* A user's own folder, as other programs have it (XDG Base Directory Specification); none without a home. */
static void choose_cache(struct replay_options *o)
{
    const char *base = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    int len = 0;
    if (o->no_cache || !conf_bool(o->conf, "detect.sgh-mpm-caching", true))
        return;
    if (!o->cache && base && base[0] == '/')
        len = snprintf(o->cache_folder, sizeof o->cache_folder, "%s/omamori", base);
    else if (!o->cache && home && home[0] == '/')
        len = snprintf(o->cache_folder, sizeof o->cache_folder, "%s/.cache/omamori", home);
    if (len > 0 && (size_t)len < sizeof o->cache_folder)
        o->rules.cache_folder = o->cache_folder;
    if (o->cache)
        o->rules.cache_folder = o->cache;
}

static void warn_ignored(struct buf *ignored)
{
    if (ignored->len)
        fprintf(stderr, "omamori replay: options that mean nothing here are ignored:%s\n",
                buf_c(ignored));
    buf_fini(ignored);
}

int replay_options_read(struct replay_options *o, int argc, char **argv, struct err *err)
{
    struct buf ignored;
    *o = (struct replay_options){.folder = ".", .threads = 1, .conf = conf_new()};
    if (!o->conf) {
        err_set(err, "out of memory");
        return EXIT_CONFIG;
    }
    buf_init(&ignored, 4096);
    int status = 0;
    for (int i = 1; i < argc && status == 0; i++) {
        const char *value, *word = argv[i];
        enum option option = next_option(argv, argc, &i, &value);
        if (option == OPTION_FOREIGN)
            buf_printf(&ignored, " %s", word);
        if (takes_value(option) && need_value(value, word, err) < 0)
            status = EXIT_USAGE;
        else
            status = take(o, option, value, err);
    }
    if (status == 0 && (apply_sets(o, argc, argv, err) < 0 || apply_data_folder(o, err) < 0))
        status = EXIT_USAGE;
    warn_ignored(&ignored);
    const char *missing;
    for (size_t k = 0; (missing = conf_missing(o->conf, k)); k++)
        fprintf(stderr, "omamori replay: include: %s is not there, passed over\n", missing);
    bool needs_capture = !o->help && !o->version && !o->test_only;
    if (status == 0 && needs_capture && !o->capture) {
        err_set(err, "no capture given: -r FILE (see omamori replay --help)");
        status = EXIT_USAGE;
    }
    o->rules.conf = o->conf;
    choose_cache(o);
    return status;
}

void replay_options_fini(struct replay_options *o)
{
    conf_free(o->conf);
    o->conf = NULL;
}
