"""The rule words that tests/peer_words.py asks two engines about: a table by protocol, and the rules that are made of it.

A family is a protocol with its buffers, its numbers (each with values that occur), its other words as they stand in a rule, its
events and its frames. rules() gives one rule for each thing that can be asked of each word, dice() rules that combine some.
"""
import random
import re

TOGETHER_MARK = "+"  # a word's first letter when its rules belong into one run
LETTERS = "aeio1/."
# header (what the rule's line begins with), buffers, numbers {word: values}, other words, events, frames, states
FAMILIES = {
    "http1": ("http", """http.method http.uri http.uri.raw http.protocol http.request_line http.response_line http.header http.header.raw
        http.header_names http.accept http.accept_lang http.accept_enc http.connection http.content_len http.content_type http.location
        http.server http.referer http.cookie http.user_agent http.host http.host.raw http.start http.stat_code http.stat_msg
        http.request_body http.response_body http.request_header http.response_header file.data""",
              {"urilen": (1, 20, 100)},
              "urilen:5<>30,raw|app-layer-protocol:http|app-layer-protocol:!http|app-layer-protocol:http,toclient",
              """request_field_missing_colon response_field_missing_colon invalid_request_chunk_len
        100_continue_already_seen unable_to_match_response_to_request request_header_invalid response_header_invalid missing_host_header
        host_header_ambiguous request_line_invalid request_body_unexpected request_server_port_tcp_port_mismatch request_uri_host_invalid
        request_header_host_invalid request_auth_unrecognized request_header_repetition response_header_repetition double_encoded_uri
        uri_delim_non_compliant method_delim_non_compliant request_line_leading_whitespace abnormal_ce_header
        response_multipart_byteranges response_abnormal_transfer_encoding response_chunked_old_proto
        response_line_invalid_protocol response_line_invalid_response_status request_line_unknown_method
        request_line_unknown_method_no_protocol request_line_unknown_method_invalid_protocol protocol_contains_extra_data
        request_line_incomplete range_invalid multipart_generic_error multipart_no_filedata
        multipart_invalid_header request_chunk_extension request_line_missing_protocol invalid_gap""",
              "stream request response",
              """request_started request_line request_headers request_body request_trailer request_complete response_started
        response_line response_headers response_body response_trailer response_complete"""),
    "http2": ("http2", "http2.header_name http.uri http.method http.host http.user_agent http.stat_code http.header http.request_header "
                       "http.response_header file.data",
              {"http2.priority": (1, 200), "http2.window": (100, 65535), "http2.size_update": (1, 4096)},
              "http2.frametype:SETTINGS|http2.frametype:HEADERS|http2.frametype:DATA|http2.errorcode:NO_ERROR|http2.errorcode:CANCEL|"
              "http2.settings:SETTINGS_MAX_CONCURRENT_STREAMS >10",
              "invalid_frame_header invalid_frame_data invalid_header invalid_frame_length extra_header_data stream_id_reuse "
              "failed_decompression invalid_range authority_host_mismatch",
              "hdr data pdu", "request_started request_complete response_started response_complete"),
    "dns": ("dns", "dns.query dns.query.name dns.answer.name dns.response.rrname dns.queries.rrname dns.answers.rrname "
                   "dns.additionals.rrname dns.authorities.rrname",
            {"dns.opcode": (0, 5), "dns.rcode": (0, 3), "dns.rrtype": (1, 28)}, "app-layer-protocol:dns|app-layer-protocol:dns,both",
            "malformed_data not_request not_response z_flag_set invalid_opcode name_too_long infinite_loop", "pdu",
            "request_started request_complete response_started response_complete"),
    "mdns": ("mdns", "mdns.queries.rrname mdns.answers.rrname mdns.additionals.rrname mdns.authorities.rrname mdns.response.rrname",
             {}, "", "malformed_data z_flag_set", "pdu", "request_complete response_complete"),
    "tls": ("tls", """tls.sni tls.cert_subject tls.cert_issuer tls.cert_serial tls.cert_fingerprint tls.certs tls.subjectaltname
        tls.random tls.random_time tls.random_bytes tls.alpn ja3.hash ja3.string ja3s.hash ja3s.string ja4.hash""",
            {"tls.cert_chain_len": (1, 2)},
            "tls.version:1.0|tls.version:1.2|tls.version:1.3|ssl_version:tls1.2|ssl_version:!tls1.2|ssl_version:sslv3,tls1.0|"
            "ssl_state:client_hello|ssl_state:server_hello|ssl_state:client_keyx|ssl_state:server_keyx|ssl_state:!client_hello|"
            "tls_cert_expired|tls_cert_valid|tls_cert_notbefore:>2010|tls_cert_notafter:<2030-01-01|tls.subject:\"CN\"|"
            "tls.issuerdn:\"CN\"|tls.fingerprint:\"00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff:00:11:22:33\"",
            """invalid_sslv2_header invalid_tls_header invalid_record_version invalid_record_type invalid_record_length
        invalid_handshake_message invalid_certificate certificate_invalid_length error_message_encountered invalid_alert_message
        handshake_invalid_length multiple_sni_extensions invalid_sni_type invalid_sni_length too_many_records_in_packet
        invalid_ssl_record heartbeat_message""",
            "stream pdu hdr data alert heartbeat ssl2.hdr ssl2.pdu",
            """request_started client_in_progress client_hello_done client_cert_done client_handshake_done client_finished request_complete
        response_started server_in_progress server_hello server_cert_done server_hello_done server_handshake_done server_finished
        response_complete"""),
    "quic": ("quic", "quic.version quic.sni quic.ua quic.cyu.string quic.cyu.hash ja3.string ja4.hash", {}, "",
             "failed_decrypt error_on_data", "", "request_complete response_complete"),
    "ssh": ("ssh", "ssh.proto ssh.software ssh.hassh ssh.hassh.string ssh.hassh.server ssh.hassh.server.string", {},
            "ssh.protoversion:2.0|ssh.protoversion:2_compat|ssh.softwareversion:OpenSSH",
            "invalid_banner long_banner invalid_record long_kex_record", "stream record.hdr record.data record.pdu",
            """request_started request_in_progress request_banner_done request_finished request_complete response_started
        response_banner_done response_finished response_complete"""),
    "smb": ("smb", "smb.named_pipe smb.share smb.ntlmssp_user smb.ntlmssp_domain file.data", {},
            "smb.version:1|smb.version:2", """malformed_data record_overflow malformed_ntlmssp_request malformed_ntlmssp_response
        duplicate_negotiate negotiate_malformed_dialects file_overlap response_to_server request_to_client unusual_ntlmssp_order
        read_request_too_large""",
            "stream nbss.pdu nbss.hdr nbss.data smb1.pdu smb1.hdr smb1.data smb2.pdu smb2.hdr smb2.data smb3.pdu smb3.hdr smb3.data",
            "request_started request_complete response_started response_complete"),
    "dcerpc": ("dcerpc", "dcerpc.stub_data", {},
               "dcerpc.opnum:0|dcerpc.opnum:1-15|dcerpc.opnum:3,4,25|dcerpc.iface:12345678-1234-abcd-ef00-01234567cffb|"
               "dcerpc.iface:e1af8308-5d1f-11c9-91a4-08002b14a0fa|dcerpc.iface:e1af8308-5d1f-11c9-91a4-08002b14a0fa,any_frag|"
               "dcerpc.iface:4b324fc8-1670-01d3-1278-5a47bf6ee188,>1", "", "stream pdu hdr data",
               "request_complete response_complete"),
    "ftp": ("ftp", "ftp.command ftp.command_data ftp.reply ftp.completion_code", {},
            "ftp.reply_received:yes|ftp.reply_received:no|ftp.mode:active|ftp.mode:passive|ftpbounce|ftp.dynamic_port:>1000",
            "request_command_too_long response_command_too_long", "",
            "request_started request_complete response_started response_complete"),
    "ftp-data": ("ftp-data", "file.data", {}, "ftpdata_command:stor|ftpdata_command:retr", "", "", "request_complete response_complete"),
    "smtp": ("smtp", "smtp.helo smtp.mail_from smtp.rcpt_to email.from email.subject email.to email.cc email.date email.message_id "
                     "email.x_mailer email.url email.received file.data", {}, "",
             """invalid_reply unable_to_match_reply_with_request max_command_line_len_exceeded invalid_pipelined_sequence
        no_server_welcome_message tls_rejected data_command_rejected mime_invalid_base64 mime_long_line mime_long_header_value""",
             "stream command_line data response_line", "request_started request_data request_complete response_started response_complete"),
    "krb5": ("krb5", "krb5.cname krb5.sname", {"krb5_msg_type": (10, 11, 13, 30), "krb5_err_code": (6, 24, 25)},
             "krb5.ticket_encryption:weak|krb5.ticket_encryption:23|krb5.ticket_encryption:aes256-cts-hmac-sha1-96",
             "malformed_data weak_encryption", "", "request_complete response_complete"),
    "sip": ("sip", """sip.method sip.uri sip.protocol sip.stat_code sip.stat_msg sip.request_line sip.response_line sip.from sip.to sip.via
        sip.user_agent sip.content_type sip.content_length sdp.session_name sdp.session_info sdp.origin sdp.uri sdp.email sdp.phone_number
        sdp.connection_data sdp.bandwidth sdp.time sdp.repeat_time sdp.timezone sdp.encryption_key sdp.attribute sdp.media.media
        sdp.media.media_info sdp.media.connection_data sdp.media.encryption_key""", {}, "", "incomplete_data invalid_data",
            "stream pdu request.line response.line request.headers response.headers request.body response.body",
            "request_complete response_complete"),
    "mqtt": ("mqtt", """mqtt.connect.willtopic mqtt.connect.willmessage mqtt.connect.username mqtt.connect.protocol_string
        mqtt.connect.password mqtt.connect.clientid mqtt.subscribe.topic mqtt.unsubscribe.topic mqtt.publish.topic
        mqtt.publish.message""", {"mqtt.protocol_version": (3, 4, 5), "mqtt.reason_code": (0, 128)},
             "mqtt.type:CONNECT|mqtt.type:PUBLISH|mqtt.type:SUBSCRIBE|mqtt.type:CONNACK|mqtt.type:PINGREQ|mqtt.qos:0|mqtt.qos:1|"
             "mqtt.flags:retain|mqtt.flags:!dup|mqtt.connect.flags:username|mqtt.connect.flags:!will,clean_session|"
             "mqtt.connack.session_present:no|mqtt.connack.session_present:yes",
             """missing_connect missing_publish missing_subscribe missing_unsubscribe double_connect unintroduced_message invalid_qos_level
        missing_msg_id unassigned_msg_type malformed_traffic""", "stream pdu header data", "request_complete response_complete"),
    "rfb": ("rfb", "rfb.name", {"rfb.sectype": (1, 2), "rfb.secresult": (0, 1)}, "rfb.secresult:ok|rfb.secresult:fail",
            "unimplemented_security_type unknown_security_result malformed_message", "stream pdu", "request_complete response_complete"),
    "ldap": ("ldap", "ldap.request.dn ldap.responses.dn ldap.responses.message ldap.request.attribute_type ldap.responses.attribute_type",
             {"ldap.responses.count": (1, 2), "ldap.request.operation": (0, 3), "ldap.responses.operation": (1, 4, 5),
              "ldap.responses.result_code": (0, 49)},
             "ldap.request.operation:bind_request|ldap.responses.operation:search_result_done|ldap.responses.operation:4,any|"
             "ldap.responses.operation:4,all|ldap.responses.operation:1,0|ldap.responses.result_code:success,any",
             "invalid_data request_not_found incomplete_data", "stream pdu", "request_complete response_complete"),
    "ike": ("ike", "ike.init_spi ike.resp_spi ike.nonce_payload ike.key_exchange_payload",
            {"ike.exchtype": (2, 4, 5, 34), "ike.key_exchange_payload_length": (64, 128), "ike.nonce_payload_length": (16, 20)},
            "ike.vendor:4a131c81070358455c5728f20e95452f|ike.chosen_sa_attribute:alg_enc=7|ike.chosen_sa_attribute:alg_hash=2",
            "malformed_data weak_crypto_enc weak_crypto_prf weak_crypto_dh weak_crypto_auth weak_crypto_no_dh weak_crypto_no_auth "
            "invalid_proposal unknown_proposal multiple_server_proposal", "", "request_complete response_complete"),
    "snmp": ("snmp", "snmp.usm snmp.community", {"snmp.version": (1, 2, 3), "snmp.pdu_type": (0, 2, 4), "snmp.trap_type": (0, 6)}, "",
             "malformed_data unknown_security_model version_mismatch", "", "request_complete response_complete"),
    "ntp": ("ntp", "ntp.reference_id", {"ntp.version": (3, 4), "ntp.mode": (3, 4), "ntp.stratum": (0, 2)}, "", "malformed_data", "",
            "request_complete response_complete"),
    "dhcp": ("dhcp", "", {"dhcp.leasetime": (3600,), "dhcp.rebinding_time": (3150,), "dhcp.renewal_time": (1800,)}, "",
             "truncated_options malformed_options", "", "request_complete response_complete"),
    "websocket": ("websocket", "websocket.payload", {"websocket.mask": (1000000,), "websocket.opcode": (1, 2, 8)},
                  "websocket.opcode:text|websocket.opcode:binary|websocket.flags:fin|websocket.flags:&0x80|websocket.flags:!comp",
                  "skip_end_of_payload reassembly_limit_reached", "stream header pdu data", "request_complete response_complete"),
    "pgsql": ("pgsql", "pgsql.query", {}, "", "malformed_request malformed_response", "", "request_complete response_complete"),
    "tftp": ("tftp", "", {}, "app-layer-protocol:tftp", "", "", "request_complete response_complete"),
    "telnet": ("telnet", "", {}, "app-layer-protocol:telnet", "", "stream pdu ctl data", "request_complete response_complete"),
    "rdp": ("rdp", "", {}, "app-layer-protocol:rdp", "", "", "request_complete response_complete"),
    "modbus": ("modbus", "", {}, "modbus:function 3|modbus:function !3|modbus:access read|modbus:access write coils|modbus:unit 1|"
               "modbus:function 1, subfunction 2|modbus:function reserved|modbus:access write holding, address 0<>100",
               "invalid_protocol_id unsolicited_response invalid_length invalid_function_code invalid_value invalid_exception_code "
               "value_mismatch", "", "request_complete response_complete"),
    "dnp3": ("dnp3", "dnp3.data", {}, "dnp3_func:1|dnp3_func:response|dnp3_ind:device_restart|dnp3_obj:60,2|dnp3_obj:1,2",
             "len_too_small bad_link_crc bad_transport_crc malformed unknown_object", "", "request_complete response_complete"),
    "enip": ("enip", "enip.product_name enip.service_name",
             {"enip_command": (99, 101, 111), "enip.status": (0, 1), "enip.cip_status": (0, 8), "enip.cip_class": (1, 6),
              "enip.cip_instance": (1,), "enip.cip_attribute": (1, 7), "enip.vendor_id": (1,), "enip.device_type": (12, 14),
              "enip.product_code": (55,), "enip.protocol_version": (1,), "enip.state": (3,), "enip.serial": (1000,),
              "enip.capabilities": (288,), "enip.identity_status": (52,), "enip.cip_extendedstatus": (0,)},
             "cip_service:14|cip_service:1|cip_service:75|enip.revision:20.17", "invalid_pdu", "pdu",
             "request_complete response_complete"),
    "bittorrent-dht": ("bittorrent-dht", "", {}, "app-layer-protocol:bittorrent-dht", "malformed_packet", "",
                       "request_complete response_complete"),
    "nfs": ("nfs", "file.data", {}, "nfs_procedure:1|nfs_procedure:3|nfs_procedure:>5|nfs.version:3|nfs.version:4", "", "rpc.pdu nfs.pdu",
            "request_complete response_complete"),
    "imap": ("imap", "", {}, "app-layer-protocol:imap", "", "", "request_complete response_complete"),
    "pop3": ("pop3", "", {}, "app-layer-protocol:pop3", "", "", "request_complete response_complete"),
}
# header, words: of packets. WIDE holds for most of them and keeps the number of alerts down
WIDE = "dsize:30<>60; "
BUFFERS_OF_PACKETS = {"tcp": "tcp.hdr", "udp": "udp.hdr", "icmp": "icmpv4.hdr", "icmpv6": "icmpv6.hdr", "ip": "ipv4.hdr ipv6.hdr"}
NUMBERS_OF_PACKETS = {
    "ip": {"ttl": (1, 64, 128), "id": (0, 1000), "ip_proto": (1, 17), "vlan.layers": (1, 2)},
    "tcp": {"tcp.mss": (1400, 1460), "tcp.wscale": (2, 7), "tcp.seq": (0, 1), "tcp.ack": (0, 1), "window": (0, 512), "dsize": (1, 10, 1000)},
    "udp": {"dsize": (4, 12, 500)},
    "icmp": {"itype": (0, 3, 8), "icode": (0, 1, 3), "icmp_id": (1, 512), "icmp_seq": (0, 1)},
    "ipv6-icmp": {"icmpv6.mtu": (1280, 1500), "itype": (1, 128, 135), "icode": (0,)},
}
OTHERS_OF_PACKETS = {
    "ip": "sameip|fragbits:D|fragbits:M|fragbits:!D|fragbits:+M|fragoffset:0|fragoffset:>0|ipopts:any|ipopts:rr|ipopts:ts|tos:0|tos:!0|"
          "tos:16|ip_proto:!6|l3_proto:ipv6|l3_proto:ipv4|geoip:src,JP|ipv4-csum:invalid",
    "tcp": "tcp.flags:S|tcp.flags:SA|tcp.flags:R|tcp.flags:F|tcp.flags:FA|tcp.flags:PA|tcp.flags:!A|tcp.flags:+P|tcp.flags:*FR|tcp.flags:0|"
           "tcp.flags:S,CE|tcp.flags:A,12|tcpv4-csum:invalid|tcpv6-csum:invalid|"
           "flow:established|flow:established,to_server|flow:established,to_client|flow:not_established|flow:stateless|"
           "flow:to_server|flow:to_client|flow:from_server,established|flow:established,no_stream|flow:established,only_stream|"
           "flow:no_frag|flow:only_frag|stream_size:both,<,200|stream_size:client,>,1000|stream_size:server,>,1000|"
           "stream_size:either,<,100|stream_size:server,=,1|stream_size:client,!=,1|"
           "flow.age:>1|flow.age:<1|flow.pkts:toserver,=3|flow.pkts:toclient,>20|flow.pkts:either,<3|flow.pkts:both,>10|"
           "flow.pkts_toserver:4|flow.pkts_toclient:>30|flow.bytes:toserver,>1000|flow.bytes_toserver:<300|flow.bytes_toclient:>5000|"
           "tcp.flags:A; dsize:0; window:0|app-layer-protocol:failed|app-layer-protocol:unknown|app-layer-protocol:failed,either",
    "udp": "flow:established|flow:to_client|flow:not_established|udpv4-csum:invalid|udpv6-csum:invalid|flow.pkts_toserver:2|flow.age:>5|"
           "app-layer-protocol:failed|app-layer-protocol:!dns,toserver",
    "icmp": "icmpv4-csum:invalid|flow:to_client|flow:to_server|flow:established",
    "ipv6-icmp": "icmpv6-csum:invalid|flow:to_client|flow:established",
    "pkthdr": "decode-event:ipv4.trunc_pkt|decode-event:ipv4.opt_pad_required|decode-event:ipv4.opt_invalid|decode-event:ipv4.wrong_ip_version|"
              "decode-event:ipv4.unknown_protocol|decode-event:ipv4.frag_overlap|decode-event:ipv4.frag_ignored|decode-event:ipv6.trunc_pkt|"
              "decode-event:ipv6.trunc_exthdr|decode-event:ipv6.unknown_next_header|decode-event:ipv6.zero_len_padn|"
              "decode-event:ipv6.exthdr_useless_fh|decode-event:ipv6.rh_type_0|decode-event:icmpv4.unknown_code|"
              "decode-event:icmpv4.unknown_type|decode-event:icmpv6.unknown_type|decode-event:icmpv6.unassigned_type|"
              "decode-event:tcp.pkt_too_small|decode-event:tcp.hlen_too_small|decode-event:tcp.invalid_optlen|"
              "decode-event:tcp.opt_invalid_len|decode-event:tcp.opt_duplicate|decode-event:tcp.opt_wscale_over_max|decode-event:udp.pkt_too_small|"
              "decode-event:udp.hlen_too_small|decode-event:udp.len_invalid|decode-event:ethernet.pkt_too_small|"
              "decode-event:vlan.header_too_small|decode-event:vlan.unknown_type|decode-event:gre.wrong_version|"
              "decode-event:ppp.wrong_type|decode-event:mpls.unknown_payload_type|decode-event:arp.unsupported_opcode",
}
STREAM_EVENTS = """3whs_ack_in_wrong_dir 3whs_async_wrong_seq 3whs_right_seq_wrong_ack_evasion 3whs_synack_in_wrong_direction
    3whs_synack_resend_with_different_ack 3whs_synack_resend_with_diff_seq 3whs_synack_toserver_on_syn_recv 3whs_synack_with_wrong_ack
    3whs_syn_resend_diff_seq_on_syn_recv 3whs_syn_toclient_on_syn_recv 3whs_wrong_seq_wrong_ack closewait_ack_out_of_window
    closewait_fin_out_of_window closewait_invalid_ack closing_ack_wrong_seq est_packet_out_of_window est_synack_resend
    est_synack_resend_with_different_ack est_synack_toserver est_syn_resend est_syn_toclient est_invalid_ack fin_invalid_ack
    fin_but_no_session fin_out_of_window fin_syn fin1_ack_wrong_seq fin2_ack_wrong_seq fin2_invalid_ack lastack_ack_wrong_seq
    rst_but_no_session rst_invalid_ack timewait_ack_wrong_seq timewait_invalid_ack shutdown_syn_resend pkt_invalid_timestamp pkt_invalid_ack
    pkt_broken_ack pkt_retransmission pkt_spurious_retransmission reassembly_seq_gap reassembly_overlap_different_data
    reassembly_segment_before_base_seq"""
