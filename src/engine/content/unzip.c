#include "engine/content/content.h"

#include <brotli/decode.h>
#include <lzma.h>
#include <zlib.h>

/* What an attacker would try: announce gzip and send plain text, announce deflate and send gzip, set reserved bits in the
 * gzip header, cut the end off: browsers take all of these, so we do. Therefore zlib only inflates raw deflate here; the
 * gzip and zlib wrappings are read by us, and their sums at the end are skipped, not compared.
 *
 * The first UNZIP_PROBE_BYTES are tried with every form in turn; the first form that does not fail on them is taken. */

#define OUT_BYTES 4096u
#define BOMB_BYTES (1u << 20) /* below this no ratio is a bomb */
#define BOMB_RATIO 2048u      /* deflate itself ends at about 1030 */

/* What LZMA may remember of its output: fits a block of the slab. A sender may announce up to 4 GiB; we give this much
 * instead and decode until something refers further back than that. */
#define LZMA_DICTIONARY_BYTES (512u << 10)
#define LZMA_HEAD_BYTES 13u /* properties, size of the dictionary, size of the data */

enum form { FORM_GZIP, FORM_ZLIB, FORM_RAW, FORM_BROTLI, FORM_LZMA, FORM_PLAIN, FORM_COUNT };

enum wrap {
    WRAP_HEAD, /* fixed part of a gzip member's header, or zlib's two bytes */
    WRAP_EXTRA_LEN,
    WRAP_EXTRA,
    WRAP_NAME,
    WRAP_COMMENT,
    WRAP_HCRC,
    WRAP_DATA,
    WRAP_TRAILER,
    WRAP_NEXT, /* behind a member: another one, or the end */
};

#define GZIP_HEAD_BYTES 10u
#define GZIP_TRAILER_BYTES 8u
#define GZIP_HCRC 2u
#define GZIP_EXTRA 4u
#define GZIP_NAME 8u
#define GZIP_COMMENT 16u

struct unzip {
    struct budget *mem;
    z_stream z;
    BrotliDecoderState *brotli;
    lzma_stream lzma;
    lzma_allocator lzma_memory;
    uint64_t limit_bytes, in_bytes, out_bytes;
    enum unzip_coding coding;
    enum unzip_status status;
    enum form form;
    enum wrap wrap;
    uint32_t wrap_at; /* bytes of this wrap state read */
    uint16_t extra_len;
    uint8_t gzip_flags;
    bool probing, z_open, lzma_open;
    bool lzma_cut; /* the sender's dictionary is larger than ours */
    uint16_t probe_len;
    uint8_t probe[UNZIP_PROBE_BYTES];
};

/* Every block remembers its size in front, for the budget wants it back. */
#define BLOCK_HEAD 16u

static void *block_alloc(struct budget *mem, size_t bytes)
{
    uint8_t *block = budget_alloc(mem, bytes + BLOCK_HEAD);
    if (!block)
        return NULL;
    memcpy(block, &bytes, sizeof bytes);
    return block + BLOCK_HEAD;
}

static void block_free(struct budget *mem, void *p)
{
    if (!p)
        return;
    uint8_t *block = (uint8_t *)p - BLOCK_HEAD;
    size_t bytes;
    memcpy(&bytes, block, sizeof bytes);
    budget_give(mem, block, bytes + BLOCK_HEAD);
}

static voidpf zlib_alloc(voidpf owner, uInt count, uInt bytes)
{
    return block_alloc(owner, (size_t)count * bytes);
}

static void zlib_free(voidpf owner, voidpf p)
{
    block_free(owner, p);
}

static void *brotli_alloc(void *owner, size_t bytes)
{
    return bytes > SLAB_BLOCK_MAX ? NULL : block_alloc(owner, bytes);
}

static void brotli_free(void *owner, void *p)
{
    block_free(owner, p);
}

static void *lzma_alloc_block(void *owner, size_t count, size_t bytes)
{
    size_t all;
    if (__builtin_mul_overflow(count, bytes, &all) || all > SLAB_BLOCK_MAX)
        return NULL;
    return block_alloc(owner, all);
}

