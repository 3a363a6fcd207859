/* ber: one element after the other of ASN.1's Basic Encoding Rules and their strict half, DER (X.690).
 *
 * Way in:    a struct reader over foreign bytes; parsers step from element to element and into them.
 * Way out:   struct ber: the identifier's byte and the content, borrowed. Whatever is not as X.690 wants it, or reaches past
 *            the end, marks the reader bad.
 * Memory:    none.
 * Threads:   pure.
 * Limits:    identifiers of one byte (numbers up to 30: X.509, Kerberos, LDAP, SNMP, SPNEGO and CredSSP know no others); definite
 *            lengths of at most four bytes. Nothing here recurses: how deep a structure goes is up to the parser that enters it.
 */
#ifndef ENGINE_FORMAT_BER_BER_H
#define ENGINE_FORMAT_BER_BER_H

#include "base/attr.h"
#include "base/buf.h"
#include "base/reader.h"

/* Identifiers as they stand on the wire: class and "constructed" are part of the byte. */
enum ber_tag {
    BER_BOOLEAN = 0x01,
    BER_INTEGER = 0x02,
    BER_BITS = 0x03,
    BER_OCTETS = 0x04,
    BER_NULL = 0x05,
    BER_OID = 0x06,
    BER_ENUMERATED = 0x0a,
    BER_UTF8 = 0x0c,
    BER_PRINTABLE = 0x13,
    BER_T61 = 0x14,
    BER_IA5 = 0x16,
    BER_UTC_TIME = 0x17,
    BER_GENERALIZED_TIME = 0x18,
    BER_GENERAL = 0x1b,
    BER_UNIVERSAL = 0x1c,
    BER_BMP = 0x1e,
    BER_SEQUENCE = 0x30,
    BER_SET = 0x31,
};

/* [APPLICATION n] and [n], and the same around other elements. */
#define BER_APPLICATION(number) ((uint8_t)(0x40 | (number)))
#define BER_APPLICATION_OF(number) ((uint8_t)(0x60 | (number)))
#define BER_CONTEXT(number) ((uint8_t)(0x80 | (number)))
#define BER_CONTEXT_OF(number) ((uint8_t)(0xa0 | (number)))

#define BER_HEAD_MAX 6 /* identifier and length */

struct ber {
    uint8_t tag;
    struct str body;
};

/* The next element. */
NODISCARD bool ber_next(struct reader *r, struct ber *out);
/* The next element's content, when it is of that kind; otherwise the reader is bad. */
NODISCARD bool ber_expect(struct reader *r, uint8_t tag, struct str *body);
/* A reader over that content. */
NODISCARD bool ber_enter(struct reader *r, uint8_t tag, struct reader *inside);
/* Is the next element of that kind? Moves nothing. */
bool ber_is(const struct reader *r, uint8_t tag);
/* As ber_expect, when the next element is of that kind; false and nothing moved when not. */
bool ber_maybe(struct reader *r, uint8_t tag, struct str *body);
/* As ber_enter, when the next element is of that kind. */
bool ber_maybe_enter(struct reader *r, uint8_t tag, struct reader *inside);

/* Numbers (INTEGER, ENUMERATED, and types of SNMP that are the same inside). False: empty, or does not fit. A value with its
 * top bit set is negative, and so no ber_unsigned. */
NODISCARD bool ber_signed(struct str body, int64_t *out);
NODISCARD bool ber_unsigned(struct str body, uint64_t *out);
/* The next element as such a number; otherwise the reader is bad. */
NODISCARD bool ber_next_signed(struct reader *r, uint8_t tag, int64_t *out);
NODISCARD bool ber_next_unsigned(struct reader *r, uint8_t tag, uint64_t *out);

/* How much of the first element is there. */
enum ber_whole { BER_WHOLE_NO, BER_WHOLE_YES, BER_WHOLE_BAD };
/* For streams: YES or NO: the element that begins `bytes` takes (or will take) *len bytes, of which all or only some are there;
 * *len is 0 while its head is not there. BAD: no element begins so. */
enum ber_whole ber_whole(struct str bytes, size_t *len);

/* Appends an OBJECT IDENTIFIER as "1.3.6.1". */
void ber_oid_text(struct str oid, struct buf *out);

#endif
