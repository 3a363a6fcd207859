/* part: pieces of an EVE record that several kinds of record share. */
#ifndef ENGINE_EVE_PART_H
#define ENGINE_EVE_PART_H

#include "engine/eve/eve.h"

void part_time(struct json *out, const char *key, int64_t time_us);
void part_ip(struct json *out, const char *key, const struct ip *ip);
/* In the form of RFC 5952. */
void part_ip_short(struct json *out, const char *key, const struct ip *ip);
/* "TCP", "UDP", "ICMP", "IPv6-ICMP", or the number. */
void part_protocol(struct json *out, uint8_t ip_proto);
/* Counts, start and addresses: the "flow" object of an alert. */
void part_flow_counts(const struct flow *flow, struct json *out);
/* What the parser says of the transaction: "http": {...}. */
void part_app(const struct eve_conf *conf, const struct eve_event *event, struct json *out);
/* The members of a fileinfo object, or of an element of files. */
void part_file(const struct eve_conf *conf, const struct tx *tx, const struct file *file,
               struct json *out);
/* "packet" and "packet_info": the frame as it came. */
void part_packet(const struct packet *p, struct json *out);
/* "pkt_src": where the packet comes from. */
const char *part_source(const struct packet *p);
/* "tunnel": the packet around this one; nothing when there is none. */
void part_tunnel(const struct packet *p, struct json *out);
/* The client that the request's proxies name; false: not asked for, or not said. */
bool part_xff(const struct eve_xff *xff, const struct eve_event *event, struct ip *out);
void part_metadata(const struct eve_event *event, struct json *out);

/* One writer for each kind of record. */
void record_alert(const struct eve_conf *conf, const struct eve_event *event, struct json *out);
void record_drop(const struct eve_conf *conf, const struct eve_event *event, struct json *out);
void record_netflow(const struct eve_conf *conf, const struct eve_event *event, struct json *out);
void record_frame(const struct eve_conf *conf, const struct eve_event *event, struct json *out);
void record_arp(const struct eve_conf *conf, const struct eve_event *event, struct json *out);
void record_flow(const struct eve_conf *conf, const struct eve_event *event, struct json *out);

#endif
