"""omamori rules and omamori why: exit status and messages, and what they say in words, kept in golden/.

OMAMORI names the program (default: build-test/omamori). OTASUKE_GOLDEN=write writes the golden files anew: look at what changed.
"""
import json
import os
import re
import subprocess
import tempfile
import unittest

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
]
# a golden file each: name, options
WORDS = [
    ("check", "rules check check.rules -v"),
    *((f"explain-{sid}", f"rules explain {sid} -S words.rules --drop-conf drop.conf") for sid in range(1000101, 1000107)),
    ("coverage", "rules coverage check.rules"),
]


def run(options, folder=GOLDEN):
    done = subprocess.run([PROGRAM, *options.split()], cwd=folder, capture_output=True, text=True, timeout=120, check=False)
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
