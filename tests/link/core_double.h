/* core_double: the functions of core that uplink calls, over memory. What was taken stays taken: the double is the
 * "durable" side in tests that kill the gateway's process. */
#ifndef TESTS_LINK_CORE_DOUBLE_H
#define TESTS_LINK_CORE_DOUBLE_H

#include "center/core/core.h"

#define DOUBLE_EVENTS_MAX 20000

/* Everything forgotten; one gateway, one claim of this code. */
void double_reset(const char *code);
/* The next core_claim_check gives a key that does not belong to the code: a center that found out the id alone. */
void double_lie_about_key(void);
/* A fresh claim for the same gateway. */
void double_claim(const char *code);
void double_revoke_all(void);
void double_fail_ingest(unsigned times);
/* A new policy that cuts off that MAC, under this number; told to the listeners. */
void double_policy(int64_t number, const char *mac);
/* How often event n came (JSON member alert.signature_id = n). */
unsigned double_times(unsigned n);
size_t double_event_count(void);
size_t double_heartbeats(void);
size_t double_certificates(void);
const char *double_gateway(void);
/* Lines that hold the text. */
size_t double_lines_with(const char *text);

#endif
