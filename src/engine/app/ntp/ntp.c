#include "engine/app/ntp/ntp.h"

#include "base/buf.h"
#include "base/reader.h"

#define PORT_NTP 123
#define HEAD_BYTES 48 /* RFC 5905 section 7.3; extensions and a code of 4 bytes each may follow */
#define STRATUM_MAX 16
#define POLL_MAX 17

enum ntp_event { NTP_MALFORMED_DATA, NTP_EVENTS };

static const struct app_event_desc events[NTP_EVENTS] = {
    [NTP_MALFORMED_DATA] = {"malformed_data"},
};

enum ntp_mode { MODE_CLIENT = 3, MODE_SERVER = 4 };

struct ntp_head {
    uint8_t version, mode, stratum, poll;
    uint8_t reference_id[4];
};

struct ntp_tx {
    struct tx tx; /* first */
    struct ntp_head head;
};

static inline const struct ntp_tx *ntp_tx_of(const struct tx *tx)
{
    return (const struct ntp_tx *)tx;
}

static bool read_head(struct str bytes, struct ntp_head *out)
{
    struct reader r = reader_of(bytes);
    uint8_t first = reader_u8(&r);
    out->version = first >> 3 & 7;
    out->mode = first & 7;
    out->stratum = reader_u8(&r);
    out->poll = reader_u8(&r);
    reader_skip(&r, 9); /* precision, root delay, root dispersion */
    struct str id = reader_str(&r, sizeof out->reference_id);
    if (r.bad || bytes.len < HEAD_BYTES || (bytes.len - HEAD_BYTES) % 4)
        return false;
    memcpy(out->reference_id, id.p, sizeof out->reference_id);
    return out->version == 3 || out->version == 4;
}

/* On other ports only what a plain client and its server say. */
static enum app_probe probe(struct str bytes, enum dir dir, uint16_t server_port)
{
    struct ntp_head head;
    (void)dir;
    if (!read_head(bytes, &head))
        return APP_PROBE_NO;
    if (server_port == PORT_NTP)
        return APP_PROBE_YES;
    bool plain = bytes.len == HEAD_BYTES && (head.mode == MODE_CLIENT || head.mode == MODE_SERVER);
    return plain && head.stratum <= STRATUM_MAX && head.poll <= POLL_MAX ? APP_PROBE_YES
                                                                         : APP_PROBE_NO;
}

static struct app_result data(struct app_flow *af, enum dir dir, const struct app_chunk *chunk)
{
    struct app_result all = {PARSE_OK, (uint32_t)chunk->bytes.len};
    struct ntp_head head;
    if (!read_head(chunk->bytes, &head)) {
        app_event(af, NULL, NTP_MALFORMED_DATA);
        return all;
    }
    if (!app_tx_room(af))
        return (struct app_result){PARSE_FULL, 0};
    struct ntp_tx *ntp = (struct ntp_tx *)app_tx_new(af, (uint8_t)DIR_BIT(dir));
    if (!ntp)
        return all;
    ntp->head = head;
    app_progress(&ntp->tx, DIR_TOSERVER, TX_COMPLETE);
    app_progress(&ntp->tx, DIR_TOCLIENT, TX_COMPLETE);
    return all;
}

static enum dir log_dir(const struct tx *tx)
{
    return tx->dirs & DIR_BIT(DIR_TOCLIENT) ? DIR_TOCLIENT : DIR_TOSERVER;
}

static void write_record(const struct tx *tx, const struct app_conf *conf, struct json *out)
{
    const struct ntp_head *head = &ntp_tx_of(tx)->head;
    char text[12];
    struct buf b = buf_fixed(text, sizeof text);
    (void)conf;
    for (size_t i = 0; i < sizeof head->reference_id; i++)
        buf_printf(&b, "%s%02x", i ? ":" : "", head->reference_id[i]);
    json_uint(out, "version", head->version);
    json_uint(out, "mode", head->mode);
    json_uint(out, "stratum", head->stratum);
    json_bytes(out, "reference_id", buf_str(&b));
}

static bool version(const struct tx *tx, enum dir dir, uint32_t index, uint64_t *out)
{
    (void)dir;
    *out = ntp_tx_of(tx)->head.version;
    return index == 0;
}

static bool mode(const struct tx *tx, enum dir dir, uint32_t index, uint64_t *out)
{
    (void)dir;
    *out = ntp_tx_of(tx)->head.mode;
    return index == 0;
}

static bool stratum(const struct tx *tx, enum dir dir, uint32_t index, uint64_t *out)
{
    (void)dir;
    *out = ntp_tx_of(tx)->head.stratum;
    return index == 0;
}

static bool reference_id(const struct tx *tx, enum dir dir, uint32_t index, struct arena *scratch,
                         struct str *out)
{
    (void)dir, (void)scratch;
    *out = str_of(ntp_tx_of(tx)->head.reference_id, 4);
    return index == 0;
}

static const struct number_word modes[] = {
    {"reserved", 0},         {"symmetric_active", 1}, {"symmetric_passive", 2},
    {"client", MODE_CLIENT}, {"server", MODE_SERVER}, {"broadcast", 5},
    {"control", 6},          {"private", 7},          {NULL, 0},
};

#define NUMBER(text, fn, names)                                                     \
    {                                                                               \
        .name = (text), .proto = APP_NTP, .dirs = DIR_BOTH,                         \
        .ready_at = {TX_COMPLETE, TX_COMPLETE}, .kind = FIELD_UINT, .number = (fn), \
        .words = (names)                                                            \
    }

static const struct field_desc fields[] = {
    NUMBER("ntp.version", version, NULL),
    NUMBER("ntp.mode", mode, modes),
    NUMBER("ntp.stratum", stratum, NULL),
    {.name = "ntp.reference_id",
     .proto = APP_NTP,
     .dirs = DIR_BOTH,
     .ready_at = {TX_COMPLETE, TX_COMPLETE},
     .kind = FIELD_BYTES,
     .bytes = reference_id},
};

const struct app_parser ntp_parser = {
    .proto = APP_NTP,
    .udp = true,
    .probe = probe,
    .data = data,
    .tx_bytes = sizeof(struct ntp_tx),
    .fields = {fields, ARRAY_COUNT(fields)},
    .events = events,
    .event_count = NTP_EVENTS,
    .events_small = true,
    .log = write_record,
    .log_dir = log_dir,
};
