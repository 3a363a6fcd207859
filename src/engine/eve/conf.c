#include "engine/eve/eve.h"

#include "base/clock.h"

static bool node_bool(const struct conf_node *node, const char *path, bool otherwise)
{
    return conf_node_bool(conf_child(node, path), otherwise);
}

static const char *node_text(const struct conf_node *node, const char *path, const char *otherwise)
{
    const struct conf_node *value = conf_child(node, path);
    return value && value->value ? value->value : otherwise;
}

/* As it was, where the settings say nothing. */
static void read_xff(struct eve_xff *xff, const struct conf_node *node)
{
    if (!node)
        return;
    xff->enabled = node_bool(node, "enabled", false);
    xff->overwrite = strcmp(node_text(node, "mode", "extra-data"), "overwrite") == 0;
    xff->forward = strcmp(node_text(node, "deployment", "reverse"), "forward") == 0;
    xff->header = node_text(node, "header", "X-Forwarded-For");
}

static void read_alert(struct eve_conf *eve, const struct conf_node *node)
{
    read_xff(&eve->alert_xff, conf_child(node, "xff"));
    eve->payload = node_bool(node, "payload", false);
    eve->payload_printable = node_bool(node, "payload-printable", false);
    eve->packet = node_bool(node, "packet", false);
    eve->payload_length = node_bool(node, "payload-length", false);
    eve->alert_verdict = node_bool(node, "verdict", false);
    if (node_bool(node, "tagged-packets", false))
        eve->types |= 1u << EVE_PACKET;
    bool metadata = node_bool(node, "metadata", true);
    eve->app_layer = node_bool(node, "metadata.app-layer", metadata);
    eve->flow_in_alert = node_bool(node, "metadata.flow", metadata);
    eve->rule_metadata = node_bool(node, "metadata.rule.metadata", metadata);
    eve->rule_reference = node_bool(node, "metadata.rule.reference", false);
    eve->rule_text = node_bool(node, "metadata.rule.raw", false);
}

static void read_files(struct eve_conf *eve, const struct conf_node *node)
{
    const struct conf_node *list = conf_child(node, "force-hash");
    for (const struct conf_node *item = list ? list->child : NULL; item; item = item->next) {
        struct str name = str_c(item->value);
        eve->md5 |= str_eq_nocase(name, STR_LIT("md5"));
        eve->sha1 |= str_eq_nocase(name, STR_LIT("sha1"));
        eve->sha256 |= str_eq_nocase(name, STR_LIT("sha256"));
    }
}

static void read_anomaly(struct eve_conf *eve, const struct conf_node *node)
{
    eve->anomalies = 0;
    eve->anomalies |= (uint32_t)node_bool(node, "types.decode", false) << EVE_ANOMALY_DECODE;
    eve->anomalies |= (uint32_t)node_bool(node, "types.stream", false) << EVE_ANOMALY_STREAM;
    eve->anomalies |= (uint32_t)node_bool(node, "types.applayer", true) << EVE_ANOMALY_APPLAYER;
    eve->anomaly_packet = node_bool(node, "packethdr", false);
}

static void read_drop(struct eve_conf *eve, const struct conf_node *node)
{
    eve->drop_all = strcmp(node_text(node, "flows", ""), "all") == 0;
    eve->drop_alert = node_bool(node, "alerts", true);
    eve->drop_verdict = node_bool(node, "verdict", false);
}

static void read_nothing(struct eve_conf *eve, const struct conf_node *node)
{
    (void)eve, (void)node;
}

/* A word of suricata.yaml's outputs.eve-log.types: what it switches on, and who reads what stands below it. */
static const struct {
    const char *name;
    uint32_t types;
    void (*read)(struct eve_conf *eve, const struct conf_node *node);
} type_rows[] = {
    {"alert", 1 << EVE_ALERT, read_alert},         {"drop", 1 << EVE_DROP, read_drop},
    {"flow", 1 << EVE_FLOW, read_nothing},         {"files", 1 << EVE_FILEINFO, read_files},
    {"anomaly", 1 << EVE_ANOMALY, read_anomaly},   {"netflow", 1 << EVE_NETFLOW, read_nothing},
    {"arp", 1 << EVE_ARP, read_nothing},           {"frame", 1 << EVE_FRAME, read_nothing},
    {"metadata", 1 << EVE_METADATA, read_nothing},
};

