#include "engine/format/onc/onc.h"

#define MARK_LAST 0x80000000U

struct onc_mark onc_read_mark(struct reader *r)
{
    uint32_t word = reader_u32(r);
    return (struct onc_mark){word & ~MARK_LAST, (word & MARK_LAST) != 0};
}

struct str onc_read_opaque(struct reader *r, size_t max)
{
    uint32_t len = reader_u32(r);
    if (len > max) {
        r->bad = true;
        return STR_EMPTY;
    }
    struct str s = reader_str(r, len);
    reader_skip(r, -len & 3);
    return s;
}

/* RFC 5531, appendix A: authsys_parms. The groups behind it say nothing that is told. */
static void read_unix(struct reader *r, struct str body, struct onc_call *call)
{
    struct reader in = reader_of(body);
    reader_u32(&in); /* stamp */
    call->machine = onc_read_opaque(&in, ONC_MACHINE_MAX);
    call->uid = reader_u32(&in);
    call->gid = reader_u32(&in);
    r->bad |= in.bad;
}

static void read_verifier(struct reader *r)
{
    reader_u32(r);
    onc_read_opaque(r, ONC_AUTH_MAX);
}

bool onc_read_call(struct reader *r, struct onc_call *call)
{
    *call = (struct onc_call){.xid = reader_u32(r)};
    uint32_t type = reader_u32(r);
    call->rpc_version = reader_u32(r);
    call->program = reader_u32(r);
    call->version = reader_u32(r);
    call->procedure = reader_u32(r);
    call->auth = reader_u32(r);
    struct str body = onc_read_opaque(r, ONC_AUTH_MAX);
    if (call->auth == ONC_AUTH_UNIX)
        read_unix(r, body, call);
    read_verifier(r);
    return !r->bad && type == ONC_CALL;
}

bool onc_read_reply(struct reader *r, struct onc_reply *reply)
{
    *reply = (struct onc_reply){.xid = reader_u32(r)};
    uint32_t type = reader_u32(r);
    reply->state = reader_u32(r);
    if (reply->state == 0) {
        read_verifier(r);
        reply->accept = reader_u32(r);
    }
    return !r->bad && type == ONC_REPLY && reply->state <= 1;
}
