#include "engine/match/state.h"

#include <string.h>

/* ---- flowbits and flowints ---- */

/* Ids of bits are numbers of one image. After a swap the bits of a flow are carried over by name, when the flow is seen
 * again; one that slept through more than SWAPS_KEPT swaps begins without bits. */
static void translate_bits(struct match_worker *w, const struct match_view *view,
                           const uint32_t *now, uint32_t count)
{
    struct match_flow *mf = view->state;
    uint32_t words = (w->image->set->flowbit_count + 63) / 64;
    uint64_t *bits = words ? budget_zalloc(view->mem, words * sizeof *bits) : NULL;
    if (words && !bits)
        w->counts.state_refused++;
    for (uint32_t i = 0; bits && i < count && i / 64 < mf->flowbit_words; i++)
        if ((mf->flowbits[i / 64] >> (i % 64) & 1) && now[i] != UINT32_MAX)
            bits[now[i] / 64] |= UINT64_C(1) << (now[i] % 64);
    budget_give(view->mem, mf->flowbits, mf->flowbit_words * sizeof *bits);
    mf->flowbits = bits;
    mf->flowbit_words = bits ? words : 0;
}

/* All but thresholds and rates, which are not the rules' own. */
static void forget_kept(struct match_kept *k, struct budget *mem)
{
    budget_give(mem, k->flowints, k->flowint_count * sizeof *k->flowints);
    budget_give(mem, k->flowint_set, k->flowint_count);
    budget_give(mem, k->captures, sizeof *k->captures);
    budget_give(mem, k->marks, sizeof *k->marks);
    budget_give(mem, k->entropies, sizeof *k->entropies);
    budget_give(mem, k->tx_bits, sizeof *k->tx_bits);
    *k = (struct match_kept){.thresholds = k->thresholds, .rate = k->rate};
}

static void forget(struct match_flow *mf, struct budget *mem, bool bits_too)
{
    if (bits_too) {
        budget_give(mem, mf->flowbits, mf->flowbit_words * sizeof *mf->flowbits);
        mf->flowbits = NULL;
        mf->flowbit_words = 0;
    }
    if (mf->kept)
        forget_kept(mf->kept, mem);
    for (int i = 0; i < DIR_COUNT; i++) {
        budget_give(mem, mf->carries[i], sizeof *mf->carries[i]);
        mf->carries[i] = NULL;
    }
}

void state_renew(struct match_worker *w, const struct match_view *view)
{
    struct match_flow *mf = view->state;
    if (!mf || mf->generation == w->epoch)
        return;
    const uint32_t *now = NULL;
    uint32_t count = 0;
    for (int i = 0; i < SWAPS_KEPT; i++)
        if (mf->generation && w->kept[i].epoch == mf->generation) {
            now = w->kept[i].flowbits;
            count = w->kept[i].flowbit_count;
        }
    if (mf->flowbits && now)
        translate_bits(w, view, now, count);
    forget(mf, view->mem, !now);
    /* what is asked once per flow is asked again: the rules are new */
    mf->ip_only_done = mf->protocol_only_done = 0;
    mf->generation = w->epoch;
    mf->bits_of = w->image->id;
}

void match_flow_fini(struct match_flow *mf, struct budget *mem)
{
    forget(mf, mem, true);
    if (mf->kept)
        budget_give(mem, mf->kept->thresholds, sizeof *mf->kept->thresholds);
    if (mf->kept)
        budget_give(mem, mf->kept->rate, sizeof *mf->kept->rate);
    budget_give(mem, mf->kept, sizeof *mf->kept);
    memset(mf, 0, sizeof *mf);
}

bool flowbit_is_set(struct match_worker *w, const struct match_view *view, uint32_t id)
{
    const struct match_flow *mf = view->state;
    return mf && id / 64 < mf->flowbit_words && (mf->flowbits[id / 64] >> (id % 64) & 1);
}

