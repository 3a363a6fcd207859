# rows: P2 R-D R-β A2
"""Pass, alert, drop, reject and isolate, each seen at the receiving end; and what the event says about it.

What counts as "arrived" is what the receiving program read and what a capture at its interface saw.
"""
import socket
import struct
import time

from lab import Capture, Lab, connect, conversation, listen, wait_for
from tools.story.firm import Firm

RULES = """
pass tcp any any -> any 7001 (msg:"T pass"; content:"ATTACK"; sid:7001;)
alert tcp any any -> any 7001 (msg:"T hidden by pass"; content:"ATTACK"; sid:7011;)
drop tcp any any -> any 7002 (msg:"T drop"; flow:established,to_server; content:"ATTACK"; sid:7002;)
rejectboth tcp any any -> any 7003 (msg:"T rejectboth"; flow:established,to_server; content:"ATTACK"; sid:7003;)
reject tcp any any -> any 7007 (msg:"T reject"; flow:established,to_server; content:"ATTACK"; sid:7007;)
alert tcp any any -> any 7004 (msg:"T alert"; flow:established,to_server; content:"ATTACK"; sid:7004;)
drop udp any any -> any 7005 (msg:"T drop udp"; content:"ATTACK"; sid:7005;)
reject udp any any -> any 7006 (msg:"T reject udp"; content:"ATTACK"; sid:7006;)
drop tcp $EXTERNAL_NET any -> $HOME_NET 7008 (msg:"T exploit"; flow:established,to_server; content:"ATTACK"; sid:7008; classtype:attempted-admin;)
drop tcp $HOME_NET any -> any any (msg:"T Gh0st"; flow:established,to_server; content:"Gh0st"; depth:5; content:"|78 9c|"; distance:8; within:2; classtype:command-and-control; metadata:otasuke_isolate lan_device; sid:7100;)
"""
BEACON = b"Gh0st\xad\x00\x00\x00\xe0\x00\x00\x00\x78\x9cSECRETS-OF-THE-FIRM"
OUTSIDE = Firm.OUTSIDE
NOBODY_KNOWS = "00:00:5e:00:53:99"


