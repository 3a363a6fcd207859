/* What only the whole rule shows: on which protocols and in which directions it can hold at all, whether it is about packets,
 * streams or transactions, and places that contradict each other. */
#include "engine/rule/build.h"

static bool is_file_check(enum rule_check_kind kind)
{
    return kind == RULE_CHECK_FILE || kind == RULE_CHECK_FILESIZE || kind == RULE_CHECK_FILEEXT ||
           kind == RULE_CHECK_FILEHASH;
}

static bool is_field(const struct rule_buffer *buffer)
{
    return buffer->buffer < RULE_BUFFER_FIRST;
}

/* Directions in which the field is there for one of those protocols. */
static uint8_t field_dirs(const struct field_entry *entry, uint64_t protos)
{
    uint8_t dirs = 0;
    for (int p = 0; p < APP_PROTO_COUNT; p++)
        if (protos >> p & 1 && entry->of_proto[p])
            dirs |= entry->of_proto[p]->dirs;
    return dirs;
}

static int narrow_protocols(struct build *b, uint32_t id)
{
    struct rule *r = b->rule;
    const struct field_entry *entry = &b->loader->names->fields->entries[id];
    uint64_t left = r->app_mask ? r->app_mask & entry->protos : entry->protos;
    if (!left)
        return build_refuse(b, "%s does not go with the protocol or the other buffers of the rule",
                            entry->name);
    r->app_mask = left;
    r->is_stateful_tx = true;
    return 0;
}

/* "file.data:to_client" */
static int narrow_by_sides(struct build *b)
{
    for (const struct rule_buffer *buffer = b->rule->buffers; buffer; buffer = buffer->next)
        if (buffer->side)
            b->rule->dirs &= DIR_BIT(buffer->side - 1);
    return b->rule->dirs ? 0 : build_refuse(b, "its buffers are of both directions: that needs =>");
}

static int narrow_dirs(struct build *b, uint32_t id)
{
    const struct field_entry *entry = &b->loader->names->fields->entries[id];
    b->rule->dirs &= field_dirs(entry, b->rule->app_mask);
    if (!b->rule->dirs)
        return build_refuse(b, "%s is in the other direction than the rest of the rule",
                            entry->name);
    return 0;
}

typedef int (*each_field)(struct build *b, uint32_t id);

/* Words about files go with the protocols that carry files. */
static int narrow_by_files(struct build *b)
{
    static const char name[] = "file.name";
    uint32_t id = field_find(b->loader->names->fields, str_c(name));
    for (const struct rule_check *c = b->rule->checks; c; c = c->next)
        if (is_file_check(c->kind) && id != FIELD_NONE)
            return narrow_protocols(b, id);
    return 0;
}

static int for_fields(struct build *b, each_field f)
{
    for (const struct rule_buffer *buffer = b->rule->buffers; buffer; buffer = buffer->next)
        if (is_field(buffer) && f(b, buffer->buffer) < 0)
            return -1;
    for (const struct rule_check *c = b->rule->checks; c; c = c->next)
        if (rule_check_has_field(c) && f(b, c->field) < 0)
            return -1;
    return 0;
}

/* An event belongs to parsers, too; those of protocol detection (no mask) to every protocol. */
static int narrow_by_events(struct build *b)
{
    struct rule *r = b->rule;
    for (const struct rule_check *c = r->checks; c; c = c->next) {
        if (c->kind != RULE_CHECK_APP_EVENT || !c->app_mask)
            continue;
        uint64_t left = r->app_mask ? r->app_mask & c->app_mask : c->app_mask;
        if (!left)
            return build_refuse(b, "its app-layer-event does not go with the protocol of the rule");
        r->app_mask = left;
    }
    return 0;
}

/* The one side of a field, in all protocols of the rule; -1: both. */
static int only_side(const struct field_entry *entry, uint64_t protos)
{
    uint8_t dirs = field_dirs(entry, protos);
    return dirs == DIR_BIT(DIR_TOSERVER)   ? DIR_TOSERVER
           : dirs == DIR_BIT(DIR_TOCLIENT) ? DIR_TOCLIENT
                                           : -1;
}

