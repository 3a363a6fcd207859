#include "engine/app/imap/imap.h"

#define PORT_IMAP 143
#define GREETING_MAX 512

/* RFC 3501 section 7.1: "* OK ...". Elsewhere than on its port the line must say what it is. */
static enum app_probe probe(struct str bytes, enum dir dir, uint16_t server_port)
{
    struct str good = STR_LIT("* OK ");
    if (dir == DIR_TOSERVER) /* a tag may be any word: the server says it */
        return server_port == PORT_IMAP && bytes.len < GREETING_MAX ? APP_PROBE_MORE : APP_PROBE_NO;
    if (bytes.len < good.len)
        return str_starts(good, bytes) ? APP_PROBE_MORE : APP_PROBE_NO;
    if (!str_starts(bytes, good))
        return APP_PROBE_NO;
    if (server_port == PORT_IMAP)
        return APP_PROBE_YES;
    struct str line = str_cut(bytes, 0, GREETING_MAX);
    ptrdiff_t feed = str_find_byte(line, 0, '\n');
    if (str_find_nocase(feed < 0 ? line : str_cut(line, 0, (size_t)feed), 0, STR_LIT("IMAP")) >= 0)
        return APP_PROBE_YES;
    return feed < 0 && bytes.len < GREETING_MAX ? APP_PROBE_MORE : APP_PROBE_NO;
}

static struct app_result data(struct app_flow *af, enum dir dir, const struct app_chunk *chunk)
{
    (void)af, (void)dir;
    return (struct app_result){PARSE_OK, (uint32_t)chunk->bytes.len};
}

const struct app_parser imap_parser = {
    .proto = APP_IMAP,
    .tcp = true,
    .probe = probe,
    .data = data,
    .tx_bytes = sizeof(struct tx),
};
