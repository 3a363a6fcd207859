/* Version 4: several operations in one call. Each is stepped over as RFC 7530, 16 and RFC 8881, 18 lay it out; behind one that
 * is not known here nothing more is read. */
#include "engine/app/nfs/message.h"

#define STATE_ID_BYTES 16
#define CHANGE_BYTES 20 /* change_info4 */
#define TAG_MAX 1024
#define OWNER_MAX 1024
#define BITMAP_WORDS_MAX 8
#define ATTRIBUTES_MAX 65536

enum op {
    OP_ACCESS = 3,
    OP_CLOSE = 4,
    OP_COMMIT = 5,
    OP_CREATE = 6,
    OP_GETATTR = 9,
    OP_GETFH = 10,
    OP_LINK = 11,
    OP_LOOKUP = 15,
    OP_LOOKUPP = 16,
    OP_OPEN = 18,
    OP_OPEN_CONFIRM = 20,
    OP_OPEN_DOWNGRADE = 21,
    OP_PUTFH = 22,
    OP_PUTPUBFH = 23,
    OP_PUTROOTFH = 24,
    OP_READ = 25,
    OP_READLINK = 27,
    OP_REMOVE = 28,
    OP_RENAME = 29,
    OP_RENEW = 30,
    OP_RESTOREFH = 31,
    OP_SAVEFH = 32,
    OP_SETATTR = 34,
    OP_WRITE = 38,
    OP_SEQUENCE = 53,
};

/* The compound in hand. */
struct compound {
    struct nfs_message *m;
    struct nfs_call *call;
    struct nfs_handle handle, saved; /* current ones; len 0: not known */
    bool too_long;
};

static struct str read_name(struct reader *r)
{
    return onc_read_opaque(r, NFS_TEXT_MAX);
}

static void skip_bitmap(struct reader *r)
{
    uint32_t words = reader_u32(r);
    if (words > BITMAP_WORDS_MAX)
        r->bad = true;
    else
        reader_skip(r, 4 * (size_t)words);
}

static void skip_attributes(struct reader *r)
{
    skip_bitmap(r);
    onc_read_opaque(r, ATTRIBUTES_MAX);
}

/* ---- what is asked ---- */

static void begin(struct compound *c, uint32_t op)
{
    struct nfs_call *call = c->call;
    if (call->tx)
        return;
    call->procedure = op;
    call->tx = nfs_begin(c->m->af, call);
}

static bool ask_name(struct compound *c)
{
    nfs_text(c->m->af, &c->call->name, read_name(&c->m->r));
    c->handle.len = 0;
    return true;
}

static bool ask_open(struct compound *c)
{
    struct reader *r = &c->m->r;
    reader_skip(r, 4 + 4 + 4 + 8); /* number, access, deny, client */
    onc_read_opaque(r, OWNER_MAX);
    if (reader_u32(r) == 1) { /* it may be made */
        uint32_t how = reader_u32(r);
        if (how == 2 || how == 3)
            reader_skip(r, 8); /* verifier */
        if (how != 2)
            skip_attributes(r);
    }
    uint32_t claim = reader_u32(r);
    if (claim == 0)
        return ask_name(c);
    return claim == 4; /* by the current handle */
}

static bool ask_create(struct compound *c)
{
    struct reader *r = &c->m->r;
    uint32_t type = reader_u32(r);
    if (type == 5)
        read_name(r); /* what the link points to */
    else if (type == 3 || type == 4)
        reader_skip(r, 8); /* numbers of the device */
    struct str name = read_name(r);
    skip_attributes(r);
    begin(c, NFS4_CREATE);
    if (c->call->tx) {
        nfs_text(c->m->af, &c->call->tx->name, name);
        if (c->handle.len)
            nfs_tell_handle(c->call->tx, &c->handle);
    }
    nfs_text(c->m->af, &c->call->name, name);
    c->handle.len = 0;
    return true;
}

static bool ask_remove(struct compound *c)
{
    struct str name = read_name(&c->m->r);
    begin(c, NFS4_REMOVE);
    if (c->call->tx)
        nfs_text(c->m->af, &c->call->tx->name, name);
    return true;
}

static bool ask_rename(struct compound *c)
{
    read_name(&c->m->r);
    read_name(&c->m->r);
    return true;
}

static bool ask_read(struct compound *c)
{
    struct reader *r = &c->m->r;
    reader_skip(r, STATE_ID_BYTES);
    uint64_t offset = reader_u64(r);
    reader_u32(r);
    if (c->call->procedure == NFS4_COMPOUND) { /* of several the first */
        c->call->procedure = NFS4_READ;
        c->call->handle = c->handle;
        c->call->offset = offset;
    }
    return true;
}

