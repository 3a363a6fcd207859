#include "base/text.h"
#include "base/embedded.h"
#include "center/core/inner.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

extern const struct embedded core_texts[];

/* Japan has kept UTC+9 without summer time since 1952. */
#define JAPAN_S (9 * 3600)
#define INCLUDE_DEPTH 3
#define TEXTS_MAX 4096

struct catalogue {
    struct tree *trees[LANGUAGES];
    struct map texts[LANGUAGES]; /* key -> text, borrowed from the trees */
};

static void add(struct params *p, struct param one)
{
    if (p->count < PARAMS_MAX)
        p->items[p->count++] = one;
}

void params_text(struct params *p, const char *name, const char *text)
{
    params_words(p, name, text, NULL);
}

void params_words(struct params *p, const char *name, const char *text, const char *english)
{
    add(p, (struct param){name, PARAM_TEXT, text ? text : "", 0, english});
}

void params_number(struct params *p, const char *name, int64_t number)
{
    add(p, (struct param){name, PARAM_NUMBER, NULL, number, NULL});
}

void params_time(struct params *p, const char *name, int64_t at_us)
{
    add(p, (struct param){name, PARAM_TIME, NULL, at_us, NULL});
}

void params_key(struct params *p, const char *name, const char *key)
{
    add(p, (struct param){name, PARAM_KEY, key, 0, NULL});
}

static int load(struct catalogue *c, enum language language, const struct embedded *file,
                struct err *err)
{
    void *at = NULL;
    const char *key;
    const struct tree *value;
    struct tree *tree = tree_parse(str_of(file->bytes, file->len), NULL);
    if (!tree)
        return err_set(err, "%s: is not JSON", file->name);
    c->trees[language] = tree;
    while (tree_next(tree, &at, &key, &value)) {
        union { /* the map keeps pointers that it never writes through */
            const char *text;
            void *kept;
        } v = {tree_text(value, NULL)};
        if (!v.text || map_put(&c->texts[language], str_c(key), v.kept) != 0)
            return err_set(err, "%s: \"%s\" cannot be taken in", file->name, key);
    }
    return 0;
}

struct catalogue *catalogue_new(struct err *err)
{
    struct catalogue *c = calloc(1, sizeof *c);
    if (!c) {
        err_set(err, "no memory for the texts");
        return NULL;
    }
    for (int l = 0; l < LANGUAGES; l++)
        map_init(&c->texts[l], TEXTS_MAX);
    for (const struct embedded *f = core_texts; f->name; f++) {
        int l = word_find(WORDS_LANGUAGE, str_cut(str_c(f->name), 0, 2));
        if (l >= 0 && load(c, l, f, err) != 0) {
            catalogue_free(c);
            return NULL;
        }
    }
    return c;
}

void catalogue_free(struct catalogue *c)
{
    if (!c)
        return;
    for (int l = 0; l < LANGUAGES; l++) {
        map_fini(&c->texts[l]);
        tree_free(c->trees[l]);
    }
    free(c);
}

bool catalogue_has(const struct catalogue *c, const char *key)
{
    return map_get(&c->texts[LANGUAGE_JA], str_c(key)) != NULL;
}

static const struct param *find(const struct params *p, struct str name)
{
    for (size_t i = 0; i < p->count; i++)
        if (str_eq(name, str_c(p->items[i].name)))
            return &p->items[i];
    return NULL;
}

static struct tm japan(int64_t at_us)
{
    time_t seconds = (time_t)(at_us / 1000000) + JAPAN_S;
    struct tm tm;
    gmtime_r(&seconds, &tm);
    return tm;
}

void day_of(int64_t at_us, char out[8])
{
    struct tm tm = japan(at_us);
    snprintf(out, 8, "%02u%02u%02u", (unsigned)tm.tm_year % 100, (unsigned)(tm.tm_mon + 1) % 100,
             (unsigned)tm.tm_mday % 100);
}

/* The bytes of the character at p that may not stand in a line: control characters (ASCII, C1), line and paragraph
 * separator (U+2028, U+2029), marks that turn the direction of writing (U+202A..U+202E, U+2066..U+2069). 0: it is fine. */
