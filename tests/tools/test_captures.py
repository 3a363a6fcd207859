"""The run over the captures of others notices what it is there to notice. The program is a stand-in."""
import os
import stat
import struct
import subprocess
import sys
import tempfile
import unittest

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
sys.path.insert(0, os.path.join(TOP, "tests"))
from mutate import mutate  # noqa: E402  (beside captures.py)


class Captures(unittest.TestCase):
    def run_with(self, body, names=("a/one.pcap", "a/two.pcapng", "b/three.cap", "b/readme.txt"), options=()):
        with tempfile.TemporaryDirectory() as folder:
            program, top = os.path.join(folder, "omamori"), os.path.join(folder, "top")
            with open(program, "w", encoding="utf-8") as file:
                file.write("#!/bin/sh\nwhile [ $# -gt 0 ]; do [ \"$1\" != -r ] || capture=$2; shift; done\n" + body)
            os.chmod(program, stat.S_IRWXU)
            os.makedirs(top)
            for name in names:
                os.makedirs(os.path.dirname(os.path.join(top, name)), exist_ok=True)
                with open(os.path.join(top, name), "wb"):
                    pass
            results = os.path.join(folder, "results")
            done = subprocess.run([sys.executable, os.path.join(TOP, "tests", "captures.py"), program, top, *options],
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

    def test_the_slowest_packet_is_told_and_bounded(self):
        body = """case $capture in *two*) ms=40 ;; *) ms=3 ;; esac
                  echo '{"slowest_packet": 7, "slowest_ns": '${ms}000000'}'"""
        code, out, _ = self.run_with(body, options=["--packet-ms", "50"])
        self.assertEqual(code, 0, out)
        self.assertIn("the slowest packet took 40.00 ms: number 7 of a/two.pcapng", out)
        code, out, _ = self.run_with(body, options=["--packet-ms", "30"])
        self.assertEqual(code, 1, out)
        self.assertIn("FAILED a/two.pcapng: packet 7 took 40.0 ms, more than 30", out)

    def test_damaged_copies_are_played(self):
        code, out, _ = self.run_with('case $capture in */damaged.*) exit 0 ;; *) exit 3 ;; esac', options=["--mutate", "1"])
        self.assertEqual(code, 0, out)


class Mutations(unittest.TestCase):
    def frames(self, data):
        """Of a capture in our own order of bytes: how many frames, and their bytes."""
        at, out = 24, []
        while at + 16 <= len(data):
            size = struct.unpack("<I", data[at + 8:at + 12])[0]
            out.append(data[at + 16:at + 16 + size])
            at += 16 + size
        return out

    def test_same_seed_same_damage_and_frames_stay_frames(self):
        whole = struct.pack("<IHHIIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
        for i in range(400):
            whole += struct.pack("<IIII", i, 0, 100, 100) + bytes([i % 256]) * 100
        damaged = mutate(whole, "1:a")
        self.assertEqual(damaged, mutate(whole, "1:a"))
        self.assertNotEqual(damaged, mutate(whole, "2:a"))
        frames = self.frames(damaged)
        changed = [f for f in frames if len(set(f)) != 1]
        self.assertTrue(0 < len(changed) < len(frames))

    def test_no_bytes_break_it(self):
        head = struct.pack("<III", 0x0A0D0D0A, 28, 0x1A2B3C4D) + bytes(12) + struct.pack("<I", 28)
        for data in (b"", b"\n", b"text", head, head + b"\6\0\0\0\377\377\377\377" * 3, head * 3, b"\xd4\xc3\xb2\xa1" * 20):
            for seed in range(20):
                mutate(data, str(seed))


if __name__ == "__main__":
    unittest.main()
