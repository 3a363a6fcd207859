/* bencode: the values of BEP 3, read one after the other. False of any function: what stands there is no such value, and the reader
 * is of no more use. */
#ifndef ENGINE_APP_BITTORRENT_DHT_BENCODE_H
#define ENGINE_APP_BITTORRENT_DHT_BENCODE_H

#include "base/attr.h"
#include "base/reader.h"

/* Lists and dictionaries in one another. Messages of the table need four; values that BEP 44 stores may have some more. */
#define BENCODE_DEPTH_MAX 32

/* A dictionary or list that is being read. */
struct bencode_list {
    struct str last; /* key; p NULL: none yet */
    bool done;       /* its end has been read */
};

/* "4:spam" */
NODISCARD bool bencode_string(struct reader *r, struct str *out);
/* "i42e"; one that int64_t cannot hold is refused. */
NODISCARD bool bencode_number(struct reader *r, int64_t *out);
/* Any value; nothing of it is kept. */
NODISCARD bool bencode_skip(struct reader *r);
/* The first byte of a dictionary ('d') or list ('l'). */
NODISCARD bool bencode_open(struct reader *r, uint8_t kind, struct bencode_list *list);
/* The next key, its value stands behind it. At the end list->done. Keys that are not in order are refused. */
NODISCARD bool bencode_key(struct reader *r, struct bencode_list *list, struct str *out);
/* At the end of a list: passes over it, and list->done. */
void bencode_item(struct reader *r, struct bencode_list *list);
/* What the next byte is; 0 at the end. */
uint8_t bencode_peek(const struct reader *r);

#endif
