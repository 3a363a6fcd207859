/* Calls and replies of versions 2 and 3: what each carries is a row of a table. */
#include "engine/app/nfs/message.h"

#define ATTRIBUTES3_BYTES 84 /* RFC 1813, 2.6: fattr3 */
#define CACHE3_BYTES 24      /* wcc_attr */
#define HANDLE2_BYTES 32
#define STABLE_LASTING 2 /* FILE_SYNC */

void nfs_malformed(struct app_flow *af, struct nfs_tx *nfs)
{
    app_event(af, nfs ? &nfs->tx : NULL, NFS_MALFORMED_DATA);
}

/* ---- what all versions share ---- */

void nfs_took_read(struct nfs_message *m, struct nfs_call *call, const struct nfs_piece *piece,
                   bool end)
{
    struct nfs_file *file = nfs_file_get(m, call, piece->offset);
    uint64_t lowest;
    if (!file)
        return;
    struct nfs_tx *nfs = file->tx;
    nfs->has_reply = true;
    /* Suricata counts every read of version 3, of the others not the first */
    if (nfs->chunks < UINT32_MAX && (call->version == 3 || nfs->xid != call->xid))
        nfs->chunks++;
    nfs_file_piece(m, file, piece);
    if (end) {
        file->has_end = true;
        nfs->last_xid = call->xid;
    }
    call->procedure = 0; /* it waits no more */
    if (file->has_end && !nfs_read_lowest(m->af, &call->handle, &lowest))
        nfs_file_close(m->af, file);
}

void nfs_took_write(struct nfs_message *m, struct nfs_call *call, const struct nfs_piece *piece,
                    bool lasting)
{
    struct nfs_file *file = nfs_file_get(m, call, piece->offset);
    if (!file)
        return;
    struct nfs_tx *nfs = call->tx = file->tx;
    if (nfs->chunks < UINT32_MAX && (call->version == 3 ? !lasting : nfs->xid != call->xid))
        nfs->chunks++;
    nfs_file_piece(m, file, piece);
    if (!lasting)
        return;
    nfs->last_xid = call->xid;
    nfs_file_close(m->af, file);
}

void nfs_took_close(struct nfs_message *m, struct nfs_call *call, uint32_t by)
{
    struct nfs_file *file = nfs_file_find(m->af, &call->handle, DIR_TOSERVER);
    if (!file)
        return;
    call->tx = file->tx;
    file->tx->last_xid = call->xid;
    file->tx->closed_by = by;
    nfs_file_close(m->af, file);
}

/* ---- calls ---- */

static struct str read_name(struct reader *r)
{
    return onc_read_opaque(r, NFS_TEXT_MAX);
}

static void call_plain(struct nfs_message *m, struct nfs_call *call)
{
    call->tx = nfs_begin(m->af, call);
}

/* A handle, and what is known of it. */
static void call_handle(struct nfs_message *m, struct nfs_call *call)
{
    bool has = nfs_handle_read(&m->r, &call->handle);
    call->tx = nfs_begin(m->af, call);
    if (!has || !call->tx)
        return;
    nfs_tell_handle(call->tx, &call->handle);
    nfs_text(m->af, &call->tx->name, nfs_name_of(m->af, &call->handle));
}

/* A folder's handle and a name in it. */
static void call_name(struct nfs_message *m, struct nfs_call *call)
{
    bool has = nfs_handle_read(&m->r, &call->handle);
    struct str name = read_name(&m->r);
    call->tx = nfs_begin(m->af, call);
    if (!has || !call->tx)
        return;
    nfs_text(m->af, &call->tx->name, name);
    nfs_text(m->af, &call->name, name);
    if (call->procedure != NFS3_LOOKUP)
        nfs_tell_handle(call->tx, &call->handle);
}

static void call_rename(struct nfs_message *m, struct nfs_call *call)
{
    struct nfs_handle to;
    call_name(m, call);
    (void)nfs_handle_read(&m->r, &to);
    struct str name = read_name(&m->r);
    if (call->tx)
        nfs_text(m->af, &call->tx->to, name);
}

static void call_read(struct nfs_message *m, struct nfs_call *call)
{
    nfs_handle_read(&m->r, &call->handle);
    call->offset = reader_u64(&m->r);
    reader_u32(&m->r);
}

static void call_write(struct nfs_message *m, struct nfs_call *call)
{
    struct nfs_piece piece;
    nfs_handle_read(&m->r, &call->handle);
    piece.offset = reader_u64(&m->r);
    reader_u32(&m->r);
    uint32_t stable = reader_u32(&m->r);
    if (nfs_piece_read(m, &piece))
        nfs_took_write(m, call, &piece, stable >= STABLE_LASTING);
    else
        m->r.bad = true;
}

static void call_commit(struct nfs_message *m, struct nfs_call *call)
{
    if (nfs_handle_read(&m->r, &call->handle))
        nfs_took_close(m, call, NFS3_COMMIT);
}

static void call_read2(struct nfs_message *m, struct nfs_call *call)
{
    nfs_handle_set(&call->handle, reader_str(&m->r, HANDLE2_BYTES));
    call->offset = reader_u32(&m->r);
    reader_skip(&m->r, 8);
}

/* ---- replies without an error, behind the status ---- */

static void skip_attributes(struct reader *r)
{
    if (reader_u32(r))
        reader_skip(r, ATTRIBUTES3_BYTES);
}

static void reply_handle(struct nfs_message *m, struct nfs_call *call)
{
    struct nfs_handle handle;
    if (!nfs_handle_read(&m->r, &handle))
        return;
    nfs_name_set(m->af, &handle, call->name);
    if (call->tx && call->procedure == NFS3_LOOKUP)
        nfs_tell_handle(call->tx, &handle);
}

