/* Transactions, waiting calls and names of a connection. Lists are short and bounded; the oldest makes room. */
#include "engine/app/nfs/message.h"

#include <zlib.h>

/* ---- handles ---- */

void nfs_handle_set(struct nfs_handle *out, struct str bytes)
{
    bytes = str_cut(bytes, 0, NFS_HANDLE_MAX);
    out->len = (uint8_t)bytes.len;
    if (bytes.len)
        memcpy(out->bytes, bytes.p, bytes.len);
    out->crc = (uint32_t)crc32(crc32(0, NULL, 0), bytes.p, (uInt)bytes.len);
}

bool nfs_handle_read(struct reader *r, struct nfs_handle *out)
{
    nfs_handle_set(out, onc_read_opaque(r, NFS_HANDLE_MAX));
    return !r->bad;
}

bool nfs_handle_same(const struct nfs_handle *a, const struct nfs_handle *b)
{
    return a->crc == b->crc && a->len == b->len && memcmp(a->bytes, b->bytes, a->len) == 0;
}

/* ---- texts ---- */

static void text_give(struct budget *mem, struct str *text)
{
    /* it was taken from the budget by nfs_text, and is ours to give back */
    budget_give(mem, (void *)(uintptr_t)text->p, text->len);
    *text = STR_EMPTY;
}

void nfs_text(struct app_flow *af, struct str *to, struct str text)
{
    text = str_cut(text, 0, NFS_NAME_MAX);
    text_give(af->mem, to);
    uint8_t *p = text.len ? budget_alloc(af->mem, text.len) : NULL;
    if (!p)
        return;
    memcpy(p, text.p, text.len);
    *to = str_of(p, text.len);
}

/* ---- transactions ---- */

struct nfs_tx *nfs_begin(struct app_flow *af, const struct nfs_call *call)
{
    struct nfs_tx *nfs = (struct nfs_tx *)app_tx_new(af, DIR_BOTH);
    if (!nfs)
        return NULL;
    nfs->xid = call->xid;
    nfs->version = call->version;
    nfs->procedure = call->procedure;
    nfs->auth = call->auth;
    nfs->uid = call->uid;
    nfs->gid = call->gid;
    nfs_text(af, &nfs->machine, call->machine);
    return nfs;
}

void nfs_complete(struct nfs_tx *nfs)
{
    nfs->ended = true;
    app_progress(&nfs->tx, DIR_TOSERVER, TX_COMPLETE);
    app_progress(&nfs->tx, DIR_TOCLIENT, TX_COMPLETE);
}

void nfs_tell_handle(struct nfs_tx *nfs, const struct nfs_handle *handle)
{
    nfs->crc = handle->crc;
    nfs->has_handle = true;
}

static void end_tx(struct app_flow *af, struct nfs_tx *nfs, enum file_state state)
{
    struct nfs_file *file = nfs_state_of(af)->files;
    while (file && file->tx != nfs)
        file = file->next;
    if (file)
        nfs_file_free(af, file, state);
    nfs_complete(nfs);
}

bool nfs_give_up(struct app_flow *af)
{
    struct tx *tx = af->first;
    while (tx && nfs_tx_of(tx)->ended)
        tx = tx->next;
    if (!tx)
        return false;
    app_event(af, tx, NFS_TOO_MANY_TRANSACTIONS);
    end_tx(af, (struct nfs_tx *)tx, FILE_TRUNCATED);
    return true;
}

void nfs_tx_free(struct app_flow *af, struct tx *tx)
{
    struct nfs_tx *nfs = (struct nfs_tx *)tx;
    end_tx(af, nfs, FILE_TRUNCATED);
    for (struct nfs_call *call = nfs_state_of(af)->calls; call; call = call->next)
        if (call->tx == nfs)
            call->tx = NULL;
    text_give(af->mem, &nfs->name);
    text_give(af->mem, &nfs->to);
    text_give(af->mem, &nfs->machine);
    body_fini(&nfs->body, af->mem);
}

