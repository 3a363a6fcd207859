#include "engine/app/ftp/message.h"

static bool text(const struct tx *tx, enum ftp_text kind, uint32_t index, struct str *out)
{
    return texts_get(&ftp_tx_const(tx)->texts, kind, index, out);
}

static bool command(const struct tx *tx, enum dir dir, uint32_t index, struct arena *a,
                    struct str *out)
{
    const struct ftp_tx *ftp = ftp_tx_const(tx);
    (void)dir, (void)a;
    if (index || !ftp->command)
        return false;
    *out = str_c(ftp->command->name);
    return true;
}

static bool command_data(const struct tx *tx, enum dir dir, uint32_t index, struct arena *a,
                         struct str *out)
{
    (void)dir, (void)a;
    return index == 0 && text(tx, FTP_TEXT_DATA, 0, out);
}

/* What answers no command that is known (a greeting, lines that come late) is told in eve.json, and asked by no rule: so it is with
 * Suricata. */
static bool answers_command(const struct tx *tx)
{
    return ftp_tx_const(tx)->command != NULL;
}

static bool completion_code(const struct tx *tx, enum dir dir, uint32_t index, struct arena *a,
                            struct str *out)
{
    (void)dir, (void)a;
    return answers_command(tx) && text(tx, FTP_TEXT_CODE, index, out);
}

static bool reply(const struct tx *tx, enum dir dir, uint32_t index, struct arena *a,
                  struct str *out)
{
    (void)dir, (void)a;
    return answers_command(tx) && text(tx, FTP_TEXT_REPLY, index, out);
}

static bool reply_received(const struct tx *tx, enum dir dir, uint32_t index, uint64_t *out)
{
    (void)dir;
    *out = ftp_tx_const(tx)->replied;
    return index == 0 && answers_command(tx);
}

static bool mode(const struct tx *tx, enum dir dir, uint32_t index, uint64_t *out)
{
    (void)dir;
    *out = (uint64_t)ftp_tx_const(tx)->mode;
    return index == 0 && *out != FTP_MODE_NONE;
}

static bool dynamic_port(const struct tx *tx, enum dir dir, uint32_t index, uint64_t *out)
{
    (void)dir;
    *out = ftp_tx_const(tx)->port;
    return index == 0 && *out;
}

static bool bounce(const struct tx *tx, enum dir dir, uint32_t index, uint64_t *out)
{
    (void)dir;
    *out = ftp_tx_const(tx)->bounce;
    return index == 0;
}

static const struct number_word truths[] = {{"yes", 1}, {"true", 1}, {"on", 1},
                                            {"1", 1},   {"no", 0},   {"false", 0},
                                            {"off", 0}, {"0", 0},    {NULL, 0}};
static const struct number_word modes[] = {
    {"active", FTP_ACTIVE}, {"passive", FTP_PASSIVE}, {NULL, 0}};

#define AT(progress)           \
    {                          \
        (progress), (progress) \
    }
#define TEXT(word, where, when, many, fn)                                             \
    {                                                                                 \
        .name = word, .proto = APP_FTP, .dirs = DIR_BIT(where), .ready_at = AT(when), \
        .kind = FIELD_BYTES, .multi = many, .bytes = fn                               \
    }
#define NUMBER(word, where, when, fn, names)                                                     \
    {                                                                                            \
        .name = word, .proto = APP_FTP, .dirs = where, .ready_at = AT(when), .kind = FIELD_UINT, \
        .number = fn, .words = names                                                             \
    }

const struct field_desc ftp_fields[FTP_FIELD_COUNT] = {
    TEXT("ftp.command", DIR_TOSERVER, FTP_ASKED, false, command),
    TEXT("ftp.command_data", DIR_TOSERVER, FTP_ASKED, false, command_data),
    TEXT("ftp.completion_code", DIR_TOCLIENT, TX_COMPLETE, true, completion_code),
    TEXT("ftp.reply", DIR_TOCLIENT, TX_COMPLETE, true, reply),
    NUMBER("ftp.reply_received", DIR_BIT(DIR_TOCLIENT), TX_COMPLETE, reply_received, truths),
    NUMBER("ftp.mode", DIR_BOTH, TX_COMPLETE, mode, modes),
    NUMBER("ftp.dynamic_port", DIR_BOTH, TX_COMPLETE, dynamic_port, NULL),
    NUMBER("ftp.bounce", DIR_BIT(DIR_TOSERVER), FTP_ASKED, bounce, NULL),
};

static void log_list(const struct tx *tx, enum ftp_text kind, const char *key, struct json *out)
{
    struct str value;
    if (!text(tx, kind, 0, &value))
        return;
    json_array(out, key);
    for (uint32_t i = 0; text(tx, kind, i, &value); i++)
        json_bytes(out, NULL, value);
    json_end_array(out);
}

void ftp_log(const struct tx *tx, const struct app_conf *conf, struct json *out)
{
    const struct ftp_tx *ftp = ftp_tx_const(tx);
    struct str value;
    (void)conf;
    if (ftp->command)
        json_text(out, "command", ftp->command->name);
    if (text(tx, FTP_TEXT_DATA, 0, &value)) {
        json_bytes(out, "command_data", value);
        json_bool(out, "command_truncated", ftp->command_cut);
    }
    log_list(tx, FTP_TEXT_CODE, "completion_code", out);
    log_list(tx, FTP_TEXT_REPLY, "reply", out);
    if (ftp->port)
        json_uint(out, "dynamic_port", ftp->port);
    if (ftp->mode != FTP_MODE_NONE)
        json_text(out, "mode", ftp->mode == FTP_ACTIVE ? "active" : "passive");
    json_text(out, "reply_received", ftp->replied ? "yes" : "no");
    json_bool(out, "reply_truncated", ftp->reply_cut);
}
