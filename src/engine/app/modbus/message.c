#include "engine/app/modbus/message.h"

#define COILS_MAX 2000 /* read at once, V1.1b3 section 6.1 */
#define REGISTERS_MAX 125
#define COIL_ON 0xff00
#define SUB_KNOWN_MAX 21

/* ---- functions ---- */

struct function {
    const char *name;
    enum modbus_shape shape;
    uint8_t access;
};

/* Chapter 6; 9, 10, 13, 14, 18 and 19 are older than the specification, which reserves them (annex A). */
static const struct function functions[] = {
    [1] = {"RdCoils", MODBUS_SHAPE_READ, MODBUS_READ | MODBUS_COILS},
    [2] = {"RdDiscreteInputs", MODBUS_SHAPE_READ, MODBUS_READ | MODBUS_DISCRETES},
    [3] = {"RdHoldRegs", MODBUS_SHAPE_READ, MODBUS_READ | MODBUS_HOLDING},
    [4] = {"RdInputRegs", MODBUS_SHAPE_READ, MODBUS_READ | MODBUS_INPUT},
    [5] = {"WrSingleCoil", MODBUS_SHAPE_WRITE_ONE, MODBUS_WRITE | MODBUS_COILS | MODBUS_SINGLE},
    [6] = {"WrSingleReg", MODBUS_SHAPE_WRITE_ONE, MODBUS_WRITE | MODBUS_HOLDING | MODBUS_SINGLE},
    [7] = {"RdExcStatus", MODBUS_SHAPE_EMPTY, 0},
    [8] = {"Diagnostic", MODBUS_SHAPE_DIAGNOSTIC, 0},
    [9] = {"Program484", MODBUS_SHAPE_ANY, 0},
    [10] = {"Poll484", MODBUS_SHAPE_ANY, 0},
    [11] = {"GetCommEventCtr", MODBUS_SHAPE_EMPTY, 0},
    [12] = {"GetCommEventLog", MODBUS_SHAPE_EMPTY, 0},
    [13] = {"ProgramController", MODBUS_SHAPE_ANY, 0},
    [14] = {"PollController", MODBUS_SHAPE_ANY, 0},
    [15] = {"WrMultCoils", MODBUS_SHAPE_WRITE_MANY, MODBUS_WRITE | MODBUS_COILS | MODBUS_MULTIPLE},
    [16] = {"WrMultRegs", MODBUS_SHAPE_WRITE_MANY, MODBUS_WRITE | MODBUS_HOLDING | MODBUS_MULTIPLE},
    [17] = {"ReportServerID", MODBUS_SHAPE_EMPTY, 0},
    [18] = {"Program884", MODBUS_SHAPE_ANY, 0},
    [19] = {"ResetCommLink", MODBUS_SHAPE_ANY, 0},
    [20] = {"RdFileRec", MODBUS_SHAPE_SOME, 0},
    [21] = {"WrFileRec", MODBUS_SHAPE_SOME, 0},
    [22] = {"MaskWrReg", MODBUS_SHAPE_MASK, MODBUS_WRITE | MODBUS_HOLDING},
    [23] = {"RdWrMultRegs", MODBUS_SHAPE_READ_WRITE,
            MODBUS_READ | MODBUS_WRITE | MODBUS_HOLDING | MODBUS_MULTIPLE},
    [24] = {"RdFIFOQueue", MODBUS_SHAPE_WORD, 0},
    [43] = {"MEI", MODBUS_SHAPE_MEI, 0},
};

static const struct function *function_of(uint8_t code)
{
    static const struct function unknown = {"Unknown", MODBUS_SHAPE_ANY, 0};
    return code < ARRAY_COUNT(functions) && functions[code].name ? &functions[code] : &unknown;
}

bool modbus_function_known(uint8_t function)
{
    uint8_t code = (uint8_t)(function & ~MODBUS_EXCEPTION);
    return code < ARRAY_COUNT(functions) && functions[code].name;
}

/* Section 5.1, figure 11, and annex A. */
static uint8_t category_of(uint8_t code)
{
    if (!code)
        return 0;
    if (modbus_function_known(code))
        return MODBUS_ASSIGNED;
    if ((code >= 65 && code <= 72) || (code >= 100 && code <= 110))
        return MODBUS_USER;
    switch (code) {
    case 41:
    case 42:
    case 90:
    case 91:
    case 125:
    case 126:
    case 127: return MODBUS_RESERVED;
    default: return MODBUS_UNASSIGNED;
    }
}

/* ---- sub-functions ---- */

