#include "engine/app/pgsql/message.h"

#include <string.h>

#define LENGTH_BYTES 4 /* counts itself */

bool pgsql_read_head(struct reader *r, struct pgsql_head *out)
{
    out->type = reader_u8(r);
    uint32_t length = reader_u32(r);
    if (r->bad || length < LENGTH_BYTES)
        return false;
    out->body_bytes = length - LENGTH_BYTES;
    return true;
}

struct str pgsql_read_text(struct reader *r, bool *whole)
{
    size_t left = r->bad ? 0 : reader_left(r);
    const uint8_t *end = left ? memchr(r->p + r->at, 0, left) : NULL;
    *whole = end;
    if (!end)
        return reader_rest(r);
    struct str text = reader_str(r, (size_t)(end - (r->p + r->at)));
    reader_skip(r, 1);
    return text;
}

bool pgsql_next_answer(struct reader *r, uint8_t *type, struct str *body)
{
    struct pgsql_head head;
    if (!reader_left(r) || !pgsql_read_head(r, &head))
        return false;
    *type = head.type;
    *body = reader_str(r, head.body_bytes);
    return !r->bad;
}

/* ---- what rules ask for ---- */

static bool query(const struct tx *tx, enum dir dir, uint32_t index, struct arena *scratch,
                  struct str *out)
{
    const struct pgsql_tx *pgsql = pgsql_tx_of(tx);
    struct reader r = reader_of(str_of(pgsql->request, pgsql->request_len));
    bool whole;
    (void)dir, (void)scratch;
    if (index > 0 || pgsql->kind != PGSQL_QUERY)
        return false;
    *out = pgsql_read_text(&r, &whole);
    return true;
}

const struct field_desc pgsql_fields[PGSQL_FIELDS] = {
    {.name = "pgsql.query",
     .proto = APP_PGSQL,
     .dirs = DIR_BIT(DIR_TOSERVER),
     .ready_at = {1, 1},
     .kind = FIELD_BYTES,
     .bytes = query},
};
