/* local: the control socket on the box: omamori status, isolate, release, isolated, reload.
 *
 * Way in:    a person's command connects to a unix socket (0660, root) and writes one line.
 * Way out:   local translates it into a struct control_message for guard and writes guard's answer back as text; the last
 *            line is "ok" or "error: words".
 * Limits:    one client at a time (commands are short), LOCAL_LINE_BYTES per line, LOCAL_WAIT_MS per client.
 */
#ifndef GATEWAY_LOCAL_LOCAL_H
#define GATEWAY_LOCAL_LOCAL_H

#include "base/err.h"

#define LOCAL_LINE_BYTES 512
#define LOCAL_WAIT_MS 3000

/* The listening socket, made by guard before it starts this process. */
NODISCARD int local_listen(const char *path, struct err *err);
/* The life of the process. */
int local_run(int listen_fd, int control_fd);
/* The commands: argv[0] is status, isolate, release, isolated or reload. Exit status. */
int local_command(int argc, char **argv);

#endif
