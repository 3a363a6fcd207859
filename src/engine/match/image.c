/* Building an image: compile rules, choose literals, build databases, deal what is left to groups and plans. All of it is
 * done aside, once per rule update, and may take a second or two; nothing of it is touched afterwards. */
#include "engine/match/image.h"

#include "engine/match/compile.h"
#include "engine/match/dataset.h"
#include "engine/match/literal.h"
#include "engine/match/near.h"

#include "base/hash.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <malloc.h>
#include <pcre2.h>
#include <stdlib.h>
#include <string.h>

/* A database is larger than this, and so gets a block of just its size. */
#define DATABASE_BLOCK_BYTES 64

void match_image_speed_up(struct match_image *image)
{
    for (uint32_t i = 0; i < image->set->code_count; i++) {
        size_t bytes = 0, jit_bytes = 0;
        void *code = image->set->codes[i];
        /* without JIT (no executable pages) the interpreter gives the same answers, slower */
        (void)pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);
        (void)pcre2_pattern_info(code, PCRE2_INFO_SIZE, &bytes);
        (void)pcre2_pattern_info(code, PCRE2_INFO_JITSIZE, &jit_bytes);
        image->stats.bytes += (image->set->memory ? 0 : bytes) + jit_bytes;
    }
}

static int compile_rules(struct match_image *image)
{
    struct compile c = {.image = image};
    vec_init(&c.slots, sizeof(struct match_slot));
    image->count = image->set->count;
    image->rules = arena_zalloc(&image->arena, ((size_t)image->count + 1) * sizeof *image->rules);
    int rc = image->rules ? 0 : -1;
    for (uint32_t i = 0; rc == 0 && i < image->count; i++) {
        rc = compile_rule(&c, image->set->rules[i], &image->rules[i]);
        image->stats.never += image->rules[i].never;
    }
    image->slot_count = (uint32_t)c.slots.count;
    image->slots = arena_zalloc(&image->arena, (c.slots.count + 1) * sizeof *image->slots);
    if (rc == 0 && image->slots)
        for (size_t i = 0; i < c.slots.count; i++)
            image->slots[i] = *(struct match_slot *)vec_at(&c.slots, i);
    else
        rc = -1;
    vec_fini(&c.slots);
    if (rc == 0 && !image->set->memory)
        match_image_speed_up(image);
    return rc;
}

static void demand(struct match_image *image)
{
    for (uint32_t i = 0; i < image->slot_count; i++)
        if (image->slots[i].entry)
            field_mask_add(&image->demand, image->slots[i].source->buffer);
    for (uint32_t i = 0; i < image->count; i++)
        for (const struct rule_check *c = image->rules[i].rule->checks; c; c = c->next) {
            uint32_t id = match_check_field(image, c);
            if (id < image->fields->count)
                field_mask_add(&image->demand, id);
        }
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
    enum match_l4 l4;
    enum dir dir;
    enum payload_kind kind;
    const struct match_scan **scan;
    const struct match_near **near; /* NULL: bytes of a stream have no first ones */
};

