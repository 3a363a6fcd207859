#include "engine/app/dhcp/message.h"

#include <stdio.h>

#define ADDRESSES_MAX 63 /* an option has 255 bytes */

void dhcp_log_conf(struct app_log *log, const struct conf_node *settings)
{
    /* Without an event log of its own everything is told; an entry tells only who got an address unless it says more. */
    log->dhcp_extended = !settings || conf_node_bool(conf_child(settings, "extended"), false);
}

bool dhcp_log_wants(const struct tx *tx, const struct app_log *log)
{
    const struct dhcp_tx *dhcp = dhcp_tx_of(tx);
    struct dhcp_head head;
    struct str type;
    if (log->dhcp_extended)
        return true;
    return dhcp_read_head(str_of(dhcp->bytes, dhcp->len), &head) && head.op == DHCP_REPLY &&
           dhcp_find(dhcp, DHCP_TYPE, &type) && type.len && type.p[0] == DHCP_ACK;
}

/* Empty: not an address of four bytes. */
static void log_ip(struct json *out, const char *key, struct str address)
{
    char text[16] = "";
    const uint8_t *b = address.p;
    if (address.len == 4)
        snprintf(text, sizeof text, "%u.%u.%u.%u", b[0], b[1], b[2], b[3]);
    json_text(out, key, text);
}

static void log_ips(struct json *out, const char *key, struct str addresses)
{
    json_array(out, key);
    for (size_t i = 0; i < ADDRESSES_MAX && addresses.len >= 4; i++) {
        log_ip(out, NULL, str_cut(addresses, 0, 4));
        addresses = str_from(addresses, 4);
    }
    json_end_array(out);
}

static void log_colons(struct json *out, const char *key, struct str bytes)
{
    char text[3 * 256];
    struct buf b = buf_fixed(text, sizeof text);
    for (size_t i = 0; i < bytes.len; i++)
        buf_printf(&b, "%s%02x", i ? ":" : "", bytes.p[i]);
    json_bytes(out, key, buf_str(&b));
}

static const char *type_name(uint8_t type)
{
    static const char *const names[] = {NULL,  "discover", "offer",   "request", "decline",
                                        "ack", "nak",      "release", "inform"};
    return type < ARRAY_COUNT(names) && names[type] ? names[type] : "unknown";
}

/* Of the option "parameter request list" those that tell something of the machine. */
static void log_parameters(struct json *out, struct str codes)
{
    static const char *const names[256] = {
        [1] = "subnet_mask",       [3] = "router",          [6] = "dns_server",
        [15] = "domain",           [35] = "arp_timeout",    [42] = "ntp_server",
        [66] = "tftp_server_name", [150] = "tftp_server_ip"};
    json_array(out, "params");
    for (size_t i = 0; i < codes.len; i++)
        if (names[codes.p[i]])
            json_text(out, NULL, names[codes.p[i]]);
    json_end_array(out);
}

static void log_time(struct json *out, const char *key, struct str value)
{
    struct reader r = reader_of(value);
    uint32_t seconds = reader_u32(&r);
    if (value.len == 4)
        json_uint(out, key, seconds);
}

static void log_bytes(struct json *out, const char *key, struct str value)
{
    if (value.len)
        json_bytes(out, key, value);
}

static void log_short(uint8_t code, struct str value, struct json *out)
{
    switch (code) {
    case DHCP_TYPE:
        if (value.len)
            json_text(out, "dhcp_type", type_name(value.p[0]));
        return;
    case DHCP_RENEWAL_TIME: log_time(out, "renewal_time", value); return;
    case DHCP_CLIENT_ID:
        /* RFC 2132 section 9.14: its first byte says what kind of identifier it is */
        if (value.len >= 2)
            log_colons(out, "client_id", str_from(value, 1));
        return;
    case DHCP_HOSTNAME: log_bytes(out, "hostname", value); return;
    default: return;
    }
}

static void log_more(uint8_t code, struct str value, struct json *out)
{
    switch (code) {
    case DHCP_SUBNET_MASK: log_ip(out, "subnet_mask", value); return;
    case DHCP_ROUTERS: log_ips(out, "routers", value); return;
    case DHCP_DNS_SERVERS: log_ips(out, "dns_servers", value); return;
    case DHCP_REQUESTED_IP: log_ip(out, "requested_ip", value); return;
    case DHCP_LEASE_TIME: log_time(out, "lease_time", value); return;
    case DHCP_REBINDING_TIME: log_time(out, "rebinding_time", value); return;
    case DHCP_PARAMETERS: log_parameters(out, value); return;
    case DHCP_VENDOR_CLASS: log_bytes(out, "vendor_class_identifier", value); return;
    default: return;
    }
}

/* In their order; of an option that comes again, the last one. */
static void log_options(const struct dhcp_tx *dhcp, bool extended, struct json *out)
{
    size_t last_at[256] = {0};
    struct str value;
    uint8_t code;
    struct reader r = dhcp_options(dhcp);
    while (dhcp_next_option(&r, &code, &value))
        last_at[code] = r.at;
    r = dhcp_options(dhcp);
    while (dhcp_next_option(&r, &code, &value)) {
        if (r.at != last_at[code])
            continue;
        log_short(code, value, out);
        if (extended)
            log_more(code, value, out);
    }
}

void dhcp_log(const struct tx *tx, const struct app_conf *conf, struct json *out)
{
    const struct dhcp_tx *dhcp = dhcp_tx_of(tx);
    struct dhcp_head head;
    if (!dhcp_read_head(str_of(dhcp->bytes, dhcp->len), &head))
        return;
    const char *op = head.op == DHCP_REQUEST ? "request" : "<unknown>";
    json_text(out, "type", head.op == DHCP_REPLY ? "reply" : op);
    json_uint(out, "id", head.id);
    log_colons(out, "client_mac", head.hardware);
    log_ip(out, "assigned_ip", head.your_ip);
    if (conf->log.dhcp_extended) {
        log_ip(out, "client_ip", head.client_ip);
        if (head.op == DHCP_REPLY) {
            log_ip(out, "relay_ip", head.relay_ip);
            log_ip(out, "next_server_ip", head.server_ip);
        }
    }
    log_options(dhcp, conf->log.dhcp_extended, out);
}
