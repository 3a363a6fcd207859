#include "engine/app/ike/message.h"

bool ike_read_head(struct reader *r, struct ike_head *out)
{
    struct str init = reader_str(r, IKE_SPI_BYTES), resp = reader_str(r, IKE_SPI_BYTES);
    out->next = reader_u8(r);
    uint8_t version = reader_u8(r);
    out->major = version >> 4;
    out->minor = version & 15;
    out->exchange = reader_u8(r);
    out->flags = reader_u8(r);
    out->message_id = reader_u32(r);
    out->len = reader_u32(r);
    if (r->bad)
        return false;
    memcpy(out->init_spi, init.p, IKE_SPI_BYTES);
    memcpy(out->resp_spi, resp.p, IKE_SPI_BYTES);
    return true;
}

bool ike_attribute(const struct ike_tx *tx, uint16_t type, uint64_t *out)
{
    for (uint32_t i = 0; i < tx->attribute_count; i++)
        if (tx->attributes[i].type == type) {
            *out = tx->attributes[i].value;
            return true;
        }
    return false;
}

/* RFC 2408 section 3.2, RFC 7296 section 3.2: the head that all payloads have. False: nothing more can be read. */
struct payload {
    uint8_t type, next;
    struct str body;
};

static bool next_payload(struct reader *r, uint8_t type, struct payload *out)
{
    out->type = type;
    out->next = reader_u8(r);
    reader_skip(r, 1);
    uint16_t len = reader_u16(r);
    if (r->bad || len < 4)
        return false;
    out->body = reader_str(r, len - 4u);
    return !r->bad;
}

static struct reader payloads_of(const struct ike_tx *tx)
{
    struct reader r = reader_of(str_of(tx->block, tx->head.len));
    reader_skip(&r, IKE_HEAD_BYTES);
    return r;
}

static void list_payload(struct ike_tx *tx, uint8_t type)
{
    if (tx->payload_count < IKE_PAYLOADS_MAX)
        tx->payloads[tx->payload_count++] = type;
}

static void list_once(struct ike_tx *tx, uint8_t type)
{
    for (uint32_t i = 0; i < tx->payload_count; i++)
        if (tx->payloads[i] == type)
            return;
    list_payload(tx, type);
}

static void add_attribute(struct ike_tx *tx, uint16_t type, uint64_t value)
{
    if (tx->attribute_count < IKE_ATTRIBUTES_MAX)
        tx->attributes[tx->attribute_count++] =
            (struct ike_attribute){.type = type, .value = value, .transform = tx->transform_count};
}

static void add_vendor(struct ike_tx *tx, struct str id)
{
    if (tx->vendor_count < IKE_VENDORS_MAX)
        tx->vendors[tx->vendor_count++] = id;
}

/* A proposal, in both versions: its number, protocol, SPI, count of transforms, and then these. */
static bool next_proposal(struct reader *r, struct reader *transforms, uint8_t *count)
{
    struct payload p;
    if (!reader_left(r) || !next_payload(r, 0, &p))
        return false;
    *transforms = reader_of(p.body);
    reader_skip(transforms, 2);
    uint8_t spi_len = reader_u8(transforms);
    *count = reader_u8(transforms);
    reader_skip(transforms, spi_len);
    return !transforms->bad;
}

/* ---- version 1 ---- */

enum { P1_SA = 1, P1_PROPOSAL, P1_TRANSFORM, P1_KEY = 4, P1_NONCE = 10, P1_VENDOR = 13 };

