#include "engine/app/imap/message.h"

static struct str without_end(struct str text)
{
    if (text.len && text.p[text.len - 1] == '\r')
        text.len--;
    return text;
}

/* The last bytes of all that has come. */
static void keep_tail(struct imap_side *side, struct str bytes)
{
    struct str last =
        bytes.len > IMAP_TAIL_MAX ? str_from(bytes, bytes.len - IMAP_TAIL_MAX) : bytes;
    size_t stays = IMAP_TAIL_MAX - last.len;
    if (stays > side->tail_len)
        stays = side->tail_len;
    memmove(side->tail, side->tail + side->tail_len - stays, stays);
    if (last.len)
        memcpy(side->tail + stays, last.p, last.len);
    side->tail_len = (uint8_t)(stays + last.len);
}

static bool end_long_line(struct imap_side *side, struct str *rest, struct imap_line *out)
{
    ptrdiff_t feed = str_find_byte(*rest, 0, '\n');
    keep_tail(side, feed < 0 ? *rest : str_cut(*rest, 0, (size_t)feed));
    *rest = feed < 0 ? STR_EMPTY : str_from(*rest, (size_t)feed + 1);
    if (feed < 0)
        return false;
    side->is_long = false;
    out->ends = true;
    out->tail = without_end(str_of(side->tail, side->tail_len));
    return true;
}

bool imap_line_next(struct imap_side *side, struct str *rest, struct imap_line *out)
{
    *out = (struct imap_line){0};
    if (side->is_long)
        return end_long_line(side, rest, out);
    ptrdiff_t feed = str_find_byte(str_cut(*rest, 0, IMAP_LINE_MAX + 1), 0, '\n');
    if (feed < 0 && rest->len <= IMAP_LINE_MAX)
        return false;
    out->begins = true;
    if (feed < 0) {
        out->head = str_cut(*rest, 0, IMAP_LINE_MAX);
        side->is_long = true;
        side->tail_len = 0;
        keep_tail(side, out->head);
        *rest = str_from(*rest, IMAP_LINE_MAX);
        return true;
    }
    out->ends = true;
    out->head = without_end(str_cut(*rest, 0, (size_t)feed));
    out->tail = out->head;
    *rest = str_from(*rest, (size_t)feed + 1);
    return true;
}

bool imap_literal_read(struct str tail, struct imap_literal *out)
{
    *out = (struct imap_literal){.waits = true};
    if (tail.len < 3 || tail.p[tail.len - 1] != '}')
        return false;
    size_t open = tail.len - 1;
    while (open && tail.p[open] != '{')
        open--;
    if (tail.p[open] != '{')
        return false;
    struct str number = str_cut(tail, open + 1, tail.len - 1);
    if (number.len && number.p[number.len - 1] == '+') {
        number.len--;
        out->waits = false;
    }
    if (!str_to_u64(number, &out->len))
        return false;
    if (open && tail.p[open - 1] == '~')
        open--;
    out->before = str_trim(str_cut(tail, 0, open));
    return true;
}

/* RFC 9051 section 7.5.2, and RFC 3501's names of the same. "BODY[]<0>": from this byte on. */
struct imap_item imap_item_read(struct str name)
{
    static const struct {
        const char *name;
        bool is_part;
    } rows[] = {
        {"BODY[]", false},      {"RFC822", false},       {"BODY[]<0>", true},
        {"BODY[HEADER]", true}, {"RFC822.HEADER", true},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        if (str_eq_nocase(name, str_c(rows[i].name)))
            return (struct imap_item){true, rows[i].is_part};
    return (struct imap_item){false, str_starts_nocase(name, STR_LIT("BODY[]<"))};
}