static void reply_created(struct nfs_message *m, struct nfs_call *call)
{
    if (reader_u32(&m->r))
        reply_handle(m, call);
}

static void reply_read(struct nfs_message *m, struct nfs_call *call)
{
    struct nfs_piece piece = {.offset = call->offset};
    skip_attributes(&m->r);
    reader_u32(&m->r);
    bool end = reader_u32(&m->r) != 0;
    if (nfs_piece_read(m, &piece))
        nfs_took_read(m, call, &piece, end);
    else
        m->r.bad = true;
}

static void reply_read2(struct nfs_message *m, struct nfs_call *call)
{
    struct nfs_piece piece = {.offset = call->offset};
    reader_skip(&m->r, 5 * 4);
    uint32_t size = reader_u32(&m->r);
    reader_skip(&m->r, 11 * 4);
    if (nfs_piece_read(m, &piece))
        nfs_took_read(m, call, &piece, piece.offset + piece.len >= size);
    else
        m->r.bad = true;
}

/* RFC 1813, 3.3.17: entries of a folder, with their handles. */
static void reply_listing(struct nfs_message *m, struct nfs_call *call)
{
    struct reader *r = &m->r;
    (void)call;
    skip_attributes(r);
    reader_skip(r, 8); /* verifier of cookies */
    for (uint32_t i = 0; i < NFS_ENTRIES_MAX && reader_u32(r) == 1; i++) {
        struct nfs_handle handle = {0};
        reader_skip(r, 8);
        struct str name = read_name(r);
        reader_skip(r, 8);
        skip_attributes(r);
        if (reader_u32(r) && nfs_handle_read(r, &handle))
            nfs_name_set(m->af, &handle, name);
    }
    /* of a long one only the beginning is here, and not all of it is looked at */
    if (m->bytes.len < m->whole_bytes)
        r->bad = false;
}

/* ---- the table ---- */

struct procedure {
    void (*call)(struct nfs_message *m, struct nfs_call *call);  /* NULL: only that it was asked */
    void (*reply)(struct nfs_message *m, struct nfs_call *call); /* NULL: only its status is read */
    bool no_status;
};

static const struct procedure version3[] = {
    [0] = {.no_status = true},
    [NFS3_GETATTR] = {call_handle, NULL, false},
    [NFS3_LOOKUP] = {call_name, reply_handle, false},
    [NFS3_ACCESS] = {call_handle, NULL, false},
    [NFS3_READ] = {call_read, reply_read, false},
    [NFS3_WRITE] = {call_write, NULL, false},
    [NFS3_CREATE] = {call_name, reply_created, false},
    [NFS3_MKDIR] = {call_name, reply_created, false},
    [NFS3_REMOVE] = {call_name, NULL, false},
    [NFS3_RMDIR] = {call_name, NULL, false},
    [NFS3_RENAME] = {call_rename, NULL, false},
    [NFS3_READDIRPLUS] = {call_handle, reply_listing, false},
    [NFS3_COMMIT] = {call_commit, NULL, false},
};

static const struct procedure version2[] = {
    [0] = {.no_status = true},
    [3] = {.no_status = true}, /* ROOT */
    [NFS2_READ] = {call_read2, reply_read2, false},
    [7] = {.no_status = true}, /* WRITECACHE */
    [17] = {NULL, NULL, false},
};

static const struct procedure *procedure_of(const struct nfs_call *call)
{
    static const struct procedure unknown = {.no_status = true};
    bool is2 = call->version == 2;
    if (call->version == 0 ||
        call->procedure >= (is2 ? ARRAY_COUNT(version2) : ARRAY_COUNT(version3)))
        return &unknown;
    return is2 ? &version2[call->procedure] : &version3[call->procedure];
}

static void asked(struct nfs_tx *nfs)
{
    app_progress(&nfs->tx, DIR_TOSERVER, TX_COMPLETE);
    app_progress(&nfs->tx, DIR_TOCLIENT, 1);
}

void nfs_take_foreign(struct nfs_message *m, struct nfs_call *call)
{
    call->version = 0;
    call->tx = nfs_begin(m->af, call);
    if (!call->tx)
        return;
    call->tx->is_foreign = true;
    asked(call->tx);
}

void nfs_take_call(struct nfs_message *m, struct nfs_call *call)
{
    const struct procedure *procedure = procedure_of(call);
    if (procedure->call)
        procedure->call(m, call);
    else
        call_plain(m, call);
    if (m->r.bad) {
        if (!call->tx)
            call_plain(m, call);
        nfs_malformed(m->af, call->tx);
    }
    if (call->tx && !call->tx->is_file)
        asked(call->tx);
}

/* Only its last reply ends what wrote a file. */
static bool ends_tx(const struct nfs_call *call)
{
    return !call->tx->is_file || (call->tx->closed && call->tx->last_xid == call->xid);
}

void nfs_take_reply(struct nfs_message *m, struct nfs_call *call, const struct onc_reply *reply)
{
    const struct procedure *procedure = procedure_of(call);
    uint32_t status = 0;
    bool has_results = reply->state == 0 && reply->accept == 0;
    if (has_results && call->version == 4) {
        nfs4_take_reply(m, call);
        status = call->tx ? call->tx->status : 0;
    } else if (has_results && !procedure->no_status) {
        status = reader_u32(&m->r);
        if (!m->r.bad && status == 0 && procedure->reply)
            procedure->reply(m, call);
    }
    if (m->r.bad)
        nfs_malformed(m->af, call->tx);
    if (!call->tx)
        return;
    call->tx->has_reply = true;
    call->tx->status = status;
    call->tx->is_denied = reply->state != 0;
    if (ends_tx(call))
        nfs_complete(call->tx);
}
