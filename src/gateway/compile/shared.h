/* shared: the layout of an image that one process makes and others use; private to compile/. */
#ifndef GATEWAY_COMPILE_SHARED_H
#define GATEWAY_COMPILE_SHARED_H

#include "gateway/compile/compile.h"

/* compile.c: as compile_image, in `memory` (NULL: the heap) */
struct match_image *compile_in(const struct compile_request *request,
                               const struct engine_vocabulary *words, struct arena *memory,
                               struct err *err);

#endif
