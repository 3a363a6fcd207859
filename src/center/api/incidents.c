#include "center/api/inner.h"

#include <stdio.h>

void handle_summary(struct http_exchange *x)
{
    struct visit *v = x->user;
    struct summary s;
    if (!visit_ok(v, core_summary(&v->call, &s)))
        return;
    struct json *j = visit_begin(v, 200);
    json_object(j, NULL);
    json_object(j, "open");
    for (int l = LEVELS - 1; l >= 0; l--)
        json_int(j, word_of(WORDS_LEVEL, l), s.open[l]);
    json_end_object(j);
    json_object(j, "gateways");
    for (int g = 0; g < GATEWAY_STATES; g++)
        json_int(j, word_of(WORDS_GATEWAY_STATE, g), s.gateways[g]);
    json_end_object(j);
    json_object(j, "devices");
    json_int(j, "total", s.devices);
    json_int(j, "unknown", s.devices_unknown);
    json_int(j, "isolated", s.devices_isolated);
    json_end_object(j);
    json_end_object(j);
}

/* "red,yellow" as bits; absent: 0, which stands for all. */
static bool read_words(struct visit *v, const char *name, enum vocabulary words, unsigned *bits)
{
    struct str rest = str_c(http_query(v->x, name));
    *bits = 0;
    while (rest.len > 0) {
        int value = word_find(words, str_split(&rest, ','));
        if (value < 0) {
            problem_set(&v->call.problem, OUTCOME_INVALID, NULL, "%s: none of its words", name);
            visit_problem(v->x, 400, "bad_request", &v->call.problem);
            return false;
        }
        *bits |= 1u << value;
    }
    return true;
}

static bool read_filter(struct visit *v, struct incident_filter *f)
{
    const char *device = http_query(v->x, "device");
    memset(f, 0, sizeof *f);
    if (!visit_page(v, &f->page, &f->firm) || !read_words(v, "level", WORDS_LEVEL, &f->levels) ||
        !read_words(v, "state", WORDS_STATE, &f->states))
        return false;
    if (!device || id_parse(str_c(device), &f->device))
        return true;
    problem_set(&v->call.problem, OUTCOME_INVALID, NULL, "device is no id");
    visit_problem(v->x, 400, "bad_request", &v->call.problem);
    return false;
}

void handle_incidents(struct http_exchange *x)
{
    struct visit *v = x->user;
    struct incident_filter f;
    struct incident_view_list list;
    struct position last = {0};
    if (!read_filter(v, &f) || !visit_ok(v, core_incident_list(&v->call, &f, &list)))
        return;
    struct json *j = visit_begin(v, 200);
    json_object(j, NULL);
    json_array(j, "items");
    for (size_t i = 0; i < list.count; i++) {
        write_incident(j, NULL, &list.items[i], x->arena);
        last = (struct position){list.items[i].incident.last_seen_us, list.items[i].incident.id};
    }
    json_end_array(j);
    write_cursor(j, list.more, &last);
    json_end_object(j);
}

void handle_incident(struct http_exchange *x)
{
    struct visit *v = x->user;
    struct id id;
    struct incident_view view;
    if (visit_path_id(v, &id) && visit_ok(v, core_incident_get(&v->call, id, &view)))
        write_incident(visit_begin(v, 200), NULL, &view, x->arena);
}

/* "time.sequence". */
static bool read_event_cursor(struct visit *v, struct event_position *out)
{
    struct str rest = str_c(http_query(v->x, "cursor"));
    *out = (struct event_position){0};
    if (rest.len == 0)
        return true;
    struct str at = str_split(&rest, '.');
    if (str_to_i64(at, &out->received_us) && out->received_us > 0 && str_to_u64(rest, &out->seq) &&
        out->seq <= INT64_MAX)
        return true;
    problem_set(&v->call.problem, OUTCOME_INVALID, NULL, "this is no cursor of ours");
    visit_problem(v->x, 400, "bad_request", &v->call.problem);
    return false;
}

static bool read_event_filter(struct visit *v, struct event_filter *f)
{
    uint64_t limit = 50;
    const char *text = http_query(v->x, "limit");
    if (!visit_path_id(v, &f->incident) || !read_event_cursor(v, &f->before))
        return false;
    if (text && (!str_to_u64(str_c(text), &limit) || limit < 1 || limit > PAGE_MAX)) {
        problem_set(&v->call.problem, OUTCOME_INVALID, NULL, "limit is 1 to 200");
        visit_problem(v->x, 400, "bad_request", &v->call.problem);
        return false;
    }
    f->limit = (uint32_t)limit;
    return true;
}

void handle_incident_events(struct http_exchange *x)
{
    struct visit *v = x->user;
    struct event_filter f;
    struct event_list list;
    char cursor[48] = "";
    if (!read_event_filter(v, &f) || !visit_ok(v, core_incident_events(&v->call, &f, &list)))
        return;
    struct json *j = visit_begin(v, 200);
    json_object(j, NULL);
    json_array(j, "items");
    for (size_t i = 0; i < list.count; i++) {
        write_event(j, &list.items[i]);
        snprintf(cursor, sizeof cursor, "%lld.%llu", (long long)list.items[i].received_us,
                 (unsigned long long)list.items[i].seq);
    }
    json_end_array(j);
    write_text(j, "next_cursor", list.more ? cursor : NULL);
    json_end_object(j);
}

static void answer_notices(struct visit *v, const struct notice_filter *f, bool oldest_first)
{
    struct notice_list list;
    struct position last = {0};
    if (!visit_ok(v, core_notice_list(&v->call, f, &list)))
        return;
    struct json *j = visit_begin(v, 200);
    json_object(j, NULL);
    json_array(j, "items");
    for (size_t i = 0; i < list.count; i++) {
        const struct notice *n = &list.items[oldest_first ? list.count - 1 - i : i];
        write_notice(j, n);
        last = (struct position){n->created_us, n->id};
    }
    json_end_array(j);
    if (!oldest_first)
        write_cursor(j, list.more, &last);
    json_end_object(j);
}

void handle_incident_notices(struct http_exchange *x)
{
    struct visit *v = x->user;
    struct notice_filter f = {.page = {.limit = PAGE_MAX}};
    if (visit_path_id(v, &f.incident))
        answer_notices(v, &f, true);
}

void handle_notices(struct http_exchange *x)
{
    struct visit *v = x->user;
    struct notice_filter f = {0};
    if (visit_page(v, &f.page, &f.firm))
        answer_notices(v, &f, false);
}

void handle_acknowledge(struct http_exchange *x)
{
    struct visit *v = x->user;
    struct id id;
    struct incident_view view;
    if (visit_path_id(v, &id) && visit_ok(v, core_incident_acknowledge(&v->call, id, &view)))
        write_incident(visit_begin(v, 200), NULL, &view, x->arena);
}

void handle_resolve(struct http_exchange *x)
{
    struct visit *v = x->user;
    struct id id;
    struct resolution r = {0};
    int state = STATE_NEW; /* which core refuses */
    struct incident_view view;
    if (!visit_path_id(v, &id) || !visit_body(v) || !visit_word(v, "state", WORDS_STATE, &state) ||
        !visit_text(v, "note", 2000, &r.note))
        return;
    r.state = state;
    if (visit_ok(v, core_incident_resolve(&v->call, id, &r, &view)))
        write_incident(visit_begin(v, 200), NULL, &view, x->arena);
}
