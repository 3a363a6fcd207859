#include "engine/app/bittorrent_dht/bencode.h"

uint8_t bencode_peek(const struct reader *r)
{
    return reader_left(r) ? r->p[r->at] : 0;
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

/* Digits up to `end`, which is passed over; no zero before others. */
static bool digits(struct reader *r, uint8_t end, uint64_t *out)
{
    uint8_t first = bencode_peek(r);
    size_t count = 0;
    *out = 0;
    for (; is_digit(bencode_peek(r)); count++) {
        uint64_t digit = (uint64_t)(reader_u8(r) - '0');
        if (__builtin_mul_overflow(*out, 10, out) || __builtin_add_overflow(*out, digit, out))
            return false;
    }
    return count && (count == 1 || first != '0') && reader_u8(r) == end;
}

bool bencode_string(struct reader *r, struct str *out)
{
    uint64_t len;
    if (!digits(r, ':', &len) || len > reader_left(r))
        return false;
    *out = reader_str(r, (size_t)len);
    return true;
}

bool bencode_number(struct reader *r, int64_t *out)
{
    uint64_t value;
    if (reader_u8(r) != 'i')
        return false;
    bool negative = bencode_peek(r) == '-';
    reader_skip(r, negative);
    if (!digits(r, 'e', &value) || value > INT64_MAX || (negative && !value))
        return false;
    *out = negative ? -(int64_t)value : (int64_t)value;
    return true;
}

bool bencode_open(struct reader *r, uint8_t kind, struct bencode_list *list)
{
    *list = (struct bencode_list){0};
    return reader_u8(r) == kind;
}

void bencode_item(struct reader *r, struct bencode_list *list)
{
    list->done = bencode_peek(r) == 'e';
    if (list->done)
        reader_skip(r, 1);
}

bool bencode_key(struct reader *r, struct bencode_list *list, struct str *out)
{
    bencode_item(r, list);
    if (list->done)
        return true;
    if (!bencode_string(r, out) || (list->last.p && str_cmp(list->last, *out) >= 0))
        return false;
    list->last = *out;
    return true;
}

/* A value that holds no others. */
static bool skip_plain(struct reader *r)
{
    struct str string;
    int64_t number;
    return bencode_peek(r) == 'i' ? bencode_number(r, &number) : bencode_string(r, &string);
}

bool bencode_skip(struct reader *r)
{
    struct {
        struct bencode_list list;
        bool has_keys;
    } open[BENCODE_DEPTH_MAX];
    size_t depth = 0;
    struct str key;
    do {
        uint8_t kind = bencode_peek(r);
        if (kind == 'd' || kind == 'l') {
            if (depth == BENCODE_DEPTH_MAX || !bencode_open(r, kind, &open[depth].list))
                return false;
            open[depth++].has_keys = kind == 'd';
        } else if (!skip_plain(r)) {
            return false;
        }
        for (; depth > 0; depth--) {
            struct bencode_list *list = &open[depth - 1].list;
            if (!open[depth - 1].has_keys)
                bencode_item(r, list);
            else if (!bencode_key(r, list, &key))
                return false;
            if (!list->done)
                break;
        }
    } while (depth > 0);
    return true;
}
