/* content: decoders on the way from a protocol's bytes to what a rule or a scanner looks at.
 *
 * Way in:    an app parser feeds encoded bytes as they come, in pieces of any size.
 * Way out:   decoded bytes, by return or through a sink of the caller's, in pieces; the same whatever way the input is cut.
 * Memory:    a decoder's state is the caller's or from the flow's budget; zlib's and brotli's own memory too.
 * Limits:    every decoder stops at a limit that its caller gives (ratio and bytes: a compression bomb ends as an event,
 *            not as memory). Damaged input ends decoding, keeps what was decoded, and is said by the return value.
 */
#ifndef ENGINE_CONTENT_CONTENT_H
#define ENGINE_CONTENT_CONTENT_H

#include "base/buf.h"
#include "base/slab.h"
#include "engine/field/field.h"

/* ---- body: what passes by, kept as long as somebody wants to look (body.c) ---- */

struct body_conf {
    uint32_t limit_bytes; /* inspected per body, 0: no limit (Suricata's default: 100 KiB) */
    uint32_t
        min_inspect_bytes; /* not looked at before so much is there, unless it ends (inline: 0) */
    uint32_t window_bytes; /* bytes before the new ones that are shown again */
};

/* A growing body with a sliding window. Begins all zero. */
struct body {
    uint8_t *bytes;
    uint32_t len, cap;
    uint64_t base_offset;      /* of bytes[0] in the body */
    uint64_t inspected_offset; /* match/ has seen everything before */
    uint64_t total_bytes;      /* passed, kept or not */
    uint64_t hole_bytes;       /* missing before bytes[hole_at]; 0: nothing is */
    uint32_t hole_at;
    bool ended, truncated; /* truncated: limit or memory; what follows is counted only */
};

/* Appends (copies). Beyond the limit or the budget: counted in total_bytes, truncated is set. */
void body_add(struct body *b, const struct body_conf *conf, struct budget *mem, struct str bytes);
/* Bytes are missing here: what stands before and behind is never shown together. */
void body_gap(struct body *b, uint64_t bytes);
void body_end(struct body *b);
/* What is to be looked at now, or false: nothing new, or too little yet (see body_conf). */
bool body_window(const struct body *b, const struct body_conf *conf, struct field_window *out);
/* All that is there now has been looked at; what is behind the window goes. */
void body_inspected(struct body *b, const struct body_conf *conf);
void body_fini(struct body *b, struct budget *mem);

/* ---- unzip: HTTP content codings (unzip.c) ---- */

enum unzip_coding { UNZIP_GZIP, UNZIP_DEFLATE, UNZIP_BROTLI, UNZIP_LZMA, UNZIP_RAW };
enum unzip_status {
    UNZIP_OK,
    UNZIP_PLAIN, /* it was no such coding: what came and what comes is handed on as it is */
    UNZIP_END,   /* the coded data are complete; what follows is ignored */
    UNZIP_BAD,   /* damaged; what was decoded before has been handed on */
    UNZIP_LIMIT, /* a compression bomb */
    UNZIP_MEMORY, /* LZMA that refers further back than we remember; what was decoded before has been handed on */
};

struct unzip;
typedef void (*unzip_sink)(void *owner, struct str bytes);

/* deflate: with zlib header or raw, as it comes (RFC 1951, 1950); gzip: RFC 1952, several members; brotli: RFC 7932;
 * lzma: the .lzma file form of LZMA SDK ("alone").
 * Receivers decode by what they see, not by what was announced, so the first bytes decide among gzip, zlib, raw deflate and
 * no coding at all. They are gathered (UNZIP_PROBE_BYTES) before anything comes out.
 * raw: deflate without wrapping, taken at its word: what comes in comes out at once.
 * limit_bytes: decoded bytes in all (0: none). NULL when memory is out. */
#define UNZIP_PROBE_BYTES 256
NODISCARD struct unzip *unzip_new(struct budget *mem, enum unzip_coding coding,
                                  uint64_t limit_bytes);
void unzip_free(struct unzip *u, struct budget *mem);
/* Hands decoded bytes to the sink, possibly several times. After END, BAD, LIMIT or MEMORY nothing more comes. */
enum unzip_status unzip_add(struct unzip *u, struct str in, unzip_sink sink, void *owner);
/* The input is over: what was gathered comes out. */
enum unzip_status unzip_end(struct unzip *u, unzip_sink sink, void *owner);

/* ---- codings: all content codings of a body, one around the other (codings.c; RFC 9110 section 8.4) ---- */

