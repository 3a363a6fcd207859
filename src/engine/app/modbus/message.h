/* message: of Modbus, and how to read it. Numbers are big-endian; addresses are those of the wire, which begin with 0. */
#ifndef ENGINE_APP_MODBUS_MESSAGE_H
#define ENGINE_APP_MODBUS_MESSAGE_H

#include "base/reader.h"
#include "engine/app/app.h"

#define MODBUS_HEAD_BYTES 7
#define MODBUS_LENGTH_MIN 2 /* the unit and a function */
#define MODBUS_PDU_MAX 253
#define MODBUS_EXCEPTION 0x80 /* bit of a response's function */

enum modbus_event {
    MODBUS_INVALID_PROTOCOL_ID,
    MODBUS_UNSOLICITED_RESPONSE,
    MODBUS_INVALID_LENGTH,
    MODBUS_INVALID_UNIT_IDENTIFIER,
    MODBUS_INVALID_FUNCTION_CODE,
    MODBUS_INVALID_VALUE,
    MODBUS_INVALID_EXCEPTION_CODE,
    MODBUS_VALUE_MISMATCH,
    MODBUS_FLOODED,
    MODBUS_EVENTS
};

/* What is wrong with a message. */
enum modbus_error {
    MODBUS_DATA_VALUE = 1,
    MODBUS_DATA_LENGTH = 2,
    MODBUS_EXC_CODE = 4,
    MODBUS_FUNC_CODE = 8,
    MODBUS_PROTO_ID = 16,
};

/* Whose functions they are, V1.1b3 chapter 5. */
enum modbus_category {
    MODBUS_ASSIGNED = 1,
    MODBUS_UNASSIGNED = 2,
    MODBUS_USER = 4,
    MODBUS_RESERVED = 8,
};

enum modbus_access {
    MODBUS_READ = 1,
    MODBUS_WRITE = 2,
    MODBUS_DISCRETES = 4,
    MODBUS_COILS = 8,
    MODBUS_INPUT = 16,
    MODBUS_HOLDING = 32,
    MODBUS_SINGLE = 64,
    MODBUS_MULTIPLE = 128,
};

/* A message as it came. */
struct modbus_side {
    bool seen;
    bool damaged; /* only its head is there */
    bool differs; /* a response that does not say what the request asks for */
    uint16_t transaction, protocol;
    uint8_t unit;
    uint8_t code; /* of the function, and of its part: a response is looked for among many */
    bool has_sub;
    uint16_t sub;
    uint8_t *pdu; /* function and data; NULL: none, or no memory */
    uint32_t pdu_len;
};

struct modbus_tx {
    struct tx tx; /* first */
    struct modbus_side sides[DIR_COUNT];
};

/* What the data of a function look like. */
enum modbus_shape {
    MODBUS_SHAPE_ANY,
    MODBUS_SHAPE_EMPTY, /* of a request */
    MODBUS_SHAPE_SOME,  /* of a request: one byte at least */
    MODBUS_SHAPE_WORD,  /* of a request: two bytes */
    MODBUS_SHAPE_READ,
    MODBUS_SHAPE_WRITE_ONE,
    MODBUS_SHAPE_WRITE_MANY,
    MODBUS_SHAPE_MASK,
    MODBUS_SHAPE_READ_WRITE,
    MODBUS_SHAPE_DIAGNOSTIC,
    MODBUS_SHAPE_MEI,
};

struct modbus_range {
    bool there;
    uint16_t address, quantity;
};

/* What a message says. */
struct modbus_parts {
    uint8_t raw;  /* function, with MODBUS_EXCEPTION */
    uint8_t code; /* without */
    const char *name;
    enum modbus_shape shape;
    uint8_t access, category, errors;
    struct modbus_range read,
        write; /* of requests; of a write's response `write.quantity` is its second number */
    uint16_t value, or_mask; /* of WRITE_ONE; of MASK (`value`: the AND mask) */
    bool has_sub, has_exception, has_values, has_data;
    uint16_t sub;      /* function of a diagnostic, type of an encapsulated interface */
    uint8_t exception; /* code */
    struct str values; /* has_values: what was read, or is to be written */
    struct str data;   /* whatever else there is; of a sub-function */
};

/* Reads a message; p->errors says what is wrong. Of a damaged one only the errors are there. */
void modbus_read(const struct modbus_side *side, enum dir dir, struct modbus_parts *p);
/* Does the response say what the request asks for? Also true where nothing is to be compared. */
NODISCARD bool modbus_agree(const struct modbus_parts *request,
                            const struct modbus_parts *response);
/* Has the function a name? */
NODISCARD bool modbus_function_known(uint8_t function);
/* "RetBusMsgCount", "RdDevId", "IllegalFunction"; of unknown ones "Reserved", "Unknown", "Unknown". */
const char *modbus_diagnostic_name(uint16_t sub);
const char *modbus_mei_name(uint16_t type);
const char *modbus_exception_name(uint8_t code);

/* Is the range of a write one of coils? */
static inline bool modbus_writes_coils(const struct modbus_parts *p)
{
    return (p->access & (MODBUS_WRITE | MODBUS_COILS)) == (MODBUS_WRITE | MODBUS_COILS);
}

#define MODBUS_FIELDS 11
extern const struct field_desc modbus_fields[MODBUS_FIELDS];
void modbus_log(const struct tx *tx, const struct app_conf *conf, struct json *out);

#endif
