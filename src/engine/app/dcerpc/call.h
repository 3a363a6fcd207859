/* call: what dcerpc's two carriers share: the transaction, its fields and its record. Private to app/dcerpc. */
#ifndef ENGINE_APP_DCERPC_CALL_H
#define ENGINE_APP_DCERPC_CALL_H

#include "engine/app/dcerpc/dcerpc.h"
#include "engine/format/rpc/rpc.h"

struct dcerpc_tx {
    struct tx tx;
    struct rpc_call call;
    enum dir
        asked; /* the way of the request: midstream it is not always the server that is called */
    bool of_udp;
    uint8_t activity[16];
    uint32_t sequence;
};

struct dcerpc_state {
    struct rpc_bindings bindings;
    bool lost[DIR_COUNT];     /* behind a hole: the next head is looked for */
    uint32_t skip[DIR_COUNT]; /* bytes of a unit that is stepped over */
};

static inline struct dcerpc_tx *dcerpc_tx_of(struct tx *tx)
{
    return (struct dcerpc_tx *)tx;
}

/* Tells match/ what has come and what is whole. */
void dcerpc_call_progress(struct dcerpc_tx *rpc);
void dcerpc_tx_free(struct app_flow *af, struct tx *tx);
enum dir dcerpc_log_dir(const struct tx *tx);
void dcerpc_log(const struct tx *tx, const struct app_conf *conf, struct json *out);
#define DCERPC_FIELDS 4
extern const struct field_desc dcerpc_fields[DCERPC_FIELDS];

#endif
