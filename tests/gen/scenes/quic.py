"""Scenes of QUIC: what of its handshake everybody can read."""
import struct

from tests.gen import quic
from tests.gen.packet import Wire
from tests.gen.scenes.cast import PC, SERVER, scene

RANDOM = b"0123456789abcdef0123456789abcdef"


def extension(kind, body):
    return struct.pack("!HH", kind, len(body)) + body


def hello(kind, rest, extensions):
    body = b"\3\3" + RANDOM + rest + struct.pack("!H", len(extensions)) + extensions
    return bytes([kind]) + struct.pack("!I", len(body))[1:] + body


def client_hello(name):
    name = b"\0" + struct.pack("!H", len(name)) + name
    return hello(1, b"\0\0\4\x13\1\x13\2\1\0", extension(0, struct.pack("!H", len(name)) + name) + extension(16, b"\0\3\2h3")
                 + extension(10, b"\0\4\0\x1d\0\x17") + extension(43, b"\2\3\4"))


SERVERS_HELLO = hello(2, b"\0\x13\1\0", extension(43, b"\3\4"))


@scene
def quic_hellos(capture):
    """a browser says hello in two packets, the second part first; the server answers; the same in version 2 on another port"""
    wire, identity = Wire(), b"\x83\x94\xc8\xf0\x3e\x51\x57\x08"
    said = client_hello(b"video.firm.example")
    for part in (quic.crypto(said, 40), quic.crypto(said, 0, 40)):
        capture.add(wire.udp(PC, SERVER, 51443, 443, quic.initial(part, identity, size=1200)))
    capture.add(wire.udp(SERVER, PC, 443, 51443, quic.initial(quic.crypto(SERVERS_HELLO), identity, quic.SERVER, to=b"cli")))
    said = client_hello(b"files.firm.example")
    capture.add(wire.udp(PC, SERVER, 51444, 4433, quic.initial(quic.crypto(said), identity, version=quic.V2, size=1200)))


@scene
def quic_damaged(capture):
    """a packet that was changed on its way, and one with a frame that says more than there is"""
    wire, identity = Wire(), b"\1\2\3\4\5\6\7\x08"
    packet = bytearray(quic.initial(quic.crypto(client_hello(b"changed.firm.example")), identity, size=1200))
    packet[600] ^= 1
    capture.add(wire.udp(PC, SERVER, 51445, 443, bytes(packet)))
    capture.add(wire.udp(PC, SERVER, 51446, 443, quic.initial(b"\6\0\x7f\xffmuch less", identity, size=1200)))


@scene
def quic_google(capture):
    """the hello of Google's QUIC, Q046"""
    values = [(b"PAD\0", b"--"), (b"SNI\0", b"old.firm.example"), (b"VER\0", b"Q046"), (b"UAID", b"Chrome/1.0 PC")]
    tags, end = b"", 0
    for tag, value in values:
        end += len(value)
        tags += tag + struct.pack("<I", end)
    message = b"CHLO" + struct.pack("<HH", len(values), 0) + tags + b"".join(value for _, value in values)
    frame = b"\xa4\1\4\0" + struct.pack("!H", len(message)) + message
    capture.add(Wire().udp(PC, SERVER, 51447, 443, b"\xc3Q046\x50\1\2\3\4\5\6\7\x08\0\0\0\1hash-of-12--" + frame))
