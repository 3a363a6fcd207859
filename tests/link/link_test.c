/* The gateway's link and the center's uplink against each other, over loopback, with real TLS and real processes.
 * rows: P1
 */
#include "core_double.h"

#include "base/clock.h"
#include "base/hash.h"
#include "center/uplink/conn.h"
#include "center/uplink/uplink.h"
#include "gateway/link/identity.h"
#include "gateway/link/link.h"
#include "gateway/link/tunnel.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define CODE "ACDEFGHJKMNP"
#define PATIENCE_MS 60000 /* for what must come: also under a sanitizer on a busy machine */
#define OTHER_CODE "ACDEFGHJKMNQ"

static const char *link_program;
static char top[64];
static char center_folder[128];
static char box_folder[128];
static char center_address[64];
static struct uplink *uplink;
static struct link_conf box;
static int event_ends[2]; /* [0]: the box's other parts, [1]: link */
static int control_ends[2];
static pid_t link_pid;
/* What link told guard last; policies are kept. */
static struct link_policy last_policy;
static char last_status[4000];

static void start_uplink(int64_t certificate_s, unsigned port)
{
    struct err err;
    char listen[64];
    snprintf(listen, sizeof(listen), "127.0.0.1:%u", port);
    struct uplink_conf conf = {listen, center_folder, certificate_s};
    uplink = uplink_start(&conf, NULL, &err);
    if (!uplink)
        fail_msg("%s", err.text);
    snprintf(center_address, sizeof(center_address), "127.0.0.1:%u", uplink_port(uplink));
}

static void stop_uplink(void)
{
    uplink_free(uplink);
    uplink = NULL; /* a case that fails now leaves nothing to free twice */
}

static void remove_tree(const char *path)
{
    char command[300];
    snprintf(command, sizeof(command), "rm -rf '%s'", path);
    if (system(command) != 0)
        print_message("# %s was not removed\n", path);
}

static int before(void **state)
{
    (void)state;
    const char *parent = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    snprintf(top, sizeof(top), "%s/otasuke-link-XXXXXX", parent);
    if (!mkdtemp(top))
        return -1;
    snprintf(center_folder, sizeof(center_folder), "%s/center", top);
    snprintf(box_folder, sizeof(box_folder), "%s/box", top);
    double_reset(CODE);
    start_uplink(0, 0);
    last_status[0] = '\0';
    box = (struct link_conf){.folder = box_folder, .software = "test", .center = center_address};
    link_pid = 0;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, event_ends) < 0)
        return -1;
    return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, control_ends);
}

static void kill_link(int with)
{
    if (link_pid <= 0)
        return;
    kill(link_pid, with);
    waitpid(link_pid, NULL, 0);
    link_pid = 0;
}

static int after(void **state)
{
    (void)state;
    kill_link(SIGKILL);
    stop_uplink();
    for (int i = 0; i < 2; i++) {
        close(event_ends[i]);
        close(control_ends[i]);
    }
    remove_tree(top);
    return 0;
}

/* The link process, as guard starts it: a program of its own with two descriptors. */
static void start_link(void)
{
    char spool[32];
    char event[16];
    char control[16];
    snprintf(spool, sizeof(spool), "%llu", (unsigned long long)box.spool_bytes);
    int event_fd = dup(event_ends[1]); /* dup: these survive exec, the originals do not */
    int control_fd = dup(control_ends[1]);
    snprintf(event, sizeof(event), "%d", event_fd);
    snprintf(control, sizeof(control), "%d", control_fd);
    link_pid = fork();
    assert_true(link_pid >= 0);
    if (link_pid == 0) {
        execl(link_program, link_program, box.folder, box.center, spool,
              box.trace_folder ? box.trace_folder : "", event, control, (char *)NULL);
        _exit(127);
    }
    close(event_fd);
    close(control_fd);
}

static void enrol(void)
{
    struct err err;
    if (link_enrol(&box, "acde-fghj-kmnp", &err) < 0)
        fail_msg("%s", err.text);
}

