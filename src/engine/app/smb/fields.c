#include "engine/app/smb/share.h"

static bool word(const struct tx *tx, enum smb_word which, struct str *out)
{
    *out = smb_tx_const(tx)->words[which];
    return out->len > 0;
}

#define WORD(function, which)                                                                      \
    static bool function(const struct tx *tx, enum dir dir, uint32_t index, struct arena *scratch, \
                         struct str *out)                                                          \
    {                                                                                              \
        (void)dir, (void)scratch;                                                                  \
        return index == 0 && word(tx, which, out);                                                 \
    }

WORD(named_pipe, SMB_NAMED_PIPE)
WORD(user, SMB_USER)
WORD(domain, SMB_DOMAIN)

/* Of the command that connects to it, as Suricata has it. */
static bool share(const struct tx *tx, enum dir dir, uint32_t index, struct arena *scratch,
                  struct str *out)
{
    (void)dir, (void)scratch;
    return index == 0 && smb_tx_const(tx)->kind == SMB_TREE && word(tx, SMB_SHARE, out);
}

static bool version(const struct tx *tx, enum dir dir, uint32_t index, uint64_t *out)
{
    (void)dir;
    *out = smb_tx_const(tx)->version;
    return index == 0;
}

static bool file_data(const struct tx *tx, enum dir dir, uint32_t index, struct field_window *out)
{
    const struct smb_tx *smb = smb_tx_const(tx);
    return index == 0 && smb->kind == SMB_FILE && dir == smb->file_dir &&
           body_window(&smb->body, &smb->body_conf, out);
}

static bool iface(const struct tx *tx, enum dir dir, uint32_t index, struct arena *scratch,
                  struct str *out)
{
    const struct smb_tx *smb = smb_tx_const(tx);
    (void)dir;
    return smb->kind == SMB_CALL && rpc_call_iface(&smb->call, index, scratch, out);
}

static bool opnum(const struct tx *tx, enum dir dir, uint32_t index, uint64_t *out)
{
    const struct smb_tx *smb = smb_tx_const(tx);
    (void)dir;
    return index == 0 && smb->kind == SMB_CALL && rpc_call_opnum(&smb->call, out);
}

static bool stub(const struct tx *tx, enum dir dir, uint32_t index, struct arena *scratch,
                 struct str *out)
{
    const struct smb_tx *smb = smb_tx_const(tx);
    (void)scratch;
    return index == 0 && smb->kind == SMB_CALL &&
           rpc_call_stub(&smb->call, dir == DIR_TOSERVER ? RPC_ASKED : RPC_ANSWERED, out);
}

static bool little(const struct tx *tx, enum dir dir, uint32_t index, uint64_t *out)
{
    const struct smb_tx *smb = smb_tx_const(tx);
    (void)dir;
    *out = smb->kind != SMB_CALL || smb->call.little;
    return index == 0;
}

#define FIELD(text, where, when, ...)                                               \
    {                                                                               \
        .name = (text), .proto = APP_SMB, .dirs = (where),                          \
        .ready_at = {[DIR_TOSERVER] = (when), [DIR_TOCLIENT] = (when)}, __VA_ARGS__ \
    }

const struct field_desc smb_fields[SMB_FIELD_ROWS] = {
    FIELD("smb.named_pipe", DIR_BIT(DIR_TOSERVER), TX_COMPLETE, .bytes = named_pipe),
    FIELD("smb.share", DIR_BIT(DIR_TOSERVER), 1, .bytes = share),
    FIELD("smb.ntlmssp_user", DIR_BIT(DIR_TOSERVER), TX_COMPLETE, .bytes = user),
    FIELD("smb.ntlmssp_domain", DIR_BIT(DIR_TOSERVER), TX_COMPLETE, .bytes = domain),
    FIELD("smb.version", DIR_BOTH, 0, .kind = FIELD_UINT, .number = version),
    FIELD("dcerpc.iface", DIR_BOTH, 0, .multi = true, .bytes = iface),
    FIELD("dcerpc.opnum", DIR_BOTH, 0, .kind = FIELD_UINT, .number = opnum),
    FIELD("dcerpc.stub_data", DIR_BOTH, TX_COMPLETE, .bytes = stub),
    FIELD("dcerpc.little_endian", DIR_BOTH, 0, .kind = FIELD_UINT, .number = little),
    FILE_FIELDS(APP_SMB, DIR_BOTH, 1),
    FIELD("file.data", DIR_BOTH, 1, .kind = FIELD_WINDOW, .multi = true, .window = file_data),
};
