#include "engine/app/mail/mail.h"

/* Behind a dot that began a line. */
static struct mail_step behind_dot(enum mail_dot *dot, uint8_t c)
{
    enum mail_dot was = *dot;
    if (c == '\n') {
        *dot = MAIL_LINE_START;
        return (struct mail_step){STR_EMPTY, 1, true};
    }
    if (was == MAIL_DOT_SEEN && c == '\r') {
        *dot = MAIL_DOT_CR;
        return (struct mail_step){STR_EMPTY, 1, false};
    }
    *dot = MAIL_IN_LINE;
    return (struct mail_step){was == MAIL_DOT_CR ? STR_LIT("\r") : STR_EMPTY, 0, false};
}

struct mail_step mail_dots_next(enum mail_dot *dot, struct str s)
{
    if (*dot == MAIL_DOT_SEEN || *dot == MAIL_DOT_CR)
        return behind_dot(dot, s.p[0]);
    if (*dot == MAIL_LINE_START && s.p[0] == '.') {
        *dot = MAIL_DOT_SEEN;
        return (struct mail_step){STR_EMPTY, 1, false};
    }
    ptrdiff_t feed = str_find(s, 0, STR_LIT("\n."));
    size_t len = feed < 0 ? s.len : (size_t)feed + 1;
    *dot = s.p[len - 1] == '\n' ? MAIL_LINE_START : MAIL_IN_LINE;
    return (struct mail_step){str_cut(s, 0, len), len, false};
}
