/* rows_double: rows {rule, the reason why it is refused or "" when it is used}, for this room's own tests. */
#ifndef ENGINE_RULE_ROWS_DOUBLE_H
#define ENGINE_RULE_ROWS_DOUBLE_H

#include "engine/rule/fields_double.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct field_table fields;
static const struct rule_names names = {&fields,      double_app_event, double_event,
                                        double_event, double_app_state, double_app_frame,
                                        NULL};

static int setup(void **state)
{
    struct err err;
    return field_table_init(&fields, &double_list, 1, &err);
}

static int teardown(void **state)
{
    field_table_fini(&fields);
    return 0;
}

static struct rule_set *load_with(const struct conf *conf, const char *text)
{
    struct err err;
    struct rule_loader *l = rule_loader_new(&names, conf, &err);
    assert_non_null(l);
    assert_int_equal(rule_load_text(l, str_c(text), "test.rules", &err), 0);
    struct rule_set *s = rule_loader_take(l);
    assert_non_null(s);
    rule_loader_free(l);
    return s;
}

static struct rule_set *load(const char *text)
{
    return load_with(NULL, text);
}

struct row {
    const char *rule, *reason; /* reason "": used */
};

static inline void try_rows(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct rule_set *s = load(rows[i].rule);
        bool used = s->count == 1 && s->refused_count == 0;
        const char *reason = s->refused_count ? s->refused[0].reason : "";
        if (used != !rows[i].reason[0] || !strstr(reason, rows[i].reason))
            fail_msg("%s\n  wanted \"%s\", got %s \"%s\"", rows[i].rule, rows[i].reason,
                     used ? "used" : "refused", reason);
        rule_set_free(s);
    }
}

#define TRY(rows) try_rows(rows, ARRAY_COUNT(rows))
/* A rule of one option list. */
#define TCP(options) "alert tcp any any -> any any (" options " sid:1;)"
#define HTTP(options) "alert http any any -> any any (" options " sid:1;)"

#endif
