/* compile: from rule files to the immutable image that workers match with.
 *
 * Way in:    paths of rule files and a suricata.yaml (or nothing), and what this place changes in rules (tailor).
 * Way out:   a match image, or why there is none; what was refused stays readable in the image's rule set.
 * Memory:    the image is the caller's (match_image_free). Everything else is gone on return.
 * Shared:    a process that comes and goes makes an image in a memfd (compile_shared), others read the same pages
 *            (compile_attach). The place in their address space is reserved by their common parent before it forks them
 *            (compile_prepare), and so is the vocabulary made: an image is full of pointers, and they must be true everywhere.
 */
#ifndef GATEWAY_COMPILE_COMPILE_H
#define GATEWAY_COMPILE_COMPILE_H

#include "base/buf.h"
#include "base/conf.h"
#include "base/err.h"
#include "engine/engine.h"
#include "gateway/tailor/tailor.h"

#include <stdio.h>

#define COMPILE_FILES_MAX 64

/* suricata-update's files, in the order of enum tailor_kind: TAILOR_DISABLE to TAILOR_DROP. */
#define COMPILE_EDITS 4

struct compile_request {
    const char *files[COMPILE_FILES_MAX]; /* rule files, or patterns with * */
    uint32_t file_count;
    bool only_these;         /* rule-files of the settings is not read */
    const struct conf *conf; /* suricata.yaml, or NULL */
    /* disable.conf ... as the command line names them; NULL: as the settings do (otasuke.rules.disable-conf ...); when they do
     * not either: in this folder, where each may be missing; NULL: nowhere. */
    const char *edits[COMPILE_EDITS];
    const char *edits_folder;
    /* told what the edits did; NULL: the log */
    tailor_say_fn say;
    void *say_owner;
    bool say_all;
    /* where databases are kept from one start to the next; NULL: nowhere */
    const char *cache_folder;
    int cache_fd; /* compile_shared: of compile_cache_begin, or -1; compile_image sees to it itself */
};

/* An empty file in the folder (which is made, 0700) for the databases that are missing there; -1: nothing can be written, or another
 * one writes. */
NODISCARD int compile_cache_begin(const char *folder);
/* Closes it. It takes the place of the one before when `well` and something was written. */
void compile_cache_end(const char *folder, int fd, bool well);

/* "disable-conf" ...: as settings below otasuke.rules, and with -- before it as options. */
extern const char *const compile_edit_names[COMPILE_EDITS];
/* The i-th file of rule-files in the settings, with default-rule-path before it; false: there is none. */
bool compile_named_file(const struct conf *conf, uint32_t i, struct buf *path);

/* An image of the caller's own, on the heap. */
NODISCARD struct match_image *compile_image(const struct compile_request *request,
                                            const struct engine_vocabulary *words, struct err *err);
#define COMPILE_PLACES 2 /* the image in force, and the next one */

struct compile_place {
    uint8_t *at;
    size_t bytes;
};

/* What all processes have in common. */
struct compile_ground {
    struct engine_vocabulary *words;
    struct compile_place places[COMPILE_PLACES];
};

/* Where an image goes. */
struct compile_target {
    uint32_t place;
    int fd; /* an empty memfd (MFD_ALLOW_SEALING) */
};

/* Files of sets that rules write (dataset: state, save), in the order of match_datasets_save; "": its name is too long. */
#define COMPILE_SAVED_MAX 64
#define COMPILE_PATH_BYTES 128

/* Does the path lie where the settings let sets be written? Whoever writes asks this of his own settings: the one who says so has read
 * a stranger's rules. */
bool compile_may_save(const struct conf *conf, const char *path);

struct compile_summary {
    uint32_t loaded, skipped;
    uint64_t bytes;
    uint32_t saved_count;
    char saved[COMPILE_SAVED_MAX][COMPILE_PATH_BYTES];
};

/* Makes the words and reserves address space; before the first fork, for as long as the program runs. */
NODISCARD int compile_prepare(struct compile_ground *ground, struct err *err);
void compile_ground_fini(struct compile_ground *ground);
/* Into the target's memfd, which is sealed then: nobody can change it any more. Rules that are not usable are
 * named in the log, the first COMPILE_NAMED_MAX of them. 0 or -1. */
#define COMPILE_NAMED_MAX 50
NODISCARD int compile_shared(const struct compile_request *request,
                             const struct compile_ground *ground,
                             const struct compile_target *target, struct compile_summary *summary,
                             struct err *err);
/* The image of such a memfd; its expressions are made machine code of here (executable pages are needed for that, without
 * them they are interpreted). The caller may close fd. NULL: not one of ours, or no memory. */
NODISCARD struct match_image *compile_attach(const struct compile_ground *ground, uint32_t place,
                                             int fd, struct err *err);
/* The place is free for another one. Nobody looks at the image any more. */
void compile_detach(const struct compile_ground *ground, uint32_t place, struct match_image *image);

/* "31,996 rules, 31,500 loaded, 496 not: ..." with the reasons counted; `all`: each refused rule on a line. */
void compile_report(const struct match_image *image, bool all, FILE *out);

#endif
