#include "gateway/explain/options.h"

#include <stdio.h>
#include <string.h>

#define TOP_USUAL 20
#define ATTEMPTS_USUAL 5
#define TOP_MAX 1000000

#define SHARED                                                                          \
    "  -c FILE           settings in the form of suricata.yaml\n"                       \
    "  --set NAME=VALUE  one setting, as it would stand in suricata.yaml\n"             \
    "  --disable-conf FILE, --enable-conf FILE, --modify-conf FILE, --drop-conf FILE\n" \
    "                    changes to rules, in suricata-update's form\n"                 \
    "  --json            one JSON object instead of words\n"                            \
    "  -h, --help        this text\n"

#define CAPTURE                                                    \
    "  -k all|none       verify checksums or not (default: all)\n" \
    "  --simulate-ips    judge as inline: drop rules drop\n"

static const char *const helps[] = {
    [EXPLAIN_CHECK] =
        "usage: omamori rules check RULES... [options]\n"
        "\n"
        "Reads rule files as the engine would, and tells what is loaded, what is not and why, and\n"
        "what an author should look at.\n"
        "\n"
        "  -S RULES          rule file, or a pattern in quotes; the same as RULES\n"
        "  -v, --verbose     every finding, not only the first of each kind\n"
        "  -q, --quiet       only what is not usable\n"
        "  --strict          exit status 1 also for rules that can never hold\n" SHARED "\n"
        "Exit status: 0 every rule is usable; 1 some are not; 64 wrong command line; 78 settings "
        "or\n"
        "rule files that cannot be read.\n",
    [EXPLAIN_SID] =
        "usage: omamori rules explain SID -S RULES... [options]\n"
        "\n"
        "Tells one rule in words: its header with the variables filled in, each condition in the\n"
        "order in which it is asked, what the prefilter looks for, flowbits and who sets them.\n"
        "\n"
        "  -S RULES          rule file, or a pattern in quotes; may be given several times\n"
        "  --gid N           generator id (default: 1)\n" SHARED "\n"
        "Exit status: 0; 1 when the rule is not loaded (why is told); 64 wrong command line; 78 "
        "settings\n"
        "or rule files that cannot be read.\n",
    [EXPLAIN_COVERAGE] =
        "usage: omamori rules coverage -S RULES... [options]\n"
        "\n"
        "Which keywords and protocols the rules use, and how many rules with each are usable.\n"
        "\n"
        "  -S RULES          rule file, or a pattern in quotes; may be given several times\n"
        "  -v, --verbose     every keyword, not only the most frequent ones\n" SHARED "\n"
        "Exit status: 0; 64 wrong command line; 78 settings or rule files that cannot be read.\n",
    [EXPLAIN_PROFILE] =
        "usage: omamori rules profile -r CAPTURE -S RULES... [options]\n"
        "\n"
        "Runs the engine over a capture and tells what each rule costs: how often the prefilter\n"
        "named it, how often it was asked and held, and how long that took.\n"
        "\n"
        "  -r CAPTURE        capture file (pcap, pcapng)\n"
        "  -S RULES          rule file, or a pattern in quotes; may be given several times\n"
        "  --top N           so many rules (default: 20)\n" CAPTURE SHARED "\n"
        "Exit status: 0; 64 wrong command line; 66 a capture that cannot be read; 78 settings or "
        "rule\n"
        "files that cannot be read.\n",
    [EXPLAIN_WHY] =
        "usage: omamori why --pcap CAPTURE --sid SID -S RULES... [options]\n"
        "\n"
        "Tells step by step why a rule did or did not fire on a capture.\n"
        "\n"
        "  --pcap CAPTURE, -r CAPTURE   capture file (pcap, pcapng)\n"
        "  --sid SID         the rule; with --gid N when its generator id is not 1\n"
        "  -S RULES          rule file, or a pattern in quotes; may be given several times\n"
        "  --flow END        only flows with this address, port, or ADDRESS:PORT ([ADDRESS]:PORT)\n"
        "  --top N           so many attempts of each flow in full (default: 5)\n"
        "  -v, --verbose     all of them\n" CAPTURE SHARED "\n"
        "Exit status: 0 the rule fired; 1 it did not, or is not loaded; 64 wrong command line; 66 "
        "a\n"
        "capture that cannot be read; 78 settings or rule files that cannot be read.\n",
};

const char *options_help(enum explain_mode mode)
{
    return helps[mode];
}

enum option {
    OPTION_RULES,
    OPTION_CONF,
    OPTION_SET,
    OPTION_EDIT,
    OPTION_JSON,
    OPTION_HELP,
    OPTION_VERBOSE,
    OPTION_QUIET,
    OPTION_STRICT,
    OPTION_SID,
    OPTION_GID,
    OPTION_CAPTURE,
    OPTION_CHECKSUMS,
    OPTION_IPS,
    OPTION_FLOW,
    OPTION_TOP,
};

#define BIT(mode) (1u << (mode))
#define ALL 0x1fu
#define PLAYS (BIT(EXPLAIN_PROFILE) | BIT(EXPLAIN_WHY))