/* RFC 2408 section 3.3. Of one that stands twice in a transform the first counts. */
static void read_attributes(struct ike_tx *tx, struct reader r)
{
    uint32_t begin = tx->attribute_count;
    while (!r.bad && reader_left(&r) >= 4) {
        uint16_t type = reader_u16(&r);
        uint64_t value = reader_u16(&r);
        if (!(type & 0x8000)) {
            struct str bytes = reader_str(&r, (size_t)value);
            if (r.bad || bytes.len > 8)
                continue;
            value = 0;
            for (size_t i = 0; i < bytes.len; i++)
                value = value << 8 | bytes.p[i];
        }
        bool known = false;
        for (uint32_t i = begin; i < tx->attribute_count; i++)
            known = known || tx->attributes[i].type == (type & 0x7fff);
        if (!known)
            add_attribute(tx, type & 0x7fff, value);
    }
}

static bool read_transforms(struct ike_tx *tx, struct reader r)
{
    struct payload p;
    while (reader_left(&r)) {
        if (!next_payload(&r, P1_TRANSFORM, &p))
            return false;
        struct reader attributes = reader_of(p.body);
        reader_skip(&attributes, 4);
        if (attributes.bad)
            return false;
        list_once(tx, P1_TRANSFORM);
        read_attributes(tx, attributes);
        if (tx->transform_count < IKE_TRANSFORMS_MAX)
            tx->transform_count++;
    }
    return true;
}

static bool read_sa_1(struct ike_tx *tx, struct ike_state *st, struct str body)
{
    struct reader r = reader_of(body), transforms;
    uint8_t count;
    uint32_t doi = reader_u32(&r);
    if (r.bad)
        return false;
    st->doi = doi;
    st->has_doi = true;
    reader_skip(&r, 4); /* the situation, of the IPsec DOI */
    while (next_proposal(&r, &transforms, &count)) {
        list_once(tx, P1_PROPOSAL);
        if (!read_transforms(tx, transforms))
            return false;
    }
    return !r.bad;
}

static void remember(struct app_flow *af, uint8_t **kept, uint32_t *kept_len, struct str bytes)
{
    budget_give(af->mem, *kept, *kept_len);
    *kept_len = 0;
    *kept = bytes.len && bytes.len <= IKE_KEY_BYTES_MAX ? budget_alloc(af->mem, bytes.len) : NULL;
    if (!*kept)
        return;
    memcpy(*kept, bytes.p, bytes.len);
    *kept_len = (uint32_t)bytes.len;
}

static bool take_1(struct app_flow *af, struct ike_tx *tx, enum dir dir, const struct payload *p)
{
    struct ike_state *st = af->state;
    switch (p->type) {
    case P1_SA:
        /* negotiations begin anew */
        remember(af, &st->key[dir], &st->key_len[dir], STR_EMPTY);
        remember(af, &st->nonce[dir], &st->nonce_len[dir], STR_EMPTY);
        return read_sa_1(tx, st, p->body);
    case P1_KEY:
        tx->own.key = p->body;
        tx->has_own_key = true;
        remember(af, &st->key[dir], &st->key_len[dir], p->body);
        return true;
    case P1_NONCE:
        tx->own.nonce = p->body;
        tx->has_own_nonce = true;
        remember(af, &st->nonce[dir], &st->nonce_len[dir], p->body);
        return true;
    case P1_VENDOR: add_vendor(tx, p->body); return true;
    default: return true;
    }
}

static void choose(struct ike_state *st, const struct ike_tx *tx)
{
    st->chosen.count = 0;
    for (uint32_t i = 0; i < tx->attribute_count && st->chosen.count < IKE_CHOSEN_MAX; i++)
        if (!tx->attributes[i].transform)
            st->chosen.list[st->chosen.count++] = tx->attributes[i];
}

