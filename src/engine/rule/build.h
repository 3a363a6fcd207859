/* build: one rule while it is made from its text, and what the loader keeps between rules. Private to rule/.
 *
 * Way in:    rule.c cuts the text into options; keyword.c finds the row of each and calls its function with a struct build.
 * Way out:   0 and the rule is changed, or -1 and build_refuse() has said why.
 * Memory:    everything that stays is in the set's arena; a refused rule leaves its pieces there until the set goes.
 */
#ifndef ENGINE_RULE_BUILD_H
#define ENGINE_RULE_BUILD_H

#include "base/map.h"
#include "engine/rule/rule.h"

/* A rule's text: the longest known is about 3 KiB; the limit keeps work per rule bounded. */
#define RULE_TEXT_MAX 16384
#define RULE_OPTIONS_MAX 512
/* Of one loader: rule files are configuration, but a damaged one must not take the machine. */
#define RULE_ARENA_MAX ((size_t)1 << 30)
#define RULE_COUNT_MAX 1000000u

/* Names that get dense numbers. */
struct name_table {
    struct map by_name; /* -> number + 1 as a pointer */
    struct vec names;   /* const char * */
};

struct rule_class {
    const char *name, *text;
    uint32_t priority;
};

/* A variable of the configuration. */
struct rule_variable {
    struct str text;
    bool busy; /* being evaluated: a circle */
    const struct rule_addresses *addresses;
    const struct rule_ports *ports;
};

/* A line of a list of reputations. */
struct reputation {
    struct rule_ip_range range;
    uint8_t category, score;
    bool is_net; /* written with a '/' */
};

/* Addresses of IPv4 of one country. */
struct country_range {
    uint32_t first, last;
    char code[2];
};

/* What the settings say of data sets. */
struct dataset_settings {
    const char *folder; /* of what is saved, with '/' at its end */
    bool allow_write, allow_absolute;
    uint64_t memcap;
    uint64_t hashsize_max; /* limits.single-hashsize */
};

struct rule_loader {
    const struct rule_names *names;
    struct rule_set *set;
    struct arena *arena;   /* the set's */
    struct vec rules;      /* struct rule * */
    struct vec refused;    /* struct rule_refused */
    struct vec duplicates; /* const struct rule * */
    struct vec codes;      /* void * */
    struct vec datasets;   /* struct rule_dataset_decl */
    struct dataset_settings dataset_settings;
    struct map keywords; /* name -> const struct keyword * */
    struct map by_sid;   /* (gid, sid) -> place in rules + 1 */
    struct map strings;
    struct map address_sets, address_texts, port_sets, port_texts;
    struct map address_variables, port_variables; /* -> struct rule_variable * */
    struct map classes, references;
    struct map reputation_categories; /* name -> number + 1 */
    struct vec reputations;           /* struct reputation; sorted when the first rule asks */
    bool reputations_sorted;
    struct vec country_ranges; /* struct country_range, ascending */
    rule_countries_fn countries;
    void *countries_owner;
    bool countries_known;
    const char *countries_problem; /* why they are not; NULL: nobody has asked */
    struct name_table flowbits, flowints, xbits, captures, dataset_names;
    uint8_t action_order[RULE_ACTIONS];
    void *pcre_memory;  /* pcre2_general_context *, or NULL: the heap */
    void *pcre_context; /* pcre2_compile_context * */
    rule_line_fn edit;  /* or NULL */
    void *edit_owner;
    const char *folder; /* of the file in hand, with '/' at its end; "": it is no file */
};

struct build {
    struct rule_loader *loader;
    struct arena *arena;
    struct rule *rule;
    const char *keyword; /* the one being read, for the refusal */
    const char *reason;  /* NULL while all is well */
    bool no_memory;      /* not the rule's fault: loading fails as a whole */
    /* where the next item goes */
    uint32_t sticky;    /* buffer id chosen by the last sticky buffer */
    bool sticky_chosen; /* a sticky buffer stands, pkt_data has not ended it */
    bool sticky_multi;
    uint8_t sticky_side;        /* "file.data:to_client": 1 + enum dir; 0: not said */
    struct rule_check *hook;    /* "tls:client_hello_done", or NULL */
    struct rule_buffer *buffer; /* NULL: made with the first item */
    struct rule_transform transforms[RULE_TRANSFORMS_MAX];
    uint8_t transform_count;
    struct rule_item *last;          /* newest item of the rule */
    struct rule_buffer *last_buffer; /* that holds it */
    struct rule_item *last_content;
    struct rule_buffer *last_content_buffer;
    struct rule_check **checks_end, **acts_end;
    struct str variables[RULE_VARIABLES_MAX];
    uint8_t variable_count;
    uint64_t seen; /* bits of words that may stand only once */
    bool has_priority;
    struct vec references, metadata; /* struct rule_pair */
};

