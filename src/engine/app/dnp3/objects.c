/* Objects of IEEE 1815-2012, annex A: their parts in the order of the wire, by the names that Suricata's records have for them.
 * What is not here (names of devices, octet strings, virtual terminals, prototypes of data sets) is unknown to Suricata too,
 * and so to rules written after its events. */
#include "engine/app/dnp3/fragment.h"

#define PART(text, of, width)                              \
    {                                                      \
        .name = (text), .kind = DNP3_##of, .bits = (width) \
    }
#define END          \
    {                \
        .name = NULL \
    }

/* flat tables */
/* clang-format off */
static const struct dnp3_part state_bits1[] = {
    PART("state", BITS, 1), END};
static const struct dnp3_part binary_flags[] = {
    PART("online", BITS, 1), PART("restart", BITS, 1), PART("comm_lost", BITS, 1),
    PART("remote_forced", BITS, 1), PART("local_forced", BITS, 1),
    PART("chatter_filter", BITS, 1), PART("reserved", BITS, 1), PART("state", BITS, 1), END};
static const struct dnp3_part state_8[] = {
    PART("state", UINT, 8), END};
static const struct dnp3_part timestamp_48[] = {
    PART("timestamp", UINT, 48), END};
static const struct dnp3_part timestamp_16[] = {
    PART("timestamp", UINT, 16), END};
static const struct dnp3_part state_bits2[] = {
    PART("state", BITS, 2), END};
static const struct dnp3_part double_flags[] = {
    PART("online", BITS, 1), PART("restart", BITS, 1), PART("comm_lost", BITS, 1),
    PART("remote_forced", BITS, 1), PART("local_forced", BITS, 1),
    PART("chatter_filter", BITS, 1), PART("state", BITS, 2), END};
static const struct dnp3_part relative_time_ms_16[] = {
    PART("relative_time_ms", UINT, 16), END};
static const struct dnp3_part output_flags[] = {
    PART("online", BITS, 1), PART("restart", BITS, 1), PART("comm_lost", BITS, 1),
    PART("remote_forced", BITS, 1), PART("local_forced", BITS, 1), PART("reserved0", BITS, 1),
    PART("reserved1", BITS, 1), PART("state", BITS, 1), END};
static const struct dnp3_part relay_code[] = {
    PART("op_type", BITS, 4), PART("qu", BITS, 1), PART("cr", BITS, 1), PART("tcc", BITS, 2),
    END};
static const struct dnp3_part count_8[] = {
    PART("count", UINT, 8), END};
static const struct dnp3_part ontime_offtime[] = {
    PART("ontime", UINT, 32), PART("offtime", UINT, 32), PART("status_code", BITS, 7),
    PART("reserved", BITS, 1), END};
static const struct dnp3_part point_bits1[] = {
    PART("point", BITS, 1), END};
static const struct dnp3_part status_code_commanded_state[] = {
    PART("status_code", BITS, 7), PART("commanded_state", BITS, 1), END};
static const struct dnp3_part counter_flags[] = {
    PART("online", BITS, 1), PART("restart", BITS, 1), PART("comm_lost", BITS, 1),
    PART("remote_forced", BITS, 1), PART("local_forced", BITS, 1), PART("rollover", BITS, 1),
    PART("discontinuity", BITS, 1), PART("reserved0", BITS, 1), END};
static const struct dnp3_part count_32[] = {
    PART("count", UINT, 32), END};
static const struct dnp3_part count_16[] = {
    PART("count", UINT, 16), END};
static const struct dnp3_part rollover_flags[] = {
    PART("online", BITS, 1), PART("restart", BITS, 1), PART("comm_lost", BITS, 1),
    PART("remote_forced", BITS, 1), PART("local_forced", BITS, 1), PART("rollover", BITS, 1),
    PART("reserved0", BITS, 1), PART("reserved1", BITS, 1), END};
static const struct dnp3_part frozen_flags[] = {
    PART("online", BITS, 1), PART("restart", BITS, 1), PART("comm_lost", BITS, 1),
    PART("remote_forced", BITS, 1), PART("local_forced", BITS, 1), PART("rollover", BITS, 1),
    PART("discontinuity", BITS, 1), PART("reserved1", BITS, 1), END};
static const struct dnp3_part analog_flags[] = {
    PART("online", BITS, 1), PART("restart", BITS, 1), PART("comm_lost", BITS, 1),
    PART("remote_forced", BITS, 1), PART("local_forced", BITS, 1), PART("over_range", BITS, 1),
    PART("reference_err", BITS, 1), PART("reserved0", BITS, 1), END};
