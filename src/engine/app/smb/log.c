/* EVE's "smb" object, member by member as Suricata orders them. */
#include "engine/app/smb/share.h"

#include <stdio.h>

struct name {
    uint32_t number;
    const char *text;
};

static const struct name smb1_commands[] = {
    {0x00, "CREATE_DIRECTORY"},
    {0x02, "OPEN"},
    {0x04, "CLOSE"},
    {0x06, "DELETE"},
    {0x07, "RENAME"},
    {0x24, "LOCKING_ANDX"},
    {0x25, "TRANS"},
    {0x26, "TRANS_SECONDARY"},
    {0x2b, "ECHO"},
    {0x2d, "OPEN_ANDX"},
    {0x2e, "READ_ANDX"},
    {0x2f, "WRITE_ANDX"},
    {0x32, "TRANS2"},
    {0x33, "TRANS2_SECONDARY"},
    {0x34, "FIND_CLOSE2"},
    {0x71, "TREE_DISCONNECT"},
    {0x72, "NEGOTIATE_PROTOCOL"},
    {0x73, "SESSION_SETUP_ANDX"},
    {0x74, "LOGOFF_ANDX"},
    {0x75, "TREE_CONNECT_ANDX"},
    {0xa0, "NT_TRANS"},
    {0xa1, "NT_TRANS_SECONDARY"},
    {0xa2, "NT_CREATE_ANDX"},
    {0xa4, "NT_CANCEL"},
    {0, NULL},
};

static const struct name smb2_commands[] = {
    {0, "NEGOTIATE_PROTOCOL"},
    {1, "SESSION_SETUP"},
    {2, "SESSION_LOGOFF"},
    {3, "TREE_CONNECT"},
    {4, "TREE_DISCONNECT"},
    {5, "CREATE"},
    {6, "CLOSE"},
    {7, "FLUSH"},
    {8, "READ"},
    {9, "WRITE"},
    {10, "LOCK"},
    {11, "IOCTL"},
    {12, "CANCEL"},
    {13, "KEEPALIVE"},
    {14, "FIND"},
    {15, "CHANGE_NOTIFY"},
    {16, "GET_INFO"},
    {17, "SET_INFO"},
    {18, "OPLOCK_BREAK"},
    {0, NULL},
};

static const struct name statuses[] = {
    {0, "STATUS_SUCCESS"},
    {0x80000005, "STATUS_BUFFER_OVERFLOW"},
    {0x80000006, "STATUS_NO_MORE_FILES"},
    {0x103, "STATUS_PENDING"},
    {0xc0000001, "STATUS_UNSUCCESSFUL"},
    {0xc0000002, "STATUS_NOT_IMPLEMENTED"},
    {0xc0000008, "STATUS_INVALID_HANDLE"},
    {0xc000000d, "STATUS_INVALID_PARAMETER"},
    {0xc000000f, "STATUS_NO_SUCH_FILE"},
    {0xc0000010, "STATUS_INVALID_DEVICE_REQUEST"},
    {0xc0000011, "STATUS_END_OF_FILE"},
    {0xc0000016, "STATUS_MORE_PROCESSING_REQUIRED"},
    {0xc0000022, "STATUS_ACCESS_DENIED"},
    {0xc0000023, "STATUS_BUFFER_TOO_SMALL"},
    {0xc0000033, "STATUS_OBJECT_NAME_INVALID"},
    {0xc0000034, "STATUS_OBJECT_NAME_NOT_FOUND"},
    {0xc0000035, "STATUS_OBJECT_NAME_COLLISION"},
    {0xc000003a, "STATUS_OBJECT_PATH_NOT_FOUND"},
    {0xc0000043, "STATUS_SHARING_VIOLATION"},
    {0xc000006d, "STATUS_LOGON_FAILURE"},
    {0xc00000ba, "STATUS_FILE_IS_A_DIRECTORY"},
    {0xc00000bb, "STATUS_NOT_SUPPORTED"},
    {0xc00000c9, "STATUS_NETWORK_NAME_DELETED"},
    {0xc00000cc, "STATUS_BAD_NETWORK_NAME"},
    {0xc0000120, "STATUS_CANCELLED"},
    {0xc0000128, "STATUS_FILE_CLOSED"},
    {0xc0000203, "STATUS_USER_SESSION_DELETED"},
    {0xc0000225, "STATUS_NOT_FOUND"},
    {0xc0000257, "STATUS_PATH_NOT_COVERED"},
    {0, NULL},
};

