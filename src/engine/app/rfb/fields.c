/* What rules ask of a connection. */
#include "engine/app/rfb/message.h"

static bool name(const struct tx *tx, enum dir dir, uint32_t index, struct arena *scratch,
                 struct str *out)
{
    const struct rfb_tx *rfb = rfb_tx_of(tx);
    (void)dir, (void)scratch;
    *out = str_of(rfb->name.p, rfb->name.len);
    return index == 0 && rfb->has_screen;
}

static bool security_type(const struct tx *tx, enum dir dir, uint32_t index, uint64_t *out)
{
    const struct rfb_tx *rfb = rfb_tx_of(tx);
    (void)dir;
    *out = rfb->type;
    return index == 0 && rfb->has_type;
}

static bool result(const struct tx *tx, enum dir dir, uint32_t index, uint64_t *out)
{
    const struct rfb_tx *rfb = rfb_tx_of(tx);
    (void)dir;
    *out = rfb->result < RFB_UNKNOWN ? rfb->result : RFB_UNKNOWN;
    return index == 0 && rfb->has_result;
}

static const struct number_word result_words[] = {{"ok", RFB_OK},
                                                  {"fail", RFB_FAILED},
                                                  {"toomany", RFB_TOO_MANY},
                                                  {"unknown", RFB_UNKNOWN},
                                                  {NULL, 0}};

const struct field_desc rfb_fields[RFB_FIELDS] = {
    {.name = "rfb.name",
     .proto = APP_RFB,
     .dirs = DIR_BIT(DIR_TOCLIENT),
     .ready_at = {TX_COMPLETE, TX_COMPLETE},
     .kind = FIELD_BYTES,
     .bytes = name},
    {.name = "rfb.sectype",
     .proto = APP_RFB,
     .dirs = DIR_BIT(DIR_TOSERVER),
     .ready_at = {RFB_SECURITY_KNOWN, RFB_SECURITY_KNOWN},
     .kind = FIELD_UINT,
     .number = security_type},
    {.name = "rfb.secresult",
     .proto = APP_RFB,
     .dirs = DIR_BIT(DIR_TOCLIENT),
     .ready_at = {RFB_RESULT_KNOWN, RFB_RESULT_KNOWN},
     .kind = FIELD_UINT,
     .number = result,
     .words = result_words},
};