static bool bits_there(struct match_worker *w, const struct match_view *view)
{
    struct match_flow *mf = view->state;
    uint32_t words = (w->image->set->flowbit_count + 63) / 64;
    if (!mf || !view->mem || words == 0 || words > FLOWBITS_MAX / 64)
        return false;
    if (!mf->flowbits) {
        mf->flowbits = budget_zalloc(view->mem, words * sizeof *mf->flowbits);
        mf->flowbit_words = mf->flowbits ? words : 0;
    }
    if (!mf->flowbits)
        w->counts.state_refused++;
    return mf->flowbits != NULL;
}

static void change_bit(uint64_t *bits, uint32_t id, enum rule_bit_op op)
{
    uint64_t bit = UINT64_C(1) << (id % 64);
    switch (op) {
    case RULE_BIT_SET: bits[id / 64] |= bit; break;
    case RULE_BIT_UNSET: bits[id / 64] &= ~bit; break;
    case RULE_BIT_TOGGLE: bits[id / 64] ^= bit; break;
    case RULE_BIT_ISSET:
    case RULE_BIT_ISNOTSET: break;
    }
}

static void raise_bit(struct match_worker *w, const struct look *look, uint32_t bit)
{
    if (look->kind == LOOK_PACKET || w->raised_count == RAISED_MAX ||
        w->image->bit_askers[bit].count == 0)
        return;
    w->raised[w->raised_count].bit = bit;
    w->raised[w->raised_count++].by_tx = look->kind == LOOK_TX;
}

static void act_flowbits(struct match_worker *w, const struct look *look, const struct rule_bits *b)
{
    const struct match_view *view = look->view;
    if (!view->state || (b->op == RULE_BIT_UNSET && !view->state->flowbits) || !bits_there(w, view))
        return;
    for (uint8_t i = 0; i < b->count; i++)
        if (b->ids[i] / 64 < view->state->flowbit_words) {
            change_bit(view->state->flowbits, b->ids[i], b->op);
            raise_bit(w, look, b->ids[i]);
        }
}

static void *flow_piece(struct match_worker *w, const struct match_view *view, size_t bytes)
{
    void *p = view->mem ? budget_zalloc(view->mem, bytes) : NULL;
    if (!p)
        w->counts.state_refused++;
    return p;
}

/* Made when something is to be kept; NULL: no flow, or no memory. */
static struct match_kept *kept_make(struct match_worker *w, const struct match_view *view)
{
    if (view->state && !view->state->kept)
        view->state->kept = flow_piece(w, view, sizeof *view->state->kept);
    return view->state ? view->state->kept : NULL;
}

static struct match_kept *kept_get(const struct match_view *view)
{
    return view->state ? view->state->kept : NULL;
}

/* ---- how much a flow sends ---- */

/* The flow's seconds are those of the clock, as Suricata's are. Time that goes back counts for the newest second. */
static void rate_turn(struct match_rate *r, enum dir dir, int64_t second)
{
    int64_t passed = second - r->newest[dir];
    if (passed <= 0)
        return;
    if (passed > r->seconds)
        passed = r->seconds;
    for (int64_t i = 0; i < passed; i++) {
        uint64_t *oldest = &r->bytes[dir][(uint64_t)(second - i) % r->seconds];
        r->sum[dir] -= *oldest;
        *oldest = 0;
    }
    r->newest[dir] = second;
}

static struct match_rate *rate_there(struct match_worker *w, const struct match_view *view,
                                     int64_t second)
{
    uint32_t seconds = w->image->set->rate_seconds;
    struct match_kept *k = kept_make(w, view);
    if (!k)
        return NULL;
    if (k->rate && k->rate->seconds == seconds)
        return k->rate;
    if (!k->rate)
        k->rate = flow_piece(w, view, sizeof *k->rate);
    if (!k->rate)
        return NULL;
    /* the first packet, or the first one of another setting */
    struct match_rate fresh = {.seconds = seconds, .newest = {second, second}};
    memcpy(fresh.elephant, k->rate->elephant, sizeof fresh.elephant);
    *k->rate = fresh;
    return k->rate;
}

