#include "center/api/inner.h"

#include <stdio.h>

static const struct {
    unsigned status;
    const char *code;
} outcomes[] = {
    [OUTCOME_OK] = {200, ""},
    [OUTCOME_NOT_FOUND] = {404, "not_found"},
    [OUTCOME_FORBIDDEN] = {403, "forbidden"},
    [OUTCOME_CONFLICT] = {409, "conflict"},
    [OUTCOME_INVALID] = {422, "invalid"},
    [OUTCOME_LIMITED] = {429, "too_many"},
    [OUTCOME_LOGIN_FAILED] = {401, "login_failed"},
    [OUTCOME_FAILED] = {503, "unavailable"},
};

static const char *title_of(unsigned status)
{
    static const struct {
        unsigned status;
        const char *title;
    } titles[] = {
        {400, "Bad Request"},       {401, "Unauthorized"},           {403, "Forbidden"},
        {404, "Not Found"},         {405, "Method Not Allowed"},     {409, "Conflict"},
        {413, "Content Too Large"}, {415, "Unsupported Media Type"}, {422, "Unprocessable Content"},
        {429, "Too Many Requests"}, {503, "Service Unavailable"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(titles); i++)
        if (titles[i].status == status)
            return titles[i].title;
    return "Internal Server Error";
}

void visit_problem(struct http_exchange *x, unsigned status, const char *code,
                   const struct problem *p)
{
    struct json j;
    buf_reset(&x->out);
    json_init(&j, &x->out);
    json_object(&j, NULL);
    json_text(&j, "type", "about:blank");
    json_text(&j, "title", title_of(status));
    json_uint(&j, "status", status);
    if (p->text[0])
        json_bytes(&j, "detail", str_c(p->text));
    json_bytes(&j, "instance", str_c(x->path));
    json_text(&j, "code", code);
    if (p->field)
        json_text(&j, "field", p->field);
    json_end_object(&j);
    x->status = status;
    x->type = "application/problem+json";
    if (status == 429 || status == 503)
        http_answer_head(x, "Retry-After", "60");
}

bool visit_ok(struct visit *v, enum outcome outcome)
{
    if (outcome == OUTCOME_OK)
        return true;
    visit_problem(v->x, outcomes[outcome].status, outcomes[outcome].code, &v->call.problem);
    return false;
}

struct json *visit_begin(struct visit *v, unsigned status)
{
    v->x->status = status;
    v->x->type = "application/json";
    json_init(&v->json, &v->x->out);
    return &v->json;
}

bool visit_invalid(struct visit *v, const char *field, const char *text)
{
    problem_set(&v->call.problem, OUTCOME_INVALID, field, "%s", text);
    return visit_ok(v, OUTCOME_INVALID);
}

static bool bad(struct visit *v, const char *code, const char *text)
{
    problem_set(&v->call.problem, OUTCOME_INVALID, NULL, "%s", text);
    visit_problem(v->x, 400, code, &v->call.problem);
    return false;
}

/* The texts that handlers keep must outlive the tree: they are copied as they are read. */
bool visit_body(struct visit *v)
{
    enum tree_fault fault;
    v->body = tree_parse(v->x->body, &fault);
    if (fault == TREE_TOO_DEEP)
        return bad(v, "bad_json", "the body is nested deeper than 16");
    if (!v->body)
        return bad(v, "bad_json", "the body is not JSON");
    if (tree_type(v->body, NULL) == TREE_OBJECT)
        return true;
    tree_free(v->body);
    v->body = NULL;
    return bad(v, "bad_json", "the body is not an object");
}

static size_t characters(const char *text)
{
    size_t count = 0;
    for (; *text; text++)
        count += (*text & 0xc0) != 0x80;
    return count;
}

bool visit_text(struct visit *v, const char *name, size_t max_chars, const char **out)
{
    const struct tree *t = tree_get(v->body, name);
    *out = NULL;
    if (!t || tree_type(t, NULL) == TREE_OTHER) /* null */
        return true;
    const char *text = tree_text(t, NULL);
    if (!text)
        return visit_invalid(v, name, "this must be text");
    if (characters(text) > max_chars)
        return visit_invalid(v, name, "this text is too long");
    *out = (const char *)arena_copy(v->x->arena, str_c(text)).p;
    return *out || visit_ok(v, OUTCOME_FAILED);
}

bool visit_need_text(struct visit *v, const char *name, size_t max_chars, const char **out)
{
    if (!visit_text(v, name, max_chars, out))
        return false;
    return (*out && (*out)[0]) || visit_invalid(v, name, "this must be there and not empty");
}

bool visit_word(struct visit *v, const char *name, enum vocabulary words, int *out)
{
    const char *text = tree_text(v->body, name);
    if (tree_type(v->body, name) == TREE_ABSENT)
        return true;
    int value = text && text[0] ? word_find(words, str_c(text)) : -1;
    if (value < 0)
        return visit_invalid(v, name, "this is none of the words that stand there");
    *out = value;
    return true;
}

bool visit_id(struct visit *v, const char *name, struct id *out)
{
    *out = (struct id){{0}};
    if (tree_type(v->body, name) == TREE_ABSENT)
        return true;
    return id_parse(str_c(tree_text(v->body, name)), out) ||
           visit_invalid(v, name, "this is no id");
}

bool visit_path_id(struct visit *v, struct id *out)
{
    if (id_parse(v->x->parts[0], out))
        return true;
    problem_set(&v->call.problem, OUTCOME_NOT_FOUND, NULL,
                "there is no such thing, or it is not yours");
    return visit_ok(v, OUTCOME_NOT_FOUND);
}

/* "time.id", as write_cursor gives it. */
static bool read_cursor(const char *text, struct position *out)
{
    struct str rest = str_c(text);
    struct str at = str_split(&rest, '.');
    return str_to_i64(at, &out->at_us) && out->at_us > 0 && id_parse(rest, &out->id);
}

bool visit_page(struct visit *v, struct page *page, struct id *firm)
{
    const char *limit = http_query(v->x, "limit"), *cursor = http_query(v->x, "cursor"),
               *of = http_query(v->x, "firm");
    uint64_t wanted = 50;
    *page = (struct page){.limit = 50};
    if (limit && (!str_to_u64(str_c(limit), &wanted) || wanted < 1 || wanted > PAGE_MAX))
        return bad(v, "bad_request", "limit is 1 to 200");
    page->limit = (uint32_t)wanted;
    if (cursor && !read_cursor(cursor, &page->before))
        return bad(v, "bad_request", "this is no cursor of ours");
    *firm = (struct id){{0}};
    if (of && !id_parse(str_c(of), firm))
        return bad(v, "bad_request", "firm is no id");
    return true;
}