static int check_both_sides(struct build *b)
{
    struct rule *r = b->rule;
    uint8_t dirs = 0;
    for (struct rule_buffer *buffer = r->buffers; buffer; buffer = buffer->next) {
        if (!is_field(buffer))
            return build_refuse(b, "=> goes with the fields of transactions only");
        const struct field_entry *entry = &b->loader->names->fields->entries[buffer->buffer];
        int side = buffer->side ? buffer->side - 1 : only_side(entry, r->app_mask);
        if (side < 0)
            return build_refuse(b, "%s is of both sides: with => say %s:to_server or :to_client",
                                entry->name, entry->name);
        buffer->side = (uint8_t)(1 + side);
        dirs |= DIR_BIT(side);
    }
    for (const struct rule_check *c = r->checks; c; c = c->next)
        if (is_file_check(c->kind) || c->kind == RULE_CHECK_APP_STATE || rule_check_has_field(c) ||
            c->kind == RULE_CHECK_APP_EVENT)
            return build_refuse(b, "=> goes with buffers: other words do not say of which side");
    if (dirs != DIR_BOTH)
        return build_refuse(b, "=> needs fields of both sides");
    return 0;
}

/* A hook before the field is there. */
static int check_hook(struct build *b)
{
    const struct rule_check *hook = b->hook;
    for (const struct rule_buffer *buffer = b->rule->buffers; hook && buffer;
         buffer = buffer->next) {
        if (!is_field(buffer))
            continue;
        const struct field_entry *entry = &b->loader->names->fields->entries[buffer->buffer];
        for (int p = 0; p < APP_PROTO_COUNT; p++) {
            const struct field_desc *f = b->rule->app_mask >> p & 1 ? entry->of_proto[p] : NULL;
            if (f && f->dirs & DIR_BIT(hook->dir) && f->ready_at[hook->dir] > hook->number.a)
                return build_refuse(b, "%s comes later than the rule's hook", entry->name);
        }
    }
    return 0;
}

static int check_directions(struct build *b)
{
    struct rule *r = b->rule;
    if (r->both_sides && (r->flow.to_server || r->flow.to_client))
        return build_refuse(b, "=> means both directions, flow cannot name one");
    if (r->flow.to_server)
        r->dirs &= DIR_BIT(DIR_TOSERVER);
    if (r->flow.to_client)
        r->dirs &= DIR_BIT(DIR_TOCLIENT);
    if (!r->dirs)
        return build_refuse(b, "flow names the other direction than the rule's protocol");
    if (for_fields(b, narrow_protocols) < 0 || narrow_by_events(b) < 0 || narrow_by_files(b) < 0)
        return -1;
    if (r->both_sides)
        return check_both_sides(b);
    if (narrow_by_sides(b) < 0)
        return -1;
    return for_fields(b, narrow_dirs) < 0 ? -1 : check_hook(b);
}

/* Is this check about the packet alone? */
static bool is_packet_check(enum rule_check_kind kind)
{
    return kind <= RULE_CHECK_CSUM || kind == RULE_CHECK_DECODE_EVENT ||
           kind == RULE_CHECK_STREAM_EVENT;
}

static void find_nature(struct rule *r)
{
    for (const struct rule_check *c = r->checks; c; c = c->next) {
        r->needs_packet |= is_packet_check(c->kind);
        r->is_stateful_tx |=
            (c->kind == RULE_CHECK_APP_EVENT && c->app_mask) || is_file_check(c->kind);
    }
    for (const struct rule_buffer *buffer = r->buffers; buffer; buffer = buffer->next) {
        r->needs_packet |=
            buffer->buffer > RULE_BUFFER_PAYLOAD && buffer->buffer < RULE_BUFFER_BASE64;
        for (const struct rule_item *i = buffer->items; i; i = i->next)
            r->anchored |= buffer->buffer == RULE_BUFFER_PAYLOAD && i->kind == RULE_CONTENT &&
                           (i->content.has_depth || i->content.has_offset || i->content.starts);
    }
    if (r->l4 == RULE_L4_TCP && r->payload == RULE_PAYLOAD_BOTH) {
        if (r->needs_packet || r->flow.no_stream)
            r->payload = RULE_PAYLOAD_PACKET;
        else if (r->flow.only_stream)
            r->payload = RULE_PAYLOAD_STREAM;
    }
}

