"""Plays each *.case of this folder through `omamori replay` and compares the events with those it wants.

A case is one small text file:

    # rows: P2 R-D                         rows that it shows, then words
    scene: gh0st-beacon                    of tests/gen (python3 -m tests.gen --list); or several
    options: --simulate-ips                for omamori replay; may be missing
    events: alert drop                     kinds of event that are looked at
    show: event_type src_ip alert.action   the fields of each that are compared; a missing one shows as "-"
    settings:                              suricata.yaml; may be missing
    packet-alert-max: 3
    thresholds:                            threshold.config; may be missing
    suppress gen_id 1, sig_id 1
    rules:
    drop tcp any any -> any any (...)
    want:
    alert 192.168.10.99 blocked

Each case runs with one worker, where the order counts, and with three, where it does not. After a change that was meant:
REPLAY_ACCEPT=1 python3 tests/run_python.py tests/replay, and read the difference before it is committed.
OMAMORI names the program (default: build-test/omamori).
"""
import json
import os
import shutil
import subprocess
import tempfile
import unittest

from tests.gen.capture import Capture
from tests.gen.scenes import SCENES

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.join(HERE, "..", "..")
PROGRAM = os.path.abspath(os.environ.get("OMAMORI", os.path.join(TOP, "build-test", "omamori")))
KEYS = ("scene", "options", "events", "show")


class Case:
    def __init__(self, path):
        self.path, self.head = path, []
        self.keys, self.rules, self.want = {}, [], []
        self.settings, self.thresholds = [], []
        parts = {"settings:": self.settings, "thresholds:": self.thresholds, "rules:": self.rules, "want:": self.want}
        part = self.head
        with open(path, encoding="utf-8") as lines:
            for line in lines.read().splitlines():
                key, _, value = line.partition(":")
                if line in parts:
                    part = parts[line]
                elif part is self.head and key in KEYS:
                    self.keys[key] = value.split()
                    self.head.append(line)
                else:
                    part.append(line)
        for key in ("scene", "events", "show"):
            if key not in self.keys:
                raise ValueError(f"{path}: no line \"{key}:\"")

    def accept(self, got):
        with open(self.path, "w", encoding="utf-8") as out:
            lines = list(self.head)
            for name, part in (("settings:", self.settings), ("thresholds:", self.thresholds)):
                lines += [name] + part if part else []
            out.write("\n".join(lines + ["rules:"] + self.rules + ["want:"] + got) + "\n")


def field(event, path):
    for name in path.split("."):
        if isinstance(event, list):
            event = event[int(name)] if name.isdigit() and int(name) < len(event) else None
        elif isinstance(event, dict):
            event = event.get(name)
        if event is None:
            return "-"
    if isinstance(event, str):
        return event if event and " " not in event else json.dumps(event, ensure_ascii=False)
    return json.dumps(event, sort_keys=True, separators=(",", ":"))


def play(case, folder, threads):
    """The events of a run, each as one line."""
    capture = Capture()
    for name in case.keys["scene"]:
        SCENES[name](capture)
    pcap, rules, out = (os.path.join(folder, name) for name in ("in.pcap", "test.rules", f"out{threads}"))
    capture.write(pcap)
    with open(rules, "w", encoding="utf-8") as file:
        file.write("\n".join(case.rules) + "\n")
    os.mkdir(out)
    command = [PROGRAM, "replay", "-r", pcap, "-S", rules, "-l", out, "--threads", str(threads)]
    for option, name, part in (("-c", "suricata.yaml", case.settings), ("--set", "threshold.config", case.thresholds)):
        if not part:
            continue
        with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
            file.write("\n".join(part) + "\n")
        command += [option, name if option == "-c" else "threshold-file=" + os.path.join(folder, name)]
    done = subprocess.run(command + case.keys.get("options", []), cwd=folder, env={**os.environ, "TZ": "UTC"}, timeout=60,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(command)}: exit {done.returncode}\n{done.stdout[-2000:]}")
    lines = []
    with open(os.path.join(out, "eve.json"), encoding="utf-8") as events:
        for line in events:
            event = json.loads(line)
            if event["event_type"] in case.keys["events"]:
                lines.append(" ".join(field(event, path) for path in case.keys["show"]))
    return lines


class Replay(unittest.TestCase):
    maxDiff = None

    def play_case(self, path):
        self.source = path
        folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, folder)
        case = Case(path)
        got = play(case, folder, 1)
        if os.environ.get("REPLAY_ACCEPT"):
            case.accept(got)
        else:
            self.assertEqual(case.want, got)
        self.assertEqual(sorted(got), sorted(play(case, folder, 3)), "three workers see something else than one")


def add(path):
    name = os.path.basename(path)[:-len(".case")].replace("-", "_")
    setattr(Replay, f"test_{name}", lambda self: self.play_case(path))


for entry in sorted(os.listdir(HERE)):
    if entry.endswith(".case"):
        add(os.path.join(HERE, entry))

if __name__ == "__main__":
    unittest.main()
