#include "gateway/replay/replay.h"

#include "base/clock.h"
#include "base/file.h"
#include "gateway/pcap/pcap.h"
#include "gateway/replay/crew.h"
#include "gateway/replay/options.h"
#include "gateway/replay/watch.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define EXIT_NO_INPUT 66
#define EXIT_NO_OUTPUT 73
#define EXIT_CONFIG 78
#define EXIT_SIGNAL 128 /* and its number, as shells say it */
#define HOSTS_MAX 65536
#define FOLDER_DEPTH_MAX 8
#define QUEUED_BYTES (16u << 20) /* of frames that wait for workers: some thousand */

struct replay {
    struct replay_options options;
    struct engine_vocabulary *words;
    struct match_image *image;
    struct match_hosts *hosts;
    struct eve_conf eve[ENGINE_EVE_MAX];
    struct engine_conf engine;
    struct evelog_file logs[ENGINE_EVE_MAX];
    uint32_t log_count;
    struct crew *crew;
    struct watch watch;
    uint64_t files, unreadable, damaged, packets, bytes;
    int64_t last_us;
};

static void run_file(struct replay *r, const char *path)
{
    struct pcap_file pcap;
    struct err err;
    if (pcap_open(&pcap, path, &err) < 0) {
        fprintf(stderr, "omamori replay: %s\n", err.text);
        r->unreadable++;
        return;
    }
    if (r->options.threads > 1)
        pcap.queued_bytes = QUEUED_BYTES;
    struct pcap_frame in;
    for (uint32_t i = 0; i < r->log_count; i++)
        r->eve[i].pcap_name = r->eve[i].wants_pcap_name ? path : NULL;
    while (pcap_next(&pcap, &in)) {
        struct packet_frame frame = {
            .bytes = in.bytes, .time_us = in.time_us, .number = pcap.frames, .link = in.link};
        crew_frame(r->crew, &frame);
        r->packets++;
        r->bytes += in.bytes.len;
        r->last_us = in.time_us;
        double part = (double)pcap.at / (double)pcap.bytes.len;
        if (!watch_step(&r->watch, r->packets, r->bytes, part))
            break;
    }
    watch_clear(&r->watch);
    crew_flush(r->crew);
    if (pcap.damaged) {
        fprintf(stderr, "omamori replay: %s: damaged after frame %llu; read up to there\n", path,
                (unsigned long long)pcap.frames);
        r->damaged++;
    }
    r->files++;
    pcap_close(&pcap);
}

static bool is_capture_name(const char *name)
{
    static const char *const endings[] = {".pcap", ".pcapng", ".cap", ".trace"};
    for (size_t i = 0; i < ARRAY_COUNT(endings); i++)
        if (str_ends(str_c(name), str_c(endings[i])))
            return true;
    return false;
}

static void run_folder(struct replay *r, const char *path, int depth)
{
    struct dirent **names;
    int count = scandir(path, &names, NULL, alphasort);
    if (count < 0) {
        fprintf(stderr, "omamori replay: %s: cannot be read\n", path);
        r->unreadable++;
        return;
    }
    for (int i = 0; i < count; i++) {
        char child[4096];
        struct stat st;
        int len = snprintf(child, sizeof(child), "%s/%s", path, names[i]->d_name);
        bool fits = !r->watch.signal && len > 0 && (size_t)len < sizeof(child) &&
                    names[i]->d_name[0] != '.';
        if (fits && stat(child, &st) == 0) {
            if (S_ISDIR(st.st_mode) && depth < FOLDER_DEPTH_MAX)
                run_folder(r, child, depth + 1);
            else if (S_ISREG(st.st_mode) && is_capture_name(child))
                run_file(r, child);
        }
        free(names[i]);
    }
    free(names);
}

static void run(struct replay *r)
{
    struct stat st;
    if (stat(r->options.capture, &st) == 0 && S_ISDIR(st.st_mode))
        run_folder(r, r->options.capture, 0);
    else
        run_file(r, r->options.capture);
}

/* Suricata's users choose the version of DNS records by this as well; what the settings say comes first. */
static void read_dns_version(struct eve_conf *eve)
{
    const char *version = getenv("SURICATA_EVE_DNS_VERSION");
    if (!eve->app_log.dns_version && version && strcmp(version, "2") == 0)
        eve->app_log.dns_version = 2;
}

static bool is_file(const struct eve_conf *eve)
{
    if (strcmp(eve->filetype, "regular") == 0 || strcmp(eve->filetype, "file") == 0)
        return true;
    fprintf(stderr,
            "omamori replay: an eve-log of filetype \"%s\" is left out: only files are written\n",
            eve->filetype);
    return false;
}

static int open_logs(struct replay *r, struct err *err)
{
    struct eve_conf found[ENGINE_EVE_MAX];
    uint32_t count = engine_eve_read(found, r->options.conf);
    for (uint32_t i = 0; i < count; i++) {
        struct eve_conf *eve = &r->eve[r->log_count];
        if (!is_file(&found[i]))
            continue;
        *eve = found[i];
        eve->app_conf = &r->engine.app;
        read_dns_version(eve);
        if (evelog_file_open(&r->logs[r->log_count], r->options.folder, eve->filename, eve->append,
                             err) < 0)
            return -1;
        r->log_count++;
    }
    return 0;
}

static void say(void *owner, bool is_problem, const char *text)
{
    const struct replay_options *o = owner;
    if (is_problem || !o->quiet)
        fprintf(stderr, "%s%s\n", is_problem ? "omamori replay: " : "", text);
}

