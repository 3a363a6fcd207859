#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/compile/compile.h"

#include "base/file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define MEMORY_BYTES (64u << 20)
#define HOSTS_MAX 100
#define PAYLOAD_AT 42

struct stage {
    char folder[32];
    char path[64];
    struct compile_ground ground;
    struct match_hosts *hosts;
    struct engine *engine;
    uint32_t alerts;
    uint64_t number;
};

static bool wants(void *owner, enum eve_type type, enum app_proto proto)
{
    (void)owner, (void)proto;
    return type == EVE_ALERT;
}

static void count(void *owner, const struct eve_event *event)
{
    struct stage *s = owner;
    s->alerts += event->type == EVE_ALERT;
}

static int set_up(void **state)
{
    struct stage *s = calloc(1, sizeof(*s));
    struct err err;
    strcpy(s->folder, "/tmp/otasuke-XXXXXX");
    assert_non_null(mkdtemp(s->folder));
    snprintf(s->path, sizeof(s->path), "%s/test.rules", s->folder);
    assert_int_equal(compile_prepare(&s->ground, &err), 0);
    s->hosts = match_hosts_new(HOSTS_MAX);
    *state = s;
    return 0;
}

static int tear_down(void **state)
{
    struct stage *s = *state;
    unlink(s->path);
    rmdir(s->folder);
    match_hosts_free(s->hosts);
    compile_ground_fini(&s->ground);
    free(s);
    return 0;
}

/* Another process makes the image, as in the gateway. Returns its memfd, or -1 when it could not. */
static int made_elsewhere(struct stage *s, const char *rules, uint32_t place)
{
    int fd = memfd_create("rules", MFD_ALLOW_SEALING);
    int status;
    struct err err;
    assert_int_equal(file_write(s->path, str_c(rules), 0600, &err), 0);
    pid_t pid = fork();
    if (pid == 0) {
        struct compile_request request = {.files = {s->path}, .file_count = 1};
        struct compile_summary sum;
        _exit(compile_shared(&request, &s->ground, &(struct compile_target){place, fd}, &sum,
                             &err) < 0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == 0)
        return fd;
    close(fd);
    return -1;
}

static struct match_image *attach(struct stage *s, int fd, uint32_t place)
{
    struct err err;
    struct match_image *image = compile_attach(&s->ground, place, fd, &err);
    close(fd);
    return image;
}

static void start(struct stage *s, const struct match_image *image)
{
    struct engine_conf conf;
    struct err err;
    struct conf *defaults = conf_new();
    engine_conf_read(&conf, defaults, true);
    conf_free(defaults);
    conf.memory_bytes = MEMORY_BYTES;
    conf.flow.max = 100;
    struct engine_sink sink = {s, wants, count, NULL};
    assert_non_null(s->engine = engine_new(&conf, image, s->hosts, &sink, &err));
}

/* A datagram of one conversation. */
static enum verdict_action send_text(struct stage *s, const char *text)
{
    static const uint8_t head[PAYLOAD_AT] = {
        2, 0,  0,  0, 0, 1,   2,   0, 0,  0,   0, 2,   8, 0,    0x45, 0,    0,    0, 0, 1, 0,
        0, 64, 17, 0, 0, 192, 168, 1, 10, 203, 0, 113, 5, 0x9c, 0x40, 0x1f, 0x90, 0, 0, 0, 0};
    uint8_t frame[PAYLOAD_AT + 200];
    size_t len = strlen(text);
    memcpy(frame, head, sizeof(head));
    memcpy(frame + PAYLOAD_AT, text, len);
    frame[17] = (uint8_t)(28 + len);
    frame[39] = (uint8_t)(8 + len);
    struct packet_frame in = {.bytes = str_of(frame, PAYLOAD_AT + len),
                              .time_us = INT64_C(1700000000000000) + (int64_t)s->number * 1000,
                              .number = ++s->number,
                              .link = PACKET_LINK_ETHERNET,
                              .checksum_known_good = true,
                              .side_known = true};
    struct engine_answer answer;
    engine_frame(s->engine, &in, &answer);
    return answer.action;
}

static void an_image_of_another_process_decides(void **state)
{
    struct stage *s = *state;
    int fd = made_elsewhere(
        s,
        "drop udp any any -> any any (content:\"beacon\"; sid:1;)\n"
        "drop udp any any -> any any (content:\"id=\"; pcre:\"/id=[0-9]{4}$/\"; sid:2;)\n"
        "alert udp any any -> any any (content:\"|00|zero\"; sid:3;)\n"
        "alert udp any any -> any any (this is no rule; sid:4;)\n",
        0);
    struct match_image *image = attach(s, fd, 0);
    assert_non_null(image);
    assert_int_equal(match_image_rules(image)->count, 3);
    assert_int_equal(match_image_rules(image)->refused_count, 1);
    start(s, image);
    assert_int_equal(send_text(s, "hello"), VERDICT_ACCEPT);
    assert_int_equal(send_text(s, "id=12"), VERDICT_ACCEPT);
    assert_int_equal(send_text(s, "id=1234"), VERDICT_DROP);
    engine_flush(s->engine);
    assert_int_equal(send_text(s, "a beacon"), VERDICT_DROP);
    assert_int_equal(s->alerts, 2);
    engine_free(s->engine);
    compile_detach(&s->ground, 0, image);
}

/* Each image goes from its place before the next one is made there: what still pointed into it would end the test. */
static void images_follow_each_other_in_the_same_flow(void **state)
{
    struct stage *s = *state;
    struct match_image *old = NULL;
    const uint32_t turns = 6;
    for (uint32_t turn = 0; turn < turns; turn++) {
        char rules[400];
        snprintf(rules, sizeof(rules),
                 "alert udp any any -> any any (content:\"word%u\"; flowbits:set,b%u; sid:%u;)\n"
                 "alert udp any any -> any any (content:\"always\"; pcre:\"/always[a-z]+%u/\"; "
                 "sid:99;)\n"
                 "alert udp any any -> any any (content:\"bit?\"; flowbits:isset,b%u; sid:98;)\n",
                 turn, turn, turn + 1, turn, turn ? turn - 1 : 0);
        struct match_image *image = attach(s, made_elsewhere(s, rules, turn % 2), turn % 2);
        assert_non_null(image);
        if (!old)
            start(s, image);
        else
            assert_int_equal(engine_swap_image(s->engine, image), 0);
        if (old)
            compile_detach(&s->ground, (turn + 1) % 2, old);
        old = image;
        for (uint32_t word = 0; word < turns; word++) {
            char text[32];
            s->alerts = 0;
            snprintf(text, sizeof(text), "word%u alwaysx%u", word, word);
            send_text(s, text);
            assert_int_equal(s->alerts, word == turn ? 2 : 0);
        }
    }
    engine_free(s->engine);
    compile_detach(&s->ground, (turns - 1) % 2, old);
}

static void what_cannot_be_made_leaves_nothing(void **state)
{
    struct stage *s = *state;
    struct err err;
    int fd = memfd_create("rules", MFD_ALLOW_SEALING);
    struct compile_summary sum;
    struct compile_request request = {.files = {"/nowhere/at/all.rules"}, .file_count = 1};
    assert_int_equal(
        compile_shared(&request, &s->ground, &(struct compile_target){0, fd}, &sum, &err), -1);
    assert_non_null(strstr(err.text, "/nowhere/at/all.rules"));
    assert_null(compile_attach(&s->ground, 0, fd, &err)); /* unfinished, and not sealed */
    close(fd);
}

static void only_sealed_images_are_taken(void **state)
{
    struct stage *s = *state;
    struct err err;
    static const struct {
        const char *name;
        size_t bytes;
        bool sealed;
    } rows[] = {{"empty", 0, true}, {"no image", 8192, true}, {"open", 8192, false}};
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        print_message("# %s\n", rows[i].name);
        int fd = memfd_create("rules", MFD_ALLOW_SEALING);
        assert_int_equal(ftruncate(fd, (off_t)rows[i].bytes), 0);
        if (rows[i].sealed)
            assert_int_equal(
                fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE),
                0);
        assert_null(compile_attach(&s->ground, 0, fd, &err));
        close(fd);
    }
    /* and a finished one cannot be written to */
    int fd = made_elsewhere(s, "alert udp any any -> any any (sid:1;)\n", 0);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, "x", 1, 0), -1);
    assert_ptr_equal(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), MAP_FAILED);
    close(fd);
}

