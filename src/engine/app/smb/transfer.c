/* Bytes of files, and the calls in named pipes. */
#include "engine/app/smb/share.h"

/* ---- files ---- */

static struct smb_tx *begin_file(const struct smb_message *m, uint8_t version,
                                 struct smb_open *open, const struct smb_id *id)
{
    struct smb_tx *smb = smb_begin(m, version);
    if (!smb)
        return NULL;
    struct str name = open ? open->name : STR_EMPTY;
    uint32_t tree_id = open ? open->tree_id : m->tree_id;
    if (!name.len && version == 1)
        tree_id = m->tree_id;
    if (!name.len && (version == 1 || m->dir == DIR_TOCLIENT)) /* as Suricata has it */
        name = STR_LIT("<unknown>");
    const struct smb_tree *tree = smb_tree_find(m->af, tree_id);
    smb->kind = SMB_FILE;
    smb->file_dir = m->dir;
    smb->fuid = *id;
    smb->has_fuid = true;
    smb_word(m->af, smb, SMB_FILENAME, name);
    if (tree)
        smb_word(m->af, smb, SMB_SHARE, tree->name);
    const struct app_conf *conf = m->af->conf;
    smb->body_conf = (struct body_conf){
        .limit_bytes = conf->request_body_limit,
        .min_inspect_bytes = conf->inline_mode ? 0 : conf->body_min_inspect,
        .window_bytes = conf->body_window,
    };
    (void)file_open(m->af->files, m->af->mem, &smb->tx, m->dir, name);
    app_progress(&smb->tx, m->dir, 1);
    app_progress(&smb->tx, dir_other(m->dir), 1);
    return smb;
}

static void add_bytes(struct app_flow *af, struct smb_tx *smb, struct str bytes)
{
    if (!bytes.len)
        return;
    if (smb->tx.files)
        file_add(af->files, &smb->tx, smb->tx.files, bytes);
    body_add(&smb->body, &smb->body_conf, af->mem, bytes);
    app_progress(&smb->tx, smb->file_dir, 1);
}

static void skip_bytes(struct smb_tx *smb, uint64_t missing)
{
    if (!smb || !missing)
        return;
    if (smb->tx.files)
        file_gap(smb->tx.files, missing > UINT32_MAX ? UINT32_MAX : (uint32_t)missing);
    body_gap(&smb->body, missing);
}

/* The first chunk is handed on, with the hole in front of it. */
static void take_chunk(struct app_flow *af, struct smb_open *open, enum dir dir)
{
    struct smb_state *state = smb_state_of(af);
    struct smb_chunk *chunk = open->waiting[dir];
    struct smb_tx *smb = open->files[dir];
    struct str bytes = str_of(chunk->bytes, chunk->have);
    uint64_t end = chunk->offset + chunk->len;
    if (chunk->offset > open->at[dir])
        skip_bytes(smb, chunk->offset - open->at[dir]);
    else if (chunk->offset < open->at[dir])
        bytes = str_from(bytes, open->at[dir] - chunk->offset);
    if (smb && end > open->at[dir]) {
        add_bytes(af, smb, bytes);
        skip_bytes(smb, chunk->len - chunk->have);
    }
    if (end > open->at[dir])
        open->at[dir] = end;
    open->waiting[dir] = chunk->next;
    open->waiting_count[dir]--;
    state->waiting_bytes[dir] -= chunk->len;
    if (state->filling[dir] == chunk) {
        state->filling[dir] = NULL;
        state->data[dir] = 0;
    }
    budget_give(af->mem, chunk, sizeof *chunk + chunk->len);
}

void smb_file_flush(struct app_flow *af, struct smb_open *open, enum dir dir)
{
    while (open->waiting[dir])
        take_chunk(af, open, dir);
}

/* What follows without a hole. */
static void take_ready(struct app_flow *af, struct smb_open *open, enum dir dir)
{
    while (open->waiting[dir] && open->waiting[dir]->offset <= open->at[dir])
        take_chunk(af, open, dir);
}

/* May it wait for what stands in front of it? Bytes of a read do while a read of these is not answered; of a write, where
 * nobody depends on us to see them in time. */
static bool may_wait(const struct smb_message *m, const struct smb_open *open)
{
    uint64_t lowest;
    if (m->is_answer)
        return smb_read_lowest(m->af, &open->id, &lowest) && lowest <= open->at[m->dir];
    return !m->af->conf->inline_mode;
}

