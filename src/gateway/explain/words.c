#include "gateway/explain/words.h"

#include "gateway/explain/phrase.h"

#include <stdio.h>

#define RANGES_SHOWN 8

static bool is_plain(uint8_t c)
{
    return c >= 0x20 && c < 0x7f && c != '|' && c != '"' && c != '\\';
}

void words_bytes(struct str bytes, size_t max, struct buf *out)
{
    bool hex = false;
    struct str s = str_cut(bytes, 0, max);
    for (size_t i = 0; i < s.len; i++) {
        bool plain = is_plain(s.p[i]);
        if (plain == hex)
            buf_add_byte(out, '|');
        if (plain)
            buf_add_byte(out, s.p[i]);
        else
            buf_printf(out, hex ? " %02x" : "%02x", s.p[i]);
        hex = !plain;
    }
    if (hex)
        buf_add_byte(out, '|');
    if (s.len < bytes.len)
        buf_printf(out, "... (%zu bytes)", bytes.len);
}

/* ---- numbers ---- */

static void number(const struct rule_number *n, struct buf *out)
{
    unsigned long long a = n->a, b = n->b;
    switch (n->compare) {
    case RULE_EQ: buf_printf(out, "is %llu", a); break;
    case RULE_NE: buf_printf(out, "is not %llu", a); break;
    case RULE_LT: buf_printf(out, "is below %llu", a); break;
    case RULE_LE: buf_printf(out, "is at most %llu", a); break;
    case RULE_GT: buf_printf(out, "is above %llu", a); break;
    case RULE_GE: buf_printf(out, "is at least %llu", a); break;
    case RULE_IN: buf_printf(out, "is from %llu to %llu", a, b); break;
    case RULE_NOT_IN: buf_printf(out, "is not from %llu to %llu", a, b); break;
    case RULE_MASK_SET: buf_printf(out, "has 0x%llx under the mask 0x%llx", b, a); break;
    case RULE_MASK_NOT_SET: buf_printf(out, "has not 0x%llx under the mask 0x%llx", b, a); break;
    }
}

static void value(const struct rule_value *v, struct buf *out)
{
    if (v->variable >= 0)
        buf_printf(out, "the number read before (variable %d)", v->variable);
    else
        buf_printf(out, "%lld", (long long)v->number);
}

/* ---- items ---- */

static void content(const struct rule_content *c, struct buf *out)
{
    buf_printf(out, "%scontent \"", c->negated ? "no " : "");
    words_bytes(c->bytes, WORDS_BYTES_MAX, out);
    buf_printf(out, "\"%s", c->nocase ? ", upper or lower case" : "");
    if (c->starts)
        buf_add_c(out, ", at the beginning");
    if (c->ends)
        buf_add_c(out, ", at the end");
    if (c->has_offset && !c->starts) {
        buf_add_c(out, ", from offset ");
        value(&c->offset, out);
    }
    if (c->has_depth && !c->starts) {
        buf_add_c(out, ", within depth ");
        value(&c->depth, out);
    }
    if (c->has_distance) {
        buf_add_c(out, ", at least ");
        value(&c->distance, out);
        buf_add_c(out, " bytes behind the match before");
    }
    if (c->has_within) {
        buf_add_c(out, ", ending within ");
        value(&c->within, out);
        buf_add_c(out, c->has_distance ? " bytes from there" : " bytes behind the match before");
    }
}

static const char *const byte_ops[] = {
    [RULE_OP_LT] = "<",           [RULE_OP_GT] = ">",     [RULE_OP_EQ] = "=",
    [RULE_OP_LE] = "<=",          [RULE_OP_GE] = ">=",    [RULE_OP_AND] = "&",
    [RULE_OP_OR] = "^",           [RULE_OP_PLUS] = "+",   [RULE_OP_MINUS] = "-",
    [RULE_OP_MULTIPLY] = "*",     [RULE_OP_DIVIDE] = "/", [RULE_OP_SHIFT_LEFT] = "<<",
    [RULE_OP_SHIFT_RIGHT] = ">>",
};

