/* message: what nfs's files share. Private to app/nfs. */
#ifndef ENGINE_APP_NFS_MESSAGE_H
#define ENGINE_APP_NFS_MESSAGE_H

#include "engine/app/nfs/nfs.h"
#include "engine/content/content.h"
#include "engine/format/onc/onc.h"

#define NFS_PROGRAM 100003
#define NFS_HANDLE_MAX \
    128 /* RFC 7530, 2.2.4 (NFS4_FHSIZE); 64 in version 3, always 32 in version 2 */
#define NFS_NAME_MAX 255  /* of a file; a longer one is cut */
#define NFS_TEXT_MAX 4096 /* that is stepped over as a name */
#define NFS_CALLS_MAX 128
#define NFS_NAMES_MAX 256
#define NFS_FILES_MAX 32
#define NFS_ENTRIES_MAX 256              /* of a directory's listing that are looked at */
#define NFS_OPS_MAX 64                   /* of a compound */
#define NFS_WAITING_MAX 64               /* pieces of a file that came too early */
#define NFS_WAITING_BYTES_MAX (1u << 20) /* of all files of a direction */
#define NFS_MESSAGE_MAX 61440     /* waited for as a whole; longer ones are read as they come */
#define NFS_HEAD_ENOUGH 2048      /* of a long message, to know what it is */
#define NFS_RECORD_MAX (1u << 24) /* no server takes or gives more at once */
#define NFS_FRAGMENTS_MAX 32

enum nfs_event {
    NFS_MALFORMED_DATA,
    NFS_NONEXISTENT_VERSION,
    NFS_UNSUPPORTED_VERSION,
    NFS_TOO_MANY_TRANSACTIONS,
    NFS_EVENTS,
};

enum nfs_frame {
    NFS_RPC_PDU,
    NFS_RPC_HDR,
    NFS_RPC_DATA,
    NFS_RPC_CREDS,
    NFS_PDU,
    NFS_STATUS,
    NFS4_PDU,
    NFS4_HDR,
    NFS4_OPS,
    NFS4_STATUS,
    NFS_FRAME_KINDS
};

/* Procedures of version 3; those of version 2 by their own numbers (names.c). */
enum nfs3_procedure {
    NFS3_GETATTR = 1,
    NFS3_SETATTR,
    NFS3_LOOKUP,
    NFS3_ACCESS,
    NFS3_READLINK,
    NFS3_READ,
    NFS3_WRITE,
    NFS3_CREATE,
    NFS3_MKDIR,
    NFS3_SYMLINK,
    NFS3_MKNOD,
    NFS3_REMOVE,
    NFS3_RMDIR,
    NFS3_RENAME,
    NFS3_LINK,
    NFS3_READDIR,
    NFS3_READDIRPLUS,
    NFS3_COMMIT = 21,
};
enum nfs2_procedure { NFS2_GETATTR = 1, NFS2_READ = 6, NFS2_WRITE = 8, NFS2_RENAME = 11 };
enum nfs4_procedure { NFS4_NULL, NFS4_COMPOUND };

/* Operations of version 4 that are told. */
enum nfs4_op {
    NFS4_CLOSE = 4,
    NFS4_COMMIT = 5,
    NFS4_CREATE = 6,
    NFS4_READ = 25,
    NFS4_REMOVE = 28,
    NFS4_WRITE = 38
};

struct nfs_handle {
    uint32_t crc; /* of the bytes */
    uint8_t len;
    uint8_t bytes[NFS_HANDLE_MAX];
};

struct nfs_tx {
    struct tx tx;
    uint32_t xid;
    uint8_t version;
    bool is_foreign; /* a call of another program on the same connection: it only counts */
    bool is_file, has_handle, has_reply, is_denied, ended;
    bool closed; /* the file is over; only replies are missing */
    uint32_t procedure, closed_by;
    uint32_t status, crc; /* crc: of the handle */
    uint32_t auth, uid, gid;
    uint32_t last_xid, chunks;
    struct str name, to, machine;
    enum dir file_dir;
    struct body body;
    struct body_conf body_conf;
};

/* A call that waits for its reply. */
struct nfs_call {
    struct nfs_call *next; /* newest first */
    struct nfs_tx *tx;     /* NULL: none, or it is gone */
    uint32_t xid;
    uint8_t version;
    uint32_t procedure;
    uint64_t offset; /* of a read */
    uint32_t auth, uid, gid;
    struct str name, machine;
    struct nfs_handle handle;
};

struct nfs_name {
    struct nfs_name *next; /* newest first */
    struct str text;
    struct nfs_handle handle;
};

/* A piece of a file that came before what stands in front of it. */
struct nfs_chunk {
    struct nfs_chunk *next; /* by offset */
    uint64_t offset;
    uint32_t len, have; /* have: of its bytes, so far */
    uint8_t bytes[];
};

/* A file on its way. */
struct nfs_file {
    struct nfs_file *next; /* newest first */
    struct nfs_tx *tx;
    enum dir dir;
    bool closing; /* nothing is awaited of it but the bytes of the message in hand */
    bool has_end; /* its last bytes were read */
    uint64_t at;  /* in the file, behind what was handed on */
    struct nfs_chunk *waiting;
    uint32_t waiting_count;
    struct nfs_handle handle;
};

/* Of a direction. */
struct nfs_side {
    bool lost, in_record; /* in_record: the next fragment belongs to one that is stepped over */
    uint32_t skip;        /* bytes of the message in hand that are left */
    uint32_t data;        /* of these, bytes of the file */
    uint32_t waiting_bytes;
    struct nfs_file *file;     /* that `data` belongs to; NULL: it is gone */
    struct nfs_chunk *filling; /* the piece of it that they are kept in; NULL: they are handed on */
};