static const struct dnp3_part value_int32[] = {
    PART("value", INT, 32), END};
static const struct dnp3_part value_int16[] = {
    PART("value", INT, 16), END};
static const struct dnp3_part value_real32[] = {
    PART("value", REAL, 32), END};
static const struct dnp3_part value_real64[] = {
    PART("value", REAL, 64), END};
static const struct dnp3_part deadband_value_16[] = {
    PART("deadband_value", UINT, 16), END};
static const struct dnp3_part deadband_value_32[] = {
    PART("deadband_value", UINT, 32), END};
static const struct dnp3_part deadband_value_real32[] = {
    PART("deadband_value", REAL, 32), END};
static const struct dnp3_part control_status_8[] = {
    PART("control_status", UINT, 8), END};
static const struct dnp3_part status_code_reserved0[] = {
    PART("status_code", BITS, 7), PART("reserved0", BITS, 1), END};
static const struct dnp3_part commanded_value_int32[] = {
    PART("commanded_value", INT, 32), END};
static const struct dnp3_part commanded_value_int16[] = {
    PART("commanded_value", INT, 16), END};
static const struct dnp3_part commanded_value_real32[] = {
    PART("commanded_value", REAL, 32), END};
static const struct dnp3_part commanded_value_real64[] = {
    PART("commanded_value", REAL, 64), END};
static const struct dnp3_part interval_32[] = {
    PART("interval", UINT, 32), END};
static const struct dnp3_part interval_count_32[] = {
    PART("interval_count", UINT, 32), END};
static const struct dnp3_part interval_units_8[] = {
    PART("interval_units", UINT, 8), END};
static const struct dnp3_part delay_secs_16[] = {
    PART("delay_secs", UINT, 16), END};
static const struct dnp3_part delay_ms_16[] = {
    PART("delay_ms", UINT, 16), END};
static const struct dnp3_part fill_percentage_overflow_state[] = {
    PART("fill_percentage", BITS, 7), PART("overflow_state", BITS, 1), END};
static const struct dnp3_part group_8[] = {
    PART("group", UINT, 8), END};
static const struct dnp3_part variation_8[] = {
    PART("variation", UINT, 8), END};
static const struct dnp3_part data_set_flags[] = {
    PART("rd", BITS, 1), PART("wr", BITS, 1), PART("st", BITS, 1), PART("ev", BITS, 1),
    PART("df", BITS, 1), PART("padding0", BITS, 1), PART("padding1", BITS, 1),
    PART("padding2", BITS, 1), END};
static const struct dnp3_part value_8[] = {
    PART("value", UINT, 8), END};
static const struct dnp3_part security_flags[] = {
    PART("online", BITS, 1), PART("restart", BITS, 1), PART("comm_lost", BITS, 1),
    PART("remote_forced", BITS, 1), PART("local_forced", BITS, 1), PART("reserved0", BITS, 1),
    PART("discontinuity", BITS, 1), PART("reserved1", BITS, 1), END};
static const struct dnp3_part association_id_16[] = {
    PART("association_id", UINT, 16), END};
static const struct dnp3_part count_value_32[] = {
    PART("count_value", UINT, 32), END};
static const struct dnp3_part count_value_timestamp[] = {
    PART("count_value", UINT, 32), PART("timestamp", UINT, 48), END};
static const struct dnp3_part file_command[] = {
    PART("filename_offset", UINT, 16), PART("filename_size", LENGTH, 16),
    PART("created", UINT, 48), PART("permissions", UINT, 16),
    PART("authentication_key", UINT, 32), PART("file_size", UINT, 32),
    PART("operational_mode", UINT, 16), PART("maximum_block_size", UINT, 16),
    PART("request_id", UINT, 16), PART("filename", TEXT, 0), END};
static const struct dnp3_part file_status[] = {
    PART("file_handle", UINT, 32), PART("file_size", UINT, 32),
    PART("maximum_block_size", UINT, 16), PART("request_id", UINT, 16),
    PART("status_code", UINT, 8), PART("optional_text", TEXT_REST, 0), END};
static const struct dnp3_part file_transport[] = {
    PART("file_handle", UINT, 32), PART("block_number", UINT, 32),
    PART("file_data", TEXT_REST, 0), END};
static const struct dnp3_part file_transport_status[] = {
    PART("file_handle", UINT, 32), PART("block_number", UINT, 32), PART("status_code", UINT, 8),
    PART("optional_text", TEXT_REST, 0), END};
