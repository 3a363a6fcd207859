/* threshold.config: event_filter, threshold, rate_filter and suppress, laid on rules that are loaded.
 *
 * sig_id 0 means every rule of the generator, gen_id 0 with it every rule. Of thresholds, detection filters and event
 * filters a rule has one: that of a line which names the rule (the last such line), else its own, else that of a line for
 * every rule. A rate_filter counts only where there is none of these; of several the first. Suppressions come on top. */
#include "base/buf.h"
#include "engine/rule/keyword.h"

enum line_kind { EVENT_FILTER, RATE_FILTER, SUPPRESS };

struct line {
    enum line_kind kind;
    uint64_t gid, sid;
    bool has_gid, has_sid, has_ip, has_track;
    struct rule_threshold threshold;
};

static int read_kind(struct build *b, struct str *text, struct line *line)
{
    static const struct {
        const char *name;
        enum line_kind kind;
    } kinds[] = {{"event_filter", EVENT_FILTER},
                 {"threshold", EVENT_FILTER},
                 {"rate_filter", RATE_FILTER},
                 {"suppress", SUPPRESS}};
    struct str word = value_word(text);
    for (size_t i = 0; i < ARRAY_COUNT(kinds); i++)
        if (str_eq_nocase(word, str_c(kinds[i].name))) {
            line->kind = kinds[i].kind;
            return 0;
        }
    return build_refuse(b, "event_filter, threshold, rate_filter or suppress is expected");
}

/* Next member at a ',' outside brackets: an address list has commas of its own. */
static bool next_member(struct str *rest, struct str *member)
{
    int depth = 0;
    size_t i = 0;
    if (!rest->len)
        return false;
    for (; i < rest->len && (rest->p[i] != ',' || depth > 0); i++)
        depth += (rest->p[i] == '[') - (rest->p[i] == ']');
    *member = str_trim(str_cut(*rest, 0, i));
    *rest = str_from(*rest, i + 1);
    return true;
}

/* gen_id, sig_id and ip are taken here; what remains is as in a rule's threshold and goes to `rest`. */
static int read_member(struct build *b, struct str member, struct line *line, struct buf *rest)
{
    struct str value = member;
    struct str word = value_word(&value);
    if (str_eq_nocase(word, STR_LIT("gen_id"))) {
        line->has_gid = true;
        return value_u64(b, value, UINT32_MAX, &line->gid);
    }
    if (str_eq_nocase(word, STR_LIT("sig_id"))) {
        line->has_sid = true;
        return value_u64(b, value, UINT32_MAX, &line->sid);
    }
    if (str_eq_nocase(word, STR_LIT("ip")) && line->kind == SUPPRESS) {
        line->has_ip = true;
        line->threshold.addresses = addresses_read(b, value);
        return line->threshold.addresses ? 0 : -1;
    }
    line->has_track |= str_eq_nocase(word, STR_LIT("track"));
    if (rest->len)
        buf_add_byte(rest, ',');
    buf_add(rest, member);
    return 0;
}

static int read_line(struct build *b, struct str text, struct line *line)
{
    struct buf rest;
    struct str member;
    buf_init(&rest, 0);
    int result = buf_reserve(&rest, text.len + 1) ? read_kind(b, &text, line) : build_no_memory(b);
    while (result == 0 && next_member(&text, &member))
        result = read_member(b, member, line, &rest); /* a part of the text: it has room */
    unsigned needed = THRESHOLD_NEEDS;
    if (line->kind == RATE_FILTER) {
        line->threshold.kind = RULE_RATE_FILTER;
        needed =
            (needed & ~(1u << THRESHOLD_TYPE)) | 1u << THRESHOLD_TIMEOUT | 1u << THRESHOLD_ACTION;
    }
    if (line->kind == SUPPRESS) {
        line->threshold.kind = RULE_SUPPRESS;
        line->threshold.track = RULE_TRACK_EITHER;
        needed = 0;
    }
    if (result == 0)
        result = threshold_read(b, rest.len ? buf_str(&rest) : STR_EMPTY, needed, &line->threshold);
    buf_fini(&rest);
    if (result < 0)
        return -1;
    if (!line->has_gid || !line->has_sid)
        return build_refuse(b, "gen_id or sig_id is missing");
    if (line->gid == 0 && line->sid != 0)
        return build_refuse(b, "gen_id 0 goes with sig_id 0 only");
    if (line->has_ip != line->has_track && line->kind == SUPPRESS)
        return build_refuse(b, "track and ip belong together");
    return 0;
}

