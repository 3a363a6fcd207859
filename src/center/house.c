#include "center/serve.h"

#include "base/clock.h"
#include "base/file.h"
#include "center/store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define DATA_PATH_BYTES 4096

static struct core_settings settings_of(const struct conf *c)
{
    const char *from = conf_text(c, "mail.from", NULL);
    const char *at = from ? strchr(from, '@') : NULL;
    return (struct core_settings){
        .service_name = conf_text(c, "service_name", NULL),
        .public_url = conf_text(c, "public_url", NULL),
        .contact_phone = conf_text(c, "contact.phone", NULL),
        .contact_hours = conf_text(c, "contact.hours", NULL),
        .contact_hours_en = conf_text(c, "contact.hours_en", NULL),
        .mail_domain = at ? at + 1 : NULL,
    };
}

int house_open(struct house *h, const struct conf *c, struct err *err)
{
    char path[DATA_PATH_BYTES];
    const char *folder = conf_text(c, "data", NULL);
    struct core_settings settings = settings_of(c);
    memset(h, 0, sizeof *h);
    if (!folder)
        return err_set(err, "say where everything is kept: --data DIR");
    if (file_make_folder(folder, 0700, err) != 0)
        return -1;
    if (snprintf(path, sizeof path, "%s/mimamori.db", folder) >= (int)sizeof path)
        return err_set(err, "%s: this path is too long", folder);
    h->store = store_open(path, err);
    if (!h->store || store_migrate(h->store, clock_wall_us(), err) != 0)
        return err_prefix(err, "%s", path);
    h->core = core_new(h->store, &settings, err);
    return h->core ? 0 : -1;
}

void house_close(struct house *h)
{
    core_free(h->core);
    store_close(h->store);
    memset(h, 0, sizeof *h);
}

int secret_read(const char *path, char out[PASSWORD_BYTES_MAX + 1], struct err *err)
{
    FILE *f = path ? fopen(path, "re") : stdin;
    if (!f)
        return err_errno(err, "%s", path);
    char *line = fgets(out, PASSWORD_BYTES_MAX + 1, f);
    if (path)
        fclose(f);
    if (!line)
        return err_set(err, "%s: no password in it", path ? path : "standard input");
    out[strcspn(out, "\r\n")] = 0;
    return 0;
}

int house_set_up(struct house *h, const struct conf *c, struct err *err)
{
    char password[PASSWORD_BYTES_MAX + 1];
    const char *file = conf_text(c, "admin_password_file", NULL);
    struct arena a;
    struct organisation_list list;
    arena_init(&a, 0, 0);
    struct call call = {.core = h->core, .arena = &a, .actor = core_actor_self()};
    int result = 0;
    if (core_organisation_list(&call, &list) != OUTCOME_OK) {
        result = err_set(err, "the store does not answer");
        goto out;
    }
    if (list.count > 0)
        goto out;
    if (file && secret_read(file, password, err) != 0) {
        result = -1;
        goto out;
    }
    if (!file)
        core_password_random(password);
    struct new_user admin = {
        .login = "admin", .name = "admin", .role = ROLE_ADMIN, .password = password};
    if (core_set_up(&call, conf_text(c, "operator", "お助け隊"), &admin) != OUTCOME_OK)
        result = err_set(err, "%s", call.problem.text);
    else if (!file)
        printf("login: admin\npassword: %s\n(shown this once)\n", password);
    fflush(stdout);
out:
    explicit_bzero(password, sizeof password);
    arena_fini(&a);
    return result;
}
