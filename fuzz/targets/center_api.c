/* The center's whole way for browsers: server, session, routes, bodies, answers, over a connection of the machine's own.
 *
 * Byte 0, 1: the rest is sent as it is (a stranger's bytes). Else the first line is "METHOD PATH", the rest the body, and an
 * admin's session is put in. $f $s $g stand for a firm's, site's and gateway's id, there and in the body.
 *
 * What must hold: no fault of the server's own (500, 503), every answer is one, and what says it is JSON is.
 */
#include "center/api/api.h"
#include "center/store/store.h"
#include "center/tree/tree.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define NOW_US INT64_C(1795334400000000)
#define PASSWORD "correct horse battery staple"
#define WAIT_MS 60000   /* for an answer that must come; libFuzzer has less patience */
#define STRANGER_MS 100 /* half a request is waited for longer than we have time */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct core *core;
static struct http *http;
static struct person_session session;
static char csrf[SESSION_TOKEN_BYTES];
static struct id firm_id, site_id, gateway_id;
static char folder[64];

/* Says what was not so: what the machine did shows in no input. */
static void must_be(bool good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "center_api: not so: %s (errno: %s)\n", what, strerror(errno));
    abort();
}

#define must(condition) must_be(condition, #condition)

static int64_t clock_of(void *clock)
{
    (void)clock;
    return NOW_US;
}

static void clean_up(void)
{
    char command[100];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    if (system(command) != 0)
        fprintf(stderr, "%s stays\n", folder);
}

static void log_in(void)
{
    struct arena a;
    arena_init(&a, 0, 0);
    struct call c = {.core = core, .arena = &a};
    struct login login = {STR_LIT("admin"), STR_LIT(PASSWORD), STR_LIT("192.0.2.1")};
    must(core_login(&c, &login, &session) == OUTCOME_OK);
    snprintf(csrf, sizeof csrf, "%s", session.csrf);
    arena_fini(&a);
}

static void found_firm(void)
{
    struct arena a;
    struct firm firm;
    struct gateway g;
    struct new_user admin = {
        .login = "admin", .name = "a", .role = ROLE_ADMIN, .password = PASSWORD};
    struct new_firm wish = {.name = "f", .site = "s"};
    arena_init(&a, 0, 0);
    struct call c = {.core = core, .arena = &a, .actor = core_actor_self()};
    must(core_set_up(&c, "o", &admin) == OUTCOME_OK &&
         core_firm_add(&c, &wish, &firm) == OUTCOME_OK);
    must(core_gateway_add(&c, firm.sites[0].id, "g", &g) == OUTCOME_OK);
    firm_id = firm.id;
    site_id = firm.sites[0].id;
    gateway_id = g.id;
    arena_fini(&a);
}

static void set_up(void)
{
    struct err err;
    char path[80];
    struct core_settings settings = {.now_us = clock_of};
    static struct http_conf web = {.listen = "127.0.0.1:0"};
    snprintf(folder, sizeof folder, "%s/center_api.XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    must(mkdtemp(folder) != NULL);
    atexit(clean_up);
    signal(SIGPIPE, SIG_IGN);
    snprintf(path, sizeof path, "%s/db", folder);
    struct store *store = store_open(path, &err);
    must(store && store_migrate(store, NOW_US, &err) == 0);
    core = core_new(store, &settings, &err);
    must(core != NULL);
    found_firm();
    struct api_conf conf = {.core = core, .version = "fuzz"};
    struct api *api = api_new(&conf);
    must(api && api_listen(api) == 0);
    api_serve(api, &web);
    web.folder = folder; /* with no file that may be served */
    http = http_start(&web, &err);
    must(http != NULL);
    api_attach(api, http);
    log_in();
}

/* $f, $s, $g become ids. */
static void add_filled(struct buf *out, struct str text)
{
    static const struct {
        char letter;
        const struct id *id;
    } ids[] = {{'f', &firm_id}, {'s', &site_id}, {'g', &gateway_id}};
    for (size_t i = 0; i < text.len; i++) {
        size_t k = 0;
        while (k < ARRAY_COUNT(ids) &&
               (i + 1 == text.len || text.p[i] != '$' || text.p[i + 1] != ids[k].letter))
            k++;
        if (k == ARRAY_COUNT(ids)) {
            buf_add_byte(out, text.p[i]);
            continue;
        }
        buf_add_c(out, ids[k].id->text);
        i++;
    }
}

/* What has no end or takes the admin's key away is left out. */
static bool is_left_out(struct str line)
{
    return str_find(line, 0, STR_LIT("stream")) >= 0 || str_find(line, 0, STR_LIT("%")) >= 0 ||
           str_find(line, 0, STR_LIT("/me")) >= 0;
}

static bool write_request(struct buf *out, struct str in)
{
    struct str line = str_split(&in, '\n');
    struct buf body;
    if (line.len == 0 || is_left_out(line) || str_find_byte(line, 0, '\r') >= 0 ||
        str_find_byte(line, 0, 0) >= 0)
        return false;
    buf_init(&body, 0);
    add_filled(&body, in);
    add_filled(out, line);
    buf_printf(out,
               " HTTP/1.1\r\nHost: x\r\nConnection: close\r\nCookie: "
               "otasuke_session=%s\r\nX-CSRF-Token: %s\r\n"
               "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
               session.token, csrf, body.len);
    buf_add(out, buf_str(&body));
    buf_fini(&body);
    return true;
}

static int try_connect(void)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)http_port(http)),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    must(fd >= 0);
    if (connect(fd, (const struct sockaddr *)&to, sizeof to) == 0)
        return fd;
    int why = errno;
    close(fd);
    errno = why;
    return -1;
}

