#include "engine/app/http2/message.h"

/* A stream's body on its way: through its content codings to the window that rules look at, and to a file. */

static struct body_conf body_conf_of(const struct app_conf *conf, enum dir dir)
{
    bool response = dir == DIR_TOCLIENT;
    uint32_t window = response && conf->response_window ? conf->response_window : conf->body_window;
    return (struct body_conf){
        .limit_bytes = response ? conf->response_body_limit : conf->request_body_limit,
        .window_bytes = window,
    };
}

static bool coding_of(struct str token, enum unzip_coding *coding)
{
    static const struct {
        const char *name;
        enum unzip_coding coding;
    } rows[] = {{"gzip", UNZIP_GZIP},
                {"x-gzip", UNZIP_GZIP},
                {"deflate", UNZIP_DEFLATE},
                {"br", UNZIP_BROTLI}};
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        if (str_eq_nocase(token, str_c(rows[i].name))) {
            *coding = rows[i].coding;
            return true;
        }
    return false;
}

/* RFC 9110 section 8.4: listed as they were applied; what was applied last comes off first. */
static void read_codings(const struct http2_at *at, struct http2_payload *p)
{
    struct str value;
    if (!http2_head_value(&http2_side(at)->head, STR_LIT("content-encoding"), at->af->scratch,
                          &value))
        return;
    for (struct str rest = value; rest.p;) {
        enum unzip_coding coding;
        if (!coding_of(str_trim(str_split(&rest, ',')), &coding))
            continue;
        codings_push(&p->codings, coding, HTTP2_CODINGS_MAX);
    }
}

/* "bytes 0-99/1000" (RFC 9110 section 14.4); "*" where a number is not known. False: not of this form. */
static bool read_range(struct str value, uint64_t *start, uint64_t *total)
{
    uint64_t end;
    if (!str_starts_nocase(value, STR_LIT("bytes ")))
        return false;
    struct str rest = str_from(value, 6);
    struct str range = str_trim(str_split(&rest, '/'));
    *start = *total = 0;
    if (!rest.p || (!str_eq(rest, STR_LIT("*")) && !str_to_u64(str_trim(rest), total)))
        return false;
    if (str_eq(range, STR_LIT("*")))
        return true;
    struct str first = str_split(&range, '-');
    return range.p && str_to_u64(first, start) && str_to_u64(range, &end) && end >= *start;
}

static void note_range(const struct http2_at *at, struct file *f)
{
    struct str value;
    uint64_t start, total;
    if (at->dir != DIR_TOCLIENT ||
        !http2_head_value(&http2_side(at)->head, STR_LIT("content-range"), at->af->scratch, &value))
        return;
    if (!read_range(value, &start, &total)) {
        http2_event(at, HTTP2_INVALID_RANGE);
        return;
    }
    if (f) {
        f->range_start = start;
        f->range_total = total;
    }
}

static void open_file(const struct http2_at *at, struct http2_payload *p)
{
    if (p->opened)
        return;
    p->opened = true;
    p->file = file_open(at->af->files, at->af->mem, &at->tx->tx, at->dir, STR_EMPTY);
    note_range(at, p->file);
}

static void deliver(void *owner, struct str bytes)
{
    const struct http2_at *at = owner;
    struct http2_payload *p = &http2_side(at)->payload;
    body_add(&p->body, &at->tx->body_conf[at->dir], at->af->mem, bytes);
    http2_dns_add(at, bytes);
    open_file(at, p);
    if (p->file)
        file_add(at->af->files, &at->tx->tx, p->file, bytes);
    app_progress(&at->tx->tx, at->dir, HTTP2_PROGRESS_BODY);
}

static void note_status(void *owner, enum unzip_status status)
{
    const struct http2_at *at = owner;
    if (status == UNZIP_LIMIT)
        http2_event(at, HTTP2_COMPRESSION_BOMB);
    else if (status != UNZIP_OK && status != UNZIP_END)
        http2_event(at, HTTP2_FAILED_DECOMPRESSION);
}

static struct codings_out out_of(const struct http2_at *at)
{
    return (struct codings_out){.mem = at->af->mem,
                                .limit_bytes = at->af->conf->decompressed_max,
                                .bytes = deliver,
                                .status = note_status,
                                .owner = (void *)(uintptr_t)at};
}

void http2_payload_begin(const struct http2_at *at)
{
    struct http2_payload *p = &http2_side(at)->payload;
    if (p->begun)
        return;
    p->begun = true;
    at->tx->body_conf[at->dir] = body_conf_of(at->af->conf, at->dir);
    read_codings(at, p);
}

void http2_payload_add(const struct http2_at *at, struct str bytes)
{
    struct http2_payload *p = &http2_side(at)->payload;
    const struct codings_out out = out_of(at);
    http2_payload_begin(at);
    if (!p->has_gap || !p->codings.count)
        codings_add(&p->codings, bytes, &out);
}

void http2_payload_gap(const struct http2_at *at, uint32_t bytes)
{
    struct http2_payload *p = &http2_side(at)->payload;
    http2_payload_begin(at);
    p->has_gap = true;
    http2_dns_end(at, false);
    if (p->codings.count) {
        /* coded data cannot be read behind a hole: nothing more comes out */
        if (p->file)
            file_gap(p->file, 0);
        body_end(&p->body);
        return;
    }
    open_file(at, p);
    if (p->file)
        file_gap(p->file, bytes);
    body_gap(&p->body, bytes);
    app_progress(&at->tx->tx, at->dir, HTTP2_PROGRESS_BODY);
}

void http2_payload_end(const struct http2_at *at, bool complete)
{
    struct http2_payload *p = &http2_side(at)->payload;
    const struct codings_out out = out_of(at);
    if (!p->begun)
        return;
    codings_end(&p->codings, &out);
    body_end(&p->body);
    if (p->file)
        file_end(at->af->files, &at->tx->tx, p->file,
                 complete && !p->has_gap ? FILE_CLOSED : FILE_TRUNCATED);
    p->file = NULL;
}

void http2_payload_fini(struct http2_payload *p, struct budget *mem)
{
    codings_free(&p->codings, mem);
    body_fini(&p->body, mem);
    *p = (struct http2_payload){0};
}
