/* Frames, where Suricata 8 has them: of a call the record, its credentials and what NFS is asked; of an accepted reply the record, RPC's
 * head and all behind it, and what NFS answers to a call that is known. */
#include "engine/app/nfs/message.h"

#define CREDENTIALS_AT 24
#define CREDENTIALS_HEAD 8 /* which, how long */
#define RPC_HEAD 8         /* of a reply: number, type */
#define STATUS_BYTES 4
#define COMPOUND_HEAD \
    8 /* number and length of the tag, or of the tag and the minor version when there is none */

const struct app_frame_desc nfs_frames[NFS_FRAME_KINDS] = {
    [NFS_RPC_PDU] = {"rpc.pdu"},     [NFS_RPC_HDR] = {"rpc.hdr"}, [NFS_RPC_DATA] = {"rpc.data"},
    [NFS_RPC_CREDS] = {"rpc.creds"}, [NFS_PDU] = {"nfs.pdu"},     [NFS_STATUS] = {"nfs.status"},
    [NFS4_PDU] = {"nfs4.pdu"},       [NFS4_HDR] = {"nfs4.hdr"},   [NFS4_OPS] = {"nfs4.ops"},
    [NFS4_STATUS] = {"nfs4.status"},
};

/* The bytes of the message from `at` on, whether they are here yet or not; one of no bytes has its place, too. */
static void tell(const struct nfs_message *m, enum nfs_frame kind, size_t at, size_t len)
{
    struct str all = m->af->chunk->bytes;
    size_t from = (size_t)(m->record.p - all.p) + m->record.len - m->bytes.len + at;
    app_frame(m->af, NULL, (uint8_t)kind, str_from(all, from), len);
}

/* Where the reader stands; what follows belongs to NFS. */
static size_t place(const struct nfs_message *m)
{
    return m->bytes.len - reader_left(&m->r);
}

static void tell_record(const struct nfs_message *m)
{
    app_frame(m->af, NULL, NFS_RPC_PDU, m->record,
              m->record.len - m->bytes.len + (uint64_t)m->whole_bytes);
}

static void tell_compound(const struct nfs_message *m, size_t at)
{
    size_t len = m->whole_bytes - at;
    if (len < COMPOUND_HEAD)
        return;
    tell(m, NFS4_HDR, at, COMPOUND_HEAD);
    tell(m, NFS4_OPS, at + COMPOUND_HEAD, len - COMPOUND_HEAD);
}

void nfs_tell_call(const struct nfs_message *m, bool is_whole)
{
    if (!m->record.len)
        return;
    tell_record(m);
    struct reader r = reader_of(str_from(m->bytes, CREDENTIALS_AT + 4));
    uint32_t len = reader_u32(&r);
    if (!is_whole || r.bad)
        return;
    tell(m, NFS_RPC_CREDS, CREDENTIALS_AT, CREDENTIALS_HEAD + (size_t)len);
    size_t at = place(m);
    uint32_t version = m->call.version;
    if (version == 2 || version == 3)
        tell(m, NFS_PDU, at, m->whole_bytes - at);
    if (version != 4)
        return;
    tell(m, NFS4_PDU, at, m->whole_bytes - at);
    tell_compound(m, at);
}

void nfs_tell_reply(const struct nfs_message *m, const struct onc_reply *reply,
                    const struct nfs_call *call)
{
    if (!m->record.len)
        return;
    tell_record(m);
    if (reply->state != 0)
        return;
    size_t head = m->record.len - m->bytes.len + RPC_HEAD, at = place(m);
    app_frame(m->af, NULL, NFS_RPC_HDR, m->record, head);
    tell(m, NFS_RPC_DATA, RPC_HEAD, m->whole_bytes - RPC_HEAD);
    if (!call || m->whole_bytes - at < STATUS_BYTES)
        return;
    bool is4 = call->version == 4;
    tell(m, is4 ? NFS4_PDU : NFS_PDU, at, m->whole_bytes - at);
    tell(m, is4 ? NFS4_STATUS : NFS_STATUS, at, STATUS_BYTES);
    if (is4)
        tell_compound(m, at);
}
