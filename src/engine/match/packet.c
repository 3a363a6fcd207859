/* The looks at packets and at the raw stream. */
#include "engine/match/near.h"
#include "engine/match/state.h"

static const struct match_group *group_of(const struct match_worker *w, const struct header *h)
{
    return match_group_find(w->image, h->l4, h->dir,
                            h->dir == DIR_TOSERVER ? h->dst_port : h->src_port);
}

static bool is_empty(const struct look *look)
{
    return look->payload.len == 0;
}

/* Which of the rules that the packet's payload names may look at it: what belongs to the stream is looked at there. */
static bool belongs_to_packet(const struct match_rule *mr, const struct look *look)
{
    bool tcp = look->header.l4 == MATCH_TCP;
    if (!tcp || !look->view->stream_accepted)
        return true;
    if (mr->mixed)
        return false;
    return !(mr->looks & LOOK_STREAM) || mr->packet_too;
}

static bool peek_fits(const struct match_peek *peek, struct str payload)
{
    return peek->len == 0 || ((size_t)peek->at + peek->len <= payload.len &&
                              memcmp(payload.p + peek->at, peek->bytes, peek->len) == 0);
}

static bool worth_asking(struct match_worker *w, uint32_t rule, const struct look *look)
{
    const struct match_rule *mr = &w->image->rules[rule];
    if (mr->has_payload && look->view->payload_hidden)
        return false;
    /* what must not be in the payload is asked where there is one, or bytes of the stream are due */
    if (mr->has_payload && is_empty(look) && !look->view->stream_due)
        return false;
    if (!peek_fits(&mr->peek, look->payload) || (mr->wants_payload && is_empty(look)) ||
        (mr->has_payload && !belongs_to_packet(mr, look)))
        return false;
    return header_fits(w, rule);
}

/* What costs little is asked first, of all; few are left to be put in order. */
static void sift_for_packet(struct match_worker *w, const struct look *look)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < w->named_count; i++)
        if (worth_asking(w, w->named[i].rule, look))
            w->named[kept++] = w->named[i];
    w->named_count = kept;
}

/* Names the rules of a list that the packet does not rule out at once; where somebody listens, all. */
static void name_walked(struct match_worker *w, const struct look *look,
                        const struct match_list *list, const struct match_walk *walks)
{
    const struct packet *p = look->view->packet;
    size_t bytes = p->payload.len < UINT16_MAX ? p->payload.len : UINT16_MAX;
    uint16_t far = look->header.dir == DIR_TOSERVER ? look->header.src_port : look->header.dst_port;
    if (w->tracing) {
        look_name_list(w, list);
        return;
    }
    for (uint32_t i = 0; i < list->count; i++) {
        const struct match_walk *walk = &walks[i];
        if (bytes >= walk->bytes_min && bytes <= walk->bytes_max && far >= walk->far_first &&
            far <= walk->far_last && walk->app_mask >> look->view->proto & 1 &&
            peek_fits(&walk->peek, look->payload))
            look_name(w, walk->rule, UINT64_MAX);
    }
}

static void evaluate_named(struct match_worker *w, const struct look *look)
{
    sift_for_packet(w, look);
    look_sort(w);
    for (uint32_t i = 0; i < w->named_count; i++) {
        const struct match_rule *mr = &w->image->rules[w->named[i].rule];
        uint32_t matched = 0;
        if (rule_evaluate(w, mr, look, &matched) == ANSWER_YES)
            rule_fire(w, mr, look);
    }
}

static void name_near(void *worker, uint32_t rule)
{
    look_name(worker, rule, 0);
}

/* Where somebody listens, rules that the header throws out are found, too: it is told why. Packets of TCP that are not of
 * a stream are few. */
static const struct match_lane *lane_of(const struct match_worker *w, const struct look *look)
{
    const struct header *h = &look->header;
    bool all = w->tracing ||
               (look->kind == LOOK_PACKET && h->l4 == MATCH_TCP && !look->view->stream_accepted);
    return all ? &w->image->lanes[0] : match_lane_of(w->image, h, look->view->proto);
}

static void search_payload(struct match_worker *w, const struct look *look)
{
    const struct header *h = &look->header;
    bool in_stream = h->l4 == MATCH_TCP && look->view->stream_accepted;
    const struct match_lane *lane = lane_of(w, look);
    const struct match_payload *search =
        in_stream ? &lane->accepted[h->dir] : &lane->packets[h->l4][h->dir];
    near_look(search->near, look->payload, name_near, w);
    look_scan(w, search->scan, look->payload, 0);
    w->counts.packet_scans++;
}