static bool ask_write(struct compound *c)
{
    struct nfs_piece piece;
    struct reader *r = &c->m->r;
    reader_skip(r, STATE_ID_BYTES);
    piece.offset = reader_u64(r);
    uint32_t stable = reader_u32(r);
    if (!nfs_piece_read(c->m, &piece)) {
        r->bad = true;
        return false;
    }
    c->too_long = piece.bytes.len < piece.len;
    if (!c->too_long)
        reader_skip(r, -piece.len & 3);
    c->call->procedure = NFS4_WRITE;
    c->call->handle = c->handle;
    nfs_took_write(c->m, c->call, &piece, stable >= 2);
    return !c->too_long;
}

static bool ask_commit(struct compound *c)
{
    reader_skip(&c->m->r, 12);
    c->call->handle = c->handle;
    nfs_took_close(c->m, c->call, NFS4_COMMIT);
    return true;
}

static bool ask_close(struct compound *c)
{
    struct nfs_file *file = nfs_file_find(c->m->af, &c->handle, DIR_TOCLIENT);
    reader_skip(&c->m->r, 4 + STATE_ID_BYTES);
    if (file)
        nfs_file_close(c->m->af, file);
    c->call->handle = c->handle;
    nfs_took_close(c->m, c->call, NFS4_CLOSE);
    return true;
}

static bool ask_handle(struct compound *c)
{
    nfs_handle_read(&c->m->r, &c->handle);
    return true;
}

static bool forget_handle(struct compound *c)
{
    c->handle.len = 0;
    return true;
}

static bool save_handle(struct compound *c)
{
    c->saved = c->handle;
    return true;
}

static bool restore_handle(struct compound *c)
{
    c->handle = c->saved;
    return true;
}

/* ---- what is answered ---- */

static bool answer_handle(struct compound *c)
{
    struct nfs_handle handle;
    if (nfs_handle_read(&c->m->r, &handle))
        nfs_name_set(c->m->af, &handle, c->call->name);
    return true;
}

static bool answer_open(struct compound *c)
{
    struct reader *r = &c->m->r;
    reader_skip(r, STATE_ID_BYTES + CHANGE_BYTES + 4);
    skip_bitmap(r);
    switch (reader_u32(r)) {
    case 0: return true;
    case 1: reader_skip(r, STATE_ID_BYTES + 4); break;
    case 2: reader_skip(r, STATE_ID_BYTES + 4 + 12); break;
    default: return false;
    }
    reader_skip(r, 12); /* who may do what */
    onc_read_opaque(r, OWNER_MAX);
    return true;
}

static bool answer_create(struct compound *c)
{
    reader_skip(&c->m->r, CHANGE_BYTES);
    skip_bitmap(&c->m->r);
    return true;
}

static bool answer_read(struct compound *c)
{
    struct nfs_piece piece = {.offset = c->call->offset};
    bool end = reader_u32(&c->m->r) != 0;
    if (!nfs_piece_read(c->m, &piece)) {
        c->m->r.bad = true;
        return false;
    }
    c->too_long = piece.bytes.len < piece.len;
    if (!c->too_long)
        reader_skip(&c->m->r, -piece.len & 3);
    if (c->call->procedure == NFS4_READ)
        nfs_took_read(c->m, c->call, &piece, end);
    return !c->too_long;
}

static bool answer_attributes(struct compound *c)
{
    skip_attributes(&c->m->r);
    return true;
}

static bool answer_bitmap(struct compound *c)
{
    skip_bitmap(&c->m->r);
    return true;
}

static bool answer_text(struct compound *c)
{
    onc_read_opaque(&c->m->r, ATTRIBUTES_MAX);
    return true;
}

/* ---- the table ---- */

struct operation {
    bool (*ask)(struct compound *c); /* NULL: ask_bytes are stepped over. False: read no further */
    bool (*answer)(struct compound *c); /* NULL: answer_bytes */
    uint8_t ask_bytes, answer_bytes;
    bool known;
};

static bool ask_attributes(struct compound *c)
{
    reader_skip(&c->m->r, STATE_ID_BYTES);
    skip_attributes(&c->m->r);
    return true;
}

