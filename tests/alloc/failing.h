/* failing: memory that runs out at a chosen moment.
 *
 * The test program is linked with --wrap: what our own code takes by malloc, calloc, realloc, from an arena or from a flow's
 * budget comes through here and is counted; from the chosen one on (or only that one) there is none. What libraries take
 * themselves is not touched. Blocks of malloc are remembered, so a leak on a way that is only walked without memory shows in
 * every build. One thread only.
 */
#ifndef TESTS_ALLOC_FAILING_H
#define TESTS_ALLOC_FAILING_H

#include "base/attr.h"

#include <stdbool.h>
#include <stddef.h>

enum failing_mode { FAILING_ONCE, FAILING_FROM_THEN_ON };

/* The at-th taking from now on fails (1: the next). 0: none does, they are counted only. */
void failing_begin(size_t at, enum failing_mode mode);
/* How many were refused since failing_begin. From now on there is memory again. */
size_t failing_end(void);
/* From now on only what is taken from a flow's budget is counted and refused. */
void failing_budgets_only(void);
/* In between there is memory, and nothing is counted. */
void failing_pause(bool on);
/* Takings since failing_begin. */
size_t failing_count(void);
/* Blocks of malloc that are out. */
size_t failing_live(void);
/* Tells on stderr where the youngest of them were taken (addr2line -e PROGRAM). */
void failing_show(size_t count);
/* The next moment to try behind `at`: each one at first, then in growing steps. */
size_t failing_next(size_t at);

/* True: all went well. */
typedef bool scene(void *context);
/* Plays it with its first taking refused, then its second ..., once alone and once with all that follow, until none was
 * refused any more. It may fail, but not crash, keep memory, or fail with memory enough. */
void play(const char *name, scene *run, void *context);

#endif
