/* options: the command line of replay. */
#ifndef GATEWAY_REPLAY_OPTIONS_H
#define GATEWAY_REPLAY_OPTIONS_H

#include "base/conf.h"
#include "base/err.h"
#include "gateway/compile/compile.h"

struct replay_options {
    const char *capture;     /* file or folder */
    const char *folder;      /* of eve.json */
    const char *data_folder; /* or NULL */
    struct compile_request rules;
    struct conf *conf;
    const char *cache; /* as the command line has it */
    char cache_folder[1024];
    bool no_checksums, checksums_set, simulate_ips, quiet, verbose, help, version, test_only,
        no_cache;
    uint32_t threads;
};

/* 0, or the exit status, said in err: 64 for a wrong command line, 78 for settings that cannot be read. Unknown options are ignored with one warning on stderr that names them all. */
NODISCARD int replay_options_read(struct replay_options *o, int argc, char **argv, struct err *err);
void replay_options_fini(struct replay_options *o);
extern const char replay_help[];

#endif
