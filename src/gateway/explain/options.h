/* options: the command lines of `omamori rules` and `omamori why`, and what all of them begin with; private to explain/. */
#ifndef GATEWAY_EXPLAIN_OPTIONS_H
#define GATEWAY_EXPLAIN_OPTIONS_H

#include "base/conf.h"
#include "base/err.h"
#include "gateway/compile/compile.h"

#define EXIT_USAGE 64
#define EXIT_NO_INPUT 66
#define EXIT_CONFIG 78

enum explain_mode { EXPLAIN_CHECK, EXPLAIN_SID, EXPLAIN_COVERAGE, EXPLAIN_PROFILE, EXPLAIN_WHY };

struct explain_options {
    enum explain_mode mode;
    const char *program; /* "omamori rules check": before messages */
    const char *capture;
    const char *flow; /* why: only flows with this address, port or both */
    struct compile_request rules;
    struct conf *conf;
    uint32_t sid, gid;
    bool has_sid;
    uint32_t top; /* profile: so many rules; why: so many attempts in full */
    bool json, verbose, quiet, strict, help, no_checksums, checksums_set, simulate_ips;
};

/* argv[0] is the mode's word. 0, or the exit status, said in err. */
NODISCARD int options_read(struct explain_options *o, int argc, char **argv, struct err *err);
void options_fini(struct explain_options *o);
const char *options_help(enum explain_mode mode);

/* The rules as they would be used. What the place changes is kept, a line each. */
struct explain_rules {
    struct engine_vocabulary *words;
    struct match_image *image;
    struct buf changes; /* lines; those that somebody should look at begin with "! " */
};
/* 0, or the exit status, said in err. */
NODISCARD int explain_load(struct explain_rules *r, struct explain_options *o, struct err *err);
void explain_unload(struct explain_rules *r);
/* The loaded rule of that number; NULL: there is none. */
const struct rule *explain_find(const struct explain_rules *r, uint32_t gid, uint32_t sid);
/* In words, why the rule is not there: refused with the reason, a duplicate, or nowhere in the files. 0 or -1: memory. */
void explain_missing(const struct explain_rules *r, uint32_t sid, struct buf *out);

#endif
