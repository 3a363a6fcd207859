/* No memory is taken from the heap, no lock is waited for and the kernel is not called for a packet: from the first frame on.
 *
 * The capture (of tests/gen, every scene in one; and other files, if named) is played twice through a whole engine whose
 * events are all written, with rules of every kind. While frames go through, malloc and its like and pthread_mutex_lock are
 * counted here, in front of the C library and of all other libraries, and a filter of the kernel ends the process at any
 * system call.
 *
 * usage: steady_test CAPTURE... */
#include "played.h"

#include "gateway/pcap/pcap.h"

#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <malloc.h>
#include <pthread.h>
#include <seccomp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define EXPORTED __attribute__((visibility("default")))
#define TRACES_MAX 20

void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t count, size_t bytes);
void *__libc_realloc(void *p, size_t bytes);
void *__libc_memalign(size_t align, size_t bytes);
void __libc_free(void *p);

static bool guarded; /* frames are going through */
static uint64_t taken, locked;

static void note(uint64_t *count)
{
    void *frames[24];
    if (!guarded)
        return;
    guarded = false;
    if (++*count <= TRACES_MAX)
        backtrace_symbols_fd(frames, backtrace(frames, ARRAY_COUNT(frames)), 2);
    if (*count <= TRACES_MAX)
        (void)!write(2, "--\n", 3);
    guarded = true;
}

EXPORTED void *malloc(size_t bytes)
{
    note(&taken);
    return __libc_malloc(bytes);
}

EXPORTED void *calloc(size_t count, size_t bytes)
{
    note(&taken);
    return __libc_calloc(count, bytes);
}

EXPORTED void *realloc(void *p, size_t bytes)
{
    note(&taken);
    return __libc_realloc(p, bytes);
}

EXPORTED void *memalign(size_t align, size_t bytes)
{
    note(&taken);
    return __libc_memalign(align, bytes);
}

EXPORTED void *aligned_alloc(size_t align, size_t bytes)
{
    note(&taken);
    return __libc_memalign(align, bytes);
}

EXPORTED int posix_memalign(void **p, size_t align, size_t bytes)
{
    note(&taken);
    *p = __libc_memalign(align, bytes);
    return *p ? 0 : ENOMEM;
}

EXPORTED void free(void *p)
{
    if (p)
        note(&taken);
    __libc_free(p);
}

static int (*real_lock)(pthread_mutex_t *m);

EXPORTED int pthread_mutex_lock(pthread_mutex_t *m)
{
    note(&locked);
    if (!real_lock)
        *(void **)&real_lock = dlsym(RTLD_NEXT, "pthread_mutex_lock");
    return real_lock(m);
}

#define RULES                                                                                      \
    "alert tcp any any -> any any (msg:\"stream\"; flow:established; content:\"e\"; sid:1;)\n"     \
    "alert ip any any -> any any (msg:\"pcre\"; pcre:\"/(a|b)+[c-z]{2,}\\\\d?/Ri\"; sid:2;)\n"     \
    "alert http any any -> any any (msg:\"uri\"; http.uri; content:\"/\"; pcre:\"/x.*y/U\"; "      \
    "sid:3;)\n"                                                                                    \
    "alert http any any -> any any (msg:\"body\"; file.data; content:\"e\"; sid:4;)\n"             \
    "alert dns any any -> any any (msg:\"name\"; dns.query; content:\".\"; sid:5;)\n"              \
    "alert tls any any -> any any (msg:\"ja3\"; ja3.hash; content:\"a\"; sid:6;)\n"                \
    "alert tls any any -> any any (msg:\"ja4\"; ja4.hash; content:\"t\"; sid:7;)\n"                \
    "alert tls any any -> any any (msg:\"cert\"; tls.cert_subject; content:\"CN\"; sid:8;)\n"      \
    "alert smtp any any -> any any (msg:\"mail\"; smtp.mail_from; content:\"@\"; sid:9;)\n"        \
    "alert http any any -> any any (msg:\"md5\"; http.uri; to_md5; content:\"|00|\"; sid:10;)\n"   \
    "alert http any any -> any any (msg:\"sha\"; http.host; to_sha256; content:\"|01|\"; "         \
    "sid:11;)\n"                                                                                   \
    "alert tcp any any -> any any (msg:\"bit\"; flow:to_server; flowbits:set,seen; sid:12;)\n"     \
    "alert tcp any any -> any any (msg:\"asked\"; flowbits:isset,seen; sid:13;)\n"                 \
    "alert tcp any any -> any any (msg:\"base64\"; base64_decode:bytes 20,offset 0; base64_data; " \
    "content:\"a\"; sid:14;)\n"                                                                    \
    "alert udp any any -> any any (msg:\"bytes\"; byte_test:2,>,1,0; sid:15;)\n"                   \
    "alert icmp any any -> any any (msg:\"ping\"; itype:8; sid:16;)\n"                             \
    "alert http any any -> any any (msg:\"head\"; http.header; content:\"a\"; sid:17;)\n"          \
    "alert tcp any any -> any any (msg:\"flow limit\"; flags:A; threshold:type limit,track "       \
    "by_flow,count 1,seconds 60; sid:18;)\n"