static void close_decoders(struct unzip *u)
{
    if (u->z_open)
        inflateEnd(&u->z);
    u->z_open = false;
    if (u->brotli)
        BrotliDecoderDestroyInstance(u->brotli);
    u->brotli = NULL;
    if (u->lzma_open)
        lzma_end(&u->lzma);
    u->lzma_open = false;
}

void unzip_free(struct unzip *u, struct budget *mem)
{
    if (!u)
        return;
    close_decoders(u);
    budget_give(mem, u, sizeof *u);
}

static bool begin_lzma(struct unzip *u)
{
    u->lzma_memory = (lzma_allocator){lzma_alloc_block, brotli_free, u->mem};
    u->lzma = (lzma_stream){.allocator = &u->lzma_memory};
    u->lzma_open = lzma_alone_decoder(&u->lzma, 2 * LZMA_DICTIONARY_BYTES) == LZMA_OK;
    u->wrap = WRAP_HEAD;
    return u->lzma_open;
}

/* Makes the decoder of a form ready at the beginning. False: memory is out. */
static bool begin_form(struct unzip *u, enum form form)
{
    u->form = form;
    u->wrap = form == FORM_GZIP || form == FORM_ZLIB ? WRAP_HEAD : WRAP_DATA;
    u->wrap_at = 0;
    u->in_bytes = u->out_bytes = 0;
    u->status = UNZIP_OK;
    if (form == FORM_PLAIN) {
        close_decoders(u);
        return true;
    }
    if (form == FORM_BROTLI) {
        close_decoders(u);
        u->brotli = BrotliDecoderCreateInstance(brotli_alloc, brotli_free, u->mem);
        return u->brotli != NULL;
    }
    if (form == FORM_LZMA) {
        close_decoders(u);
        return begin_lzma(u);
    }
    if (u->z_open)
        return inflateReset(&u->z) == Z_OK;
    u->z = (z_stream){.zalloc = zlib_alloc, .zfree = zlib_free, .opaque = u->mem};
    u->z_open = inflateInit2(&u->z, -MAX_WBITS) == Z_OK;
    return u->z_open;
}

struct unzip *unzip_new(struct budget *mem, enum unzip_coding coding, uint64_t limit_bytes)
{
    struct unzip *u = budget_zalloc(mem, sizeof *u);
    if (!u)
        return NULL;
    u->mem = mem;
    u->coding = coding;
    u->limit_bytes = limit_bytes;
    u->probing = coding != UNZIP_RAW;
    if (u->probing || begin_form(u, FORM_RAW))
        return u;
    budget_give(mem, u, sizeof *u);
    return NULL;
}

/* Hands out; UNZIP_LIMIT when that was too much. */
static enum unzip_status give(struct unzip *u, struct str out, unzip_sink sink, void *owner)
{
    u->out_bytes += out.len;
    if (u->limit_bytes && u->out_bytes > u->limit_bytes)
        return UNZIP_LIMIT;
    if (u->out_bytes > BOMB_BYTES && u->out_bytes / BOMB_RATIO > u->in_bytes)
        return UNZIP_LIMIT;
    if (out.len && sink)
        sink(owner, out);
    return UNZIP_OK;
}

/* ---- the wrappings ---- */

static void wrap_to(struct unzip *u, enum wrap next)
{
    u->wrap = next;
    u->wrap_at = 0;
}

/* The next part of a gzip header that its flags announce, after `done`. */
static void gzip_next_part(struct unzip *u, enum wrap done)
{
    static const struct {
        enum wrap part;
        uint8_t flag;
    } parts[] = {{WRAP_EXTRA_LEN, GZIP_EXTRA},
                 {WRAP_NAME, GZIP_NAME},
                 {WRAP_COMMENT, GZIP_COMMENT},
                 {WRAP_HCRC, GZIP_HCRC}};
    for (size_t i = 0; i < ARRAY_COUNT(parts); i++)
        if (parts[i].part > done && (u->gzip_flags & parts[i].flag)) {
            wrap_to(u, parts[i].part);
            return;
        }
    wrap_to(u, WRAP_DATA);
}

