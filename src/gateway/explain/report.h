/* report: the reports about rules, each of one file; private to explain/. They write to standard output and return the exit
 * status. */
#ifndef GATEWAY_EXPLAIN_REPORT_H
#define GATEWAY_EXPLAIN_REPORT_H

#include "gateway/explain/options.h"

int report_check(const struct explain_rules *r, const struct explain_options *o);
int report_about(const struct explain_rules *r, const struct explain_options *o);
int report_coverage(const struct explain_rules *r, const struct explain_options *o);
int report_profile(const struct explain_rules *r, const struct explain_options *o);
int report_why(const struct explain_rules *r, const struct explain_options *o);

/* Writes what was made to standard output. -1 (said): memory, or nobody takes it. */
NODISCARD int report_out(struct buf *text, const struct explain_options *o);

#define REPORT_BYTES_MAX (1u << 30)

#endif
