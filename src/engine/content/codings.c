#include "engine/content/content.h"

void codings_push(struct codings *c, enum unzip_coding coding, uint32_t limit)
{
    uint32_t most = limit < CODINGS_MAX ? limit : CODINGS_MAX;
    uint32_t kept = c->count < most ? c->count : most - 1;
    memmove(c->kinds + 1, c->kinds, kept);
    c->kinds[0] = (uint8_t)coding;
    c->count = (uint8_t)(kept + 1);
}

struct step {
    struct codings *codings;
    const struct codings_out *out;
    uint32_t number;
};

static void decoded(void *owner, struct str bytes);

/* Bytes in front of layer `number`; behind the last one they are the owner's. */
static void decode_from(struct codings *c, uint32_t number, struct str bytes,
                        const struct codings_out *out)
{
    if (number >= c->count) {
        out->bytes(out->owner, bytes);
        return;
    }
    if (!c->layers[number])
        c->layers[number] =
            unzip_new(out->mem, (enum unzip_coding)c->kinds[number], out->limit_bytes);
    if (!c->layers[number]) {
        out->status(out->owner, UNZIP_BAD);
        return;
    }
    struct step next = {c, out, number + 1};
    out->status(out->owner, unzip_add(c->layers[number], bytes, decoded, &next));
}

static void decoded(void *owner, struct str bytes)
{
    const struct step *step = owner;
    decode_from(step->codings, step->number, bytes, step->out);
}

void codings_add(struct codings *c, struct str bytes, const struct codings_out *out)
{
    if (bytes.len)
        decode_from(c, 0, bytes, out);
}

void codings_end(struct codings *c, const struct codings_out *out)
{
    for (uint32_t i = 0; i < c->count; i++) {
        struct step next = {c, out, i + 1};
        if (c->layers[i])
            out->status(out->owner, unzip_end(c->layers[i], decoded, &next));
    }
    codings_free(c, out->mem);
}

void codings_free(struct codings *c, struct budget *mem)
{
    for (uint32_t i = 0; i < CODINGS_MAX; i++) {
        unzip_free(c->layers[i], mem);
        c->layers[i] = NULL;
    }
}
