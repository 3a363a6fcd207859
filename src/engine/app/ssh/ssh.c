#include "engine/app/ssh/ssh.h"

#include "base/digest.h"
#include "base/reader.h"
#include "base/text.h"
#include "engine/format/lines/lines.h"

#define SSH_BANNER_MAX 256u     /* RFC 4253 section 4.2 says 255 with its end */
#define SSH_LINES_BEFORE_MAX 64 /* which nobody sends any more */
#define SSH_KEXINIT_MAX 35000u  /* section 6.1 */
#define SSH_HEAD_BYTES 6        /* length, length of padding, kind of message */
#define SSH_COOKIE_BYTES 16
#define MSG_KEXINIT 20
#define MSG_NEWKEYS 21

enum ssh_event {
    SSH_INVALID_BANNER,
    SSH_LONG_BANNER,
    SSH_INVALID_RECORD,
    SSH_LONG_KEX_RECORD,
    SSH_EVENTS
};

static const struct app_event_desc events[SSH_EVENTS] = {
    [SSH_INVALID_BANNER] = {"invalid_banner"},
    [SSH_LONG_BANNER] = {"long_banner"},
    [SSH_INVALID_RECORD] = {"invalid_record"},
    [SSH_LONG_KEX_RECORD] = {"long_kex_record"},
};

/* Progress of a direction. */
enum ssh_progress { SSH_BEGUN = 1, SSH_BANNER_OPEN, SSH_BANNER, SSH_KEX };

enum frame { FRAME_HDR, FRAME_DATA, FRAME_PDU, FRAMES };
static const struct app_frame_desc frames[FRAMES] = {
    [FRAME_HDR] = {"record.hdr"}, [FRAME_DATA] = {"record.data"}, [FRAME_PDU] = {"record.pdu"}};

enum ssh_text { TEXT_PROTO, TEXT_SOFTWARE, TEXT_HASSH };

struct ssh_tx {
    struct tx tx; /* first */
    struct texts texts[DIR_COUNT];
    bool wants_hassh; /* the record waits for it */
};

struct ssh_half {
    struct lines lines;
    bool banner, encrypted;
    bool passed_over; /* nothing more is read, but it is in the clear, or may be */
    uint8_t lines_before;
    uint32_t left; /* bytes of a packet to be walked over */
};

struct ssh_state {
    struct ssh_tx *tx;
    bool had_tx;
    struct ssh_half half[DIR_COUNT];
};

static const struct ssh_tx *ssh_tx_of(const struct tx *tx)
{
    return (const struct ssh_tx *)tx;
}

static enum app_probe probe(struct str bytes, enum dir dir, uint16_t server_port)
{
    struct str word = STR_LIT("SSH-");
    (void)dir, (void)server_port;
    if (bytes.len < word.len)
        return str_starts(word, bytes) ? APP_PROBE_MORE : APP_PROBE_NO;
    return str_starts(bytes, word) ? APP_PROBE_YES : APP_PROBE_NO;
}

static void tell(struct app_flow *af, enum ssh_event event)
{
    struct ssh_state *st = af->state;
    if (st->tx)
        app_event(af, &st->tx->tx, event);
}

static void note(struct app_flow *af, enum dir dir, enum ssh_text kind, struct str text)
{
    struct ssh_state *st = af->state;
    if (st->tx)
        texts_add(&st->tx->texts[dir], af->mem, kind, text);
}

static void progress(struct app_flow *af, enum dir dir, uint8_t to)
{
    struct ssh_state *st = af->state;
    if (st->tx)
        app_progress(&st->tx->tx, dir, to);
}

static void end_direction(struct app_flow *af, enum dir dir)
{
    struct ssh_state *st = af->state;
    st->half[dir].encrypted = true;
    progress(af, dir, TX_COMPLETE);
}

/* ---- banner ---- */

/* "SSH-protoversion-softwareversion SP comments" */
static enum parse take_banner(struct app_flow *af, enum dir dir, struct str line)
{
    struct ssh_state *st = af->state;
    struct ssh_half *half = &st->half[dir];
    struct str rest = line, name = str_split(&rest, '-'), proto = str_split(&rest, '-');
    if (!str_eq(name, STR_LIT("SSH")) || !rest.p || !proto.len) {
        tell(af, SSH_INVALID_BANNER);
        return PARSE_BAD;
    }
    half->banner = true;
    note(af, dir, TEXT_PROTO, proto);
    note(af, dir, TEXT_SOFTWARE, str_split(&rest, ' '));
    progress(af, dir, SSH_BANNER);
    bool old = str_starts(proto, STR_LIT("1.")) && !str_eq(proto, STR_LIT("1.99"));
    if (old) {
        half->passed_over =
            true; /* its packets are of another kind, and its key exchange is in the clear */
        progress(af, dir, TX_COMPLETE);
    }
    return PARSE_OK;
}