static void nap(int ms)
{
    (void)poll(NULL, 0, ms);
}

#define WAIT_FOR(condition)                                     \
    do {                                                        \
        for (int tries = 0; !(condition); tries++) {            \
            if (tries > PATIENCE_MS / 10)                       \
                fail_msg("waited in vain for: %s", #condition); \
            nap(10);                                            \
        }                                                       \
    } while (0)

/* The queue between the two may be full for a while, but not because link is gone: that would be waited for in vain. */
static void send_event(struct str json)
{
    for (int tries = 0; !link_event_send(event_ends[0], json); tries++) {
        int result;
        if (tries > PATIENCE_MS ||
            (link_pid > 0 && waitpid(link_pid, &result, WNOHANG) == link_pid))
            fail_msg("link takes no events any more");
        nap(1);
    }
}

static void send_alert(unsigned n)
{
    char json[300];
    int len = snprintf(
        json, sizeof(json),
        "{\"timestamp\":\"2026-11-22T17:30:00.000000+0900\",\"event_type\":\"alert\",\"src_ip\":"
        "\"192.0.2.1\",\"payload\":\"UExBTlRFRA==\",\"alert\":{\"signature_id\":%u,\"signature\":"
        "\"t\"}}",
        n);
    send_event(str_of(json, (size_t)len));
}

static void read_control(void)
{
    static struct link_policy policy;
    struct buf status;
    enum link_control what;
    buf_init(&status, 0);
    while ((what = link_control_take(control_ends[0], &policy, &status)) != LINK_CONTROL_NOTHING) {
        assert_int_not_equal(what, LINK_CONTROL_GONE);
        if (what == LINK_CONTROL_POLICY)
            last_policy = policy;
        if (what == LINK_CONTROL_STATUS)
            snprintf(last_status, sizeof(last_status), "%s", buf_c(&status));
    }
    buf_fini(&status);
}

static bool status_has(const char *text)
{
    read_control();
    return strstr(last_status, text) != NULL;
}

/* ---- enrolment ---- */

static void enrols_once(void **state)
{
    (void)state;
    struct err err;
    char gateway[LINK_GATEWAY_ID_BYTES];
    assert_false(link_is_enrolled(&box, gateway));
    enrol();
    assert_true(link_is_enrolled(&box, gateway));
    assert_string_equal(gateway, double_gateway());
    assert_int_equal(double_certificates(), 1);
    /* the code is used up */
    assert_int_equal(link_enrol(&box, CODE, &err), -1);
    assert_non_null(strstr(err.text, "wrong, used or expired"));
    assert_true(link_is_enrolled(&box, gateway)); /* and nothing was broken by trying */
}

static void wrong_code_is_refused_by_the_center(void **state)
{
    (void)state;
    struct err err;
    char gateway[LINK_GATEWAY_ID_BYTES];
    assert_int_equal(link_enrol(&box, OTHER_CODE, &err), -1);
    assert_non_null(strstr(err.text, "wrong, used or expired"));
    assert_int_equal(link_enrol(&box, "ACDE", &err), -1);
    assert_non_null(strstr(err.text, "is not a claim code"));
    assert_false(link_is_enrolled(&box, gateway));
    assert_int_equal(double_certificates(), 0);
}

static void wrong_center_is_refused_by_the_box(void **state)
{
    (void)state;
    struct err err;
    char gateway[LINK_GATEWAY_ID_BYTES];
    double_lie_about_key();
    assert_int_equal(link_enrol(&box, CODE, &err), -1);
    assert_non_null(strstr(err.text, "does not know the claim code"));
    assert_false(link_is_enrolled(&box, gateway));
    assert_int_equal(double_certificates(), 0);
}

/* Somebody on the way: ends the box's TLS with a key of his own and hands every message on to the real center, and its
 * answers back. */
struct middle {
    int listen_fd;
    SSL_CTX *to_box;
    SSL_CTX *to_center;
    unsigned center_port;
    int frames_from_box;
    int frames_from_center;
};

/* From 127.0.0.`host`. */
static int dial_from(unsigned host, unsigned port)
{
    struct sockaddr_in from = {.sin_family = AF_INET};
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    from.sin_addr.s_addr = htonl(INADDR_LOOPBACK - 1 + host);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&from, sizeof(from)), 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

static int dial(unsigned port)
{
    return dial_from(1, port);
}

/* Hands one whole frame on. False: there is none any more. */
static bool hand_on(SSL *from, SSL *to)
{
    uint8_t bytes[LINK_FRAME_HEAD_BYTES + 16384];
    size_t have = 0;
    size_t need = LINK_FRAME_HEAD_BYTES;
    while (have < need) {
        size_t got;
        if (SSL_read_ex(from, bytes + have, need - have, &got) != 1)
            return false;
        have += got;
        if (have == LINK_FRAME_HEAD_BYTES)
            need +=
                (size_t)bytes[4] << 24 | (size_t)bytes[5] << 16 | (size_t)bytes[6] << 8 | bytes[7];
        if (need > sizeof(bytes))
            return false;
    }
    size_t sent;
    return SSL_write_ex(to, bytes, need, &sent) == 1;
}

static void *stand_between(void *argument)
{
    struct middle *m = argument;
    int box_fd = accept(m->listen_fd, NULL, NULL);
    int center_fd = dial(m->center_port);
    SSL *to_box = SSL_new(m->to_box);
    SSL *to_center = SSL_new(m->to_center);
    SSL_set_fd(to_box, box_fd);
    SSL_set_fd(to_center, center_fd);
    if (SSL_accept(to_box) == 1 && SSL_connect(to_center) == 1) {
        while (hand_on(to_box, to_center)) {
            m->frames_from_box++;
            if (!hand_on(to_center, to_box))
                break;
            m->frames_from_center++;
        }
    }
    SSL_free(to_box);
    SSL_free(to_center);
    close(box_fd);
    close(center_fd);
    return NULL;
}

static void man_in_the_middle_gets_nothing(void **state)
{
    (void)state;
    struct err err;
    struct ca his;
    struct middle m = {.center_port = uplink_port(uplink)};
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t address_bytes = sizeof(address);
    char folder[200];
    char gateway[LINK_GATEWAY_ID_BYTES];
    pthread_t thread;
    snprintf(folder, sizeof(folder), "%s/middle", top);
    assert_int_equal(ca_open(&his, folder, &err), 0);
    m.to_box = conn_context(&his, folder, &err);
    m.to_center = identity_enrol_context(&err);
    assert_true(m.to_box && m.to_center);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    m.listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(m.listen_fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(m.listen_fd, 1), 0);
    assert_int_equal(getsockname(m.listen_fd, (struct sockaddr *)&address, &address_bytes), 0);
    assert_int_equal(pthread_create(&thread, NULL, stand_between, &m), 0);

    char his_address[64];
    snprintf(his_address, sizeof(his_address), "127.0.0.1:%u", ntohs(address.sin_port));
    box.center = his_address;
    assert_int_equal(link_enrol(&box, CODE, &err), -1);
    pthread_join(thread, NULL);
    assert_non_null(strstr(err.text, "somebody listens in between"));
    assert_int_equal(m.frames_from_box, 1); /* the claim's id; never the box's proof */
    assert_int_equal(m.frames_from_center, 1);
    assert_false(link_is_enrolled(&box, gateway));
    assert_int_equal(double_certificates(), 0);
    /* the code is still good for the true way */
    box.center = center_address;
    enrol();
    close(m.listen_fd);
    SSL_CTX_free(m.to_box);
    SSL_CTX_free(m.to_center);
    ca_close(&his);
}

static size_t count_ended(struct pollfd *p, size_t count)
{
    size_t ended = 0;
    (void)poll(p, count, 0);
    for (size_t i = 0; i < count; i++)
        ended += p[i].revents != 0;
    return ended;
}

/* Connections that say nothing: only so many from one address, and none of them for long; a box that is in stays in. */
static void silent_strangers_are_shown_out(void **state)
{
    (void)state;
    enum { COUNT = UPLINK_STRANGERS_PER_ADDRESS + 8, TOO_MANY = 8 };
    const int64_t handshake_us = UPLINK_HANDSHAKE_S * CLOCK_SECOND_US;
    struct pollfd p[COUNT];
    enrol();
    start_link();
    WAIT_FOR(status_has("\"connected\":true"));
    int64_t began_us = clock_mono_us();
    for (size_t i = 0; i < COUNT; i++)
        p[i] = (struct pollfd){.fd = dial(uplink_port(uplink)), .events = POLLIN};
    WAIT_FOR(count_ended(p, COUNT) >= TOO_MANY);
    nap(100);
    size_t turned_away = count_ended(p, COUNT);
    if (clock_mono_us() - began_us < handshake_us) /* later the others' time is over too */
        assert_int_equal(turned_away, TOO_MANY);
    send_alert(1);
    WAIT_FOR(double_times(1) == 1);
    WAIT_FOR(count_ended(p, COUNT) == COUNT);
    assert_true(clock_mono_us() - began_us >= handshake_us);
    for (size_t i = 0; i < COUNT; i++)
        close(p[i].fd);
    assert_true(status_has("\"connected\":true"));
}

/* Somebody holds all places for strangers from many addresses: a box comes in all the same, at once. */
static void a_crowd_of_strangers_keeps_no_box_out(void **state)
{
    (void)state;
    enum { CROWD = UPLINK_STRANGERS_MAX + 40 };
    int fds[CROWD];
    int64_t began_us = clock_mono_us();
    for (size_t i = 0; i < CROWD; i++)
        fds[i] = dial_from(2 + (unsigned)i / UPLINK_STRANGERS_PER_ADDRESS, uplink_port(uplink));
    nap(200);
    enrol();
    start_link();
    WAIT_FOR(status_has("\"connected\":true"));
    /* on a machine so slow that their time was over anyway, this shows nothing */
    if (clock_mono_us() - began_us > UPLINK_HANDSHAKE_S * CLOCK_SECOND_US)
        print_message("# too slow to show anything\n");
    for (size_t i = 0; i < CROWD; i++)
        close(fds[i]);
}

/* ---- a client of our own, to say what a good box never says ---- */

static struct tunnel probe;

static bool probe_wait(int64_t until_us)
{
    uint32_t want = tunnel_events(&probe);
    struct pollfd p = {.fd = probe.fd};
    p.events = (short)(((want & EPOLLIN) ? POLLIN : 0) | ((want & EPOLLOUT) ? POLLOUT : 0));
    (void)poll(&p, 1, 100);
    return clock_mono_us() < until_us;
}

static void probe_open(SSL_CTX *context)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)uplink_port(uplink))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    tunnel_init(&probe);
    assert_int_equal(
        tunnel_open(&probe, context, (const struct sockaddr *)&address, sizeof(address)), 0);
    int64_t until_us = clock_mono_us() + PATIENCE_MS * INT64_C(1000);
    while (tunnel_step(&probe) && probe.state != TUNNEL_OPEN && probe_wait(until_us))
        ;
}

