/* program: runs ip and nft at start; never with words from outside. */
#ifndef GATEWAY_GUARD_PROGRAM_H
#define GATEWAY_GUARD_PROGRAM_H

#include "base/err.h"

/* Runs argv[0] with `input` (or NULL) on standard input; 0 when it ended with 0; otherwise its last words are in err. */
NODISCARD int program_run(const char *const argv[], const char *input, struct err *err);

#endif