/* Thousands of connections a second use up the ports of this side; one comes free within a second. libFuzzer's own timer (half of its
 * -timeout) interrupts whatever waits here; then it begins again, and it is libFuzzer that ends what waits too long. */
static int call_server(void)
{
    int fd, waited_ms = 0;
    while ((fd = try_connect()) < 0) {
        if (errno == EINTR)
            continue;
        must(errno == EADDRNOTAVAIL && waited_ms < WAIT_MS);
        poll(NULL, 0, 50);
        waited_ms += 50;
    }
    return fd;
}

static void send_all(int fd, struct str request)
{
    while (request.len > 0) {
        ssize_t n = send(fd, request.p, request.len, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return; /* it had enough of it */
        request = str_from(request, (size_t)n);
    }
}

static int wait_for_bytes(int fd, int ms)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    int ready;
    do {
        ready = poll(&p, 1, ms);
    } while (ready < 0 && errno == EINTR);
    return ready;
}

static void talk(struct str request, struct buf *answer, bool is_whole)
{
    char chunk[16384];
    int fd = call_server();
    send_all(fd, request);
    shutdown(fd, SHUT_WR);
    for (;;) {
        int ready = wait_for_bytes(fd, is_whole ? WAIT_MS : STRANGER_MS);
        must(ready == 1 || !is_whole);
        if (ready != 1)
            break;
        ssize_t n = recv(fd, chunk, sizeof chunk, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        buf_add(answer, str_of(chunk, (size_t)n));
    }
    close(fd);
}

static void look(struct str answer)
{
    unsigned status = 0;
    enum tree_fault fault;
    ptrdiff_t end = str_find(answer, 0, STR_LIT("\r\n\r\n"));
    if (answer.len == 0)
        return; /* half requests of strangers hold all places of this address for a while */
    must(end > 0 && sscanf((const char *)answer.p, "HTTP/1.1 %3u", &status) == 1);
    must(status != 500 && status != 503);
    struct str heads = str_cut(answer, 0, (size_t)end);
    struct str body = str_from(answer, (size_t)end + 4);
    if (str_find(heads, 0, STR_LIT("X-Content-Type-Options: nosniff")) < 0)
        return; /* the library's own word to what is no HTTP */
    if (body.len > 0 && str_find(heads, 0, STR_LIT("json")) >= 0) {
        struct tree *t = tree_parse(body, &fault);
        must(t != NULL);
        tree_free(t);
    }
    if (status == 401)
        log_in();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf request, answer;
    if (!core)
        set_up();
    if (size < 2)
        return 0;
    buf_init(&request, 4u << 20);
    buf_init(&answer, 64u << 20);
    struct str in = str_of(data + 1, size - 1);
    if (data[0] & 1) {
        buf_add(&request, in);
        if (str_find(in, 0, STR_LIT("stream")) < 0)
            talk(in, &answer, false);
    } else if (write_request(&request, in)) {
        talk(buf_str(&request), &answer, true);
        buf_c(&answer);
        look(buf_str(&answer));
    }
    buf_fini(&request);
    buf_fini(&answer);
    return 0;
}
