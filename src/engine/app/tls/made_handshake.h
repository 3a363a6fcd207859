/* made_handshake: handshakes for the tests of this room, written out of their parts. */
#ifndef ENGINE_APP_TLS_MADE_HANDSHAKE_H
#define ENGINE_APP_TLS_MADE_HANDSHAKE_H

#include "base/buf.h"

/* Room for a length of `bytes`; made_end writes what came since. */
static inline size_t made_begin(struct buf *b, int bytes)
{
    for (int i = 0; i < bytes; i++)
        buf_add_byte(b, 0);
    return b->len;
}

static inline void made_end(struct buf *b, size_t begun, int bytes)
{
    size_t len = b->len - begun;
    for (int i = 1; i <= bytes; i++, len >>= 8)
        b->p[begun - (size_t)i] = (uint8_t)len;
}

static inline size_t made_record(struct buf *b, uint8_t type)
{
    buf_add_byte(b, type);
    buf_add_u16(b, 0x0301);
    return made_begin(b, 2);
}

static inline void made_extension(struct buf *b, uint16_t type, struct str body)
{
    buf_add_u16(b, type);
    buf_add_u16(b, (uint16_t)body.len);
    buf_add(b, body);
}

#define MADE_RANDOM "\x65\x43\x21\x00zyxwvutsrqponmlkjihgfedcba98"

/* FoxIO's own example of JA4, with GREASE among all lists: t13d1516h2_8daaf6152771_e5627efa2ab1 */
static inline void made_client_hello(struct buf *b)
{
    static const uint16_t ciphers[] = {0x3a3a, 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f,
                                       0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013, 0xc014,
                                       0x009c, 0x009d, 0x002f, 0x0035};
    size_t message, list;
    buf_add_byte(b, 1);
    message = made_begin(b, 3);
    buf_add_u16(b, 0x0303);
    buf_add(b, STR_LIT(MADE_RANDOM));
    buf_add(b, STR_LIT("\4abcd"));
    list = made_begin(b, 2);
    for (size_t i = 0; i < sizeof(ciphers) / sizeof(ciphers[0]); i++)
        buf_add_u16(b, ciphers[i]);
    made_end(b, list, 2);
    buf_add(b, STR_LIT("\1\0"));
    list = made_begin(b, 2);
    made_extension(b, 0x8a8a, STR_EMPTY);
    made_extension(b, 0, STR_LIT("\0\x10\0\0\x0dwww.omamori.x"));
    made_extension(b, 23, STR_EMPTY);
    made_extension(b, 65281, STR_LIT("\0"));
    made_extension(b, 10, STR_LIT("\0\x08\x2a\x2a\0\x1d\0\x17\0\x18"));
    made_extension(b, 11, STR_LIT("\1\0"));
    made_extension(b, 35, STR_EMPTY);
    made_extension(b, 16, STR_LIT("\0\x0c\2h2\x08http/1.1"));
    made_extension(b, 5, STR_LIT("\1\0\0\0\0"));
    made_extension(b, 13, STR_LIT("\0\x10\4\3\x08\4\4\1\5\3\x08\5\5\1\x08\6\6\1"));
    made_extension(b, 18, STR_EMPTY);
    made_extension(b, 51, STR_EMPTY);
    made_extension(b, 45, STR_LIT("\1\1"));
    made_extension(b, 43, STR_LIT("\6\x1a\x1a\3\4\3\3"));
    made_extension(b, 27, STR_LIT("\2\0\2"));
    made_extension(b, 0x4469, STR_EMPTY);
    made_extension(b, 21, STR_EMPTY);
    made_end(b, list, 2);
    made_end(b, message, 3);
}

static inline void made_server_hello(struct buf *b, struct str session_id, struct str extensions)
{
    size_t message, list;
    buf_add_byte(b, 2);
    message = made_begin(b, 3);
    buf_add_u16(b, 0x0303);
    buf_add(b, STR_LIT(MADE_RANDOM));
    buf_add_byte(b, (uint8_t)session_id.len);
    buf_add(b, session_id);
    buf_add_u16(b, 0xc02f);
    buf_add_byte(b, 0);
    list = made_begin(b, 2);
    buf_add(b, extensions);
    made_end(b, list, 2);
    made_end(b, message, 3);
}

/* DER: 82 and two bytes of length, whatever the length. */
static inline size_t made_der(struct buf *b, uint8_t tag)
{
    buf_add_byte(b, tag);
    buf_add_byte(b, 0x82);
    return made_begin(b, 2);
}

static inline void made_name(struct buf *b, uint8_t value_tag, struct str common_name)
{
    buf_add(b, STR_LIT("\x31\x0b\x30\x09\x06\x03\x55\x04\x06\x13\x02JP"));
    size_t set = made_der(b, 0x31), pair = made_der(b, 0x30);
    buf_add(b, STR_LIT("\x06\x03\x55\x04\x03"));
    size_t value = made_der(b, value_tag);
    buf_add(b, common_name);
    made_end(b, value, 2);
    made_end(b, pair, 2);
    made_end(b, set, 2);
}

static inline void made_certificate(struct buf *b)
{
    size_t whole = made_der(b, 0x30), tbs = made_der(b, 0x30);
    buf_add(b, STR_LIT("\xa0\3\2\1\2"));
    buf_add(b, STR_LIT("\2\3\0\xab\x0c"));
    buf_add(b, STR_LIT("\x30\3\6\1\x2a"));
    size_t name = made_der(b, 0x30);
    made_name(b, 0x13, STR_LIT("Test CA"));
    made_end(b, name, 2);
    buf_add(b, STR_LIT("\x30\x20\x17\x0d"
                       "250102030405Z"
                       "\x18\x0f"
                       "20510607080910Z"));
    name = made_der(b, 0x30);
    made_name(b, 0x1e, STR_LIT("\0o\x30\x42"));
    made_end(b, name, 2);
    buf_add(b, STR_LIT("\x30\0"));
    buf_add(b, STR_LIT("\xa3\x1a\x30\x18\x30\x16\x06\3\x55\x1d\x11\x04\x0f\x30\x0d\x82\3a."
                       "x\x87\1\1\x82\3b.x"));
    made_end(b, tbs, 2);
    made_end(b, whole, 2);
}

static inline void made_certificates(struct buf *b)
{
    buf_add_byte(b, 11);
    size_t message = made_begin(b, 3), list = made_begin(b, 3);
    for (int i = 0; i < 2; i++) {
        size_t one = made_begin(b, 3);
        made_certificate(b);
        made_end(b, one, 3);
    }
    made_end(b, list, 3);
    made_end(b, message, 3);
}

#endif
