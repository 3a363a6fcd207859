/* why: a capture is played with an ear for one rule. */
#include "gateway/explain/report.h"
#include "gateway/explain/tell.h"

#include <stdio.h>

static int play(const struct explain_rules *r, const struct explain_options *o,
                const struct rule *rule, struct buf *out)
{
    struct trail trail;
    struct err err;
    trail_init(&trail, r, o, rule);
    struct play p = {.trace = {{&trail, rule, trail_note}, trail_judged}, .frame = trail_frame};
    int status = play_capture(&p, r, o, &err);
    if (status) {
        fprintf(stderr, "%s: %s\n", o->program, err.text);
    } else {
        tell_trail(&trail, &p, out);
        out->failed |= trail.failed;
        status = report_out(out, o) < 0 ? EXIT_CONFIG : trail.held ? 0 : 1;
    }
    trail_fini(&trail);
    return status;
}

int report_why(const struct explain_rules *r, const struct explain_options *o)
{
    const struct rule *rule = explain_find(r, o->gid, o->sid);
    struct buf out;
    int status = 1;
    buf_init(&out, REPORT_BYTES_MAX);
    if (rule) {
        status = play(r, o, rule, &out);
    } else {
        explain_missing(r, o->sid, &out);
        printf("did not fire: %s\n", buf_c(&out));
    }
    buf_fini(&out);
    return status;
}
