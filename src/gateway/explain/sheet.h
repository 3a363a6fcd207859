/* sheet: a report as facts and lists of lines, in words or as one JSON object; private to explain/. */
#ifndef GATEWAY_EXPLAIN_SHEET_H
#define GATEWAY_EXPLAIN_SHEET_H

#include "base/json.h"

struct sheet {
    struct buf *out;
    struct json json;
    bool is_json;
    struct buf line; /* being written by the caller, for sheet_line and sheet_fact */
};

void sheet_begin(struct sheet *s, struct buf *out, bool is_json);
void sheet_end(struct sheet *s);
/* `key` of JSON, `title` of words; the value is s->line, which is empty afterwards. Nothing when it is empty. */
void sheet_fact(struct sheet *s, const char *key, const char *title);
void sheet_number(struct sheet *s, const char *key, uint64_t value); /* JSON alone */
void sheet_list(struct sheet *s, const char *key, const char *title);
/* s->line becomes an element; `indent` of words. */
void sheet_line(struct sheet *s, unsigned indent);
void sheet_list_end(struct sheet *s);

#endif