static void name_events(struct match_worker *w, const struct match_view *view)
{
    const struct packet *p = view->packet;
    for (uint8_t i = 0; i < p->event_count && i < PACKET_EVENTS_MAX; i++)
        look_name_list(w, &w->image->decode_events[p->events[i]]);
    for (uint8_t i = 0; i < view->stream_event_count; i++)
        look_name_list(w, &w->image->stream_events[view->stream_events[i]]);
    if (view->flow_app_events)
        look_name_list(w, &w->image->flow_events);
}

static bool asks_direction(const struct rule *r)
{
    for (const struct rule_check *c = r->checks; c; c = c->next)
        if (c->kind == RULE_CHECK_APP_PROTOCOL &&
            (c->app_mode == RULE_APP_DIRECTION || c->app_mode == RULE_APP_TOSERVER ||
             c->app_mode == RULE_APP_TOCLIENT))
            return true;
    return false;
}

/* Rules about the flow's protocol, or about that of one direction, once (bit is not 0): of TCP, as Suricata has it, when the
 * direction of the packet has told its own. */
static void name_protocol(struct match_worker *w, const struct match_view *view,
                          const struct match_group *g, uint8_t bit, bool of_direction)
{
    struct match_flow *mf = view->state;
    if (!bit || (mf->protocol_only_done & bit))
        return;
    mf->protocol_only_done |= bit;
    for (uint32_t i = 0; i < g->protocol_only.count; i++) {
        uint32_t rule = g->protocol_only.rules[i];
        if (asks_direction(w->image->rules[rule].rule) == of_direction)
            look_name(w, rule, UINT64_MAX);
    }
}

/* Rules that hold once per flow and direction. */
static void name_once(struct match_worker *w, const struct match_view *view,
                      const struct match_group *g)
{
    struct match_flow *mf = view->state;
    uint8_t bit = DIR_BIT(view->dir);
    bool of_flow = mf && !view->about_flow;
    if (!of_flow || !(mf->ip_only_done & bit))
        look_name_list(w, &g->ip_only);
    if (!of_flow)
        return;
    mf->ip_only_done |= bit;
    bool here = view->proto_of[view->dir] != APP_UNKNOWN;
    bool of_all = !view->has_stream && view->proto != APP_UNKNOWN;
    name_protocol(w, view, g, here || of_all ? bit : 0, false);
    name_protocol(w, view, g, here ? (uint8_t)(bit << DIR_COUNT) : 0, true);
}

void match_packet(struct match_worker *w, const struct match_view *view, struct match_hits *hits)
{
    struct look look = {.view = view, .kind = LOOK_PACKET, .hits = hits};
    const struct packet *p = view->packet;
    look_begin(w, &look);
    state_renew(w, view);
    rate_count(w, view);
    header_of_packet(view, &look.header);
    if (!p->is_fragment && !view->payload_hidden)
        look.payload = p->payload;
    name_events(w, view);
    if (look.header.src.version) {
        const struct match_group *g = group_of(w, &look.header);
        name_once(w, view, g);
        name_walked(w, &look, &g->packet, g->packet_walks);
        if (p->l4 == PACKET_L4_TCP && (p->tcp.flags & TCP_SYN))
            look_name_list(w, &g->syn);
        if (!is_empty(&look)) {
            name_walked(w, &look, &g->payload, g->payload_walks);
            search_payload(w, &look);
        }
    }
    look_is_named(w, &look);
    evaluate_named(w, &look);
    if (w->tracing)
        trace_look(w, &look);
}

static bool has_hit(const struct match_hits *hits, const struct rule *rule)
{
    for (uint32_t i = 0; i < hits->count; i++)
        if (hits->items[i].rule == rule && !hits->items[i].tx)
            return true;
    return false;
}

/* Bits of transactions are heard at once only by rules that say `prefilter`; others hear of them with the next packet, as
 * they are evaluated before transactions. */
static void name_askers(struct match_worker *w, const struct match_hits *hits)
{
    for (uint8_t i = 0; i < w->raised_count; i++) {
        const struct match_askers *list = &w->image->bit_askers[w->raised[i].bit];
        for (uint32_t k = 0; k < list->count; k++) {
            const struct rule *r = w->image->rules[list->rules[k]].rule;
            if ((!w->raised[i].by_tx || r->prefilter) && !has_hit(hits, r))
                look_name(w, list->rules[k], UINT64_MAX);
        }
    }
}

