/* share: what smb's files share: transactions, trees, opens. Private to app/smb. */
#ifndef ENGINE_APP_SMB_SHARE_H
#define ENGINE_APP_SMB_SHARE_H

#include "engine/app/smb/smb.h"
#include "engine/content/content.h"
#include "engine/format/ntlm/ntlm.h"
#include "engine/format/rpc/rpc.h"

#define SMB_TREES_MAX 64
#define SMB_OPENS_MAX 64
#define SMB_TEXT_MAX 1024                /* of a name; a longer one is cut */
#define SMB_DIALECTS_MAX 32              /* told of a negotiation */
#define SMB_CHAIN_MAX 64                 /* compounded or chained commands of one message */
#define SMB_WAITING_BYTES_MAX (1u << 20) /* of a direction, whatever the settings say */
#define SMB_MESSAGE_MAX 61440 /* waited for as a whole; longer ones are read as they come */
#define SMB_HEAD_ENOUGH 1024  /* of a long message, to know what it is */

enum smb_event {
    SMB_INTERNAL_ERROR,
    SMB_MALFORMED_DATA,
    SMB_RECORD_OVERFLOW,
    SMB_MALFORMED_NTLMSSP_REQUEST,
    SMB_MALFORMED_NTLMSSP_RESPONSE,
    SMB_DUPLICATE_NEGOTIATE,
    SMB_NEGOTIATE_MALFORMED_DIALECTS,
    SMB_FILE_OVERLAP,
    SMB_RESPONSE_TO_SERVER,
    SMB_REQUEST_TO_CLIENT,
    SMB_UNUSUAL_NTLMSSP_ORDER,
    SMB_READ_REQUEST_TOO_LARGE,
    SMB_READ_RESPONSE_TOO_LARGE,
    SMB_WRITE_REQUEST_TOO_LARGE,
    SMB_WRITE_RESPONSE_TOO_LARGE,
    SMB_NEGOTIATE_MAX_READ_SIZE_TOO_LARGE,
    SMB_NEGOTIATE_MAX_WRITE_SIZE_TOO_LARGE,
    SMB_READ_QUEUE_SIZE_EXCEEDED,
    SMB_READ_QUEUE_CNT_EXCEEDED,
    SMB_WRITE_QUEUE_SIZE_EXCEEDED,
    SMB_WRITE_QUEUE_CNT_EXCEEDED,
    SMB_TOO_MANY_TRANSACTIONS,
    SMB_EVENTS,
};

/* What a transaction can say beside its command. */
enum smb_word {
    SMB_FILENAME,
    SMB_DIRECTORY,
    SMB_SHARE,
    SMB_NAMED_PIPE,
    SMB_USER,
    SMB_DOMAIN,
    SMB_HOST,
    SMB_NATIVE_OS_ASKED,
    SMB_NATIVE_LM_ASKED,
    SMB_NATIVE_OS,
    SMB_NATIVE_LM,
    SMB_SERVICE_ASKED,
    SMB_SERVICE,
    SMB_RENAME_TO,
    SMB_REALM,
    SMB_SNAMES,   /* several, NUL between */
    SMB_DIALECTS, /* several, NUL between */
    SMB_WORDS,
};

enum smb_kind {
    SMB_OTHER,
    SMB_NEGOTIATE,
    SMB_SESSION,
    SMB_TREE,
    SMB_CREATE,
    SMB_FILE,
    SMB_IOCTL,
    SMB_SET_INFO,
    SMB_CALL
};

struct smb_id {
    uint8_t bytes[16]; /* SMB1: two */
    uint8_t len;
};

struct smb_tx {
    struct tx tx;
    uint8_t version; /* 1, 2 */
    enum smb_kind kind;
    uint16_t command;
    uint8_t subcommand; /* of SMB1's TRANS2 */
    uint64_t session_id, message_id;
    uint32_t asked_in; /* number of the request that began it; those of one message share it */
    uint32_t tree_id, status;
    bool has_status, is_dos_status, has_ntlm, has_kerberos, ended;
    uint16_t dialect; /* of the connection when it began */
    struct str words[SMB_WORDS];
    struct ntlm ntlm;    /* its numbers only */
    uint8_t guid[2][16]; /* of client and server */
    bool has_guid[2];
    uint32_t max_read, max_write, function, disposition;
    bool delete_on_close;
    uint8_t info_class, info_level, share_type;
    uint32_t times[4];
    uint64_t size;
    struct smb_id fuid;
    bool has_fuid;
    struct rpc_call call;
    struct body body;
    struct body_conf body_conf;
    enum dir file_dir;
};

