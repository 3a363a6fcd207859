/* engine/content's MIME parser: a byte that says where the mail is cut, then the mail. What is told must not depend on it.
 * The same bytes as a header value go through the decoder of encoded words. */
#include "base/hash.h"
#include "engine/content/content.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct slab slab;
static struct arena arena;

struct told {
    uint32_t sum, open;
    uint64_t body_bytes;
};

static void add(struct told *t, char what, const struct mime_part *part, struct str bytes)
{
    t->sum = hash_crc32c(t->sum, str_of(&what, 1));
    t->sum = hash_crc32c(t->sum, str_of(&part->number, sizeof part->number));
    t->sum = hash_crc32c(t->sum, bytes);
}

static void on_header(void *owner, const struct mime_part *part, struct str name, struct str value)
{
    add(owner, 'n', part, name);
    add(owner, 'v', part, value);
}

static void on_begin(void *owner, const struct mime_part *part)
{
    add(owner, 't', part, part->content_type);
    add(owner, 'f', part, part->filename);
}

/* Pieces may be cut anywhere: byte by byte into the sum. */
static void on_body(void *owner, const struct mime_part *part, struct str bytes)
{
    struct told *t = owner;
    (void)part;
    t->sum = hash_crc32c(t->sum, bytes);
    t->body_bytes += bytes.len;
}

static void on_end(void *owner, const struct mime_part *part)
{
    struct told *t = owner;
    add(t, 'e', part, str_of(&t->body_bytes, sizeof t->body_bytes));
}

static uint32_t parse(struct str mail, size_t cut)
{
    static const struct mime_sink sink = {on_header, on_begin, on_body, on_end};
    struct budget mem = {&slab, 0, 1 << 20};
    struct told told = {0};
    struct mime *m = mime_new(&mem, &sink, &told);
    if (!m)
        abort();
    mime_add(m, str_cut(mail, 0, cut));
    mime_add(m, str_from(mail, cut));
    mime_end(m);
    uint32_t sum = told.sum + mime_defects(m);
    mime_free(m, &mem);
    if (mem.used_bytes || told.body_bytes > mail.len + 2)
        abort();
    return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!slab.region) {
        arena_init(&arena, 0, 0);
        if (slab_init(&slab, 16 << 20) < 0)
            abort();
    }
    if (size == 0)
        return 0;
    struct str mail = str_of(data + 1, size - 1);
    size_t cut = mail.len * data[0] / 255;
    if (parse(mail, mail.len) != parse(mail, cut))
        abort();
    encoded_words_decode(str_cut(mail, 0, 4096), &arena);
    arena_reset(&arena);
    return 0;
}
