#include "engine/app/tls/certificate.h"

#include "base/digest.h"
#include "base/text.h"
#include "engine/format/ber/ber.h"

#include <stdio.h>

/* RFC 5280 section 4.1: parts of a certificate that have a number. */
#define DER_VERSION BER_CONTEXT_OF(0)
#define DER_EXTENSIONS BER_CONTEXT_OF(3)

bool tls_chain_certificate(struct str chain, uint32_t index, struct str *der)
{
    struct reader r = reader_of(chain);
    uint32_t all = reader_u24(&r);
    r = reader_of(str_cut(str_from(chain, 3), 0, all));
    for (uint32_t i = 0; i < TLS_CHAIN_MAX && reader_left(&r); i++) {
        *der = reader_str(&r, reader_u24(&r));
        if (r.bad)
            return false;
        if (i == index)
            return true;
    }
    return false;
}

static bool read_validity(struct reader *tbs, struct tls_certificate *out)
{
    struct reader validity;
    struct ber time;
    if (!ber_enter(tbs, BER_SEQUENCE, &validity))
        return false;
    for (int i = 0; i < 2; i++) {
        if (!ber_next(&validity, &time))
            return false;
        out->time_tags[i] = time.tag;
        out->times[i] = time.body;
    }
    return true;
}

static bool read_extensions(struct reader *tbs, struct tls_certificate *out)
{
    struct ber d;
    while (reader_left(tbs)) {
        if (!ber_next(tbs, &d))
            return false;
        if (d.tag != DER_EXTENSIONS)
            continue;
        struct reader r = reader_of(d.body);
        return ber_expect(&r, BER_SEQUENCE, &out->extensions);
    }
    return true;
}

/* Why there is no sequence: its head is missing or cut, it is something else, or what it holds is damaged. */
static enum tls_certificate_part no_sequence(struct reader at, enum tls_certificate_part damaged)
{
    size_t left = reader_left(&at);
    if (left && reader_u8(&at) != BER_SEQUENCE)
        return TLS_CERTIFICATE_OTHER;
    if (left < 2)
        return TLS_CERTIFICATE_CUT;
    uint8_t len = reader_u8(&at);
    if (len == 0x80) /* indefinite: not DER */
        return TLS_CERTIFICATE_OTHER;
    return len > 0x80 && (len & 0x7fu) > left - 2 ? TLS_CERTIFICATE_CUT : damaged;
}

/* Steps over a sequence, whose content goes to `body`. OK, or what is wrong. */
static enum tls_certificate_part read_sequence(struct reader *r, struct str *body,
                                               enum tls_certificate_part damaged)
{
    struct reader at = *r;
    return ber_expect(r, BER_SEQUENCE, body) ? TLS_CERTIFICATE_OK : no_sequence(at, damaged);
}

/* What follows the serial number (RFC 5280 section 4.1). */
static enum tls_certificate_part read_rest(struct reader *tbs, struct tls_certificate *out)
{
    struct str skipped;
    struct reader validity;
    enum tls_certificate_part bad = read_sequence(tbs, &skipped, TLS_CERTIFICATE_ALGORITHM);
    if (!bad)
        bad = read_sequence(tbs, &out->issuer, TLS_CERTIFICATE_ISSUER);
    validity = *tbs;
    if (!bad)
        bad = read_sequence(tbs, &skipped, TLS_CERTIFICATE_VALIDITY);
    if (!bad && !read_validity(&validity, out))
        return TLS_CERTIFICATE_VALIDITY;
    if (!bad)
        bad = read_sequence(tbs, &out->subject, TLS_CERTIFICATE_SUBJECT);
    if (!bad)
        bad = read_sequence(tbs, &skipped, TLS_CERTIFICATE_DER);
    if (bad)
        return bad;
    return read_extensions(tbs, out) ? TLS_CERTIFICATE_OK : TLS_CERTIFICATE_EXTENSIONS;
}