/* The next frame's kind, or 0 when the connection ended. For a refusal, its reason in *reason. */
static int probe_answer(enum link_refusal *reason)
{
    int64_t until_us = clock_mono_us() + PATIENCE_MS * INT64_C(1000);
    struct link_frame frame;
    while (tunnel_step(&probe)) {
        enum link_result result = tunnel_frame(&probe, &frame);
        if (result == LINK_OK) {
            struct link_refuse refuse;
            if (frame.kind == LINK_REFUSE && link_refuse_read(frame.body, &refuse) && reason)
                *reason = refuse.reason;
            return (int)frame.kind;
        }
        if (result == LINK_BAD || probe.state == TUNNEL_CLOSED || !probe_wait(until_us))
            break;
    }
    return 0;
}

static SSL_CTX *box_context(struct identity *id)
{
    struct err err;
    assert_int_equal(identity_load(id, box_folder, &err), 0);
    SSL_CTX *context = identity_context(id, &err);
    assert_non_null(context);
    return context;
}

static void say_hello(uint32_t version)
{
    link_hello_write(&probe.out, &(struct link_hello){version, 0, 1, 1, STR_LIT("probe")});
}

static void no_certificate_no_link(void **state)
{
    (void)state;
    struct err err;
    static const unsigned char link_protocol[] = "\x0e" LINK_ALPN;
    static const unsigned char no_protocol[] = "\x04http";
    const unsigned char *offers[] = {link_protocol, no_protocol};
    for (size_t i = 0; i < 2; i++) {
        SSL_CTX *context = identity_enrol_context(&err);
        SSL_CTX_set_alpn_protos(context, offers[i], 1u + offers[i][0]);
        probe_open(context);
        if (probe.state == TUNNEL_OPEN)
            say_hello(LINK_VERSION);
        assert_int_equal(probe_answer(NULL), 0); /* TLS ends it; no frame was answered */
        tunnel_fini(&probe);
        SSL_CTX_free(context);
    }
}

