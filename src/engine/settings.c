#include "base/hash.h"
#include "engine/app/tls/tls.h"
#include "engine/conversation.h"

#include <stdio.h>

static uint32_t conf_u32(const struct conf *conf, const char *path, uint32_t otherwise)
{
    uint64_t value = conf_bytes(conf, path, otherwise);
    return value > UINT32_MAX ? UINT32_MAX : (uint32_t)value;
}

static enum stream_urgent read_urgent(const struct conf *conf, const char *path,
                                      enum stream_urgent otherwise)
{
    static const char *const words[] = {[STREAM_URGENT_OOB] = "oob",
                                        [STREAM_URGENT_INLINE] = "inline",
                                        [STREAM_URGENT_DROP] = "drop",
                                        [STREAM_URGENT_GAP] = "gap"};
    struct str value = str_c(conf_text(conf, path, ""));
    for (size_t i = 0; i < ARRAY_COUNT(words); i++)
        if (str_eq_nocase(value, str_c(words[i])))
            return (enum stream_urgent)i;
    return otherwise;
}

static void read_stream(struct stream_conf *s, const struct conf *conf, bool enforced)
{
    const char *mode = conf_text(conf, "stream.inline", "auto");
    bool is_inline = strcmp(mode, "auto") == 0 ? enforced : conf_bool(conf, "stream.inline", false);
    s->mode = is_inline ? STREAM_INLINE : STREAM_ACKNOWLEDGED;
    s->midstream = conf_bool(conf, "stream.midstream", s->midstream);
    s->async_one_side = conf_bool(conf, "stream.async-oneside", s->async_one_side);
    s->urgent = read_urgent(conf, "stream.reassembly.urgent.policy", s->urgent);
    s->urgent_beyond =
        read_urgent(conf, "stream.reassembly.urgent.oob-limit-policy", s->urgent_beyond);
    s->depth_bytes = conf_u32(conf, "stream.reassembly.depth", s->depth_bytes);
    s->raw_window_bytes[0] =
        conf_u32(conf, "stream.reassembly.toserver-chunk-size", s->raw_window_bytes[0]);
    s->raw_window_bytes[1] =
        conf_u32(conf, "stream.reassembly.toclient-chunk-size", s->raw_window_bytes[1]);
}

/* host-os-policy: a list of networks for each system. */
static void read_targets(struct packet_targets *targets, const struct conf *conf)
{
    const struct conf_node *os = conf ? conf_find(conf, "host-os-policy") : NULL;
    for (os = os ? os->child : NULL; os; os = os->next)
        for (const struct conf_node *net = os->child; os->key && net; net = net->next)
            if (net->value)
                (void)packet_target_add(targets, os->key, str_c(net->value));
}

static void read_alerts_max(struct verdict_conf *v, const struct conf *conf)
{
    uint32_t max = conf_u32(conf, "packet-alert-max", v->alerts_max);
    if (max > 0)
        v->alerts_max = max < VERDICT_ALERTS_MAX ? max : VERDICT_ALERTS_MAX;
}

/* Protocols of plants are looked for only where somebody says so, as in Suricata. */
static bool is_on_by_itself(enum app_proto proto)
{
    return proto != APP_DNP3 && proto != APP_ENIP && proto != APP_MODBUS;
}

/* "enabled: no", of a protocol or of what it is over. */
static void read_off(struct app_conf *app, const struct conf *conf)
{
    static const char *const over[] = {"tcp.", "udp."};
    char path[64];
    for (size_t i = 0; i < APP_PROTO_COUNT; i++) {
        const char *name = app_proto_name((enum app_proto)i);
        snprintf(path, sizeof path, "app-layer.protocols.%s.enabled", name);
        /* it may say detection-only, which is no yes or no */
        bool off = strcmp(conf_text(conf, path, ""), "detection-only") != 0 &&
                   !conf_bool(conf, path, is_on_by_itself((enum app_proto)i));
        for (size_t l4 = 0; l4 < ARRAY_COUNT(over); l4++) {
            snprintf(path, sizeof path, "app-layer.protocols.%s.%senabled", name, over[l4]);
            if (off || !conf_bool(conf, path, true))
                app->off[l4] |= UINT64_C(1) << i;
        }
    }
}

