#include "gateway/link/spool.h"

#include "base/hash.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[64];

static void empty_folder(void)
{
    DIR *d = opendir(folder);
    for (struct dirent *e; d && (e = readdir(d));) {
        char path[400];
        snprintf(path, sizeof(path), "%s/%s", folder, e->d_name);
        unlink(path);
    }
    if (d)
        closedir(d);
}

static int make_folder(void **state)
{
    (void)state;
    /* in memory where it can be: thousands of syncs */
    const char *parent = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    snprintf(folder, sizeof(folder), "%s/otasuke-spool-XXXXXX", parent);
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    empty_folder();
    return rmdir(folder);
}

static struct spool *open_spool(uint64_t limit_bytes)
{
    struct err err;
    struct spool *s = spool_open(folder, limit_bytes, &err);
    if (!s)
        fail_msg("%s", err.text);
    return s;
}

static bool append(struct spool *s, enum link_importance lane, uint32_t n, size_t filler_bytes)
{
    char json[5000];
    int len =
        snprintf(json, sizeof(json), "{\"n\":%u,\"f\":\"%0*d\"}", n, (int)filler_bytes + 1, 0);
    struct segment_record record = {{1000 + n, n, str_of(json, (size_t)len)}, n + 1};
    return spool_append(s, lane, &record);
}

static uint32_t number_of(struct str json)
{
    unsigned n;
    char text[40] = "";
    memcpy(text, json.p, json.len < 39 ? json.len : 39);
    assert_int_equal(sscanf(text, "{\"n\":%u,", &n), 1);
    return n;
}

/* Takes everything as a center would; checks order and identities. Fills `got` with the numbers, returns how many. */
static size_t drain(struct spool *s, uint32_t *got, size_t max)
{
    struct link_batch b;
    struct buf lines;
    size_t count = 0;
    buf_init(&lines, 0);
    while (spool_next_batch(s, &b, &lines)) {
        struct str rest = b.lines;
        struct link_event event;
        uint32_t in_batch = 0;
        while (link_event_next(&rest, &event) == LINK_OK) {
            assert_true(count < max);
            got[count++] = number_of(event.json);
            in_batch++;
        }
        assert_int_equal(in_batch, b.count);
        spool_ack(s, b.epoch, b.first_seq + b.count - 1);
    }
    buf_fini(&lines);
    return count;
}

static void only_synced_is_sent(void **state)
{
    (void)state;
    struct spool *s = open_spool(1 << 20);
    struct link_batch b;
    struct buf lines;
    uint32_t got[4];
    buf_init(&lines, 0);
    assert_true(append(s, LINK_IMPORTANCE_ALERT, 1, 0));
    assert_false(spool_next_batch(s, &b, &lines));
    assert_int_equal(spool_sync(s), 0);
    assert_true(append(s, LINK_IMPORTANCE_ALERT, 2, 0));
    assert_true(spool_next_batch(s, &b, &lines));
    assert_int_equal(b.count, 1);
    assert_int_equal(spool_sync(s), 0);
    assert_int_equal(drain(s, got, 4), 2);
    buf_fini(&lines);
    spool_close(s);
    empty_folder();
}

static void important_first(void **state)
{
    (void)state;
    struct spool *s = open_spool(1 << 20);
    uint32_t got[8];
    append(s, LINK_IMPORTANCE_COUNT, 1, 0);
    append(s, LINK_IMPORTANCE_DEVICE, 2, 0);
    append(s, LINK_IMPORTANCE_ALERT, 3, 0);
    append(s, LINK_IMPORTANCE_NOTICE, 4, 0);
    assert_int_equal(spool_sync(s), 0);
    assert_int_equal(drain(s, got, 8), 4);
    static const uint32_t want[] = {3, 4, 2, 1};
    assert_memory_equal(got, want, sizeof(want));
    spool_close(s);
    empty_folder();
}

