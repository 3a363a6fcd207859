/* Messages of SMB1: MS-CIFS section 2.2. Parameters (words) and data follow a head of 32 bytes. */
#include "engine/app/smb/share.h"

#define HEAD_BYTES 32
#define FLAG_UNICODE 0x8000
#define FLAG_NT_STATUS 0x4000
#define NT_LM 1

enum command {
    CLOSE = 0x04,
    OPEN_PLAIN = 0x02,
    RENAME = 0x07,
    TRANS = SMB1_TRANS,
    TRANS_SECONDARY = SMB1_TRANS_SECONDARY,
    TRANS2 = SMB1_TRANS2,
    READ_ANDX = 0x2e,
    WRITE_ANDX = 0x2f,
    TREE_DISCONNECT = 0x71,
    NEGOTIATE = 0x72,
    SESSION_SETUP = 0x73,
    TREE_CONNECT = 0x75,
    NT_CREATE = 0xa2,
    NT_TRANS = SMB1_NT_TRANS,
    NT_TRANS_SECONDARY = SMB1_NT_TRANS_SECONDARY,
    TRANS2_SECONDARY = SMB1_TRANS2_SECONDARY,
    LOCKING = 0x24,
    OPEN = 0x2d,
    LOGOFF = 0x74,
    NOTHING_FOLLOWS = 0xff,
};

/* Where the next command of a message stands, and which one that is. */
struct follower {
    uint16_t command;
    uint32_t at;
};

struct parts {
    struct reader words;
    struct str data;
    uint32_t data_at; /* in the message */
};

/* The command at `at`; false: its words are not all there. */
static bool split(const struct smb_message *m, uint32_t at, struct parts *out)
{
    struct reader r = reader_of(str_from(m->bytes, at));
    uint8_t words = reader_u8(&r);
    out->words = reader_sub(&r, (size_t)words * 2);
    uint16_t len = reader_u16_le(&r);
    out->data_at = (uint32_t)(at + r.at);
    out->data = str_cut(m->bytes, out->data_at, (size_t)out->data_at + len);
    return !r.bad;
}

/* "AndX": another command of the same head follows (MS-CIFS section 2.2.3.4). Only forward, so that a chain ends. */
static bool follows(uint16_t command, uint32_t at, const struct parts *p, struct follower *out)
{
    struct reader words = p->words;
    switch (command) {
    case LOCKING:
    case OPEN:
    case READ_ANDX:
    case WRITE_ANDX:
    case SESSION_SETUP:
    case LOGOFF:
    case TREE_CONNECT:
    case NT_CREATE: break;
    default: return false;
    }
    out->command = reader_u8(&words);
    reader_skip(&words, 1);
    out->at = reader_u16_le(&words);
    return !words.bad && out->command != NOTHING_FOLLOWS && out->at > at;
}

struct str smb_text_cut(struct str text, bool wide)
{
    size_t end = 0, step = wide ? 2 : 1;
    while (end + step <= text.len && (text.p[end] || (wide && text.p[end + 1])))
        end += step;
    return str_cut(text, 0, end);
}

/* Text up to its end: two zero bytes, where it is wide and begins at an even place of the message. */
static struct str take_text(struct str *rest, size_t *at, bool wide)
{
    if (wide && *at % 2 && rest->len) {
        *rest = str_from(*rest, 1);
        (*at)++;
    }
    struct str text = smb_text_cut(*rest, wide);
    size_t step = text.len + (wide ? 2 : 1);
    *rest = str_from(*rest, step);
    *at += step;
    return text;
}

