#include "engine/app/rdp/message.h"

#include "base/buf.h"
#include "base/text.h"

#define TEXT_MAX 128 /* UTF-8 of 32 units of UTF-16 */

static const char *word(const struct rdp_word *words, size_t count, uint32_t number)
{
    for (size_t i = 0; i < count; i++)
        if (words[i].number == number)
            return words[i].name;
    return NULL;
}

#define WORD(words, number) word(words, ARRAY_COUNT(words), number)

static const char *or_unknown(const char *name)
{
    return name ? name : "unknown";
}

static void add_point(struct buf *b, uint32_t point)
{
    if (point < 0x80) {
        buf_add_byte(b, (uint8_t)point);
    } else if (point < 0x800) {
        buf_add_byte(b, (uint8_t)(0xc0 | point >> 6));
        buf_add_byte(b, (uint8_t)(0x80 | (point & 0x3f)));
    } else if (point < 0x10000) {
        buf_add_byte(b, (uint8_t)(0xe0 | point >> 12));
        buf_add_byte(b, (uint8_t)(0x80 | (point >> 6 & 0x3f)));
        buf_add_byte(b, (uint8_t)(0x80 | (point & 0x3f)));
    } else {
        buf_add_byte(b, (uint8_t)(0xf0 | point >> 18));
        buf_add_byte(b, (uint8_t)(0x80 | (point >> 12 & 0x3f)));
        buf_add_byte(b, (uint8_t)(0x80 | (point >> 6 & 0x3f)));
        buf_add_byte(b, (uint8_t)(0x80 | (point & 0x3f)));
    }
}

/* Up to the first NUL. Half a surrogate is U+FFFD. An empty text is not told. */
static void log_utf16(struct json *out, const char *key, struct str text)
{
    uint8_t memory[TEXT_MAX];
    struct buf b = buf_fixed(memory, sizeof memory);
    struct reader r = reader_of(text);
    while (reader_left(&r) >= 2) {
        uint32_t point = reader_u16_le(&r);
        if (!point)
            break;
        struct reader ahead = r;
        uint32_t low = reader_u16_le(&ahead);
        bool pair =
            point >= 0xd800 && point < 0xdc00 && !ahead.bad && low >= 0xdc00 && low < 0xe000;
        if (pair) {
            point = 0x10000 + ((point & 0x3ff) << 10 | (low & 0x3ff));
            r = ahead;
        } else if (point >= 0xd800 && point < 0xe000) {
            point = 0xfffd;
        }
        add_point(&b, point);
    }
    if (buf_str(&b).len)
        json_bytes(out, key, buf_str(&b));
}

static void log_flags(struct json *out, const char *key, uint32_t flags,
                      const struct rdp_word *words, size_t count)
{
    json_array(out, key);
    for (size_t i = 0; i < count; i++)
        if (flags & words[i].number)
            json_text(out, NULL, words[i].name);
    json_end_array(out);
}

static void log_request(struct str data, struct json *out)
{
    static const struct rdp_word flags[] = {{1, "restricted_admin_mode_required"},
                                            {2, "redirected_authentication_mode_required"},
                                            {8, "correlation_info_present"}};
    struct rdp_negotiation n = rdp_read_negotiation(data, true);
    if (n.cookie.p)
        json_bytes(out, "cookie", n.cookie);
    if (n.flags)
        log_flags(out, "flags", n.flags, flags, ARRAY_COUNT(flags));
}