static enum unzip_status head_byte(struct unzip *u, uint8_t c)
{
    uint32_t at = u->wrap_at++;
    if (u->form == FORM_ZLIB) {
        if (at == 0 && (c & 15) != Z_DEFLATED)
            return UNZIP_BAD;
        if (at == 1)
            wrap_to(u, WRAP_DATA);
        return UNZIP_OK;
    }
    if ((at == 0 && c != 0x1f) || (at == 1 && c != 0x8b))
        return UNZIP_BAD;
    if (at == 3)
        u->gzip_flags = c;
    if (u->wrap_at == GZIP_HEAD_BYTES)
        gzip_next_part(u, WRAP_HEAD);
    return UNZIP_OK;
}

/* One byte outside of the compressed data. */
static enum unzip_status wrap_byte(struct unzip *u, uint8_t c)
{
    switch (u->wrap) {
    case WRAP_HEAD: return head_byte(u, c);
    case WRAP_EXTRA_LEN:
        u->extra_len = (uint16_t)(u->wrap_at == 0 ? c : u->extra_len | c << 8);
        if (++u->wrap_at == 2) {
            if (u->extra_len)
                wrap_to(u, WRAP_EXTRA);
            else
                gzip_next_part(u, WRAP_EXTRA);
        }
        return UNZIP_OK;
    case WRAP_EXTRA:
        if (++u->wrap_at == u->extra_len)
            gzip_next_part(u, WRAP_EXTRA);
        return UNZIP_OK;
    case WRAP_NAME:
    case WRAP_COMMENT:
        if (c == 0)
            gzip_next_part(u, u->wrap);
        return UNZIP_OK;
    case WRAP_HCRC:
        if (++u->wrap_at == 2)
            gzip_next_part(u, WRAP_HCRC);
        return UNZIP_OK;
    case WRAP_TRAILER:
        if (++u->wrap_at == GZIP_TRAILER_BYTES)
            wrap_to(u, WRAP_NEXT);
        return UNZIP_OK;
    case WRAP_NEXT:
        /* RFC 1952 section 2.2: members follow each other; anything else behind one is padding */
        if (c != 0x1f || inflateReset(&u->z) != Z_OK)
            return UNZIP_END;
        wrap_to(u, WRAP_HEAD);
        u->wrap_at = 1;
        return UNZIP_OK;
    case WRAP_DATA: break;
    }
    return UNZIP_BAD;
}

/* ---- the decoders ---- */

/* Decodes from *in until it is used up or the compressed data end. */
static enum unzip_status inflate_some(struct unzip *u, struct str *in, unzip_sink sink, void *owner)
{
    uint8_t out[OUT_BYTES];
    for (;;) {
        /* zlib's header has no const for its input */
        memcpy(&u->z.next_in, &in->p, sizeof u->z.next_in);
        u->z.avail_in = (uInt)(in->len > UINT32_MAX ? UINT32_MAX : in->len);
        u->z.next_out = out;
        u->z.avail_out = sizeof out;
        size_t before = u->z.avail_in;
        int code = inflate(&u->z, Z_NO_FLUSH);
        *in = str_from(*in, before - u->z.avail_in);
        u->in_bytes += before - u->z.avail_in;
        size_t made = sizeof out - u->z.avail_out;
        enum unzip_status given = give(u, str_of(out, made), sink, owner);
        if (given != UNZIP_OK)
            return given;
        if (code == Z_STREAM_END)
            return UNZIP_END;
        if (code != Z_OK && code != Z_BUF_ERROR)
            return UNZIP_BAD;
        if (in->len == 0 && u->z.avail_out > 0)
            return UNZIP_OK;
        if (code == Z_BUF_ERROR && made == 0)
            return in->len ? UNZIP_BAD : UNZIP_OK;
    }
}

