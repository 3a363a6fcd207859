#include "engine/format/hello/hello.h"

#include <stdio.h>

#define RANDOM_BYTES 32

/* Drafts of TLS 1.3 (0x7f12 is draft 18) up to 18 sent their number here, and a ServerHello without session and compression. */
static bool is_draft(uint16_t version)
{
    return version >> 8 == 0x7f;
}

bool hello_read(struct str body, enum dir dir, struct hello *out)
{
    struct reader r = reader_of(body);
    *out = (struct hello){.version = reader_u16(&r)};
    bool client = dir == DIR_TOSERVER;
    out->random = reader_str(&r, RANDOM_BYTES);
    if (client || !is_draft(out->version))
        out->session_id = reader_str(&r, reader_u8(&r));
    out->ciphers = reader_str(&r, client ? reader_u16(&r) : 2);
    if (client)
        reader_skip(&r, reader_u8(&r));
    else if (!is_draft(out->version))
        reader_skip(&r, 1);
    if (r.bad || out->session_id.len > 32 || out->ciphers.len % 2)
        return false;
    if (!reader_left(&r)) /* before RFC 3546 there were none */
        return true;
    uint16_t len = reader_u16(&r);
    if (len > reader_left(&r)) {
        out->extensions = reader_rest(&r);
        return false;
    }
    out->extensions = reader_str(&r, len);
    return !r.bad;
}

bool hello_next_extension(struct reader *r, uint16_t *type, struct str *body)
{
    if (!reader_left(r))
        return false;
    *type = reader_u16(r);
    *body = reader_str(r, reader_u16(r));
    return !r->bad;
}

bool hello_find_extension(const struct hello *hello, uint16_t type, struct str *body)
{
    struct reader r = reader_of(hello->extensions);
    uint16_t found;
    for (int i = 0; i < HELLO_EXTENSIONS_MAX && hello_next_extension(&r, &found, body); i++)
        if (found == type)
            return true;
    return false;
}

struct str hello_extension_list(const struct hello *hello, uint16_t type, int length_bytes)
{
    struct str body;
    if (!hello_find_extension(hello, type, &body))
        return STR_EMPTY;
    struct reader r = reader_of(body);
    return reader_str(&r, length_bytes == 1 ? reader_u8(&r) : reader_u16(&r));
}

uint16_t hello_version(const struct hello *hello, enum dir dir)
{
    struct str body;
    if (!hello_find_extension(hello, TLS_EXT_SUPPORTED_VERSIONS, &body))
        return hello->version;
    struct reader r = reader_of(body);
    if (dir == DIR_TOSERVER)
        r = reader_sub(&r, reader_u8(&r));
    while (reader_left(&r) >= 2) {
        uint16_t version = reader_u16(&r);
        if (version == TLS_1_3 || is_draft(version) || version >> 8 == 0xfb)
            return version;
    }
    return hello->version;
}

bool hello_is_retry(const struct hello *hello)
{
    /* SHA-256 of "HelloRetryRequest" */
    static const uint8_t retry[RANDOM_BYTES] = {0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11,
                                                0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
                                                0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e,
                                                0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c};
    return str_eq(hello->random, str_of(retry, sizeof(retry)));
}

bool hello_alpn(const struct hello *hello, uint32_t index, struct str *out)
{
    struct str body;
    if (!hello_find_extension(hello, TLS_EXT_ALPN, &body))
        return false;
    struct reader outer = reader_of(body);
    struct reader r = reader_sub(&outer, reader_u16(&outer));
    for (uint32_t i = 0; reader_left(&r); i++) {
        *out = reader_str(&r, reader_u8(&r));
        if (r.bad)
            return false;
        if (i == index)
            return true;
    }
    return false;
}

enum hello_sni hello_server_name(const struct hello *hello, struct str *out)
{
    struct str body;
    if (!hello_find_extension(hello, TLS_EXT_SERVER_NAME, &body) || !body.len)
        return HELLO_SNI_NONE;
    struct reader r = reader_of(body);
    uint16_t list = reader_u16(&r);
    uint8_t type = reader_u8(&r);
    uint16_t len = reader_u16(&r);
    if (r.bad || list < 3)
        return HELLO_SNI_BAD_LENGTH;
    if (type != 0)
        return HELLO_SNI_BAD_TYPE;
    *out = reader_str(&r, len);
    if (r.bad)
        return HELLO_SNI_BAD_LENGTH;
    return len ? HELLO_SNI_OK : HELLO_SNI_NONE;
}

const char *hello_version_name(uint16_t version, char number[24])
{
    switch (version) {
    case 0: return "UNDETERMINED";
    case SSL_2: return "SSLv2";
    case SSL_3: return "SSLv3";
    case TLS_1_0: return "TLSv1";
    case 0x0302: return "TLS 1.1";
    case TLS_1_2: return "TLS 1.2";
    case TLS_1_3: return "TLS 1.3";
    default: break;
    }
    if (is_draft(version) && (version & 0xff) >= 16)
        snprintf(number, 24, "TLS 1.3 draft-%u", version & 0xff);
    else if (is_draft(version))
        return "TLS 1.3 draft-<16";
    else if (version >> 8 == 0xfb) /* Facebook's own numbers */
        snprintf(number, 24, "TLS 1.3 draft-%u-fb", version & 0xff);
    else
        snprintf(number, 24, "%u", version);
    return number;
}