/* The keys that the flow knows by now, copied behind the message: they may be others when the record is written. */
static void keep_keys(struct app_flow *af, struct ike_tx *tx)
{
    const struct ike_state *st = af->state;
    uint32_t len = tx->head.len, at = len;
    for (enum dir d = 0; d < DIR_COUNT; d++)
        len += st->key_len[d] + st->nonce_len[d];
    if (len == tx->head.len)
        return;
    uint8_t *block = budget_alloc(af->mem, len);
    if (!block)
        return;
    memcpy(block, tx->block, tx->head.len);
    for (enum dir d = 0; d < DIR_COUNT; d++) {
        tx->keys[d].key = str_of(block + at, st->key_len[d]);
        if (st->key_len[d])
            memcpy(block + at, st->key[d], st->key_len[d]);
        at += st->key_len[d];
        tx->keys[d].nonce = str_of(block + at, st->nonce_len[d]);
        if (st->nonce_len[d])
            memcpy(block + at, st->nonce[d], st->nonce_len[d]);
        at += st->nonce_len[d];
    }
    tx->own.key.p = tx->own.key.p ? block + (tx->own.key.p - tx->block) : NULL;
    tx->own.nonce.p = tx->own.nonce.p ? block + (tx->own.nonce.p - tx->block) : NULL;
    for (uint32_t i = 0; i < tx->vendor_count; i++)
        tx->vendors[i].p = block + (tx->vendors[i].p - tx->block);
    budget_give(af->mem, tx->block, tx->block_len);
    tx->block = block;
    tx->block_len = len;
}

void ike_read_1(struct app_flow *af, struct ike_tx *tx, enum dir dir)
{
    struct ike_state *st = af->state;
    struct reader r = payloads_of(tx);
    struct payload p;
    bool encrypted = tx->head.flags & IKE1_ENCRYPTED;
    if (encrypted && tx->head.next)
        list_payload(tx, tx->head.next);
    for (uint8_t type = tx->head.next; type && !encrypted; type = p.next) {
        list_once(tx, type);
        if (!next_payload(&r, type, &p) || !take_1(af, tx, dir, &p)) {
            app_event(af, &tx->tx, IKE_MALFORMED_DATA);
            break;
        }
    }
    if (dir == DIR_TOCLIENT && tx->attribute_count)
        choose(st, tx);
    if (dir == DIR_TOCLIENT && tx->transform_count > 1)
        app_event(af, &tx->tx, IKE_MULTIPLE_SERVER_PROPOSAL);
    tx->chosen = st->chosen;
    tx->doi = st->doi;
    tx->has_doi = st->has_doi;
    if (!encrypted)
        keep_keys(af, tx);
}

/* ---- version 2 ---- */

enum { P2_SA = 33, P2_NOTIFY = 41, P2_VENDOR = 43, P2_ENCRYPTED = 46 };
#define NOTIFY_STATUS 16384 /* from here on no errors, RFC 7296 section 3.10.1 */

/* RFC 8221, RFC 8247: what must not be used any more. */
static bool is_weak(enum ike2_type type, uint16_t number)
{
    switch (type) {
    case IKE2_ENC: return (number >= 1 && number <= 9) || number == 11;
    case IKE2_PRF: return number == 1 || number == 2;
    case IKE2_AUTH: return number >= 1 && number <= 7;
    case IKE2_DH: return number == 1 || number == 2 || number == 5 || number == 22;
    case IKE2_ESN:
    case IKE2_TYPES: return false;
    }
    return false;
}

/* Ciphers that need no further integrity algorithm (RFC 5282, RFC 7634, RFC 5529). */
static bool is_aead(uint16_t enc)
{
    return (enc >= 14 && enc <= 16) || (enc >= 18 && enc <= 21) || (enc >= 25 && enc <= 28);
}

static void judge(struct app_flow *af, struct ike_tx *tx, enum ike2_type type, uint16_t number)
{
    static const uint8_t weak[IKE2_TYPES] = {[IKE2_ENC] = IKE_WEAK_ENC,
                                             [IKE2_PRF] = IKE_WEAK_PRF,
                                             [IKE2_AUTH] = IKE_WEAK_AUTH,
                                             [IKE2_DH] = IKE_WEAK_DH};
    if (is_weak(type, number))
        app_event(af, &tx->tx, weak[type]);
    if (number == 0 && (type == IKE2_PRF || type == IKE2_DH))
        app_event(af, &tx->tx, IKE_INVALID_PROPOSAL);
}

