#include "engine/content/content.h"

#include "engine/content/header.h"

/* A mail is read line by line, but only two kinds of line are kept: a header field until the next line shows that it is not
 * folded further, and a line that begins with "-" while a boundary is awaited. All else goes through the decoder as it comes.
 * The line end before a delimiter belongs to the delimiter (RFC 2046 section 5.1.1), so one line end is held back.
 *
 * Frames are the parts that are open, innermost first. A delimiter of an outer multipart ends everything inside it: who
 * leaves an inner one open hides nothing. */

#define DEPTH_MAX 12
#define HEAD_MAX 8192u       /* one unfolded field */
#define HEADER_NAME_LONG 76u /* more is told (RFC 5322 section 2.1.1's line, for the name alone) */
#define HEADER_VALUE_LONG 2000u /* more is told; kept up to HEAD_MAX */
#define LINE_LONG 998u          /* RFC 5322 section 2.1.1 */
#define ENCODED_LINE_LONG 76u   /* RFC 2045 sections 6.7 and 6.8 */
#define BOUNDARY_MAX 254u       /* RFC 2046 allows 70; of a longer one the beginning is compared */
#define DELIMITER_LINE_MAX 320u
#define CONTENT_TYPE_MAX 128u
#define FILENAME_CHARS_MAX 255u /* what a file system takes; more is told and cut */
#define FILENAME_BYTES_MAX (4 * FILENAME_CHARS_MAX)
#define DECODE_BYTES 4096u

enum mode {
    MODE_HEADERS,
    MODE_BODY, /* of a leaf */
    MODE_SKIP, /* before a first delimiter, behind a last one, or memory was out */
};

enum encoding { ENCODING_NONE, ENCODING_BASE64, ENCODING_QUOTED };

struct frame {
    struct frame *outer;
    struct mime_part part;
    enum encoding encoding;
    bool begun;      /* told by part_begin */
    bool first_line; /* of a message inside another: not read yet */
    bool has_disposition_name;
    uint16_t boundary_len;
    uint8_t boundary[BOUNDARY_MAX];
    uint8_t content_type[CONTENT_TYPE_MAX];
    uint8_t filename[FILENAME_BYTES_MAX];
};

struct mime {
    const struct mime_sink *sink;
    void *owner;
    struct budget *mem;
    struct frame *top;
    uint32_t defects, part_count, multiparts;
    enum mode mode;
    /* body */
    bool line_start, line_kept;
    uint8_t held[2]; /* a line end */
    uint8_t held_len;
    uint32_t line_bytes;
    uint32_t kept_len;
    uint8_t kept[DELIMITER_LINE_MAX];
    struct base64_state base64;
    struct quoted_state quoted;
    /* headers */
    bool line_ended;    /* a field's line has ended; the next byte tells whether it goes on */
    uint32_t head_line; /* where the last line of the field begins in head */
    uint32_t head_len;
    uint8_t head[HEAD_MAX];
};

static void begin_headers(struct mime *m)
{
    m->mode = MODE_HEADERS;
    m->line_ended = false;
    m->head_len = m->head_line = 0;
    m->line_bytes = 0;
}

static bool push(struct mime *m)
{
    struct frame *f = budget_zalloc(m->mem, sizeof *f);
    if (!f) {
        m->defects |= MIME_NO_MEMORY;
        m->mode = MODE_SKIP;
        return false;
    }
    f->outer = m->top;
    f->part.number = m->part_count++;
    f->part.depth = m->top ? m->top->part.depth + 1 : 0;
    m->top = f;
    begin_headers(m);
    return true;
}

struct mime *mime_new(struct budget *mem, const struct mime_sink *sink, void *owner)
{
    struct mime *m = budget_alloc(mem, sizeof *m);
    if (!m)
        return NULL;
    memset(m, 0, offsetof(struct mime, head));
    m->sink = sink;
    m->owner = owner;
    m->mem = mem;
    if (!push(m)) {
        budget_give(mem, m, sizeof *m);
        return NULL;
    }
    return m;
}

static void drop_frame(struct mime *m)
{
    struct frame *f = m->top;
    m->top = f->outer;
    m->multiparts -= f->part.is_multipart;
    budget_give(m->mem, f, sizeof *f);
}

void mime_free(struct mime *m, struct budget *mem)
{
    if (!m)
        return;
    while (m->top)
        drop_frame(m);
    budget_give(mem, m, sizeof *m);
}

uint32_t mime_defects(const struct mime *m)
{
    return m->defects;
}

/* ---- bodies ---- */

