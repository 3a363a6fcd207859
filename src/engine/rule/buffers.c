/* The chain of buffers of a rule and the items in each, while the rule is being read.
 *
 * A sticky buffer says where the following items look; coming back to it goes on with the same chain, so that a relative
 * item sees what was matched before. Buffers with several values (multi) begin anew each time they are named: each naming
 * may be satisfied by another value. */
#include "engine/rule/build.h"

int build_select(struct build *b, uint32_t buffer, bool multi)
{
    if (b->sticky_chosen && !b->buffer)
        return build_refuse(b, "the sticky buffer before it has nothing to look for");
    b->sticky = buffer;
    b->sticky_chosen = buffer != RULE_BUFFER_PAYLOAD;
    b->sticky_multi = multi;
    b->sticky_side = 0;
    b->buffer = NULL;
    b->transform_count = 0;
    return 0;
}

bool rule_transforms_equal(const struct rule_transform *a, const struct rule_transform *b,
                           uint8_t count)
{
    for (uint8_t i = 0; i < count; i++)
        if (a[i].kind != b[i].kind || a[i].number != b[i].number || a[i].number2 != b[i].number2 ||
            a[i].mode != b[i].mode || !str_eq(a[i].argument, b[i].argument))
            return false;
    return true;
}

static struct rule_buffer *buffer_new(struct build *b, uint32_t id, const struct rule_transform *t,
                                      uint8_t count)
{
    struct rule_buffer *new = arena_zalloc(b->arena, sizeof *new);
    struct rule_transform *copy = count ? arena_alloc(b->arena, count * sizeof *copy) : NULL;
    if (!new || (count && !copy)) {
        build_no_memory(b);
        return NULL;
    }
    if (count)
        memcpy(copy, t, count * sizeof *copy);
    new->buffer = id;
    new->transforms = copy;
    new->transform_count = count;
    struct rule_buffer **end = &b->rule->buffers;
    while (*end)
        end = &(*end)->next;
    *end = new;
    return new;
}

static struct rule_buffer *buffer_find(struct build *b, uint32_t id, const struct rule_transform *t,
                                       uint8_t count)
{
    for (struct rule_buffer *old = b->rule->buffers; old; old = old->next)
        if (old->buffer == id && old->transform_count == count &&
            rule_transforms_equal(old->transforms, t, count))
            return old;
    return NULL;
}

struct rule_buffer *build_buffer(struct build *b, uint32_t buffer)
{
    struct rule_buffer *old = buffer_find(b, buffer, NULL, 0);
    return old ? old : buffer_new(b, buffer, NULL, 0);
}

static void append(struct build *b, struct rule_buffer *buffer, struct rule_item *item)
{
    struct rule_item **end = &buffer->items;
    while (*end)
        end = &(*end)->next;
    *end = item;
    item->next = NULL;
    b->last = item;
    b->last_buffer = buffer;
    if (item->kind == RULE_CONTENT) {
        b->last_content = item;
        b->last_content_buffer = buffer;
    }
}

struct rule_item *build_item_in(struct build *b, struct rule_buffer *into, enum rule_item_kind kind)
{
    struct rule_item *item = into ? arena_zalloc(b->arena, sizeof *item) : NULL;
    if (!item) {
        build_no_memory(b);
        return NULL;
    }
    item->kind = kind;
    append(b, into, item);
    return item;
}

struct rule_item *build_item(struct build *b, enum rule_item_kind kind)
{
    if (!b->buffer && !b->sticky_multi)
        b->buffer = buffer_find(b, b->sticky, b->transforms, b->transform_count);
    if (b->buffer && b->buffer->side != b->sticky_side)
        b->buffer = NULL;
    if (!b->buffer)
        b->buffer = buffer_new(b, b->sticky, b->transforms, b->transform_count);
    if (b->buffer)
        b->buffer->side = b->sticky_side;
    return build_item_in(b, b->buffer, kind);
}

struct rule_item *build_item_near(struct build *b, enum rule_item_kind kind, bool relative)
{
    if (relative && !b->sticky_chosen && b->last)
        return build_item_in(b, b->last_buffer, kind);
    return build_item(b, kind);
}

static void buffer_drop(struct build *b, struct rule_buffer *buffer)
{
    for (struct rule_buffer **at = &b->rule->buffers; *at; at = &(*at)->next)
        if (*at == buffer) {
            *at = buffer->next;
            break;
        }
    if (b->buffer == buffer)
        b->buffer = NULL;
}

int build_move_content(struct build *b, uint32_t buffer)
{
    struct rule_buffer *from = b->last_content_buffer;
    if (b->sticky_chosen)
        return build_refuse(b, "it cannot follow a sticky buffer");
    if (!from || from->buffer != RULE_BUFFER_PAYLOAD)
        return build_refuse(b, "it must follow a content");
    struct rule_item *item = b->last_content;
    struct rule_item **at = &from->items;
    while (*at != item)
        at = &(*at)->next;
    *at = item->next;
    struct rule_buffer *into = build_buffer(b, buffer);
    if (!into)
        return -1;
    append(b, into, item);
    if (!from->items)
        buffer_drop(b, from);
    return 0;
}

static struct rule_check *check_new(struct build *b, struct rule_check ***end,
                                    enum rule_check_kind kind)
{
    struct rule_check *check = arena_zalloc(b->arena, sizeof *check);
    if (!check) {
        build_no_memory(b);
        return NULL;
    }
    check->kind = kind;
    check->integer.other_id = -1;
    **end = check;
    *end = &check->next;
    return check;
}

struct rule_check *build_check(struct build *b, enum rule_check_kind kind)
{
    return check_new(b, &b->checks_end, kind);
}

struct rule_check *build_act(struct build *b, enum rule_check_kind kind)
{
    return check_new(b, &b->acts_end, kind);
}

uint32_t build_field(struct build *b, struct str name)
{
    uint32_t id = field_find(b->loader->names->fields, name);
    if (id == FIELD_NONE)
        build_refuse(b, "keyword %s is not supported", b->keyword);
    return id;
}
