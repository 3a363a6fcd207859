/* file: a file on its way through a protocol: name, size, type, hashes.
 *
 * Way in:    an app parser opens a file in a transaction, adds bytes, ends it.
 * Way out:   tx->files, read by match/ (file.name, filesize, file hashes ...) and eve/ (fileinfo); bytes go on to a sink of
 *            the engine's owner (struct file_sink), which is how a scanner gets them.
 * Memory:    struct file and its name from the flow's budget; hash contexts from the worker's fixed pool: when all are in
 *            use a further file goes without hashes (counted).
 * Threads:   a store belongs to one worker.
 */
#ifndef ENGINE_FILE_FILE_H
#define ENGINE_FILE_FILE_H

#include "base/digest.h"
#include "base/slab.h"
#include "engine/field/field.h"

enum file_state { FILE_OPEN, FILE_CLOSED, FILE_TRUNCATED, FILE_ERROR };

#define FILE_NAME_MAX 1024
#define FILE_HEAD_BYTES 64 /* first bytes kept for telling the type */

struct file {
    struct file *next;
    uint64_t id;     /* counts from 1 within the worker */
    struct str name; /* as the protocol gives it; may be empty */
    enum dir dir;    /* the way its bytes move */
    enum file_state state;
    uint64_t size_bytes;
    uint64_t range_start, range_total; /* HTTP ranges: where it begins, 0 otherwise */
    bool has_gaps, reported, has_hash;
    bool wanted;    /* its bytes are to be kept */
    bool settled;   /* and that was decided for good */
    bool kept;      /* the sink has kept them */
    uint8_t hashed; /* 1 << enum digest_kind: of these there is a hash, of the bytes that came */
    uint8_t head[FILE_HEAD_BYTES];
    uint8_t head_len;
    uint8_t md5[16], sha1[20], sha256[32]; /* when state is not FILE_OPEN and has_hash */
    struct digest *digests[DIGEST_KINDS];
};

struct file_conf {
    bool want_md5, want_sha1, want_sha256;
    bool want_all;        /* every file's bytes are to be kept */
    uint32_t digests_max; /* files hashed at a time */
};

struct file_sink {
    void (*opened)(void *owner, const struct tx *tx, struct file *f);
    void (*bytes)(void *owner, const struct tx *tx, struct file *f, struct str bytes);
    void (*ended)(void *owner, const struct tx *tx, struct file *f);
    /* An ended file that is told or given back now: last moment to keep its bytes (f->wanted; sets f->kept). */
    void (*settled)(void *owner, const struct tx *tx, struct file *f);
    void *owner;
};

struct file_store;

NODISCARD struct file_store *file_store_new(const struct file_conf *conf,
                                            const struct file_sink *sink_or_null);
void file_store_free(struct file_store *s);
/* From now on files are hashed in these ways too (1 << enum digest_kind): at start and when rules change, not for a packet.
 * 0, or -1 when memory is out: what was hashed before still is. */
NODISCARD int file_store_hash(struct file_store *s, uint8_t kinds);
/* Appends to tx->files. The name is copied, cut to FILE_NAME_MAX. NULL when memory is out: the parser goes on without. */
struct file *file_open(struct file_store *s, struct budget *mem, struct tx *tx, enum dir dir,
                       struct str name);
void file_add(struct file_store *s, struct tx *tx, struct file *f, struct str bytes);
/* Bytes are missing here: state TRUNCATED at the end. */
void file_gap(struct file *f, uint32_t bytes);
void file_end(struct file_store *s, struct tx *tx, struct file *f, enum file_state state);
/* Nothing more is decided about an ended file; once. */
void file_settle(struct file_store *s, const struct tx *tx, struct file *f);
/* Gives back all files of a transaction (open ones end as TRUNCATED first). */
void file_free_all(struct file_store *s, struct budget *mem, struct tx *tx);
/* Type by the first bytes, in our own words: "pdf", "zip", "exe", "elf", "ole2", "png", "html", "script" ...; "" unknown. */
const char *file_type(const struct file *f);
/* Extension of the name without the dot, as it stands there; empty when none. */
struct str file_extension(const struct file *f);

/* ---- what rules ask: getters of the rows "file.name", "file.size" ... of every protocol with files (multi) ---- */

bool file_field_name(const struct tx *tx, enum dir dir, uint32_t index, struct arena *a,
                     struct str *out);
/* Of files that have come whole; so_far: of the others, the bytes seen. */
bool file_field_size(const struct tx *tx, enum dir dir, uint32_t index, uint64_t *out);
bool file_field_size_so_far(const struct tx *tx, enum dir dir, uint32_t index, uint64_t *out);
/* Raw bytes of the hash, of files that have ended, without holes, and were hashed so. */
bool file_field_md5(const struct tx *tx, enum dir dir, uint32_t index, struct arena *a,
                    struct str *out);
bool file_field_sha1(const struct tx *tx, enum dir dir, uint32_t index, struct arena *a,
                     struct str *out);
bool file_field_sha256(const struct tx *tx, enum dir dir, uint32_t index, struct arena *a,
                       struct str *out);

#define FILE_FIELD_ROWS 6
#define FILE_FIELD_ROW(of_proto, where, when, word, ...)                                           \
    {                                                                                              \
        .name = (word), .proto = (of_proto), .dirs = (where),                                      \
        .ready_at = {[DIR_TOSERVER] = (when), [DIR_TOCLIENT] = (when)}, .multi = true, __VA_ARGS__ \
    }
/* The rows of a protocol, in the directions `where`, from progress `when` on. */
#define FILE_FIELDS(p, where, when)                                            \
    FILE_FIELD_ROW(p, where, when, "file.name", .bytes = file_field_name),     \
        FILE_FIELD_ROW(p, where, when, "file.size", .kind = FIELD_UINT,        \
                       .number = file_field_size),                             \
        FILE_FIELD_ROW(p, where, when, "file.size_so_far", .kind = FIELD_UINT, \
                       .number = file_field_size_so_far),                      \
        FILE_FIELD_ROW(p, where, when, "file.md5", .bytes = file_field_md5),   \
        FILE_FIELD_ROW(p, where, when, "file.sha1", .bytes = file_field_sha1), \
        FILE_FIELD_ROW(p, where, when, "file.sha256", .bytes = file_field_sha256)

#endif