enum tls_certificate_part tls_certificate_read(struct str der, struct tls_certificate *out)
{
    struct reader r = reader_of(der), tbs;
    struct str body = STR_EMPTY, skipped;
    *out = (struct tls_certificate){.serial = STR_EMPTY};
    enum tls_certificate_part bad = read_sequence(&r, &body, TLS_CERTIFICATE_DER);
    if (bad)
        return bad;
    r = reader_of(body);
    bad = read_sequence(&r, &body, TLS_CERTIFICATE_DER);
    if (bad)
        return bad;
    tbs = reader_of(body);
    if (ber_is(&tbs, DER_VERSION)) {
        if (!ber_enter(&tbs, DER_VERSION, &r))
            return TLS_CERTIFICATE_CUT;
        if (!ber_expect(&r, BER_INTEGER, &skipped))
            return TLS_CERTIFICATE_VERSION;
    }
    if (!ber_expect(&tbs, BER_INTEGER, &out->serial))
        return TLS_CERTIFICATE_SERIAL;
    return read_rest(&tbs, out);
}

/* ---- names ---- */

#define OID(bytes)                                  \
    {                                               \
        (const uint8_t *)(bytes), sizeof(bytes) - 1 \
    }

/* RFC 5280 appendix A and RFC 4519: attribute types and how they are written. */
static const struct {
    struct str oid;
    const char *name;
} attribute_names[] = {
    {OID("\x55\x04\x03"), "CN"},
    {OID("\x55\x04\x04"), "SN"},
    {OID("\x55\x04\x05"), "serialNumber"},
    {OID("\x55\x04\x06"), "C"},
    {OID("\x55\x04\x07"), "L"},
    {OID("\x55\x04\x08"), "ST"},
    {OID("\x55\x04\x09"), "streetAddress"},
    {OID("\x55\x04\x0a"), "O"},
    {OID("\x55\x04\x0b"), "OU"},
    {OID("\x55\x04\x0c"), "title"},
    {OID("\x55\x04\x0d"), "description"},
    {OID("\x55\x04\x0f"), "businessCategory"},
    {OID("\x55\x04\x11"), "postalCode"},
    {OID("\x55\x04\x29"), "name"},
    {OID("\x55\x04\x2a"), "GN"},
    {OID("\x55\x04\x2b"), "initials"},
    {OID("\x55\x04\x2e"), "dnQualifier"},
    {OID("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x01"), "Email"},
    {OID("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x02"), "unstructuredName"},
    {OID("\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x01"), "UID"},
    {OID("\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x19"), "DC"},
    {OID("\x2b\x06\x01\x04\x01\x82\x37\x3c\x02\x01\x01"), "msJurisdictionLocality"},
    {OID("\x2b\x06\x01\x04\x01\x82\x37\x3c\x02\x01\x02"), "msJurisdictionStateOrProvince"},
    {OID("\x2b\x06\x01\x04\x01\x82\x37\x3c\x02\x01\x03"), "msJurisdictionCountry"},
};

static void add_type(struct str oid, struct buf *out)
{
    for (size_t i = 0; i < ARRAY_COUNT(attribute_names); i++)
        if (str_eq(oid, attribute_names[i].oid)) {
            buf_add_c(out, attribute_names[i].name);
            return;
        }
    ber_oid_text(oid, out);
}

static void add_value(const struct ber *value, struct buf *out)
{
    struct reader r = reader_of(value->body);
    switch (value->tag) {
    case BER_BMP:
        while (reader_left(&r) >= 2)
            text_add_utf8(out, reader_u16(&r));
        return;
    case BER_UNIVERSAL:
        while (reader_left(&r) >= 4)
            text_add_utf8(out, reader_u32(&r));
        return;
    default: buf_add(out, value->body);
    }
}

/* Attributes of one RDN stand side by side with " + ". */
static bool add_rdn(struct str set, struct buf *out)
{
    struct reader r = reader_of(set), pair;
    struct str oid;
    struct ber value;
    for (bool first = true; reader_left(&r); first = false) {
        if (!ber_enter(&r, BER_SEQUENCE, &pair) || !ber_expect(&pair, BER_OID, &oid) ||
            !ber_next(&pair, &value))
            return false;
        if (!first)
            buf_add_c(out, " + ");
        add_type(oid, out);
        buf_add_byte(out, '=');
        add_value(&value, out);
    }
    return true;
}

