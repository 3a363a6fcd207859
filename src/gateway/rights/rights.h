/* rights: what each process of the gateway may do, given up before it reads the first byte of a stranger.
 *
 * Way in:    each process is forked as root by guard; it opens what needs that (or is handed it), then calls
 *            rights_drop() - a user of its own, no capabilities - and rights_fence() - a list of system calls.
 * Users:     the link's is the user `omamori` when the system has it, or the one that otasuke.user names; the others, and the
 *            link's when there is none, are numbers that belong to nobody (RIGHTS_UID_FIRST ...): each its own, so that one process
 *            cannot touch another's files or memory.
 * Fences:    a call that is not on the list ends the process (the link's, where libraries try many things, mostly gets
 *            "not permitted"; what only an intruder asks for ends it too).
 */
#ifndef GATEWAY_RIGHTS_RIGHTS_H
#define GATEWAY_RIGHTS_RIGHTS_H

#include "base/attr.h"
#include "base/err.h"

#include <stdbool.h>
#include <sys/types.h>

enum rights_process {
    RIGHTS_ENGINE,  /* frames, and descriptors that it was handed */
    RIGHTS_LOADER,  /* a thread of it: also executable pages */
    RIGHTS_COMPILE, /* reads any file, writes none, no network */
    RIGHTS_LINK,  /* its folder, connections to the outside; no packet sockets, no other program */
    RIGHTS_LOCAL, /* the socket that it was handed */
    RIGHTS_PROCESSES
};

#define RIGHTS_UID_FIRST \
    2130706432u /* far above what distributions give to people, services or containers */

struct rights_user {
    uid_t uid;
    gid_t gid;
};

/* name: otasuke.user, or NULL. Only a name that was given and is not known is an error. */
NODISCARD int rights_user(const char *name, enum rights_process process, struct rights_user *out,
                          struct err *err);
/* Makes the folder (0700) when it is missing and hands it, with what root owns in it (files, and files in folders in it), to
 * the user; symbolic links and files with other names elsewhere are left alone. Returns a descriptor of the folder, or -1. */
NODISCARD int rights_hand_folder(const char *path, const struct rights_user *user, struct err *err);
/* From root to that user, without capabilities (compile keeps the one to read any file), without a way back; the process
 * dies with its parent. */
NODISCARD int rights_drop(enum rights_process process, const struct rights_user *user,
                          struct err *err);
/* For the calling thread, and threads that it starts. */
NODISCARD int rights_fence(enum rights_process process, struct err *err);
/* False in builds with sanitizers, which open and map what they like. */
bool rights_fence_is_real(void);

#endif
