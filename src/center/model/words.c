#include "center/model/model.h"

#include <stdarg.h>
#include <stdio.h>

static const char *const organisation_words[] = {"operator",  "reseller", "firm",
                                                 "responder", "agent",    "insurer"};
static const char *const role_words[] = {"admin", "operator", "analyst", "reseller", "responder",
                                         "agent", "insurer",  "manager", "customer"};
static const char *const language_words[] = {"ja", "en"};
static const char *const level_words[] = {"blue", "yellow", "red"};
static const char *const kind_words[] = {
    "c2",        "virus",           "exploit", "scan", "phishing", "bad_site",   "credential",
    "coinminer", "lateral",         "policy",  "app",  "dos",      "weak_point", "gateway_silent",
    "fail_open", "device_isolated", "other"};
static const char *const state_words[] = {"new", "acknowledged", "resolved", "false_positive"};
static const char *const verdict_words[] = {"none", "detected", "blocked", "isolated"};
static const char *const opened_by_words[] = {"", "lan", "wan"};
static const char *const direction_words[] = {"", "outside_in", "inside_out"};
static const char *const isolation_state_words[] = {"", "ordered", "applied", "release_ordered"};
static const char *const isolation_by_words[] = {"", "center", "rule", "command"};
static const char *const gateway_state_words[] = {"never", "online", "silent"};
static const char *const notice_kind_words[] = {"first", "escalation", "resolved",
                                                "false_positive"};
static const char *const notice_state_words[] = {"waiting", "sent", "dead"};

_Static_assert(ARRAY_COUNT(organisation_words) == ORGANISATION_KINDS, "a word for each");
_Static_assert(ARRAY_COUNT(role_words) == ROLES, "a word for each");
_Static_assert(ARRAY_COUNT(level_words) == LEVELS, "a word for each");
_Static_assert(ARRAY_COUNT(kind_words) == KINDS, "a word for each");
_Static_assert(ARRAY_COUNT(state_words) == STATES, "a word for each");
_Static_assert(ARRAY_COUNT(verdict_words) == VERDICTS, "a word for each");
_Static_assert(ARRAY_COUNT(isolation_state_words) == ISOLATION_STATES, "a word for each");
_Static_assert(ARRAY_COUNT(isolation_by_words) == ISOLATION_BYS, "a word for each");
_Static_assert(ARRAY_COUNT(gateway_state_words) == GATEWAY_STATES, "a word for each");
_Static_assert(ARRAY_COUNT(notice_kind_words) == NOTICE_KINDS, "a word for each");
_Static_assert(ARRAY_COUNT(notice_state_words) == NOTICE_STATES, "a word for each");

#define WORDS(list)             \
    {                           \
        list, ARRAY_COUNT(list) \
    }

static const struct {
    const char *const *words;
    size_t count;
} vocabularies[VOCABULARIES] = {
    [WORDS_ORGANISATION] = WORDS(organisation_words),
    [WORDS_ROLE] = WORDS(role_words),
    [WORDS_LANGUAGE] = WORDS(language_words),
    [WORDS_LEVEL] = WORDS(level_words),
    [WORDS_KIND] = WORDS(kind_words),
    [WORDS_STATE] = WORDS(state_words),
    [WORDS_VERDICT] = WORDS(verdict_words),
    [WORDS_OPENED_BY] = WORDS(opened_by_words),
    [WORDS_DIRECTION] = WORDS(direction_words),
    [WORDS_ISOLATION_STATE] = WORDS(isolation_state_words),
    [WORDS_ISOLATION_BY] = WORDS(isolation_by_words),
    [WORDS_GATEWAY_STATE] = WORDS(gateway_state_words),
    [WORDS_NOTICE_KIND] = WORDS(notice_kind_words),
    [WORDS_NOTICE_STATE] = WORDS(notice_state_words),
};

const char *word_of(enum vocabulary words, int value)
{
    if (value < 0 || (size_t)value >= vocabularies[words].count)
        return "";
    return vocabularies[words].words[value];
}

int word_find(enum vocabulary words, struct str word)
{
    for (size_t i = 0; i < vocabularies[words].count; i++)
        if (str_eq(word, str_c(vocabularies[words].words[i])))
            return (int)i;
    return -1;
}

enum outcome problem_set(struct problem *p, enum outcome outcome, const char *field,
                         const char *format, ...)
{
    if (!p)
        return outcome;
    va_list args;
    va_start(args, format);
    vsnprintf(p->text, sizeof p->text, format, args);
    va_end(args);
    p->field = field;
    return outcome;
}

const char *device_label(const struct device *d, struct arena *a)
{
    const char *choices[] = {d->name, d->hostname};
    for (size_t i = 0; i < ARRAY_COUNT(choices); i++)
        if (choices[i] && choices[i][0])
            return choices[i];
    const char *mac = d->mac ? d->mac : "";
    if (!d->maker || !d->maker[0])
        return mac;
    const char *both = arena_printf(a, "%s %s", d->maker, mac);
    return both ? both : mac;
}
