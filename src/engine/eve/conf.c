#include "engine/eve/eve.h"

#include "base/clock.h"

#define EVE_PATH "outputs.eve-log"

/* A word of suricata.yaml's outputs.eve-log.types and what it switches on. */
struct type_row {
    const char *name;
    uint32_t types;
};

static const struct type_row type_rows[] = {
    {"alert", 1 << EVE_ALERT},    {"drop", 1 << EVE_DROP},       {"flow", 1 << EVE_FLOW},
    {"files", 1 << EVE_FILEINFO}, {"anomaly", 1 << EVE_ANOMALY},
};

static bool node_bool(const struct conf_node *node, const char *path, bool otherwise)
{
    const struct conf_node *value = conf_child(node, path);
    if (!value || !value->value)
        return otherwise;
    struct str s = str_c(value->value);
    return str_eq_nocase(s, STR_LIT("yes")) || str_eq_nocase(s, STR_LIT("true")) ||
           str_eq_nocase(s, STR_LIT("on")) || str_eq(s, STR_LIT("1"));
}

static void read_alert(struct eve_conf *eve, const struct conf_node *node)
{
    eve->payload = node_bool(node, "payload", false);
    eve->payload_printable = node_bool(node, "payload-printable", false);
    eve->packet = node_bool(node, "packet", false);
    eve->metadata = node_bool(node, "metadata", true);
    eve->app_layer = node_bool(node, "metadata.app-layer", eve->metadata);
    eve->flow_in_alert = node_bool(node, "metadata.flow", eve->metadata);
    eve->rule_metadata = node_bool(node, "metadata.rule.metadata", eve->metadata);
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
}

/* One entry of `types`: a word, or a mapping with that word as its only key. */
static void read_type(struct eve_conf *eve, const struct conf_node *item)
{
    const struct conf_node *settings = item->child;
    struct str name = str_c(item->value ? item->value : settings ? settings->key : NULL);
    if (settings && !node_bool(settings, "enabled", true))
        return;
    for (size_t i = 0; i < ARRAY_COUNT(type_rows); i++)
        if (str_eq(name, str_c(type_rows[i].name)))
            eve->types |= type_rows[i].types;
    uint64_t protos = app_proto_mask(name);
    if (protos) {
        eve->types |= 1 << EVE_APP;
        eve->protos |= protos;
    }
    if (settings && str_eq(name, STR_LIT("alert")))
        read_alert(eve, settings);
    if (settings && str_eq(name, STR_LIT("anomaly")))
        read_anomaly(eve, settings);
    if (settings && str_eq(name, STR_LIT("files")))
        read_files(eve, settings);
    if (settings && str_eq(name, STR_LIT("drop"))) {
        const struct conf_node *flows = conf_child(settings, "flows");
        eve->drop_all = flows && flows->value && strcmp(flows->value, "all") == 0;
    }
}

/* Several eve-log outputs may stand in the file; the first that is not switched off counts. */
static const struct conf_node *find_output(const struct conf *conf)
{
    const struct conf_node *outputs = conf_find(conf, "outputs");
    for (const struct conf_node *o = outputs ? outputs->child : NULL; o; o = o->next) {
        const struct conf_node *eve = conf_child(o, "eve-log");
        if (eve && node_bool(eve, "enabled", true))
            return eve;
    }
    return NULL;
}

void eve_conf_read(struct eve_conf *eve, const struct conf *conf)
{
    *eve = (struct eve_conf){
        .types = (1u << EVE_TYPES) - 1,
        .protos = ~UINT64_C(0),
        .anomalies = 1u << EVE_ANOMALY_APPLAYER,
        .rule_metadata = true,
        .app_layer = true,
        .flow_in_alert = true,
        .metadata = true,
        .pcap_number = true,
    };
    char now[CLOCK_TEXT_BYTES];
    (void)clock_format_eve(
        0, now); /* the C library reads the zone's file now, not for the first event */
    const struct conf_node *output = conf ? find_output(conf) : NULL;
    if (!output)
        return;
    eve->community_id = node_bool(output, "community-id", false);
    const struct conf_node *seed = conf_child(output, "community-id-seed");
    uint64_t number;
    if (seed && seed->value && str_to_u64(str_c(seed->value), &number))
        eve->community_seed = (uint16_t)number;
    eve->ether = node_bool(output, "ethernet", false);
    const struct conf_node *types = conf_child(output, "types");
    if (!types)
        return;
    eve->types = 0;
    eve->protos = 0;
    for (const struct conf_node *item = types->child; item; item = item->next)
        read_type(eve, item);
}