static void ask_negotiate(struct smb_message *m, struct smb_tx *smb, struct parts *p)
{
    uint8_t text[SMB_TEXT_MAX];
    struct buf b = buf_fixed(text, sizeof text);
    struct str rest = p->data;
    smb->kind = SMB_NEGOTIATE;
    smb_note_negotiate(m, smb);
    smb->tree_id = 0;
    smb->session_id = 0;
    for (int i = 0; i < SMB_DIALECTS_MAX && rest.len; i++) {
        struct str one = str_split(&rest, 0);
        if (!one.len || one.p[0] != 2) {
            app_event(m->af, &smb->tx, SMB_NEGOTIATE_MALFORMED_DIALECTS);
            break;
        }
        if (b.len)
            buf_add_byte(&b, 0);
        buf_add(&b, str_from(one, 1));
    }
    smb_word(m->af, smb, SMB_DIALECTS, buf_str(&b));
}

static void take_natives(struct smb_message *m, struct smb_tx *smb, struct parts *p, uint16_t blob,
                         enum smb_word first)
{
    struct str rest = str_from(p->data, blob);
    size_t at = p->data_at + blob;
    smb_word_wide(m->af, smb, first, take_text(&rest, &at, m->wide), m->wide);
    smb_word_wide(m->af, smb, first + 1, take_text(&rest, &at, m->wide), m->wide);
}

static void ask_session(struct smb_message *m, struct smb_tx *smb, struct parts *p)
{
    smb->kind = SMB_SESSION;
    reader_skip(&p->words, 14);
    uint16_t blob = reader_u16_le(&p->words);
    if (p->words.len != 24)
        return; /* without extended security there is no message of NTLMSSP */
    smb_logon(m, smb, str_cut(p->data, 0, blob));
    take_natives(m, smb, p, blob, SMB_NATIVE_OS_ASKED);
}

/* Of the two backslashes in front Suricata tells one here, and rules are written so. */
static struct str without_first(struct str share, bool wide)
{
    struct str twice = wide ? str_of("\\\0\\\0", 4) : STR_LIT("\\\\");
    return str_starts(share, twice) ? str_from(share, twice.len / 2) : share;
}

static void ask_tree(struct smb_message *m, struct smb_tx *smb, struct parts *p)
{
    smb->kind = SMB_TREE;
    reader_skip(&p->words, 6);
    uint16_t password = reader_u16_le(&p->words);
    struct str rest = str_from(p->data, password);
    size_t at = p->data_at + password;
    struct str share = take_text(&rest, &at, m->wide);
    smb_word_wide(m->af, smb, SMB_SHARE, without_first(share, m->wide), m->wide);
    smb_word_wide(m->af, smb, SMB_SERVICE_ASKED, take_text(&rest, &at, false), false);
}

static void ask_create(struct smb_message *m, struct smb_tx *smb, struct parts *p)
{
    smb->kind = SMB_CREATE;
    reader_skip(&p->words, 5);
    uint16_t len = reader_u16_le(&p->words);
    reader_skip(&p->words, 28);
    smb->disposition = reader_u32_le(&p->words);
    uint32_t options = reader_u32_le(&p->words);
    size_t pad = m->wide && p->data_at % 2;
    smb->delete_on_close = options & 0x1000;
    smb_word_wide(m->af, smb, options & 1 ? SMB_DIRECTORY : SMB_FILENAME,
                  str_cut(p->data, pad, pad + len), m->wide);
}

static void ask_close(struct smb_message *m, struct smb_tx *smb, struct parts *p)
{
    struct smb_id id = smb1_id(reader_u16_le(&p->words));
    (void)smb;
    if (!p->words.bad)
        smb_open_close(m->af, &id);
}

static bool take_write(struct smb_message *m, struct parts *p)
{
    struct smb_piece piece = {0};
    struct reader *w = &p->words;
    reader_skip(w, 4);
    piece.id = smb1_id(reader_u16_le(w));
    uint64_t offset = reader_u32_le(w);
    reader_skip(w, 8);
    uint32_t high = reader_u16_le(w);
    piece.len = high << 16 | reader_u16_le(w);
    uint16_t at = reader_u16_le(w);
    if (w->len >= 28)
        offset |= (uint64_t)reader_u32_le(w) << 32;
    if (w->bad)
        return false;
    smb_note_size(m, false, piece.len);
    piece.offset = offset;
    piece.bytes = str_cut(m->bytes, at, (size_t)at + piece.len);
    const struct smb_tree *tree = smb_tree_find(m->af, m->tree_id);
    struct smb_open *open = smb_open_find(m->af, &piece.id);
    if ((open && open->is_pipe) || (tree && tree->is_pipe)) {
        struct smb_tx *smb = smb_begin(m, 1);
        if (!open)
            open = smb_open_add(m->af, &piece.id);
        if (open)
            open->is_pipe = true;
        if (smb) {
            (void)smb_pipe_asks(m, smb, open, piece.bytes);
            smb_asked(smb, m->dir);
        }
        return true;
    }
    return smb_file_piece(m, 1, &piece);
}

