/* Messages of SMB2 and SMB3: MS-SMB2 section 2.2. Structures are read at their fixed places; buffers are found by the offsets that
 * they say, which count from the message's beginning. */
#include "engine/app/smb/share.h"

#define HEAD_BYTES 64
#define STATUS_PENDING 0x00000103u
#define FLAG_ANSWER 1u
#define FLAG_ASYNC 2u
#define PIPE_TRANSCEIVE 0x0011c017u

enum command {
    NEGOTIATE,
    SESSION_SETUP,
    LOGOFF,
    TREE_CONNECT,
    TREE_DISCONNECT,
    CREATE,
    CLOSE,
    FLUSH,
    READ,
    WRITE,
    LOCK,
    IOCTL,
    CANCEL,
    ECHO,
    QUERY_DIRECTORY,
    CHANGE_NOTIFY,
    QUERY_INFO,
    SET_INFO
};

/* Fixed bytes of a command's body behind the head; odd numbers count a byte of what follows (MS-SMB2 section 2.2). */
struct sizes {
    uint8_t asked, answered;
};
static const struct sizes sizes_of[] = {
    [NEGOTIATE] = {36, 65},
    [SESSION_SETUP] = {25, 9},
    [LOGOFF] = {4, 4},
    [TREE_CONNECT] = {9, 16},
    [TREE_DISCONNECT] = {4, 4},
    [CREATE] = {57, 89},
    [CLOSE] = {24, 60},
    [FLUSH] = {24, 4},
    [READ] = {49, 17},
    [WRITE] = {49, 17},
    [LOCK] = {48, 4},
    [IOCTL] = {57, 49},
    [CANCEL] = {4, 0},
    [ECHO] = {4, 4},
    [QUERY_DIRECTORY] = {33, 9},
    [CHANGE_NOTIFY] = {32, 9},
    [QUERY_INFO] = {41, 9},
    [SET_INFO] = {33, 2},
};
#define ERROR_BYTES 8 /* of an answer that is none */

static bool is_all_there(const struct smb_message *m)
{
    size_t have = m->bytes.len - HEAD_BYTES;
    if (m->command >= ARRAY_COUNT(sizes_of))
        return true;
    const struct sizes *size = &sizes_of[m->command];
    if (m->is_answer)
        return have >= (size->answered & ~1u) || (m->status && have >= ERROR_BYTES);
    return have >= (size->asked & ~1u);
}

static struct reader body_of(const struct smb_message *m)
{
    return reader_of(str_from(m->bytes, HEAD_BYTES));
}

static struct str at_offset(const struct smb_message *m, uint32_t offset, uint32_t len)
{
    return str_cut(m->bytes, offset, (size_t)offset + len);
}

static bool read_id(struct reader *r, struct smb_id *out)
{
    struct str id = reader_str(r, 16);
    out->len = (uint8_t)id.len;
    if (id.len == 16)
        memcpy(out->bytes, id.p, 16);
    return id.len == 16;
}

static void read_guid(struct reader *r, struct smb_tx *smb, size_t side)
{
    struct str guid = reader_str(r, 16);
    smb->has_guid[side] = guid.len == 16;
    if (guid.len == 16)
        memcpy(smb->guid[side], guid.p, 16);
}

/* ---- requests ---- */

static const char *dialect_text(uint16_t dialect)
{
    switch (dialect) {
    case 0x0202: return "2.02";
    case 0x0210: return "2.10";
    case 0x0222: return "2.22";
    case 0x0224: return "2.24";
    case 0x0300: return "3.00";
    case 0x0302: return "3.02";
    case 0x0310: return "3.10";
    case 0x0311: return "3.11";
    case 0x02ff: return "2.??";
    default: return "unknown";
    }
}

