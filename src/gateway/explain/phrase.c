#include "gateway/explain/phrase.h"

struct phrase phrase_of(struct str text)
{
    ptrdiff_t open = str_find_byte(text, 0, '(');
    struct str rest = open < 0 ? STR_EMPTY : str_trim(str_from(text, (size_t)open + 1));
    if (rest.len && rest.p[rest.len - 1] == ')')
        rest.len--;
    return (struct phrase){str_trim(open < 0 ? text : str_cut(text, 0, (size_t)open)), rest};
}

bool phrase_next(struct phrase *p, struct phrase_option *option)
{
    struct str all = str_trim(p->rest);
    size_t i = 0;
    if (!all.len)
        return false;
    while (i < all.len && (all.p[i] != ';' || (i && all.p[i - 1] == '\\')))
        i++;
    p->rest = str_from(all, i + 1);
    struct str value = str_cut(all, 0, i);
    option->name = str_trim(str_split(&value, ':'));
    option->value = value.p ? str_trim(value) : STR_EMPTY;
    return true;
}

struct str phrase_word(struct str header, unsigned index)
{
    struct str rest = header, word = STR_EMPTY;
    for (unsigned i = 0; i <= index; i++)
        do {
            if (!rest.p)
                return STR_EMPTY;
            word = str_split(&rest, ' ');
        } while (!word.len);
    return word;
}

static bool only_names(struct str name)
{
    static const char *const names[] = {"msg",       "sid",       "rev",      "gid",   "metadata",
                                        "reference", "classtype", "priority", "target"};
    for (size_t i = 0; i < ARRAY_COUNT(names); i++)
        if (str_eq(name, str_c(names[i])))
            return true;
    return false;
}

void phrase_conditions(struct str text, struct buf *out)
{
    struct phrase p = phrase_of(text);
    struct phrase_option option;
    buf_add(out, p.header);
    while (phrase_next(&p, &option)) {
        if (only_names(option.name))
            continue;
        buf_add_byte(out, ';');
        buf_add(out, option.name);
        buf_add_byte(out, ':');
        buf_add(out, option.value);
    }
}
