/* xff: the client that proxies say a request came from (X-Forwarded-For and its like: addresses, each proxy adding the one that it
 * sees at the end). The header is the client's to forge: it stands in records only where the settings ask for it. */
#include "engine/eve/part.h"

#define VALUE_BYTES_MAX 1024 /* of a longer header the address may not be found */

/* "10.1.1.1", "10.1.1.1:4711", "[2001:db8::1]:4711", and no port */
static bool read_address(struct str s, struct ip *out)
{
    s = str_trim(s);
    if (s.len && s.p[0] == '[') {
        ptrdiff_t end = str_find_byte(s, 0, ']');
        return end > 0 && ip_parse(str_cut(s, 1, (size_t)end), out);
    }
    if (ip_parse(s, out))
        return true;
    ptrdiff_t colon = str_find_byte(s, 0, ':');
    return colon > 0 && ip_parse(str_cut(s, 0, (size_t)colon), out);
}

/* Alerts about the stream have no transaction of their own: the oldest of the flow stands for them. */
static const struct tx *tx_of(const struct eve_event *event)
{
    return event->tx || !event->app || event->type != EVE_ALERT ? event->tx : event->app->first;
}

bool part_xff(const struct eve_xff *xff, const struct eve_event *event, struct ip *out)
{
    const struct tx *tx = xff->enabled ? tx_of(event) : NULL;
    const struct app_parser *parser = event->app ? event->app->parser : NULL;
    if (!tx || !parser || !parser->request_header)
        return false;
    uint8_t memory[VALUE_BYTES_MAX];
    struct buf value = buf_fixed(memory, sizeof memory);
    parser->request_header(tx, str_c(xff->header), &value);
    if (value.failed || !value.len)
        return false;
    struct str rest = buf_str(&value), one = str_split(&rest, ',');
    while (!xff->forward && rest.p)
        one = str_split(&rest, ',');
    return read_address(one, out);
}
