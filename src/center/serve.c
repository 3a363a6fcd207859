#include "center/serve.h"

#include "base/log.h"
#include "center/api/api.h"
#include "center/outbox.h"
#include "center/uplink/uplink.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define TICK_S 1

struct daemon {
    const struct conf *conf;
    struct house house;
    struct notify_conf mail;
    char mail_password[PASSWORD_BYTES_MAX + 1];
    struct outbox *outbox;
    struct api *api;
    struct http *http;
    struct uplink *uplink;
    pthread_t watch;
    bool watching;
    atomic_bool stop;
    int lock;
};

static void *watch(void *cls)
{
    struct daemon *d = cls;
    while (!atomic_load(&d->stop)) {
        if (core_tick(d->house.core) != OUTCOME_OK)
            log_error("watch", "the watch for silent gateways could not look");
        for (int i = 0; i < TICK_S * 10 && !atomic_load(&d->stop); i++)
            usleep(100000);
    }
    return NULL;
}

/* Two daemons over one folder would send each notice twice. */
static int take_lock(struct daemon *d, struct err *err)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/serve.lock", conf_text(d->conf, "data", "."));
    d->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (d->lock < 0)
        return err_errno(err, "%s", path);
    if (flock(d->lock, LOCK_EX | LOCK_NB) == 0)
        return 0;
    return err_set(err, "another mimamori serves %s", conf_text(d->conf, "data", "."));
}

static int read_mail_conf(struct daemon *d, struct err *err)
{
    static const char *const words[] = {"none", "starttls", "tls"};
    const struct conf *c = d->conf;
    const char *tls = conf_text(c, "smtp.tls", "none"),
               *file = conf_text(c, "smtp.password_file", NULL);
    int found = -1;
    for (int i = 0; i < (int)ARRAY_COUNT(words); i++)
        if (strcmp(tls, words[i]) == 0)
            found = i;
    if (found < 0)
        return err_set(err, "smtp.tls is none, starttls or tls, not \"%s\"", tls);
    d->mail = (struct notify_conf){.relay = conf_text(c, "smtp.relay", NULL),
                                   .tls = (enum notify_tls)found,
                                   .user = conf_text(c, "smtp.user", NULL),
                                   .from = conf_text(c, "mail.from", "mimamori@localhost"),
                                   .from_name = conf_text(c, "mail.name", NULL)};
    if (!file)
        return 0;
    d->mail.password = d->mail_password;
    return secret_read(file, d->mail_password, err);
}

static int start_web(struct daemon *d, struct err *err)
{
    const char *url = conf_text(d->conf, "public_url", "");
    struct http_conf web = {.listen = conf_text(d->conf, "listen", "127.0.0.1:8080"),
                            .certificate = conf_text(d->conf, "tls.cert", NULL),
                            .key = conf_text(d->conf, "tls.key", NULL),
                            .folder = conf_text(d->conf, "console", NULL)};
    struct api_conf api = {.core = d->house.core,
                           .version = OTASUKE_VERSION,
                           .secure_cookie = web.certificate || strncmp(url, "https:", 6) == 0,
                           .mail_trouble = outbox_trouble,
                           .context = d->outbox};
    d->api = api_new(&api);
    if (!d->api || api_listen(d->api) != 0)
        return err_set(err, "no memory for the API");
    api_serve(d->api, &web);
    d->http = http_start(&web, err);
    if (!d->http)
        return -1;
    api_attach(d->api, d->http);
    log_info("serve", "browsers: %s, port %u%s", web.listen, http_port(d->http),
             web.certificate ? " (TLS)" : "");
    return 0;
}

static int start_uplink(struct daemon *d, struct err *err)
{
    char folder[4096];
    const char *listen = conf_text(d->conf, "gateways", "0.0.0.0:8443");
    if (strcmp(listen, "none") == 0)
        return 0;
    snprintf(folder, sizeof folder, "%s/link", conf_text(d->conf, "data", "."));
    struct uplink_conf conf = {.listen = listen, .folder = folder};
    d->uplink = uplink_start(&conf, d->house.core, err);
    if (!d->uplink)
        return -1;
    log_info("serve", "gateways: %s, port %u", listen, uplink_port(d->uplink));
    return 0;
}

/* The listener for gateways registers with core too: browsers are let in last. */
static int start(struct daemon *d, struct err *err)
{
    if (house_open(&d->house, d->conf, err) != 0 || take_lock(d, err) != 0 ||
        house_set_up(&d->house, d->conf, err) != 0)
        return -1;
    if (notify_init() != 0)
        return err_set(err, "the mail library does not start");
    if (read_mail_conf(d, err) != 0)
        return -1;
    d->outbox = outbox_start(d->house.core, &d->mail, err);
    if (!d->outbox || start_uplink(d, err) != 0 || start_web(d, err) != 0)
        return -1;
    d->watching = pthread_create(&d->watch, NULL, watch, d) == 0;
    return d->watching ? 0 : err_set(err, "no thread for the watch");
}

static void stop(struct daemon *d)
{
    atomic_store(&d->stop, true);
    if (d->watching)
        pthread_join(d->watch, NULL);
    uplink_stop(d->uplink);
    if (d->api)
        api_attach(d->api, NULL);
    outbox_stop(d->outbox);
    http_stop(d->http);
    api_free(d->api);
    uplink_free(d->uplink);
    house_close(&d->house);
    if (d->lock >= 0)
        close(d->lock);
}

/* For scripts that started it with port 0. */
static void tell_ready(const struct daemon *d)
{
    printf("ready: browsers %u", http_port(d->http));
    if (d->uplink)
        printf(" gateways %u", uplink_port(d->uplink));
    printf("\n");
    fflush(stdout);
}

int serve(const struct conf *c)
{
    struct daemon d = {.conf = c, .lock = -1};
    struct err err;
    sigset_t signals;
    int got, code = 0;

    umask(077);
    signal(SIGPIPE, SIG_IGN);
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, NULL); /* before any thread: they inherit it */
    if (start(&d, &err) == 0) {
        tell_ready(&d);
        while (sigwait(&signals, &got) != 0)
            ;
        log_info("serve", "ends");
    } else {
        fprintf(stderr, "mimamori: %s\n", err.text);
        code = 1;
    }
    stop(&d);
    return code;
}
