/* err: why something of the world failed, in words for the person who must act.
 *
 * A function that takes `struct err *` returns 0 or a negative code and fills the text exactly when it fails. `err` may
 * be NULL. The text says what was tried, on what, and why it failed: "rules/local.rules:12: unknown keyword \"foo\"".
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include "base/attr.h"

#define ERR_TEXT_BYTES 512

struct err {
    char text[ERR_TEXT_BYTES];
};

/* Sets the text and returns -1, so that `return err_set(err, ...)` is one line. */
int err_set(struct err *err, const char *format, ...) PRINTF_LIKE(2, 3);
/* Adds ": " and the meaning of errno. Returns -1. */
int err_errno(struct err *err, const char *format, ...) PRINTF_LIKE(2, 3);
/* Puts "prefix: " before the text that is there. Returns -1. */
int err_prefix(struct err *err, const char *format, ...) PRINTF_LIKE(2, 3);

#endif
