#include "engine/app/dhcp/message.h"

#define HARDWARE_BYTES_MAX 16 /* the field chaddr */

bool dhcp_read_head(struct str message, struct dhcp_head *out)
{
    struct reader r = reader_of(message);
    out->op = reader_u8(&r);
    reader_u8(&r);
    uint8_t len = reader_u8(&r);
    reader_u8(&r);
    out->id = reader_u32(&r);
    reader_skip(&r, 4);
    out->client_ip = reader_str(&r, 4);
    out->your_ip = reader_str(&r, 4);
    out->server_ip = reader_str(&r, 4);
    out->relay_ip = reader_str(&r, 4);
    struct str hardware = reader_str(&r, HARDWARE_BYTES_MAX);
    out->hardware_len = len < HARDWARE_BYTES_MAX ? len : HARDWARE_BYTES_MAX;
    out->hardware = str_cut(hardware, 0, out->hardware_len);
    return !r.bad && message.len >= DHCP_OPTIONS_AT;
}

struct reader dhcp_options(const struct dhcp_tx *dhcp)
{
    return reader_of(str_from(str_of(dhcp->bytes, dhcp->len), DHCP_OPTIONS_AT));
}

bool dhcp_next_option(struct reader *r, uint8_t *code, struct str *value)
{
    do
        *code = reader_u8(r);
    while (*code == DHCP_PAD && !r->bad);
    if (r->bad || *code == DHCP_END)
        return false;
    uint8_t len = reader_u8(r);
    *value = reader_str(r, len);
    return !r->bad;
}

bool dhcp_find(const struct dhcp_tx *dhcp, uint8_t code, struct str *value)
{
    struct reader r = dhcp_options(dhcp);
    struct str one;
    uint8_t is;
    bool found = false;
    while (dhcp_next_option(&r, &is, &one))
        if (is == code) {
            *value = one;
            found = true;
        }
    return found;
}

bool dhcp_find_time(const struct dhcp_tx *dhcp, uint8_t code, uint64_t *out)
{
    struct str value;
    if (!dhcp_find(dhcp, code, &value) || value.len != 4)
        return false;
    struct reader r = reader_of(value);
    *out = reader_u32(&r);
    return true;
}
