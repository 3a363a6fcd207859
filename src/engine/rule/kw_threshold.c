/* threshold, detection_filter, tag: how often a rule speaks. */
#include "engine/rule/keyword.h"

int threshold_track(struct build *b, struct str word, enum rule_track *out)
{
    static const struct {
        const char *name;
        enum rule_track track;
    } tracks[] = {{"by_src", RULE_TRACK_SRC},   {"by_dst", RULE_TRACK_DST},
                  {"by_both", RULE_TRACK_PAIR}, {"by_rule", RULE_TRACK_RULE},
                  {"by_flow", RULE_TRACK_FLOW}, {"by_either", RULE_TRACK_EITHER}};
    for (size_t i = 0; i < ARRAY_COUNT(tracks); i++)
        if (str_eq_nocase(word, str_c(tracks[i].name))) {
            *out = tracks[i].track;
            return 0;
        }
    return build_refuse(b, "track is by_src, by_dst, by_both, by_rule, by_flow or by_either");
}

static int read_kind(struct build *b, struct str word, struct rule_threshold *t)
{
    static const struct {
        const char *name;
        enum rule_threshold_kind kind;
    } kinds[] = {{"limit", RULE_THRESHOLD_LIMIT},
                 {"threshold", RULE_THRESHOLD_THRESHOLD},
                 {"both", RULE_THRESHOLD_BOTH},
                 {"backoff", RULE_THRESHOLD_BACKOFF}};
    for (size_t i = 0; i < ARRAY_COUNT(kinds); i++)
        if (str_eq_nocase(word, str_c(kinds[i].name))) {
            t->kind = kinds[i].kind;
            return 0;
        }
    return build_refuse(b, "type is limit, threshold, both or backoff");
}

static int read_new_action(struct build *b, struct str word, struct rule_threshold *t)
{
    static const char *const names[RULE_ACTIONS] = {[RULE_PASS] = "pass",
                                                    [RULE_DROP] = "drop",
                                                    [RULE_REJECT] = "reject",
                                                    [RULE_ALERT] = "alert"};
    for (int a = 0; a < RULE_ACTIONS; a++)
        if (str_eq_nocase(word, str_c(names[a]))) {
            t->new_action = (enum rule_action)a;
            return 0;
        }
    return build_refuse(b, "new_action is pass, drop, reject or alert");
}

static int read_piece(struct build *b, struct str piece, struct rule_threshold *t, unsigned *seen)
{
    static const char *const words[] = {[THRESHOLD_TYPE] = "type",
                                        [THRESHOLD_TRACK] = "track",
                                        [THRESHOLD_COUNT] = "count",
                                        [THRESHOLD_SECONDS] = "seconds",
                                        [THRESHOLD_MULTIPLIER] = "multiplier",
                                        [THRESHOLD_TIMEOUT] = "timeout",
                                        [THRESHOLD_ACTION] = "new_action"};
    struct str value = piece;
    struct str word = value_word(&value);
    unsigned i = 0;
    while (i < ARRAY_COUNT(words) && !str_eq_nocase(word, str_c(words[i])))
        i++;
    if (i == ARRAY_COUNT(words))
        return build_refuse(b, "the word \"%.*s\" is not known",
                            (int)(word.len < 40 ? word.len : 40),
                            word.p ? (const char *)word.p : "");
    if (*seen >> i & 1)
        return build_refuse(b, "%s stands twice", words[i]);
    *seen |= 1u << i;
    if (i == THRESHOLD_TYPE)
        return read_kind(b, value, t);
    if (i == THRESHOLD_TRACK)
        return threshold_track(b, value, &t->track);
    if (i == THRESHOLD_ACTION)
        return read_new_action(b, value, t);
    uint32_t *numbers[] = {[THRESHOLD_COUNT] = &t->count,
                           [THRESHOLD_SECONDS] = &t->seconds,
                           [THRESHOLD_MULTIPLIER] = &t->multiplier,
                           [THRESHOLD_TIMEOUT] = &t->timeout_s};
    uint64_t number;
    if (value_u64(b, value, UINT32_MAX, &number) < 0)
        return -1;
    if (number == 0 && i == THRESHOLD_COUNT)
        return build_refuse(b, "count is 0");
    *numbers[i] = (uint32_t)number;
    return 0;
}

