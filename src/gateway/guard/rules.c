/* New rules without a gap. The compile process makes an image in a memfd and ends; the engine, which goes on inspecting with
 * the old one, prepares it in a thread of its own and changes over between two frames. What goes wrong on the way - a file that
 * is not there, no usable rule, a compiler or an engine that dies of it - leaves the old rules in force, and is told. */
#include "gateway/guard/watch.h"

#include "base/clock.h"
#include "base/log.h"

#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#define NICE 10
#define EDITS_FOLDER "/etc/omamori"
#define COMPILE_LATE_MS 300000 /* the largest rule sets take seconds */
#define HANDED_LATE_MS 60000
#define RULES_TRIAL_MS \
    10000 /* an engine that dies so soon after a change goes back to the rules before */

_Static_assert(COMPILE_PATH_BYTES == CONTROL_TEXT_BYTES, "a path fits into a message");

int rules_open(struct watch *w, struct err *err)
{
    struct rules_watch *r = &w->rules;
    r->now.fd = r->next.fd = r->before.fd = r->cache_fd = -1;
    if (conf_bool(w->options.conf, "detect.sgh-mpm-caching", true))
        snprintf(r->cache_folder, sizeof(r->cache_folder), "%s/rules", w->options.state_folder);
    r->state = RULES_WANTED;
    return compile_prepare(&r->ground, err);
}

void rules_want(struct watch *w)
{
    if (w->rules.state == RULES_REST)
        w->rules.state = RULES_WANTED;
    else if (w->rules.state != RULES_WANTED)
        w->rules.again = true;
}

bool rules_compile_is_due(const struct watch *w)
{
    return w->rules.state == RULES_WANTED;
}

bool rules_are_there(const struct watch *w)
{
    return w->rules.now.fd >= 0;
}

static void drop(struct image *image)
{
    if (image->fd >= 0)
        close(image->fd);
    *image = (struct image){.fd = -1};
}

/* ---- the compile process ---- */

/* Within the fence already: the settings may have changed since guard read them, and are read as the files are. */
static int compile(const struct rules_watch *r, const struct run_options *as_started,
                   struct compile_summary *sum, struct err *err)
{
    struct run_options o;
    if (run_options_read(&o, as_started->argc, as_started->argv, err) < 0) {
        conf_free(o.conf);
        return -1;
    }
    struct compile_request request = {.conf = o.conf,
                                      .file_count = o.rule_file_count,
                                      .only_these = o.rule_file_count > 0,
                                      .edits_folder = EDITS_FOLDER,
                                      .cache_folder = r->cache_folder[0] ? r->cache_folder : NULL,
                                      .cache_fd = r->cache_fd};
    for (uint32_t i = 0; i < request.file_count; i++)
        request.files[i] = o.rule_files[i];
    for (size_t i = 0; i < COMPILE_EDITS; i++)
        request.edits[i] = o.edits[i];
    struct compile_target target = {r->next.rules.place, r->next.fd};
    int rc = compile_shared(&request, &r->ground, &target, sum, err);
    conf_free(o.conf);
    return rc;
}

int rules_compile(struct watch *w, int control_fd)
{
    struct err err = {{0}};
    struct compile_summary sum = {0};
    struct control_message m = {.kind = CONTROL_RULES};
    /* what inspects goes first; when nothing does yet, this is the most urgent work there is */
    if (w->children[CHILD_ENGINE].pid)
        (void)setpriority(PRIO_PROCESS, 0, NICE);
    int rc = rights_drop(RIGHTS_COMPILE, &w->users[RIGHTS_COMPILE], &err) < 0 ||
                     rights_fence(RIGHTS_COMPILE, &err) < 0
                 ? -1
                 : compile(&w->rules, &w->options, &sum, &err);
    for (uint32_t i = 0; rc == 0 && i < sum.saved_count; i++) {
        struct control_message file = {.kind = CONTROL_DATASET};
        control_set_text(&file, sum.saved[i]);
        rc = control_send(control_fd, &file);
    }
    m.rules.loaded = sum.loaded;
    m.rules.skipped = sum.skipped;
    m.rules.bytes = sum.bytes;
    if (rc < 0) {
        m.kind = CONTROL_REFUSED;
        control_set_text(&m, err.text);
    }
    return control_send(control_fd, &m) < 0 || rc < 0;
}

/* ---- guard ---- */

int rules_compile_begins(struct watch *w, struct err *err)
{
    struct rules_watch *r = &w->rules;
    drop(&r->before); /* its place is needed */
    drop(&r->next);
    r->next.rules = (struct control_rules){.number = ++r->numbers,
                                           .place = r->now.fd >= 0 ? !r->now.rules.place : 0};
    r->problem[0] = '\0';
    r->next.fd = memfd_create("rules", MFD_ALLOW_SEALING | MFD_CLOEXEC);
    if (r->next.fd < 0)
        return err_errno(err, "memory for the rules");
    compile_cache_end(r->cache_folder, r->cache_fd, false); /* of one that never ran */
    if (r->cache_folder[0])
        r->cache_fd = compile_cache_begin(r->cache_folder);
    r->state = RULES_READING;
    return 0;
}

static void rest(struct rules_watch *r)
{
    r->state = r->again || r->now.fd < 0 ? RULES_WANTED : RULES_REST;
    r->again = false;
}

static void failed(struct watch *w, const char *why)
{
    struct rules_watch *r = &w->rules;
    char text[CONTROL_TEXT_BYTES];
    snprintf(text, sizeof(text), "%s", why);
    drop(&r->next);
    r->failures++;
    r->failed_us = clock_wall_us();
    memcpy(r->problem, text, sizeof(text));
    log_error("guard", "new rules are not used: %s%s", text,
              r->now.fd >= 0 ? ": the ones before stay in force" : "");
    rest(r);
}

