"""Scenes of the protocols that run a LAN: addresses, names, time, logins, management, files for devices."""
import struct

from tests.gen.packet import Wire
from tests.gen.scenes.cast import EVERYBODY, PC, ROUTER, scene


def options(*pairs):
    return b"".join(bytes([code, len(value)]) + value for code, value in pairs) + b"\xff"


def dhcp_message(op, client, yours, rest):
    head = struct.pack("!BBBBIHH", op, 1, 6, 0, 0x20261123, 0, 0) + bytes(4) + yours + ROUTER.ip4 + bytes(4)
    return head + client.mac + bytes(10 + 64 + 128) + b"\x63\x82\x53\x63" + rest


@scene
def dhcp(capture):
    """a PC asks for an address and says what it is; the router gives one for an hour"""
    wire = Wire()
    ask = options((53, b"\3"), (50, PC.ip4), (12, b"pc1"), (60, b"MSFT 5.0"), (55, b"\1\3\6\x0f"))
    give = options((53, b"\5"), (51, struct.pack("!I", 3600)), (58, struct.pack("!I", 1800)), (1, b"\xff\xff\xff\0"),
                   (3, ROUTER.ip4), (6, ROUTER.ip4))
    capture.add(wire.udp(PC, EVERYBODY, 68, 67, dhcp_message(1, PC, bytes(4), ask)))
    capture.add(wire.udp(ROUTER, PC, 67, 68, dhcp_message(2, PC, PC.ip4, give)))