static void read_protos(struct eve_conf *eve, struct str name, const struct conf_node *settings)
{
    uint64_t protos = app_proto_log_mask(name);
    if (!protos)
        return;
    eve->types |= 1 << EVE_APP;
    eve->protos |= protos;
    for (size_t i = 0; i < APP_PROTO_COUNT; i++)
        if (protos >> i & 1)
            eve->settings[i] = settings;
}

/* One entry of `types`: a word, or a mapping with that word as its only key. */
static void read_type(struct eve_conf *eve, const struct conf_node *item)
{
    const struct conf_node *settings = item->child ? item->child : item;
    struct str name = str_c(item->value ? item->value : settings->key);
    if (!node_bool(settings, "enabled", true))
        return;
    eve->stats |= str_eq(name, STR_LIT("stats"));
    for (size_t i = 0; i < ARRAY_COUNT(type_rows); i++)
        if (str_eq(name, str_c(type_rows[i].name))) {
            eve->types |= type_rows[i].types;
            type_rows[i].read(eve, settings);
        }
    read_protos(eve, name, settings);
}

uint32_t eve_conf_find(const struct conf *conf, const struct conf_node **found, uint32_t max,
                       bool *any)
{
    uint32_t count = 0;
    const struct conf_node *outputs = conf ? conf_find(conf, "outputs") : NULL;
    if (any)
        *any = false;
    for (const struct conf_node *o = outputs ? outputs->child : NULL; o; o = o->next) {
        const struct conf_node *eve = conf_child(o, "eve-log");
        if (eve && any)
            *any = true;
        if (eve && node_bool(eve, "enabled", true) && count < max)
            found[count++] = eve;
    }
    return count;
}

static void read_output(struct eve_conf *eve, const struct conf_node *output)
{
    uint64_t number;
    eve->filename = node_text(output, "filename", eve->filename);
    eve->filetype = node_text(output, "filetype", eve->filetype);
    eve->append = node_bool(output, "append", eve->append);
    eve->wants_pcap_name = node_bool(output, "pcap-file", false);
    eve->metadata = node_bool(output, "metadata", true);
    eve->community_id = node_bool(output, "community-id", false);
    if (str_to_u64(str_c(node_text(output, "community-id-seed", "0")), &number))
        eve->community_seed = (uint16_t)number;
    eve->ether = node_bool(output, "ethernet", false);
    read_xff(&eve->xff, conf_child(output, "xff"));
    eve->alert_xff = eve->xff;
    const struct conf_node *types = conf_child(output, "types");
    if (!types)
        return;
    eve->types = 0;
    eve->drop_all = false;
    eve->protos = 0;
    eve->stats = false;
    for (const struct conf_node *item = types->child; item; item = item->next)
        read_type(eve, item);
}

void eve_conf_read(struct eve_conf *eve, const struct conf *conf, const struct conf_node *output)
{
    *eve = (struct eve_conf){
        .types = ((1u << EVE_TYPES) - 1) & ~EVE_ASKED_FOR,
        .protos = ~UINT64_C(0),
        .anomalies = 1u << EVE_ANOMALY_APPLAYER,
        .rule_metadata = true,
        .app_layer = true,
        .flow_in_alert = true,
        .metadata = true,
        .pcap_number = true,
        .stats = true,
        .filename = "eve.json",
        .filetype = "regular",
        .append = true,
        .sensor = conf ? conf_text(conf, "sensor-name", NULL) : NULL,
        .drop_all = true,
        .drop_alert = true,
    };
    char now[CLOCK_TEXT_BYTES];
    (void)clock_format_eve(
        0, now); /* the C library reads the zone's file now, not for the first event */
    if (output)
        read_output(eve, output);
}
