#include "gateway/devices/names.h"

#include "base/reader.h"
#include "base/text.h"

#define DHCP_MAGIC 0x63825363u
#define DHCP_OPTION_PAD 0
#define DHCP_OPTION_HOST_NAME 12
#define DHCP_OPTION_VENDOR_CLASS 60
#define DHCP_OPTION_CLIENT_FQDN 81
#define DHCP_OPTION_END 255
#define DNS_RECORDS_MAX 64
#define DNS_JUMPS_MAX 16
#define DNS_TYPE_A 1
#define DNS_TYPE_AAAA 28
#define NETBIOS_REGISTRATION 5
#define NETBIOS_REFRESH 8

/* Takes a name over when a person could read it: UTF-8, no control characters, not empty, not too long to show. */
static bool keep_name(char *out, struct str name)
{
    while (name.len && (name.p[name.len - 1] == '\0' || name.p[name.len - 1] == ' '))
        name.len--;
    name = str_cut(name, 0, DEVICE_NAME_BYTES - 1);
    if (!name.len || !text_is_utf8(name))
        return false;
    for (size_t i = 0; i < name.len; i++)
        if (name.p[i] < 0x20 || name.p[i] == 0x7f)
            return false;
    memcpy(out, name.p, name.len);
    out[name.len] = '\0';
    return true;
}

/* RFC 4702 section 2.1: flags, two obsolete bytes, then the name: as DNS labels when flag E is set, else as text. */
static void take_fqdn(struct names *out, struct str option)
{
    struct reader r = reader_of(option);
    uint8_t flags = reader_u8(&r);
    reader_skip(&r, 2);
    struct str name = flags & 0x04 ? reader_str(&r, reader_u8(&r)) : reader_rest(&r);
    if (r.bad || out->hostname[0])
        return;
    keep_name(out->hostname, str_split(&name, '.'));
}

bool names_of_dhcp(struct str payload, struct names *out)
{
    struct reader r = reader_of(payload);
    *out = (struct names){0};
    bool is_request = reader_u8(&r) == 1;
    reader_skip(&r, 27); /* up to chaddr */
    struct str hardware = reader_str(&r, 16);
    reader_skip(&r, 192); /* server name and boot file */
    if (reader_u32(&r) != DHCP_MAGIC || r.bad || !is_request)
        return false;
    memcpy(out->mac.bytes, hardware.p, sizeof(out->mac.bytes));
    while (reader_left(&r)) {
        uint8_t code = reader_u8(&r);
        if (code == DHCP_OPTION_PAD)
            continue;
        if (code == DHCP_OPTION_END)
            break;
        struct str option = reader_str(&r, reader_u8(&r));
        if (r.bad)
            break;
        if (code == DHCP_OPTION_HOST_NAME)
            keep_name(out->hostname, option);
        else if (code == DHCP_OPTION_VENDOR_CLASS)
            keep_name(out->vendor_class, option);
        else if (code == DHCP_OPTION_CLIENT_FQDN)
            take_fqdn(out, option);
    }
    return out->hostname[0] || out->vendor_class[0];
}

/* Reads a name (RFC 1035 section 4.1.4) into text; pointers only go backwards, so it ends. False: damaged. */
static bool dns_name(struct reader *r, char *text, size_t cap)
{
    struct reader at = *r;
    size_t len = 0;
    bool jumped = false;
    for (uint32_t jumps = 0; jumps <= DNS_JUMPS_MAX;) {
        size_t here = at.at;
        uint8_t size = reader_u8(&at);
        if (at.bad)
            return false;
        if ((size & 0xc0) == 0xc0) {
            size_t target = (size_t)(size & 0x3f) << 8 | reader_u8(&at);
            if (!jumped)
                *r = at;
            jumped = true;
            jumps++;
            if (at.bad || target >= here)
                return false;
            at.at = target;
            continue;
        }
        if (size == 0) {
            if (!jumped)
                *r = at;
            text[len] = '\0';
            return true;
        }
        struct str label = reader_str(&at, size);
        if (at.bad || (size & 0xc0) || len + size + 2 > cap)
            return false;
        if (len)
            text[len++] = '.';
        memcpy(text + len, label.p, size);
        len += size;
    }
    return false;
}

static bool take_local_name(struct names *out, const char *owner)
{
    struct str name = str_c(owner);
    if (!str_ends(name, STR_LIT(".local")))
        return false;
    return keep_name(out->hostname, str_cut(name, 0, name.len - strlen(".local")));
}

bool names_of_mdns(struct str payload, struct names *out)
{
    struct reader r = reader_of(payload);
    char owner[256];
    *out = (struct names){0};
    reader_u16(&r);
    bool is_response = reader_u16(&r) & 0x8000;
    uint16_t questions = reader_u16(&r);
    uint32_t records = reader_u16(&r);
    records += reader_u16(&r);
    records += reader_u16(&r);
    if (r.bad || !is_response || questions)
        return false;
    for (uint32_t i = 0; i < records && i < DNS_RECORDS_MAX; i++) {
        if (!dns_name(&r, owner, sizeof(owner)))
            return false;
        uint16_t type = reader_u16(&r);
        reader_skip(&r, 6);
        reader_skip(&r, reader_u16(&r));
        if (r.bad)
            return false;
        if ((type == DNS_TYPE_A || type == DNS_TYPE_AAAA) && take_local_name(out, owner))
            return true;
    }
    return false;
}

/* RFC 1001 section 14.1: each half byte as a letter from 'A' on; 15 characters and the kind of name. */
static bool netbios_name(struct str coded, char name[16])
{
    for (size_t i = 0; i < 16; i++) {
        uint8_t high = (uint8_t)(coded.p[2 * i] - 'A'), low = (uint8_t)(coded.p[2 * i + 1] - 'A');
        if (high > 15 || low > 15)
            return false;
        name[i] = (char)(high << 4 | low);
    }
    return true;
}

bool names_of_netbios(struct str payload, struct names *out)
{
    struct reader r = reader_of(payload);
    char name[16];
    *out = (struct names){0};
    reader_u16(&r);
    uint16_t flags = reader_u16(&r);
    uint16_t questions = reader_u16(&r);
    reader_skip(&r, 6);
    uint16_t operation = flags >> 11 & 0x0f;
    if (r.bad || flags & 0x8000 || questions != 1 ||
        (operation != NETBIOS_REGISTRATION && operation != NETBIOS_REFRESH))
        return false;
    struct str coded = reader_str(&r, reader_u8(&r) == 32 ? 32 : SIZE_MAX);
    if (r.bad || !netbios_name(coded, name) || name[15] != 0x00)
        return false;
    reader_skip(&r, 1 + 4); /* end of name, type, class */
    reader_skip(&r, 2 + 8); /* pointer to the name, type, class, time to live */
    reader_skip(&r, 2);
    bool is_group = reader_u16(&r) & 0x8000;
    return !r.bad && !is_group && keep_name(out->hostname, str_of(name, 15));
}
