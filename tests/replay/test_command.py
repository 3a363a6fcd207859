"""omamori replay's command line, as a user of `suricata -r` tries it: exit status, messages, event logs.

OMAMORI names the program (default: build-test/omamori).
"""
import base64
import json
import os
import random
import subprocess
import tempfile
import unittest

from tests.gen.capture import Capture
from tests.gen.mmdb import build
from tests.gen.scenes import SCENES

HERE = os.path.dirname(os.path.abspath(__file__))
PROGRAM = os.path.abspath(os.environ.get("OMAMORI", os.path.join(HERE, "..", "..", "build-test", "omamori")))
TWO_LOGS = """%YAML 1.1
---
sensor-name: box
classification-file: /nowhere/at/all/classification.config
outputs:
  - fast:
      enabled: yes
  - eve-log:
      enabled: yes
      filename: names.json
      append: no
      pcap-file: yes
      types:
        - dns:
            version: 2
            responses: no
  - eve-log:
      enabled: no
      filename: never.json
  - eve-log:
      filetype: syslog
      filename: neither.json
  - eve-log:
      filename: rest.json
      types: [flow, stats, ssh]
"""
# options, exit status, what is said
COMMANDS = [
    ("", 64, "no capture given"),
    ("-r", 64, "-r needs a value"),
    ("--help", 0, "usage: omamori replay"),
    ("-V", 0, "omamori "),
    ("-r nothing.pcap", 66, "-r nothing.pcap: No such file"),
    ("-r {rules}", 1, "not a capture file"),
    ("-r {pcap} -l nowhere", 73, "-l nowhere: not a folder"),
    ("-r {pcap} -c nowhere.yaml", 78, "cannot open nowhere.yaml"),
    ("-r {pcap} -S nowhere.rules", 78, "cannot open nowhere.rules"),
    ("-r {pcap} --drop-conf nowhere.conf", 78, "cannot open nowhere.conf"),
    ("-r {pcap} --set otasuke.rules.enable-conf=nowhere.conf", 78, "cannot open nowhere.conf"),
    ("-T --set rule-files.0=nowhere.rules", 0, "nowhere.rules is not there; going on without it"),
    ("-r {pcap} --set a", 64, "name=value is expected"),
    ("-r {pcap} -k some", 64, "-k"),
    ("-r {pcap} --threads 0", 64, "--threads"),
    ("-r {pcap} -k none -vvv --set stream.midstream=yes", 0, " packets, "),
    ("-r {pcap} --runmode single --disable-detection -F filter tcp port 80", 0,
     "are ignored: --runmode --disable-detection -F tcp port 80"),
    ("-T -S {rules}", 0, "rules: 1 loaded"),
]


def scene(path, *names):
    capture = Capture()
    for name in names:
        SCENES[name](capture)
    capture.write(path)


