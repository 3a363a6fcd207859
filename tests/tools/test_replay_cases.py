"""The player of replay cases compares what it says it compares. The program is a stand-in that writes known events."""
import importlib.util
import os
import stat
import tempfile
import unittest

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
EVENTS = """\
{"event_type":"alert","src_ip":"192.0.2.1","alert":{"signature_id":5,"action":"blocked"},"tags":["a b",{"n":1}]}
{"event_type":"flow","src_ip":"192.0.2.1"}
{"event_type":"alert","src_ip":"192.0.2.2","alert":{"signature_id":6}}
"""
CASE = """\
# words
scene: http
events: alert
show: src_ip alert.signature_id alert.action tags.0 tags.1
rules:
alert tcp any any -> any any (sid:5;)
want:
"""
WANT = ['192.0.2.1 5 blocked "a b" {"n":1}', "192.0.2.2 6 - - -"]


class Player(unittest.TestCase):
    def setUp(self):
        path = os.path.join(TOP, "tests", "replay", "test_cases.py")
        spec = importlib.util.spec_from_file_location("replay_cases_under_test", path)
        self.module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(self.module)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.program("cat >\"$out/eve.json\" <<'END'\n" + EVENTS + "END\n")

    def program(self, body):
        self.module.PROGRAM = os.path.join(self.folder, "omamori")
        find_out = 'while [ $# -gt 0 ]; do case $1 in -l) out=$2 ;; -S) rules=$2 ;; -r) pcap=$2 ;; esac; shift; done\n'
        with open(self.module.PROGRAM, "w", encoding="utf-8") as file:
            file.write("#!/bin/sh\n" + find_out + "grep -q sid:5 \"$rules\" && [ -s \"$pcap\" ] || exit 9\n" + body)
        os.chmod(self.module.PROGRAM, stat.S_IRWXU)

    def result(self, want, text=CASE):
        path = os.path.join(self.folder, "x.case")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text + "".join(line + "\n" for line in want))
        test = self.module.Replay()
        done = unittest.TestResult()
        test.__class__.runTest = lambda self: self.play_case(path)
        test.run(done)
        return done

    def test_equal_events_pass(self):
        self.assertTrue(self.result(WANT).wasSuccessful())

    def test_any_difference_fails(self):
        for want in (WANT[:1], WANT[::-1], WANT + ["192.0.2.3 7 - - -"], [WANT[0].replace("blocked", "allowed"), WANT[1]], []):
            self.assertFalse(self.result(want).wasSuccessful(), want)

    def test_exit_status_counts(self):
        self.program("echo broken; exit 3")
        done = self.result(WANT)
        self.assertIn("exit 3", done.failures[0][1])

    def test_workers_must_agree(self):
        self.program("case $out in *3) : ;; *) cat ;; esac >\"$out/eve.json\" <<'END'\n" + EVENTS + "END\n")
        self.assertIn("three workers", self.result(WANT).failures[0][1])

    def test_a_case_without_its_lines_is_an_error(self):
        self.assertEqual(len(self.result(WANT, CASE.replace("show:", "shown:")).errors), 1)


if __name__ == "__main__":
    unittest.main()
