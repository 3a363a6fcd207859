#include "engine/packet/decode.h"
#include "engine/packet/defrag.h"

/* RFC 8200 4.5: a piece that is not the last one has a length of whole 8-byte units, or is thrown away. IPv4 receivers cut
 * such a piece down instead. False: thrown away. */
static bool length_settle(struct decode_run *run, struct packet *p, struct defrag_piece *piece)
{
    if (!piece->more || piece->bytes.len % 8 == 0)
        return true;
    if (p->src.version == 6) {
        packet_event_add(run, p, PACKET_EVENT_IPV6_FRAG_INVALID_LENGTH);
        return false;
    }
    piece->bytes = str_cut(piece->bytes, 0, piece->bytes.len & ~(size_t)7);
    return true;
}

void packet_defrag(struct decode_run *run, struct packet *p, const struct defrag_piece *piece)
{
    struct packet_decoder *d = run->decoder;
    struct defrag_piece settled = *piece;
    enum packet_event event = PACKET_EVENT_NONE;
    if (run->whole_count == DECODE_WHOLE_MAX) {
        packet_event_add(run, p, PACKET_EVENT_TOO_MANY_LAYERS);
        return;
    }
    if (!length_settle(run, p, &settled))
        return;
    uint8_t *whole = d->whole[run->whole_count];
    size_t len = defrag_add(d->defrag, p, &settled, whole, &event);
    d->counts.fragments_timed_out = defrag_timed_out(d->defrag);
    d->counts.fragments_refused = defrag_refused(d->defrag);
    if (event != PACKET_EVENT_NONE)
        packet_event_add(run, p, event);
    if (len == 0)
        return;
    struct packet *inner = packet_inner(run, p, PACKET_DEFRAGMENTED);
    if (!inner)
        return;
    run->whole_count++;
    d->counts.reassembled++;
    packet_ip_decode(run, inner, str_of(whole, len));
}
