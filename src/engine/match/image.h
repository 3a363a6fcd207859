/* image: what a rule set becomes before packets meet it; private to match/.
 *
 * A rule turns into a match_rule: its buffers as arrays of steps, and the looks (packet, stream, transaction) in which it
 * takes part. A buffer with its transforms is a *slot*: rules that ask for the same one share the fetched value. A *scan*
 * is one literal database over one slot (or over payload), whose hits name rules; what has no literal stands in lists that
 * are walked, by port group or by protocol.
 */
#ifndef ENGINE_MATCH_IMAGE_H
#define ENGINE_MATCH_IMAGE_H

#include "base/map.h"
#include "base/vec.h"
#include "engine/match/match.h"

#include <hs/hs.h>

enum match_place { PLACE_FIELD, PLACE_PAYLOAD, PLACE_HEADER, PLACE_BASE64 };

/* One item of a buffer, with what follows from its neighbours. */
struct match_step {
    const struct rule_item *item;
    enum rule_item_kind kind;
    bool retry; /* the next step starts from here: if it fails, a later place may do */
    bool final; /* when it fails, no other place of an earlier step can help */
};

struct match_buffer {
    const struct rule_buffer *source;
    const struct rule_content *fast; /* what the prefilter may look for in it; NULL: nothing */
    const struct match_step *steps;
    uint16_t step_count;
    uint16_t slot;
    enum match_place place;
    bool holds_when_absent;
    const struct match_buffer
        *then; /* base64_data behind this one: asked as the end of its items */
};

#define RULE_BUFFERS_MAX 32 /* bits of a transaction's "matched so far" mask */

/* Bytes that must stand at one place of the packet's payload: tells most packets apart before anything else is asked. */
struct match_peek {
    uint16_t at;
    uint8_t len; /* 0: the rule names no such place */
    uint8_t bytes[5];
};

struct match_rule {
    const struct rule *rule;
    const struct match_buffer *buffers;
    struct match_peek peek; /* of payload, in looks at packets */
    uint8_t buffer_count;
    uint8_t looks;
    bool ip_only; /* header alone: once per flow and direction */
    bool
        protocol_only; /* app-layer-protocol alone: once per direction, when the protocol is known */
    bool by_event;     /* stands in a list of its decode, stream or app event */
    bool has_payload;  /* some buffer is payload */
    bool wants_payload; /* cannot hold on an empty payload */
    bool mixed;         /* transaction and payload together */
    bool at_state; /* a state of the transaction and no field: holds with each look at that state */
    bool packet_too;     /* stream rule with depth or offset: packets are looked at as well */
    bool uses_variables; /* byte_extract across buffers: all are evaluated together */
    bool never; /* cannot be evaluated (too many buffers): counted when the image is built */
};

struct match_slot {
    const struct rule_buffer *source; /* buffer id and transforms */
    const struct field_entry *entry;  /* PLACE_FIELD */
    enum match_place place;
};

struct match_list {
    const uint32_t *rules;
    uint32_t count;
};

/* One literal database. */
struct match_scan {
    hs_database_t *literals;
    uint32_t longest; /* bytes of the longest literal */
    uint32_t pattern_count;
    const uint32_t *first; /* pattern i names rules[first[i] .. first[i + 1]) */
    const uint32_t *rules;
};

/* What rules want of transactions of one protocol in one direction. */
struct match_plan {
    struct match_plan_scan {
        const struct match_scan *scan; /* several slots that often hold the same bytes share one */
        uint32_t slot;
        const struct field_desc *field;
        enum dir dir; /* in which the field is asked for */
        uint8_t ready_at;
        bool growing;        /* a window, or instances still to come: looked at again and again */
        uint16_t grow_index; /* place in tx_match.grown */
    } * scans;
    uint16_t scan_count;
    uint16_t growing_count;
    struct match_list always;    /* no literal */
    const uint8_t *always_ready; /* from which progress on; TX_COMPLETE at the latest */
    const bool *always_growing;
    struct match_list events; /* app-layer-event */
};

/* What a packet must be like so that a rule can hold, asked before its header is: tells most packets apart that are walked for it. */
struct match_walk {
    uint64_t app_mask; /* of the rule */
    uint32_t rule;
    uint16_t bytes_min, bytes_max; /* of payload: dsize */
    uint16_t far_first, far_last;  /* port on the client's side; the group is of the server's */
    struct match_peek peek;
};

struct match_group {
    struct match_list packet;  /* no literal, no payload needed */
    struct match_list syn;     /* the same, but only for packets with SYN */
    struct match_list payload; /* no literal, wants payload */
    struct match_list ip_only;
    struct match_list protocol_only;
    struct match_list stream;                              /* no literal, at the stream */
    const struct match_walk *packet_walks, *payload_walks; /* of the lists with these names */
    uint64_t stream_protos; /* protocols that some stream rule wants; all ones: any */
};

enum match_l4 { MATCH_TCP, MATCH_UDP, MATCH_OTHER, MATCH_L4S };

struct match_port_map {
    const uint16_t *first; /* sorted, [0] == 0 */
    const struct match_group **groups;
    uint32_t count;
};

/* How the payload of a packet is searched: its first bytes, and all of it. NULL: no such literal. */
struct match_near;
struct match_payload {
    const struct match_near *near;
    const struct match_scan *scan;
};