FILE_WORDS = ("filename:\"a\"|filename:!\"a\"|fileext:\"jpg\"|fileext:\"html\"|fileext:!\"html\"|filemagic:\"text\"|filemagic:!\"text\"|"
              "filesize:>1000|filesize:<1000|filesize:100<>2000|file.name; content:\"a\"|file.name; bsize:>8|file.magic; content:\"ASCII\"|"
              "file.name; content:\".txt\"; endswith|filestore")
FILE_PROTOCOLS = "http smb smtp ftp-data nfs http2"
HOSTS = "alert {} any any -> any any"


# what is asked of payload: for packets of UDP, and of TCP alone
PAYLOAD = """content:"a"; content:"e"; distance:1; within:5|content:"a"; content:!"e"; distance:0; within:8|content:"e"; offset:3; depth:9
    content:"a"; isdataat:20,relative|content:"a"; isdataat:!4,relative|content:"|00 01|"; content:"|00|"; distance:-2; within:4
    content:"e"; nocase; endswith|content:"|00|"; startswith|content:!"|00|"; content:"e"|content:!"e"; content:!"a"; dsize:>9
    content:"a"; fast_pattern:only; content:"e"; distance:4|content:"com"; rawbytes|isdataat:100|isdataat:!100
    byte_test:2,>,256,0|byte_test:1,&,0x80,2|byte_test:4,<,1000000,0,little|byte_test:1,!=,0,1|byte_test:2,=,1,4
    content:"|00|"; byte_test:1,>,3,0,relative|byte_test:2,!&,0x8000,2|byte_test:2,>,5,0,bitmask 0x0f00
    byte_jump:1,0; content:"e"; distance:0|byte_jump:2,0,little,multiplier 2; isdataat:1,relative|byte_jump:1,4,from_beginning; content:"|00|"
    byte_jump:2,2,align; isdataat:2,relative|byte_jump:1,0,post_offset -2; content:"a"; within:9|byte_jump:1,0,from_end; isdataat:1,relative
    byte_extract:1,0,n; content:"e"; offset:n|byte_extract:1,1,n; isdataat:n|byte_extract:1,0,n; content:"a"; offset:n; depth:9
    byte_extract:2,0,n,little; byte_test:2,>,n,2|byte_extract:1,0,n; content:"a"; content:"e"; distance:0; within:n
    byte_extract:1,0,n,multiplier 2; content:"e"; within:n; distance:2|byte_math:bytes 1, offset 0, oper +, rvalue 5, result r; isdataat:r
    byte_math:bytes 2, offset 0, oper /, rvalue 8, result r; content:"e"; offset:r
    byte_math:bytes 1, offset 1, oper <<, rvalue 1, result r; byte_test:1,<,r,0
    pcre:"/a.e/"|pcre:"/A.*E/i"|pcre:"/^.{0,4}e/s"|pcre:"/^[a-z]/m"|pcre:"/a [e o]/x"|pcre:"/a$/"|pcre:"/e\\x00/A"|pcre:"/o.*?e/G"
    content:"a"; pcre:"/e/R"|content:"a"; pcre:"/^.{0,3}e/R"|content:"a"; pcre:!"/e/R"|pcre:"/[0-9]+/"; content:"a"; within:20
    pcre:"/(?P<one>a).(?P=one)/"|pcre:"/\\x00\\x00/"; pcre:"/\\x01/R"|content:"a"; content:"e"; within:20; content:"i"; distance:-10; within:30
    content:"o"; distance:2; content:"a"; within:12|content:"e"; content:"e"; distance:0; content:"e"; distance:0; content:!"e"; distance:0
    base64_decode:bytes 8, offset 0; base64_data; content:"|00|"|content:"="; base64_decode:relative; base64_data; isdataat:3
    pkt_data; content:"e"; offset:9|entropy: value >= 5|to_lowercase; content:"e"|content:"a|20|"; depth:40; content:"|0d 0a|"; distance:0"""