/* Within the limits; else the event says which was passed. */
static bool has_room(const struct smb_message *m, struct smb_open *open, uint32_t bytes)
{
    const struct app_conf *conf = m->af->conf;
    bool read = m->is_answer;
    uint32_t size = read ? conf->smb_read_queue_bytes : conf->smb_write_queue_bytes;
    uint32_t count = read ? conf->smb_read_queue_count : conf->smb_write_queue_count;
    if (size > SMB_WAITING_BYTES_MAX)
        size = SMB_WAITING_BYTES_MAX;
    if (open->waiting_count[m->dir] >= count) {
        smb_event(m, open->files[m->dir],
                  read ? SMB_READ_QUEUE_CNT_EXCEEDED : SMB_WRITE_QUEUE_CNT_EXCEEDED);
        return false;
    }
    if (bytes > size - (smb_state_of(m->af)->waiting_bytes[m->dir] < size
                            ? smb_state_of(m->af)->waiting_bytes[m->dir]
                            : size)) {
        smb_event(m, open->files[m->dir],
                  read ? SMB_READ_QUEUE_SIZE_EXCEEDED : SMB_WRITE_QUEUE_SIZE_EXCEEDED);
        return false;
    }
    return true;
}

/* Keeps a piece that came too early. False: it cannot wait. */
static bool keep_piece(const struct smb_message *m, struct smb_open *open,
                       const struct smb_piece *piece)
{
    struct smb_state *state = smb_state_of(m->af);
    enum dir dir = m->dir;
    if (!may_wait(m, open) || !has_room(m, open, piece->len))
        return false;
    struct smb_chunk *chunk = budget_alloc(m->af->mem, sizeof *chunk + piece->len);
    if (!chunk)
        return false;
    chunk->offset = piece->offset;
    chunk->len = piece->len;
    chunk->have = (uint32_t)piece->bytes.len;
    if (piece->bytes.len)
        memcpy(chunk->bytes, piece->bytes.p, piece->bytes.len);
    struct smb_chunk **at = &open->waiting[dir];
    while (*at && (*at)->offset <= chunk->offset)
        at = &(*at)->next;
    chunk->next = *at;
    *at = chunk;
    open->waiting_count[dir]++;
    state->waiting_bytes[dir] += chunk->len;
    state->data[dir] = chunk->len - chunk->have;
    state->data_id[dir] = open->id;
    state->filling[dir] = chunk;
    return true;
}

static void take_piece(const struct smb_message *m, struct smb_open *open,
                       const struct smb_piece *piece)
{
    struct smb_state *state = smb_state_of(m->af);
    enum dir dir = m->dir;
    struct smb_tx *smb = open->files[dir];
    struct str bytes = piece->bytes;
    uint64_t end = piece->offset + piece->len;
    if (piece->offset > open->at[dir]) {
        skip_bytes(smb, piece->offset - open->at[dir]);
    } else if (piece->offset < open->at[dir]) {
        app_event(m->af, &smb->tx, SMB_FILE_OVERLAP);
        /* what is new of it; where that is still to come, the whole piece is passed over */
        if (end <= open->at[dir] || bytes.len < piece->len)
            return;
        bytes = str_from(bytes, open->at[dir] - piece->offset);
    }
    add_bytes(m->af, smb, bytes);
    open->at[dir] = end;
    state->data[dir] = piece->len - (uint32_t)piece->bytes.len;
    state->data_id[dir] = piece->id;
    if (!state->data[dir])
        take_ready(m->af, open, dir);
}

/* What was asked for before it may still come. */
static uint64_t begin_at(const struct smb_message *m, const struct smb_open *open,
                         const struct smb_piece *piece)
{
    uint64_t lowest;
    if (m->is_answer && smb_read_lowest(m->af, &open->id, &lowest) && lowest < piece->offset)
        return lowest;
    return piece->offset;
}

bool smb_file_piece(const struct smb_message *m, uint8_t version, const struct smb_piece *piece)
{
    struct smb_open *open = smb_open_find(m->af, &piece->id);
    enum dir dir = m->dir;
    uint64_t end;
    /* a file whose opening was not seen is followed all the same */
    if (!open)
        open = smb_open_add(m->af, &piece->id);
    if (!open || open->is_rpc || (open->is_pipe && !m->is_answer) ||
        __builtin_add_overflow(piece->offset, piece->len, &end))
        return false;
    struct smb_piece in_pipe = *piece; /* a pipe's bytes have no place of their own */
    if (open->is_pipe) {
        in_pipe.offset = open->at[dir];
        piece = &in_pipe;
    }
    if (!open->files[dir]) {
        open->files[dir] = begin_file(m, version, open, &piece->id);
        if (!open->waiting[dir])
            open->at[dir] = begin_at(m, open, piece);
    }
    struct smb_tx *smb = open->files[dir];
    if (!smb)
        return true;
    if (m->is_answer) {
        smb->status = m->status;
        smb->has_status = true;
    } else {
        smb_access_add(m, dir, piece->offset, &piece->id);
    }
    take_ready(m->af, open, dir);
    if (piece->offset > open->at[dir]) {
        if (keep_piece(m, open, piece))
            return true;
        smb_file_flush(m->af, open, dir); /* nobody waits for the hole any more */
    }
    take_piece(m, open, piece);
    return true;
}