class Command(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.pcap, self.rules = self.path("dns.pcap"), self.path("one.rules")
        scene(self.pcap, "dns")
        with open(self.rules, "w", encoding="utf-8") as out:
            out.write('alert dns any any -> any any (msg:"dns"; dns.query; content:"."; sid:1;)\n')

    def path(self, *names):
        return os.path.join(self.folder.name, *names)

    def replay(self, *words):
        return subprocess.run([PROGRAM, "replay", *words], cwd=self.folder.name, timeout=60, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)

    def events(self, name):
        with open(self.path(name), encoding="utf-8") as lines:
            return [json.loads(line) for line in lines]

    def test_commands(self):
        self.assertEqual(self.replay("-T", "-S", "one.rules").returncode, 0)
        self.assertFalse(os.path.exists(self.path("eve.json")))  # a try writes no log
        for words, status, said in COMMANDS:
            with self.subTest(words):
                done = self.replay(*[w.format(pcap=self.pcap, rules=self.rules) for w in words.split()])
                self.assertEqual(done.returncode, status, done.stdout)
                self.assertIn(said, done.stdout)

    def test_several_event_logs(self):
        with open(self.path("two.yaml"), "w", encoding="utf-8") as out:
            out.write(TWO_LOGS)
        for _ in range(2):
            done = self.replay("-r", "dns.pcap", "-c", "two.yaml")
            self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn('filetype "syslog" is left out', done.stdout)
        self.assertIn("classification.config is not there", done.stdout)
        names, rest = self.events("names.json"), self.events("rest.json")
        self.assertTrue(names)
        for event in names:
            self.assertEqual((event["event_type"], event["dns"]["type"], event["dns"]["version"]), ("dns", "query", 2))
            self.assertEqual((event["pcap_filename"], event["host"]), ("dns.pcap", "box"))
        # "append: no" begins anew, the other log grows
        self.assertEqual([e["event_type"] for e in rest].count("stats"), 2)
        self.assertEqual({e["event_type"] for e in rest}, {"flow", "stats"})
        for name in ("never.json", "neither.json", "eve.json"):
            self.assertFalse(os.path.exists(self.path(name)))

    def test_no_log_at_all(self):
        with open(self.path("none.yaml"), "w", encoding="utf-8") as out:
            out.write("outputs:\n  - eve-log:\n      enabled: no\n")
        done = self.replay("-r", "dns.pcap", "-c", "none.yaml", "-S", "one.rules")
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertFalse(os.path.exists(self.path("eve.json")))
        self.assertNotIn(" 0 alerts", done.stdout)

    def test_version_2_by_environment(self):
        done = subprocess.run([PROGRAM, "replay", "-q", "-r", "dns.pcap"], cwd=self.folder.name, timeout=60, check=False,
                              env={**os.environ, "SURICATA_EVE_DNS_VERSION": "2"})
        self.assertEqual(done.returncode, 0)
        dns = [e for e in self.events("eve.json") if e["event_type"] == "dns"]
        self.assertEqual({e["dns"]["version"] for e in dns}, {2})
        self.assertEqual(len({e["src_ip"] for e in dns}), 1)  # the one who asks stands first, always

    def test_folder(self):
        os.makedirs(self.path("many", "deeper"))
        scene(self.path("many", "2.pcap"), "dns")
        scene(self.path("many", "1.pcap"), "http")
        scene(self.path("many", "deeper", "3.pcap"), "http")
        with open(self.path("many", "notes.txt"), "w", encoding="utf-8") as out:
            out.write("no capture\n")
        done = self.replay("-r", "many")
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn("3 files read, 0 unreadable", done.stdout)
        kinds = [e["event_type"] for e in self.events("eve.json") if e["event_type"] in ("http", "dns")]
        self.assertEqual((kinds[0], kinds[-1]), ("http", "http"))
        with open(self.path("many", "bad.pcap"), "w", encoding="utf-8") as out:
            out.write("no capture\n")
        done = self.replay("-r", "many")
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("3 files read, 1 unreadable", done.stdout)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as out:
            out.write(text)

    def test_rule_files_and_changes(self):
        """Rules of the settings and of -s, variables, and suricata-update's files; the sids that hold in the end."""
        rule = 'alert dns $ANYBODY any -> any any (msg:"{0}"; dns.query; content:"."; sid:{0}; metadata:confidence High;)\n'
        os.mkdir(self.path("rules"))
        self.write("rules/a.rules", rule.format(11) + "# " + rule.format(12) + rule.format(13))
        self.write("rules/b.rules", rule.format(21) + rule.format(22))
        self.write("c.yaml", f"""%YAML 1.1
---
vars:
  address-groups:
    ANYBODY: any
default-rule-path: {self.path("rules")}
rule-files:
  - a.rules
  - "b*.rules"
  - missing.rules
otasuke:
  rules:
    drop-conf: {self.path("drop.conf")}
""")
        self.write("disable.conf", "13 # noisy\ngroup:b\nre:nothing at all\n")
        self.write("enable.conf", "re:sid:12;\nsid\n")
        self.write("modify.conf", '11 "content:\\"\\.\\"" "content:\\"never there\\""\n')
        self.write("drop.conf", "1:12\n")
        edits = [f"--{kind}-conf={kind}.conf" for kind in ("disable", "enable", "modify")]
        for words, held in (
                (["-S", "one.rules", "--set", "otasuke.rules.drop-conf=disable.conf"], {(1, "allowed")}),
                (["-s", "one.rules"], {(sid, "allowed") for sid in (1, 11, 13, 21, 22)}),
                (["-s", "one.rules"] + edits, {(1, "allowed"), (12, "blocked")}),
                (edits, {(12, "blocked")})):
            with self.subTest(words):
                if os.path.exists(self.path("eve.json")):
                    os.remove(self.path("eve.json"))
                done = self.replay("-r", "dns.pcap", "-c", "c.yaml", "--simulate-ips", *words)
                self.assertEqual(done.returncode, 0, done.stdout)
                alerts = [e["alert"] for e in self.events("eve.json") if e["event_type"] == "alert"]
                self.assertEqual({(a["signature_id"], a["action"]) for a in alerts}, held)
        for said in ("missing.rules is not there", "disable.conf:1: 13: fits 1 rules, 1 switched off",
                     "disable.conf:2: group:b: fits 2 rules, 2 switched off", "disable.conf:3: re:nothing at all: no rule fits",
                     "enable.conf:2: sid: not understood", "drop.conf:1: 1:12: fits 1 rules, 1 from alert to drop",
                     "3 switched off, 1 switched on, 1 changed; from alert to drop 1 by drop.conf, 0 by the policy"):
            self.assertIn(said, done.stdout)

    def test_saved_sets(self):
        """What rules add is written at the end, and read by the next run; what cannot be written is told with file and rule."""
        rule = 'alert dns any any -> any any (dns.query; dataset:set,names,type string,state {}; sid:{};)\n'
        self.write("new.rules", rule.format("names.lst", 7))
        os.mkdir(self.path("data"))
        words = ("-r", "dns.pcap", "-S", "new.rules", "--data-dir", self.path("data"))
        first, second = self.replay(*words), self.replay(*words)
        self.assertEqual((first.returncode, second.returncode), (0, 0), first.stdout)
        self.assertNotIn(" 0 alerts", first.stdout)
        self.assertIn(" 0 alerts", second.stdout)
        with open(self.path("data", "names.lst"), encoding="ascii") as lines:
            names = [base64.b64decode(line) for line in lines]
        self.assertTrue(names)
        self.assertEqual(len(names), len(set(names)))
        self.assertEqual(os.listdir(self.path("data")), ["names.lst"])
        self.write("deep.rules", rule.format("no/names.lst", 8))
        done = self.replay("-r", "dns.pcap", "-S", "deep.rules", "--data-dir", self.path("data"))
        self.assertEqual(done.returncode, 73, done.stdout)
        self.assertIn("set names (rule 8): cannot create " + self.path("data", "no", "names.lst"), done.stdout)
        for rules in ("../names.lst", "/tmp/names.lst"):
            self.write("far.rules", rule.format(rules, 9))
            done = self.replay("-v", "-r", "dns.pcap", "-S", "far.rules", "--data-dir", self.path("data"))
            self.assertIn("far.rules:1: sid 9: the file would lie outside", done.stdout)

    def test_countries(self):
        """geoip by a database of its own making: sides, negation, and databases that are missing, cut and damaged."""
        rules = ("src,JP", "dst,JP", "any,!JP", "both,RU,JP", "src,FR", "RU")
        self.write("geo.rules", "".join(f"alert ip any any -> any any (geoip:{rule}; sid:{i + 1};)\n"
                                        for i, rule in enumerate(rules)))
        words = ("-v", "-r", "dns.pcap", "-S", "geo.rules", "--set")
        done = self.replay(*words, "geoip-database=none.mmdb")
        self.assertEqual(done.stdout.count("geoip-database: none.mmdb: No such file"), 6, done.stdout)
        self.assertIn("there is no table of addresses and countries", self.replay("-v", "-T", "-S", "geo.rules").stdout)
        self.assertEqual(self.replay("-q", "-r", "dns.pcap").returncode, 0)
        packets = {(e["src_ip"], e["dest_ip"]) for e in self.events("eve.json") if e["event_type"] == "dns"}
        client, server = min(packets)
        for more in ({}, {"2001:db8::/32": "JP"}):  # a database of IPv4, and one of IPv6 with IPv4 in it
            database = build({client + "/32": "JP", server + "/32": "RU", **more})
            self.write_bytes("geo.mmdb", database)
            os.remove(self.path("eve.json"))
            done = self.replay(*words, "geoip-database=geo.mmdb")
            self.assertEqual(done.returncode, 0, done.stdout)
            sides = {}
            for event in self.events("eve.json"):
                if event["event_type"] == "alert":
                    sides.setdefault(event["alert"]["signature_id"], set()).add(event["src_ip"] == client)
            self.assertEqual(sides, {1: {True}, 2: {False}, 3: {True, False}, 4: {True, False}})
        for length in range(0, len(database), 61):
            self.write_bytes("geo.mmdb", database[:length])
            done = self.replay("-v", "-T", "-S", "geo.rules", "--set", "geoip-database=geo.mmdb")
            self.assertEqual((done.returncode, done.stdout.count("geo.mmdb: ")), (0, 6), done.stdout)
        dice = random.Random(7)
        for _ in range(20):
            flipped = bytearray(database)
            for _ in range(dice.randint(1, 4)):
                flipped[dice.randrange(len(flipped))] ^= 1 << dice.randrange(8)
            self.write_bytes("geo.mmdb", bytes(flipped))
            done = self.replay("-T", "-S", "geo.rules", "--set", "geoip-database=geo.mmdb")
            self.assertEqual(done.returncode, 0, done.stdout)

    def write_bytes(self, name, content):
        with open(self.path(name), "wb") as out:
            out.write(content)

    def test_cache(self):
        """The same alerts with databases made now, kept, damaged, or by nobody; the default folder; small sets keep nothing."""
        self.write("many.rules", "".join(f'alert dns any any -> any any (msg:"{n}"; dns.query; content:"{w}"; sid:{n};)\n'
                                         for n, w in enumerate(["exam", "ple"] + [f"never-{n}" for n in range(100)], 1)))
        kept = self.path("cache", "omamori", "databases")

        def sids(said, *words):
            if os.path.exists(self.path("eve.json")):
                os.remove(self.path("eve.json"))
            done = subprocess.run([PROGRAM, "replay", "-r", "dns.pcap", *words], cwd=self.folder.name, timeout=60, text=True,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
                                  env={**os.environ, "XDG_CACHE_HOME": self.path("cache")})
            self.assertEqual(done.returncode, 0, done.stdout)
            self.assertIn(said, done.stdout)
            return sorted(e["alert"]["signature_id"] for e in self.events("eve.json") if e["event_type"] == "alert")

        sids("", "-S", "one.rules")
        want = sids("", "-S", "many.rules", "--no-cache")
        self.assertTrue(want)
        sids("", "-S", "many.rules", "--set", "detect.sgh-mpm-caching=no")
        self.assertFalse(os.path.exists(kept))
        self.assertEqual(sids(": 0 of 1 used", "-S", "many.rules"), want)
        self.assertEqual(os.stat(kept).st_mode & 0o777, 0o600)
        self.assertEqual(sids(": 1 of 1 used, 0 damaged", "-S", "many.rules"), want)
        with open(kept, "r+b") as file:
            file.seek(100)
            byte = file.read(1)[0]
            file.seek(100)
            file.write(bytes([byte ^ 1]))
        self.assertEqual(sids(": 0 of 1 used, 1 damaged", "-S", "many.rules"), want)
        self.assertEqual(sids(": 1 of 1 used, 0 damaged", "-S", "many.rules"), want)
        os.chmod(kept, 0o666)
        self.assertEqual(sids("others may write to it", "-S", "many.rules"), want)
        self.assertEqual(sids("", "-S", "many.rules", "--cache", "elsewhere"), want)
        self.assertTrue(os.path.exists(self.path("elsewhere", "databases")))
        self.assertEqual(sids("", "-S", "many.rules", "--cache", "many.rules"), want)  # no folder can be there

    def stats(self, *words):
        done = self.replay("-l", self.folder.name, *words)
        self.assertEqual(done.returncode, 0, done.stdout)
        return [e["stats"] for e in self.events("eve.json") if e["event_type"] == "stats"][-1]

    def test_stats(self):
        scene(self.path("mixed.pcap"), "http", "dns", "tls")
        stats = self.stats("-r", "mixed.pcap", "-S", "one.rules")
        packets = stats["decoder"]["pkts"]
        self.assertGreater(packets, 10)
        self.assertEqual(stats["decoder"]["avg_pkt_size"], stats["decoder"]["bytes"] // packets)
        self.assertEqual(stats["decoder"]["ipv4"] + stats["decoder"]["ipv6"] + stats["decoder"]["arp"], packets)
        self.assertEqual(sum(sum(v.values()) if isinstance(v, dict) else v
                             for v in stats["decoder"]["event"].values()), 0)
        flow, app = stats["flow"], stats["app_layer"]
        self.assertEqual(sum(flow["end"]["state"].values()), flow["total"])
        self.assertEqual(sum(flow["end"]["tcp_state"].values()), flow["tcp"])
        self.assertEqual((flow["active"], flow["memuse"], stats["tcp"]["active_sessions"]), (0, 0, 0))
        self.assertEqual((app["flow"]["http"], app["flow"]["dns_tcp"], app["flow"]["tls"]), (1, 0, 1))
        self.assertEqual(app["tx"]["dns_udp"], len([e for e in self.events("eve.json") if e["event_type"] == "dns"]))
        self.assertEqual(stats["detect"]["engines"], [{"id": 0, "rules_loaded": 1, "rules_failed": 0}])
        self.assertEqual(stats["ips"]["accepted"], packets)

    def test_stats_of_drops(self):
        with open(self.rules, "a", encoding="utf-8") as out:
            out.write('drop dns any any -> any any (msg:"no"; dns.query; content:"."; sid:2;)\nnonsense\n')
        stats = self.stats("-r", "dns.pcap", "-S", "one.rules", "--simulate-ips")
        ips = stats["ips"]
        self.assertEqual(stats["detect"]["engines"][0]["rules_failed"], 1)
        self.assertGreater(ips["blocked"], 0)
        self.assertEqual(ips["accepted"] + ips["blocked"], stats["decoder"]["pkts"])
        self.assertEqual(sum(ips["drop_reason"].values()), ips["blocked"])
        self.assertGreater(ips["drop_reason"]["rules"], 0)
