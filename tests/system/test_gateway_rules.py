# rows: P2 P6 P14
"""New rules while the gateway works: nothing goes uninspected, no connection is forgotten, what is wrong changes nothing."""
import os
import re
import signal
import socket
import threading
import time

from lab import Capture, Lab, connect, conversation, listen, wait_for
from tools.story.firm import Firm

OUTSIDE = Firm.OUTSIDE
BEACON = 'drop udp any any -> any 6001 (msg:"T beacon"; content:"beacon"; sid:6001;)\n'
SEEN = 'alert udp any any -> any 5353 (msg:"T seen"; content:"seen"; sid:6009;)\n'


def word_rule(word, sid):
    return f'drop tcp any any -> any any (msg:"T {word}"; flow:established; content:"{word}"; sid:{sid};)\n'


def many_rules(count):
    """A set that takes a while: each with a literal of its own and an expression."""
    return "".join(f'drop tcp any any -> any any (msg:"T {i}"; flow:established,to_server; content:"never-{i * 7919}-"; '
                   f'pcre:"/never-{i * 7919}-[a-f0-9]{{4}}(x|y)+/"; sid:{100000 + i};)\n' for i in range(count))


class Beacons:
    """A PC that never stops calling home; none may arrive."""

    def __init__(self, lab):
        self.lab, self.sent, self.stop = lab, 0, False

    def __enter__(self):
        self.server = listen(self.lab.firm.internet, (OUTSIDE, 6001), socket.SOCK_DGRAM)
        self.client = connect(self.lab.pc, (OUTSIDE, 6001), socket.SOCK_DGRAM)
        self.seen = Capture(self.lab.firm.internet, "eth0", lambda frame: b"beacon" in frame)
        self.thread = threading.Thread(target=self._send)
        self.thread.start()
        return self

    def _send(self):
        while not self.stop:
            self.client.send(b"a beacon %d" % self.sent)
            self.sent += 1
            time.sleep(0.001)

    def __exit__(self, *_):
        self.stop = True
        self.thread.join()
        time.sleep(0.1)
        self.seen.close()
        self.client.close()
        self.server.close()
        print(f"    {self.sent} beacons sent, {len(self.seen.frames)} arrived")
        self.lab.assertEqual(self.seen.frames, [])
        self.lab.assertGreater(self.sent, 100)


class Memory:
    """What guard and its children hold of the machine's memory, watched: pages of their own, and images of rules (once)."""

    def __init__(self, gateway):
        self.pid, self.highest, self.stop = gateway.process.pid, 0, False
        self.before = self.now()

    def now(self):
        total, inodes = 0, {}
        with open(f"/proc/{self.pid}/task/{self.pid}/children", encoding="utf-8") as children:
            pids = [self.pid, *map(int, children.read().split())]
        for pid in pids:
            try:
                with open(f"/proc/{pid}/smaps_rollup", encoding="utf-8") as rollup:
                    total += sum(int(line.split()[1]) * 1024 for line in rollup if line.startswith("Anonymous:"))
                for name in os.listdir(f"/proc/{pid}/fd"):
                    if "memfd:rules" in os.readlink(f"/proc/{pid}/fd/{name}"):
                        st = os.stat(f"/proc/{pid}/fd/{name}")
                        inodes[st.st_ino] = st.st_blocks * 512
            except OSError:
                pass  # it has just ended
        return total + sum(inodes.values())

    def __enter__(self):
        self.thread = threading.Thread(target=self._watch)
        self.thread.start()
        return self

    def _watch(self):
        while not self.stop:
            self.highest = max(self.highest, self.now())
            time.sleep(0.005)

    def __exit__(self, *_):
        self.stop = True
        self.thread.join()


