/* Files that are read and written: pieces of them come in any order, and are handed on in the file's. */
#include "engine/app/nfs/message.h"

static void add_bytes(struct app_flow *af, struct nfs_tx *nfs, struct str bytes)
{
    if (!bytes.len)
        return;
    if (nfs->tx.files)
        file_add(af->files, &nfs->tx, nfs->tx.files, bytes);
    body_add(&nfs->body, &nfs->body_conf, af->mem, bytes);
    app_progress(&nfs->tx, nfs->file_dir, 1);
}

static void skip_bytes(struct nfs_tx *nfs, uint64_t missing)
{
    if (!missing)
        return;
    if (nfs->tx.files)
        file_gap(nfs->tx.files, missing > UINT32_MAX ? UINT32_MAX : (uint32_t)missing);
    body_gap(&nfs->body, missing);
}

/* ---- what waits ---- */

/* The first piece is handed on, with the hole in front of it. */
static void take_chunk(struct app_flow *af, struct nfs_file *file)
{
    struct nfs_side *side = &nfs_state_of(af)->sides[file->dir];
    struct nfs_chunk *chunk = file->waiting;
    struct str bytes = str_of(chunk->bytes, chunk->have);
    uint64_t end = chunk->offset + chunk->len;
    if (chunk->offset > file->at)
        skip_bytes(file->tx, chunk->offset - file->at);
    else
        bytes = str_from(bytes, file->at - chunk->offset);
    if (end > file->at) {
        add_bytes(af, file->tx, bytes);
        skip_bytes(file->tx, chunk->len - chunk->have);
        file->at = end;
    }
    file->waiting = chunk->next;
    file->waiting_count--;
    side->waiting_bytes -= chunk->len;
    if (side->filling == chunk) {
        side->filling = NULL;
        side->data = 0;
    }
    budget_give(af->mem, chunk, sizeof *chunk + chunk->len);
}

static void flush(struct app_flow *af, struct nfs_file *file)
{
    while (file->waiting)
        take_chunk(af, file);
}

/* What follows without a hole, and has come whole. */
static void take_ready(struct app_flow *af, struct nfs_file *file)
{
    const struct nfs_side *side = &nfs_state_of(af)->sides[file->dir];
    while (file->waiting && file->waiting->offset <= file->at && file->waiting != side->filling)
        take_chunk(af, file);
}

/* Bytes of a read wait while a read of what stands in front is not answered; of both, where nobody depends on us to see
 * them in time. */
static bool may_wait(const struct nfs_message *m, const struct nfs_file *file, uint32_t bytes)
{
    uint64_t lowest;
    if (file->waiting_count >= NFS_WAITING_MAX ||
        bytes > NFS_WAITING_BYTES_MAX - nfs_state_of(m->af)->sides[file->dir].waiting_bytes)
        return false;
    return !m->af->conf->inline_mode ||
           (file->dir == DIR_TOCLIENT && nfs_read_lowest(m->af, &file->handle, &lowest) &&
            lowest <= file->at);
}

/* Keeps a piece that came too early. False: it cannot wait. */
static bool keep_piece(const struct nfs_message *m, struct nfs_file *file,
                       const struct nfs_piece *piece)
{
    struct nfs_side *side = &nfs_state_of(m->af)->sides[file->dir];
    if (!may_wait(m, file, piece->len))
        return false;
    struct nfs_chunk *chunk = budget_alloc(m->af->mem, sizeof *chunk + piece->len);
    if (!chunk)
        return false;
    chunk->offset = piece->offset;
    chunk->len = piece->len;
    chunk->have = (uint32_t)piece->bytes.len;
    if (piece->bytes.len)
        memcpy(chunk->bytes, piece->bytes.p, piece->bytes.len);
    struct nfs_chunk **at = &file->waiting;
    while (*at && (*at)->offset <= chunk->offset)
        at = &(*at)->next;
    chunk->next = *at;
    *at = chunk;
    file->waiting_count++;
    side->waiting_bytes += chunk->len;
    side->data = chunk->len - chunk->have;
    side->filling = side->data ? chunk : NULL;
    side->file = file;
    return true;
}

static void take_piece(struct app_flow *af, struct nfs_file *file, const struct nfs_piece *piece)
{
    struct nfs_side *side = &nfs_state_of(af)->sides[file->dir];
    struct str bytes = piece->bytes;
    uint64_t end = piece->offset + piece->len;
    if (piece->offset > file->at) {
        skip_bytes(file->tx, piece->offset - file->at);
    } else if (piece->offset < file->at) {
        /* what is new of it; where that is still to come, the whole piece is passed over */
        if (end <= file->at || bytes.len < piece->len)
            return;
        bytes = str_from(bytes, file->at - piece->offset);
    }
    add_bytes(af, file->tx, bytes);
    file->at = end;
    side->data = piece->len - (uint32_t)piece->bytes.len;
    side->file = file;
    if (!side->data)
        take_ready(af, file);
}

/* ---- files ---- */

struct nfs_file *nfs_file_find(const struct app_flow *af, const struct nfs_handle *handle,
                               enum dir dir)
{
    struct nfs_file *file = nfs_state_of(af)->files;
    while (file && (file->closing || file->dir != dir || !nfs_handle_same(&file->handle, handle)))
        file = file->next;
    return file;
}

