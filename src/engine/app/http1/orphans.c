#include "engine/app/http1/message.h"

/* A client that sends requests and never gets (or waits for) their responses must not stop us from looking at the later ones:
 * the oldest are ended. Their responses may still come, in order (RFC 9112 section 9.3.2); were one of them taken for that of
 * a later request, a HEAD could hide the body of another. */

static struct http1_tx *longest_waiting(const struct app_flow *af)
{
    const struct http1_state *state = af->state;
    for (struct tx *tx = af->first; tx; tx = tx->next) {
        struct http1_tx *http = http1_tx_of(tx);
        if (!http->response_begun && http != state->dir[DIR_TOSERVER].tx &&
            tx->progress[DIR_TOCLIENT] < TX_COMPLETE)
            return http;
    }
    return NULL;
}

static void remember(struct http1_orphans *o, bool is_head)
{
    uint32_t at = (o->first + o->count) % HTTP1_ORPHANS_MAX;
    uint64_t bit = UINT64_C(1) << (at % 64);
    if (o->count++ >= HTTP1_ORPHANS_MAX)
        return; /* told as event; nobody honest gets here */
    o->is_head[at / 64] = (o->is_head[at / 64] & ~bit) | (is_head ? bit : 0);
}

bool http1_give_up(struct app_flow *af)
{
    struct http1_state *state = af->state;
    struct http1_tx *tx = longest_waiting(af);
    if (!tx)
        return false;
    if (!state->orphans)
        state->orphans = budget_zalloc(af->mem, sizeof *state->orphans);
    if (!state->orphans)
        return false;
    remember(state->orphans, tx->is_head);
    app_event(af, &tx->tx, HTTP1_TOO_MANY_TRANSACTIONS);
    app_progress(&tx->tx, DIR_TOCLIENT, TX_COMPLETE);
    return true;
}

bool http1_orphan_take(struct http1_state *state, bool *is_head)
{
    struct http1_orphans *o = state->orphans;
    if (!o || !o->count)
        return false;
    *is_head = o->is_head[o->first / 64] >> (o->first % 64) & 1;
    o->first = (o->first + 1) % HTTP1_ORPHANS_MAX;
    o->count--;
    return true;
}

void http1_orphans_fini(struct app_flow *af)
{
    struct http1_state *state = af->state;
    budget_give(af->mem, state->orphans, sizeof *state->orphans);
    state->orphans = NULL;
}
