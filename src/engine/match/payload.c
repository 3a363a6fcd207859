/* The scans of payload: of packets, of packets that the stream has taken in, of the stream.
 *
 * Most traffic of a firm goes to few ports and speaks the protocol that is at home there. Each of these is a lane with scans of its
 * own, which look for the literals alone of rules that can hold there; all other traffic goes by lane 0, whose scans look for
 * all. A literal that is not looked for is one whose rules the header check would throw out. */
#include "engine/match/compile.h"
#include "engine/match/literal.h"
#include "engine/match/near.h"
#include "engine/match/worker.h"

#include <stdlib.h>

static const struct lane {
    enum match_l4 l4;
    uint16_t port;
    enum app_proto proto;
} lanes[MATCH_LANES] = {
    {MATCH_OTHER, 0, APP_UNKNOWN}, /* all others */
    {MATCH_UDP, 53, APP_DNS},      {MATCH_UDP, 443, APP_QUIC}, {MATCH_TCP, 80, APP_HTTP1},
    {MATCH_TCP, 443, APP_TLS},     {MATCH_TCP, 445, APP_SMB},  {MATCH_TCP, 25, APP_SMTP},
};

const struct match_lane *match_lane_of(const struct match_image *image, const struct header *h,
                                       enum app_proto proto)
{
    uint16_t port = h->dir == DIR_TOSERVER ? h->dst_port : h->src_port;
    for (int i = 1; i < MATCH_LANES; i++)
        if (lanes[i].proto == proto && lanes[i].port == port && lanes[i].l4 == h->l4)
            return &image->lanes[i];
    return &image->lanes[0];
}

/* Can the rule hold on a packet or bytes of this lane? */
static bool goes_by(const struct rule *r, const struct lane *lane, enum dir dir)
{
    if (lane == &lanes[0])
        return true;
    return (!r->app_mask || r->app_mask >> lane->proto & 1) &&
           match_rule_covers(r, dir, lane->port);
}

static bool is_payload(const struct match_buffer *b, void *arg)
{
    return b->place == PLACE_PAYLOAD;
}

enum payload_kind { PAYLOAD_PACKET, PAYLOAD_STREAM, PAYLOAD_ACCEPTED };

/* Which payload scans a rule's literal goes into. What the stream has taken in is scanned there; of the packet only those
 * rules are asked that mean packets. */
static bool wants_scan(const struct match_rule *mr, enum match_l4 l4, enum payload_kind kind)
{
    static const uint8_t bits[MATCH_L4S] = {RULE_L4_TCP, RULE_L4_UDP,
                                            RULE_L4_ICMP4 | RULE_L4_ICMP6 | RULE_L4_OTHER};
    if (!(mr->rule->l4 & bits[l4]))
        return false;
    if (mr->mixed)
        return kind != PAYLOAD_ACCEPTED;
    if (kind == PAYLOAD_STREAM)
        return mr->looks & LOOK_STREAM;
    if (!(mr->looks & LOOK_PACKET))
        return false;
    return kind == PAYLOAD_PACKET || !(mr->looks & LOOK_STREAM) || mr->packet_too;
}

/* One of the payload scans: which, and where it goes. */
struct payload_scan {
    const struct lane *lane;
    enum match_l4 l4;
    enum dir dir;
    enum payload_kind kind;
    const struct match_scan **scan;
    const struct match_near **near;
};

/* Of each rule the literal, in the first bytes where it can lie there alone. */
static int collect(struct match_image *image, const int8_t *literal_of,
                   const struct payload_scan *which, struct literal_set *set, struct near_set *near)
{
    for (uint32_t i = 0; i < image->count; i++) {
        const struct match_rule *mr = &image->rules[i];
        struct near_place place;
        if (literal_of[i] < 0 || !(mr->rule->dirs & DIR_BIT(which->dir)) ||
            !wants_scan(mr, which->l4, which->kind) || !goes_by(mr->rule, which->lane, which->dir))
            continue;
        bool is_near = near->items.count < NEAR_RULES_MAX;
        int rc = is_near && near_place_of(mr, &place)
                     ? near_set_add(near, &place, i)
                     : literal_set_add(set, mr->buffers[literal_of[i]].fast, i);
        if (rc < 0)
            return -1;
    }
    return 0;
}

