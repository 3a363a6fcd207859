/* Settings as text: parsed, asked, single values set from the same bytes. */
#include "base/conf.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct conf *c = conf_new();
    struct err err;
    char *text = str_dup(str_of(data, size));
    if (!c || !text)
        abort();
    /* Without includes: those would read files of the machine. */
    err.text[0] = 0;
    if (!strstr(text, "include") && conf_parse(c, str_of(data, size), "fuzz", &err) < 0 &&
        !err.text[0])
        abort();
    err.text[0] = 0;
    if (conf_set(c, text, &err) < 0 && !err.text[0])
        abort();
    (void)conf_bytes(c, "a.b.0", 1);
    (void)conf_bool(c, text, true);
    (void)conf_find(c, text);
    free(text);
    conf_free(c);
    return 0;
}
