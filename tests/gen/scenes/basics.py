"""Scenes of frames, TCP, HTTP, DNS, mail and TLS."""
import base64
import struct
import zlib

from tests.gen import app
from tests.gen.packet import (ETHER_ARP, ETHER_IP4, ICMP, ICMP6, SYN, UDP, Host, Tunnel, Wire, arp, ethernet, icmp, icmp6,
                              ip4, ip6, tcp, udp)
from tests.gen.scenes.cast import C2, EICAR, EVERYBODY, PAGE, PC, ROUTER, SCANNER, SERVER, SHADOW_PC, scene
from tests.gen.tcp import Conversation, InFragments


def one_page(capture, wire=None, **response):
    app.http_conversation(capture, PC, SERVER, [(app.http_request("/index.html"), app.http_response(PAGE, **response))],
                          wire=wire)


@scene
def http(capture):
    """one page over HTTP"""
    one_page(capture, headers=[("Content-Type", "text/html")])


@scene
def http_forwarded(capture):
    """six requests that came through proxies, one way or another"""
    for value in ("10.2.2.2", "10.2.2.2, 10.3.3.3,10.4.4.4:8080", "[2001:db8::7]:4711", "nobody", "10.2.2.2, " * 150, None):
        headers = [("X-Forwarded-For", value)] if value else []
        app.http_conversation(capture, PC, SERVER, [(app.http_request("/index.html", headers=headers), app.http_response(PAGE))])


@scene
def http_chunked_gzip(capture):
    """a page, gzipped and in chunks of 50 bytes"""
    one_page(capture, chunked=50, coding="gzip")


@scene
def http_odd_methods(capture):
    """requests that begin like no request; the server answers in HTTP. The last one is none"""
    for start in (b"GET/ HTTP/1.1", b"get-it HTTP/1.0", b"\xc3\x83 /x", b"FETCH/this"):
        talk = Conversation(capture, PC, SERVER, 80).open()
        talk.send("client", start + b"\r\nHost: odd\r\n\r\n")
        talk.send("server", app.http_response(b"bad", status="400 Bad Request"))
        talk.close()
    talk = Conversation(capture, PC, SERVER, 80).open()
    talk.send("client", b"hello out there\r\nhow are you?\r\n")
    talk.send("server", app.http_response(b"bad", status="400 Bad Request"))
    talk.close()


@scene
def http_kept(capture):
    """three pages over one connection, one after the other"""
    talk = Conversation(capture, PC, SERVER, 80).open()
    for name in "abc":
        talk.send("client", app.http_request(f"/{name}"))
        talk.send("server", app.http_response(name.encode()))
    talk.close()


@scene
def http_hole_in_head(capture):
    """two exchanges over a connection; of the first request, of the first answer or of a status line some bytes are lost"""
    request = app.http_request("/some/page", headers=[("User-Agent", "late")])
    response = app.http_response(b"done", headers=[("X-Filler", "x" * 20)])
    for side, at, size in (("client", 10, 3), ("client", 2, 4), ("client", 20, 30), ("server", 30, 6), ("server", 3, 2)):
        talk = Conversation(capture, PC, SERVER, 80).open()
        for turn in range(2):
            for name, data in (("client", request), ("server", response)):
                if name == side and turn == 0:
                    talk.send(name, data[:at])
                    talk.sides[name].sent += size
                    data = data[at + size:]
                talk.send(name, data)
        talk.close()


@scene
def tcp_fast_open(capture):
    """a request in the SYN, which the server takes (RFC 7413)"""
    talk = Conversation(capture, PC, SERVER, 80)
    client, server = talk.sides["client"], talk.sides["server"]
    request = app.http_request("/early")
    cookie = b"\x22\x0aabcdefgh\1\1"
    talk.raw("client", SYN, client.isn, 0, request, options=cookie)
    client.sent = len(request)
    talk.raw("server", SYN | 16, server.isn, client.isn + 1 + client.sent)
    talk.ack("client")
    talk.send("server", app.http_response(b"done"))
    talk.close()