struct smb_tree {
    struct smb_tree *next;
    uint32_t id;
    bool is_pipe;
    struct str name;
};

/* A piece of a file that came before what stands in front of it. */
struct smb_chunk {
    struct smb_chunk *next; /* by offset */
    uint64_t offset;
    uint32_t len, have; /* have: of its bytes, so far */
    uint8_t bytes[];
};

struct smb_open {
    struct smb_open *next;
    struct smb_id id;
    uint32_t tree_id;
    bool is_pipe, is_rpc; /* is_rpc: a call went through it */
    struct str name;
    uint64_t size;
    struct rpc_bindings bindings;
    struct smb_tx *files[DIR_COUNT];
    uint64_t at[DIR_COUNT]; /* in the file, behind what was handed on */
    struct smb_chunk *waiting[DIR_COUNT];
    uint32_t waiting_count[DIR_COUNT];
};

/* A read or write of a file that waits for its answer: which file, and where in it. */
struct smb_access {
    struct smb_access *next;
    enum dir dir; /* the way its bytes move */
    uint64_t message_id;
    uint64_t offset;
    struct smb_id id;
};
#define SMB_ACCESSES_MAX 128

/* A transaction of SMB1 whose parts are on their way (trans.c). */
struct smb_gather {
    uint16_t command, setup[2];
    uint64_t message_id;
    uint16_t total[2]; /* parameters, data */
    uint8_t *bytes;    /* of both; NULL: there is none */
    uint32_t size, have;
};

struct smb_state {
    struct smb_gather gather;
    uint32_t asked; /* requests of SMB1 so far */
    struct smb_tree *trees;
    struct smb_open *opens;
    struct smb_access *accesses; /* newest first */
    uint32_t tree_count, open_count, access_count;
    uint16_t dialect;             /* 0: not known */
    uint32_t max_read, max_write; /* as agreed on; 0: not known */
    uint8_t negotiated;           /* 1 << version, of a negotiation that was asked for */
    bool lost[DIR_COUNT];
    uint32_t waiting_bytes[DIR_COUNT]; /* in chunks of all opens */
    struct smb_chunk
        *filling[DIR_COUNT];    /* the one that `data` belongs to; NULL: it is handed on */
    uint32_t skip[DIR_COUNT];   /* bytes of the message in hand that are left */
    uint32_t data[DIR_COUNT];   /* of these, bytes of the file */
    uint32_t before[DIR_COUNT]; /* bytes in front of them */
    struct smb_id data_id[DIR_COUNT];
};

/* The message in hand. */
struct smb_message {
    struct app_flow *af;
    enum dir dir;
    bool is_answer;
    struct str bytes; /* from the protocol's mark on; may be only the beginning */
    uint32_t whole_bytes;
    uint16_t command;
    uint32_t status, tree_id, flags;
    uint64_t message_id, session_id;
    uint32_t answers; /* the number of the request that it answers; 0: not known */
    bool wide;
    bool is_dos_status; /* SMB1: class and code instead of an NT status */
};

static inline struct smb_state *smb_state_of(const struct app_flow *af)
{
    return af->state;
}

static inline const struct smb_tx *smb_tx_const(const struct tx *tx)
{
    return (const struct smb_tx *)tx;
}

/* A call in a pipe whose answer is still to come, by whatever command. */
static inline bool smb_call_waits(const struct smb_tx *smb)
{
    return smb->kind == SMB_CALL && rpc_type_asks(smb->call.request) &&
           !smb->call.done[RPC_ANSWERED];
}

/* table.c */
struct smb_tx *smb_begin(const struct smb_message *m, uint8_t version);
struct smb_tx *smb_find(const struct smb_message *m, uint8_t version);
/* SMB1's offer, which SMB2 may answer: MS-SMB2 section 3.3.5.3.1 */
struct smb_tx *smb_find_negotiate(const struct smb_message *m);
void smb_complete(struct smb_tx *smb);
/* Without a transaction it is the newest one's. */
void smb_event(const struct smb_message *m, struct smb_tx *smb, enum smb_event event);
/* Requests go to the server; false, and an event: this one does not. */
bool smb_right_way(const struct smb_message *m);
/* Ends what stood in the request that this message answers and was not answered by it. */
void smb_end_unanswered(const struct smb_message *m);
bool smb_give_up(struct app_flow *af);
/* A connection negotiates once with each version. */
void smb_note_negotiate(const struct smb_message *m, struct smb_tx *smb);
void smb_asked(struct smb_tx *smb, enum dir dir);
void smb_word(struct app_flow *af, struct smb_tx *smb, enum smb_word word, struct str text);
void smb_word_wide(struct app_flow *af, struct smb_tx *smb, enum smb_word word, struct str text,
                   bool wide);