static int build_payload_scan(struct match_image *image, const int8_t *literal_of,
                              const struct payload_scan *which, struct err *err)
{
    struct literal_set set;
    struct near_set near;
    literal_set_init(&set);
    near_set_init(&near);
    int rc = collect(image, literal_of, which, &set, &near);
    if (rc == 0)
        rc = near_build(&near, &image->arena, which->near);
    struct match_scan *scan = NULL;
    if (rc < 0)
        err_set(err, "no memory for literals of payload");
    else
        rc = literal_set_build(&set, image, &scan, err);
    literal_set_fini(&set);
    near_set_fini(&near);
    if (rc == 0 && (rc = match_image_add_scan(image, scan)) < 0)
        err_set(err, "no memory for a scan");
    *which->scan = scan;
    return rc;
}

static void choose_payload_literals(struct match_image *image, int8_t *literal_of)
{
    for (uint32_t i = 0; i < image->count; i++) {
        const struct match_rule *mr = &image->rules[i];
        bool looks_at_payload = mr->has_payload && !mr->never && !mr->by_event;
        literal_of[i] = looks_at_payload ? (int8_t)compile_choose(mr, is_payload, NULL) : -1;
        if (looks_at_payload && literal_of[i] < 0)
            image->stats.without_literal++;
        for (int dir = 0; dir < DIR_COUNT; dir++)
            if (literal_of[i] >= 0 && wants_scan(mr, MATCH_TCP, PAYLOAD_STREAM) &&
                (mr->rule->dirs & DIR_BIT(dir)))
                image->stream_literal_protos[dir] |=
                    mr->rule->app_mask ? mr->rule->app_mask : ~UINT64_C(0);
    }
}

/* Packets of TCP that no stream takes in are too few for scans of their own. */
static bool has_scan(const struct payload_scan *which)
{
    return which->lane == &lanes[0] || (which->l4 == which->lane->l4 &&
                                        !(which->l4 == MATCH_TCP && which->kind == PAYLOAD_PACKET));
}

static int build_lane(struct match_image *image, const int8_t *literal_of, int number, enum dir dir,
                      struct err *err)
{
    struct match_lane *to = &image->lanes[number];
    const struct lane *lane = &lanes[number];
    const struct payload_scan all[] = {
        {lane, MATCH_TCP, dir, PAYLOAD_PACKET, &to->packets[MATCH_TCP][dir].scan,
         &to->packets[MATCH_TCP][dir].near},
        {lane, MATCH_UDP, dir, PAYLOAD_PACKET, &to->packets[MATCH_UDP][dir].scan,
         &to->packets[MATCH_UDP][dir].near},
        {lane, MATCH_OTHER, dir, PAYLOAD_PACKET, &to->packets[MATCH_OTHER][dir].scan,
         &to->packets[MATCH_OTHER][dir].near},
        {lane, MATCH_TCP, dir, PAYLOAD_ACCEPTED, &to->accepted[dir].scan, &to->accepted[dir].near},
        {lane, MATCH_TCP, dir, PAYLOAD_STREAM, &to->stream[dir].scan, &to->stream[dir].near},
    };
    for (size_t i = 0; i < ARRAY_COUNT(all); i++)
        if (has_scan(&all[i]) && build_payload_scan(image, literal_of, &all[i], err) < 0)
            return -1;
    return 0;
}

int match_payload_build(struct match_image *image, int8_t *literal_of, struct err *err)
{
    choose_payload_literals(image, literal_of);
    for (int lane = 0; lane < MATCH_LANES; lane++)
        for (enum dir dir = 0; dir < DIR_COUNT; dir++)
            if (build_lane(image, literal_of, lane, dir, err) < 0)
                return -1;
    return 0;
}