static int prepare(struct replay *r, struct err *err)
{
    struct replay_options *o = &r->options;
    const struct conf *conf = o->conf;
    o->rules.say = say;
    o->rules.say_owner = o;
    o->rules.say_all = o->verbose;
    r->words = engine_vocabulary_new(err);
    if (!r->words || !(r->image = compile_image(&o->rules, r->words, err)))
        return -1;
    if (!(r->hosts = match_hosts_new(HOSTS_MAX)))
        return err_set(err, "out of memory for the host table");
    engine_conf_read(&r->engine, conf, o->simulate_ips);
    r->engine.packet.verify_checksums = conf_bool(conf, "pcap-file.checksum-checks", true);
    if (o->checksums_set)
        r->engine.packet.verify_checksums = !o->no_checksums;
    if (o->test_only)
        return 0;
    if (open_logs(r, err) < 0)
        return -1;
    if (watch_open(&r->watch, o->quiet, err) < 0)
        return -1;
    struct crew_conf crew = {.count = o->threads,
                             .engine = &r->engine,
                             .image = r->image,
                             .hosts = r->hosts,
                             .files = r->logs,
                             .eve = r->eve,
                             .log_count = r->log_count,
                             .store_parent = o->folder};
    if (conf_bool(conf, "outputs.file-store.enabled", false))
        crew.store_folder = conf_text(conf, "outputs.file-store.dir", "filestore");
    r->crew = crew_new(&crew, err);
    return r->crew ? 0 : -1;
}

static void summarise(struct replay *r, double seconds)
{
    uint64_t alerts = crew_alerts(r->crew);
    printf("%llu packets, %llu bytes, %llu alerts, %.3f s, %.3f Gbit/s\n",
           (unsigned long long)r->packets, (unsigned long long)r->bytes, (unsigned long long)alerts,
           seconds, seconds > 0 ? (double)r->bytes * 8 / seconds / 1e9 : 0.0);
    if (r->files != 1 || r->unreadable || r->damaged)
        printf("%llu files read, %llu unreadable, %llu damaged\n", (unsigned long long)r->files,
               (unsigned long long)r->unreadable, (unsigned long long)r->damaged);
    if (crew_files_lost(r->crew))
        printf("%llu files could not be stored\n", (unsigned long long)crew_files_lost(r->crew));
    for (uint32_t i = 0; i < r->log_count; i++)
        if (r->logs[i].lost)
            printf("%s: %llu events could not be written\n", r->eve[i].filename,
                   (unsigned long long)r->logs[i].lost);
}

static void clean_up(struct replay *r)
{
    crew_free(r->crew);
    watch_close(&r->watch);
    while (r->log_count)
        evelog_file_close(&r->logs[--r->log_count]);
    match_hosts_free(r->hosts);
    match_image_free(r->image);
    engine_vocabulary_free(r->words);
    replay_options_fini(&r->options);
}

/* What is said of the command line is looked at before rules are compiled, which may take a while. */
static int check_paths(const struct replay_options *o)
{
    struct stat st;
    if (o->test_only)
        return 0;
    if (stat(o->folder, &st) < 0 || !S_ISDIR(st.st_mode) || access(o->folder, W_OK | X_OK) < 0) {
        fprintf(stderr,
                "omamori replay: -l %s: not a folder that can be written to; make it first\n",
                o->folder);
        return EXIT_NO_OUTPUT;
    }
    if (o->capture && access(o->capture, R_OK) < 0) {
        fprintf(stderr, "omamori replay: -r %s: %s\n", o->capture, strerror(errno));
        return EXIT_NO_INPUT;
    }
    return 0;
}

/* A set into its file: the old one or the new one, never half. */
static int save_set(void *owner, const struct rule_dataset_decl *set, struct str text,
                    const char *problem)
{
    struct err err = {""};
    if (problem)
        err_set(&err, "%s: %s", set->save, problem);
    if (!problem && file_write(set->save, text, 0644, &err) == 0)
        return 0;
    fprintf(stderr, "omamori replay: set %s (rule %u): %s\n", set->name,
            set->rule ? set->rule->sid : 0, err.text);
    return -1;
}

static int play(struct replay *r)
{
    int64_t start = clock_mono_us();
    run(r);
    double seconds = (double)(clock_mono_us() - start) / 1e6;
    crew_stats(r->crew, r->last_us, seconds);
    if (!r->options.quiet)
        summarise(r, seconds);
    bool all_saved = match_datasets_save(r->image, r->hosts, save_set, NULL) == 0;
    if (r->watch.signal) {
        fprintf(stderr, "omamori replay: stopped before the end\n");
        return EXIT_SIGNAL + r->watch.signal;
    }
    if (!all_saved)
        return EXIT_NO_OUTPUT;
    return r->unreadable ? 1 : 0;
}

static int command(struct replay *r)
{
    struct err err;
    int status = check_paths(&r->options);
    if (status)
        return status;
    if (prepare(r, &err) < 0) {
        fprintf(stderr, "omamori replay: %s\n", err.text);
        return EXIT_CONFIG;
    }
    const struct rule_set *rules = match_image_rules(r->image);
    bool has_rules = r->options.rules.file_count || rules->count || rules->refused_count;
    if (has_rules && !r->options.quiet)
        compile_report(r->image, r->options.verbose, stderr);
    return r->options.test_only ? 0 : play(r);
}

int replay_command(int argc, char **argv)
{
    struct replay r = {.watch.signal_fd = -1};
    struct err err;
    int status = replay_options_read(&r.options, argc, argv, &err);
    if (status)
        fprintf(stderr, "omamori replay: %s\n", err.text);
    else if (r.options.help)
        fputs(replay_help, stdout);
    else if (r.options.version)
        printf("omamori %s\n", OTASUKE_VERSION);
    else
        status = command(&r);
    clean_up(&r);
    return status;
}
