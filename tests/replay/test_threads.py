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
WORKERS = (2, 3, 8)

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
alert icmp any any -> any any (msg:"nobody there"; itype:3; sid:12;)
"""

# What is remembered of hosts, over all flows: the same packets of the same hosts speak.
SHARED = """\
alert udp any any -> any 9999 (msg:"limit"; content:"question"; threshold:type limit,track by_src,count 2,seconds 20; sid:21;)
alert udp any any -> any 9999 (msg:"every fifth"; content:"question"; threshold:type threshold,track by_dst,count 5,seconds 30; sid:22;)
alert udp any any -> any 9999 (msg:"both"; content:"question"; threshold:type both,track by_dst,count 7,seconds 15; sid:23;)
alert udp any any -> any 9999 (msg:"many"; content:"question"; detection_filter:track by_dst,count 9,seconds 30; sid:24;)
alert udp any any -> any 9999 (msg:"by rule"; content:"question"; threshold:type limit,track by_rule,count 3,seconds 20; sid:25;)
alert udp any any -> any 9999 (msg:"order"; content:"order"; xbits:set,ordered,track ip_dst,expire 30; sid:26;)
alert udp any 9999 -> any any (msg:"to another, later"; content:"answer"; xbits:isset,ordered,track ip_src; sid:27;)
alert udp any any -> any 9999 (msg:"host bit"; content:"order"; hostbits:set,known,dst; sid:28;)
alert udp any any -> any 9999 (msg:"host bit asked"; content:"question"; hostbits:isset,known,dst; sid:29;)
alert udp any any -> any 9999 (msg:"pair"; content:"question"; xbits:set,pair,track ip_pair,expire 60; noalert; sid:30;)
alert udp any 9999 -> any any (msg:"pair asked"; content:"answer"; xbits:isset,pair,track ip_pair; sid:31;)
alert tcp any any -> any any (msg:"flow limit"; threshold:type limit,track by_flow,count 2,seconds 60; sid:32;)
"""

# The same of whatever is there, tunnels and pieces of datagrams, too.
SHARED_BY_ALL = """\
alert ip any any -> any any (msg:"every seventh of a host"; dsize:>0; threshold:type threshold,track by_src,count 7,seconds 60; sid:41;)
alert ip any any -> any any (msg:"every fifth to a host"; dsize:>0; threshold:type threshold,track by_dst,count 5,seconds 60; sid:42;)
alert ip any any -> any any (msg:"every third of a pair"; dsize:>0; threshold:type threshold,track by_both,count 3,seconds 60; sid:43;)
alert ip any any -> any any (msg:"every eleventh of all"; dsize:>0; threshold:type threshold,track by_rule,count 11,seconds 60; sid:44;)
alert tcp any any -> any any (msg:"begins"; flags:S; xbits:set,began,track ip_src,expire 60; noalert; sid:45;)
alert udp any any -> any any (msg:"datagram to one who began"; dsize:>0; xbits:isset,began,track ip_dst; sid:46;)
alert dns any any -> any any (msg:"a new name"; flow:to_server; dns.query; dataset:set,names,type string; sid:47;)
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

    def compare(self, fill, least, rules=RULES):
        with tempfile.TemporaryDirectory() as folder:
            captures = os.path.join(folder, "captures")
            os.mkdir(captures)
            fill(captures)
            with open(os.path.join(folder, "test.rules"), "w", encoding="utf-8") as file:
                file.write(rules)
            one = self.alerts(folder, captures, 1)
            self.assertGreater(len(one), least)
            for workers in WORKERS:
                several = self.alerts(folder, captures, workers)
                missing = [alert for alert in one if alert not in several]
                added = [alert for alert in several if alert not in one]
                self.assertEqual((missing[:20], added[:20]), ([], []), f"{workers} workers")
                self.assertEqual(len(one), len(several), f"{workers} workers")
            return one

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

    def test_shared_state(self):
        def fill(folder):
            everything = Capture()
            for scene in SCENES.values():
                scene(everything)
            everything.write(os.path.join(folder, "everything.pcap"))
        one = self.compare(fill, 200, SHARED)
        self.assertEqual({alert[0] for alert in one}, set(range(21, 33)) - {30})

    def test_state_shared_by_all(self):
        def fill(folder):
            everything = Capture()
            for scene in SCENES.values():
                scene(everything)
            everything.write(os.path.join(folder, "everything.pcap"))
        one = self.compare(fill, 100, SHARED_BY_ALL)
        self.assertLessEqual({41, 42, 43, 44, 47}, {alert[0] for alert in one})

    def test_foreign(self):
        paths = foreign_captures()
        if not paths:
            self.skipTest("OTASUKE_CORPORA names no folder with captures")

        def fill(folder):
            for number, path in enumerate(paths):
                os.symlink(path, os.path.join(folder, f"{number:03}.pcap"))
        self.compare(fill, 500, RULES + SHARED_BY_ALL)


if __name__ == "__main__":
    unittest.main()
