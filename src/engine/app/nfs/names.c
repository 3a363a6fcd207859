/* Names of procedures, results and kinds of credentials, as Suricata writes them. */
#include "engine/app/nfs/message.h"

static const char *const version2[] = {
    "NULL",   "GETATTR", "SETATTR", "ROOT", "LOOKUP",  "READLINK", "READ",  "WRITECACHE", "WRITE",
    "CREATE", "REMOVE",  "RENAME",  "LINK", "SYMLINK", "MKDIR",    "RMDIR", "READDIR",    "STATFS",
};
static const char *const version3[] = {
    "NULL",    "GETATTR",     "SETATTR", "LOOKUP", "ACCESS",   "READLINK", "READ",   "WRITE",
    "CREATE",  "MKDIR",       "SYMLINK", "MKNOD",  "REMOVE",   "RMDIR",    "RENAME", "LINK",
    "READDIR", "READDIRPLUS", "FSSTAT",  "FSINFO", "PATHCONF", "COMMIT",
};
static const char *const auths[] = {
    [0] = "NULL", [1] = "UNIX", [2] = "SHORT", [3] = "DH", [6] = "GSS"};

/* Operations stand for the compound that they are told of; 0 and 1 are its procedures. */
static const struct name {
    uint32_t number;
    const char *name;
} version4[] = {{NFS4_NULL, "NULL"}, {NFS4_COMPOUND, "COMPOUND"}, {NFS4_CREATE, "CREATE"},
                {NFS4_READ, "READ"}, {NFS4_REMOVE, "REMOVE"},     {NFS4_WRITE, "WRITE"}},
  statuses[] = {{0, "OK"},
                {1, "ERR_PERM"},
                {2, "ERR_NOENT"},
                {5, "ERR_IO"},
                {6, "ERR_NXIO"},
                {13, "ERR_ACCES"},
                {17, "ERR_EXIST"},
                {18, "ERR_XDEV"},
                {19, "ERR_NODEV"},
                {20, "ERR_NOTDIR"},
                {21, "ERR_ISDIR"},
                {22, "ERR_INVAL"},
                {27, "ERR_FBIG"},
                {28, "ERR_NOSPC"},
                {30, "ERR_ROFS"},
                {31, "ERR_MLINK"},
                {63, "ERR_NAMETOOLONG"},
                {66, "ERR_NOTEMPTY"},
                {69, "ERR_DQUOT"},
                {70, "ERR_STALE"},
                {71, "ERR_REMOTE"},
                {10001, "ERR_BADHANDLE"},
                {10002, "ERR_NOT_SYNC"},
                {10003, "ERR_BAD_COOKIE"},
                {10004, "ERR_NOTSUPP"},
                {10005, "ERR_TOOSMALL"},
                {10006, "ERR_SERVERFAULT"},
                {10007, "ERR_BADTYPE"},
                {10008, "ERR_JUKEBOX"}};

static const char *find(const struct name *names, size_t count, uint32_t number)
{
    for (size_t i = 0; i < count; i++)
        if (names[i].number == number)
            return names[i].name;
    return NULL;
}

const char *nfs_procedure_name(uint8_t version, uint32_t procedure)
{
    if (version == 2)
        return procedure < ARRAY_COUNT(version2) ? version2[procedure] : NULL;
    if (version == 3)
        return procedure < ARRAY_COUNT(version3) ? version3[procedure] : NULL;
    return version == 4 ? find(version4, ARRAY_COUNT(version4), procedure) : NULL;
}

const char *nfs_status_name(uint32_t status)
{
    return find(statuses, ARRAY_COUNT(statuses), status);
}

const char *nfs_auth_name(uint32_t auth)
{
    return auth < ARRAY_COUNT(auths) ? auths[auth] : NULL;
}
