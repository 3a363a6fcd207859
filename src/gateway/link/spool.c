#include "gateway/link/spool.h"

#include "base/file.h"
#include "base/hash.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define SEGMENT_BYTES_MAX (1u << 20)
#define SEGMENTS_PER_LIMIT 16 /* at least so many: what is given up at once is a small part */
#define SEGMENT_FILE_BYTES_MAX (2 * SEGMENT_BYTES_MAX) /* longer was not written by us */
#define SEGMENT_COUNT_MAX 16384        /* in one folder at opening; more is not ours */
#define SEGMENT_TIDY_BYTES (64u << 10) /* an acknowledged active segment above this goes */

/* One file. */
struct segment {
    struct segment *next; /* of the lane, oldest first */
    uint64_t number;      /* in the file's name; grows */
    struct segment_head head;
    uint32_t count;        /* records in it */
    uint32_t synced_count; /* of them on disk for certain */
    uint32_t acked_count;
    uint64_t bytes; /* valid ones */
    /* where one record begins that is not behind the first unacknowledged one: reading goes on from here */
    uint32_t known_count;
    uint64_t known_bytes;
};

/* What came of reading a segment. Only damage makes it worthless: descriptors and memory come back, its events would not. */
enum reading { READ_WHOLE, READ_ENOUGH, READ_DAMAGED, READ_NOT_NOW };

struct lane {
    struct segment *first;
    struct segment *last;
    int fd; /* of `last` while it is appended to; -1: the next append begins a new segment */
    bool dirty;
    uint64_t epoch;
    uint64_t next_seq;
    uint64_t last_tag; /* of the last record found at opening */
    bool has_last_tag;
    uint64_t dropped;
    uint64_t unreported;
};

struct spool {
    char *folder;
    int folder_fd;
    int lock_fd;
    uint64_t limit_bytes;
    uint64_t segment_bytes;
    uint64_t next_number;
    struct lane lanes[LINK_IMPORTANCES];
    uint64_t bytes;
    uint64_t damaged_segments;
    uint64_t write_errors;
    bool disk_full;     /* the last thing that could not be written did not find room */
    struct buf scratch; /* a record being written, or a segment being read */
};

static void segment_name(enum link_importance lane, uint64_t number, char out[32])
{
    snprintf(out, 32, "%d-%016llx.seg", (int)lane, (unsigned long long)number);
}

static void lane_stop_writing(struct lane *lane)
{
    if (lane->fd >= 0)
        close(lane->fd);
    lane->fd = -1;
    lane->dirty = false;
}

/* Removes the lane's first segment, file and all. */
static void remove_first(struct spool *s, struct lane *lane)
{
    struct segment *segment = lane->first;
    char name[32];
    if (segment == lane->last)
        lane_stop_writing(lane);
    segment_name(segment->head.lane, segment->number, name);
    unlinkat(s->folder_fd, name, 0);
    s->bytes -= segment->bytes;
    lane->first = segment->next;
    if (!lane->first)
        lane->last = NULL;
    free(segment);
}

static void lane_add(struct spool *s, struct lane *lane, struct segment *segment)
{
    if (lane->last)
        lane->last->next = segment;
    else
        lane->first = segment;
    lane->last = segment;
    s->bytes += segment->bytes;
}

/* ---- opening ---- */

