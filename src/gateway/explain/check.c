/* rules check: what is loaded, what is not and why, and what an author should look at. */
#include "gateway/explain/report.h"

#include "base/json.h"
#include "gateway/explain/lint.h"

#include <stdio.h>
#include <stdlib.h>

#define SHOWN_OF_A_KIND 3

static const char *const level_names[] = {
    [LINT_DEAD] = "dead", [LINT_COST] = "cost", [LINT_ADVICE] = "advice"};

/* How many have failed on the same reason. */
struct reason {
    const char *text;
    uint32_t count;
};

static int by_count(const void *a, const void *b)
{
    const struct reason *x = a, *y = b;
    return x->count != y->count ? (x->count < y->count ? 1 : -1) : strcmp(x->text, y->text);
}

static int count_reasons(const struct rule_set *set, struct vec *reasons)
{
    for (uint32_t i = 0; i < set->refused_count; i++) {
        size_t k = 0;
        while (k < reasons->count &&
               strcmp(((struct reason *)vec_at(reasons, k))->text, set->refused[i].reason) != 0)
            k++;
        struct reason *r = k < reasons->count ? vec_at(reasons, k) : vec_push(reasons);
        if (!r)
            return -1;
        r->text = set->refused[i].reason;
        r->count++;
    }
    if (reasons->count)
        qsort(reasons->items, reasons->count, sizeof(struct reason), by_count);
    return 0;
}

static const struct rule *kept_for(const struct rule_set *set, const struct rule *loser)
{
    for (uint32_t i = 0; i < set->count; i++)
        if (set->rules[i]->sid == loser->sid && set->rules[i]->gid == loser->gid)
            return set->rules[i];
    return loser;
}

static uint32_t count_kind(const struct vec *findings, uint32_t kind)
{
    uint32_t count = 0;
    for (size_t i = 0; i < findings->count; i++)
        count += ((struct lint_finding *)vec_at(findings, i))->kind == kind;
    return count;
}

/* ---- words ---- */

static void say_refused(const struct rule_set *set, const struct vec *reasons, struct buf *out)
{
    if (!set->refused_count)
        return;
    buf_printf(out, "\nnot usable, by reason:\n");
    for (size_t i = 0; i < reasons->count; i++) {
        const struct reason *r = vec_at(reasons, i);
        buf_printf(out, "  %6u  %s\n", r->count, r->text);
    }
    buf_printf(out, "\nnot usable, each:\n");
    for (uint32_t i = 0; i < set->refused_count; i++) {
        const struct rule_refused *r = &set->refused[i];
        bool named = !r->keyword[0] || strstr(r->reason, r->keyword);
        buf_printf(out, "  %s:%u: sid %u: %s%s%s\n", r->file, r->line, r->sid,
                   named ? "" : r->keyword, named ? "" : ": ", r->reason);
    }
}

static void say_duplicates(const struct rule_set *set, struct buf *out)
{
    if (set->duplicate_count)
        buf_printf(out, "\ntwice the same sid: the higher rev is used, of equal ones the first:\n");
    for (uint32_t i = 0; i < set->duplicate_count; i++) {
        const struct rule *loser = set->duplicates[i], *kept = kept_for(set, loser);
        buf_printf(out, "  %s:%u: sid %u rev %u gives way to rev %u at %s:%u\n", loser->file,
                   loser->line, loser->sid, loser->rev, kept->rev, kept->file, kept->line);
    }
}

static void say_kind(const struct vec *findings, uint32_t kind, const struct explain_options *o,
                     struct buf *out)
{
    const struct lint_kind *k = &lint_kinds[kind];
    uint32_t count = count_kind(findings, kind), shown = 0;
    if (!count)
        return;
    buf_printf(out, "  %6u  %s: %s\n", count, k->name, k->meaning);
    for (size_t i = 0; i < findings->count; i++) {
        const struct lint_finding *f = vec_at(findings, i);
        if (f->kind != kind || (!o->verbose && shown == SHOWN_OF_A_KIND))
            continue;
        shown++;
        buf_printf(out, "          %s:%u: sid %u: %s\n", f->rule->file, f->rule->line, f->rule->sid,
                   f->detail);
    }
    if (shown < count)
        buf_printf(out, "          and %u more (-v names them)\n", count - shown);
}

static void say_findings(const struct vec *findings, const struct explain_options *o,
                         struct buf *out)
{
    static const char *const titles[] = {
        [LINT_DEAD] = "loaded, but can never hold:",
        [LINT_COST] = "costs more than others:",
        [LINT_ADVICE] = "worth a look:",
    };
    for (size_t level = 0; level < ARRAY_COUNT(titles); level++) {
        bool any = false;
        for (uint32_t kind = 0; kind < lint_kind_count; kind++) {
            if (lint_kinds[kind].level != level || !count_kind(findings, kind))
                continue;
            if (!any)
                buf_printf(out, "\n%s\n", titles[level]);
            any = true;
            say_kind(findings, kind, o, out);
        }
    }
}

static void say_summary(const struct explain_rules *r, struct buf *out)
{
    const struct rule_set *set = match_image_rules(r->image);
    struct match_image_stats stats;
    match_image_stats(r->image, &stats);
    buf_printf(out,
               "%u rules loaded, %u not usable, %u twice, %u commented out; %u files, %u lines\n",
               set->count, set->refused_count, set->duplicate_count, set->counts.disabled_lines,
               set->counts.files, set->counts.lines);
    buf_printf(out, "%u without a literal, %u literal databases, %u port groups, %.1f MB\n",
               stats.without_literal, stats.databases, stats.groups, (double)stats.bytes / 1e6);
    if (stats.datasets_unread)
        buf_printf(out, "%u datasets are empty: their files are not there\n",
                   stats.datasets_unread);
}

