#include "engine/app/http1/message.h"

/* A body on its way: through its content codings (the outermost first) to the window that rules look at, and to files. */

static struct body_conf body_conf_of(const struct app_conf *conf, enum dir dir)
{
    bool response = dir == DIR_TOCLIENT;
    uint32_t least = response && conf->response_min_inspect ? conf->response_min_inspect
                                                            : conf->body_min_inspect;
    uint32_t window = response && conf->response_window ? conf->response_window : conf->body_window;
    return (struct body_conf){
        .limit_bytes = response ? conf->response_body_limit : conf->request_body_limit,
        .min_inspect_bytes = conf->inline_mode ? 0 : least,
        .window_bytes = window,
    };
}

/* ---- content codings (RFC 9110 section 8.4) ---- */

#define LIBHTP "app-layer.protocols.http.libhtp.default-config."

/* Names are searched for, not compared: receivers take "x gzip" and "gzip;" too. LZMA, which hardly any receiver knows, is
 * decoded where the settings say so. */
static bool coding_of(const struct app_conf *conf, struct str token, enum unzip_coding *coding)
{
    static const struct {
        const char *name;
        enum unzip_coding coding;
    } rows[] = {{"gzip", UNZIP_GZIP}, {"deflate", UNZIP_DEFLATE}};
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        if (str_find_nocase(token, 0, str_c(rows[i].name)) >= 0) {
            *coding = rows[i].coding;
            return true;
        }
    *coding = UNZIP_LZMA;
    if (str_find_nocase(token, 0, STR_LIT("lzma")) >= 0)
        return conf->yaml && conf_bool(conf->yaml, LIBHTP "lzma-enabled", false);
    *coding = UNZIP_BROTLI;
    return str_eq_nocase(token, STR_LIT("br"));
}

/* Without control characters, in the arena: "gz\0ip" is gzip for some receivers. */
static struct str without_controls(struct str s, struct arena *a)
{
    uint8_t *out = arena_alloc(a, s.len + 1);
    size_t len = 0;
    for (size_t i = 0; out && i < s.len; i++)
        if (s.p[i] >= ' ')
            out[len++] = s.p[i];
    return str_of(out, len);
}

/* Suricata's default is two; who sets more gets more. */
static uint32_t layer_limit(const struct app_conf *conf)
{
    int64_t limit = HTTP1_CODINGS_DEFAULT;
    if (conf->yaml)
        limit = conf_int(conf->yaml, LIBHTP "response-body-decompress-layer-limit", limit);
    return limit < 0 || limit > CODINGS_MAX ? CODINGS_MAX : (uint32_t)limit;
}

static void read_codings(const struct http1_at *at, struct http1_payload *p)
{
    struct str value;
    if (!http1_known_value(&http1_side(at)->head, KNOWN_CONTENT_ENCODING, at->af->scratch, &value))
        return;
    uint32_t count = 0;
    for (struct str rest = without_controls(value, at->af->scratch); rest.p;) {
        struct str token = str_trim(str_split(&rest, ','));
        enum unzip_coding coding;
        if (token.len == 0 || str_eq_nocase(token, STR_LIT("identity")))
            continue;
        if (!coding_of(at->af->conf, token, &coding)) {
            app_event(at->af, &at->tx->tx, HTTP1_ABNORMAL_CE_HEADER);
            continue;
        }
        count++;
        codings_push(&p->codings, coding, CODINGS_MAX);
    }
    uint32_t limit =
        count > HTTP1_CODINGS_DEFAULT ? layer_limit(at->af->conf) : HTTP1_CODINGS_DEFAULT;
    if (count > limit) {
        app_event(at->af, &at->tx->tx, HTTP1_TOO_MANY_ENCODING_LAYERS);
        p->codings.count = (uint8_t)limit;
    }
}

/* ---- files ---- */

static bool wants_file(const struct http1_at *at)
{
    if (at->dir == DIR_TOCLIENT)
        return true;
    const struct http1_head *h = &http1_side(at)->head;
    struct str method = http1_text(h, h->part[PART_METHOD]);
    return str_eq_nocase(method, STR_LIT("POST")) || str_eq_nocase(method, STR_LIT("PUT"));
}

static struct str file_name(const struct http1_at *at)
{
    struct str value, name;
    if (at->dir == DIR_TOCLIENT &&
        http1_known_value(&http1_side(at)->head, KNOWN_CONTENT_DISPOSITION, at->af->scratch,
                          &value) &&
        http1_parameter(value, STR_LIT("filename"), &name) && name.len)
        return name;
    if (at->tx->request_unseen)
        return STR_LIT(HTTP1_URI_UNSEEN);
    return http1_uri_path(at->tx, at->af->scratch);
}

static void read_range(const struct http1_at *at, struct file *f)
{
    struct str value;
    int64_t start, end, size;
    if (at->dir != DIR_TOCLIENT ||
        !http1_known_value(&http1_side(at)->head, KNOWN_CONTENT_RANGE, at->af->scratch, &value))
        return;
    if (!http1_content_range(value, &start, &end, &size)) {
        app_event(at->af, &at->tx->tx, HTTP1_RANGE_INVALID);
        return;
    }
    if (f && start >= 0) {
        f->range_start = (uint64_t)start;
        f->range_total = size > 0 ? (uint64_t)size : 0;
    }
}