/* Class and code: MS-CIFS section 2.2.2.4 */
#define DOS_STATUS(class, code) ((class) | (code) << 16)
static const struct name dos_statuses[] = {
    {DOS_STATUS(1, 1), "DOS_BADFUNC"}, {DOS_STATUS(1, 2), "DOS_BADFILE"},
    {DOS_STATUS(1, 3), "DOS_BADPATH"}, {DOS_STATUS(1, 5), "DOS_NOACCESS"},
    {DOS_STATUS(1, 6), "DOS_BADFID"},  {DOS_STATUS(2, 1), "SRV_ERROR"},
    {DOS_STATUS(2, 2), "SRV_BADPW"},   {DOS_STATUS(2, 4), "SRV_ACCESS"},
    {DOS_STATUS(2, 91), "SRV_BADUID"}, {0, NULL},
};

static const struct name functions[] = {
    {0x00060194, "FSCTL_DFS_GET_REFERRALS"},
    {0x0011400c, "FSCTL_PIPE_PEEK"},
    {0x00110018, "FSCTL_PIPE_WAIT"},
    {0x0011c017, "FSCTL_PIPE_TRANSCEIVE"},
    {0x001401fc, "FSCTL_QUERY_NETWORK_INTERFACE_INFO"},
    {0x00140204, "FSCTL_VALIDATE_NEGOTIATE_INFO"},
    {0x000900a4, "FSCTL_SET_REPARSE_POINT"},
    {0x001440f2, "FSCTL_SRV_COPYCHUNK"},
    {0x00140078, "FSCTL_SRV_REQUEST_RESUME_KEY"},
    {0x000900c0, "FSCTL_CREATE_OR_GET_OBJECT_ID"},
    {0x00144064, "FSCTL_SRV_ENUMERATE_SNAPSHOTS"},
    {0, NULL},
};

static const struct name dispositions[] = {
    {0, "FILE_SUPERSEDE"}, {1, "FILE_OPEN"},         {2, "FILE_CREATE"}, {3, "FILE_OPEN_IF"},
    {4, "FILE_OVERWRITE"}, {5, "FILE_OVERWRITE_IF"}, {0, NULL},
};

static const struct name dialects[] = {
    {1, "NT LM 0.12"}, {0x0202, "2.02"}, {0x0210, "2.10"}, {0x02ff, "2.??"},
    {0x0300, "3.00"},  {0x0302, "3.02"}, {0x0311, "3.11"}, {0, NULL},
};

static const char *find(const struct name *names, uint32_t number)
{
    while (names->text && names->number != number)
        names++;
    return names->text;
}

static void log_named(struct json *out, const char *key, const struct name *names, uint32_t number)
{
    char text[16];
    const char *name = find(names, number);
    snprintf(text, sizeof text, "0x%x", number);
    json_text(out, key, name ? name : text);
}

static void log_command(const struct smb_tx *smb, struct json *out)
{
    char text[64];
    const char *name = find(smb->version == 1 ? smb1_commands : smb2_commands, smb->command);
    if (name)
        snprintf(text, sizeof text, "SMB%u_COMMAND_%s", smb->version, name);
    else
        snprintf(text, sizeof text, "SMB%u_COMMAND_UNKNOWN(%u)", smb->version, smb->command);
    json_text(out, "command", text);
}

static void log_word(const struct smb_tx *smb, enum smb_word which, const char *key,
                     struct json *out)
{
    if (smb->words[which].len)
        json_bytes(out, key, smb->words[which]);
}

static void log_list(struct json *out, const char *key, struct str list)
{
    json_array(out, key);
    while (list.p)
        json_bytes(out, NULL, str_split(&list, 0));
    json_end_array(out);
}

/* The first three parts are little-endian: MS-DTYP section 2.3.4; SMB's ids and these alike are told so. */
static void log_guid(struct json *out, const char *key, const uint8_t guid[16])
{
    char text[40];
    uint8_t order[16];
    struct buf b = buf_fixed(text, sizeof text);
    rpc_uuid_order(guid, true, order);
    /* the last two parts as Suricata tells them: the numbers of their bytes are turned, too */
    static const uint8_t turned[] = {9, 8, 11, 10, 15, 14, 13, 12};
    for (size_t i = 0; i < sizeof turned; i++)
        order[8 + i] = guid[turned[i]];
    rpc_uuid_text(order, &b);
    json_bytes(out, key, buf_str(&b));
}

static void log_negotiate(const struct smb_tx *smb, struct json *out)
{
    log_list(out, "client_dialects", smb->words[SMB_DIALECTS]);
    if (smb->has_guid[0])
        log_guid(out, "client_guid", smb->guid[0]);
    if (smb->has_guid[1])
        log_guid(out, "server_guid", smb->guid[1]);
    else
        json_text(out, "server_guid", "");
    if (smb->max_read)
        json_uint(out, "max_read_size", smb->max_read);
    if (smb->max_write)
        json_uint(out, "max_write_size", smb->max_write);
}

