#include "engine/app/krb5/message.h"

#include "engine/format/ber/ber.h"

#include <stdio.h>

#define VERSION 5

/* The types of section 5.10, as [APPLICATION n]. */
static bool is_known_type(uint8_t type)
{
    switch (type) {
    case KRB5_AS_REQ:
    case KRB5_AS_REP:
    case KRB5_TGS_REQ:
    case KRB5_TGS_REP:
    case 14: /* AP-REQ */
    case 15: /* AP-REP */
    case 20: /* KRB-SAFE */
    case 21: /* KRB-PRIV */
    case 22: /* KRB-CRED */
    case KRB5_ERROR: return true;
    default: return false;
    }
}

/* After the head of an element: how many of its bytes stand there. */
static size_t head_bytes(uint8_t first_length)
{
    return first_length & 0x80 ? 2 + (size_t)(first_length & 0x7f) : 2;
}

/* 6a .. 30 .. a1 03 02 01 05: both heads, then the version with number [0] or [1]. */
enum app_probe krb5_is_message(struct str bytes)
{
    size_t at = 0;
    if (bytes.len && ((bytes.p[0] & 0xe0) != 0x60 || !is_known_type(bytes.p[0] & 0x1f)))
        return APP_PROBE_NO;
    for (int depth = 0; depth < 2; depth++) {
        if (bytes.len < at + 2)
            return APP_PROBE_MORE;
        if (depth == 1 && bytes.p[at] != BER_SEQUENCE)
            return APP_PROBE_NO;
        size_t head = head_bytes(bytes.p[at + 1]);
        if (head > BER_HEAD_MAX || bytes.p[at + 1] == 0x80)
            return APP_PROBE_NO;
        at += head;
    }
    struct str version = str_cut(bytes, at, at + 5);
    static const uint8_t want[] = {BER_CONTEXT_OF(0), 3, BER_INTEGER, 1, VERSION};
    for (size_t i = 0; i < version.len; i++)
        if ((i ? version.p[i] : version.p[i] & 0xfe) != want[i])
            return APP_PROBE_NO;
    return version.len < sizeof want ? APP_PROBE_MORE : APP_PROBE_YES;
}

/* [n] around an INTEGER */
static bool read_number(struct str body, int32_t *out)
{
    struct reader r = reader_of(body);
    int64_t number;
    if (!ber_next_signed(&r, BER_INTEGER, &number) || number < INT32_MIN || number > INT32_MAX)
        return false;
    *out = (int32_t)number;
    return true;
}

static bool read_text(struct str body, struct str *out)
{
    struct reader r = reader_of(body);
    struct ber text;
    if (!ber_next(&r, &text))
        return false;
    *out = text.body;
    return true;
}

/* PrincipalName ::= SEQUENCE { name-type [0] Int32, name-string [1] SEQUENCE OF KerberosString } */
static bool read_name(struct str body, struct str *out)
{
    struct reader r = reader_of(body), name, list;
    struct str type;
    return ber_enter(&r, BER_SEQUENCE, &name) && ber_expect(&name, BER_CONTEXT_OF(0), &type) &&
           ber_enter(&name, BER_CONTEXT_OF(1), &list) && ber_expect(&list, BER_SEQUENCE, out);
}

/* EncryptedData ::= SEQUENCE { etype [0] Int32, kvno [1] UInt32 OPTIONAL, cipher [2] OCTET STRING } */
static bool read_encrypted(struct str body, int32_t *type)
{
    struct reader r = reader_of(body), data;
    struct str number;
    return ber_enter(&r, BER_SEQUENCE, &data) && ber_expect(&data, BER_CONTEXT_OF(0), &number) &&
           read_number(number, type);
}

/* Ticket ::= [APPLICATION 1] SEQUENCE { tkt-vno [0], realm [1], sname [2] PrincipalName, enc-part [3] EncryptedData } */
static bool read_ticket(struct str body, struct krb5_facts *out)
{
    struct reader r = reader_of(body), outer, ticket;
    struct str skipped, name, data;
    if (!ber_enter(&r, BER_APPLICATION_OF(1), &outer) ||
        !ber_enter(&outer, BER_SEQUENCE, &ticket) ||
        !ber_expect(&ticket, BER_CONTEXT_OF(0), &skipped) ||
        !ber_expect(&ticket, BER_CONTEXT_OF(1), &skipped) ||
        !ber_expect(&ticket, BER_CONTEXT_OF(2), &name) ||
        !ber_expect(&ticket, BER_CONTEXT_OF(3), &data))
        return false;
    out->has_server = read_name(name, &out->server);
    out->has_ticket = read_encrypted(data, &out->ticket_encryption);
    return out->has_server && out->has_ticket;
}