void tls_name_text(struct str name, struct buf *out)
{
    struct reader r = reader_of(name);
    struct str set;
    for (bool first = true; reader_left(&r) && !out->failed; first = false) {
        if (!ber_expect(&r, BER_SET, &set))
            return;
        if (!first)
            buf_add_c(out, ", ");
        if (!add_rdn(set, out))
            return;
    }
}

/* ---- others ---- */

static void add_colons(struct str bytes, const char *format, struct buf *out)
{
    for (size_t i = 0; i < bytes.len && !out->failed; i++) {
        if (i)
            buf_add_byte(out, ':');
        const char digits[2] = {format[bytes.p[i] >> 4], format[bytes.p[i] & 15]};
        buf_add(out, str_of(digits, 2));
    }
}

void tls_serial_text(struct str serial, struct buf *out)
{
    add_colons(serial, "0123456789ABCDEF", out);
}

void tls_fingerprint_text(struct str der, struct buf *out)
{
    uint8_t sha[DIGEST_BYTES_MAX];
    digest_of(DIGEST_SHA1, der, sha);
    add_colons(str_of(sha, digest_bytes(DIGEST_SHA1)), "0123456789abcdef", out);
}

static bool all_digits(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
    return true;
}

/* UTCTime is YYMMDDHHMM[SS]Z with years up to 2049, GeneralizedTime YYYYMMDDHHMM[SS]Z (RFC 5280 4.1.2.5 wants the seconds, older
 * ones leave them out). */
bool tls_time_text(const struct tls_certificate *c, int which, char out[TLS_TIME_BYTES + 1])
{
    struct str s = c->times[which];
    size_t year_digits = c->time_tags[which] == BER_GENERALIZED_TIME ? 4 : 2;
    if (c->time_tags[which] != BER_UTC_TIME && c->time_tags[which] != BER_GENERALIZED_TIME)
        return false;
    if (s.len < year_digits + 8)
        return false;
    bool seconds = s.len >= year_digits + 10 && all_digits(str_cut(s, 0, year_digits + 10));
    if (!all_digits(str_cut(s, 0, year_digits + 8)))
        return false;
    const char *p = (const char *)s.p + year_digits;
    const char *century = year_digits == 4 ? "" : s.p[0] < '5' ? "20" : "19";
    snprintf(out, TLS_TIME_BYTES + 1, "%s%.*s-%.2s-%.2sT%.2s:%.2s:%.2s", century, (int)year_digits,
             (const char *)s.p, p, p + 2, p + 4, p + 6, seconds ? p + 8 : "00");
    return true;
}

/* RFC 5280 4.1: Extension ::= SEQUENCE { extnID, critical DEFAULT FALSE, extnValue OCTET STRING } */
static bool find_extension(struct str extensions, struct str wanted, struct str *value)
{
    struct reader r = reader_of(extensions), inside;
    struct str oid;
    struct ber d;
    while (reader_left(&r)) {
        if (!ber_enter(&r, BER_SEQUENCE, &inside) || !ber_expect(&inside, BER_OID, &oid))
            return false;
        if (!str_eq(oid, wanted))
            continue;
        while (ber_next(&inside, &d))
            if (d.tag == BER_OCTETS) {
                *value = d.body;
                return true;
            }
        return false;
    }
    return false;
}

struct reader tls_alternative_names(const struct tls_certificate *c)
{
    struct str value;
    struct reader names = reader_of(STR_EMPTY);
    if (!find_extension(c->extensions, STR_LIT("\x55\x1d\x11"), &value))
        return names;
    struct reader outer = reader_of(value);
    if (!ber_enter(&outer, BER_SEQUENCE, &names))
        return reader_of(STR_EMPTY);
    return names;
}

bool tls_next_alternative_name(struct reader *names, struct str *out)
{
    struct ber d;
    while (reader_left(names) && ber_next(names, &d)) {
        /* [1] rfc822Name, [2] dNSName, [6] uniformResourceIdentifier */
        if (d.tag != 0x81 && d.tag != 0x82 && d.tag != 0x86)
            continue;
        *out = d.body;
        return true;
    }
    return false;
}
