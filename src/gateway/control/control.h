/* control: what the gateway's processes say to each other.
 *
 * One SOCK_SEQPACKET socket pair between guard and each child; one struct control_message per packet, fixed size, no
 * parsing. Both ends are ours, yet every field is checked on receipt: a child that an attacker has taken over must not gain
 * more than its own rights by it.
 *
 *     compile -> guard  DATASET (the file of a set that rules write; one each), then RULES (the image is made: what is in it),
 *                       or REFUSED (why not)
 *     engine -> guard   READY, BEAT (also the dead-man's sign of life), WANT_ISOLATION, RULES (these are in force here now),
 *                       REFUSED (it cannot use them: the ones before stay in force)
 *     guard  -> engine  READY (go on until until_us, CLOCK_MONOTONIC: so long the bridge is held back), ISOLATION (state of
 *                       one MAC), RULES (with the image's memfd: use these from now on), EVENT_LOG (with its descriptor: write
 *                       there from now on), STOP
 *     local  -> guard   ASK_STATUS, WANT_ISOLATION, WANT_RELEASE, ASK_ISOLATIONS, WANT_RELOAD, ASK_RULES
 *     guard  -> local   STATUS, ISOLATION (one each, then END), RULES, DONE, REFUSED
 *     link   -> guard   WANT_ISOLATION, WANT_RELEASE (by the center), LINK_STATUS
 */
#ifndef GATEWAY_CONTROL_CONTROL_H
#define GATEWAY_CONTROL_CONTROL_H

#include "base/attr.h"
#include "base/err.h"
#include "base/ip.h"

enum control_kind {
    CONTROL_NONE,
    CONTROL_READY,
    CONTROL_BEAT,
    CONTROL_WANT_ISOLATION,
    CONTROL_WANT_RELEASE,
    CONTROL_ISOLATION,
    CONTROL_ASK_STATUS,
    CONTROL_STATUS,
    CONTROL_ASK_ISOLATIONS,
    CONTROL_END,
    CONTROL_DONE,
    CONTROL_REFUSED,
    CONTROL_STOP,
    CONTROL_LINK_STATUS,
    CONTROL_WANT_RELOAD,
    CONTROL_ASK_RULES,
    CONTROL_RULES,
    CONTROL_EVENT_LOG,
    CONTROL_DATASET,
    CONTROL_KINDS
};

/* Who wants it. */
enum control_origin { CONTROL_BY_RULE, CONTROL_BY_COMMAND, CONTROL_BY_CENTER, CONTROL_ORIGINS };

#define CONTROL_TEXT_BYTES 128
/* So many messages fit into a queue that nobody reads just now: every isolation at once, and what else comes up. */
#define CONTROL_QUEUE 1200

struct control_counts {
    uint64_t frames, bytes, dropped, alerts, kernel_drops, send_errors, not_inspected;
    uint64_t flows_active, events_lost;
};

/* What is known of rules: of an image, or (guard -> local) of the ones in force. */
struct control_rules {
    uint64_t number; /* counts images since the start; 0: none yet */
    uint64_t bytes;
    int64_t since_us; /* wall clock, when they came into force */
    uint32_t loaded, skipped;
    uint32_t place;   /* which of the two places in the address space */
    uint8_t reading;  /* new ones are being read just now */
    uint8_t failed;   /* the last attempt to read new ones failed; the message's text says why */
    uint64_t reloads; /* that came into force after the first; and */
    uint64_t failures;
};

struct control_message {
    uint32_t kind;   /* enum control_kind */
    uint32_t origin; /* enum control_origin, with the isolation kinds */
    struct mac mac;
    uint8_t isolated;       /* ISOLATION: 1 cut off, 0 released */
    uint8_t link_connected; /* STATUS, LINK_STATUS */
    uint8_t fail_open;      /* STATUS: frames pass without inspection now */
    uint32_t sid;           /* WANT_ISOLATION by a rule */
    int64_t until_us;       /* wall clock; 0: until released */
    int64_t since_us;
    uint64_t engine_starts;        /* STATUS */
    struct control_counts counts;  /* BEAT, STATUS */
    struct control_rules rules;    /* RULES, STATUS */
    char text[CONTROL_TEXT_BYTES]; /* reason in words; NUL-terminated */
};

/* fds[0] for guard, fds[1] for the child; both non-blocking and close-on-exec. The whole CONTROL_QUEUE needs CAP_NET_ADMIN;
 * without it the queue is as long as the system allows. */
NODISCARD int control_pair(int fds[2], struct err *err);
/* 0; -1 when the other end is gone or its queue is full (the message is lost: the caller counts or repeats). */
NODISCARD int control_send(int fd, const struct control_message *message);
/* 1: a message; 0: none there now; -1: the other end is gone. A message of wrong size or kind is left out. */
NODISCARD int control_receive(int fd, struct control_message *message);
/* With a descriptor; the sender keeps its own. */
NODISCARD int control_send_fd(int fd, const struct control_message *message, int passed);
/* As control_receive; *passed: the descriptor that came along (the caller's now), or -1. */
NODISCARD int control_receive_fd(int fd, struct control_message *message, int *passed);
/* Copies at most CONTROL_TEXT_BYTES - 1 bytes. */
void control_set_text(struct control_message *message, const char *text);
const char *control_origin_name(enum control_origin origin); /* "rule", "command", "center" */

#endif