# what is asked of several buffers, and of buffers in several shapes: (header, rests)
CHAINS = {
    "http": """http.method; content:"GET"; http.uri; content:"a"; http.header; content:"e"|http.method; content:"GET"; bsize:3; http.uri; bsize:<20
        http.uri; content:"/"; content:"a"; distance:0; http.host; content:"."; endswith|http.uri; content:"."; pcre:"/[a-z]{2,4}$/R"
        http.uri; pcre:"/[?&]/U"|content:"GET"; http_method; content:"a"; http_uri|content:"a"; http_uri; content:"e"; http_header; nocase
        http.stat_code; content:"200"; file.data; content:"<"; depth:20|http.stat_code; content:"4"; startswith; http.header; content:"Content"
        http.uri; to_lowercase; url_decode; content:"a"|http.uri; url_decode; to_md5; content:"|0a|"
        http.uri; strip_whitespace; to_sha1; content:"|0a|"
        http.header; compress_whitespace; content:": "|http.header; header_lowercase; content:"host"
        http.request_header; header_lowercase; content:"host: "
        http.uri; pcrexform:"/([a-z]+)"; content:"a"; startswith|http.host; dotprefix; content:".com"; endswith
        http.user_agent; to_uppercase; content:"MOZ"
        http.header; strip_pseudo_headers; content:"a"|file.data; from_base64; content:"a"|http.cookie; url_decode; content:"="
        file.data; to_sha256; content:"|e0|"
        http.uri; xor:"0d0ac8ff"; content:"|22|"; depth:1|http.uri; subslice:1,4; content:"a"|http.host; domain; content:"a"
        http.host; tld; content:"com"
        http.header; content:"a"; http.header; content:!"Accept"|http.uri; content:"a"; content:!"b"; http.method; content:!"POST"
        http.user_agent; content:"Mozilla"; startswith; content:"Windows"; within:40
        http.header_names; content:"|0d 0a|Host|0d 0a|"; content:!"Referer"
        http.response_line; content:"HTTP/1.1 2"; startswith; http.server; content:"a"; nocase|http.request_body; content:"="; pcre:"/[a-z]+=/P"
        http.uri; content:"a"; flow:to_server; urilen:>10|http.stat_msg; content:"OK"; http.content_type; content:"text"
        http.uri; base64_decode:bytes 4; base64_data; content:"a"
        file.data; byte_test:2,>,100,0; content:"a"|file.data; content:"a"; byte_jump:1,1,relative; content:"e"; within:100
        http.uri; byte_extract:1,1,n; isdataat:!n
        http.method; content:"GET"; content:"a"; http.uri; content:"Mozilla"; http.user_agent; distance:0|http.start; content:"|0d 0a 0d 0a|"; endswith""",
    "tls": """tls.sni; content:"www"; startswith; content:".com"; endswith|tls.sni; dotprefix; content:".com"; endswith|tls.sni; to_uppercase; content:"W"
        tls.cert_subject; content:"CN="; content:"a"; distance:0|tls.cert_subject; content:"CN="; pcre:"/^[a-z*]/R"|tls.sni; pcre:"/^[a-z]+\\./"
        tls.cert_issuer; content:"O="; tls.cert_subject; content:!"a"|tls.sni; bsize:>10; content:"a"|tls.sni; domain; content:"o"
        tls.sni; to_md5; content:"|0a|"
        tls.certs; content:"|30 82|"; startswith; byte_test:2,>,500,2|tls.version:1.2; tls.sni; content:"a"|tls.version:!1.2
        ja3.hash; content:"a"; depth:8; ja3.string; content:"771"
        tls.cert_serial; content:":"; pcre:"/^([0-9A-F]{2}:)+/"|tls.cert_fingerprint; content:":"; offset:2; depth:1|tls.random; content:"|00|"; flow:to_server""",
    "dns": """dns.query; content:"www"; nocase; startswith; content:".com"; endswith|dns.query; bsize:>20; content:"."; content:"."; distance:1
        dns.query; dotprefix; content:".com"; endswith|dns.query; pcre:"/^[a-z0-9]{10,}/"|dns.query; domain; content:"a"
        dns.query; to_uppercase; content:"COM"
        dns.opcode:0; dns.query; content:"e"|dns.rcode:3; dns.queries.rrname; content:"a"|dns.rrtype:28; dns.query; content:"o"
        dns.query; tld; content:"net"
        dns.query; to_sha1; content:"|0a|"|dns.answers.rrname; content:"a"; dns.queries.rrname; content:"a"|content:"|01 00|"; offset:2; depth:2; dns.query; content:"a" """,
    "smb": """smb.share; content:"IPC"; smb.named_pipe; content:"s"|file.name; content:"."; pcre:"/[a-z]{3}$/"|smb.share; to_lowercase; content:"ipc$"
        content:"|fe|SMB"; offset:4; depth:4|content:"|ff|SMB"; offset:4; depth:4; dsize:>100|file.data; content:"MZ"; startswith""",
    "smtp": """smtp.helo; content:"."; smtp.mail_from; content:"@"|email.from; content:"@"; email.to; content:"@"|file.data; content:"PK"; startswith
        email.subject; to_lowercase; content:"e"|file.name; content:"."; email.from; content:"a"|email.received; content:"by "; content:"with"; distance:0""",
    "ssh": """ssh.proto; content:"2"; ssh.software; content:"OpenSSH"|ssh.software; to_lowercase; content:"ssh"|ssh.software; pcre:"/_[0-9]\\./" """,
}
# rules that tell each other of something: they are asked of both engines in one run. (word, header, rests)
TOGETHER = (
    ("flowbits", "http", """http.method; content:"GET"; flowbits:set,get|flowbits:isset,get; http.stat_code; content:"200"|flowbits:isnotset,get; http.uri; content:"a"
        flowbits:isset,get; flowbits:unset,get; http.stat_code; content:"4"|flowbits:isset,get|post; http.server; content:"a"
        http.method; content:"POST"; flowbits:set,post
        flowbits:isset,post; flow:to_client; file.data; content:"a"|flowbits:isset,get; flowbits:isnotset,post; http.host; content:"a"
        http.uri; content:"e"; flowbits:toggle,tog
        flowbits:isset,tog; http.uri; content:"a"|flowbits:isset,get; flow:established,to_client"""),
    ("flowbits", "tcp", """flowbits:isset,get; dsize:30<>60|flowbits:isset,sni; flow:to_server; dsize:<60|flags:S; flowbits:set,syn; noalert|flowbits:isset,syn; flags:SA
        flowbits:isset,syn; flags:F+; flowbits:set,fin|flowbits:isset,fin; flags:A"""),
    ("flowbits", "tls", """tls.sni; content:"a"; flowbits:set,sni; noalert|flowbits:isset,sni; tls.cert_subject; content:"a"|flowbits:isnotset,sni; tls.cert_subject; content:"a"
        flowbits:isset,sni; flowbits:set,both; tls.cert_issuer; content:"o"|flowbits:isset,both; tls.version:1.2"""),
    ("flowbits", "dns", """dns.query; content:"a"; flowbits:set,query|flowbits:isset,query; flow:to_client|flowbits:isnotset,query; flow:to_client; dns.queries.rrname; content:"e" """),
    ("flowint", "http", """http.uri; content:"/"; flowint:pages,+,1; noalert|flowint:pages,>,3; http.uri; content:"a"|flowint:pages,isset; http.stat_code; content:"2"
        flowint:pages,notset; http.uri; content:"e"|flowint:pages,==,2; http.stat_code; content:"2"|flowint:other,=,5; http.method; content:"POST"
        flowint:other,<,9; file.data; content:"a"
        flowint:other,-,1; http.stat_code; content:"3"|flowint:pages,<,2; http.host; content:"a" """),
    ("xbits", "dns", """dns.query; content:"w"; xbits:set,w,track ip_src,expire 30|xbits:isset,w,track ip_src; dns.query; content:"e"|xbits:isset,w,track ip_dst; flow:to_client
        xbits:isnotset,w,track ip_src; dns.query; content:"a"|xbits:isset,w,track ip_src; xbits:unset,w,track ip_src; dns.query; content:"x"
        dns.query; content:"o"; xbits:set,o,track ip_pair,expire 10|xbits:isset,o,track ip_pair; dns.query; content:"a"
        xbits:toggle,t,track ip_src; dns.query; content:"i"
        xbits:isset,t,track ip_src; dns.query; content:"n" """),
    ("xbits", "http", """http.uri; content:"a"; xbits:set,uri,track ip_dst,expire 60|xbits:isset,uri,track ip_dst; http.method; content:"GET"|xbits:isset,w,track ip_src; http.host; content:"w"
        xbits:set,tx,track tx; http.method; content:"GET"|xbits:isset,tx,track tx; http.stat_code; content:"200" """),
    ("hostbits", "tls", """tls.sni; content:"w"; hostbits:set,seen,src|hostbits:isset,seen,src; tls.sni; content:"a"|hostbits:isset,seen,dst; tls.cert_subject; content:"a"
        hostbits:isnotset,seen,src; tls.sni; content:"o"|hostbits:toggle,tog; tls.sni; content:"i"|hostbits:isset,tog,src; tls.sni; content:"c"
        hostbits:unset,seen,src; tls.sni; content:"x" """),
    ("threshold", "dns", """threshold:type limit, track by_src, count 1, seconds 60; dns.query; content:"a"|threshold:type threshold, track by_src, count 3, seconds 60; dns.query; content:"e"
        threshold:type both, track by_src, count 2, seconds 60; dns.query; content:"o"
        threshold:type limit, track by_dst, count 2, seconds 10; dns.query; content:"i"
        threshold:type threshold, track by_both, count 2, seconds 30; dns.query; content:"c"
        threshold:type limit, track by_rule, count 5, seconds 3600; dns.query; content:"m"
        detection_filter:track by_src, count 3, seconds 60; dns.query; content:"w"
        detection_filter:track by_dst, count 2, seconds 10; dns.query; content:"n"
        threshold:type backoff, track by_src, count 1, multiplier 2; dns.query; content:"s"|detection_filter:track by_rule, count 9, seconds 60; dns.query; content:"r" """),
    ("threshold", "tcp", """flags:S; threshold:type both, track by_src, count 5, seconds 10|flags:S; threshold:type limit, track by_flow, count 1, seconds 10|flags:R; detection_filter:track by_src, count 3, seconds 5
        flags:SA; threshold:type threshold, track by_dst, count 4, seconds 60|flags:F+; threshold:type limit, track by_both, count 1, seconds 300"""),
    ("dataset", "dns", """dns.query; content:"w"; dataset:set,names,type string|dns.query; dataset:isset,names|dns.query; dataset:isnotset,names; content:"a"
        dns.query; to_md5; dataset:set,md5,type md5|dns.query; to_sha256; dataset:set,sha,type sha256|dns.answers.rrname; dataset:isset,names|dns.queries.rrname; dataset:isset,names; content:"e" """),
    ("dataset", "http", """http.host; dataset:set,hosts,type string|http.host; dataset:isset,names,type string|http.uri; dataset:isset,hosts; content:"a"|http.user_agent; dataset:set,agents,type string
        http.user_agent; dataset:isset,agents; content:"Win"|http.host; dotprefix; dataset:set,dots,type string
        http.method; content:"GET"; ip.src; dataset:set,ips,type ip
        http.method; content:"POST"; ip.dst; dataset:isset,ips,type ip|http.method; content:"P"; ip.src; dataset:isnotset,ips,type ip"""),
    ("pktvar", "http", """http.uri; pcre:"/(?P<flow_first>[a-z]+)/"|http.method; content:"GET"; flowvar:first,"index"|pcre:"/(?P<pkt_word>GET)/"; http.uri; content:"a" """),
)


