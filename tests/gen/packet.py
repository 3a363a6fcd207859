"""The bytes of each layer. Every function takes values and returns bytes; nothing is kept."""
import ipaddress
import struct

ETHER_IP4, ETHER_ARP, ETHER_VLAN, ETHER_QINQ, ETHER_IP6, ETHER_PPPOE = 0x0800, 0x0806, 0x8100, 0x88A8, 0x86DD, 0x8864
ICMP, TCP, UDP, FRAGMENT6, ICMP6 = 1, 6, 17, 44, 58
FIN, SYN, RST, PSH, ACK, URG = 1, 2, 4, 8, 16, 32


class Host:
    """One machine: a MAC and one address of each family."""

    def __init__(self, mac, ip4="0.0.0.0", ip6="::"):
        self.mac = bytes.fromhex(mac.replace(":", ""))
        self.ip4 = ipaddress.IPv4Address(ip4).packed
        self.ip6 = ipaddress.IPv6Address(ip6).packed


def checksum(data):
    """RFC 1071."""
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def ethernet(src, dst, ether_type, payload):
    return dst + src + struct.pack("!H", ether_type) + payload


def ip4(src, dst, proto, payload, ident=0, ttl=64, fragment=0, more=False, options=b"", tos=0):
    """fragment: offset in bytes. Options are padded to four bytes."""
    options += b"\0" * (-len(options) % 4)
    header_len = 20 + len(options)
    flags = (0x2000 if more else 0) | fragment // 8
    header = struct.pack("!BBHHHBBH4s4s", 0x40 | header_len // 4, tos, header_len + len(payload), ident, flags, ttl,
                         proto, 0, src, dst) + options
    return header[:10] + struct.pack("!H", checksum(header)) + header[12:] + payload


def ip6(src, dst, next_header, payload, hop_limit=64, traffic_class=0):
    return struct.pack("!IHBB16s16s", 6 << 28 | traffic_class << 20, len(payload), next_header, hop_limit, src,
                       dst) + payload


def fragments4(src, dst, proto, payload, size, ident=1):
    """The datagram in pieces of `size` bytes (a multiple of 8)."""
    return [ip4(src, dst, proto, payload[at:at + size], ident=ident, fragment=at, more=at + size < len(payload))
            for at in range(0, len(payload), size)]


def fragments6(src, dst, proto, payload, size, ident=1):
    pieces = []
    for at in range(0, len(payload), size):
        more = at + size < len(payload)
        header = struct.pack("!BBHI", proto, 0, at | more, ident)
        pieces.append(ip6(src, dst, FRAGMENT6, header + payload[at:at + size]))
    return pieces


def with_checksum(src, dst, proto, segment, at):
    """The segment with its checksum, over the pseudo header, put at offset `at`."""
    if len(src) == 4:
        pseudo = src + dst + struct.pack("!BBH", 0, proto, len(segment))
    else:
        pseudo = src + dst + struct.pack("!IHBB", len(segment), 0, 0, proto)
    value = checksum(pseudo + segment)
    if value == 0 and proto == UDP:
        value = 0xFFFF
    return segment[:at] + struct.pack("!H", value) + segment[at + 2:]


def tcp(src, dst, sport, dport, seq, ack, flags, payload=b"", window=64240, options=b"", urgent=0):
    options += b"\1" * (-len(options) % 4)
    header = struct.pack("!HHIIBBHHH", sport, dport, seq & 0xFFFFFFFF, ack & 0xFFFFFFFF, (5 + len(options) // 4) << 4,
                         flags, window, 0, urgent)
    return with_checksum(src, dst, TCP, header + options + payload, 16)


def udp(src, dst, sport, dport, payload):
    return with_checksum(src, dst, UDP, struct.pack("!HHHH", sport, dport, 8 + len(payload), 0) + payload, 6)


def icmp(kind, code, rest, payload=b""):
    """rest: the four bytes after the checksum."""
    message = struct.pack("!BBH", kind, code, 0) + rest + payload
    return message[:2] + struct.pack("!H", checksum(message)) + message[4:]


def icmp6(src, dst, kind, code, rest, payload=b""):
    return with_checksum(src, dst, ICMP6, struct.pack("!BBH", kind, code, 0) + rest + payload, 2)


def arp(kind, src, dst_ip, dst_mac=b"\0" * 6):
    """kind 1: who has dst_ip; 2: dst_ip is told src's address. `src` is a Host."""
    return struct.pack("!HHBBH6s4s6s4s", 1, ETHER_IP4, 6, 4, kind, src.mac, src.ip4, dst_mac, dst_ip)


class Wire:
    """What lies around an IP packet: VLAN tags (outermost first) and perhaps PPPoE; and which IP it is."""

    def __init__(self, version=4, vlans=(), pppoe=None):
        self.version = version
        self.vlans = tuple(vlans)
        self.pppoe = pppoe

    def addresses(self, src, dst):
        return (src.ip4, dst.ip4) if self.version == 4 else (src.ip6, dst.ip6)

    def frame(self, src, dst, packet):
        """The Ethernet frame from Host `src` to Host `dst` with an IP packet in it."""
        ether_type = ETHER_IP4 if self.version == 4 else ETHER_IP6
        if self.pppoe is not None:
            ppp = struct.pack("!H", 0x0021 if self.version == 4 else 0x0057) + packet
            packet = struct.pack("!BBHH", 0x11, 0, self.pppoe, len(ppp)) + ppp
            ether_type = ETHER_PPPOE
        for place, vlan in reversed(list(enumerate(self.vlans))):
            packet = struct.pack("!HH", vlan, ether_type) + packet
            ether_type = ETHER_QINQ if place == 0 and len(self.vlans) > 1 else ETHER_VLAN
        return ethernet(src.mac, dst.mac, ether_type, packet)

    def ip(self, src, dst, proto, payload, **more):
        pair = self.addresses(src, dst)
        packet = ip4(*pair, proto, payload, **more) if self.version == 4 else ip6(*pair, proto, payload, **more)
        return self.frame(src, dst, packet)

    def udp(self, src, dst, sport, dport, payload):
        return self.ip(src, dst, UDP, udp(*self.addresses(src, dst), sport, dport, payload))

    def fragments(self, src, dst, proto, payload, size):
        cut = fragments4 if self.version == 4 else fragments6
        return [self.frame(src, dst, piece) for piece in cut(*self.addresses(src, dst), proto, payload, size)]


class Tunnel(Wire):
    """IPv4 packets inside others, from one Host to another: kind is "ipip", "gre" or "vxlan"."""

    def __init__(self, kind, here, there):
        super().__init__(4)
        self.kind, self.ends = kind, (here, there)

    def frame(self, src, dst, packet):
        here, there = self.ends if src.mac < dst.mac else self.ends[::-1]
        proto, around = 4, b""
        if self.kind == "gre":
            proto, around = 47, struct.pack("!HH", 0, ETHER_IP4)
        elif self.kind == "vxlan":
            inside = struct.pack("!II", 0x08000000, 7 << 8) + ethernet(src.mac, dst.mac, ETHER_IP4, packet)
            return Wire(4).udp(here, there, 50000, 4789, inside)
        return Wire(4).ip(here, there, proto, around + packet)
