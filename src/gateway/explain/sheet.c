#include "gateway/explain/sheet.h"

#define LINE_BYTES_MAX (64u << 10)
#define TITLE_WIDTH 11

void sheet_begin(struct sheet *s, struct buf *out, bool is_json)
{
    s->out = out;
    s->is_json = is_json;
    buf_init(&s->line, LINE_BYTES_MAX);
    json_init(&s->json, out);
    if (is_json)
        json_object(&s->json, NULL);
}

void sheet_end(struct sheet *s)
{
    if (s->is_json) {
        json_end_object(&s->json);
        buf_add_byte(s->out, '\n');
    }
    buf_fini(&s->line);
}

void sheet_fact(struct sheet *s, const char *key, const char *title)
{
    if (s->line.len && s->is_json)
        json_bytes(&s->json, key, buf_str(&s->line));
    else if (s->line.len)
        buf_printf(s->out, "%-*s %s\n", TITLE_WIDTH, title, buf_c(&s->line));
    buf_reset(&s->line);
}

void sheet_number(struct sheet *s, const char *key, uint64_t value)
{
    if (s->is_json)
        json_uint(&s->json, key, value);
}

void sheet_list(struct sheet *s, const char *key, const char *title)
{
    if (s->is_json)
        json_array(&s->json, key);
    else
        buf_printf(s->out, "\n%s\n", title);
}

void sheet_line(struct sheet *s, unsigned indent)
{
    if (s->is_json)
        json_bytes(&s->json, NULL, buf_str(&s->line));
    else
        buf_printf(s->out, "%*s%s\n", (int)indent, "", buf_c(&s->line));
    buf_reset(&s->line);
}

void sheet_list_end(struct sheet *s)
{
    if (s->is_json)
        json_end_array(&s->json);
}