def split_rests(text):
    """Lines and what stands between their bars; a bar within quotes or behind isset is none."""
    return [part.strip() for line in text.splitlines() for part in re.split(r'\|(?=(?:[^"]*"[^"]*")*[^"]*$)(?!post;)', line) if part.strip()]


def of_buffer(name):
    """What is asked of a buffer: the rest of the rule."""
    yield from (f'{name}; content:"{letter}";' for letter in "ae1")
    yield f'{name}; content:"e"; nocase; fast_pattern;'
    yield f'{name}; content:!"e";'
    yield f'{name}; content:"a"; content:!"e";'
    yield f'{name}; content:"e"; offset:2; depth:6;'
    yield f'{name}; content:"e"; startswith;'
    yield f'{name}; content:"m"; endswith;'
    yield f'{name}; content:"a"; content:"e"; distance:1; within:5;'
    yield f'{name}; content:"a"; content:!"e"; within:4;'
    yield f'{name}; content:"o"; isdataat:3,relative;'
    yield f'{name}; content:"o"; isdataat:!3,relative;'
    yield f'{name}; isdataat:10;'
    yield from (f"{name}; bsize:{size};" for size in (">0", ">20", "<6", "4<>9", "8"))
    yield from (f'{name}; pcre:"{pcre}";' for pcre in ("/a.*e/", "/^[a-z]+$/i", "/[0-9]{3}/"))
    yield f'{name}; pcre:!"/e/";'
    yield f'{name}; to_md5; content:"|0a|";'
    yield f'{name}; to_sha256; content:"|e0|"; depth:16;'
    yield f'{name}; to_lowercase; content:"e";'
    yield f'{name}; dotprefix; content:".a";'
    yield f'{name}; strip_whitespace; bsize:>10;'
    yield f'{name}; url_decode; content:"a";'
    yield f'{name}; xor:"20"; content:"E";'
    yield f"{name}; byte_test:1,>,100,0;"
    yield f'{name}; content:"e"; byte_test:1,<,110,0,relative;'
    yield f'{name}; byte_jump:1,0; isdataat:1,relative;'
    yield f"{name}; absent;"
    yield f'{name}; absent:or_else; content:"e";'
    yield f'{name}; entropy: value >= 4;'


