/* Variables, the order of actions, classification.config and reference.config. */
#include "engine/rule/config.h"

#include "base/buf.h"
#include "engine/rule/keyword.h"

#define CONFIG_BYTES_MAX (16u << 20)
#define PRIORITY_MAX 255

/* As Suricata ships them; a rule set that uses a name that is not here says so in its refusals. */
static const struct {
    const char *name, *text;
} default_addresses[] =
    {
        {"HOME_NET", "[192.168.0.0/16,10.0.0.0/8,172.16.0.0/12]"},
        {"EXTERNAL_NET", "!$HOME_NET"},
        {"HTTP_SERVERS", "$HOME_NET"},
        {"SMTP_SERVERS", "$HOME_NET"},
        {"SQL_SERVERS", "$HOME_NET"},
        {"DNS_SERVERS", "$HOME_NET"},
        {"TELNET_SERVERS", "$HOME_NET"},
        {"SSH_SERVERS", "$HOME_NET"},
        {"FTP_SERVERS", "$HOME_NET"},
        {"AIM_SERVERS", "$EXTERNAL_NET"},
        {"DC_SERVERS", "$HOME_NET"},
        {"DNP3_SERVER", "$HOME_NET"},
        {"DNP3_CLIENT", "$HOME_NET"},
        {"MODBUS_CLIENT", "$HOME_NET"},
        {"MODBUS_SERVER", "$HOME_NET"},
        {"ENIP_CLIENT", "$HOME_NET"},
        {"ENIP_SERVER", "$HOME_NET"},
},
  default_ports[] = {
      {"HTTP_PORTS", "80"},
      {"SHELLCODE_PORTS", "!80"},
      {"ORACLE_PORTS", "1521"},
      {"SSH_PORTS", "22"},
      {"DNP3_PORTS", "20000"},
      {"MODBUS_PORTS", "502"},
      {"FILE_DATA_PORTS", "[$HTTP_PORTS,110,143]"},
      {"FTP_PORTS", "21"},
      {"GENEVE_PORTS", "6081"},
      {"VXLAN_PORTS", "4789"},
      {"TEREDO_PORTS", "3544"},
      {"SIP_PORTS", "[5060,5061]"},
};

static const struct {
    const char *name, *prefix;
} default_references[] = {
    {"url", "https://"},
    {"bugtraq", "https://www.securityfocus.com/bid/"},
    {"bid", "https://www.securityfocus.com/bid/"},
    {"cve", "https://cve.mitre.org/cgi-bin/cvename.cgi?name="},
    {"nessus", "https://www.tenable.com/plugins/nessus/"},
    {"arachnids", "https://www.whitehats.com/info/IDS"},
    {"mcafee", "https://vil.nai.com/vil/content/v_"},
    {"msb", "https://technet.microsoft.com/en-us/security/bulletin/"},
    {"msft", "https://technet.microsoft.com/security/bulletin/"},
    {"osvdb", "http://osvdb.org/show/osvdb/"},
    {"secunia", "https://www.secunia.com/advisories/"},
    {"exploitdb", "https://www.exploit-db.com/exploits/"},
    {"openpacket", "https://www.openpacket.org/capture/grab/"},
    {"securitytracker", "http://securitytracker.com/id?"},
    {"xforce", "http://xforce.iss.net/xforce/xfdb/"},
    {"md5", "https://www.threatexpert.com/report.aspx?md5="},
    {"threatexpert", "http://www.threatexpert.com/report.aspx?md5="},
    {"et", "https://doc.emergingthreats.net/"},
    {"etpro", "https://doc.emergingthreatspro.com/"},
    {"telus", "https://"},
};

static int set_variable(struct rule_loader *l, struct map *m, struct str name, struct str text)
{
    struct rule_variable *variable = arena_zalloc(l->arena, sizeof *variable);
    struct str key = arena_copy(l->arena, name);
    struct str copy = arena_copy(l->arena, text);
    if (!variable || !key.p || !copy.p)
        return -1;
    variable->text = copy;
    return map_put(m, key, variable);
}

/* Value of a variable: text, or members that YAML has taken apart ("[a, b]" without quotation marks). */
static struct str variable_text(struct rule_loader *l, const struct conf_node *v)
{
    struct buf joined;
    if (v->value)
        return str_c(v->value);
    buf_init(&joined, CONFIG_BYTES_MAX);
    for (const struct conf_node *item = v->child; item; item = item->next) {
        buf_add_byte(&joined, joined.len ? ',' : '[');
        buf_add_c(&joined, item->value ? item->value : "");
    }
    buf_add_byte(&joined, ']');
    struct str text =
        v->child && !joined.failed ? arena_copy(l->arena, buf_str(&joined)) : STR_EMPTY;
    buf_fini(&joined);
    return text;
}

