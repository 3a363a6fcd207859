/* EVE's "nfs" and "rpc" objects, member by member as Suricata has them. */
#include "engine/app/nfs/message.h"

#include <stdio.h>

bool nfs_log_wants(const struct tx *tx, const struct app_log *log)
{
    const struct nfs_tx *nfs = nfs_tx_of(tx);
    (void)log;
    return !nfs->is_foreign && (nfs->version == 4 || nfs->procedure != NFS3_GETATTR);
}

static void name_or_number(struct json *out, const char *key, const char *name, uint32_t number)
{
    char digits[16];
    if (!name)
        snprintf(digits, sizeof digits, "%u", number);
    json_text(out, key, name ? name : digits);
}

static bool is_rename(const struct nfs_tx *nfs)
{
    return (nfs->version == 2 && nfs->procedure == NFS2_RENAME) ||
           (nfs->version == 3 && nfs->procedure == NFS3_RENAME);
}

static void log_transfer(const struct nfs_tx *nfs, struct json *out)
{
    bool is_write2 = nfs->version == 2 && nfs->procedure == NFS2_WRITE;
    if (!nfs->is_file && !is_write2)
        return;
    json_object(out, nfs->is_file && nfs->file_dir == DIR_TOCLIENT ? "read" : "write");
    json_bool(out, "first", nfs->is_file);
    json_bool(out, "last", nfs->last_xid != 0);
    if (nfs->is_file) {
        json_uint(out, "last_xid", nfs->last_xid);
        json_uint(out, "chunks", nfs->chunks);
    }
    json_end_object(out);
}

void nfs_log(const struct tx *tx, const struct app_conf *conf, struct json *out)
{
    const struct nfs_tx *nfs = nfs_tx_of(tx);
    char hash[16];
    (void)conf;
    json_uint(out, "version", nfs->version);
    name_or_number(out, "procedure", nfs_procedure_name(nfs->version, nfs->procedure),
                   nfs->procedure);
    json_bytes(out, "filename", nfs->name);
    if (nfs->has_handle) {
        snprintf(hash, sizeof hash, "%08x", nfs->crc);
        json_text(out, "hhash", hash);
    }
    json_uint(out, "id", tx->id + 1);
    json_bool(out, "file_tx", nfs->is_file);
    json_text(out, "type", "response");
    name_or_number(out, "status", nfs_status_name(nfs->status), nfs->status);
    log_transfer(nfs, out);
    if (!is_rename(nfs))
        return;
    json_object(out, "rename");
    json_bytes(out, "from", nfs->name);
    json_bytes(out, "to", nfs->to);
    json_end_object(out);
}

void nfs_log_beside(const struct tx *tx, const struct app_conf *conf, struct json *out)
{
    const struct nfs_tx *nfs = nfs_tx_of(tx);
    (void)conf;
    json_object(out, "rpc");
    json_uint(out, "xid", nfs->xid);
    json_text(out, "status", nfs->is_denied ? "DENIED" : "ACCEPTED");
    name_or_number(out, "auth_type", nfs_auth_name(nfs->auth), nfs->auth);
    if (nfs->auth == ONC_AUTH_UNIX) {
        json_object(out, "creds");
        json_bytes(out, "machine_name", nfs->machine);
        json_uint(out, "uid", nfs->uid);
        json_uint(out, "gid", nfs->gid);
        json_end_object(out);
    }
    json_end_object(out);
}
