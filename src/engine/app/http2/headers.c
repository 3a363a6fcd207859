#include "engine/app/http2/message.h"

/* A message's headers as they are decoded, in their order. */

#define TEXT_FIRST_BYTES 256u
#define FIELDS_FIRST 16u

static bool reserve_text(struct http2_head *h, struct budget *mem, size_t bytes)
{
    if (bytes > HTTP2_TEXT_MAX - h->len)
        return false;
    uint32_t need = h->len + (uint32_t)bytes;
    return budget_grow(mem, &h->text, &h->cap, need < TEXT_FIRST_BYTES ? TEXT_FIRST_BYTES : need,
                       1);
}

static struct http2_field *new_field(struct http2_head *h, struct budget *mem)
{
    uint32_t need = h->field_count < FIELDS_FIRST ? FIELDS_FIRST : h->field_count + 1;
    if (h->field_count == HTTP2_FIELDS_MAX ||
        !budget_grow(mem, &h->fields, &h->field_cap, need, sizeof *h->fields))
        return NULL;
    return &h->fields[h->field_count];
}

bool http2_head_add(struct http2_head *h, struct budget *mem, struct str name, struct str value)
{
    struct http2_field *f = new_field(h, mem);
    if (!f || !reserve_text(h, mem, name.len + value.len))
        return false;
    *f = (struct http2_field){h->len, (uint32_t)name.len, (uint32_t)value.len, false};
    if (name.len)
        memcpy(h->text + h->len, name.p, name.len);
    if (value.len)
        memcpy(h->text + h->len + name.len, value.p, value.len);
    h->len += (uint32_t)(name.len + value.len);
    h->field_count++;
    return true;
}

void http2_head_update(struct http2_head *h, struct budget *mem, uint32_t size)
{
    struct http2_field *f = new_field(h, mem);
    if (!f)
        return;
    *f = (struct http2_field){h->len, 0, size, true};
    h->field_count++;
}

void http2_head_reset(struct http2_head *h)
{
    h->len = h->field_count = 0;
}

void http2_head_fini(struct http2_head *h, struct budget *mem)
{
    budget_give(mem, h->text, h->cap);
    budget_give(mem, h->fields, h->field_cap * sizeof *h->fields);
    *h = (struct http2_head){0};
}

struct str http2_field_name(const struct http2_head *h, const struct http2_field *f)
{
    return f->name_len ? str_of(h->text + f->at, f->name_len) : STR_EMPTY;
}

struct str http2_field_value(const struct http2_head *h, const struct http2_field *f)
{
    return f->value_len && !f->is_update ? str_of(h->text + f->at + f->name_len, f->value_len)
                                         : STR_EMPTY;
}

static bool is_named(const struct http2_head *h, const struct http2_field *f, struct str name)
{
    return !f->is_update && str_eq(http2_field_name(h, f), name);
}

bool http2_head_value(const struct http2_head *h, struct str name, struct arena *a, struct str *out)
{
    size_t count = 0, room = 0;
    for (uint32_t i = 0; i < h->field_count; i++) {
        if (!is_named(h, &h->fields[i], name))
            continue;
        *out = http2_field_value(h, &h->fields[i]);
        room += out->len + 2;
        count++;
    }
    if (count < 2)
        return count > 0;
    void *memory = arena_alloc(a, room);
    if (!memory)
        return true; /* the last one, then */
    struct buf b = buf_fixed(memory, room);
    for (uint32_t i = 0; i < h->field_count; i++) {
        if (!is_named(h, &h->fields[i], name))
            continue;
        if (b.len)
            buf_add(&b, STR_LIT(", "));
        buf_add(&b, http2_field_value(h, &h->fields[i]));
    }
    *out = buf_str(&b);
    return true;
}

/* ---- from a header block ---- */

static void take_field(const struct http2_at *at, struct hpack *hpack, const struct hpack_field *f)
{
    struct http2_head *head = &http2_side(at)->head;
    if (f->is_update) {
        http2_head_update(head, at->af->mem, f->size_update);
        http2_fact_add(at, (struct http2_fact){.kind = FACT_SIZE_UPDATE, .value = f->size_update});
        return;
    }
    if (!hpack_work(hpack, f->name.len + f->value.len))
        http2_event(at, HTTP2_COMPRESSION_BOMB);
    else if (!http2_head_add(head, at->af->mem, f->name, f->value))
        http2_event(at, HTTP2_TOO_LONG_REPEATED_HEADERS);
}

bool http2_block_read(const struct http2_at *at, struct hpack *hpack, struct str block)
{
    static const uint8_t events[] = {
        [HPACK_BAD] = HTTP2_INVALID_HEADER,
        [HPACK_OVERFLOW] = HTTP2_HEADER_INTEGER_OVERFLOW,
        [HPACK_TABLE] = HTTP2_HEADER_TABLE_OVERFLOW,
        [HPACK_BOMB] = HTTP2_COMPRESSION_BOMB,
    };
    struct hpack_room *room = arena_alloc(at->af->scratch, sizeof *room);
    struct reader r = reader_of(block);
    struct hpack_field field;
    enum hpack_result result = HPACK_BAD;
    hpack_credit(hpack, block.len);
    while (room && (result = hpack_next(hpack, at->af->mem, &r, room, &field)) == HPACK_FIELD)
        take_field(at, hpack, &field);
    if (result == HPACK_END)
        return true;
    hpack->broken = true;
    http2_event(at, events[result]);
    return false;
}

static struct str host_of(struct str authority)
{
    ptrdiff_t user = str_find_byte(authority, 0, '@');
    if (user >= 0)
        authority = str_from(authority, (size_t)user + 1);
    return authority;
}

void http2_request_checks(const struct http2_at *at)
{
    const struct http2_head *h = &http2_side(at)->head;
    struct str authority, host;
    if (!http2_head_value(h, STR_LIT(":authority"), at->af->scratch, &authority))
        return;
    if (str_find_byte(authority, 0, '@') >= 0)
        http2_event(at, HTTP2_USERINFO_IN_URI);
    if (http2_head_value(h, STR_LIT("host"), at->af->scratch, &host) &&
        !str_eq_nocase(host_of(authority), host))
        http2_event(at, HTTP2_AUTHORITY_HOST_MISMATCH);
}
