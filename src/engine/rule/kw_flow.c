/* flow: which side speaks and what stands behind it. */
#include "engine/rule/keyword.h"

#include <stddef.h>

struct flow_word {
    const char *name;
    size_t flag; /* offset in struct rule_flow */
};

#define FLAG(name) offsetof(struct rule_flow, name)

static const struct flow_word words[] = {
    {"to_server", FLAG(to_server)},     {"from_client", FLAG(to_server)},
    {"to_client", FLAG(to_client)},     {"from_server", FLAG(to_client)},
    {"established", FLAG(established)}, {"not_established", FLAG(not_established)},
    {"stateless", FLAG(stateless)},     {"only_stream", FLAG(only_stream)},
    {"no_stream", FLAG(no_stream)},     {"only_frag", FLAG(only_frag)},
    {"no_frag", FLAG(no_frag)},
};

static int read_word(struct build *b, struct rule_flow *flow, struct str word)
{
    for (size_t i = 0; i < ARRAY_COUNT(words); i++)
        if (str_eq_nocase(word, str_c(words[i].name))) {
            bool *flag = (bool *)((uint8_t *)flow + words[i].flag);
            if (*flag)
                return build_refuse(b, "%s stands twice", words[i].name);
            *flag = true;
            return 0;
        }
    return build_refuse(b, "\"%.*s\" is not a word of flow", (int)(word.len < 40 ? word.len : 40),
                        word.p ? (const char *)word.p : "");
}

/* flow may stand several times: the words of all count. */
static void add_words(struct rule_flow *flow, const struct rule_flow *said)
{
    for (size_t i = 0; i < ARRAY_COUNT(words); i++)
        *(bool *)((uint8_t *)flow + words[i].flag) |=
            *(const bool *)((const uint8_t *)said + words[i].flag);
}

static int read_flow(struct build *b, const struct keyword *k, struct str value)
{
    struct rule_flow *f = &b->rule->flow, said = {0};
    struct str word;
    while (value_next(&value, ',', &word))
        if (read_word(b, &said, word) < 0)
            return -1;
    add_words(f, &said);
    if (f->to_server && f->to_client)
        return build_refuse(b, "to_server and to_client exclude each other");
    if (f->established + f->not_established + f->stateless > 1)
        return build_refuse(b, "established, not_established and stateless exclude each other");
    if (f->only_stream && f->no_stream)
        return build_refuse(b, "only_stream and no_stream exclude each other");
    if (f->only_frag && f->no_frag)
        return build_refuse(b, "only_frag and no_frag exclude each other");
    return 0;
}

static const struct keyword rows[] = {
    {.name = "flow", .read = read_flow, .value = KEYWORD_VALUE},
};

const struct keyword_family keywords_flow = {rows, ARRAY_COUNT(rows)};
