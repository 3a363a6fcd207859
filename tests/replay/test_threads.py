"""Several workers give the alerts of one: same signatures, addresses, ports and packets, in whatever order.

Over all scenes of tests/gen and, when OTASUKE_CORPORA names the folder of foreign captures, over 100 of those as well.
OMAMORI names the program (default: build-test/omamori).
"""
import json
import os
import subprocess
import tempfile
import unittest

from tests.gen.capture import Capture
from tests.gen.scenes import SCENES

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
PROGRAM = os.path.abspath(os.environ.get("OMAMORI", os.path.join(TOP, "build-test", "omamori")))
SHOWN = ("src_ip", "src_port", "dest_ip", "dest_port", "proto", "pcap_cnt")
FOREIGN = 100

# Nothing that counts over several flows: the order of packets of different flows is not defined between workers.
RULES = """\
alert ip any any -> any any (msg:"zeros"; content:"|00 00 00|"; sid:1;)
alert tcp any any -> any any (msg:"stream"; flow:established; content:"e"; nocase; sid:2;)
alert tcp any any -> any any (msg:"syn"; flags:S,12; sid:3;)
alert udp any any -> any any (msg:"datagram"; dsize:>0; sid:4;)
alert http any any -> any any (msg:"uri"; http.uri; content:"/"; sid:5;)
alert http any any -> any any (msg:"body"; file.data; content:"a"; sid:6;)
alert dns any any -> any any (msg:"name"; dns.query; content:"."; sid:7;)
alert tls any any -> any any (msg:"sni"; tls.sni; content:"."; sid:8;)
alert icmp any any -> any any (msg:"ping"; itype:8; sid:9;)
alert tcp any any -> any any (msg:"bit set"; flow:established,to_server; flowbits:set,seen; sid:10;)
alert tcp any any -> any any (msg:"bit asked"; flow:established,to_client; flowbits:isset,seen; sid:11;)
"""


def foreign_captures():
    """FOREIGN paths, spread evenly over all of them, always the same."""
    found = []
    for where, folders, files in os.walk(os.environ.get("OTASUKE_CORPORA", "")):
        folders.sort()
        found += [os.path.join(where, name) for name in sorted(files) if name.endswith((".pcap", ".pcapng"))]
    step = max(1, len(found) // FOREIGN)
    return found[::step][:FOREIGN]


class Threads(unittest.TestCase):
    def alerts(self, folder, captures, threads):
        out = os.path.join(folder, f"out{threads}")
        os.mkdir(out)
        command = [PROGRAM, "replay", "-r", captures, "-S", os.path.join(folder, "test.rules"), "-l", out, "-q", "-k", "none",
                   "--threads", str(threads)]
        done = subprocess.run(command, timeout=300, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False)
        self.assertIn(done.returncode, (0, 1), done.stdout[-2000:])  # 1: some foreign file is no capture
        with open(os.path.join(out, "eve.json"), encoding="utf-8") as lines:
            events = [json.loads(line) for line in lines]
        return sorted([event["alert"]["signature_id"]] + [str(event.get(name)) for name in SHOWN]
                      for event in events if event["event_type"] == "alert")

    def compare(self, fill, least):
        with tempfile.TemporaryDirectory() as folder:
            captures = os.path.join(folder, "captures")
            os.mkdir(captures)
            fill(captures)
            with open(os.path.join(folder, "test.rules"), "w", encoding="utf-8") as file:
                file.write(RULES)
            one = self.alerts(folder, captures, 1)
            three = self.alerts(folder, captures, 3)
            self.assertGreater(len(one), least)
            missing = [alert for alert in one if alert not in three]
            added = [alert for alert in three if alert not in one]
            self.assertEqual((missing[:20], added[:20]), ([], []))
            self.assertEqual(len(one), len(three))

    def test_generated(self):
        def fill(folder):
            everything = Capture()
            for name, scene in SCENES.items():
                capture = Capture()
                scene(capture)
                scene(everything)
                capture.write(os.path.join(folder, name + ".pcap"))
            everything.write(os.path.join(folder, "everything.pcap"))
        self.compare(fill, 50)

    def test_foreign(self):
        paths = foreign_captures()
        if not paths:
            self.skipTest("OTASUKE_CORPORA names no folder with captures")

        def fill(folder):
            for number, path in enumerate(paths):
                os.symlink(path, os.path.join(folder, f"{number:03}.pcap"))
        self.compare(fill, 500)


if __name__ == "__main__":
    unittest.main()
