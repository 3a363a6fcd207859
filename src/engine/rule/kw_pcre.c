/* pcre: "/expression/flags" with the flags of Perl and those that name a buffer, and captures into variables. */
#include "engine/rule/keyword.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

/* The expression is the rule writer's, the text an attacker's: nothing that leaves bytes as the unit, and no script run at
 * match time. What matching may cost is limited where it is done. */
#define OPTIONS_ALWAYS (PCRE2_NEVER_UTF | PCRE2_NEVER_UCP | PCRE2_NEVER_BACKSLASH_C)

static const struct {
    char flag;
    uint32_t option;
} options[] = {
    {'i', PCRE2_CASELESS},
    {'m', PCRE2_MULTILINE},
    {'s', PCRE2_DOTALL},
    {'x', PCRE2_EXTENDED},
    {'A', PCRE2_ANCHORED},
    {'E', PCRE2_DOLLAR_ENDONLY},
    {'G', PCRE2_UNGREEDY},
    {'B', 0},
    {'O', 0},
    {'R', 0},
};

static const struct {
    char flag;
    const char *field;
} buffers[] = {
    {'U', "http.uri"},           {'I', "http.uri.raw"},    {'P', "http.request_body"},
    {'Q', "http.response_body"}, {'H', "http.header"},     {'D', "http.header.raw"},
    {'M', "http.method"},        {'C', "http.cookie"},     {'S', "http.stat_code"},
    {'Y', "http.stat_msg"},      {'V', "http.user_agent"}, {'W', "http.host"},
    {'Z', "http.host.raw"},
};

struct parts {
    struct str expression, flags, captures;
    uint32_t options;
    bool relative;
    const char *field;
};

static bool is_capture(struct str s)
{
    return str_starts(s, STR_LIT("flow:")) || str_starts(s, STR_LIT("pkt:")) ||
           str_starts(s, STR_LIT("alert:"));
}

/* Is what stands behind a '/' flags to the end, or flags and captures? */
static bool is_tail(struct str tail, struct parts *parts)
{
    struct str rest = tail;
    struct str flags = str_trim(str_split(&rest, ','));
    for (size_t i = 0; i < flags.len; i++)
        if (!(byte_lower(flags.p[i]) >= 'a' && byte_lower(flags.p[i]) <= 'z'))
            return false;
    rest = str_trim(rest);
    if (rest.len && !is_capture(rest))
        return false;
    parts->flags = flags;
    parts->captures = rest;
    return true;
}

static int divide(struct build *b, struct str s, struct parts *parts)
{
    if (s.len < 2 || s.p[0] != '/')
        return build_refuse(b, "\"/expression/flags\" is expected");
    for (size_t i = 1; i < s.len; i++)
        if (s.p[i] == '/' && s.p[i - 1] != '\\' && is_tail(str_from(s, i + 1), parts)) {
            parts->expression = str_cut(s, 1, i);
            return 0;
        }
    /* an escaped backslash may stand before the last '/' */
    for (size_t i = s.len - 1; i > 0; i--)
        if (s.p[i] == '/' && is_tail(str_from(s, i + 1), parts)) {
            parts->expression = str_cut(s, 1, i);
            return 0;
        }
    return build_refuse(b, "the closing / or its flags cannot be read");
}

static int read_flag(struct build *b, struct parts *parts, char flag)
{
    for (size_t i = 0; i < ARRAY_COUNT(options); i++)
        if (options[i].flag == flag) {
            parts->options |= options[i].option;
            parts->relative |= flag == 'R';
            return 0;
        }
    for (size_t i = 0; i < ARRAY_COUNT(buffers); i++)
        if (buffers[i].flag == flag) {
            if (parts->field)
                return build_refuse(b, "the flags name two buffers");
            parts->field = buffers[i].field;
            return 0;
        }
    return build_refuse(b, "the flag %c is not known", flag);
}

static void *compile(struct build *b, const struct parts *parts)
{
    int error;
    PCRE2_SIZE at;
    void **slot = vec_push(&b->loader->codes);
    if (!slot) {
        build_no_memory(b);
        return NULL;
    }
    *slot = pcre2_compile(parts->expression.p ? parts->expression.p : (const uint8_t *)"",
                          parts->expression.len, parts->options | OPTIONS_ALWAYS, &error, &at,
                          b->loader->pcre_context);
    if (*slot)
        return *slot;
    b->loader->codes.count--;
    PCRE2_UCHAR text[128];
    if (pcre2_get_error_message(error, text, sizeof text) < 0)
        text[0] = 0;
    build_refuse(b, "%s at offset %zu", (const char *)text, (size_t)at);
    return NULL;
}