static void open_file(const struct http1_at *at, struct http1_payload *p)
{
    if (p->opened || !wants_file(at))
        return;
    p->opened = true;
    struct str name = file_name(at);
    if (name.len > FILE_NAME_MAX)
        app_event(at->af, &at->tx->tx, HTTP1_FILE_NAME_TOO_LONG);
    p->file = file_open(at->af->files, at->af->mem, &at->tx->tx, at->dir, name);
    read_range(at, p->file);
}

/* ---- bytes ---- */

static void deliver(void *owner, struct str bytes)
{
    const struct http1_at *at = owner;
    struct http1_payload *p = &http1_side(at)->payload;
    body_add(&p->body, &at->tx->body_conf[at->dir], at->af->mem, bytes);
    if (p->multipart) {
        http1_multipart_add(p->multipart, at, bytes);
    } else {
        open_file(at, p);
        if (p->file)
            file_add(at->af->files, &at->tx->tx, p->file, bytes);
    }
    app_progress(&at->tx->tx, at->dir, HTTP1_BODY);
}

static void note_status(void *owner, enum unzip_status status)
{
    const struct http1_at *at = owner;
    if (status == UNZIP_BAD || status == UNZIP_PLAIN)
        app_event(at->af, &at->tx->tx, HTTP1_GZIP_DECOMPRESSION_FAILED);
    if (status == UNZIP_LIMIT)
        app_event(at->af, &at->tx->tx, HTTP1_COMPRESSION_BOMB);
    if (status == UNZIP_MEMORY)
        app_event(at->af, &at->tx->tx, HTTP1_LZMA_MEMLIMIT);
}

static struct codings_out out_of(const struct http1_at *at)
{
    return (struct codings_out){.mem = at->af->mem,
                                .limit_bytes = at->af->conf->decompressed_max,
                                .bytes = deliver,
                                .status = note_status,
                                .owner = (void *)(uintptr_t)at};
}

static void begin_multipart(const struct http1_at *at, struct http1_payload *p)
{
    struct str value, boundary;
    if (at->dir != DIR_TOSERVER || !wants_file(at) ||
        !http1_known_value(&http1_side(at)->head, KNOWN_CONTENT_TYPE, at->af->scratch, &value) ||
        !str_starts_nocase(value, STR_LIT("multipart/form-data")))
        return;
    if (!http1_parameter(value, STR_LIT("boundary"), &boundary) || boundary.len == 0) {
        app_event(at->af, &at->tx->tx, HTTP1_MULTIPART_GENERIC_ERROR);
        return;
    }
    p->multipart = http1_multipart_new(at->af->mem, boundary);
}

void http1_payload_begin(const struct http1_at *at)
{
    struct http1_payload *p = &http1_side(at)->payload;
    struct str value;
    p->begun = true;
    at->tx->body_conf[at->dir] = body_conf_of(at->af->conf, at->dir);
    read_codings(at, p);
    begin_multipart(at, p);
    if (at->dir == DIR_TOCLIENT &&
        http1_known_value(&http1_side(at)->head, KNOWN_CONTENT_TYPE, at->af->scratch, &value) &&
        str_find_nocase(value, 0, STR_LIT("multipart/byteranges")) >= 0)
        app_event(at->af, &at->tx->tx, HTTP1_RESPONSE_BYTERANGES);
}

void http1_payload_add(const struct http1_at *at, struct str bytes)
{
    struct http1_payload *p = &http1_side(at)->payload;
    const struct codings_out out = out_of(at);
    p->wire_bytes += bytes.len;
    codings_add(&p->codings, bytes, &out);
}

void http1_payload_gap(const struct http1_at *at, uint32_t bytes)
{
    struct http1_payload *p = &http1_side(at)->payload;
    p->wire_bytes += bytes;
    p->has_gap = true;
    if (p->codings.count) {
        /* coded data cannot be read behind a hole: nothing more comes out */
        if (p->file)
            file_gap(p->file, 0);
        p->body.ended = true;
        return;
    }
    if (p->multipart)
        http1_multipart_gap(p->multipart, bytes);
    else
        open_file(at, p);
    if (p->file)
        file_gap(p->file, bytes);
    body_gap(&p->body, bytes);
    app_progress(&at->tx->tx, at->dir, HTTP1_BODY);
}

void http1_payload_end(const struct http1_at *at, bool complete)
{
    struct http1_payload *p = &http1_side(at)->payload;
    const struct codings_out out = out_of(at);
    if (!p->begun)
        return;
    p->begun = false;
    codings_end(&p->codings, &out);
    if (p->multipart)
        http1_multipart_end(p->multipart, at, complete);
    body_end(&p->body);
    if (p->file)
        file_end(at->af->files, &at->tx->tx, p->file,
                 complete && !p->has_gap ? FILE_CLOSED : FILE_TRUNCATED);
    p->file = NULL;
}

void http1_payload_fini(struct http1_payload *p, struct budget *mem)
{
    codings_free(&p->codings, mem);
    body_fini(&p->body, mem);
    http1_multipart_free(p->multipart, mem);
    *p = (struct http1_payload){0};
}
