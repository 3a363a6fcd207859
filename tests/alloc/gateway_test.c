/* What happens when there is no memory (play() in failing.h says how): the gateway's parts. */
#include "tests/alloc/failing.h"

#include "base/conf.h"
#include "engine/engine.h"
#include "engine/packet/made_kinds.h"
#include "gateway/devices/devices.h"
#include "gateway/link/spool.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- base ---- */

static bool read_settings(void *context)
{
    static const char text[] =
        "a: {b: [1, 2, x], c: \"y\"}\nvars:\n  HOME: '[10.0.0.0/8]'\n# z\nlist:\n- q\n- r: s\n";
    struct err err = {{0}};
    (void)context;
    struct conf *c = conf_new();
    if (!c)
        return false;
    bool good = conf_parse(c, str_c(text), "test", &err) == 0 && conf_set(c, "a.d.e=5", &err) == 0;
    assert_true(good || err.text[0]);
    if (good)
        assert_string_equal(conf_text(c, "list.1.r", ""), "s");
    conf_free(c);
    return good;
}

/* ---- engine ---- */

static const char rules[] = "alert tcp any any -> any any (msg:\"a\"; content:\"GET\"; depth:3; "
                            "content:\"evil\"; nocase; distance:2; sid:1;)\n"
                            "drop tcp any any -> any any (msg:\"b\"; flowbits:isset,x; "
                            "pcre:\"/a+b/\"; content:\"c\"; sid:2;)\n"
                            "alert http any any -> any any (msg:\"c\"; http.uri; content:\"/adm\"; "
                            "http.host; dotprefix; content:\".jp\"; sid:3;)\n"
                            "alert dns any any -> any any (msg:\"d\"; dns.query; content:\"bad\"; "
                            "threshold:type limit,track by_src,count 1,seconds "
                            "9; sid:4;)\n"
                            "alert ip $HOME any <> [192.0.2.0/24,!192.0.2.7] 80:90 (msg:\"e\"; "
                            "reference:url,x; metadata:a b; sid:5;)\n"
                            "alert udp any any -> any any (msg:\"f\"; content:\"x\"; "
                            "byte_extract:1,0,n; flowbits:set,x; xbits:set,y,track ip_src; "
                            "sid:6;)\n";

static struct rule_set *load_rules(const struct engine_vocabulary *words, struct err *err)
{
    struct conf *conf = conf_new();
    struct rule_set *set = NULL;
    if (!conf || conf_set(conf, "vars.address-groups.HOME=10.0.0.0/8", err) < 0) {
        conf_free(conf);
        return NULL;
    }
    struct rule_loader *l = rule_loader_new(engine_vocabulary_names(words), conf, err);
    if (l && rule_load_text(l, str_c(rules), "test.rules", err) == 0 &&
        rule_load_thresholds(l, STR_LIT("suppress gen_id 1, sig_id 1, track by_src, ip 10.1.1.1\n"),
                             "threshold.config", err) == 0)
        set = rule_loader_take(l);
    rule_loader_free(l);
    conf_free(conf);
    return set;
}

/* A rule that is left out for want of memory would be a hole that nobody sees: all or nothing. */
static bool compile_rules(void *context)
{
    struct err err = {{0}};
    struct match_image *image = NULL;
    (void)context;
    struct engine_vocabulary *words = engine_vocabulary_new(&err);
    struct rule_set *set = words ? load_rules(words, &err) : NULL;
    if (set) {
        for (uint32_t i = 0; i < set->refused_count; i++)
            print_message("# sid %u refused: %s\n", set->refused[i].sid, set->refused[i].reason);
        assert_int_equal(set->refused_count, 0);
        assert_int_equal(set->count, 6);
        for (uint32_t i = 0; i < set->count; i++)
            assert_true(set->rules[i]->message[0] && set->rules[i]->text);
        image = match_image_new(set, engine_vocabulary_fields(words), &err);
    }
    bool good = image != NULL;
    match_image_free(image);
    engine_vocabulary_free(words);
    return good;
}

static void on_event(void *owner, const struct eve_event *event)
{
    struct buf out;
    struct json j;
    struct eve_conf eve;
    eve_conf_read(&eve, NULL, NULL);
    buf_init(&out, 0);
    json_init(&j, &out);
    json_object(&j, NULL);
    eve_write(&eve, event, &j);
    json_end_object(&j);
    buf_fini(&out);
    ++*(unsigned *)owner;
}

static bool on_wants(void *owner, enum eve_type type, enum app_proto proto)
{
    (void)owner;
    (void)type;
    (void)proto;
    return true;
}

struct inspection {
    struct engine_vocabulary *words;
    struct match_image *image;
};

/* One frame of each kind, and what they carry. */
static bool inspect(void *context)
{
    const struct inspection *in = context;
    static struct made_frame m;
    struct engine_conf conf;
    struct err err = {{0}};
    unsigned events = 0;
    struct engine_sink sink = {&events, on_wants, on_event, NULL};
    engine_conf_read(&conf, NULL, true);
    conf.memory_bytes = 1u << 20;
    conf.flow.max = 64;
    struct match_hosts *hosts = match_hosts_new(64);
    struct engine *e = hosts ? engine_new(&conf, in->image, hosts, &sink, &err) : NULL;
    assert_true(e || !hosts || err.text[0]);
    for (size_t i = 0; e && i < made_kind_count; i++) {
        struct engine_answer answer;
        made_kinds[i].make(&m);
        struct packet_frame frame = {.bytes = made_str(&m),
                                     .time_us = (int64_t)i * 1000,
                                     .link = made_kinds[i].link,
                                     .number = i + 1};
        engine_frame(e, &frame, &answer);
    }
    if (e)
        engine_flush(e);
    engine_free(e);
    match_hosts_free(hosts);
    return e != NULL;
}