static const struct dnp3_part file_descriptor[] = {
    PART("filename_offset", UINT, 16), PART("filename_size", LENGTH, 16),
    PART("file_type", UINT, 16), PART("file_size", UINT, 32), PART("created_timestamp", UINT, 48),
    PART("permissions", UINT, 16), PART("request_id", UINT, 16), PART("filename", TEXT, 0), END};
static const struct dnp3_part file_specification[] = {
    PART("file_specification", TEXT_REST, 0), END};
static const struct dnp3_part challenge[] = {
    PART("csq", UINT, 32), PART("usr", UINT, 16), PART("mal", UINT, 8), PART("reason", UINT, 8),
    PART("data->challenge_data", BLOB_REST, 0), END};
static const struct dnp3_part reply[] = {
    PART("csq", UINT, 32), PART("usr", UINT, 16), PART("data->mac_value", BLOB_REST, 0), END};
static const struct dnp3_part aggressive[] = {
    PART("csq", UINT, 32), PART("user_number", UINT, 16), END};
static const struct dnp3_part key_status_request[] = {
    PART("user_number", UINT, 16), END};
static const struct dnp3_part key_status[] = {
    PART("ksq", UINT, 32), PART("user_number", UINT, 16), PART("key_wrap_alg", UINT, 8),
    PART("key_status", UINT, 8), PART("mal", UINT, 8), PART("challenge_data_len", LENGTH, 16),
    PART("data->challenge_data", BLOB, 0), PART("data->mac_value", BLOB_REST, 0), END};
static const struct dnp3_part key_change[] = {
    PART("ksq", UINT, 24), PART("usr", UINT, 16), PART("data->wrapped_key_data", BLOB_REST, 0),
    END};
static const struct dnp3_part security_error[] = {
    PART("sequence_number", UINT, 32), PART("usr", UINT, 16), PART("association_id", UINT, 16),
    PART("error_code", UINT, 8), PART("time_of_error", UINT, 48),
    PART("error_text", TEXT_REST, 0), END};
static const struct dnp3_part certificate[] = {
    PART("key_change_method", UINT, 8), PART("certificate_type", UINT, 8),
    PART("data->certificate", BLOB_REST, 0), END};
static const struct dnp3_part mac_value[] = {
    PART("data->mac_value", BLOB_REST, 0), END};
static const struct dnp3_part user_status[] = {
    PART("key_change_method", UINT, 8), PART("operation", UINT, 8), PART("scs", UINT, 32),
    PART("user_role", UINT, 16), PART("user_role_expiry_interval", UINT, 16),
    PART("username_len", LENGTH, 16), PART("user_public_key_len", LENGTH, 16),
    PART("certification_data_len", LENGTH, 16), PART("username", TEXT, 0),
    PART("data->user_public_key", BLOB, 0), PART("data->certification_data", BLOB, 0), END};
static const struct dnp3_part update_request[] = {
    PART("key_change_method", UINT, 8), PART("username_len", LENGTH, 16),
    PART("master_challenge_data_len", LENGTH, 16), PART("username", TEXT, 0),
    PART("data->master_challenge_data", BLOB, 0), END};
static const struct dnp3_part update_reply[] = {
    PART("ksq", UINT, 32), PART("user_number", UINT, 16), PART("challenge_data_len", LENGTH, 16),
    PART("data->challenge_data", BLOB, 0), END};
static const struct dnp3_part update_key[] = {
    PART("ksq", UINT, 32), PART("user_number", UINT, 16),
    PART("encrypted_update_key_len", LENGTH, 16),
    PART("data->encrypted_update_key_data", BLOB, 0), END};
static const struct dnp3_part signature[] = {
    PART("data->digital_signature", BLOB_REST, 0), END};
static const struct dnp3_part confirmation[] = {
    PART("data->mac", BLOB_REST, 0), END};

