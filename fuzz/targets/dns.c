/* DNS messages: any bytes through parser, every field and the log. */
#include "engine/app/dns/dns.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_fields(const struct app_flow *af, const struct tx *tx)
{
    for (size_t i = 0; i < dns_parser.fields.count; i++) {
        const struct field_desc *row = &dns_parser.fields.rows[i];
        struct str text;
        uint64_t number;
        for (uint32_t k = 0; k < 300; k++)
            if (row->kind == FIELD_BYTES ? !row->bytes(tx, DIR_TOCLIENT, k, af->scratch, &text)
                                         : !row->number(tx, DIR_TOCLIENT, k, &number))
                break;
    }
}

/* In each form that an event log may ask for. */
static void write_records(const struct tx *tx, struct app_conf *conf, struct buf *log)
{
    static const struct {
        uint8_t version;
        bool in_alert;
    } forms[] = {{3, false}, {2, false}, {3, true}};
    for (size_t i = 0; i < ARRAY_COUNT(forms); i++) {
        struct json json;
        conf->log.dns_version = forms[i].version;
        conf->log.in_alert = forms[i].in_alert;
        dns_parser.log_wants(tx, &conf->log);
        json_init(&json, log);
        json_object(&json, NULL);
        dns_parser.log(tx, conf, &json);
        json_end_object(&json);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slab slab;
    struct app_conf conf;
    struct arena scratch;
    struct buf log;
    if (slab_init(&slab, 4u << 20) < 0)
        return 0;
    app_conf_defaults(&conf);
    arena_init(&scratch, 0, 8u << 20);
    buf_init(&log, 1u << 20);
    struct budget mem = {.slab = &slab, .limit_bytes = 1u << 20};
    struct file_store *files = file_store_new(&(struct file_conf){0}, NULL);
    struct app_flow af = {.mem = &mem,
                          .conf = &conf,
                          .files = files,
                          .scratch = &scratch,
                          .is_udp = true,
                          .server_port = 53};
    dns_parser.probe(str_of(data, size), DIR_TOSERVER, 53);
    dns_parser.probe(str_of(data, size), DIR_TOSERVER, 5300);
    dns_tcp_parser.probe(str_of(data, size), DIR_TOSERVER, 5300);
    dns_parser.log_conf(&conf.log, NULL);
    if (files && app_open(&af, &dns_parser) == 0) {
        dns_parser.data(&af, DIR_TOCLIENT, &(struct app_chunk){.bytes = str_of(data, size)});
        for (struct tx *tx = af.first; tx; tx = tx->next) {
            read_fields(&af, tx);
            write_records(tx, &conf, &log);
        }
        app_close(&af);
    }
    file_store_free(files);
    buf_fini(&log);
    arena_fini(&scratch);
    slab_fini(&slab);
    return 0;
}
