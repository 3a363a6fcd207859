#include "base/clock.h"
#include "center/api/inner.h"

#include <stdio.h>

void write_time(struct json *j, const char *key, int64_t at_us)
{
    char text[CLOCK_TEXT_BYTES];
    if (at_us == 0) {
        json_null(j, key);
        return;
    }
    size_t len = clock_format_utc(at_us, text);
    json_bytes(j, key, str_of(text, len));
}

void write_text(struct json *j, const char *key, const char *text)
{
    if (text)
        json_bytes(j, key, str_c(text));
    else
        json_null(j, key);
}

static void write_port(struct json *j, const char *key, int64_t port)
{
    if (port >= 0)
        json_int(j, key, port);
    else
        json_null(j, key);
}

static void write_word(struct json *j, const char *key, enum vocabulary words, int value)
{
    const char *word = word_of(words, value);
    write_text(j, key, word[0] ? word : NULL);
}

void write_named(struct json *j, const char *key, const struct named *n)
{
    json_object(j, key);
    json_text(j, "id", n->id.text);
    write_text(j, "name", n->name ? n->name : "");
    json_end_object(j);
}

void write_named_or_null(struct json *j, const char *key, const struct named *n)
{
    if (id_is_none(&n->id))
        json_null(j, key);
    else
        write_named(j, key, n);
}

void write_user(struct json *j, const char *key, const struct user *u)
{
    json_object(j, key);
    json_text(j, "id", u->id.text);
    write_text(j, "login", u->login);
    write_text(j, "name", u->name);
    write_word(j, "role", WORDS_ROLE, u->role);
    write_named(j, "organisation", &u->organisation);
    write_word(j, "language", WORDS_LANGUAGE, u->language);
    write_time(j, "last_login", u->last_login_us);
    json_end_object(j);
}

static void write_contact(struct json *j, const struct contact *c)
{
    json_object(j, NULL);
    json_text(j, "id", c->id.text);
    write_text(j, "name", c->name);
    write_text(j, "mail", c->mail);
    write_word(j, "language", WORDS_LANGUAGE, c->language);
    json_end_object(j);
}

void write_firm(struct json *j, const char *key, const struct firm *f)
{
    json_object(j, key);
    json_text(j, "id", f->id.text);
    write_text(j, "name", f->name);
    write_word(j, "language", WORDS_LANGUAGE, f->language);
    write_text(j, "phrase", f->phrase);
    write_named_or_null(j, "reseller", &f->reseller);
    json_array(j, "sites");
    for (size_t i = 0; i < f->site_count; i++)
        write_named(j, NULL, &f->sites[i]);
    json_end_array(j);
    json_array(j, "contacts");
    for (size_t i = 0; i < f->contact_count; i++)
        write_contact(j, &f->contacts[i]);
    json_end_array(j);
    json_end_object(j);
}

void write_organisation(struct json *j, const struct organisation *o)
{
    json_object(j, NULL);
    json_text(j, "id", o->id.text);
    write_word(j, "kind", WORDS_ORGANISATION, o->kind);
    write_text(j, "name", o->name);
    write_text(j, "parent_id", id_is_none(&o->parent) ? NULL : o->parent.text);
    json_end_object(j);
}

void write_gateway(struct json *j, const char *key, const struct gateway *g)
{
    json_object(j, key);
    json_text(j, "id", g->id.text);
    write_named(j, "firm", &g->firm);
    write_named(j, "site", &g->site);
    write_text(j, "name", g->name);
    write_word(j, "state", WORDS_GATEWAY_STATE, g->state);
    write_time(j, "last_heartbeat", g->last_heartbeat_us);
    write_text(j, "version", g->version);
    if (g->fail_open >= 0)
        json_bool(j, "fail_open", g->fail_open == 1);
    else
        json_null(j, "fail_open");
    write_text(j, "capture", g->capture);
    json_raw(j, "counters", str_c(g->counters ? g->counters : "{}"));
    if (g->last_heartbeat_us)
        json_int(j, "clock_offset_ms", g->clock_offset_us / 1000);
    else
        json_null(j, "clock_offset_ms");
    json_object(j, "policy");
    json_int(j, "number", g->policy_number);
    write_port(j, "known_number", g->known_policy);
    json_end_object(j);
    write_time(j, "enrolled", g->enrolled_us);
    write_time(j, "devices_confirmed", g->devices_confirmed_us);
    write_time(j, "revoked", g->revoked_us);
    json_end_object(j);
}