#define MATCH_LANES 7

struct match_dataset;

/* A database by what it was made of. */
struct match_made {
    uint8_t key[MATCH_KEY_BYTES];
    hs_database_t *db;
    struct match_made *next;
};

struct match_image {
    struct arena arena;
    struct arena databases; /* of literals: each a block of its own */
    uint64_t id; /* no two images have the same, also where one lies in another's place */
    struct rule_set *set;
    const struct field_table *fields;
    struct field_mask demand;
    struct match_rule *rules;
    uint32_t count;
    uint32_t *class_of; /* by rule: rules of one class have the same header */
    uint32_t class_count;
    struct match_slot *slots;
    uint32_t slot_count;
    struct match_scan **scans; /* all, for counting, and for scratch that does for each */
    uint32_t scan_count, scan_cap;
    struct match_lane {
        struct match_payload packets[MATCH_L4S][DIR_COUNT];
        struct match_payload
            accepted[DIR_COUNT]; /* TCP packets whose payload the stream has taken in */
        struct match_payload stream[DIR_COUNT];
    } lanes[MATCH_LANES]; /* payload.c; 0: for all that has none of its own */
    struct match_port_map ports[MATCH_L4S][DIR_COUNT];
    uint64_t stream_literal_protos[DIR_COUNT];
    struct match_plan *plans[APP_PROTO_COUNT][DIR_COUNT];
    struct match_list decode_events[256];
    struct match_list stream_events[256];
    struct match_list flow_events; /* app-layer-event outside transactions */
    struct match_askers {
        uint32_t *rules;
        uint32_t count;
    } * bit_askers; /* by flowbit, then by variable of captures: rules of packets that ask whether it is set */
    struct match_dataset **datasets;
    struct match_image_stats stats;
    const struct match_keeper *keeper; /* while it is built; or NULL */
    struct match_made *made;           /* while it is built */
    /* looked up once for filesize, fileext and file hashes */
    uint32_t file_size_field, file_part_field, file_name_field, file_hash_fields[3];
    uint32_t dce_order_field; /* 1: the call's integers are little-endian */
};

/* classes.c: which rules share a header. */
NODISCARD int match_classes_build(struct match_image *image);
/* group.c: port groups and event lists. literal_of: buffer of the rule that a payload scan looks for, or -1. */
NODISCARD int match_groups_build(struct match_image *image, const int8_t *literal_of);
/* Does one of the rule's port sets for the server's side hold the port, in packets of this direction? */
bool match_rule_covers(const struct rule *r, enum dir dir, uint16_t port);
/* payload.c: scans of packets and streams. Fills literal_of, which has room for each rule. */
NODISCARD int match_payload_build(struct match_image *image, int8_t *literal_of, struct err *err);
/* plan.c: transactions. */
NODISCARD int match_plans_build(struct match_image *image, struct err *err);
/* image.c: takes a built scan (or NULL) into the image, so that it is counted. */
NODISCARD int match_image_add_scan(struct match_image *image, struct match_scan *scan);
const struct match_group *match_group_find(const struct match_image *image, enum match_l4 l4,
                                           enum dir dir, uint16_t port);

static inline enum match_l4 match_l4_of(enum packet_l4 l4)
{
    return l4 == PACKET_L4_TCP ? MATCH_TCP : l4 == PACKET_L4_UDP ? MATCH_UDP : MATCH_OTHER;
}

/* Direction in which a rule of transactions asks for a field: its own, or the other where the protocol has it only there. */
static inline enum dir match_field_dir(const struct field_desc *field, enum dir dir)
{
    return field->dirs & DIR_BIT(dir) ? dir : dir_other(dir);
}

/* The field that a check asks for, or FIELD_NONE. */
static inline uint32_t match_check_field(const struct match_image *image,
                                         const struct rule_check *c)
{
    if (rule_check_has_field(c))
        return c->field;
    if (c->kind == RULE_CHECK_FILESIZE)
        return image->file_size_field;
    if (c->kind == RULE_CHECK_FILEEXT || c->kind == RULE_CHECK_FILE)
        return image->file_name_field;
    if (c->kind == RULE_CHECK_FILEHASH)
        return image->file_hash_fields[c->hash_bytes == 16 ? 0 : c->hash_bytes == 20 ? 1 : 2];
    return FIELD_NONE;
}

/* Checks whose answer may come with each further file of a transaction. */
static inline bool match_check_grows(const struct rule_check *c)
{
    return c->kind == RULE_CHECK_FILE || c->kind == RULE_CHECK_FILESIZE ||
           c->kind == RULE_CHECK_FILEEXT || c->kind == RULE_CHECK_FILEHASH || c->changing;
}

/* The same of a buffer, which may name its side. */
static inline enum dir match_buffer_dir(const struct rule_buffer *buffer,
                                        const struct field_desc *field, enum dir dir)
{
    return buffer->side ? (enum dir)(buffer->side - 1) : match_field_dir(field, dir);
}

static inline bool match_field_growing(const struct field_desc *field, enum dir dir)
{
    return field->kind == FIELD_WINDOW || (field->multi && field->ready_at[dir] < TX_COMPLETE);
}

#endif
