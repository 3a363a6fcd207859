#include "center/uplink/ca.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/hash.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <time.h>

#define DAY_S 86400
#define CA_LIFE_S (20L * 365 * DAY_S)
#define SERVER_LIFE_S (397L * DAY_S)
#define BACKDATE_S 3600 /* clocks differ a little */
#define FILE_BYTES_MAX (64u << 10)

/* ---- certificates ---- */

/* 127 random bits, positive and never zero (RFC 5280 4.1.2.2; CA/B asks for 64 unpredictable ones). */
static bool set_serial(X509 *certificate)
{
    uint8_t bytes[16];
    hash_random(bytes, sizeof(bytes));
    bytes[0] = (uint8_t)((bytes[0] & 0x7F) | 0x40);
    BIGNUM *number = BN_bin2bn(bytes, sizeof(bytes), NULL);
    bool good = number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate));
    BN_free(number);
    return good;
}

bool ca_serial(const X509 *certificate, char out[CA_SERIAL_BYTES])
{
    BIGNUM *number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), NULL);
    char *hex = number ? BN_bn2hex(number) : NULL;
    bool good = false;
    if (hex && hex[0] != '-') {
        const char *digits = hex + strspn(hex, "0");
        size_t len = strlen(digits);
        good = len > 0 && len < CA_SERIAL_BYTES;
        for (size_t i = 0; good && i <= len; i++)
            out[i] = (char)(digits[i] >= 'A' && digits[i] <= 'F' ? digits[i] + 32 : digits[i]);
    }
    OPENSSL_free(hex);
    BN_free(number);
    return good;
}

static bool add_extension(X509 *certificate, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    bool good = extension && X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
    return good;
}

struct extension {
    int nid;
    const char *value;
};

struct wish {
    const char *name; /* CN */
    int64_t life_s;
    const struct extension *extensions;
    size_t extension_count;
};

/* issuer NULL: signed by itself. */
static X509 *make_certificate(EVP_PKEY *key, const struct wish *wish, X509 *issuer,
                              EVP_PKEY *issuer_key)
{
    X509 *c = X509_new();
    if (!c || !X509_set_version(c, 2) || !set_serial(c) || !X509_set_pubkey(c, key))
        goto failed;
    X509_NAME *name = X509_get_subject_name(c);
    if (!X509_NAME_add_entry_by_txt(name, "O", MBSTRING_UTF8, (const unsigned char *)"Otasuke", -1,
                                    -1, 0) ||
        !X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)wish->name,
                                    -1, -1, 0) ||
        !X509_set_issuer_name(c, issuer ? X509_get_subject_name(issuer) : name))
        goto failed;
    if (!X509_gmtime_adj(X509_getm_notBefore(c), -BACKDATE_S) ||
        !X509_gmtime_adj(X509_getm_notAfter(c), (long)wish->life_s))
        goto failed;
    for (size_t i = 0; i < wish->extension_count; i++) {
        if (!add_extension(c, issuer ? issuer : c, wish->extensions[i].nid,
                           wish->extensions[i].value))
            goto failed;
    }
    if (X509_sign(c, issuer_key, EVP_sha256()) > 0)
        return c;
failed:
    X509_free(c);
    ERR_clear_error();
    return NULL;
}

static const struct extension ca_extensions[] = {
    {NID_basic_constraints, "critical,CA:TRUE,pathlen:0"},
    {NID_key_usage, "critical,keyCertSign,cRLSign"},
    {NID_subject_key_identifier, "hash"},
};

static const struct extension server_extensions[] = {
    {NID_basic_constraints, "critical,CA:FALSE"},
    {NID_key_usage, "critical,digitalSignature"},
    {NID_ext_key_usage, "serverAuth"},
    {NID_subject_alt_name, "DNS:" LINK_CENTER_NAME},
    {NID_authority_key_identifier, "keyid:always"},
};

static const struct extension gateway_extensions[] = {
    {NID_basic_constraints, "critical,CA:FALSE"},
    {NID_key_usage, "critical,digitalSignature"},
    {NID_ext_key_usage, "clientAuth"},
    {NID_authority_key_identifier, "keyid:always"},
};

/* ---- files ---- */

static bool exists(const char *path)
{
    FILE *f = fopen(path, "re");
    if (f)
        fclose(f);
    return f != NULL;
}

