/* Transactions of SMB1: one command that carries another (MS-CIFS sections 2.2.4.33, 2.2.4.46, 2.2.4.62). Their parameters and data may come in
 * several messages; of one at a time the parts are gathered, so that what a rule or a record asks for is not hidden in the second. */
#include "engine/app/smb/share.h"

#define TRANSACT_PIPE 0x26
/* subcommands of TRANS2 that say something: section 2.2.6 */
#define SET_PATH_INFO 6
#define SET_FILE_INFO 8
/* FileRenameInformation and FileDispositionInformation handed through (section 2.2.2.3.5), and the older level of deleting */
#define LEVEL_RENAME 1010
#define LEVEL_DISPOSITION 1013
#define LEVEL_DISPOSITION_OLD 0x102
#define NT_CREATE_FILE 1 /* function of NT_TRANS: section 2.2.7.1 */
#define PARAMETERS_MAX 4096u

/* The parts of a message: where they stand in it, and in the whole. */
struct part {
    uint16_t total[2]; /* parameters, data */
    uint16_t len[2], at[2], offset[2];
};

enum { PARAMETERS, DATA };

struct smb_id smb1_id(uint16_t fid)
{
    return (struct smb_id){.bytes = {(uint8_t)fid, (uint8_t)(fid >> 8)}, .len = 2};
}

/* ---- what they say ---- */

static void note_pipe(struct smb_message *m, const struct smb_gather *g, struct str unit)
{
    struct rpc_head head;
    if (g->setup[0] != TRANSACT_PIPE || !rpc_read_head(unit, &head) || rpc_type_answers(head.type))
        return;
    struct smb_id id = smb1_id(g->setup[1]);
    struct smb_open *open = smb_open_find(m->af, &id);
    if (!open)
        open = smb_open_add(m->af, &id);
    if (open)
        open->is_pipe = true;
    struct smb_tx *smb = smb_begin(m, 1);
    if (!smb)
        return;
    smb->command = g->command;
    (void)smb_pipe_asks(m, smb, open, unit);
    smb_asked(smb, m->dir);
}

/* A path is named, or a file that is open. */
static void name_target(struct smb_message *m, struct smb_tx *smb, struct reader *params,
                        const struct smb_id *id)
{
    const struct smb_open *open = id->len ? smb_open_find(m->af, id) : NULL;
    smb->kind = SMB_SET_INFO;
    smb->fuid = *id;
    smb->has_fuid = true;
    if (open)
        smb_word(m->af, smb, SMB_FILENAME, open->name);
    else if (!id->len)
        smb_word_wide(m->af, smb, SMB_FILENAME, smb_text_cut(reader_rest(params), m->wide),
                      m->wide);
}

/* Renaming and deleting are told; other settings say nothing. */
static void note_setting(struct smb_message *m, const struct smb_gather *g, struct str parameters,
                         struct str data)
{
    struct reader params = reader_of(parameters), info = reader_of(data);
    struct smb_id id = {.len = 0};
    if (g->setup[0] == SET_FILE_INFO)
        id = smb1_id(reader_u16_le(&params));
    uint16_t level = reader_u16_le(&params);
    reader_skip(&params, g->setup[0] == SET_FILE_INFO ? 2 : 4);
    bool renames = level == LEVEL_RENAME;
    if (params.bad || (!renames && level != LEVEL_DISPOSITION && level != LEVEL_DISPOSITION_OLD))
        return;
    struct smb_tx *smb = smb_begin(m, 1);
    if (!smb)
        return;
    smb->command = g->command;
    smb->subcommand = (uint8_t)g->setup[0];
    name_target(m, smb, &params, &id);
    if (renames) {
        reader_skip(&info, 8);
        uint32_t len = reader_u32_le(&info);
        smb_word_wide(m->af, smb, SMB_RENAME_TO, reader_str(&info, len), m->wide);
    } else {
        smb->delete_on_close = reader_u8(&info);
    }
    smb_asked(smb, m->dir);
}

/* A file is made by name, as with NT_CREATE_ANDX: its record tells the command alone, as Suricata's, but what is written to it has a
 * name. */
static void note_created(struct smb_message *m, struct smb_tx *smb, struct str parameters)
{
    struct reader r = reader_of(parameters);
    reader_skip(&r, 44);
    uint32_t len = reader_u32_le(&r);
    reader_skip(&r, 5);
    size_t pad = m->wide && reader_left(&r) > len; /* to an even place of the message */
    reader_skip(&r, pad);
    struct str name = reader_str(&r, len);
    if (!r.bad)
        smb_word_wide(m->af, smb, SMB_FILENAME, name, m->wide);
}

/* Its last part came in another message. */
static void note_created_late(struct smb_message *m, struct str parameters)
{
    struct smb_message first = *m;
    first.command = SMB1_NT_TRANS;
    struct smb_tx *smb = smb_find(&first, 1);
    if (smb)
        note_created(m, smb, parameters);
}

static void whole(struct smb_message *m, const struct smb_gather *g, struct str parameters,
                  struct str data)
{
    if (g->command == SMB1_TRANS)
        note_pipe(m, g, data);
    else if (g->command == SMB1_NT_TRANS)
        note_created_late(m, parameters);
    else if (g->setup[0] == SET_PATH_INFO || g->setup[0] == SET_FILE_INFO)
        note_setting(m, g, parameters, data);
}

/* ---- gathering ---- */

void smb1_gather_drop(struct app_flow *af)
{
    struct smb_gather *g = &smb_state_of(af)->gather;
    budget_give(af->mem, g->bytes, g->size);
    *g = (struct smb_gather){0};
}

