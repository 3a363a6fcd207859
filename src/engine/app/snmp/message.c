#include "engine/app/snmp/message.h"

#include "engine/format/ber/ber.h"

#define PDU_LAST 8 /* report */
#define IP_ADDRESS BER_APPLICATION(0)
#define TIME_TICKS BER_APPLICATION(3)

/* RFC 1157 section 4.1.6 */
static bool read_trap(struct reader *r, struct snmp_facts *out)
{
    struct str skipped;
    out->has_trap = ber_expect(r, BER_OID, &out->trap_oid) &&
                    ber_expect(r, IP_ADDRESS, &out->trap_address) &&
                    ber_next_unsigned(r, BER_INTEGER, &out->trap_type) &&
                    ber_expect(r, BER_INTEGER, &skipped) && ber_expect(r, TIME_TICKS, &skipped);
    return out->has_trap;
}

/* RFC 3416 section 3: request-id, error-status, error-index; of a bulk request two other numbers stand in their place. */
static bool read_numbers(struct reader *r, struct snmp_facts *out)
{
    struct str skipped;
    int64_t error;
    if (!ber_expect(r, BER_INTEGER, &skipped) || !ber_next_signed(r, BER_INTEGER, &error) ||
        !ber_expect(r, BER_INTEGER, &skipped))
        return false;
    out->error = error > 0 && out->pdu_type != 5 ? (uint64_t)error : 0;
    return true;
}

static bool read_pdu(struct reader *r, struct snmp_facts *out)
{
    struct ber pdu;
    if (!ber_next(r, &pdu) || pdu.tag < BER_CONTEXT_OF(0) || pdu.tag > BER_CONTEXT_OF(PDU_LAST))
        return false;
    struct reader inside = reader_of(pdu.body);
    out->pdu_type = pdu.tag & 0x1f;
    bool good =
        out->pdu_type == SNMP_TRAP_V1 ? read_trap(&inside, out) : read_numbers(&inside, out);
    out->has_pdu = good && ber_expect(&inside, BER_SEQUENCE, &out->variables);
    return out->has_pdu;
}

/* RFC 3412 section 6: global data, then parameters of the security model in an OCTET STRING, then the data, which may be
 * encrypted (an OCTET STRING, too). */
static bool read_version_3(struct reader *r, struct snmp_facts *out)
{
    struct reader global, box, usm, scoped;
    struct str skipped;
    int64_t model;
    if (!ber_enter(r, BER_SEQUENCE, &global) || !ber_expect(&global, BER_INTEGER, &skipped) ||
        !ber_expect(&global, BER_INTEGER, &skipped) || !ber_expect(&global, BER_OCTETS, &skipped) ||
        !ber_next_signed(&global, BER_INTEGER, &model) || !ber_enter(r, BER_OCTETS, &box))
        return false;
    out->unknown_model = model != SNMP_USM;
    if (!out->unknown_model) {
        if (!ber_enter(&box, BER_SEQUENCE, &usm) || !ber_expect(&usm, BER_OCTETS, &skipped) ||
            !ber_expect(&usm, BER_INTEGER, &skipped) || !ber_expect(&usm, BER_INTEGER, &skipped) ||
            !ber_expect(&usm, BER_OCTETS, &out->user))
            return false;
        out->has_user = true;
    }
    if (ber_maybe(r, BER_OCTETS, &skipped))
        return true;
    return ber_enter(r, BER_SEQUENCE, &scoped) && ber_expect(&scoped, BER_OCTETS, &skipped) &&
           ber_expect(&scoped, BER_OCTETS, &skipped) && read_pdu(&scoped, out);
}

bool snmp_read(struct str message, struct snmp_facts *out)
{
    struct reader r = reader_of(message), inside;
    uint64_t version;
    *out = (struct snmp_facts){.version = 0};
    if (!ber_enter(&r, BER_SEQUENCE, &inside) || !ber_next_unsigned(&inside, BER_INTEGER, &version))
        return false;
    switch (version) {
    case 0:
    case 1: break;
    case 3: out->version = 3; return read_version_3(&inside, out);
    default: return false;
    }
    out->version = (uint8_t)(version + 1);
    out->has_community = ber_expect(&inside, BER_OCTETS, &out->community);
    return out->has_community && read_pdu(&inside, out);
}
