# rows: P6 R-D
"""A box of its own against the real center: enrolment by claim code, events over the link, kill -9 of the center, revocation."""
import json
import os
import socket
import subprocess
import time
import unittest

from center import BUILD, Center, beacon, wait_for

OMAMORI = os.path.join(BUILD, "omamori")
LINK = os.path.join(BUILD, "tests", "link", "link_process")


class Box:
    """The gateway's link process as guard runs it: events in, orders out."""

    def __init__(self, state, port):
        self.events, events = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.orders, orders = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.process = subprocess.Popen(
            [LINK, os.path.join(state, "link"), f"127.0.0.1:{port}", "10000000", "", str(events.fileno()), str(orders.fileno())],
            pass_fds=[events.fileno(), orders.fileno()], stderr=subprocess.DEVNULL)
        events.close()
        orders.close()

    def tell(self, event, count):
        line = json.dumps(event, separators=(",", ":")).encode()
        for _ in range(count):
            self.events.send(line)

    def policy(self, seconds=20):
        """The next policy that arrives."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.orders.settimeout(end - time.monotonic())
            word, _, rest = self.orders.recv(65536).partition(b" ")
            if word == b"policy":
                return json.loads(rest)
        raise AssertionError("no policy came")

    def close(self):
        self.process.kill()
        self.process.wait()
        self.events.close()
        self.orders.close()


class Uplink(unittest.TestCase):
    def setUp(self):
        self.center = Center()
        self.firm = self.center.new_firm("甲社")
        self.state = os.path.join(self.center.folder, "box")
        os.mkdir(self.state)

    def tearDown(self):
        self.assertEqual(self.center.close(), 0)

    def enrol(self, state, code):
        return subprocess.run([OMAMORI, "enrol", "--center", f"127.0.0.1:{self.center.gateway_port}", "--state", state, code],
                              capture_output=True, text=True, check=False)

    def test_the_claim_code_stays_out_of_the_list_of_processes(self):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            address = f"127.0.0.1:{silent.getsockname()[1]}"
            with subprocess.Popen([OMAMORI, "enrol", "--center", address, "--state", self.state, self.firm["code"]]) as box:
                silent.accept()
                with open(f"/proc/{box.pid}/cmdline", "rb") as words:
                    shown = words.read()
                box.kill()
        self.assertIn(b"enrol", shown)
        self.assertNotIn(self.firm["code"].encode(), shown)

    def test_from_claim_code_to_revocation(self):
        done = subprocess.run([OMAMORI, "enrol", "--center", f"127.0.0.1:{self.center.gateway_port}", "--state", self.state],
                              input=self.firm["code"] + "\n", capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(self.firm["gateway"], done.stdout)
        self.assertNotEqual(self.enrol(os.path.join(self.center.folder, "second"), self.firm["code"]).returncode, 0)
        box = Box(self.state, self.center.gateway_port)
        self.addCleanup(box.close)
        self.assertEqual(box.policy()["isolated"], [])
        admin = self.center.session()
        at = f"/api/gateways/{self.firm['gateway']}"
        wait_for(lambda: admin.get(at).json["state"] == "online")

        def count():
            items = admin.get("/api/incidents").json["items"]
            return items[0]["count"] if items else 0
        box.tell(beacon(), 500)
        wait_for(lambda: count() == 500)
        device = admin.get("/api/incidents").json["items"][0]["device"]["id"]
        admin.post(f"/api/devices/{device}/isolate", {"reason": "感染の疑い"})
        self.assertEqual([(i["mac"], i["reason"]) for i in box.policy()["isolated"]], [("02:00:5e:10:00:02", "感染の疑い")])
        # what the box says while the center is dead arrives once it lives again, each event once
        self.center.kill()
        box.tell(beacon(), 200)
        self.center.options = ("--gateways", f"127.0.0.1:{self.center.gateway_port}")
        self.center.start()
        admin.base = self.center.base
        wait_for(lambda: count() >= 700, 60)
        time.sleep(1)
        self.assertEqual(count(), 700)
        # a stolen box is shut out at once
        self.assertIsNotNone(admin.post(at + "/revoke").json["revoked"])
        box.tell(beacon(), 10)
        time.sleep(2)
        self.assertEqual(count(), 700)
