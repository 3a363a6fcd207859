#include "gateway/compile/compile.h"

#include "gateway/compile/shared.h"

#include "base/file.h"
#include "base/log.h"
#include "gateway/compile/cache.h"
#include "gateway/compile/countries.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdlib.h>
#include <unistd.h>

#define REASONS_MAX 512
#define REPUTATION_FILE_BYTES (64u << 20)
#define REPUTATION_PATH "/etc/suricata/iprep"
#define SMALL_FILE_BYTES (16u << 20)
#define PATH_BYTES 4096
#define RULE_PATH "/var/lib/suricata/rules" /* where suricata-update writes them */

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

/* ---- which rules ---- */

bool compile_named_file(const struct conf *conf, uint32_t i, struct buf *path)
{
    const struct conf_node *list = conf_find(conf, "rule-files");
    const struct conf_node *item = list ? list->child : NULL;
    while (item && i--)
        item = item->next;
    buf_reset(path);
    if (!item || !item->value)
        return false;
    if (item->value[0] != '/')
        buf_printf(path, "%s/", conf_text(conf, "default-rule-path", RULE_PATH));
    buf_add_c(path, item->value);
    return !path->failed;
}

/* As with Suricata, a file of the settings that is not there is named, and the others are read. */
static int load_rule_files(struct rule_loader *loader, const struct conf *conf, struct err *err)
{
    struct buf path;
    int rc = 0;
    buf_init(&path, PATH_BYTES);
    for (uint32_t i = 0; rc == 0 && compile_named_file(conf, i, &path); i++) {
        glob_t found;
        if (glob(buf_c(&path), 0, NULL, &found) != 0) {
            log_warn("compile", "rule-files: %s is not there; going on without it", buf_c(&path));
            continue;
        }
        for (size_t k = 0; k < found.gl_pathc && rc == 0; k++)
            rc = rule_load_file(loader, found.gl_pathv[k], err);
        globfree(&found);
    }
    buf_fini(&path);
    return rc;
}

/* ---- what this place changes ---- */

const char *const compile_edit_names[COMPILE_EDITS] = {
    [TAILOR_DISABLE] = "disable-conf",
    [TAILOR_ENABLE] = "enable-conf",
    [TAILOR_MODIFY] = "modify-conf",
    [TAILOR_DROP] = "drop-conf",
};

/* The path of one of these files, in `out`; false: there is none. One that somebody has named has to be there. */
static bool edit_path(const struct compile_request *request, size_t kind, char out[PATH_BYTES])
{
    static const char *const files[COMPILE_EDITS] = {"disable.conf", "enable.conf", "modify.conf",
                                                     "drop.conf"};
    char setting[64];
    snprintf(setting, sizeof setting, "otasuke.rules.%s", compile_edit_names[kind]);
    const char *path =
        request->edits[kind] ? request->edits[kind] : conf_text(request->conf, setting, NULL);
    if (path) {
        snprintf(out, PATH_BYTES, "%s", path);
        return true;
    }
    if (!request->edits_folder)
        return false;
    snprintf(out, PATH_BYTES, "%s/%s", request->edits_folder, files[kind]);
    return faccessat(AT_FDCWD, out, F_OK, AT_EACCESS) == 0;
}

static int read_edits(struct tailor *tailor, const struct compile_request *request, struct err *err)
{
    int rc = 0;
    for (size_t kind = 0; rc == 0 && kind < COMPILE_EDITS; kind++) {
        char path[PATH_BYTES];
        if (!edit_path(request, kind, path))
            continue;
        struct buf text;
        buf_init(&text, SMALL_FILE_BYTES);
        rc = file_read(path, SMALL_FILE_BYTES, &text, err);
        if (rc == 0)
            rc = tailor_read(tailor, (enum tailor_kind)kind, buf_str(&text), path, err);
        buf_fini(&text);
    }
    return rc == 0 ? tailor_read_policy(tailor, request->conf, err) : rc;
}

static int edit_line(void *owner, struct rule_line *line)
{
    struct tailor_rule rule = {line->file, line->text, line->enabled};
    if (!tailor_apply(owner, &rule))
        return -1;
    line->text = rule.text;
    line->enabled = rule.enabled;
    return 0;
}

static void say_to_log(void *owner, bool is_problem, const char *text)
{
    (void)owner;
    if (is_problem)
        log_warn("rules", "%s", text);
    else
        log_info("rules", "%s", text);
}