#define CODINGS_MAX 4u

/* Begins all zero. */
struct codings {
    struct unzip *layers[CODINGS_MAX]; /* in the order of decoding; made when bytes come */
    uint8_t kinds[CODINGS_MAX];        /* enum unzip_coding, same order */
    uint8_t count;
};

struct codings_out {
    struct budget *mem;
    uint64_t limit_bytes;                                  /* of each layer */
    void (*bytes)(void *owner, struct str bytes);          /* decoded through all of them */
    void (*status)(void *owner, enum unzip_status status); /* of a layer, after each piece */
    void *owner;
};

/* In the order in which they are listed: what was applied last comes off first. Beyond `limit` (at most CODINGS_MAX, at least 1)
 * the innermost falls out. */
void codings_push(struct codings *c, enum unzip_coding coding, uint32_t limit);
/* A layer that there is no memory for says UNZIP_BAD. */
void codings_add(struct codings *c, struct str bytes, const struct codings_out *out);
/* The input is over: what was gathered comes out, then all memory is given back. */
void codings_end(struct codings *c, const struct codings_out *out);
void codings_free(struct codings *c, struct budget *mem);

/* ---- transfer encodings of mail (encoding.c): streaming, state in the caller's struct, begins all zero ---- */

struct base64_state {
    uint32_t bits;
    uint8_t count;
    bool ended, bad; /* ended: padding was the last */
};
/* Foreign characters are skipped (RFC 2045 section 6.8) and remembered in `bad`. Data behind padding is decoded too (and is
 * bad): readers differ there. Writes at most in.len bytes. */
size_t base64_decode(struct base64_state *s, struct str in, uint8_t *out);

struct quoted_state {
    uint8_t pending[2];
    uint8_t count;
    bool bad;
};
/* RFC 2045 section 6.7; soft line ends vanish. Writes at most in.len + 2 bytes. */
size_t quoted_decode(struct quoted_state *s, struct str in, uint8_t *out);

/* RFC 2047 encoded words and RFC 2231 parameters to UTF-8 (charsets by iconv: ISO-2022-JP, Shift_JIS, EUC-JP ...); what cannot
 * be converted stays as it is. Made in the arena. */
struct str encoded_words_decode(struct str header_value, struct arena *a);

/* Loads every charset for good. Before a process gives up the right to open files: the decoder above opens none after it. */
void charsets_hold(void);

/* ---- mime: a mail as headers, parts and decoded bodies (mime*.c) ---- */

struct mime_part {
    uint32_t number; /* counts from 0: the mail itself */
    uint32_t depth;  /* 0: the mail itself */
    struct str
        content_type; /* "text/plain", lower case, without parameters; empty when none is given */
    struct str
        filename; /* decoded to UTF-8; from Content-Disposition, else from Content-Type's name */
    bool is_attachment; /* has a filename, or says "attachment" */
    bool is_multipart, is_message;
};

struct mime_sink {
    /* A header field of a part, unfolded; name as sent, value trimmed. */
    void (*header)(void *owner, const struct mime_part *part, struct str name, struct str value);
    /* The headers of a part have ended. Told a second time, as a leaf, of a message/rfc822 part whose content turns out to be
     * encoded. */
    void (*part_begin)(void *owner, const struct mime_part *part);
    /* Decoded bytes of a leaf part. */
    void (*body)(void *owner, const struct mime_part *part, struct str bytes);
    void (*part_end)(void *owner, const struct mime_part *part);
};

/* What was wrong with a mail, as bits. */
enum mime_defect {
    MIME_BAD_BASE64 = 1,
    MIME_BAD_QUOTED = 2,
    MIME_LONG_LINE = 4,
    MIME_LONG_HEADER_NAME = 8,
    MIME_LONG_HEADER_VALUE = 16,
    MIME_TOO_DEEP = 32,
    MIME_LONG_BOUNDARY = 64,
    MIME_LONG_ENCODED_LINE = 128,
    MIME_LONG_FILENAME = 256,
    MIME_NO_MEMORY = 512,
    MIME_MALFORMED = 1024, /* a header line that is none */
};

struct mime;
NODISCARD struct mime *mime_new(struct budget *mem, const struct mime_sink *sink, void *owner);
void mime_free(struct mime *m, struct budget *mem);
/* Raw bytes of the mail (dot-stuffing already taken away), in pieces of any size. */
void mime_add(struct mime *m, struct str bytes);
/* The mail is over: open parts end. */
void mime_end(struct mime *m);
uint32_t mime_defects(const struct mime *m);

#endif