/* A gateway's certificate of another center's CA is a stranger's. */
static void foreign_certificate_no_link(void **state)
{
    (void)state;
    struct err err;
    struct ca other;
    struct identity id;
    char folder[200];
    enrol();
    snprintf(folder, sizeof(folder), "%s/other", top);
    assert_int_equal(ca_open(&other, folder, &err), 0);
    SSL_CTX *context = box_context(&id);
    struct buf csr;
    struct ca_issued issued;
    buf_init(&csr, 0);
    buf_init(&issued.der, 0);
    assert_true(identity_csr(id.key, &csr));
    assert_int_equal(ca_issue(&other, buf_str(&csr), double_gateway(), 1000, &issued), 0);
    const unsigned char *p = issued.der.p;
    X509 *foreign = d2i_X509(NULL, &p, (long)issued.der.len);
    assert_int_equal(SSL_CTX_use_certificate(context, foreign), 1);
    probe_open(context);
    say_hello(LINK_VERSION);
    assert_int_equal(probe_answer(NULL), 0);
    tunnel_fini(&probe);
    X509_free(foreign);
    buf_fini(&csr);
    buf_fini(&issued.der);
    SSL_CTX_free(context);
    identity_fini(&id);
    ca_close(&other);
}

static void enrolment_connection_is_for_enrolment_only(void **state)
{
    (void)state;
    struct err err;
    enum link_refusal reason = 0;
    SSL_CTX *context = identity_enrol_context(&err);
    probe_open(context);
    assert_int_equal(probe.state, TUNNEL_OPEN);
    say_hello(LINK_VERSION);
    assert_int_equal(probe_answer(&reason), LINK_REFUSE);
    assert_int_equal(reason, LINK_REFUSE_MESSAGE);
    assert_int_equal(probe_answer(NULL), 0);
    tunnel_fini(&probe);
    SSL_CTX_free(context);
}

