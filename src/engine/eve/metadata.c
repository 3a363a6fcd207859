/* What rules have said of a flow: its flowbits, the values they have kept, and labels of traffic ("traffic/id/mozilla"). */
#include "engine/eve/part.h"

#include <stdio.h>
#include <stdlib.h>

static const char *const prefixes[] = {"traffic/id/", "traffic/label/"};

static const char *nth_bit(const struct eve_event *event, uint32_t index)
{
    return match_flowbit_name(event->image, event->flow_rules, index);
}

static bool is_label(const char *name)
{
    for (size_t k = 0; k < ARRAY_COUNT(prefixes); k++)
        if (str_starts(str_c(name), str_c(prefixes[k])))
            return true;
    return false;
}

/* Labels of traffic are told by themselves. */
static void add_flowbits(const struct eve_event *event, struct json *out)
{
    const char *name;
    bool begun = false;
    for (uint32_t i = 0; (name = nth_bit(event, i)); i++) {
        if (is_label(name))
            continue;
        if (!begun)
            json_array(out, "flowbits");
        begun = true;
        json_text(out, NULL, name);
    }
    if (begun)
        json_end_array(out);
}

static void add_captures(const struct eve_event *event, struct json *out)
{
    const char *name;
    struct str value;
    if (!match_flow_capture(event->image, event->flow_rules, 0, &name, &value))
        return;
    json_array(out, "flowvars");
    for (uint32_t i = 0; match_flow_capture(event->image, event->flow_rules, i, &name, &value);
         i++) {
        json_object(out, NULL);
        json_bytes(out, name, value);
        json_end_object(out);
    }
    json_end_array(out);
}

static void add_variables(const struct eve_event *event, struct json *out)
{
    const char *name;
    struct str value;
    if (!match_packet_capture(event->image, event->variables, 0, &name, &value))
        return;
    json_array(out, "pktvars");
    for (uint32_t i = 0; match_packet_capture(event->image, event->variables, i, &name, &value);
         i++) {
        json_object(out, NULL);
        json_bytes(out, name, value);
        json_end_object(out);
    }
    json_end_array(out);
}

static void add_flowints(const struct eve_event *event, struct json *out)
{
    const char *name;
    int64_t value;
    if (!match_flow_int(event->image, event->flow_rules, 0, &name, &value))
        return;
    json_object(out, "flowints");
    for (uint32_t i = 0; match_flow_int(event->image, event->flow_rules, i, &name, &value); i++)
        json_int(out, name, value);
    json_end_object(out);
}

/* "file.data" as "file_data", payload as "content". */
static void add_entropies(const struct eve_event *event, struct json *out)
{
    const char *buffer;
    double value;
    if (!match_flow_entropy(event->image, event->flow_rules, 0, &buffer, &value))
        return;
    json_object(out, "entropy");
    for (uint32_t i = 0; match_flow_entropy(event->image, event->flow_rules, i, &buffer, &value);
         i++) {
        char name[64];
        snprintf(name, sizeof name, "%s", buffer);
        for (char *c = name; *c; c++)
            if (*c == '.')
                *c = '_';
        json_double(out, name, value);
    }
    json_end_object(out);
}

static void add_label(const char *name, size_t which, struct json *out, bool *begun)
{
    static const char *const keys[] = {"id", "label"};
    if (!str_starts(str_c(name), str_c(prefixes[which])))
        return;
    if (!*begun)
        json_array(out, keys[which]);
    *begun = true;
    json_text(out, NULL, name + strlen(prefixes[which]));
}

static bool has_labels(const struct eve_event *event)
{
    const char *name;
    for (uint32_t i = 0; (name = nth_bit(event, i)); i++)
        if (is_label(name))
            return true;
    return false;
}

static void add_traffic(const struct eve_event *event, struct json *out)
{
    const char *name;
    if (!has_labels(event))
        return;
    json_object(out, "traffic");
    for (size_t k = 0; k < ARRAY_COUNT(prefixes); k++) {
        bool begun = false;
        for (uint32_t i = 0; (name = nth_bit(event, i)); i++)
            add_label(name, k, out, &begun);
        if (begun)
            json_end_array(out);
    }
    json_end_object(out);
}

void part_metadata(const struct eve_event *event, struct json *out)
{
    if (!event->image)
        return;
    bool of_flow = event->flow_rules && match_flow_says(event->image, event->flow_rules);
    if (of_flow || (event->variables && event->variables->count)) {
        json_object(out, "metadata");
        if (of_flow) {
            add_flowbits(event, out);
            add_captures(event, out);
            add_flowints(event, out);
            add_entropies(event, out);
        }
        add_variables(event, out);
        json_end_object(out);
    }
    if (event->flow_rules)
        add_traffic(event, out);
}
