/* Bytes of files, and the calls in named pipes. */
#include "engine/app/smb/share.h"

/* ---- files ---- */

static struct smb_tx *begin_file(const struct smb_message *m, uint8_t version,
                                 struct smb_open *open, const struct smb_id *id)
{
    struct smb_tx *smb = smb_begin(m, version);
    if (!smb)
        return NULL;
    const struct smb_tree *tree = smb_tree_find(m->af, open ? open->tree_id : m->tree_id);
    smb->kind = SMB_FILE;
    smb->file_dir = m->dir;
    smb->fuid = *id;
    smb->has_fuid = true;
    if (open)
        smb_word(m->af, smb, SMB_FILENAME, open->name);
    if (tree)
        smb_word(m->af, smb, SMB_SHARE, tree->name);
    const struct app_conf *conf = m->af->conf;
    smb->body_conf = (struct body_conf){
        .limit_bytes = conf->request_body_limit,
        .min_inspect_bytes = conf->inline_mode ? 0 : conf->body_min_inspect,
        .window_bytes = conf->body_window,
    };
    (void)file_open(m->af->files, m->af->mem, &smb->tx, m->dir, open ? open->name : STR_EMPTY);
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

bool smb_file_piece(const struct smb_message *m, uint8_t version, const struct smb_piece *piece)
{
    struct smb_open *open = smb_open_find(m->af, &piece->id);
    struct smb_state *state = smb_state_of(m->af);
    /* a file whose opening was not seen is followed all the same */
    if (!open)
        open = smb_open_add(m->af, &piece->id);
    if (!open || open->is_pipe)
        return false;
    if (!open->files[m->dir]) {
        open->files[m->dir] = begin_file(m, version, open, &piece->id);
        open->at[m->dir] = piece->offset;
        open->any[m->dir] = true;
    }
    struct smb_tx *smb = open->files[m->dir];
    if (!smb)
        return true;
    if (m->is_answer) {
        smb->status = m->status;
        smb->has_status = true;
    }
    if (piece->offset > open->at[m->dir]) {
        uint64_t missing = piece->offset - open->at[m->dir];
        if (smb->tx.files)
            file_gap(smb->tx.files, missing > UINT32_MAX ? UINT32_MAX : (uint32_t)missing);
        body_gap(&smb->body, missing);
    } else if (piece->offset < open->at[m->dir]) {
        app_event(m->af, &smb->tx, SMB_FILE_OVERLAP);
        return true;
    }
    add_bytes(m->af, smb, piece->bytes);
    open->at[m->dir] = piece->offset + piece->len;
    state->data[m->dir] = piece->len - (uint32_t)piece->bytes.len;
    state->data_id[m->dir] = piece->id;
    return true;
}

void smb_file_more(struct app_flow *af, enum dir dir, struct str bytes)
{
    const struct smb_open *open = smb_open_find(af, &smb_state_of(af)->data_id[dir]);
    if (open && open->files[dir])
        add_bytes(af, open->files[dir], bytes);
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
        smb->fuid = open->id;
        smb->has_fuid = true;
    }
    return true;
}

/* The call of this number that waits in this pipe; the oldest first. */
static struct smb_tx *waiting_call(const struct app_flow *af, const struct smb_id *id,
                                   const struct rpc_head *head)
{
    for (struct tx *tx = af->first; tx; tx = tx->next) {
        struct smb_tx *smb = (struct smb_tx *)tx;
        if (smb->kind == SMB_CALL && smb->call.call_id == head->call_id &&
            !smb->call.done[RPC_ANSWERED] && smb->call.request != RPC_NONE &&
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