static void decode_piece(struct mime *m, struct str piece)
{
    uint8_t out[DECODE_BYTES + 2];
    struct str decoded = piece;
    if (m->top->encoding == ENCODING_BASE64) {
        decoded = str_of(out, base64_decode(&m->base64, piece, out));
        m->defects |= m->base64.bad ? MIME_BAD_BASE64 : 0;
    } else if (m->top->encoding == ENCODING_QUOTED) {
        decoded = str_of(out, quoted_decode(&m->quoted, piece, out));
        m->defects |= m->quoted.bad ? MIME_BAD_QUOTED : 0;
    }
    if (decoded.len)
        m->sink->body(m->owner, &m->top->part, decoded);
}

static void decode(struct mime *m, struct str bytes)
{
    if (m->mode != MODE_BODY)
        return;
    for (size_t at = 0; at < bytes.len; at += DECODE_BYTES)
        decode_piece(m, str_cut(bytes, at, at + DECODE_BYTES));
}

static void count_line(struct mime *m, size_t bytes)
{
    m->line_bytes += bytes > LINE_LONG ? LINE_LONG + 1 : (uint32_t)bytes;
    if (m->line_bytes > LINE_LONG) {
        m->line_bytes = LINE_LONG + 1;
        m->defects |= MIME_LONG_LINE;
    }
    if (m->mode == MODE_BODY && m->top->encoding != ENCODING_NONE &&
        m->line_bytes > ENCODED_LINE_LONG)
        m->defects |= MIME_LONG_ENCODED_LINE;
}

/* The line end that was held back is data. */
static void release_line_end(struct mime *m)
{
    if (m->held_len == 1 && m->held[0] == '\r')
        count_line(m, 1);
    decode(m, str_of(m->held, m->held_len));
    m->held_len = 0;
}

static void line_text(struct mime *m, struct str text)
{
    if (text.len == 0)
        return;
    release_line_end(m);
    m->line_start = false;
    count_line(m, text.len);
    decode(m, text);
}

/* A line feed has come; a CR before it is in `held` already. */
static void line_feed(struct mime *m)
{
    if (m->held_len == 2 || (m->held_len == 1 && m->held[0] == '\n'))
        release_line_end(m);
    m->held[m->held_len++] = '\n';
    m->line_start = true;
    m->line_bytes = 0;
}

static void carriage_return(struct mime *m)
{
    release_line_end(m);
    m->held[m->held_len++] = '\r';
    m->line_start = false;
}

/* ---- parts ---- */

static void end_frame(struct mime *m)
{
    struct frame *f = m->top;
    if (f->begun)
        m->sink->part_end(m->owner, &f->part);
    drop_frame(m);
}

static bool is_leaf_encoding_reset(const struct frame *f)
{
    return f->outer && f->outer->part.is_message && f->outer->encoding != ENCODING_NONE;
}

static void begin_leaf(struct mime *m)
{
    m->mode = MODE_BODY;
    m->base64 = (struct base64_state){0};
    m->quoted = (struct quoted_state){0};
}

/* The headers of the innermost part are over. */
static void headers_end(struct mime *m)
{
    struct frame *f = m->top;
    struct str type = f->part.content_type;
    bool multipart = str_starts(type, STR_LIT("multipart/")) && f->boundary_len;
    bool message =
        str_eq(type, STR_LIT("message/rfc822")) || str_eq(type, STR_LIT("message/global"));
    if ((multipart || message) && f->part.depth + 1 >= DEPTH_MAX) {
        m->defects |= MIME_TOO_DEEP;
        multipart = message = false;
    }
    f->part.is_multipart = multipart;
    f->part.is_message = message;
    m->multiparts += multipart;
    m->line_start = true;
    m->held_len = 0;
    m->line_bytes = 0;
    f->begun = true;
    m->sink->part_begin(m->owner, &f->part);
    if (multipart)
        m->mode = MODE_SKIP;
    else if (!message)
        begin_leaf(m);
    else if (push(m))
        m->top->first_line = is_leaf_encoding_reset(m->top);
}

/* Parts inside `f` are over; a new one begins in it, or the last one has ended. */
static void delimiter(struct mime *m, const struct frame *f, bool last)
{
    m->held_len = 0;
    while (m->top != f)
        end_frame(m);
    m->line_start = true;
    m->line_bytes = 0;
    m->mode = MODE_SKIP;
    if (!last)
        (void)push(m);
}

static bool is_blank(struct str s)
{
    return str_trim(s).len == 0;
}

/* "--" boundary, perhaps "--", blanks. */
static bool is_delimiter_of(const struct frame *f, struct str line, bool *last)
{
    struct str boundary = str_of(f->boundary, f->boundary_len);
    struct str rest = str_from(line, 2);
    if (!f->part.is_multipart || !str_starts(rest, boundary))
        return false;
    rest = str_from(rest, boundary.len);
    *last = str_starts(rest, STR_LIT("--"));
    if (f->boundary_len == BOUNDARY_MAX)
        return true;
    return is_blank(*last ? str_from(rest, 2) : rest);
}

