/* writer: what evelog.c and writer.c share. */
#ifndef GATEWAY_EVELOG_WRITER_H
#define GATEWAY_EVELOG_WRITER_H

#include "gateway/evelog/evelog.h"

/* Writes whole lines, of which there are `lines`; counts those that the disk did not take. One thread at a time. */
void evelog_write_lines(struct evelog_file *f, struct str bytes, uint64_t lines);
uint64_t evelog_count_lines(struct str bytes);

/* Copies whole lines into the ring, as many as there is room for, and wakes the writer. Returns how many lines were left. */
uint64_t evelog_writer_put(struct evelog_writer *w, struct str bytes);
/* Is more than half of the ring in use, or would be with `more` bytes? */
bool evelog_writer_busy(const struct evelog_writer *w, size_t more);

#endif
