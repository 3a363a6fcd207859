/* EVE's "rfb", member by member as Suricata 8 writes it. */
#include "engine/app/rfb/message.h"

#include "base/text.h"

#include <stdio.h>

static void log_version(struct json *out, const char *key, const struct rfb_version *v)
{
    if (!v->known)
        return;
    json_object(out, key);
    json_bytes(out, "major", str_of(v->major, RFB_DIGITS));
    json_bytes(out, "minor", str_of(v->minor, RFB_DIGITS));
    json_end_object(out);
}

static void log_secret(struct json *out, const char *key, const uint8_t *secret)
{
    char text[2 * RFB_SECRET_BYTES + 1];
    text_hex(text, str_of(secret, RFB_SECRET_BYTES));
    json_text(out, key, text);
}

static void log_result(struct json *out, uint32_t result)
{
    static const char *const names[RFB_UNKNOWN] = {"OK", "FAIL", "TOOMANY"};
    char text[sizeof "UNKNOWN (4294967295)"];
    snprintf(text, sizeof text, "UNKNOWN (%u)", result);
    json_text(out, "security_result", result < RFB_UNKNOWN ? names[result] : text);
}

static void log_authentication(const struct rfb_tx *rfb, struct json *out)
{
    json_object(out, "authentication");
    if (rfb->has_type)
        json_uint(out, "security_type", rfb->type);
    if (rfb->has_type && rfb->type == RFB_VNC) {
        json_object(out, "vnc");
        if (rfb->has_challenge)
            log_secret(out, "challenge", rfb->challenge);
        if (rfb->has_response)
            log_secret(out, "response", rfb->response);
        json_end_object(out);
    }
    if (rfb->has_result)
        log_result(out, rfb->result);
    json_end_object(out);
}

static void log_screen(const struct rfb_tx *rfb, struct json *out)
{
    static const char *const max[] = {"red_max", "green_max", "blue_max"};
    static const char *const shift[] = {"red_shift", "green_shift", "blue_shift"};
    const struct rfb_pixels *pixels = &rfb->pixels;
    json_object(out, "framebuffer");
    json_uint(out, "width", rfb->width);
    json_uint(out, "height", rfb->height);
    json_bytes(out, "name", str_of(rfb->name.p, rfb->name.len));
    json_object(out, "pixel_format");
    json_uint(out, "bits_per_pixel", pixels->bits);
    json_uint(out, "depth", pixels->depth);
    json_bool(out, "big_endian", pixels->big_endian);
    json_bool(out, "true_color", pixels->true_color);
    for (size_t i = 0; i < ARRAY_COUNT(max); i++)
        json_uint(out, max[i], pixels->max[i]);
    for (size_t i = 0; i < ARRAY_COUNT(shift); i++)
        json_uint(out, shift[i], pixels->shift[i]);
    json_end_object(out);
    json_end_object(out);
}

void rfb_log(const struct tx *tx, const struct app_conf *conf, struct json *out)
{
    const struct rfb_tx *rfb = rfb_tx_of(tx);
    (void)conf;
    log_version(out, "server_protocol_version", &rfb->server);
    log_version(out, "client_protocol_version", &rfb->client);
    log_authentication(rfb, out);
    if (rfb->has_reason)
        json_bytes(out, "server_security_failure_reason", str_of(rfb->reason.p, rfb->reason.len));
    if (rfb->has_shared)
        json_bool(out, "screen_shared", rfb->shared);
    if (rfb->has_screen)
        log_screen(rfb, out);
}
