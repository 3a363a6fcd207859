#include "engine/app/ike/ike.h"
#include "engine/app/talk/talk.h"

#define SPI_I "\1\2\3\4\5\6\7\x08"
#define SPI_R "\x11\x12\x13\x14\x15\x16\x17\x18"
#define NONE "\0\0\0\0\0\0\0\0"

/* ---- version 1 ---- */

/* AES with 128 bits, SHA, group 2, a shared secret */
#define ATTRIBUTES "\x80\1\0\7\x80\x0e\0\x80\x80\2\0\2\x80\4\0\2\x80\3\0\1"
#define TRANSFORM(next, number) next "\0\0\x1c" number "\1\0\0" ATTRIBUTES
#define LIFE "\0\0\0\x14\2\1\0\0\x80\x0b\0\1\0\x0c\0\4\0\1\x51\x80"
#define SA_1(next) next "\0\0\x30\0\0\0\1\0\0\0\1\0\0\0\x24\1\1\0\1" TRANSFORM("\0", "\1")
#define SA_1_TWO(next) next "\0\0\x44\0\0\0\1\0\0\0\1\0\0\0\x38\1\1\0\2" TRANSFORM("\3", "\1") LIFE
#define VENDOR(next) \
    next "\0\0\x08"  \
         "DPD1"
#define KEYS(key, nonce) "\x0a\0\0\x08" key "\0\0\0\x08" nonce

#define ASK_1 SPI_I NONE "\1\x10\2\0\0\0\0\0\0\0\0\x54" SA_1("\x0d") VENDOR("\0")
#define CHOOSE_1 SPI_I SPI_R "\1\x10\2\0\0\0\0\0\0\0\0\x4c" SA_1("\0")
#define CHOOSE_TWO SPI_I SPI_R "\1\x10\2\0\0\0\0\0\0\0\0\x60" SA_1_TWO("\0")
#define KEY_I SPI_I SPI_R "\4\x10\2\0\0\0\0\0\0\0\0\x2c" KEYS("KEY1", "NON1")
#define KEY_R SPI_I SPI_R "\4\x10\2\0\0\0\0\0\0\0\0\x2c" KEYS("KEY2", "NON2")
#define SECRET                                 \
    SPI_I SPI_R "\5\x10\2\1\0\0\0\0\0\0\0\x20" \
                "????"

#define SHOWN                                                                                \
    "\"alg_enc\":\"EncAesCbc\",\"alg_enc_raw\":7,\"sa_key_length\":\"Unknown\","             \
    "\"sa_key_length_raw\":128,\"alg_hash\":\"HashSha\",\"alg_hash_raw\":2,\"alg_dh\":"      \
    "\"GroupAlternate1024BitModpGroup\",\"alg_dh_raw\":2,\"alg_auth\":\"AuthPreSharedKey\"," \
    "\"alg_auth_raw\":1"
#define HEAD_SHOWN(resp)                                                          \
    "{\"version_major\":1,\"version_minor\":0,\"init_spi\":\"0102030405060708\"," \
    "\"resp_spi\":\"" resp "\",\"message_id\":0,\"exchange_type\":2,"

/* ---- version 2 ---- */

#define T2(next, type, number) next "\0\0\x08" type "\0\0" number
#define PROPOSAL_2(enc, prf, auth, dh)                                                \
    "\0\0\0\x28\1\1\0\4" T2("\3", "\1", enc) T2("\3", "\2", prf) T2("\3", "\3", auth) \
        T2("\0", "\4", dh)
#define SA_2(next, enc, prf, auth, dh) next "\0\0\x2c" PROPOSAL_2(enc, prf, auth, dh)
#define HEAD_2(resp, first, flags, len) SPI_I resp first "\x20\x22" flags "\0\0\0\0\0\0\0" len
#define ASK_2 HEAD_2(NONE, "\x21", "\x08", "\x48") SA_2("\0", "\x0c", "\5", "\x0c", "\x0e")
#define CHOOSE_2                          \
    HEAD_2(SPI_R, "\x21", "\x20", "\x50") \
    SA_2("\x29", "\3", "\2", "\2", "\2") "\0\0\0\x08\0\0\0\x0e"
#define REFUSE_2 HEAD_2(NONE, "\x29", "\x20", "\x24") "\0\0\0\x08\0\0\0\x11"