static int store_pem(const char *path, EVP_PKEY *key, X509 *certificate, unsigned mode,
                     struct err *err)
{
    char *pem;
    int result = -1;
    BIO *bio = BIO_new(BIO_s_mem());
    if (!bio || (key && PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) != 1) ||
        (certificate && PEM_write_bio_X509(bio, certificate) != 1)) {
        err_set(err, "uplink: cannot write %s", path);
        goto out;
    }
    long len = BIO_get_mem_data(bio, &pem);
    result = file_write(path, str_of(pem, (size_t)len), mode, err);
    OPENSSL_cleanse(pem, (size_t)len);
out:
    BIO_free(bio);
    return result;
}

static int load_pem(const char *path, EVP_PKEY **key, X509 **certificate, struct err *err)
{
    struct buf text;
    BIO *bio = NULL;
    int result = -1;
    buf_init(&text, 0);
    if (file_read(path, FILE_BYTES_MAX, &text, err) < 0)
        goto out;
    bio = BIO_new_mem_buf(text.p, (int)text.len);
    if (!bio || (key && !(*key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL))) ||
        (certificate && !(*certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL)))) {
        ERR_clear_error();
        err_set(err, "uplink: %s is damaged", path);
        goto out;
    }
    result = 0;
out:
    BIO_free(bio);
    if (text.p)
        OPENSSL_cleanse(text.p, text.len);
    buf_fini(&text);
    return result;
}

static int open_policy_key(struct ca *ca, const char *folder, struct err *err)
{
    char path[512];
    struct buf secret;
    int result = -1;
    snprintf(path, sizeof(path), "%s/policy.key", folder);
    if (!exists(path)) {
        if (link_policy_key_new(ca->policy_secret, ca->policy_public) < 0)
            return err_set(err, "uplink: cannot make the policy key");
        return file_write(path, str_of(ca->policy_secret, LINK_KEY_BYTES), 0600, err);
    }
    buf_init(&secret, 0);
    if (file_read(path, FILE_BYTES_MAX, &secret, err) < 0)
        goto out;
    if (secret.len != LINK_KEY_BYTES) {
        err_set(err, "uplink: %s is damaged", path);
        goto out;
    }
    memcpy(ca->policy_secret, secret.p, LINK_KEY_BYTES);
    result = link_policy_public(ca->policy_secret, ca->policy_public);
    if (result < 0)
        err_set(err, "uplink: %s is damaged", path);
out:
    buf_fini(&secret);
    return result;
}

/* The key is written first: a crash in between leaves a key without a certificate, and the certificate is made again for
 * that key. */
static int open_authority(struct ca *ca, const char *folder, struct err *err)
{
    char key_path[512];
    char path[512];
    snprintf(key_path, sizeof(key_path), "%s/ca.key", folder);
    snprintf(path, sizeof(path), "%s/ca.pem", folder);
    if (exists(key_path)) {
        if (load_pem(key_path, &ca->key, NULL, err) < 0)
            return -1;
    } else {
        if (exists(path))
            return err_set(err, "uplink: %s is there but %s is not: restore it from the backup",
                           path, key_path);
        ca->key = EVP_EC_gen("P-256");
        if (!ca->key || store_pem(key_path, ca->key, NULL, 0600, err) < 0)
            return ca->key ? -1 : err_set(err, "uplink: cannot make a key");
    }
    if (exists(path)) {
        if (load_pem(path, NULL, &ca->certificate, err) < 0)
            return -1;
        return X509_check_private_key(ca->certificate, ca->key) == 1
                   ? 0
                   : err_set(err, "uplink: %s and %s do not belong together", path, key_path);
    }
    struct wish wish = {"Otasuke gateways", CA_LIFE_S, ca_extensions, ARRAY_COUNT(ca_extensions)};
    ca->certificate = make_certificate(ca->key, &wish, NULL, ca->key);
    if (!ca->certificate)
        return err_set(err, "uplink: cannot make the CA certificate");
    return store_pem(path, NULL, ca->certificate, 0644, err);
}

static bool add_der(const X509 *certificate, struct buf *der)
{
    unsigned char *bytes = NULL;
    int len = i2d_X509(certificate, &bytes);
    if (len > 0)
        buf_add(der, str_of(bytes, (size_t)len));
    OPENSSL_free(bytes);
    return len > 0 && !der->failed;
}