enum allowed { ALLOW_ANY, ALLOW_ZERO, ALLOW_SWITCH, ALLOW_HIGH };

/* Section 6.8, with what the data field of a request may hold. */
static const struct diagnostic {
    const char *name;
    enum allowed allowed;
} diagnostics[SUB_KNOWN_MAX + 1] = {
    [0] = {"RetQueryData", ALLOW_ANY},
    [1] = {"RestartCommOpt", ALLOW_SWITCH},
    [2] = {"RetDiagReg", ALLOW_ZERO},
    [3] = {"ChangeInputDelimiter", ALLOW_HIGH},
    [4] = {"ForceListenOnlyMode", ALLOW_ANY},
    [10] = {"ClearCtrDiagReg", ALLOW_ZERO},
    [11] = {"RetBusMsgCount", ALLOW_ZERO},
    [12] = {"RetBusCommErrCount", ALLOW_ZERO},
    [13] = {"RetBusExcErrCount", ALLOW_ZERO},
    [14] = {"RetServerMsgCount", ALLOW_ZERO},
    [15] = {"RetServerNoRespCount", ALLOW_ZERO},
    [16] = {"RetServerNAKCount", ALLOW_ZERO},
    [17] = {"RetServerBusyCount", ALLOW_ZERO},
    [18] = {"RetBusCharOverrunCount", ALLOW_ZERO},
    [19] = {"RetOverrunErrCount", ALLOW_ZERO},
    [20] = {"ClearOverrunCounterFlag", ALLOW_ZERO},
    [21] = {"GetClearPlusStats", ALLOW_ZERO},
};

static bool diagnostic_known(uint16_t sub)
{
    return sub <= SUB_KNOWN_MAX && diagnostics[sub].name;
}

const char *modbus_diagnostic_name(uint16_t sub)
{
    return diagnostic_known(sub) ? diagnostics[sub].name : "Reserved";
}

static bool diagnostic_allows(uint16_t sub, uint16_t value)
{
    if (!diagnostic_known(sub))
        return true;
    switch (diagnostics[sub].allowed) {
    case ALLOW_ZERO: return value == 0;
    case ALLOW_SWITCH: return value == 0 || value == COIL_ON;
    case ALLOW_HIGH: return (value & 0xff) == 0;
    case ALLOW_ANY: break;
    }
    return true;
}

const char *modbus_mei_name(uint16_t type)
{
    return type == 13 ? "CANOpenGenRefReqResp" : type == 14 ? "RdDevId" : "Unknown";
}

/* Chapter 7. 8 has a name, and is only of file records, where Suricata calls it invalid too. */
const char *modbus_exception_name(uint8_t code)
{
    static const char *const names[] = {
        [1] = "IllegalFunction",
        [2] = "IllegalDataAddr",
        [3] = "IllegalDataValue",
        [4] = "ServerDeviceFail",
        [5] = "Ack",
        [6] = "ServerDeviceBusy",
        [7] = "NegAck",
        [8] = "MemParityErr",
        [10] = "GatewayPathUnavailable",
        [11] = "GatewayTargetFailToResp",
    };
    return code < ARRAY_COUNT(names) && names[code] ? names[code] : "Unknown";
}

static bool exception_valid(uint8_t code)
{
    return (code >= 1 && code <= 7) || code == 10 || code == 11;
}

/* ---- what a function says ---- */

/* Bytes that hold so many coils or registers. */
static size_t bytes_for(const struct modbus_parts *p, uint16_t quantity)
{
    if (p->access & (MODBUS_COILS | MODBUS_DISCRETES))
        return ((size_t)quantity + 7) / 8;
    return (size_t)quantity * 2;
}

static void keep_rest(struct modbus_parts *p, struct reader *r)
{
    p->has_data = true;
    p->data = reader_rest(r);
}

static void end_of(struct modbus_parts *p, const struct reader *r)
{
    if (reader_left(r))
        p->errors |= MODBUS_DATA_LENGTH;
}

static struct modbus_range range_of(struct reader *r)
{
    uint16_t address = reader_u16(r);
    return (struct modbus_range){true, address, reader_u16(r)};
}

static void read_quantity(struct modbus_parts *p)
{
    bool bits = p->access & (MODBUS_COILS | MODBUS_DISCRETES);
    if (!p->read.quantity || p->read.quantity > (bits ? COILS_MAX : REGISTERS_MAX))
        p->errors |= MODBUS_DATA_VALUE;
}

