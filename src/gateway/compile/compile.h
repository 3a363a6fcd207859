/* compile: from rule files to the immutable image that workers match with.
 *
 * Way in:    paths of rule files and a suricata.yaml (or nothing).
 * Way out:   a match image, or why there is none; what was refused stays readable in the image's rule set.
 * Memory:    the image is the caller's (match_image_free). Everything else is gone on return.
 */
#ifndef GATEWAY_COMPILE_COMPILE_H
#define GATEWAY_COMPILE_COMPILE_H

#include "base/conf.h"
#include "base/err.h"
#include "engine/engine.h"

#include <stdio.h>

#define COMPILE_FILES_MAX 64

struct compile_request {
    const char *files[COMPILE_FILES_MAX]; /* rule files, or patterns with * */
    uint32_t file_count;
    const struct conf *conf;  /* suricata.yaml, or NULL */
    const char *cache_folder; /* for compiled literal databases, or NULL */
};

NODISCARD struct match_image *compile_image(const struct compile_request *request,
                                            const struct engine_vocabulary *words, struct err *err);
/* "31,996 rules, 31,500 loaded, 496 not: ..." with the reasons counted; `all`: each refused rule on a line. */
void compile_report(const struct match_image *image, bool all, FILE *out);

#endif
