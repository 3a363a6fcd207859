"""Scenes of desktops and terminals from afar: RDP, RFB, Telnet, remote calls."""
import struct

from tests.gen import app
from tests.gen.scenes.cast import PC, SERVER, scene
from tests.gen.scenes.lan import der, number
from tests.gen.tcp import Conversation


def packet(body):
    return struct.pack("!BBH", 3, 0, len(body) + 4) + body


def negotiation(kind, flags, value):
    return struct.pack("<BBHI", kind, flags, 8, value)


def x224(code, data):
    return packet(bytes([6 + len(data), code, 0, 0, 0, 0, 0]) + data)


def wide(text, size):
    return text.encode("utf-16le").ljust(size, b"\0")


def connect(name, channels):
    core = struct.pack("<IHHHHII", 0x80004, 1920, 1080, 0xCA01, 0xAA03, 0x411, 9600) + wide(name, 32)
    core += struct.pack("<III", 7, 2, 12) + wide("imjp.ime", 64)
    blocks = struct.pack("<HH", 0xC001, len(core) + 4) + core
    blocks += struct.pack("<HHI", 0xC003, 8 + 12 * len(channels), len(channels))
    blocks += b"".join(channel.ljust(12, b"\0") for channel in channels)
    user = b"\0\5\0\x14|\0\1\x81\0\0\x08\0\x10\0\1\xc0\0Duca" + struct.pack("!H", 0x8000 | len(blocks)) + blocks
    domain = der(0x30, *(number(value) for value in (34, 2, 0, 1, 0, 1, 65535, 2)))
    initial = der(4, b"\1") + der(4, b"\1") + der(1, b"\xff") + domain * 3 + der(4, user)
    return packet(b"\2\xf0\x80\x7f\x65\x82" + struct.pack("!H", len(initial)) + initial)


def certificate(serial):
    algorithm = der(0x30, der(6, b"\x2a\x86\x48"))
    signed = der(0x30, der(0xA0, number(2)), der(2, serial), algorithm, der(0x30))
    return der(0x30, signed, algorithm, der(3, b"\0"))


@scene
def rdp(capture):
    """a clerk's desktop from afar, another one within TLS on an odd port, and a third that does not go on as RDP"""
    talk = Conversation(capture, PC, SERVER, 3389).open()
    talk.send("client", x224(0xE0, b"Cookie: mstshash=clerk\r\n" + negotiation(1, 0, 0)))
    talk.send("server", x224(0xD0, negotiation(2, 1, 0)))
    talk.send("client", connect("PC7", [b"rdpdr", b"cliprdr"]))
    talk.send("server", packet(b"\2\xf0\x80\x7f\x66\x03\x0a\1\0"))
    talk.close()
    talk = Conversation(capture, PC, SERVER, 33890).open()
    talk.send("client", x224(0xE0, negotiation(1, 0, 3)))
    talk.send("server", x224(0xD0, negotiation(2, 0x1F, 2)))
    talk.send("client", app.tls_client_hello("desk.firm.example"))
    body = certificate(b"\x05\xab\xcd")
    body = len(body).to_bytes(3, "big") + body
    talk.send("server", app.tls_record(22, app.tls_handshake(11, len(body).to_bytes(3, "big") + body)))
    talk.close()
    talk = Conversation(capture, PC, SERVER, 3389).open()
    talk.send("client", x224(0xE0, b"Cookie: mstshash=guest\r\n"))
    talk.send("server", x224(0xD0, negotiation(3, 0, 5)))
    talk.send("client", b"\3\0\0\1 is no length")
    talk.send("client", x224(0xE0, b"Cookie: mstshash=later\r\n"))
    talk.close()


@scene
def telnet(capture):
    """a login over Telnet on an odd port, and one where the other side speaks something else"""
    talk = Conversation(capture, PC, SERVER, 2323).open()
    talk.send("server", b"\xff\xfd\x18\xff\xfd\x20")
    talk.send("client", b"\xff\xfb\x18\xff\xfa\x18\0xterm\xff\xf0")
    talk.send("server", b"\r\nlogin: ")
    talk.send("client", b"root\r\n")
    talk.send("server", b"Password: ")
    talk.send("client", b"xc35\xff\xff11\r\n")
    talk.close()
    talk = Conversation(capture, PC, SERVER, 2323).open()
    talk.send("server", b"\xff\xfd\x18\xff\xd8 no command")
    talk.send("client", b"root\r\n")
    talk.close()


def rpc_unit(kind, call, body):
    """a unit of DCE/RPC in one fragment (C706, 12.6.3)"""
    return struct.pack("<BBBBIHHI", 5, 0, kind, 3, 0x10, 16 + len(body), 0, call) + body


@scene
def remote_calls(capture):
    """a bind and a call over DCE/RPC, the call's bytes in two segments; then one whose second unit is none"""
    scheduler = bytes.fromhex("82 06 f7 1f 51 0a e8 30 07 6d 74 0b e8 ce e9 8b")
    ndr = bytes.fromhex("04 5d 88 8a eb 1c c9 11 9f e8 08 00 2b 10 48 60 02 00 00 00")
    bind = rpc_unit(11, 1, struct.pack("<HHI", 4280, 4280, 0) + struct.pack("<B3xHBx", 1, 0, 1)
                    + scheduler + struct.pack("<HH", 1, 0) + ndr)
    bound = rpc_unit(12, 1, struct.pack("<HHIH4s2x", 4280, 4280, 1, 4, b"135\0")
                     + struct.pack("<B3xHH", 1, 0, 0) + ndr)
    ask = rpc_unit(0, 2, struct.pack("<IHH", 12, 0, 2) + b"list of jobs")
    talk = Conversation(capture, PC, SERVER, 49664).open()
    talk.send("client", bind)
    talk.send("server", bound)
    talk.send("client", ask[:20])
    talk.send("client", ask[20:])
    talk.send("server", rpc_unit(2, 2, struct.pack("<IHH", 8, 0, 0) + b"no jobs."))
    talk.close()
    talk = Conversation(capture, PC, SERVER, 49664).open()
    talk.send("client", bind)
    talk.send("server", bound)
    talk.send("client", b"list of jobs, which is no unit")
    talk.close()


@scene
def rfb(capture):
    """VNC on an odd port with a password; one that is refused; a kind of security that is not read; a server out of turn"""
    version = b"RFB 003.008\n"
    secret = [("server", b"\1\2"), ("client", b"\2"), ("server", b"0123456789abcdef"), ("client", b"ABCDEFGHIJKLMNOP")]
    screen = struct.pack("!HHBBBBHHHBBB3xI", 1280, 800, 32, 24, 0, 1, 255, 255, 255, 16, 8, 0, 9) + b"desk.firm"
    rests = [
        secret + [("server", bytes(4)), ("client", b"\1"), ("server", screen), ("client", b"\3" + bytes(9))],
        secret + [("server", struct.pack("!II", 1, 5) + b"wrong")],
        [("server", b"\1\x1e"), ("client", b"\x1e"), ("server", b"unread")],
    ]
    for rest in rests:
        talk = Conversation(capture, PC, SERVER, 80).open()
        for who, data in [("server", version), ("client", version), *rest]:
            talk.send(who, data)
        talk.close()
    talk = Conversation(capture, PC, SERVER, 5900).open()
    talk.send("server", version)
    talk.send("server", b"\1\2")
    talk.send("client", version)
    talk.close()