/* OK: the banner is read, MORE: it is not there yet. */
static enum parse read_banner(struct app_flow *af, enum dir dir, struct str *rest)
{
    struct ssh_state *st = af->state;
    struct ssh_half *half = &st->half[dir];
    struct line line;
    while (lines_next(&half->lines, rest, SSH_BANNER_MAX, &line)) {
        if (line.cut)
            tell(af, SSH_LONG_BANNER);
        bool before = dir == DIR_TOCLIENT && !str_starts(line.text, STR_LIT("SSH-"));
        if (!before || half->lines_before++ == SSH_LINES_BEFORE_MAX)
            return take_banner(af, dir, line.text);
    }
    if (rest->len)
        progress(af, dir, SSH_BANNER_OPEN);
    return PARSE_MORE;
}

/* ---- key exchange ---- */

/* kex;encryption;mac;compression, of this side's own direction. */
static void take_kexinit(struct app_flow *af, enum dir dir, struct str payload)
{
    enum { LISTS = 10 };
    struct reader r = reader_of(payload);
    struct str lists[LISTS];
    uint8_t text[SSH_KEXINIT_MAX];
    struct buf b = buf_fixed(text, sizeof text);
    reader_skip(&r, SSH_COOKIE_BYTES);
    for (int i = 0; i < LISTS; i++)
        lists[i] = reader_str(&r, reader_u32(&r));
    if (r.bad) {
        tell(af, SSH_INVALID_RECORD);
        return;
    }
    buf_add(&b, lists[0]);
    for (int i = 2; i <= 6; i += 2) {
        buf_add_byte(&b, ';');
        buf_add(&b, lists[i + (dir == DIR_TOCLIENT)]);
    }
    if (!b.failed)
        note(af, dir, TEXT_HASSH, buf_str(&b));
    progress(af, dir, SSH_KEX);
}

static void tell_frames(struct app_flow *af, struct str packet, uint32_t body_len)
{
    const struct ssh_state *st = af->state;
    const struct tx *tx = st->tx ? &st->tx->tx : NULL;
    app_frame(af, tx, FRAME_HDR, packet, SSH_HEAD_BYTES);
    if (body_len)
        app_frame(af, tx, FRAME_DATA, str_from(packet, SSH_HEAD_BYTES), body_len);
    app_frame(af, tx, FRAME_PDU, packet, SSH_HEAD_BYTES + (uint64_t)body_len);
}

/* A packet's head and, of KEXINIT, all of it. MORE: not enough bytes. */
static enum parse read_packet(struct app_flow *af, enum dir dir, struct reader *r)
{
    struct ssh_state *st = af->state;
    struct reader at = *r;
    struct str packet = str_from(str_of(r->p, r->len), r->at);
    uint32_t len = reader_u32(&at);
    if (!at.bad && len < 2) {
        tell(af, SSH_INVALID_RECORD);
        return PARSE_BAD;
    }
    uint8_t padding = reader_u8(&at), kind = reader_u8(&at);
    if (at.bad)
        return PARSE_MORE;
    len -= 2;
    if (kind == MSG_KEXINIT && len <= SSH_KEXINIT_MAX) {
        struct str payload = reader_str(&at, len);
        if (at.bad)
            return PARSE_MORE;
        if (st->tx && st->tx->tx.progress[dir] < SSH_KEX)
            take_kexinit(af, dir, str_cut(payload, 0, len - (padding < len ? padding : len)));
    } else {
        st->half[dir].left = len;
        if (kind == MSG_KEXINIT)
            tell(af, SSH_LONG_KEX_RECORD);
        if (kind == MSG_NEWKEYS)
            end_direction(af, dir);
    }
    tell_frames(af, packet, len);
    *r = at;
    return PARSE_OK;
}

