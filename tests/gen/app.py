"""What is said over the wire. Functions return the bytes of one message; *_conversation plays a whole one."""
import base64
import gzip
import struct
import zlib

from tests.gen.tcp import Conversation


# --- HTTP/1 ---------------------------------------------------------------------------------------------------------

def http_request(uri="/", host="www.example.com", method="GET", headers=(), body=b""):
    lines = [f"{method} {uri} HTTP/1.1", f"Host: {host}", "User-Agent: otasuke-gen/1", "Accept: */*"]
    lines += [f"{name}: {value}" for name, value in headers]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def http_response(body=b"", status="200 OK", headers=(), chunked=None, coding=None):
    """chunked: size of the chunks. coding: "gzip" or "deflate"."""
    if coding == "gzip":
        body = gzip.compress(body, mtime=0)
    elif coding == "deflate":
        body = zlib.compress(body)
    lines = [f"HTTP/1.1 {status}", "Server: otasuke-gen"] + [f"{name}: {value}" for name, value in headers]
    if coding:
        lines.append(f"Content-Encoding: {coding}")
    if chunked:
        lines.append("Transfer-Encoding: chunked")
        pieces = [body[at:at + chunked] for at in range(0, len(body), chunked)]
        body = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
    else:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def http_conversation(capture, client, server, exchanges, dport=80, **more):
    """exchanges: (request, response) pairs on one connection."""
    talk = Conversation(capture, client, server, dport, **more).open()
    for request, response in exchanges:
        talk.send("client", request)
        talk.send("server", response)
    return talk.close()


# --- DNS ------------------------------------------------------------------------------------------------------------

DNS_TYPES = {"A": 1, "NS": 2, "CNAME": 5, "PTR": 12, "MX": 15, "TXT": 16, "AAAA": 28, "SRV": 33, "HTTPS": 65}


def dns_name(name):
    labels = [label.encode() for label in name.split(".") if label]
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def dns_message(name, kind="A", ident=1, answers=None, rcode=0, authoritative=False):
    """A question, or with `answers` (a list of (type, ttl, rdata bytes)) the response to it. Answers point at the
    question's name."""
    response = answers is not None
    flags = 0x0100 | (0x8080 | rcode if response else 0) | (0x0400 if authoritative else 0)
    out = struct.pack("!HHHHHH", ident, flags, 1, len(answers or ()), 0, 0)
    out += dns_name(name) + struct.pack("!HH", DNS_TYPES[kind], 1)
    for answer_kind, ttl, rdata in answers or ():
        out += struct.pack("!HHHIH", 0xC00C, DNS_TYPES[answer_kind], 1, ttl, len(rdata)) + rdata
    return out


def dns_over_tcp(message):
    return struct.pack("!H", len(message)) + message


# --- mail -----------------------------------------------------------------------------------------------------------

def mime_mail(sender, to, subject, text, attachments=()):
    """attachments: (file name, content type, bytes)."""
    head = [f"From: {sender}", f"To: {to}", f"Subject: {subject}", "Date: Thu, 1 Jan 2026 09:00:00 +0900",
            "Message-ID: <1@example.com>", "MIME-Version: 1.0"]
    if not attachments:
        return "\r\n".join(head + ["Content-Type: text/plain; charset=utf-8", "", text, ""]).encode()
    head.append('Content-Type: multipart/mixed; boundary="cut-here"')
    out = "\r\n".join(head + ["", "--cut-here", "Content-Type: text/plain; charset=utf-8", "", text, ""]).encode()
    for name, kind, data in attachments:
        encoded = base64.b64encode(data)
        lines = b"\r\n".join(encoded[at:at + 76] for at in range(0, len(encoded), 76))
        part = ["--cut-here", f"Content-Type: {kind}; name=\"{name}\"", "Content-Transfer-Encoding: base64",
                f"Content-Disposition: attachment; filename=\"{name}\"", "", ""]
        out += "\r\n".join(part).encode() + lines + b"\r\n"
    return out + b"--cut-here--\r\n"


def smtp_conversation(capture, client, server, mails, dport=25, **more):
    """mails: (sender, [receivers], message bytes)."""
    talk = Conversation(capture, client, server, dport, **more).open()

    def say(command, answer):
        talk.send("client", command.encode() + b"\r\n")
        talk.send("server", answer.encode() + b"\r\n")

    talk.send("server", b"220 mx.example.com ESMTP\r\n")
    say("EHLO pc1.example.com", "250-mx.example.com\r\n250-8BITMIME\r\n250 SIZE 10485760")
    for sender, receivers, message in mails:
        say(f"MAIL FROM:<{sender}>", "250 2.1.0 Ok")
        for receiver in receivers:
            say(f"RCPT TO:<{receiver}>", "250 2.1.5 Ok")
        say("DATA", "354 End data with <CR><LF>.<CR><LF>")
        stuffed = message.replace(b"\r\n.", b"\r\n..")  # RFC 5321 section 4.5.2
        talk.send("client", stuffed + b".\r\n")
        talk.send("server", b"250 2.0.0 Ok: queued as 1\r\n")
    say("QUIT", "221 2.0.0 Bye")
    return talk.close("server")


