/* sdp: what a SIP message says about the media of a call: a session description (RFC 8866).
 *
 * A body is kept while it comes and read once, when it is whole: which line is where. Lines are told by their letter, in any order behind
 * "v=0" and with any value, as telephones read them: what stands behind a strange line is still seen. Blanks between the words of a value
 * become one space each, and an IPv6 address has its shortest form, so that a rule has one text to look for.
 *
 * Memory:    the description's own copy, from the flow's budget: sdp_open to sdp_fini.
 * Hostile:   SDP_BYTES_MAX bytes and SDP_LINES_MAX lines are read; of a body that is cut the last line only when it has an end.
 */
#ifndef ENGINE_APP_SIP_SDP_H
#define ENGINE_APP_SIP_SDP_H

#include "base/json.h"
#include "base/slab.h"

#define SDP_BYTES_MAX 16384u
#define SDP_LINES_MAX 1024u

struct sdp_line {
    uint16_t at, len; /* of its value */
    uint8_t letter;
    bool media; /* says something about the medium of the last "m=" before it */
};

/* All zero: nothing is kept. */
struct sdp {
    uint8_t *bytes;
    uint32_t cap, len;
    struct sdp_line *lines;
    uint32_t count;
};

/* Makes room for a body of so many bytes, of which sdp_add takes SDP_BYTES_MAX. Without memory nothing is kept. */
void sdp_open(struct sdp *sdp, struct budget *mem, uint64_t body_bytes);
void sdp_add(struct sdp *sdp, struct str piece);
/* No more comes: finds the lines; whole: the body ends here. Of a body that is no description nothing stays. */
void sdp_close(struct sdp *sdp, struct budget *mem, bool whole);
void sdp_fini(struct sdp *sdp, struct budget *mem);

/* The value of the index-th line with this letter, of the whole session or of its media. Borrowed from sdp. */
bool sdp_value(const struct sdp *sdp, bool media, uint8_t letter, uint32_t index, struct str *out);
/* Adds the member "sdp", if there is a description. */
void sdp_log(const struct sdp *sdp, struct json *out);

#endif
