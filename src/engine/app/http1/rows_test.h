/* The conversations that http1_test.c plays. */
#ifndef ENGINE_APP_HTTP1_ROWS_TEST_H
#define ENGINE_APP_HTTP1_ROWS_TEST_H

#include "engine/app/talk/talk.h"

extern const struct talk_row http1_rows[];
extern const size_t http1_row_count;

#endif
