/* poison: tells the address sanitizer that memory of our own allocators is not to be touched; nothing in other builds.
 *
 * So a use after slab_give or arena_reset is found by the same tests that find a use after free. */
#ifndef BASE_POISON_H
#define BASE_POISON_H

#include <stddef.h>

#if defined(__SANITIZE_ADDRESS__)
#define POISON_ON 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define POISON_ON 1
#endif
#endif

#ifdef POISON_ON
#include <sanitizer/asan_interface.h>
static inline void poison(const void *p, size_t bytes)
{
    __asan_poison_memory_region(p, bytes);
}
static inline void poison_lift(const void *p, size_t bytes)
{
    __asan_unpoison_memory_region(p, bytes);
}
#else
static inline void poison(const void *p, size_t bytes)
{
    (void)p;
    (void)bytes;
}
static inline void poison_lift(const void *p, size_t bytes)
{
    (void)p;
    (void)bytes;
}
#endif

#endif