static void write_isolation(struct json *j, const struct isolation *i)
{
    if (i->state == ISOLATION_NONE) {
        json_null(j, "isolation");
        return;
    }
    json_object(j, "isolation");
    write_word(j, "state", WORDS_ISOLATION_STATE, i->state);
    write_word(j, "by", WORDS_ISOLATION_BY, i->by);
    write_text(j, "reason", i->reason ? i->reason : "");
    write_time(j, "since", i->since_us);
    write_time(j, "expires", i->expires_us);
    json_end_object(j);
}

void write_device(struct json *j, const char *key, const struct device *d, struct arena *a)
{
    json_object(j, key);
    json_text(j, "id", d->id.text);
    write_named(j, "firm", &d->firm);
    write_named(j, "site", &d->site);
    write_named(j, "gateway", &d->gateway);
    write_text(j, "mac", d->mac);
    write_text(j, "maker", d->maker);
    write_text(j, "hostname", d->hostname);
    write_text(j, "name", d->name);
    write_text(j, "place", d->place);
    write_text(j, "label", device_label(d, a));
    json_raw(j, "ips", str_c(d->ips ? d->ips : "[]"));
    write_time(j, "first_seen", d->first_seen_us);
    write_time(j, "last_seen", d->last_seen_us);
    json_bool(j, "unknown", d->unknown);
    write_isolation(j, &d->isolation);
    json_end_object(j);
}

static void write_told(struct json *j, const char *key, const struct told *t)
{
    json_object(j, key);
    json_text(j, "key", t->key);
    json_raw(j, "params", str_c(t->params));
    json_bytes(j, "ja", str_c(t->words[LANGUAGE_JA]));
    json_bytes(j, "en", str_c(t->words[LANGUAGE_EN]));
    json_end_object(j);
}

static void write_mark(struct json *j, const char *key, const struct mark *m)
{
    if (m->at_us == 0) {
        json_null(j, key);
        return;
    }
    json_object(j, key);
    write_time(j, "at", m->at_us);
    write_text(j, "by", m->by ? m->by : "mimamori");
    write_text(j, "note", m->note);
    json_end_object(j);
}

static void write_story(struct json *j, const struct story *s)
{
    json_array(j, "level_reasons");
    for (size_t i = 0; i < s->reason_count; i++)
        write_told(j, NULL, &s->reasons[i]);
    json_end_array(j);
    write_told(j, "title", &s->title);
    write_told(j, "what_happened", &s->what);
    write_told(j, "stopped", &s->stopped);
    json_array(j, "what_to_do");
    for (size_t i = 0; i < s->todo_count; i++)
        write_told(j, NULL, &s->todo[i]);
    json_end_array(j);
    write_told(j, "not_known", &s->not_known);
    json_text(j, "verdict", s->verdict);
}

/* An incident without a single rule (a silent gateway) has nothing technical to tell; the members are there all the same. */
static const char no_technical[] =
    "{\"src_ip\":null,\"src_port\":null,\"dest_ip\":null,\"dest_port\":null,"
    "\"proto\":null,\"app_proto\":null,\"host\":null,\"rules\":[],\"flows\":[]}";

void write_incident(struct json *j, const char *key, const struct incident_view *v, struct arena *a)
{
    const struct incident *i = &v->incident;
    json_object(j, key);
    json_text(j, "id", i->id.text);
    write_text(j, "number", i->number);
    write_named(j, "firm", &i->firm);
    write_named(j, "site", &i->site);
    write_named(j, "gateway", &i->gateway);
    if (v->has_device)
        write_device(j, "device", &v->device, a);
    else
        json_null(j, "device");
    write_word(j, "kind", WORDS_KIND, i->kind);
    write_word(j, "level", WORDS_LEVEL, i->level);
    write_word(j, "state", WORDS_STATE, i->state);
    write_story(j, &v->story);
    write_word(j, "opened_by", WORDS_OPENED_BY, i->opened_by);
    write_word(j, "threat_direction", WORDS_DIRECTION, i->direction);
    json_int(j, "count", i->count);
    json_int(j, "blocked_count", i->blocked_count);
    write_time(j, "first_seen", i->first_seen_us);
    write_time(j, "last_seen", i->last_seen_us);
    json_bool(j, "isolated", i->isolated_now);
    write_mark(j, "acknowledged", &i->acknowledged);
    write_mark(j, "resolved", &i->resolved);
    bool some = i->technical && strlen(i->technical) > 2;
    json_raw(j, "technical", str_c(some ? i->technical : no_technical));
    json_end_object(j);
}

