/* An image in a memfd. All addresses in it are true in every process that is forked from the one that reserved the place:
 * the place is the same, the program lies where it lay, and the words that rules know were made before the first fork. The
 * library's own pointers (PCRE2's functions and tables) are the program's, too. */
#include "gateway/compile/shared.h"

#include <fcntl.h>
#include <stdint.h>
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

int compile_reserve(struct compile_place *place, struct err *err)
{
    void *at =
        mmap(NULL, PLACE_BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at == MAP_FAILED)
        return err_errno(err, "reserving %zu MiB of address space", PLACE_BYTES >> 20);
    *place = (struct compile_place){at, PLACE_BYTES};
    return 0;
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

int compile_shared(const struct compile_request *request, const struct engine_vocabulary *words,
                   const struct compile_place *place, int fd, struct err *err)
{
    if (map_for_making(place, fd, err) < 0)
        return -1;
    struct shared_head *head = (struct shared_head *)(void *)place->at;
    arena_init_at(&head->memory, place->at + HEAD_BYTES, place->bytes - HEAD_BYTES);
    head->image = compile_in(request, words, &head->memory, err);
    bool made = head->image != NULL;
    size_t bytes = 0;
    if (made) {
        arena_seal(&head->memory);
        /* the arena's own head stands before what it has handed out */
        bytes = whole_pages(HEAD_BYTES + 64 + head->memory.used_bytes);
        head->bytes = bytes;
        head->magic = MAGIC;
        if (request->report)
            request->report(request->report_owner, head->image);
    }
    leave(place);
    return made ? seal(fd, bytes, err) : -1;
}

static int check(const struct compile_place *place, int fd, struct stat *st, struct err *err)
{
    if (fstat(fd, st) < 0 || st->st_size < (off_t)HEAD_BYTES || (size_t)st->st_size > place->bytes)
        return err_set(err, "the rules are not an image");
    if ((fcntl(fd, F_GET_SEALS) & SEALS) != SEALS)
        return err_set(err, "the image of the rules could still be changed");
    return 0;
}

struct match_image *compile_attach(const struct compile_place *place, int fd, struct err *err)
{
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
        compile_detach(place, head->image);
        return NULL;
    }
    return head->image;
}

void compile_detach(const struct compile_place *place, struct match_image *image)
{
    match_image_free(image);
    leave(place);
}