/* A batch as a box without our check would write it. */
static void write_unchecked_batch(struct buf *out, const char *json)
{
    struct link_codec *codec = link_codec_new();
    struct link_offence offence;
    struct buf lines;
    struct buf good;
    buf_init(&lines, 0);
    buf_init(&good, 0);
    link_event_write(
        &lines, &(struct link_event){1, 1, STR_LIT("{\"event_type\":\"alert\",\"src_port\":80}")});
    struct link_batch b = {7, 1, 1, buf_str(&lines)};
    assert_int_equal(link_batch_pack(codec, &b, &good, &offence), LINK_PACK_OK);
    /* the same length, so that only the name differs; zstd leaves so short a text as it is */
    struct str text = STR_LIT("\"src_port\":80");
    ptrdiff_t at = str_find(buf_str(&good), 0, text);
    assert_true(at >= 0 && strlen(json) == text.len);
    memcpy(good.p + at, json, text.len);
    memcpy(lines.p + str_find(buf_str(&lines), 0, text), json, text.len);
    uint32_t crc = hash_crc32c(0, buf_str(&lines));
    for (int i = 0; i < 4; i++)
        good.p[LINK_FRAME_HEAD_BYTES + 24 + i] = (uint8_t)(crc >> (24 - 8 * i));
    buf_add(out, buf_str(&good));
    buf_fini(&lines);
    buf_fini(&good);
    link_codec_free(codec);
}

