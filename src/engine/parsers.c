#include "engine/conversation.h"

#include "engine/app/bittorrent_dht/bittorrent_dht.h"
#include "engine/app/dcerpc/dcerpc.h"
#include "engine/app/dhcp/dhcp.h"
#include "engine/app/dnp3/dnp3.h"
#include "engine/app/dns/dns.h"
#include "engine/app/enip/enip.h"
#include "engine/app/ftp/ftp.h"
#include "engine/app/http1/http1.h"
#include "engine/app/http2/http2.h"
#include "engine/app/ike/ike.h"
#include "engine/app/imap/imap.h"
#include "engine/app/krb5/krb5.h"
#include "engine/app/ldap/ldap.h"
#include "engine/app/mdns/mdns.h"
#include "engine/app/modbus/modbus.h"
#include "engine/app/mqtt/mqtt.h"
#include "engine/app/nfs/nfs.h"
#include "engine/app/ntp/ntp.h"
#include "engine/app/pgsql/pgsql.h"
#include "engine/app/pop3/pop3.h"
#include "engine/app/quic/quic.h"
#include "engine/app/rdp/rdp.h"
#include "engine/app/rfb/rfb.h"
#include "engine/app/sip/sip.h"
#include "engine/app/smb/smb.h"
#include "engine/app/smtp/smtp.h"
#include "engine/app/snmp/snmp.h"
#include "engine/app/ssh/ssh.h"
#include "engine/app/telnet/telnet.h"
#include "engine/app/tftp/tftp.h"
#include "engine/app/tls/tls.h"
#include "engine/app/websocket/websocket.h"

/* All protocols, in the order in which their probes are asked. A new one is a row here. */
/* clang-format off */
static const struct app_parser *const rows[] = {
    &sip_parser,
    &sip_tcp_parser, /* before HTTP, which has OPTIONS too */
    &http1_parser,
    &http2_parser,
    &smtp_parser,
    &pop3_parser,
    &imap_parser,
    &mdns_parser,
    &llmnr_parser,
    &llmnr_tcp_parser, /* before DNS, whose messages they carry */
    &dns_parser,
    &dns_tcp_parser,
    &tls_parser,
    &websocket_parser,
    &dhcp_parser,
    &krb5_parser,
    &krb5_tcp_parser,
    &ftp_parser,
    &ftp_data_parser,
    &smb_parser,
    &dcerpc_parser,
    &dcerpc_udp_parser,
    &ldap_parser,
    &ldap_udp_parser,
    &mqtt_parser,
    &nfs_parser,
    &nfs_udp_parser,
    &pgsql_parser,
    &dnp3_parser,
    &enip_parser,
    &enip_udp_parser,
    &modbus_parser,
    &bittorrent_dht_parser,
    &ike_parser,
    &quic_parser,
    &ntp_parser,
    &rdp_parser,
    &rfb_parser,
    &snmp_parser,
    &tftp_parser,
    &telnet_parser,
    &ssh_parser,
};
/* clang-format on */

const struct app_parser_list engine_parsers = {rows, ARRAY_COUNT(rows)};