static void log_response(struct str data, struct json *out)
{
    static const struct rdp_word flags[] = {{1, "extended_client_data"},
                                            {2, "dynvc_gfx"},
                                            {8, "restricted_admin"},
                                            {16, "redirected_authentication"}};
    static const struct rdp_word protocols[] = {
        {0, "rdp"}, {1, "ssl"}, {2, "hybrid"}, {4, "rds_tls"}, {8, "hybrid_ex"}};
    static const struct rdp_word reasons[] = {
        {1, "ssl required by server"},    {2, "ssl not allowed by server"},
        {3, "ssl cert not on server"},    {4, "inconsistent flags"},
        {5, "hybrid required by server"}, {6, "ssl with user auth required by server"}};
    struct rdp_negotiation n = rdp_read_negotiation(data, false);
    if (n.type == RDP_NEG_FAILURE) {
        json_uint(out, "error_code", n.protocol);
        json_text(out, "reason", or_unknown(WORD(reasons, n.protocol)));
    }
    if (n.type != RDP_NEG_RESPONSE)
        return;
    if (n.flags)
        log_flags(out, "server_supports", n.flags, flags, ARRAY_COUNT(flags));
    json_text(out, "protocol", or_unknown(WORD(protocols, n.protocol)));
}

static void log_maybe(struct json *out, const char *key, int64_t number)
{
    if (number >= 0)
        json_uint(out, key, (uint64_t)number);
}

static void log_keyboard(const struct rdp_client *c, struct json *out)
{
    static const struct rdp_word types[] = {{1, "xt"},   {2, "ico"},  {3, "at"}, {4, "enhanced"},
                                            {5, "1050"}, {6, "9140"}, {7, "jp"}};
    const char *type = WORD(types, c->keyboard_type);
    if (type)
        json_text(out, "keyboard_type", type);
    log_maybe(out, "keyboard_subtype", c->keyboard_subtype ? (int64_t)c->keyboard_subtype : -1);
    log_maybe(out, "function_keys", c->function_keys ? (int64_t)c->function_keys : -1);
    log_utf16(out, "ime", c->ime);
}

static void log_optional(const struct rdp_client *c, struct json *out)
{
    static const struct rdp_word capabilities[] = {
        {0x001, "support_errinfo_pdf"},        {0x002, "want_32bpp_session"},
        {0x004, "support_statusinfo_pdu"},     {0x008, "strong_asymmetric_keys"},
        {0x020, "valid_connection_type"},      {0x040, "support_monitor_layout_pdu"},
        {0x080, "support_netchar_autodetect"}, {0x100, "support_dynvc_gfx_protocol"},
        {0x200, "support_dynamic_time_zone"},  {0x400, "support_heartbeat_pdu"}};
    static const struct rdp_word connections[] = {
        {1, "modem"}, {2, "low_broadband"}, {3, "satellite"}, {4, "high_broadband"},
        {5, "wan"},   {6, "lan"},           {7, "autodetect"}};
    log_maybe(out, "product_id", c->product_id);
    log_maybe(out, "serial_number", c->serial > 0 ? c->serial : -1);
    if (c->capabilities)
        log_flags(out, "capabilities", c->capabilities, capabilities, ARRAY_COUNT(capabilities));
    log_utf16(out, "id", c->product);
    if (c->connection > 0)
        json_text(out, "connection_hint", or_unknown(WORD(connections, (uint32_t)c->connection)));
    log_maybe(out, "physical_width", c->physical_width);
    log_maybe(out, "physical_height", c->physical_height);
    log_maybe(out, "desktop_orientation", c->orientation);
    log_maybe(out, "scale_factor", c->scale);
    log_maybe(out, "device_scale_factor", c->device_scale);
}

