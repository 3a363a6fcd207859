#include "engine/format/lines/lines.h"

bool lines_skip(struct lines *l, struct str *rest)
{
    if (!l->skipping)
        return true;
    ptrdiff_t feed = str_find_byte(*rest, 0, '\n');
    *rest = feed < 0 ? STR_EMPTY : str_from(*rest, (size_t)feed + 1);
    l->skipping = feed < 0;
    return !l->skipping;
}

bool lines_next(struct lines *l, struct str *rest, uint32_t max, struct line *out)
{
    if (!lines_skip(l, rest))
        return false;
    ptrdiff_t feed = str_find_byte(str_cut(*rest, 0, (size_t)max + 1), 0, '\n');
    if (feed < 0 && rest->len <= max)
        return false;
    if (feed < 0) {
        *out = (struct line){str_cut(*rest, 0, max), true};
        *rest = str_from(*rest, max);
        l->skipping = true;
        (void)lines_skip(l, rest);
        return true;
    }
    struct str text = str_cut(*rest, 0, (size_t)feed);
    if (text.len && text.p[text.len - 1] == '\r')
        text.len--;
    *out = (struct line){text, false};
    *rest = str_from(*rest, (size_t)feed + 1);
    return true;
}

bool texts_add(struct texts *t, struct budget *mem, uint32_t kind, struct str text)
{
    if (t->count >= TEXTS_MAX || text.len > TEXTS_BYTES_MAX - t->len)
        return false;
    if (!budget_grow(mem, &t->bytes, &t->cap, t->len + (uint32_t)text.len, 1) ||
        !budget_grow(mem, &t->items, &t->items_cap, t->count + 1, sizeof *t->items))
        return false;
    if (text.len)
        memcpy(t->bytes + t->len, text.p, text.len);
    t->items[t->count++] = (struct texts_item){t->len, (uint32_t)text.len, kind};
    t->len += (uint32_t)text.len;
    return true;
}

struct str texts_at(const struct texts *t, uint32_t i)
{
    /* while all texts are empty there are no bytes to point into */
    return t->bytes ? str_of(t->bytes + t->items[i].at, t->items[i].len) : STR_EMPTY;
}

bool texts_get(const struct texts *t, uint32_t kind, uint32_t index, struct str *out)
{
    for (uint32_t i = 0; i < t->count; i++)
        if (t->items[i].kind == kind && index-- == 0) {
            *out = texts_at(t, i);
            return true;
        }
    return false;
}

void texts_fini(struct texts *t, struct budget *mem)
{
    budget_give(mem, t->bytes, t->cap);
    budget_give(mem, t->items, t->items_cap * sizeof *t->items);
    *t = (struct texts){0};
}
