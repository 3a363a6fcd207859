#include "engine/app/http2/hpack.h"

#include "base/attr.h"

#include <assert.h>

/* RFC 7541, Appendix A; index 1 is the first. */
static const struct {
    const char *name, *value;
} static_table[] = {
    // clang-format off
    {":authority", ""}, {":method", "GET"}, {":method", "POST"}, {":path", "/"},
    {":path", "/index.html"}, {":scheme", "http"}, {":scheme", "https"}, {":status", "200"},
    {":status", "204"}, {":status", "206"}, {":status", "304"}, {":status", "400"},
    {":status", "404"}, {":status", "500"}, {"accept-charset", ""},
    {"accept-encoding", "gzip, deflate"}, {"accept-language", ""}, {"accept-ranges", ""},
    {"accept", ""}, {"access-control-allow-origin", ""}, {"age", ""}, {"allow", ""},
    {"authorization", ""}, {"cache-control", ""}, {"content-disposition", ""},
    {"content-encoding", ""}, {"content-language", ""}, {"content-length", ""},
    {"content-location", ""}, {"content-range", ""}, {"content-type", ""}, {"cookie", ""},
    {"date", ""}, {"etag", ""}, {"expect", ""}, {"expires", ""}, {"from", ""}, {"host", ""},
    {"if-match", ""}, {"if-modified-since", ""}, {"if-none-match", ""}, {"if-range", ""},
    {"if-unmodified-since", ""}, {"last-modified", ""}, {"link", ""}, {"location", ""},
    {"max-forwards", ""}, {"proxy-authenticate", ""}, {"proxy-authorization", ""}, {"range", ""},
    {"referer", ""}, {"refresh", ""}, {"retry-after", ""}, {"server", ""}, {"set-cookie", ""},
    {"strict-transport-security", ""}, {"transfer-encoding", ""}, {"user-agent", ""},
    {"vary", ""}, {"via", ""}, {"www-authenticate", ""},
    // clang-format on
};

#define STATIC_COUNT ARRAY_COUNT(static_table)

_Static_assert(ARRAY_COUNT(static_table) == 61, "RFC 7541, Appendix A");

void hpack_init(struct hpack *h)
{
    *h =
        (struct hpack){.max_bytes = HPACK_TABLE_USUAL, .work_left = HPACK_WORK_FREE, .begun = true};
}

void hpack_fini(struct hpack *h, struct budget *mem)
{
    budget_give(mem, h->text, h->text_cap);
    budget_give(mem, h->entries, h->entry_cap * sizeof *h->entries);
    *h = (struct hpack){0};
}

void hpack_credit(struct hpack *h, size_t bytes)
{
    uint64_t more;
    if (__builtin_mul_overflow((uint64_t)bytes, HPACK_WORK_PER_BYTE, &more) ||
        __builtin_add_overflow(h->work_left, more, &h->work_left))
        h->work_left = UINT64_MAX;
}

bool hpack_work(struct hpack *h, size_t bytes)
{
    if (h->work_left < bytes)
        return false;
    h->work_left -= bytes;
    return true;
}

/* ---- the dynamic table ---- */

static void evict_oldest(struct hpack *h)
{
    const struct hpack_entry *e = &h->entries[h->first];
    uint32_t bytes = (uint32_t)e->name_len + e->value_len;
    h->text_at += bytes;
    h->text_len -= bytes;
    h->used_bytes -= bytes + HPACK_ENTRY_COST;
    h->first = (h->first + 1) % h->entry_cap;
    h->count--;
}

static void shrink_to(struct hpack *h, uint32_t bytes)
{
    while (h->count && h->used_bytes > bytes)
        evict_oldest(h);
}

/* The text is twice as large as the table can become, so that moving all of it back to the front is paid by what was added
 * since the last time. */