static void ask_negotiate(struct smb_message *m, struct smb_tx *smb)
{
    struct reader r = body_of(m);
    char text[SMB_DIALECTS_MAX * 8];
    struct buf b = buf_fixed(text, sizeof text);
    smb->kind = SMB_NEGOTIATE;
    smb_note_negotiate(m, smb);
    reader_skip(&r, 2);
    uint16_t count = reader_u16_le(&r);
    reader_skip(&r, 8);
    read_guid(&r, smb, 0);
    reader_skip(&r, 8);
    for (uint16_t i = 0; i < count && i < SMB_DIALECTS_MAX && !r.bad; i++) {
        uint16_t dialect = reader_u16_le(&r);
        if (r.bad)
            break;
        if (b.len)
            buf_add_byte(&b, 0);
        buf_add_c(&b, dialect_text(dialect));
    }
    if (r.bad)
        app_event(m->af, &smb->tx, SMB_NEGOTIATE_MALFORMED_DIALECTS);
    smb_word(m->af, smb, SMB_DIALECTS, buf_str(&b));
}

static void ask_session(struct smb_message *m, struct smb_tx *smb)
{
    struct reader r = body_of(m);
    smb->kind = SMB_SESSION;
    reader_skip(&r, 12);
    uint16_t offset = reader_u16_le(&r), len = reader_u16_le(&r);
    smb_logon(m, smb, at_offset(m, offset, len));
}

static void ask_tree(struct smb_message *m, struct smb_tx *smb)
{
    struct reader r = body_of(m);
    smb->kind = SMB_TREE;
    reader_skip(&r, 4);
    uint16_t offset = reader_u16_le(&r), len = reader_u16_le(&r);
    smb_word_wide(m->af, smb, SMB_SHARE, at_offset(m, offset, len), true);
}

static void ask_create(struct smb_message *m, struct smb_tx *smb)
{
    struct reader r = body_of(m);
    smb->kind = SMB_CREATE;
    reader_skip(&r, 36);
    smb->disposition = reader_u32_le(&r);
    uint32_t options = reader_u32_le(&r);
    uint16_t offset = reader_u16_le(&r), len = reader_u16_le(&r);
    smb->delete_on_close = options & 0x1000;
    smb_word_wide(m->af, smb, options & 1 ? SMB_DIRECTORY : SMB_FILENAME, at_offset(m, offset, len),
                  true);
}

static void ask_close(struct smb_message *m, struct smb_tx *smb)
{
    struct reader r = body_of(m);
    struct smb_id id;
    (void)smb;
    reader_skip(&r, 8);
    if (read_id(&r, &id))
        smb_open_close(m->af, &id);
}

static void ask_ioctl(struct smb_message *m, struct smb_tx *smb)
{
    struct reader r = body_of(m);
    struct smb_id id;
    smb->kind = SMB_IOCTL;
    reader_skip(&r, 4);
    smb->function = reader_u32_le(&r);
    if (!read_id(&r, &id))
        return;
    uint32_t offset = reader_u32_le(&r), len = reader_u32_le(&r);
    if (smb->function != PIPE_TRANSCEIVE)
        return;
    struct smb_open *open = smb_open_find(m->af, &id);
    if (!open)
        open = smb_open_add(m->af, &id);
    if (open)
        open->is_pipe = true;
    (void)smb_pipe_asks(m, smb, open, at_offset(m, offset, len));
}

#define INFO_FILE 1
#define LEVEL_RENAME 10 /* FileRenameInformation, FileDispositionInformation: MS-FSCC section 2.4 */
#define LEVEL_DISPOSITION 13

