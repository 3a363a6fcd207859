#include "engine/app/snmp/message.h"
#include "engine/format/ber/ber.h"

#include <stdio.h>

const struct number_word snmp_traps[] = {
    {"coldStart", 0},
    {"warmStart", 1},
    {"linkDown", 2},
    {"linkUp", 3},
    {"authenticationFailure", 4},
    {"egpNeighborLoss", 5},
    {"enterpriseSpecific", 6},
    {NULL, 0},
};

/* RFC 3416 section 3 */
static const char *const errors[] = {"NoError",
                                     "TooBig",
                                     "NoSuchName",
                                     "BadValue",
                                     "ReadOnly",
                                     "GenErr",
                                     "NoAccess",
                                     "WrongType",
                                     "WrongLength",
                                     "WrongEncoding",
                                     "WrongValue",
                                     "NoCreation",
                                     "InconsistentValue",
                                     "ResourceUnavailable",
                                     "CommitFailed",
                                     "UndoFailed",
                                     "AuthorizationError",
                                     "NotWritable",
                                     "InconsistentName"};

static const char *const pdus[] = {"get_request",    "get_next_request", "response",
                                   "set_request",    "trap_v1",          "get_bulk_request",
                                   "inform_request", "trap_v2",          "report"};

static void log_oid(struct json *out, const char *key, struct str oid)
{
    char text[SNMP_OID_MAX];
    struct buf b = buf_fixed(text, sizeof text);
    ber_oid_text(oid, &b);
    json_bytes(out, key, buf_str(&b));
}

/* VarBind ::= SEQUENCE { name, value } */
static void log_variables(struct str list, struct json *out)
{
    struct reader r = reader_of(list), pair;
    struct str oid;
    json_array(out, "vars");
    for (int i = 0; i < SNMP_VARS_MAX && reader_left(&r); i++) {
        if (!ber_enter(&r, BER_SEQUENCE, &pair) || !ber_expect(&pair, BER_OID, &oid))
            break;
        log_oid(out, NULL, oid);
    }
    json_end_array(out);
}

static void log_trap(const struct snmp_facts *f, struct json *out)
{
    char text[48];
    const uint8_t *a = f->trap_address.p;
    const struct number_word *w = snmp_traps;
    while (w->name && w->number != f->trap_type)
        w++;
    snprintf(text, sizeof text, "TrapType(%llu)", (unsigned long long)f->trap_type);
    json_text(out, "trap_type", w->name ? w->name : text);
    log_oid(out, "trap_oid", f->trap_oid);
    if (f->trap_address.len == 4) {
        snprintf(text, sizeof text, "%u.%u.%u.%u", a[0], a[1], a[2], a[3]);
        json_text(out, "trap_address", text);
    }
}

void snmp_log(const struct tx *tx, const struct app_conf *conf, struct json *out)
{
    const struct snmp_facts *f = &snmp_tx_of(tx)->facts;
    char text[48];
    (void)conf;
    json_uint(out, "version", f->version);
    if (!f->has_pdu && f->version == 3)
        json_text(out, "pdu_type", "encrypted");
    if (f->has_pdu) {
        json_text(out, "pdu_type", pdus[f->pdu_type]);
        if (f->error) {
            snprintf(text, sizeof text, "ErrorStatus(%llu)", (unsigned long long)f->error);
            json_text(out, "error", f->error < ARRAY_COUNT(errors) ? errors[f->error] : text);
        }
        if (f->has_trap)
            log_trap(f, out);
        if (f->variables.len)
            log_variables(f->variables, out);
    }
    if (f->has_community)
        json_bytes(out, "community", f->community);
    if (f->has_user)
        json_bytes(out, "usm", f->user);
}