static enum unzip_status brotli_some(struct unzip *u, struct str *in, unzip_sink sink, void *owner)
{
    uint8_t out[OUT_BYTES];
    for (;;) {
        size_t left_in = in->len, left_out = sizeof out;
        const uint8_t *next_in = in->p;
        uint8_t *next_out = out;
        BrotliDecoderResult code = BrotliDecoderDecompressStream(u->brotli, &left_in, &next_in,
                                                                 &left_out, &next_out, NULL);
        u->in_bytes += in->len - left_in;
        *in = str_from(*in, in->len - left_in);
        enum unzip_status given = give(u, str_of(out, sizeof out - left_out), sink, owner);
        if (given != UNZIP_OK)
            return given;
        if (code == BROTLI_DECODER_RESULT_SUCCESS)
            return UNZIP_END;
        if (code == BROTLI_DECODER_RESULT_ERROR)
            return UNZIP_BAD;
        if (code == BROTLI_DECODER_RESULT_NEEDS_MORE_INPUT)
            return UNZIP_OK;
    }
}

/* Runs the decoder over *in until that is used up. */
static enum unzip_status lzma_run(struct unzip *u, struct str *in, unzip_sink sink, void *owner)
{
    uint8_t out[OUT_BYTES];
    for (;;) {
        u->lzma.next_in = in->p;
        u->lzma.avail_in = in->len;
        u->lzma.next_out = out;
        u->lzma.avail_out = sizeof out;
        lzma_ret code = lzma_code(&u->lzma, LZMA_RUN);
        u->in_bytes += in->len - u->lzma.avail_in;
        *in = str_from(*in, in->len - u->lzma.avail_in);
        size_t made = sizeof out - u->lzma.avail_out;
        enum unzip_status given = give(u, str_of(out, made), sink, owner);
        if (given != UNZIP_OK)
            return given;
        if (code == LZMA_STREAM_END)
            return UNZIP_END;
        if (code == LZMA_DATA_ERROR && u->lzma_cut && u->out_bytes >= LZMA_DICTIONARY_BYTES)
            return UNZIP_MEMORY;
        if (code != LZMA_OK && code != LZMA_BUF_ERROR)
            return UNZIP_BAD;
        if (in->len == 0 && u->lzma.avail_out > 0)
            return UNZIP_OK;
        if (made == 0 && code == LZMA_BUF_ERROR)
            return in->len ? UNZIP_BAD : UNZIP_OK;
    }
}

/* The dictionary that a header announces, as large as we allow it. True: it is smaller now. */
static bool limit_dictionary(uint8_t *head)
{
    uint32_t bytes =
        head[1] | (uint32_t)head[2] << 8 | (uint32_t)head[3] << 16 | (uint32_t)head[4] << 24;
    if (bytes <= LZMA_DICTIONARY_BYTES)
        return false;
    for (int i = 0; i < 4; i++)
        head[1 + i] = (uint8_t)(LZMA_DICTIONARY_BYTES >> 8 * i);
    return true;
}

/* The header is gathered (it always lies within the probed bytes) and goes to the decoder with our dictionary. */
static enum unzip_status lzma_some(struct unzip *u, struct str *in, unzip_sink sink, void *owner)
{
    if (u->wrap == WRAP_HEAD) {
        uint8_t head[LZMA_HEAD_BYTES];
        if (in->len < sizeof head)
            return UNZIP_BAD;
        memcpy(head, in->p, sizeof head);
        u->lzma_cut = limit_dictionary(head);
        struct str gathered = str_of(head, sizeof head);
        enum unzip_status status = lzma_run(u, &gathered, sink, owner);
        if (status != UNZIP_OK)
            return status;
        *in = str_from(*in, sizeof head);
        u->wrap = WRAP_DATA;
    }
    return lzma_run(u, in, sink, owner);
}

/* The form is chosen: decodes. */
static enum unzip_status decode(struct unzip *u, struct str in, unzip_sink sink, void *owner)
{
    if (u->form == FORM_PLAIN) {
        if (in.len && sink)
            sink(owner, in);
        return UNZIP_PLAIN;
    }
    if (u->form == FORM_BROTLI)
        return brotli_some(u, &in, sink, owner);
    if (u->form == FORM_LZMA)
        return lzma_some(u, &in, sink, owner);
    while (in.len) {
        enum unzip_status status;
        if (u->wrap != WRAP_DATA) {
            status = wrap_byte(u, in.p[0]);
            in = str_from(in, 1);
            u->in_bytes++;
        } else {
            status = inflate_some(u, &in, sink, owner);
            if (status == UNZIP_END && u->form == FORM_GZIP) {
                wrap_to(u, WRAP_TRAILER);
                status = UNZIP_OK;
            }
        }
        if (status != UNZIP_OK)
            return status;
    }
    return UNZIP_OK;
}

