/* Words of Suricata about protocols that no parser here reads: a rule with one is checked for the word's own form and refused with
 * the protocol's name, so that a reader of the report knows what is missing. A parser that publishes a field of the same name
 * takes the word over by that alone: fields are asked first. */
#include "engine/rule/keyword.h"

/* flat table */
static const struct foreign {
    const char *name, *protocol;
    enum keyword_value value;
} words[] = {
    {"dnp3.data", "dnp3", KEYWORD_BARE},
    {"dnp3_func", "dnp3", KEYWORD_VALUE},
    {"dnp3_ind", "dnp3", KEYWORD_VALUE},
    {"dnp3_obj", "dnp3", KEYWORD_VALUE},
    {"cip_service", "enip", KEYWORD_VALUE},
    {"enip.capabilities", "enip", KEYWORD_VALUE},
    {"enip.cip_attribute", "enip", KEYWORD_VALUE},
    {"enip.cip_class", "enip", KEYWORD_VALUE},
    {"enip.cip_extendedstatus", "enip", KEYWORD_VALUE},
    {"enip.cip_instance", "enip", KEYWORD_VALUE},
    {"enip.cip_status", "enip", KEYWORD_VALUE},
    {"enip.device_type", "enip", KEYWORD_VALUE},
    {"enip.identity_status", "enip", KEYWORD_VALUE},
    {"enip.product_code", "enip", KEYWORD_VALUE},
    {"enip.product_name", "enip", KEYWORD_BARE},
    {"enip.protocol_version", "enip", KEYWORD_VALUE},
    {"enip.revision", "enip", KEYWORD_VALUE},
    {"enip.serial", "enip", KEYWORD_VALUE},
    {"enip.service_name", "enip", KEYWORD_BARE},
    {"enip.state", "enip", KEYWORD_VALUE},
    {"enip.status", "enip", KEYWORD_VALUE},
    {"enip.vendor_id", "enip", KEYWORD_VALUE},
    {"enip_command", "enip", KEYWORD_VALUE},
    {"ldap.request.attribute_type", "ldap", KEYWORD_BARE},
    {"ldap.request.dn", "ldap", KEYWORD_BARE},
    {"ldap.request.operation", "ldap", KEYWORD_VALUE},
    {"ldap.responses.attribute_type", "ldap", KEYWORD_BARE},
    {"ldap.responses.count", "ldap", KEYWORD_VALUE},
    {"ldap.responses.dn", "ldap", KEYWORD_BARE},
    {"ldap.responses.message", "ldap", KEYWORD_BARE},
    {"ldap.responses.operation", "ldap", KEYWORD_VALUE},
    {"ldap.responses.result_code", "ldap", KEYWORD_VALUE},
    {"modbus", "modbus", KEYWORD_VALUE},
    {"nfs.version", "nfs", KEYWORD_VALUE},
    {"nfs_procedure", "nfs", KEYWORD_VALUE},
    {"pgsql.query", "pgsql", KEYWORD_BARE},
    {"rfb.name", "rfb", KEYWORD_BARE},
    {"rfb.secresult", "rfb", KEYWORD_VALUE},
    {"rfb.sectype", "rfb", KEYWORD_VALUE},
};

int keyword_foreign(struct build *b, struct str name, struct str value)
{
    size_t i = 0;
    while (i < ARRAY_COUNT(words) && !str_eq(name, str_c(words[i].name)))
        i++;
    if (i == ARRAY_COUNT(words))
        return build_refuse(b, "keyword %s is not supported", b->keyword);
    if (words[i].value == KEYWORD_BARE && str_trim(value).len)
        return build_refuse(b, "it takes no value");
    if (words[i].value == KEYWORD_VALUE && !str_trim(value).len)
        return build_refuse(b, "its value is missing");
    return build_refuse(b, "there is no parser for %s", words[i].protocol);
}
