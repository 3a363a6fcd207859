#include "base/hash.h"
#include "center/model/model.h"

#include <pthread.h>

/* Crockford's base 32: no I, L, O, U, so an id can be read aloud and never spells a word by chance. */
static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

#define RANDOM_BYTES 10
#define TIME_CHARS 10

/* The last id's parts: within one millisecond the random part counts up, so that ids sort in the order they were made. */
static pthread_mutex_t last_lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t last_ms;
static uint8_t last_random[RANDOM_BYTES];

static void count_up(uint8_t *bytes)
{
    for (int i = RANDOM_BYTES - 1; i >= 0; i--)
        if (++bytes[i] != 0)
            return;
}

static void next_parts(uint64_t ms, uint64_t *ms_out, uint8_t *random)
{
    pthread_mutex_lock(&last_lock);
    if (ms > last_ms || ms + 60000 < last_ms) {
        last_ms = ms;
        hash_random(last_random, sizeof last_random);
        last_random[0] &= 0x7f; /* room to count */
    } else {
        count_up(last_random);
    }
    *ms_out = last_ms;
    memcpy(random, last_random, RANDOM_BYTES);
    pthread_mutex_unlock(&last_lock);
}

struct id id_make(int64_t now_us)
{
    uint64_t ms = now_us > 0 ? (uint64_t)now_us / 1000 : 0;
    uint8_t random[RANDOM_BYTES];
    struct id id = {{0}};

    next_parts(ms, &ms, random);
    for (int i = TIME_CHARS - 1; i >= 0; i--, ms >>= 5)
        id.text[i] = digits[ms & 31];
    uint32_t bits = 0;
    unsigned held = 0;
    size_t at = TIME_CHARS;
    for (size_t i = 0; i < RANDOM_BYTES; i++) {
        bits = bits << 8 | random[i];
        held += 8;
        while (held >= 5) {
            held -= 5;
            id.text[at++] = digits[bits >> held & 31];
        }
    }
    return id;
}

bool id_parse(struct str s, struct id *out)
{
    *out = (struct id){{0}};
    if (s.len != ID_CHARS)
        return false;
    for (size_t i = 0; i < ID_CHARS; i++)
        if (s.p[i] == 0 || !strchr(digits, s.p[i]))
            return false;
    memcpy(out->text, s.p, ID_CHARS);
    return true;
}

bool id_is_none(const struct id *id)
{
    return id->text[0] == 0;
}

bool id_eq(const struct id *a, const struct id *b)
{
    return memcmp(a->text, b->text, ID_CHARS) == 0;
}

struct id id_of(const char *text)
{
    struct id id;
    (void)id_parse(str_c(text), &id);
    return id;
}

struct scope scope_organisation(struct id organisation)
{
    struct scope none = {SCOPE_NOTHING, {{0}}};
    return id_is_none(&organisation) ? none : (struct scope){SCOPE_ORGANISATION, organisation};
}

struct scope scope_all_firms(void)
{
    return (struct scope){SCOPE_ALL_FIRMS, {{0}}};
}
