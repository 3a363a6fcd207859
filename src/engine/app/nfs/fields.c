#include "engine/app/nfs/message.h"

static bool version(const struct tx *tx, enum dir dir, uint32_t index, uint64_t *out)
{
    (void)dir;
    *out = nfs_tx_of(tx)->version;
    return index == 0;
}

/* What made writes lasting belongs to them. */
static bool procedure(const struct tx *tx, enum dir dir, uint32_t index, uint64_t *out)
{
    const struct nfs_tx *nfs = nfs_tx_of(tx);
    (void)dir;
    *out = index ? nfs->closed_by : nfs->procedure;
    return (index == 0 && !nfs->is_foreign) || (index == 1 && nfs->closed_by);
}

static bool file_data(const struct tx *tx, enum dir dir, uint32_t index, struct field_window *out)
{
    const struct nfs_tx *nfs = nfs_tx_of(tx);
    return index == 0 && nfs->is_file && dir == nfs->file_dir &&
           body_window(&nfs->body, &nfs->body_conf, out);
}

#define FIELD(text, where, when, ...)                                               \
    {                                                                               \
        .name = (text), .proto = APP_NFS, .dirs = (where),                          \
        .ready_at = {[DIR_TOSERVER] = (when), [DIR_TOCLIENT] = (when)}, __VA_ARGS__ \
    }

const struct field_desc nfs_fields[NFS_FIELD_ROWS] = {
    FIELD("nfs_procedure", DIR_BIT(DIR_TOSERVER), 1, .kind = FIELD_UINT, .multi = true,
          .growing = true, .number = procedure),
    FIELD("nfs.version", DIR_BIT(DIR_TOSERVER), 0, .kind = FIELD_UINT, .number = version),
    FIELD("nfs_version", DIR_BIT(DIR_TOSERVER), 0, .kind = FIELD_UINT, .number = version),
    FILE_FIELDS(APP_NFS, DIR_BOTH, 1),
    FIELD("file.data", DIR_BOTH, 1, .kind = FIELD_WINDOW, .multi = true, .window = file_data),
};
