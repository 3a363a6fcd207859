"""fuzz/run reads what libFuzzer says, adds up what its log holds, and knows who lacks time. libFuzzer itself does not run here."""
import importlib.machinery
import importlib.util
import os
import subprocess
import sys
import tempfile
import unittest

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
PROGRAM = os.path.join(TOP, "fuzz", "run")


def load():
    sys.dont_write_bytecode = True
    loader = importlib.machinery.SourceFileLoader("fuzz_run", PROGRAM)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("fuzz_run", loader))
    loader.exec_module(module)
    return module


run = load()
SAID = """\
INFO: Seed: 1
#2	INITED cov: 100 ft: 150 corp: 1/1b exec/s: 0 rss: 30Mb
#4096	NEW    cov: 120 ft: 200 corp: 9/80b lim: 4 exec/s: 0 rss: 30Mb
#9000	DONE   cov: 123 ft: 211 corp: 10/90b lim: 8 exec/s: 900 rss: 31Mb
stat::number_of_executed_units: 9001
"""


def row(target, cpu, executions=10, edges=5, features=6, crashes=0):
    return {"date": "2026-01-01T00:00:00Z", "target": target, "cpu_seconds": str(cpu), "executions": str(executions),
            "edges": str(edges), "features": str(features), "corpus_files": "1", "crashes": str(crashes)}


class Log(unittest.TestCase):
    def test_what_libfuzzer_says(self):
        rows = [("whole", SAID, (9001, 123, 211)), ("killed before its sum", SAID.rsplit("stat", 1)[0], (9000, 123, 211)),
                ("nothing", "", (0, 0, 0))]
        for name, text, want in rows:
            with self.subTest(name):
                self.assertEqual(run.read_output(text), want)

    def test_sums_and_who_lacks_time(self):
        rows = [row("http1", 1000), row("http1", 700.5, 5, 9, 9), row("pcap", 300), row("tailor", 10, crashes=1)]
        done = run.sums(rows)
        self.assertEqual(done["http1"], {"cpu": 1700.5, "executions": 15, "edges": 9, "features": 9, "runs": 2, "crashes": 0})
        self.assertEqual(run.lacking(["http1", "pcap", "tailor", "dns"], rows), ["dns", "tailor", "http1"])

    def test_a_written_log_is_read_again(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "LOG.tsv")
            self.assertEqual(run.read_log(path), [])
            for r in (row("a", 1), row("b", 2)):
                run.append_log(r, path)
            self.assertEqual(run.read_log(path), [row("a", 1), row("b", 2)])
            with open(path, "w", encoding="utf-8") as file:
                file.write("something else\n")
            with self.assertRaises(SystemExit):
                run.read_log(path)

    def test_the_log_of_the_project_fits_its_targets(self):
        names = run.targets()
        self.assertIn("rule_text", names)
        for r in run.read_log():
            self.assertEqual(set(r), set(run.COLUMNS))
            self.assertIn(r["target"], names)

    def test_command_line(self):
        for words in ([], ["rule_text"], ["nothing", "5"], ["rule_text", "0"]):
            with self.subTest(words):
                done = subprocess.run([sys.executable, PROGRAM, *words], capture_output=True, text=True, check=False)
                self.assertEqual(done.returncode, 2, done.stderr)
        done = subprocess.run([sys.executable, PROGRAM, "--status"], capture_output=True, text=True, check=False)
        self.assertIn("rule_text", done.stdout)
        self.assertIn("targets have had their time", done.stdout)


if __name__ == "__main__":
    unittest.main()
