#include "engine/app/mdns/message.h"

/* As in Suricata: questions of requests, answers of both (a request names what it knows already), the rest of responses. */

static bool is_response(const struct tx *tx)
{
    return dns_is_response(&mdns_message_of(tx)->head);
}

static bool query_name(const struct tx *tx, enum dir dir, uint32_t index, struct arena *scratch,
                       struct str *out)
{
    (void)dir;
    return !is_response(tx) &&
           dns_record_name(mdns_message_of(tx), DNS_QUESTIONS, index, scratch, out);
}

static bool answer_name(const struct tx *tx, enum dir dir, uint32_t index, struct arena *scratch,
                        struct str *out)
{
    (void)dir;
    return dns_record_name(mdns_message_of(tx), DNS_ANSWERS, index, scratch, out);
}

static bool authority_name(const struct tx *tx, enum dir dir, uint32_t index, struct arena *scratch,
                           struct str *out)
{
    (void)dir;
    return is_response(tx) &&
           dns_record_name(mdns_message_of(tx), DNS_AUTHORITIES, index, scratch, out);
}

static bool additional_name(const struct tx *tx, enum dir dir, uint32_t index,
                            struct arena *scratch, struct str *out)
{
    (void)dir;
    return is_response(tx) &&
           dns_record_name(mdns_message_of(tx), DNS_ADDITIONALS, index, scratch, out);
}

static bool response_name(const struct tx *tx, enum dir dir, uint32_t index, struct arena *scratch,
                          struct str *out)
{
    (void)dir;
    return is_response(tx) && dns_any_name(mdns_message_of(tx), index, scratch, out);
}

#define NAMES(of, text, fn)                                                                      \
    {                                                                                            \
        .name = (text), .proto = (of), .dirs = DIR_BOTH, .ready_at = {TX_COMPLETE, TX_COMPLETE}, \
        .kind = FIELD_BYTES, .multi = true, .bytes = (fn)                                        \
    }

const struct field_desc mdns_fields[MDNS_FIELDS] = {
    NAMES(APP_MDNS, "mdns.queries.rrname", query_name),
    NAMES(APP_MDNS, "mdns.answers.rrname", answer_name),
    NAMES(APP_MDNS, "mdns.authorities.rrname", authority_name),
    NAMES(APP_MDNS, "mdns.additionals.rrname", additional_name),
    NAMES(APP_MDNS, "mdns.response.rrname", response_name),
};

const struct field_desc llmnr_fields[MDNS_FIELDS] = {
    NAMES(APP_LLMNR, "llmnr.queries.rrname", query_name),
    NAMES(APP_LLMNR, "llmnr.answers.rrname", answer_name),
    NAMES(APP_LLMNR, "llmnr.authorities.rrname", authority_name),
    NAMES(APP_LLMNR, "llmnr.additionals.rrname", additional_name),
    NAMES(APP_LLMNR, "llmnr.response.rrname", response_name),
};
