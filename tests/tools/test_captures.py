"""The run over the captures of others notices what it is there to notice. The program is a stand-in."""
import os
import stat
import subprocess
import sys
import tempfile
import unittest

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")


class Captures(unittest.TestCase):
    def run_with(self, body, names=("a/one.pcap", "a/two.pcapng", "b/three.cap", "b/readme.txt")):
        with tempfile.TemporaryDirectory() as folder:
            program, top = os.path.join(folder, "omamori"), os.path.join(folder, "top")
            with open(program, "w", encoding="utf-8") as file:
                file.write("#!/bin/sh\ncapture=$3\n" + body)
            os.chmod(program, stat.S_IRWXU)
            os.makedirs(top)
            for name in names:
                os.makedirs(os.path.dirname(os.path.join(top, name)), exist_ok=True)
                with open(os.path.join(top, name), "wb"):
                    pass
            results = os.path.join(folder, "results")
            done = subprocess.run([sys.executable, os.path.join(TOP, "tests", "captures.py"), program, top],
                                  env={**os.environ, "OTASUKE_RESULTS": results}, stdout=subprocess.PIPE, text=True,
                                  check=False)
            with open(results, encoding="utf-8") as file:
                return done.returncode, done.stdout, file.read()

    def test_good_ones_and_unreadable_ones(self):
        code, out, results = self.run_with('case $capture in *two*) echo "not a capture"; exit 1 ;; esac')
        self.assertEqual(code, 0, out)
        self.assertIn("a: 2 captures, 0 failed", out)
        self.assertEqual(results, "pass\tcaptures/a\ttests/captures.py\npass\tcaptures/b\ttests/captures.py\n")

    def test_failures(self):
        for body in ("kill -SEGV $$", "echo 'x.c:1: runtime error: overflow'", "exit 1", "exit 2",
                     "echo 'ERROR: LeakSanitizer: detected'; exit 1"):
            with self.subTest(body):
                code, out, results = self.run_with(f'case $capture in *two*) {body} ;; esac')
                self.assertEqual(code, 1, out)
                self.assertIn("FAILED a/two.pcapng", out)
                self.assertIn("fail\tcaptures/a", results)
                self.assertIn("pass\tcaptures/b", results)

    def test_nothing_found_is_a_failure(self):
        self.assertEqual(self.run_with("", names=())[0], 1)


if __name__ == "__main__":
    unittest.main()
