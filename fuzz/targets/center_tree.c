/* JSON from browsers and gateways: what a tree writes reads back as the same tree. */
#include "center/tree/tree.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum tree_fault fault;
    struct tree *t = tree_parse(str_of(data, size), &fault);
    if (!t)
        return 0;
    (void)tree_text(t, "otasuke.device.mac");
    char *text = tree_write(t);
    struct tree *again = text ? tree_parse(str_c(text), &fault) : NULL;
    char *second = again ? tree_write(again) : NULL;
    if (!second || strcmp(text, second) != 0)
        abort();
    free(second);
    free(text);
    tree_free(again);
    tree_free(t);
    return 0;
}