static const struct known {
    const char *name;
    enum option option;
    bool has_value;
    unsigned modes;
    size_t edit;
} known[] = {
    {"-S", OPTION_RULES, true, ALL, 0},
    {"-s", OPTION_RULES, true, ALL, 0},
    {"-c", OPTION_CONF, true, ALL, 0},
    {"--set", OPTION_SET, true, ALL, 0},
    {"--disable-conf", OPTION_EDIT, true, ALL, TAILOR_DISABLE},
    {"--enable-conf", OPTION_EDIT, true, ALL, TAILOR_ENABLE},
    {"--modify-conf", OPTION_EDIT, true, ALL, TAILOR_MODIFY},
    {"--drop-conf", OPTION_EDIT, true, ALL, TAILOR_DROP},
    {"--json", OPTION_JSON, false, ALL, 0},
    {"-h", OPTION_HELP, false, ALL, 0},
    {"--help", OPTION_HELP, false, ALL, 0},
    {"-v", OPTION_VERBOSE, false, ALL, 0},
    {"--verbose", OPTION_VERBOSE, false, ALL, 0},
    {"-q", OPTION_QUIET, false, ALL, 0},
    {"--quiet", OPTION_QUIET, false, ALL, 0},
    {"--strict", OPTION_STRICT, false, BIT(EXPLAIN_CHECK), 0},
    {"--sid", OPTION_SID, true, BIT(EXPLAIN_SID) | BIT(EXPLAIN_WHY), 0},
    {"--gid", OPTION_GID, true, BIT(EXPLAIN_SID) | BIT(EXPLAIN_WHY), 0},
    {"-r", OPTION_CAPTURE, true, PLAYS, 0},
    {"--pcap", OPTION_CAPTURE, true, PLAYS, 0},
    {"-k", OPTION_CHECKSUMS, true, PLAYS, 0},
    {"--simulate-ips", OPTION_IPS, false, PLAYS, 0},
    {"--flow", OPTION_FLOW, true, BIT(EXPLAIN_WHY), 0},
    {"--top", OPTION_TOP, true, PLAYS, 0},
};

static int add_rules(struct explain_options *o, const char *value, struct err *err)
{
    if (o->rules.file_count == COMPILE_FILES_MAX)
        return err_set(err, "more than %d rule files; use a pattern", COMPILE_FILES_MAX);
    o->rules.files[o->rules.file_count++] = value;
    o->rules.only_these = true;
    return 0;
}

static int number(const char *value, const char *name, uint32_t least, uint32_t *out,
                  struct err *err)
{
    uint64_t n;
    if (!str_to_u64(str_c(value), &n) || n < least || n > UINT32_MAX)
        return err_set(err, "%s: a number from %u on is needed, not \"%s\"", name, least, value);
    *out = (uint32_t)n;
    return 0;
}

static int set_checksums(struct explain_options *o, const char *value, struct err *err)
{
    o->checksums_set = true;
    o->no_checksums = strcmp(value, "none") == 0;
    if (!o->no_checksums && strcmp(value, "all") != 0)
        return err_set(err, "-k: \"all\" or \"none\" is needed");
    return 0;
}

static int take(struct explain_options *o, const struct known *k, const char *value,
                struct err *err)
{
    int rc = 0;
    switch (k->option) {
    case OPTION_RULES: rc = add_rules(o, value, err); break;
    case OPTION_CONF: return conf_load(o->conf, value, err) < 0 ? EXIT_CONFIG : 0;
    case OPTION_SET: rc = conf_set(o->conf, value, err); break;
    case OPTION_EDIT: o->rules.edits[k->edit] = value; break;
    case OPTION_JSON: o->json = true; break;
    case OPTION_HELP: o->help = true; break;
    case OPTION_VERBOSE: o->verbose = true; break;
    case OPTION_QUIET: o->quiet = true; break;
    case OPTION_STRICT: o->strict = true; break;
    case OPTION_SID:
        rc = number(value, k->name, 1, &o->sid, err);
        o->has_sid = true;
        break;
    case OPTION_GID: rc = number(value, k->name, 1, &o->gid, err); break;
    case OPTION_CAPTURE: o->capture = value; break;
    case OPTION_CHECKSUMS: rc = set_checksums(o, value, err); break;
    case OPTION_IPS: o->simulate_ips = true; break;
    case OPTION_FLOW: o->flow = value; break;
    case OPTION_TOP: rc = number(value, k->name, 1, &o->top, err); break;
    }
    return rc < 0 ? EXIT_USAGE : 0;
}

/* What stands at argv[*at], with its value ("--name value" or "--name=value"); NULL: no such option here. */
static const struct known *next_option(const struct explain_options *o, char **argv, int argc,
                                       int *at, const char **value)
{
    const char *word = argv[*at];
    *value = NULL;
    for (size_t i = 0; i < ARRAY_COUNT(known); i++) {
        const struct known *k = &known[i];
        size_t len = strlen(k->name);
        if (!(k->modes & BIT(o->mode)) || strncmp(word, k->name, len) != 0)
            continue;
        if (word[len] == '\0') {
            if (k->has_value && *at + 1 < argc)
                *value = argv[++*at];
            return k;
        }
        if (k->has_value && word[1] == '-' && word[len] == '=') {
            *value = word + len + 1;
            return k;
        }
    }
    return NULL;
}

