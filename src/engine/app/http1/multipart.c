#include "engine/app/http1/message.h"

/* multipart/form-data requests (RFC 7578, RFC 2046 section 5.1): file names and file bytes of uploads, in a stream.
 *
 * The delimiter is a line feed (the CR before it belongs to it too), "--" and the boundary. While a part of it has matched,
 * those bytes need not be kept: they are the delimiter's own. A boundary holds no line feed, so after a mismatch matching
 * begins anew with the byte in hand. */

#define BOUNDARY_MAX 200u
#define PART_HEAD_MAX 2048u

enum mode {
    MODE_PREAMBLE,       /* before the first delimiter */
    MODE_DELIMITER_LINE, /* the rest of a delimiter's line */
    MODE_HEAD,
    MODE_DATA,
    MODE_EPILOGUE,
};

struct http1_multipart {
    enum mode mode;
    uint32_t matched; /* bytes of the delimiter */
    bool cr_held;     /* a CR that may belong to a delimiter */
    bool has_parts;
    bool
        line_empty; /* in a head: nothing on this line yet; in data: matched[0] is not data but ended the head */
    uint8_t delimiter_len, dashes;
    uint8_t delimiter[BOUNDARY_MAX + 3];
    struct file *file; /* of the part in work; NULL: no file */
    struct http1_part *part;
    uint32_t part_count;
    struct http1_part parts[HTTP1_PARTS_MAX];
    uint32_t head_len;
    uint8_t head[PART_HEAD_MAX];
};

struct http1_multipart *http1_multipart_new(struct budget *mem, struct str boundary)
{
    if (boundary.len > BOUNDARY_MAX)
        return NULL;
    struct http1_multipart *m = budget_zalloc(mem, sizeof *m);
    if (!m)
        return NULL;
    memcpy(m->delimiter, "\n--", 3);
    memcpy(m->delimiter + 3, boundary.p, boundary.len);
    m->delimiter_len = (uint8_t)(boundary.len + 3);
    m->matched = 1; /* the body begins as if behind a line feed */
    return m;
}

void http1_multipart_free(struct http1_multipart *m, struct budget *mem)
{
    if (!m)
        return;
    for (uint32_t i = 0; i < m->part_count; i++)
        body_fini(&m->parts[i].body, mem);
    budget_give(mem, m, sizeof *m);
}

static void event(const struct http1_at *at, enum http1_event event)
{
    app_event(at->af, &at->tx->tx, event);
}

static void end_part(struct http1_multipart *m, const struct http1_at *at, enum file_state state)
{
    if (m->file)
        file_end(at->af->files, &at->tx->tx, m->file, state);
    if (m->part)
        body_end(&m->part->body);
    m->file = NULL;
    m->part = NULL;
}

static void add_data(struct http1_multipart *m, const struct http1_at *at, struct str bytes)
{
    if (m->mode != MODE_DATA || bytes.len == 0)
        return;
    if (m->file)
        file_add(at->af->files, &at->tx->tx, m->file, bytes);
    if (m->part)
        body_add(&m->part->body, &at->tx->body_conf[at->dir], at->af->mem, bytes);
}

/* Content-Disposition's value in the part's head; false when there is none. */
static bool disposition_of(struct http1_multipart *m, const struct http1_at *at, struct str *out)
{
    bool found = false;
    for (struct str rest = str_of(m->head, m->head_len); rest.len;) {
        struct str line = str_trim(str_split(&rest, '\n')), value = line;
        if (line.len == 0)
            continue;
        struct str name = str_split(&value, ':');
        if (!value.p) {
            event(at, HTTP1_MULTIPART_INVALID_HEADER);
            continue;
        }
        if (!found && str_eq_nocase(str_trim(name), STR_LIT("Content-Disposition"))) {
            *out = str_trim(value);
            found = true;
        }
    }
    return found;
}

static void begin_part(struct http1_multipart *m, const struct http1_at *at)
{
    struct str disposition, name;
    m->mode = MODE_DATA;
    m->has_parts = true;
    if (!disposition_of(m, at, &disposition)) {
        event(at, HTTP1_MULTIPART_INVALID_HEADER);
        return;
    }
    if (!http1_parameter(disposition, STR_LIT("filename"), &name) || name.len == 0)
        return;
    if (name.len > FILE_NAME_MAX)
        event(at, HTTP1_FILE_NAME_TOO_LONG);
    m->file = file_open(at->af->files, at->af->mem, &at->tx->tx, at->dir, name);
    if (m->file && m->part_count < HTTP1_PARTS_MAX) {
        m->part = &m->parts[m->part_count++];
        m->part->file = m->file;
    }
}

/* ---- one byte in each mode ---- */