@scene
def dns_tcp_answer_only(capture):
    """an answer of DNS over TCP; its question, and how the connection began, were not seen"""
    talk = Conversation(capture, PC, SERVER, 53)
    talk.send("server", app.dns_over_tcp(app.dns_message("www.example.com", answers=[("A", 60, SERVER.ip4)])))
    talk.close()


@scene
def http_trailers(capture):
    """an answer in chunks with a trailer, a request in chunks without; each piece in a segment of its own"""
    talk = Conversation(capture, PC, SERVER, 80).open()
    talk.send("client", b"GET /sum HTTP/1.1\r\nHost: a\r\n\r\n")
    for piece in (b"HTTP/1.1 200 OK\r\nX-First: one\r\nTransfer-Encoding: chunked\r\n\r\n", b"3\r\nabc\r\n", b"0\r\nX-Last: two\r\n", b"\r\n"):
        talk.send("server", piece)
    for piece in (b"POST /in HTTP/1.1\r\nHost: a\r\nX-First: one\r\nTransfer-Encoding: chunked\r\n\r\n", b"3\r\nabc\r\n", b"0\r\n\r\n"):
        talk.send("client", piece)
    talk.send("server", app.http_response(b"done"))
    talk.close()


@scene
def http_pipelined(capture):
    """three requests in one segment, then three responses"""
    talk = Conversation(capture, PC, SERVER, 80).open()
    talk.send("client", b"".join(app.http_request(f"/{n}") for n in "abc"))
    talk.send("server", b"".join(app.http_response(n.encode()) for n in "abc"))
    talk.close()


@scene
def http_crowd(capture):
    """600 requests in one stream, all sent before the first answer; the last one is another than the rest"""
    talk = Conversation(capture, PC, SERVER, 80).open()
    names = ["common"] * 599 + ["wanted"]
    talk.send("client", b"".join(b"GET /%s HTTP/1.1\r\nHost: a\r\n\r\n" % n.encode() for n in names))
    talk.send("server", b"".join(app.http_response(n.encode()) for n in names))
    talk.close()


@scene
def dns_crowd(capture):
    """600 questions over TCP at once, the last one for another name"""
    talk = Conversation(capture, PC, ROUTER, 53).open()
    names = ["common.example"] * 599 + ["wanted.example"]
    talk.send("client", b"".join(app.dns_over_tcp(app.dns_message(n, "A", i)) for i, n in enumerate(names)))
    talk.close()