static void byte_source(const struct rule_byte *b, struct buf *out)
{
    value(&b->bytes, out);
    buf_add_c(out, " bytes at ");
    value(&b->offset, out);
    buf_printf(out, "%s%s%s", b->relative ? " behind the match before" : "",
               b->little_endian ? ", little endian" : "", b->dce ? ", in DCERPC's order" : "");
    if (b->base)
        buf_printf(out, ", as text in base %u", b->base);
}

static void byte_item(const struct rule_item *item, struct buf *out)
{
    const struct rule_byte *b = &item->byte;
    buf_add_c(out, item->kind == RULE_BYTE_TEST      ? "number in "
                   : item->kind == RULE_BYTE_JUMP    ? "jump by the number in "
                   : item->kind == RULE_BYTE_EXTRACT ? "read the number in "
                                                     : "compute with the number in ");
    byte_source(b, out);
    if (item->kind == RULE_BYTE_TEST || item->kind == RULE_BYTE_MATH) {
        buf_printf(out, " %s%s ", b->negated ? "not " : "", byte_ops[b->op]);
        value(&b->value, out);
    }
    if (item->kind == RULE_BYTE_JUMP && b->multiplier > 1)
        buf_printf(out, ", times %u", b->multiplier);
    if (item->kind == RULE_BYTE_JUMP && b->post_offset)
        buf_printf(out, ", then %lld", (long long)b->post_offset);
    if (item->kind == RULE_BYTE_EXTRACT || item->kind == RULE_BYTE_MATH)
        buf_printf(out, " into variable %d", b->result);
}

static void dataset(const struct explain_rules *r, const struct rule_dataset *d, struct buf *out)
{
    static const char *const words[] = {
        [RULE_DATASET_ISSET] = "is in the dataset",
        [RULE_DATASET_ISNOTSET] = "is not in the dataset",
        [RULE_DATASET_SET] = "is new to the dataset, and is added",
        [RULE_DATASET_UNSET] = "is in the dataset, and is taken out",
        [RULE_DATASET_REPUTATION] = "is in the dataset with a reputation that",
    };
    const struct rule_set *set = match_image_rules(r->image);
    buf_printf(out, "%s \"%s\"", words[d->op], set->datasets[d->set_id].name);
    if (d->op == RULE_DATASET_REPUTATION) {
        buf_add_byte(out, ' ');
        number(&d->reputation, out);
    }
}

static void isdataat(const struct rule_isdataat *d, struct buf *out)
{
    buf_add_c(out, d->negated ? "no data at " : "data at ");
    value(&d->at, out);
    buf_add_c(out, d->relative ? " bytes behind the match before" : "");
}

static void entropy(const struct rule_entropy *e, struct buf *out)
{
    static const char *const words[] = {[RULE_EQ] = "=",       [RULE_NE] = "not",
                                        [RULE_LT] = "<",       [RULE_LE] = "<=",
                                        [RULE_GT] = ">",       [RULE_GE] = ">=",
                                        [RULE_IN] = "between", [RULE_NOT_IN] = "outside of",
                                        [RULE_MASK_SET] = "?", [RULE_MASK_NOT_SET] = "?"};
    buf_printf(out, "entropy %s %g", words[e->compare], e->a);
    if (e->compare == RULE_IN || e->compare == RULE_NOT_IN)
        buf_printf(out, " and %g", e->b);
}

void words_item(const struct explain_rules *r, const struct rule_item *item, struct buf *out)
{
    switch (item->kind) {
    case RULE_CONTENT: content(&item->content, out); break;
    case RULE_PCRE:
        buf_printf(out, "%sexpression /%s/%s", item->pcre.negated ? "no " : "", item->pcre.text,
                   item->pcre.relative ? " behind the match before" : "");
        break;
    case RULE_BYTE_TEST:
    case RULE_BYTE_JUMP:
    case RULE_BYTE_EXTRACT:
    case RULE_BYTE_MATH: byte_item(item, out); break;
    case RULE_ISDATAAT: isdataat(&item->isdataat, out); break;
    case RULE_BSIZE:
        buf_add_c(out, "its size ");
        number(&item->size, out);
        break;
    case RULE_ABSENT:
        buf_add_c(out, item->or_else ? "is not there, or else:" : "is not there");
        break;
    case RULE_BASE64_DECODE:
        buf_printf(out, "base64 is decoded%s",
                   item->base64.relative ? " behind the match before" : "");
        break;
    case RULE_DATASET: dataset(r, &item->dataset, out); break;
    case RULE_ENTROPY: entropy(&item->entropy, out); break;
    case RULE_ASN1: buf_add_c(out, "an odd ASN.1 element"); break;
    }
}