static void log_client(struct str core, struct json *out)
{
    static const struct rdp_word versions[] = {
        {0x80001, "v4"},    {0x80004, "v5"},    {0x80005, "v10.0"}, {0x80006, "v10.1"},
        {0x80007, "v10.2"}, {0x80008, "v10.3"}, {0x80009, "v10.4"}, {0x8000a, "v10.5"},
        {0x8000b, "v10.6"}, {0x8000c, "v10.7"}};
    static const struct rdp_word builds[] = {
        {528, "Windows NT 3.1"},       {807, "Windows NT 3.5"},     {1057, "Windows NT 3.51"},
        {1381, "Windows NT 4.0"},      {2195, "Windows 2000"},      {2600, "Windows XP"},
        {3790, "Windows Server 2003"}, {6000, "Windows Vista RTM"}, {6001, "Windows Vista SP1"},
        {6002, "Windows Vista SP2"},   {7600, "Windows 7 RTM"},     {7601, "Windows 7 SP1"},
        {9200, "Windows 8"},           {9600, "Windows 8.1"},       {10240, "Windows 10 TH1"},
        {10586, "Windows 10 TH2"},     {14393, "Windows 10 RS1"},   {15063, "Windows 10 RS2"},
        {16299, "Windows 10 RS3"},     {17134, "Windows 10 RS4"},   {17763, "Windows 10 RS5"}};
    struct rdp_client c;
    if (!rdp_read_client(core, &c))
        return;
    json_object(out, "client");
    json_text(out, "version", or_unknown(WORD(versions, c.version)));
    json_uint(out, "desktop_width", c.width);
    json_uint(out, "desktop_height", c.height);
    log_maybe(out, "color_depth", c.color_depth);
    json_text(out, "keyboard_layout", or_unknown(WORD(rdp_layouts, c.layout)));
    json_text(out, "build", or_unknown(WORD(builds, c.build)));
    log_utf16(out, "client_name", c.name);
    log_keyboard(&c, out);
    log_optional(&c, out);
    json_end_object(out);
}

static void log_channels(struct str channels, struct json *out)
{
    struct reader r = reader_of(channels);
    uint32_t count = reader_u32_le(&r);
    if (!count || r.bad)
        return;
    json_array(out, "channels");
    for (uint32_t i = 0; i < count && i < RDP_CHANNELS_MAX; i++) {
        struct str name = reader_str(&r, 8);
        reader_skip(&r, RDP_CHANNEL_BYTES - 8);
        json_bytes(out, NULL, str_split(&name, '\0'));
    }
    json_end_array(out);
}

static void log_connect(struct str blocks, struct json *out)
{
    struct str core, channels;
    if (!rdp_read_blocks(blocks, &core, &channels))
        return;
    if (core.p)
        log_client(core, out);
    if (channels.p)
        log_channels(channels, out);
}

/* As a number: without zeros in front. */
static void log_serial(struct str serial, struct json *out)
{
    char hex[2 * RDP_SERIAL_BYTES_MAX + 1];
    while (serial.len > 1 && serial.p[0] == 0)
        serial = str_from(serial, 1);
    text_hex(hex, str_cut(serial, 0, RDP_SERIAL_BYTES_MAX));
    json_text(out, NULL, hex[0] == '0' && hex[1] ? hex + 1 : hex);
}

static void log_serials(struct str list, struct json *out)
{
    struct reader r = reader_of(list);
    json_array(out, "x509_serials");
    for (int i = 0; i < RDP_SERIALS_MAX && reader_left(&r); i++) {
        uint32_t len = reader_u24(&r);
        struct str serial, certificate = reader_str(&r, len);
        if (!r.bad && rdp_serial(certificate, &serial))
            log_serial(serial, out);
    }
    json_end_array(out);
}

void rdp_log(const struct tx *tx, const struct app_conf *conf, struct json *out)
{
    static const char *const names[] = {[RDP_INITIAL_REQUEST] = "initial_request",
                                        [RDP_INITIAL_RESPONSE] = "initial_response",
                                        [RDP_CONNECT_REQUEST] = "connect_request",
                                        [RDP_CONNECT_RESPONSE] = "connect_response",
                                        [RDP_TLS_HANDSHAKE] = "tls_handshake"};
    const struct rdp_tx *rdp = rdp_tx_of(tx);
    struct str bytes = str_of(rdp->bytes, rdp->len);
    (void)conf;
    json_uint(out, "tx_id", tx->id + 1);
    json_text(out, "event_type", names[rdp->kind]);
    switch (rdp->kind) {
    case RDP_INITIAL_REQUEST: log_request(bytes, out); break;
    case RDP_INITIAL_RESPONSE: log_response(bytes, out); break;
    case RDP_CONNECT_REQUEST: log_connect(bytes, out); break;
    case RDP_TLS_HANDSHAKE: log_serials(bytes, out); break;
    case RDP_CONNECT_RESPONSE: break;
    }
}
