/* Building an image: compile rules, choose literals, build databases, deal what is left to groups and plans. All of it is
 * done aside, once per rule update, and may take a second or two; nothing of it is touched afterwards. */
#include "engine/match/image.h"

#include "engine/match/compile.h"
#include "engine/match/dataset.h"

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
    int rc = match_payload_build(image, literal_of, err);
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
