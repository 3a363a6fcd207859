#include "center/http/inner.h"

#include "base/file.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define THREADS 4
#define PEM_BYTES_MAX 65536
#define PATH_BYTES_MAX 2048
#define DRAIN_BYTES_MAX \
    (2u * HTTP_BODY_BYTES_MAX) /* of a body that is too large: read so that the answer arrives */
#define ADDRESS_BYTES INET6_ADDRSTRLEN

/* One request from its first line to its answer. */
struct request {
    struct http *http;
    struct MHD_Connection *connection;
    struct http_exchange x;
    struct arena arena;
    struct buf body;
    size_t body_bytes; /* with what was thrown away */
    bool started, too_large;
    char address[ADDRESS_BYTES];
};

/* ---- heads ---- */

static const struct http_head security_heads[] = {
    {"Content-Security-Policy", "default-src 'self'; img-src 'self' data:; style-src 'self' "
                                "'unsafe-inline'; object-src 'none'; "
                                "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"},
    {"X-Content-Type-Options", "nosniff"},
    {"X-Frame-Options", "DENY"},
    {"Referrer-Policy", "no-referrer"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Permissions-Policy", "camera=(), geolocation=(), microphone=()"},
};

void heads_add(const struct http *h, struct MHD_Response *r)
{
    for (size_t i = 0; i < ARRAY_COUNT(security_heads); i++)
        MHD_add_response_header(r, security_heads[i].name, security_heads[i].value);
    if (http_is_tls(h))
        MHD_add_response_header(r, "Strict-Transport-Security", "max-age=31536000");
}

const char *http_request_head(const struct http_exchange *x, const char *name)
{
    const struct request *q = x->inner;
    return MHD_lookup_connection_value(q->connection, MHD_HEADER_KIND, name);
}

const char *http_query(const struct http_exchange *x, const char *name)
{
    const struct request *q = x->inner;
    return MHD_lookup_connection_value(q->connection, MHD_GET_ARGUMENT_KIND, name);
}

const char *http_cookie(const struct http_exchange *x, const char *name)
{
    const struct request *q = x->inner;
    return MHD_lookup_connection_value(q->connection, MHD_COOKIE_KIND, name);
}

void http_answer_head(struct http_exchange *x, const char *name, const char *value)
{
    size_t len = 0;
    while ((unsigned char)value[len] >= ' ' && value[len] != 0x7f)
        len++;
    const char *copy = (const char *)arena_copy(x->arena, str_of(value, len)).p;
    if (copy && x->head_count < HTTP_HEADS_MAX)
        x->heads[x->head_count++] = (struct http_head){name, copy};
}

/* ---- one request ---- */

static const struct {
    const char *name;
    enum http_method method;
} methods[] = {
    {"GET", HTTP_GET}, {"HEAD", HTTP_GET},    {"POST", HTTP_POST},
    {"PUT", HTTP_PUT}, {"PATCH", HTTP_PATCH}, {"DELETE", HTTP_DELETE},
};

static bool method_of(const char *name, enum http_method *out)
{
    for (size_t i = 0; i < ARRAY_COUNT(methods); i++) {
        if (strcmp(name, methods[i].name) == 0) {
            *out = methods[i].method;
            return true;
        }
    }
    return false;
}

static void address_of(struct MHD_Connection *c, char out[ADDRESS_BYTES])
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(c, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    snprintf(out, ADDRESS_BYTES, "unknown");
    if (!info || !info->client_addr)
        return;
    const void *bytes = NULL;
    const struct sockaddr *a = info->client_addr;
    union { /* the library gives the general form */
        const struct sockaddr *general;
        const struct sockaddr_in *v4;
        const struct sockaddr_in6 *v6;
    } u = {a};
    if (a->sa_family == AF_INET)
        bytes = &u.v4->sin_addr;
    else if (a->sa_family == AF_INET6)
        bytes = &u.v6->sin6_addr;
    if (bytes)
        inet_ntop(a->sa_family, bytes, out, ADDRESS_BYTES);
}

static struct request *request_new(struct http *h, struct MHD_Connection *connection,
                                   const char *url)
{
    struct request *q = calloc(1, sizeof *q);
    if (!q)
        return NULL;
    q->http = h;
    q->connection = connection;
    arena_init(&q->arena, 16384, 64u << 20);
    buf_init(&q->body, HTTP_BODY_BYTES_MAX);
    address_of(connection, q->address);
    q->x.inner = q;
    q->x.arena = &q->arena;
    q->x.address = q->address;
    q->x.status = MHD_HTTP_OK;
    q->x.path = (const char *)arena_copy(&q->arena, str_c(url)).p;
    buf_init(&q->x.out, HTTP_ANSWER_BYTES_MAX);
    if (q->x.path)
        return q;
    arena_fini(&q->arena);
    free(q);
    return NULL;
}

static void request_free(struct request *q)
{
    buf_fini(&q->x.out);
    buf_fini(&q->body);
    arena_fini(&q->arena);
    free(q->x.stream);
    free(q);
}

static void completed(void *cls, struct MHD_Connection *c, void **request,
                      enum MHD_RequestTerminationCode why)
{
    (void)cls;
    (void)c;
    (void)why;
    if (*request)
        request_free(*request);
    *request = NULL;
}

static enum MHD_Result send_response(struct request *q, unsigned status, struct MHD_Response *r)
{
    if (!r)
        return MHD_NO;
    heads_add(q->http, r);
    enum MHD_Result result = MHD_queue_response(q->connection, status, r);
    MHD_destroy_response(r);
    return result;
}

static enum MHD_Result send_exchange(struct request *q)
{
    struct http_exchange *x = &q->x;
    if (x->stream) {
        void *reader = x->stream;
        x->stream = NULL;
        struct MHD_Response *r = stream_open(q->http, q->connection, reader);
        if (r)
            return send_response(q, MHD_HTTP_OK, r);
        x->status = MHD_HTTP_SERVICE_UNAVAILABLE;
    }
    if (x->out.failed) {
        buf_reset(&x->out);
        x->status = MHD_HTTP_INTERNAL_SERVER_ERROR;
    }
    struct MHD_Response *r =
        MHD_create_response_from_buffer(x->out.len, x->out.p, MHD_RESPMEM_MUST_COPY);
    if (!r)
        return MHD_NO;
    if (x->type && x->out.len)
        MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, x->type);
    MHD_add_response_header(r, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    for (size_t i = 0; i < x->head_count; i++)
        MHD_add_response_header(r, x->heads[i].name, x->heads[i].value);
    return send_response(q, x->status, r);
}

static enum MHD_Result send_fault(struct request *q, enum http_fault fault)
{
    q->http->conf.fault(q->http->conf.context, &q->x, fault);
    return send_exchange(q);
}

static enum MHD_Result answer(struct request *q)
{
    struct http_exchange *x = &q->x;
    const struct http_conf *conf = &q->http->conf;
    bool path_known;
    if (q->too_large)
        return send_fault(q, HTTP_FAULT_TOO_LARGE);
    const struct http_route *route = route_find(conf, x, &path_known);
    if (route) {
        x->body = buf_str(&q->body);
        if (conf->gate(conf->context, x, route))
            route->handler(x);
        conf->after(conf->context, x);
        return send_exchange(q);
    }
    if (path_known)
        return send_fault(q, HTTP_FAULT_METHOD);
    if (x->method == HTTP_GET && !str_starts(str_c(x->path), str_c(conf->prefix))) {
        struct MHD_Response *file = static_find(q->http, x->path);
        if (file)
            return send_response(q, MHD_HTTP_OK, file);
    }
    return send_fault(q, HTTP_FAULT_NOT_FOUND);
}

/* The first call, before the body: what can be refused now is refused now, without reading it. */
static enum MHD_Result begin(struct request *q, const char *method, const char *url)
{
    const char *length = http_request_head(&q->x, MHD_HTTP_HEADER_CONTENT_LENGTH);
    uint64_t bytes;
    if (!method_of(method, &q->x.method)) {
        q->x.allow = "GET, POST, PUT, PATCH, DELETE";
        return send_fault(q, HTTP_FAULT_METHOD);
    }
    if (strlen(url) > PATH_BYTES_MAX || url[0] != '/')
        return send_fault(q, HTTP_FAULT_BAD);
    if (length && (!str_to_u64(str_c(length), &bytes) || bytes > DRAIN_BYTES_MAX))
        return send_fault(q, HTTP_FAULT_TOO_LARGE);
    q->too_large = length && bytes > HTTP_BODY_BYTES_MAX;
    return MHD_YES;
}

static enum MHD_Result take_body(struct request *q, const char *data, size_t *bytes)
{
    q->body_bytes += *bytes;
    if (q->body_bytes > HTTP_BODY_BYTES_MAX)
        q->too_large = true;
    else
        buf_add(&q->body, str_of(data, *bytes));
    *bytes = 0;
    return q->body_bytes > DRAIN_BYTES_MAX || q->body.failed ? MHD_NO : MHD_YES;
}

/* foreign signature */
static enum MHD_Result handle(void *cls, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *data,
                              size_t *bytes, void **request)
{
    struct request *q = *request;
    (void)version;
    if (!q) {
        q = *request = request_new(cls, connection, url);
        return q ? begin(q, method, url) : MHD_NO;
    }
    if (*bytes > 0)
        return take_body(q, data, bytes);
    return answer(q);
}

/* ---- starting and stopping ---- */

/* "127.0.0.1:80" or "[::1]:80". */
static struct addrinfo *address_parse(const char *text, struct err *err)
{
    char host[128];
    const char *colon = strrchr(text, ':');
    struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
                             .ai_socktype = SOCK_STREAM};
    struct addrinfo *list = NULL;
    size_t len = colon ? (size_t)(colon - text) : 0;
    bool brackets = len > 2 && text[0] == '[' && text[len - 1] == ']';
    if (!colon || len == 0 || len >= sizeof host) {
        err_set(err, "\"%s\" is not ADDRESS:PORT", text);
        return NULL;
    }
    memcpy(host, text + brackets, len - 2 * brackets);
    host[len - 2 * brackets] = 0;
    int result = getaddrinfo(host, colon + 1, &hints, &list);
    if (result == 0)
        return list;
    err_set(err, "\"%s\": %s", text, gai_strerror(result));
    return NULL;
}