/* Whoever keeps the files needs to know which they are, in the order in which the sets will come. */
static void files_of_sets_are_named(void **state)
{
    struct stage *s = *state;
    struct err err;
    char name[COMPILE_PATH_BYTES + 1] = {0};
    struct buf rules;
    struct compile_summary sum;
    struct conf *conf = conf_new();
    memset(name, 'x', COMPILE_PATH_BYTES);
    buf_init(&rules, 0);
    buf_add_c(&rules,
              "alert ip any any -> any any (ip.src; dataset:set,a,type ip,state a.lst; sid:1;)\n"
              "alert ip any any -> any any (ip.src; dataset:isset,b,type ip; sid:2;)\n");
    buf_printf(&rules,
               "alert ip any any -> any any (ip.src; dataset:set,c,type ip,save %s; sid:3;)\n",
               name);
    for (int i = 0; i < COMPILE_SAVED_MAX; i++)
        buf_printf(
            &rules,
            "alert ip any any -> any any (ip.src; dataset:set,d%d,type ip,save d%d; sid:%d;)\n", i,
            i, i + 4);
    assert_int_equal(conf_set(conf, "default-data-dir=/d", &err), 0);
    assert_int_equal(file_write(s->path, buf_str(&rules), 0600, &err), 0);
    int fd = memfd_create("rules", MFD_ALLOW_SEALING);
    struct compile_request request = {.files = {s->path}, .file_count = 1, .conf = conf};
    assert_int_equal(
        compile_shared(&request, &s->ground, &(struct compile_target){0, fd}, &sum, &err), 0);
    assert_int_equal(sum.loaded, COMPILE_SAVED_MAX + 3);
    assert_int_equal(sum.saved_count, COMPILE_SAVED_MAX);
    assert_string_equal(sum.saved[0], "/d/a.lst");
    assert_string_equal(sum.saved[1], "");
    assert_string_equal(sum.saved[2], "/d/d0");
    close(fd);
    buf_fini(&rules);
    conf_free(conf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_image_of_another_process_decides, set_up, tear_down),
        cmocka_unit_test_setup_teardown(images_follow_each_other_in_the_same_flow, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_cannot_be_made_leaves_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(files_of_sets_are_named, set_up, tear_down),
        cmocka_unit_test_setup_teardown(only_sealed_images_are_taken, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
