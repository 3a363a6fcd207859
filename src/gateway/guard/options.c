#include "gateway/guard/watch.h"

#include "base/log.h"

const char run_help[] =
    "usage: omamori run --lan IFACE --wan IFACE [-S RULES]... [options]\n"
    "\n"
    "Stands between two network ports as a transparent bridge, inspects what passes, and lets it "
    "pass uninspected\n"
    "when the engine does not work.\n"
    "\n"
    "  --lan IFACE       port towards the firm's switch\n"
    "  --wan IFACE       port towards the router\n"
    "  -S RULES          rule file, or a pattern in quotes; may be given several times (default: "
    "rule-files\n"
    "                    of the settings)\n"
    "  --disable-conf FILE, --enable-conf FILE, --modify-conf FILE, --drop-conf FILE\n"
    "                    changes to rules in suricata-update's form (default: disable.conf ... in\n"
    "                    /etc/omamori, where they are there)\n"
    "  -c FILE           settings in the form of suricata.yaml; our own stand under \"otasuke\"\n"
    "  --set NAME=VALUE  one setting\n"
    "  --state FOLDER    what must survive a restart, and eve.json (default: /var/lib/omamori)\n"
    "  --socket PATH     for omamori status, isolate, release (default: /run/omamori.sock)\n"
    "  --bridge NAME     the kernel bridge that carries the frames meanwhile (default: omamori0)\n"
    "  --makers FOLDER   IEEE's lists of makers (default: /usr/share/ieee-data)\n"
    "  --fail-closed     when the engine does not work, nothing passes\n"
    "  --no-link         never talk to a center\n"
    "  --no-eve          no eve.json\n"
    "  --remove          take bridge and table away again when told to stop\n"
    "  -h, --help        this text\n";

enum option { TEXT, FLAG, RULES, CONF, SET };

static int add_rules(struct run_options *o, const char *value, struct err *err)
{
    if (o->rule_file_count == RULE_FILES_MAX)
        return err_set(err, "more than %d rule files; use a pattern", RULE_FILES_MAX);
    o->rule_files[o->rule_file_count++] = value;
    return 0;
}

static int check(const struct run_options *o, struct err *err)
{
    if (o->help)
        return 0;
    if (!o->lan || !o->wan)
        return err_set(err, "--lan and --wan are needed (see omamori run --help)");
    return 0;
}

int run_options_read(struct run_options *o, int argc, char **argv, struct err *err)
{
    *o = (struct run_options){
        .bridge = "omamori0",
        .state_folder = "/var/lib/omamori",
        .socket = "/run/omamori.sock",
        .maker_folder = "/usr/share/ieee-data",
        .conf = conf_new(),
        .argc = argc,
        .argv = argv,
    };
    const struct {
        const char *name;
        enum option option;
        const char **text;
        bool *flag;
    } rows[] = {
        {"--lan", TEXT, &o->lan, NULL},
        {"--wan", TEXT, &o->wan, NULL},
        {"--state", TEXT, &o->state_folder, NULL},
        {"--socket", TEXT, &o->socket, NULL},
        {"--bridge", TEXT, &o->bridge, NULL},
        {"--makers", TEXT, &o->maker_folder, NULL},
        {"--disable-conf", TEXT, &o->edits[TAILOR_DISABLE], NULL},
        {"--enable-conf", TEXT, &o->edits[TAILOR_ENABLE], NULL},
        {"--modify-conf", TEXT, &o->edits[TAILOR_MODIFY], NULL},
        {"--drop-conf", TEXT, &o->edits[TAILOR_DROP], NULL},
        {"-S", RULES, NULL, NULL},
        {"-c", CONF, NULL, NULL},
        {"--set", SET, NULL, NULL},
        {"--fail-closed", FLAG, NULL, &o->fail_closed},
        {"--no-link", FLAG, NULL, &o->no_link},
        {"--no-eve", FLAG, NULL, &o->no_eve},
        {"--remove", FLAG, NULL, &o->remove},
        {"-h", FLAG, NULL, &o->help},
        {"--help", FLAG, NULL, &o->help},
    };
    if (!o->conf)
        return err_set(err, "out of memory");
    for (int i = 1; i < argc; i++) {
        size_t k = 0;
        while (k < ARRAY_COUNT(rows) && strcmp(argv[i], rows[k].name) != 0)
            k++;
        if (k == ARRAY_COUNT(rows))
            return err_set(err, "unknown option %s (see omamori run --help)", argv[i]);
        if (rows[k].option == FLAG) {
            *rows[k].flag = true;
            continue;
        }
        if (++i == argc)
            return err_set(err, "option %s needs a value", rows[k].name);
        int rc = 0;
        switch (rows[k].option) {
        case TEXT: *rows[k].text = argv[i]; break;
        case RULES: rc = add_rules(o, argv[i], err); break;
        case CONF: rc = conf_load(o->conf, argv[i], err); break;
        case SET: rc = conf_set(o->conf, argv[i], err); break;
        case FLAG: break;
        }
        if (rc < 0)
            return -1;
    }
    const char *missing;
    for (size_t i = 0; (missing = conf_missing(o->conf, i)); i++)
        log_warn("guard", "include: %s is not there, passed over", missing);
    return check(o, err);
}