class Rules(Lab):
    RULES = BEACON + SEEN

    def write(self, rules):
        with open(self.gateway.rules, "w", encoding="utf-8") as out:
            out.write(rules)

    def reload(self):
        code, words = self.gateway.say("reload")
        self.assertEqual(code, 0, words)
        return words

    def setUp(self):
        self.write(self.RULES)
        self.reload()

    def test_no_beacon_passes(self):
        """A download and beacons run while rules are read again and again: large sets, small ones, a set that is not there."""
        engine, starts = self.gateway.engine_pid(), self.gateway.status()["engine"]
        client, server = conversation(self.pc, self.firm.internet, (OUTSIDE, 0))
        got, times = [0], []

        def receive():
            while piece := client.recv(1 << 16):
                got[0] += len(piece)
                times.append(time.monotonic())
        thread = threading.Thread(target=receive)
        client.settimeout(20)
        thread.start()
        sent, end = 0, time.monotonic() + 6

        def change():
            for turn in range(4):
                self.write(BEACON + SEEN + many_rules(4000 if turn % 2 == 0 else 10))
                self.assertIn("loaded", self.reload())
            os.rename(self.gateway.rules, self.gateway.rules + ".away")
            self.assertEqual(self.gateway.say("reload")[0], 1)
            os.rename(self.gateway.rules + ".away", self.gateway.rules)
        changes = threading.Thread(target=change)
        with Beacons(self):
            changes.start()
            while time.monotonic() < end or changes.is_alive():
                server.sendall(bytes(16384))
                sent += 16384
                time.sleep(0.004)
            changes.join()
        server.close()
        thread.join(20)
        client.close()
        gap = max(b - a for a, b in zip(times, times[1:]))
        print(f"    {got[0] >> 20} MiB downloaded meanwhile, longest pause {gap * 1000:.0f} ms")
        self.assertEqual(got[0], sent)
        self.assertLess(gap, 0.5)
        self.assertEqual((self.gateway.engine_pid(), self.gateway.status()["engine"]), (engine, starts))

    def test_a_connection_that_is_open_already(self):
        """The engine has not forgotten it: new rules decide about its next bytes, old ones no more."""
        client, server = conversation(self.pc, self.firm.internet, (OUTSIDE, 0))
        self.addCleanup(client.close)
        self.addCleanup(server.close)
        client.sendall(b"first-word")
        self.assertEqual(server.recv(100), b"first-word")
        self.write(self.RULES + word_rule("first-word", 6101))
        self.reload()
        with Capture(self.firm.internet, "eth0", lambda frame: b"first-word" in frame) as seen:
            client.sendall(b"and first-word again")
            self.gateway.await_alert(6101)
            time.sleep(1)
        self.assertEqual(seen.frames, [])

    def test_rules_that_go_away(self):
        self.write(self.RULES + word_rule("second-word", 6201))
        self.reload()
        self.write(self.RULES)
        self.reload()
        client, server = conversation(self.pc, self.firm.internet, (OUTSIDE, 0))
        with client, server:
            client.sendall(b"second-word")
            self.assertEqual(server.recv(100), b"second-word")

    def test_isolation_stays(self):
        self.assertEqual(self.gateway.say("isolate", self.OTHER_MAC)[0], 0)
        mac = bytes.fromhex(self.OTHER_MAC.replace(":", ""))
        with Capture(self.firm.router, "lan", lambda frame: frame[6:12] == mac) as seen:
            self.write(self.RULES + many_rules(1000))
            words = threading.Thread(target=self.reload)
            words.start()
            self.assertEqual(self.ping(self.other, Firm.ROUTER, 20), 0)
            words.join()
        self.assertEqual(seen.frames, [])
        self.assertEqual(self.gateway.say("release", self.OTHER_MAC)[0], 0)
        self.assertEqual(self.ping(self.other, Firm.ROUTER), 3)

    def test_a_bad_rule_is_left_out_and_named(self):
        self.write(self.RULES + word_rule("good-word", 6301) + "drop tcp any any -> any any (no such keyword; sid:6302;)\n")
        self.assertIn("3 loaded, 1 not usable", self.reload())
        self.assertIn("test.rules:4: sid 6302 is not used", self.gateway.log())
        self.assertTrue(self.gateway.status()["rules"].startswith("3 loaded, 1 not usable, in force since "))
        self.assertIn("test.rules", self.gateway.status()["rule files"])

    def test_what_cannot_be_used_changes_nothing(self):
        before = self.gateway.status()["rules"]
        with self.subTest("no rule at all"):
            self.write("this is no rule file\n")
            code, words = self.gateway.say("reload")
            self.assertEqual(code, 1)
            self.assertIn("not one rule", words)
            self.assertIn("the rules before stay in force", words)
        with self.subTest("no file"):
            os.unlink(self.gateway.rules)
            code, words = self.gateway.say("reload")
            self.assertEqual(code, 1)
            self.assertIn("test.rules", words)
        self.assertEqual(self.gateway.status()["rules"], before)
        self.assertTrue(self.gateway.status()["new rules"].startswith("THE LAST ATTEMPT FAILED"))
        with Beacons(self):
            time.sleep(0.5)
        self.write(self.RULES)
        self.reload()
        self.assertTrue(self.gateway.status()["new rules"].startswith("none waiting"))

    def test_by_signal(self):
        self.write(self.RULES + word_rule("signal-word", 6401))
        self.gateway.process.send_signal(signal.SIGUSR2)
        wait_for(lambda: self.gateway.status()["rules"].startswith("3 loaded"), 10, "the new rules")

    def compile_pid(self):
        for pid in self.gateway.children():
            if self.gateway.name_of(pid) == "omamori-compile":
                return pid
        return 0

    def test_compile_process_killed(self):
        self.write(self.RULES + many_rules(6000))
        with Beacons(self):
            thread = threading.Thread(target=lambda: self.assertEqual(self.gateway.say("reload")[0], 1))
            thread.start()
            pid = wait_for(self.compile_pid, 5, "the compile process")
            os.kill(pid, signal.SIGKILL)
            thread.join()
        self.assertIn("signal 9", self.gateway.log())
        self.assertTrue(self.gateway.status()["rules"].startswith("2 loaded"))

    def test_engine_killed_after_a_change(self):
        """Rules that kill the engine are taken back: the ones before are used."""
        self.write(self.RULES + word_rule("killing-word", 6501))
        self.reload()
        self.assertTrue(self.gateway.status()["rules"].startswith("3 loaded"))
        engine = self.gateway.engine_pid()
        os.kill(engine, signal.SIGSEGV)
        wait_for(lambda: self.gateway.engine_pid() not in (0, engine), 5, "a new engine")
        self.gateway.await_inspection()
        self.assertTrue(self.gateway.status()["rules"].startswith("2 loaded"))
        self.assertIn("soon after a change of rules", self.gateway.log())

    def test_engine_starts_at_once_with_large_rules(self):
        """They are compiled already: an engine that is killed is back within a second."""
        self.write(self.RULES + many_rules(4000))
        self.reload()
        time.sleep(11)  # so that the rules are not blamed
        engine = self.gateway.engine_pid()
        begin = time.monotonic()
        os.kill(engine, signal.SIGKILL)
        wait_for(lambda: self.gateway.engine_pid() not in (0, engine), 5, "a new engine")
        self.gateway.await_inspection()
        print(f"    inspected again after {(time.monotonic() - begin) * 1000:.0f} ms")
        self.assertLess(time.monotonic() - begin, 2.0)
        self.assertTrue(self.gateway.status()["rules"].startswith("4002 loaded"))

    def test_databases_are_kept(self):
        """What was compiled serves the next start; a damaged file is told, and written anew."""
        path = os.path.join(self.gateway.state, "rules", "databases")
        many = self.RULES + many_rules(400)
        self.write(many)
        self.reload()
        self.assertEqual(os.stat(path).st_mode & 0o777, 0o600)
        self.assertFalse(os.path.exists(path + ".new"))
        before = self.gateway.log().count(": 1 of 1 used, 0 damaged")
        self.reload()
        self.assertEqual(self.gateway.log().count(": 1 of 1 used, 0 damaged"), before + 1)
        with open(path, "r+b") as file:
            file.truncate(os.stat(path).st_size - 1)
        self.reload()
        self.assertIn("databases is not used: it is cut off", self.gateway.log())
        self.reload()
        self.assertEqual(self.gateway.log().count(": 1 of 1 used, 0 damaged"), before + 2)

    def test_memory(self):
        """Two images and the compiler's own for the time of the change; afterwards as much as before."""
        self.write(self.RULES + many_rules(20000))
        self.reload()
        self.reload()
        time.sleep(11)  # the rules before those are given up
        with Memory(self.gateway) as memory:
            self.write(self.RULES + many_rules(19999))
            self.reload()
        time.sleep(11)
        print(f"    {memory.before >> 20} MiB before, at most {memory.highest >> 20} MiB meanwhile, {memory.now() >> 20} MiB after")
        self.assertLess(memory.now(), memory.before * 1.3)
        self.assertLess(memory.highest, memory.before * 3)

    def test_event_log_is_opened_anew(self):
        """As logrotate does: moved away, then SIGHUP."""
        def send(count):
            with self.pc.inside():
                client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            with client:
                for _ in range(count):
                    client.sendto(b"seen", (OUTSIDE, 5353))

        def count(path):
            with open(path, encoding="utf-8") as log:
                return sum('"signature_id":6009' in line.replace(" ", "") for line in log)
        path = self.gateway.eve_path
        send(5)
        wait_for(lambda: count(path) == 5, 5, "the first events")
        os.rename(path, path + ".1")
        self.gateway.process.send_signal(signal.SIGHUP)
        wait_for(lambda: os.path.exists(path), 5, "a new file")
        time.sleep(0.3)
        size = os.path.getsize(path + ".1")
        send(7)
        wait_for(lambda: count(path) == 7, 5, "the next events in the new file")
        self.assertEqual(os.path.getsize(path + ".1"), size)
        self.assertTrue(re.match("-rw-r-----", os.popen(f"ls -l {path}").read()))