/* ---- which form it is ---- */

/* RFC 1950 section 2.2: method, window, and a check that is a multiple of 31. */
static bool is_zlib_head(struct str s)
{
    return s.len >= 2 && (s.p[0] & 15) == Z_DEFLATED && s.p[0] >> 4 <= 7 &&
           (s.p[0] * 256u + s.p[1]) % 31 == 0;
}

static bool may_be(const struct unzip *u, enum form form, struct str s)
{
    switch (form) {
    case FORM_GZIP: return s.len >= 2 && s.p[0] == 0x1f && s.p[1] == 0x8b;
    case FORM_ZLIB: return is_zlib_head(s);
    case FORM_RAW: return u->coding != UNZIP_BROTLI && u->coding != UNZIP_LZMA;
    case FORM_BROTLI: return u->coding == UNZIP_BROTLI;
    case FORM_LZMA: return u->coding == UNZIP_LZMA && s.len >= LZMA_HEAD_BYTES;
    case FORM_PLAIN: return true;
    case FORM_COUNT: break;
    }
    return false;
}

static bool is_text(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.p[i] >= 0x7f || s.p[i] < '\t')
            return false;
    return true;
}

/* Tries the gathered bytes; *sure: decoding them went wrong in no way. */
static bool fits(struct unzip *u, enum form form, struct str s, bool *sure)
{
    if (!may_be(u, form, s) || !begin_form(u, form))
        return false;
    enum unzip_status status = decode(u, s, NULL, NULL);
    *sure = status != UNZIP_BAD;
    /* raw deflate has no mark: a few letters of text may just not have failed yet */
    if (form == FORM_RAW && status == UNZIP_OK && s.len < UNZIP_PROBE_BYTES && is_text(s))
        *sure = false;
    /* damaged, but behind a header that nothing else has and with something decoded */
    return *sure || (u->out_bytes > 0 && (form == FORM_GZIP || form == FORM_ZLIB));
}

static enum unzip_status choose(struct unzip *u, unzip_sink sink, void *owner)
{
    struct str s = str_of(u->probe, u->probe_len);
    enum form damaged = FORM_PLAIN, found = FORM_PLAIN;
    for (int form = 0; form < FORM_PLAIN; form++) {
        bool sure = false;
        if (!fits(u, (enum form)form, s, &sure))
            continue;
        if (sure) {
            found = (enum form)form;
            break;
        }
        if (damaged == FORM_PLAIN)
            damaged = (enum form)form;
    }
    if (found == FORM_PLAIN)
        found = damaged;
    u->probing = false;
    if (!begin_form(u, found))
        return UNZIP_BAD;
    return decode(u, s, sink, owner);
}

static bool is_over(enum unzip_status status)
{
    return status == UNZIP_END || status == UNZIP_BAD || status == UNZIP_LIMIT ||
           status == UNZIP_MEMORY;
}

static enum unzip_status settle(struct unzip *u, enum unzip_status status)
{
    u->status = status;
    if (is_over(status))
        close_decoders(u);
    return status;
}

enum unzip_status unzip_add(struct unzip *u, struct str in, unzip_sink sink, void *owner)
{
    if (is_over(u->status))
        return u->status;
    if (u->probing) {
        size_t take = UNZIP_PROBE_BYTES - u->probe_len;
        struct str first = str_cut(in, 0, take);
        if (first.len)
            memcpy(u->probe + u->probe_len, first.p, first.len);
        u->probe_len = (uint16_t)(u->probe_len + first.len);
        in = str_from(in, first.len);
        if (u->probe_len < UNZIP_PROBE_BYTES)
            return UNZIP_OK;
        if (is_over(settle(u, choose(u, sink, owner))))
            return u->status;
    }
    if (in.len == 0)
        return u->status;
    return settle(u, decode(u, in, sink, owner));
}

enum unzip_status unzip_end(struct unzip *u, unzip_sink sink, void *owner)
{
    if (u->probing && u->probe_len)
        return settle(u, choose(u, sink, owner));
    return u->status;
}
