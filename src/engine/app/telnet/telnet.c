#include "engine/app/telnet/telnet.h"

#include "base/reader.h"

#define PORT_TELNET 23
#define OPTIONS \
    64 /* IANA has given about 50; elsewhere than on Telnet's port no others are believed */

/* RFC 854 */
#define IAC 255
#define DONT 254
#define WILL 251
#define SB 250
#define SE 240
#define LOWEST 236 /* EOF of RFC 1184 */

enum frame { FRAME_PDU, FRAME_CTL, FRAME_DATA, FRAMES };
static const struct app_frame_desc frames[FRAMES] = {
    [FRAME_PDU] = {"pdu"}, [FRAME_CTL] = {"ctl"}, [FRAME_DATA] = {"data"}};

enum place { BETWEEN, IN_DATA, IN_SUBNEGOTIATION };
struct telnet_state {
    enum place place[DIR_COUNT];
};

/* ---- is it Telnet? ---- */

static bool is_text(uint8_t c)
{
    return (c >= ' ' && c < 127) || (c >= '\a' && c <= '\r') || c == 0x1b;
}

/* On its port a command or text; elsewhere two negotiations, one behind the other. */
static enum app_probe probe(struct str bytes, enum dir dir, uint16_t server_port)
{
    (void)dir;
    if (!bytes.len)
        return APP_PROBE_MORE;
    bool own = server_port == PORT_TELNET;
    if (bytes.p[0] != IAC)
        return own && is_text(bytes.p[0]) ? APP_PROBE_YES : APP_PROBE_NO;
    if (bytes.len < 2)
        return APP_PROBE_MORE;
    if (own)
        return bytes.p[1] >= LOWEST && bytes.p[1] != IAC ? APP_PROBE_YES : APP_PROBE_NO;
    for (size_t i = 0; i < 6 && i < bytes.len; i++) {
        uint8_t c = bytes.p[i];
        bool fits = i % 3 == 0 ? c == IAC : i % 3 == 1 ? c >= WILL && c <= DONT : c < OPTIONS;
        if (!fits)
            return APP_PROBE_NO;
    }
    return bytes.len < 6 ? APP_PROBE_MORE : APP_PROBE_YES;
}

/* ---- frames ---- */

static void begin(struct app_flow *af, uint8_t kind, struct str at)
{
    app_frame(af, NULL, FRAME_PDU, at, APP_FRAME_OPEN);
    app_frame(af, NULL, kind, at, APP_FRAME_OPEN);
}

static void end(struct app_flow *af, uint8_t kind, struct str behind)
{
    app_frame_end(af, FRAME_PDU, behind);
    app_frame_end(af, kind, behind);
}

/* ---- the stream ---- */

static struct str rest_of(const struct reader *r)
{
    return str_from(str_of(r->p, r->len), r->at);
}

/* IAC and what belongs to it. False: more bytes are needed. */
static bool command(struct app_flow *af, enum place *place, struct reader *r)
{
    struct str rest = rest_of(r);
    if (rest.len < 2)
        return false;
    uint8_t code = rest.p[1];
    bool negotiates = code >= WILL && code <= DONT;
    if (negotiates && rest.len < 3)
        return false;
    if (*place == IN_DATA)
        end(af, FRAME_DATA, rest);
    begin(af, FRAME_CTL, rest);
    reader_skip(r, negotiates ? 3 : 2);
    *place = code == SB ? IN_SUBNEGOTIATION : BETWEEN;
    if (*place == BETWEEN)
        end(af, FRAME_CTL, rest_of(r));
    return true;
}

/* Up to IAC SE; IAC IAC is a byte of it. */
static bool subnegotiation(struct app_flow *af, enum place *place, struct reader *r)
{
    struct str rest = rest_of(r);
    ptrdiff_t at = str_find_byte(rest, 0, IAC);
    reader_skip(r, at < 0 ? rest.len : (size_t)at);
    if (at < 0)
        return true;
    if (reader_left(r) < 2)
        return false;
    reader_skip(r, 1);
    if (reader_u8(r) == SE) {
        *place = BETWEEN;
        end(af, FRAME_CTL, rest_of(r));
    }
    return true;
}

/* Up to the line's end, a command, or the end of what is there. IAC IAC is a byte of text. */
static void text(struct app_flow *af, enum place *place, struct reader *r)
{
    struct str rest = rest_of(r);
    if (*place == BETWEEN)
        begin(af, FRAME_DATA, rest);
    *place = IN_DATA;
    size_t len = rest.p[0] == IAC ? 2 : 0;
    while (len < rest.len && rest.p[len] != '\n' && rest.p[len] != IAC)
        len++;
    bool is_line = len < rest.len && rest.p[len] == '\n';
    reader_skip(r, len + is_line);
    if (is_line) {
        *place = BETWEEN;
        end(af, FRAME_DATA, rest_of(r));
    }
}

/* False: more bytes are needed. */
static bool step(struct app_flow *af, enum place *place, struct reader *r)
{
    struct str rest = rest_of(r);
    if (*place == IN_SUBNEGOTIATION)
        return subnegotiation(af, place, r);
    if (rest.p[0] != IAC || (rest.len >= 2 && rest.p[1] == IAC)) {
        text(af, place, r);
        return true;
    }
    return command(af, place, r);
}

static struct app_result data(struct app_flow *af, enum dir dir, const struct app_chunk *chunk)
{
    struct telnet_state *state = af->state;
    enum place *place = &state->place[dir];
    struct reader r = reader_of(chunk->bytes);
    bool goes_on = true;
    if (chunk->gap && *place != BETWEEN) {
        end(af, *place == IN_DATA ? FRAME_DATA : FRAME_CTL, chunk->bytes);
        *place = BETWEEN;
    }
    while (goes_on && reader_left(&r))
        goes_on = step(af, place, &r);
    return (struct app_result){goes_on ? PARSE_OK : PARSE_MORE, (uint32_t)r.at};
}

static void tx_free(struct app_flow *af, struct tx *tx)
{
    (void)af, (void)tx;
}

const struct app_parser telnet_parser = {
    .proto = APP_TELNET,
    .tcp = true,
    .probe = probe,
    .state_bytes = sizeof(struct telnet_state),
    .data = data,
    .tx_free = tx_free,
    .tx_bytes = sizeof(struct tx),
    .frames = frames,
    .frame_count = FRAMES,
};
