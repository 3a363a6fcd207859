"""The generator of captures makes what it says: right checksums, whole streams, the same bytes every time."""
import struct
import unittest

from tests.gen import app, packet
from tests.gen.capture import Capture
from tests.gen.packet import Host, Wire
from tests.gen.scenes import EICAR, PAGE, SCENES
from tests.gen.tcp import Conversation

A, B = Host("02:00:00:00:00:01", "192.0.2.1", "2001:db8::1"), Host("02:00:00:00:00:02", "192.0.2.2", "2001:db8::2")


def frames(name):
    capture = Capture()
    SCENES[name](capture)
    return [frame for _, frame in capture.frames]


def ip_of(frame):
    """(version, proto, src, dst, payload) of a frame, through VLAN tags and PPPoE; None when it is no whole IP."""
    at, kind = 14, struct.unpack("!H", frame[12:14])[0]
    while kind in (packet.ETHER_VLAN, packet.ETHER_QINQ):
        kind = struct.unpack("!H", frame[at + 2:at + 4])[0]
        at += 4
    if kind == packet.ETHER_PPPOE:
        kind = {0x0021: packet.ETHER_IP4, 0x0057: packet.ETHER_IP6}[struct.unpack("!H", frame[at + 6:at + 8])[0]]
        at += 8
    if kind == packet.ETHER_IP4:
        header = frame[at:at + (frame[at] & 15) * 4]
        assert packet.checksum(header) == 0
        total, flags = struct.unpack("!H2xH", header[2:8])
        return None if flags & 0x3FFF else (4, header[9], header[12:16], header[16:20], frame[at + len(header):at + total])
    if kind == packet.ETHER_IP6 and frame[at + 6] != packet.FRAGMENT6:
        return 6, frame[at + 6], frame[at + 8:at + 24], frame[at + 24:at + 40], frame[at + 40:]
    return None


def stream(scene_frames, sport):
    """The bytes sent from port `sport`, put together naively: the first version of a byte counts."""
    got, base = {}, None
    for frame in scene_frames:
        ip = ip_of(frame)
        if ip is None or ip[1] != packet.TCP or struct.unpack("!H", ip[4][:2])[0] != sport:
            continue
        seq, flags = struct.unpack("!I", ip[4][4:8])[0], ip[4][13]
        if flags & packet.SYN:
            base = seq + 1
        for i, byte in enumerate(ip[4][(ip[4][12] >> 4) * 4:]):
            got.setdefault((seq - (base or seq) + i) & 0xFFFFFFFF, byte)
    return bytes(got[i] for i in sorted(got))


class Scenes(unittest.TestCase):
    def test_same_bytes_every_time(self):
        for name in SCENES:
            with self.subTest(name):
                self.assertTrue(frames(name))
                self.assertEqual(frames(name), frames(name))

    def test_checksums(self):
        for name in set(SCENES) - {"broken"}:
            for number, frame in enumerate(frames(name)):
                ip = ip_of(frame)
                if ip is None or ip[1] in (4, 47, 50):  # tunnels and ESP have no checksum of their own
                    continue
                with self.subTest(name=name, frame=number):
                    _, proto, src, dst, body = ip
                    if proto == packet.ICMP:
                        self.assertEqual(packet.checksum(body), 0)
                    else:
                        at = {packet.TCP: 16, packet.UDP: 6, packet.ICMP6: 2}[proto]
                        zeroed = body[:at] + b"\0\0" + body[at + 2:]
                        self.assertEqual(packet.with_checksum(src, dst, proto, zeroed, at), body)

    def test_what_the_streams_say(self):
        rows = [
            ("http", 80, PAGE), ("vlan", 80, PAGE), ("qinq", 80, PAGE), ("pppoe", 80, PAGE), ("ipv6", 80, PAGE),
            ("tcp-wrap", 80, PAGE), ("tcp-out-of-order", 80, PAGE[:900]), ("http-test-virus", 80, EICAR),
            ("tcp-retransmission", 40000, app.http_request("/retransmitted")),
            ("tcp-small-pieces", 40000, app.http_request("/byte-by-byte")),
            ("tcp-overlap", 40000, b"GET /plain_/now"), ("tcp-overlap", 40001, b"GET /attack/now"),
            ("gh0st-beacon", 49200, b"Gh0st"), ("dns-tcp", 53, b"\5hello"),
            ("smtp", 40000, b"\r\n..the attachment"), ("tls", 40000, b"\0\0\x0fwww.example.com"),
        ]
        for name, sport, want in rows:
            with self.subTest(name=name, sport=sport):
                self.assertIn(want, stream(frames(name), sport))
        self.assertNotIn(PAGE[:900], stream(frames("tcp-gap"), 80))

    def test_fragments_make_the_datagram(self):
        for version in (4, 6):
            wire = Wire(version)
            pieces = wire.fragments(A, B, packet.UDP, bytes(range(256)) * 2, 128)
            self.assertEqual(len(pieces), 4)
            head = 14 + (20 if version == 4 else 48)
            self.assertEqual(b"".join(piece[head:] for piece in pieces), bytes(range(256)) * 2)


class Pieces(unittest.TestCase):
    def test_checksum_of_rfc_1071(self):
        self.assertEqual(packet.checksum(bytes.fromhex("0001f203f4f5f6f7")), ~0xDDF2 & 0xFFFF)

    def test_pcap_file(self):
        capture = Capture()
        capture.add(b"abc")
        capture.wait(1.5)
        capture.add(b"d")
        data = capture.pcap()
        self.assertEqual(struct.unpack("<IHH", data[:8]), (0xA1B2C3D4, 2, 4))
        self.assertEqual(struct.unpack("<IIII", data[24:40]), (1767225600, 1000, 3, 3))
        self.assertEqual(struct.unpack("<IIII", data[43:59]), (1767225601, 502000, 1, 1))

    def test_counters_follow_what_is_sent(self):
        capture = Capture()
        talk = Conversation(capture, A, B, 80, isn=(100, 900)).open().send("client", b"x" * 3000).close()
        last = ip_of(capture.frames[-1][1])[4]
        self.assertEqual(struct.unpack("!II", last[4:12]), (100 + 1 + 3000 + 1, 900 + 2))
        self.assertEqual(talk.sides["client"].sent, 3001)


if __name__ == "__main__":
    unittest.main()
