#include "gateway/tailor/modify.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

static bool is_space(uint8_t c)
{
    return c == ' ' || c == '\t';
}

/* One word from *at on; its bytes go to `bytes`. False: a quote stays open. */
static bool read_word(struct str line, size_t *at, struct buf *bytes)
{
    bool quoted = false;
    for (; *at < line.len && (quoted || !is_space(line.p[*at])); ++*at) {
        uint8_t c = line.p[*at], next = *at + 1 < line.len ? line.p[*at + 1] : 0;
        if (c == '"') {
            quoted = !quoted;
            continue;
        }
        if (quoted && c == '\\' && (next == '"' || next == '\\'))
            c = line.p[++*at];
        buf_add_byte(bytes, c);
    }
    return !quoted;
}

int modify_split(struct str line, struct buf *bytes, struct str *words, int max)
{
    size_t ends[8], at = 0;
    int count = 0;
    if (!buf_reserve(bytes, line.len + 1))
        return -1;
    for (;;) {
        while (at < line.len && is_space(line.p[at]))
            at++;
        if (at == line.len)
            break;
        if (count == max || count == (int)ARRAY_COUNT(ends) || !read_word(line, &at, bytes))
            return -1;
        ends[count++] = bytes->len;
    }
    for (int i = 0; i < count; i++)
        words[i] = str_cut(buf_str(bytes), i ? ends[i - 1] : 0, ends[i]);
    return bytes->failed ? -1 : count;
}

/* The bracket's number at to[*at], behind \ or $; *at goes behind it. -1: there is none. */
static int read_reference(struct str to, size_t *at)
{
    size_t i = *at + 1;
    bool braced = to.p[*at] == '$' && i < to.len && to.p[i] == '{';
    i += braced;
    int number = 0;
    size_t first = i;
    for (; i < to.len && to.p[i] >= '0' && to.p[i] <= '9' && i - first < 2; i++)
        number = number * 10 + (to.p[i] - '0');
    if (i == first || (braced && (i == to.len || to.p[i] != '}')))
        return -1;
    *at = i + braced;
    return number;
}

static void write_replacement(struct str to, struct str text, const PCRE2_SIZE *found, int groups,
                              struct buf *out)
{
    for (size_t i = 0; i < to.len;) {
        uint8_t c = to.p[i];
        int number = c == '\\' || c == '$' ? read_reference(to, &i) : -1;
        if (number < 0) {
            buf_add_byte(out, c);
            i++;
        } else if (number < groups && found[2 * number] != PCRE2_UNSET) {
            buf_add(out, str_cut(text, found[2 * number], found[2 * number + 1]));
        }
    }
}

int modify_replace(void *code, struct str to, struct str text, const struct scratch *scratch,
                   struct buf *out)
{
    size_t at = 0, copied = 0;
    int places = 0;
    while (at <= text.len) {
        int rc = pcre2_match(code, text.p, text.len, at, 0, scratch->data, scratch->limits);
        if (rc == PCRE2_ERROR_NOMATCH)
            break;
        const PCRE2_SIZE *found = pcre2_get_ovector_pointer(scratch->data);
        /* an expression may put its begin behind its end (\K in an assertion): nothing to replace there */
        if (rc < 0 || found[0] < copied || found[1] < found[0])
            return -1;
        int groups = rc ? rc : (int)pcre2_get_ovector_count(scratch->data);
        buf_add(out, str_cut(text, copied, found[0]));
        write_replacement(to, text, found, groups, out);
        copied = found[1];
        at = found[1] > found[0] ? found[1] : found[1] + 1;
        places++;
    }
    buf_add(out, str_from(text, copied));
    return out->failed ? -1 : places;
}

bool modify_add_metadata(struct str key, struct str value, struct str text, struct buf *out)
{
    text = str_trim(text);
    if (!text.len || text.p[text.len - 1] != ')')
        return false;
    struct str body = str_trim(str_cut(text, 0, text.len - 1));
    buf_add(out, body);
    if (body.len && body.p[body.len - 1] != ';')
        buf_add_byte(out, ';');
    buf_add_c(out, " metadata:");
    buf_add(out, key);
    buf_add_byte(out, ' ');
    buf_add(out, value);
    buf_add_c(out, ";)");
    return !out->failed;
}
