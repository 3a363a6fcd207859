/* rule_load FILE...: reads rule files without building the matcher; prints what was loaded, what was refused and why,
 * time and memory. The fields are those of the parsers, by name only. */
#include "base/clock.h"
#include "engine/rule/fields_double.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

struct reason {
    const char *text;
    uint32_t count, sid, line;
};

static int more_first(const void *a, const void *b)
{
    const struct reason *x = a, *y = b;
    return x->count < y->count ? 1 : x->count > y->count ? -1 : 0;
}

static void print_reasons(const struct rule_set *s)
{
    struct reason *reasons = calloc(s->refused_count + 1, sizeof *reasons);
    uint32_t count = 0;
    for (uint32_t i = 0; reasons && i < s->refused_count; i++) {
        char line[400];
        snprintf(line, sizeof line, "%s: %s", s->refused[i].keyword, s->refused[i].reason);
        uint32_t k = 0;
        while (k < count && strcmp(reasons[k].text, line) != 0)
            k++;
        if (k == count)
            reasons[count++] =
                (struct reason){strdup(line), 0, s->refused[i].sid, s->refused[i].line};
        reasons[k].count++;
    }
    if (reasons)
        qsort(reasons, count, sizeof *reasons, more_first);
    for (uint32_t k = 0; reasons && k < count && k < 80; k++)
        printf("%6u  %s (sid %u, line %u)\n", reasons[k].count, reasons[k].text, reasons[k].sid,
               reasons[k].line);
    for (uint32_t k = 0; k < count; k++)
        free((char *)(uintptr_t)reasons[k].text);
    free(reasons);
}

int main(int argc, char **argv)
{
    static struct field_table fields;
    struct err err;
    if (argc < 2 || argv[1][0] == '-' || field_table_init(&fields, &double_list, 1, &err) < 0) {
        fprintf(stderr, "usage: %s FILE...\n", argv[0]);
        return 2;
    }
    const struct rule_names names = {&fields,          double_app_event, double_event, double_event,
                                     double_app_state, double_app_frame, NULL};
    int64_t start = clock_mono_us();
    struct rule_loader *l = rule_loader_new(&names, NULL, &err);
    for (int i = 1; l && i < argc; i++)
        if (rule_load_file(l, argv[i], &err) < 0)
            fprintf(stderr, "%s\n", err.text);
    struct rule_set *s = l ? rule_loader_take(l) : NULL;
    if (!s) {
        fprintf(stderr, "cannot load\n");
        return 1;
    }
    rule_loader_free(l);
    int64_t end = clock_mono_us();
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    print_reasons(s);
    uint32_t fast = 0;
    for (uint32_t i = 0; i < s->count; i++)
        for (const struct rule_buffer *b = s->rules[i]->buffers; b; b = b->next)
            fast += b->fast != NULL;
    uint32_t all = s->counts.active + s->counts.refused;
    printf("loaded %u of %u (%.2f %%), duplicates %u, disabled %u, with a fast pattern %u\n",
           s->counts.active, all, all ? 100.0 * s->counts.active / all : 0.0, s->counts.duplicates,
           s->counts.disabled_lines, fast);
    printf("address sets %u, port sets %u, arena %.1f MB, peak %.1f MB, %.3f s, of it %.3f s of "
           "processor\n",
           s->address_set_count, s->port_set_count, (double)s->arena.used_bytes / 1048576,
           (double)usage.ru_maxrss / 1024, (double)(end - start) / 1e6,
           (double)usage.ru_utime.tv_sec + (double)usage.ru_utime.tv_usec / 1e6 +
               (double)usage.ru_stime.tv_usec / 1e6);
    rule_set_free(s);
    field_table_fini(&fields);
    return 0;
}