static void engine_without_memory(void **state)
{
    (void)state;
    struct err err;
    struct inspection in = {engine_vocabulary_new(&err), NULL};
    play("compile rules", compile_rules, NULL);
    struct rule_set *set = load_rules(in.words, &err);
    assert_non_null(set);
    in.image = match_image_new(set, engine_vocabulary_fields(in.words), &err);
    assert_non_null(in.image);
    play("inspect", inspect, &in);
    match_image_free(in.image);
    engine_vocabulary_free(in.words);
}

static void base_without_memory(void **state)
{
    (void)state;
    play("settings", read_settings, NULL);
}

/* ---- spool ---- */

static char folder[64];

static void remove_folder(void)
{
    char command[100];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    assert_int_equal(system(command), 0);
}

/* Which of 20 numbered events are in the batch; their bits are set. */
static void take_batch(const struct link_batch *b, uint32_t *seen)
{
    struct str rest = b->lines;
    struct link_event event;
    while (link_event_next(&rest, &event) == LINK_OK) {
        unsigned n;
        assert_int_equal(sscanf((const char *)event.json.p, "{\"n\":%u}", &n), 1);
        assert_int_equal(*seen >> n & 1, 0);
        *seen |= 1u << n;
    }
}

static void drain(uint32_t *seen)
{
    struct err err;
    struct link_batch b;
    struct buf lines;
    struct spool *s = spool_open(folder, 1 << 20, &err);
    if (!s)
        fail_msg("%s", err.text);
    buf_init(&lines, 0);
    while (spool_next_batch(s, &b, &lines)) {
        take_batch(&b, seen);
        spool_ack(s, b.epoch, b.first_seq + b.count - 1);
    }
    buf_fini(&lines);
    spool_close(s);
}

/* Whatever was taken over is either with the center or still there. */
static bool keep_events(void *context)
{
    struct err err = {{0}};
    struct link_batch b;
    struct buf lines;
    uint32_t taken = 0, seen = 0, left = 0;
    bool all = true;
    (void)context;
    buf_init(&lines, 0);
    struct spool *s = spool_open(folder, 1 << 20, &err);
    assert_true(s || err.text[0]);
    for (unsigned n = 0; s && n < 20; n++) {
        char json[32];
        int len = snprintf(json, sizeof json, "{\"n\":%u}", n);
        struct segment_record record = {{1, 1, str_of(json, (size_t)len)}, n + 1};
        if (spool_append(s, n % 2 ? LINK_IMPORTANCE_ALERT : LINK_IMPORTANCE_COUNT, &record))
            taken |= 1u << n;
        else
            all = false;
        if (n == 9 && spool_sync(s) == 0 && spool_next_events(s, 3, &b, &lines)) {
            take_batch(&b, &seen);
            spool_ack(s, b.epoch, b.first_seq + b.count - 1);
        }
    }
    spool_close(s);
    buf_fini(&lines);
    failing_pause(true); /* the rest with memory: what is there is read */
    drain(&left);
    failing_pause(false);
    if ((seen | left) != taken)
        fail_msg("taken over %x, sent %x, left %x", taken, seen, left);
    return s && all;
}

static void spool_without_memory(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "%s/alloc-XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    assert_non_null(mkdtemp(folder));
    play("spool", keep_events, NULL);
    remove_folder();
}

/* ---- link ---- */

static bool speak(void *context)
{
    static const char event[] = "{\"event_type\":\"alert\",\"src_port\":80,\"payload\":\"UExB\","
                                "\"alert\":{\"signature_id\":7}}";
    static const char policy[] =
        "{\"number\":7,\"gateway\":\"g\",\"isolated\":[{\"mac\":\"02:00:00:00:00:01\"}]}";
    static struct link_policy p;
    struct link_filtered filtered;
    struct link_offence offence;
    struct buf kept, lines, frame, text;
    bool good = false;
    (void)context;
    buf_init(&kept, 0);
    buf_init(&lines, 0);
    buf_init(&frame, 0);
    buf_init(&text, 0);
    struct link_codec *codec = link_codec_new();
    if (codec && link_allow_filter(str_c(event), &kept, &filtered) == LINK_ALLOWED &&
        !kept.failed) {
        struct link_batch b = {1, 1, 1, STR_EMPTY}, back;
        assert_true(str_find(buf_str(&kept), 0, STR_LIT("payload")) < 0);
        link_event_write(&lines, &(struct link_event){1, 1, buf_str(&kept)});
        b.lines = buf_str(&lines);
        good = !lines.failed && link_batch_pack(codec, &b, &frame, &offence) == LINK_PACK_OK &&
               !frame.failed &&
               link_batch_unpack(codec, str_from(buf_str(&frame), LINK_FRAME_HEAD_BYTES), &back) ==
                   LINK_OK &&
               link_batch_check(&back, &offence) == LINK_ALLOWED;
    }
    good = good && link_policy_read(str_c(policy), &p);
    if (good)
        link_policy_write(&text, &p);
    good = good && !text.failed;
    buf_fini(&kept);
    buf_fini(&lines);
    buf_fini(&frame);
    buf_fini(&text);
    link_codec_free(codec);
    return good;
}

static void link_without_memory(void **state)
{
    (void)state;
    play("link", speak, NULL);
}

static bool see_devices(void *context)
{
    struct device_table *t = device_table_new(NULL);
    (void)context;
    bool good = t != NULL;
    device_table_free(t);
    return good;
}

static void devices_without_memory(void **state)
{
    (void)state;
    play("devices", see_devices, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(base_without_memory),    cmocka_unit_test(engine_without_memory),
        cmocka_unit_test(spool_without_memory),   cmocka_unit_test(link_without_memory),
        cmocka_unit_test(devices_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
