/* keyword: the words of the rule language as const rows, one family to a file. Private to rule/. */
#ifndef ENGINE_RULE_KEYWORD_H
#define ENGINE_RULE_KEYWORD_H

#include "engine/rule/build.h"

enum keyword_value {
    KEYWORD_BARE,  /* "nocase;" */
    KEYWORD_VALUE, /* "depth:4;" */
    KEYWORD_MAY    /* either */
};

struct keyword;
typedef int (*keyword_read)(struct build *b, const struct keyword *k, struct str value);

struct keyword {
    const char *name;
    keyword_read read;
    enum keyword_value value;
    uint32_t kind;     /* of the family: a check, a flag, a buffer ... */
    const char *field; /* the field it stands for */
    uint64_t max;      /* largest number */
    const struct number_word *words;
};

struct keyword_family {
    const struct keyword *rows;
    size_t count;
};

extern const struct keyword_family keywords_content, keywords_pcre, keywords_byte, keywords_flow,
    keywords_bits, keywords_packet, keywords_field, keywords_file, keywords_transform,
    keywords_meta, keywords_threshold, keywords_app, keywords_dataset, keywords_other, keywords_tls,
    keywords_proto, keywords_web, keywords_reputation, keywords_country, keywords_modbus;

/* Puts every row into loader->keywords. */
int keywords_init(struct rule_loader *l);
/* kw_foreign.c: a word that is none of ours: -1, and the rule is refused with the reason. */
int keyword_foreign(struct build *b, struct str name, struct str value);
/* One option of a rule. */
int keyword_apply(struct build *b, struct str name, struct str value, bool has_value);
/* Words of a threshold, of a rule or of threshold.config; as bits: which are needed. */
enum threshold_word {
    THRESHOLD_TYPE,
    THRESHOLD_TRACK,
    THRESHOLD_COUNT,
    THRESHOLD_SECONDS,
    THRESHOLD_MULTIPLIER,
    THRESHOLD_TIMEOUT,
    THRESHOLD_ACTION
};
#define THRESHOLD_NEEDS \
    (1u << THRESHOLD_TYPE | 1u << THRESHOLD_TRACK | 1u << THRESHOLD_COUNT | 1u << THRESHOLD_SECONDS)
int threshold_read(struct build *b, struct str text, unsigned needed, struct rule_threshold *t);
int threshold_track(struct build *b, struct str word, enum rule_track *out);

#endif