void rate_count(struct match_worker *w, const struct match_view *view)
{
    uint64_t limit = w->image->set->rate_bytes;
    if (!limit || !view->state || !view->mem || !view->packet->frame)
        return;
    int64_t second = view->now_us / 1000000;
    struct match_rate *r = rate_there(w, view, second);
    if (!r || r->elephant[view->dir])
        return;
    rate_turn(r, view->dir, second);
    uint64_t bytes = view->packet->frame->bytes.len;
    r->bytes[view->dir][(uint64_t)r->newest[view->dir] % r->seconds] += bytes;
    r->sum[view->dir] += bytes;
    r->elephant[view->dir] = r->sum[view->dir] >= limit;
}

bool match_flow_elephant(const struct match_flow *mf, enum dir dir)
{
    return mf && mf->kept && mf->kept->rate && mf->kept->rate->elephant[dir];
}

static bool ints_there(struct match_worker *w, const struct match_view *view)
{
    uint32_t count = w->image->set->flowint_count;
    if (!view->state || !view->mem || count == 0 || count > FLOWINTS_MAX)
        return false;
    struct match_kept *k = kept_make(w, view);
    if (!k || k->flowints)
        return k != NULL;
    k->flowints = budget_zalloc(view->mem, count * sizeof *k->flowints);
    k->flowint_set = k->flowints ? budget_zalloc(view->mem, count) : NULL;
    if (k->flowints && k->flowint_set) {
        k->flowint_count = count;
        return true;
    }
    budget_give(view->mem, k->flowints, count * sizeof *k->flowints);
    k->flowints = NULL;
    w->counts.state_refused++;
    return false;
}

static bool int_is_set(const struct match_kept *k, uint32_t id)
{
    return k && id < k->flowint_count && k->flowint_set[id];
}

/* The other side: a constant, or another variable that is set. */
static bool int_operand(const struct match_kept *k, const struct rule_int *i, uint64_t *out)
{
    if (i->other_id < 0) {
        *out = i->number.a;
        return true;
    }
    uint32_t other = (uint32_t)i->other_id;
    if (!int_is_set(k, other))
        return false;
    *out = (uint64_t)k->flowints[other];
    return true;
}

bool flowint_holds(struct match_worker *w, const struct match_view *view, const struct rule_int *i)
{
    const struct match_kept *k = kept_get(view);
    bool set = int_is_set(k, i->id);
    if (i->op == RULE_INT_ISSET)
        return set;
    if (i->op == RULE_INT_ISNOTSET)
        return view->state && !set;
    struct rule_number n = i->number;
    if (!set || !int_operand(k, i, &n.a))
        return false;
    return rule_number_holds(&n, (uint64_t)k->flowints[i->id]);
}

static void act_flowint(struct match_worker *w, const struct match_view *view,
                        const struct rule_int *i)
{
    uint64_t v;
    struct match_kept *k = ints_there(w, view) ? view->state->kept : NULL;
    if (!k || i->id >= k->flowint_count || !int_operand(k, i, &v))
        return;
    uint64_t now = k->flowint_set[i->id] ? (uint64_t)k->flowints[i->id] : 0;
    uint64_t next = i->op == RULE_INT_SET   ? v
                    : i->op == RULE_INT_ADD ? now + v
                    : now < v               ? 0
                                            : now - v;
    k->flowints[i->id] = (int64_t)next;
    k->flowint_set[i->id] = 1;
}

/* ---- xbits and hostbits ---- */

static bool bit_key(struct match_worker *w, const struct look *look, const struct rule_check *c,
                    uint32_t id, struct host_key *key)
{
    const struct header *h = &look->header;
    const struct rule_set *set = w->image->set;
    if (!w->hosts || id >= set->xbit_count || h->src.version == 0)
        return false;
    *key = (struct host_key){.kind = c->kind == RULE_CHECK_HOSTBITS ? HOST_BIT : HOST_XBIT,
                             .name = hosts_name(w->hosts, set->xbit_names[id])};
    bool swap = ip_cmp(&h->src, &h->dst) > 0;
    switch (c->bits.track) {
    case RULE_TRACK_SRC: key->first = h->src; return true;
    case RULE_TRACK_DST: key->first = h->dst; return true;
    case RULE_TRACK_PAIR:
    case RULE_TRACK_FLOW:
    case RULE_TRACK_RULE:
    case RULE_TRACK_TX:
    case RULE_TRACK_EITHER:
        key->first = swap ? h->dst : h->src;
        key->second = swap ? h->src : h->dst;
        return true;
    }
    return false;
}

