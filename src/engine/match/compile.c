#include "engine/match/compile.h"

#include "engine/match/literal.h"

#include <string.h>

#define CHOICE_BYTES_MIN \
    3 /* a fast_pattern shorter than this is not heeded where a longer content is there */

static bool is_constant(const struct rule_value *v)
{
    return v->variable < 0;
}

bool compile_item_relative(const struct rule_item *item)
{
    switch (item->kind) {
    case RULE_CONTENT: return item->content.relative;
    case RULE_PCRE: return item->pcre.relative;
    case RULE_BYTE_TEST:
    case RULE_BYTE_JUMP:
    case RULE_BYTE_EXTRACT:
    case RULE_BYTE_MATH: return item->byte.relative;
    case RULE_ISDATAAT: return item->isdataat.relative;
    case RULE_BASE64_DECODE: return item->base64.relative;
    case RULE_ASN1: return item->asn1.relative;
    case RULE_BSIZE:
    case RULE_ABSENT:
    case RULE_DATASET:
    case RULE_ENTROPY: return false;
    }
    return false;
}

/* Does a match of the item change where a relative one starts? */
static bool moves_cursor(const struct rule_item *item)
{
    switch (item->kind) {
    case RULE_CONTENT: return !item->content.negated;
    case RULE_PCRE: return !item->pcre.negated;
    case RULE_BYTE_JUMP:
    case RULE_BYTE_EXTRACT:
    case RULE_BYTE_MATH: return true;
    case RULE_BYTE_TEST:
    case RULE_ISDATAAT:
    case RULE_BSIZE:
    case RULE_ABSENT:
    case RULE_BASE64_DECODE:
    case RULE_DATASET:
    case RULE_ENTROPY:
    case RULE_ASN1: return false;
    }
    return false;
}

static bool item_constant(const struct rule_item *item)
{
    const struct rule_content *c = &item->content;
    const struct rule_byte *b = &item->byte;
    switch (item->kind) {
    case RULE_CONTENT:
        return (!c->has_depth || is_constant(&c->depth)) &&
               (!c->has_offset || is_constant(&c->offset)) &&
               (!c->has_distance || is_constant(&c->distance)) &&
               (!c->has_within || is_constant(&c->within));
    case RULE_BYTE_TEST:
    case RULE_BYTE_JUMP:
    case RULE_BYTE_EXTRACT:
    case RULE_BYTE_MATH:
        return is_constant(&b->bytes) && is_constant(&b->offset) && is_constant(&b->value);
    case RULE_ISDATAAT: return is_constant(&item->isdataat.at);
    case RULE_PCRE:
    case RULE_BSIZE:
    case RULE_ABSENT:
    case RULE_BASE64_DECODE:
    case RULE_DATASET:
    case RULE_ENTROPY:
    case RULE_ASN1: return true;
    }
    return true;
}

/* A later place of this item is tried when something up to the next content or expression starts from where it ended. A
 * negated one in between ends that as well, though the cursor stays: so it is with Suricata, and rules are written for it. */
static bool worth_retry(const struct rule_item *item)
{
    bool searches = (item->kind == RULE_CONTENT && !item->content.negated) ||
                    (item->kind == RULE_PCRE && !item->pcre.negated);
    if (!searches)
        return false;
    for (const struct rule_item *next = item->next; next; next = next->next) {
        if (compile_item_relative(next))
            return true;
        if (next->kind == RULE_CONTENT || next->kind == RULE_PCRE || moves_cursor(next))
            return false;
    }
    return false;
}

/* Where all earlier places were found by plain contents, trying them further on only moves the cursor up: what was not
 * found behind the first place is not behind a later one. */
static bool monotonic_failure(const struct rule_item *item)
{
    if (item->kind == RULE_CONTENT)
        return !item->content.negated && !item->content.has_within && !item->content.ends;
    return item->kind == RULE_ISDATAAT && !item->isdataat.negated;
}

static void flag_steps(struct match_step *steps, uint16_t count)
{
    bool monotonic = true;
    for (uint16_t i = 0; i < count; i++) {
        const struct rule_item *item = steps[i].item;
        steps[i].retry = worth_retry(item);
        bool constant = item_constant(item);
        if (constant)
            steps[i].final = !compile_item_relative(item) || (monotonic && monotonic_failure(item));
        bool plain = item->kind == RULE_CONTENT ? constant : constant && !moves_cursor(item);
        monotonic = monotonic && plain;
    }
}

bool compile_transforms_equal(const struct rule_buffer *a, const struct rule_buffer *b)
{
    return a->transform_count == b->transform_count &&
           rule_transforms_equal(a->transforms, b->transforms, a->transform_count);
}