static uint64_t read_detection_only(const struct conf *conf)
{
    uint64_t mask = 0;
    char path[64];
    for (size_t i = 0; i < APP_PROTO_COUNT; i++) {
        const char *name = app_proto_name((enum app_proto)i);
        snprintf(path, sizeof path, "app-layer.protocols.%s.enabled", name);
        if (strcmp(conf_text(conf, path, ""), "detection-only") == 0)
            mask |= UINT64_C(1) << i;
    }
    return mask;
}

static uint32_t bytes_u32(const struct conf *conf, const char *path, uint32_t otherwise)
{
    uint64_t bytes = conf_bytes(conf, path, otherwise);
    return bytes < UINT32_MAX ? (uint32_t)bytes : UINT32_MAX;
}

_Static_assert(APP_PROTO_COUNT <= STREAM_DEPTHS, "every protocol may have a depth of its own");

static void read_depths(struct stream_conf *s, const struct conf *conf)
{
    char path[64];
    /* what these carry goes on for longer than what begins a usual stream: files, tables */
    s->own_depths[APP_SMB] = s->own_depths[APP_NFS] = s->own_depths[APP_PGSQL] =
        s->own_depths[APP_MODBUS] = 0;
    for (size_t i = 0; i < APP_PROTO_COUNT; i++) {
        const char *name = app_proto_name((enum app_proto)i);
        snprintf(path, sizeof path, "app-layer.protocols.%s.stream-depth", name);
        s->own_depths[i] = bytes_u32(conf, path, s->own_depths[i]);
    }
}

static void read_smb(struct app_conf *app, const struct conf *conf)
{
#define SMB "app-layer.protocols.smb."
    app->smb_read_max = bytes_u32(conf, SMB "max-read-size", app->smb_read_max);
    app->smb_write_max = bytes_u32(conf, SMB "max-write-size", app->smb_write_max);
    app->smb_read_queue_bytes =
        bytes_u32(conf, SMB "max-read-queue-size", app->smb_read_queue_bytes);
    app->smb_write_queue_bytes =
        bytes_u32(conf, SMB "max-write-queue-size", app->smb_write_queue_bytes);
    app->smb_read_queue_count = conf_u32(conf, SMB "max-read-queue-cnt", app->smb_read_queue_count);
    app->smb_write_queue_count =
        conf_u32(conf, SMB "max-write-queue-cnt", app->smb_write_queue_count);
#undef SMB
}

static void read_app(struct app_conf *app, const struct conf *conf, bool inline_mode)
{
#define HTTP_PATH "app-layer.protocols.http.libhtp.default-config."
    app->yaml = conf;
    app->inline_mode = inline_mode;
    app->request_body_limit =
        conf_u32(conf, HTTP_PATH "request-body-limit", app->request_body_limit);
    app->response_body_limit =
        conf_u32(conf, HTTP_PATH "response-body-limit", app->response_body_limit);
    app->body_min_inspect =
        conf_u32(conf, HTTP_PATH "request-body-minimal-inspect-size", app->body_min_inspect);
    app->body_window = conf_u32(conf, HTTP_PATH "request-body-inspect-window", app->body_window);
    app->response_min_inspect =
        conf_u32(conf, HTTP_PATH "response-body-minimal-inspect-size", app->response_min_inspect);
    app->response_window =
        conf_u32(conf, HTTP_PATH "response-body-inspect-window", app->response_window);
    app->detection_only = read_detection_only(conf);
    read_off(app, conf);
    app->dnp3_tx_max = conf_u32(conf, "app-layer.protocols.dnp3.max-tx", app->dnp3_tx_max);
    app->dnp3_points_max =
        conf_u32(conf, "app-layer.protocols.dnp3.max-points", app->dnp3_points_max);
    app->dnp3_objects_max =
        conf_u32(conf, "app-layer.protocols.dnp3.max-objects", app->dnp3_objects_max);
    app->modbus_flood =
        conf_u32(conf, "app-layer.protocols.modbus.request-flood", app->modbus_flood);
    app->mqtt_message_max =
        conf_u32(conf, "app-layer.protocols.mqtt.max-msg-length", app->mqtt_message_max);
    app->ja3 = conf_bool(conf, "app-layer.protocols.tls.ja3-fingerprints", false);
    app->hassh = conf_bool(conf, "app-layer.protocols.ssh.hassh", false);
    app->ja4 = conf_bool(conf, "app-layer.protocols.tls.ja4-fingerprints", true);
    uint64_t line_max = conf_bytes(conf, "app-layer.protocols.ftp.max-line-length", 4096);
    app->ftp_line_max = line_max < APP_PENDING_MAX / 2 ? (uint32_t)line_max : APP_PENDING_MAX / 2;
    app->ftp_tx_max = conf_u32(conf, "app-layer.protocols.ftp.max-tx", app->ftp_tx_max);
    read_smb(app, conf);
#undef HTTP_PATH
    if (inline_mode)
        app->body_min_inspect = app->response_min_inspect = 0;
}

