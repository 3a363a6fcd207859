/* suricata.yaml, classification.config and reference.config as a customer's disk holds them, parted by NUL: whatever stands
 * there, the engine's settings have values, and a rule that uses the variables loads or is refused with a reason. */
#include "engine/engine.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char rules[] =
    "alert tcp $HOME_NET any -> $EXTERNAL_NET $HTTP_PORTS (msg:\"a\"; classtype:one; "
    "reference:cve,1; sid:1;)\n"
    "alert ip !$HOME_NET !$SSH_PORTS <> [$DNS_SERVERS,!10.0.0.1] any (msg:\"b\"; sid:2;)\n";

static void check_rules(const struct engine_vocabulary *words, const struct conf *conf,
                        struct str classes, struct str references)
{
    struct err err = {{0}};
    struct rule_loader *l = rule_loader_new(engine_vocabulary_names(words), conf, &err);
    if (!l && !err.text[0])
        abort();
    if (!l)
        return;
    struct rule_set *set = NULL;
    if (rule_load_classifications(l, classes, &err) == 0 &&
        rule_load_references(l, references, &err) == 0 &&
        rule_load_text(l, str_c(rules), "fuzz.rules", &err) == 0)
        set = rule_loader_take(l);
    if (set && set->count + set->refused_count != 2)
        abort();
    for (uint32_t i = 0; set && i < set->refused_count; i++)
        if (!set->refused[i].reason[0])
            abort();
    rule_set_free(set);
    rule_loader_free(l);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct engine_vocabulary *words;
    struct err err;
    struct engine_conf engine;
    struct eve_conf logs[ENGINE_EVE_MAX];
    struct str references = str_of(data, size);
    struct str yaml = str_split(&references, 0), classes = str_split(&references, 0);
    struct conf *conf = conf_new();
    if (!words)
        words = engine_vocabulary_new(&err);
    if (!words || !conf)
        abort();
    /* without includes: those would read files of the machine */
    if (str_find(yaml, 0, STR_LIT("include")) < 0 && conf_parse(conf, yaml, "fuzz", &err) == 0) {
        engine_conf_read(&engine, conf, false);
        engine_conf_read(&engine, conf, true);
        if (engine.stream.raw_window_bytes[0] == 0 && engine.flow.max == 0)
            abort();
        if (engine_eve_read(logs, conf) > ENGINE_EVE_MAX)
            abort();
        check_rules(words, conf, classes, references);
    }
    conf_free(conf);
    return 0;
}