/* The values that may hold lie between them; what lies between need not hold. */
static void number_bounds(const struct rule_number *n, uint64_t *low, uint64_t *high)
{
    *low = 0;
    *high = UINT64_MAX;
    switch (n->compare) {
    case RULE_EQ: *low = *high = n->a; break;
    case RULE_LT: *high = n->a ? n->a - 1 : 0; break;
    case RULE_LE: *high = n->a; break;
    case RULE_GT:
    case RULE_GE: *low = n->a; break;
    case RULE_IN:
        *low = n->a;
        *high = n->b;
        break;
    case RULE_NE:
    case RULE_NOT_IN:
    case RULE_MASK_SET:
    case RULE_MASK_NOT_SET: break;
    }
}

void compile_packet_bytes(const struct rule *rule, uint16_t *min, uint16_t *max)
{
    *min = 0;
    *max = UINT16_MAX;
    for (const struct rule_check *c = rule->checks; c; c = c->next) {
        uint64_t low, high;
        if (c->kind != RULE_CHECK_DSIZE || c->negated)
            continue;
        number_bounds(&c->number, &low, &high);
        if (low > *min)
            *min = low < UINT16_MAX ? (uint16_t)low : UINT16_MAX;
        if (high < *max)
            *max = (uint16_t)high;
    }
}

static enum match_place place_of(uint32_t buffer)
{
    if (buffer < RULE_BUFFER_FIRST)
        return PLACE_FIELD;
    if (buffer == RULE_BUFFER_PAYLOAD)
        return PLACE_PAYLOAD;
    return buffer == RULE_BUFFER_BASE64 ? PLACE_BASE64 : PLACE_HEADER;
}

static int find_slot(struct compile *c, const struct rule_buffer *source)
{
    for (size_t i = 0; i < c->slots.count; i++) {
        const struct match_slot *slot = vec_at(&c->slots, i);
        if (slot->source->buffer == source->buffer && slot->source->side == source->side &&
            compile_transforms_equal(slot->source, source))
            return (int)i;
    }
    struct match_slot *slot = c->slots.count < UINT16_MAX ? vec_push(&c->slots) : NULL;
    if (!slot)
        return -1;
    slot->source = source;
    slot->place = place_of(source->buffer);
    if (slot->place == PLACE_FIELD && source->buffer < c->image->fields->count)
        slot->entry = &c->image->fields->entries[source->buffer];
    return (int)c->slots.count - 1;
}

/* A buffer that is not there satisfies `absent` alone: what it does not hold can be said only of a buffer that is there. A header
 * that the packet does not have is not absent, as in Suricata: the rule asks nothing of the packet. */
static bool holds_when_absent(const struct rule_buffer *source)
{
    if (place_of(source->buffer) == PLACE_HEADER)
        return false;
    for (const struct rule_item *item = source->items; item; item = item->next)
        if (item->kind == RULE_ABSENT)
            return true;
    return false;
}

static uint32_t filter_len(const struct rule_content *c)
{
    return (uint32_t)literal_part(c).len;
}

/* Longer is better; the rule's own choice is worth more, unless it says next to nothing. */
static uint32_t filter_score(const struct rule_content *c, bool chosen)
{
    uint32_t len = filter_len(c);
    return len + (chosen && len >= CHOICE_BYTES_MIN ? LITERAL_BYTES_MAX : 0);
}

/* What the prefilter looks for in this buffer; NULL when nothing must be there that is worth it. */
static const struct rule_content *fast_of(const struct rule_buffer *source)
{
    const struct rule_content *best = NULL;
    uint32_t best_score = 0;
    if (source->buffer == RULE_BUFFER_BASE64)
        return NULL;
    for (const struct rule_item *item = source->items; item; item = item->next) {
        if (item->kind == RULE_ABSENT)
            return NULL;
        if (item->kind != RULE_CONTENT || item->content.negated)
            continue;
        uint32_t score = filter_score(&item->content, item == source->fast);
        if (score > best_score) {
            best = &item->content;
            best_score = score;
        }
    }
    return best;
}

static int compile_buffer(struct compile *c, const struct rule_buffer *source,
                          struct match_buffer *out)
{
    uint16_t count = 0;
    for (const struct rule_item *item = source->items; item && count < UINT16_MAX;
         item = item->next)
        count++;
    struct match_step *steps = arena_zalloc(&c->image->arena, (count ? count : 1u) * sizeof *steps);
    int slot = find_slot(c, source);
    if (!steps || slot < 0)
        return -1;
    uint16_t i = 0;
    for (const struct rule_item *item = source->items; i < count; item = item->next, i++)
        steps[i] = (struct match_step){.item = item, .kind = item->kind};
    flag_steps(steps, count);
    *out = (struct match_buffer){
        .source = source,
        .fast = fast_of(source),
        .steps = steps,
        .step_count = count,
        .slot = (uint16_t)slot,
        .place = place_of(source->buffer),
        .holds_when_absent = holds_when_absent(source),
    };
    return 0;
}