def of_number(name, values):
    for value in values:
        yield from (f"{name}:{text};" for text in (value, f"<{value + 1}", f">{value}", f"!{value}", f">={value}", f"<={value}"))
        yield f"{name}:{value}-{value + 10};"
        yield f"{name}:{value}<>{value + 10};"


def lines_of_family(header, family):
    _, buffers, numbers, others, events, frames, states = family
    head = HOSTS.format(header)
    for name in buffers.split():
        yield from ((name, head, rest) for rest in of_buffer(name))
    for name, values in numbers.items():
        yield from ((name, head, rest) for rest in of_number(name, values))
    for text in filter(None, others.split("|")):
        yield text.split(":")[0], head, text + ";"
    for event in events.split():
        proto = "http" if header == "http" else header
        yield "app-layer-event", head, f"app-layer-event:{proto}.{event};"
    for frame in frames.split():
        frame = frame if "." in frame and header in ("smb", "ssh", "sip", "tls", "nfs") else frame
        of_frames = HOSTS.format("http1") if header == "http" else head  # under http Suricata takes frame:stream, and it never holds
        yield from (("frame", of_frames, f"frame:{frame}; {rest}") for rest in ('content:"e";', "bsize:>10;", 'content:!"e";', "bsize:<20;"))
    for word in f"app-layer-protocol:{header};|flow:to_server;|flow:to_client;|flow:established,to_server; flowbits:set,{header};".split("|"):
        yield "flow", HOSTS.format(header), word + " " + WIDE
    hook = "http1" if header == "http" else header
    for state in states.split():
        yield "hook", f"alert {hook}:{state} any any -> any any", ""