static void center_checks_every_message(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *json;    /* a batch with this, or NULL */
        enum link_kind kind; /* else a frame of zeros of this kind */
        uint32_t version;
        enum link_refusal want;
    } rows[] = {
        {"another version", NULL, LINK_KINDS, 99, LINK_REFUSE_VERSION},
        {"a planted field", "\"payload1\":80", LINK_KINDS, LINK_VERSION, LINK_REFUSE_FIELD},
        {"an escaped name", "\"src\\u006f\":1", LINK_KINDS, LINK_VERSION, LINK_REFUSE_FIELD},
        {"no JSON", "\"src_port\"::8", LINK_KINDS, LINK_VERSION, LINK_REFUSE_FIELD},
        {"a batch of zeros", NULL, LINK_BATCH, LINK_VERSION, LINK_REFUSE_MESSAGE},
        {"a second hello", NULL, LINK_HELLO, LINK_VERSION, LINK_REFUSE_MESSAGE},
        {"an enrolment", NULL, LINK_ENROL_CONFIRM, LINK_VERSION, LINK_REFUSE_MESSAGE},
    };
    static const uint8_t zeros[64];
    struct identity id;
    enrol();
    SSL_CTX *context = box_context(&id);
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        enum link_refusal reason = 0;
        probe_open(context);
        say_hello(rows[i].version);
        if (rows[i].version == LINK_VERSION) {
            assert_int_equal(probe_answer(NULL), LINK_WELCOME);
            if (rows[i].json)
                write_unchecked_batch(&probe.out, rows[i].json);
            else
                link_frame_write(
                    &probe.out, rows[i].kind,
                    str_of(zeros, rows[i].kind == LINK_ENROL_CONFIRM ? 32 : sizeof(zeros)));
        }
        if (probe_answer(&reason) != LINK_REFUSE || reason != rows[i].want)
            fail_msg("%s: %d", rows[i].name, reason);
        assert_int_equal(probe_answer(NULL), 0);
        tunnel_fini(&probe);
    }
    assert_int_equal(double_event_count(), 0);
    SSL_CTX_free(context);
    identity_fini(&id);
}

/* ---- events ---- */

static void events_arrive_without_payload(void **state)
{
    (void)state;
    char trace[200];
    snprintf(trace, sizeof(trace), "%s/trace", top);
    box.trace_folder = trace;
    enrol();
    start_link();
    for (unsigned n = 0; n < 50; n++)
        send_alert(n);
    static const char dns[] = "{\"event_type\":\"dns\",\"dns\":{\"rrname\":\"private.example\"}}";
    assert_true(link_event_send(event_ends[0], STR_LIT(dns)));
    WAIT_FOR(double_event_count() == 50);
    for (unsigned n = 0; n < 50; n++)
        assert_int_equal(double_times(n), 1);
    assert_int_equal(double_lines_with("192.0.2.1"), 50);
    assert_int_equal(double_lines_with("UExBTlRFRA"), 0);
    assert_int_equal(double_lines_with("private.example"), 0);
    WAIT_FOR(double_heartbeats() > 0);
    WAIT_FOR(status_has("\"link_fields_removed\":50"));
    assert_true(status_has("\"link_events_refused\":1"));
    assert_true(status_has("\"connected\":true"));
    /* the trace shows what left, and that was searched too */
    char command[600];
    snprintf(command, sizeof(command),
             "cat %s/*.jsonl | grep -c signature_id | grep -qx 50 && ! cat %s/*.jsonl | grep -q "
             "UExBTlRFRA",
             trace, trace);
    assert_int_equal(system(command), 0);
}

