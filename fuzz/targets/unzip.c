/* content/unzip: one byte chooses the coding, one where to cut; decoded bytes are the same for every cut. */
#include "engine/content/content.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
    uint64_t bytes;
    uint32_t sum;
};

static void look(void *owner, struct str bytes)
{
    struct seen *seen = owner;
    seen->bytes += bytes.len;
    for (size_t i = 0; i < bytes.len; i++)
        seen->sum = seen->sum * 31 + bytes.p[i];
}

static struct seen run(struct slab *slab, enum unzip_coding coding, struct str in, size_t cut)
{
    struct budget mem = {slab, 0, 32 << 20};
    struct seen seen = {0};
    struct unzip *u = unzip_new(&mem, coding, 4 << 20);
    if (u) {
        unzip_add(u, str_cut(in, 0, cut), look, &seen);
        unzip_add(u, str_from(in, cut), look, &seen);
        unzip_end(u, look, &seen);
    }
    unzip_free(u, &mem);
    if (mem.used_bytes)
        abort();
    return seen;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct slab slab;
    if (!slab.region && slab_init(&slab, 256 << 20) < 0)
        abort();
    if (size < 2)
        return 0;
    struct str in = str_of(data + 2, size - 2);
    enum unzip_coding coding = (enum unzip_coding)(data[0] % 4);
    struct seen whole = run(&slab, coding, in, 0), cut = run(&slab, coding, in, data[1]);
    /* behind a limit the cut decides how much was seen */
    if (whole.bytes < 2 << 20 && (whole.bytes != cut.bytes || whole.sum != cut.sum))
        abort();
    return 0;
}