int threshold_read(struct build *b, struct str text, unsigned needed, struct rule_threshold *t)
{
    unsigned seen = 0;
    struct str piece;
    while (value_next(&text, ',', &piece))
        if (read_piece(b, piece, t, &seen) < 0)
            return -1;
    if (t->kind == RULE_THRESHOLD_BACKOFF)
        needed = (needed & ~(1u << THRESHOLD_SECONDS)) | 1u << THRESHOLD_MULTIPLIER;
    if ((seen & needed) != needed)
        return build_refuse(b, "type, track, count or seconds is missing");
    if (seen >> THRESHOLD_MULTIPLIER & 1 && t->kind != RULE_THRESHOLD_BACKOFF)
        return build_refuse(b, "multiplier goes with type backoff");
    return 0;
}

static int add(struct build *b, const struct rule_threshold *t)
{
    struct rule_threshold *copy = arena_alloc(b->arena, sizeof *copy);
    if (!copy)
        return build_no_memory(b);
    *copy = *t;
    copy->next = b->rule->thresholds;
    b->rule->thresholds = copy;
    return 0;
}

static int read_threshold(struct build *b, const struct keyword *k, struct str value)
{
    struct rule_threshold t = {0};
    if (b->rule->thresholds)
        return build_refuse(b, "threshold and detection_filter stand once");
    return threshold_read(b, value, THRESHOLD_NEEDS, &t) < 0 ? -1 : add(b, &t);
}

static int read_detection_filter(struct build *b, const struct keyword *k, struct str value)
{
    struct rule_threshold t = {.kind = RULE_DETECTION_FILTER};
    if (b->rule->thresholds)
        return build_refuse(b, "threshold and detection_filter stand once");
    if (threshold_read(b, value, THRESHOLD_NEEDS & ~(1u << THRESHOLD_TYPE), &t) < 0)
        return -1;
    if (t.kind != RULE_DETECTION_FILTER)
        return build_refuse(b, "detection_filter has no type");
    return add(b, &t);
}

/* "session,5,packets" or "host,300,seconds,src" */
static int read_tag(struct build *b, const struct keyword *k, struct str value)
{
    static const char *const units[] = {
        [RULE_TAG_PACKETS] = "packets", [RULE_TAG_SECONDS] = "seconds", [RULE_TAG_BYTES] = "bytes"};
    struct rule *r = b->rule;
    struct str kind = STR_EMPTY, count, unit, side = STR_LIT("src");
    value_next(&value, ',', &kind);
    bool host = str_eq_nocase(kind, STR_LIT("host"));
    if (!host && !str_eq_nocase(kind, STR_LIT("session")))
        return build_refuse(b, "session or host is expected");
    r->tag.of = host ? RULE_TAG_SRC_HOST : RULE_TAG_SESSION;
    r->tag.number = 0;
    if (!value.p)
        return 0;
    uint64_t number;
    if (!value_next(&value, ',', &count) || !value_next(&value, ',', &unit) ||
        value_u64(b, count, UINT32_MAX, &number) < 0)
        return build_refuse(b, "a count and its unit are expected");
    size_t u = 0;
    while (u < ARRAY_COUNT(units) && !str_eq_nocase(unit, str_c(units[u])))
        u++;
    if (u == ARRAY_COUNT(units))
        return build_refuse(b, "the unit is packets, seconds or bytes");
    value_next(&value, ',', &side);
    if (!str_eq_nocase(side, STR_LIT("src")) && !str_eq_nocase(side, STR_LIT("dst")))
        return build_refuse(b, "src or dst is expected");
    if (host && str_eq_nocase(side, STR_LIT("dst")))
        r->tag.of = RULE_TAG_DST_HOST;
    r->tag.unit = (enum rule_tag_unit)u;
    r->tag.number = (uint32_t)number;
    return 0;
}

static const struct keyword rows[] = {
    {.name = "threshold", .read = read_threshold, .value = KEYWORD_VALUE},
    {.name = "detection_filter", .read = read_detection_filter, .value = KEYWORD_VALUE},
    {.name = "tag", .read = read_tag, .value = KEYWORD_VALUE},
};

const struct keyword_family keywords_threshold = {rows, ARRAY_COUNT(rows)};