/* ---- calls ---- */

static void call_free(struct app_flow *af, struct nfs_call **at)
{
    struct nfs_call *call = *at;
    *at = call->next;
    text_give(af->mem, &call->name);
    text_give(af->mem, &call->machine);
    budget_give(af->mem, call, sizeof *call);
    nfs_state_of(af)->call_count--;
}

struct nfs_call *nfs_call_add(const struct nfs_message *m)
{
    struct nfs_state *state = nfs_state_of(m->af);
    if (state->call_count >= NFS_CALLS_MAX) {
        struct nfs_call **at = &state->calls;
        while ((*at)->next)
            at = &(*at)->next;
        call_free(m->af, at);
    }
    struct nfs_call *call = budget_zalloc(m->af->mem, sizeof *call);
    if (!call)
        return NULL;
    call->xid = m->call.xid;
    call->version = (uint8_t)m->call.version;
    call->procedure = m->call.procedure;
    call->auth = m->call.auth;
    call->uid = m->call.uid;
    call->gid = m->call.gid;
    nfs_text(m->af, &call->machine, m->call.machine);
    call->next = state->calls;
    state->calls = call;
    state->call_count++;
    return call;
}

struct nfs_call *nfs_call_find(const struct app_flow *af, uint32_t xid)
{
    struct nfs_call *call = nfs_state_of(af)->calls;
    while (call && call->xid != xid)
        call = call->next;
    return call;
}

void nfs_call_drop(struct app_flow *af, struct nfs_call *call)
{
    struct nfs_call **at = &nfs_state_of(af)->calls;
    while (*at != call)
        at = &(*at)->next;
    call_free(af, at);
}

bool nfs_read_lowest(const struct app_flow *af, const struct nfs_handle *handle, uint64_t *offset)
{
    bool found = false;
    for (const struct nfs_call *call = nfs_state_of(af)->calls; call; call = call->next) {
        uint32_t read = call->version == 4 ? (uint32_t)NFS4_READ : (uint32_t)NFS3_READ;
        if (call->procedure == read && nfs_handle_same(&call->handle, handle) &&
            (!found || call->offset < *offset)) {
            *offset = call->offset;
            found = true;
        }
    }
    return found;
}

/* ---- names ---- */

static void name_free(struct app_flow *af, struct nfs_name **at)
{
    struct nfs_name *name = *at;
    *at = name->next;
    text_give(af->mem, &name->text);
    budget_give(af->mem, name, sizeof *name);
    nfs_state_of(af)->name_count--;
}

void nfs_name_set(struct app_flow *af, const struct nfs_handle *handle, struct str text)
{
    struct nfs_state *state = nfs_state_of(af);
    if (!handle->len || !text.len)
        return;
    for (struct nfs_name **at = &state->names; *at;) {
        bool same = nfs_handle_same(&(*at)->handle, handle);
        if (same && str_eq((*at)->text, text))
            return;
        if (same || (!(*at)->next && state->name_count >= NFS_NAMES_MAX))
            name_free(af, at);
        else
            at = &(*at)->next;
    }
    struct nfs_name *name = budget_zalloc(af->mem, sizeof *name);
    if (!name)
        return;
    name->handle = *handle;
    nfs_text(af, &name->text, text);
    name->next = state->names;
    state->names = name;
    state->name_count++;
}

struct str nfs_name_of(const struct app_flow *af, const struct nfs_handle *handle)
{
    const struct nfs_name *name = nfs_state_of(af)->names;
    while (name && !nfs_handle_same(&name->handle, handle))
        name = name->next;
    return name ? name->text : STR_EMPTY;
}

void nfs_tables_fini(struct app_flow *af)
{
    struct nfs_state *state = nfs_state_of(af);
    while (state->files)
        nfs_file_free(af, state->files, FILE_TRUNCATED);
    while (state->calls)
        call_free(af, &state->calls);
    while (state->names)
        name_free(af, &state->names);
}
