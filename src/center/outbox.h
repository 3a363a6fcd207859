/* outbox: the thread that takes waiting notices to the mail relay. */
#ifndef CENTER_OUTBOX_H
#define CENTER_OUTBOX_H

#include "center/core/core.h"
#include "center/notify/notify.h"

struct outbox;

/* Without a relay (conf->relay NULL) notices wait, and outbox_trouble says so. */
NODISCARD struct outbox *outbox_start(struct core *core, const struct notify_conf *conf,
                                      struct err *err);
void outbox_stop(struct outbox *o);
/* What keeps mail from going out, written to `text`, or NULL. Any thread. */
const char *outbox_trouble(void *outbox, char *text, size_t bytes);

#endif