static void ask_read(struct smb_message *m, struct parts *p)
{
    struct reader *w = &p->words;
    reader_skip(w, 4);
    struct smb_id id = smb1_id(reader_u16_le(w));
    uint64_t offset = reader_u32_le(w);
    reader_skip(w, 10);
    if (w->len >= 24)
        offset |= (uint64_t)reader_u32_le(w) << 32;
    if (!w->bad)
        smb_access_add(m, DIR_TOCLIENT, offset, &id);
}

/* MS-CIFS section 2.2.4.27: file and path that is to be opened; the answer gives its number. */
static void ask_open(struct smb_message *m, struct smb_tx *smb, struct parts *p)
{
    struct str rest = p->data;
    size_t at = p->data_at;
    if (m->command == OPEN_PLAIN &&
        rest.len) { /* section 2.2.4.3: a byte says that a text follows */
        rest = str_from(rest, 1);
        at++;
    }
    smb_word_wide(m->af, smb, SMB_FILENAME, take_text(&rest, &at, m->wide), m->wide);
}

/* Section 2.2.4.8 */
static void ask_rename(struct smb_message *m, struct smb_tx *smb, struct parts *p)
{
    static const enum smb_word words[2] = {SMB_FILENAME, SMB_RENAME_TO};
    struct str rest = p->data;
    size_t at = p->data_at;
    smb->kind = SMB_SET_INFO;
    smb->has_fuid = true;
    for (int i = 0; i < 2; i++) {
        rest = str_from(rest, 1);
        at++;
        smb_word_wide(m->af, smb, words[i], take_text(&rest, &at, m->wide), m->wide);
    }
}

/* A further part of a transaction is asked without an answer of its own. */
static void ask_further(struct smb_message *m, struct parts *p)
{
    struct smb_tx *smb = smb_begin(m, 1);
    if (smb)
        smb_complete(smb);
    if (m->command == NT_TRANS_SECONDARY)
        smb1_nt_trans_secondary(m, &p->words);
    else
        smb1_trans_secondary(m, &p->words);
}

static void ask(struct smb_message *m, struct parts *p)
{
    switch (m->command) {
    case READ_ANDX: ask_read(m, p); return;
    case TRANS:
    case TRANS2: smb1_trans(m, &p->words); return;
    case NT_TRANS_SECONDARY:
    case TRANS_SECONDARY:
    case TRANS2_SECONDARY: ask_further(m, p); return;
    case WRITE_ANDX:
        if (take_write(m, p))
            return;
        break;
    default: break;
    }
    struct smb_tx *smb = smb_begin(m, 1);
    if (!smb)
        return;
    switch (m->command) {
    case NEGOTIATE: ask_negotiate(m, smb, p); break;
    case SESSION_SETUP: ask_session(m, smb, p); break;
    case TREE_CONNECT: ask_tree(m, smb, p); break;
    case NT_CREATE: ask_create(m, smb, p); break;
    case CLOSE: ask_close(m, smb, p); break;
    case OPEN:
    case OPEN_PLAIN: ask_open(m, smb, p); break;
    case RENAME: ask_rename(m, smb, p); break;
    case NT_TRANS: smb1_nt_trans(m, smb, &p->words); break;
    default: break;
    }
    smb_asked(smb, m->dir);
}

/* ---- answers ---- */