static const struct talk_row rows[] = {
    {"version 1, until it is encrypted",
     {TS(ASK_1), TC(CHOOSE_1), TS(KEY_I), TC(KEY_R), TS(SECRET)},
     {"0 ts ike.init_spi=0102030405060708", "0 ts ike.vendor=44504431", "0 ts ike.exchtype=2",
      "1 tc ike.resp_spi=1112131415161718", "1 tc ike.sa.alg_enc=7",
      "1 tc ike.sa.sa_key_length=128", "2 ts ike.key_exchange_payload=KEY1",
      "2 ts ike.nonce_payload_length=4", "3 tc ike.nonce_payload=NON2", "4 ts ike.exchtype=2",
      "!0 event malformed_data",
      "0 log " HEAD_SHOWN("0000000000000000") "\"payload\":[\"SecurityAssociation\",\"Proposal\","
                                              "\"Transform\",\"VendorID\"],\"ikev1\":{\"doi\":1,"
                                              "\"encrypted_payloads\":false,\"client\":"
                                              "{\"proposals\":[{" SHOWN
                                              "}]},\"server\":{},\"vendor_ids\":[\"44504431\"]}}",
      "3 log " HEAD_SHOWN("1112131415161718") SHOWN
      ",\"payload\":[\"KeyExchange\",\"Nonce\"],"
      "\"ikev1\":{\"doi\":1,\"encrypted_payloads\":false,\"client\":{\"key_exchange_payload\":"
      "\"4b455931\",\"key_exchange_payload_length\":4,\"nonce_payload\":\"4e4f4e31\","
      "\"nonce_payload_length\":4},\"server\":{\"key_exchange_payload\":\"4b455932\","
      "\"key_exchange_payload_length\":4,\"nonce_payload\":\"4e4f4e32\",\"nonce_payload_length\":4}"
      "}}",
      "4 log " HEAD_SHOWN("1112131415161718") SHOWN
      ",\"payload\":[\"Identification\"],"
      "\"ikev1\":{\"doi\":1,\"encrypted_payloads\":true}}"}},
    {"more than one is chosen",
     {TC(CHOOSE_TWO)},
     {"0 event multiple_server_proposal", "0 tc ike.sa.sa_life_duration=86400"}},
    {"version 2, weak",
     {TS(ASK_2), TC(CHOOSE_2), TC(REFUSE_2)},
     {"!0 event weak_crypto_enc", "1 event weak_crypto_enc", "1 event weak_crypto_prf",
      "1 event weak_crypto_auth", "1 event weak_crypto_dh", "1 tc ike.sa.alg_enc=3",
      "1 tc ike.exchtype=34",
      "0 log "
      "{\"version_major\":2,\"version_minor\":0,\"init_spi\":\"0102030405060708\",\"resp_spi\":"
      "\"0000000000000000\",\"message_id\":0,\"exchange_type\":34,\"role\":\"initiator\","
      "\"payload\":"
      "[\"SecurityAssociation\",\"NoNextPayload\"],\"ikev2\":{\"errors\":0}}",
      "2 log "
      "{\"version_major\":2,\"version_minor\":0,\"init_spi\":\"0102030405060708\",\"resp_spi\":"
      "\"0000000000000000\",\"message_id\":0,\"exchange_type\":34,\"role\":\"responder\",\"alg_"
      "enc\":"
      "\"ENCR_3DES\",\"alg_auth\":\"AUTH_HMAC_SHA1_96\",\"alg_prf\":\"PRF_HMAC_SHA1\",\"alg_dh\":"
      "\"Modp1024\",\"alg_esn\":\"NoESN\",\"payload\":[\"Notify\",\"NoNextPayload\"],\"ikev2\":"
      "{\"errors\":1,\"notify\":[\"INVALID_KE_PAYLOAD\"]}}"}},
    {"version 2, nothing that proves who speaks, numbers of nobody",
     {TS(HEAD_2(NONE, "\x21", "\x08", "\x48") SA_2("\0", "\x0a", "\0", "\0", "\x21"))},
     {"0 event invalid_proposal", "0 event weak_crypto_no_auth"}},
    {"payloads that are cut, and a datagram that is",
     {TS(ASK_1),
      TS(SPI_I NONE "\x0d\x10\2\0\0\0\0\0\0\0\0\x20"
                    "\0\0\0\x09"),
      TS(SPI_I NONE "\x29\x20\x22\x08\0\0\0\0\0\0\0\x20"
                    "\0\0\0\x09"),
      TS(SPI_I)},
     {"1 event malformed_data", "2 event malformed_data", "flow event malformed_data"}},
};

static const struct talk ike_talk = {.parser = &ike_parser, .server_port = 500, .udp = true};

static const struct talk_probe probes[] = {
    {"version 1", TS(ASK_1), 500, APP_PROBE_YES},
    {"version 2", TS(ASK_2), 500, APP_PROBE_YES},
    {"another port", TS(ASK_2), 501, APP_PROBE_NO},
    {"version 3", TS(SPI_I NONE "\0\x30\2\0\0\0\0\0\0\0\0\x1c"), 500, APP_PROBE_NO},
    {"longer than it says", TS(ASK_2 "z"), 500, APP_PROBE_NO},
    {"too short", TS(SPI_I), 500, APP_PROBE_NO},
};

static const struct talk_suite suites[] = {
    {&ike_talk, TALK_ROWS(rows), TALK_PROBES(probes)},
};

int main(void)
{
    return talk_run(suites, ARRAY_COUNT(suites), NULL, 0);
}
