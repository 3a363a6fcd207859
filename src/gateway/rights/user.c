#include "gateway/rights/rights.h"

#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LINK_USER "omamori"
#define DEPTH_MAX 2 /* link/, and link/spool/ */

int rights_user(const char *name, enum rights_process process, struct rights_user *out,
                struct err *err)
{
    *out = (struct rights_user){RIGHTS_UID_FIRST + process, RIGHTS_UID_FIRST + process};
    if (process != RIGHTS_LINK)
        return 0;
    const struct passwd *known = getpwnam(name ? name : LINK_USER);
    if (known)
        *out = (struct rights_user){known->pw_uid, known->pw_gid};
    else if (name)
        return err_set(err, "otasuke.user: there is no user %s", name);
    return out->uid != 0 ? 0 : err_set(err, "otasuke.user: %s is root", name ? name : LINK_USER);
}

static int hand_over(int folder, const char *name, const struct rights_user *user)
{
    struct stat st;
    if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? 0 : -1;
    bool ours =
        st.st_uid == 0 && (S_ISDIR(st.st_mode) || (S_ISREG(st.st_mode) && st.st_nlink == 1));
    return ours ? fchownat(folder, name, user->uid, user->gid, AT_SYMLINK_NOFOLLOW) : 0;
}

/* What an earlier version, or `omamori enrol`, has left there as root. Takes fd over. */
static int hand_all(int fd, const struct rights_user *user, int depth)
{
    DIR *folder = fdopendir(fd);
    const struct dirent *entry;
    int rc = 0;
    if (!folder) {
        close(fd);
        return -1;
    }
    while (rc == 0 && (entry = readdir(folder))) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        rc = hand_over(dirfd(folder), entry->d_name, user);
        int inner = depth < DEPTH_MAX ? openat(dirfd(folder), entry->d_name,
                                               O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
                                      : -1;
        if (rc == 0 && inner >= 0)
            rc = hand_all(inner, user, depth + 1);
    }
    closedir(folder);
    return rc;
}

int rights_hand_folder(const char *path, const struct rights_user *user, struct err *err)
{
    if (file_make_folder(path, 0700, err) < 0)
        return -1;
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return err_errno(err, "%s", path);
    int again = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fchown(fd, user->uid, user->gid) < 0 || fchmod(fd, 0700) < 0 || again < 0 ||
        hand_all(again, user, 1) < 0) {
        err_errno(err, "%s: giving it to user %u", path, (unsigned)user->uid);
        close(fd);
        return -1;
    }
    return fd;
}

/* capset(2) is not in the C library. */
static int keep_capability(uint64_t mask)
{
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2] = {0};
    for (size_t i = 0; i < 2; i++)
        data[i].effective = data[i].permitted = (uint32_t)(mask >> (32 * i));
    return (int)syscall(SYS_capset, &head, data);
}

int rights_drop(enum rights_process process, const struct rights_user *user, struct err *err)
{
    pid_t parent = getppid();
    uint64_t kept = process == RIGHTS_COMPILE ? UINT64_C(1) << CAP_DAC_READ_SEARCH : 0;
    if (prctl(PR_SET_KEEPCAPS, kept != 0, 0, 0, 0) < 0 || setgroups(0, NULL) < 0 ||
        setresgid(user->gid, user->gid, user->gid) < 0 ||
        setresuid(user->uid, user->uid, user->uid) < 0 || keep_capability(kept) < 0)
        return err_errno(err, "becoming user %u", (unsigned)user->uid);
    if (prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
        prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
        return err_errno(err, "giving up rights");
    /* forgotten by the kernel with each change of user */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
        return err_set(err, "the parent process is gone");
    return 0;
}
