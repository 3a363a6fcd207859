/* Names as Suricata's records have them: of IANA's registries "IPSEC Key Exchange" and "IKEv2 Parameters", each in its own spelling.
 */
#include "engine/app/ike/message.h"

#define LOOK_UP(table, i) ((size_t)(i) < ARRAY_COUNT(table) ? (table)[i] : NULL)

/* ---- version 1 ---- */

static const char *const payloads_1[] = {
    [1] = "SecurityAssociation",
    [2] = "Proposal",
    [3] = "Transform",
    [4] = "KeyExchange",
    [5] = "Identification",
    [6] = "Certificate",
    [7] = "CertificateRequest",
    [8] = "Hash",
    [9] = "Signature",
    [10] = "Nonce",
    [11] = "Notification",
    [12] = "Delete",
    [13] = "VendorID",
    [15] = "SaKekPayload",
    [16] = "SaTekPayload",
    [17] = "KeyDownload",
    [18] = "SequenceNumber",
    [19] = "ProofOfPossession",
    [20] = "NatDiscovery",
    [21] = "NatOriginalAddress",
    [22] = "GroupAssociatedPolicy",
};

static const char *const attributes_1[] = {
    [1] = "alg_enc",
    [2] = "alg_hash",
    [3] = "alg_auth",
    [4] = "alg_dh",
    [5] = "sa_group_type",
    [6] = "sa_group_prime",
    [7] = "sa_group_generator_one",
    [8] = "sa_group_generator_two",
    [9] = "sa_group_curve_a",
    [10] = "sa_group_curve_b",
    [11] = "sa_life_type",
    [12] = "sa_life_duration",
    [13] = "alg_prf",
    [14] = "sa_key_length",
    [15] = "sa_field_size",
    [16] = "sa_group_order",
};

static const char *const enc_1[] = {
    NULL,
    "EncDesCbc",
    "EncIdeaCbc",
    "EncBlowfishCbc",
    "EncRc5R16B64Cbc",
    "EncTripleDesCbc",
    "EncCastCbc",
    "EncAesCbc",
    "EncCamelliaCbc",
};

static const char *const hash_1[] = {
    NULL, "HashMd5", "HashSha", "HashTiger", "HashSha2_256", "HashSha2_384", "HashSha2_512",
};

static const char *const auth_1[] = {
    [1] = "AuthPreSharedKey",
    [2] = "AuthDssSignatures",
    [3] = "AuthRsaSignatures",
    [4] = "AuthEncryptionWithRsa",
    [5] = "AuthRevisedEncryptionWithRsa",
    [6] = "AuthReserved",
    [7] = "AuthReserved",
    [8] = "AuthReserved",
    [9] = "AuthEcdsaSha256",
    [10] = "AuthEcdsaSha384",
    [11] = "AuthEcdsaSha512",
};

static const char *const dh_1[] = {
    [1] = "GroupDefault768BitModp",
    [2] = "GroupAlternate1024BitModpGroup",
    [3] = "GroupEc2nOnGp2p155",
    [4] = "GroupEc2nOnGp2p185",
    [5] = "GroupModp1536Bit",
    [6] = "GroupEc2nOverGf2p163",
    [7] = "GroupEc2nOverGf2p163",
    [8] = "GroupEc2nOverGf2p283",
    [9] = "GroupEc2nOverGf2p283",
    [10] = "GroupEc2nOverGf2p409",
    [11] = "GroupEc2nOverGf2p409",
    [12] = "GroupEc2nOverGf2p571",
    [13] = "GroupEc2nOverGf2p571",
    [14] = "GroupModp2048Bit",
    [15] = "GroupModp3072Bit",
    [16] = "GroupModp4096Bit",
    [17] = "GroupModp6144Bit",
    [18] = "GroupModp8192Bit",
    [19] = "GroupRandomEcp256",
    [20] = "GroupRandomEcp384",
    [21] = "GroupRandomEcp521",
    [22] = "GroupModp1024With160BitPrime",
    [23] = "GroupModp2048With224BitPrime",
    [24] = "GroupModp2048With256BitPrime",
    [25] = "GroupRandomEcp192",
    [26] = "GroupRandomEcp224",
    [27] = "GroupBrainpoolEcp224",
    [28] = "GroupBrainpoolEcp256",
    [29] = "GroupBrainpoolEcp384",
    [30] = "GroupBrainpoolEcp512",
};

