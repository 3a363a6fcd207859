#include "center/api/inner.h"

void handle_gateways(struct http_exchange *x)
{
    struct visit *v = x->user;
    struct gateway_filter f;
    struct gateway_list list;
    struct position last = {1, {{0}}};
    if (!visit_page(v, &f.page, &f.firm) || !visit_ok(v, core_gateway_list(&v->call, &f, &list)))
        return;
    struct json *j = visit_begin(v, 200);
    json_object(j, NULL);
    json_array(j, "items");
    for (size_t i = 0; i < list.count; i++) {
        write_gateway(j, NULL, &list.items[i]);
        last.id = list.items[i].id;
    }
    json_end_array(j);
    write_cursor(j, list.more, &last);
    json_end_object(j);
}

void handle_gateway_add(struct http_exchange *x)
{
    struct visit *v = x->user;
    struct id site;
    const char *name;
    struct gateway g;
    if (visit_body(v) && visit_id(v, "site_id", &site) && visit_need_text(v, "name", 100, &name) &&
        visit_ok(v, core_gateway_add(&v->call, site, name, &g)))
        write_gateway(visit_begin(v, 201), NULL, &g);
}

void handle_gateway(struct http_exchange *x)
{
    struct visit *v = x->user;
    struct id id;
    struct gateway g;
    if (visit_path_id(v, &id) && visit_ok(v, core_gateway_get(&v->call, id, &g)))
        write_gateway(visit_begin(v, 200), NULL, &g);
}

void handle_claim_code(struct http_exchange *x)
{
    struct visit *v = x->user;
    struct id id;
    struct claim_code code;
    if (!visit_path_id(v, &id) || !visit_ok(v, core_claim_code_new(&v->call, id, &code)))
        return;
    struct json *j = visit_begin(v, 201);
    json_object(j, NULL);
    json_text(j, "code", code.shown);
    write_time(j, "expires", code.expires_us);
    json_end_object(j);
}

void handle_revoke(struct http_exchange *x)
{
    struct visit *v = x->user;
    struct id id;
    struct gateway g;
    if (visit_path_id(v, &id) && visit_ok(v, core_gateway_revoke(&v->call, id, &g)))
        write_gateway(visit_begin(v, 200), NULL, &g);
}

void handle_confirm_devices(struct http_exchange *x)
{
    struct visit *v = x->user;
    struct id id;
    struct gateway g;
    if (visit_path_id(v, &id) && visit_ok(v, core_gateway_confirm_devices(&v->call, id, &g)))
        write_gateway(visit_begin(v, 200), NULL, &g);
}

static bool read_tristate(struct visit *v, const char *name, enum tristate *out)
{
    const char *text = http_query(v->x, name);
    *out = !text ? ANY : strcmp(text, "true") == 0 ? YES : NO;
    if (!text || *out == YES || strcmp(text, "false") == 0)
        return true;
    problem_set(&v->call.problem, OUTCOME_INVALID, NULL, "%s is true or false", name);
    visit_problem(v->x, 400, "bad_request", &v->call.problem);
    return false;
}

void handle_devices(struct http_exchange *x)
{
    struct visit *v = x->user;
    struct device_filter f;
    struct device_list list;
    struct position last = {1, {{0}}};
    if (!visit_page(v, &f.page, &f.firm) || !read_tristate(v, "isolated", &f.isolated) ||
        !read_tristate(v, "unknown", &f.unknown) ||
        !visit_ok(v, core_device_list(&v->call, &f, &list)))
        return;
    struct json *j = visit_begin(v, 200);
    json_object(j, NULL);
    json_array(j, "items");
    for (size_t i = 0; i < list.count; i++) {
        write_device(j, NULL, &list.items[i], x->arena);
        last.id = list.items[i].id;
    }
    json_end_array(j);
    write_cursor(j, list.more, &last);
    json_end_object(j);
}

void handle_device(struct http_exchange *x)
{
    struct visit *v = x->user;
    struct id id;
    struct device d;
    if (visit_path_id(v, &id) && visit_ok(v, core_device_get(&v->call, id, &d)))
        write_device(visit_begin(v, 200), NULL, &d, x->arena);
}

void handle_device_change(struct http_exchange *x)
{
    struct visit *v = x->user;
    struct id id;
    struct device d;
    struct device_change change = {0};
    if (!visit_path_id(v, &id) || !visit_body(v) || !visit_text(v, "name", 100, &change.name) ||
        !visit_text(v, "place", 100, &change.place))
        return;
    change.set_name = tree_type(v->body, "name") != TREE_ABSENT;
    change.set_place = tree_type(v->body, "place") != TREE_ABSENT;
    if (visit_ok(v, core_device_change(&v->call, id, &change, &d)))
        write_device(visit_begin(v, 200), NULL, &d, x->arena);
}

void handle_isolate(struct http_exchange *x)
{
    struct visit *v = x->user;
    struct id id;
    struct device d;
    struct isolate wish;
    if (!visit_path_id(v, &id) || !visit_body(v) ||
        !visit_need_text(v, "reason", 500, &wish.reason))
        return;
    if (tree_type(v->body, "hours") != TREE_ABSENT && tree_type(v->body, "hours") != TREE_NUMBER) {
        visit_invalid(v, "hours", "this must be a whole number");
        return;
    }
    wish.hours = tree_int(v->body, "hours", 24);
    if (visit_ok(v, core_device_isolate(&v->call, id, &wish, &d)))
        write_device(visit_begin(v, 202), NULL, &d, x->arena);
}

void handle_release(struct http_exchange *x)
{
    struct visit *v = x->user;
    struct id id;
    struct device d;
    if (visit_path_id(v, &id) && visit_ok(v, core_device_release(&v->call, id, &d)))
        write_device(visit_begin(v, 202), NULL, &d, x->arena);
}