/* An event log with what the parsers read of their own. */
static void read_log(struct eve_conf *eve, const struct conf *conf, const struct conf_node *output)
{
    eve_conf_read(eve, conf, output);
    for (size_t i = 0; i < engine_parsers.count; i++)
        if (engine_parsers.rows[i]->log_conf)
            engine_parsers.rows[i]->log_conf(&eve->app_log,
                                             eve->settings[engine_parsers.rows[i]->proto]);
}

uint32_t engine_eve_read(struct eve_conf *logs, const struct conf *conf)
{
    const struct conf_node *outputs[ENGINE_EVE_MAX];
    bool any;
    uint32_t count = eve_conf_find(conf, outputs, ENGINE_EVE_MAX, &any);
    for (uint32_t i = 0; i < count; i++)
        read_log(&logs[i], conf, outputs[i]);
    if (any)
        return count;
    read_log(&logs[0], conf, NULL);
    return 1;
}

/* Every digest that some event log asks for (outputs.eve-log.types.files.force-hash) is computed, and SHA-256 where files are
 * said to be stored: they go by that name. */
static void read_file(struct file_conf *file, const struct conf *conf)
{
    struct eve_conf logs[ENGINE_EVE_MAX];
    uint32_t count = engine_eve_read(logs, conf);
    for (uint32_t i = 0; i < count; i++) {
        file->want_md5 |= logs[i].md5;
        file->want_sha1 |= logs[i].sha1;
        file->want_sha256 |= logs[i].sha256;
    }
    bool stores = conf && conf_bool(conf, "outputs.file-store.enabled", false);
    file->want_sha256 |= stores;
    file->want_all = stores && conf_bool(conf, "outputs.file-store.force-filestore", false);
    file->digests_max = 1024;
}

void engine_conf_read(struct engine_conf *e, const struct conf *conf, bool enforced)
{
    *e = (struct engine_conf){.verdict = {.enforced = enforced, .alerts_max = VERDICT_ALERTS_USUAL},
                              .memory_bytes = UINT64_C(1) << 30,
                              .flow_memory_bytes = 8u << 20};
    packet_conf_defaults(&e->packet);
    flow_conf_defaults(&e->flow);
    stream_conf_defaults(&e->stream);
    app_conf_defaults(&e->app);
    hash_random(e->flow.secret, sizeof(e->flow.secret));
    limits_read(e, conf);
    read_stream(&e->stream, conf, enforced);
    read_depths(&e->stream, conf);
    read_targets(&e->packet.targets, conf);
    read_alerts_max(&e->verdict, conf);
    exception_conf_read(&e->verdict, conf, e->stream.midstream);
    read_app(&e->app, conf, e->stream.mode == STREAM_INLINE);
    read_file(&e->file, conf);
    e->guess_tx = conf_bool(conf, "detect.guess-applayer-tx", false);
    e->inspect_encrypted =
        strcmp(conf_text(conf, "app-layer.protocols.tls.encryption-handling", ""), "full") == 0;
}