static struct nfs_tx *begin_tx(struct app_flow *af, const struct nfs_call *call, enum dir dir)
{
    struct nfs_tx *nfs = nfs_begin(af, call);
    if (!nfs)
        return NULL;
    const struct app_conf *conf = af->conf;
    nfs->is_file = true;
    nfs->file_dir = dir;
    nfs_tell_handle(nfs, &call->handle);
    nfs_text(af, &nfs->name, nfs_name_of(af, &call->handle));
    nfs->body_conf = (struct body_conf){
        .limit_bytes = dir == DIR_TOSERVER ? conf->request_body_limit : conf->response_body_limit,
        .min_inspect_bytes = conf->inline_mode ? 0 : conf->body_min_inspect,
        .window_bytes = conf->body_window,
    };
    (void)file_open(af->files, af->mem, &nfs->tx, dir, nfs->name);
    app_progress(&nfs->tx, dir, 1);
    app_progress(&nfs->tx, dir_other(dir), dir == DIR_TOCLIENT ? TX_COMPLETE : 1);
    return nfs;
}

struct nfs_file *nfs_file_get(const struct nfs_message *m, const struct nfs_call *call,
                              uint64_t offset)
{
    struct nfs_state *state = nfs_state_of(m->af);
    struct nfs_file *file = nfs_file_find(m->af, &call->handle, m->dir);
    if (file)
        return file;
    if (state->file_count >= NFS_FILES_MAX) {
        for (file = state->files; file->next;)
            file = file->next;
        nfs_file_free(m->af, file, FILE_TRUNCATED);
    }
    file = budget_zalloc(m->af->mem, sizeof *file);
    if (!file)
        return NULL;
    file->tx = begin_tx(m->af, call, m->dir);
    if (!file->tx) {
        budget_give(m->af->mem, file, sizeof *file);
        return NULL;
    }
    file->dir = m->dir;
    file->handle = call->handle;
    /* who reads on from the middle began before we came */
    uint64_t lowest;
    if (m->af->conf->inline_mode)
        file->at = m->dir == DIR_TOCLIENT && nfs_read_lowest(m->af, &call->handle, &lowest) &&
                           lowest < offset
                       ? lowest
                       : offset;
    file->next = state->files;
    state->files = file;
    state->file_count++;
    return file;
}

void nfs_file_piece(const struct nfs_message *m, struct nfs_file *file,
                    const struct nfs_piece *piece)
{
    uint64_t end;
    if (__builtin_add_overflow(piece->offset, piece->len, &end))
        return;
    take_ready(m->af, file);
    if (piece->offset > file->at) {
        if (keep_piece(m, file, piece))
            return;
        flush(m->af, file); /* nobody waits for the hole any more */
    }
    take_piece(m->af, file, piece);
}

void nfs_file_free(struct app_flow *af, struct nfs_file *file, enum file_state file_state)
{
    struct nfs_state *state = nfs_state_of(af);
    struct nfs_side *side = &state->sides[file->dir];
    struct nfs_file **at = &state->files;
    struct nfs_tx *nfs = file->tx;
    while (*at != file)
        at = &(*at)->next;
    *at = file->next;
    state->file_count--;
    flush(af, file);
    if (side->file == file)
        side->file = NULL;
    if (nfs->tx.files && nfs->tx.files->state == FILE_OPEN)
        file_end(af->files, &nfs->tx, nfs->tx.files, file_state);
    body_end(&nfs->body);
    nfs->closed = true;
    app_progress(&nfs->tx, file->dir, TX_COMPLETE);
    /* of a write the reply is still to come */
    if (file->dir == DIR_TOCLIENT || file_state != FILE_CLOSED)
        nfs_complete(nfs);
    budget_give(af->mem, file, sizeof *file);
}

void nfs_file_close(struct app_flow *af, struct nfs_file *file)
{
    const struct nfs_side *side = &nfs_state_of(af)->sides[file->dir];
    if (side->file == file && side->data)
        file->closing = true;
    else
        nfs_file_free(af, file, FILE_CLOSED);
}

void nfs_file_more(struct app_flow *af, enum dir dir, struct str bytes)
{
    struct nfs_side *side = &nfs_state_of(af)->sides[dir];
    struct nfs_file *file = side->file;
    bool last = bytes.len == side->data;
    if (!file)
        return;
    if (side->filling) {
        memcpy(side->filling->bytes + side->filling->have, bytes.p, bytes.len);
        side->filling->have += (uint32_t)bytes.len;
    } else {
        add_bytes(af, file->tx, bytes);
    }
    if (!last)
        return;
    side->filling = NULL;
    take_ready(af, file);
    if (file->closing)
        nfs_file_free(af, file, FILE_CLOSED);
}

void nfs_file_missing(struct app_flow *af, enum dir dir, uint32_t bytes)
{
    struct nfs_side *side = &nfs_state_of(af)->sides[dir];
    struct nfs_file *file = side->file;
    if (!file)
        return;
    if (side->filling) { /* it ends here, and the rest is missing where it is handed on */
        side->filling = NULL;
        side->data = 0;
    } else {
        skip_bytes(file->tx, bytes);
    }
    if (file->closing && bytes >= side->data)
        nfs_file_free(af, file, FILE_CLOSED);
}

void nfs_files_end(struct app_flow *af, enum dir dir)
{
    struct nfs_file *next;
    for (struct nfs_file *file = nfs_state_of(af)->files; file; file = next) {
        next = file->next;
        if (file->dir == dir)
            nfs_file_free(af, file, FILE_TRUNCATED);
    }
}

bool nfs_piece_read(struct nfs_message *m, struct nfs_piece *piece)
{
    struct reader *r = &m->r;
    piece->len = reader_u32(r);
    if (r->bad || piece->len > m->whole_bytes - r->at)
        return false;
    size_t have = reader_left(r) < piece->len ? reader_left(r) : piece->len;
    piece->bytes = reader_str(r, have);
    return true;
}
