/* pgsql: PostgreSQL's protocol, version 3 (PostgreSQL 17 documentation, chapter 53), over TCP: logins, queries, copied tables.
 *
 * A transaction is one thing that the client asks for, with what the server answers: the request for TLS, the start, each step of
 * the login, a simple query, a table that is copied in, the end. Answers go to the requests in their order: each query and each Sync
 * begins a cycle, which the server's ReadyForQuery ends. Messages of the extended query protocol (Parse, Bind, Execute ...) are
 * walked over: they begin no transaction. Behind the yes to SSLRequest the flow changes to TLS.
 *
 * Hostile: of a query PGSQL_MESSAGE_MAX bytes are kept, of an exchange's answers PGSQL_KEPT_MAX; rows and copied data are counted and
 * never waited for; all lengths by struct reader. A message type that there is none of ends the connection's reading, with an event.
 */
#ifndef ENGINE_APP_PGSQL_PGSQL_H
#define ENGINE_APP_PGSQL_PGSQL_H

#include "engine/app/app.h"

extern const struct app_parser pgsql_parser;

#endif
