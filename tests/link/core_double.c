#include "core_double.h"

#include "base/clock.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define MARKS_MAX 1000
#define SERIALS_MAX 32
#define TEXTS_MAX 3000

struct double_mark {
    char epoch[EPOCH_CHARS_MAX + 1];
    uint64_t seq;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
    struct id gateway;
    struct link_claim claim;
    bool claim_live;
    bool lie;
    char serials[SERIALS_MAX][CERT_SERIAL_MAX + 1];
    size_t serial_count;
    bool revoked;
    unsigned fail;
    struct double_mark marks[MARKS_MAX];
    size_t mark_count;
    unsigned times[DOUBLE_EVENTS_MAX];
    size_t events;
    size_t heartbeats;
    int64_t policy_number;
    char policy[1000];
    char texts[TEXTS_MAX][2000];
    size_t text_count;
    change_listener *listener;
    void *listener_context;
} d;

void double_reset(const char *code)
{
    pthread_mutex_lock(&lock);
    change_listener *listener = d.listener;
    void *context = d.listener_context;
    memset(&d, 0, sizeof(d));
    d.listener = listener;
    d.listener_context = context;
    snprintf(d.gateway.text, sizeof(d.gateway.text), "01K0000000000000000GATEWAY");
    pthread_mutex_unlock(&lock);
    double_claim(code);
}

void double_claim(const char *code)
{
    pthread_mutex_lock(&lock);
    d.claim_live = link_claim_of_code(code, &d.claim) == 0;
    pthread_mutex_unlock(&lock);
}

void double_lie_about_key(void)
{
    d.lie = true;
}

static void tell(void)
{
    struct change change = {.kind = CHANGE_POLICY, .id = d.gateway};
    if (d.listener)
        d.listener(d.listener_context, &change);
}

void double_revoke_all(void)
{
    pthread_mutex_lock(&lock);
    d.revoked = true;
    pthread_mutex_unlock(&lock);
    tell();
}

void double_fail_ingest(unsigned times)
{
    pthread_mutex_lock(&lock);
    d.fail = times;
    pthread_mutex_unlock(&lock);
}

void double_policy(int64_t number, const char *mac)
{
    pthread_mutex_lock(&lock);
    d.policy_number = number;
    snprintf(d.policy, sizeof(d.policy),
             "{\"number\":%lld,\"gateway\":\"%s\",\"made\":\"2026-11-22T00:00:00.000000Z\","
             "\"isolated\":[{\"mac\":\"%s\","
             "\"reason\":\"test\",\"since_us\":1,\"expires_us\":0}],\"released\":[]}",
             (long long)number, d.gateway.text, mac);
    pthread_mutex_unlock(&lock);
    tell();
}

unsigned double_times(unsigned n)
{
    pthread_mutex_lock(&lock);
    unsigned times = n < DOUBLE_EVENTS_MAX ? d.times[n] : 0;
    pthread_mutex_unlock(&lock);
    return times;
}

static size_t locked(const size_t *value)
{
    pthread_mutex_lock(&lock);
    size_t copy = *value;
    pthread_mutex_unlock(&lock);
    return copy;
}

size_t double_event_count(void)
{
    return locked(&d.events);
}

size_t double_heartbeats(void)
{
    return locked(&d.heartbeats);
}

size_t double_certificates(void)
{
    return locked(&d.serial_count);
}

const char *double_gateway(void)
{
    return d.gateway.text;
}

size_t double_lines_with(const char *text)
{
    size_t count = 0;
    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < d.text_count; i++)
        count += strstr(d.texts[i], text) != NULL;
    pthread_mutex_unlock(&lock);
    return count;
}

/* ---- core's functions ---- */

int64_t core_now(const struct core *core)
{
    (void)core;
    return clock_wall_us();
}

int core_listen(struct core *core, change_listener *listener, void *context)
{
    (void)core;
    d.listener = listener;
    d.listener_context = context;
    return 0;
}

enum outcome core_claim_check(struct core *core, const uint8_t claim_id[LINK_CLAIM_ID_BYTES],
                              struct str address, struct claim *out)
{
    (void)core;
    (void)address;
    pthread_mutex_lock(&lock);
    bool live = d.claim_live && memcmp(claim_id, d.claim.id, LINK_CLAIM_ID_BYTES) == 0;
    *out = (struct claim){.gateway = d.gateway};
    memcpy(out->key, d.claim.key, LINK_KEY_BYTES);
    if (d.lie)
        out->key[0] ^= 1;
    pthread_mutex_unlock(&lock);
    return live ? OUTCOME_OK : OUTCOME_NOT_FOUND;
}