/* A word that is no option: a rule file, or the rule's number. */
static int take_word(struct explain_options *o, const char *word, struct err *err)
{
    if (o->mode == EXPLAIN_CHECK || o->mode == EXPLAIN_COVERAGE)
        return add_rules(o, word, err) < 0 ? EXIT_USAGE : 0;
    if (o->mode == EXPLAIN_SID && !o->has_sid) {
        o->has_sid = true;
        return number(word, "SID", 1, &o->sid, err) < 0 ? EXIT_USAGE : 0;
    }
    err_set(err, "\"%s\" means nothing here", word);
    return EXIT_USAGE;
}

static int check_complete(const struct explain_options *o, struct err *err)
{
    bool by_settings = conf_find(o->conf, "rule-files") != NULL;
    if (o->help)
        return 0;
    if (!o->rules.file_count && !by_settings)
        err_set(err, "no rules given: -S FILE (see %s --help)", o->program);
    else if (!o->has_sid && (o->mode == EXPLAIN_SID || o->mode == EXPLAIN_WHY))
        err_set(err, "no rule given: %s (see %s --help)",
                o->mode == EXPLAIN_WHY ? "--sid SID" : "its sid", o->program);
    else if (!o->capture && (BIT(o->mode) & PLAYS))
        err_set(err, "no capture given: -r FILE (see %s --help)", o->program);
    else
        return 0;
    return EXIT_USAGE;
}

int options_read(struct explain_options *o, int argc, char **argv, struct err *err)
{
    o->conf = conf_new();
    o->gid = 1;
    o->top = o->mode == EXPLAIN_WHY ? ATTEMPTS_USUAL : TOP_USUAL;
    if (!o->conf) {
        err_set(err, "out of memory");
        return EXIT_CONFIG;
    }
    o->rules.conf = o->conf;
    int status = 0;
    for (int i = 1; i < argc && status == 0; i++) {
        const char *value, *word = argv[i];
        const struct known *k = word[0] == '-' ? next_option(o, argv, argc, &i, &value) : NULL;
        if (word[0] != '-') {
            status = take_word(o, word, err);
        } else if (!k) {
            err_set(err, "there is no option \"%s\" (see %s --help)", word, o->program);
            status = EXIT_USAGE;
        } else if (k->has_value && !value) {
            err_set(err, "option %s needs a value", word);
            status = EXIT_USAGE;
        } else {
            status = take(o, k, value, err);
        }
    }
    return status ? status : check_complete(o, err);
}

void options_fini(struct explain_options *o)
{
    conf_free(o->conf);
    o->conf = NULL;
}

static void keep_change(void *owner, bool is_problem, const char *text)
{
    struct buf *changes = owner;
    buf_printf(changes, "%s%s\n", is_problem ? "! " : "", text);
}

int explain_load(struct explain_rules *r, struct explain_options *o, struct err *err)
{
    *r = (struct explain_rules){.image = NULL};
    buf_init(&r->changes, 16u << 20);
    o->rules.say = keep_change;
    o->rules.say_owner = &r->changes;
    o->rules.say_all = o->verbose;
    r->words = engine_vocabulary_new(err);
    r->image = r->words ? compile_image(&o->rules, r->words, err) : NULL;
    return r->image ? 0 : EXIT_CONFIG;
}

void explain_unload(struct explain_rules *r)
{
    match_image_free(r->image);
    engine_vocabulary_free(r->words);
    buf_fini(&r->changes);
    *r = (struct explain_rules){.image = NULL};
}

const struct rule *explain_find(const struct explain_rules *r, uint32_t gid, uint32_t sid)
{
    const struct rule_set *set = match_image_rules(r->image);
    for (uint32_t i = 0; i < set->count; i++)
        if (set->rules[i]->sid == sid && set->rules[i]->gid == gid)
            return set->rules[i];
    return NULL;
}

void explain_missing(const struct explain_rules *r, uint32_t sid, struct buf *out)
{
    const struct rule_set *set = match_image_rules(r->image);
    for (uint32_t i = 0; i < set->refused_count; i++) {
        const struct rule_refused *f = &set->refused[i];
        if (f->sid != sid)
            continue;
        buf_printf(out, "sid %u is not usable (%s:%u): %s%s%s", sid, f->file, f->line, f->keyword,
                   f->keyword[0] ? ": " : "", f->reason);
        return;
    }
    for (uint32_t i = 0; i < set->count; i++)
        if (set->rules[i]->sid == sid) {
            buf_printf(out, "sid %u has gid %u here: give --gid %u", sid, set->rules[i]->gid,
                       set->rules[i]->gid);
            return;
        }
    buf_printf(
        out,
        "sid %u is not among the rules: in none of the files, or commented out or switched off",
        sid);
}