@scene
def http_upgrade(capture):
    """a connection that stops speaking HTTP with the server's answer"""
    talk = Conversation(capture, PC, SERVER, 80).open()
    talk.send("client", b"GET /chat HTTP/1.1\r\nHost: www.example.com\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
    talk.send("server", b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n\x81\x02ok")
    talk.send("client", b"\x81\x82\0\0\0\0ok")
    talk.close()


def http2_frame(kind, flags, stream, body=b""):
    return struct.pack("!I", len(body))[1:] + struct.pack("!BBI", kind, flags, stream) + body


@scene
def http2(capture):
    """HTTP/2 in the clear after an upgrade: the first answer, then a request of its own with a header in two frames"""
    talk = Conversation(capture, PC, SERVER, 80).open()
    talk.send("client", b"GET /first HTTP/1.1\r\nHost: www.example.com\r\nConnection: Upgrade, HTTP2-Settings\r\n"
                        b"Upgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n")
    talk.send("server", b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n" + http2_frame(4, 0, 0)
              + http2_frame(1, 4, 1, b"\x88") + http2_frame(0, 1, 1, b"first answer"))
    talk.send("client", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + http2_frame(4, 0, 0) + http2_frame(1, 1, 3, b"\x82\x86\x04\x07/seco")
              + http2_frame(9, 4, 3, b"nd\x41\x0fwww.example.com"))
    talk.send("server", http2_frame(1, 4, 3, b"\x88") + http2_frame(0, 0, 3, b"second ") + http2_frame(0, 9, 3, b"\x03answer\0\0\0"))
    talk.send("client", http2_frame(7, 0, 0, bytes(8)))
    talk.close()


def http2_plain(name, value):
    """a header that goes into no table"""
    return b"\0" + bytes([len(name)]) + name.encode() + bytes([len(value)]) + value.encode()


def http2_request(method, path, **headers):
    fields = {":method": method, ":scheme": "http", ":authority": "dns.example", ":path": path}
    fields.update((name.replace("_", "-"), value) for name, value in headers.items())
    return b"".join(http2_plain(name, value) for name, value in fields.items())


@scene
def doh2(capture):
    """DNS over HTTP/2: a question in a path, one as a body, one that is none, and a page beside them"""
    kind = "application/dns-message"
    talk = Conversation(capture, PC, SERVER, 80).open()

    def answer(stream, body, kind):
        talk.send("server", http2_frame(1, 4, stream, b"\x88" + http2_plain("content-type", kind)) + http2_frame(0, 1, stream, body))

    def named(name):
        return app.dns_message(name, "A", 0, [("A", 60, bytes([192, 0, 2, 1]))])

    talk.send("client", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + http2_frame(4, 0, 0))
    talk.send("server", http2_frame(4, 0, 0))
    asked = base64.urlsafe_b64encode(app.dns_message("path.example.com", "A", 0)).rstrip(b"=").decode()
    talk.send("client", http2_frame(1, 5, 1, http2_request("GET", "/dns-query?dns=" + asked, accept=kind)))
    answer(1, named("path.example.com"), kind)
    question = app.dns_message("body.example.com", "A", 0)
    talk.send("client", http2_frame(1, 4, 3, http2_request("POST", "/dns-query", content_type=kind)))
    talk.send("client", http2_frame(0, 0, 3, question[:9]))
    talk.send("client", http2_frame(0, 1, 3, question[9:]))
    answer(3, named("body.example.com"), kind)
    talk.send("client", http2_frame(1, 4, 5, http2_request("POST", "/hidden", content_type=kind)))
    talk.send("client", http2_frame(0, 1, 5, b"cmd=no name at all"))
    answer(5, b"fine", "text/plain")
    talk.send("client", http2_frame(1, 5, 7, http2_request("GET", "/index.html")))
    answer(7, b"a page", "text/plain")
    talk.close()


@scene
def http_upload(capture):
    """a file sent outside by POST, multipart"""
    body = (b"--cut\r\nContent-Disposition: form-data; name=\"f\"; filename=\"list.csv\"\r\n"
            b"Content-Type: text/csv\r\n\r\nname,amount\r\nA,1\r\n\r\n--cut--\r\n")
    request = app.http_request("/up", method="POST", body=body,
                               headers=[("Content-Type", "multipart/form-data; boundary=cut")])
    app.http_conversation(capture, PC, SERVER, [(request, app.http_response(b"ok"))])


@scene
def http_test_virus(capture):
    """a PC fetches the EICAR test file"""
    response = app.http_response(EICAR, headers=[("Content-Type", "application/octet-stream"),
                                                 ("Content-Disposition", "attachment; filename=\"invoice.com\"")])
    app.http_conversation(capture, PC, SERVER, [(app.http_request("/invoice.com"), response)])


@scene
def gh0st_beacon(capture):
    """an unknown PC calls a command server: magic, total length, inflated length, deflated bytes"""
    inside = b"\x66" + b"SHADOW-PC".ljust(64, b"\0") + bytes(100)
    packed = zlib.compress(inside)
    talk = Conversation(capture, SHADOW_PC, C2, 8080, sport=49200).open()
    talk.send("client", b"Gh0st" + struct.pack("<II", 13 + len(packed), len(inside)) + packed)
    talk.send("server", b"Gh0st" + struct.pack("<II", 13 + 9, 1) + zlib.compress(b"\0"))
    talk.close()


@scene
def dns(capture):
    """question and answer over UDP"""
    wire = Wire()
    capture.add(wire.udp(PC, ROUTER, 50000, 53, app.dns_message("www.example.com", "A", 7)))
    answer = app.dns_message("www.example.com", "A", 7, answers=[("A", 300, SERVER.ip4)])
    capture.add(wire.udp(ROUTER, PC, 53, 50000, answer))


@scene
def dns_tcp(capture):
    """the same over TCP, the length in a segment of its own"""
    talk = Conversation(capture, PC, ROUTER, 53).open()
    question = app.dns_over_tcp(app.dns_message("www.example.com", "TXT", 8))
    talk.send("client", question[:2]).send("client", question[2:])
    talk.send("server", app.dns_over_tcp(app.dns_message("www.example.com", "TXT", 8, [("TXT", 60, b"\5hello")])))
    talk.close()


@scene
def http_connect(capture):
    """TLS inside a tunnel that a proxy was asked for by CONNECT, on a port that says nothing of either"""
    talk = Conversation(capture, PC, ROUTER, 8002).open()
    talk.send("client", b"CONNECT hidden.example.net:443 HTTP/1.1\r\nHost: hidden.example.net:443\r\n\r\n")
    talk.send("server", b"HTTP/1.1 200 Connection established\r\n\r\n")
    talk.send("client", app.tls_client_hello("inside.example.net"))
    talk.close()


@scene
def smtp(capture):
    """a mail with a macro workbook attached"""
    mail = app.mime_mail("sales@example.net", "staff@example.com", "invoice", "please see\r\n.the attachment",
                         [("invoice.xlsm", "application/vnd.ms-excel.sheet.macroEnabled.12", b"PK\3\4" + bytes(300))])
    app.smtp_conversation(capture, PC, SERVER, [("sales@example.net", ["staff@example.com"], mail)])


@scene
def smtp_japanese(capture):
    """a mail whose subject and attachment are named in ISO-2022-JP and Shift_JIS"""
    def word(charset, codec, text):
        return f"=?{charset}?B?{base64.b64encode(text.encode(codec)).decode()}?="
    mail = app.mime_mail("sales@example.net", "staff@example.com", word("ISO-2022-JP", "iso2022_jp", "請求書の件"), "body",
                         [(word("Shift_JIS", "cp932", "請求書①.pdf"), "application/pdf", b"%PDF-1.4\n" + bytes(50))])
    app.smtp_conversation(capture, PC, SERVER, [("sales@example.net", ["staff@example.com"], mail)])


@scene
def tls(capture):
    """TLS 1.2 with SNI, ALPN and a certificate"""
    app.tls_conversation(capture, PC, SERVER)


@scene
def tls_to_mail(capture):
    """a TLS client at a mail server that greets in the clear"""
    talk = Conversation(capture, PC, SERVER, 465).open()
    talk.send("client", app.tls_client_hello("mail.example.com"))
    talk.send("server", b"220 mail.example.com ESMTP ready\r\n")
    talk.close()


@scene
def vlan(capture):
    """HTTP inside VLAN 10"""
    one_page(capture, Wire(vlans=[10]))


@scene
def qinq(capture):
    """HTTP inside VLAN 20 inside service VLAN 100"""
    one_page(capture, Wire(vlans=[100, 20]))


@scene
def pppoe(capture):
    """HTTP inside PPPoE"""
    one_page(capture, Wire(pppoe=0x17))


@scene
def ipv6(capture):
    """HTTP over IPv6"""
    one_page(capture, Wire(6))


@scene
def fragments4(capture):
    """a DNS answer in IPv4 fragments, the last first"""
    fragmented(capture, Wire(4))


@scene
def fragments6(capture):
    """a DNS answer in IPv6 fragments, the last first"""
    fragmented(capture, Wire(6))


def fragmented(capture, wire):
    capture.add(wire.udp(PC, ROUTER, 50000, 53, app.dns_message("big.example.com", "TXT", 9)))
    answer = app.dns_message("big.example.com", "TXT", 9, [("TXT", 60, b"\x64" + b"x" * 100)] * 4)
    datagram = udp(*wire.addresses(ROUTER, PC), 53, 50000, answer)
    for frame in reversed(wire.fragments(ROUTER, PC, UDP, datagram, 128)):
        capture.add(frame)


@scene
def tcp_out_of_order(capture):
    """a response whose pieces come in disorder"""
    talk = Conversation(capture, PC, SERVER, 80).open()
    talk.send("client", app.http_request("/")).send_disordered("server", app.http_response(PAGE[:900]), 200,
                                                               [1, 3, 0, 2, 4])
    talk.close()


@scene
def tcp_retransmission(capture):
    """pieces of a request come twice"""
    request = app.http_request("/retransmitted")
    talk = Conversation(capture, PC, SERVER, 80).open()
    talk.send_disordered("client", request, 20, sorted(2 * list(range((len(request) + 19) // 20))))
    talk.send("server", app.http_response(b"ok")).close()


@scene
def tcp_gap(capture):
    """the second of five pieces is never seen, but acknowledged"""
    talk = Conversation(capture, PC, SERVER, 80).open()
    talk.send("client", app.http_request("/")).send_disordered("server", app.http_response(PAGE[:900]), 200,
                                                               [0, 2, 3, 4])
    talk.close()


@scene
def tcp_overlap(capture):
    """two conflicting versions of the same bytes: the decoy first, then on a second connection last"""
    for number, decoy_first in enumerate((True, False)):
        request = app.http_request("/attack/now")
        at = request.index(b"attack")
        talk = Conversation(capture, PC, SERVER, 80, sport=40000 + number).open()
        talk.send_overlapped("client", request, b"plain_", at, decoy_first)
        talk.send("server", app.http_response(b"ok")).close()


@scene
def tcp_small_pieces(capture):
    """a request one byte at a time"""
    talk = Conversation(capture, PC, SERVER, 80).open()
    talk.send("client", app.http_request("/byte-by-byte"), size=1).send("server", app.http_response(b"ok")).close()


@scene
def tcp_midstream(capture):
    """no handshake is seen"""
    talk = Conversation(capture, PC, SERVER, 80)
    talk.send("client", app.http_request("/midstream")).send("server", app.http_response(b"ok")).close()


@scene
def tcp_midstream_answer(capture):
    """no handshake is seen, and the server's answer is the first packet"""
    talk = Conversation(capture, PC, SERVER, 80)
    talk.send("server", app.http_response(b"late")).send("client", app.http_request("/next")).send("server", app.http_response(b"ok")).close()


@scene
def tcp_midstream_lone_answer(capture):
    """no handshake, no request, no acknowledgement: a single packet with a server's answer"""
    Conversation(capture, PC, SERVER, 80).send("server", app.http_response(b"alone"), acked=False)


@scene
def tcp_reset(capture):
    """the server cuts the connection in the middle of a response"""
    talk = Conversation(capture, PC, SERVER, 80).open()
    talk.send("client", app.http_request("/")).send("server", app.http_response(PAGE)[:500]).reset("server")


@scene
def tcp_stretches(capture):
    """a protocol of nobody: 40 lines in segments of 100 bytes, each acknowledged, the last of them another one"""
    talk = Conversation(capture, PC, SERVER, 9999).open()
    for number in range(40):
        talk.send("client", (b"last" if number == 39 else b"line") + b" %03d " % number + b"." * 90 + b"\r\n")
    talk.close()


@scene
def tcp_stretches_both(capture):
    """a protocol of nobody: 40 lines of the client and 40 of the server in segments of 100 bytes, each acknowledged"""
    talk = Conversation(capture, PC, SERVER, 9999).open()
    for side in ("client", "server"):
        for number in range(40):
            talk.send(side, b"line %03d " % number + b"." * 90 + b"\r\n")
    talk.close()


@scene
def tcp_wrap(capture):
    """sequence numbers pass 2^32 in the middle of the data"""
    exchange = [(app.http_request("/wrap"), app.http_response(PAGE))]
    app.http_conversation(capture, PC, SERVER, exchange, isn=(2**32 - 20, 2**32 - 700))


@scene
def scan(capture):
    """an outside address knocks at forty ports of a PC, 10 ms apart"""
    wire = Wire()
    for port in range(20, 60):
        knock = tcp(*wire.addresses(SCANNER, PC), 55555, port, 1, 0, SYN)
        capture.add(wire.ip(SCANNER, PC, 6, knock), gap_us=10_000)


@scene
def fragments_tcp(capture):
    """a page over HTTP, each segment with data in IP fragments, IPv4 and IPv6"""
    for version in (4, 6):
        talk = InFragments(capture, PC, SERVER, 80, wire=Wire(version)).open()
        talk.send("client", app.http_request("/in/fragments"))
        talk.send("server", app.http_response(PAGE))
        talk.close()


@scene
def tunnels(capture):
    """a page over HTTP inside IP-in-IP, GRE and VXLAN, between offices"""
    office = Host("00:00:5e:00:53:02", "192.0.2.1")
    for kind in ("ipip", "gre", "vxlan"):
        one_page(capture, Tunnel(kind, office, C2))


@scene
def arp_in_tunnel(capture):
    """ARP inside GRE, between offices"""
    office = Host("00:00:5e:00:53:02", "192.0.2.1")
    asked = arp(1, SHADOW_PC, ROUTER.ip4)
    capture.add(Wire(4).ip(office, C2, 47, struct.pack("!HH", 0, ETHER_ARP) + asked))
    capture.add(Wire(4).ip(office, C2, 47, struct.pack("!HH", 0, ETHER_ARP) + asked[:20]))


@scene
def icmp_errors(capture):
    """datagrams to a closed port, and a router between that says so"""
    for port in range(3):
        packet = ip4(PC.ip4, SERVER.ip4, UDP, udp(PC.ip4, SERVER.ip4, 50100 + port, 9000, b"anybody there?"))
        capture.add(Wire(4).frame(PC, SERVER, packet))
        capture.add(Wire(4).ip(ROUTER, PC, ICMP, icmp(3, 3, b"\0\0\0\0", packet[:28])))


@scene
def icmp_errors_about_tcp(capture):
    """a page; its connection is told to send smaller packets, another PC hears the same, and of one that is not there"""
    talk = Conversation(capture, PC, SERVER, 80).open()
    quoted = ip4(PC.ip4, SERVER.ip4, 6, tcp(PC.ip4, SERVER.ip4, 40000, 80, 1001, 500001, 24, b"x" * 600))
    for receiver, quote in ((PC, quoted), (SHADOW_PC, quoted), (PC, quoted[:20] + b"\1" + quoted[21:])):
        capture.add(Wire(4).ip(ROUTER, receiver, ICMP, icmp(3, 4, b"\0\0\5\0", quote[:28])))
    talk.send("client", app.http_request("/index.html"))
    talk.send("server", app.http_response(PAGE))
    talk.close()
    for kind, port in ((1, 50000), (3, 50000), (1, 50001)):
        question = ip6(PC.ip6, SERVER.ip6, UDP, udp(PC.ip6, SERVER.ip6, port, 9000, b"anybody there?"))
        if port == 50000:
            capture.add(Wire(6).frame(PC, SERVER, question))
        capture.add(Wire(6).ip(ROUTER, PC, ICMP6, icmp6(ROUTER.ip6, PC.ip6, kind, 0, bytes(4), question)))


@scene
def office_hours(capture):
    """thirty PCs ask eight servers, over and over, all at the same time"""
    pcs = [Host(f"00:00:5e:00:54:{i:02x}", f"192.168.10.{100 + i}") for i in range(30)]
    servers = [Host("00:00:5e:00:53:01", f"203.0.113.{100 + i}") for i in range(8)]
    for turn in range(12):
        for i, pc in enumerate(pcs):
            server = servers[(i * 7 + turn * 3) % len(servers)]
            text = b"order" if i == 3 and turn == 2 else b"question"
            capture.add(Wire().udp(pc, server, 51000 + turn % 4, 9999, text))
            capture.add(Wire().udp(server, pc, 9999, 51000 + turn % 4, b"answer"))
        capture.wait(7)


@scene
def icmp_echo(capture):
    """ping, IPv4 and IPv6"""
    rest = struct.pack("!HH", 77, 1)
    for kind, src, dst in ((8, PC, SERVER), (0, SERVER, PC)):
        capture.add(Wire(4).ip(src, dst, ICMP, icmp(kind, 0, rest, b"abcdefgh" * 4)))
    for kind, src, dst in ((128, PC, SERVER), (129, SERVER, PC)):
        capture.add(Wire(6).ip(src, dst, ICMP6, icmp6(src.ip6, dst.ip6, kind, 0, rest, b"abcdefgh" * 4)))


@scene
def device(capture):
    """a new PC says who it is: ARP, DHCP with a hostname, mDNS, NetBIOS"""
    wire = Wire()
    capture.add(ethernet(SHADOW_PC.mac, EVERYBODY.mac, ETHER_ARP, arp(1, SHADOW_PC, ROUTER.ip4)))
    options = (b"\x63\x82\x53\x63" + b"\x35\1\3" + b"\x0c\x09SHADOW-PC" + b"\x3c\x08MSFT 5.0" + b"\x32\4" + SHADOW_PC.ip4
               + b"\x37\4\1\3\6\x0f" + b"\xff")
    request = struct.pack("!BBBBIHH16s16s64x128x", 1, 1, 6, 0, 0x1234, 0, 0, bytes(16), SHADOW_PC.mac) + options
    starter = Host("02:00:5e:00:53:99")
    capture.add(wire.udp(starter, EVERYBODY, 68, 67, request))
    mdns = Host("01:00:5e:00:00:fb", "224.0.0.251")
    name = app.dns_name("shadow-pc.local")
    announce = struct.pack("!HHHHHH", 0, 0x8400, 0, 1, 0, 0) + name + struct.pack("!HHIH", 1, 0x8001, 120, 4)
    capture.add(wire.udp(SHADOW_PC, mdns, 5353, 5353, announce + SHADOW_PC.ip4))
    padded = "SHADOW-PC".ljust(15).encode() + b"\0"
    encoded = b"".join(bytes([65 + (c >> 4), 65 + (c & 15)]) for c in padded)
    owner = b"\x20" + encoded + b"\0"
    register = struct.pack("!HHHHHH", 1, 0x2910, 1, 0, 0, 1) + owner + struct.pack("!HH", 0x20, 1)
    register += struct.pack("!HHHIHH4s", 0xC00C, 0x20, 1, 300000, 6, 0, SHADOW_PC.ip4)
    broadcast = Host("ff:ff:ff:ff:ff:ff", "192.168.10.255")
    capture.add(wire.udp(SHADOW_PC, broadcast, 137, 137, register))


@scene
def broken(capture):
    """frames that are cut off or lie about their lengths, each after a good one"""
    good = Wire().udp(PC, ROUTER, 50000, 53, app.dns_message("www.example.com"))
    for cut in (0, 1, 13, 14, 20, 33, 34, 41, 42, 50):
        capture.add(good)
        capture.add(good[:cut])
    for at, value in ((14, 0x4F), (14, 0x65), (16, 0xFF), (17, 0x01), (38, 0xFF), (39, 0x00)):
        capture.add(good[:at] + bytes([value]) + good[at + 1:])
    capture.add(ethernet(PC.mac, ROUTER.mac, ETHER_IP4, bytes(40)))