/* Full: counts go first, then device facts ..., alerts last and the oldest first; every loss is counted. */
static void least_important_goes_first(void **state)
{
    (void)state;
    struct spool *s = open_spool(SPOOL_LIMIT_MIN);
    struct spool_state st;
    static uint32_t got[2000];
    uint32_t appended[LINK_IMPORTANCES] = {0};
    for (uint32_t i = 0; i < 400; i++) {
        enum link_importance lane = (enum link_importance)(i % LINK_IMPORTANCES);
        appended[lane] += 1;
        (void)append(s, lane, i, 400);
        assert_int_equal(spool_sync(s), 0);
        spool_state(s, &st);
        assert_true(st.bytes <= SPOOL_LIMIT_MIN);
    }
    spool_state(s, &st);
    assert_int_equal(st.lanes[LINK_IMPORTANCE_ALERT].dropped, 0);
    /* What came last may still be there, though it is the next to go: at most one segment of it. */
    static const uint64_t segment_events = SPOOL_LIMIT_MIN / 16 / 400;
    for (size_t i = 1; i < LINK_IMPORTANCES; i++)
        assert_true(st.lanes[i].dropped + segment_events >= st.lanes[i - 1].dropped);
    assert_true(st.lanes[LINK_IMPORTANCE_NOTICE].dropped < appended[LINK_IMPORTANCE_NOTICE]);
    assert_true(st.lanes[LINK_IMPORTANCE_COUNT].dropped > 80);
    uint64_t accounted = 0;
    for (size_t i = 0; i < LINK_IMPORTANCES; i++) {
        assert_int_equal(st.lanes[i].waiting + st.lanes[i].dropped, appended[i]);
        accounted += st.lanes[i].waiting;
        assert_int_equal(spool_take_dropped(s, (enum link_importance)i), st.lanes[i].dropped);
        assert_int_equal(spool_take_dropped(s, (enum link_importance)i), 0);
    }
    assert_int_equal(drain(s, got, 2000), accounted);
    /* only alerts: the oldest of them go */
    for (uint32_t i = 0; i < 400; i++)
        (void)append(s, LINK_IMPORTANCE_ALERT, i, 400);
    assert_int_equal(spool_sync(s), 0);
    spool_state(s, &st);
    uint64_t alerts_dropped = st.lanes[LINK_IMPORTANCE_ALERT].dropped;
    assert_true(alerts_dropped > 0);
    size_t left = 400 - alerts_dropped;
    for (uint32_t i = 0; i < 100; i++)
        (void)append(s, LINK_IMPORTANCE_COUNT, 9999, 400);
    spool_state(s, &st);
    assert_int_equal(st.lanes[LINK_IMPORTANCE_ALERT].dropped, alerts_dropped);
    assert_true(st.lanes[LINK_IMPORTANCE_COUNT].dropped > 100 - 2 * segment_events);
    assert_true(drain(s, got, 2000) >= left);
    assert_int_equal(got[left - 1], 399);
    for (size_t i = 0; i < left; i++)
        assert_int_equal(got[i], 400 - left + i);
    spool_close(s);
    empty_folder();
}

static off_t file_bytes(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 ? st.st_size : -1;
}

static void read_file(const char *path, uint8_t *out, size_t bytes)
{
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    assert_int_equal(fread(out, 1, bytes, f), bytes);
    fclose(f);
}

static void write_file(const char *path, const uint8_t *bytes, size_t len)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, len, f), len);
    fclose(f);
}

/* A crash may leave any part of the tail; a disk may turn any bit: what is handed out is always a prefix of what went in,
 * whole records only, and new events get identities that were never used. */
static void damaged_files(void **state)
{
    (void)state;
    enum { COUNT = 5 };
    uint32_t got[COUNT + 2];
    uint8_t original[1024];
    uint8_t changed[1024];
    char path[128];
    struct spool *s = open_spool(1 << 20);
    for (uint32_t i = 0; i < COUNT; i++)
        append(s, LINK_IMPORTANCE_NOTICE, i, 3);
    spool_close(s);
    snprintf(path, sizeof(path), "%s/1-0000000000000000.seg", folder);
    size_t bytes = (size_t)file_bytes(path);
    assert_true(bytes > 0 && bytes <= sizeof(original));
    read_file(path, original, bytes);
    size_t record_bytes = (bytes - SEGMENT_HEAD_BYTES) / COUNT;

    for (size_t trial = 0; trial < bytes + bytes * 8; trial++) {
        bool cut = trial < bytes;
        size_t bit = trial - bytes;
        size_t at = cut ? trial : bit / 8;
        empty_folder();
        memcpy(changed, original, bytes);
        if (!cut)
            changed[bit / 8] ^= (uint8_t)(1 << bit % 8);
        write_file(path, changed, cut ? trial : bytes);
        s = open_spool(1 << 20);
        assert_true(append(s, LINK_IMPORTANCE_NOTICE, 77, 3));
        assert_int_equal(spool_sync(s), 0);
        size_t want = at < SEGMENT_HEAD_BYTES ? 0 : (at - SEGMENT_HEAD_BYTES) / record_bytes;
        assert_int_equal(drain(s, got, COUNT + 2), want + 1);
        for (uint32_t i = 0; i < want; i++)
            assert_int_equal(got[i], i);
        assert_int_equal(got[want], 77);
        spool_close(s);
    }
    empty_folder();
}