static void log_native(const struct smb_tx *smb, const char *key, enum smb_word os,
                       struct json *out)
{
    if (!smb->words[os].len && !smb->words[os + 1].len)
        return;
    json_object(out, key);
    json_bytes(out, "native_os", smb->words[os]);
    json_bytes(out, "native_lm", smb->words[os + 1]);
    json_end_object(out);
}

static void log_session(const struct smb_tx *smb, struct json *out)
{
    char text[64];
    if (smb->has_kerberos) {
        json_object(out, "kerberos");
        json_bytes(out, "realm", smb->words[SMB_REALM]);
        log_list(out, "snames", smb->words[SMB_SNAMES]);
        json_end_object(out);
    }
    if (smb->has_ntlm) {
        json_object(out, "ntlmssp");
        json_bytes(out, "domain", smb->words[SMB_DOMAIN]);
        json_bytes(out, "user", smb->words[SMB_USER]);
        json_bytes(out, "host", smb->words[SMB_HOST]);
        if (smb->ntlm.has_version) {
            snprintf(text, sizeof text, "%u.%u build %u rev %u", smb->ntlm.major, smb->ntlm.minor,
                     smb->ntlm.build, smb->ntlm.revision);
            json_text(out, "version", text);
        }
        json_end_object(out);
    }
    log_native(smb, "request", SMB_NATIVE_OS_ASKED, out);
    log_native(smb, "response", SMB_NATIVE_OS, out);
}

static void log_tree(const struct smb_tx *smb, struct json *out)
{
    static const char *const types[] = {"UNKNOWN", "FILE", "PIPE", "PRINT"};
    log_word(smb, SMB_NAMED_PIPE, "named_pipe", out);
    log_word(smb, SMB_SHARE, "share", out);
    if (smb->version == 2)
        json_text(out, "share_type", types[smb->share_type < 4 ? smb->share_type : 0]);
    if (smb->version == 1) {
        json_object(out, "service");
        log_word(smb, SMB_SERVICE_ASKED, "request", out);
        log_word(smb, SMB_SERVICE, "response", out);
        json_end_object(out);
    }
}

static void log_fuid(const struct smb_tx *smb, struct json *out)
{
    char text[16];
    if (!smb->has_fuid || !smb->fuid.len) {
        json_text(out, "fuid", "");
        return;
    }
    if (smb->fuid.len == 16) {
        log_guid(out, "fuid", smb->fuid.bytes);
        return;
    }
    snprintf(text, sizeof text, "%02x%02x", smb->fuid.bytes[1], smb->fuid.bytes[0]);
    json_text(out, "fuid", text);
}

static void log_create(const struct smb_tx *smb, struct json *out)
{
    static const char *const keys[] = {"created", "accessed", "modified", "changed"};
    log_word(smb, SMB_FILENAME, "filename", out);
    log_word(smb, SMB_DIRECTORY, "directory", out);
    if (!smb->words[SMB_FILENAME].len && !smb->words[SMB_DIRECTORY].len)
        json_text(out, "filename", "<share_root>");
    log_named(out, "disposition", dispositions, smb->disposition);
    json_text(out, "access", smb->delete_on_close ? "delete on close" : "normal");
    for (size_t i = 0; i < 4; i++)
        json_uint(out, keys[i], smb->times[i]);
    json_uint(out, "size", smb->size);
    log_fuid(smb, out);
}

static void log_set_info(const struct smb_tx *smb, struct json *out)
{
    if (smb->words[SMB_RENAME_TO].len) {
        if (smb->version == 2) {
            json_object(out, "set_info");
            json_text(out, "class", "FILE_INFO");
            json_text(out, "info_level", "SMB2_FILE_RENAME_INFO");
            json_end_object(out);
        }
        json_object(out, "rename");
        json_bytes(out, "from", smb->words[SMB_FILENAME]);
        json_bytes(out, "to", smb->words[SMB_RENAME_TO]);
        json_end_object(out);
    } else if (smb->delete_on_close) {
        log_word(smb, SMB_FILENAME, "filename", out);
        json_text(out, "access", "delete on close");
        if (smb->version == 1) {
            json_text(out, "subcmd", smb->subcommand == 6 ? "SET_PATH_INFO" : "SET_FILE_INFO");
            json_text(out, "level_of_interest", "Set Disposition Information");
        }
    }
    log_fuid(smb, out);
}