struct bit_visit {
    int64_t now_us;
    enum rule_bit_op op;
    uint32_t expire_s;
    bool set;
};

static bool visit_bit(struct host_state *state, void *arg)
{
    struct bit_visit *v = arg;
    bool set = state->count && state->until_us > v->now_us;
    v->set = set;
    bool keep = v->op == RULE_BIT_SET || (v->op == RULE_BIT_TOGGLE && !set) ||
                (set && (v->op == RULE_BIT_ISSET || v->op == RULE_BIT_ISNOTSET));
    if (v->op == RULE_BIT_SET || (v->op == RULE_BIT_TOGGLE && !set)) {
        state->count = 1;
        state->until_us = v->expire_s ? v->now_us + (int64_t)v->expire_s * 1000000 : INT64_MAX;
    }
    return keep;
}

/* Place of the transaction's bit, or UINT32_MAX. */
static uint32_t tx_bit_find(const struct look *look, uint32_t bit)
{
    const struct match_kept *k = kept_get(look->view);
    const struct match_tx_bits *t = k ? k->tx_bits : NULL;
    for (uint32_t i = 0; t && look->tx && i < t->count; i++)
        if (t->items[i].tx_id == look->tx->id && t->items[i].bit == bit)
            return i;
    return UINT32_MAX;
}

static void tx_bit_change(struct match_worker *w, const struct look *look, uint32_t bit,
                          enum rule_bit_op op)
{
    if (!look->view->state || !look->tx)
        return;
    uint32_t at = tx_bit_find(look, bit);
    bool set = at != UINT32_MAX;
    struct match_kept *k = kept_make(w, look->view);
    if (!k)
        return;
    struct match_tx_bits **t = &k->tx_bits;
    if (set && (op == RULE_BIT_UNSET || op == RULE_BIT_TOGGLE)) {
        (*t)->items[at] = (*t)->items[--(*t)->count];
        (*t)->next = 0;
    }
    if (set || (op != RULE_BIT_SET && op != RULE_BIT_TOGGLE))
        return;
    if (!*t)
        *t = flow_piece(w, look->view, sizeof **t);
    if (!*t)
        return;
    at = (*t)->count < TX_BITS_MAX ? (*t)->count++ : (*t)->next;
    (*t)->next = (at + 1) % TX_BITS_MAX;
    (*t)->items[at].tx_id = look->tx->id;
    (*t)->items[at].bit = bit;
}

bool xbits_hold(struct match_worker *w, const struct look *look, const struct rule_check *c)
{
    bool any = false;
    for (uint8_t i = 0; c->bits.track == RULE_TRACK_TX && i < c->bits.count && !any; i++)
        any = tx_bit_find(look, c->bits.ids[i]) != UINT32_MAX;
    if (c->bits.track == RULE_TRACK_TX)
        return (c->bits.op == RULE_BIT_ISNOTSET) != any;
    for (uint8_t i = 0; i < c->bits.count && !any; i++) {
        struct host_key key;
        struct bit_visit visit = {look->view->now_us, c->bits.op, 0, false};
        if (bit_key(w, look, c, c->bits.ids[i], &key))
            hosts_visit(w->hosts, &key, false, visit_bit, &visit);
        any = visit.set;
    }
    return (c->bits.op == RULE_BIT_ISNOTSET) != any;
}

static void act_xbits(struct match_worker *w, const struct look *look, const struct rule_check *c)
{
    for (uint8_t i = 0; i < c->bits.count; i++) {
        struct host_key key;
        struct bit_visit visit = {look->view->now_us, c->bits.op, c->bits.expire_s, false};
        if (c->bits.track == RULE_TRACK_TX) {
            tx_bit_change(w, look, c->bits.ids[i], c->bits.op);
            continue;
        }
        if (bit_key(w, look, c, c->bits.ids[i], &key))
            hosts_visit(w->hosts, &key, c->bits.op != RULE_BIT_UNSET, visit_bit, &visit);
    }
}