static void second_process_is_kept_out(void **state)
{
    (void)state;
    struct err err;
    struct spool *s = open_spool(1 << 20);
    assert_null(spool_open(folder, 1 << 20, &err));
    assert_non_null(strstr(err.text, "in use"));
    spool_close(s);
    empty_folder();
}

static void last_tags_are_known_again(void **state)
{
    (void)state;
    struct spool *s = open_spool(1 << 20);
    append(s, LINK_IMPORTANCE_ALERT, 10, 0);
    append(s, LINK_IMPORTANCE_ALERT, 11, 0);
    append(s, LINK_IMPORTANCE_COUNT, 12, 0);
    assert_false(spool_was_last(s, 12));
    spool_close(s);
    s = open_spool(1 << 20);
    assert_true(spool_was_last(s, 12)); /* tag of alert 11 */
    assert_true(spool_was_last(s, 13));
    assert_false(spool_was_last(s, 11));
    spool_close(s);
    empty_folder();
}

static void events_stay_with_their_gateway(void **state)
{
    (void)state;
    uint32_t got[4];
    struct spool_state st;
    struct spool *s = open_spool(1 << 20);
    append(s, LINK_IMPORTANCE_ALERT, 1, 0);
    assert_int_equal(spool_belong_to(s, "first"), 0); /* what came before enrolment goes with it */
    spool_close(s);
    s = open_spool(1 << 20);
    assert_int_equal(spool_belong_to(s, "first"), 0);
    append(s, LINK_IMPORTANCE_ALERT, 2, 0);
    assert_int_equal(spool_belong_to(s, "second"), 1);
    spool_state(s, &st);
    assert_int_equal(st.lanes[LINK_IMPORTANCE_ALERT].dropped, 2);
    append(s, LINK_IMPORTANCE_ALERT, 3, 0);
    assert_int_equal(spool_sync(s), 0);
    assert_int_equal(drain(s, got, 4), 1);
    assert_int_equal(got[0], 3);
    spool_close(s);
    empty_folder();
}

/* ---- trouble that passes ---- */