def lines_of_packets():
    for header in sorted(BUFFERS_OF_PACKETS):
        for name in BUFFERS_OF_PACKETS[header].split():
            yield from ((name, HOSTS.format(header), WIDE + rest) for rest in of_buffer(name))
    for header, numbers in NUMBERS_OF_PACKETS.items():
        for name, values in numbers.items():
            wide = WIDE if header in ("ip", "tcp") and name != "dsize" else ""
            yield from ((name, HOSTS.format(header), rest + " " + wide) for rest in of_number(name, values))
    for header, words in OTHERS_OF_PACKETS.items():
        for text in words.split("|"):
            wide = WIDE if header in ("ip", "tcp", "udp") and "dsize" not in text else ""
            yield text.split(":")[0], HOSTS.format(header), text + "; " + wide
    for event in STREAM_EVENTS.split():
        yield "stream-event", HOSTS.format("tcp"), f"stream-event:{event};"
    for header in FILE_PROTOCOLS.split():
        for text in FILE_WORDS.split("|"):
            yield text.split(":")[0].split(";")[0], HOSTS.format(header), text + ";"


def lines_of_chains():
    for header in ("udp", "tcp-pkt"):
        yield from (("payload", HOSTS.format(header), f"{rest}; {WIDE if 'dsize' not in rest else ''}") for rest in split_rests(PAYLOAD))
    for header, rests in CHAINS.items():
        yield from (("chain", HOSTS.format(header), rest + ";") for rest in split_rests(rests))