void act_do(struct match_worker *w, const struct match_rule *mr, const struct look *look,
            const struct rule_check *act)
{
    if (act->kind == RULE_CHECK_FLOWBITS)
        act_flowbits(w, look, &act->bits);
    else if (act->kind == RULE_CHECK_FLOWINT)
        act_flowint(w, look->view, &act->integer);
    else if (act->kind == RULE_CHECK_XBITS || act->kind == RULE_CHECK_HOSTBITS)
        act_xbits(w, look, act);
    else if (act->kind == RULE_CHECK_CONFIG && look->tx)
        look->tx->logged = true;
}

/* ---- marks, carries, thresholds and captures of the flow ---- */

bool mark_get(struct match_worker *w, const struct match_view *view, uint32_t rule, enum dir dir)
{
    const struct match_kept *k = kept_get(view);
    const struct match_marks *m = k ? k->marks : NULL;
    for (uint32_t i = 0; m && i < m->count; i++)
        if (m->items[i].rule == rule && m->items[i].dir == dir)
            return true;
    return false;
}

void mark_set(struct match_worker *w, const struct match_view *view, uint32_t rule, enum dir dir)
{
    if (!view->state || mark_get(w, view, rule, dir))
        return;
    struct match_kept *k = kept_make(w, view);
    if (k && !k->marks)
        k->marks = flow_piece(w, view, sizeof *k->marks);
    struct match_marks *m = k ? k->marks : NULL;
    if (!m)
        return;
    /* full: the oldest goes */
    uint32_t at = m->count < MARKS_MAX ? m->count++ : m->next;
    m->next = (at + 1) % MARKS_MAX;
    m->items[at].rule = rule;
    m->items[at].dir = (uint8_t)dir;
}

void mark_clear(const struct match_view *view, uint32_t rule, enum dir dir)
{
    const struct match_kept *k = kept_get(view);
    struct match_marks *m = k ? k->marks : NULL;
    for (uint32_t i = 0; m && i < m->count; i++)
        if (m->items[i].rule == rule && m->items[i].dir == dir) {
            m->items[i] = m->items[--m->count];
            m->next = 0;
            return;
        }
}

void marks_forget(const struct match_view *view, enum dir dir)
{
    const struct match_kept *k = kept_get(view);
    struct match_marks *m = k ? k->marks : NULL;
    for (uint32_t i = m ? m->count : 0; i-- > 0;)
        if (m->items[i].dir == dir) {
            m->items[i] = m->items[--m->count];
            m->next = 0;
        }
}

struct match_carry *flow_carry(struct match_worker *w, const struct match_view *view, bool make)
{
    if (!view->state)
        return NULL;
    struct match_carry **c = &view->state->carries[view->dir];
    if (!*c && make)
        *c = flow_piece(w, view, sizeof **c);
    return *c;
}

struct host_state *flow_threshold(struct match_worker *w, const struct match_view *view,
                                  uint64_t name, uint32_t kind)
{
    struct match_kept *k = kept_make(w, view);
    if (k && !k->thresholds)
        k->thresholds = flow_piece(w, view, sizeof *k->thresholds);
    struct match_flow_threshold *t = k ? k->thresholds : NULL;
    if (!t)
        return NULL;
    for (uint32_t i = 0; i < t->count; i++)
        if (t->items[i].name == name && t->items[i].kind == kind)
            return &t->items[i].state;
    if (t->count == FLOW_THRESHOLDS_MAX)
        return NULL;
    t->items[t->count].name = name;
    t->items[t->count].kind = kind;
    return &t->items[t->count++].state;
}

static void keep_one(struct match_capture *all, const struct capture *c)
{
    uint32_t at = 0;
    while (at < all->count && all->items[at].variable_id != c->variable_id)
        at++;
    if (at == MATCH_CAPTURES_MAX)
        return;
    if (at == all->count)
        all->count++;
    size_t len = c->value.len < MATCH_CAPTURE_BYTES_MAX ? c->value.len : MATCH_CAPTURE_BYTES_MAX;
    all->items[at].variable_id = c->variable_id;
    all->items[at].len = (uint8_t)len;
    if (len)
        memcpy(all->items[at].bytes, c->value.p, len);
}