/* A count of bytes, then the values. */
static void counted_values(struct modbus_parts *p, struct reader *r)
{
    size_t expected = bytes_for(p, p->write.quantity);
    uint8_t count = reader_u8(r);
    p->values = reader_rest(r);
    p->has_values = true;
    if (count != p->values.len)
        p->errors |= MODBUS_DATA_LENGTH;
    else if (count != expected)
        p->errors |= MODBUS_DATA_VALUE;
    else if (!count)
        p->errors |= MODBUS_DATA_LENGTH;
}

/* Something that must be there is not: what is left is told as it is. */
static bool too_short(struct modbus_parts *p, struct reader *r, size_t bytes)
{
    if (reader_left(r) >= bytes)
        return false;
    p->errors |= MODBUS_DATA_LENGTH;
    keep_rest(p, r);
    return true;
}

static void request_write(struct modbus_parts *p, struct reader *r)
{
    if (too_short(p, r, p->shape == MODBUS_SHAPE_WRITE_MANY ? 5 : 4))
        return;
    p->write = range_of(r);
    if (p->shape == MODBUS_SHAPE_WRITE_MANY) {
        counted_values(p, r);
        return;
    }
    p->value = p->write.quantity;
    p->write.quantity = 1;
    if ((p->access & MODBUS_COILS) && p->value && p->value != COIL_ON)
        p->errors |= MODBUS_DATA_VALUE;
    end_of(p, r);
}

static void request_read(struct modbus_parts *p, struct reader *r)
{
    if (too_short(p, r, 4))
        return;
    p->read = range_of(r);
    read_quantity(p);
    if (p->shape == MODBUS_SHAPE_READ) {
        end_of(p, r);
        return;
    }
    if (reader_left(r) < 5) {
        p->errors |= MODBUS_DATA_LENGTH;
        return;
    }
    p->write = range_of(r);
    counted_values(p, r);
}

static void mask_write(struct modbus_parts *p, struct reader *r)
{
    if (too_short(p, r, 6))
        return;
    p->write = (struct modbus_range){true, reader_u16(r), 1};
    p->value = reader_u16(r);
    p->or_mask = reader_u16(r);
    end_of(p, r);
}

static void sub_function(struct modbus_parts *p, struct reader *r, enum dir dir)
{
    bool diagnostic = p->shape == MODBUS_SHAPE_DIAGNOSTIC;
    if (reader_left(r) < (diagnostic ? 2 : 1)) {
        p->errors |= MODBUS_DATA_LENGTH;
        p->category = 0;
        return;
    }
    p->has_sub = true;
    p->sub = diagnostic ? reader_u16(r) : reader_u8(r);
    p->data = reader_rest(r);
    bool known = diagnostic ? diagnostic_known(p->sub) : p->sub == 13 || p->sub == 14;
    if (!known)
        p->category = MODBUS_RESERVED;
    if (!diagnostic)
        return;
    struct reader value = reader_of(p->data);
    if (p->data.len != 2)
        p->errors |= MODBUS_DATA_LENGTH;
    else if (dir == DIR_TOSERVER && !diagnostic_allows(p->sub, reader_u16(&value)))
        p->errors |= MODBUS_DATA_VALUE;
}

static void other_request(struct modbus_parts *p, struct reader *r)
{
    size_t len = reader_left(r);
    bool bad = (p->shape == MODBUS_SHAPE_EMPTY && len) || (p->shape == MODBUS_SHAPE_SOME && !len) ||
               (p->shape == MODBUS_SHAPE_WORD && len != 2);
    if (bad)
        p->errors |= MODBUS_DATA_LENGTH;
    keep_rest(p, r);
}

static void read_request(struct modbus_parts *p, struct reader *r)
{
    switch (p->shape) {
    case MODBUS_SHAPE_READ:
    case MODBUS_SHAPE_READ_WRITE: request_read(p, r); return;
    case MODBUS_SHAPE_WRITE_ONE:
    case MODBUS_SHAPE_WRITE_MANY: request_write(p, r); return;
    case MODBUS_SHAPE_MASK: mask_write(p, r); return;
    case MODBUS_SHAPE_DIAGNOSTIC:
    case MODBUS_SHAPE_MEI: sub_function(p, r, DIR_TOSERVER); return;
    case MODBUS_SHAPE_ANY:
    case MODBUS_SHAPE_EMPTY:
    case MODBUS_SHAPE_SOME:
    case MODBUS_SHAPE_WORD: break;
    }
    other_request(p, r);
}

static void read_values(struct modbus_parts *p, struct reader *r)
{
    if (too_short(p, r, 1))
        return;
    uint8_t count = reader_u8(r);
    p->values = reader_rest(r);
    p->has_values = true;
    if (count != p->values.len)
        p->errors |= MODBUS_DATA_VALUE;
}