static int listen_on(const struct addrinfo *a, const char *text, struct err *err)
{
    int one = 1;
    int s = socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (s < 0)
        return err_errno(err, "%s", text);
    setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(s, a->ai_addr, a->ai_addrlen) == 0 && listen(s, 256) == 0)
        return s;
    err_errno(err, "cannot listen on %s", text);
    close(s);
    return -1;
}

static int load_tls(struct http *h, struct err *err)
{
    if (!h->conf.certificate)
        return 0;
    if (!h->conf.key)
        return err_set(err, "a certificate without its key");
    if (file_read(h->conf.certificate, PEM_BYTES_MAX, &h->certificate, err) != 0)
        return -1;
    return file_read(h->conf.key, PEM_BYTES_MAX, &h->key, err);
}

static int start_daemon(struct http *h, int sock, struct err *err)
{
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC;
    struct MHD_OptionItem tls[] = {
        {MHD_OPTION_HTTPS_MEM_CERT, 0, NULL},
        {MHD_OPTION_HTTPS_MEM_KEY, 0, NULL},
        {MHD_OPTION_HTTPS_PRIORITIES, 0, NULL},
        {MHD_OPTION_END, 0, NULL},
    };
    struct MHD_OptionItem none[] = {{MHD_OPTION_END, 0, NULL}};
    static char priorities[] = "SECURE128:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2";
    if (http_is_tls(h)) {
        flags |= MHD_USE_TLS;
        buf_c(&h->certificate);
        buf_c(&h->key);
        tls[0].ptr_value = h->certificate.p;
        tls[1].ptr_value = h->key.p;
        tls[2].ptr_value = priorities;
    }
    h->daemon = MHD_start_daemon(
        flags, 0, NULL, NULL, handle, h, MHD_OPTION_LISTEN_SOCKET, sock,
        MHD_OPTION_THREAD_POOL_SIZE, THREADS, MHD_OPTION_CONNECTION_LIMIT, HTTP_CONNECTIONS_MAX,
        MHD_OPTION_PER_IP_CONNECTION_LIMIT, HTTP_CONNECTIONS_PER_ADDRESS,
        MHD_OPTION_CONNECTION_TIMEOUT, HTTP_IDLE_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)HTTP_MEMORY_BYTES, MHD_OPTION_NOTIFY_COMPLETED, completed, NULL, MHD_OPTION_ARRAY,
        http_is_tls(h) ? tls : none, MHD_OPTION_END);
    if (h->daemon)
        return 0;
    close(sock);
    return err_set(err, "the server does not start%s",
                   http_is_tls(h) ? " (certificate and key?)" : "");
}