static int compare_names(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* "0-00000000000000ff.seg" */
static bool read_name(const char *name, uint64_t *number)
{
    char again[32];
    unsigned lane;
    unsigned long long value;
    if (sscanf(name, "%1u-%16llx.seg", &lane, &value) != 2 || lane >= LINK_IMPORTANCES)
        return false;
    segment_name((enum link_importance)lane, value, again);
    *number = value;
    return strcmp(again, name) == 0;
}

static int list_segments(const struct spool *s, char (*names)[32], size_t *count, struct err *err)
{
    DIR *folder = opendir(s->folder);
    *count = 0;
    if (!folder)
        return err_errno(err, "spool: cannot list %s", s->folder);
    for (struct dirent *e; (e = readdir(folder)) && *count < SEGMENT_COUNT_MAX;) {
        uint64_t number;
        if (strlen(e->d_name) < 32 && read_name(e->d_name, &number))
            snprintf(names[(*count)++], 32, "%s", e->d_name);
    }
    closedir(folder);
    qsort(names, *count, 32,
          compare_names); /* lane, then number: fixed width, so the order of text */
    return 0;
}

static enum reading read_whole(struct spool *s, int fd)
{
    struct stat st;
    buf_reset(&s->scratch);
    if (fstat(fd, &st) < 0 || st.st_size > (off_t)SEGMENT_FILE_BYTES_MAX)
        return READ_DAMAGED;
    if (!buf_reserve(&s->scratch, (size_t)st.st_size)) {
        errno = ENOMEM;
        return READ_NOT_NOW;
    }
    while (s->scratch.len < (size_t)st.st_size) {
        ssize_t n = pread(fd, s->scratch.p + s->scratch.len, (size_t)st.st_size - s->scratch.len,
                          (off_t)s->scratch.len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n == 0 || errno == EIO ? READ_DAMAGED : READ_NOT_NOW;
        s->scratch.len += (size_t)n;
    }
    return READ_WHOLE;
}

/* The file's bytes into `scratch`. */
static enum reading read_file(struct spool *s, const char *name, bool sync)
{
    int fd = openat(s->folder_fd, name, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT || errno == EIO ? READ_DAMAGED : READ_NOT_NOW;
    if (sync && fdatasync(fd) < 0)
        s->write_errors++;
    enum reading result = read_whole(s, fd);
    close(fd);
    return result;
}

/* What was written by a process that was killed may still be in the page cache only: synced before it counts. */
static int load_segment(struct spool *s, const char *name, struct err *err)
{
    struct segment_head head;
    struct segment_record record;
    enum reading result = read_file(s, name, true);
    if (result == READ_NOT_NOW)
        return err_errno(err, "spool: cannot read %s/%s now", s->folder, name);
    struct reader r = reader_of(buf_str(&s->scratch));
    if (result == READ_DAMAGED || !segment_read_head(&r, &head) ||
        head.lane != (enum link_importance)(name[0] - '0')) {
        s->damaged_segments++;
        unlinkat(s->folder_fd, name, 0);
        return 0;
    }
    struct segment *segment = calloc(1, sizeof(*segment));
    if (!segment)
        return err_set(err, "spool: out of memory");
    struct lane *lane = &s->lanes[head.lane];
    while (segment_read_record(&r, &record)) {
        segment->count++;
        lane->last_tag = record.tag;
        lane->has_last_tag = true;
    }
    s->damaged_segments += reader_left(&r) > 0;
    (void)!read_name(name, &segment->number);
    segment->head = head;
    segment->synced_count = segment->count;
    segment->bytes = r.at;
    segment->known_bytes = SEGMENT_HEAD_BYTES;
    if (segment->number >= s->next_number)
        s->next_number = segment->number + 1;
    lane_add(s, lane, segment);
    return 0;
}

static int load_all(struct spool *s, struct err *err)
{
    size_t count;
    char(*names)[32] = calloc(SEGMENT_COUNT_MAX, 32);
    int result = -1;
    if (!names)
        return err_set(err, "spool: out of memory");
    if (list_segments(s, names, &count, err) < 0)
        goto out;
    for (size_t i = 0; i < count; i++) {
        if (load_segment(s, names[i], err) < 0)
            goto out;
    }
    result = 0;
out:
    free(names);
    return result;
}

static void start_lanes(struct spool *s)
{
    for (size_t i = 0; i < LINK_IMPORTANCES; i++) {
        struct lane *lane = &s->lanes[i];
        lane->fd = -1;
        lane->next_seq = 1;
        hash_random(&lane->epoch, sizeof(lane->epoch));
    }
}

static int open_folder(struct spool *s, const char *folder, struct err *err)
{
    if (file_make_folder(folder, 0700, err) < 0)
        return -1;
    s->folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (s->folder_fd < 0)
        return err_errno(err, "spool: cannot open %s", folder);
    s->lock_fd = openat(s->folder_fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (s->lock_fd < 0)
        return err_errno(err, "spool: cannot create %s/lock", folder);
    if (flock(s->lock_fd, LOCK_EX | LOCK_NB) < 0)
        return err_set(err, "spool: %s is in use by another process", folder);
    return 0;
}

struct spool *spool_open(const char *folder, uint64_t limit_bytes, struct err *err)
{
    struct spool *s = calloc(1, sizeof(*s));
    if (!s || !(s->folder = str_dup(str_c(folder)))) {
        free(s);
        err_set(err, "spool: out of memory");
        return NULL;
    }
    s->folder_fd = -1;
    s->lock_fd = -1;
    s->limit_bytes = limit_bytes < SPOOL_LIMIT_MIN ? SPOOL_LIMIT_MIN : limit_bytes;
    s->segment_bytes = s->limit_bytes / SEGMENTS_PER_LIMIT;
    if (s->segment_bytes > SEGMENT_BYTES_MAX)
        s->segment_bytes = SEGMENT_BYTES_MAX;
    buf_init(&s->scratch, 0);
    start_lanes(s);
    if (open_folder(s, folder, err) == 0 && load_all(s, err) == 0)
        return s;
    spool_close(s);
    return NULL;
}

void spool_close(struct spool *s)
{
    if (!s)
        return;
    (void)!spool_sync(s);
    for (size_t i = 0; i < LINK_IMPORTANCES; i++) {
        struct lane *lane = &s->lanes[i];
        lane_stop_writing(lane);
        while (lane->first) {
            struct segment *next = lane->first->next;
            free(lane->first);
            lane->first = next;
        }
    }
    if (s->lock_fd >= 0)
        close(s->lock_fd);
    if (s->folder_fd >= 0)
        close(s->folder_fd);
    buf_fini(&s->scratch);
    free(s->folder);
    free(s);
}

bool spool_was_last(const struct spool *s, uint64_t tag)
{
    for (size_t i = 0; i < LINK_IMPORTANCES; i++) {
        if (s->lanes[i].has_last_tag && s->lanes[i].last_tag == tag)
            return true;
    }
    return false;
}

/* ---- appending ---- */

static void count_dropped(struct lane *lane, uint64_t count)
{
    lane->dropped += count;
    lane->unreported += count;
}

/* Gives up the oldest segment of the least important lane that is not more important than `lane`. */
static bool give_up_segment(struct spool *s, enum link_importance lane)
{
    for (size_t i = LINK_IMPORTANCES; i-- > (size_t)lane;) {
        struct lane *victim = &s->lanes[i];
        if (!victim->first)
            continue;
        count_dropped(victim, victim->first->count - victim->first->acked_count);
        remove_first(s, victim);
        return true;
    }
    return false;
}

/* All or nothing: what was written in part is cut off again. */
static bool write_at_end(struct spool *s, int fd, uint64_t at, struct str bytes)
{
    size_t done = 0;
    while (done < bytes.len) {
        ssize_t n = pwrite(fd, bytes.p + done, bytes.len - done, (off_t)(at + done));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        done += (size_t)n;
    }
    if (done == bytes.len)
        return true;
    s->write_errors++;
    s->disk_full = errno == ENOSPC || errno == EDQUOT;
    (void)!ftruncate(fd, (off_t)at);
    return false;
}

static bool start_segment(struct spool *s, enum link_importance which)
{
    struct lane *lane = &s->lanes[which];
    struct segment *segment = calloc(1, sizeof(*segment));
    uint8_t memory[SEGMENT_HEAD_BYTES];
    struct buf head = buf_fixed(memory, sizeof(memory));
    char name[32];
    if (!segment)
        return false;
    segment->number = s->next_number++;
    segment->head = (struct segment_head){which, lane->epoch, lane->next_seq};
    segment->bytes = SEGMENT_HEAD_BYTES;
    segment->known_bytes = SEGMENT_HEAD_BYTES;
    segment_name(which, segment->number, name);
    segment_write_head(&head, &segment->head);
    lane->fd = openat(s->folder_fd, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (lane->fd < 0 || !write_at_end(s, lane->fd, 0, buf_str(&head))) {
        if (lane->fd < 0) {
            s->write_errors++;
            s->disk_full = errno == ENOSPC || errno == EDQUOT;
        }
        lane_stop_writing(lane);
        unlinkat(s->folder_fd, name, 0);
        free(segment);
        return false;
    }
    (void)!fsync(s->folder_fd); /* the name too survives a power cut */
    lane_add(s, lane, segment);
    return true;
}

/* A full segment is synced before its descriptor goes: nothing could sync it later. */
static bool ready_to_append(struct spool *s, enum link_importance which, size_t bytes)
{
    struct lane *lane = &s->lanes[which];
    if (lane->fd >= 0 && lane->last->bytes + bytes > s->segment_bytes && lane->last->count > 0) {
        if (spool_sync(s) < 0)
            return false;
        lane_stop_writing(lane);
    }
    return lane->fd >= 0 || start_segment(s, which);
}

static bool append_record(struct spool *s, enum link_importance which, struct str bytes)
{
    struct lane *lane = &s->lanes[which];
    while (s->bytes + bytes.len + SEGMENT_HEAD_BYTES > s->limit_bytes) {
        if (!give_up_segment(s, which))
            return false;
    }
    if (!ready_to_append(s, which, bytes.len))
        return false;
    if (!write_at_end(s, lane->fd, lane->last->bytes, bytes))
        return false;
    lane->last->bytes += bytes.len;
    lane->last->count++;
    s->bytes += bytes.len;
    lane->next_seq++;
    lane->dirty = true;
    return true;
}

bool spool_append(struct spool *s, enum link_importance lane, const struct segment_record *record)
{
    struct buf bytes;
    bool taken = false;
    s->disk_full = false;
    buf_init(&bytes, SEGMENT_RECORD_BYTES + LINK_LINE_BYTES_MAX);
    segment_write_record(&bytes, record);
    if (!bytes.failed) {
        taken = append_record(s, lane, buf_str(&bytes));
        /* A full disk before the limit: room is made once, at the cost of what matters least. Nothing else that fails here
         * would be helped by throwing away what is safe. */
        if (!taken && s->disk_full && give_up_segment(s, lane))
            taken = append_record(s, lane, buf_str(&bytes));
    }
    if (!taken)
        count_dropped(&s->lanes[lane], 1);
    buf_fini(&bytes);
    return taken;
}

int spool_sync(struct spool *s)
{
    int result = 0;
    for (size_t i = 0; i < LINK_IMPORTANCES; i++) {
        struct lane *lane = &s->lanes[i];
        if (!lane->dirty)
            continue;
        if (fdatasync(lane->fd) < 0) {
            s->write_errors++;
            result = -1;
            continue;
        }
        lane->last->synced_count = lane->last->count;
        lane->dirty = false;
    }
    return result;
}

/* ---- sending ---- */

/* Where the first record that is not acknowledged begins; false: the file is damaged before it. */
static bool skip_acked(struct segment *segment, struct reader *r)
{
    struct segment_record record;
    reader_skip(r, (size_t)segment->known_bytes);
    for (uint32_t i = segment->known_count; i < segment->acked_count; i++) {
        if (r->bad || !segment_read_record(r, &record))
            return false;
    }
    segment->known_count = segment->acked_count;
    segment->known_bytes = r->at;
    return !r->bad;
}

/* Copies records behind the acknowledged ones into `lines`. READ_ENOUGH: the batch is full. Damaged since it was opened: the
 * batch ends there, and what is before it goes on. */
static enum reading copy_records(struct spool *s, struct segment *segment, uint32_t count_max,
                                 struct link_batch *b, struct buf *lines)
{
    char name[32];
    struct segment_record record;
    segment_name(segment->head.lane, segment->number, name);
    enum reading result = read_file(s, name, false);
    if (result != READ_WHOLE)
        return result;
    struct reader r = reader_of(buf_str(&s->scratch));
    if (!skip_acked(segment, &r))
        return READ_DAMAGED;
    for (uint32_t i = segment->acked_count; i < segment->synced_count; i++) {
        if (b->count == count_max || lines->len >= SPOOL_BATCH_BYTES)
            return READ_ENOUGH;
        if (!segment_read_record(&r, &record))
            return READ_DAMAGED;
        link_event_write(lines, &record.event);
        b->count++;
    }
    return READ_WHOLE;
}

static bool has_waiting(const struct segment *segment)
{
    return segment->acked_count < segment->synced_count;
}

/* A segment whose next record cannot be read any more would hold up its lane for ever. */
static void give_up_unreadable(struct spool *s, struct lane *lane)
{
    count_dropped(lane, lane->first->count - lane->first->acked_count);
    s->damaged_segments++;
    remove_first(s, lane);
}

static bool lane_batch(struct spool *s, struct lane *lane, uint32_t count_max, struct link_batch *b,
                       struct buf *lines)
{
    while (lane->first && lane->first != lane->last && !has_waiting(lane->first))
        remove_first(s, lane);
    while (lane->first && has_waiting(lane->first)) {
        struct segment *segment = lane->first;
        enum reading result = READ_WHOLE;
        *b = (struct link_batch){segment->head.epoch,
                                 segment->head.first_seq + segment->acked_count, 0, STR_EMPTY};
        buf_reset(lines);
        while (segment && segment->head.epoch == b->epoch &&
               segment->head.first_seq + segment->acked_count == b->first_seq + b->count &&
               (result = copy_records(s, segment, count_max, b, lines)) == READ_WHOLE)
            segment = segment->next;
        b->lines = buf_str(lines);
        if (lines->failed || (b->count == 0 && result == READ_NOT_NOW))
            return false;
        if (b->count > 0)
            return true;
        give_up_unreadable(s, lane);
    }
    return false;
}

bool spool_next_events(struct spool *s, uint32_t count, struct link_batch *b, struct buf *lines)
{
    for (size_t i = 0; i < LINK_IMPORTANCES; i++) {
        if (lane_batch(s, &s->lanes[i], count, b, lines))
            return true;
    }
    return false;
}

bool spool_next_batch(struct spool *s, struct link_batch *b, struct buf *lines)
{
    return spool_next_events(s, SPOOL_BATCH_COUNT, b, lines);
}

static void ack_segment(struct segment *segment, uint64_t seq)
{
    uint64_t behind = seq - segment->head.first_seq + 1;
    if (behind > segment->synced_count)
        behind = segment->synced_count; /* a center that acknowledges what it was never sent */
    if (behind <= segment->acked_count)
        return;
    segment->acked_count = (uint32_t)behind;
}

void spool_ack(struct spool *s, uint64_t epoch, uint64_t seq)
{
    for (size_t i = 0; i < LINK_IMPORTANCES; i++) {
        struct lane *lane = &s->lanes[i];
        for (struct segment *segment = lane->first; segment; segment = segment->next) {
            if (segment->head.epoch == epoch && segment->head.first_seq <= seq)
                ack_segment(segment, seq);
        }
        while (
            lane->first && lane->first->acked_count == lane->first->count &&
            (lane->first != lane->last || lane->fd < 0 || lane->first->bytes >= SEGMENT_TIDY_BYTES))
            remove_first(s, lane);
    }
}

static void clear(struct spool *s)
{
    for (size_t i = 0; i < LINK_IMPORTANCES; i++) {
        struct lane *lane = &s->lanes[i];
        while (lane->first) {
            lane->dropped += lane->first->count - lane->first->acked_count;
            remove_first(s, lane);
        }
        lane->unreported = 0; /* the other gateway's losses are its own matter too */
    }
}

int spool_belong_to(struct spool *s, const char *gateway)
{
    char path[512];
    struct buf owner;
    struct str name = str_c(gateway);
    snprintf(path, sizeof(path), "%s/owner", s->folder);
    buf_init(&owner, 0);
    bool known = faccessat(s->folder_fd, "owner", F_OK, 0) == 0 || errno != ENOENT;
    bool readable = known && file_read(path, LINK_GATEWAY_ID_BYTES, &owner, NULL) == 0;
    bool same = readable && str_eq(buf_str(&owner), name);
    buf_fini(&owner);
    if (same)
        return 0;
    if (known && !readable)
        return -1;
    if (known)
        clear(s);
    if (file_write(path, name, 0600, NULL) == 0)
        return known;
    s->write_errors++;
    return -1;
}

void spool_state(const struct spool *s, struct spool_state *out)
{
    *out = (struct spool_state){.bytes = s->bytes,
                                .damaged_segments = s->damaged_segments,
                                .write_errors = s->write_errors};
    for (size_t i = 0; i < LINK_IMPORTANCES; i++) {
        out->lanes[i].dropped = s->lanes[i].dropped;
        for (const struct segment *g = s->lanes[i].first; g; g = g->next)
            out->lanes[i].waiting += g->count - g->acked_count;
    }
}

uint64_t spool_take_dropped(struct spool *s, enum link_importance lane)
{
    uint64_t count = s->lanes[lane].unreported;
    s->lanes[lane].unreported = 0;
    return count;
}