static void add_serial(const struct certificate *cert)
{
    if (d.serial_count < SERIALS_MAX)
        snprintf(d.serials[d.serial_count++], CERT_SERIAL_MAX + 1, "%s", cert->serial);
}

enum outcome core_claim_consume(struct core *core, const uint8_t claim_id[LINK_CLAIM_ID_BYTES],
                                struct str address, const struct certificate *cert,
                                struct claim *out)
{
    (void)core;
    (void)address;
    (void)out;
    pthread_mutex_lock(&lock);
    bool live = d.claim_live && memcmp(claim_id, d.claim.id, LINK_CLAIM_ID_BYTES) == 0;
    if (live) {
        d.claim_live = false;
        d.serial_count = 0;
        add_serial(cert);
    }
    pthread_mutex_unlock(&lock);
    return live ? OUTCOME_OK : OUTCOME_NOT_FOUND;
}

enum outcome core_certificate_add(struct core *core, struct id gateway,
                                  const struct certificate *cert)
{
    (void)core;
    (void)gateway;
    pthread_mutex_lock(&lock);
    add_serial(cert);
    pthread_mutex_unlock(&lock);
    return OUTCOME_OK;
}

enum serial_state core_gateway_by_serial(struct core *core, struct str serial, struct claim *out)
{
    enum serial_state state = SERIAL_UNKNOWN;
    (void)core;
    pthread_mutex_lock(&lock);
    *out = (struct claim){.gateway = d.gateway};
    for (size_t i = 0; i < d.serial_count; i++) {
        if (str_eq(serial, str_c(d.serials[i])))
            state = d.revoked ? SERIAL_REVOKED : SERIAL_VALID;
    }
    pthread_mutex_unlock(&lock);
    return state;
}

static struct double_mark *find_mark(struct str epoch)
{
    for (size_t i = 0; i < d.mark_count; i++) {
        if (str_eq(epoch, str_c(d.marks[i].epoch)))
            return &d.marks[i];
    }
    if (d.mark_count == MARKS_MAX)
        abort();
    struct double_mark *mark = &d.marks[d.mark_count++];
    memcpy(mark->epoch, epoch.p, epoch.len);
    return mark;
}

static void take_event(const struct ingest_event *event)
{
    char text[2000];
    size_t len = event->json.len < sizeof(text) - 1 ? event->json.len : sizeof(text) - 1;
    memcpy(text, event->json.p, len);
    text[len] = '\0';
    const char *id = strstr(text, "\"signature_id\":");
    unsigned n;
    if (id && sscanf(id, "\"signature_id\":%u", &n) == 1 && n < DOUBLE_EVENTS_MAX)
        d.times[n]++;
    if (d.text_count < TEXTS_MAX)
        memcpy(d.texts[d.text_count++], text, len + 1);
    d.events++;
}

enum outcome core_ingest(struct core *core, const struct ingest_batch *batch,
                         struct ingest_result *result, struct problem *problem)
{
    (void)core;
    (void)problem;
    *result = (struct ingest_result){0};
    pthread_mutex_lock(&lock);
    if (d.fail > 0) {
        d.fail--;
        pthread_mutex_unlock(&lock);
        return OUTCOME_FAILED;
    }
    struct double_mark *mark = find_mark(batch->epoch);
    for (size_t i = 0; i < batch->count; i++) {
        if (batch->events[i].seq <= mark->seq) {
            result->duplicates++;
            continue;
        }
        mark->seq = batch->events[i].seq;
        result->stored++;
        take_event(&batch->events[i]);
    }
    result->durable_seq = mark->seq;
    pthread_mutex_unlock(&lock);
    return OUTCOME_OK;
}

enum outcome core_heartbeat(struct core *core, struct id gateway, struct str status_json,
                            struct problem *problem)
{
    (void)core;
    (void)gateway;
    (void)status_json;
    (void)problem;
    pthread_mutex_lock(&lock);
    d.heartbeats++;
    pthread_mutex_unlock(&lock);
    return OUTCOME_OK;
}

enum outcome core_policy_for(struct core *core, struct id gateway, int64_t known_number,
                             struct buf *out, int64_t *number)
{
    (void)core;
    (void)gateway;
    pthread_mutex_lock(&lock);
    *number = known_number;
    if (d.policy_number != known_number && d.policy_number != 0) {
        *number = d.policy_number;
        buf_add_c(out, d.policy);
    }
    pthread_mutex_unlock(&lock);
    return OUTCOME_OK;
}
