"""./test --rows finds the comments that name rows, in each language, and complains about rows that do not exist."""
import importlib.util
import os
import tempfile
import unittest

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")


class Rows(unittest.TestCase):
    def setUp(self):
        spec = importlib.util.spec_from_file_location("rows_under_test", os.path.join(TOP, "tests", "rows.py"))
        self.module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(self.module)

    def markers(self, text):
        with tempfile.NamedTemporaryFile("w", suffix=".c", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            return self.module.markers(file.name)

    def test_markers(self):
        rows = [
            ("/* rows: P1 R-D */\n", ["P1", "R-D"]),
            ("#!/bin/sh\n# rows: T1, T2\n", ["T1", "T2"]),
            ("// rows: R-α\n", ["R-α"]),
            ("# rows: P1\n# rows: P2\n", ["P1", "P2"]),
            ("    # rows: P1\n", []),
            ("nothing\n" * 50 + "# rows: P1\n", []),
        ]
        for text, want in rows:
            with self.subTest(text[:20]):
                self.assertEqual(self.markers(text), want)

    def test_every_row_of_the_promise_is_listed(self):
        want = [f"P{n}" for n in range(1, 15)] + [f"C{n}" for n in range(1, 7)] + [f"T{n}" for n in range(1, 17)]
        want += [f"A{n}" for n in range(1, 18)] + [f"R-{c}" for c in "ABCDEFGHαβ"]
        self.assertEqual(list(self.module.read_rows()), want)

    def test_verdicts(self):
        rows = [
            ([], "not run"), ([("pass", "a"), ("pass", "b")], "passed (2)"), ([("skip", "a")], "skipped"),
            ([("pass", "a"), ("fail", "b")], "FAILED (b)"), ([("pass", "a"), ("skip", "b")], "passed (1, 1 skipped)"),
        ]
        for outcomes, want in rows:
            self.assertEqual(self.module.verdict(outcomes), want)


if __name__ == "__main__":
    unittest.main()
