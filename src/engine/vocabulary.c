#include "engine/conversation.h"

#include <assert.h>
#include <stdlib.h>

struct engine_vocabulary {
    struct field_table fields;
    struct rule_names names;
};

static bool is_named(const struct app_event_desc *event, struct str name)
{
    struct str names = event->name ? str_c(event->name) : STR_EMPTY;
    while (names.len)
        if (str_eq_nocase(str_split(&names, ' '), name))
            return true;
    return false;
}

/* "http.missing_host_header": the parser's name, then its event's; or an event of the search for the protocol, which goes
 * with any. */
static int find_app_event(struct str name, uint64_t *app_mask)
{
    int detection = app_detect_event_find(name);
    if (detection >= 0)
        return detection;
    struct str event = name;
    uint64_t mask = app_proto_mask(str_split(&event, '.'));
    for (size_t i = 0; i < engine_parsers.count; i++) {
        const struct app_parser *parser = engine_parsers.rows[i];
        if (!(mask >> parser->proto & 1))
            continue;
        for (uint32_t k = 0; k < parser->event_count; k++) {
            if (!is_named(&parser->events[k], event))
                continue;
            *app_mask = UINT64_C(1) << parser->proto;
            if (parser->becomes)
                *app_mask |= UINT64_C(1) << parser->becomes;
            return (int)k;
        }
    }
    return -1;
}

static int find_decode_event(struct str name)
{
    enum packet_event event = packet_event_find(name);
    return event == PACKET_EVENT_NONE ? -1 : (int)event;
}

static int find_stream_event(struct str name)
{
    enum stream_event event = stream_event_find(name);
    return event == STREAM_EVENT_NONE ? -1 : (int)event;
}

static uint8_t find_app_l4(uint64_t protos)
{
    uint8_t l4 = 0;
    for (size_t i = 0; i < engine_parsers.count; i++) {
        const struct app_parser *parser = engine_parsers.rows[i];
        if (protos >> parser->proto & 1)
            l4 |= (parser->tcp ? RULE_L4_TCP : 0) | (parser->udp ? RULE_L4_UDP : 0);
    }
    return l4;
}

/* States that every protocol has, then those of its parser. */
static int find_app_state(uint64_t protos, struct str name, enum dir *dir)
{
    static const struct app_state_desc all[] = {
        {"request_started", DIR_TOSERVER, 0},
        {"request_complete", DIR_TOSERVER, TX_COMPLETE},
        {"response_started", DIR_TOCLIENT, 0},
        {"response_complete", DIR_TOCLIENT, TX_COMPLETE},
    };
    for (size_t i = 0; i < ARRAY_COUNT(all); i++)
        if (str_eq(name, str_c(all[i].name))) {
            *dir = all[i].dir;
            return all[i].progress;
        }
    for (size_t i = 0; i < engine_parsers.count; i++) {
        const struct app_parser *parser = engine_parsers.rows[i];
        if (protos != UINT64_C(1) << parser->proto)
            continue;
        for (uint32_t k = 0; k < parser->state_count; k++)
            if (str_eq(name, str_c(parser->states[k].name))) {
                *dir = parser->states[k].dir;
                return parser->states[k].progress;
            }
    }
    return -1;
}

static int frame_of(uint64_t protos, struct str name)
{
    for (size_t i = 0; i < engine_parsers.count; i++) {
        const struct app_parser *parser = engine_parsers.rows[i];
        if (!(protos >> parser->proto & 1))
            continue;
        if (parser->tcp && str_eq(name, STR_LIT("stream")))
            return (int)app_frame_number(parser->proto, APP_FRAME_STREAM);
        for (uint32_t k = 0; k < parser->frame_count; k++)
            if (str_eq(name, str_c(parser->frames[k].name)))
                return (int)app_frame_number(parser->proto, k);
    }
    return -1;
}

/* A frame's own name may have a dot in it ("smb2.pdu"), so the whole is tried first. */
static int find_app_frame(uint64_t protos, struct str name)
{
    int number = frame_of(protos, name);
    struct str rest = name;
    uint64_t named = app_proto_mask(str_split(&rest, '.'));
    return number >= 0 ? number : frame_of(protos ? protos & named : named, rest);
}

struct engine_vocabulary *engine_vocabulary_new(struct err *err)
{
    struct field_list
        lists[2 * APP_PROTO_COUNT + 1]; /* a protocol has a row for TCP and one for UDP */
    assert(engine_parsers.count < ARRAY_COUNT(lists));
    for (size_t i = 0; i < engine_parsers.count; i++) {
        assert(engine_parsers.rows[i]->event_count <= 64);
        lists[i] = engine_parsers.rows[i]->fields;
    }
    lists[engine_parsers.count] = app_frame_fields;
    struct engine_vocabulary *v = calloc(1, sizeof(*v));
    if (!v) {
        err_set(err, "out of memory");
        return NULL;
    }
    if (field_table_init(&v->fields, lists, engine_parsers.count + 1, err) < 0) {
        free(v);
        return NULL;
    }
    v->names =
        (struct rule_names){&v->fields,     find_app_event, find_decode_event, find_stream_event,
                            find_app_state, find_app_frame, find_app_l4};
    return v;
}

void engine_vocabulary_free(struct engine_vocabulary *v)
{
    if (!v)
        return;
    field_table_fini(&v->fields);
    free(v);
}

const struct rule_names *engine_vocabulary_names(const struct engine_vocabulary *v)
{
    return &v->names;
}

const struct field_table *engine_vocabulary_fields(const struct engine_vocabulary *v)
{
    return &v->fields;
}