/* Facts that a later packet of the flow may change: such a rule is judged packet by packet. */
static bool check_may_change(const struct rule_check *c)
{
    return c->kind != RULE_CHECK_XBITS && c->kind != RULE_CHECK_HOSTBITS &&
           c->kind != RULE_CHECK_ADDRESS && c->kind != RULE_CHECK_IP_PROTO;
}

/* A rule that counts, or that turns a bit round, does it for each packet. */
static bool act_repeats(const struct rule_check *c)
{
    return c->kind == RULE_CHECK_FLOWINT ||
           (c->kind == RULE_CHECK_FLOWBITS && c->bits.op != RULE_BIT_SET);
}

static bool flow_keyword_used(const struct rule_flow *f)
{
    return f->to_server || f->to_client || f->established || f->not_established || f->stateless ||
           f->only_stream || f->no_stream || f->only_frag || f->no_frag;
}

static bool is_ip_only(const struct rule *r)
{
    if (r->buffers || r->app_mask || r->every_packet || flow_keyword_used(&r->flow) ||
        r->packet_header_only)
        return false;
    for (const struct rule_check *c = r->checks; c; c = c->next)
        if (check_may_change(c))
            return false;
    for (const struct rule_check *c = r->acts; c; c = c->next)
        if (act_repeats(c))
            return false;
    return true;
}

static bool is_protocol_only(const struct rule *r)
{
    if (r->buffers || r->is_stateful_tx || !r->checks)
        return false;
    for (const struct rule_check *c = r->checks; c; c = c->next)
        if (c->kind != RULE_CHECK_APP_PROTOCOL)
            return false;
    return true;
}

static bool is_event_rule(const struct rule *r)
{
    for (const struct rule_check *c = r->checks; c; c = c->next)
        if (!c->negated && (c->kind == RULE_CHECK_DECODE_EVENT ||
                            c->kind == RULE_CHECK_STREAM_EVENT || c->kind == RULE_CHECK_APP_EVENT))
            return true;
    return false;
}

static bool needs_bytes(const struct match_buffer *b)
{
    for (uint16_t i = 0; i < b->step_count; i++) {
        const struct rule_item *item = b->steps[i].item;
        if ((item->kind == RULE_CONTENT && !item->content.negated) ||
            (item->kind == RULE_PCRE && !item->pcre.negated) || item->kind == RULE_BYTE_TEST ||
            item->kind == RULE_BYTE_JUMP || item->kind == RULE_BYTE_EXTRACT ||
            item->kind == RULE_ENTROPY)
            return true;
    }
    return false;
}

static bool has_place(const struct match_buffer *b)
{
    for (uint16_t i = 0; i < b->step_count; i++) {
        const struct rule_content *c = &b->steps[i].item->content;
        if (b->steps[i].kind == RULE_CONTENT && (c->has_depth || c->has_offset || c->starts))
            return true;
    }
    return false;
}

/* A content that can lie at one place only. */
static bool has_fixed_place(const struct rule_content *c, uint64_t *at)
{
    bool constant = is_constant(&c->offset) && is_constant(&c->depth);
    if (c->negated || c->nocase || c->relative || !constant || c->bytes.len == 0)
        return false;
    *at = c->has_offset && !c->starts ? (uint64_t)c->offset.number : 0;
    if (c->starts)
        return !c->has_offset && !c->has_depth;
    return c->has_depth && (!c->has_offset || c->offset.number >= 0) &&
           c->depth.number == (int64_t)c->bytes.len;
}

/* The longest fixed content of plain payload. What is mixed may be waiting for a transaction: it is asked in full. */
static void find_peek(struct match_rule *mr)
{
    for (uint8_t i = 0; i < mr->buffer_count && !mr->mixed; i++) {
        const struct match_buffer *b = &mr->buffers[i];
        if (b->place != PLACE_PAYLOAD || b->source->transform_count || b->holds_when_absent)
            continue;
        for (uint16_t k = 0; k < b->step_count; k++) {
            const struct rule_content *c = &b->steps[k].item->content;
            uint64_t at;
            if (b->steps[k].kind != RULE_CONTENT || !has_fixed_place(c, &at) || at > UINT16_MAX ||
                c->bytes.len <= mr->peek.len || mr->peek.len == sizeof mr->peek.bytes)
                continue;
            struct str head = str_cut(c->bytes, 0, sizeof mr->peek.bytes);
            mr->peek.at = (uint16_t)at;
            mr->peek.len = (uint8_t)head.len;
            memcpy(mr->peek.bytes, head.p, head.len);
        }
    }
}