struct offer {
    bool aead, auth, dh;
};

static void take_transform(struct app_flow *af, struct ike_tx *tx, struct offer *offer,
                           struct str body)
{
    struct reader r = reader_of(body);
    uint8_t type = reader_u8(&r);
    reader_skip(&r, 1);
    uint16_t number = reader_u16(&r);
    if (r.bad || type < IKE2_ENC || type >= IKE2_TYPES) {
        app_event(af, &tx->tx, IKE_UNKNOWN_PROPOSAL);
        return;
    }
    offer->aead = offer->aead || (type == IKE2_ENC && is_aead(number));
    offer->auth = offer->auth || (type == IKE2_AUTH && number);
    offer->dh = offer->dh || type == IKE2_DH;
    judge(af, tx, (enum ike2_type)type, number);
    add_attribute(tx, type, number);
}

static void read_proposal_2(struct app_flow *af, struct ike_tx *tx, struct reader r)
{
    struct offer offer = {0};
    struct payload p;
    while (reader_left(&r) && next_payload(&r, 0, &p))
        take_transform(af, tx, &offer, p.body);
    if (!offer.auth && !offer.aead)
        app_event(af, &tx->tx, IKE_NO_AUTH);
    if (!offer.dh)
        app_event(af, &tx->tx, IKE_NO_DH);
    if (tx->transform_count < IKE_TRANSFORMS_MAX)
        tx->transform_count++;
}

static void read_sa_2(struct app_flow *af, struct ike_tx *tx, enum dir dir, struct str body)
{
    struct ike_state *st = af->state;
    struct reader r = reader_of(body), transforms;
    uint8_t count;
    while (next_proposal(&r, &transforms, &count))
        read_proposal_2(af, tx, transforms);
    if (dir != DIR_TOCLIENT)
        return;
    for (uint32_t i = 0; i < tx->attribute_count; i++)
        st->algorithms[tx->attributes[i].type] = (uint16_t)tx->attributes[i].value;
    if (tx->transform_count > 1)
        app_event(af, &tx->tx, IKE_MULTIPLE_SERVER_PROPOSAL);
}

static void read_notify(struct ike_tx *tx, struct str body)
{
    struct reader r = reader_of(body);
    reader_skip(&r, 2);
    uint16_t type = reader_u16(&r);
    if (r.bad)
        return;
    tx->errors += type < NOTIFY_STATUS;
    if (tx->notify_count < IKE_NOTIFY_MAX)
        tx->notify[tx->notify_count++] = type;
}

/* Is every payload whole, and nothing behind the last one? */
static bool chain_is_whole(const struct ike_tx *tx)
{
    struct reader r = payloads_of(tx);
    struct payload p;
    for (uint8_t type = tx->head.next; type; type = p.next)
        if (!next_payload(&r, type, &p))
            return false;
        else if (type == P2_ENCRYPTED) /* what it names next is inside of it */
            return true;
    return !reader_left(&r);
}

void ike_read_2(struct app_flow *af, struct ike_tx *tx, enum dir dir)
{
    const struct ike_state *st = af->state;
    struct reader r = payloads_of(tx);
    struct payload p = {0};
    if (!chain_is_whole(tx)) {
        app_event(af, &tx->tx, IKE_MALFORMED_DATA);
    } else {
        uint8_t type = tx->head.next;
        list_payload(tx, type);
        while (type && next_payload(&r, type, &p)) {
            if (type == P2_SA)
                read_sa_2(af, tx, dir, p.body);
            else if (type == P2_NOTIFY)
                read_notify(tx, p.body);
            type = type == P2_ENCRYPTED ? 0 : p.next;
            list_payload(tx, p.next);
        }
    }
    memcpy(tx->algorithms, st->algorithms, sizeof tx->algorithms);
}
