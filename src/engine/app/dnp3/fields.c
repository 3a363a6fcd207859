/* What rules ask of a fragment. Those of older rules are written with "_" for ".". */
#include "engine/app/dnp3/fragment.h"

/* Is there a fragment, and does it go that way? */
static bool head_of(const struct tx *tx, enum dir dir, struct dnp3_head *out)
{
    const struct dnp3_tx *dnp3 = dnp3_tx_of(tx);
    return dnp3->told && dnp3->dir == dir && dnp3_read_head(dnp3, out);
}

static bool function(const struct tx *tx, enum dir dir, uint32_t index, uint64_t *out)
{
    struct dnp3_head head;
    (void)index;
    if (!head_of(tx, dir, &head))
        return false;
    *out = head.function;
    return true;
}

static bool indications(const struct tx *tx, enum dir dir, uint32_t index, uint64_t *out)
{
    struct dnp3_head head;
    (void)index;
    if (!head_of(tx, dir, &head))
        return false;
    *out = head.indications;
    return true;
}

static bool object(const struct tx *tx, enum dir dir, uint32_t index, uint64_t *out)
{
    const struct dnp3_tx *dnp3 = dnp3_tx_of(tx);
    if (dnp3->dir != dir || index >= dnp3->object_count)
        return false;
    *out = dnp3->objects[index];
    return true;
}

static bool fragment(const struct tx *tx, enum dir dir, uint32_t index, struct arena *scratch,
                     struct str *out)
{
    struct dnp3_head head;
    (void)index, (void)scratch;
    if (!head_of(tx, dir, &head))
        return false;
    *out = str_of(dnp3_tx_of(tx)->bytes, dnp3_tx_of(tx)->len);
    return true;
}

/* Section 4.2.2.5, and the names that rules have. */
static const struct number_word function_words[] = {
    {"confirm", 0},
    {"read", 1},
    {"write", 2},
    {"select", 3},
    {"operate", 4},
    {"direct_operate", 5},
    {"direct_operate_nr", 6},
    {"immed_freeze", 7},
    {"immed_freeze_nr", 8},
    {"freeze_clear", 9},
    {"freeze_clear_nr", 10},
    {"freeze_at_time", 11},
    {"freeze_at_time_nr", 12},
    {"cold_restart", 13},
    {"warm_restart", 14},
    {"initialize_data", 15},
    {"initialize_appl", 16},
    {"start_appl", 17},
    {"stop_appl", 18},
    {"save_config", 19},
    {"enable_unsolicited", 20},
    {"disable_unsolicited", 21},
    {"assign_class", 22},
    {"delay_measure", 23},
    {"record_current_time", 24},
    {"open_file", 25},
    {"close_file", 26},
    {"delete_file", 27},
    {"get_file_info", 28},
    {"authenticate_file", 29},
    {"abort_file", 30},
    {"activate_config", 31},
    {"authenticate_req", 32},
    {"authenticate_err", 33},
    {"response", 129},
    {"unsolicited_response", 130},
    {"authenticate_resp", 131},
    {NULL, 0},
};

const struct field_desc dnp3_fields[DNP3_FIELDS] = {
    {.name = "dnp3.func",
     .proto = APP_DNP3,
     .dirs = DIR_BOTH,
     .ready_at = {1, 1},
     .kind = FIELD_UINT,
     .number = function,
     .words = function_words},
    {.name = "dnp3.ind",
     .proto = APP_DNP3,
     .dirs = DIR_BIT(DIR_TOCLIENT),
     .ready_at = {1, 1},
     .kind = FIELD_UINT,
     .number = indications,
     .words = dnp3_indications},
    {.name = "dnp3.obj",
     .proto = APP_DNP3,
     .dirs = DIR_BOTH,
     .ready_at = {1, 1},
     .kind = FIELD_UINT,
     .multi = true,
     .number = object},
    {.name = "dnp3.data",
     .proto = APP_DNP3,
     .dirs = DIR_BOTH,
     .ready_at = {1, 1},
     .kind = FIELD_BYTES,
     .bytes = fragment},
};
