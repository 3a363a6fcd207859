/* expect: connections that another one has announced: FTP's data connection is told of in the control connection, and nothing
 * in its own bytes says what it is.
 *
 * Way in:    a parser announces (expect_add) between which machines, to which port, in which protocol.
 * Way out:   engine.c asks of each TCP connection that begins to speak (expect_take); what is found is taken out.
 * Memory:    EXPECT_MAX rows, taken at start.
 * Threads:   a table belongs to one worker.
 * Limits:    EXPECT_MAX at a time: then the oldest goes. EXPECT_OWNER_MAX of one connection, so that one chatterer cannot drive
 *            out what others have announced. Each waits EXPECT_WAIT_US. Machines can announce only connections between
 *            themselves: the addresses are those of the flow, not those that its bytes claim.
 */
#ifndef ENGINE_EXPECT_EXPECT_H
#define ENGINE_EXPECT_EXPECT_H

#include "base/attr.h"
#include "base/ip.h"
#include "engine/field/field.h"

#define EXPECT_MAX 512u         /* a search walks over all of them: some microseconds */
#define EXPECT_OWNER_MAX 8u     /* clients announce one or two before they use them */
#define EXPECT_NOTE_MAX 255u    /* a file name as file systems have them */
#define EXPECT_WAIT_US 30000000 /* as Suricata: a connection follows at once or never */

struct expect_note {
    uint32_t word; /* the parser's own */
    uint16_t len;
    uint8_t bytes[EXPECT_NOTE_MAX]; /* cut to what fits */
};

struct expectation {
    uint64_t owner; /* id of the flow that announced it */
    int64_t until_us;
    struct ip a, b; /* the two machines, either of which may begin */
    uint16_t port;  /* that is connected to; 0: the row is free */
    enum app_proto proto;
    struct expect_note note;
};

struct expect_table;

NODISCARD struct expect_table *expect_new(void);
void expect_free(struct expect_table *t);
/* Announces; note.bytes are copied. The same pair and port again: the new one counts. port 0 is ignored. */
void expect_add(struct expect_table *t, const struct expectation *e);
/* What was announced for a connection between which->a and b, to which->port, and takes it out. False: nothing. */
bool expect_take(struct expect_table *t, const struct expectation *which, int64_t now_us,
                 struct expectation *out);

#endif
