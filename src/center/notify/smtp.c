#include "center/notify/notify.h"

#include <curl/curl.h>

#define CONNECT_S 15L
#define WHOLE_S 60L

struct upload {
    struct str rest;
};

static size_t read_some(char *out, size_t size, size_t count, void *cls)
{
    struct upload *u = cls;
    size_t room = size * count, len = u->rest.len < room ? u->rest.len : room;
    if (len)
        memcpy(out, u->rest.p, len);
    u->rest = str_from(u->rest, len);
    return len;
}

int notify_init(void)
{
    return curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? 0 : -1;
}

static void set_relay(CURL *c, const struct notify_conf *conf, char *url, size_t url_bytes)
{
    snprintf(url, url_bytes, "%s://%s", conf->tls == NOTIFY_TLS ? "smtps" : "smtp", conf->relay);
    curl_easy_setopt(c, CURLOPT_URL, url);
    curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    curl_easy_setopt(c, CURLOPT_USE_SSL,
                     conf->tls == NOTIFY_PLAIN ? (long)CURLUSESSL_NONE : (long)CURLUSESSL_ALL);
    if (conf->user) {
        curl_easy_setopt(c, CURLOPT_USERNAME, conf->user);
        curl_easy_setopt(c, CURLOPT_PASSWORD, conf->password ? conf->password : "");
    }
}

static enum notify_result run(CURL *c, struct err *err)
{
    char why[CURL_ERROR_SIZE] = "";
    long code = 0;
    curl_easy_setopt(c, CURLOPT_ERRORBUFFER, why);
    CURLcode result = curl_easy_perform(c);
    if (result == CURLE_OK)
        return NOTIFY_SENT;
    curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &code);
    err_set(err, "%s (%ld)", why[0] ? why : curl_easy_strerror(result), code);
    /* only an answer about this very mail is for good; a refused login is the operator's mistake, and can be put right */
    bool about_mail = result == CURLE_SEND_ERROR || result == CURLE_RECV_ERROR ||
                      result == CURLE_WEIRD_SERVER_REPLY;
    return about_mail && code >= 550 && code <= 559 ? NOTIFY_NEVER : NOTIFY_LATER;
}

enum notify_result notify_send(const struct notify_conf *conf, const struct mail *mail,
                               struct err *err)
{
    char url[300];
    struct buf text;
    struct upload upload;
    enum notify_result result = NOTIFY_LATER;
    struct curl_slist *to = curl_slist_append(NULL, mail->to);
    CURL *c = curl_easy_init();

    buf_init(&text, NOTIFY_MAIL_BYTES_MAX);
    notify_format(conf, mail, &text);
    if (!c || !to || text.failed) {
        err_set(err, "no memory for the mail");
        goto out;
    }
    upload.rest = buf_str(&text);
    set_relay(c, conf, url, sizeof url);
    curl_easy_setopt(c, CURLOPT_MAIL_FROM, conf->from);
    curl_easy_setopt(c, CURLOPT_MAIL_RCPT, to);
    curl_easy_setopt(c, CURLOPT_READFUNCTION, read_some);
    curl_easy_setopt(c, CURLOPT_READDATA, &upload);
    curl_easy_setopt(c, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, CONNECT_S);
    curl_easy_setopt(c, CURLOPT_TIMEOUT, WHOLE_S);
    result = run(c, err);
out:
    curl_easy_cleanup(c);
    curl_slist_free_all(to);
    buf_fini(&text);
    return result;
}
