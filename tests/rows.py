"""./test --rows: which row of the service's promise (tests/rows.txt) is shown by which test, and how it went last.

A test names its rows in a comment near its top: "rows: P1 R-D". Here every such comment is gathered, looked up in the
results of the last ./test, and the rows that no test names are listed.
"""
import os
import re
import signal
import sys

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
MARKER = re.compile(r"^(?:/\*|#|//|<!--)\s*rows:\s*([^*]*?)\s*(?:\*/|-->)?\s*$")
NEAR_TOP_LINES = 40
FOLDERS = ("src", "fuzz/targets", "tests", "console")
SKIPPED = {"node_modules", "dist", "__pycache__", "corpus"}
ENDINGS = (".c", ".py", ".sh", ".ts", ".js", ".mjs", ".svelte", ".case")


def read_rows():
    rows = {}
    with open(os.path.join(TOP, "tests", "rows.txt"), encoding="utf-8") as lines:
        for line in lines:
            if line.strip() and not line.startswith("#"):
                row, title = line.strip().split(None, 1)
                rows[row] = title
    return rows


def test_files():
    for folder in FOLDERS:
        for where, folders, files in os.walk(os.path.join(TOP, folder)):
            folders[:] = sorted(f for f in folders if f not in SKIPPED)
            for name in sorted(files):
                path = os.path.join(where, name)
                if name.endswith(ENDINGS) or (where.endswith("stages") and "." not in name):
                    yield os.path.relpath(path, TOP)


def markers(path):
    found = []
    with open(os.path.join(TOP, path), encoding="utf-8", errors="replace") as lines:
        for number, line in enumerate(lines):
            if number >= NEAR_TOP_LINES:
                break
            match = MARKER.match(line)
            if match:
                found += re.split(r"[\s,]+", match.group(1))
    return found


def read_results(folder):
    """{source file: [(word, test name)]} of all stages that ran."""
    results = {}
    for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
        if not name.endswith(".tsv"):
            continue
        with open(os.path.join(folder, name), encoding="utf-8") as lines:
            for line in lines:
                word, test, file = (line.rstrip("\n").split("\t") + ["", ""])[:3]
                results.setdefault(file, []).append((word, test))
    return results


def verdict(outcomes):
    words = [word for word, _ in outcomes]
    if "fail" in words:
        return f"FAILED ({', '.join(t for w, t in outcomes if w == 'fail')})"
    if "pass" in words:
        skipped = words.count("skip")
        return f"passed ({words.count('pass')}" + (f", {skipped} skipped)" if skipped else ")")
    return "skipped" if words else "not run"


def main():
    rows, results = read_rows(), read_results(sys.argv[1])
    shown, unknown = {row: [] for row in rows}, []
    for path in test_files():
        for row in markers(path):
            if row in shown:
                shown[row].append(path)
            else:
                unknown.append(f"{path}: no row \"{row}\" in tests/rows.txt")
    for row, title in rows.items():
        if shown[row]:
            print(f"{row:5} {title}")
            for path in shown[row]:
                print(f"        {path}: {verdict(results.get(path, []))}")
    without = [row for row in rows if not shown[row]]
    print(f"\n{len(rows) - len(without)} of {len(rows)} rows have a test; without one:")
    for row in without:
        print(f"  {row:5} {rows[row]}")
    for line in unknown:
        print(line)
    if not results:
        print("\nNo results yet: run ./test first.")
    return 1 if unknown else 0


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # ./test --rows | head
    sys.exit(main())