void smb_tree_add(struct app_flow *af, uint32_t id, struct str name, bool is_pipe);
const struct smb_tree *smb_tree_find(const struct app_flow *af, uint32_t id);
struct smb_open *smb_open_add(struct app_flow *af, const struct smb_id *id);
struct smb_open *smb_open_find(const struct app_flow *af, const struct smb_id *id);
void smb_open_name(struct app_flow *af, struct smb_open *open, struct str name);
void smb_open_close(struct app_flow *af, const struct smb_id *id);
void smb_access_add(const struct smb_message *m, enum dir dir, uint64_t offset,
                    const struct smb_id *id);
/* The one that this message answers; false: there is none. */
bool smb_access_take(const struct smb_message *m, enum dir dir, struct smb_access *out);
/* Of the reads of this file that are not answered the first in the file; false: there is none. */
bool smb_read_lowest(const struct app_flow *af, const struct smb_id *id, uint64_t *offset);
void smb_tables_fini(struct app_flow *af);
void smb_tx_free(struct app_flow *af, struct tx *tx);

/* transfer.c: bytes of files and of pipes */
struct smb_piece {
    struct smb_id id;
    uint64_t offset;
    struct str bytes;
    uint32_t len; /* of the whole piece */
};
/* Bytes that a message carries; what is still missing of it is taken as it comes. True: they belong to a file. */
bool smb_file_piece(const struct smb_message *m, uint8_t version, const struct smb_piece *piece);
/* An answer to a write: its status is the file's. False: nobody wrote so. */
bool smb_write_answered(const struct smb_message *m);
void smb_file_more(struct app_flow *af, enum dir dir, struct str bytes);
/* Bytes of the piece in hand are missing in the stream. */
void smb_file_missing(struct app_flow *af, enum dir dir, uint32_t bytes);
/* What waits is handed on, holes and all; before the open goes. */
void smb_file_flush(struct app_flow *af, struct smb_open *open, enum dir dir);
/* More asked for or given than the settings or the negotiation allow is an event. */
void smb_note_size(const struct smb_message *m, bool is_read, uint32_t bytes);
/* A unit of DCE/RPC in a request of `smb`, or in an answer to it (NULL: to any of the pipe's). True: it was one. */
bool smb_pipe_asks(const struct smb_message *m, struct smb_tx *smb, struct smb_open *open,
                   struct str bytes);
bool smb_pipe_answers(const struct smb_message *m, struct smb_open *open, const struct smb_id *id,
                      struct str bytes);

/* logon.c */
void smb_logon(const struct smb_message *m, struct smb_tx *smb, struct str blob);
void smb_logon_answered(const struct smb_message *m, struct smb_tx *smb, struct str blob);

/* trans.c */
#define SMB1_TRANS 0x25
#define SMB1_TRANS_SECONDARY 0x26
#define SMB1_TRANS2 0x32
#define SMB1_TRANS2_SECONDARY 0x33
#define SMB1_NT_TRANS 0xa0
#define SMB1_NT_TRANS_SECONDARY 0xa1
struct smb_id smb1_id(uint16_t fid);
/* TRANS and TRANS2, and what follows of them. */
void smb1_trans(struct smb_message *m, struct reader *words);
void smb1_trans_secondary(struct smb_message *m, struct reader *words);
/* NT_TRANS, in its transaction, and what follows of it; *id: of the file that an answer says was opened. */
void smb1_nt_trans(struct smb_message *m, struct smb_tx *smb, struct reader *words);
void smb1_nt_trans_secondary(struct smb_message *m, struct reader *words);
bool smb1_nt_opened(const struct smb_message *m, struct reader *words, struct smb_id *id);
void smb1_gather_drop(struct app_flow *af);

/* smb1.c, smb2.c: one message */
/* Text up to its zero. */
struct str smb_text_cut(struct str text, bool wide);
void smb1_take(struct smb_message *m);
void smb2_take(struct smb_message *m);

/* log.c, fields.c */
void smb_log_conf(struct app_log *log, const struct conf_node *settings);
bool smb_log_wants(const struct tx *tx, const struct app_log *log);
void smb_log(const struct tx *tx, const struct app_conf *conf, struct json *out);
#define SMB_FIELD_ROWS (10 + FILE_FIELD_ROWS)
extern const struct field_desc smb_fields[SMB_FIELD_ROWS];

#endif
