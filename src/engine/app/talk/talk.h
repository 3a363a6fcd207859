/* talk: for tests and fuzz targets: plays a conversation to one parser, as engine.c would, cut as the test likes, and writes down
 * everything that can be asked of it, one line each:
 *
 *   0 ts http.uri=/index.html     transaction, direction, field and value
 *   0 event missing_host_header
 *   0 file tc /index.html 5 closed
 *   0 log {"hostname":...}
 *   0 done ts tc                  directions that are complete
 *   frame tc response 0+45 HTTP/1.1 ...   kind, offset, length and bytes of each that the parser tells
 *   failed tc, change websocket, flow event unknown_error
 *
 * How to use. A parser's test is its table of rows and its table of probes; all that is asked of every parser stands in check.c:
 *
 *   static const struct talk_row rows[] = {
 *       {"a question", {TS("..."), TC("...")}, {"0 ts ntp.mode=3", "!0 event malformed_data"}}};
 *   static const struct talk_probe probes[] = {{"own port", TS("..."), 123, APP_PROBE_YES}};
 *   static const struct talk talk = {.parser = &ntp_parser, .server_port = 123, .udp = true};
 *   static const struct talk_suite suites[] = {{&talk, TALK_ROWS(rows), TALK_PROBES(probes)}};
 *
 *   int main(void)
 *   {
 *       return talk_run(suites, ARRAY_COUNT(suites), NULL, 0);
 *   }
 *
 * A parser of two transports has two suites, tests beside them are cmocka's and the last two arguments. In meson.build a test
 * names app_talk beside its own sources, a fuzz target app_play.
 *
 * Memory:    the caller's buf; all else is gone afterwards. It aborts when a budget does not come back to nothing.
 */
#ifndef ENGINE_APP_TALK_TALK_H
#define ENGINE_APP_TALK_TALK_H

#include "engine/app/app.h"

struct talk_piece {
    enum dir dir;
    struct str bytes;
    uint32_t gap; /* > 0: so many bytes are missing here, bytes is empty */
    bool look;    /* match/ looks afterwards: windows slide */
};

#define TS(text)                                                                   \
    {                                                                              \
        .dir = DIR_TOSERVER, .bytes = {(const uint8_t *)(text), sizeof(text) - 1 } \
    }
#define TC(text)                                                                   \
    {                                                                              \
        .dir = DIR_TOCLIENT, .bytes = {(const uint8_t *)(text), sizeof(text) - 1 } \
    }
#define GAP(to, missing)            \
    {                               \
        .dir = (to), .gap = missing \
    }

struct talk {
    const struct app_parser *parser;
    const struct app_parser
        *fields_of; /* the row that tells the fields of several rows; NULL: the parser's own */
    const struct app_conf *conf; /* NULL: defaults, of the event log too */
    uint16_t server_port;
    bool udp; /* each piece is a datagram, and is not cut */
    bool
        inspect; /* match/ looks after each piece, and windows are written down with their offsets */
    uint32_t memory_limit_bytes; /* 0: plenty */
    uint32_t values_max;         /* of a field of many values; 0: all */
    const char
        *cut_event; /* an event that depends on how pieces are cut, and is left out; NULL: none */
};

/* Where pieces come in two parts: one piece at an offset (0: none), or each in its middle. */
struct talk_cut {
    size_t piece, at;
    bool halves;
};

#define TALK_PIECES_MAX 8
#define TALK_WANT_MAX 20

/* `want`: lines that must be seen; one that begins with "!" must not. */
struct talk_row {
    const char *name;
    struct talk_piece pieces[TALK_PIECES_MAX];
    const char *want[TALK_WANT_MAX];
};

/* Input in its direction; the port is the server's. */
struct talk_probe {
    const char *name;
    struct talk_piece input;
    uint16_t server_port;
    enum app_probe want;
};

/* All that is asked of one row of functions. A parser that has no probe has no probes. */
struct talk_suite {
    const struct talk *talk;
    const struct talk_row *rows;
    size_t row_count;
    const struct talk_probe *probes;
    size_t probe_count;
};

#define TALK_ROWS(table) .rows = (table), .row_count = ARRAY_COUNT(table)
#define TALK_PROBES(table) .probes = (table), .probe_count = ARRAY_COUNT(table)

struct CMUnitTest;

/* Runs, of each suite:
 *   rows    what is wanted is seen
 *   cuts    each piece of a stream cut at each of its bytes gives the same
 *   damage  each piece ended, followed by a hole, or changed at each of its bytes: nothing crashes, all memory comes back
 *   memory  the same where memory ends at any allocation
 *   probes  the table holds; of a stream, no beginning of what is taken for the protocol is refused
 * and then the tests `more` (may be NULL). Returns what main() returns. */
int talk_run(const struct talk_suite *suites, size_t count, const struct CMUnitTest *more,
             size_t more_count);

/* Appends what was seen. */
void talk_play(const struct talk *talk, const struct talk_piece *pieces, size_t count,
               struct talk_cut cut, struct buf *seen);
/* True when `line` is a whole line of seen. */
bool talk_has(const struct buf *seen, const char *line);

#endif
