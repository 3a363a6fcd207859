/* An image in a memfd. All addresses in it are true in every process that is forked from the one that reserved the place:
 * the place is the same, the program lies where it lay, and the words that rules know were made before the first fork. The
 * library's own pointers (PCRE2's functions and tables) are the program's, too. */
#include "gateway/compile/shared.h"

#include "base/log.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define PLACE_BYTES \
    ((size_t)4 << 30) /* address space, not memory: the largest rule sets take a tenth */
#define MAGIC UINT64_C(0x6f746173756b6531)
#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

/* At the beginning of the place. */
struct shared_head {
    uint64_t magic;
    uint64_t bytes; /* of the memfd; whole pages */
    struct match_image *image;
    struct arena memory;
};

#define HEAD_BYTES ((sizeof(struct shared_head) + 63) & ~(size_t)63)

static int reserve(struct compile_place *place, struct err *err)
{
    void *at =
        mmap(NULL, PLACE_BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at == MAP_FAILED)
        return err_errno(err, "reserving %zu MiB of address space", PLACE_BYTES >> 20);
    *place = (struct compile_place){at, PLACE_BYTES};
    return 0;
}

int compile_prepare(struct compile_ground *ground, struct err *err)
{
    *ground = (struct compile_ground){0};
    ground->words = engine_vocabulary_new(err);
    int rc = ground->words ? 0 : -1;
    for (size_t i = 0; rc == 0 && i < COMPILE_PLACES; i++)
        rc = reserve(&ground->places[i], err);
    if (rc < 0)
        compile_ground_fini(ground);
    return rc;
}

void compile_ground_fini(struct compile_ground *ground)
{
    for (size_t i = 0; i < COMPILE_PLACES; i++)
        if (ground->places[i].at)
            munmap(ground->places[i].at, ground->places[i].bytes);
    engine_vocabulary_free(ground->words);
    *ground = (struct compile_ground){0};
}

static void leave(const struct compile_place *place)
{
    (void)!mmap(place->at, place->bytes, PROT_NONE,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
}

static int map_for_making(const struct compile_place *place, int fd, struct err *err)
{
    if (ftruncate(fd, (off_t)place->bytes) < 0 ||
        mmap(place->at, place->bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0) ==
            MAP_FAILED)
        return err_errno(err, "memory for the rules");
    return 0;
}

static size_t whole_pages(size_t bytes)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    return (bytes + page - 1) / page * page;
}

static int seal(int fd, size_t bytes, struct err *err)
{
    if (ftruncate(fd, (off_t)bytes) < 0 || fcntl(fd, F_ADD_SEALS, SEALS) < 0)
        return err_errno(err, "sealing the rules");
    return 0;
}

static void name_skipped(const struct rule_set *set)
{
    for (uint32_t i = 0; i < set->refused_count && i < COMPILE_NAMED_MAX; i++) {
        const struct rule_refused *r = &set->refused[i];
        log_warn("rules", "%s:%u: sid %u is not used: %s", r->file, r->line, r->sid, r->reason);
    }
    if (set->refused_count > COMPILE_NAMED_MAX)
        log_warn("rules", "%u more are not used: omamori replay -v names them all",
                 set->refused_count - COMPILE_NAMED_MAX);
}

static void name_saved(const struct rule_set *set, struct compile_summary *out)
{
    for (uint32_t i = 0; i < set->dataset_count; i++) {
        const struct rule_dataset_decl *d = &set->datasets[i];
        if (!d->save)
            continue;
        if (out->saved_count == COMPILE_SAVED_MAX) {
            log_warn("rules", "set %s is not written: there are more than %d of them", d->name,
                     COMPILE_SAVED_MAX);
            continue;
        }
        char *path = out->saved[out->saved_count++];
        if (snprintf(path, COMPILE_PATH_BYTES, "%s", d->save) < COMPILE_PATH_BYTES)
            continue;
        path[0] = '\0';
        log_warn("rules", "set %s is not written: its path is longer than %d bytes", d->name,
                 COMPILE_PATH_BYTES - 1);
    }
}

static void sum_up(const struct match_image *image, struct compile_summary *out)
{
    const struct rule_set *set = match_image_rules(image);
    struct match_image_stats stats;
    match_image_stats(image, &stats);
    *out = (struct compile_summary){
        .loaded = set->count, .skipped = set->refused_count, .bytes = stats.bytes};
    name_saved(set, out);
}

int compile_shared(const struct compile_request *request, const struct compile_ground *ground,
                   const struct compile_target *target, struct compile_summary *summary,
                   struct err *err)
{
    const struct compile_place *place = &ground->places[target->place];
    if (map_for_making(place, target->fd, err) < 0)
        return -1;
    struct shared_head *head = (struct shared_head *)(void *)place->at;
    arena_init_at(&head->memory, place->at + HEAD_BYTES, place->bytes - HEAD_BYTES);
    head->image = compile_in(request, ground->words, &head->memory, err);
    bool made = head->image != NULL;
    size_t bytes = 0;
    if (made) {
        name_skipped(match_image_rules(head->image));
        sum_up(head->image, summary);
        arena_seal(&head->memory);
        /* the arena's own head stands before what it has handed out */
        bytes = whole_pages(HEAD_BYTES + 64 + head->memory.used_bytes);
        head->bytes = bytes;
        head->magic = MAGIC;
    }
    leave(place);
    return made ? seal(target->fd, bytes, err) : -1;
}

static int check(const struct compile_place *place, int fd, struct stat *st, struct err *err)
{
    if (fstat(fd, st) < 0 || st->st_size < (off_t)HEAD_BYTES || (size_t)st->st_size > place->bytes)
        return err_set(err, "the rules are not an image");
    if ((fcntl(fd, F_GET_SEALS) & SEALS) != SEALS)
        return err_set(err, "the image of the rules could still be changed");
    return 0;
}

struct match_image *compile_attach(const struct compile_ground *ground, uint32_t place_index,
                                   int fd, struct err *err)
{
    const struct compile_place *place = &ground->places[place_index];
    struct stat st;
    if (check(place, fd, &st, err) < 0)
        return NULL;
    size_t bytes = (size_t)st.st_size;
    if (mmap(place->at, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, fd, 0) ==
        MAP_FAILED) {
        err_errno(err, "mapping the rules");
        return NULL;
    }
    const struct shared_head *head = (const struct shared_head *)(void *)place->at;
    if (head->magic != MAGIC || head->bytes != bytes || !arena_holds(&head->memory, head->image)) {
        leave(place);
        err_set(err, "the rules are not an image");
        return NULL;
    }
    match_image_speed_up(head->image);
    if (mprotect(place->at, bytes, PROT_READ) < 0) {
        err_errno(err, "protecting the rules");
        compile_detach(ground, place_index, head->image);
        return NULL;
    }
    return head->image;
}

void compile_detach(const struct compile_ground *ground, uint32_t place, struct match_image *image)
{
    match_image_free(image);
    leave(&ground->places[place]);
}
