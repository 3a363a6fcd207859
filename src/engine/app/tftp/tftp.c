#include "engine/app/tftp/tftp.h"

#include "base/reader.h"

#define PORT_TFTP 69
#define TFTP_NAME_MAX 512 /* section 2: a datagram of TFTP has not more */

enum opcode { OPCODE_READ = 1, OPCODE_WRITE, OPCODE_DATA, OPCODE_ACK, OPCODE_ERROR };

static const char *const modes[] = {"netascii", "octet", "mail"};

struct tftp_tx {
    struct tx tx; /* first */
    bool writes;
    uint8_t mode; /* of modes */
    uint16_t name_len;
    uint8_t *name;
};

struct request {
    uint16_t opcode;
    uint8_t mode;
    struct str name;
};

static bool read_text(struct reader *r, struct str *out)
{
    struct str rest = str_of(r->p + r->at, reader_left(r));
    ptrdiff_t end = str_find_byte(rest, 0, 0);
    if (r->bad || end < 0)
        return false;
    *out = reader_str(r, (size_t)end);
    reader_skip(r, 1);
    return !r->bad;
}

/* Section 5: opcode, file name, 0, mode, 0; options (RFC 2347) may follow. */
static bool read_request(struct str bytes, struct request *out)
{
    struct reader r = reader_of(bytes);
    struct str mode;
    out->opcode = reader_u16(&r);
    if (r.bad || (out->opcode != OPCODE_READ && out->opcode != OPCODE_WRITE) ||
        !read_text(&r, &out->name) || !read_text(&r, &mode))
        return false;
    for (out->mode = 0; out->mode < ARRAY_COUNT(modes); out->mode++)
        if (str_eq_nocase(mode, str_c(modes[out->mode])))
            return true;
    return false;
}

static bool is_printable(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.p[i] < ' ' || s.p[i] == 0x7f)
            return false;
    return s.len > 0;
}

static enum app_probe probe(struct str bytes, enum dir dir, uint16_t server_port)
{
    struct request request;
    struct reader r = reader_of(bytes);
    uint16_t opcode = reader_u16(&r);
    (void)dir;
    if (server_port == PORT_TFTP)
        return !r.bad && reader_left(&r) >= 2 && opcode >= OPCODE_READ && opcode <= OPCODE_ERROR
                   ? APP_PROBE_YES
                   : APP_PROBE_NO;
    return read_request(bytes, &request) && is_printable(request.name) ? APP_PROBE_YES
                                                                       : APP_PROBE_NO;
}

static struct app_result data(struct app_flow *af, enum dir dir, const struct app_chunk *chunk)
{
    struct app_result all = {PARSE_OK, (uint32_t)chunk->bytes.len};
    struct request request;
    if (!read_request(chunk->bytes, &request))
        return all;
    if (!app_tx_room(af))
        return (struct app_result){PARSE_FULL, 0};
    struct tftp_tx *tftp = (struct tftp_tx *)app_tx_new(af, (uint8_t)DIR_BIT(dir));
    if (!tftp)
        return all;
    size_t len = request.name.len < TFTP_NAME_MAX ? request.name.len : TFTP_NAME_MAX;
    tftp->writes = request.opcode == OPCODE_WRITE;
    tftp->mode = request.mode;
    tftp->name = len ? budget_alloc(af->mem, len) : NULL;
    if (tftp->name) {
        memcpy(tftp->name, request.name.p, len);
        tftp->name_len = (uint16_t)len;
    }
    app_progress(&tftp->tx, DIR_TOSERVER, TX_COMPLETE);
    app_progress(&tftp->tx, DIR_TOCLIENT, TX_COMPLETE);
    return all;
}

static void tx_free(struct app_flow *af, struct tx *tx)
{
    struct tftp_tx *tftp = (struct tftp_tx *)tx;
    if (tftp->name)
        budget_give(af->mem, tftp->name, tftp->name_len);
}

static void write_record(const struct tx *tx, const struct app_conf *conf, struct json *out)
{
    const struct tftp_tx *tftp = (const struct tftp_tx *)tx;
    (void)conf;
    json_text(out, "packet", tftp->writes ? "write" : "read");
    json_bytes(out, "file", str_of(tftp->name, tftp->name_len));
    json_text(out, "mode", modes[tftp->mode]);
}

static enum dir log_dir(const struct tx *tx)
{
    return tx->dirs & DIR_BIT(DIR_TOCLIENT) ? DIR_TOCLIENT : DIR_TOSERVER;
}

const struct app_parser tftp_parser = {
    .proto = APP_TFTP,
    .udp = true,
    .probe = probe,
    .data = data,
    .tx_free = tx_free,
    .tx_bytes = sizeof(struct tftp_tx),
    .log = write_record,
    .log_dir = log_dir,
};
