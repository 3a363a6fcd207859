/* Plays a gateway's uplink for the tests of the center: center_seed DATA GATEWAY EPOCH FIRST_SEQ reads events, one a line, from
 * standard input and hands them to core_ingest as one batch; "heartbeat" as EPOCH takes the first line as a heartbeat. The
 * same core as the daemon's, over the same folder: it is a second process beside it, not a door into it. Never installed. */
#include "center/core/core.h"
#include "center/store/store.h"

#include <stdio.h>
#include <stdlib.h>

#define LINES_MAX 20000

static int fail(const char *what)
{
    fprintf(stderr, "center_seed: %s\n", what);
    return 1;
}

static int heartbeat(struct core *core, struct id gateway, struct str line)
{
    struct problem p = {0};
    return core_heartbeat(core, gateway, line, &p) == OUTCOME_OK ? 0 : fail(p.text);
}

static int send(struct core *core, struct id gateway, char **argv)
{
    static struct ingest_event events[LINES_MAX];
    struct ingest_batch batch = {gateway, str_c(argv[3]), events, 0};
    struct ingest_result result;
    struct problem p = {0};
    uint64_t seq = strtoull(argv[4], NULL, 10);
    char *line = NULL;
    size_t cap = 0;
    ssize_t len;
    while (batch.count < LINES_MAX && (len = getline(&line, &cap, stdin)) > 0) {
        struct str text = str_trim(str_of(line, (size_t)len));
        if (strcmp(argv[3], "heartbeat") == 0)
            return heartbeat(core, gateway, text);
        events[batch.count++] =
            (struct ingest_event){seq++, core_now(core), 1, str_c(str_dup(text))};
    }
    free(line);
    if (core_ingest(core, &batch, &result, &p) != OUTCOME_OK)
        return fail(p.text);
    printf("%llu %u %u %u\n", (unsigned long long)result.durable_seq, result.stored,
           result.duplicates, result.refused);
    return 0;
}

int main(int argc, char **argv)
{
    char path[4096];
    struct err err;
    struct id gateway;
    struct core_settings settings = {0};
    if (argc != 5 || !id_parse(str_c(argv[2]), &gateway))
        return fail("DATA GATEWAY EPOCH FIRST_SEQ");
    snprintf(path, sizeof path, "%s/mimamori.db", argv[1]);
    struct store *store = store_open(path, &err);
    struct core *core = store ? core_new(store, &settings, &err) : NULL;
    if (!core)
        return fail(err.text);
    int code = send(core, gateway, argv);
    core_free(core);
    store_close(store);
    return code;
}