struct steady {
    struct played p;
    struct eve_conf eve;
    struct buf line;
    uint64_t events, bytes;
};

static bool wants(void *owner, enum eve_type type, enum app_proto proto)
{
    return !(EVE_ASKED_FOR >> type & 1);
}

static void on_event(void *owner, const struct eve_event *event)
{
    struct steady *s = owner;
    struct json json;
    buf_reset(&s->line);
    json_init(&json, &s->line);
    json_object(&json, NULL);
    eve_write(&s->eve, event, &json);
    json_end_object(&json);
    s->events++;
    s->bytes += s->line.len;
    if (s->line.failed || s->line.len < 10)
        abort();
}

static void all_hashes(struct engine_conf *conf)
{
    conf->file.want_md5 = conf->file.want_sha1 = conf->file.want_sha256 = true;
    conf->app.ja3 = true;
}

static void on_call(int signal, siginfo_t *info, void *context)
{
    char text[60];
    void *frames[24];
    int len = snprintf(text, sizeof text, "# system call %d\n", info->si_syscall);
    guarded = false;
    (void)!write(2, text, (size_t)len);
    backtrace_symbols_fd(frames, backtrace(frames, ARRAY_COUNT(frames)), 2);
    _exit(3);
}

static void forbid_system_calls(void)
{
    struct sigaction action = {.sa_sigaction = on_call, .sa_flags = SA_SIGINFO};
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_TRAP);
    if (getenv("STEADY_CALLS"))
        return;
    sigaction(SIGSYS, &action, NULL);
    if (!filter || seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(write), 0) < 0 ||
        seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(writev), 0) < 0 ||
        seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(exit_group), 0) < 0 ||
        seccomp_load(filter) < 0)
        _exit(77);
    seccomp_release(filter);
}

static void play(struct steady *s, struct pcap_file *file)
{
    struct pcap_frame frame;
    struct engine_answer answer;
    while (pcap_next(file, &frame)) {
        struct packet_frame in = {.bytes = frame.bytes,
                                  .time_us = frame.time_us,
                                  .number = ++s->p.frames,
                                  .link = frame.link};
        engine_frame(s->p.engine, &in, &answer);
        engine_tick(s->p.engine, frame.time_us);
    }
    engine_flush(s->p.engine);
}

#define FILES_MAX 200
static struct pcap_file files[FILES_MAX];

/* In a process of its own, which does not come back from the filter. */
static int play_guarded(int count, char **paths, bool enforced)
{
    static struct steady s;
    struct err err = {0};
    struct engine_sink sink = {.owner = &s, .wants = wants, .event = on_event};
    played_init(&s.p, RULES, enforced, all_hashes);
    struct eve_conf logs[ENGINE_EVE_MAX];
    if (!engine_eve_read(logs, NULL))
        return 1;
    s.eve = logs[0];
    s.eve.anomalies = UINT32_MAX;
    s.eve.payload = s.eve.payload_printable = s.eve.packet = s.eve.community_id = s.eve.ether =
        true;
    s.eve.md5 = s.eve.sha1 = s.eve.sha256 = s.eve.drop_all = true;
    s.eve.app_conf = &s.p.conf.app;
    engine_free(s.p.engine);
    s.p.engine = engine_new(&s.p.conf, s.p.image, s.p.hosts, &sink, &err);
    buf_init(&s.line, 1 << 20);
    if (!s.p.engine || !buf_reserve(&s.line, 1 << 20))
        return 1;
    for (int i = 0; i < count; i++)
        if (pcap_open(&files[i], paths[i], &err) < 0)
            return 1;
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_lock(&lock); /* finds the real one */
    void *none[4];
    (void)backtrace(none, 4); /* loads its library now */
    forbid_system_calls();
    guarded = true;
    for (int i = 0; i < count; i++)
        play(&s, &files[i]);
    guarded = false;
    char text[200];
    int len = snprintf(text, sizeof text,
                       "# %s: %llu frames, %llu events of %llu bytes, heap %llu, locks %llu\n",
                       enforced ? "inline" : "beside", (unsigned long long)s.p.frames,
                       (unsigned long long)s.events, (unsigned long long)s.bytes,
                       (unsigned long long)taken, (unsigned long long)locked);
    (void)!write(2, text, (size_t)len);
    return taken || locked || !s.events ? 2 : 0;
}

static int path_count;
static char **path_list;

static void steady(bool enforced)
{
    pid_t child = fork();
    if (child == 0)
        _exit(play_guarded(path_count, path_list, enforced));
    int status;
    assert_true(child > 0 && waitpid(child, &status, 0) == child);
    assert_false(WIFSIGNALED(status)); /* a system call */
    if (WEXITSTATUS(status) == 77)
        skip();
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void test_beside(void **state)
{
    steady(false);
}

static void test_inline(void **state)
{
    steady(true);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_beside),
                                       cmocka_unit_test(test_inline)};
    path_count = argc - 1;
    path_list = argv + 1;
    if (path_count < 1 || path_count > FILES_MAX)
        return 64;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
