/* embedded: a file that was built into the program (tools/embed.py). A table of them ends with a row whose name is NULL. */
#ifndef BASE_EMBEDDED_H
#define BASE_EMBEDDED_H

#include "base/str.h"

struct embedded {
    const char *name;           /* without folders */
    const unsigned char *bytes; /* a NUL follows */
    size_t len;
};

#endif
