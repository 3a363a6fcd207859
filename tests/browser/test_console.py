# rows: R-D
"""The console in Chromium against the real center; incidents get there through a really enrolled link.

OTASUKE_SHOTS=FOLDER keeps a picture of every page."""
import copy
import json
import os
import subprocess
import sys
import time
import unittest

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.append(os.path.join(TOP, "tests", "center"))
from center import BUILD, PASSWORD, Center, Relay, beacon, wait_for  # noqa: E402
from test_uplink import Box  # noqa: E402

HERE = os.path.join(TOP, "tests", "browser")
DIST = os.path.join(TOP, "console", "dist")
MAC = "02:00:5e:10:00:02"


def probe():
    """Someone outside looks for open doors of the firm's server."""
    event = copy.deepcopy(beacon(mac="02:00:5e:10:00:09", verdict="alert"))
    event.update(src_ip="198.51.100.7", src_port=40000, dest_ip="192.168.1.5", dest_port=445)
    event["alert"].update(signature_id=2000009, signature="ET SCAN Behavioral Unusual Port 445 traffic", action="allowed",
                          category="Detection of a Network Scan", severity=3)
    event["otasuke"].update(opened_by="wan", threat_direction="outside_in")
    event["otasuke"]["device"].update(hostname="FILE-SV", ips=["192.168.1.5"])
    return event


class Gateway:
    """A box beside the center: does what guard and link do, at the word of the test."""

    def __init__(self, center):
        self.center, self.box = center, None
        self.state = os.path.join(center.folder, "box")
        os.mkdir(self.state)

    def enrol(self, code):
        subprocess.run([os.path.join(BUILD, "omamori"), "enrol", "--center", f"127.0.0.1:{self.center.gateway_port}", "--state",
                        self.state, code], check=True, capture_output=True, timeout=90)
        self.box = Box(self.state, self.center.gateway_port)
        self.health(False)

    def health(self, fail_open):
        counters = {"frames": 123456, "bytes": 98765432, "dropped": 14, "alerts": 15, "kernel_drops": 0, "isolated": 0}
        self.box.orders.send(b"health " + json.dumps({"capture": "afpacket", "fail_open": fail_open, "counters": counters}).encode())

    def attack(self):
        self.box.tell(beacon(mac=MAC), 14)
        self.box.tell(probe(), 3)

    def isolation(self, applied):
        """Waits for the center's order, then says that it is done."""
        end = time.monotonic() + 20
        while any(one["mac"] == MAC for one in self.box.policy()["isolated"]) != applied:
            if time.monotonic() > end:
                raise AssertionError("the order did not come")
        self.box.tell({
            "timestamp": time.strftime("%Y-%m-%dT%H:%M:%S.000000+0000", time.gmtime()), "event_type": "otasuke_isolation",
            "otasuke": {"isolation": {"state": "applied" if applied else "lifted", "mac": MAC, "reason": "感染の疑い", "by": "center",
                                      "since_us": int(time.time() * 1e6)}}}, 1)

    def act(self, word, *more):
        {"enrol": self.enrol, "attack": self.attack, "isolate": lambda: self.isolation(True),
         "release": lambda: self.isolation(False), "fail_open": lambda: self.health(True)}[word](*more)

    def close(self):
        if self.box:
            self.box.close()


def play(story, center, gateway, *more):
    """Runs a browser story, doing for it what it wants from the other side. Its output, and whether all was well."""
    shots = os.environ.get("OTASUKE_SHOTS")
    words = ["node", os.path.join(HERE, story), center.base, "admin", PASSWORD, *more, *(["--shots", shots] if shots else [])]
    lines = []
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            for line in process.stdout:
                print(line, end="", flush=True)
                lines.append(line)
                if line.startswith("want: "):
                    gateway.act(*line.split()[1:])
        except BaseException:
            process.kill()
            raise
    return process.returncode, "".join(lines[-40:])


@unittest.skipUnless(os.path.exists(os.path.join(DIST, "index.html")), "console/dist is not built (tools/console)")
class Console(unittest.TestCase):
    def setUp(self):
        self.relay = Relay()
        self.center = Center("--console", DIST, "--smtp", f"127.0.0.1:{self.relay.port}", "--mail-from", "mimamori@example.jp",
                             "--phone", "06-1234-5678")
        self.gateway = Gateway(self.center)

    def tearDown(self):
        self.gateway.close()
        self.relay.shutdown()
        self.relay.server_close()
        self.assertEqual(self.center.close(), 0)

    def test_from_first_login_to_closed_incident(self):
        code, output = play("console.mjs", self.center, self.gateway)
        self.assertEqual(code, 0, output)
        # what the browser did has arrived
        admin = self.center.session()
        incident = next(one for one in admin.get("/api/incidents").json["items"] if one["count"] == 14)
        self.assertEqual((incident["state"], incident["resolved"]["note"]), ("resolved", "ウイルスを取り除きました。"))
        self.assertEqual(incident["device"]["name"], "経理の山田さんのパソコン")

    def test_incident_names_the_pc_and_shows_the_mail(self):
        firm = self.center.new_firm("株式会社ベータ商会", "--mail", "yamada@example.jp", "--contact", "山田")
        self.gateway.enrol(firm["code"])
        self.gateway.attack()
        wait_for(lambda: self.relay.mails)
        code, output = play("incident.mjs", self.center, self.gateway, "--expect", "KEIRI-02", "--expect", "NEC", "--expect", MAC)
        self.assertEqual(code, 0, output)
