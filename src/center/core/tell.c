/* A text with its key, parameters and both languages. Apart from text.c: base/json.h. */
#include "base/json.h"
#include "center/core/inner.h"

#define PARAMS_BYTES_MAX 16384

static const char *params_json(const struct params *p, struct arena *a)
{
    struct buf b;
    struct json j;
    buf_init(&b, PARAMS_BYTES_MAX);
    json_init(&j, &b);
    json_object(&j, NULL);
    for (size_t i = 0; i < p->count; i++) {
        const struct param *one = &p->items[i];
        if (one->kind == PARAM_TEXT || one->kind == PARAM_KEY)
            json_bytes(&j, one->name, str_c(one->text));
        else
            json_int(&j, one->name, one->number);
    }
    json_end_object(&j);
    struct str copy = arena_copy(a, b.failed ? STR_LIT("{}") : buf_str(&b));
    buf_fini(&b);
    return copy.p ? (const char *)copy.p : "{}";
}

struct told catalogue_tell(const struct catalogue *c, const char *key, const struct params *p,
                           struct arena *a)
{
    struct told t = {.key = key, .params = params_json(p, a)};
    for (int l = 0; l < LANGUAGES; l++)
        t.words[l] = catalogue_text(c, l, key, p, a);
    return t;
}