/* Says why the rule is not used; always -1. Only the first reason stays. */
int build_refuse(struct build *b, const char *format, ...) PRINTF_LIKE(2, 3);
int build_no_memory(struct build *b);
/* NUL-terminated copy, equal texts are one object. NULL when memory is out. */
const char *loader_intern(struct rule_loader *l, struct str s);
/* Remembers what is not used. -1: no memory. */
int loader_refused(struct rule_loader *l, const struct rule_refused *refused);
/* Number of a name in its table, given when new; -1 when memory is out. */
int loader_number(struct rule_loader *l, struct name_table *t, struct str name);

/* buffers.c */
int build_select(struct build *b, uint32_t buffer, bool multi);
/* The buffer with that id and no transforms, made when missing. NULL when memory is out. */
struct rule_buffer *build_buffer(struct build *b, uint32_t buffer);
/* New item at the end of the chosen buffer, or of `into`. NULL when memory is out. */
struct rule_item *build_item(struct build *b, enum rule_item_kind kind);
/* The same for an item that is `relative`: without a sticky buffer it stands where the item before it stands ("content:"a";
 * http_uri; isdataat:!1,relative" speaks of the URI). */
struct rule_item *build_item_near(struct build *b, enum rule_item_kind kind, bool relative);
struct rule_item *build_item_in(struct build *b, struct rule_buffer *into,
                                enum rule_item_kind kind);
/* Takes the newest content out of the payload's items and puts it at the end of that buffer. */
int build_move_content(struct build *b, uint32_t buffer);
struct rule_check *build_check(struct build *b, enum rule_check_kind kind);
struct rule_check *build_act(struct build *b, enum rule_check_kind kind);
/* A field that the parsers publish: remembers its directions and protocols. FIELD_NONE (and refused) when there is none. */
uint32_t build_field(struct build *b, struct str name);

/* text.c: pieces of option values */
/* Takes off quotes (and a '!' before them when negated is not NULL). */
int value_unquote(struct build *b, struct str *value, bool *negated);
/* Bytes of "ab|63 64|\;" in its quotes. */
int value_content(struct build *b, struct str value, struct str *bytes);
int value_u64(struct build *b, struct str s, uint64_t max, uint64_t *out);
int value_i64(struct build *b, struct str s, int64_t min, int64_t max, int64_t *out);
/* Next piece before `sep`, trimmed; false at the end. */
bool value_next(struct str *rest, uint8_t sep, struct str *piece);
/* First word and what follows it, both trimmed: "track by_src" */
struct str value_word(struct str *rest);
/* Decimal or 0x..., with units; false when it is none. */
bool text_number(struct str s, uint64_t *out);

/* A number or the name of a variable that an earlier byte_extract / byte_math fills. */
int value_read(struct build *b, struct str s, int64_t min, int64_t max, struct rule_value *out);
/* A new variable of the rule, or the same again. -1 (refused) beyond RULE_VARIABLES_MAX. */
int variable_new(struct build *b, struct str name);

/* number.c */
/* Suricata's integer grammar; words may be NULL, and ends with name NULL. max: largest value of the type. */
int number_read(struct build *b, struct str s, uint64_t max, const struct number_word *words,
                struct rule_number *out);
/* "dup,!retain" of words that are bits, or a number with a mask as above. */
int number_read_bits(struct build *b, struct str s, const struct number_word *words,
                     struct rule_number *out);

/* header.c */
int header_read(struct build *b, struct str *text);

/* addresses.c, ports.c: NULL and refused when it cannot be used. */
const struct rule_addresses *addresses_read(struct build *b, struct str text);
/* The set of struct rule_ip_range, in any order; NULL: no memory, or too many. */
const struct rule_addresses *addresses_of_ranges(struct build *b, struct vec *ranges);
/* "10.0.0.0/8", "2001:db8::1" */
bool address_net(struct str s, struct rule_ip_range *out);
/* The next address (by 1, -1); false behind the last of its family. */
bool address_step(struct ip *ip, int by);
const struct rule_ports *ports_read(struct build *b, struct str text);

/* kw_app.c: a state of the rule's protocol into the check. */
int build_state(struct build *b, struct str name, struct rule_check *check);

/* kw_dataset.c: settings of data sets, and the sets that they declare. */
int dataset_config(struct rule_loader *l, const struct conf *conf, struct err *err);

/* check.c: what only the whole rule shows. */
int rule_check_whole(struct build *b);
/* fast.c */
void rule_choose_fast(struct rule *rule);
/* order.c: by action, flowbits and their like, priority, place. 0 or -1: no memory. */
int rule_sort(struct rule_loader *l);

#endif
