#include "gateway/compile/compile.h"

#include "gateway/compile/shared.h"

#include "base/file.h"
#include "base/log.h"

#include <errno.h>
#include <glob.h>
#include <stdlib.h>
#include <unistd.h>

#define REASONS_MAX 512
#define SMALL_FILE_BYTES (16u << 20)

static int load_pattern(struct rule_loader *loader, const char *pattern, struct err *err)
{
    glob_t found;
    if (glob(pattern, GLOB_NOCHECK, NULL, &found) != 0)
        return err_set(err, "%s: no such rule file", pattern);
    int rc = 0;
    for (size_t i = 0; i < found.gl_pathc && rc == 0; i++)
        rc = rule_load_file(loader, found.gl_pathv[i], err);
    globfree(&found);
    return rc;
}

/* A file that suricata.yaml names. When it is not there, that is said, and what is built in has to do: a stock suricata.yaml
 * names files that only Suricata's package brings. One that is there and cannot be read is an error. */
static int load_named(struct rule_loader *loader, const struct conf *conf, const char *setting,
                      int (*load)(struct rule_loader *, struct str, struct err *), struct err *err)
{
    const char *path = conf ? conf_text(conf, setting, NULL) : NULL;
    if (!path)
        return 0;
    if (access(path, F_OK) < 0 && errno == ENOENT) {
        log_warn("compile", "%s: %s is not there; going on without it", setting, path);
        return 0;
    }
    struct buf text;
    buf_init(&text, SMALL_FILE_BYTES);
    int rc = file_read(path, SMALL_FILE_BYTES, &text, err);
    if (rc == 0)
        rc = load(loader, buf_str(&text), err);
    buf_fini(&text);
    return rc;
}

static int load_thresholds(struct rule_loader *loader, struct str text, struct err *err)
{
    return rule_load_thresholds(loader, text, "threshold.config", err);
}

static int load_all(struct rule_loader *loader, const struct compile_request *request,
                    struct err *err)
{
    if (load_named(loader, request->conf, "classification-file", rule_load_classifications, err) <
            0 ||
        load_named(loader, request->conf, "reference-config-file", rule_load_references, err) < 0)
        return -1;
    for (uint32_t i = 0; i < request->file_count; i++)
        if (load_pattern(loader, request->files[i], err) < 0)
            return -1;
    return load_named(loader, request->conf, "threshold-file", load_thresholds, err);
}

struct match_image *compile_image(const struct compile_request *request,
                                  const struct engine_vocabulary *words, struct err *err)
{
    return compile_in(request, words, NULL, err);
}

struct match_image *compile_in(const struct compile_request *request,
                               const struct engine_vocabulary *words, struct arena *memory,
                               struct err *err)
{
    struct rule_loader *loader =
        rule_loader_new_in(engine_vocabulary_names(words), request->conf, memory, err);
    if (!loader)
        return NULL;
    struct rule_set *set = NULL;
    if (load_all(loader, request, err) == 0) {
        set = rule_loader_take(loader);
        if (!set)
            err_set(err, "out of memory while ordering the rules");
    }
    rule_loader_free(loader);
    if (!set)
        return NULL;
    return match_image_new(set, engine_vocabulary_fields(words), err);
}

struct reason {
    const char *text;
    uint32_t count;
};

static int by_count(const void *a, const void *b)
{
    const struct reason *x = a, *y = b;
    return x->count < y->count ? 1 : x->count > y->count ? -1 : strcmp(x->text, y->text);
}

static void report_reasons(const struct rule_set *set, FILE *out)
{
    struct reason reasons[REASONS_MAX];
    uint32_t count = 0, others = 0;
    for (uint32_t i = 0; i < set->refused_count; i++) {
        uint32_t k = 0;
        while (k < count && strcmp(reasons[k].text, set->refused[i].reason) != 0)
            k++;
        if (k == count && count == REASONS_MAX) {
            others++;
            continue;
        }
        if (k == count)
            reasons[count++] = (struct reason){set->refused[i].reason, 0};
        reasons[k].count++;
    }
    qsort(reasons, count, sizeof(reasons[0]), by_count);
    for (uint32_t i = 0; i < count; i++)
        fprintf(out, "  %6u  %s\n", reasons[i].count, reasons[i].text);
    if (others)
        fprintf(out, "  %6u  for other reasons\n", others);
}

void compile_report(const struct match_image *image, bool all, FILE *out)
{
    const struct rule_set *set = match_image_rules(image);
    struct match_image_stats stats;
    match_image_stats(image, &stats);
    fprintf(out, "rules: %u loaded, %u not usable, image %.1f MB\n", set->count, set->refused_count,
            (double)stats.bytes / 1e6);
    if (!all) {
        report_reasons(set, out);
        return;
    }
    for (uint32_t i = 0; i < set->refused_count; i++) {
        const struct rule_refused *r = &set->refused[i];
        fprintf(out, "  %s:%u: sid %u: %s\n", r->file, r->line, r->sid, r->reason);
    }
}
