/* A data connection: one transaction, one file, whichever side sends it. */
#include "engine/app/ftp/ftp.h"

#include "engine/app/ftp/message.h"
#include "engine/content/content.h"

struct data_tx {
    struct tx tx; /* first */
    struct file *file;
    struct body body;
    struct body_conf body_conf;
    enum dir dir; /* of the file */
    enum ftp_data_command command;
    uint16_t name_len;
    uint8_t name[EXPECT_NOTE_MAX];
};

struct data_state {
    struct data_tx *tx; /* NULL: not yet, or freed */
    bool over;
    struct expect_note note;
};

static const struct data_tx *data_tx_of(const struct tx *tx)
{
    return (const struct data_tx *)tx;
}

/* Its bytes may be anything: a data connection is known by its announcement alone. */
static enum app_probe probe(struct str bytes, enum dir dir, uint16_t server_port)
{
    (void)bytes, (void)dir, (void)server_port;
    return APP_PROBE_NO;
}

static void open_state(struct app_flow *af)
{
    struct data_state *st = af->state;
    if (af->ties && af->ties->announced)
        st->note = *af->ties->announced;
}

static void begin(struct app_flow *af, enum dir dir)
{
    struct data_state *st = af->state;
    st->over = true;
    struct data_tx *tx = (struct data_tx *)app_tx_new(af, (uint8_t)DIR_BIT(dir));
    if (!tx)
        return;
    st->over = false;
    st->tx = tx;
    tx->dir = dir;
    tx->command = (enum ftp_data_command)st->note.word;
    tx->name_len = st->note.len;
    memcpy(tx->name, st->note.bytes, st->note.len);
    tx->body_conf = (struct body_conf){
        .limit_bytes = af->conf->request_body_limit,
        .min_inspect_bytes = af->conf->inline_mode ? 0 : af->conf->body_min_inspect,
        .window_bytes = af->conf->body_window,
    };
    if (tx->command != FTP_DATA_LIST && tx->command != FTP_DATA_NLST)
        tx->file = file_open(af->files, af->mem, &tx->tx, dir, str_of(tx->name, tx->name_len));
    app_progress(&tx->tx, dir, 1);
}

static void end(struct app_flow *af, struct data_tx *tx)
{
    struct data_state *st = af->state;
    st->over = true;
    if (tx->file)
        file_end(af->files, &tx->tx, tx->file, FILE_CLOSED);
    tx->file = NULL;
    body_end(&tx->body);
    app_progress(&tx->tx, DIR_TOSERVER, TX_COMPLETE);
    app_progress(&tx->tx, DIR_TOCLIENT, TX_COMPLETE);
}

static struct app_result data(struct app_flow *af, enum dir dir, const struct app_chunk *chunk)
{
    struct data_state *st = af->state;
    struct app_result all = {PARSE_OK, (uint32_t)chunk->bytes.len};
    if (!st->tx && !st->over && (chunk->bytes.len || chunk->gap))
        begin(af, dir);
    struct data_tx *tx = st->tx;
    if (!tx || st->over || tx->dir != dir)
        return all;
    if (chunk->gap) {
        if (tx->file)
            file_gap(tx->file, chunk->gap);
        body_gap(&tx->body, chunk->gap);
    } else if (chunk->bytes.len) {
        if (tx->file)
            file_add(af->files, &tx->tx, tx->file, chunk->bytes);
        body_add(&tx->body, &tx->body_conf, af->mem, chunk->bytes);
    }
    app_progress(&tx->tx, dir, 1);
    if (chunk->end)
        end(af, tx);
    return all;
}

static void tx_free(struct app_flow *af, struct tx *tx)
{
    struct data_state *st = af->state;
    struct data_tx *data_tx = (struct data_tx *)tx;
    body_fini(&data_tx->body, af->mem);
    if (st->tx == data_tx) {
        st->tx = NULL;
        st->over = true;
    }
}

static void tx_inspected(struct app_flow *af, struct tx *tx, enum dir dir)
{
    struct data_tx *data_tx = (struct data_tx *)tx;
    (void)af;
    if (dir == data_tx->dir)
        body_inspected(&data_tx->body, &data_tx->body_conf);
}

static bool file_data(const struct tx *tx, enum dir dir, uint32_t index, struct field_window *out)
{
    const struct data_tx *data_tx = data_tx_of(tx);
    return index == 0 && dir == data_tx->dir && data_tx->tx.files &&
           body_window(&data_tx->body, &data_tx->body_conf, out);
}

static bool command(const struct tx *tx, enum dir dir, uint32_t index, uint64_t *out)
{
    (void)dir;
    *out = (uint64_t)data_tx_of(tx)->command;
    return index == 0;
}

static const struct number_word commands[] = {
    {"retr", FTP_DATA_RETR}, {"stor", FTP_DATA_STOR}, {NULL, 0}};

static const struct field_desc fields[] = {
    {.name = "ftpdata_command",
     .proto = APP_FTP_DATA,
     .dirs = DIR_BOTH,
     .ready_at = {1, 1},
     .kind = FIELD_UINT,
     .number = command,
     .words = commands},
    {.name = "file.data",
     .proto = APP_FTP_DATA,
     .dirs = DIR_BOTH,
     .ready_at = {1, 1},
     .kind = FIELD_WINDOW,
     .multi = true,
     .window = file_data},
    FILE_FIELDS(APP_FTP_DATA, DIR_BOTH, 1),
};

static void write_log(const struct tx *tx, const struct app_conf *conf, struct json *out)
{
    static const char *const names[] = {
        [FTP_DATA_NONE] = "",     [FTP_DATA_RETR] = "RETR", [FTP_DATA_STOR] = "STOR",
        [FTP_DATA_APPE] = "APPE", [FTP_DATA_STOU] = "STOU", [FTP_DATA_LIST] = "LIST",
        [FTP_DATA_NLST] = "NLST"};
    const struct data_tx *data_tx = data_tx_of(tx);
    (void)conf;
    if (data_tx->name_len)
        json_bytes(out, "filename", str_of(data_tx->name, data_tx->name_len));
    json_text(out, "command", names[data_tx->command]);
}

static enum dir log_dir(const struct tx *tx)
{
    return data_tx_of(tx)->dir;
}

const struct app_parser ftp_data_parser = {
    .proto = APP_FTP_DATA,
    .tcp = true,
    .probe = probe,
    .state_bytes = sizeof(struct data_state),
    .open = open_state,
    .data = data,
    .tx_free = tx_free,
    .tx_bytes = sizeof(struct data_tx),
    .tx_inspected = tx_inspected,
    .fields = {fields, ARRAY_COUNT(fields)},
    .log = write_log,
    .log_dir = log_dir,
    .log_type = "ftp_data",
};
