#include "base/reader.h"
#include "link/link.h"

static const char *const refusals[] = {
    [LINK_REFUSE_VERSION] = "gateway and center speak no version of the link in common",
    [LINK_REFUSE_MESSAGE] = "the center did not understand a message",
    [LINK_REFUSE_CODE] = "the claim code is wrong, used or expired, or was tried too often",
    [LINK_REFUSE_BUSY] = "the center has too much to do just now",
    [LINK_REFUSE_REVOKED] = "the gateway's certificate is not valid any more",
    [LINK_REFUSE_FIELD] = "a batch holds a field that may not leave the gateway",
    [LINK_REFUSE_CENTER] = "the center cannot write just now",
};

/* Length in two bytes, then the text, cut to what a message may hold. */
static void add_text(struct buf *out, struct str text)
{
    text = str_cut(text, 0, LINK_TEXT_BYTES_MAX);
    buf_add_u16(out, (uint16_t)text.len);
    buf_add(out, text);
}

static struct str read_text(struct reader *r)
{
    uint16_t len = reader_u16(r);
    if (len > LINK_TEXT_BYTES_MAX)
        r->bad = true;
    return reader_str(r, r->bad ? 0 : len);
}

static bool is_whole(const struct reader *r)
{
    return !r->bad && reader_left(r) == 0;
}

void link_hello_write(struct buf *out, const struct link_hello *m)
{
    size_t begin = link_frame_begin(out, LINK_HELLO);
    buf_add_u32(out, m->version);
    buf_add_u64(out, m->policy_number);
    buf_add_u64(out, (uint64_t)m->wall_us);
    buf_add_u64(out, (uint64_t)m->mono_us);
    add_text(out, m->software);
    link_frame_end(out, begin);
}

/* What a later version adds stands behind the known part and is left alone: the version says what both may rely on. */
bool link_hello_read(struct str body, struct link_hello *m)
{
    struct reader r = reader_of(body);
    m->version = reader_u32(&r);
    m->policy_number = reader_u64(&r);
    m->wall_us = (int64_t)reader_u64(&r);
    m->mono_us = (int64_t)reader_u64(&r);
    m->software = read_text(&r);
    return !r.bad;
}

void link_welcome_write(struct buf *out, const struct link_welcome *m)
{
    size_t begin = link_frame_begin(out, LINK_WELCOME);
    buf_add_u32(out, m->version);
    buf_add_u64(out, (uint64_t)m->wall_us);
    add_text(out, m->gateway);
    link_frame_end(out, begin);
}

bool link_welcome_read(struct str body, struct link_welcome *m)
{
    struct reader r = reader_of(body);
    m->version = reader_u32(&r);
    m->wall_us = (int64_t)reader_u64(&r);
    m->gateway = read_text(&r);
    return !r.bad;
}

void link_ack_write(struct buf *out, const struct link_ack *m)
{
    size_t begin = link_frame_begin(out, LINK_ACK);
    buf_add_u64(out, m->epoch);
    buf_add_u64(out, m->seq);
    link_frame_end(out, begin);
}

bool link_ack_read(struct str body, struct link_ack *m)
{
    struct reader r = reader_of(body);
    m->epoch = reader_u64(&r);
    m->seq = reader_u64(&r);
    return is_whole(&r);
}

void link_heartbeat_write(struct buf *out, const struct link_heartbeat *m)
{
    size_t begin = link_frame_begin(out, LINK_HEARTBEAT);
    buf_add_u64(out, (uint64_t)m->wall_us);
    buf_add_u64(out, (uint64_t)m->mono_us);
    buf_add(out, m->health);
    link_frame_end(out, begin);
}

bool link_heartbeat_read(struct str body, struct link_heartbeat *m)
{
    struct reader r = reader_of(body);
    m->wall_us = (int64_t)reader_u64(&r);
    m->mono_us = (int64_t)reader_u64(&r);
    m->health = reader_rest(&r);
    return is_whole(&r);
}

void link_pulse_write(struct buf *out, const struct link_pulse *m)
{
    size_t begin = link_frame_begin(out, LINK_PULSE);
    buf_add_u64(out, (uint64_t)m->box_wall_us);
    buf_add_u64(out, (uint64_t)m->box_mono_us);
    buf_add_u64(out, (uint64_t)m->center_wall_us);
    link_frame_end(out, begin);
}

bool link_pulse_read(struct str body, struct link_pulse *m)
{
    struct reader r = reader_of(body);
    m->box_wall_us = (int64_t)reader_u64(&r);
    m->box_mono_us = (int64_t)reader_u64(&r);
    m->center_wall_us = (int64_t)reader_u64(&r);
    return is_whole(&r);
}

void link_policy_message_write(struct buf *out, const struct link_policy_message *m)
{
    size_t begin = link_frame_begin(out, LINK_POLICY);
    buf_add_u64(out, m->number);
    buf_add(out, str_of(m->signature, LINK_SIGNATURE_BYTES));
    buf_add(out, m->text);
    link_frame_end(out, begin);
}

bool link_policy_message_read(struct str body, struct link_policy_message *m)
{
    struct reader r = reader_of(body);
    m->number = reader_u64(&r);
    m->signature = reader_str(&r, LINK_SIGNATURE_BYTES).p;
    m->text = reader_rest(&r);
    return is_whole(&r);
}

void link_policy_have_write(struct buf *out, uint64_t number)
{
    size_t begin = link_frame_begin(out, LINK_POLICY_HAVE);
    buf_add_u64(out, number);
    link_frame_end(out, begin);
}

bool link_policy_have_read(struct str body, uint64_t *number)
{
    struct reader r = reader_of(body);
    *number = reader_u64(&r);
    return is_whole(&r);
}

void link_refuse_write(struct buf *out, enum link_refusal reason, const char *text)
{
    size_t begin = link_frame_begin(out, LINK_REFUSE);
    buf_add_u16(out, (uint16_t)reason);
    add_text(out, str_c(text));
    link_frame_end(out, begin);
}

bool link_refuse_read(struct str body, struct link_refuse *m)
{
    struct reader r = reader_of(body);
    m->reason = (enum link_refusal)reader_u16(&r);
    m->text = read_text(&r);
    return is_whole(&r);
}

const char *link_refusal_text(enum link_refusal reason)
{
    size_t i = (size_t)reason;
    return i < ARRAY_COUNT(refusals) && refusals[i] ? refusals[i]
                                                    : "for a reason this program does not know";
}
