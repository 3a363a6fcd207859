#include "center/settings.h"

#include "base/buf.h"

#include <stdio.h>

static const struct option_row {
    const char *name; /* --name */
    const char *path; /* in the settings file */
    const char *value;
    const char *help;
    unsigned commands;
} rows[] = {
    {"--data", "data", "DIR", "where everything is kept", FOR_ALL},
    {"--conf", NULL, "FILE", "settings file (YAML); options come first", FOR_ALL},
    {"--listen", "listen", "ADDR:PORT", "for browsers (127.0.0.1:8080)", FOR_SERVE},
    {"--gateways", "gateways", "ADDR:PORT", "for gateways (0.0.0.0:8443; none: do not listen)",
     FOR_SERVE},
    {"--console", "console", "DIR", "the console's built files", FOR_SERVE},
    {"--tls-cert", "tls.cert", "FILE", "certificate for browsers (PEM)", FOR_SERVE},
    {"--tls-key", "tls.key", "FILE", "its key (PEM)", FOR_SERVE},
    {"--public-url", "public_url", "URL", "address of the console, for notices", FOR_SERVE},
    {"--smtp", "smtp.relay", "HOST:PORT", "mail relay; without it notices wait", FOR_SERVE},
    {"--smtp-tls", "smtp.tls", "none|starttls|tls", "(none)", FOR_SERVE},
    {"--smtp-user", "smtp.user", "NAME", "login at the relay", FOR_SERVE},
    {"--smtp-password-file", "smtp.password_file", "FILE", "its password", FOR_SERVE},
    {"--mail-from", "mail.from", "ADDRESS", "sender of notices", FOR_SERVE},
    {"--mail-name", "mail.name", "NAME", "its name", FOR_SERVE},
    {"--phone", "contact.phone", "NUMBER", "whom firms call, in notices", FOR_SERVE},
    {"--hours", "contact.hours", "TEXT", "when they answer (around the clock)", FOR_SERVE},
    {"--hours-en", "contact.hours_en", "TEXT", "the same for readers of English", FOR_SERVE},
    {"--service-name", "service_name", "NAME", "of the service, in notices", FOR_SERVE},
    {"--operator", "operator", "NAME", "name of the operator, at the first start",
     FOR_SERVE | FOR_INIT},
    {"--admin-password-file", "admin_password_file", "FILE",
     "first admin's password; without it one is made and shown once", FOR_SERVE | FOR_INIT},
    {"--login", "login", "LOGIN", "", FOR_USER_ADD},
    {"--role", "role", "ROLE",
     "admin operator analyst reseller responder agent insurer manager customer", FOR_USER_ADD},
    {"--organisation", "organisation", "ID", "for roles outside of the operator", FOR_USER_ADD},
    {"--password-file", "password_file", "FILE",
     "without it the password is read from standard input", FOR_USER_ADD},
    {"--name", "name", "NAME", "", FOR_USER_ADD | FOR_FIRM_ADD | FOR_GATEWAY_ADD | FOR_CONTACT_ADD},
    {"--site", "site", "NAME|ID", "firm: name of its first site; gateway: id of the site",
     FOR_FIRM_ADD | FOR_GATEWAY_ADD},
    {"--phrase", "phrase", "WORDS", "secret phrase in genuine notices; made when absent",
     FOR_FIRM_ADD},
    {"--reseller", "reseller", "ID", "", FOR_FIRM_ADD},
    {"--firm", "firm", "ID", "", FOR_CONTACT_ADD},
    {"--mail", "contact_mail", "ADDRESS", "who gets the notices", FOR_FIRM_ADD | FOR_CONTACT_ADD},
    {"--contact", "contact_name", "NAME", "name of that person", FOR_FIRM_ADD},
    {"--language", "language", "ja|en", "(ja)", FOR_USER_ADD | FOR_FIRM_ADD | FOR_CONTACT_ADD},
    {"--gateway", "gateway", "ID", "", FOR_GATEWAY_CODE},
    {"--to", "to", "FILE", "the copy", FOR_BACKUP},
};

static const struct option_row *row_of(const char *name, size_t len, unsigned command)
{
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        if (rows[i].commands & command && str_eq(str_of(name, len), str_c(rows[i].name)))
            return &rows[i];
    return NULL;
}

/* "--name value" and "--name=value". The file named by --conf is read in a first round, so that options override it. */
static int read_one(struct conf *c, unsigned command, char **argv, int *at, bool files)
{
    const char *word = argv[*at], *equals = strchr(word, '=');
    size_t len = equals ? (size_t)(equals - word) : strlen(word);
    const struct option_row *row = row_of(word, len, command);
    const char *value = equals ? equals + 1 : argv[*at + 1];
    if (!row || !value)
        return -1;
    *at += equals ? 1 : 2;
    if (!row->path)
        return files ? conf_load(c, value, NULL) : 0;
    if (files)
        return 0;
    struct buf text;
    buf_init(&text, 0);
    buf_printf(&text, "%s=%s", row->path, value);
    int result = conf_set(c, buf_c(&text), NULL);
    buf_fini(&text);
    return result;
}

struct conf *settings_read(unsigned command, int argc, char **argv, struct err *err)
{
    struct conf *c = conf_new();
    if (!c) {
        err_set(err, "no memory for the settings");
        return NULL;
    }
    for (int round = 0; round < 2; round++) {
        for (int at = 0; at < argc;) {
            int before = at;
            if (read_one(c, command, argv, &at, round == 0) == 0)
                continue;
            err_set(err, "%s: %s", argv[before],
                    at == before ? "no such option here, or its value is missing (see --help)"
                                 : "this cannot be used");
            conf_free(c);
            return NULL;
        }
    }
    return c;
}

void settings_help(unsigned command)
{
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        if (!(rows[i].commands & command))
            continue;
        char left[64];
        snprintf(left, sizeof left, "%s %s", rows[i].name, rows[i].value);
        printf("  %-34s %s\n", left, rows[i].help);
    }
}
