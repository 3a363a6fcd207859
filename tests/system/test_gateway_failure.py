# rows: P6 P14
"""What happens to the firm's network when parts of the gateway die, hang, or run out of disk: measured at the PC."""
import json
import os
import random
import signal
import subprocess
import threading
import time

from lab import Capture, Lab, Sender, conversation, wait_for
from tools.story.firm import Firm

OUTSIDE = Firm.OUTSIDE
RULES = """
alert udp any any -> any 5353 (msg:"T seen"; content:"|00 00 00 00|"; sid:9001;)
drop tcp any any -> any any (msg:"T never"; content:"never-in-this-test-0123456789"; sid:9002;)
"""
STALL_LIMIT_S = 1.0
HOLD_S = 0.9  # HOLD_MS of gateway/guard/hold.h


class Download:
    """A paced download from outside to a PC; when each piece arrived is kept."""

    def __init__(self, pc, server_host, seconds):
        self.client, self.server = conversation(pc, server_host, (OUTSIDE, 0))
        self.client.settimeout(20)
        self.seconds = seconds
        self.sent = self.got = 0
        self.times = []
        self.threads = [threading.Thread(target=self._send), threading.Thread(target=self._receive)]
        for thread in self.threads:
            thread.start()

    def _send(self):
        piece = bytes(32768)
        end = time.monotonic() + self.seconds
        self.server.settimeout(20)
        while time.monotonic() < end:
            self.server.sendall(piece)
            self.sent += len(piece)
            time.sleep(0.004)
        self.server.shutdown(1)

    def _receive(self):
        while piece := self.client.recv(1 << 16):
            self.times.append(time.monotonic())
            self.got += len(piece)

    def finish(self):
        """The longest time without a byte, in seconds."""
        for thread in self.threads:
            thread.join(40)
        self.client.close()
        self.server.close()
        return max(b - a for a, b in zip(self.times, self.times[1:]))


class CutOff:
    """An isolated PC that never stops trying: no answer may ever come, no frame of its own may arrive outside."""

    def __init__(self, lab):
        self.lab = lab

    def __enter__(self):
        mac = bytes.fromhex(Lab.OTHER_MAC.replace(":", ""))
        self.seen = Capture(self.lab.firm.router, "lan", lambda frame: frame[6:12] == mac)
        self.ping = subprocess.Popen(
            self.lab.other.words("ping", "-n", "-i", "0.01", Firm.ROUTER), stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True)
        return self

    def __exit__(self, *_):
        self.ping.send_signal(signal.SIGINT)
        words = self.ping.communicate(timeout=10)[0]
        self.seen.close()
        summary = next((line for line in words.splitlines() if "packets transmitted" in line), words[-200:])
        print(f"    the PC that is cut off: {summary}; {len(self.seen.frames)} of its frames arrived")
        self.lab.assertIn(" 0 received", summary)
        self.lab.assertEqual(self.seen.frames, [])


