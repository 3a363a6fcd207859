"""Runs the Python tests (unittest, no pip) of a folder: python3 tests/run_python.py FOLDER [PATTERN]

Each test_*.py is loaded by its path; the folder and the top of the project are on the path of modules, so helpers beside
the tests and `tests.gen` can be imported. Results go to $OTASUKE_RESULTS, one line per test method. Run by hand:
  python3 tests/run_python.py tests/system bridge
"""
import importlib.util
import os
import sys
import time
import unittest

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


class Result(unittest.TextTestResult):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        path = os.environ.get("OTASUKE_RESULTS")
        self.out = open(path, "a", encoding="utf-8") if path else None  # closed with the process
        self.begin = 0.0
        self.bad_subtests = set()

    def note(self, word, test):
        # a test may name another file than its module: the case that it plays
        file = getattr(test, "source", None) or getattr(sys.modules.get(type(test).__module__), "__file__", "")
        file = os.path.relpath(file, TOP) if file else ""
        name = test.id()
        print(f"  {word}: {name} ({time.monotonic() - self.begin:.1f} s)", flush=True)
        if self.out:
            print(f"{word}\t{name}\t{file}", file=self.out, flush=True)

    def startTest(self, test):
        self.begin = time.monotonic()
        super().startTest(test)

    def addSuccess(self, test):
        super().addSuccess(test)
        if test.id() not in self.bad_subtests:
            self.note("pass", test)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.note("fail", test)

    def addError(self, test, err):
        super().addError(test, err)
        self.note("fail", test)

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        print(f"  because: {reason}")
        self.note("skip", test)

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None and test.id() not in self.bad_subtests:
            self.bad_subtests.add(test.id())
            self.note("fail", test)


def load(path):
    name = os.path.splitext(os.path.relpath(path, os.path.join(TOP, "tests")))[0].replace(os.sep, ".")
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return unittest.defaultTestLoader.loadTestsFromModule(module)


def main():
    if len(sys.argv) < 2 or not os.path.isdir(sys.argv[1]):
        print(__doc__, file=sys.stderr)
        return 64
    folder = os.path.abspath(sys.argv[1])
    pattern = sys.argv[2] if len(sys.argv) > 2 else ""
    sys.path[:0] = [folder, TOP]
    os.chdir(TOP)
    paths = [os.path.join(folder, f) for f in sorted(os.listdir(folder))
             if f.startswith("test_") and f.endswith(".py") and pattern in f]
    suite = unittest.TestSuite(load(path) for path in paths)
    if suite.countTestCases() == 0:
        print(f"{folder}: no test")
        return 1
    done = unittest.TextTestRunner(stream=sys.stdout, resultclass=Result, verbosity=0).run(suite)
    return 0 if done.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())