# --- TLS ------------------------------------------------------------------------------------------------------------

CIPHERS = (0x1301, 0x1302, 0x1303, 0xC02B, 0xC02F, 0xC02C, 0xC030, 0x009C, 0x009D)


def _sized(form, data):
    return struct.pack(form, len(data)) + data


def _sized24(data):
    return struct.pack("!I", len(data))[1:] + data


def _extension(kind, data):
    return struct.pack("!H", kind) + _sized("!H", data)


def tls_record(kind, data, version=0x0303):
    return struct.pack("!BHH", kind, version, len(data)) + data


def tls_handshake(kind, data):
    return struct.pack("!B", kind) + _sized24(data)


def tls_client_hello(sni="www.example.com", alpn=("h2", "http/1.1"), ciphers=CIPHERS, versions=(0x0304, 0x0303)):
    extensions = b""
    if sni:
        extensions += _extension(0, _sized("!H", b"\0" + _sized("!H", sni.encode())))
    extensions += _extension(10, _sized("!H", struct.pack("!HHH", 0x001D, 0x0017, 0x0018)))
    extensions += _extension(11, b"\1\0")
    extensions += _extension(13, _sized("!H", struct.pack("!HHHH", 0x0403, 0x0804, 0x0401, 0x0503)))
    if alpn:
        names = b"".join(_sized("!B", name.encode()) for name in alpn)
        extensions += _extension(16, _sized("!H", names))
    if versions:
        extensions += _extension(43, _sized("!B", b"".join(struct.pack("!H", v) for v in versions)))
    suites = b"".join(struct.pack("!H", c) for c in ciphers)
    hello = struct.pack("!H", 0x0303) + bytes(range(32)) + _sized("!B", bytes(32)) + _sized("!H", suites) + b"\1\0"
    return tls_record(22, tls_handshake(1, hello + _sized("!H", extensions)), version=0x0301)


def tls_server_hello(cipher=0xC02F, alpn=None):
    """TLS 1.2, so that the certificate travels in the clear."""
    extensions = _extension(0xFF01, b"\0") + _extension(11, b"\1\0")
    if alpn:
        extensions += _extension(16, _sized("!H", _sized("!B", alpn.encode())))
    hello = struct.pack("!H", 0x0303) + bytes(range(32, 64)) + b"\0" + struct.pack("!HB", cipher, 0)
    return tls_record(22, tls_handshake(2, hello + _sized("!H", extensions)))


def _der(tag, *parts):
    data = b"".join(parts)
    if len(data) < 128:
        return bytes([tag, len(data)]) + data
    size = len(data).to_bytes((len(data).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(size)]) + size + data


def _der_name(common_name, organisation):
    parts = []
    for oid, text in ((b"\x55\x04\x0a", organisation), (b"\x55\x04\x03", common_name)):
        parts.append(_der(0x31, _der(0x30, _der(6, oid), _der(12, text.encode()))))
    return _der(0x30, *parts)


def certificate(common_name, issuer="Otasuke Test CA", serial=0x1234, not_before="260101000000Z",
                not_after="270101000000Z"):
    """An X.509 certificate in DER that can be read but not verified: key and signature are zeros."""
    algorithm = _der(0x30, _der(6, bytes.fromhex("2a864886f70d01010b")), _der(5))
    key = _der(0x30, _der(0x30, _der(6, bytes.fromhex("2a864886f70d010101")), _der(5)),
               _der(3, b"\0" + _der(0x30, _der(2, b"\0" + b"\x80" + bytes(127)), _der(2, b"\1\0\1"))))
    names = _der(0x30, _der(0x82, common_name.encode()))
    extensions = _der(0xA3, _der(0x30, _der(0x30, _der(6, b"\x55\x1d\x11"), _der(4, names))))
    number = serial.to_bytes((serial.bit_length() + 8) // 8, "big")
    body = _der(0x30, _der(0xA0, _der(2, b"\2")), _der(2, number), algorithm, _der_name(issuer, "Otasuke Test"),
                _der(0x30, _der(23, not_before.encode()), _der(23, not_after.encode())),
                _der_name(common_name, "Example Inc"), key, extensions)
    return _der(0x30, body, algorithm, _der(3, b"\0" + bytes(128)))


def tls_certificates(*certificates):
    return tls_record(22, tls_handshake(11, _sized24(b"".join(_sized24(c) for c in certificates))))


def tls_conversation(capture, client, server, sni="www.example.com", dport=443, **more):
    """Up to the certificate, then encrypted bytes both ways."""
    talk = Conversation(capture, client, server, dport, **more).open()
    talk.send("client", tls_client_hello(sni))
    done = tls_record(22, tls_handshake(14, b""))
    talk.send("server", tls_server_hello(alpn="http/1.1") + tls_certificates(certificate(sni)) + done)
    changed = tls_record(20, b"\1")
    talk.send("client", tls_record(22, tls_handshake(16, _sized("!B", bytes(65)))) + changed + tls_record(22, bytes(40)))
    talk.send("server", changed + tls_record(22, bytes(40)))
    talk.send("client", tls_record(23, bytes(range(200))))
    talk.send("server", tls_record(23, bytes(range(256)) * 4))
    return talk.close()
