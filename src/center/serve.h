/* serve: the daemon: store, core, server for browsers, listener for gateways, outbox, and the watch for silence. */
#ifndef CENTER_SERVE_H
#define CENTER_SERVE_H

#include "base/conf.h"
#include "base/err.h"
#include "center/core/core.h"

/* A store and a core over a data folder; migrated. */
struct house {
    struct store *store;
    struct core *core;
};

/* `settings` texts are borrowed: the conf must outlive the house. */
NODISCARD int house_open(struct house *h, const struct conf *c, struct err *err);
void house_close(struct house *h);
/* Operator and first admin, unless they are there: prints the admin's password if it had to make one. */
NODISCARD int house_set_up(struct house *h, const struct conf *c, struct err *err);
/* First line of a file, or of standard input (path NULL), without its end. */
NODISCARD int secret_read(const char *path, char out[PASSWORD_BYTES_MAX + 1], struct err *err);

/* Runs until SIGTERM or SIGINT. Exit code. */
int serve(const struct conf *c);

#endif
