/* made_units: units of DCE/RPC made by hand, for tests. */
#ifndef ENGINE_APP_DCERPC_MADE_UNITS_H
#define ENGINE_APP_DCERPC_MADE_UNITS_H

/* version, type, fragment flags, little-endian, length, no authentication, call */
#define HEAD(type, flags, len, call) "\5\0" type flags "\x10\0\0\0" len "\0\0\0" call "\0\0\0"
#define UUID_ONE "\x7b\xab\x7a\x36\x44\x98\xf1\x35\xad\x32\x98\xf0\x38\0\x10\3" /* 367aab7b-... */
#define UUID_TWO "\1\1\1\1\2\2\3\3\4\4\4\4\4\4\4\4"
#define NDR "\x04\x5d\x88\x8a\xeb\x1c\xc9\x11\x9f\xe8\x08\0\x2b\x10\x48\x60\2\0\0\0"
#define CONTEXT(number, uuid) number "\0\1\0" uuid "\2\0\0\0" NDR
/* two contexts: 16 + 12 + 2 * 44 = 116 */
#define BIND(call)                   \
    HEAD("\x0b", "\3", "\x74", call) \
    "\xd0\x16\xd0\x16\0\0\0\0\2\0\0\0" CONTEXT("\0", UUID_ONE) CONTEXT("\1", UUID_TWO)
/* "135" and its NUL, two bytes to fill up; the second is refused: 16 + 8 + 2 + 4 + 2 + 4 + 2 * 24 = 84 */
#define BIND_ACK(call)               \
    HEAD("\x0c", "\3", "\x54", call) \
    "\xd0\x16\xd0\x16\1\0\0\0\4\0"   \
    "135\0\0\0\2\0\0\0\0\0\0\0" NDR "\2\0\1\0" NDR
#define REQUEST(call, flags, context, opnum, stub) \
    HEAD("\0", flags, "\x1c", call) "\4\0\0\0" context "\0" opnum "\0" stub
#define RESPONSE(call, flags, stub) HEAD("\2", flags, "\x1c", call) "\4\0\0\0\0\0\0\0" stub

#endif