static enum parse read_packets(struct app_flow *af, enum dir dir, struct reader *r)
{
    struct ssh_state *st = af->state;
    struct ssh_half *half = &st->half[dir];
    while (reader_left(r) && !half->encrypted && !half->passed_over) {
        size_t skip = half->left < reader_left(r) ? half->left : reader_left(r);
        reader_skip(r, skip);
        half->left -= (uint32_t)skip;
        if (!reader_left(r))
            break;
        enum parse result = read_packet(af, dir, r);
        if (result != PARSE_OK)
            return result;
    }
    if (half->encrypted || half->passed_over)
        (void)reader_rest(r);
    return PARSE_OK;
}

static void begin(struct app_flow *af)
{
    struct ssh_state *st = af->state;
    if (st->had_tx)
        return;
    st->had_tx = true;
    st->tx = (struct ssh_tx *)app_tx_new(af, DIR_BOTH);
    if (st->tx)
        st->tx->wants_hassh = af->conf->hassh;
    progress(af, DIR_TOSERVER, SSH_BEGUN);
    progress(af, DIR_TOCLIENT, SSH_BEGUN);
}

static enum parse read_bytes(struct app_flow *af, enum dir dir, struct str *rest)
{
    struct ssh_state *st = af->state;
    if (!st->half[dir].banner) {
        enum parse result = read_banner(af, dir, rest);
        if (result != PARSE_OK)
            return result;
    }
    if (!lines_skip(&st->half[dir].lines, rest)) /* of a banner that was cut */
        return PARSE_MORE;
    struct reader r = reader_of(*rest);
    enum parse result = read_packets(af, dir, &r);
    *rest = str_from(*rest, r.at);
    return result;
}

static struct app_result data(struct app_flow *af, enum dir dir, const struct app_chunk *chunk)
{
    struct ssh_state *st = af->state;
    struct str rest = chunk->bytes;
    if (chunk
            ->gap) { /* behind a hole nothing tells where a packet begins: what follows is as good as encrypted */
        if (!st->half[dir].banner)
            return (struct app_result){PARSE_BAD, 0};
        end_direction(af, dir);
        return (struct app_result){PARSE_OK, 0};
    }
    begin(af);
    enum parse result = read_bytes(af, dir, &rest);
    if (result == PARSE_BAD)
        progress(af, dir, TX_COMPLETE);
    return (struct app_result){result, (uint32_t)(chunk->bytes.len - rest.len)};
}

static bool is_encrypted(const struct app_flow *af)
{
    const struct ssh_state *st = af->state;
    return st->half[DIR_TOSERVER].encrypted && st->half[DIR_TOCLIENT].encrypted;
}

static void tx_free(struct app_flow *af, struct tx *tx)
{
    struct ssh_state *st = af->state;
    struct ssh_tx *ssh = (struct ssh_tx *)tx;
    texts_fini(&ssh->texts[DIR_TOSERVER], af->mem);
    texts_fini(&ssh->texts[DIR_TOCLIENT], af->mem);
    st->tx = NULL;
}

/* ---- what rules and records see ---- */

static bool proto(const struct tx *tx, enum dir dir, uint32_t index, struct arena *a,
                  struct str *out)
{
    (void)a;
    return index == 0 && texts_get(&ssh_tx_of(tx)->texts[dir], TEXT_PROTO, 0, out);
}

static bool software(const struct tx *tx, enum dir dir, uint32_t index, struct arena *a,
                     struct str *out)
{
    (void)a;
    return index == 0 && texts_get(&ssh_tx_of(tx)->texts[dir], TEXT_SOFTWARE, 0, out) && out->len;
}

static bool hassh_string(const struct tx *tx, enum dir dir, uint32_t index, struct arena *a,
                         struct str *out)
{
    (void)a;
    return index == 0 && texts_get(&ssh_tx_of(tx)->texts[dir], TEXT_HASSH, 0, out);
}

#define HASSH_DIGITS 32

static bool hassh(const struct tx *tx, enum dir dir, uint32_t index, struct arena *a,
                  struct str *out)
{
    uint8_t digest[DIGEST_BYTES_MAX];
    struct str string;
    char *hex = arena_alloc(a, HASSH_DIGITS + 1);
    if (!hex || !hassh_string(tx, dir, index, a, &string))
        return false;
    digest_of(DIGEST_MD5, string, digest);
    text_hex(hex, str_of(digest, HASSH_DIGITS / 2));
    *out = str_of(hex, HASSH_DIGITS);
    return true;
}

