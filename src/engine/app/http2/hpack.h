/* hpack: header compression (RFC 7541): one decoder for each direction.
 *
 * The dynamic table lies in the flow's budget. An attacker's bytes refer to long strings again and again: what is copied on
 * account of one connection is limited by what it sent (HPACK_WORK_*), so that a byte never costs more than a fixed number of
 * bytes of copying.
 */
#ifndef ENGINE_APP_HTTP2_HPACK_H
#define ENGINE_APP_HTTP2_HPACK_H

#include "base/reader.h"
#include "base/slab.h"

#define HPACK_TABLE_USUAL 4096u      /* SETTINGS_HEADER_TABLE_SIZE before it is said otherwise */
#define HPACK_TABLE_MAX (64u << 10)  /* a larger one is not kept, whatever the peers agree on */
#define HPACK_ENTRY_COST 32u         /* RFC 7541 section 4.1 */
#define HPACK_STRING_MAX (48u << 10) /* decoded; a longer name or value is an error */
#define HPACK_WORK_FREE (1u << 20)   /* bytes copied in any case */
#define HPACK_WORK_PER_BYTE 1024u    /* and for each byte that came */

struct hpack_entry {
    uint32_t at; /* in `text`; the value follows the name */
    uint16_t name_len, value_len;
};

struct hpack {
    uint8_t *text; /* of all entries, oldest first, with room in front of them */
    uint32_t text_cap, text_at, text_len;
    struct hpack_entry *entries; /* ring of entry_cap */
    uint32_t entry_cap, first, count;
    uint32_t used_bytes; /* as section 4.1 counts them */
    uint32_t max_bytes;  /* as the last size update says */
    uint64_t work_left;
    bool begun, broken; /* broken: a block could not be read; those behind it mean nothing */
};

struct hpack_field {
    struct str name, value;
    uint32_t size_update; /* with is_update: no header, but a new size of the table */
    bool is_update;
};

enum hpack_result { HPACK_FIELD, HPACK_END, HPACK_BAD, HPACK_OVERFLOW, HPACK_TABLE, HPACK_BOMB };

/* Room for strings while one field is decoded. */
struct hpack_room {
    uint8_t name[HPACK_STRING_MAX], value[HPACK_STRING_MAX];
};

void hpack_init(struct hpack *h);
void hpack_fini(struct hpack *h, struct budget *mem);
/* A block of so many bytes begins: they are credited. */
void hpack_credit(struct hpack *h, size_t bytes);
/* Takes so much copying from the credit. False: there is none left. */
bool hpack_work(struct hpack *h, size_t bytes);
/* The next field of a block. Its strings are the room's, the table's or the block's: valid until the next call. HPACK_BAD and
 * what follows it in the enum: the rest of the block, and of the connection, cannot be read. */
enum hpack_result hpack_next(struct hpack *h, struct budget *mem, struct reader *block,
                             struct hpack_room *room, struct hpack_field *out);

/* huffman.c: false when the code is damaged or there is no room. */
bool hpack_huffman(struct str in, uint8_t *out, size_t room, size_t *len);

#endif