static const char *const life_1[] = {NULL, "LifeTypeSeconds", "LifeTypeKilobytes"};

const char *ike1_payload_name(uint8_t type)
{
    return LOOK_UP(payloads_1, type);
}

const char *ike1_attribute_name(uint16_t type)
{
    return LOOK_UP(attributes_1, type);
}

const char *ike1_value_name(uint16_t type, uint64_t value)
{
    switch (type) {
    case 1: return LOOK_UP(enc_1, value);
    case 2: return LOOK_UP(hash_1, value);
    case 3: return LOOK_UP(auth_1, value);
    case 4: return LOOK_UP(dh_1, value);
    case 11: return LOOK_UP(life_1, value);
    default: return NULL;
    }
}

/* ---- version 2 ---- */

#define PAYLOAD_FIRST 33

static const char *const payloads_2[] = {
    "SecurityAssociation",
    "KeyExchange",
    "IdentInitiator",
    "IdentResponder",
    "Certificate",
    "CertificateRequest",
    "Authentication",
    "Nonce",
    "Notify",
    "Delete",
    "VendorID",
    "TrafficSelectorInitiator",
    "TrafficSelectorResponder",
    "EncryptedAndAuthenticated",
    "Configuration",
    "ExtensibleAuthentication",
};

static const char *const enc_2[] = {
    [1] = "ENCR_DES_IV64",
    [2] = "ENCR_DES",
    [3] = "ENCR_3DES",
    [4] = "ENCR_RC5",
    [5] = "ENCR_IDEA",
    [6] = "ENCR_CAST",
    [7] = "ENCR_BLOWFISH",
    [8] = "ENCR_3IDEA",
    [9] = "ENCR_DES_IV32",
    [11] = "ENCR_NULL",
    [12] = "ENCR_AES_CBC",
    [13] = "ENCR_AES_CTR",
    [14] = "ENCR_AES_CCM_8",
    [15] = "ENCR_AES_CCM_12",
    [16] = "ENCR_AES_CCM_16",
    [18] = "ENCR_AES_GCM_8",
    [19] = "ENCR_AES_GCM_12",
    [20] = "ENCR_AES_GCM_16",
    [21] = "ENCR_NULL_AUTH_AES_GMAC",
    [23] = "ENCR_CAMELLIA_CBC",
    [24] = "ENCR_CAMELLIA_CTR",
    [25] = "ENCR_CAMELLIA_CCM_8",
    [26] = "ENCR_CAMELLIA_CCM_12",
    [27] = "ENCR_CAMELLIA_CCM_16",
    [28] = "ENCR_CHACHA20_POLY1305",
};

static const char *const prf_2[] = {
    "PRF_NULL",          "PRF_HMAC_MD5",      "PRF_HMAC_SHA1",
    "PRF_HMAC_TIGER",    "PRF_AES128_XCBC",   "PRF_HMAC_SHA2_256",
    "PRF_HMAC_SHA2_384", "PRF_HMAC_SHA2_512", "PRF_AES128_CMAC",
};

static const char *const auth_2[] = {
    "NONE",
    "AUTH_HMAC_MD5_96",
    "AUTH_HMAC_SHA1_96",
    "AUTH_DES_MAC",
    "AUTH_KPDK_MD5",
    "AUTH_AES_XCBC_96",
    "AUTH_HMAC_MD5_128",
    "AUTH_HMAC_SHA1_160",
    "AUTH_AES_CMAC_96",
    "AUTH_AES_128_GMAC",
    "AUTH_AES_192_GMAC",
    "AUTH_AES_256_GMAC",
    "AUTH_HMAC_SHA2_256_128",
    "AUTH_HMAC_SHA2_384_192",
    "AUTH_HMAC_SHA2_512_256",
};

