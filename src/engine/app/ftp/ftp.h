/* ftp: File Transfer Protocol (RFC 959, EPRT and EPSV of RFC 2428, AUTH TLS of RFC 4217) and its data connections.
 *
 * A transaction is a command with its replies, or a reply that nothing was asked before (the greeting). It is over with the first
 * reply that is not preliminary (1xx). What RETR and STOR move goes over another connection, which tells nothing of itself: the
 * port comes from PORT, EPRT, or the replies to PASV and EPSV, and is announced in engine/expect; that flow is then read by
 * ftp_data_parser, whose only transaction is the file.
 *
 * Hostile: lines are cut at app-layer.protocols.ftp.max-line-length; the addresses that PORT claims are looked at
 * (ftpbounce), but never used: a data connection is expected between the two machines of the control connection alone.
 */
#ifndef ENGINE_APP_FTP_FTP_H
#define ENGINE_APP_FTP_FTP_H

#include "engine/app/app.h"

extern const struct app_parser ftp_parser;
extern const struct app_parser ftp_data_parser;

#endif
