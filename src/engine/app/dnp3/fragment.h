/* fragment: what the application layer says, and how to read it. Sections are those of IEEE 1815-2012. */
#ifndef ENGINE_APP_DNP3_FRAGMENT_H
#define ENGINE_APP_DNP3_FRAGMENT_H

#include "base/reader.h"
#include "engine/app/app.h"

#define DNP3_FRAGMENT_MAX 16384 /* stations take 2048; Suricata's limit */
#define DNP3_POINTS_LOGGED 2048 /* a fragment of bits would make a record of a megabyte */

/* Bits of the link's control byte, section 9.2.4.1.3. */
#define DNP3_LINK_DIR 0x80
#define DNP3_LINK_PRIMARY 0x40
#define DNP3_LINK_FCB 0x20
#define DNP3_LINK_FCV 0x10
#define DNP3_LINK_FUNCTION 0x0f

/* Bits of the application's control byte, section 4.2.2.4. */
#define DNP3_APP_FIRST 0x80
#define DNP3_APP_FINAL 0x40
#define DNP3_APP_CONFIRM 0x20
#define DNP3_APP_UNSOLICITED 0x10
#define DNP3_APP_SEQUENCE 0x0f

#define DNP3_CONFIRM 0
#define DNP3_UNSOLICITED_RESPONSE 130

enum dnp3_event {
    DNP3_FLOODED,
    DNP3_LEN_TOO_SMALL,
    DNP3_BAD_LINK_CRC,
    DNP3_BAD_TRANSPORT_CRC,
    DNP3_MALFORMED,
    DNP3_UNKNOWN_OBJECT,
    DNP3_TOO_MANY_POINTS,
    DNP3_TOO_MANY_OBJECTS,
    DNP3_TOO_LONG_REASSEMBLY,
    DNP3_EVENTS
};

struct dnp3_tx {
    struct tx tx; /* first */
    enum dir dir;
    uint16_t src, dst;
    uint8_t control;  /* of the link */
    uint8_t sequence; /* of the transport, of the last frame */
    bool open;        /* more frames follow */
    bool told;        /* there is a fragment to tell of */
    bool whole;       /* all of its objects could be read */
    uint32_t len, cap;
    uint8_t *bytes; /* the fragment, without checksums */
    uint32_t object_count, object_cap;
    uint16_t *objects; /* group << 8 | variation */
};

static inline const struct dnp3_tx *dnp3_tx_of(const struct tx *tx)
{
    return (const struct dnp3_tx *)tx;
}

/* ---- head ---- */

struct dnp3_head {
    uint8_t control, function;
    uint16_t indications; /* first byte high; 0: a request has none */
    struct str objects;
};

/* False: it is too short. */
NODISCARD bool dnp3_read_head(const struct dnp3_tx *dnp3, struct dnp3_head *out);

/* ---- objects, section 4.2.2.7 ---- */

enum dnp3_part_kind {
    DNP3_BITS, /* so many of an octet, the lowest first; several make one */
    DNP3_UINT, /* so many bits, little-endian */
    DNP3_INT,
    DNP3_REAL,
    DNP3_LENGTH, /* a number of 16 bits: length of the next text or blob that has none */
    DNP3_TEXT,   /* of a length told before */
    DNP3_BLOB,
    DNP3_TEXT_REST, /* to the end of a point, whose size stands before it */
    DNP3_BLOB_REST,
};

struct dnp3_part {
    const char *name; /* NULL: the list ends */
    enum dnp3_part_kind kind;
    uint8_t bits;
};

#define DNP3_PART_LISTS 3

struct dnp3_layout {
    uint8_t group, variation;
    uint8_t packed; /* so many bits of an octet are a point; 0: it is of octets */
    const struct dnp3_part *parts[DNP3_PART_LISTS]; /* one list behind the other */
};

/* NULL: nobody knows such an object. */
const struct dnp3_layout *dnp3_layout_find(uint8_t group, uint8_t variation);

struct dnp3_object {
    uint8_t group, variation, qualifier;
    bool strange; /* its qualifier says nothing known: what follows cannot be told apart */
    uint32_t start, stop, count; /* count 0: no points follow */
};

struct dnp3_point {
    uint32_t prefix, index;
    bool sized;       /* the prefix is the size of the point */
    uint8_t bits;     /* of a packed one */
    struct str bytes; /* of any other */
};

/* Walks over the points of an object. */
struct dnp3_points {
    const struct dnp3_object *object;
    const struct dnp3_layout *layout;
    uint32_t next;
    uint32_t prefix; /* of packed ones, which eight have in common */
    uint8_t octet, octet_left;
};

static inline uint8_t dnp3_prefix_code(const struct dnp3_object *o)
{
    return o->qualifier >> 4 & 7;
}
static inline uint8_t dnp3_range_code(const struct dnp3_object *o)
{
    return o->qualifier & 15;
}
/* False at the end; r->bad when the head of an object is cut off. */
NODISCARD bool dnp3_next_object(struct reader *r, struct dnp3_object *out);
/* Do points follow the object's head? Variation 0 asks for any. */
static inline bool dnp3_has_points(const struct dnp3_object *o)
{
    return o->count > 0 && o->variation > 0;
}
/* False at the end, or r->bad: the point is not whole. */
NODISCARD bool dnp3_next_point(struct dnp3_points *p, struct reader *r, struct dnp3_point *out);

/* ---- values of a point ---- */

#define DNP3_LENGTHS_MAX 3

struct dnp3_values {
    struct reader r;
    const struct dnp3_layout *layout;
    uint8_t list, part;
    uint8_t octet, octet_left;
    uint16_t lengths[DNP3_LENGTHS_MAX];
    uint8_t lengths_read, lengths_used;
};

struct dnp3_value {
    const struct dnp3_part *part;
    uint64_t number; /* INT: as two's complement of 64 bits */
    double real;
    struct str bytes;
};

struct dnp3_values dnp3_values_of(const struct dnp3_layout *layout, const struct dnp3_point *point);
/* False at the end; v->r.bad: it is cut off. */
NODISCARD bool dnp3_next_value(struct dnp3_values *v, struct dnp3_value *out);

/* ---- the rest of the room ---- */

extern const struct number_word dnp3_indications[];

#define DNP3_FIELDS 4
extern const struct field_desc dnp3_fields[DNP3_FIELDS];
bool dnp3_log_wants(const struct tx *tx, const struct app_log *log);
void dnp3_log(const struct tx *tx, const struct app_conf *conf, struct json *out);

#endif
