/* EVE's "dnp3". Members, their order and their types are those of Suricata 8. */
#include "engine/app/dnp3/fragment.h"

/* Section 4.2.2.6, the first byte high, in the order of the record. */
const struct number_word dnp3_indications[] = {
    {"device_restart", 0x8000},
    {"device_trouble", 0x4000},
    {"local_control", 0x2000},
    {"need_time", 0x1000},
    {"class_3_events", 0x0800},
    {"class_2_events", 0x0400},
    {"class_1_events", 0x0200},
    {"all_stations", 0x0100},
    {"reserved_1", 0x0080},
    {"reserved_2", 0x0040},
    {"config_corrupt", 0x0020},
    {"already_executing", 0x0010},
    {"event_buffer_overflow", 0x0008},
    {"parameter_error", 0x0004},
    {"object_unknown", 0x0002},
    {"no_func_code_support", 0x0001},
    {NULL, 0},
};

static void log_link(const struct dnp3_tx *dnp3, struct json *out)
{
    json_object(out, "control");
    json_bool(out, "dir", dnp3->control & DNP3_LINK_DIR);
    json_bool(out, "pri", dnp3->control & DNP3_LINK_PRIMARY);
    json_bool(out, "fcb", dnp3->control & DNP3_LINK_FCB);
    json_bool(out, "fcv", dnp3->control & DNP3_LINK_FCV);
    json_uint(out, "function_code", dnp3->control & DNP3_LINK_FUNCTION);
    json_end_object(out);
    json_uint(out, "src", dnp3->src);
    json_uint(out, "dst", dnp3->dst);
}

/* Negative numbers too are written as Suricata does it: as numbers of 64 bits without a sign. */
static void log_value(const struct dnp3_value *value, struct json *out)
{
    const char *name = value->part->name;
    switch (value->part->kind) {
    case DNP3_BITS:
    case DNP3_UINT:
    case DNP3_INT:
    case DNP3_LENGTH: json_uint(out, name, value->number); break;
    case DNP3_REAL: json_double(out, name, value->real); break;
    case DNP3_TEXT:
    case DNP3_TEXT_REST: json_bytes(out, name, value->bytes); break;
    case DNP3_BLOB:
    case DNP3_BLOB_REST: json_base64(out, name, value->bytes); break;
    }
}

static void log_point(const struct dnp3_layout *layout, const struct dnp3_point *point,
                      struct json *out)
{
    struct dnp3_values values = dnp3_values_of(layout, point);
    struct dnp3_value value;
    json_object(out, NULL);
    json_uint(out, "prefix", point->prefix);
    json_uint(out, "index", point->index);
    if (point->sized)
        json_uint(out, "size", point->prefix);
    while (dnp3_next_value(&values, &value))
        log_value(&value, out);
    json_end_object(out);
}

/* Walks over all points, and writes `*room` of them. */
static void log_points(const struct dnp3_object *o, struct reader *r, uint32_t *room,
                       struct json *out)
{
    struct dnp3_points points = {.object = o, .layout = dnp3_layout_find(o->group, o->variation)};
    struct dnp3_point point;
    bool any = false;
    while (points.layout && dnp3_next_point(&points, r, &point)) {
        if (!*room)
            continue;
        if (!any)
            json_array(out, "points");
        any = true;
        --*room;
        log_point(points.layout, &point, out);
    }
    if (any)
        json_end_array(out);
    r->bad |= !points.layout;
}

static void log_object(const struct dnp3_object *o, struct json *out)
{
    json_uint(out, "group", o->group);
    json_uint(out, "variation", o->variation);
    json_uint(out, "qualifier", o->qualifier);
    json_uint(out, "prefix_code", dnp3_prefix_code(o));
    json_uint(out, "range_code", dnp3_range_code(o));
    json_uint(out, "start", o->start);
    json_uint(out, "stop", o->stop);
    json_uint(out, "count", o->count);
}

/* Those that were noted; of the last one the points, when there are too many, are not looked at. */
static void log_objects(const struct dnp3_tx *dnp3, struct str objects, uint32_t points_max,
                        struct json *out)
{
    struct reader r = reader_of(objects);
    struct dnp3_object o;
    uint32_t room = DNP3_POINTS_LOGGED;
    uint64_t points = 0;
    if (!dnp3->object_count)
        return;
    json_array(out, "objects");
    for (uint32_t i = 0; i < dnp3->object_count && dnp3_next_object(&r, &o); i++) {
        json_object(out, NULL);
        log_object(&o, out);
        points += dnp3_has_points(&o) ? o.count : 0;
        if (dnp3_has_points(&o) && points <= points_max)
            log_points(&o, &r, &room, out);
        json_end_object(out);
    }
    json_end_array(out);
}

static void log_indications(uint16_t bits, struct json *out)
{
    json_object(out, "iin");
    if (bits) {
        json_array(out, "indicators");
        for (const struct number_word *w = dnp3_indications; w->name; w++)
            if (bits & w->number)
                json_text(out, NULL, w->name);
        json_end_array(out);
    }
    json_end_object(out);
}

static void log_application(const struct dnp3_tx *dnp3, const struct dnp3_head *head,
                            const struct app_conf *conf, struct json *out)
{
    json_object(out, "application");
    json_object(out, "control");
    json_bool(out, "fir", head->control & DNP3_APP_FIRST);
    json_bool(out, "fin", head->control & DNP3_APP_FINAL);
    json_bool(out, "con", head->control & DNP3_APP_CONFIRM);
    json_bool(out, "uns", head->control & DNP3_APP_UNSOLICITED);
    json_uint(out, "sequence", head->control & DNP3_APP_SEQUENCE);
    json_end_object(out);
    json_uint(out, "function_code", head->function);
    log_objects(dnp3, head->objects, conf->dnp3_points_max, out);
    json_bool(out, "complete", dnp3->whole);
    json_end_object(out);
}

static const char *type_of(const struct dnp3_tx *dnp3, const struct dnp3_head *head)
{
    if (dnp3->dir == DIR_TOSERVER)
        return "request";
    return head->function == DNP3_UNSOLICITED_RESPONSE ? "unsolicited_response" : "response";
}

bool dnp3_log_wants(const struct tx *tx, const struct app_log *log)
{
    (void)log;
    return dnp3_tx_of(tx)->told;
}

/* In an alert Suricata says which of both it is by one object more. */
void dnp3_log(const struct tx *tx, const struct app_conf *conf, struct json *out)
{
    const struct dnp3_tx *dnp3 = dnp3_tx_of(tx);
    struct dnp3_head head;
    if (!dnp3->told || !dnp3_read_head(dnp3, &head))
        return;
    if (conf->log.in_other)
        json_object(out, dnp3->dir == DIR_TOSERVER ? "request" : "response");
    json_text(out, "type", type_of(dnp3, &head));
    log_link(dnp3, out);
    log_application(dnp3, &head, conf, out);
    if (dnp3->dir == DIR_TOCLIENT)
        log_indications(head.indications, out);
    if (conf->log.in_other)
        json_end_object(out);
}