/* reputation-categories-file, and the reputation-files below default-reputation-path. */
static int load_reputations(struct rule_loader *loader, const struct conf *conf, struct err *err)
{
    struct buf path, text;
    const struct conf_node *list = conf ? conf_find(conf, "reputation-files") : NULL;
    int rc = load_named(loader, conf, "reputation-categories-file", rule_load_reputation_categories,
                        err);
    buf_init(&path, PATH_BYTES);
    buf_init(&text, REPUTATION_FILE_BYTES);
    for (const struct conf_node *n = list ? list->child : NULL; rc == 0 && n; n = n->next) {
        buf_reset(&path);
        buf_reset(&text);
        if (n->value && n->value[0] != '/')
            buf_printf(&path, "%s/", conf_text(conf, "default-reputation-path", REPUTATION_PATH));
        buf_add_c(&path, n->value ? n->value : "");
        rc = file_read(buf_c(&path), REPUTATION_FILE_BYTES, &text, err);
        if (rc == 0)
            rc = rule_load_reputations(loader, buf_str(&text), err);
    }
    buf_fini(&path);
    buf_fini(&text);
    return rc;
}

/* ---- all of it ---- */

static int load_files(struct rule_loader *loader, const struct compile_request *request,
                      struct err *err)
{
    if (load_named(loader, request->conf, "classification-file", rule_load_classifications, err) <
            0 ||
        load_named(loader, request->conf, "reference-config-file", rule_load_references, err) < 0 ||
        load_reputations(loader, request->conf, err) < 0)
        return -1;
    if (!request->only_these && load_rule_files(loader, request->conf, err) < 0)
        return -1;
    for (uint32_t i = 0; i < request->file_count; i++)
        if (load_pattern(loader, request->files[i], err) < 0)
            return -1;
    return load_named(loader, request->conf, "threshold-file", load_thresholds, err);
}

static int load_all(struct rule_loader *loader, const struct compile_request *request,
                    struct err *err)
{
    struct tailor *tailor = tailor_new();
    if (!tailor)
        return err_set(err, "out of memory for the changes to rules");
    int rc = read_edits(tailor, request, err);
    if (rc == 0 && tailor_has_lines(tailor))
        rule_loader_edit(loader, edit_line, tailor);
    if (rc == 0)
        rc = load_files(loader, request, err);
    rule_loader_edit(loader, NULL, NULL);
    if (rc == 0)
        tailor_report(tailor, request->say_all, request->say ? request->say : say_to_log,
                      request->say_owner);
    tailor_free(tailor);
    return rc;
}

struct match_image *compile_image(const struct compile_request *request,
                                  const struct engine_vocabulary *words, struct err *err)
{
    if (!request->cache_folder)
        return compile_in(request, words, NULL, err);
    struct compile_request with_cache = *request;
    with_cache.cache_fd = compile_cache_begin(request->cache_folder);
    struct match_image *image = compile_in(&with_cache, words, NULL, err);
    compile_cache_end(request->cache_folder, with_cache.cache_fd, image != NULL);
    return image;
}

static void say(const struct compile_request *request, bool is_problem, const char *text)
{
    if (request->say)
        request->say(request->say_owner, is_problem, text);
    else
        say_to_log(NULL, is_problem, text);
}

static void say_cache(const struct compile_request *request, const struct cache *cache,
                      const struct match_image *image)
{
    char text[ERR_TEXT_BYTES];
    struct match_image_stats stats;
    match_image_stats(image, &stats);
    uint32_t asked = stats.databases_kept + stats.databases_made;
    if (!asked)
        return;
    snprintf(text, sizeof text, "databases kept in %s: %u of %u used, %u damaged",
             request->cache_folder, stats.databases_kept, asked, cache->damaged);
    say(request, cache->damaged > 0, text);
}

static struct match_image *image_of(struct rule_set *set, const struct compile_request *request,
                                    const struct field_table *fields, struct err *err)
{
    struct cache cache;
    struct err why;
    const struct match_keeper keeper = {&cache, cache_find, cache_add};
    if (!request->cache_folder)
        return match_image_new(set, fields, err);
    cache_init(&cache, request->cache_fd, CACHE_BYTES_MAX);
    if (cache_open_in(&cache, request->cache_folder, &why) < 0)
        say(request, true, why.text);
    struct match_image *image = match_image_new_with(set, fields, &keeper, err);
    if (image) {
        (void)cache_finish(&cache);
        say_cache(request, &cache, image);
    }
    cache_fini(&cache);
    return image;
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
    union {
        const struct conf *in;
        void *out;
    } conf = {.in = request->conf};
    rule_loader_countries(loader, countries_give, conf.out);
    if (load_all(loader, request, err) == 0) {
        set = rule_loader_take(loader);
        if (!set)
            err_set(err, "out of memory while ordering the rules");
    }
    rule_loader_free(loader);
    if (!set)
        return NULL;
    return image_of(set, request, engine_vocabulary_fields(words), err);
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