/* A part goes where it says. Which of its bytes came is told by their number alone: who sends one twice hides only from himself. */
static void gather_part(struct smb_message *m, const struct part *p)
{
    struct smb_gather *g = &smb_state_of(m->af)->gather;
    const uint32_t from[2] = {0, g->total[PARAMETERS]};
    for (int i = PARAMETERS; i <= DATA; i++) {
        struct str bytes = str_cut(m->bytes, p->at[i], (size_t)p->at[i] + p->len[i]);
        if (!bytes.len || (uint32_t)p->offset[i] + bytes.len > g->total[i])
            continue;
        memcpy(g->bytes + from[i] + p->offset[i], bytes.p, bytes.len);
        g->have += (uint32_t)bytes.len;
    }
    if (g->have < g->size)
        return;
    whole(m, g, str_of(g->bytes, g->total[PARAMETERS]),
          str_of(g->bytes + g->total[PARAMETERS], g->total[DATA]));
    smb1_gather_drop(m->af);
}

static void gather_begin(struct smb_message *m, const struct smb_gather *first,
                         const struct part *p)
{
    struct smb_gather *g = &smb_state_of(m->af)->gather;
    smb1_gather_drop(m->af);
    uint32_t size = (uint32_t)p->total[PARAMETERS] + p->total[DATA];
    uint8_t *bytes =
        p->total[PARAMETERS] <= PARAMETERS_MAX ? budget_zalloc(m->af->mem, size) : NULL;
    if (!bytes)
        return;
    *g = *first;
    g->bytes = bytes;
    g->message_id = m->message_id;
    g->size = size;
    memcpy(g->total, p->total, sizeof p->total);
    gather_part(m, p);
}

static bool is_whole(const struct part *p)
{
    return p->len[PARAMETERS] >= p->total[PARAMETERS] && p->len[DATA] >= p->total[DATA];
}

void smb1_trans(struct smb_message *m, struct reader *words)
{
    struct part p = {0};
    struct smb_gather first = {.command = m->command};
    p.total[PARAMETERS] = reader_u16_le(words);
    p.total[DATA] = reader_u16_le(words);
    reader_skip(words, 14);
    for (int i = PARAMETERS; i <= DATA; i++) {
        p.len[i] = reader_u16_le(words);
        p.at[i] = reader_u16_le(words);
    }
    uint8_t setups = reader_u8(words);
    reader_skip(words, 1);
    first.setup[0] = reader_u16_le(words);
    first.setup[1] = setups > 1 ? reader_u16_le(words) : 0;
    if (words->bad)
        return;
    if (is_whole(&p)) {
        whole(m, &first, str_cut(m->bytes, p.at[0], (size_t)p.at[0] + p.len[0]),
              str_cut(m->bytes, p.at[1], (size_t)p.at[1] + p.len[1]));
        return;
    }
    gather_begin(m, &first, &p);
}

void smb1_trans_secondary(struct smb_message *m, struct reader *words)
{
    struct part p = {0};
    struct smb_gather *g = &smb_state_of(m->af)->gather;
    p.total[PARAMETERS] = reader_u16_le(words);
    p.total[DATA] = reader_u16_le(words);
    for (int i = PARAMETERS; i <= DATA; i++) {
        p.len[i] = reader_u16_le(words);
        p.at[i] = reader_u16_le(words);
        p.offset[i] = reader_u16_le(words);
    }
    uint16_t of = m->command == SMB1_TRANS_SECONDARY ? SMB1_TRANS : SMB1_TRANS2;
    if (!words->bad && g->bytes && g->message_id == m->message_id && g->command == of)
        gather_part(m, &p);
}

/* Of NT_TRANS the parameters alone are of use: of its data (who may do what) nothing is told. */
static bool take_nt_part(struct reader *words, bool moves, struct part *out)
{
    uint32_t total = reader_u32_le(words);
    reader_skip(words, moves ? 4 : 12);
    uint32_t len = reader_u32_le(words), at = reader_u32_le(words);
    uint32_t offset = moves ? reader_u32_le(words) : 0;
    reader_skip(words, 8);
    if (words->bad || total > PARAMETERS_MAX || len > total || offset > total || at > UINT16_MAX)
        return false;
    *out = (struct part){.total = {(uint16_t)total},
                         .len = {(uint16_t)len},
                         .at = {(uint16_t)at},
                         .offset = {(uint16_t)offset}};
    return true;
}

void smb1_nt_trans(struct smb_message *m, struct smb_tx *smb, struct reader *words)
{
    struct part p;
    struct smb_gather first = {.command = m->command};
    reader_skip(words, 3);
    bool good = take_nt_part(words, false, &p);
    reader_skip(words, 1);
    uint16_t function = reader_u16_le(words);
    if (!good || words->bad || function != NT_CREATE_FILE)
        return;
    if (is_whole(&p))
        note_created(m, smb, str_cut(m->bytes, p.at[0], (size_t)p.at[0] + p.len[0]));
    else
        gather_begin(m, &first, &p);
}

void smb1_nt_trans_secondary(struct smb_message *m, struct reader *words)
{
    struct part p;
    const struct smb_gather *g = &smb_state_of(m->af)->gather;
    reader_skip(words, 3);
    if (take_nt_part(words, true, &p) && g->bytes && g->message_id == m->message_id &&
        g->command == SMB1_NT_TRANS)
        gather_part(m, &p);
}

bool smb1_nt_opened(const struct smb_message *m, struct reader *words, struct smb_id *id)
{
    reader_skip(words, 11);
    uint32_t len = reader_u32_le(words), at = reader_u32_le(words);
    struct reader r = reader_of(str_cut(m->bytes, at, (size_t)at + len));
    reader_skip(&r, 2);
    *id = smb1_id(reader_u16_le(&r));
    return !words->bad && !r.bad;
}