struct nfs_state {
    struct nfs_call *calls;
    struct nfs_name *names;
    struct nfs_file *files;
    uint32_t call_count, name_count, file_count;
    struct nfs_side sides[DIR_COUNT];
};

/* The message in hand. */
struct nfs_message {
    struct app_flow *af;
    enum dir dir;
    struct str record;    /* with its mark; empty: its fragments do not lie together */
    struct str bytes;     /* of the message; may be only the beginning */
    uint32_t whole_bytes; /* of the message */
    struct reader r;
    struct onc_call call; /* of a call */
};

/* Where in a file, and what of it is there. */
struct nfs_piece {
    uint64_t offset;
    struct str bytes;
    uint32_t len; /* of the whole piece */
};

static inline struct nfs_state *nfs_state_of(const struct app_flow *af)
{
    return af->state;
}

static inline const struct nfs_tx *nfs_tx_of(const struct tx *tx)
{
    return (const struct nfs_tx *)tx;
}

/* table.c */
bool nfs_handle_read(struct reader *r, struct nfs_handle *out); /* a counted one */
void nfs_handle_set(struct nfs_handle *out, struct str bytes);
bool nfs_handle_same(const struct nfs_handle *a, const struct nfs_handle *b);
/* NULL: no memory. The credentials are those of `call`. */
struct nfs_tx *nfs_begin(struct app_flow *af, const struct nfs_call *call);
void nfs_complete(struct nfs_tx *nfs);
void nfs_tell_handle(struct nfs_tx *nfs, const struct nfs_handle *handle);
void nfs_text(struct app_flow *af, struct str *to, struct str text);
/* A call that waits; NULL: no memory. */
struct nfs_call *nfs_call_add(const struct nfs_message *m);
struct nfs_call *nfs_call_find(const struct app_flow *af, uint32_t xid);
void nfs_call_drop(struct app_flow *af, struct nfs_call *call);
/* Of the reads of this file that wait the first in the file; false: there is none. */
bool nfs_read_lowest(const struct app_flow *af, const struct nfs_handle *handle, uint64_t *offset);
void nfs_name_set(struct app_flow *af, const struct nfs_handle *handle, struct str name);
struct str nfs_name_of(const struct app_flow *af, const struct nfs_handle *handle);
void nfs_tables_fini(struct app_flow *af);
void nfs_tx_free(struct app_flow *af, struct tx *tx);
bool nfs_give_up(struct app_flow *af);

/* transfer.c */
struct nfs_file *nfs_file_find(const struct app_flow *af, const struct nfs_handle *handle,
                               enum dir dir);
/* The file that `call` reads or writes; it begins where there is none. NULL: no memory. */
struct nfs_file *nfs_file_get(const struct nfs_message *m, const struct nfs_call *call,
                              uint64_t offset);
/* Bytes that the message carries; what is still missing of them is taken as it comes. */
void nfs_file_piece(const struct nfs_message *m, struct nfs_file *file,
                    const struct nfs_piece *piece);
/* Nothing more is awaited: it ends behind the message in hand. */
void nfs_file_close(struct app_flow *af, struct nfs_file *file);
void nfs_file_more(struct app_flow *af, enum dir dir, struct str bytes);
/* Bytes of the message in hand are missing in the stream. */
void nfs_file_missing(struct app_flow *af, enum dir dir, uint32_t bytes);
/* The direction is over. */
void nfs_files_end(struct app_flow *af, enum dir dir);
void nfs_file_free(struct app_flow *af, struct nfs_file *file, enum file_state state);
/* Counted bytes of a file, of a message of which only the head may be there. */
bool nfs_piece_read(struct nfs_message *m, struct nfs_piece *piece);

/* call.c: of another program; versions 2 and 3; the caller's reader stands behind RPC's head */
void nfs_take_foreign(struct nfs_message *m, struct nfs_call *call);
void nfs_take_call(struct nfs_message *m, struct nfs_call *call);
void nfs_take_reply(struct nfs_message *m, struct nfs_call *call, const struct onc_reply *reply);
void nfs_malformed(struct app_flow *af, struct nfs_tx *nfs);
/* What a piece of a read or write means: the same in all versions. */
void nfs_took_read(struct nfs_message *m, struct nfs_call *call, const struct nfs_piece *piece,
                   bool end);
void nfs_took_write(struct nfs_message *m, struct nfs_call *call, const struct nfs_piece *piece,
                    bool lasting);
void nfs_took_close(struct nfs_message *m, struct nfs_call *call, uint32_t by);

/* compound.c: version 4 */
void nfs4_take_call(struct nfs_message *m, struct nfs_call *call);
void nfs4_take_reply(struct nfs_message *m, struct nfs_call *call);

/* frames.c: the reader stands behind RPC's head. is_whole: of the head nothing is missing; call: NULL when none is known */
extern const struct app_frame_desc nfs_frames[NFS_FRAME_KINDS];
void nfs_tell_call(const struct nfs_message *m, bool is_whole);
void nfs_tell_reply(const struct nfs_message *m, const struct onc_reply *reply,
                    const struct nfs_call *call);

/* names.c, log.c, fields.c */
const char *nfs_procedure_name(uint8_t version, uint32_t procedure);
const char *nfs_status_name(uint32_t status);
const char *nfs_auth_name(uint32_t auth);
bool nfs_log_wants(const struct tx *tx, const struct app_log *log);
void nfs_log(const struct tx *tx, const struct app_conf *conf, struct json *out);
void nfs_log_beside(const struct tx *tx, const struct app_conf *conf, struct json *out);
#define NFS_FIELD_ROWS (4 + FILE_FIELD_ROWS)
extern const struct field_desc nfs_fields[NFS_FIELD_ROWS];

#endif