class Sets(Lab):
    """What rules add to a set is kept: by guard, in the one folder, at the end; and it is there again after the next start."""
    RULES = ('alert udp any any -> any 6021 (msg:"T kept"; ip.dst; dataset:set,kept,type ip,state kept.lst; sid:6021;)\n'
             'alert udp any any -> any 6021 (msg:"T there"; ip.dst; dataset:isset,kept; sid:6022;)\n'
             'alert udp any any -> any 6021 (msg:"T away"; ip.dst; dataset:set,away,type ip,state no/folder.lst; sid:6023;)\n'
             'alert udp any any -> any 6022 (msg:"T gone"; ip.dst; dataset:unset,kept; sid:6024;)\n')
    BEFORE = [f"192.0.2.{i}" for i in range(200)]

    @classmethod
    def begin(cls):
        cls.data = os.path.join(cls.gateway.folder, "data")
        cls.kept = os.path.join(cls.data, "kept.lst")
        os.mkdir(cls.data)
        with open(cls.kept, "w", encoding="ascii") as out:
            out.write("\n".join(cls.BEFORE) + "\n")
        cls.gateway.options += ("--set", f"default-data-dir={cls.data}")
        super().begin()

    def send(self, port):
        with connect(self.pc, (OUTSIDE, port), socket.SOCK_DGRAM) as client:
            client.send(b"a word")

    def lines(self):
        with open(self.kept, encoding="ascii") as lines:
            return sorted(line.strip() for line in lines)

    def restart(self):
        self.assertEqual(self.gateway.stop(), 0)
        lines = self.lines()
        self.gateway.start()
        return lines

    def test_over_a_restart(self):
        self.send(6021)
        self.gateway.await_alert(6021)
        code, words = self.gateway.say("reload")
        self.assertEqual(code, 0, words)
        self.assertEqual(self.lines(), sorted(self.BEFORE))
        self.assertEqual(self.restart(), sorted(self.BEFORE + [OUTSIDE]))
        self.assertEqual(os.listdir(self.data), ["kept.lst"])
        self.assertIn("a set is not kept: cannot create " + os.path.join(self.data, "no", "folder.lst"), self.gateway.log())
        before = len([e for e in self.gateway.events() if e["alert"]["signature_id"] == 6022])
        self.send(6021)
        wait_for(lambda: len([e for e in self.gateway.events() if e["alert"]["signature_id"] == 6022]) > before, 5, "it is known")
        self.assertEqual(len([e for e in self.gateway.events() if e["alert"]["signature_id"] == 6021]), 1)
        self.send(6022)
        self.gateway.await_alert(6024)
        self.assertEqual(self.restart(), sorted(self.BEFORE))

    def test_engine_killed(self):
        """What it knew is gone with it; the file stays as it was, whole."""
        before = self.lines()
        self.send(6021)
        engine = self.gateway.engine_pid()
        os.kill(engine, signal.SIGKILL)
        wait_for(lambda: self.gateway.engine_pid() not in (0, engine), 5, "a new engine")
        self.gateway.await_inspection()
        self.assertEqual(self.restart(), before)


