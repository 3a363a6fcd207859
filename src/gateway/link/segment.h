/* segment: the form of the spool's files on disk. Pure: bytes in, records out.
 *
 * head   "OTSEG1\0\0", lane (4), zero (4), epoch (8), first sequence (8), CRC-32C of these 32 bytes (4)
 * record body length (4), CRC-32C of length and body (4), body: wall clock (8), monotonic clock (8), tag (8), JSON
 * Numbers in network order. The n-th record has the sequence first + n. What does not check out ends the segment: a torn
 * tail after a crash, or a flipped bit, after which nothing can be trusted to begin where it should.
 */
#ifndef GATEWAY_LINK_SEGMENT_H
#define GATEWAY_LINK_SEGMENT_H

#include "base/reader.h"
#include "link/link.h"

#define SEGMENT_HEAD_BYTES 36u
#define SEGMENT_RECORD_BYTES 32u /* beside the JSON */

struct segment_head {
    enum link_importance lane;
    uint64_t epoch;
    uint64_t first_seq;
};

struct segment_record {
    struct link_event event;
    uint64_t tag; /* of the datagram that it came in */
};

void segment_write_head(struct buf *out, const struct segment_head *head);
NODISCARD bool segment_read_head(struct reader *r, struct segment_head *head);
void segment_write_record(struct buf *out, const struct segment_record *record);
/* False, and nothing moved, at the end and at the first record that does not check out. */
NODISCARD bool segment_read_record(struct reader *r, struct segment_record *record);

#endif
