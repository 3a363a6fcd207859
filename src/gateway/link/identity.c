#include "gateway/link/identity.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>

#define IDENTITY_BYTES_MAX (64u << 10)

static void path_of(const char *folder, char out[512])
{
    snprintf(out, 512, "%s/identity.pem", folder);
}

static bool copy_line(struct str value, char *out, size_t out_bytes)
{
    if (value.len == 0 || value.len >= out_bytes)
        return false;
    memcpy(out, value.p, value.len);
    out[value.len] = '\0';
    return true;
}

/* "otasuke-gateway: ID", "otasuke-center: HOST:PORT", "otasuke-policy-key: HEX" before the first PEM block. */
static bool read_lines(struct identity *id, struct str text)
{
    struct str rest = text;
    int found = 0;
    while (rest.len > 0) {
        struct str value = str_split(&rest, '\n');
        struct str name = str_split(&value, ':');
        value = str_trim(value);
        if (str_eq(name, STR_LIT("otasuke-gateway"))) {
            found += copy_line(value, id->gateway, sizeof(id->gateway));
        } else if (str_eq(name, STR_LIT("otasuke-center"))) {
            found += copy_line(value, id->center, sizeof(id->center));
        } else if (str_eq(name, STR_LIT("otasuke-policy-key"))) {
            struct buf key = buf_fixed(id->policy_key, sizeof(id->policy_key));
            found += text_unhex(&key, value) && key.len == sizeof(id->policy_key);
        }
    }
    return found == 3;
}

int identity_load(struct identity *id, const char *folder, struct err *err)
{
    char path[512];
    struct buf text;
    BIO *bio = NULL;
    int result = -1;
    memset(id, 0, sizeof(*id));
    path_of(folder, path);
    FILE *there = fopen(path, "re");
    if (!there)
        return 1;
    fclose(there);
    buf_init(&text, 0);
    if (file_read(path, IDENTITY_BYTES_MAX, &text, err) < 0)
        goto out;
    bio = BIO_new_mem_buf(text.p, (int)text.len);
    if (!bio || !read_lines(id, buf_str(&text)) ||
        !(id->key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL)) ||
        !(id->certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL)) ||
        !(id->ca = PEM_read_bio_X509(bio, NULL, NULL, NULL))) {
        identity_fini(id);
        err_set(err, "%s is damaged: enrol this box again", path);
        goto out;
    }
    result = 0;
out:
    BIO_free(bio);
    OPENSSL_cleanse(text.p, text.len);
    buf_fini(&text);
    return result;
}

int identity_store(const struct identity *id, const char *folder, struct err *err)
{
    char path[512];
    char key_hex[2 * LINK_KEY_BYTES + 1];
    char *pem;
    int result = -1;
    BIO *bio = BIO_new(BIO_s_mem());
    path_of(folder, path);
    text_hex(key_hex, str_of(id->policy_key, LINK_KEY_BYTES));
    if (!bio ||
        BIO_printf(bio, "otasuke-gateway: %s\notasuke-center: %s\notasuke-policy-key: %s\n",
                   id->gateway, id->center, key_hex) <= 0 ||
        PEM_write_bio_PKCS8PrivateKey(bio, id->key, NULL, NULL, 0, NULL, NULL) != 1 ||
        PEM_write_bio_X509(bio, id->certificate) != 1 || PEM_write_bio_X509(bio, id->ca) != 1) {
        err_set(err, "link: cannot write the identity");
        goto out;
    }
    long len = BIO_get_mem_data(bio, &pem);
    if (file_make_folder(folder, 0700, err) == 0)
        result = file_write(path, str_of(pem, (size_t)len), 0600, err);
    OPENSSL_cleanse(pem, (size_t)len);
out:
    BIO_free(bio);
    return result;
}

void identity_fini(struct identity *id)
{
    EVP_PKEY_free(id->key);
    X509_free(id->certificate);
    X509_free(id->ca);
    memset(id, 0, sizeof(*id));
}

EVP_PKEY *identity_new_key(void)
{
    return EVP_EC_gen("P-256");
}