/* 10,000 events while the link process is killed again and again: each arrives exactly once. */
static void killed_link_loses_and_doubles_nothing(void **state)
{
    (void)state;
    enum { EVENTS = 10000 };
    uint32_t seed;
    unsigned kills = 0;
    hash_random(&seed, sizeof(seed));
    print_message("# seed %u\n", seed);
    srand(seed);
    enrol();
    start_link();
    unsigned next_kill = 300;
    for (unsigned n = 0; n < EVENTS; n++) {
        send_alert(n);
        if (n == next_kill) {
            nap(rand() % 30);
            kill_link(SIGKILL);
            kills++;
            start_link();
            next_kill += 200 + (unsigned)rand() % 800;
        }
        if (n % 64 == 0)
            read_control();
    }
    WAIT_FOR((read_control(), double_event_count() >= EVENTS));
    nap(300);
    for (unsigned n = 0; n < EVENTS; n++) {
        if (double_times(n) != 1)
            fail_msg("event %u came %u times after %u kills", n, double_times(n), kills);
    }
    assert_int_equal(double_event_count(), EVENTS);
    print_message("# %u kills\n", kills);
}

/* The center goes away in the middle (uplink stopped, started again on the same port), and cannot write for a while. */
static void center_away_and_back(void **state)
{
    (void)state;
    unsigned port = uplink_port(uplink);
    enrol();
    start_link();
    for (unsigned n = 0; n < 500; n++)
        send_alert(n);
    stop_uplink();
    for (unsigned n = 500; n < 1000; n++)
        send_alert(n);
    double_fail_ingest(1);
    start_uplink(0, port);
    for (unsigned n = 1000; n < 1500; n++)
        send_alert(n);
    WAIT_FOR((read_control(), double_event_count() >= 1500));
    for (unsigned n = 0; n < 1500; n++)
        assert_int_equal(double_times(n), 1);
}

/* A long outage with a small spool: what matters least goes, the alerts are there afterwards, the loss is reported. */
static void outage_with_a_small_spool(void **state)
{
    (void)state;
    unsigned port = uplink_port(uplink);
    enrol();
    stop_uplink();
    box.spool_bytes = 256u << 10;
    start_link();
    for (unsigned n = 0; n < 300; n++) {
        char json[600];
        int len =
            snprintf(json, sizeof(json),
                     "{\"event_type\":\"otasuke_device\",\"otasuke\":{\"device\":{\"hostname\":"
                     "\"%0400u\"}}}",
                     n);
        for (int k = 0; k < 5; k++)
            send_event(str_of(json, (size_t)len));
        send_alert(n);
    }
    WAIT_FOR(status_has("\"link_events_in\":180"));
    start_uplink(0, port);
    WAIT_FOR((read_control(), double_times(299) == 1));
    for (unsigned n = 0; n < 300; n++)
        assert_int_equal(double_times(n), 1);
    WAIT_FOR((read_control(), double_lines_with("otasuke_spool") > 0));
    assert_true(status_has("\"spool_dropped_alerts\":0"));
    assert_true(double_event_count() < 1800);
}

/* ---- revocation, policy, renewal ---- */

static void revocation_works_at_once(void **state)
{
    (void)state;
    enrol();
    start_link();
    send_alert(1);
    WAIT_FOR(double_times(1) == 1);
    WAIT_FOR(status_has("\"connected\":true"));
    double_revoke_all();
    int64_t began_us = clock_mono_us();
    WAIT_FOR(status_has("not valid any more"));
    /* long before the next heartbeat would have shown it */
    assert_true(clock_mono_us() - began_us < LINK_HEARTBEAT_S / 3 * CLOCK_SECOND_US);
    size_t heartbeats = double_heartbeats();
    send_alert(2);
    nap(2500);
    assert_int_equal(double_times(2), 0);
    assert_int_equal(double_heartbeats(), heartbeats);
}