/* Renaming and deleting are told; other settings say nothing. */
static void take_set_info(struct smb_message *m)
{
    struct reader r = body_of(m);
    struct smb_id id;
    reader_skip(&r, 2);
    uint8_t class = reader_u8(&r), level = reader_u8(&r);
    uint32_t len = reader_u32_le(&r);
    uint16_t offset = reader_u16_le(&r);
    reader_skip(&r, 6);
    if (!read_id(&r, &id) || class != INFO_FILE ||
        (level != LEVEL_RENAME && level != LEVEL_DISPOSITION))
        return;
    struct smb_tx *smb = smb_begin(m, 2);
    if (!smb)
        return;
    struct smb_open *open = smb_open_find(m->af, &id);
    struct reader info = reader_of(at_offset(m, offset, len));
    smb->kind = SMB_SET_INFO;
    smb->fuid = id;
    smb->has_fuid = true;
    if (open)
        smb_word(m->af, smb, SMB_FILENAME, open->name);
    if (level == LEVEL_DISPOSITION) {
        smb->delete_on_close = reader_u8(&info);
    } else {
        reader_skip(&info, 16);
        uint32_t name = reader_u32_le(&info);
        smb_word_wide(m->af, smb, SMB_RENAME_TO, reader_str(&info, name), true);
    }
    smb_asked(smb, m->dir);
}

/* A call, or a piece of one, is a command as any other; other words between two programs are none. */
static void write_pipe(struct smb_message *m, struct smb_open *open, struct str bytes)
{
    struct rpc_head head;
    if (!(open && open->is_rpc) && !rpc_read_head(bytes, &head))
        return;
    struct smb_tx *smb = smb_begin(m, 2);
    if (!smb)
        return;
    if (!smb_pipe_asks(m, smb, open, bytes))
        smb->kind = SMB_OTHER;
    smb_asked(smb, m->dir);
}

/* A write to a file is part of the file's own transaction; one to a pipe is a command as any other. True: it was a file's. */
static bool take_write(struct smb_message *m)
{
    struct reader r = body_of(m);
    struct smb_piece piece = {0};
    reader_skip(&r, 2);
    uint16_t offset = reader_u16_le(&r);
    piece.len = reader_u32_le(&r);
    piece.offset = reader_u64_le(&r);
    if (!read_id(&r, &piece.id))
        return false;
    smb_note_size(m, false, piece.len);
    piece.bytes = at_offset(m, offset, piece.len);
    const struct smb_tree *tree = smb_tree_find(m->af, m->tree_id);
    struct smb_open *open = smb_open_find(m->af, &piece.id);
    struct rpc_head head;
    bool is_call = rpc_read_head(piece.bytes, &head) && head.frag_bytes <= piece.len;
    if ((open && open->is_pipe) || (tree && tree->is_pipe) ||
        (!tree && is_call && !(open && open->files[m->dir]))) {
        if (!open)
            open = smb_open_add(m->af, &piece.id);
        if (open)
            open->is_pipe = true;
        write_pipe(m, open, piece.bytes);
        return true;
    }
    return smb_file_piece(m, 2, &piece);
}

static void ask_read(struct smb_message *m)
{
    struct reader r = body_of(m);
    struct smb_id id;
    reader_skip(&r, 4);
    uint32_t len = reader_u32_le(&r);
    uint64_t offset = reader_u64_le(&r);
    smb_note_size(m, true, len);
    if (read_id(&r, &id))
        smb_access_add(m, DIR_TOCLIENT, offset, &id);
}

static void ask(struct smb_message *m)
{
    static void (*const asks[])(struct smb_message *, struct smb_tx *) = {
        [NEGOTIATE] = ask_negotiate, [SESSION_SETUP] = ask_session, [TREE_CONNECT] = ask_tree,
        [CREATE] = ask_create,       [CLOSE] = ask_close,           [IOCTL] = ask_ioctl,
    };
    switch (m->command) {
    case READ: ask_read(m); return;
    case SET_INFO: take_set_info(m); return;
    case QUERY_INFO: return; /* many, and they say nothing */
    case WRITE:
        if (take_write(m))
            return;
        break;
    default: break;
    }
    struct smb_tx *smb = smb_begin(m, 2);
    if (!smb)
        return;
    if (m->command < sizeof asks / sizeof *asks && asks[m->command])
        asks[m->command](m, smb);
    smb_asked(smb, m->dir);
    if (m->command == CANCEL) /* it is never answered */
        smb_complete(smb);
}