static const char *field_name(const struct explain_rules *r, uint32_t id)
{
    const struct field_table *fields = engine_vocabulary_fields(r->words);
    const char *name = id < fields->count          ? fields->entries[id].name
                       : id == RULE_BUFFER_PAYLOAD ? "payload" /* mostly without a word for it */
                                                   : rule_buffer_name(id);
    return name ? name : "a buffer";
}

void words_buffer(const struct explain_rules *r, const struct rule_buffer *b, struct buf *out)
{
    buf_add_c(out, field_name(r, b->buffer));
    if (b->side)
        buf_printf(out, " %s", words_dir((enum dir)(b->side - 1)));
    for (uint8_t i = 0; i < b->transform_count; i++) {
        const char *name = rule_transform_name(b->transforms[i].kind);
        buf_printf(out, "%s%s", i ? ", " : " after ", name ? name : "a transform");
    }
}

/* ---- checks ---- */

static const char *const number_names[] = {
    [RULE_CHECK_DSIZE] = "size of the payload (dsize)",
    [RULE_CHECK_TTL] = "ttl",
    [RULE_CHECK_TOS] = "tos",
    [RULE_CHECK_IP_ID] = "id of the IP header",
    [RULE_CHECK_IP_PROTO] = "protocol of IP (ip_proto)",
    [RULE_CHECK_FRAGOFFSET] = "offset of the fragment (in units of 8)",
    [RULE_CHECK_SEQ] = "TCP sequence number",
    [RULE_CHECK_ACK] = "TCP acknowledgement",
    [RULE_CHECK_WINDOW] = "TCP window",
    [RULE_CHECK_TCP_MSS] = "TCP mss",
    [RULE_CHECK_TCP_WSCALE] = "TCP window scale",
    [RULE_CHECK_ITYPE] = "ICMP type",
    [RULE_CHECK_ICODE] = "ICMP code",
    [RULE_CHECK_ICMP_ID] = "ICMP id",
    [RULE_CHECK_ICMP_SEQ] = "ICMP sequence number",
    [RULE_CHECK_ICMPV6_MTU] = "MTU of ICMPv6",
    [RULE_CHECK_STREAM_SIZE] = "bytes of the stream (stream_size)",
    [RULE_CHECK_FILESIZE] = "size of the file",
    [RULE_CHECK_FLOW_AGE] = "age of the flow in seconds",
    [RULE_CHECK_FLOW_PKTS] = "packets of the flow",
    [RULE_CHECK_FLOW_BYTES] = "bytes of the flow",
    [RULE_CHECK_VLAN_ID] = "VLAN id",
    [RULE_CHECK_VLAN_LAYERS] = "number of VLAN tags",
};

/* The option in the rule's text that such a check was made of; the first, where there are several. */
static void from_text(const struct rule *rule, const char *const *names, struct buf *out)
{
    struct phrase p = phrase_of(str_c(rule->text));
    struct phrase_option o;
    while (phrase_next(&p, &o))
        for (const char *const *name = names; *name; name++)
            if (str_eq(o.name, str_c(*name))) {
                buf_add(out, o.name);
                if (o.value.len)
                    buf_add_byte(out, ':');
                buf_add(out, o.value);
                return;
            }
    buf_add_c(out, names[0]);
}

static void bit_names(const struct explain_rules *r, const struct rule_check *c, struct buf *out)
{
    const struct rule_set *set = match_image_rules(r->image);
    bool flow = c->kind == RULE_CHECK_FLOWBITS;
    const char *kind = flow ? "flowbit" : c->kind == RULE_CHECK_XBITS ? "xbit" : "hostbit";
    buf_printf(out, "%s ", kind);
    for (uint8_t i = 0; i < c->bits.count; i++)
        buf_printf(out, "%s\"%s\"", i ? " or " : "",
                   (flow ? set->flowbit_names : set->xbit_names)[c->bits.ids[i]]);
}

