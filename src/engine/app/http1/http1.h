/* http1: the HTTP/1 parser. */
#ifndef ENGINE_APP_HTTP1_HTTP1_H
#define ENGINE_APP_HTTP1_HTTP1_H

#include "engine/app/app.h"

extern const struct app_parser http1_parser;

#endif
