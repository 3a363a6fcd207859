/* message: the room's own structures: commands, replies, transactions. */
#ifndef ENGINE_APP_FTP_MESSAGE_H
#define ENGINE_APP_FTP_MESSAGE_H

#include "engine/app/app.h"
#include "engine/expect/expect.h"
#include "engine/format/lines/lines.h"

enum ftp_event {
    FTP_REQUEST_TOO_LONG,
    FTP_RESPONSE_TOO_LONG,
    FTP_TOO_MANY_TRANSACTIONS,
    FTP_EVENTS
};

/* What a command does beside being told. */
enum ftp_action {
    FTP_NOTHING,
    FTP_PORT,
    FTP_EPRT,
    FTP_PASV,
    FTP_EPSV,
    FTP_DATA, /* asks for a data connection */
    FTP_AUTH_TLS,
};

/* What goes over a data connection: expect_note.word of its announcement. */
enum ftp_data_command {
    FTP_DATA_NONE,
    FTP_DATA_RETR,
    FTP_DATA_STOR,
    FTP_DATA_APPE,
    FTP_DATA_STOU,
    FTP_DATA_LIST,
    FTP_DATA_NLST,
};

struct ftp_command {
    const char *name;
    enum ftp_action action;
    enum ftp_data_command data;
};
/* The command that a line begins with; NULL: none that is known. */
const struct ftp_command *ftp_command_find(struct str line);

enum ftp_text { FTP_TEXT_DATA, FTP_TEXT_CODE, FTP_TEXT_REPLY };

enum ftp_mode { FTP_MODE_NONE, FTP_ACTIVE, FTP_PASSIVE };

/* Progress of a transaction, client to server. */
#define FTP_ASKED 1

struct ftp_tx {
    struct tx tx;                      /* first */
    const struct ftp_command *command; /* NULL: unknown, or there was none */
    struct texts texts;
    uint16_t port; /* of the data connection; 0: none */
    enum ftp_mode mode;
    bool has_data, command_cut, reply_cut, replied, done;
    bool bounce; /* PORT names another machine than the client */
};

struct ftp_state {
    struct lines lines[DIR_COUNT];
    uint16_t port; /* where the next data connection goes to */
};

static inline struct ftp_tx *ftp_tx_of(struct tx *tx)
{
    return (struct ftp_tx *)tx;
}

static inline const struct ftp_tx *ftp_tx_const(const struct tx *tx)
{
    return (const struct ftp_tx *)tx;
}

/* A new transaction; NULL: no memory. */
struct ftp_tx *ftp_tx_new(struct app_flow *af, uint8_t dirs);
/* "h1,h2,h3,h4,p1,p2" (RFC 959 section 3.2.2) wherever it stands in text; "|1|192.0.2.1|5282|" (RFC 2428 section 2).
 * out.version 0: an address is not given. */
bool ftp_read_host_port(struct str text, struct ip *ip, uint16_t *port);
bool ftp_read_extended(struct str text, struct ip *ip, uint16_t *port);

#define FTP_FIELD_COUNT 8
extern const struct field_desc ftp_fields[FTP_FIELD_COUNT];
void ftp_log(const struct tx *tx, const struct app_conf *conf, struct json *out);

#endif