/* "1.99" as 1099: what ssh.protoversion compares. */
static bool version(const struct tx *tx, enum dir dir, uint32_t index, uint64_t *out)
{
    struct str rest;
    uint64_t major, minor;
    if (!proto(tx, dir, index, NULL, &rest) || !str_to_u64(str_split(&rest, '.'), &major) ||
        !str_to_u64(rest, &minor) || major > 999 || minor > 999)
        return false;
    *out = major * 1000 + minor;
    return true;
}

#define TEXT(word, where, when, fn)                                                    \
    {                                                                                  \
        .name = word, .proto = APP_SSH, .dirs = (where), .ready_at = {(when), (when)}, \
        .kind = FIELD_BYTES, .bytes = fn                                               \
    }

static const struct field_desc fields[] = {
    TEXT("ssh.proto", DIR_BOTH, SSH_BANNER, proto),
    TEXT("ssh.software", DIR_BOTH, SSH_BANNER, software),
    TEXT("ssh.hassh", DIR_BIT(DIR_TOSERVER), SSH_KEX, hassh),
    TEXT("ssh.hassh.string", DIR_BIT(DIR_TOSERVER), SSH_KEX, hassh_string),
    TEXT("ssh.hassh.server", DIR_BIT(DIR_TOCLIENT), SSH_KEX, hassh),
    TEXT("ssh.hassh.server.string", DIR_BIT(DIR_TOCLIENT), SSH_KEX, hassh_string),
    {.name = "ssh.version",
     .proto = APP_SSH,
     .dirs = DIR_BOTH,
     .ready_at = {SSH_BANNER, SSH_BANNER},
     .kind = FIELD_UINT,
     .number = version},
};

static void log_side(const struct ssh_tx *ssh, enum dir dir, bool with_hassh, struct json *out)
{
    uint8_t digest[DIGEST_BYTES_MAX];
    char hex[HASSH_DIGITS + 1];
    struct str text;
    if (!texts_get(&ssh->texts[dir], TEXT_PROTO, 0, &text))
        return;
    json_object(out, dir == DIR_TOSERVER ? "client" : "server");
    json_bytes(out, "proto_version", text);
    if (texts_get(&ssh->texts[dir], TEXT_SOFTWARE, 0, &text) && text.len)
        json_bytes(out, "software_version", text);
    if (with_hassh && texts_get(&ssh->texts[dir], TEXT_HASSH, 0, &text)) {
        digest_of(DIGEST_MD5, text, digest);
        text_hex(hex, str_of(digest, HASSH_DIGITS / 2));
        json_object(out, "hassh");
        json_text(out, "hash", hex);
        json_bytes(out, "string", text);
        json_end_object(out);
    }
    json_end_object(out);
}

static void write_log(const struct tx *tx, const struct app_conf *conf, struct json *out)
{
    log_side(ssh_tx_of(tx), DIR_TOSERVER, conf->hassh, out);
    log_side(ssh_tx_of(tx), DIR_TOCLIENT, conf->hassh, out);
}

static bool log_ready(const struct tx *tx)
{
    uint8_t until = ssh_tx_of(tx)->wants_hassh ? SSH_KEX : SSH_BANNER;
    return tx->progress[DIR_TOSERVER] >= until && tx->progress[DIR_TOCLIENT] >= until;
}

static const struct app_state_desc states[] = {
    {"request_in_progress", DIR_TOSERVER, SSH_BEGUN},
    {"request_banner_wait_eol", DIR_TOSERVER, SSH_BANNER_OPEN},
    {"request_banner_done", DIR_TOSERVER, SSH_BANNER},
    {"request_finished", DIR_TOSERVER, TX_COMPLETE},
    {"response_in_progress", DIR_TOCLIENT, SSH_BEGUN},
    {"response_banner_wait_eol", DIR_TOCLIENT, SSH_BANNER_OPEN},
    {"response_banner_done", DIR_TOCLIENT, SSH_BANNER},
    {"response_finished", DIR_TOCLIENT, TX_COMPLETE},
};

const struct app_parser ssh_parser = {
    .proto = APP_SSH,
    .tcp = true,
    .probe = probe,
    .state_bytes = sizeof(struct ssh_state),
    .data = data,
    .tx_free = tx_free,
    .tx_bytes = sizeof(struct ssh_tx),
    .fields = {fields, ARRAY_COUNT(fields)},
    .events = events,
    .event_count = SSH_EVENTS,
    .events_small = true,
    .frames = frames,
    .frame_count = FRAMES,
    .states = states,
    .state_count = ARRAY_COUNT(states),
    .log = write_log,
    .log_ready = log_ready,
    .is_encrypted = is_encrypted,
};