class Verdicts(Lab):
    RULES = RULES

    def attack(self, port, client=None, server=None, address=OUTSIDE):
        """A harmless line, then the attack. (client's end, server's end), nothing of the attack read yet."""
        client_end, server_end = conversation(client or self.pc, server or self.firm.internet, (address, port))
        self.addCleanup(client_end.close)
        self.addCleanup(server_end.close)
        client_end.sendall(b"hello\n")
        self.assertEqual(server_end.recv(100), b"hello\n")
        client_end.sendall(b"ATTACK\n")
        return client_end, server_end

    def sees_nothing(self, end, seconds=1.0):
        end.settimeout(seconds)
        try:
            got = end.recv(100)
        except TimeoutError:
            return
        except ConnectionResetError:
            return
        self.assertEqual(got, b"")

    def test_pass_and_no_alert(self):
        _, server = self.attack(7001)
        self.assertEqual(server.recv(100), b"ATTACK\n")
        time.sleep(0.4)
        self.assertFalse([e for e in self.gateway.events() if e["alert"]["signature_id"] in (7001, 7011)])

    def test_alert_lets_it_pass(self):
        _, server = self.attack(7004)
        self.assertEqual(server.recv(100), b"ATTACK\n")
        event = self.gateway.await_alert(7004)
        self.assertEqual(event["alert"]["action"], "allowed")
        self.assertFalse(event["otasuke"]["blocked"])

    def test_drop(self):
        with Capture(self.firm.internet, "eth0", lambda frame: b"ATTACK" in frame) as seen:
            _, server = self.attack(7002)
            self.sees_nothing(server, 2)  # longer than the client's first retransmissions
        self.assertEqual(seen.frames, [])
        event = self.gateway.await_alert(7002)
        self.assertEqual(event["alert"]["action"], "blocked")
        self.assertEqual((event["otasuke"]["blocked"], event["otasuke"]["verdict"]), (True, "dropped"))

    def test_drop_from_outside(self):
        """An attack on a PC: the same from the other side, and the event says so."""
        with Capture(self.pc, "eth0", lambda frame: b"ATTACK" in frame) as seen:
            _, server = self.attack(7008, self.firm.internet, self.pc, "192.168.10.21")
            self.sees_nothing(server, 2)
        self.assertEqual(seen.frames, [])
        otasuke = self.gateway.await_alert(7008)["otasuke"]
        self.assertEqual((otasuke["opened_by"], otasuke["threat_direction"], otasuke["blocked"]), ("wan", "outside_in", True))
        self.assertEqual(otasuke["device"]["mac"], self.PC_MAC)

    def test_reject_tcp(self):
        """Both ends are told; the attack has not arrived."""
        with Capture(self.firm.internet, "eth0", lambda frame: b"ATTACK" in frame) as seen:
            client, server = self.attack(7003)
            for end in (client, server):
                with self.assertRaises(ConnectionResetError):
                    end.recv(100)
        self.assertEqual(seen.frames, [])
        self.assertEqual(self.gateway.await_alert(7003)["otasuke"]["verdict"], "rejected")

    def test_reject_tells_the_sender(self):
        client, server = self.attack(7007)
        with self.assertRaises(ConnectionResetError):
            client.recv(100)
        self.sees_nothing(server)

    def test_udp(self):
        with listen(self.firm.internet, (OUTSIDE, 7005), socket.SOCK_DGRAM) as server, \
                connect(self.pc, (OUTSIDE, 7005), socket.SOCK_DGRAM) as client:
            client.send(b"ATTACK")
            client.send(b"before and")
            self.assertEqual(server.recv(100), b"before and")
        self.assertEqual(self.gateway.await_alert(7005)["alert"]["action"], "blocked")

    def test_reject_udp(self):
        """ICMP: administratively prohibited (RFC 1812: code 13), which programs see as an error of their socket."""
        with listen(self.firm.internet, (OUTSIDE, 7006), socket.SOCK_DGRAM) as server, \
                connect(self.pc, (OUTSIDE, 7006), socket.SOCK_DGRAM) as client, \
                Capture(self.pc, "eth0", lambda f: f[12:14] == b"\x08\x00" and f[23] == 1) as icmp:
            client.send(b"ATTACK")
            icmp.await_count(1)
            self.assertEqual(icmp.frames[0][34:36], b"\x03\x0d")
            self.sees_nothing(server, 0.3)

    def beacon(self, host, port):
        """Returns what the command server has read within two seconds, and the frames with the beacon it saw."""
        with Capture(self.firm.internet, "eth0", lambda frame: b"Gh0st" in frame or b"SECRETS" in frame) as seen:
            client, server = conversation(host, self.firm.internet, (OUTSIDE, port))
            with client, server:
                client.sendall(BEACON)
                server.settimeout(2)
                try:
                    got = server.recv(1000)
                except TimeoutError:
                    got = b""
                # gone for good: what TCP sends again would be one more beacon
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return got, seen.frames

    def isolated(self):
        code, text = self.gateway.say("isolated")
        self.assertEqual(code, 0, text)
        return text

    def test_beacon_of_an_unknown_machine(self):
        """A machine that nobody knows takes an address and calls its command server: nothing arrives there, the event
        names it, it is cut off, the others work on; released, it is back."""
        self.firm.serve_dhcp()
        plugged_in = time.monotonic()
        shadow = self.firm.pc("shadow", NOBODY_KNOWS)
        address = self.firm.dhcp(shadow, "SHACHO-NO-OI", "MSFT 5.0")
        self.assertEqual(self.ping(shadow, OUTSIDE), 3)
        got, frames = self.beacon(shadow, 8443)
        self.assertEqual((got, frames), (b"", []))

        event = self.gateway.await_alert(7100)
        otasuke, device = event["otasuke"], event["otasuke"]["device"]
        self.assertEqual(event["alert"]["action"], "blocked")
        self.assertEqual((otasuke["opened_by"], otasuke["threat_direction"], otasuke["blocked"], otasuke["verdict"]),
                         ("lan", "inside_out", True, "dropped"))
        self.assertEqual((device["mac"], device["hostname"], device["maker"]),
                         (NOBODY_KNOWS, "SHACHO-NO-OI", "Documentation Machines Ltd."))
        self.assertEqual(event["src_ip"], address)
        self.assertLess(time.monotonic() - plugged_in, 38)

        wait_for(lambda: NOBODY_KNOWS in self.isolated(), 2, "the isolation")
        self.assertIn("by rule", self.isolated())
        self.assertEqual(self.ping(shadow, OUTSIDE), 0)
        self.assertEqual(self.ping(self.firm.router, address), 0)
        self.assertEqual(self.ping(self.pc, OUTSIDE), 3)
        self.assertEqual(self.ping(self.other, OUTSIDE), 3)

        self.assertEqual(self.gateway.say("release", NOBODY_KNOWS)[0], 0)
        self.assertEqual(self.isolated(), "")
        wait_for(lambda: self.ping(shadow, OUTSIDE, 1) == 1, 5, "the released machine")
        self.assertNotEqual(self.gateway.say("release", NOBODY_KNOWS)[0], 0)

    def test_isolation_by_command_ends_by_itself(self):
        self.assertEqual(self.gateway.say("isolate", self.OTHER_MAC, "--for", "2", "--reason", "test 理由")[0], 0)
        begin = time.monotonic()
        self.assertRegex(self.isolated(), self.OTHER_MAC + r".*by command .*test 理由")
        self.assertEqual(self.ping(self.other, OUTSIDE, 2), 0)
        self.assertEqual(self.ping(self.pc, OUTSIDE, 2), 2)
        wait_for(lambda: self.ping(self.other, OUTSIDE, 1) == 1, 6, "the end of the isolation")
        self.assertGreater(time.monotonic() - begin, 1.5)
        self.assertEqual(self.isolated(), "")

    def test_what_cannot_be_isolated(self):
        """Group addresses belong to nobody: cutting broadcast off would cut everybody off."""
        for mac in ("ff:ff:ff:ff:ff:ff", "01:00:5e:00:00:fb", "00:00:00:00:00:00", "nonsense"):
            with self.subTest(mac=mac):
                self.assertNotEqual(self.gateway.say("isolate", mac)[0], 0)
        self.assertEqual(self.isolated(), "")
        self.assertEqual(self.ping(self.pc, OUTSIDE), 3)