class Policy(Lab):
    """The place decides what is dropped: by drop.conf, which is read with the rules, and by the settings."""
    RULES = ('alert udp any any -> any 6011 (msg:"T by file"; content:"word"; sid:6011;)\n'
             'alert udp any any -> any 6012 (msg:"T by policy"; content:"word"; sid:6012; metadata:confidence High;)\n'
             'alert udp any any -> any 6013 (msg:"T protected"; content:"word"; sid:6013; metadata:confidence High;)\n')
    SETTINGS = "otasuke:\n  rules:\n    drop:\n      - confidence High\n    never-drop:\n      - %s\n"

    @classmethod
    def begin(cls):
        for option, name in (("--drop-conf", "drop.conf"), ("-c", "omamori.yaml")):
            cls.gateway.options += (option, os.path.join(cls.gateway.folder, name))
        cls.write("drop.conf", "# nothing yet\n")
        cls.write("omamori.yaml", cls.SETTINGS % 6013)
        super().begin()

    @classmethod
    def write(cls, name, text):
        with open(os.path.join(cls.gateway.folder, name), "w", encoding="utf-8") as out:
            out.write(text)

    def arrives(self, port):
        server = listen(self.firm.internet, (OUTSIDE, port), socket.SOCK_DGRAM)
        client = connect(self.pc, (OUTSIDE, port), socket.SOCK_DGRAM)
        try:
            server.settimeout(0.5)
            client.send(b"a word")
            return server.recv(100) == b"a word"
        except TimeoutError:
            return False
        finally:
            client.close()
            server.close()

    def test_what_is_dropped(self):
        self.assertEqual([self.arrives(port) for port in (6011, 6012, 6013)], [True, False, True])
        self.write("drop.conf", "6011\n6013\n")
        code, words = self.gateway.say("reload")
        self.assertEqual(code, 0, words)
        self.assertEqual([self.arrives(port) for port in (6011, 6012, 6013)], [False, False, True])
        for said in ("drop.conf:1: 6011: fits 1 rules, 1 from alert to drop", "from alert to drop 1 by drop.conf, 1 by the policy",
                     "otasuke.rules.never-drop:1: 6013: fits 1 rules, 1 kept from becoming drop"):
            self.assertIn(said, self.gateway.log())

    def test_settings_are_read_again(self):
        """The policy stands in the settings: they are read with the rules; what cannot be read changes nothing."""
        self.addCleanup(self.gateway.say, "reload")
        self.addCleanup(self.write, "omamori.yaml", self.SETTINGS % 6013)
        self.write("omamori.yaml", self.SETTINGS % 6012)
        code, words = self.gateway.say("reload")
        self.assertEqual(code, 0, words)
        self.assertEqual([self.arrives(port) for port in (6012, 6013)], [True, False])
        self.write("omamori.yaml", "otasuke: [\n")
        code, words = self.gateway.say("reload")
        self.assertEqual(code, 1)
        self.assertIn("omamori.yaml", words)
        self.assertEqual([self.arrives(port) for port in (6012, 6013)], [True, False])