static void flowint(const struct explain_rules *r, const struct rule_int *i, struct buf *out)
{
    const struct rule_set *set = match_image_rules(r->image);
    buf_printf(out, "flowint \"%s\" ", set->flowint_names[i->id]);
    switch (i->op) {
    case RULE_INT_SET: buf_printf(out, "becomes %llu", (unsigned long long)i->number.a); break;
    case RULE_INT_ADD: buf_printf(out, "grows by %llu", (unsigned long long)i->number.a); break;
    case RULE_INT_SUB: buf_printf(out, "shrinks by %llu", (unsigned long long)i->number.a); break;
    case RULE_INT_ISSET: buf_add_c(out, "is set"); break;
    case RULE_INT_ISNOTSET: buf_add_c(out, "is not set"); break;
    case RULE_INT_COMPARE: number(&i->number, out); break;
    }
}

/* Of several values. */
static void which(const struct rule_check *c, struct buf *out)
{
    long long place = c->place;
    if (c->which == RULE_WHICH_ALL)
        buf_add_c(out, " (all of them)");
    else if (c->which == RULE_WHICH_ONE && place >= 0)
        buf_printf(out, " (number %lld of them)", place + 1);
    else if (c->which == RULE_WHICH_ONE)
        buf_printf(out, " (number %lld of them from the last)", -place);
}

static bool counted(const struct explain_rules *r, const struct rule_check *c, struct buf *out)
{
    const char *name = NULL;
    if (c->kind == RULE_CHECK_FIELD_NUMBER || c->kind == RULE_CHECK_FIELD_NOW)
        name = field_name(r, c->field);
    else if ((size_t)c->kind < ARRAY_COUNT(number_names))
        name = number_names[c->kind];
    if (!name)
        return false;
    buf_printf(out, "%s%s ", c->negated ? "not: " : "", name);
    if (c->kind == RULE_CHECK_FIELD_NOW) {
        buf_add_c(out, c->number.compare == RULE_LT ? "lies before now" : "lies behind now");
        return true;
    }
    number(&c->number, out);
    for (uint8_t i = 0; i < c->other_count; i++) {
        buf_add_c(out, " or ");
        number(&c->others[i], out);
    }
    which(c, out);
    return true;
}

/* Words in the rule of checks that are best told as they are written there. */
static const char *const written[][6] = {
    [RULE_CHECK_TCP_FLAGS] = {"tcp.flags", "flags", NULL},
    [RULE_CHECK_IPOPTS] = {"ipopts", NULL},
    [RULE_CHECK_FRAGBITS] = {"fragbits", NULL},
    [RULE_CHECK_SAMEIP] = {"sameip", NULL},
    [RULE_CHECK_ADDRESS] = {"iprep", "geoip", NULL},
    [RULE_CHECK_RPC] = {"rpc", NULL},
    [RULE_CHECK_CSUM] = {"ipv4-csum", "tcpv4-csum", "udpv4-csum", "icmpv4-csum", "tcpv6-csum",
                         NULL},
    [RULE_CHECK_FLOWVAR] = {"flowvar", NULL},
    [RULE_CHECK_PKTVAR] = {"pktvar", NULL},
    [RULE_CHECK_ELEPHANT] = {"flow.elephant", NULL},
    [RULE_CHECK_SESSION] = {"tcp.session", NULL},
    [RULE_CHECK_APP_PROTOCOL] = {"app-layer-protocol", NULL},
    [RULE_CHECK_APP_EVENT] = {"app-layer-event", NULL},
    [RULE_CHECK_STREAM_EVENT] = {"stream-event", NULL},
    [RULE_CHECK_DECODE_EVENT] = {"decode-event", NULL},
    [RULE_CHECK_APP_STATE] = {"the state of the transaction", NULL},
    [RULE_CHECK_FLOW_START] = {"the flow begins", NULL},
    [RULE_CHECK_DCERPC_IFACE] = {"dcerpc.iface", "dce_iface", NULL},
    [RULE_CHECK_FILE] = {"there is a file", NULL},
    [RULE_CHECK_FILEEXT] = {"fileext", NULL},
    [RULE_CHECK_FILEHASH] = {"filemd5", "filesha256", "filesha1", NULL},
    [RULE_CHECK_CONFIG] = {"config", NULL},
};

