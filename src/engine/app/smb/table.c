/* Transactions, trees, opens, reads and writes of a connection. Lists are short and bounded; the oldest makes room. */
#include "engine/app/smb/share.h"

struct smb_tx *smb_begin(const struct smb_message *m, uint8_t version)
{
    struct smb_tx *smb = (struct smb_tx *)app_tx_new(m->af, DIR_BOTH);
    if (!smb)
        return NULL;
    smb->version = version;
    smb->command = m->command;
    smb->session_id = m->session_id;
    smb->message_id = m->message_id;
    smb->tree_id = m->tree_id;
    smb->asked_in = smb_state_of(m->af)->asked;
    smb->dialect = smb_state_of(m->af)->dialect;
    return smb;
}

struct smb_tx *smb_find(const struct smb_message *m, uint8_t version)
{
    for (struct tx *tx = m->af->first; tx; tx = tx->next) {
        struct smb_tx *smb = (struct smb_tx *)tx;
        if (!smb->ended && !smb->has_status && smb->kind != SMB_FILE && smb->version == version &&
            smb->message_id == m->message_id && smb->command == m->command)
            return smb;
    }
    return NULL;
}

struct smb_tx *smb_find_negotiate(const struct smb_message *m)
{
    for (struct tx *tx = m->af->first; tx; tx = tx->next) {
        struct smb_tx *smb = (struct smb_tx *)tx;
        if (!smb->ended && smb->kind == SMB_NEGOTIATE && smb->version == 1)
            return smb;
    }
    return NULL;
}

void smb_asked(struct smb_tx *smb, enum dir dir)
{
    /* whether it is a pipe, only the answer says; until then it is a share */
    if (smb->kind == SMB_TREE) {
        app_progress(&smb->tx, dir, 1);
        return;
    }
    app_progress(&smb->tx, dir, TX_COMPLETE);
    app_progress(&smb->tx, dir_other(dir), 1);
}

void smb_complete(struct smb_tx *smb)
{
    smb->ended = true;
    app_progress(&smb->tx, DIR_TOSERVER, TX_COMPLETE);
    app_progress(&smb->tx, DIR_TOCLIENT, TX_COMPLETE);
}

void smb_event(const struct smb_message *m, struct smb_tx *smb, enum smb_event event)
{
    app_event(m->af, smb ? &smb->tx : m->af->last, event);
}

bool smb_right_way(const struct smb_message *m)
{
    if (m->is_answer == (m->dir == DIR_TOCLIENT))
        return true;
    smb_event(m, NULL, m->is_answer ? SMB_RESPONSE_TO_SERVER : SMB_REQUEST_TO_CLIENT);
    return false;
}

void smb_note_negotiate(const struct smb_message *m, struct smb_tx *smb)
{
    uint8_t *seen = &smb_state_of(m->af)->negotiated, bit = (uint8_t)(1u << smb->version);
    if (*seen & bit)
        smb_event(m, smb, SMB_DUPLICATE_NEGOTIATE);
    *seen |= bit;
}

void smb_end_unanswered(const struct smb_message *m)
{
    for (struct tx *tx = m->af->first; m->answers && tx; tx = tx->next) {
        struct smb_tx *smb = (struct smb_tx *)tx;
        if (!smb->ended && !smb->has_status && smb->kind != SMB_FILE && smb->version == 1 &&
            smb->asked_in == m->answers)
            smb_complete(smb);
    }
}

static void text_give(struct budget *mem, struct str *text)
{
    /* it was taken from the budget by text_keep, and is ours to give back */
    budget_give(mem, (void *)(uintptr_t)text->p, text->len);
    *text = STR_EMPTY;
}

static void text_keep(struct budget *mem, struct str *to, struct str text)
{
    text_give(mem, to);
    uint8_t *p = text.len ? budget_alloc(mem, text.len) : NULL;
    if (!p)
        return;
    memcpy(p, text.p, text.len);
    *to = str_of(p, text.len);
}

void smb_word(struct app_flow *af, struct smb_tx *smb, enum smb_word word, struct str text)
{
    text_keep(af->mem, &smb->words[word], str_cut(text, 0, SMB_TEXT_MAX));
}

void smb_word_wide(struct app_flow *af, struct smb_tx *smb, enum smb_word word, struct str text,
                   bool wide)
{
    uint8_t room[SMB_TEXT_MAX];
    struct buf b = buf_fixed(room, sizeof room);
    ntlm_text(text, wide, &b);
    smb_word(af, smb, word, buf_str(&b));
}

/* ---- trees ---- */

static void tree_free(struct app_flow *af, struct smb_tree **at)
{
    struct smb_tree *tree = *at;
    *at = tree->next;
    text_give(af->mem, &tree->name);
    budget_give(af->mem, tree, sizeof *tree);
    smb_state_of(af)->tree_count--;
}

void smb_tree_add(struct app_flow *af, uint32_t id, struct str name, bool is_pipe)
{
    struct smb_state *state = af->state;
    for (struct smb_tree **at = &state->trees; *at;) {
        if ((*at)->id == id || (!(*at)->next && state->tree_count >= SMB_TREES_MAX))
            tree_free(af, at);
        else
            at = &(*at)->next;
    }
    struct smb_tree *tree = budget_zalloc(af->mem, sizeof *tree);
    if (!tree)
        return;
    tree->id = id;
    tree->is_pipe = is_pipe;
    text_keep(af->mem, &tree->name, name);
    tree->next = state->trees;
    state->trees = tree;
    state->tree_count++;
}

const struct smb_tree *smb_tree_find(const struct app_flow *af, uint32_t id)
{
    const struct smb_tree *tree = smb_state_of(af)->trees;
    while (tree && tree->id != id)
        tree = tree->next;
    return tree;
}