bool identity_csr(EVP_PKEY *key, struct buf *der)
{
    unsigned char *bytes = NULL;
    int len = -1;
    X509_REQ *request = X509_REQ_new();
    if (request && X509_REQ_set_version(request, 0) && X509_REQ_set_pubkey(request, key) &&
        X509_REQ_sign(request, key, EVP_sha256()) > 0)
        len = i2d_X509_REQ(request, &bytes);
    if (len > 0)
        buf_add(der, str_of(bytes, (size_t)len));
    OPENSSL_free(bytes);
    X509_REQ_free(request);
    return len > 0 && !der->failed;
}

static int64_t time_us(const ASN1_TIME *t)
{
    struct tm tm;
    if (ASN1_TIME_to_tm(t, &tm) != 1)
        return 0;
    return (int64_t)timegm(&tm) * CLOCK_SECOND_US;
}

int64_t identity_not_after_us(const struct identity *id)
{
    return time_us(X509_get0_notAfter(id->certificate));
}

int64_t identity_renew_us(const struct identity *id)
{
    int64_t begin = time_us(X509_get0_notBefore(id->certificate));
    return begin + (identity_not_after_us(id) - begin) / 3 * 2;
}

int identity_take_certificate(struct identity *id, EVP_PKEY *key, struct str der, struct err *err)
{
    const unsigned char *p = der.p;
    X509 *certificate = d2i_X509(NULL, &p, (long)der.len);
    EVP_PKEY *ca_key = X509_get0_pubkey(id->ca);
    if (!certificate || p != der.p + der.len || X509_check_private_key(certificate, key) != 1 ||
        X509_verify(certificate, ca_key) != 1) {
        X509_free(certificate);
        ERR_clear_error();
        return err_set(err, "the center's answer holds no certificate for this box");
    }
    EVP_PKEY_up_ref(key);
    EVP_PKEY_free(id->key);
    X509_free(id->certificate);
    id->key = key;
    id->certificate = certificate;
    return 0;
}

/* Each connection is a full handshake: no resumption, so that chain and revocation are always looked at. */
static SSL_CTX *plain_context(void)
{
    SSL_CTX *c = SSL_CTX_new(TLS_client_method());
    if (!c)
        return NULL;
    SSL_CTX_set_min_proto_version(c, TLS1_3_VERSION);
    SSL_CTX_set_options(c, SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_mode(c, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    return c;
}

static bool offer_protocol(SSL_CTX *c, const char *name)
{
    unsigned char wire[32];
    size_t len = strlen(name);
    wire[0] = (unsigned char)len;
    memcpy(wire + 1, name, len);
    return SSL_CTX_set_alpn_protos(c, wire, (unsigned)len + 1) == 0; /* 0 is success here */
}

SSL_CTX *identity_context(const struct identity *id, struct err *err)
{
    SSL_CTX *c = plain_context();
    X509_VERIFY_PARAM *check = c ? SSL_CTX_get0_param(c) : NULL;
    if (!c || !offer_protocol(c, LINK_ALPN) || SSL_CTX_use_certificate(c, id->certificate) != 1 ||
        SSL_CTX_use_PrivateKey(c, id->key) != 1 ||
        X509_STORE_add_cert(SSL_CTX_get_cert_store(c), id->ca) != 1 ||
        X509_VERIFY_PARAM_set1_host(check, LINK_CENTER_NAME, 0) != 1) {
        SSL_CTX_free(c);
        ERR_clear_error();
        err_set(err, "link: cannot set up TLS");
        return NULL;
    }
    /* Boxes boot without a clock: dates are not held against the center, key and name are. The center, whose clock is
     * right, looks at the box's dates. */
    X509_VERIFY_PARAM_set_flags(check, X509_V_FLAG_NO_CHECK_TIME);
    SSL_CTX_set_verify(c, SSL_VERIFY_PEER, NULL);
    return c;
}

SSL_CTX *identity_enrol_context(struct err *err)
{
    SSL_CTX *c = plain_context();
    if (c && offer_protocol(c, LINK_ALPN_ENROL)) {
        SSL_CTX_set_verify(c, SSL_VERIFY_NONE, NULL);
        return c;
    }
    SSL_CTX_free(c);
    err_set(err, "link: cannot set up TLS");
    return NULL;
}