void words_check(const struct explain_rules *r, const struct rule *rule, const struct rule_check *c,
                 struct buf *out)
{
    if (c->kind == RULE_CHECK_FLOWBITS || c->kind == RULE_CHECK_XBITS ||
        c->kind == RULE_CHECK_HOSTBITS) {
        bit_names(r, c, out);
        buf_add_c(out, c->bits.op == RULE_BIT_ISNOTSET ? " is not set" : " is set");
    } else if (c->kind == RULE_CHECK_FLOWINT) {
        flowint(r, &c->integer, out);
    } else if (!counted(r, c, out) && (size_t)c->kind < ARRAY_COUNT(written) &&
               written[c->kind][0]) {
        from_text(rule, written[c->kind], out);
    }
}

void words_act(const struct explain_rules *r, const struct rule_check *c, struct buf *out)
{
    static const char *const ops[] = {[RULE_BIT_ISSET] = "asks",
                                      [RULE_BIT_ISNOTSET] = "asks",
                                      [RULE_BIT_SET] = "sets",
                                      [RULE_BIT_UNSET] = "clears",
                                      [RULE_BIT_TOGGLE] = "turns round"};
    if (c->kind == RULE_CHECK_FLOWINT) {
        flowint(r, &c->integer, out);
    } else if (c->kind == RULE_CHECK_CONFIG) {
        buf_add_c(out, "the transaction is not written down (config)");
    } else {
        buf_printf(out, "%s ", ops[c->bits.op]);
        bit_names(r, c, out);
        if (c->kind != RULE_CHECK_FLOWBITS && c->bits.expire_s)
            buf_printf(out, " for %u s", c->bits.expire_s);
    }
}

/* ---- the rest ---- */

void words_threshold(const struct rule_threshold *t, struct buf *out)
{
    static const char *const tracks[] = {
        [RULE_TRACK_SRC] = "each source",
        [RULE_TRACK_DST] = "each destination",
        [RULE_TRACK_PAIR] = "each pair of addresses",
        [RULE_TRACK_FLOW] = "each flow",
        [RULE_TRACK_RULE] = "the rule as a whole",
        [RULE_TRACK_EITHER] = "either address",
        [RULE_TRACK_TX] = "each transaction",
    };
    const char *of = tracks[t->track];
    switch (t->kind) {
    case RULE_THRESHOLD_NONE: break;
    case RULE_THRESHOLD_LIMIT:
        buf_printf(out, "limit: told at most %u in %u s for %s", t->count, t->seconds, of);
        break;
    case RULE_THRESHOLD_THRESHOLD:
        buf_printf(out, "threshold: told every %u times within %u s for %s", t->count, t->seconds,
                   of);
        break;
    case RULE_THRESHOLD_BOTH:
        buf_printf(out, "both: told once in %u s, when it has held %u times, for %s", t->seconds,
                   t->count, of);
        break;
    case RULE_THRESHOLD_BACKOFF:
        buf_printf(out, "backoff: told at %u, then times %u each, for %s", t->count, t->multiplier,
                   of);
        break;
    case RULE_DETECTION_FILTER:
        buf_printf(out, "detection_filter: holds only after %u times within %u s for %s", t->count,
                   t->seconds, of);
        break;
    case RULE_RATE_FILTER:
        buf_printf(out,
                   "rate_filter: becomes %s for %u s, when it has held %u times in %u s for %s",
                   words_action(t->new_action), t->timeout_s, t->count, t->seconds, of);
        break;
    case RULE_SUPPRESS:
        buf_printf(out, "suppressed for %s ", of);
        if (t->addresses)
            words_addresses(t->addresses, out);
        break;
    }
}

/* Bits that first and last share, when the rest is all zero in one and all one in the other; -1: no such block. */
static int prefix_of(const struct rule_ip_range *range)
{
    int bits = range->first.version == 4 ? 32 : 128, at = 0;
    const uint8_t *a = range->first.bytes, *b = range->last.bytes;
    while (at < bits && !((a[at / 8] ^ b[at / 8]) & (0x80 >> at % 8)))
        at++;
    for (int i = at; i < bits; i++)
        if ((a[i / 8] & (0x80 >> i % 8)) || !(b[i / 8] & (0x80 >> i % 8)))
            return -1;
    return at;
}