class Failure(Lab):
    RULES = RULES

    @classmethod
    def begin(cls):
        pass

    def setUp(self):
        self.gateway.options = ()
        self.addCleanup(self.take_away)

    def take_away(self):
        """The box as it was before: no gateway, no bridge, nobody cut off."""
        if self.gateway.process and self.gateway.process.poll() is None:
            self.gateway.stop(signal.SIGKILL)
        box = self.firm.box
        box.run("nft", "delete", "table", "bridge", "otasuke")
        box.run("ip", "link", "del", "omamori0")
        for name in ("isolated", "eve.json"):
            if os.path.exists(os.path.join(self.gateway.state, name)):
                os.unlink(os.path.join(self.gateway.state, name))

    def cut_other_off(self):
        self.assertEqual(self.ping(self.other, Firm.ROUTER), 3)
        # the router must know the PC's address: else it would be ARP that fails, whatever the gateway does
        self.other.ip("neigh", "replace", Firm.ROUTER, "lladdr", "00:00:5e:00:53:01", "dev", "eth0")
        self.assertEqual(self.gateway.say("isolate", self.OTHER_MAC)[0], 0)
        return CutOff(self)

    def gap_while(self, act, seconds):
        """The longest time without a frame at the router while the PC sends one every 2 ms; act() happens meanwhile."""
        head = bytes.fromhex("00005e00530100005e00532188b5")
        with Capture(self.firm.router, "lan", lambda frame: frame[:14] == head) as seen, Sender(self.pc, "eth0") as out:
            end, acted = time.monotonic() + seconds, False
            begin = time.monotonic()
            while time.monotonic() < end:
                out.send(head + bytes(60))
                time.sleep(0.002)
                if not acted and time.monotonic() > begin + 0.5:
                    act()
                    acted = True
            time.sleep(0.2)
        self.assertGreater(seen.times[-1], end - 0.2, "nothing passes at the end")
        return max(b - a for a, b in zip(seen.times, seen.times[1:]))

    def test_engine_killed_during_a_download(self):
        self.gateway.start()
        with self.cut_other_off():
            download = Download(self.pc, self.firm.internet, 6)
            time.sleep(1.5)
            first = self.gateway.engine_pid()
            os.kill(first, signal.SIGKILL)
            wait_for(lambda: self.gateway.engine_pid() not in (0, first), 5, "a new engine")
            self.gateway.await_inspection()
            time.sleep(0.5)
            os.kill(self.gateway.engine_pid(), signal.SIGKILL)
            wait_for(lambda: self.gateway.status()["inspection"].startswith("NOT WORKING"), 2, "the status to say so")
            stall = download.finish()
            self.gateway.await_inspection()
        print(f"    engine killed twice: longest stall {stall * 1000:.0f} ms, {download.got >> 20} MiB arrived")
        self.assertEqual(download.got, download.sent)
        self.assertLess(stall, STALL_LIMIT_S)
        self.assertEqual(self.gateway.status()["engine"], "started 3 times")
        self.assertIn("without inspection", self.gateway.log().lower())

    def test_guard_killed(self):
        """The engine dies with its guard, and nobody is left to let the bridge go: it lets itself go."""
        self.gateway.start()
        with self.cut_other_off():
            download = Download(self.pc, self.firm.internet, 4)
            time.sleep(1)
            engine = self.gateway.engine_pid()
            self.gateway.stop(signal.SIGKILL)
            wait_for(lambda: not os.path.exists(f"/proc/{engine}"), 2, "the engine to die too")
            stall = download.finish()
            print(f"    guard killed: longest stall {stall * 1000:.0f} ms")
            self.assertEqual(download.got, download.sent)
            self.assertLess(stall, HOLD_S + 2)  # the held time, then TCP's own waiting, which doubles each time
            self.assertEqual(self.ping(self.pc, Firm.ROUTER), 3)
            # back again over the bridge that is there; what was cut off is known from the disk, at every moment
            self.gateway.start()
            time.sleep(0.5)
            self.assertIn(self.OTHER_MAC, self.gateway.say("isolated")[1])
            self.assertEqual(self.ping(self.pc, Firm.ROUTER), 3)

    def test_guard_killed_bridge_forwards_within_a_second(self):
        self.gateway.start()
        gap = self.gap_while(lambda: self.gateway.stop(signal.SIGKILL), 3)
        print(f"    guard killed: no frame for {gap * 1000:.0f} ms")
        self.assertLess(gap, 1.0)

    def test_bridge_passes_what_the_engine_passes(self):
        """802.1X and LLDP: a switch port that asks for a login must not close because the engine is dead."""
        self.gateway.start()
        self.gateway.stop(signal.SIGKILL)
        time.sleep(1)
        frames = [bytes.fromhex(f"0180c20000{last:02x}00005e005321") + kind + bytes(60)
                  for last, kind in ((0x03, b"\x88\x8e"), (0x0e, b"\x88\xcc"))]
        with Capture(self.firm.router, "lan", lambda frame: frame[:5] == frames[0][:5]) as seen, \
                Sender(self.firm.switch, "box") as out:
            for frame in frames:
                out.send(frame)
            seen.await_count(len(frames))
        self.assertEqual(seen.frames, frames)

    def test_many_are_cut_off(self):
        """As many as the list holds, before the engine starts: it takes them all, and starts at once."""
        with open(os.path.join(self.gateway.state, "isolated"), "w", encoding="utf-8") as out:
            for i in range(1023):
                out.write(f"02:00:00:00:{i >> 8:02x}:{i & 255:02x} command 0 1700000000000000 0 test\n")
            out.write(f"{self.OTHER_MAC} command 0 1700000000000000 0 test\nno line at all\n")
        self.gateway.start()
        self.assertEqual(len(self.gateway.say("isolated")[1].splitlines()), 1024)
        self.assertEqual(self.gateway.status()["engine"], "started 1 times")
        self.assertEqual(self.ping(self.other, Firm.ROUTER, 5), 0)
        self.assertEqual(self.ping(self.pc, Firm.ROUTER, 5), 5)
        self.assertIn("1 damaged lines left out", self.gateway.log())
        self.gateway.stop(signal.SIGKILL)
        time.sleep(1)
        self.assertEqual(self.ping(self.other, Firm.ROUTER, 5), 0)
        self.assertEqual(self.ping(self.pc, Firm.ROUTER, 5), 5)

    def test_stopped_in_order_and_started_again(self):
        self.gateway.start()
        with self.cut_other_off():
            download = Download(self.pc, self.firm.internet, 5)
            time.sleep(0.7)
            self.assertEqual(self.gateway.stop(), 0)
            time.sleep(0.7)
            self.gateway.start()
            stall = download.finish()
            self.assertIn(self.OTHER_MAC, self.gateway.say("isolated")[1])
        print(f"    stopped and started: longest stall {stall * 1000:.0f} ms")
        self.assertEqual(download.got, download.sent)
        self.assertLess(stall, STALL_LIMIT_S)

    def test_engine_hangs(self):
        self.gateway.start()
        with self.cut_other_off():
            engine = self.gateway.engine_pid()
            gap = self.gap_while(lambda: os.kill(engine, signal.SIGSTOP), 4)
            print(f"    engine hangs: no frame for {gap * 1000:.0f} ms")
            self.assertLess(gap, 2.0)
            wait_for(lambda: self.gateway.engine_pid() not in (0, engine), 5, "a new engine")
            self.gateway.await_inspection()
        self.assertIn("it hangs", self.gateway.log())

    def test_engine_pauses_and_nothing_is_sent_twice(self):
        """An engine that slept while the bridge stood in wakes up with frames in its rings that the bridge has carried."""
        self.gateway.start()
        self.ping(self.pc, Firm.ROUTER)
        ours = b"\x88\xb5"
        with Capture(self.firm.router, "lan", lambda frame: frame[12:14] == ours) as seen, \
                Sender(self.pc, "eth0") as out:
            engine = self.gateway.engine_pid()
            head = bytes.fromhex("00005e00530100005e005321") + ours
            stop = time.monotonic() + 3.5
            number, stopped, went_on = 0, False, False
            begin = time.monotonic()
            while time.monotonic() < stop:
                out.send(head + number.to_bytes(4, "big") + bytes(60))
                number += 1
                time.sleep(0.005)
                if not stopped and time.monotonic() > begin + 0.5:
                    os.kill(engine, signal.SIGSTOP)
                    stopped = True
                if not went_on and time.monotonic() > begin + 2.2:
                    os.kill(engine, signal.SIGCONT)
                    went_on = True
            time.sleep(0.5)
        numbers = [int.from_bytes(frame[14:18], "big") for frame in seen.frames]
        print(f"    engine paused 1.7 s: {number} sent, {len(set(numbers))} arrived, {len(numbers) - len(set(numbers))} twice")
        self.assertEqual(self.gateway.engine_pid(), engine)
        self.assertEqual(len(numbers), len(set(numbers)))

    def test_fail_closed(self):
        self.gateway.start("--fail-closed")
        self.assertEqual(self.ping(self.pc, Firm.ROUTER), 3)
        mac = bytes.fromhex(self.PC_MAC.replace(":", ""))
        os.kill(self.gateway.process.pid, signal.SIGSTOP)  # so that the engine is not started again
        try:
            os.kill(self.gateway.engine_pid(), signal.SIGKILL)
            with Capture(self.firm.router, "lan", lambda frame: frame[6:12] == mac) as seen:
                self.assertEqual(self.ping(self.pc, Firm.ROUTER, 30, 0.1), 0)
            self.assertEqual(seen.frames, [])
        finally:
            os.kill(self.gateway.process.pid, signal.SIGCONT)
        self.gateway.await_inspection()
        wait_for(lambda: self.ping(self.pc, Firm.ROUTER, 1), 3, "frames to pass again")
        # nor between the end of one run and the next, nor while one begins
        with Capture(self.firm.router, "lan", lambda frame: frame[6:12] == mac) as seen:
            self.gateway.stop(signal.SIGKILL)
            count = len(seen.frames)
            self.assertEqual(self.ping(self.pc, Firm.ROUTER, 20, 0.1), 0)
            self.assertEqual(len(seen.frames), count)
        self.gateway.start("--fail-closed")
        self.assertEqual(self.ping(self.pc, Firm.ROUTER), 3)

    def test_full_disk(self):
        """eve.json on a disk of 256 KB: the network goes on, what is lost is counted, and every line is whole."""
        disk = self.gateway.state
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", disk], check=True)
        self.addCleanup(subprocess.run, ["umount", "-l", disk], check=True)
        self.addCleanup(lambda: self.gateway.process.poll() is None and self.gateway.stop(signal.SIGKILL))
        self.gateway.start()
        frame = bytes.fromhex("00005e00530100005e005321" + "0800" + "4500003000000000401185c3c0a80a15c6336409"
                              "14e914e9001c0000") + bytes(20)
        with Sender(self.pc, "eth0") as out:
            for _ in range(40):
                for _ in range(50):
                    out.send(frame)
                time.sleep(0.01)
        lost = wait_for(lambda: int(self.gateway.status()["events lost"]), 5, "lost events to be counted")
        self.assertEqual(self.ping(self.pc, OUTSIDE), 3)
        self.assertEqual(self.gateway.status()["engine"], "started 1 times")
        with open(self.gateway.eve_path, encoding="utf-8") as log:
            lines = log.read().split("\n")
        self.assertEqual(lines[-1], "")
        alerts = sum(json.loads(line)["event_type"] == "alert" for line in lines[:-1])
        print(f"    full disk: {alerts} alerts written, {lost} events counted as lost")
        self.assertGreater(alerts, 50)

    def test_disk_that_cannot_be_written(self):
        """A disk that went read-only: the network goes on, inspected, and a PC can be cut off."""
        subprocess.run(["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", self.gateway.state], check=True)
        self.addCleanup(subprocess.run, ["umount", "-l", self.gateway.state], check=True)
        self.addCleanup(lambda: self.gateway.process.poll() is None and self.gateway.stop(signal.SIGKILL))
        self.gateway.start()
        self.assertEqual(self.ping(self.pc, Firm.ROUTER), 3)
        self.assertEqual(self.gateway.say("isolate", self.OTHER_MAC)[0], 0)
        self.assertEqual(self.ping(self.other, Firm.ROUTER), 0)
        self.assertEqual(self.ping(self.pc, Firm.ROUTER), 3)
        self.assertIn("no events are written there", self.gateway.log())

    def test_start_that_fails_leaves_the_network(self):
        """No socket for the commands can be made: omamori run gives up, and the bridge it has made carries the frames."""
        code = self.gateway.start("--socket", "/nowhere/at/all", ready=False).process.wait(10)
        self.assertEqual(code, 78)
        self.assertEqual(self.ping(self.pc, Firm.ROUTER), 3)

    def test_garbage(self):
        """Noise of all lengths into both ports: the engine lives, lets no door open, and the network goes on."""
        self.gateway.start()
        engine = self.gateway.engine_pid()
        dice = random.Random(20260101)
        print("    seed 20260101")
        addresses = bytes.fromhex("00005e00530100005e005321")
        starts = (b"\x08\x00\x45", b"\x08\x00\x46", b"\x86\xdd\x60", b"\x81\x00\x00\x05\x08\x00\x45", b"\x88\x64\x11\x00",
                  b"\x08\x06\x00\x01", b"\x88\xa8\x00\x01\x81\x00", b"")

        def noise():
            size = dice.randrange(14, 1515)
            start = addresses + dice.choice(starts)
            body = dice.randbytes(1514)
            if dice.random() < 0.5 and len(start) == 15:  # a believable IPv4 head with a real protocol
                body = bytes((0, size - 14 >> 8 & 0xff, size - 14 & 0xff, 0, 1, 0, 0, 64, dice.choice((1, 6, 17, 47, 4, 41, 132)))
                             ) + body
            return (start + body)[:max(size, 14)]

        def blast(host, interface, frames):
            with Sender(host, interface) as out:
                for frame in frames:
                    out.send(frame)

        batches = [[noise() for _ in range(15000)] for _ in range(2)]
        threads = [threading.Thread(target=blast, args=(*way, frames)) for way, frames in
                   zip(((self.firm.switch, "box"), (self.firm.router, "lan")), batches)]
        before = int(self.gateway.status()["frames"].split()[0])
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        time.sleep(0.5)
        with open(f"/proc/{engine}/status", encoding="utf-8") as status:
            words = dict(line.rstrip("\n").split(":\t", 1) for line in status if ":\t" in line)
        self.assertEqual(self.gateway.engine_pid(), engine)
        self.assertEqual((words["Seccomp"], words["NoNewPrivs"]), ("2", "1"))
        status = self.gateway.status()
        print(f"    garbage: {int(status['frames'].split()[0]) - before} of 30000 frames went through the engine; {status['overload']}")
        self.assertEqual(status["inspection"], "working")
        self.assertGreater(int(status["frames"].split()[0]) - before, 10000)
        self.assertEqual(self.ping(self.pc, Firm.ROUTER, 5), 5)
