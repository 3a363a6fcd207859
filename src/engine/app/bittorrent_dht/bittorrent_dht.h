/* bittorrent_dht: the distributed table in which BitTorrent's programs find who has a file (BEP 5, BEP 32), over UDP.
 *
 * A datagram is a dictionary in bencode (BEP 3): a query (ping, find_node, get_peers, announce_peer ...), a response or an error.
 * Each message is a transaction of its own, kept as it came and read again for the log. Found on any port, by a whole message or
 * by the beginning that all programs write. Rules know the protocol and its event; Suricata has no words for more.
 *
 * Hostile: bencode is read in one pass without recursion, nested BENCODE_DEPTH_MAX deep, and strictly: keys in their order, each
 * once, numbers written one way. What breaks this is told as malformed_packet. Other datagrams of the same port (uTP, BEP 29) are
 * passed over in silence.
 */
#ifndef ENGINE_APP_BITTORRENT_DHT_BITTORRENT_DHT_H
#define ENGINE_APP_BITTORRENT_DHT_BITTORRENT_DHT_H

#include "engine/app/app.h"

extern const struct app_parser bittorrent_dht_parser;

#endif
