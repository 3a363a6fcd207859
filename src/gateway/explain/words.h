/* words: the parts of a rule as a person reads them; private to explain/. Everything is added to `out`. */
#ifndef GATEWAY_EXPLAIN_WORDS_H
#define GATEWAY_EXPLAIN_WORDS_H

#include "gateway/explain/options.h"

#define WORDS_BYTES_MAX 48 /* of a content, before the rest is left out */

/* As rules write bytes: "ab|00 01|c". */
void words_bytes(struct str bytes, size_t max, struct buf *out);
/* 'http.uri after to_lowercase', 'payload'. */
void words_buffer(const struct explain_rules *r, const struct rule_buffer *b, struct buf *out);
/* 'content "abc" within 10 bytes behind the match before'. */
void words_item(const struct explain_rules *r, const struct rule_item *item, struct buf *out);
void words_check(const struct explain_rules *r, const struct rule *rule, const struct rule_check *c,
                 struct buf *out);
/* What is done after a match: 'sets flowbit "x"'. */
void words_act(const struct explain_rules *r, const struct rule_check *c, struct buf *out);
void words_threshold(const struct rule_threshold *t, struct buf *out);
void words_addresses(const struct rule_addresses *set, struct buf *out);
void words_ports(const struct rule_ports *set, struct buf *out);
void words_protocols(uint64_t mask, struct buf *out);
/* 'TCP', 'UDP or ICMP' */
void words_l4(uint8_t l4, struct buf *out);
const char *words_action(enum rule_action action);
const char *words_dir(enum dir dir);
/* Dirs as bits: 'to the server', 'in both directions'. */
const char *words_dirs(uint8_t dirs);
/* 'established, to the server'; "" when flow: says nothing. */
void words_flow(const struct rule_flow *f, struct buf *out);

#endif
