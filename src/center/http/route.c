#include "center/http/inner.h"

/* The path fits the pattern part by part; what stands at "{}" is not empty. */
static bool fits(const char *pattern, struct str path, struct http_exchange *x)
{
    struct str p = str_c(pattern);
    x->part_count = 0;
    for (;;) {
        struct str want = str_split(&p, '/'), got = str_split(&path, '/');
        bool want_more = p.p != NULL, got_more = path.p != NULL;
        if (str_eq(want, STR_LIT("{}"))) {
            if (got.len == 0 || x->part_count == HTTP_PARTS_MAX)
                return false;
            x->parts[x->part_count++] = got;
        } else if (!str_eq(want, got)) {
            return false;
        }
        if (want_more != got_more)
            return false;
        if (!want_more)
            return true;
    }
}

static const char *const method_names[HTTP_METHODS] = {"GET", "POST", "PUT", "PATCH", "DELETE"};

const struct http_route *route_find(const struct http_conf *conf, struct http_exchange *x,
                                    bool *path_known)
{
    *path_known = false;
    x->allow = "";
    for (size_t i = 0; i < conf->route_count; i++) {
        const struct http_route *r = &conf->routes[i];
        if (!fits(r->pattern, str_c(x->path), x))
            continue;
        if (r->method == x->method)
            return r;
        *path_known = true;
        const char *more = arena_printf(x->arena, "%s%s%s", x->allow, x->allow[0] ? ", " : "",
                                        method_names[r->method]);
        if (more)
            x->allow = more;
    }
    return NULL;
}
