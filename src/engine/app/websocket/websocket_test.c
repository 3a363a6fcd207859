/* WebSocket: frames, messages in pieces, compressed ones; cut at each byte; with too little memory. */
#include "engine/app/websocket/websocket.h"

#include "engine/app/talk/talk.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* "hello" by permessage-deflate (RFC 7692 section 7.2.3.1 has "Hello") */
#define HELLO "\xf2\x48\xcd\xc9\xc9\x07\x00"
/* the same once more, referring to the first (section 7.2.3.2) */
#define HELLO_AGAIN "\xf2\x00\x11\x00\x00"

static const struct talk_row rows[] = {
    {"a masked text (RFC 6455 section 5.7)",
     {TS("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58")},
     {"0 ts websocket.payload=Hello", "0 ts websocket.mask=939139389", "0 ts websocket.opcode=1",
      "0 ts websocket.flags=128", "0 done ts tc",
      "0 log {\"fin\":true,\"mask\":939139389,\"opcode\":\"text\"}"}},
    {"three pieces with a ping in between",
     {TC("\x01\x03Hel\x89\x02??\x00\x01l\x80\x01o")},
     {"0 tc websocket.payload=Hel", "1 tc websocket.payload=??", "1 tc websocket.opcode=9",
      "3 tc websocket.payload=Hello", "3 tc websocket.opcode=0"}},
    {"compressed, with what came before",
     {TC("\xc1\x07" HELLO "\xc1\x05" HELLO_AGAIN)},
     {"0 tc websocket.payload=Hello", "1 tc websocket.payload=Hello", "1 tc websocket.flags=192"}},
    {"compressed in pieces",
     {TC("\x41\x03\xf2\x48\xcd\x80\x04\xc9\xc9\x07\x00")},
     {"1 tc websocket.payload=Hello"}},
    {"damaged compression stays as it came",
     {TC("\xc1\x03\xff\xff\xff")},
     {"0 tc websocket.payload=\\xff\\xff\\xff", "0 done ts tc"}},
    {"a long length", {TC("\x82\x7e\x00\x02hi")}, {"0 tc websocket.payload=hi"}},
    {"an endless length", {TC("\x82\x7f\xff\xff\xff\xff\xff\xff\xff\xffhi")}, {"!0 done ts tc"}},
    {"a hole in a payload",
     {TC("\x82\x04h"), GAP(DIR_TOCLIENT, 2), TC("i\x81\x01x")},
     {"1 tc websocket.payload=x"}},
    {"a hole elsewhere", {TC("\x82\x01h"), GAP(DIR_TOCLIENT, 2)}, {"failed tc"}},
};

static const struct talk talk = {.parser = &websocket_parser, .server_port = 80};

static const struct talk_suite suites[] = {
    {&talk, TALK_ROWS(rows)},
};

int main(void)
{
    return talk_run(suites, ARRAY_COUNT(suites), NULL, 0);
}
