/* mimamori: the program's first words choose what it does. */
#include "base/clock.h"
#include "base/embedded.h"
#include "center/serve.h"
#include "center/settings.h"
#include "center/store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define EXIT_USAGE 64 /* sysexits.h */

/* One command line at work: settings read, house open. */
struct job {
    const struct conf *conf;
    struct house house;
    struct arena arena;
    struct call call;
    struct err err;
};

static int fail(struct job *j, enum outcome outcome)
{
    (void)outcome;
    if (j->call.problem.text[0])
        err_set(&j->err, "%s%s%s", j->call.problem.field ? j->call.problem.field : "",
                j->call.problem.field ? ": " : "", j->call.problem.text);
    else
        err_set(&j->err, "the store does not do it");
    return -1;
}

static int run_init(struct job *j)
{
    return house_set_up(&j->house, j->conf, &j->err);
}

static int language_of(struct job *j, enum language *out)
{
    int value = word_find(WORDS_LANGUAGE, str_c(conf_text(j->conf, "language", "ja")));
    if (value < 0)
        return err_set(&j->err, "language is ja or en");
    *out = (enum language)value;
    return 0;
}

static int id_from(struct job *j, const char *path, struct id *out)
{
    const char *text = conf_text(j->conf, path, NULL);
    *out = (struct id){{0}};
    if (!text || id_parse(str_c(text), out))
        return 0;
    return err_set(&j->err, "%s: \"%s\" is no id", path, text);
}

static int run_user_add(struct job *j)
{
    char password[PASSWORD_BYTES_MAX + 1];
    struct user user;
    struct new_user wish = {.login = conf_text(j->conf, "login", NULL),
                            .name = conf_text(j->conf, "name", conf_text(j->conf, "login", NULL)),
                            .password = password};
    int role = word_find(WORDS_ROLE, str_c(conf_text(j->conf, "role", "")));
    if (role < 0)
        return err_set(&j->err, "--role: one of the roles that --help names");
    wish.role = (enum role)role;
    if (language_of(j, &wish.language) != 0 ||
        id_from(j, "organisation", &wish.organisation) != 0 ||
        secret_read(conf_text(j->conf, "password_file", NULL), password, &j->err) != 0)
        return -1;
    enum outcome outcome = core_user_add(&j->call, &wish, &user);
    explicit_bzero(password, sizeof password);
    if (outcome != OUTCOME_OK)
        return fail(j, outcome);
    printf("user %s\n", user.id.text);
    return 0;
}

static int add_contact(struct job *j, struct id firm, const char *name)
{
    struct contact wish = {.name = name, .mail = conf_text(j->conf, "contact_mail", NULL)};
    struct firm f;
    if (language_of(j, &wish.language) != 0)
        return -1;
    enum outcome outcome = core_contact_add(&j->call, firm, &wish, &f);
    if (outcome != OUTCOME_OK)
        return fail(j, outcome);
    printf("contact %s\n", f.contacts[f.contact_count - 1].id.text);
    return 0;
}

static int run_firm_add(struct job *j)
{
    struct firm firm;
    struct new_firm wish = {.name = conf_text(j->conf, "name", NULL),
                            .site = conf_text(j->conf, "site", "本社"),
                            .phrase = conf_text(j->conf, "phrase", NULL)};
    if (language_of(j, &wish.language) != 0 || id_from(j, "reseller", &wish.reseller) != 0)
        return -1;
    enum outcome outcome = core_firm_add(&j->call, &wish, &firm);
    if (outcome != OUTCOME_OK)
        return fail(j, outcome);
    printf("firm %s\nsite %s\nphrase %s\n", firm.id.text, firm.sites[0].id.text, firm.phrase);
    if (!conf_text(j->conf, "contact_mail", NULL))
        return 0;
    return add_contact(j, firm.id, conf_text(j->conf, "contact_name", wish.name));
}

static int run_contact_add(struct job *j)
{
    struct id firm;
    if (id_from(j, "firm", &firm) != 0)
        return -1;
    return add_contact(j, firm, conf_text(j->conf, "name", NULL));
}

static int print_code(struct job *j, struct id gateway)
{
    struct claim_code code;
    enum outcome outcome = core_claim_code_new(&j->call, gateway, &code);
    if (outcome != OUTCOME_OK)
        return fail(j, outcome);
    printf("code %s\n", code.shown);
    return 0;
}

static int run_gateway_add(struct job *j)
{
    struct id site;
    struct gateway g;
    if (id_from(j, "site", &site) != 0)
        return -1;
    enum outcome outcome = core_gateway_add(&j->call, site, conf_text(j->conf, "name", "装置"), &g);
    if (outcome != OUTCOME_OK)
        return fail(j, outcome);
    printf("gateway %s\n", g.id.text);
    return print_code(j, g.id);
}

