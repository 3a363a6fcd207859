#include "tests/alloc/failing.h"

#include "base/arena.h"
#include "base/slab.h"

#include <assert.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define BLOCKS_MAX (1u << 20) /* places for live blocks; a power of two */

#define EACH_UNTIL 60 /* then every 20th part further */

struct block {
    void *p; /* NULL: never used */
    const void *taken_at;
    size_t number; /* 0: given back */
};

static struct {
    bool on;
    bool budgets_only;
    size_t at, count, refused;
    enum failing_mode mode;
    struct block blocks[BLOCKS_MAX];
    size_t live, number, places;
} f;

void failing_begin(size_t at, enum failing_mode mode)
{
    f.on = true;
    f.at = at;
    f.mode = mode;
    f.count = f.refused = 0;
}

size_t failing_end(void)
{
    f.on = false;
    return f.refused;
}

void failing_pause(bool on)
{
    f.on = !on;
}

size_t failing_count(void)
{
    return f.count;
}

size_t failing_live(void)
{
    return f.live;
}

void failing_show(size_t count)
{
    for (size_t number = f.number; number > 0 && count > 0; number--)
        for (size_t i = 0; i < BLOCKS_MAX; i++)
            if (f.blocks[i].number == number) {
                fprintf(stderr, "# block %zu was taken at %p\n", number, f.blocks[i].taken_at);
                count--;
            }
}

size_t failing_next(size_t at)
{
    return at < EACH_UNTIL ? at + 1 : at + at / 20;
}

void failing_budgets_only(void)
{
    f.budgets_only = true;
}

static bool refuse(bool is_budget)
{
    if (!f.on || (f.budgets_only && !is_budget))
        return false;
    f.count++;
    bool no = f.at && (f.mode == FAILING_ONCE ? f.count == f.at : f.count >= f.at);
    f.refused += no;
    return no;
}

static struct block *find(const void *p)
{
    size_t i = (size_t)(((uintptr_t)p >> 4) * UINT64_C(0x9e3779b97f4a7c15) >> 40) % BLOCKS_MAX;
    while (f.blocks[i].p && f.blocks[i].p != p)
        i = (i + 1) % BLOCKS_MAX;
    return &f.blocks[i];
}

static void *note(void *p, const void *taken_at)
{
    if (!p)
        return p;
    struct block *b = find(p);
    f.places += !b->p;
    assert(f.places < BLOCKS_MAX / 4 * 3);
    f.live += b->number == 0;
    *b = (struct block){p, taken_at, ++f.number};
    return p;
}

/* Its place stays taken, or what lies behind it would not be found; it is used again when the same address comes back. */
static void forget(const void *p)
{
    struct block *b = p ? find(p) : NULL;
    if (!b || b->p != p || b->number == 0)
        return;
    b->number = 0;
    f.live--;
}

/* ---- the wrapped ones; the linker chooses their names ---- */

void *__real_malloc(size_t bytes);
void *__real_calloc(size_t count, size_t bytes);
void *__real_realloc(void *p, size_t bytes);
void __real_free(void *p);
void *__wrap_malloc(size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);
void *__wrap_realloc(void *p, size_t bytes);
void *__wrap_reallocarray(void *p, size_t count, size_t bytes);
void __wrap_free(void *p);

void *__wrap_malloc(size_t bytes)
{
    return refuse(false) ? NULL : note(__real_malloc(bytes), __builtin_return_address(0));
}

void *__wrap_calloc(size_t count, size_t bytes)
{
    return refuse(false) ? NULL : note(__real_calloc(count, bytes), __builtin_return_address(0));
}

void *__wrap_realloc(void *p, size_t bytes)
{
    if (refuse(false))
        return NULL;
    forget(p);
    return note(__real_realloc(p, bytes), __builtin_return_address(0));
}

void *__wrap_reallocarray(void *p, size_t count, size_t bytes)
{
    size_t all;
    return __builtin_mul_overflow(count, bytes, &all) ? NULL : __wrap_realloc(p, all);
}

void __wrap_free(void *p)
{
    forget(p);
    __real_free(p);
}

void *__real_arena_alloc(struct arena *a, size_t bytes);
void *__real_arena_zalloc(struct arena *a, size_t bytes);
struct str __real_arena_copy(struct arena *a, struct str s);
void *__wrap_arena_alloc(struct arena *a, size_t bytes);
void *__wrap_arena_zalloc(struct arena *a, size_t bytes);
struct str __wrap_arena_copy(struct arena *a, struct str s);
char *__wrap_arena_printf(struct arena *a, const char *format, ...) PRINTF_LIKE(2, 3);

void *__wrap_arena_alloc(struct arena *a, size_t bytes)
{
    return refuse(false) ? NULL : __real_arena_alloc(a, bytes);
}

void *__wrap_arena_zalloc(struct arena *a, size_t bytes)
{
    return refuse(false) ? NULL : __real_arena_zalloc(a, bytes);
}

struct str __wrap_arena_copy(struct arena *a, struct str s)
{
    return refuse(false) ? (struct str){NULL, 0} : __real_arena_copy(a, s);
}

char *__wrap_arena_printf(struct arena *a, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    int len = vsnprintf(NULL, 0, format, list);
    va_end(list);
    char *text = refuse(false) ? NULL : __real_arena_alloc(a, (size_t)len + 1);
    if (!text)
        return NULL;
    va_start(list, format);
    vsnprintf(text, (size_t)len + 1, format, list);
    va_end(list);
    return text;
}

void *__real_budget_alloc(struct budget *b, size_t bytes);
void *__real_budget_zalloc(struct budget *b, size_t bytes);
void *__real_budget_resize(struct budget *b, void *p, size_t old_bytes, size_t new_bytes);
void *__wrap_budget_alloc(struct budget *b, size_t bytes);
void *__wrap_budget_zalloc(struct budget *b, size_t bytes);
void *__wrap_budget_resize(struct budget *b, void *p, size_t old_bytes, size_t new_bytes);

void *__wrap_budget_alloc(struct budget *b, size_t bytes)
{
    return refuse(true) ? NULL : __real_budget_alloc(b, bytes);
}

void *__wrap_budget_zalloc(struct budget *b, size_t bytes)
{
    return refuse(true) ? NULL : __real_budget_zalloc(b, bytes);
}

void *__wrap_budget_resize(struct budget *b, void *p, size_t old_bytes, size_t new_bytes)
{
    return refuse(true) ? NULL : __real_budget_resize(b, p, old_bytes, new_bytes);
}

/* ---- scenes ---- */

void play(const char *name, scene *run, void *context)
{
    static const enum failing_mode modes[] = {FAILING_ONCE, FAILING_FROM_THEN_ON};
    size_t takings = 0;
    (void)run(context); /* what is made once and kept is there from now on */
    for (size_t m = 0; m < ARRAY_COUNT(modes); m++) {
        for (size_t at = 1;; at = failing_next(at)) {
            size_t live = failing_live();
            failing_begin(at, modes[m]);
            bool good = run(context);
            takings = failing_count();
            bool refused = failing_end() > 0;
            if (failing_live() != live) {
                failing_show(failing_live() > live ? failing_live() - live : 0);
                fail_msg("%s: taking %zu refused: %ld blocks are kept", name, at,
                         (long)(failing_live() - live));
            }
            if (refused)
                continue;
            if (!good)
                fail_msg("%s fails with memory enough", name);
            break;
        }
    }
    print_message("# %s: %zu takings\n", name, takings);
}