/* Does the rule carry something from one buffer on: a number, decoded bytes, what a dataset says? */
static bool fills_variable(const struct match_rule *mr)
{
    for (uint8_t i = 0; i < mr->buffer_count; i++)
        for (uint16_t j = 0; j < mr->buffers[i].step_count; j++) {
            enum rule_item_kind kind = mr->buffers[i].steps[j].kind;
            if (kind == RULE_DATASET && mr->rule->tells_context)
                return true;
            if (kind == RULE_BYTE_EXTRACT || kind == RULE_BYTE_MATH || kind == RULE_BASE64_DECODE)
                return true;
        }
    return false;
}

static bool is_at_state(const struct rule *r, bool has_field)
{
    if (has_field || r->buffers)
        return false;
    for (const struct rule_check *c = r->checks; c; c = c->next)
        if (c->kind == RULE_CHECK_APP_STATE && c->number.compare == RULE_EQ)
            return true;
    return false;
}

static void choose_looks(struct match_rule *mr, bool has_field)
{
    const struct rule *r = mr->rule;
    if (has_field || r->is_stateful_tx) {
        mr->looks = LOOK_TX;
        mr->mixed = mr->has_payload;
        return;
    }
    if (!mr->has_payload || !(r->l4 & RULE_L4_TCP) || r->payload == RULE_PAYLOAD_PACKET ||
        r->needs_packet) {
        mr->looks = LOOK_PACKET;
        return;
    }
    /* rules of the stream see packets, too, where there is no stream: nobody saw its handshake */
    mr->looks = LOOK_STREAM | LOOK_PACKET;
    mr->packet_too &= r->payload != RULE_PAYLOAD_STREAM;
    if (r->l4 & ~RULE_L4_TCP)
        mr->looks |= LOOK_PACKET;
}

/* base64_data looks at what the buffer before it has decoded: it is asked as the end of that buffer's items, so that a later
 * place of an earlier item is tried when it fails. */
static void continue_base64(struct match_buffer *buffers, uint32_t count)
{
    for (uint32_t i = 0; i + 1 < count; i++) {
        const struct match_buffer *decoded = &buffers[i + 1];
        if (decoded->place != PLACE_BASE64 || buffers[i].place == PLACE_BASE64 ||
            decoded->source->transform_count)
            continue;
        for (uint16_t k = 0; k < buffers[i].step_count; k++)
            if (buffers[i].steps[k].kind == RULE_BASE64_DECODE)
                buffers[i].then = decoded;
    }
}

int compile_rule(struct compile *c, const struct rule *rule, struct match_rule *out)
{
    *out = (struct match_rule){.rule = rule};
    uint32_t count = 0;
    for (const struct rule_buffer *b = rule->buffers; b; b = b->next)
        count++;
    if (count > RULE_BUFFERS_MAX) {
        out->never = true;
        return 0;
    }
    struct match_buffer *buffers =
        arena_zalloc(&c->image->arena, (count ? count : 1u) * sizeof *buffers);
    if (!buffers)
        return -1;
    out->buffers = buffers;
    out->buffer_count = (uint8_t)count;
    bool has_field = false;
    uint32_t i = 0;
    for (const struct rule_buffer *b = rule->buffers; b; b = b->next, i++) {
        if (compile_buffer(c, b, &buffers[i]) < 0)
            return -1;
        has_field |= buffers[i].place == PLACE_FIELD;
        if (buffers[i].place != PLACE_PAYLOAD)
            continue;
        out->has_payload = true;
        out->wants_payload |= needs_bytes(&buffers[i]);
        out->packet_too |= has_place(&buffers[i]);
    }
    for (const struct rule_check *k = rule->checks; k; k = k->next)
        has_field |= rule_check_has_field(k) || match_check_grows(k) ||
                     (k->kind == RULE_CHECK_APP_EVENT && !k->negated);
    /* stream_size speaks of the moment: measured, such a rule is asked of the packet too */
    for (const struct rule_check *k = rule->checks; k; k = k->next)
        out->packet_too |= k->kind == RULE_CHECK_STREAM_SIZE;
    continue_base64(buffers, count);
    out->uses_variables = fills_variable(out);
    choose_looks(out, has_field);
    out->at_state = is_at_state(rule, has_field);
    find_peek(out);
    out->ip_only = is_ip_only(rule);
    out->protocol_only = is_protocol_only(rule);
    out->by_event = is_event_rule(rule);
    return 0;
}

int compile_choose(const struct match_rule *mr, bool (*fits)(const struct match_buffer *, void *),
                   void *arg)
{
    int best = -1;
    uint32_t best_score = 0;
    for (uint8_t i = 0; i < mr->buffer_count; i++) {
        const struct rule_content *c = mr->buffers[i].fast;
        if (!c || !fits(&mr->buffers[i], arg))
            continue;
        bool chosen = mr->buffers[i].source->fast && c == &mr->buffers[i].source->fast->content;
        uint32_t score = filter_score(c, chosen);
        if (score > best_score) {
            best = i;
            best_score = score;
        }
    }
    return best;
}