static unsigned port_of(int sock)
{
    struct sockaddr_storage a;
    socklen_t len = sizeof a;
    char port[8] = "0";
    union {
        struct sockaddr_storage *storage;
        struct sockaddr *general;
    } u = {&a};
    if (getsockname(sock, u.general, &len) == 0)
        getnameinfo(u.general, len, NULL, 0, port, sizeof port, NI_NUMERICSERV);
    return (unsigned)strtoul(port, NULL, 10);
}

static int open_folder(struct http *h, struct err *err)
{
    h->folder = -1;
    if (!h->conf.folder)
        return 0;
    h->folder = open(h->conf.folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    return h->folder < 0 ? err_errno(err, "%s", h->conf.folder) : 0;
}

static int start(struct http *h, struct err *err)
{
    if (open_folder(h, err) != 0 || load_tls(h, err) != 0)
        return -1;
    struct addrinfo *a = address_parse(h->conf.listen, err);
    if (!a)
        return -1;
    int sock = listen_on(a, h->conf.listen, err);
    freeaddrinfo(a);
    if (sock < 0)
        return -1;
    h->port = port_of(sock);
    if (start_daemon(h, sock, err) != 0)
        return -1;
    return streams_start(h) == 0 ? 0 : err_set(err, "no thread for the streams");
}

struct http *http_start(const struct http_conf *conf, struct err *err)
{
    struct http *h = calloc(1, sizeof *h);
    if (!h) {
        err_set(err, "no memory for the server");
        return NULL;
    }
    h->conf = *conf;
    h->folder = -1;
    pthread_mutex_init(&h->lock, NULL);
    pthread_cond_init(&h->stopping, NULL);
    buf_init(&h->certificate, 0);
    buf_init(&h->key, 0);
    if (start(h, err) == 0)
        return h;
    http_stop(h);
    return NULL;
}

void http_stop(struct http *h)
{
    if (!h)
        return;
    streams_stop(h);
    if (h->daemon)
        MHD_stop_daemon(h->daemon);
    if (h->folder >= 0)
        close(h->folder);
    buf_fini(&h->certificate);
    buf_fini(&h->key);
    pthread_cond_destroy(&h->stopping);
    pthread_mutex_destroy(&h->lock);
    free(h);
}

unsigned http_port(const struct http *h)
{
    return h->port;
}

bool http_is_tls(const struct http *h)
{
    return h->conf.certificate != NULL;
}
