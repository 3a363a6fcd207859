"""omamori rules and omamori why: exit status and messages, and what they say in words, kept in golden/.

OMAMORI names the program (default: build-test/omamori). OTASUKE_GOLDEN=write writes the golden files anew: look at what changed.
"""
import json
import os
import re
import subprocess
import tempfile
import unittest

from tests.gen.capture import Capture
from tests.gen.scenes import SCENES

HERE = os.path.dirname(os.path.abspath(__file__))
GOLDEN = os.path.join(HERE, "golden")
PROGRAM = os.path.abspath(os.environ.get("OMAMORI", os.path.join(HERE, "..", "..", "build-test", "omamori")))
# options, exit status, what is said
COMMANDS = [
    ("rules", 64, "usage: omamori rules WORD"),
    ("rules --help", 0, "check"),
    ("rules nothing", 64, 'there is no word "nothing"'),
    ("rules check", 64, "no rules given"),
    ("rules check --help", 0, "usage: omamori rules check"),
    ("rules check nowhere.rules", 78, "cannot open nowhere.rules"),
    ("rules check check.rules --sid 4", 64, 'there is no option "--sid"'),
    ("rules check check.rules -S", 64, "option -S needs a value"),
    ("rules check check.rules -c nowhere.yaml", 78, "cannot open nowhere.yaml"),
    ("rules check check.rules --drop-conf nowhere.conf", 78, "cannot open nowhere.conf"),
    ("rules check check.rules --set vars.address-groups.OFFICE=10.0.0.0/8", 1, "8 rules loaded, 3 not usable"),
    ("rules check good.rules", 0, "1 rules loaded, 0 not usable"),
    ("rules check good.rules --strict", 0, "1 rules loaded, 0 not usable"),
    ("rules check dead.rules", 0, "waits for a bit that nobody sets"),
    ("rules check dead.rules --strict", 1, "waits for a bit that nobody sets"),
    ("rules explain", 64, "no rules given"),
    ("rules explain -S good.rules", 64, "no rule given"),
    ("rules explain x -S good.rules", 64, "SID: a number"),
    ("rules explain 7 -S good.rules", 1, "sid 7 is not among the rules"),
    ("rules explain 1000008 -S check.rules", 1, "sid 1000008 is not usable (check.rules:11)"),
    ("rules explain 1000001 --gid 2 -S good.rules", 1, "give --gid 1"),
    ("rules coverage good.rules", 0, "1 of 1 rules are usable"),
    ("rules profile -S good.rules", 64, "no capture given"),
    ("rules profile -S good.rules -r nothing.pcap", 66, "nothing.pcap"),
    ("rules profile -S good.rules -r good.rules", 66, "not a capture file"),
    ("rules profile -S good.rules -r {http} --top 0", 64, "--top: a number from 1 on"),
    ("rules profile -S why.rules -r {http}", 0, "sid 1000201 it fires"),
    ("why --sid 1 -S good.rules", 64, "no capture given"),
    ("why --pcap {http} -S good.rules", 64, "--sid SID"),
    ("why --pcap nothing.pcap --sid 1000001 -S good.rules", 66, "nothing.pcap"),
    ("why --pcap {http} --sid 7 -S good.rules", 1, "did not fire: sid 7 is not among the rules"),
    ("why --pcap {http} --sid 1000008 -S check.rules", 1, "did not fire: sid 1000008 is not usable (check.rules:11)"),
    ("why --pcap {http} --sid 1000201 -S why.rules --flow 10.0.0.1", 1, "no such flow is in the capture"),
    ("why --pcap {http} --sid 1000201 -S why.rules --flow 203.0.113.80:80", 0, "fired"),
    ("why --pcap {http} --sid 1000201 -S why.rules --flow 40000", 0, "fired"),
    ("why --help", 0, "usage: omamori why"),
]
# a golden file each: name, options
WORDS = [
    ("check", "rules check check.rules -v"),
    *((f"explain-{sid}", f"rules explain {sid} -S words.rules --drop-conf drop.conf") for sid in range(1000101, 1000107)),
    ("coverage", "rules coverage check.rules"),
    *((f"why-{sid}", f"why --pcap {{http}} --sid {sid} -S why.rules") for sid in range(1000201, 1000217)),
    ("why-passed", "why --pcap {http} --sid 1000302 -S passed.rules"),
    ("why-stopped", "why --pcap {http} --sid 1000217 -S stop.rules --simulate-ips"),
    ("why-gap", "why --pcap {tcp-gap} --sid 1000201 -S why.rules"),
]
# what "why" has to say first: sid, status, words of the first line
WHY = [
    (1000201, 0, "fired: 1 alert in 1 of 1 flow"),
    (1000202, 1, 'content ".php"'),
    (1000203, 1, 'the prefilter has not seen its literal: "/nowhere" in http.uri; http.uri had 11 bytes: "/index.html"'),
    (1000204, 1, "the destination port is not the rule's"),
    (1000205, 1, "its protocol is http/1, the rule asks for tls"),
    (1000206, 1, 'flowbit "x" is set (it is not)'),
    (1000207, 0, "held, and told nothing: packet 7: it holds; nothing is told (noalert)"),
    (1000208, 0, "fired"),
    (1000209, 1, "(dsize) is above 10 (it is 0)"),
    (1000210, 1, "held, and told nothing: packet 7: it holds; not told: both: "),
    (1000211, 1, "the source address is not the rule's"),
    (1000212, 1, "the prefilter has not seen its literal"),
    (1000213, 1, 'no content ".html", found at 6'),
    (1000214, 1, "http.cookie is not there"),
    (1000215, 1, "the event that it waits for did not happen"),
    (1000216, 1, "another protocol of IP"),
]