static const struct operation operations[] = {
    [OP_ACCESS] = {.ask_bytes = 4, .answer_bytes = 8, .known = true},
    [OP_CLOSE] = {.ask = ask_close, .answer_bytes = STATE_ID_BYTES, .known = true},
    [OP_COMMIT] = {.ask = ask_commit, .answer_bytes = 8, .known = true},
    [OP_CREATE] = {ask_create, answer_create, 0, 0, true},
    [OP_GETATTR] = {answer_bitmap, answer_attributes, 0, 0, true},
    [OP_GETFH] = {.answer = answer_handle, .known = true},
    [OP_LINK] = {.ask = answer_text, .answer_bytes = CHANGE_BYTES, .known = true},
    [OP_LOOKUP] = {.ask = ask_name, .known = true},
    [OP_LOOKUPP] = {.ask = forget_handle, .known = true},
    [OP_OPEN] = {ask_open, answer_open, 0, 0, true},
    [OP_OPEN_CONFIRM] = {.ask_bytes = 4 + STATE_ID_BYTES,
                         .answer_bytes = STATE_ID_BYTES,
                         .known = true},
    [OP_OPEN_DOWNGRADE] = {.ask_bytes = STATE_ID_BYTES + 12,
                           .answer_bytes = STATE_ID_BYTES,
                           .known = true},
    [OP_PUTFH] = {.ask = ask_handle, .known = true},
    [OP_PUTPUBFH] = {.ask = forget_handle, .known = true},
    [OP_PUTROOTFH] = {.ask = forget_handle, .known = true},
    [OP_READ] = {ask_read, answer_read, 0, 0, true},
    [OP_READLINK] = {.answer = answer_text, .known = true},
    [OP_REMOVE] = {.ask = ask_remove, .answer_bytes = CHANGE_BYTES, .known = true},
    [OP_RENAME] = {.ask = ask_rename, .answer_bytes = 2 * CHANGE_BYTES, .known = true},
    [OP_RENEW] = {.ask_bytes = 8, .known = true},
    [OP_RESTOREFH] = {.ask = restore_handle, .known = true},
    [OP_SAVEFH] = {.ask = save_handle, .known = true},
    [OP_SETATTR] = {ask_attributes, answer_bitmap, 0, 0, true},
    [OP_WRITE] = {.ask = ask_write, .answer_bytes = 16, .known = true},
    [OP_SEQUENCE] = {.ask_bytes = STATE_ID_BYTES + 16,
                     .answer_bytes = STATE_ID_BYTES + 20,
                     .known = true},
};

static const struct operation *operation_of(uint32_t number)
{
    return number < ARRAY_COUNT(operations) && operations[number].known ? &operations[number]
                                                                        : NULL;
}

void nfs4_take_call(struct nfs_message *m, struct nfs_call *call)
{
    struct compound c = {.m = m, .call = call};
    struct reader *r = &m->r;
    if (call->procedure != NFS4_COMPOUND)
        return;
    onc_read_opaque(r, TAG_MAX);
    reader_u32(r); /* minor version */
    uint32_t count = reader_u32(r);
    bool more = true;
    for (uint32_t i = 0; more && !r->bad && i < count && i < NFS_OPS_MAX; i++) {
        const struct operation *op = operation_of(reader_u32(r));
        if (!op)
            break;
        if (op->ask)
            more = op->ask(&c);
        else
            reader_skip(r, op->ask_bytes);
    }
    if (r->bad && m->bytes.len == m->whole_bytes) {
        if (!call->tx)
            call->tx = nfs_begin(m->af, call);
        nfs_malformed(m->af, call->tx);
    }
    if (call->tx && !call->tx->is_file) {
        app_progress(&call->tx->tx, DIR_TOSERVER, TX_COMPLETE);
        app_progress(&call->tx->tx, DIR_TOCLIENT, 1);
    }
}

void nfs4_take_reply(struct nfs_message *m, struct nfs_call *call)
{
    struct compound c = {.m = m, .call = call};
    struct reader *r = &m->r;
    if (call->procedure == NFS4_NULL)
        return;
    uint32_t status = reader_u32(r);
    onc_read_opaque(r, TAG_MAX);
    uint32_t count = reader_u32(r);
    bool more = true;
    for (uint32_t i = 0; more && !r->bad && i < count && i < NFS_OPS_MAX; i++) {
        const struct operation *op = operation_of(reader_u32(r));
        if (reader_u32(r) || !op)
            break;
        if (op->answer)
            more = op->answer(&c);
        else
            reader_skip(r, op->answer_bytes);
    }
    if (m->bytes.len < m->whole_bytes)
        r->bad = false;
    if (call->tx)
        call->tx->status = status;
}