static int add_capture(struct build *b, struct rule_pcre *pcre, struct str name, bool is_flow,
                       uint8_t group)
{
    if (pcre->capture_count == RULE_CAPTURES_MAX)
        return build_refuse(b, "more than %d captures", RULE_CAPTURES_MAX);
    int id = name.len ? loader_number(b->loader, &b->loader->captures, name) : -1;
    if (id < 0)
        return build_refuse(b, "a capture has no name");
    pcre->captures[pcre->capture_count].is_flow = is_flow;
    pcre->captures[pcre->capture_count].group = group;
    pcre->captures[pcre->capture_count++].variable_id = (uint32_t)id;
    return 0;
}

/* "flow:a, pkt:b": in the order of the brackets */
static int read_captures(struct build *b, struct rule_pcre *pcre, struct str list, uint32_t groups)
{
    struct str piece;
    for (uint8_t group = 1; value_next(&list, ',', &piece); group++) {
        if (!is_capture(piece))
            return build_refuse(b, "a capture begins with flow:, pkt: or alert:");
        struct str name = piece;
        struct str scope = str_split(&name, ':');
        if (group > groups)
            return build_refuse(b, "more captures than brackets");
        if (add_capture(b, pcre, name, str_eq(scope, STR_LIT("flow")), group) < 0)
            return -1;
    }
    return 0;
}

/* (?P<flow_name>...) and (?P<pkt_name>...) */
static int read_named(struct build *b, struct rule_pcre *pcre)
{
    uint32_t count = 0, width = 0;
    const uint8_t *table = NULL;
    pcre2_pattern_info(pcre->code, PCRE2_INFO_NAMECOUNT, &count);
    pcre2_pattern_info(pcre->code, PCRE2_INFO_NAMEENTRYSIZE, &width);
    pcre2_pattern_info(pcre->code, PCRE2_INFO_NAMETABLE, &table);
    for (uint32_t i = 0; i < count; i++) {
        struct str entry = str_of(table + (size_t)i * width, width);
        struct str name = str_c((const char *)str_from(entry, 2).p);
        bool is_flow = str_starts(name, STR_LIT("flow_"));
        uint32_t group = (uint32_t)entry.p[0] << 8 | entry.p[1];
        if ((!is_flow && !str_starts(name, STR_LIT("pkt_"))) || group > UINT8_MAX)
            continue;
        if (add_capture(b, pcre, str_from(name, is_flow ? 5 : 4), is_flow, (uint8_t)group) < 0)
            return -1;
    }
    return 0;
}

/* The flag Q after file.data: for a response both are its body. */
static bool is_file_data(const struct build *b, const char *field)
{
    return strcmp(field, "http.response_body") == 0 &&
           b->sticky == field_find(b->loader->names->fields, STR_LIT("file.data"));
}

/* Where the flag says: *into, or NULL for the sticky buffer that stands. */
static int buffer_of_flag(struct build *b, const char *field, struct rule_buffer **into)
{
    uint32_t id = build_field(b, str_c(field));
    *into = NULL;
    if (id == FIELD_NONE)
        return -1;
    if (b->sticky_chosen)
        return b->sticky == id || is_file_data(b, field)
                   ? 0
                   : build_refuse(b,
                                  "its flag names another buffer than the sticky buffer before it");
    *into = build_buffer(b, id);
    return *into ? 0 : -1;
}

static int read_pcre(struct build *b, const struct keyword *k, struct str value)
{
    struct parts parts = {0};
    struct rule_pcre pcre = {0};
    if (value_unquote(b, &value, &pcre.negated) < 0 || divide(b, value, &parts) < 0)
        return -1;
    for (size_t i = 0; i < parts.flags.len; i++)
        if (read_flag(b, &parts, (char)parts.flags.p[i]) < 0)
            return -1;
    pcre.relative = parts.relative;
    pcre.code = compile(b, &parts);
    pcre.text = loader_intern(b->loader, parts.expression);
    uint32_t groups = 0;
    if (!pcre.code || !pcre.text)
        return b->reason ? -1 : build_no_memory(b);
    pcre2_pattern_info(pcre.code, PCRE2_INFO_CAPTURECOUNT, &groups);
    if (read_captures(b, &pcre, parts.captures, groups) < 0 || read_named(b, &pcre) < 0)
        return -1;
    struct rule_buffer *into = NULL;
    if (parts.field && buffer_of_flag(b, parts.field, &into) < 0)
        return -1;
    struct rule_item *item = into ? build_item_in(b, into, RULE_PCRE) : build_item(b, RULE_PCRE);
    if (item)
        item->pcre = pcre;
    return item ? 0 : -1;
}

static const struct keyword rows[] = {
    {.name = "pcre", .read = read_pcre, .value = KEYWORD_VALUE},
};

const struct keyword_family keywords_pcre = {rows, ARRAY_COUNT(rows)};