/* KDC-REQ-BODY ::= SEQUENCE { kdc-options [0], cname [1] OPTIONAL, realm [2], sname [3] OPTIONAL, ... } */
static bool read_request_body(struct str body, struct krb5_facts *out)
{
    struct reader r = reader_of(body), inside;
    struct str part;
    if (!ber_enter(&r, BER_SEQUENCE, &inside) || !ber_expect(&inside, BER_CONTEXT_OF(0), &part))
        return false;
    if (ber_maybe(&inside, BER_CONTEXT_OF(1), &part))
        out->has_client = read_name(part, &out->client);
    if (!ber_expect(&inside, BER_CONTEXT_OF(2), &part))
        return false;
    out->has_realm = read_text(part, &out->realm);
    if (ber_maybe(&inside, BER_CONTEXT_OF(3), &part))
        out->has_server = read_name(part, &out->server);
    return !inside.bad && out->has_realm;
}

/* KDC-REQ ::= SEQUENCE { pvno [1], msg-type [2], padata [3] OPTIONAL, req-body [4] } */
static bool read_request(struct reader *r, struct krb5_facts *out)
{
    struct str part;
    if (!ber_expect(r, BER_CONTEXT_OF(1), &part) || !ber_expect(r, BER_CONTEXT_OF(2), &part))
        return false;
    (void)ber_maybe(r, BER_CONTEXT_OF(3), &part);
    return ber_expect(r, BER_CONTEXT_OF(4), &part) && read_request_body(part, out);
}

/* KDC-REP ::= SEQUENCE { pvno [0], msg-type [1], padata [2] OPTIONAL, crealm [3], cname [4], ticket [5], enc-part [6] } */
static bool read_response(struct reader *r, struct krb5_facts *out)
{
    struct str part;
    if (!ber_expect(r, BER_CONTEXT_OF(0), &part) || !ber_expect(r, BER_CONTEXT_OF(1), &part))
        return false;
    (void)ber_maybe(r, BER_CONTEXT_OF(2), &part);
    if (!ber_expect(r, BER_CONTEXT_OF(3), &part) || !read_text(part, &out->realm) ||
        !ber_expect(r, BER_CONTEXT_OF(4), &part) || !read_name(part, &out->client))
        return false;
    out->has_realm = out->has_client = true;
    if (!ber_expect(r, BER_CONTEXT_OF(5), &part) || !read_ticket(part, out) ||
        !ber_expect(r, BER_CONTEXT_OF(6), &part))
        return false;
    out->has_encryption = read_encrypted(part, &out->encryption);
    return out->has_encryption;
}

/* KRB-ERROR ::= SEQUENCE { pvno [0], msg-type [1], ctime [2], cusec [3], stime [4], susec [5], error-code [6],
 * crealm [7], cname [8], realm [9], sname [10], ... }, of these [2], [3], [7], [8] OPTIONAL */
static bool read_error(struct reader *r, struct krb5_facts *out)
{
    struct ber part;
    bool has_code = false;
    while (reader_left(r) && ber_next(r, &part)) {
        if (part.tag == BER_CONTEXT_OF(6))
            has_code = read_number(part.body, &out->error);
        else if (part.tag == BER_CONTEXT_OF(7))
            out->has_realm = read_text(part.body, &out->realm);
        else if (part.tag == BER_CONTEXT_OF(8))
            out->has_client = read_name(part.body, &out->client);
        else if (part.tag == BER_CONTEXT_OF(10))
            out->has_server = read_name(part.body, &out->server);
    }
    return !r->bad && has_code;
}

bool krb5_read(struct str message, struct krb5_facts *out)
{
    struct reader r = reader_of(message), outer, inside;
    *out = (struct krb5_facts){.type = message.len ? message.p[0] & 0x1f : 0};
    if (!ber_enter(&r, BER_APPLICATION_OF(out->type), &outer) ||
        !ber_enter(&outer, BER_SEQUENCE, &inside))
        return false;
    switch (out->type) {
    case KRB5_AS_REQ:
    case KRB5_TGS_REQ: return read_request(&inside, out);
    case KRB5_AS_REP:
    case KRB5_TGS_REP: return read_response(&inside, out);
    case KRB5_ERROR: return read_error(&inside, out);
    default: return false;
    }
}

bool krb5_part(struct str name, uint32_t index, struct str *out)
{
    struct reader r = reader_of(name);
    struct ber part;
    for (uint32_t i = 0; i < KRB5_PARTS_MAX && reader_left(&r) && ber_next(&r, &part); i++)
        if (i == index) {
            *out = part.body;
            return true;
        }
    return false;
}
