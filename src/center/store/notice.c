#include "center/store/sql.h"

int store_notice_add(struct unit *u, struct scope s, const struct notice *n)
{
    struct query q =
        query_open(u, "INSERT INTO notice (id, firm_id, incident_id, kind, level, recipient, "
                      "language, subject, body, "
                      "message_id, in_reply_to, state, created_us, next_try_us) "
                      "SELECT :id, firm_id, id, :kind, :level, :recipient, :language, :subject, "
                      ":body, :message_id, "
                      ":in_reply_to, :state, :created, :next FROM incident "
                      "WHERE id = :incident AND " REACHED("firm_id") " ON CONFLICT DO NOTHING");
    query_id(&q, ":id", &n->id);
    query_id(&q, ":incident", &n->incident);
    query_word(&q, ":kind", WORDS_NOTICE_KIND, n->kind);
    query_word(&q, ":level", WORDS_LEVEL, n->level);
    query_text(&q, ":recipient", n->recipient);
    query_word(&q, ":language", WORDS_LANGUAGE, n->language);
    query_text(&q, ":subject", n->subject);
    query_text(&q, ":body", n->body);
    query_text(&q, ":message_id", n->message_id);
    query_text(&q, ":in_reply_to", n->in_reply_to);
    query_word(&q, ":state", WORDS_NOTICE_STATE, n->state);
    query_int(&q, ":created", n->created_us);
    query_int(&q, ":next", n->next_try_us);
    query_scope(&q, s);
    return query_run(&q);
}

#define NOTICE_SELECT                                                                    \
    "SELECT n.id, o.id, o.name, n.incident_id, i.number, n.kind, n.level, n.recipient, " \
    "n.language, n.subject, n.body, n.message_id, n.in_reply_to, n.state, n.attempts, "  \
    "n.created_us, n.sent_us, n.next_try_us, n.error FROM notice n "                     \
    "JOIN incident i ON i.id = n.incident_id JOIN organisation o ON o.id = n.firm_id "   \
    "WHERE " REACHED("n.firm_id")

static void read_notice(struct query *q, void *row)
{
    struct notice *out = row;
    *out = (struct notice){
        .id = column_id(q, 0),
        .firm = column_named(q, 1),
        .incident = column_id(q, 3),
        .incident_number = column_text(q, 4),
        .kind = column_word(q, 5, WORDS_NOTICE_KIND),
        .level = column_word(q, 6, WORDS_LEVEL),
        .recipient = column_text(q, 7),
        .language = column_word(q, 8, WORDS_LANGUAGE),
        .subject = column_text(q, 9),
        .body = column_text(q, 10),
        .message_id = column_text(q, 11),
        .in_reply_to = column_text(q, 12),
        .state = column_word(q, 13, WORDS_NOTICE_STATE),
        .attempts = column_int(q, 14),
        .created_us = column_int(q, 15),
        .sent_us = column_int(q, 16),
        .next_try_us = column_int(q, 17),
        .error = column_text(q, 18),
    };
}

int store_notice_list(struct unit *u, struct scope s, const struct notice_filter *f,
                      struct notice_list *out)
{
    struct query q = query_open(
        u, NOTICE_SELECT
        " AND (:firm = '' OR n.firm_id = :firm) AND (:incident = '' OR n.incident_id = :incident) "
        "AND (:before = '' OR n.id < :before) ORDER BY n.id DESC LIMIT :limit");
    query_id(&q, ":firm", &f->firm);
    query_id(&q, ":incident", &f->incident);
    query_id(&q, ":before", &f->page.before.id);
    query_int(&q, ":limit", page_limit(&f->page));
    query_scope(&q, s);
    out->items = query_list(&q, read_notice, sizeof(struct notice), &out->count);
    out->more = page_cut(&f->page, &out->count);
    return query_end(&q, 0);
}

int store_notice_first(struct unit *u, struct scope s, struct id incident, const char *recipient,
                       struct notice *out)
{
    struct query q =
        query_open(u, NOTICE_SELECT " AND n.incident_id = :incident AND n.recipient = :recipient "
                                    "AND n.kind = 'first'");
    query_id(&q, ":incident", &incident);
    query_text(&q, ":recipient", recipient);
    query_scope(&q, s);
    return query_one(&q, read_notice, out);
}

int store_notice_count(struct unit *u, struct scope s, const struct notice_window *w,
                       int64_t *count)
{
    struct query q = query_open(
        u, "SELECT COUNT(*) FROM notice WHERE firm_id = :firm AND recipient = :recipient AND kind "
           "= 'first' "
           "AND created_us > :since AND (:before = '' OR id < :before) AND " REACHED("firm_id"));
    query_id(&q, ":firm", &w->firm);
    query_text(&q, ":recipient", w->recipient);
    query_int(&q, ":since", w->since_us);
    query_id(&q, ":before", &w->before);
    query_scope(&q, s);
    int found = query_step(&q);
    *count = found == 1 ? column_int(&q, 0) : 0;
    return query_end(&q, found);
}

int store_notice_list_due(struct unit *u, struct scope s, int64_t now_us, uint32_t limit,
                          struct notice_list *out)
{
    struct query q =
        query_open(u, NOTICE_SELECT " AND n.state = 'waiting' AND n.next_try_us <= :now "
                                    "ORDER BY n.next_try_us, n.id LIMIT :limit");
    query_int(&q, ":now", now_us);
    query_int(&q, ":limit", limit);
    query_scope(&q, s);
    out->items = query_list(&q, read_notice, sizeof(struct notice), &out->count);
    out->more = false;
    return query_end(&q, 0);
}

int store_notice_put(struct unit *u, struct scope s, const struct notice *n)
{
    struct query q = query_open(u, "UPDATE notice SET level = :level, subject = :subject, body = "
                                   ":body, state = :state, attempts = :attempts, "
                                   "sent_us = :sent, next_try_us = :next, "
                                   "error = :error WHERE id = :id AND " REACHED("firm_id"));
    query_word(&q, ":level", WORDS_LEVEL, n->level);
    query_text(&q, ":subject", n->subject);
    query_text(&q, ":body", n->body);
    query_word(&q, ":state", WORDS_NOTICE_STATE, n->state);
    query_int(&q, ":attempts", n->attempts);
    query_int(&q, ":sent", n->sent_us);
    query_int(&q, ":next", n->next_try_us);
    query_text(&q, ":error", n->error);
    query_id(&q, ":id", &n->id);
    query_scope(&q, s);
    return query_run(&q);
}