int ca_open(struct ca *ca, const char *folder, struct err *err)
{
    memset(ca, 0, sizeof(*ca));
    buf_init(&ca->certificate_der, LINK_CERTIFICATE_BYTES_MAX);
    if (file_make_folder(folder, 0700, err) < 0)
        return -1;
    if (open_authority(ca, folder, err) < 0 || open_policy_key(ca, folder, err) < 0)
        return -1;
    if (!add_der(ca->certificate, &ca->certificate_der))
        return err_set(err, "uplink: the CA certificate is too large");
    return 0;
}

void ca_close(struct ca *ca)
{
    EVP_PKEY_free(ca->key);
    X509_free(ca->certificate);
    buf_fini(&ca->certificate_der);
    OPENSSL_cleanse(ca, sizeof(*ca));
}

/* ---- issuing ---- */

static bool is_p256(const EVP_PKEY *key)
{
    char group[32] = "";
    size_t len;
    return EVP_PKEY_is_a(key, "EC") &&
           EVP_PKEY_get_group_name(key, group, sizeof(group), &len) == 1 &&
           strcmp(group, "prime256v1") == 0;
}

static int64_t not_after_us(const X509 *certificate)
{
    struct tm tm;
    if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &tm) != 1)
        return 0;
    return (int64_t)timegm(&tm) * CLOCK_SECOND_US;
}

int ca_issue(const struct ca *ca, struct str csr_der, const char *gateway, int64_t life_s,
             struct ca_issued *issued)
{
    const unsigned char *p = csr_der.p;
    X509_REQ *request = d2i_X509_REQ(NULL, &p, (long)csr_der.len);
    EVP_PKEY *key = request ? X509_REQ_get0_pubkey(request) : NULL;
    X509 *certificate = NULL;
    int result = -1;
    if (!key || p != csr_der.p + csr_der.len || !is_p256(key) || X509_REQ_verify(request, key) != 1)
        goto out;
    struct wish wish = {gateway, life_s, gateway_extensions, ARRAY_COUNT(gateway_extensions)};
    certificate = make_certificate(key, &wish, ca->certificate, ca->key);
    if (!certificate || !ca_serial(certificate, issued->serial) ||
        !add_der(certificate, &issued->der))
        goto out;
    issued->not_after_us = not_after_us(certificate);
    result = 0;
out:
    X509_free(certificate);
    X509_REQ_free(request);
    ERR_clear_error();
    return result;
}

static bool is_fresh(const struct ca *ca, X509 *certificate)
{
    time_t soon = time(NULL) + SERVER_LIFE_S / 3;
    return X509_verify(certificate, ca->key) == 1 &&
           X509_cmp_time(X509_get0_notAfter(certificate), &soon) > 0;
}

static int make_server(const struct ca *ca, const char *path, EVP_PKEY **key, X509 **certificate,
                       struct err *err)
{
    struct wish wish = {"Otasuke center", SERVER_LIFE_S, server_extensions,
                        ARRAY_COUNT(server_extensions)};
    EVP_PKEY_free(*key);
    X509_free(*certificate);
    *key = EVP_EC_gen("P-256");
    *certificate = *key ? make_certificate(*key, &wish, ca->certificate, ca->key) : NULL;
    if (!*certificate)
        return err_set(err, "uplink: cannot make the listener's certificate");
    return store_pem(path, *key, *certificate, 0600, err);
}

int ca_serve(const struct ca *ca, const char *folder, SSL_CTX *context, struct err *err)
{
    char path[512];
    EVP_PKEY *key = NULL;
    X509 *certificate = NULL;
    int result = -1;
    snprintf(path, sizeof(path), "%s/uplink.pem", folder);
    if (exists(path) && load_pem(path, &key, &certificate, err) < 0)
        goto out;
    if ((!certificate || !is_fresh(ca, certificate)) &&
        make_server(ca, path, &key, &certificate, err) < 0)
        goto out;
    if (SSL_CTX_use_certificate(context, certificate) != 1 ||
        SSL_CTX_use_PrivateKey(context, key) != 1) {
        err_set(err, "uplink: %s is damaged", path);
        goto out;
    }
    result = 0;
out:
    EVP_PKEY_free(key);
    X509_free(certificate);
    ERR_clear_error();
    return result;
}
