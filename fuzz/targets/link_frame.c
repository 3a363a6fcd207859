/* Frames and every message of both sides; the first byte chooses the side. */
#include "link/link.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_body(const struct link_frame *f)
{
    union {
        struct link_enrol_start start;
        struct link_enrol_proof proof;
        struct link_enrol_grant grant;
        struct link_hello hello;
        struct link_welcome welcome;
        struct link_ack ack;
        struct link_heartbeat heartbeat;
        struct link_pulse pulse;
        struct link_policy_message policy;
        struct link_refuse refuse;
        uint64_t number;
        const uint8_t *bytes;
    } m;
    switch (f->kind) {
    case LINK_ENROL_START: (void)!link_enrol_start_read(f->body, &m.start); break;
    case LINK_ENROL_PROOF: (void)!link_enrol_proof_read(f->body, &m.proof); break;
    case LINK_ENROL_CONFIRM: (void)!link_enrol_confirm_read(f->body, &m.bytes); break;
    case LINK_ENROL_GRANT: (void)!link_enrol_grant_read(f->body, &m.grant); break;
    case LINK_HELLO: (void)!link_hello_read(f->body, &m.hello); break;
    case LINK_WELCOME: (void)!link_welcome_read(f->body, &m.welcome); break;
    case LINK_ACK: (void)!link_ack_read(f->body, &m.ack); break;
    case LINK_HEARTBEAT: (void)!link_heartbeat_read(f->body, &m.heartbeat); break;
    case LINK_PULSE: (void)!link_pulse_read(f->body, &m.pulse); break;
    case LINK_POLICY: (void)!link_policy_message_read(f->body, &m.policy); break;
    case LINK_POLICY_HAVE: (void)!link_policy_have_read(f->body, &m.number); break;
    case LINK_REFUSE: (void)!link_refuse_read(f->body, &m.refuse); break;
    case LINK_BATCH:
    case LINK_RENEW:
    case LINK_CERTIFICATE:
    case LINK_KINDS: break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct str bytes = str_of(data + 1, size - 1);
    struct link_frame frame;
    size_t used;
    while (link_frame_read(bytes, data[0] & 1 ? LINK_FROM_CENTER : LINK_FROM_BOX, &frame, &used) ==
           LINK_OK) {
        if (used > bytes.len)
            abort();
        read_body(&frame);
        bytes = str_from(bytes, used);
    }
    return 0;
}
