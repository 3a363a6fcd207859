/* workers: the threads that answer messages, because answers ask the store and the store waits for the disk. */
#ifndef CENTER_UPLINK_WORKERS_H
#define CENTER_UPLINK_WORKERS_H

#include "center/uplink/conn.h"

struct workers;

/* wake_fd: an eventfd that is written to whenever an answer is ready. */
NODISCARD struct workers *workers_start(const struct service *service, int wake_fd,
                                        struct err *err);
/* Waits for the answers that are being made; the rest is thrown away. */
void workers_stop(struct workers *w);
/* Takes the job over. */
void workers_give(struct workers *w, struct job *job);
/* The oldest answered job, now the caller's, or NULL. */
struct job *workers_take(struct workers *w);

NODISCARD struct job *job_new(struct conn *conn, enum link_kind kind, struct str body);
void job_free(struct job *job);

#endif
