/* work: the room's own structures: a mail in work, the parts that are kept, the table of header fields. */
#ifndef ENGINE_APP_MAIL_WORK_H
#define ENGINE_APP_MAIL_WORK_H

#include "engine/app/mail/mail.h"

#define MAIL_URL_MAX 1024u /* of a longer one the beginning */

struct mail_header_row {
    const char *name; /* "Message-ID"; without case also the word in the log's settings */
    const char *key;  /* in the log */
    bool multi;       /* every one is kept, else the first */
};
extern const struct mail_header_row mail_headers[HEADER_COUNT];

/* An attachment's bytes for file.data. */
struct mail_part {
    struct mail_part *next;
    struct body body;
};

/* A URL on its way through decoded text that may be cut anywhere (url.c). */
struct mail_url {
    uint32_t len;
    uint8_t text[MAIL_URL_MAX];
};

/* A mail while it passes. */
struct mail_work {
    struct mime *mime;
    struct app_flow *af;
    struct mail_tx *tx;
    struct file *file;      /* of the part in work; NULL: none */
    struct mail_part *part; /* of the same; NULL: not kept */
    uint32_t part_number;   /* of the last part whose name was told, + 1 */
    bool is_text;           /* the part in work is searched for URLs */
    bool cut;               /* it ended before its end */
    uint8_t url_schemes;    /* bits: rows of url.c */
    struct mail_url url;
};

/* url.c: which schemes the settings name (Suricata's extract-urls-schemes; http alone unless set); bytes of decoded text; the
 * text ends: what is in hand may be a URL */
uint8_t mail_url_schemes(const struct app_conf *conf);
void mail_url_add(struct mail_work *work, struct str bytes);
void mail_url_end(struct mail_work *work);

#endif