void capture_keep(struct match_worker *w, const struct look *look)
{
    const struct match_view *view = look->view;
    for (uint8_t i = 0; i < w->capture_count; i++) {
        if (look->kind == LOOK_STREAM)
            raise_bit(w, look, w->image->set->flowbit_count + w->captures[i].variable_id);
        if (!w->captures[i].is_flow)
            keep_one(&look->hits->variables, &w->captures[i]);
        struct match_kept *k = w->captures[i].is_flow ? kept_make(w, view) : NULL;
        if (k && !k->captures)
            k->captures = flow_piece(w, view, sizeof *k->captures);
        if (k && k->captures)
            keep_one(k->captures, &w->captures[i]);
    }
}

bool capture_value(const struct match_capture *all, uint32_t id, struct str *out)
{
    for (uint32_t i = 0; all && i < all->count; i++)
        if (all->items[i].variable_id == id) {
            *out = str_of(all->items[i].bytes, all->items[i].len);
            return true;
        }
    return false;
}

void entropy_keep(struct match_worker *w, const struct match_view *view, uint32_t buffer,
                  double value)
{
    struct match_kept *k = kept_make(w, view);
    if (k && !k->entropies)
        k->entropies = flow_piece(w, view, sizeof *k->entropies);
    struct match_entropies *all = k ? k->entropies : NULL;
    uint32_t at = 0;
    while (all && at < all->count && all->items[at].buffer != buffer)
        at++;
    if (!all || at == ENTROPIES_MAX)
        return;
    all->count += at == all->count;
    all->items[at].buffer = buffer;
    all->items[at].value = value;
}

/* ---- asking ---- */

const char *match_flowbit_name(const struct match_image *image, const struct match_flow *mf,
                               uint32_t index)
{
    if (mf->bits_of != image->id)
        return NULL;
    for (uint32_t i = 0; i < image->set->flowbit_count && i / 64 < mf->flowbit_words; i++)
        if ((mf->flowbits[i / 64] >> (i % 64) & 1) && index-- == 0)
            return image->set->flowbit_names[i];
    return NULL;
}

bool match_packet_capture(const struct match_image *image, const struct match_capture *all,
                          uint32_t index, const char **name, struct str *value)
{
    if (!all || index >= all->count || all->items[index].variable_id >= image->set->capture_count)
        return false;
    *name = image->set->capture_names[all->items[index].variable_id];
    *value = str_of(all->items[index].bytes, all->items[index].len);
    return true;
}

bool match_flow_capture(const struct match_image *image, const struct match_flow *mf,
                        uint32_t index, const char **name, struct str *value)
{
    return mf->bits_of == image->id && mf->kept &&
           match_packet_capture(image, mf->kept->captures, index, name, value);
}

bool match_flow_int(const struct match_image *image, const struct match_flow *mf, uint32_t index,
                    const char **name, int64_t *value)
{
    const struct match_kept *k = mf->kept;
    if (mf->bits_of != image->id || !k)
        return false;
    for (uint32_t i = 0; i < k->flowint_count && i < image->set->flowint_count; i++)
        if (k->flowint_set[i] && index-- == 0) {
            *name = image->set->flowint_names[i];
            *value = k->flowints[i];
            return true;
        }
    return false;
}

bool match_flow_entropy(const struct match_image *image, const struct match_flow *mf,
                        uint32_t index, const char **buffer, double *value)
{
    const struct match_entropies *all = mf->kept ? mf->kept->entropies : NULL;
    if (mf->bits_of != image->id || !all || index >= all->count)
        return false;
    uint32_t id = all->items[index].buffer;
    *buffer = id < image->fields->count ? image->fields->entries[id].name : "content";
    *value = all->items[index].value;
    return true;
}

bool match_flow_says(const struct match_image *image, const struct match_flow *mf)
{
    const char *name;
    struct str text;
    int64_t number;
    double entropy;
    return match_flowbit_name(image, mf, 0) || match_flow_capture(image, mf, 0, &name, &text) ||
           match_flow_int(image, mf, 0, &name, &number) ||
           match_flow_entropy(image, mf, 0, &name, &entropy);
}
