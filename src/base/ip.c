#include "base/ip.h"

#include "base/text.h"

#include <arpa/inet.h>

bool ip_eq(const struct ip *a, const struct ip *b)
{
    return a->version == b->version && memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

int ip_cmp(const struct ip *a, const struct ip *b)
{
    if (a->version != b->version)
        return a->version < b->version ? -1 : 1;
    return memcmp(a->bytes, b->bytes, sizeof a->bytes);
}

bool ip_parse(struct str s, struct ip *out)
{
    char text[IP_TEXT_BYTES];
    if (s.len == 0 || s.len >= sizeof text || memchr(s.p, 0, s.len))
        return false;
    memcpy(text, s.p, s.len);
    text[s.len] = 0;
    *out = (struct ip){0};
    if (inet_pton(AF_INET, text, out->bytes) == 1)
        out->version = 4;
    else if (inet_pton(AF_INET6, text, out->bytes) == 1)
        out->version = 6;
    return out->version != 0;
}

static uint8_t bits_max(const struct ip *ip)
{
    return ip->version == 4 ? 32 : 128;
}

/* Zeroes what follows the first `bits`. */
static void mask(struct ip *ip, unsigned bits)
{
    for (unsigned i = 0; i < sizeof ip->bytes; i++) {
        unsigned keep = bits > 8 * i ? bits - 8 * i : 0;
        if (keep < 8)
            ip->bytes[i] &= (uint8_t)(0xff00 >> keep);
    }
}

bool ip_net_parse(struct str s, struct ip_net *out)
{
    struct str rest = s;
    struct str address = str_split(&rest, '/');
    struct ip_net net = {0};
    if (!ip_parse(address, &net.first))
        return false;
    uint64_t bits = bits_max(&net.first);
    if (rest.p && (rest.len > 3 || !str_to_u64(rest, &bits) || bits > bits_max(&net.first)))
        return false;
    net.bits = (uint8_t)bits;
    mask(&net.first, net.bits);
    *out = net;
    return true;
}

bool ip_net_has(const struct ip_net *net, const struct ip *ip)
{
    if (net->first.version != ip->version)
        return false;
    size_t whole = net->bits / 8;
    if (memcmp(net->first.bytes, ip->bytes, whole) != 0)
        return false;
    unsigned rest = net->bits % 8;
    return rest == 0 || (net->first.bytes[whole] ^ ip->bytes[whole]) >> (8 - rest) == 0;
}

static char *put_v4(char *out, const uint8_t *bytes)
{
    for (int i = 0; i < 4; i++) {
        uint8_t v = bytes[i];
        if (i)
            *out++ = '.';
        if (v >= 100)
            *out++ = (char)('0' + v / 100);
        if (v >= 10)
            *out++ = (char)('0' + v / 10 % 10);
        *out++ = (char)('0' + v % 10);
    }
    return out;
}

static uint16_t group(const struct ip *ip, int i)
{
    return (uint16_t)(ip->bytes[2 * i] << 8 | ip->bytes[2 * i + 1]);
}

static const char hex[] = "0123456789abcdef";

static char *put_group(char *out, uint16_t v, int digits)
{
    for (int i = digits - 1; i >= 0; i--)
        *out++ = hex[v >> (4 * i) & 15];
    return out;
}

static int digits_of(uint16_t v)
{
    return v > 0xfff ? 4 : v > 0xff ? 3 : v > 0xf ? 2 : 1;
}

/* The longest run of two or more zero groups, the first of equals (RFC 5952 section 4.2); *len 0 when there is none. */
static int longest_zeros(const struct ip *ip, int *len)
{
    int best = 0;
    *len = 0;
    for (int i = 0; i < 8; i++) {
        int end = i;
        while (end < 8 && group(ip, end) == 0)
            end++;
        if (end - i > *len && end - i > 1) {
            best = i;
            *len = end - i;
        }
        i = end > i ? end - 1 : i;
    }
    return best;
}

static char *put_v6(char *out, const struct ip *ip)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    if (memcmp(ip->bytes, mapped, sizeof mapped) == 0) { /* RFC 5952 section 5 */
        memcpy(out, "::ffff:", 7);
        return put_v4(out + 7, ip->bytes + 12);
    }
    int zeros_len;
    int zeros = longest_zeros(ip, &zeros_len);
    for (int i = 0; i < 8; i++) {
        if (zeros_len && i == zeros) {
            *out++ = ':';
            i += zeros_len - 1;
            if (i == 7)
                *out++ = ':';
            continue;
        }
        if (i)
            *out++ = ':';
        out = put_group(out, group(ip, i), digits_of(group(ip, i)));
    }
    return out;
}

size_t ip_format(const struct ip *ip, char *out)
{
    char *end = out;
    if (ip->version == 4)
        end = put_v4(out, ip->bytes);
    else if (ip->version == 6)
        end = put_v6(out, ip);
    *end = 0;
    return (size_t)(end - out);
}

size_t ip_format_full(const struct ip *ip, char *out)
{
    if (ip->version != 6)
        return ip_format(ip, out);
    char *end = out;
    for (int i = 0; i < 8; i++) {
        if (i)
            *end++ = ':';
        end = put_group(end, group(ip, i), 4);
    }
    *end = 0;
    return (size_t)(end - out);
}

bool mac_parse(struct str s, struct mac *out)
{
    if (s.len != MAC_TEXT_BYTES - 1)
        return false;
    struct mac mac;
    for (size_t i = 0; i < 6; i++) {
        int high = text_hex_digit(s.p[3 * i]);
        int low = text_hex_digit(s.p[3 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        if (i < 5 && ((s.p[3 * i + 2] != ':' && s.p[3 * i + 2] != '-') || s.p[3 * i + 2] != s.p[2]))
            return false;
        mac.bytes[i] = (uint8_t)(high << 4 | low);
    }
    *out = mac;
    return true;
}

void mac_format(const struct mac *mac, char *out)
{
    for (int i = 0; i < 6; i++) {
        *out++ = hex[mac->bytes[i] >> 4];
        *out++ = hex[mac->bytes[i] & 15];
        *out++ = i < 5 ? ':' : '\0';
    }
}

bool mac_is_machine(const struct mac *mac)
{
    uint8_t any = 0;
    for (int i = 0; i < 6; i++)
        any |= mac->bytes[i];
    return any && !(mac->bytes[0] & 1);
}