/* 64-bit numbers lose their last digits in a browser: flow ids become text. Inside a text a quote is escaped, so an
 * unescaped one before the name is the name's own. */
static void write_eve(struct json *j, const char *eve)
{
    static const char *const names[] = {"\"flow_id\":", "\"parent_id\":"};
    struct buf b;
    struct str rest = str_c(eve);
    buf_init(&b, 0);
    while (rest.len > 0) {
        size_t skip = 1;
        for (size_t n = 0; n < ARRAY_COUNT(names); n++) {
            struct str name = str_c(names[n]);
            bool escaped = b.len > 0 && b.p[b.len - 1] == '\\';
            if (escaped || !str_starts(rest, name))
                continue;
            size_t begin = name.len;
            while (begin < rest.len && rest.p[begin] == ' ')
                begin++;
            size_t digits = begin;
            while (digits < rest.len && rest.p[digits] >= '0' && rest.p[digits] <= '9')
                digits++;
            if (digits == begin)
                continue;
            buf_printf(&b, "%s\"%.*s\"", names[n], (int)(digits - begin),
                       (const char *)rest.p + begin);
            skip = digits;
        }
        if (skip == 1)
            buf_add_byte(&b, rest.p[0]);
        rest = str_from(rest, skip);
    }
    json_raw(j, "eve", b.failed ? STR_LIT("{}") : buf_str(&b));
    buf_fini(&b);
}

void write_event(struct json *j, const struct event *e)
{
    struct tree *t = tree_parse(str_c(e->json), NULL);
    char id[160];
    snprintf(id, sizeof id, "%s:%s:%llu", e->gateway.text, e->epoch, (unsigned long long)e->seq);
    json_object(j, NULL);
    json_text(j, "id", id);
    write_time(j, "at", e->at_us);
    write_time(j, "received", e->received_us);
    write_text(j, "type", e->type);
    write_word(j, "verdict", WORDS_VERDICT, e->verdict);
    write_text(j, "src_ip", tree_text(t, "src_ip"));
    write_port(j, "src_port", tree_int(t, "src_port", -1));
    write_text(j, "dest_ip", tree_text(t, "dest_ip"));
    write_port(j, "dest_port", tree_int(t, "dest_port", -1));
    write_text(j, "proto", tree_text(t, "proto"));
    write_text(j, "message", tree_text(t, "alert.signature"));
    write_eve(j, t ? e->json : "{}");
    json_end_object(j);
    tree_free(t);
}

void write_notice(struct json *j, const struct notice *n)
{
    json_object(j, NULL);
    json_text(j, "id", n->id.text);
    write_named(j, "firm", &n->firm);
    json_object(j, "incident");
    json_text(j, "id", n->incident.text);
    write_text(j, "number", n->incident_number);
    json_end_object(j);
    write_word(j, "kind", WORDS_NOTICE_KIND, n->kind);
    write_word(j, "level", WORDS_LEVEL, n->level);
    json_text(j, "channel", "mail");
    write_text(j, "recipient", n->recipient);
    write_word(j, "language", WORDS_LANGUAGE, n->language);
    write_text(j, "subject", n->subject);
    write_text(j, "body", n->body);
    write_text(j, "message_id", n->message_id);
    write_word(j, "state", WORDS_NOTICE_STATE, n->state);
    json_int(j, "attempts", n->attempts);
    write_time(j, "created", n->created_us);
    write_time(j, "sent", n->sent_us);
    write_text(j, "error", n->error);
    json_end_object(j);
}

void write_cursor(struct json *j, bool more, const struct position *last)
{
    char text[64];
    if (!more) {
        json_null(j, "next_cursor");
        return;
    }
    snprintf(text, sizeof text, "%lld.%s", (long long)last->at_us, last->id.text);
    json_text(j, "next_cursor", text);
}