/* No descriptor can be opened any more; what is open stays so. Gives back the limit from before. */
static struct rlimit no_descriptors(void)
{
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    struct rlimit none = {3, before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    return before;
}

static void nothing_is_lost_when_files_cannot_be_opened_for_a_while(void **state)
{
    (void)state;
    uint32_t got[8];
    struct link_batch b;
    struct buf lines;
    struct spool_state st;
    buf_init(&lines, 0);
    struct spool *s = open_spool(1 << 20);
    for (uint32_t i = 0; i < 4; i++)
        append(s, LINK_IMPORTANCE_ALERT, i, 0);
    assert_int_equal(spool_sync(s), 0);
    assert_true(spool_next_events(s, 2, &b, &lines));
    struct rlimit before = no_descriptors();
    spool_ack(s, b.epoch, b.first_seq);
    assert_false(spool_next_batch(s, &b, &lines));
    assert_false(append(s, LINK_IMPORTANCE_NOTICE, 9, 0)); /* a lane that has no file yet */
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    spool_state(s, &st);
    assert_int_equal(st.lanes[LINK_IMPORTANCE_ALERT].waiting, 3);
    assert_int_equal(st.lanes[LINK_IMPORTANCE_ALERT].dropped, 0);
    assert_int_equal(st.lanes[LINK_IMPORTANCE_NOTICE].dropped, 1);
    assert_int_equal(st.damaged_segments, 0);
    assert_int_equal(drain(s, got, 8), 3);
    assert_int_equal(got[0], 1);
    buf_fini(&lines);
    spool_close(s);
    empty_folder();
}

static void whose_the_events_are_must_be_known(void **state)
{
    (void)state;
    uint32_t got[4];
    char path[128];
    struct spool *s = open_spool(1 << 20);
    assert_int_equal(spool_belong_to(s, "first"), 0);
    append(s, LINK_IMPORTANCE_ALERT, 1, 0);
    assert_int_equal(spool_sync(s), 0);
    struct rlimit before = no_descriptors();
    assert_int_equal(spool_belong_to(s, "second"), -1);
    assert_int_equal(spool_belong_to(s, "first"), -1);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(spool_belong_to(s, "first"), 0);
    /* a disk that lost the name: nobody's events */
    snprintf(path, sizeof(path), "%s/owner", folder);
    write_file(path, (const uint8_t *)"", 0);
    assert_int_equal(spool_belong_to(s, "first"), 1);
    assert_int_equal(drain(s, got, 4), 0);
    spool_close(s);
    empty_folder();
}

/* Larger than anything of ours: not read into memory. */
static void foreign_giants_are_not_read(void **state)
{
    (void)state;
    char path[128];
    struct spool_state st;
    snprintf(path, sizeof(path), "%s/0-0000000000000000.seg", folder);
    write_file(path, (const uint8_t *)"OTSEG1", 6);
    assert_int_equal(truncate(path, INT64_C(1) << 40), 0);
    struct spool *s = open_spool(1 << 20);
    spool_state(s, &st);
    assert_int_equal(st.damaged_segments, 1);
    assert_true(append(s, LINK_IMPORTANCE_ALERT, 1, 0));
    spool_close(s);
    empty_folder();
}

/* ---- random operations against a naive model ---- */

struct model_event {
    uint32_t number;
    enum link_importance lane;
    bool at_center;
};

#define MODEL_EVENTS 3000

/* The center: takes what is new of each epoch, as core_ingest does. */
struct model_mark {
    uint64_t epoch;
    uint64_t seq;
};

static struct model_event model[MODEL_EVENTS];
static struct model_mark marks[2000];
static size_t mark_count;

static struct model_mark *find_mark(uint64_t epoch)
{
    for (size_t i = 0; i < mark_count; i++) {
        if (marks[i].epoch == epoch)
            return &marks[i];
    }
    assert_true(mark_count < ARRAY_COUNT(marks));
    marks[mark_count] = (struct model_mark){epoch, 0};
    return &marks[mark_count++];
}

static void center_takes(const struct link_batch *b)
{
    struct model_mark *mark = find_mark(b->epoch);
    struct str rest = b->lines;
    struct link_event event;
    for (uint64_t seq = b->first_seq; link_event_next(&rest, &event) == LINK_OK; seq++) {
        if (seq <= mark->seq)
            continue;
        uint32_t n = number_of(event.json);
        assert_true(n < MODEL_EVENTS);
        assert_false(model[n].at_center); /* never twice */
        model[n].at_center = true;
        mark->seq = seq;
    }
}

static void random_operations(void **state)
{
    (void)state;
    uint32_t seed;
    uint32_t next = 0;
    hash_random(&seed, sizeof(seed));
    print_message("# seed %u\n", seed);
    srand(seed);
    struct buf lines;
    struct link_batch b;
    buf_init(&lines, 0);
    mark_count = 0;
    struct spool *s = open_spool(16u << 20); /* never full here: nothing may be lost */
    while (next < MODEL_EVENTS) {
        int what = rand() % 100;
        if (what < 70) {
            model[next] = (struct model_event){
                next, (enum link_importance)(rand() % LINK_IMPORTANCES), false};
            assert_true(append(s, model[next].lane, next, (size_t)(rand() % 2000)));
            next++;
        } else if (what < 80) {
            assert_int_equal(spool_sync(s), 0);
        } else if (what < 98) {
            if (!spool_next_events(s, 1 + (uint32_t)(rand() % 30), &b, &lines))
                continue;
            if (rand() % 4)
                center_takes(&b); /* else: the batch was lost on the way */
            else
                continue;
            if (rand() % 4) /* else: the acknowledgement was lost, or covers a part only */
                spool_ack(s, b.epoch, b.first_seq + (uint64_t)rand() % b.count);
        } else {
            spool_close(s);
            s = open_spool(16u << 20);
        }
    }
    assert_int_equal(spool_sync(s), 0);
    while (spool_next_batch(s, &b, &lines)) {
        center_takes(&b);
        spool_ack(s, b.epoch, b.first_seq + b.count - 1);
    }
    for (size_t i = 0; i < MODEL_EVENTS; i++)
        assert_true(model[i].at_center);
    buf_fini(&lines);
    spool_close(s);
    empty_folder();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_synced_is_sent),
        cmocka_unit_test(important_first),
        cmocka_unit_test(least_important_goes_first),
        cmocka_unit_test(damaged_files),
        cmocka_unit_test(second_process_is_kept_out),
        cmocka_unit_test(last_tags_are_known_again),
        cmocka_unit_test(events_stay_with_their_gateway),
        cmocka_unit_test(nothing_is_lost_when_files_cannot_be_opened_for_a_while),
        cmocka_unit_test(whose_the_events_are_must_be_known),
        cmocka_unit_test(foreign_giants_are_not_read),
        cmocka_unit_test(random_operations),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