static bool take_delimiter(struct mime *m, struct str line)
{
    bool last;
    if (line.len < 3 || line.p[0] != '-' || line.p[1] != '-' || !m->multiparts)
        return false;
    for (const struct frame *f = m->top; f; f = f->outer)
        if (is_delimiter_of(f, line, &last)) {
            delimiter(m, f, last);
            return true;
        }
    return false;
}

/* ---- headers ---- */

static void set_filename(struct mime *m, struct frame *f, struct str name)
{
    size_t len = 0, chars = 0;
    while (len < name.len && chars < FILENAME_CHARS_MAX && len + 4 <= FILENAME_BYTES_MAX) {
        len++;
        while (len < name.len && (name.p[len] & 0xc0) == 0x80 && len < FILENAME_BYTES_MAX)
            len++;
        chars++;
    }
    if (len < name.len)
        m->defects |= MIME_LONG_FILENAME;
    memcpy(f->filename, name.p, len);
    f->part.filename = str_of(f->filename, len);
    f->part.is_attachment = true;
}

/* Content-Disposition's name counts more than Content-Type's, whichever comes first. */
static void take_filename(struct mime *m, struct str value, struct str parameter, bool disposition)
{
    uint8_t memory[HEAD_MAX];
    struct buf name = buf_fixed(memory, sizeof(memory));
    struct frame *f = m->top;
    if (f->has_disposition_name || !header_parameter(value, parameter, &name) || name.len == 0)
        return;
    f->has_disposition_name = disposition;
    set_filename(m, f, buf_str(&name));
}

static void take_content_type(struct mime *m, struct str value)
{
    struct frame *f = m->top;
    uint8_t memory[HEAD_MAX];
    struct buf type = buf_fixed(f->content_type, sizeof(f->content_type));
    struct buf boundary = buf_fixed(memory, sizeof(memory));
    header_main_value(value, &type);
    f->part.content_type = buf_str(&type);
    take_filename(m, value, STR_LIT("name"), false);
    if (!header_parameter_raw(value, STR_LIT("boundary"), &boundary))
        return;
    if (boundary.len > BOUNDARY_MAX)
        m->defects |= MIME_LONG_BOUNDARY;
    struct str cut = str_cut(buf_str(&boundary), 0, BOUNDARY_MAX);
    f->boundary_len = (uint16_t)cut.len;
    if (cut.len)
        memcpy(f->boundary, cut.p, cut.len);
}

static void take_disposition(struct mime *m, struct str value)
{
    uint8_t memory[32];
    struct buf kind = buf_fixed(memory, sizeof(memory));
    header_main_value(value, &kind);
    if (str_eq(buf_str(&kind), STR_LIT("attachment")))
        m->top->part.is_attachment = true;
    take_filename(m, value, STR_LIT("filename"), true);
}

static void take_encoding(struct mime *m, struct str value)
{
    if (str_find_nocase(value, 0, STR_LIT("base64")) >= 0)
        m->top->encoding = ENCODING_BASE64;
    else if (str_find_nocase(value, 0, STR_LIT("quoted-printable")) >= 0)
        m->top->encoding = ENCODING_QUOTED;
    else
        m->top->encoding = ENCODING_NONE;
}

static void take_field(struct mime *m, struct str name, struct str value)
{
    if (name.len > HEADER_NAME_LONG)
        m->defects |= MIME_LONG_HEADER_NAME;
    if (value.len > HEADER_VALUE_LONG)
        m->defects |= MIME_LONG_HEADER_VALUE;
    m->sink->header(m->owner, &m->top->part, name, value);
    if (str_eq_nocase(name, STR_LIT("Content-Type")))
        take_content_type(m, value);
    else if (str_eq_nocase(name, STR_LIT("Content-Disposition")))
        take_disposition(m, value);
    else if (str_eq_nocase(name, STR_LIT("Content-Transfer-Encoding")))
        take_encoding(m, value);
}

static void flush_field(struct mime *m)
{
    struct str field = str_of(m->head, m->head_len), value = field;
    if (field.len == 0)
        return;
    struct str name = str_trim(str_split(&value, ':'));
    if (value.p && name.len)
        take_field(m, name, str_trim(value));
    else
        m->defects |= MIME_MALFORMED;
    m->head_len = m->head_line = 0;
}

/* RFC 2046 section 5.2.1 allows no encoding for a message in a mail. Some sender encodes it all the same, and some reader
 * decodes it; so what looks like no header at all is the content of an encoded file. */