/* Which of the dialects that were offered: MS-CIFS section 2.2.4.52.2 */
static void answer_negotiate(struct smb_message *m, struct smb_tx *smb, struct parts *p)
{
    uint16_t chosen = reader_u16_le(&p->words);
    struct str rest = smb->words[SMB_DIALECTS], name = STR_EMPTY;
    for (uint16_t i = 0; i <= chosen && rest.p; i++)
        name = str_split(&rest, 0);
    if (str_eq(name, STR_LIT("NT LM 0.12")))
        smb->dialect = smb_state_of(m->af)->dialect = NT_LM;
    if (p->words.len == 34 && p->data.len >= 16) {
        memcpy(smb->guid[1], p->data.p, 16);
        smb->has_guid[1] = true;
    }
}

static void answer_session(struct smb_message *m, struct smb_tx *smb, struct parts *p)
{
    reader_skip(&p->words, 6);
    uint16_t blob = p->words.len == 8 ? reader_u16_le(&p->words) : 0;
    smb_logon_answered(m, smb, str_cut(p->data, 0, blob));
    smb->session_id = m->session_id;
    take_natives(m, smb, p, blob, SMB_NATIVE_OS);
}

static void answer_tree(struct smb_message *m, struct smb_tx *smb, struct parts *p)
{
    struct str rest = p->data;
    size_t at = p->data_at;
    struct str service = take_text(&rest, &at, false);
    bool is_pipe = str_starts(service, STR_LIT("IPC"));
    smb->tree_id = m->tree_id;
    smb_word(m->af, smb, SMB_SERVICE, service);
    smb_tree_add(m->af, m->tree_id, smb->words[SMB_SHARE], is_pipe);
    if (is_pipe) {
        smb_word(m->af, smb, SMB_NAMED_PIPE, smb->words[SMB_SHARE]);
        smb_word(m->af, smb, SMB_SHARE, STR_EMPTY);
    }
}

static void name_open(struct smb_message *m, struct smb_tx *smb, const struct smb_id *id)
{
    struct smb_open *open = smb_open_add(m->af, id);
    const struct smb_tree *tree = smb_tree_find(m->af, m->tree_id);
    if (!open)
        return;
    open->tree_id = m->tree_id;
    open->is_pipe = tree && tree->is_pipe;
    smb_open_name(m->af, open, smb->words[SMB_FILENAME]);
}

#define SECONDS_1601_TO_1970 11644473600u

static void answer_create(struct smb_message *m, struct smb_tx *smb, struct parts *p)
{
    struct reader *w = &p->words;
    reader_skip(w, 5);
    smb->fuid = smb1_id(reader_u16_le(w));
    reader_skip(w, 4);
    for (size_t i = 0; i < 4; i++) {
        uint64_t s = reader_u64_le(w) / 10000000u;
        smb->times[i] = s > SECONDS_1601_TO_1970 ? (uint32_t)(s - SECONDS_1601_TO_1970) : 0;
    }
    reader_skip(w, 4);
    smb->size = reader_u64_le(w); /* as allocated: what readers of EVE know of SMB 1 */
    reader_skip(w, 8);
    smb->has_fuid = true;
    if (w->bad)
        smb->fuid.len = 0;
    else
        name_open(m, smb, &smb->fuid);
}

static void answer_open(struct smb_message *m, struct smb_tx *smb, struct parts *p)
{
    if (m->command == OPEN)
        reader_skip(&p->words, 4);
    struct smb_id id = smb1_id(reader_u16_le(&p->words));
    if (!p->words.bad)
        name_open(m, smb, &id);
}

static void answer_nt_trans(struct smb_message *m, struct smb_tx *smb, struct parts *p)
{
    struct smb_id id;
    if (smb->words[SMB_FILENAME].len && smb1_nt_opened(m, &p->words, &id))
        name_open(m, smb, &id);
}