/* ---- opens ---- */

static bool same_id(const struct smb_id *a, const struct smb_id *b)
{
    return a->len == b->len && memcmp(a->bytes, b->bytes, a->len) == 0;
}

static void end_file(struct app_flow *af, struct smb_tx *smb, enum file_state file_state)
{
    if (smb->tx.files && smb->tx.files->state == FILE_OPEN)
        file_end(af->files, &smb->tx, smb->tx.files, file_state);
    body_end(&smb->body);
    smb_complete(smb);
}

static void open_free(struct app_flow *af, struct smb_open **at, enum file_state file_state)
{
    struct smb_open *open = *at;
    *at = open->next;
    for (enum dir dir = 0; dir < DIR_COUNT; dir++) {
        smb_file_flush(af, open, dir);
        if (open->files[dir])
            end_file(af, open->files[dir], file_state);
    }
    text_give(af->mem, &open->name);
    rpc_bindings_fini(&open->bindings, af->mem);
    budget_give(af->mem, open, sizeof *open);
    smb_state_of(af)->open_count--;
}

struct smb_open *smb_open_add(struct app_flow *af, const struct smb_id *id)
{
    struct smb_state *state = af->state;
    smb_open_close(af, id);
    if (state->open_count >= SMB_OPENS_MAX) {
        struct smb_open **at = &state->opens;
        while ((*at)->next)
            at = &(*at)->next;
        open_free(af, at, FILE_TRUNCATED);
    }
    struct smb_open *open = budget_zalloc(af->mem, sizeof *open);
    if (!open)
        return NULL;
    open->id = *id;
    open->next = state->opens;
    state->opens = open;
    state->open_count++;
    return open;
}

struct smb_open *smb_open_find(const struct app_flow *af, const struct smb_id *id)
{
    struct smb_open *open = smb_state_of(af)->opens;
    while (open && !same_id(&open->id, id))
        open = open->next;
    return open;
}

void smb_open_name(struct app_flow *af, struct smb_open *open, struct str name)
{
    text_keep(af->mem, &open->name, name);
}

void smb_open_close(struct app_flow *af, const struct smb_id *id)
{
    for (struct smb_open **at = &smb_state_of(af)->opens; *at; at = &(*at)->next)
        if (same_id(&(*at)->id, id)) {
            open_free(af, at, FILE_CLOSED);
            return;
        }
}

/* ---- reads and writes on their way ---- */

static void access_free(struct app_flow *af, struct smb_access **at)
{
    struct smb_access *one = *at;
    *at = one->next;
    budget_give(af->mem, one, sizeof *one);
    smb_state_of(af)->access_count--;
}

void smb_access_add(const struct smb_message *m, enum dir dir, uint64_t offset,
                    const struct smb_id *id)
{
    struct smb_state *state = smb_state_of(m->af);
    if (state->access_count >= SMB_ACCESSES_MAX) {
        struct smb_access **at = &state->accesses;
        while ((*at)->next)
            at = &(*at)->next;
        access_free(m->af, at);
    }
    struct smb_access *one = budget_alloc(m->af->mem, sizeof *one);
    if (!one)
        return;
    *one = (struct smb_access){state->accesses, dir, m->message_id, offset, *id};
    state->accesses = one;
    state->access_count++;
}

bool smb_access_take(const struct smb_message *m, enum dir dir, struct smb_access *out)
{
    struct smb_state *state = smb_state_of(m->af);
    for (struct smb_access **at = &state->accesses; *at; at = &(*at)->next)
        if ((*at)->message_id == m->message_id && (*at)->dir == dir) {
            *out = **at;
            access_free(m->af, at);
            return true;
        }
    return false;
}

bool smb_read_lowest(const struct app_flow *af, const struct smb_id *id, uint64_t *offset)
{
    bool found = false;
    for (const struct smb_access *one = smb_state_of(af)->accesses; one; one = one->next)
        if (one->dir == DIR_TOCLIENT && same_id(&one->id, id) &&
            (!found || one->offset < *offset)) {
            *offset = one->offset;
            found = true;
        }
    return found;
}

void smb_tables_fini(struct app_flow *af)
{
    struct smb_state *state = af->state;
    smb1_gather_drop(af);
    while (state->trees)
        tree_free(af, &state->trees);
    while (state->opens)
        open_free(af, &state->opens, FILE_TRUNCATED);
    while (state->accesses)
        access_free(af, &state->accesses);
}

/* No open hands bytes to it any more. */
static void let_go(struct app_flow *af, const struct smb_tx *smb)
{
    for (struct smb_open *open = smb_state_of(af)->opens; open; open = open->next)
        for (size_t dir = 0; dir < DIR_COUNT; dir++)
            if (open->files[dir] == smb)
                open->files[dir] = NULL;
}

bool smb_give_up(struct app_flow *af)
{
    struct tx *tx = af->first;
    while (tx && ((struct smb_tx *)tx)->ended)
        tx = tx->next;
    if (!tx)
        return false;
    struct smb_tx *smb = (struct smb_tx *)tx;
    app_event(af, tx, SMB_TOO_MANY_TRANSACTIONS);
    let_go(af, smb);
    end_file(af, smb, FILE_TRUNCATED);
    return true;
}

void smb_tx_free(struct app_flow *af, struct tx *tx)
{
    struct smb_tx *smb = (struct smb_tx *)tx;
    let_go(af, smb);
    for (size_t i = 0; i < SMB_WORDS; i++)
        text_give(af->mem, &smb->words[i]);
    rpc_call_fini(&smb->call, af->mem);
    body_fini(&smb->body, af->mem);
}
