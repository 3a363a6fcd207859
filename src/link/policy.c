#include "link/link.h"

#include "base/text.h"

#include <jansson.h>
#include <openssl/evp.h>
#include <stdio.h>

/* Number and purpose are signed with the text: a signature of one number, or of something else, fits no other. */
static void signed_text(struct buf *out, uint64_t number, struct str text)
{
    buf_init(out, 0);
    buf_add_c(out, "otasuke policy 1");
    buf_add_u64(out, number);
    buf_add(out, text);
}

static int raw_keys(EVP_PKEY *key, uint8_t *secret, uint8_t *public_key)
{
    size_t len = LINK_KEY_BYTES;
    if (!key)
        return -1;
    if (secret && EVP_PKEY_get_raw_private_key(key, secret, &len) != 1)
        return -1;
    len = LINK_KEY_BYTES;
    return EVP_PKEY_get_raw_public_key(key, public_key, &len) == 1 ? 0 : -1;
}

int link_policy_key_new(uint8_t secret[LINK_KEY_BYTES], uint8_t public_key[LINK_KEY_BYTES])
{
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    int result = raw_keys(key, secret, public_key);
    EVP_PKEY_free(key);
    return result;
}

int link_policy_public(const uint8_t secret[LINK_KEY_BYTES], uint8_t public_key[LINK_KEY_BYTES])
{
    EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, secret, LINK_KEY_BYTES);
    int result = raw_keys(key, NULL, public_key);
    EVP_PKEY_free(key);
    return result;
}

int link_policy_sign(const uint8_t secret[LINK_KEY_BYTES], uint64_t number, struct str text,
                     uint8_t signature[LINK_SIGNATURE_BYTES])
{
    struct buf message;
    size_t len = LINK_SIGNATURE_BYTES;
    int result = -1;
    signed_text(&message, number, text);
    EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, secret, LINK_KEY_BYTES);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (!key || !context || message.failed)
        goto out;
    if (EVP_DigestSignInit(context, NULL, NULL, NULL, key) != 1)
        goto out;
    if (EVP_DigestSign(context, signature, &len, message.p, message.len) == 1)
        result = 0;
out:
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
    buf_fini(&message);
    return result;
}

bool link_policy_verify(const uint8_t public_key[LINK_KEY_BYTES],
                        const struct link_policy_message *m)
{
    struct buf message;
    bool good = false;
    signed_text(&message, m->number, m->text);
    EVP_PKEY *key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, public_key, LINK_KEY_BYTES);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (key && context && !message.failed &&
        EVP_DigestVerifyInit(context, NULL, NULL, NULL, key) == 1)
        good = EVP_DigestVerify(context, m->signature, LINK_SIGNATURE_BYTES, message.p,
                                message.len) == 1;
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
    buf_fini(&message);
    return good;
}

/* Absent and null are 0. */
static bool read_time(const json_t *row, const char *key, int64_t *out)
{
    const json_t *value = json_object_get(row, key);
    *out = json_integer_value(value);
    return (!value || json_is_null(value) || json_is_integer(value)) && *out >= 0;
}

static bool read_mac(const json_t *row, struct mac *mac)
{
    const char *text = json_string_value(json_object_get(row, "mac"));
    return text && mac_parse(str_c(text), mac);
}

/* Cut to what there is room for, between characters. */
static void read_reason(const json_t *row, char out[LINK_REASON_BYTES])
{
    const char *reason = json_string_value(json_object_get(row, "reason"));
    struct str s = str_cut(str_c(reason ? reason : ""), 0, LINK_REASON_BYTES - 1);
    while (!text_is_utf8(s))
        s.len--;
    snprintf(out, LINK_REASON_BYTES, "%.*s", (int)s.len, (const char *)s.p);
}

static bool read_isolation(const json_t *row, struct link_isolation *out)
{
    read_reason(row, out->reason);
    return read_mac(row, &out->mac) && read_time(row, "since_us", &out->since_us) &&
           read_time(row, "expires_us", &out->expires_us);
}

static bool read_lists(const json_t *root, struct link_policy *p)
{
    const json_t *isolated = json_object_get(root, "isolated");
    const json_t *released = json_object_get(root, "released");
    p->isolated_count = json_array_size(isolated);
    p->released_count = json_array_size(released);
    if (!json_is_array(isolated) || (released && !json_is_array(released)))
        return false;
    if (p->isolated_count > LINK_ISOLATED_MAX || p->released_count > LINK_RELEASED_MAX)
        return false;
    for (size_t i = 0; i < p->isolated_count; i++) {
        if (!read_isolation(json_array_get(isolated, i), &p->isolated[i]))
            return false;
    }
    for (size_t i = 0; i < p->released_count; i++) {
        const json_t *row = json_array_get(released, i);
        if (!read_mac(row, &p->released[i].mac) || !read_time(row, "at_us", &p->released[i].at_us))
            return false;
    }
    return true;
}

static bool read_policy(const json_t *root, struct link_policy *p)
{
    const json_t *number = json_object_get(root, "number");
    const char *gateway = json_string_value(json_object_get(root, "gateway"));
    if (!json_is_integer(number) || json_integer_value(number) < 0)
        return false;
    if (!gateway || strlen(gateway) >= sizeof(p->gateway))
        return false;
    p->number = (uint64_t)json_integer_value(number);
    memcpy(p->gateway, gateway, strlen(gateway) + 1);
    return read_lists(root, p);
}

/* Only called on text whose signature is good (or on our own file), so jansson's own limits are enough here. */
bool link_policy_read(struct str text, struct link_policy *p)
{
    if (text.len > LINK_POLICY_BYTES_MAX)
        return false;
    json_t *root = json_loadb((const char *)text.p, text.len, JSON_REJECT_DUPLICATES, NULL);
    bool good = root && read_policy(root, p);
    json_decref(root);
    return good;
}
