/* An incident told in words. Which text: by kind, by what became of it on the wire, by the way the threat moved; the first
 * key that the catalogue has, from the most particular to the general. */
#include "center/core/inner.h"
#include "center/core/technical.h"

#include <stdio.h>

#define KEY_BYTES 80

/* ---- what became of it ---- */

static bool of_gateway(enum kind kind)
{
    return kind == KIND_GATEWAY_SILENT || kind == KIND_FAIL_OPEN;
}

static const char *tail_of(const struct incident *i)
{
    if (of_gateway(i->kind) || i->kind == KIND_DEVICE_ISOLATED || i->blocked_count == 0)
        return "detected";
    return i->blocked_count >= i->count ? "blocked" : "partly";
}

static const char *verdict_of(const struct incident *i)
{
    if (i->isolated_us)
        return "isolated";
    if (of_gateway(i->kind) || i->kind == KIND_DEVICE_ISOLATED)
        return "none";
    return strcmp(tail_of(i), "partly") == 0 ? "partly_blocked" : tail_of(i);
}

/* ---- choosing keys ---- */

/* "base.part.part": parts that are empty are left out. */
static const char *join(struct arena *a, const char *base, const char *const *parts, size_t count)
{
    char key[KEY_BYTES];
    size_t at = (size_t)snprintf(key, sizeof key, "%s", base);
    for (size_t i = 0; i < count && at < sizeof key; i++)
        if (parts[i] && parts[i][0])
            at += (size_t)snprintf(key + at, sizeof key - at, ".%s", parts[i]);
    const char *copy = arena_printf(a, "%s", key);
    return copy ? copy : base;
}

static const char *first_of(struct core *core, const char *const *keys, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (catalogue_has(core->words, keys[i]))
            return keys[i];
    return keys[count - 1];
}

/* base.kind.direction, else base.kind. */
static const char *by_kind(struct core *core, const char *base, const struct incident *i,
                           struct arena *a)
{
    const char *kind = word_of(WORDS_KIND, i->kind),
               *direction = word_of(WORDS_DIRECTION, i->direction);
    const char *keys[] = {
        join(a, base, (const char *[]){kind, direction}, 2),
        join(a, base, (const char *[]){kind}, 1),
    };
    return first_of(core, keys, ARRAY_COUNT(keys));
}

const char *story_subject_key(struct core *core, const struct incident *i, struct arena *a)
{
    const char *kind = word_of(WORDS_KIND, i->kind),
               *direction = word_of(WORDS_DIRECTION, i->direction);
    const char *tail = strcmp(tail_of(i), "blocked") == 0 ? "blocked" : "detected";
    if (i->isolated_us)
        return "subject.isolated";
    const char *keys[] = {
        join(a, "subject", (const char *[]){kind, tail, direction}, 3),
        join(a, "subject", (const char *[]){kind, tail}, 2),
    };
    return first_of(core, keys, ARRAY_COUNT(keys));
}

static const char *stopped_key(struct core *core, const struct incident *i, struct arena *a)
{
    const char *kind = word_of(WORDS_KIND, i->kind), *tail = tail_of(i);
    const char *keys[] = {
        join(a, "stopped", (const char *[]){kind}, 1),
        i->isolated_us ? join(a, "stopped.isolated", (const char *[]){tail}, 1)
                       : join(a, "stopped", (const char *[]){tail, kind}, 2),
        join(a, "stopped", (const char *[]){tail}, 1),
    };
    return first_of(core, keys, ARRAY_COUNT(keys));
}

static const char *not_known_key(const struct incident *i)
{
    static const char *const by_kind[KINDS] = {
        [KIND_PHISHING] = "not_known.entered",
        [KIND_POLICY] = "not_known.intent",
        [KIND_APP] = "not_known.intent",
        [KIND_GATEWAY_SILENT] = "not_known.gateway",
        [KIND_FAIL_OPEN] = "not_known.uninspected",
        [KIND_DEVICE_ISOLATED] = "not_known.isolated",
    };
    if (by_kind[i->kind])
        return by_kind[i->kind];
    return i->direction == DIRECTION_OUTSIDE_IN ? "not_known.inbound" : "not_known.outbound";
}

/* ---- what to do: at most three physical acts ---- */

static const struct advice {
    enum kind kind;
    enum level level;
    const char *keys[TODO_MAX];
} advices[] = {
    {KIND_C2, LEVEL_RED, {"do.stop_using", "do.unplug", "do.call"}},
    {KIND_C2, LEVEL_YELLOW, {"do.ask_user", "do.call"}},
    {KIND_VIRUS, LEVEL_RED, {"do.stop_using", "do.unplug", "do.call"}},
    {KIND_VIRUS, LEVEL_YELLOW, {"do.do_not_open", "do.ask_user"}},
    {KIND_EXPLOIT, LEVEL_RED, {"do.stop_using", "do.unplug", "do.call"}},
    {KIND_EXPLOIT, LEVEL_YELLOW, {"do.check_server", "do.update_device", "do.call"}},
    {KIND_SCAN, LEVEL_YELLOW, {"do.ask_user", "do.call"}},
    {KIND_PHISHING, LEVEL_YELLOW, {"do.ask_user", "do.change_password"}},
    {KIND_BAD_SITE, LEVEL_YELLOW, {"do.ask_user", "do.call"}},
    {KIND_CREDENTIAL, LEVEL_RED, {"do.stop_using", "do.unplug", "do.call"}},
    {KIND_CREDENTIAL, LEVEL_YELLOW, {"do.check_server", "do.change_password", "do.call"}},
    {KIND_COINMINER, LEVEL_RED, {"do.stop_using", "do.unplug", "do.call"}},
    {KIND_COINMINER, LEVEL_YELLOW, {"do.ask_user", "do.call"}},
    {KIND_LATERAL, LEVEL_RED, {"do.stop_using", "do.unplug", "do.call"}},
    {KIND_LATERAL, LEVEL_YELLOW, {"do.ask_user", "do.call"}},
    {KIND_DOS, LEVEL_RED, {"do.stop_using", "do.unplug", "do.call"}},
    {KIND_DOS, LEVEL_YELLOW, {"do.call"}},
    {KIND_GATEWAY_SILENT, LEVEL_YELLOW, {"do.check_cable", "do.power_lamp", "do.call"}},
    {KIND_FAIL_OPEN, LEVEL_YELLOW, {"do.power_lamp", "do.call"}},
    {KIND_DEVICE_ISOLATED, LEVEL_RED, {"do.stop_using", "do.call"}},
};