static int run_gateway_code(struct job *j)
{
    struct id gateway;
    return id_from(j, "gateway", &gateway) != 0 ? -1 : print_code(j, gateway);
}

/* Opening the house has done it. */
static int run_migrate(struct job *j)
{
    int64_t in_file, in_program;
    if (store_version(j->house.store, &in_file, &in_program, &j->err) != 0)
        return -1;
    printf("schema %lld\n", (long long)in_file);
    return 0;
}

static int run_check(struct job *j)
{
    if (store_check(j->house.store, &j->err) != 0)
        return -1;
    printf("everything is whole\n");
    return 0;
}

static int run_backup(struct job *j)
{
    const char *to = conf_text(j->conf, "to", NULL);
    if (!to)
        return err_set(&j->err, "say where to: --to FILE");
    if (access(to, F_OK) == 0)
        return err_set(&j->err, "%s is there already", to);
    return store_backup(j->house.store, to, &j->err);
}

static const struct command {
    const char *first, *second; /* second NULL: one word */
    unsigned bit;
    int (*run)(struct job *j); /* NULL: the daemon */
    const char *help;
} commands[] = {
    {"serve", NULL, FOR_SERVE, NULL, "watch over the firms: browsers, gateways, notices"},
    {"init", NULL, FOR_INIT, run_init, "prepare a data folder with its first admin"},
    {"user", "add", FOR_USER_ADD, run_user_add, "a new user"},
    {"firm", "add", FOR_FIRM_ADD, run_firm_add, "a new firm with its first site"},
    {"contact", "add", FOR_CONTACT_ADD, run_contact_add, "who gets a firm's notices"},
    {"gateway", "add", FOR_GATEWAY_ADD, run_gateway_add,
     "a new gateway at a site; prints its claim code"},
    {"gateway", "code", FOR_GATEWAY_CODE, run_gateway_code, "a new claim code"},
    {"migrate", NULL, FOR_MIGRATE, run_migrate, "bring the data up to this program's schema"},
    {"check", NULL, FOR_CHECK, run_check, "look through the data for damage"},
    {"backup", NULL, FOR_BACKUP, run_backup, "a consistent copy, also while it serves"},
};

static void usage(void)
{
    printf("usage: mimamori COMMAND [OPTION ...]\n\n");
    for (size_t i = 0; i < ARRAY_COUNT(commands); i++) {
        char words[32];
        snprintf(words, sizeof words, "%s %s", commands[i].first,
                 commands[i].second ? commands[i].second : "");
        printf("  %-16s %s\n", words, commands[i].help);
    }
    printf("\nmimamori COMMAND --help tells its options; --version the version.\n");
}

static const struct command *command_of(int argc, char **argv, int *words)
{
    for (size_t i = 0; i < ARRAY_COUNT(commands); i++) {
        const struct command *c = &commands[i];
        *words = c->second ? 2 : 1;
        if (argc >= *words + 1 && strcmp(argv[1], c->first) == 0 &&
            (!c->second || strcmp(argv[2], c->second) == 0))
            return c;
    }
    return NULL;
}

static int run_job(const struct command *command, const struct conf *conf)
{
    struct job j = {.conf = conf};
    umask(077);
    arena_init(&j.arena, 0, 0);
    int result = house_open(&j.house, conf, &j.err);
    if (result == 0) {
        j.call = (struct call){.core = j.house.core, .arena = &j.arena, .actor = core_actor_self()};
        result = command->run(&j);
    }
    if (result != 0)
        fprintf(stderr, "mimamori: %s\n", j.err.text);
    house_close(&j.house);
    arena_fini(&j.arena);
    return result == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    int words;
    struct err err;
    if (argc >= 2 && strcmp(argv[1], "--version") == 0) {
        printf("mimamori %s\n", OTASUKE_VERSION);
        return 0;
    }
    if (argc >= 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        usage();
        return 0;
    }
    const struct command *command = command_of(argc, argv, &words);
    if (!command) {
        fprintf(stderr, "mimamori: %s (see mimamori --help)\n",
                argc < 2 ? "say what to do" : "no such command");
        return EXIT_USAGE;
    }
    int first = words + 1;
    if (argc > first && strcmp(argv[first], "--help") == 0) {
        printf("mimamori %s%s%s: %s\n\n", command->first, command->second ? " " : "",
               command->second ? command->second : "", command->help);
        settings_help(command->bit);
        return 0;
    }
    struct conf *conf = settings_read(command->bit, argc - first, argv + first, &err);
    if (!conf) {
        fprintf(stderr, "mimamori: %s\n", err.text);
        return EXIT_USAGE;
    }
    int code = command->run ? run_job(command, conf) : serve(conf);
    conf_free(conf);
    return code;
}