/* By group and variation, rising. */
static const struct dnp3_layout layouts[] = {
    {1, 1, 1, {state_bits1}},
    {1, 2, 0, {binary_flags}},
    {2, 1, 0, {state_8}},
    {2, 2, 0, {binary_flags, timestamp_48}},
    {2, 3, 0, {binary_flags, timestamp_16}},
    {3, 1, 2, {state_bits2}},
    {3, 2, 0, {double_flags}},
    {4, 1, 0, {double_flags}},
    {4, 2, 0, {double_flags, timestamp_48}},
    {4, 3, 0, {double_flags, relative_time_ms_16}},
    {10, 1, 1, {state_bits1}},
    {10, 2, 0, {output_flags}},
    {11, 1, 0, {output_flags}},
    {11, 2, 0, {output_flags, timestamp_48}},
    {12, 1, 0, {relay_code, count_8, ontime_offtime}},
    {12, 2, 0, {relay_code, count_8, ontime_offtime}},
    {12, 3, 1, {point_bits1}},
    {13, 1, 0, {status_code_commanded_state}},
    {13, 2, 0, {status_code_commanded_state, timestamp_48}},
    {20, 1, 0, {counter_flags, count_32}},
    {20, 2, 0, {counter_flags, count_16}},
    {20, 3, 0, {rollover_flags, count_32}},
    {20, 4, 0, {rollover_flags, count_16}},
    {20, 5, 0, {count_32}},
    {20, 6, 0, {count_16}},
    {20, 7, 0, {count_32}},
    {20, 8, 0, {count_16}},
    {21, 1, 0, {counter_flags, count_32}},
    {21, 2, 0, {counter_flags, count_16}},
    {21, 3, 0, {rollover_flags, count_32}},
    {21, 4, 0, {rollover_flags, count_16}},
    {21, 5, 0, {frozen_flags, count_32, timestamp_48}},
    {21, 6, 0, {frozen_flags, count_16, timestamp_48}},
    {21, 7, 0, {rollover_flags, count_32, timestamp_48}},
    {21, 8, 0, {rollover_flags, count_16, timestamp_48}},
    {21, 9, 0, {count_32}},
    {21, 10, 0, {count_16}},
    {21, 11, 0, {count_32}},
    {21, 12, 0, {count_16}},
    {22, 1, 0, {counter_flags, count_32}},
    {22, 2, 0, {counter_flags, count_16}},
    {22, 3, 0, {rollover_flags, count_32}},
    {22, 4, 0, {rollover_flags, count_16}},
    {22, 5, 0, {rollover_flags, count_32, timestamp_48}},
    {22, 6, 0, {counter_flags, count_16, timestamp_48}},
    {22, 7, 0, {rollover_flags, count_32, timestamp_48}},
    {22, 8, 0, {rollover_flags, count_16, timestamp_48}},
    {23, 1, 0, {counter_flags, count_32}},
    {23, 2, 0, {rollover_flags, count_16}},
    {23, 3, 0, {rollover_flags, count_32}},
    {23, 4, 0, {rollover_flags, count_16}},
    {23, 5, 0, {counter_flags, count_32, timestamp_48}},
    {23, 6, 0, {counter_flags, count_16, timestamp_48}},
    {23, 7, 0, {rollover_flags, count_32, timestamp_48}},
    {23, 8, 0, {rollover_flags, count_16, timestamp_48}},
    {30, 1, 0, {analog_flags, value_int32}},
    {30, 2, 0, {analog_flags, value_int16}},
    {30, 3, 0, {value_int32}},
    {30, 4, 0, {value_int16}},
    {30, 5, 0, {analog_flags, value_real32}},
    {30, 6, 0, {analog_flags, value_real64}},
    {31, 1, 0, {analog_flags, value_int32}},
    {31, 2, 0, {analog_flags, value_int16}},
    {31, 3, 0, {analog_flags, value_int32, timestamp_48}},
    {31, 4, 0, {analog_flags, value_int16, timestamp_48}},
    {31, 5, 0, {value_int32}},
    {31, 6, 0, {value_int16}},
    {31, 7, 0, {analog_flags, value_real32}},
    {31, 8, 0, {analog_flags, value_real64}},
    {32, 1, 0, {analog_flags, value_int32}},
    {32, 2, 0, {analog_flags, value_int16}},
    {32, 3, 0, {analog_flags, value_int32, timestamp_48}},
    {32, 4, 0, {analog_flags, value_int16, timestamp_48}},
    {32, 5, 0, {analog_flags, value_real32}},
    {32, 6, 0, {analog_flags, value_real64}},
    {32, 7, 0, {analog_flags, value_real32, timestamp_48}},
    {32, 8, 0, {analog_flags, value_real64, timestamp_48}},
    {33, 1, 0, {analog_flags, value_int32}},
    {33, 2, 0, {analog_flags, value_int16}},
    {33, 3, 0, {analog_flags, value_int32, timestamp_48}},
    {33, 4, 0, {analog_flags, value_int16, timestamp_48}},
    {33, 5, 0, {analog_flags, value_real32}},
    {33, 6, 0, {analog_flags, value_real64}},
    {33, 7, 0, {analog_flags, value_real32, timestamp_48}},
    {33, 8, 0, {analog_flags, value_real64, timestamp_48}},
    {34, 1, 0, {deadband_value_16}},
    {34, 2, 0, {deadband_value_32}},
    {34, 3, 0, {deadband_value_real32}},
    {40, 1, 0, {analog_flags, value_int32}},
    {40, 2, 0, {analog_flags, value_int16}},
    {40, 3, 0, {analog_flags, value_real32}},
    {40, 4, 0, {analog_flags, value_real64}},
    {41, 1, 0, {value_int32, control_status_8}},
    {41, 2, 0, {value_int16, control_status_8}},
    {41, 3, 0, {value_real32, control_status_8}},
    {41, 4, 0, {value_real64, control_status_8}},
    {42, 1, 0, {analog_flags, value_int32}},
    {42, 2, 0, {analog_flags, value_int16}},
    {42, 3, 0, {analog_flags, value_int32, timestamp_48}},
    {42, 4, 0, {analog_flags, value_int16, timestamp_48}},
    {42, 5, 0, {analog_flags, value_real32}},
    {42, 6, 0, {analog_flags, value_real64}},
    {42, 7, 0, {analog_flags, value_real32, timestamp_48}},
    {42, 8, 0, {analog_flags, value_real64, timestamp_48}},
    {43, 1, 0, {status_code_reserved0, commanded_value_int32}},
    {43, 2, 0, {status_code_reserved0, commanded_value_int16}},
    {43, 3, 0, {status_code_reserved0, commanded_value_int32, timestamp_48}},
    {43, 4, 0, {status_code_reserved0, commanded_value_int16, timestamp_48}},
    {43, 5, 0, {status_code_reserved0, commanded_value_real32}},
    {43, 6, 0, {status_code_reserved0, commanded_value_real64}},
    {43, 7, 0, {status_code_reserved0, commanded_value_real32, timestamp_48}},
    {43, 8, 0, {status_code_reserved0, commanded_value_real64, timestamp_48}},
    {50, 1, 0, {timestamp_48}},
    {50, 2, 0, {timestamp_48, interval_32}},
    {50, 3, 0, {timestamp_48}},
    {50, 4, 0, {timestamp_48, interval_count_32, interval_units_8}},
    {51, 1, 0, {timestamp_48}},
    {51, 2, 0, {timestamp_48}},
    {52, 1, 0, {delay_secs_16}},
    {52, 2, 0, {delay_ms_16}},
    {70, 3, 0, {file_command}},
    {70, 4, 0, {file_status}},
    {70, 5, 0, {file_transport}},
    {70, 6, 0, {file_transport_status}},
    {70, 7, 0, {file_descriptor}},
    {70, 8, 0, {file_specification}},
    {80, 1, 1, {state_bits1}},
    {81, 1, 0, {fill_percentage_overflow_state, group_8, variation_8}},
    {86, 2, 0, {data_set_flags}},
    {102, 1, 0, {value_8}},
    {120, 1, 0, {challenge}},
    {120, 2, 0, {reply}},
    {120, 3, 0, {aggressive}},
    {120, 4, 0, {key_status_request}},
    {120, 5, 0, {key_status}},
    {120, 6, 0, {key_change}},
    {120, 7, 0, {security_error}},
    {120, 8, 0, {certificate}},
    {120, 9, 0, {mac_value}},
    {120, 10, 0, {user_status}},
    {120, 11, 0, {update_request}},
    {120, 12, 0, {update_reply}},
    {120, 13, 0, {update_key}},
    {120, 14, 0, {signature}},
    {120, 15, 0, {confirmation}},
    {121, 1, 0, {security_flags, association_id_16, count_value_32}},
    {122, 1, 0, {security_flags, association_id_16, count_value_32}},
    {122, 2, 0, {security_flags, association_id_16, count_value_timestamp}},
};
/* clang-format on */

const struct dnp3_layout *dnp3_layout_find(uint8_t group, uint8_t variation)
{
    size_t low = 0, high = ARRAY_COUNT(layouts);
    while (low < high) {
        size_t middle = (low + high) / 2;
        const struct dnp3_layout *layout = &layouts[middle];
        if (layout->group == group && layout->variation == variation)
            return layout;
        if (layout->group < group || (layout->group == group && layout->variation < variation))
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}