def lines_together():
    for word, header, rests in TOGETHER:
        yield from ((TOGETHER_MARK + word, HOSTS.format(header), rest + ";") for rest in split_rests(rests))


def lines():
    """(word, what stands before the bracket, what asks) of every rule."""
    for family in FAMILIES.values():
        yield from lines_of_family(family[0], family)
    yield from lines_of_packets()
    yield from lines_of_chains()
    yield from lines_together()


BETWEEN = ("isdataat:2,relative", "isdataat:!9,relative", "byte_test:1,>,100,0,relative", "byte_jump:1,0,relative,post_offset -90", "byte_test:1,<,112,1",
           "byte_extract:1,0,n,relative; isdataat:!n", 'pcre:"/^.?[a-z]/R"')
TRANSFORMS = ("to_lowercase", "to_uppercase", "url_decode", "strip_whitespace", "compress_whitespace", 'xor:"01"', 'pcrexform:"/([a-z./]+)/"', "dotprefix")


def random_buffer(dice, name):
    parts = [name]
    for index in range(dice.randint(1, 3)):
        text = "".join(dice.choice("aeio1n./s") for _ in range(dice.choice((1, 1, 1, 2))))
        part = f'content:{dice.choice(("", "", "", "!"))}"{text}"'
        if index and dice.random() < 0.2:
            parts.append(dice.choice(BETWEEN))
        if dice.random() < 0.3:
            part += "; nocase"
        if index and dice.random() < 0.5:
            part += f"; distance:{dice.randint(-2, 4)}; within:{dice.randint(6, 20)}"
        elif dice.random() < 0.4:
            offset = dice.randint(0, 8)
            part += f"; offset:{offset}; depth:{dice.randint(2, 20)}"
        parts.append(part)
    if dice.random() < 0.2:
        parts.append(f"bsize:{dice.choice('<>')}{dice.randint(2, 40)}")
    if dice.random() < 0.2:
        parts.append(f'pcre:"/[{dice.choice("aeiou")}0-9].{dice.choice(("", "*", "+"))}[a-m]/{dice.choice(("", "i", "R", "s", "m", "Ri"))}"')
    if dice.random() < 0.2:
        parts[1:1] = dice.sample(TRANSFORMS, dice.choice((1, 1, 2)))
    return "; ".join(parts) + ";"