static void delimiter_line_byte(struct http1_multipart *m, uint8_t c)
{
    if (c == '-' && m->dashes < 2) {
        m->dashes++;
        return;
    }
    if (m->dashes == 2) {
        m->mode = MODE_EPILOGUE;
        return;
    }
    m->dashes = 0;
    if (c != '\n')
        return;
    m->mode = MODE_HEAD;
    m->head_len = 0;
    m->line_empty = true;
}

static void head_byte(struct http1_multipart *m, const struct http1_at *at, uint8_t c)
{
    if (m->head_len < PART_HEAD_MAX)
        m->head[m->head_len++] = c;
    if (c == '\n' && m->line_empty) {
        /* the LF of the empty line may also begin a delimiter: a part without a byte */
        begin_part(m, at);
        m->matched = 1;
        m->cr_held = false;
        return;
    }
    if (c == '\n')
        m->line_empty = true;
    else if (c != '\r')
        m->line_empty = false;
}

/* The delimiter did not go on: what was held back is data. */
static void release(struct http1_multipart *m, const struct http1_at *at, bool was_head_end)
{
    if (m->cr_held)
        add_data(m, at, STR_LIT("\r"));
    m->cr_held = false;
    add_data(m, at,
             str_cut(str_of(m->delimiter, m->delimiter_len), was_head_end ? 1 : 0, m->matched));
    m->matched = 0;
}

static void delimiter_found(struct http1_multipart *m, const struct http1_at *at)
{
    if (m->mode == MODE_DATA)
        end_part(m, at, FILE_CLOSED);
    m->mode = MODE_DELIMITER_LINE;
    m->matched = 0;
    m->dashes = 0;
    m->cr_held = false;
}

/* Only blanks, "--" or the line's end may follow a boundary; else a longer word merely begins like it. */
static bool may_follow_boundary(uint8_t c)
{
    return c == '-' || c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Data or preamble from s on; returns how many bytes were dealt with; none when the mode changed. */
static size_t data_bytes(struct http1_multipart *m, const struct http1_at *at, struct str s)
{
    uint8_t c = s.p[0];
    if (m->matched) {
        bool whole = m->matched == m->delimiter_len;
        if (whole && may_follow_boundary(c)) {
            delimiter_found(m, at);
            return 0;
        }
        if (!whole && c == m->delimiter[m->matched]) {
            m->matched++;
            return 1;
        }
        release(m, at, m->line_empty);
        m->line_empty = false;
        return data_bytes(m, at, s);
    }
    if (c == '\n') {
        m->matched = 1;
        m->line_empty = false;
        return 1;
    }
    if (m->cr_held)
        add_data(m, at, STR_LIT("\r"));
    m->cr_held = c == '\r';
    if (m->cr_held)
        return 1;
    size_t run = 1;
    while (run < s.len && s.p[run] != '\r' && s.p[run] != '\n')
        run++;
    add_data(m, at, str_cut(s, 0, run));
    return run;
}

void http1_multipart_add(struct http1_multipart *m, const struct http1_at *at, struct str bytes)
{
    while (bytes.len) {
        size_t done = 1;
        switch (m->mode) {
        case MODE_PREAMBLE:
        case MODE_DATA: done = data_bytes(m, at, bytes); break;
        case MODE_DELIMITER_LINE: delimiter_line_byte(m, bytes.p[0]); break;
        case MODE_HEAD: head_byte(m, at, bytes.p[0]); break;
        case MODE_EPILOGUE: return;
        }
        bytes = str_from(bytes, done);
    }
}

void http1_multipart_gap(struct http1_multipart *m, uint32_t bytes)
{
    m->matched = 0;
    m->cr_held = false;
    if (m->file)
        file_gap(m->file, bytes);
    if (m->part)
        body_gap(&m->part->body, bytes);
}

void http1_multipart_end(struct http1_multipart *m, const struct http1_at *at, bool complete)
{
    bool data = m->mode == MODE_DATA || m->mode == MODE_PREAMBLE;
    if (data && m->matched == m->delimiter_len)
        delimiter_found(m, at);
    bool ended = m->mode == MODE_EPILOGUE || (m->mode == MODE_DELIMITER_LINE && m->dashes == 2);
    if (m->mode == MODE_DATA)
        release(m, at, m->line_empty);
    end_part(m, at, FILE_TRUNCATED);
    if (!m->has_parts)
        event(at, HTTP1_MULTIPART_NO_FILEDATA);
    else if (complete && !ended)
        event(at, HTTP1_MULTIPART_GENERIC_ERROR);
}

void http1_multipart_inspected(struct http1_multipart *m, const struct body_conf *conf)
{
    for (uint32_t i = 0; i < m->part_count; i++)
        body_inspected(&m->parts[i].body, conf);
}

const struct http1_part *http1_multipart_part(const struct http1_multipart *m, uint32_t index)
{
    return index < m->part_count ? &m->parts[index] : NULL;
}