static void log_side(const struct rpc_call *call, enum rpc_side side, struct json *out)
{
    json_object(out, side == RPC_ASKED ? "req" : "res");
    json_uint(out, "frag_cnt", call->fragments[side]);
    json_uint(out, "stub_data_size", call->stubs[side].total_bytes);
    json_end_object(out);
}

static void log_call(const struct smb_tx *smb, struct json *out)
{
    const struct rpc_call *call = &smb->call;
    const char *request = rpc_type_name(call->request), *response = rpc_type_name(call->response);
    bool acked = call->request == RPC_BIND && call->response == RPC_BINDACK;
    json_object(out, "dcerpc");
    json_text(out, "request", request ? request : "REQUEST_LOST");
    json_text(out, "response", response ? response : "UNREPLIED");
    if (call->request == RPC_REQUEST) {
        json_uint(out, "opnum", call->opnum);
        log_side(call, RPC_ASKED, out);
    }
    rpc_log_interfaces(call, (struct rpc_log_form){acked, acked}, out);
    if (call->response == RPC_RESPONSE)
        log_side(call, RPC_ANSWERED, out);
    json_uint(out, "call_id", call->call_id);
    json_end_object(out);
}

static void log_file(const struct smb_tx *smb, struct json *out)
{
    json_bytes(out, "filename", smb->words[SMB_FILENAME]);
    json_bytes(out, "share", smb->words[SMB_SHARE]);
    log_fuid(smb, out);
}

static void log_status(const struct smb_tx *smb, struct json *out)
{
    char text[16];
    if (smb->is_dos_status) {
        const char *name = find(dos_statuses, smb->status);
        snprintf(text, sizeof text, "%u", smb->status >> 16);
        json_text(out, "status", name ? name : text);
        snprintf(text, sizeof text, "0x%04x", smb->status >> 16);
    } else {
        log_named(out, "status", statuses, smb->status);
        snprintf(text, sizeof text, "0x%x", smb->status);
    }
    json_text(out, "status_code", text);
}

void smb_log(const struct tx *tx, const struct app_conf *conf, struct json *out)
{
    const struct smb_tx *smb = smb_tx_const(tx);
    (void)conf;
    json_uint(out, "id", tx->id + 1);
    const char *dialect = find(dialects, smb->dialect);
    json_text(out, "dialect", dialect ? dialect : "unknown");
    log_command(smb, out);
    if (smb->has_status)
        log_status(smb, out);
    json_uint(out, "session_id", smb->session_id);
    json_uint(out, "tree_id", smb->tree_id);
    switch (smb->kind) {
    case SMB_NEGOTIATE: log_negotiate(smb, out); break;
    case SMB_SESSION: log_session(smb, out); break;
    case SMB_TREE: log_tree(smb, out); break;
    case SMB_CREATE: log_create(smb, out); break;
    case SMB_FILE: log_file(smb, out); break;
    case SMB_IOCTL: log_named(out, "function", functions, smb->function); break;
    case SMB_SET_INFO: log_set_info(smb, out); break;
    case SMB_CALL: log_call(smb, out); break;
    case SMB_OTHER: break;
    }
}

/* ---- what is wanted ---- */

/* Names of the kinds, as `types` of the log's entry has them. */
static const struct {
    const char *name;
    enum smb_kind kind;
    bool renames;
} kinds[] = {
    {"generic", SMB_OTHER, false},         {"negotiate", SMB_NEGOTIATE, false},
    {"session_setup", SMB_SESSION, false}, {"tree_connect", SMB_TREE, false},
    {"create", SMB_CREATE, false},         {"file", SMB_FILE, false},
    {"ioctl", SMB_IOCTL, false},           {"set_file_path_info", SMB_SET_INFO, false},
    {"rename", SMB_SET_INFO, true},        {"dcerpc", SMB_CALL, false},
};

void smb_log_conf(struct app_log *log, const struct conf_node *settings)
{
    const struct conf_node *types = conf_child(settings, "types");
    log->smb_unwanted = types && types->child ? ~UINT32_C(0) : 0;
    for (const struct conf_node *t = types ? types->child : NULL; t; t = t->next)
        for (uint32_t i = 0; i < ARRAY_COUNT(kinds); i++)
            if (t->value && strcmp(t->value, kinds[i].name) == 0)
                log->smb_unwanted &= ~(UINT32_C(1) << i);
}

bool smb_log_wants(const struct tx *tx, const struct app_log *log)
{
    const struct smb_tx *smb = smb_tx_const(tx);
    for (uint32_t i = 0; i < ARRAY_COUNT(kinds); i++)
        if (kinds[i].kind == smb->kind && kinds[i].renames == (smb->words[SMB_RENAME_TO].len != 0))
            return !(log->smb_unwanted >> i & 1);
    return true;
}