static bool reserve_text(struct hpack *h, struct budget *mem, uint32_t bytes)
{
    if (h->text_at + h->text_len + bytes <= h->text_cap)
        return true;
    uint32_t cap = 2 * (h->max_bytes < HPACK_TABLE_USUAL ? HPACK_TABLE_USUAL : h->max_bytes);
    if (cap > h->text_cap) {
        uint8_t *moved = budget_alloc(mem, cap);
        if (!moved)
            return false;
        if (h->text_len)
            memcpy(moved, h->text + h->text_at, h->text_len);
        budget_give(mem, h->text, h->text_cap);
        h->text = moved;
        h->text_cap = cap;
    } else if (h->text_len) {
        memmove(h->text, h->text + h->text_at, h->text_len);
    }
    for (uint32_t i = 0; i < h->count; i++)
        h->entries[(h->first + i) % h->entry_cap].at -= h->text_at;
    h->text_at = 0;
    return h->text_len + bytes <= h->text_cap;
}

static bool reserve_entry(struct hpack *h, struct budget *mem)
{
    if (h->count < h->entry_cap)
        return true;
    uint32_t cap = h->entry_cap ? h->entry_cap * 2 : 32;
    struct hpack_entry *moved = budget_alloc(mem, cap * sizeof *moved);
    if (!moved)
        return false;
    for (uint32_t i = 0; i < h->count; i++)
        moved[i] = h->entries[(h->first + i) % h->entry_cap];
    budget_give(mem, h->entries, h->entry_cap * sizeof *h->entries);
    h->entries = moved;
    h->entry_cap = cap;
    h->first = 0;
    return true;
}

/* Section 4.4: an entry larger than the table empties it. The field's strings are not the table's (see read_literal). */
static bool table_add(struct hpack *h, struct budget *mem, const struct hpack_field *f)
{
    uint32_t bytes = (uint32_t)(f->name.len + f->value.len);
    if (bytes + HPACK_ENTRY_COST > h->max_bytes) {
        shrink_to(h, 0);
        return true;
    }
    shrink_to(h, h->max_bytes - bytes - HPACK_ENTRY_COST);
    if (!reserve_entry(h, mem) || !reserve_text(h, mem, bytes))
        return false;
    struct hpack_entry *e = &h->entries[(h->first + h->count) % h->entry_cap];
    *e = (struct hpack_entry){h->text_at + h->text_len, (uint16_t)f->name.len,
                              (uint16_t)f->value.len};
    if (f->name.len)
        memcpy(h->text + e->at, f->name.p, f->name.len);
    if (f->value.len)
        memcpy(h->text + e->at + f->name.len, f->value.p, f->value.len);
    h->text_len += bytes;
    h->used_bytes += bytes + HPACK_ENTRY_COST;
    h->count++;
    return true;
}

/* Section 2.3.3: the static table first, then the newest entry. */
static bool table_at(const struct hpack *h, uint64_t index, struct hpack_field *out)
{
    if (index == 0 || index > STATIC_COUNT + (uint64_t)h->count)
        return false;
    if (index <= STATIC_COUNT) {
        out->name = str_c(static_table[index - 1].name);
        out->value = str_c(static_table[index - 1].value);
        return true;
    }
    uint32_t back = (uint32_t)(index - STATIC_COUNT);
    const struct hpack_entry *e = &h->entries[(h->first + h->count - back) % h->entry_cap];
    /* entries without a byte need no text, and there may be none */
    out->name = e->name_len ? str_of(h->text + e->at, e->name_len) : STR_EMPTY;
    out->value = e->value_len ? str_of(h->text + e->at + e->name_len, e->value_len) : STR_EMPTY;
    return true;
}

/* ---- a block ---- */

#define INTEGER_SHIFT_MAX 28 /* five bytes: no honest sender needs more */

/* Section 5.1. False: too large. */
static bool read_integer(struct reader *r, uint8_t first, uint8_t prefix_bits, uint64_t *out)
{
    uint8_t mask = (uint8_t)((1u << prefix_bits) - 1);
    *out = first & mask;
    if (*out < mask)
        return true;
    for (uint32_t shift = 0; shift <= INTEGER_SHIFT_MAX; shift += 7) {
        uint8_t byte = reader_u8(r);
        *out += (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80))
            return true;
    }
    return false;
}

