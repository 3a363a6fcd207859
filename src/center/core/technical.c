#include "center/core/technical.h"

#include "base/json.h"

#define TEXT_BYTES 512
#define JSON_BYTES_MAX 65536

static const char *keep(const char *text, struct arena *a)
{
    return one_line(text, TEXT_BYTES, a);
}

static void read_rules(const struct tree *list, struct arena *a, struct technical *out)
{
    size_t count = tree_count(list, NULL);
    for (size_t i = 0; i < count && i < TECHNICAL_RULES_MAX; i++) {
        const struct tree *r = tree_at(list, i);
        out->rules[out->rule_count++] = (struct technical_rule){
            .gid = tree_int(r, "gid", 0),
            .sid = tree_int(r, "sid", 0),
            .rev = tree_int(r, "rev", 0),
            .severity = tree_int(r, "severity", 0),
            .count = tree_int(r, "count", 0),
            .message = keep(tree_text(r, "message"), a),
            .category = keep(tree_text(r, "category"), a),
        };
    }
}

void technical_read(const char *json, struct arena *a, struct technical *out)
{
    struct tree *t = tree_parse(str_c(json), NULL);
    *out = (struct technical){
        .src_ip = keep(tree_text(t, "src_ip"), a),
        .dest_ip = keep(tree_text(t, "dest_ip"), a),
        .proto = keep(tree_text(t, "proto"), a),
        .app_proto = keep(tree_text(t, "app_proto"), a),
        .host = keep(tree_text(t, "host"), a),
        .src_port = tree_int(t, "src_port", -1),
        .dest_port = tree_int(t, "dest_port", -1),
    };
    read_rules(tree_get(t, "rules"), a, out);
    const struct tree *flows = tree_get(t, "flows");
    for (size_t i = 0; i < tree_count(flows, NULL) && i < TECHNICAL_FLOWS_MAX; i++) {
        const char *flow = keep(tree_text(tree_at(flows, i), NULL), a);
        if (flow)
            out->flows[out->flow_count++] = flow;
    }
    tree_free(t);
}

static void add_rule(struct technical *t, const struct alert *alert)
{
    for (size_t i = 0; i < t->rule_count; i++) {
        if (t->rules[i].gid == alert->gid && t->rules[i].sid == alert->sid) {
            t->rules[i].count++;
            return;
        }
    }
    if (t->rule_count < TECHNICAL_RULES_MAX)
        t->rules[t->rule_count++] =
            (struct technical_rule){alert->gid, alert->sid,       alert->rev,     alert->severity,
                                    1,          alert->signature, alert->category};
}

static void add_flow(struct technical *t, int64_t flow_id, struct arena *a)
{
    const char *text = arena_printf(a, "%lld", (long long)flow_id);
    if (!text)
        return;
    for (size_t i = 0; i < t->flow_count; i++)
        if (strcmp(t->flows[i], text) == 0)
            return;
    if (t->flow_count == TECHNICAL_FLOWS_MAX) {
        memmove(t->flows, t->flows + 1, sizeof t->flows - sizeof t->flows[0]);
        t->flow_count--;
    }
    t->flows[t->flow_count++] = text;
}

void technical_add(struct technical *t, const struct alert *alert, struct arena *a)
{
    t->src_ip = alert->src_ip;
    t->src_port = alert->src_port;
    t->dest_ip = alert->dest_ip;
    t->dest_port = alert->dest_port;
    t->proto = alert->proto;
    t->app_proto = alert->app_proto;
    if (alert->host)
        t->host = alert->host;
    add_rule(t, alert);
    if (alert->flow_id)
        add_flow(t, alert->flow_id, a);
}

static void text_or_null(struct json *j, const char *name, const char *text)
{
    if (text)
        json_bytes(j, name, str_cut(str_c(text), 0, TEXT_BYTES));
    else
        json_null(j, name);
}

static void port_or_null(struct json *j, const char *name, int64_t port)
{
    if (port >= 0)
        json_int(j, name, port);
    else
        json_null(j, name);
}

static void write_rule(struct json *j, const struct technical_rule *r)
{
    json_object(j, NULL);
    json_int(j, "gid", r->gid);
    json_int(j, "sid", r->sid);
    json_int(j, "rev", r->rev);
    text_or_null(j, "message", r->message ? r->message : "");
    text_or_null(j, "category", r->category);
    if (r->severity > 0)
        json_int(j, "severity", r->severity);
    else
        json_null(j, "severity");
    json_int(j, "count", r->count);
    json_end_object(j);
}

const char *technical_write(const struct technical *t, struct arena *a)
{
    struct buf b;
    struct json j;
    buf_init(&b, JSON_BYTES_MAX);
    json_init(&j, &b);
    json_object(&j, NULL);
    text_or_null(&j, "src_ip", t->src_ip);
    port_or_null(&j, "src_port", t->src_port);
    text_or_null(&j, "dest_ip", t->dest_ip);
    port_or_null(&j, "dest_port", t->dest_port);
    text_or_null(&j, "proto", t->proto);
    text_or_null(&j, "app_proto", t->app_proto);
    text_or_null(&j, "host", t->host);
    json_array(&j, "rules");
    for (size_t i = 0; i < t->rule_count; i++)
        write_rule(&j, &t->rules[i]);
    json_end_array(&j);
    json_array(&j, "flows");
    for (size_t i = 0; i < t->flow_count; i++)
        json_text(&j, NULL, t->flows[i]);
    json_end_array(&j);
    json_end_object(&j);
    const char *copy = b.failed ? NULL : (const char *)arena_copy(a, buf_str(&b)).p;
    buf_fini(&b);
    return copy ? copy : "{}";
}
