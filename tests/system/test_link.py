"""Gateway and center over the real programs: enrolment, revocation at once, and events that arrive exactly once though the
center or the link process is killed in the middle of a burst.

rows: P1 R-D
"""
import json
import os
import random
import signal
import socket
import sqlite3
import subprocess
import tempfile
import time
import unittest
import urllib.request

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("OTASUKE_BUILD") or next(
    (path for path in (os.path.join(TOP, name) for name in ("build-test", "build"))
     if os.path.exists(os.path.join(path, "mimamori"))), os.path.join(TOP, "build"))
MIMAMORI = os.path.join(BUILD, "mimamori")
OMAMORI = os.path.join(BUILD, "omamori")
LINK_PROCESS = os.path.join(BUILD, "tests", "link", "link_process")
PASSWORD = "a password for the test only"
BURST = 10000


def wait_for(condition, seconds, what):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"waited {seconds} s for: {what}")
        time.sleep(0.05)


class Center:
    """A real mimamori over a folder of its own; can be killed and started again on the same port."""

    def __init__(self, folder):
        self.folder = folder
        self.data = os.path.join(folder, "center")
        self.port = 0
        self.web = 0
        self.process = None
        self.log = open(os.path.join(folder, "center.log"), "a", encoding="utf-8")
        self.password_file = os.path.join(folder, "password")
        with open(self.password_file, "w", encoding="utf-8") as out:
            out.write(PASSWORD)

    def start(self):
        self.process = subprocess.Popen(
            [MIMAMORI, "serve", "--data", self.data, "--listen", f"127.0.0.1:{self.web}", "--gateways",
             f"127.0.0.1:{self.port}", "--admin-password-file", self.password_file],
            stdout=subprocess.PIPE, stderr=self.log, text=True)
        words = self.process.stdout.readline().split()  # "ready: browsers N gateways N"
        assert words and words[0] == "ready:", words
        self.web, self.port = int(words[2]), int(words[4])

    def stop(self, with_signal=signal.SIGTERM):
        if self.process:
            self.process.send_signal(with_signal)
            code = self.process.wait(30)
            self.process.stdout.close()
            self.process = None
            return code
        return None

    def say(self, *words):
        done = subprocess.run([MIMAMORI, *words], capture_output=True, text=True, check=True, timeout=60)
        return dict(line.split(" ", 1) for line in done.stdout.splitlines() if " " in line)

    def new_gateway(self):
        """(gateway id, claim code) of a new firm's gateway."""
        firm = self.say("firm", "add", "--data", self.data, "--name", "Beta", "--site", "Osaka", "--mail", "a@example.jp")
        box = self.say("gateway", "add", "--data", self.data, "--site", firm["site"], "--name", "box")
        return box["gateway"], box["code"]

    def events(self):
        """How often each signature id is in the store."""
        counts = {}
        with sqlite3.connect(f"file:{os.path.join(self.data, 'mimamori.db')}?mode=ro", uri=True) as db:
            tables = [row[0] for row in db.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name GLOB 'event_[0-9]*'")]
            for table in tables:
                for (text,) in db.execute(f"SELECT json FROM {table}"):
                    event = json.loads(text)
                    if event["event_type"] == "alert":
                        sid = event["alert"]["signature_id"]
                        counts[sid] = counts.get(sid, 0) + 1
        return counts

    def revoke(self, gateway):
        base = f"http://127.0.0.1:{self.web}"
        login = urllib.request.Request(
            base + "/api/session", json.dumps({"login": "admin", "password": PASSWORD}).encode(),
            {"Content-Type": "application/json"})
        with urllib.request.urlopen(login, timeout=30) as answer:
            cookie = answer.headers["Set-Cookie"].split(";")[0]
            csrf = json.load(answer)["csrf_token"]
        order = urllib.request.Request(base + f"/api/gateways/{gateway}/revoke", b"",
                                       {"Cookie": cookie, "X-CSRF-Token": csrf})
        with urllib.request.urlopen(order, timeout=30) as answer:
            assert answer.status == 200


class Box:
    """The link process with both its sockets, as guard holds them: they survive its death."""

    def __init__(self, folder, center):
        self.state = os.path.join(folder, "box")
        self.center = center
        self.events, self.events_link = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.control, self.control_link = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.control.setblocking(False)
        self.log = open(os.path.join(folder, "link.log"), "a", encoding="utf-8")
        self.process = None
        self.status = {}

    def enrol(self, code):
        return subprocess.run([OMAMORI, "enrol", "--center", f"127.0.0.1:{self.center.port}", "--state", self.state, code],
                              capture_output=True, text=True, timeout=90)

    def start(self):
        fds = (self.events_link.fileno(), self.control_link.fileno())
        self.process = subprocess.Popen(
            [LINK_PROCESS, os.path.join(self.state, "link"), f"127.0.0.1:{self.center.port}", "0", "",
             str(fds[0]), str(fds[1])], pass_fds=fds, stderr=self.log)

    def stop(self, with_signal=signal.SIGTERM):
        if self.process:
            self.process.send_signal(with_signal)
            self.process.wait(30)
            self.process = None

    def close(self):
        self.stop()
        for end in (self.events, self.events_link, self.control, self.control_link):
            end.close()
        self.log.close()

    def alert(self, sid):
        self.events.send(json.dumps({
            "timestamp": "2026-11-22T17:30:00.000000+0900", "event_type": "alert", "src_ip": "192.168.1.20",
            "dest_ip": "203.0.113.7", "src_port": 49152, "dest_port": 8000, "proto": "TCP", "payload": "UExBTlRFRA==",
            "alert": {"action": "blocked", "gid": 1, "signature_id": sid, "rev": 1, "severity": 1,
                      "signature": "TEST beacon", "category": "Malware Command and Control Activity Detected"},
            "otasuke": {"opened_by": "lan", "threat_direction": "inside_out", "verdict": "blocked",
                        "device": {"mac": "02:00:5e:10:00:01", "hostname": "KEIRI-02", "ip": "192.168.1.20"}},
        }).encode())

    def told(self):
        """The newest status that link told."""
        while True:
            try:
                word, _, text = self.control.recv(1 << 18).partition(b" ")
            except BlockingIOError:
                return self.status
            if word == b"status":
                self.status = json.loads(text)


@unittest.skipUnless(os.path.exists(MIMAMORI) and os.path.exists(LINK_PROCESS), "the programs are not built")
class LinkTest(unittest.TestCase):
    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory(prefix="otasuke-link-")
        self.center = Center(self.temporary.name)
        self.center.start()
        self.box = Box(self.temporary.name, self.center)

    def tearDown(self):
        self.box.close()
        self.center.stop(signal.SIGKILL)
        self.center.log.close()
        self.temporary.cleanup()

    def enrolled(self):
        gateway, code = self.center.new_gateway()
        done = self.box.enrol(code)
        self.assertEqual(done.returncode, 0, done.stderr)
        return gateway

    def test_enrolment(self):
        gateway, code = self.center.new_gateway()
        wrong = self.box.enrol("3467-9ACD-EFGH")
        self.assertNotEqual(wrong.returncode, 0)
        self.assertIn("wrong, used or expired", wrong.stderr)
        done = self.box.enrol(code.lower().replace("-", " "))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(gateway, done.stdout + done.stderr)
        again = self.box.enrol(code)
        self.assertNotEqual(again.returncode, 0)
        for name, mode in (("center/link/ca.key", 0o600), ("center/link/policy.key", 0o600), ("box/link/identity.pem", 0o600)):
            self.assertEqual(os.stat(os.path.join(self.temporary.name, name)).st_mode & 0o777, mode, name)

    def all_arrive_once(self, count):
        wait_for(lambda: len(self.center.events()) >= count, 120, f"{count} different events at the center")
        time.sleep(1)
        counts = self.center.events()
        self.assertEqual(set(counts), set(range(1, count + 1)))
        self.assertEqual({sid: n for sid, n in counts.items() if n != 1}, {})

    def test_center_killed_in_a_burst(self):
        self.enrolled()
        self.box.start()
        kills = sorted(random.sample(range(500, BURST - 500), 4))
        for sid in range(1, BURST + 1):
            self.box.alert(sid)
            if sid in kills:
                self.center.stop(signal.SIGKILL)
                self.center.start()
        self.all_arrive_once(BURST)

    def test_link_killed_in_a_burst(self):
        self.enrolled()
        self.box.start()
        kills = set(random.sample(range(500, BURST - 500), 8))
        for sid in range(1, BURST + 1):
            self.box.alert(sid)
            if sid in kills:
                self.box.stop(signal.SIGKILL)
                self.box.start()
        self.all_arrive_once(BURST)

    def test_planted_payload_does_not_arrive(self):
        self.enrolled()
        self.box.start()
        self.box.alert(1)
        wait_for(lambda: 1 in self.center.events(), 20, "the event")
        for name in os.listdir(self.center.data):
            path = os.path.join(self.center.data, name)
            if os.path.isfile(path):
                with open(path, "rb") as data:
                    self.assertNotIn(b"UExBTlRFRA", data.read(), name)

    def test_revoked_at_once(self):
        gateway = self.enrolled()
        self.box.start()
        self.box.alert(1)
        wait_for(lambda: 1 in self.center.events(), 20, "the first event")
        wait_for(lambda: self.box.told().get("connected"), 20, "a connection")
        self.center.revoke(gateway)
        began = time.monotonic()
        wait_for(lambda: "not valid any more" in self.box.told().get("problem", ""), 20, "the refusal")
        self.assertLess(time.monotonic() - began, 3)
        self.box.alert(2)
        time.sleep(4)
        self.assertEqual(set(self.center.events()), {1})
        self.assertFalse(self.box.told()["connected"])


if __name__ == "__main__":
    unittest.main()
