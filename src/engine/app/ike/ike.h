/* ike: the Internet Key Exchange, by which VPNs agree on their keys: version 1 (RFC 2408, 2409) and version 2 (RFC 7296).
 *
 * Each datagram is a transaction of its own, in the direction it travels. Payloads are walked once; what they propose, choose and
 * tell is kept with the transaction, the message itself too, because keys, nonces and vendors are shown out of it. What version
 * 1's records repeat from messages before (the chosen attributes, both sides' keys) is the flow's.
 *
 * Hostile: a message is one datagram; of payloads, attributes, vendors and notifications no more than message.h says are kept. Of
 * encrypted messages the head alone is read.
 */
#ifndef ENGINE_APP_IKE_IKE_H
#define ENGINE_APP_IKE_IKE_H

#include "engine/app/app.h"

extern const struct app_parser ike_parser;

#endif