static int init_variables(struct rule_loader *l, const struct conf *conf)
{
    for (size_t i = 0; i < ARRAY_COUNT(default_addresses); i++)
        if (set_variable(l, &l->address_variables, str_c(default_addresses[i].name),
                         str_c(default_addresses[i].text)) < 0)
            return -1;
    for (size_t i = 0; i < ARRAY_COUNT(default_ports); i++)
        if (set_variable(l, &l->port_variables, str_c(default_ports[i].name),
                         str_c(default_ports[i].text)) < 0)
            return -1;
    static const char *const paths[] = {"vars.address-groups", "vars.port-groups"};
    struct map *maps[] = {&l->address_variables, &l->port_variables};
    for (size_t i = 0; conf && i < ARRAY_COUNT(paths); i++) {
        const struct conf_node *group = conf_find(conf, paths[i]);
        for (const struct conf_node *v = group ? group->child : NULL; v; v = v->next)
            if (v->key && set_variable(l, maps[i], str_c(v->key), variable_text(l, v)) < 0)
                return -1;
    }
    return 0;
}

/* action-order: names in the order of evaluation; those that are not named follow in the usual order. */
static void init_order(struct rule_loader *l, const struct conf *conf)
{
    static const char *const names[RULE_ACTIONS] = {[RULE_PASS] = "pass",
                                                    [RULE_DROP] = "drop",
                                                    [RULE_REJECT] = "reject",
                                                    [RULE_ALERT] = "alert"};
    const struct conf_node *node = conf ? conf_find(conf, "action-order") : NULL;
    uint8_t place = 0;
    bool given[RULE_ACTIONS] = {false};
    for (node = node ? node->child : NULL; node; node = node->next)
        for (int a = 0; a < RULE_ACTIONS; a++)
            if (node->value && !given[a] && str_eq(str_c(node->value), str_c(names[a]))) {
                given[a] = true;
                l->action_order[a] = place++;
            }
    for (int a = 0; a < RULE_ACTIONS; a++)
        if (!given[a])
            l->action_order[a] = place++;
}

static int add_class(struct rule_loader *l, struct str name, struct str text, uint32_t priority)
{
    struct rule_class *class = arena_zalloc(l->arena, sizeof *class);
    if (!class)
        return -1;
    class->name = loader_intern(l, name);
    class->text = loader_intern(l, text);
    class->priority = priority;
    if (!class->name || !class->text)
        return -1;
    return map_put(&l->classes, str_of(class->name, name.len), class);
}

/* Next line that says something. */
static bool next_line(struct str *text, struct str *line)
{
    while (text->p) {
        *line = str_trim(str_split(text, '\n'));
        if (line->len && line->p[0] != '#')
            return true;
    }
    return false;
}

static bool take_word(struct str *line, struct str word)
{
    if (!str_starts_nocase(*line, word))
        return false;
    *line = str_trim(str_from(*line, word.len));
    return true;
}

/* "config classification: name,text,priority" */
int rule_load_classifications(struct rule_loader *l, struct str text, struct err *err)
{
    struct str line;
    while (next_line(&text, &line)) {
        uint64_t priority;
        if (!take_word(&line, STR_LIT("config classification:")))
            continue;
        struct str name = str_trim(str_split(&line, ','));
        struct str words = str_trim(str_split(&line, ','));
        if (!name.len || !str_to_u64(str_trim(line), &priority) || priority == 0 ||
            priority > PRIORITY_MAX)
            continue;
        if (add_class(l, name, words, (uint32_t)priority) < 0)
            return err_set(err, "classifications: no memory");
    }
    return 0;
}

static int add_reference(struct rule_loader *l, struct str name, struct str prefix)
{
    char lower[32];
    if (name.len >= sizeof lower)
        return 0;
    for (size_t i = 0; i < name.len; i++)
        lower[i] = (char)byte_lower(name.p[i]);
    struct str key = arena_copy(l->arena, str_of(lower, name.len));
    struct str value = arena_copy(l->arena, prefix);
    union {
        const uint8_t *in;
        void *out;
    } text = {.in = value.p};
    return key.p && value.p ? map_put(&l->references, key, text.out) : -1;
}

/* "config reference: name prefix" */
int rule_load_references(struct rule_loader *l, struct str text, struct err *err)
{
    struct str line;
    while (next_line(&text, &line)) {
        if (!take_word(&line, STR_LIT("config reference:")))
            continue;
        struct str name = value_word(&line);
        if (name.len && add_reference(l, name, line) < 0)
            return err_set(err, "references: no memory");
    }
    return 0;
}

/* Both must be said; without them no flow is an elephant, as with Suricata. */
static void init_rate(struct rule_set *set, const struct conf *conf)
{
    int64_t seconds = conf_int(conf, "flow.rate-tracking.interval", 0);
    if (seconds <= 0)
        return;
    set->rate_bytes = conf_bytes(conf, "flow.rate-tracking.bytes", 0);
    set->rate_seconds = seconds < RULE_RATE_SECONDS_MAX ? (uint32_t)seconds : RULE_RATE_SECONDS_MAX;
}

int config_init(struct rule_loader *l, const struct conf *conf, struct err *err)
{
    init_order(l, conf);
    init_rate(l->set, conf);
    int result = init_variables(l, conf);
    if (result == 0)
        result = rule_load_classifications(l, str_c(rule_default_classifications), err);
    for (size_t i = 0; i < ARRAY_COUNT(default_references) && result == 0; i++)
        result = add_reference(l, str_c(default_references[i].name),
                               str_c(default_references[i].prefix));
    return result < 0 ? err_set(err, "rules: no memory") : dataset_config(l, conf, err);
}
