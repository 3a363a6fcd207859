/* settings: what a person tells mimamori: options of the command line over a settings file (YAML). */
#ifndef CENTER_SETTINGS_H
#define CENTER_SETTINGS_H

#include "base/conf.h"
#include "base/err.h"

enum command_bit {
    FOR_SERVE = 1 << 0,
    FOR_INIT = 1 << 1,
    FOR_USER_ADD = 1 << 2,
    FOR_FIRM_ADD = 1 << 3,
    FOR_GATEWAY_ADD = 1 << 4,
    FOR_GATEWAY_CODE = 1 << 5,
    FOR_MIGRATE = 1 << 6,
    FOR_CHECK = 1 << 7,
    FOR_BACKUP = 1 << 8,
    FOR_CONTACT_ADD = 1 << 9,
    FOR_ALL = (1 << 10) - 1
};

/* Reads the options that belong to the command. NULL: *err says what is wrong. */
NODISCARD struct conf *settings_read(unsigned command, int argc, char **argv, struct err *err);
/* The options of a command, one a line. */
void settings_help(unsigned command);

#endif