_FOLDER = tempfile.TemporaryDirectory()
CAPTURES = {name: os.path.join(_FOLDER.name, name + ".pcap") for name in ("http", "tcp-gap")}
for name, path in CAPTURES.items():
    capture = Capture()
    SCENES[name](capture)
    capture.write(path)


def run(options, folder=GOLDEN):
    words = [w.format(**CAPTURES) for w in options.split()]
    done = subprocess.run([PROGRAM, *words], cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    return done.returncode, done.stdout, done.stderr


def steady(text):
    """Without what another machine or build says differently: the image's shape, and times."""
    text = re.sub(r"[0-9]+ literal databases, [0-9]+ port groups, [0-9.]+ MB", "the image", text)
    text = re.sub(r"one of [0-9]+ literals", "one of N literals", text)
    text = re.sub(r"[0-9]+ of [0-9]+ groups of ports", "some groups of ports", text)
    return re.sub(r"[0-9]+(\.[0-9]+)? (ms|%|ns|us)", r"N \2", text)


class Commands(unittest.TestCase):
    def test_status_and_messages(self):
        for options, status, said in COMMANDS:
            with self.subTest(options):
                got, out, err = run(options)
                self.assertEqual((got, said in out + err), (status, True), out + err)

    def test_json_says_the_same(self):
        status, out, _ = run("rules check check.rules --json")
        told = json.loads(out)
        self.assertEqual(status, 1)
        self.assertEqual((told["loaded"], told["not_usable"], told["duplicates"], told["commented_out"]), (7, 4, 1, 1))
        self.assertEqual([(r["count"], r["reason"]) for r in told["reasons"]][0], (2, "keyword frobnicate is not supported"))
        self.assertEqual(sorted(r["line"] for r in told["refused"]), [10, 11, 12, 13])
        self.assertIn(("bit-never-set", 1000003), [(f["kind"], f["sid"]) for f in told["findings"]])

    def test_one_rule_in_json(self):
        status, out, _ = run("rules explain 1000102 -S words.rules --json")
        told = json.loads(out)
        self.assertEqual((status, told["sid"], told["action"], told["flow"]), (0, 1000102, "drop", "established, to the server"))
        self.assertIn('2. flowbit "seen" is set; set by sid 1000104', told["conditions"])
        self.assertEqual(len(told["prefilter"]), 1)

    def test_coverage_in_json(self):
        told = json.loads(run("rules coverage check.rules --json")[1])
        words = {k["word"]: k for k in told["keywords"]}
        self.assertEqual((words["frobnicate"]["rules"], words["frobnicate"]["usable"], words["frobnicate"]["refused_by"]),
                         (2, 0, 2))

    def test_changes_of_the_place_are_told(self):
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, "drop.conf"), "w", encoding="utf-8") as f:
                f.write("1000001\n1000099\n")
            _, out, _ = run(f"rules check check.rules --drop-conf {folder}/drop.conf")
        self.assertIn("changes of this place:", out)
        self.assertIn("1000099", out)


class Why(unittest.TestCase):
    def test_the_reason_comes_first(self):
        for sid, status, words in WHY:
            with self.subTest(sid):
                got, out, err = run(f"why --pcap {{http}} --sid {sid} -S why.rules")
                self.assertEqual((got, words in out.split("\n")[0]), (status, True), out + err)

    def test_json_has_each_step(self):
        told = json.loads(run("why --pcap {http} --sid 1000202 -S why.rules --json")[1])
        steps = told["flows"][0]["attempts"][0]["steps"]
        self.assertEqual([s["answer"] for s in steps], ["yes", "yes", "no"])
        self.assertEqual(told["alerts"], 0)

    def test_profile_counts(self):
        told = json.loads(run("rules profile -S why.rules -r {http} --json")[1])
        rules = {c["sid"]: c for c in told["top"]}
        self.assertEqual((rules[1000201]["by_literal"], rules[1000201]["asked"], rules[1000201]["held"]), (1, 1, 1))
        self.assertEqual((rules[1000204]["by_literal"], rules[1000204]["asked"]), (1, 0))
        self.assertEqual(rules[1000209]["walked"], rules[1000209]["asked"])
        self.assertNotIn(1000203, rules)


class Golden(unittest.TestCase):
    maxDiff = None

    def test_words(self):
        for name, options in WORDS:
            with self.subTest(name):
                _, out, err = run(options)
                path = os.path.join(GOLDEN, name + ".txt")
                if os.environ.get("OTASUKE_GOLDEN") == "write":
                    with open(path, "w", encoding="utf-8") as f:
                        f.write(steady(out))
                with open(path, encoding="utf-8") as f:
                    self.assertEqual(steady(out), f.read(), err)