/* ---- answers ---- */

static void answer_negotiate(struct smb_message *m, struct smb_tx *smb)
{
    struct reader r = body_of(m);
    reader_skip(&r, 4);
    uint16_t dialect = reader_u16_le(&r);
    reader_skip(&r, 2);
    read_guid(&r, smb, 1);
    reader_skip(&r, 8);
    smb->max_read = reader_u32_le(&r);
    smb->max_write = reader_u32_le(&r);
    if (r.bad)
        return;
    struct smb_state *state = smb_state_of(m->af);
    const struct app_conf *conf = m->af->conf;
    smb->dialect = state->dialect = dialect;
    state->max_read = smb->max_read;
    state->max_write = smb->max_write;
    if (conf->smb_read_max && smb->max_read > conf->smb_read_max)
        smb_event(m, smb, SMB_NEGOTIATE_MAX_READ_SIZE_TOO_LARGE);
    if (conf->smb_write_max && smb->max_write > conf->smb_write_max)
        smb_event(m, smb, SMB_NEGOTIATE_MAX_WRITE_SIZE_TOO_LARGE);
}

static void answer_session(struct smb_message *m, struct smb_tx *smb)
{
    struct reader r = body_of(m);
    reader_skip(&r, 4);
    uint16_t offset = reader_u16_le(&r), len = reader_u16_le(&r);
    smb_logon_answered(m, smb, at_offset(m, offset, len));
}

static void answer_tree(struct smb_message *m, struct smb_tx *smb)
{
    struct reader r = body_of(m);
    reader_skip(&r, 2);
    smb->share_type = reader_u8(&r);
    smb->tree_id = m->tree_id;
    smb_tree_add(m->af, m->tree_id, smb->words[SMB_SHARE], smb->share_type == 2);
    if (smb->share_type == 2) {
        smb_word(m->af, smb, SMB_NAMED_PIPE, smb->words[SMB_SHARE]);
        smb_word(m->af, smb, SMB_SHARE, STR_EMPTY);
    }
}

#define SECONDS_1601_TO_1970 11644473600u

static uint32_t seconds(uint64_t ticks)
{
    uint64_t s = ticks / 10000000u;
    return s > SECONDS_1601_TO_1970 ? (uint32_t)(s - SECONDS_1601_TO_1970) : 0;
}

static void answer_create(struct smb_message *m, struct smb_tx *smb)
{
    struct reader r = body_of(m);
    struct str name = smb->words[SMB_FILENAME];
    reader_skip(&r, 8);
    for (size_t i = 0; i < 4; i++)
        smb->times[i] = seconds(reader_u64_le(&r));
    reader_skip(&r, 8);
    smb->size = reader_u64_le(&r);
    reader_skip(&r, 8);
    smb->has_fuid = read_id(&r, &smb->fuid);
    struct smb_open *open = smb->has_fuid ? smb_open_add(m->af, &smb->fuid) : NULL;
    const struct smb_tree *tree = smb_tree_find(m->af, smb->tree_id);
    if (!open)
        return;
    open->tree_id = smb->tree_id;
    open->is_pipe = tree && tree->is_pipe;
    open->size = smb->size;
    smb_open_name(m->af, open, name);
}

static void answer_ioctl(struct smb_message *m, struct smb_tx *smb)
{
    struct reader r = body_of(m);
    struct smb_id id;
    reader_skip(&r, 4);
    uint32_t function = reader_u32_le(&r);
    if (!read_id(&r, &id) || function != PIPE_TRANSCEIVE)
        return;
    reader_skip(&r, 8);
    uint32_t offset = reader_u32_le(&r), len = reader_u32_le(&r);
    (void)smb;
    (void)smb_pipe_answers(m, smb_open_find(m->af, &id), &id, at_offset(m, offset, len));
}

