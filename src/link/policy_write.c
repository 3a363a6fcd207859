/* Apart from policy.c because our JSON writer and jansson have names in common. */
#include "base/json.h"
#include "link/link.h"

static void write_mac(struct json *j, const struct mac *mac)
{
    char text[MAC_TEXT_BYTES];
    mac_format(mac, text);
    json_text(j, "mac", text);
}

void link_policy_write(struct buf *out, const struct link_policy *p)
{
    struct json j;
    json_init(&j, out);
    json_object(&j, NULL);
    json_uint(&j, "number", p->number);
    json_text(&j, "gateway", p->gateway);
    json_array(&j, "isolated");
    for (size_t i = 0; i < p->isolated_count; i++) {
        json_object(&j, NULL);
        write_mac(&j, &p->isolated[i].mac);
        json_text(&j, "reason", p->isolated[i].reason);
        json_int(&j, "since_us", p->isolated[i].since_us);
        json_int(&j, "expires_us", p->isolated[i].expires_us);
        json_end_object(&j);
    }
    json_end_array(&j);
    json_array(&j, "released");
    for (size_t i = 0; i < p->released_count; i++) {
        json_object(&j, NULL);
        write_mac(&j, &p->released[i].mac);
        json_int(&j, "at_us", p->released[i].at_us);
        json_end_object(&j);
    }
    json_end_array(&j);
    json_end_object(&j);
}
