# rows: P14
"""The gateway as a piece of wire: what passes `omamori run` arrives as it was sent, once, in order."""
import os
import socket
import struct
import threading
import time
import zlib

from lab import Capture, Lab, Sender, connect, conversation, listen, set_offloads

PC, ROUTER = "192.168.10.21", "192.168.10.1"
ROUTER_MAC = "00:00:5e:00:53:01"
PC6, ROUTER6 = "fd00:5e::21", "fd00:5e::1"
LOCAL_EXPERIMENT = 0x88b5  # IEEE Std 802: local experimental ethertype
DOWNLOAD_BYTES = 64 << 20


def mac(text):
    return bytes.fromhex(text.replace(":", ""))


def numbered(size, number, tags=b""):
    """A frame of `size` bytes that says its number, of a type that nobody answers."""
    head = mac(ROUTER_MAC) + mac(Lab.PC_MAC) + tags + struct.pack("!HI", LOCAL_EXPERIMENT, number)
    return head + bytes((number + i) & 0xff for i in range(size - len(head)))


def is_ours(frame):
    at = 12
    while frame[at:at + 2] in (b"\x81\x00", b"\x88\xa8"):
        at += 4
    return frame[at:at + 2] == struct.pack("!H", LOCAL_EXPERIMENT)


class Bridge(Lab):
    @classmethod
    def begin(cls):
        cls.pc.ip("addr", "add", PC6 + "/64", "dev", "eth0", "nodad")
        cls.firm.router.ip("addr", "add", ROUTER6 + "/64", "dev", "lan", "nodad")
        super().begin()
        cls.engine = cls.gateway.engine_pid()

    def tearDown(self):
        """It was the engine that carried the frames, not the bridge that stands in for a dead one."""
        self.assertEqual(self.gateway.engine_pid(), self.engine)
        self.assertEqual(self.gateway.status()["inspection"], "working")

    def test_arp_and_ping(self):
        for host, to in ((self.pc, ROUTER), (self.firm.router, PC)):
            host.ip("neigh", "flush", "all")
            self.assertEqual(self.ping(host, to, 20), 20)
        self.assertIn(ROUTER_MAC, self.pc.ip("neigh", "show", ROUTER).stdout)
        self.assertIn(self.PC_MAC, self.firm.router.ip("neigh", "show", PC).stdout)

    def test_neighbour_discovery(self):
        for host, to in ((self.pc, ROUTER6), (self.firm.router, PC6)):
            host.ip("-6", "neigh", "flush", "all")
            self.assertEqual(self.ping(host, to, 20), 20)
        self.assertIn(ROUTER_MAC, self.pc.ip("-6", "neigh", "show", ROUTER6).stdout)

    def test_dhcp(self):
        self.firm.serve_dhcp()
        host = self.firm.pc("guest", "00:00:5e:00:53:31")
        address = self.firm.dhcp(host, "GUEST-PC")
        self.assertTrue(address.startswith("192.168.10.1"), address)
        self.assertEqual(self.ping(host, ROUTER), 3)

    def test_every_size_arrives_once_in_order(self):
        """Both directions at once; bursts of 64, as a ring of a real card has them."""
        sizes = list(range(14 + 4, 1515))
        frames = [numbered(size, i) for i, size in enumerate(sizes)]

        def send_all(host, interface):
            with Sender(host, interface) as out:
                for at in range(0, len(frames), 64):
                    for frame in frames[at:at + 64]:
                        out.send(frame)
                    time.sleep(0.01)

        with Capture(self.firm.router, "lan", is_ours) as up, Capture(self.firm.switch, "box", is_ours) as down:
            senders = [threading.Thread(target=send_all, args=way)
                       for way in ((self.firm.switch, "box"), (self.firm.router, "lan"))]
            for thread in senders:
                thread.start()
            for thread in senders:
                thread.join()
            up.await_count(len(frames))
            down.await_count(len(frames))
            time.sleep(0.3)  # a second copy would come now
        self.assertEqual(up.frames, frames)
        self.assertEqual(down.frames, frames)
        time.sleep(0.2)  # the next beat
        self.assertGreaterEqual(int(self.gateway.status()["frames"].split()[0]), 2 * len(frames))

    def test_tags(self):
        """802.1Q, 802.1ad and both: the kernel takes the outer tag off on the way in, it must be there on the way out."""
        customer, service = struct.pack("!HH", 0x8100, 0x6005), struct.pack("!HH", 0x88a8, 0x0064)
        frames = [numbered(200 + i, i, tags) for i, tags in enumerate((customer, service, service + customer, b""))]
        for sender, receiver in (((self.firm.switch, "box"), (self.firm.router, "lan")),
                                 ((self.firm.router, "lan"), (self.firm.switch, "box"))):
            with Capture(*receiver, is_ours) as seen, Sender(*sender) as out:
                for frame in frames:
                    out.send(frame)
                seen.await_count(len(frames))
            self.assertEqual(seen.frames, frames)

    def test_group_addresses(self):
        """Spanning tree, 802.1X and LLDP pass: a switch or a router behind us works as if we were not there."""
        frames = [mac(f"01:80:c2:00:00:{last:02x}") + mac(self.PC_MAC) + kind + bytes([last]) * 60
                  for last, kind in ((0x00, b"\x00\x26"), (0x03, b"\x88\x8e"), (0x0e, b"\x88\xcc"))]
        with Capture(self.firm.router, "lan", lambda f: f[:5] == frames[0][:5]) as seen, \
                Sender(self.firm.switch, "box") as out:
            for frame in frames:
                out.send(frame)
            seen.await_count(len(frames))
        self.assertEqual(seen.frames, frames)

    def test_fragments_and_large_datagrams(self):
        for address in ((ROUTER, 0), (ROUTER6, 0)):
            with listen(self.firm.router, address, socket.SOCK_DGRAM) as server, \
                    connect(self.pc, (address[0], server.getsockname()[1]), socket.SOCK_DGRAM) as client:
                for size in (1, 1452, 1472, 1473, 9000, 40000):
                    body = os.urandom(size)
                    client.send(body)
                    got, peer = server.recvfrom(65535)
                    self.assertEqual(got, body, f"{size} bytes to {address[0]}")
                    server.sendto(body, peer)
                    self.assertEqual(client.recv(65535), body, f"{size} bytes from {address[0]}")

    def carry(self, sender, receiver, size):
        """Sends size bytes; returns seconds. Fails when a byte is wrong."""
        block = os.urandom(1 << 20)
        want = got = 0

        def send_all():
            nonlocal want
            for _ in range(size // len(block)):
                sender.sendall(block)
                want = zlib.crc32(block, want)
            sender.shutdown(socket.SHUT_WR)

        begin, count = time.monotonic(), 0
        thread = threading.Thread(target=send_all)
        thread.start()
        while chunk := receiver.recv(1 << 18):
            got, count = zlib.crc32(chunk, got), count + len(chunk)
        thread.join()
        self.assertEqual((count, got), (size, want))
        return time.monotonic() - begin

    def tcp_both_ways(self, label):
        for way in ("up", "down"):
            client, server = conversation(self.pc, self.firm.router, (ROUTER, 0))
            with client, server:
                sender, receiver = (client, server) if way == "up" else (server, client)
                seconds = self.carry(sender, receiver, DOWNLOAD_BYTES)
            print(f"    TCP {way}, offloads {label}: {DOWNLOAD_BYTES * 8 / seconds / 1e9:.2f} Gbit/s")

    def test_tcp_with_offloads(self):
        self.tcp_both_ways("on")

    def test_tcp_without_offloads(self):
        ends = [(self.pc, "eth0"), (self.firm.switch, "p-pc"), (self.firm.switch, "box"), (self.firm.router, "lan"),
                (self.firm.box, "lan"), (self.firm.box, "wan")]
        for host, interface in ends:
            set_offloads(host, interface, False)
            self.addCleanup(set_offloads, host, interface, True)
        self.tcp_both_ways("off")