static size_t breaks_line(const char *text)
{
    const unsigned char *p = (const unsigned char *)text;
    if (p[0] < ' ' || p[0] == 0x7f)
        return 1;
    if (p[0] == 0xc2 && p[1] >= 0x80 && p[1] <= 0x9f)
        return 2;
    if (p[0] == 0xe2 && p[1] == 0x80 && p[2] >= 0xa8 && p[2] <= 0xae)
        return 3;
    return p[0] == 0xe2 && p[1] == 0x81 && p[2] >= 0xa6 && p[2] <= 0xa9 ? 3 : 0;
}

const char *one_line(const char *text, size_t bytes, struct arena *a)
{
    if (!text)
        return NULL;
    struct str s = str_cut(str_c(text), 0, bytes);
    while (s.len && !text_is_utf8(s))
        s.len--;
    char *copy = arena_printf(a, "%.*s", (int)s.len, (const char *)s.p);
    for (char *c = copy; c && *c; c++)
        for (size_t n = breaks_line(c); n; n--, c += n > 0)
            *c = ' ';
    return copy;
}

static void add_time(struct buf *out, enum language language, int64_t at_us, bool with_day)
{
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    struct tm tm = japan(at_us);
    if (with_day && language == LANGUAGE_JA)
        buf_printf(out, "%d/%d ", tm.tm_mon + 1, tm.tm_mday);
    else if (with_day)
        buf_printf(out, "%s %d, ", months[tm.tm_mon], tm.tm_mday);
    buf_printf(out, "%02d:%02d", tm.tm_hour, tm.tm_min);
}

static bool same_day(int64_t a_us, int64_t b_us)
{
    char a[8], b[8];
    day_of(a_us, a);
    day_of(b_us, b);
    return strcmp(a, b) == 0;
}

struct rendering {
    const struct catalogue *words;
    enum language language;
    const struct params *params;
    struct buf *out;
};

static void render(const struct rendering *r, struct str text, int depth);

static void render_key(const struct rendering *r, struct str key, int depth)
{
    const char *text = map_get(&r->words->texts[r->language], key);
    if (text && depth < INCLUDE_DEPTH)
        render(r, str_c(text), depth + 1);
    else
        buf_add(r->out, key);
}

/* {@span}: span.one or span.many. */
static void render_counted(const struct rendering *r, struct str name, int depth)
{
    char key[64];
    const struct param *count = find(r->params, STR_LIT("count"));
    snprintf(key, sizeof key, "%.*s.%s", (int)name.len, (const char *)name.p,
             count && count->number == 1 ? "one" : "many");
    render_key(r, str_c(key), depth);
}

static void render_param(const struct rendering *r, struct str place, int depth)
{
    struct str form = place;
    struct str name = str_split(&form, ':');
    const struct param *p = find(r->params, name);
    if (!p)
        return;
    const struct param *first = find(r->params, STR_LIT("first_seen"));
    switch (p->kind) {
    case PARAM_TEXT:
        buf_add_c(r->out, r->language == LANGUAGE_EN && p->english ? p->english : p->text);
        break;
    case PARAM_KEY: render_key(r, str_c(p->text), depth); break;
    case PARAM_NUMBER: buf_printf(r->out, "%lld", (long long)p->number); break;
    case PARAM_TIME:
        add_time(r->out, r->language, p->number,
                 !(str_eq(form, STR_LIT("until")) && first && same_day(first->number, p->number)));
        break;
    }
}

/* Our own texts: an opening brace always has its closing one (script/test checks the files). */
static void render(const struct rendering *r, struct str text, int depth)
{
    while (text.len > 0) {
        struct str before = str_split(&text, '{');
        buf_add(r->out, before);
        if (text.len == 0)
            return;
        struct str place = str_split(&text, '}');
        if (place.len > 0 && place.p[0] == '@')
            render_counted(r, str_from(place, 1), depth);
        else
            render_param(r, place, depth);
    }
}

void catalogue_render(const struct catalogue *c, enum language language, const char *key,
                      const struct params *p, struct buf *out)
{
    static const struct params none;
    struct rendering r = {c, language, p ? p : &none, out};
    render_key(&r, str_c(key), 0);
}

#define TEXT_BYTES_MAX 65536

const char *catalogue_text(const struct catalogue *c, enum language language, const char *key,
                           const struct params *p, struct arena *a)
{
    struct buf b;
    buf_init(&b, TEXT_BYTES_MAX);
    catalogue_render(c, language, key, p, &b);
    struct str copy = arena_copy(a, b.failed ? STR_EMPTY : buf_str(&b));
    buf_fini(&b);
    return copy.p ? (const char *)copy.p : "";
}