static void in_force(struct watch *w)
{
    struct rules_watch *r = &w->rules;
    bool first = r->now.fd < 0;
    drop(&r->before);
    r->before = r->now;
    r->now = r->next;
    r->next = (struct image){.fd = -1};
    r->now.rules.since_us = clock_wall_us();
    r->changed_us = clock_mono_us();
    r->reloads += !first;
    r->failed_us = 0;
    log_info("guard", "%s: %u rules, %u not usable",
             first ? "rules are read" : "new rules in force", r->now.rules.loaded,
             r->now.rules.skipped);
    rest(r);
}

void rules_compile_ended(struct watch *w, bool well, const char *why)
{
    struct rules_watch *r = &w->rules;
    compile_cache_end(r->cache_folder, r->cache_fd, well);
    r->cache_fd = -1;
    if (r->state != RULES_READING)
        return;
    if (!well)
        failed(w, r->problem[0] ? r->problem : why);
    else if (!r->next.rules.loaded && r->now.fd >= 0 && r->now.rules.loaded)
        failed(w, "not one rule in the files can be used");
    else
        r->state = RULES_READ;
}

void rules_heard(struct watch *w, enum child_kind from, const struct control_message *m)
{
    struct rules_watch *r = &w->rules;
    if (from == CHILD_COMPILE && r->state == RULES_READING) {
        if (m->kind == CONTROL_RULES) {
            r->next.rules.loaded = m->rules.loaded;
            r->next.rules.skipped = m->rules.skipped;
            r->next.rules.bytes = m->rules.bytes;
        } else if (m->kind == CONTROL_DATASET && r->next.saved_count < COMPILE_SAVED_MAX) {
            memcpy(r->next.saved[r->next.saved_count++], m->text, COMPILE_PATH_BYTES);
        } else if (m->kind == CONTROL_REFUSED) {
            memcpy(r->problem, m->text, sizeof(r->problem));
        }
    } else if (from == CHILD_ENGINE && r->state == RULES_HANDED &&
               m->rules.number == r->next.rules.number) {
        if (m->kind == CONTROL_RULES)
            in_force(w);
        else if (m->kind == CONTROL_REFUSED)
            failed(w, m->text);
    }
}

void rules_engine_ended(struct watch *w, const char *why, bool by_signal)
{
    struct rules_watch *r = &w->rules;
    char text[CONTROL_TEXT_BYTES];
    if (r->state == RULES_HANDED) {
        snprintf(text, sizeof(text), "the engine ended while it took them (%s)", why);
        failed(w, text);
    }
    if (!by_signal || r->before.fd < 0 || clock_mono_us() - r->changed_us > RULES_TRIAL_MS * 1000)
        return;
    log_error("guard", "the engine ended soon after a change of rules: the ones before are used");
    snprintf(r->problem, sizeof(r->problem), "the engine ended soon after the change (%s)", why);
    r->failures++;
    r->failed_us = clock_wall_us();
    drop(&r->now);
    r->now = r->before;
    r->before = (struct image){.fd = -1};
}

static void hand_on(struct watch *w, int64_t now_us)
{
    struct rules_watch *r = &w->rules;
    struct child *engine = &w->children[CHILD_ENGINE];
    struct control_message m = {.kind = CONTROL_RULES, .rules = r->next.rules};
    if (!engine->pid) {
        in_force(w);
    } else if (engine->ready) {
        r->state = RULES_HANDED;
        r->handed_us = now_us;
        if (engine->fd < 0 || control_send_fd(engine->fd, &m, r->next.fd) < 0)
            children_kill_engine(w, "it does not take orders");
    } /* one that is just starting has the old ones: wait */
}

void rules_step(struct watch *w, int64_t now_us)
{
    struct rules_watch *r = &w->rules;
    struct child *compile = &w->children[CHILD_COMPILE];
    if (r->state == RULES_READ)
        hand_on(w, now_us);
    if (r->state == RULES_HANDED && now_us - r->handed_us > HANDED_LATE_MS * 1000)
        children_kill_engine(w, "it does not change over to new rules");
    if (compile->pid && now_us - compile->started_us > COMPILE_LATE_MS * 1000)
        children_hung_up(w, CHILD_COMPILE);
    if (r->before.fd >= 0 && now_us - r->changed_us > RULES_TRIAL_MS * 1000)
        drop(&r->before);
}

void rules_tell(const struct watch *w, struct control_message *m)
{
    const struct rules_watch *r = &w->rules;
    const struct run_options *o = &w->options;
    m->rules = r->now.fd >= 0 ? r->now.rules : (struct control_rules){0};
    m->rules.reading = r->state != RULES_REST;
    m->rules.failed = r->failed_us != 0;
    m->rules.reloads = r->reloads;
    m->rules.failures = r->failures;
    if (r->failed_us && m->kind == CONTROL_RULES) {
        control_set_text(m, r->problem);
        return;
    }
    struct buf files = buf_fixed((uint8_t *)m->text, sizeof(m->text) - 1), path;
    buf_init(&path, CONTROL_TEXT_BYTES);
    for (uint32_t i = 0; i < o->rule_file_count && !files.failed; i++)
        buf_printf(&files, "%s%s", i ? " " : "", o->rule_files[i]);
    for (uint32_t i = 0; !o->rule_file_count && compile_named_file(o->conf, i, &path); i++)
        buf_printf(&files, "%s%s", i ? " " : "", buf_c(&path));
    buf_fini(&path);
    m->text[files.len < sizeof(m->text) ? files.len : sizeof(m->text) - 1] = '\0';
}
