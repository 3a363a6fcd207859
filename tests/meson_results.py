"""Turns what `meson test` wrote into the result lines of ./test.

  python3 tests/meson_results.py BUILD [PREFIX]            appends to $OTASUKE_RESULTS, one line per test program
  python3 tests/meson_results.py --programs BUILD SUITE    prints what the tests of a suite need to be built, for ninja
"""
import json
import os
import sys

WORDS = {"OK": "pass", "EXPECTEDFAIL": "pass", "SKIP": "skip"}


def load(build, name):
    with open(os.path.join(build, "meson-info", name), encoding="utf-8") as file:
        return json.load(file)


def tests_of(build):
    """{test name: (suites, programs that it runs, source of the test)}"""
    build = os.path.abspath(build)
    top = os.path.dirname(build)
    targets = {t["id"]: t for t in load(build, "intro-targets.json")}
    found = {}
    for test in load(build, "intro-tests.json"):
        target = targets.get(test["depends"][0]) if test["depends"] else None
        sources = [s for group in (target or {}).get("target_sources", []) for s in group["sources"]]
        # of a fuzz replay program the target comes last, of a unit test the x_test.c counts
        source = next((s for s in sources if s.endswith("_test.c")), sources[-1] if sources else "")
        programs = [os.path.relpath(f, build) for i in test["depends"] if i in targets for f in targets[i]["filename"]]
        suites = [s.split(":", 1)[-1] for s in test["suite"]]
        found[test["name"]] = (suites, programs, os.path.relpath(source, top) if source else "")
    return found


def main():
    if sys.argv[1] == "--programs":
        for suites, programs, _ in tests_of(sys.argv[2]).values():
            if sys.argv[3] in suites:
                print(*programs, sep="\n")
        return 0
    build, prefix = sys.argv[1], sys.argv[2] + "/" if len(sys.argv) > 2 else ""
    known = tests_of(build)
    count = 0
    with open(os.path.join(build, "meson-logs", "testlog.json"), encoding="utf-8") as log, \
            open(os.environ["OTASUKE_RESULTS"], "a", encoding="utf-8") as out:
        for line in log:
            test = json.loads(line)
            name = test["name"].split(" / ")[-1]
            word = WORDS.get(test["result"], "fail")
            print(f"{word}\t{prefix}{name}\t{known[name][2]}", file=out)
            count += 1
    if count == 0:
        print("no test was run")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
