/* Decoders of small texts, and the JSON writer: what is written can be read back. */
#include "base/clock.h"
#include "base/ip.h"
#include "base/json.h"
#include "base/text.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool good)
{
    if (!good)
        abort();
}

/* What base64 accepts is exactly what its writer makes of the result. */
static void base64(struct str s)
{
    struct buf bytes;
    struct buf again;
    buf_init(&bytes, 0);
    buf_init(&again, 0);
    if (text_unbase64(&bytes, s)) {
        text_add_base64(&again, buf_str(&bytes));
        must(str_eq(buf_str(&again), s));
    }
    buf_reset(&bytes);
    if (text_unhex(&bytes, s)) {
        buf_reset(&again);
        text_add_hex(&again, buf_str(&bytes));
        must(str_eq_nocase(buf_str(&again), s));
    }
    buf_fini(&bytes);
    buf_fini(&again);
}

static void addresses_and_times(struct str s)
{
    struct ip ip;
    struct ip again;
    struct ip_net net;
    struct mac mac;
    char text[IP_TEXT_BYTES];
    int64_t us;
    if (ip_parse(s, &ip)) {
        ip_format(&ip, text);
        must(ip_parse(str_c(text), &again) && ip_eq(&ip, &again));
        ip_format_full(&ip, text);
        must(ip_parse(str_c(text), &again) && ip_eq(&ip, &again));
    }
    if (ip_net_parse(s, &net))
        must(ip_net_has(&net, &net.first));
    (void)mac_parse(s, &mac);
    (void)clock_parse(s, &us);
}

static void json(struct str s)
{
    struct buf out;
    struct json j;
    buf_init(&out, 0);
    json_init(&j, &out);
    json_bytes(&j, NULL, s);
    must(!out.failed && out.len >= s.len + 2);
    must(text_is_utf8(buf_str(&out)));
    for (size_t i = 1; i + 1 < out.len; i++) {
        must(out.p[i] >= 0x20 && out.p[i] != '"');
        if (out.p[i] == '\\')
            i++;
    }
    buf_fini(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str s = str_of(data, size);
    base64(s);
    addresses_and_times(s);
    json(s);
    struct str rest = s;
    size_t parts = 0;
    do {
        struct str part = str_split(&rest, ',');
        must(str_find_byte(part, 0, ',') < 0);
        parts++;
    } while (rest.p);
    must(parts <= size + 1);
    return 0;
}
