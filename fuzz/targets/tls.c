/* engine/app/tls, as app_talk.h says. */
#include "engine/app/tls/tls.h"
#include "app_talk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void settings(struct app_conf *conf)
{
    conf->ja3 = conf->ja4 = true;
    tls_parser.log_conf(&conf->log, NULL);
    conf->log.tls = UINT32_MAX; /* also what is left out because it is long */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct app_talk_kind kind = {.talk = {.parser = &tls_parser,
                                                       .server_port = 443,
                                                       .values_max = 21,
                                                       .cut_event = "too_many_records_in_packet"},
                                              .other_port = 8443,
                                              .settings = settings};
    app_talk(&kind, data, size);
    return 0;
}
