/* matcher: which rules a line means; private to tailor/. */
#ifndef GATEWAY_TAILOR_MATCHER_H
#define GATEWAY_TAILOR_MATCHER_H

#include "base/arena.h"
#include "base/attr.h"
#include "base/str.h"

#define FACTS_METADATA_MAX 8 /* options of that name in one rule */

/* What matchers ask of a rule's text. */
struct facts {
    struct str text;
    const char *file;
    uint32_t sid, gid;
    struct str message, class_name;
    struct str metadata[FACTS_METADATA_MAX];
    uint32_t metadata_count;
    bool silent; /* noalert, flowbits:noalert */
};

void facts_read(struct facts *f, struct str text, const char *file);
/* Has the rule that pair in its metadata? values: several with '|' between them, any of which will do; letters' case does not
 * count. */
bool facts_metadata(const struct facts *f, struct str key, struct str values);

enum matcher_kind {
    MATCH_SID,
    MATCH_ALL,
    MATCH_EXPRESSION,
    MATCH_GROUP,
    MATCH_FILE,
    MATCH_METADATA,
    MATCH_CLASS,
    MATCH_CATEGORY
};

struct matcher {
    enum matcher_kind kind;
    uint32_t sid, gid;
    const char *pattern; /* GROUP, FILE: glob */
    struct str key;      /* METADATA */
    struct str value;    /* METADATA, CLASS, CATEGORY */
    void *code;          /* EXPRESSION: pcre2_code, the holder's to free */
    struct matcher *next;
};

/* "2019401", "1:2019401", "re:...", "group:...", "filename:...", "metadata: key value", "classtype:...", "category:...", "*".
 * NULL and *why when it is none of them. */
struct matcher *matcher_read(struct str text, struct arena *memory, const char **why);
/* "key value": of metadata. */
struct matcher *matcher_read_pair(struct str text, struct arena *memory, const char **why);
void matcher_fini(struct matcher *m);

/* What expressions need while they are asked. */
struct scratch {
    void *data;   /* pcre2_match_data */
    void *limits; /* pcre2_match_context */
};

/* 0, or -1: no memory (scratch_fini is called all the same). */
NODISCARD int scratch_init(struct scratch *s);
void scratch_fini(struct scratch *s);

enum matched { MATCHED_NOT, MATCHED, MATCHED_GAVE_UP };
enum matched matcher_fits(const struct matcher *m, const struct facts *f,
                          const struct scratch *scratch);

/* A compiled expression or NULL and *why. */
void *expression_read(struct str text, bool nocase, struct arena *memory, const char **why);
void expression_free(void *code);

#endif
