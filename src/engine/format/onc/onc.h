/* format/onc: reads the heads of ONC RPC messages (RFC 5531), which NFS is carried by.
 *
 * Way in:    a record's mark (TCP only), then the head of a call or of a reply.
 * Way out:   numbers, and strs borrowed from what is read; the reader stands at the procedure's own data.
 * Memory:    none.
 * Limits:    ONC_AUTH_MAX bytes of credentials or verifier, ONC_MACHINE_MAX bytes of a machine's name (RFC 5531, 8.2 and
 *            appendix A); more is bad, as no implementation may send it.
 */
#ifndef ENGINE_FORMAT_ONC_ONC_H
#define ENGINE_FORMAT_ONC_ONC_H

#include "base/attr.h"
#include "base/reader.h"

#define ONC_AUTH_MAX 400
#define ONC_MACHINE_MAX 255

enum onc_type { ONC_CALL = 0, ONC_REPLY = 1 };

/* What is told of credentials; others have only their number. */
enum onc_auth { ONC_AUTH_NULL = 0, ONC_AUTH_UNIX = 1, ONC_AUTH_GSS = 6 };

struct onc_mark {
    uint32_t len;
    bool last;
};

struct onc_call {
    uint32_t xid;
    uint32_t rpc_version, program, version, procedure;
    uint32_t auth;      /* enum onc_auth, or what else was said */
    struct str machine; /* of ONC_AUTH_UNIX, as are uid and gid */
    uint32_t uid, gid;
};

struct onc_reply {
    uint32_t xid;
    uint32_t state;  /* 0 accepted, 1 denied */
    uint32_t accept; /* of an accepted one: 0 success; the procedure's results follow only then */
};

/* The four bytes before each fragment of a record over TCP (RFC 5531, 11). */
struct onc_mark onc_read_mark(struct reader *r);

/* A counted string and the zeros that fill its last word (RFC 4506, 4.11). More than `max` bytes mark the reader bad. */
struct str onc_read_opaque(struct reader *r, size_t max);

/* False: not a whole call (or reply). */
NODISCARD bool onc_read_call(struct reader *r, struct onc_call *call);
NODISCARD bool onc_read_reply(struct reader *r, struct onc_reply *reply);

#endif