static void range(const struct rule_ip_range *range, struct buf *out)
{
    int prefix = prefix_of(range), whole = range->first.version == 4 ? 32 : 128;
    char first[IP_TEXT_BYTES], last[IP_TEXT_BYTES];
    ip_format(&range->first, first);
    ip_format(&range->last, last);
    buf_add_c(out, first);
    if (prefix >= 0 && prefix < whole)
        buf_printf(out, "/%d", prefix);
    else if (prefix < 0)
        buf_printf(out, " to %s", last);
}

void words_addresses(const struct rule_addresses *set, struct buf *out)
{
    if (set->any) {
        buf_add_c(out, "any address");
        return;
    }
    for (uint32_t i = 0; i < set->count && i < RANGES_SHOWN; i++) {
        buf_add_c(out, i ? ", " : "");
        range(&set->ranges[i], out);
    }
    if (set->count > RANGES_SHOWN)
        buf_printf(out, " and %u ranges more", set->count - RANGES_SHOWN);
}

void words_ports(const struct rule_ports *set, struct buf *out)
{
    if (set->any) {
        buf_add_c(out, "any port");
        return;
    }
    buf_add_c(out, "port ");
    for (uint32_t i = 0; i < set->count && i < RANGES_SHOWN; i++) {
        const struct rule_port_range *p = &set->ranges[i];
        buf_printf(out, p->first == p->last ? "%s%u" : "%s%u to %u", i ? ", " : "", p->first,
                   p->last);
    }
    if (set->count > RANGES_SHOWN)
        buf_printf(out, " and %u ranges more", set->count - RANGES_SHOWN);
}

void words_protocols(uint64_t mask, struct buf *out)
{
    bool any = false;
    for (int p = 0; p < APP_PROTO_COUNT; p++)
        if (mask >> p & 1) {
            bool two = p == APP_HTTP1 || p == APP_HTTP2;
            buf_printf(out, "%s%s%s", any ? " or " : "",
                       two ? "http" : app_proto_name((enum app_proto)p),
                       p == APP_HTTP1   ? "/1"
                       : p == APP_HTTP2 ? "/2"
                                        : "");
            any = true;
        }
}

void words_l4(uint8_t l4, struct buf *out)
{
    static const struct {
        uint8_t bit;
        const char *name;
    } names[] = {{RULE_L4_TCP, "TCP"},
                 {RULE_L4_UDP, "UDP"},
                 {RULE_L4_ICMP4, "ICMP"},
                 {RULE_L4_ICMP6, "ICMPv6"},
                 {RULE_L4_OTHER, "other"}};
    if (l4 == RULE_L4_ANY) {
        buf_add_c(out, "any protocol of IP");
        return;
    }
    bool any = false;
    for (size_t i = 0; i < ARRAY_COUNT(names); i++)
        if (l4 & names[i].bit) {
            buf_printf(out, "%s%s", any ? " or " : "", names[i].name);
            any = true;
        }
}

const char *words_action(enum rule_action action)
{
    static const char *const names[] = {[RULE_PASS] = "pass",
                                        [RULE_DROP] = "drop",
                                        [RULE_REJECT] = "reject",
                                        [RULE_ALERT] = "alert",
                                        [RULE_ACTIONS] = "?"};
    return names[action];
}

const char *words_dir(enum dir dir)
{
    return dir == DIR_TOSERVER ? "to the server" : "to the client";
}

const char *words_dirs(uint8_t dirs)
{
    return dirs == DIR_BOTH               ? "in both directions"
           : dirs & DIR_BIT(DIR_TOSERVER) ? "to the server"
                                          : "to the client";
}

void words_flow(const struct rule_flow *f, struct buf *out)
{
    const struct {
        bool said;
        const char *word;
    } all[] = {{f->established, "established"},   {f->not_established, "not established"},
               {f->stateless, "stateless"},       {f->to_server, "to the server"},
               {f->to_client, "to the client"},   {f->only_stream, "only the stream"},
               {f->no_stream, "not the stream"},  {f->only_frag, "only from fragments"},
               {f->no_frag, "not from fragments"}};
    bool any = false;
    for (size_t i = 0; i < ARRAY_COUNT(all); i++)
        if (all[i].said) {
            buf_printf(out, "%s%s", any ? ", " : "", all[i].word);
            any = true;
        }
}
