/* A whole rule file, then threshold.config behind a NUL byte: whatever stands there, each line becomes a rule, a refusal or
 * nothing, and what became a rule keeps the promises of rule.h. */
#include "engine/rule/fields_double.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_buffer(const struct rule_buffer *b, unsigned *fast)
{
    bool found = false;
    if (!b->items || b->transform_count > RULE_TRANSFORMS_MAX)
        abort();
    for (const struct rule_item *i = b->items; i; i = i->next) {
        found |= i == b->fast;
        if (i->kind == RULE_CONTENT && i->content.bytes.len == 0)
            abort();
        if (i->kind == RULE_PCRE && !i->pcre.code)
            abort();
    }
    if (b->fast && (!found || b->fast->kind != RULE_CONTENT || b->fast->content.negated))
        abort();
    *fast += b->fast != NULL;
}

static void check_rule(const struct rule *r)
{
    unsigned fast = 0;
    for (const struct rule_buffer *b = r->buffers; b; b = b->next)
        check_buffer(b, &fast);
    if (fast > 1 || !r->sid || !r->message || !r->class_name || !r->text || !r->dirs || !r->src ||
        !r->dst_ports)
        abort();
    if (r->src->count == 0 || r->dst->count == 0 || r->src_ports->count == 0 ||
        r->dst_ports->count == 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct field_table fields;
    struct err err;
    if (!fields.count && field_table_init(&fields, &double_list, 1, &err) < 0)
        abort();
    const struct rule_names names = {&fields,          double_app_event, double_event, double_event,
                                     double_app_state, double_app_frame, NULL};
    struct rule_loader *l = rule_loader_new(&names, NULL, &err);
    if (!l)
        abort();
    struct str thresholds = str_of(data, size);
    struct str rules = str_split(&thresholds, 0);
    struct rule_set *s = NULL;
    if (rule_load_text(l, rules, "fuzz.rules", &err) == 0 &&
        rule_load_thresholds(l, thresholds, "threshold.config", &err) == 0)
        s = rule_loader_take(l);
    for (uint32_t i = 0; s && i < s->count; i++)
        check_rule(s->rules[i]);
    rule_set_free(s);
    rule_loader_free(l);
    return 0;
}