static bool is_encoded_message(struct mime *m, struct str line)
{
    bool first = m->top->first_line;
    m->top->first_line = false;
    return first && line.len && str_find_byte(line, 0, ':') < 0;
}

static void message_is_leaf(struct mime *m)
{
    drop_frame(m);
    m->top->part.is_message = false;
    m->sink->part_begin(m->owner, &m->top->part);
    begin_leaf(m);
    line_text(m, str_of(m->head, m->head_len));
    line_feed(m);
}

/* A line of the headers has ended. */
static void header_line_end(struct mime *m)
{
    if (m->head_len > m->head_line && m->head[m->head_len - 1] == '\r')
        m->head_len--;
    struct str line = str_of(m->head + m->head_line, m->head_len - m->head_line);
    m->line_bytes = 0;
    if (line.len == 0 && m->head_line == 0) {
        headers_end(m);
        return;
    }
    if (take_delimiter(m, line))
        return;
    if (is_encoded_message(m, line)) {
        message_is_leaf(m);
        return;
    }
    m->line_ended = true;
}

static void header_text(struct mime *m, struct str text)
{
    struct str fits = str_cut(text, 0, HEAD_MAX - m->head_len);
    if (fits.len < text.len)
        m->defects |= MIME_LONG_HEADER_VALUE;
    if (fits.len)
        memcpy(m->head + m->head_len, fits.p, fits.len);
    m->head_len += (uint32_t)fits.len;
}

static size_t header_bytes(struct mime *m, struct str s)
{
    if (m->line_ended) {
        m->line_ended = false;
        if (s.p[0] == ' ' || s.p[0] == '\t')
            m->head_line = m->head_len;
        else
            flush_field(m);
    }
    ptrdiff_t feed = str_find_byte(s, 0, '\n');
    size_t len = feed < 0 ? s.len : (size_t)feed;
    header_text(m, str_cut(s, 0, len));
    if (feed < 0)
        return s.len;
    header_line_end(m);
    return len + 1;
}

/* ---- lines of bodies ---- */

/* The line that was kept is no delimiter. */
static void release_kept(struct mime *m)
{
    m->line_kept = false;
    line_text(m, str_of(m->kept, m->kept_len));
}

static size_t kept_line_bytes(struct mime *m, struct str s)
{
    ptrdiff_t feed = str_find_byte(s, 0, '\n');
    struct str text = str_cut(s, 0, feed < 0 ? s.len : (size_t)feed);
    struct str fits = str_cut(text, 0, DELIMITER_LINE_MAX - m->kept_len);
    if (fits.len)
        memcpy(m->kept + m->kept_len, fits.p, fits.len);
    m->kept_len += (uint32_t)fits.len;
    if (fits.len < text.len) {
        release_kept(m);
        return fits.len;
    }
    if (feed < 0)
        return s.len;
    bool cr = m->kept[m->kept_len - 1] == '\r';
    m->kept_len -= cr;
    m->line_kept = false;
    if (take_delimiter(m, str_of(m->kept, m->kept_len)))
        return text.len + 1;
    release_kept(m);
    if (cr)
        carriage_return(m);
    line_feed(m);
    return text.len + 1;
}

static size_t body_bytes(struct mime *m, struct str s)
{
    if (m->line_kept)
        return kept_line_bytes(m, s);
    if (m->line_start && s.p[0] == '-' && m->multiparts) {
        m->line_kept = true;
        m->kept_len = 0;
        return 0;
    }
    if (s.p[0] == '\n') {
        line_feed(m);
        return 1;
    }
    ptrdiff_t feed = str_find_byte(s, 0, '\n');
    size_t len = feed < 0 ? s.len : (size_t)feed;
    bool cr = s.p[len - 1] == '\r';
    line_text(m, str_cut(s, 0, len - cr));
    if (cr)
        carriage_return(m);
    return len;
}

void mime_add(struct mime *m, struct str bytes)
{
    while (bytes.len && m->top) {
        size_t done = m->mode == MODE_HEADERS ? header_bytes(m, bytes) : body_bytes(m, bytes);
        bytes = str_from(bytes, done);
    }
}

/* A mail that ends in its headers has had headers only. */
static void end_in_headers(struct mime *m)
{
    if (m->head_len > m->head_line && !m->line_ended)
        header_line_end(m);
    if (m->mode != MODE_HEADERS)
        return;
    flush_field(m);
    headers_end(m);
}

void mime_end(struct mime *m)
{
    while (m->mode == MODE_HEADERS && m->top && !m->top->begun)
        end_in_headers(m);
    if (m->line_kept && !take_delimiter(m, str_of(m->kept, m->kept_len)))
        release_kept(m);
    m->line_kept = false;
    /* The mail's last line end is the transport's: a file without it has the sender's hashes. */
    while (m->top)
        end_frame(m);
}