bool smb_write_answered(const struct smb_message *m)
{
    struct smb_access write;
    if (!smb_access_take(m, DIR_TOSERVER, &write))
        return false;
    struct smb_open *open = smb_open_find(m->af, &write.id);
    struct smb_tx *smb = open ? open->files[DIR_TOSERVER] : NULL;
    if (smb) {
        smb->status = m->status;
        smb->has_status = true;
    }
    return true;
}

void smb_file_more(struct app_flow *af, enum dir dir, struct str bytes)
{
    struct smb_state *state = smb_state_of(af);
    struct smb_chunk *chunk = state->filling[dir];
    if (chunk) {
        struct str some = str_cut(bytes, 0, chunk->len - chunk->have);
        memcpy(chunk->bytes + chunk->have, some.p, some.len);
        chunk->have += (uint32_t)some.len;
        return;
    }
    struct smb_open *open = smb_open_find(af, &state->data_id[dir]);
    if (!open)
        return;
    if (open->files[dir])
        add_bytes(af, open->files[dir], bytes);
    if (bytes.len == state->data[dir])
        take_ready(af, open, dir);
}

void smb_file_missing(struct app_flow *af, enum dir dir, uint32_t bytes)
{
    struct smb_state *state = smb_state_of(af);
    const struct smb_open *open = smb_open_find(af, &state->data_id[dir]);
    if (state->filling[dir]) { /* it ends here, and the rest is missing where it is handed on */
        state->filling[dir] = NULL;
        state->data[dir] = 0;
    } else if (open) {
        skip_bytes(open->files[dir], bytes);
    }
}

void smb_note_size(const struct smb_message *m, bool is_read, uint32_t bytes)
{
    const struct smb_state *state = smb_state_of(m->af);
    uint32_t limit = is_read ? m->af->conf->smb_read_max : m->af->conf->smb_write_max;
    uint32_t agreed = is_read ? state->max_read : state->max_write;
    if ((!limit || bytes <= limit) && (!agreed || bytes <= agreed))
        return;
    smb_event(m, NULL,
              !is_read       ? SMB_WRITE_REQUEST_TOO_LARGE
              : m->is_answer ? SMB_READ_RESPONSE_TOO_LARGE
                             : SMB_READ_REQUEST_TOO_LARGE);
}

/* ---- pipes ---- */

#define ANSWER_HEAD_BYTES 8 /* in front of an answer's stub: hint, context, cancel count */

static void take_call(const struct smb_message *m, struct smb_tx *smb, struct smb_open *open,
                      const struct rpc_head *head, struct str unit)
{
    struct rpc_bindings none = {0};
    if (!rpc_call_take(&smb->call, open ? &open->bindings : &none, m->af->mem, head, unit))
        app_event(m->af, &smb->tx, SMB_MALFORMED_DATA);
    rpc_bindings_fini(&none, m->af->mem);
}

bool smb_pipe_asks(const struct smb_message *m, struct smb_tx *smb, struct smb_open *open,
                   struct str bytes)
{
    struct rpc_head head;
    if (!rpc_read_head(bytes, &head) || rpc_type_answers(head.type))
        return false;
    if (smb->kind != SMB_CALL)
        rpc_call_init(&smb->call, &head);
    smb->kind = SMB_CALL;
    smb->call.answer_head_bytes = ANSWER_HEAD_BYTES;
    take_call(m, smb, open, &head, bytes);
    if (open) {
        open->is_rpc = true;
        smb->fuid = open->id;
        smb->has_fuid = true;
    }
    return true;
}

/* The call of this number that waits in this pipe; the oldest first. What ends a logon (AUTH3) has the number of the call behind it, and is
 * never answered. */
static struct smb_tx *waiting_call(const struct app_flow *af, const struct smb_id *id,
                                   const struct rpc_head *head)
{
    for (struct tx *tx = af->first; tx; tx = tx->next) {
        struct smb_tx *smb = (struct smb_tx *)tx;
        if (smb_call_waits(smb) && smb->call.call_id == head->call_id &&
            (!smb->has_fuid ||
             (smb->fuid.len == id->len && memcmp(smb->fuid.bytes, id->bytes, id->len) == 0)))
            return smb;
    }
    return NULL;
}

bool smb_pipe_answers(const struct smb_message *m, struct smb_open *open, const struct smb_id *id,
                      struct str bytes)
{
    struct rpc_head head;
    if (!rpc_read_head(bytes, &head) || !rpc_type_answers(head.type))
        return false;
    struct smb_tx *smb = waiting_call(m->af, id, &head);
    if (!smb)
        return true;
    take_call(m, smb, open, &head, bytes);
    if (smb->call.done[RPC_ANSWERED])
        smb_complete(smb);
    return true;
}