/* A machine that nobody knows cannot be "stopped being used": first somebody has to find it. A mail's sender can be asked. */
static const char *fitting(struct core *core, const struct incident *i, const struct device *d,
                           const char *key)
{
    if (strcmp(key, "do.stop_using") == 0 && d && d->unknown)
        return "do.find_device";
    if (strcmp(key, "do.call") == 0 && !core->settings.contact_phone)
        return "do.call_contact";
    if (strcmp(key, "do.ask_user") == 0 && i->kind == KIND_VIRUS && i->technical &&
        (strstr(i->technical, "\"app_proto\":\"smtp\"") ||
         strstr(i->technical, "\"app_proto\":\"pop3\"") ||
         strstr(i->technical, "\"app_proto\":\"imap\"")))
        return "do.ask_sender";
    return key;
}

/* Returns how many keys it chose. */
static size_t choose_todo(struct core *core, const struct incident *i, const struct device *d,
                          const char *keys[TODO_MAX])
{
    const struct advice *found = NULL;
    bool over = i->state == STATE_RESOLVED || i->state == STATE_FALSE_POSITIVE;
    size_t count = 0;
    for (size_t n = 0; n < ARRAY_COUNT(advices) && !over && !found; n++)
        if (advices[n].kind == i->kind && advices[n].level == i->level)
            found = &advices[n];
    /* cut off while it was of a lower level: the machine itself is the matter now */
    if (!found && i->level == LEVEL_RED && !over)
        found = &advices[0];
    while (found && count < TODO_MAX && found->keys[count]) {
        keys[count] = fitting(core, i, d, found->keys[count]);
        count++;
    }
    if (!found)
        keys[count++] = "do.nothing";
    return count;
}

/* ---- parameters ---- */

void story_params(struct core *core, const struct incident *i, const struct device *d,
                  struct params *p)
{
    const struct core_settings *s = &core->settings;
    p->count = 0;
    if (d)
        params_text(p, "device",
                    d->name && d->name[0]           ? d->name
                    : d->hostname && d->hostname[0] ? d->hostname
                                                    : d->mac);
    else
        params_key(p, "device", "device.none");
    params_text(p, "gateway", i->gateway.name);
    params_text(p, "site", i->site.name);
    params_text(p, "number", i->number);
    params_number(p, "count", i->count);
    params_number(p, "blocked_count", i->blocked_count);
    params_time(p, "first_seen", i->first_seen_us);
    params_time(p, "last_seen", i->last_seen_us);
    if (i->isolated_us)
        params_time(p, "isolated_at", i->isolated_us);
    if (i->resolved.at_us)
        params_time(p, "resolved_at", i->resolved.at_us);
    if (d && d->isolation.reason)
        params_text(p, "reason", d->isolation.reason);
    if (s->contact_phone)
        params_text(p, "phone", s->contact_phone);
    if (s->contact_phone && s->contact_hours)
        params_words(p, "hours", s->contact_hours, s->contact_hours_en);
    else if (s->contact_phone)
        params_key(p, "hours", "hours.always");
}

static void add_reasons(struct core *core, const struct incident *i, const struct params *p,
                        struct arena *a, struct story *out)
{
    struct tree *t = tree_parse(str_c(i->reasons), NULL);
    for (size_t n = 0; n < tree_count(t, NULL) && out->reason_count < REASONS_MAX; n++) {
        const char *key = tree_text(tree_at(t, n), NULL);
        const char *kept = key ? (const char *)arena_copy(a, str_c(key)).p : NULL;
        if (kept)
            out->reasons[out->reason_count++] = catalogue_tell(core->words, kept, p, a);
    }
    tree_free(t);
}

void story_tell(struct core *core, const struct incident *i, const struct device *device,
                struct arena *a, struct story *out)
{
    struct params p;
    memset(out, 0, sizeof *out);
    story_params(core, i, device, &p);
    out->title = catalogue_tell(core->words, by_kind(core, "title", i, a), &p, a);
    out->what = catalogue_tell(core->words, by_kind(core, "what", i, a), &p, a);
    out->stopped = catalogue_tell(core->words, stopped_key(core, i, a), &p, a);
    out->not_known = catalogue_tell(core->words, not_known_key(i), &p, a);
    out->verdict = verdict_of(i);
    const char *todo[TODO_MAX];
    out->todo_count = choose_todo(core, i, device, todo);
    for (size_t n = 0; n < out->todo_count; n++)
        out->todo[n] = catalogue_tell(core->words, todo[n], &p, a);
    add_reasons(core, i, &p, a, out);
}
