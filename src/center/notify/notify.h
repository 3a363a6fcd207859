/* notify: takes a mail to the relay (SMTP, RFC 5321), one at a time, in the caller's thread.
 *
 * The text is UTF-8: heads by RFC 2047, body as base64, so that every relay on the way passes it unharmed. Whatever stands
 * in a subject or name cannot make a head of its own.
 */
#ifndef CENTER_NOTIFY_NOTIFY_H
#define CENTER_NOTIFY_NOTIFY_H

#include "base/buf.h"
#include "base/err.h"

enum notify_tls { NOTIFY_PLAIN, NOTIFY_STARTTLS, NOTIFY_TLS };

struct notify_conf {
    const char *relay; /* "host:port" */
    enum notify_tls tls;
    const char *user, *password; /* NULL: none */
    const char *from;            /* address */
    const char *from_name;       /* or NULL */
};

struct mail {
    const char *to;
    const char *subject;
    const char *body;        /* lines end with \n */
    const char *message_id;  /* with its angle brackets */
    const char *in_reply_to; /* or NULL */
    int64_t date_us;
};

#define NOTIFY_MAIL_BYTES_MAX (1u << 20)

/* The whole message as it goes over the wire (without dot-stuffing, which the transport does). */
void notify_format(const struct notify_conf *conf, const struct mail *mail, struct buf *out);

enum notify_result { NOTIFY_SENT, NOTIFY_LATER, NOTIFY_NEVER };

/* Once per process, before threads. */
NODISCARD int notify_init(void);
/* NOTIFY_NEVER: the relay refused this mail for good (5xx). At most 60 s. */
enum notify_result notify_send(const struct notify_conf *conf, const struct mail *mail,
                               struct err *err);

#endif