static const char *const dh_2[] = {
    [0] = "None",
    [1] = "Modp768",
    [2] = "Modp1024",
    [5] = "Modp1536",
    [14] = "Modp2048",
    [15] = "Modp3072",
    [16] = "Modp4096",
    [17] = "Modp6144",
    [18] = "Modp8192",
    [19] = "Ecp256",
    [20] = "Ecp384",
    [21] = "Ecp521",
    [22] = "Modp1024s160",
    [23] = "Modp2048s224",
    [24] = "Modp2048s256",
    [25] = "Ecp192",
    [26] = "Ecp224",
    [27] = "BrainpoolP224r1",
    [28] = "BrainpoolP256r1",
    [29] = "BrainpoolP384r1",
    [30] = "BrainpoolP512r1",
    [31] = "Curve25519",
    [32] = "Curve448",
};

static const char *const esn_2[] = {"NoESN", "ESN"};

static const struct {
    uint16_t type;
    const char *name;
} notify_2[] = {
    {1, "UNSUPPORTED_CRITICAL_PAYLOAD"},
    {4, "INVALID_IKE_SPI"},
    {5, "INVALID_MAJOR_VERSION"},
    {7, "INVALID_SYNTAX"},
    {9, "INVALID_MESSAGE_ID"},
    {11, "INVALID_SPI"},
    {14, "NO_PROPOSAL_CHOSEN"},
    {17, "INVALID_KE_PAYLOAD"},
    {24, "AUTHENTICATION_FAILED"},
    {34, "SINGLE_PAIR_REQUIRED"},
    {35, "NO_ADDITIONAL_SAS"},
    {36, "INTERNAL_ADDRESS_FAILURE"},
    {37, "FAILED_CP_REQUIRED"},
    {38, "TS_UNACCEPTABLE"},
    {39, "INVALID_SELECTORS"},
    {43, "TEMPORARY_FAILURE"},
    {44, "CHILD_SA_NOT_FOUND"},
    {16384, "INITIAL_CONTACT"},
    {16385, "SET_WINDOW_SIZE"},
    {16386, "ADDITIONAL_TS_POSSIBLE"},
    {16387, "IPCOMP_SUPPORTED"},
    {16388, "NAT_DETECTION_SOURCE_IP"},
    {16389, "NAT_DETECTION_DESTINATION_IP"},
    {16390, "COOKIE"},
    {16391, "USE_TRANSPORT_MODE"},
    {16392, "HTTP_CERT_LOOKUP_SUPPORTED"},
    {16393, "REKEY_SA"},
    {16394, "ESP_TFC_PADDING_NOT_SUPPORTED"},
    {16395, "NON_FIRST_FRAGMENTS_ALSO"},
    {16404, "MULTIPLE_AUTH_SUPPORTED"},
    {16405, "ANOTHER_AUTH_FOLLOWS"},
    {16406, "REDIRECT_SUPPORTED"},
    {16430, "IKEV2_FRAGMENTATION_SUPPORTED"},
    {16431, "SIGNATURE_HASH_ALGORITHMS"},
};

const char *ike2_payload_name(uint8_t type)
{
    if (!type)
        return "NoNextPayload";
    return type < PAYLOAD_FIRST ? NULL : LOOK_UP(payloads_2, type - PAYLOAD_FIRST);
}

const char *ike2_transform_name(enum ike2_type type, uint16_t number)
{
    switch (type) {
    case IKE2_ENC: return LOOK_UP(enc_2, number);
    case IKE2_PRF: return LOOK_UP(prf_2, number);
    case IKE2_AUTH: return LOOK_UP(auth_2, number);
    case IKE2_DH: return LOOK_UP(dh_2, number);
    case IKE2_ESN: return LOOK_UP(esn_2, number);
    case IKE2_TYPES: return NULL;
    }
    return NULL;
}

const char *ike2_notify_name(uint16_t type)
{
    for (size_t i = 0; i < ARRAY_COUNT(notify_2); i++)
        if (notify_2[i].type == type)
            return notify_2[i].name;
    return NULL;
}
