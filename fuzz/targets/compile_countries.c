/* A database of addresses and countries: whatever it holds, its ranges come in order, within bounded work, and a rule that asks
 * for a country has a set of addresses or a reason. */
#include "base/conf.h"
#include "engine/rule/fields_double.h"
#include "gateway/compile/countries.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__lsan_default_suppressions(void);

/* Debian 12's version of the library does not give back what it read of damaged metadata (later ones do): 5 KB, once, in a
 * process that reads rules and ends. */
const char *__lsan_default_suppressions(void)
{
    return "leak:libmaxminddb\n";
}

static void check(const struct rule_set *set)
{
    if (set->count + set->refused_count != 1)
        abort();
    if (set->count && !set->rules[0]->checks->addresses)
        abort();
    for (uint32_t i = 0; set->count && i < set->rules[0]->checks->addresses->count; i++)
        if (set->rules[0]->checks->addresses->ranges[i].first.version != 4)
            abort();
    if (set->refused_count && !*set->refused[0].reason)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct field_table fields;
    struct err err;
    char setting[64];
    int fd = memfd_create("countries", MFD_CLOEXEC);
    if ((!fields.count && field_table_init(&fields, &double_list, 1, &err) < 0) || fd < 0)
        abort();
    if (write(fd, data, size) != (ssize_t)size)
        abort();
    snprintf(setting, sizeof setting, "geoip-database=/proc/self/fd/%d", fd);
    struct conf *conf = conf_new();
    if (!conf || conf_set(conf, setting, &err) < 0)
        abort();
    const struct rule_names names = {&fields,          double_app_event, double_event, double_event,
                                     double_app_state, double_app_frame, NULL};
    struct rule_loader *l = rule_loader_new(&names, conf, &err);
    if (!l)
        abort();
    rule_loader_countries(l, countries_give, conf);
    if (rule_load_text(l, STR_LIT("alert ip any any -> any any (geoip:any,!RU; sid:1;)"), "a.rules",
                       &err) < 0)
        abort();
    struct rule_set *set = rule_loader_take(l);
    if (set)
        check(set);
    rule_set_free(set);
    rule_loader_free(l);
    conf_free(conf);
    close(fd);
    return 0;
}