def random_line(dice):
    family = dice.choice(list(FAMILIES.values()))
    header, buffers, numbers, others, events, frames, states = family
    choices = [("buffer", name) for name in buffers.split()]
    # a word that says once more what the header says is refused by Suricata
    choices += [("number", name) for name in numbers]
    choices += [("text", text) for text in others.split("|") if text and not text.startswith("app-layer-protocol")] or [("text", "flow:established")]
    choices += [("text", f"app-layer-event:{header}.{event}") for event in events.split()[:4]]
    choices += [("frame", name) for name in frames.split()]
    rest, first = [], None
    for kind, name in dice.sample(choices, min(len(choices), dice.choice((1, 2, 2, 3)))):
        first = first or name.split(":")[0]
        if kind == "buffer":
            rest.append(random_buffer(dice, name))
        elif kind == "frame":
            rest.append(random_buffer(dice, "frame:" + name))
        elif kind == "number":
            rest.append(f"{name}:{dice.choice(('', '<', '>', '!'))}{dice.choice(numbers[name])};")
        else:
            rest.append(name + ";")
    if dice.random() < 0.4:
        rest.append(dice.choice(("flow:to_server;", "flow:to_client;", "flow:established;", "flow:established,to_server;",
                                 "flow:established,to_client;")))
    dice.shuffle(rest)
    arrow = dice.choice(("->", "->", "->", "<>", "=>"))
    if dice.random() < 0.1 and states:
        hook = "http1" if header == "http" else header
        header = f"{hook}:{dice.choice(states.split())}"
    return first or "flow", f"alert {header} any any {arrow} any any", " ".join(rest)


def dice_lines(seed, count):
    dice = random.Random(seed)
    return [random_line(dice) for _ in range(count)]


def rules(found):
    """{sid: (word, text)}: each line with a number of its own."""
    return {sid: (word, f'{head} (msg:"{sid}"; {rest} sid:{sid};)') for sid, (word, head, rest) in enumerate(found, 1)}