static void answer_read(struct smb_message *m)
{
    struct reader r = body_of(m);
    struct smb_access read;
    struct smb_piece piece = {0};
    if (!smb_access_take(m, DIR_TOCLIENT, &read) || (m->status && m->status != 0x80000005))
        return;
    reader_skip(&r, 2);
    uint8_t offset = reader_u8(&r);
    reader_skip(&r, 1);
    piece.len = reader_u32_le(&r);
    if (r.bad)
        return;
    smb_note_size(m, true, piece.len);
    piece.id = read.id;
    piece.offset = read.offset;
    piece.bytes = at_offset(m, offset, piece.len);
    struct smb_open *open = smb_open_find(m->af, &read.id);
    struct rpc_head head;
    bool is_call = rpc_read_head(piece.bytes, &head);
    /* an answer that came later names no tree: what is no call is taken for a file's, as Suricata does, and so is what follows it */
    bool is_file = open && (open->files[DIR_TOCLIENT] || !smb_tree_find(m->af, m->tree_id));
    bool in_pipe = open && open->is_pipe && (open->is_rpc || !is_file);
    if (in_pipe || ((!open || open->is_pipe) && is_call))
        (void)smb_pipe_answers(m, open, &read.id, piece.bytes);
    else if (piece.len)
        (void)smb_file_piece(m, 2, &piece);
}

static void answer(struct smb_message *m)
{
    if (m->status == STATUS_PENDING)
        return;
    if (m->command == READ) {
        answer_read(m);
        return;
    }
    if (m->command == WRITE && smb_write_answered(m))
        return;
    struct smb_tx *smb = smb_find(m, 2);
    if (!smb && m->command == NEGOTIATE)
        smb = smb_find_negotiate(m);
    if (!smb)
        return;
    smb->status = m->status;
    smb->has_status = true;
    if (m->command == SESSION_SETUP || m->command == TREE_CONNECT)
        smb->session_id = m->session_id;
    if (m->command == SESSION_SETUP)
        answer_session(m, smb);
    if (m->status == 0) {
        switch (m->command) {
        case NEGOTIATE: answer_negotiate(m, smb); break;
        case TREE_CONNECT: answer_tree(m, smb); break;
        case CREATE: answer_create(m, smb); break;
        case IOCTL: answer_ioctl(m, smb); break;
        default: break;
        }
    }
    /* a call's answer may come by a read */
    if (!smb_call_waits(smb) || m->command != WRITE || m->status)
        smb_complete(smb);
}

/* ---- messages ---- */

static bool read_head(struct smb_message *m, uint32_t *next)
{
    struct reader r = reader_of(m->bytes);
    reader_skip(&r, 8);
    m->status = reader_u32_le(&r);
    m->command = reader_u16_le(&r);
    reader_skip(&r, 2);
    m->flags = reader_u32_le(&r);
    *next = reader_u32_le(&r);
    m->message_id = reader_u64_le(&r);
    reader_skip(&r, 4);
    m->tree_id = reader_u32_le(&r);
    m->session_id = reader_u64_le(&r);
    m->wide = true;
    m->is_answer = m->flags & FLAG_ANSWER;
    if (m->flags & FLAG_ASYNC)
        m->tree_id = 0;
    return !r.bad && m->bytes.len >= HEAD_BYTES;
}

void smb2_take(struct smb_message *m)
{
    struct str all = m->bytes;
    uint32_t next = 0;
    for (int i = 0; i < SMB_CHAIN_MAX; i++) {
        m->bytes = all;
        if (!read_head(m, &next)) {
            smb_event(m, NULL, SMB_MALFORMED_DATA);
            return;
        }
        if (!smb_right_way(m))
            return;
        if (next >= HEAD_BYTES && next < all.len)
            m->bytes = str_cut(all, 0, next);
        bool whole = is_all_there(m);
        if (m->is_answer)
            answer(m);
        else
            ask(m);
        if (!whole)
            smb_event(m, NULL, SMB_MALFORMED_DATA);
        if (next < HEAD_BYTES || next >= all.len)
            return;
        all = str_from(all, next);
    }
}