static void write_response(struct modbus_parts *p, struct reader *r)
{
    if (too_short(p, r, 4))
        return;
    p->write = range_of(r);
    p->value = p->write.quantity;
    end_of(p, r);
}

static void read_response(struct modbus_parts *p, struct reader *r)
{
    switch (p->shape) {
    case MODBUS_SHAPE_READ:
    case MODBUS_SHAPE_READ_WRITE: read_values(p, r); return;
    case MODBUS_SHAPE_WRITE_ONE:
    case MODBUS_SHAPE_WRITE_MANY: write_response(p, r); return;
    case MODBUS_SHAPE_MASK: mask_write(p, r); return;
    case MODBUS_SHAPE_DIAGNOSTIC:
    case MODBUS_SHAPE_MEI: sub_function(p, r, DIR_TOCLIENT); return;
    case MODBUS_SHAPE_ANY:
    case MODBUS_SHAPE_EMPTY:
    case MODBUS_SHAPE_SOME:
    case MODBUS_SHAPE_WORD: break;
    }
    keep_rest(p, r);
}

static void read_exception(struct modbus_parts *p, struct reader *r)
{
    if (p->shape == MODBUS_SHAPE_DIAGNOSTIC || p->shape == MODBUS_SHAPE_MEI)
        p->category = 0; /* which of them was refused is not told */
    if (too_short(p, r, 1))
        return;
    p->has_exception = true;
    p->exception = reader_u8(r);
    if (!exception_valid(p->exception))
        p->errors |= MODBUS_EXC_CODE;
    end_of(p, r);
}

void modbus_read(const struct modbus_side *side, enum dir dir, struct modbus_parts *p)
{
    struct reader r = reader_of(str_of(side->pdu, side->pdu ? side->pdu_len : 0));
    *p = (struct modbus_parts){.name = "Unknown"};
    if (side->protocol)
        p->errors |= MODBUS_PROTO_ID;
    if (side->damaged || !reader_left(&r)) {
        p->errors |= MODBUS_DATA_LENGTH;
        return;
    }
    p->raw = reader_u8(&r);
    p->code = (uint8_t)(p->raw & ~MODBUS_EXCEPTION);
    const struct function *f = function_of(p->code);
    bool refused = p->raw & MODBUS_EXCEPTION;
    p->name = f->name;
    p->shape = f->shape;
    p->access = f->access;
    p->category = refused && !modbus_function_known(p->code) ? 0 : category_of(p->code);
    if (dir == DIR_TOSERVER && (refused || !p->code)) {
        p->errors |= MODBUS_FUNC_CODE;
        if (refused && reader_left(&r))
            p->errors |= MODBUS_DATA_LENGTH;
        keep_rest(p, &r);
    } else if (dir == DIR_TOSERVER) {
        read_request(p, &r);
    } else if (refused) {
        read_exception(p, &r);
    } else {
        read_response(p, &r);
    }
    if (side->differs && !(p->errors & MODBUS_DATA_LENGTH))
        p->errors |= MODBUS_DATA_VALUE;
}

bool modbus_agree(const struct modbus_parts *request, const struct modbus_parts *response)
{
    if (!request->read.there && !request->write.there)
        return true;
    if (response->raw & MODBUS_EXCEPTION)
        return response->has_exception && !(response->errors & MODBUS_DATA_LENGTH);
    switch (request->shape) {
    case MODBUS_SHAPE_READ:
    case MODBUS_SHAPE_READ_WRITE:
        return response->has_values && !(response->errors & MODBUS_DATA_VALUE) &&
               response->values.len == bytes_for(request, request->read.quantity);
    case MODBUS_SHAPE_MASK:
        return response->write.there && response->write.address == request->write.address &&
               response->value == request->value && response->or_mask == request->or_mask;
    case MODBUS_SHAPE_WRITE_ONE:
        return response->write.there && response->write.address == request->write.address &&
               response->value == request->value;
    case MODBUS_SHAPE_WRITE_MANY:
        return response->write.there && response->write.address == request->write.address &&
               response->value == request->write.quantity;
    case MODBUS_SHAPE_ANY:
    case MODBUS_SHAPE_EMPTY:
    case MODBUS_SHAPE_SOME:
    case MODBUS_SHAPE_WORD:
    case MODBUS_SHAPE_DIAGNOSTIC:
    case MODBUS_SHAPE_MEI: break;
    }
    return true;
}