/* Section 5.2. The string lies in the room afterwards. */
static enum hpack_result read_string(struct reader *r, uint8_t *room, struct str *out)
{
    uint8_t first = reader_u8(r);
    uint64_t len;
    size_t made;
    if (!read_integer(r, first, 7, &len))
        return HPACK_OVERFLOW;
    if (r->bad || len > reader_left(r))
        return HPACK_BAD;
    struct str coded = reader_str(r, len);
    if (first & 0x80) {
        if (!hpack_huffman(coded, room, HPACK_STRING_MAX, &made))
            return HPACK_BAD;
    } else {
        made = coded.len;
        if (made > HPACK_STRING_MAX)
            return HPACK_BAD;
        if (made)
            memcpy(room, coded.p, made);
    }
    *out = str_of(room, made);
    return HPACK_FIELD;
}

/* Section 6.2: the name by index (prefix bits of the first byte) or as a string, the value as a string. The name is copied out of
 * the table: adding the field may move what stands there. */
static enum hpack_result read_literal(struct hpack *h, struct reader *r, uint64_t index,
                                      struct hpack_room *room, struct hpack_field *out)
{
    struct hpack_field named;
    if (index == 0) {
        enum hpack_result result = read_string(r, room->name, &out->name);
        if (result != HPACK_FIELD)
            return result;
    } else {
        if (!table_at(h, index, &named))
            return HPACK_BAD;
        if (!hpack_work(h, named.name.len))
            return HPACK_BOMB;
        if (named.name.len > HPACK_STRING_MAX)
            return HPACK_BAD;
        if (named.name.len)
            memcpy(room->name, named.name.p, named.name.len);
        out->name = str_of(room->name, named.name.len);
    }
    return read_string(r, room->value, &out->value);
}

/* Section 6.3 */
static enum hpack_result read_size(struct hpack *h, uint64_t size, struct hpack_field *out)
{
    out->is_update = true;
    out->size_update = (uint32_t)size;
    if (size > HPACK_TABLE_MAX)
        return HPACK_TABLE;
    h->max_bytes = (uint32_t)size;
    shrink_to(h, h->max_bytes);
    return HPACK_FIELD;
}

static enum hpack_result read_added(struct hpack *h, struct budget *mem, struct reader *r,
                                    struct hpack_room *room, struct hpack_field *out)
{
    uint64_t index;
    if (!read_integer(r, r->p[r->at - 1], 6, &index))
        return HPACK_OVERFLOW;
    enum hpack_result result = read_literal(h, r, index, room, out);
    if (result != HPACK_FIELD || r->bad)
        return result;
    if (!hpack_work(h, out->name.len + out->value.len))
        return HPACK_BOMB;
    return table_add(h, mem, out) ? HPACK_FIELD : HPACK_TABLE;
}

enum hpack_result hpack_next(struct hpack *h, struct budget *mem, struct reader *r,
                             struct hpack_room *room, struct hpack_field *out)
{
    uint64_t number;
    enum hpack_result result;
    *out = (struct hpack_field){0};
    if (!reader_left(r))
        return HPACK_END;
    uint8_t first = reader_u8(r);
    if (first & 0x80) {
        if (!read_integer(r, first, 7, &number))
            return HPACK_OVERFLOW;
        result = table_at(h, number, out) ? HPACK_FIELD : HPACK_BAD;
    } else if (first & 0x40) {
        result = read_added(h, mem, r, room, out);
    } else if (first & 0x20) {
        if (!read_integer(r, first, 5, &number))
            return HPACK_OVERFLOW;
        result = read_size(h, number, out);
    } else {
        if (!read_integer(r, first, 4, &number))
            return HPACK_OVERFLOW;
        result = read_literal(h, r, number, room, out);
    }
    return r->bad ? HPACK_BAD : result;
}