static void answer_trans(struct smb_message *m, struct smb_tx *smb, struct parts *p)
{
    reader_skip(&p->words, 12);
    uint16_t len = reader_u16_le(&p->words), offset = reader_u16_le(&p->words);
    if (!p->words.bad && smb->kind == SMB_CALL)
        (void)smb_pipe_answers(m, smb_open_find(m->af, &smb->fuid), &smb->fuid,
                               str_cut(m->bytes, offset, (size_t)offset + len));
}

static void answer_read(struct smb_message *m, struct parts *p)
{
    struct smb_access read;
    struct smb_piece piece = {0};
    struct reader *w = &p->words;
    if (!smb_access_take(m, DIR_TOCLIENT, &read))
        return;
    reader_skip(w, 10);
    uint32_t len = reader_u16_le(w);
    uint16_t at = reader_u16_le(w);
    len |= (uint32_t)reader_u16_le(w) << 16;
    if (w->bad)
        return;
    smb_note_size(m, true, len);
    piece.id = read.id;
    piece.offset = read.offset;
    piece.len = len;
    piece.bytes = str_cut(m->bytes, at, (size_t)at + len);
    struct smb_open *open = smb_open_find(m->af, &read.id);
    if (open && open->is_pipe)
        (void)smb_pipe_answers(m, open, &read.id, piece.bytes);
    else if (len)
        (void)smb_file_piece(m, 1, &piece);
}

static void answer(struct smb_message *m, struct parts *p)
{
    if (m->command == READ_ANDX) {
        answer_read(m, p);
        return;
    }
    if (m->command == WRITE_ANDX && smb_write_answered(m))
        return;
    struct smb_tx *smb = smb_find(m, 1);
    if (!smb)
        return;
    m->answers = smb->asked_in;
    smb->status = m->status;
    smb->has_status = true;
    smb->is_dos_status = m->is_dos_status;
    switch (m->command) {
    case NEGOTIATE: answer_negotiate(m, smb, p); break;
    case SESSION_SETUP: answer_session(m, smb, p); break;
    case TREE_CONNECT: answer_tree(m, smb, p); break;
    case NT_CREATE: answer_create(m, smb, p); break;
    case OPEN:
    case OPEN_PLAIN: answer_open(m, smb, p); break;
    case TRANS: answer_trans(m, smb, p); break;
    case NT_TRANS: answer_nt_trans(m, smb, p); break;
    default: break;
    }
    if (!smb_call_waits(smb) || m->status)
        smb_complete(smb);
}

static bool read_head(struct smb_message *m)
{
    struct reader r = reader_of(m->bytes);
    reader_skip(&r, 4);
    m->command = reader_u8(&r);
    m->status = reader_u32_le(&r);
    m->is_answer = reader_u8(&r) & 0x80;
    uint16_t flags = reader_u16_le(&r);
    m->wide = flags & FLAG_UNICODE;
    m->is_dos_status = m->status && !(flags & FLAG_NT_STATUS);
    reader_skip(&r, 12);
    m->tree_id = reader_u16_le(&r);
    uint16_t process = reader_u16_le(&r);
    m->session_id = reader_u16_le(&r);
    m->message_id = reader_u16_le(&r) | (uint32_t)process << 16;
    return !r.bad;
}

void smb1_take(struct smb_message *m)
{
    struct follower next = {0, HEAD_BYTES};
    struct parts p;
    if (!read_head(m)) {
        smb_event(m, NULL, SMB_MALFORMED_DATA);
        return;
    }
    if (!smb_right_way(m))
        return;
    smb_state_of(m->af)->asked += !m->is_answer;
    for (int i = 0; i < SMB_CHAIN_MAX; i++) {
        uint32_t at = next.at;
        if (!split(m, at, &p)) {
            smb_event(m, NULL, SMB_MALFORMED_DATA);
            break;
        }
        bool more = follows(m->command, at, &p, &next);
        if (m->is_answer)
            answer(m, &p);
        else
            ask(m, &p);
        if (!more)
            break;
        m->command = next.command;
    }
    if (m->is_answer) /* what followed the command that failed was not done, and is not answered */
        smb_end_unanswered(m);
}