static void say_all(const struct explain_rules *r, const struct explain_options *o,
                    const struct vec *reasons, const struct vec *findings, struct buf *out)
{
    const struct rule_set *set = match_image_rules(r->image);
    say_summary(r, out);
    if (r->changes.len) {
        buf_printf(out, "\nchanges of this place:\n");
        buf_add(out, buf_str(&r->changes));
    }
    say_refused(set, reasons, out);
    if (o->quiet)
        return;
    say_duplicates(set, out);
    say_findings(findings, o, out);
}

/* ---- JSON ---- */

static void write_counts(const struct explain_rules *r, struct json *j)
{
    const struct rule_set *set = match_image_rules(r->image);
    struct match_image_stats stats;
    match_image_stats(r->image, &stats);
    json_uint(j, "loaded", set->count);
    json_uint(j, "not_usable", set->refused_count);
    json_uint(j, "duplicates", set->duplicate_count);
    json_uint(j, "commented_out", set->counts.disabled_lines);
    json_uint(j, "files", set->counts.files);
    json_uint(j, "lines", set->counts.lines);
    json_uint(j, "without_literal", stats.without_literal);
    json_uint(j, "databases", stats.databases);
    json_uint(j, "groups", stats.groups);
    json_uint(j, "datasets_unread", stats.datasets_unread);
    json_uint(j, "bytes", stats.bytes);
}

static void write_refused(const struct rule_set *set, const struct vec *reasons, struct json *j)
{
    json_array(j, "reasons");
    for (size_t i = 0; i < reasons->count; i++) {
        const struct reason *r = vec_at(reasons, i);
        json_object(j, NULL);
        json_text(j, "reason", r->text);
        json_uint(j, "count", r->count);
        json_end_object(j);
    }
    json_end_array(j);
    json_array(j, "refused");
    for (uint32_t i = 0; i < set->refused_count; i++) {
        const struct rule_refused *r = &set->refused[i];
        json_object(j, NULL);
        json_text(j, "file", r->file);
        json_uint(j, "line", r->line);
        json_uint(j, "sid", r->sid);
        json_text(j, "keyword", r->keyword);
        json_text(j, "reason", r->reason);
        json_end_object(j);
    }
    json_end_array(j);
    json_array(j, "duplicate_rules");
    for (uint32_t i = 0; i < set->duplicate_count; i++) {
        const struct rule *loser = set->duplicates[i], *kept = kept_for(set, loser);
        json_object(j, NULL);
        json_uint(j, "sid", loser->sid);
        json_text(j, "file", loser->file);
        json_uint(j, "line", loser->line);
        json_text(j, "used_file", kept->file);
        json_uint(j, "used_line", kept->line);
        json_end_object(j);
    }
    json_end_array(j);
}

static void write_changes(struct str changes, struct json *j)
{
    json_array(j, "changes");
    while (changes.len) {
        struct str line = str_split(&changes, '\n');
        if (line.len)
            json_bytes(j, NULL, line);
    }
    json_end_array(j);
}

static void write_findings(const struct vec *findings, struct json *j)
{
    json_array(j, "findings");
    for (size_t i = 0; i < findings->count; i++) {
        const struct lint_finding *f = vec_at(findings, i);
        json_object(j, NULL);
        json_text(j, "kind", lint_kinds[f->kind].name);
        json_text(j, "level", level_names[lint_kinds[f->kind].level]);
        json_uint(j, "sid", f->rule->sid);
        json_text(j, "file", f->rule->file);
        json_uint(j, "line", f->rule->line);
        json_text(j, "detail", f->detail);
        json_end_object(j);
    }
    json_end_array(j);
}

static void write_all(const struct explain_rules *r, const struct vec *reasons,
                      const struct vec *findings, struct buf *out)
{
    struct json j;
    json_init(&j, out);
    json_object(&j, NULL);
    write_counts(r, &j);
    write_changes(buf_str(&r->changes), &j);
    write_refused(match_image_rules(r->image), reasons, &j);
    write_findings(findings, &j);
    json_end_object(&j);
    buf_add_byte(out, '\n');
}

static bool has_dead(const struct vec *findings)
{
    for (size_t i = 0; i < findings->count; i++)
        if (lint_kinds[((struct lint_finding *)vec_at(findings, i))->kind].level == LINT_DEAD)
            return true;
    return false;
}

int report_check(const struct explain_rules *r, const struct explain_options *o)
{
    const struct rule_set *set = match_image_rules(r->image);
    struct vec reasons, findings;
    struct buf out;
    vec_init(&reasons, sizeof(struct reason));
    vec_init(&findings, sizeof(struct lint_finding));
    buf_init(&out, REPORT_BYTES_MAX);
    int rc = count_reasons(set, &reasons) < 0 || lint_rules(r, &findings) < 0 ? -1 : 0;
    if (rc == 0 && o->json)
        write_all(r, &reasons, &findings, &out);
    else if (rc == 0)
        say_all(r, o, &reasons, &findings, &out);
    else
        out.failed = true;
    rc = report_out(&out, o);
    bool bad = set->refused_count || (o->strict && has_dead(&findings));
    vec_fini(&reasons);
    vec_fini(&findings);
    buf_fini(&out);
    return rc < 0 ? EXIT_CONFIG : bad;
}
