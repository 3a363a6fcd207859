/* rpc: the units of DCE/RPC (C706 chapter 12, MS-RPCE) and what one call says, for every protocol that carries them: TCP, UDP and
 * the named pipes of SMB.
 *
 * Way in:    whole protocol data units; the parser that carries them knows where they begin and end.
 * Way out:   struct rpc_call: one bind or request with its answer, its interface and the bytes of both sides (stubs).
 * Memory:    a call's stubs and an association's interfaces from the caller's budget; rpc_call_fini and rpc_bindings_fini give them
 *            back. Without memory a stub is cut, an interface not remembered; the call goes on.
 * Threads:   pure.
 * Limits:    RPC_STUB_MAX bytes of a stub are kept, RPC_INTERFACES_MAX interfaces of an association. An attacker who binds more
 *            makes us forget only his own.
 */
#ifndef ENGINE_FORMAT_RPC_RPC_H
#define ENGINE_FORMAT_RPC_RPC_H

#include "base/arena.h"
#include "base/json.h"
#include "base/reader.h"
#include "base/slab.h"

#define RPC_HEAD_BYTES 16
#define RPC_STUB_MAX (256u * 1024)
#define RPC_INTERFACES_MAX 64
#define RPC_IFACE_VALUE_BYTES 19

enum rpc_type {
    RPC_REQUEST = 0,
    RPC_RESPONSE = 2,
    RPC_FAULT = 3,
    RPC_BIND = 11,
    RPC_BINDACK = 12,
    RPC_BINDNAK = 13,
    RPC_ALTER_CONTEXT = 14,
    RPC_ALTER_CONTEXT_RESP = 15,
    RPC_AUTH3 = 16,
    RPC_ORPHANED = 19,
    RPC_NONE = 255, /* this side has not spoken yet */
};

#define RPC_FIRST_FRAGMENT 0x01
#define RPC_LAST_FRAGMENT 0x02

struct rpc_head {
    uint8_t major, minor;
    uint8_t type, flags;
    bool little; /* integers, by the data representation */
    uint16_t frag_bytes, auth_bytes;
    uint32_t call_id;
};

struct rpc_interface {
    uint8_t uuid[16]; /* in the order in which it is written */
    uint16_t major, minor;
    uint16_t context_id;
    bool answered; /* ack_* are the server's */
    uint16_t ack_result, ack_reason;
};

struct rpc_interfaces {
    struct rpc_interface *items;
    uint32_t count, cap;
};

/* What an association has agreed on. */
struct rpc_bindings {
    struct rpc_interfaces known;
    uint32_t asked_from; /* of the newest bind: its own begin here */
};

struct rpc_stub {
    uint8_t *p;
    uint32_t len, cap;
    uint64_t total_bytes; /* that were sent; more than len when it was cut */
};

enum rpc_side { RPC_ASKED, RPC_ANSWERED };

struct rpc_call {
    uint8_t request, response; /* enum rpc_type */
    uint8_t major, minor;
    uint32_t call_id;
    uint16_t context_id, opnum;
    bool from_first; /* its first fragment was seen */
    bool little;     /* byte order of the newest unit */
    bool done[2];    /* by enum rpc_side */
    uint8_t
        answer_head_bytes; /* of an answer's body in front of its stub, as the carrying protocol counts */
    uint16_t fragments[2];
    struct rpc_stub stubs[2];
    struct rpc_interfaces
        interfaces; /* of a bind: all it asks for; of a request: the one it is for */
};

/* ---- units ---- */

/* The head of a unit; false when this is none (or its bytes are not all there). */
bool rpc_read_head(struct str bytes, struct rpc_head *out);
/* Can these bytes begin a unit? -1 no, 0 too few to tell, 1 yes. */
int rpc_looks_like(struct str bytes);
/* "REQUEST", "BINDACK"; NULL for an unknown number. */
const char *rpc_type_name(uint8_t type);
bool rpc_type_asks(uint8_t type);
bool rpc_type_answers(uint8_t type);
/* Sixteen bytes as they stand on the wire -> the order in which they are written. */
void rpc_uuid_order(const uint8_t wire[16], bool little, uint8_t out[16]);
void rpc_uuid_text(const uint8_t uuid[16], struct buf *out);

/* ---- calls ---- */

void rpc_call_init(struct rpc_call *call, const struct rpc_head *head);
void rpc_call_fini(struct rpc_call *call, struct budget *mem);
/* One whole unit of the call (head included in `unit`). False: it is damaged. */
bool rpc_call_take(struct rpc_call *call, struct rpc_bindings *bindings, struct budget *mem,
                   const struct rpc_head *head, struct str unit);
/* Bytes of a stub that came without a head of their own (datagrams). */
void rpc_stub_add(struct rpc_stub *stub, struct budget *mem, struct str bytes);
void rpc_bindings_fini(struct rpc_bindings *bindings, struct budget *mem);
/* Remembers one; false without memory or room. */
bool rpc_interfaces_add(struct rpc_interfaces *list, struct budget *mem,
                        const struct rpc_interface *one);

/* ---- what rules ask ---- */

/* The interface of a request as RPC_IFACE_VALUE_BYTES in the arena: its UUID as written, its major version (network order), 1 when the
 * first fragment was seen. False: the call is no request, or its interface is not known. */
bool rpc_call_iface(const struct rpc_call *call, uint32_t index, struct arena *a, struct str *out);
bool rpc_call_opnum(const struct rpc_call *call, uint64_t *out);
bool rpc_call_stub(const struct rpc_call *call, enum rpc_side side, struct str *out);

/* ---- EVE ---- */

/* "interfaces": [...]; nothing when there are none. `with_ack`, `with_reason`: members as the carrying protocol writes them. */
struct rpc_log_form {
    bool with_ack, with_reason;
};
void rpc_log_interfaces(const struct rpc_call *call, struct rpc_log_form form, struct json *out);

#endif
