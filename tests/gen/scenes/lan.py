"""Scenes of the protocols that run a LAN: addresses, names, time, logins, management, files for devices."""
import struct

from tests.gen.app import dns_name
from tests.gen.packet import Host, Wire
from tests.gen.tcp import Conversation
from tests.gen.scenes.cast import EVERYBODY, PC, ROUTER, SERVER, SHADOW_PC, scene


def options(*pairs):
    return b"".join(bytes([code, len(value)]) + value for code, value in pairs) + b"\xff"


def dhcp_message(op, client, yours, rest):
    head = struct.pack("!BBBBIHH", op, 1, 6, 0, 0x20261123, 0, 0) + bytes(4) + yours + ROUTER.ip4 + bytes(4)
    return head + client.mac + bytes(10 + 64 + 128) + b"\x63\x82\x53\x63" + rest


# --- DER ------------------------------------------------------------------------------------------------------------

def der(tag, *parts):
    body = b"".join(parts)
    size = bytes([len(body)]) if len(body) < 128 else b"\x82" + struct.pack("!H", len(body))
    return bytes([tag]) + size + body


def number(value, tag=2):
    return der(tag, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def context(which, *parts):
    return der(0xA0 + which, *parts)


def principal(*parts):
    return der(0x30, context(0, number(1)), context(1, der(0x30, *(der(0x1B, part) for part in parts))))


def encrypted(kind):
    return der(0x30, context(0, number(kind)), context(2, der(4, bytes(40))))


def krb5_request(kind, client, *service):
    body = der(0x30, context(0, der(3, bytes(5))), context(1, principal(client)), context(2, der(0x1B, b"FIRM.EXAMPLE")),
               context(3, principal(*service)), context(7, number(7)), context(8, der(0x30, number(18))))
    return der(0x60 + kind, der(0x30, context(1, number(5)), context(2, number(kind)), context(4, body)))


def krb5_answer(kind, client, encryption, *service):
    ticket = der(0x61, der(0x30, context(0, number(5)), context(1, der(0x1B, b"FIRM.EXAMPLE")), context(2, principal(*service)),
                           context(3, encrypted(encryption))))
    return der(0x60 + kind, der(0x30, context(0, number(5)), context(1, number(kind)), context(3, der(0x1B, b"FIRM.EXAMPLE")),
                                context(4, principal(client)), context(5, ticket), context(6, encrypted(18))))


def marked(message):
    return struct.pack("!I", len(message)) + message


@scene
def krb5(capture):
    """a login over UDP, then over TCP, in small segments, a ticket for a service that is encrypted as thieves like it"""
    wire = Wire()
    capture.add(wire.udp(PC, ROUTER, 50088, 88, krb5_request(10, b"staff", b"krbtgt", b"FIRM.EXAMPLE")))
    capture.add(wire.udp(ROUTER, PC, 88, 50088, krb5_answer(11, b"staff", 18, b"krbtgt", b"FIRM.EXAMPLE")))
    talk = Conversation(capture, PC, ROUTER, 88, sport=50089).open()
    talk.send("client", marked(krb5_request(12, b"staff", b"MSSQLSvc", b"db.firm.example")), size=40)
    talk.send("server", marked(krb5_answer(13, b"staff", 23, b"MSSQLSvc", b"db.firm.example")), size=40)
    talk.close()


# --- addresses ------------------------------------------------------------------------------------------------------

@scene
def dhcp(capture):
    """a PC asks for an address and says what it is; the router gives one for an hour"""
    wire = Wire()
    ask = options((53, b"\3"), (50, PC.ip4), (12, b"pc1"), (60, b"MSFT 5.0"), (55, b"\1\3\6\x0f"))
    give = options((53, b"\5"), (51, struct.pack("!I", 3600)), (58, struct.pack("!I", 1800)), (1, b"\xff\xff\xff\0"),
                   (3, ROUTER.ip4), (6, ROUTER.ip4))
    capture.add(wire.udp(PC, EVERYBODY, 68, 67, dhcp_message(1, PC, bytes(4), ask)))
    capture.add(wire.udp(ROUTER, PC, 67, 68, dhcp_message(2, PC, PC.ip4, give)))


# --- time, files ----------------------------------------------------------------------------------------------------

@scene
def ntp(capture):
    """a PC asks the router for the time"""
    wire = Wire()
    capture.add(wire.udp(PC, ROUTER, 123, 123, b"\x23\0\x06\xfa" + bytes(36) + b"\xe5\1\2\3\4\5\6\7"))
    capture.add(wire.udp(ROUTER, PC, 123, 123, b"\x24\2\x06\xfa" + bytes(8) + b"LOCL" + bytes(24) + b"\xe5\1\2\3\4\5\6\7"))


@scene
def tftp(capture):
    """a device fetches its firmware, and somebody writes a file on an odd port"""
    wire = Wire()
    capture.add(wire.udp(PC, ROUTER, 50069, 69, b"\0\1firmware.bin\0octet\0"))
    capture.add(wire.udp(PC, ROUTER, 50070, 6969, b"\0\2stolen.zip\0octet\0"))


# --- management -----------------------------------------------------------------------------------------------------

def snmp_message(version, community, pdu):
    name = der(0x30, der(0x30, der(6, b"\x2b\6\1\2\1\1\5\0"), der(5)))
    return der(0x30, number(version), der(4, community), der(pdu, number(7), number(0), number(0), name))


@scene
def snmp(capture):
    """a PC asks the router for its name, then sets it"""
    wire = Wire()
    capture.add(wire.udp(PC, ROUTER, 50161, 161, snmp_message(1, b"public", 0xA0)))
    capture.add(wire.udp(ROUTER, PC, 161, 50161, snmp_message(1, b"public", 0xA2)))
    capture.add(wire.udp(PC, ROUTER, 50162, 1161, snmp_message(0, b"private", 0xA3)))


# --- names without a server -----------------------------------------------------------------------------------------

def name_message(flags, questions=(), answers=()):
    asked = b"".join(dns_name(name) + struct.pack("!HH", kind, 1) for name, kind in questions)
    told = b"".join(dns_name(name) + struct.pack("!HHIH", kind, 1, 120, len(data)) + data for name, kind, data in answers)
    return struct.pack("!HHHHHH", 0x4242 if flags & 0x8000 or questions else 0, flags, len(questions), len(answers), 0, 0) + asked + told


@scene
def mdns(capture):
    """a PC looks for printers, one says that it is there, and one sends a message that is cut"""
    wire = Wire()
    group = Host("01:00:5e:00:00:fb", "224.0.0.251")
    printer = dns_name("laser._ipp._tcp.local")
    capture.add(wire.udp(PC, group, 5353, 5353, name_message(0, [("_ipp._tcp.local", 12)])))
    capture.add(wire.udp(ROUTER, group, 5353, 5353, name_message(0x8400, (), [("_ipp._tcp.local", 12, printer)])))
    capture.add(wire.udp(ROUTER, group, 5353, 5353, name_message(0x8400, (), [("cut.local", 16, b"\3a=b")])[:-6]))


@scene
def llmnr(capture):
    """a PC asks everybody for a name that it mistyped; another one says that it is its own; the same over TCP"""
    wire = Wire()
    group = Host("01:00:5e:00:00:fc", "224.0.0.252")
    ask, take = [("fileservr", 1)], [("fileservr", 1, SHADOW_PC.ip4)]
    capture.add(wire.udp(PC, group, 50355, 5355, name_message(0, ask)))
    capture.add(wire.udp(SHADOW_PC, PC, 5355, 50355, name_message(0x8000, ask, take)))
    talk = Conversation(capture, PC, SHADOW_PC, 5355, sport=50356).open()
    for side, message in (("client", name_message(0, ask)), ("server", name_message(0x8000, ask, take))):
        talk.send(side, struct.pack("!H", len(message)) + message, size=9)
    talk.close()


# --- keys of VPNs ---------------------------------------------------------------------------------------------------

def ike_payload(following, body):
    return struct.pack("!BBH", following, 0, 4 + len(body)) + body


def ike_message(spis, first, version, kind, flags, body):
    return spis + struct.pack("!BBBBII", first, version, kind, flags, 0, 28 + len(body)) + body


def ike_proposal(*transforms):
    body = b""
    for i, (kind, number) in enumerate(transforms):
        body += struct.pack("!BBHBBH", 3 if i < len(transforms) - 1 else 0, 0, 8, kind, 0, number)
    return ike_payload(0, struct.pack("!BBBB", 1, 1, 0, len(transforms)) + body)


@scene
def ike(capture):
    """two routers agree on weak keys by IKEv1, then one asks for strong ones by IKEv2 and is refused; a message is cut"""
    wire = Wire()
    opened, both = b"\1" * 8 + bytes(8), b"\1" * 8 + b"\2" * 8
    attributes = struct.pack("!10H", 0x8001, 5, 0x8002, 1, 0x8004, 2, 0x8003, 1, 0x800B, 1)
    offer = struct.pack("!II", 1, 1) + ike_payload(0, struct.pack("!BBBB", 1, 1, 0, 1) + ike_payload(0, b"\1\1\0\0" + attributes))
    asked = ike_payload(13, offer) + ike_payload(0, b"shrew-soft-vpn")
    capture.add(wire.udp(PC, ROUTER, 500, 500, ike_message(opened, 1, 0x10, 2, 0, asked)))
    capture.add(wire.udp(ROUTER, PC, 500, 500, ike_message(both, 1, 0x10, 2, 0, ike_payload(0, offer))))
    keys = ike_payload(10, b"KEYS" * 24) + ike_payload(0, b"NONCE" * 4)
    capture.add(wire.udp(PC, ROUTER, 500, 500, ike_message(both, 4, 0x10, 2, 0, keys)))
    strong = ike_payload(0, ike_proposal((1, 20), (2, 5), (4, 19)))
    capture.add(wire.udp(PC, ROUTER, 1500, 500, ike_message(opened, 33, 0x20, 34, 8, strong)))
    capture.add(wire.udp(ROUTER, PC, 500, 1500, ike_message(opened, 41, 0x20, 34, 32, ike_payload(0, b"\0\0\0\x0e"))))
    capture.add(wire.udp(ROUTER, PC, 500, 1500, ike_message(opened, 41, 0x20, 34, 32, b"\0\0\0\x99cut")))


@scene
def esp(capture):
    """two routers talk by ESP: an association each way, one of them renewed; a head that is cut"""
    wire = Wire()
    for sender, receiver, spi, number in ((PC, SERVER, 0x12345678, 1), (SERVER, PC, 0x9ABCDEF0, 1), (PC, SERVER, 0x12345678, 2),
                                          (PC, SERVER, 0x12345679, 1)):
        capture.add(wire.ip(sender, receiver, 50, struct.pack("!II", spi, number) + b"sealed" * 8))
    capture.add(wire.ip(PC, SERVER, 50, b"cut"))