void match_raised(struct match_worker *w, const struct match_view *view, struct match_hits *hits)
{
    struct look look = {.view = view, .kind = LOOK_PACKET, .hits = hits};
    if (w->raised_count == 0)
        return;
    look_begin(w, &look);
    header_of_packet(view, &look.header);
    if (!view->packet->is_fragment && !view->payload_hidden)
        look.payload = view->packet->payload;
    name_askers(w, hits);
    w->raised_count = 0;
    look_is_named(w, &look);
    evaluate_named(w, &look);
}

/* ---- stream ---- */

/* What was found in earlier windows and still lies in this one. */
static void name_carried(struct match_worker *w, struct match_carry *carry, uint64_t window_from)
{
    for (uint32_t i = 0; i < carry->count; i++)
        if (carry->items[i].end > window_from)
            look_name(w, carry->items[i].rule, carry->items[i].end);
    carry->count = 0; /* what does not hold now is carried on again */
}

static void carry_on(struct match_worker *w, const struct match_view *view, const struct named *n)
{
    struct match_carry *carry = flow_carry(w, view, true);
    if (!carry)
        return;
    if (carry->count == CARRY_MAX) {
        carry->overflow = true;
        return;
    }
    carry->items[carry->count].rule = n->rule;
    carry->items[carry->count++].end = n->end;
}

/* Holds, and not only on bytes that were looked at before. Where the first way to hold lies all in old bytes, the new ones
 * alone are asked. */
static bool holds_newly(struct match_worker *w, const struct match_rule *mr, struct look *look)
{
    uint32_t matched = 0;
    if (rule_evaluate(w, mr, look, &matched) != ANSWER_YES)
        return false;
    if (w->highest_end > look->payload_offset + look->new_from || look->new_from == 0)
        return true;
    struct look again = *look;
    again.payload = str_from(look->payload, look->new_from);
    again.payload_offset += look->new_from;
    matched = 0;
    return rule_evaluate(w, mr, &again, &matched) == ANSWER_YES &&
           w->highest_end > again.payload_offset;
}

static void sift_for_stream(struct match_worker *w)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < w->named_count; i++)
        if (header_fits(w, w->named[i].rule))
            w->named[kept++] = w->named[i];
    w->named_count = kept;
}

static void evaluate_stream(struct match_worker *w, struct look *look)
{
    sift_for_stream(w);
    look_sort(w);
    for (uint32_t i = 0; i < w->named_count; i++) {
        const struct named *n = &w->named[i];
        const struct match_rule *mr = &w->image->rules[n->rule];
        if (holds_newly(w, mr, look))
            rule_fire(w, mr, look);
        else if (n->end != UINT64_MAX)
            carry_on(w, look->view, n);
    }
    if (w->tracing)
        trace_look(w, look);
}

static void name_near_in_stream(void *worker, uint32_t rule)
{
    struct match_worker *w = worker;
    look_name(w, rule, w->look->payload_offset + w->look->payload.len);
}

/* new_from: in the window; where no byte from there on can belong to it, a literal is not looked for. */
static void search_stream(struct match_worker *w, const struct look *look, size_t new_from)
{
    const struct match_payload *search = &lane_of(w, look)->stream[look->header.dir];
    if (look->payload_offset + new_from < NEAR_REACH)
        near_look_at(search->near, look->payload, look->payload_offset, name_near_in_stream, w);
    size_t back = search->scan ? search->scan->longest - 1 : 0;
    size_t from = new_from > back ? new_from - back : 0;
    look_scan(w, search->scan, str_from(look->payload, from), look->payload_offset + from);
}

void match_stream(struct match_worker *w, const struct match_view *view,
                  const struct field_window *window, uint32_t new_from, struct match_hits *hits)
{
    struct look look = {.view = view,
                        .kind = LOOK_STREAM,
                        .hits = hits,
                        .payload = window->bytes,
                        .payload_offset = window->offset,
                        .new_from = new_from};
    if (new_from > window->bytes.len)
        return;
    look_begin(w, &look);
    state_renew(w, view);
    header_of_flow(view, &look.header);
    look.header.l4 = MATCH_TCP;
    struct match_carry *carry = flow_carry(w, view, false);
    bool anew = carry && carry->overflow; /* what was found is not known any more */
    if (carry && new_from)
        name_carried(w, carry, window->offset);
    else if (carry)
        carry->count = 0; /* nothing of what was found is here any more */
    if (carry)
        carry->overflow = false;
    search_stream(w, &look, anew ? 0 : new_from);
    look_name_list(w, &group_of(w, &look.header)->stream);
    w->counts.stream_scans++;
    look_is_named(w, &look);
    evaluate_stream(w, &look);
}