static void policies_come_down(void **state)
{
    (void)state;
    enrol();
    start_link();
    WAIT_FOR(status_has("\"connected\":true"));
    memset(&last_policy, 0, sizeof(last_policy));
    double_policy(5, "02:00:00:00:00:05");
    WAIT_FOR((read_control(), last_policy.number == 5));
    assert_int_equal(last_policy.isolated_count, 1);
    assert_int_equal(last_policy.isolated[0].mac.bytes[5], 5);
    /* a lower number is refused, though it is signed */
    double_policy(4, "02:00:00:00:00:04");
    WAIT_FOR(status_has("\"link_policies_refused\":1"));
    assert_int_equal(last_policy.number, 5);
    /* after a kill, without a center, the stored one holds */
    kill_link(SIGKILL);
    memset(&last_policy, 0, sizeof(last_policy));
    box.center = "127.0.0.1:1";
    start_link();
    WAIT_FOR((read_control(), last_policy.number == 5));
    box.center = center_address;
}

static void certificates_renew_themselves(void **state)
{
    (void)state;
    unsigned port = uplink_port(uplink);
    stop_uplink();
    /* backdated by an hour: two thirds of this life are over from the start, and it ends in half an hour */
    start_uplink(1800, port);
    enrol();
    assert_int_equal(double_certificates(), 1);
    stop_uplink();
    start_uplink(0, port);
    start_link();
    WAIT_FOR(double_certificates() == 2);
    kill_link(SIGTERM);
    start_link(); /* with the new one from disk */
    last_status[0] = '\0';
    WAIT_FOR(status_has("\"connected\":true"));
    assert_int_equal(double_certificates(), 2);
}

static void guard_gone_ends_link(void **state)
{
    (void)state;
    enrol();
    start_link();
    WAIT_FOR(status_has("\"enrolled\":true"));
    int result;
    kill(link_pid, SIGTERM);
    assert_int_equal(waitpid(link_pid, &result, 0), link_pid);
    link_pid = 0;
    assert_true(WIFEXITED(result) && WEXITSTATUS(result) == 0);
}

int main(int argc, char **argv)
{
    if (argc != 2)
        return 64;
    link_program = argv[1];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(enrols_once, before, after),
        cmocka_unit_test_setup_teardown(wrong_code_is_refused_by_the_center, before, after),
        cmocka_unit_test_setup_teardown(wrong_center_is_refused_by_the_box, before, after),
        cmocka_unit_test_setup_teardown(man_in_the_middle_gets_nothing, before, after),
        cmocka_unit_test_setup_teardown(silent_strangers_are_shown_out, before, after),
        cmocka_unit_test_setup_teardown(a_crowd_of_strangers_keeps_no_box_out, before, after),
        cmocka_unit_test_setup_teardown(no_certificate_no_link, before, after),
        cmocka_unit_test_setup_teardown(foreign_certificate_no_link, before, after),
        cmocka_unit_test_setup_teardown(enrolment_connection_is_for_enrolment_only, before, after),
        cmocka_unit_test_setup_teardown(center_checks_every_message, before, after),
        cmocka_unit_test_setup_teardown(events_arrive_without_payload, before, after),
        cmocka_unit_test_setup_teardown(killed_link_loses_and_doubles_nothing, before, after),
        cmocka_unit_test_setup_teardown(center_away_and_back, before, after),
        cmocka_unit_test_setup_teardown(outage_with_a_small_spool, before, after),
        cmocka_unit_test_setup_teardown(revocation_works_at_once, before, after),
        cmocka_unit_test_setup_teardown(policies_come_down, before, after),
        cmocka_unit_test_setup_teardown(certificates_renew_themselves, before, after),
        cmocka_unit_test_setup_teardown(guard_gone_ends_link, before, after),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
