/* ntlm: NTLMSSP messages (MS-NLMP section 2.2.1): who logs on, from where.
 *
 * Way in:    bytes in which a message begins, wherever SPNEGO or another protocol has put it.
 * Way out:   its type, and of an AUTHENTICATE message the names, borrowed, as they stand there (UTF-16LE, or one byte each).
 * Memory:    none.   Threads: pure.
 * Limits:    offsets are the message's own and are checked; text is cut to the caller's buffer.
 */
#ifndef ENGINE_FORMAT_NTLM_NTLM_H
#define ENGINE_FORMAT_NTLM_NTLM_H

#include "base/buf.h"
#include "base/reader.h"

enum ntlm_type { NTLM_NEGOTIATE = 1, NTLM_CHALLENGE = 2, NTLM_AUTHENTICATE = 3 };

struct ntlm {
    uint32_t type;
    bool wide; /* texts are UTF-16LE */
    struct str domain, user, host;
    bool has_version;
    uint8_t major, minor, revision;
    uint16_t build;
    bool
        damaged; /* of a CHALLENGE or AUTHENTICATE: it is not all there, or a text lies outside of it */
};

/* The first message in `bytes`; false: there is none. */
bool ntlm_find(struct str bytes, struct ntlm *out);
/* UTF-16LE as UTF-8 (what is no character becomes '?'), or one byte each as it stands; ends at NUL. */
void ntlm_text(struct str text, bool wide, struct buf *out);

#endif
