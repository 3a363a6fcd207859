/* http1: HTTP/1.x and 0.9 (RFC 9110, RFC 9112), read as tolerantly as the most tolerant receiver behind us would read it.
 *
 * Way in:    engine.c hands over the stream's bytes of both directions through the row below.
 * Way out:   one transaction per exchange: start lines, headers, decoded bodies, files; fields http.* and file.*.
 * Memory:    all from the flow's budget: one copy of start line and headers per message, a sliding window of each body.
 * Limits:    a line 18,000 bytes, a head 128 KiB, 1024 headers, 4 content codings, 16 files in a multipart request.
 *            Beyond them an event is set and the direction is given up, or what is beyond is not looked at.
 *
 * What an attacker tries is that we read another message than the receiver does. Where receivers differ we do not choose
 * by the RFC but by the bytes: "chunked" without a chunk, "gzip" without gzip, a status without a body that has one.
 */
#ifndef ENGINE_APP_HTTP1_HTTP1_H
#define ENGINE_APP_HTTP1_HTTP1_H

#include "engine/app/app.h"

extern const struct app_parser http1_parser;

#endif