/* A buffer of one exact length cannot hold a longer content. */
static int check_sizes(struct build *b)
{
    for (const struct rule_buffer *buffer = b->rule->buffers; buffer; buffer = buffer->next) {
        uint64_t most = UINT64_MAX;
        for (const struct rule_item *i = buffer->items; i; i = i->next)
            if (i->kind == RULE_BSIZE && (i->size.compare == RULE_EQ || i->size.compare == RULE_LE))
                most = i->size.a < most ? i->size.a : most;
        for (const struct rule_item *i = buffer->items; i; i = i->next)
            if (i->kind == RULE_CONTENT && !i->content.negated && i->content.bytes.len > most)
                return build_refuse(b, "the content is longer than bsize allows");
    }
    return 0;
}

/* What the fields' text is written in: a rule may write it otherwise, as with Suricata. */
static const struct {
    const char *field;
    bool upper;
} cases[] = {{"ja3.hash", false},       {"ja3s.hash", false},
             {"ssh.hassh", false},      {"ssh.hassh.server", false},
             {"tls.cert_serial", true}, {"tls.cert_fingerprint", false}};

static int write_in_case(struct build *b, struct rule_content *c, bool upper)
{
    uint8_t *text = arena_alloc(b->arena, c->bytes.len);
    if (!text)
        return build_no_memory(b);
    for (size_t i = 0; i < c->bytes.len; i++) {
        uint8_t low = byte_lower(c->bytes.p[i]);
        text[i] = upper && low >= 'a' && low <= 'z' ? (uint8_t)(low - 'a' + 'A') : low;
    }
    c->bytes.p = text;
    return 0;
}

static int adapt_case(struct build *b)
{
    const struct field_table *fields = b->loader->names->fields;
    for (struct rule_buffer *buffer = b->rule->buffers; buffer; buffer = buffer->next)
        for (size_t k = 0; k < ARRAY_COUNT(cases) && is_field(buffer); k++) {
            if (buffer->transform_count ||
                strcmp(fields->entries[buffer->buffer].name, cases[k].field) != 0)
                continue;
            for (struct rule_item *i = buffer->items; i; i = i->next)
                if (i->kind == RULE_CONTENT && !i->content.nocase &&
                    write_in_case(b, &i->content, cases[k].upper) < 0)
                    return -1;
        }
    return 0;
}

/* base64_data looks at what a base64_decode before it has made. */
static int check_base64(struct build *b)
{
    bool decoded = false;
    for (const struct rule_buffer *buffer = b->rule->buffers; buffer; buffer = buffer->next) {
        if (buffer->buffer == RULE_BUFFER_BASE64 && !decoded)
            return build_refuse(b, "base64_decode is missing before base64_data");
        for (const struct rule_item *i = buffer->items; i; i = i->next)
            decoded |= i->kind == RULE_BASE64_DECODE;
    }
    return 0;
}

int rule_check_whole(struct build *b)
{
    struct rule *r = b->rule;
    if (!r->sid)
        return build_refuse(b, "sid is missing");
    if (b->sticky_chosen && !b->buffer)
        return build_refuse(b, "the last sticky buffer has nothing to look for");
    if (check_directions(b) < 0 || check_sizes(b) < 0 || check_base64(b) < 0 || adapt_case(b) < 0)
        return -1;
    find_nature(r);
    if (r->needs_packet && r->is_stateful_tx)
        return build_refuse(b, "it asks both for a packet's header and for a transaction");
    if (r->packet_header_only && r->buffers)
        return build_refuse(b, "pkthdr rules have no payload");
    rule_choose_fast(r);
    return 0;
}