/* Of each rule the literal, in the first bytes where it can lie there alone. */
static int collect(struct match_image *image, const int8_t *literal_of,
                   const struct payload_scan *which, struct literal_set *set, struct near_set *near)
{
    for (uint32_t i = 0; i < image->count; i++) {
        const struct match_rule *mr = &image->rules[i];
        struct near_place place;
        if (literal_of[i] < 0 || !(mr->rule->dirs & DIR_BIT(which->dir)) ||
            !wants_scan(mr, which->l4, which->kind))
            continue;
        bool is_near = which->near && near->items.count < NEAR_RULES_MAX;
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
    if (rc == 0 && which->near)
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

static int payload_scans(struct match_image *image, const int8_t *literal_of, struct err *err)
{
    for (int d = 0; d < DIR_COUNT; d++) {
        enum dir dir = (enum dir)d;
        const struct payload_scan all[] = {
            {MATCH_TCP, dir, PAYLOAD_PACKET, &image->packets[MATCH_TCP][dir].scan,
             &image->packets[MATCH_TCP][dir].near},
            {MATCH_UDP, dir, PAYLOAD_PACKET, &image->packets[MATCH_UDP][dir].scan,
             &image->packets[MATCH_UDP][dir].near},
            {MATCH_OTHER, dir, PAYLOAD_PACKET, &image->packets[MATCH_OTHER][dir].scan,
             &image->packets[MATCH_OTHER][dir].near},
            {MATCH_TCP, dir, PAYLOAD_ACCEPTED, &image->accepted[dir].scan,
             &image->accepted[dir].near},
            {MATCH_TCP, dir, PAYLOAD_STREAM, &image->stream_scans[dir], NULL},
        };
        for (size_t i = 0; i < ARRAY_COUNT(all); i++)
            if (build_payload_scan(image, literal_of, &all[i], err) < 0)
                return -1;
    }
    return 0;
}

int match_image_add_scan(struct match_image *image, struct match_scan *scan)
{
    if (!scan)
        return 0;
    if (image->scan_count == image->scan_cap) {
        uint32_t cap = image->scan_cap ? 2 * image->scan_cap : 64;
        struct match_scan **grown = arena_alloc(&image->arena, cap * sizeof *grown);
        if (!grown)
            return -1;
        if (image->scan_count)
            memcpy(grown, image->scans, image->scan_count * sizeof *grown);
        image->scans = grown;
        image->scan_cap = cap;
    }
    image->scans[image->scan_count++] = scan;
    image->stats.databases++;
    return 0;
}

static int load_datasets(struct match_image *image)
{
    const struct rule_set *set = image->set;
    image->datasets =
        arena_zalloc(&image->arena, ((size_t)set->dataset_count + 1) * sizeof *image->datasets);
    if (!image->datasets)
        return -1;
    for (uint32_t i = 0; i < set->dataset_count; i++) {
        bool unread;
        image->datasets[i] = dataset_new(&set->datasets[i], &image->arena, &unread);
        if (!image->datasets[i])
            return -1;
        image->stats.datasets_unread += unread;
    }
    return 0;
}

static int build(struct match_image *image, struct err *err)
{
    if (compile_rules(image) < 0 || match_classes_build(image) < 0 || load_datasets(image) < 0)
        return err_set(err, "no memory for %u rules", image->set->count);
    demand(image);
    int8_t *literal_of = malloc((size_t)image->count + 1);
    if (!literal_of)
        return err_set(err, "no memory for %u rules", image->set->count);
    choose_payload_literals(image, literal_of);
    int rc = payload_scans(image, literal_of, err);
    if (rc == 0 && match_groups_build(image, literal_of) < 0)
        rc = err_set(err, "no memory for the groups of %u rules", image->count);
    free(literal_of);
    if (rc == 0)
        rc = match_plans_build(image, err);
    return rc;
}

struct match_image *match_image_new(struct rule_set *rules, const struct field_table *fields,
                                    struct err *err)
{
    return match_image_new_with(rules, fields, NULL, err);
}

struct match_image *match_image_new_with(struct rule_set *rules, const struct field_table *fields,
                                         const struct match_keeper *keeper, struct err *err)
{
    struct arena *memory = rules->memory;
    struct match_image *image =
        memory ? arena_zalloc(memory, sizeof *image) : calloc(1, sizeof *image);
    if (!image) {
        rule_set_free(rules);
        err_set(err, "no memory for a rule image");
        return NULL;
    }
    arena_init_in(&image->arena, memory, 1 << 20, 0);
    arena_init_in(&image->databases, memory, DATABASE_BLOCK_BYTES, 0);
    hash_random(&image->id, sizeof image->id);
    image->set = rules;
    image->fields = fields;
    image->keeper = keeper;
    image->file_size_field = field_find(fields, STR_LIT("file.size"));
    image->file_part_field = field_find(fields, STR_LIT("file.size_so_far"));
    image->file_name_field = field_find(fields, STR_LIT("file.name"));
    image->dce_order_field = field_find(fields, STR_LIT("dcerpc.little_endian"));
    image->file_hash_fields[0] = field_find(fields, STR_LIT("file.md5"));
    image->file_hash_fields[1] = field_find(fields, STR_LIT("file.sha1"));
    image->file_hash_fields[2] = field_find(fields, STR_LIT("file.sha256"));
    int rc = build(image, err);
    image->keeper = NULL;
    image->made = NULL;
    if (rc < 0) {
        match_image_free(image);
        return NULL;
    }
    /* the compiler of databases leaves 100 MB behind in the heap: given back before flows need theirs */
    malloc_trim(0);
    image->stats.rules = image->count;
    image->stats.bytes += sizeof *image + image->arena.used_bytes + image->databases.used_bytes +
                          rules->arena.used_bytes;
    return image;
}

void match_image_free(struct match_image *image)
{
    if (!image)
        return;
    bool shared = image->set->memory;
    rule_set_free(image->set);
    if (shared)
        return; /* it goes with its memory, which may be read-only by now */
    arena_fini(&image->databases);
    arena_fini(&image->arena);
    free(image);
}

const struct rule_set *match_image_rules(const struct match_image *image)
{
    return image->set;
}

const struct field_mask *match_image_demand(const struct match_image *image)
{
    return &image->demand;
}

bool match_image_wants(const struct match_image *image, const char *field)
{
    uint32_t id = field_find(image->fields, str_c(field));
    return id != FIELD_NONE && field_mask_has(&image->demand, id);
}

void match_image_stats(const struct match_image *image, struct match_image_stats *out)
{
    *out = image->stats;
}

bool match_wants_stream(const struct match_image *image, const struct flow *flow, enum dir dir,
                        enum app_proto proto)
{
    const struct match_group *g = match_group_find(image, MATCH_TCP, dir, flow->server_port);
    uint64_t wanted = g->stream_protos | image->stream_literal_protos[dir];
    /* a protocol that is not known yet may become any */
    return proto == APP_UNKNOWN ? wanted != 0 : wanted >> proto & 1;
}