/* Suppressions first: what they silence is not counted elsewhere. Behind them at most one other. */
static int lay_on(struct rule_loader *l, struct rule *rule, const struct line *line)
{
    struct rule_threshold **at = &rule->thresholds;
    while (line->kind != SUPPRESS && *at && (*at)->kind == RULE_SUPPRESS)
        at = &(*at)->next;
    bool taken = line->kind != SUPPRESS && *at;
    bool replaces =
        line->kind == EVENT_FILTER && (line->sid || (taken && (*at)->kind == RULE_RATE_FILTER));
    if (taken && !replaces)
        return 0;
    struct rule_threshold *t = arena_alloc(l->arena, sizeof *t);
    if (!t)
        return -1;
    *t = line->threshold;
    t->next = taken ? NULL : *at;
    *at = t;
    return 0;
}

static int apply(struct rule_loader *l, struct build *b, const struct line *line)
{
    uint32_t key[2] = {(uint32_t)line->sid, (uint32_t)line->gid};
    if (line->sid) {
        uintptr_t place = (uintptr_t)map_get(&l->by_sid, str_of(key, sizeof key));
        if (!place)
            return build_refuse(b, "there is no rule %u:%u", key[1], key[0]);
        return lay_on(l, *(struct rule **)vec_at(&l->rules, place - 1), line) < 0
                   ? build_no_memory(b)
                   : 0;
    }
    for (size_t i = 0; i < l->rules.count; i++) {
        struct rule *rule = *(struct rule **)vec_at(&l->rules, i);
        if ((line->gid == 0 || rule->gid == line->gid) && lay_on(l, rule, line) < 0)
            return build_no_memory(b);
    }
    return 0;
}

static int load_line(struct rule_loader *l, struct str text, const char *name, uint32_t number)
{
    struct line line = {0};
    struct rule unused = {0};
    struct build b = {
        .loader = l, .arena = l->arena, .rule = &unused, .keyword = "threshold.config"};
    if (!text.len)
        build_refuse(&b, "too long");
    else if (read_line(&b, text, &line) == 0 && apply(l, &b, &line) == 0)
        return 0;
    if (b.no_memory)
        return -1;
    return loader_refused(l, &(struct rule_refused){.file = name,
                                                    .line = number,
                                                    .sid = (uint32_t)line.sid,
                                                    .keyword = b.keyword,
                                                    .reason = b.reason});
}

int rule_load_thresholds(struct rule_loader *l, struct str text, const char *name, struct err *err)
{
    const char *file = loader_intern(l, str_c(name));
    struct buf joined;
    buf_init(&joined, RULE_TEXT_MAX);
    int result = file && buf_reserve(&joined, RULE_TEXT_MAX) ? 0 : -1;
    for (uint32_t number = 1; text.p && result == 0; number++) {
        struct str line = str_trim(str_split(&text, '\n'));
        bool more = line.len && line.p[line.len - 1] == '\\';
        if (!joined.len && line.len && line.p[0] == '#')
            continue;
        buf_add(&joined, more ? str_cut(line, 0, line.len - 1) : line);
        buf_add_byte(&joined, ' ');
        if (more && text.p)
            continue;
        struct str whole = str_trim(buf_str(&joined));
        if (joined.failed || whole.len)
            result = load_line(l, joined.failed ? STR_EMPTY : whole, file, number);
        buf_reset(&joined);
    }
    buf_fini(&joined);
    return result == 0 ? 0 : err_set(err, "%s: no memory", name);
}
