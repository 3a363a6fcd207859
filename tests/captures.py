"""python3 tests/captures.py OMAMORI FOLDER [--name NAME] [--rules FILE] [--jobs N] [--mutate SEED] [--packet-ms N] [-- OPTION...]:
replays every capture below FOLDER, each in a process of its own and with the OPTIONs; none may crash it, make a sanitizer speak or
take too long.

--mutate SEED plays a damaged copy of each instead (tests/mutate.py): the same copy for the same seed and the same name.
--packet-ms N lets `omamori rules profile` play them and asks of each packet that it takes no more CPU time than that; the slowest
one is told, whatever N says.

Exit 0 of the program is good, and so is 1 with a message: a file that is no capture. Anything else fails. Without --rules
there are rules that look everywhere, so that parsers and matching have to work. One result line for each folder directly
below FOLDER.
"""
import argparse
import concurrent.futures
import json
import os
import subprocess
import sys
import tempfile

from mutate import mutate

RULES = """\
alert ip any any -> any any (msg:"any"; content:"|00 00|"; threshold:type limit,track by_src,count 1,seconds 60; sid:1000001;)
alert http any any -> any any (msg:"uri"; http.uri; content:"/"; sid:1000002;)
alert http any any -> any any (msg:"body"; file.data; content:"a"; sid:1000003;)
alert dns any any -> any any (msg:"name"; dns.query; content:"."; sid:1000004;)
alert tls any any -> any any (msg:"sni"; tls.sni; pcre:"/[a-z]/"; sid:1000005;)
alert smtp any any -> any any (msg:"mail"; content:"MAIL"; sid:1000006;)
drop tcp any any -> any any (msg:"long"; dsize:>1400; content:"|ff ff ff|"; sid:1000007;)
reject udp any any -> any any (msg:"many"; threshold:type both,track by_dst,count 50,seconds 10; sid:1000008;)
"""
ENDINGS = (".pcap", ".pcapng", ".cap", ".trace", ".pcap.gz")
SECONDS_MAX = 120


def captures(top):
    for where, folders, files in os.walk(top):
        folders.sort()
        for name in sorted(files):
            if name.endswith(ENDINGS):
                yield os.path.join(where, name)


class Runner:
    """How one capture is played."""

    def __init__(self, args, rules):
        self.args = args
        self.timed = args.packet_ms is not None
        words = ["rules", "profile", "--json"] if self.timed else ["replay", "-q"]
        self.command = [args.program, *words, "-S", rules, *args.options]
        self.slowest = (0.0, "", 0)  # ms, capture, number of the packet

    def damaged(self, path, folder):
        if self.args.mutate is None:
            return path
        name = os.path.relpath(path, self.args.folder)
        copy = os.path.join(folder, "damaged" + os.path.splitext(path)[1])
        with open(path, "rb") as file:
            data = file.read()
        with open(copy, "wb") as file:
            file.write(mutate(data, f"{self.args.mutate}:{name}"))
        return copy

    def judge(self, path, code, text):
        if "Sanitizer" in text or "runtime error" in text:
            return text[-3000:]
        if code == 0:
            return self.time(path, text) if self.timed else None
        refused = (66, 1) if self.timed else (1,)
        return None if code in refused and text.strip() else f"exit {code}\n{text[-1000:]}"

    def time(self, path, text):
        told = json.loads(text[text.index("{"):])
        ms = told.get("slowest_ns", 0) / 1e6
        self.slowest = max(self.slowest, (ms, os.path.relpath(path, self.args.folder), told.get("slowest_packet", 0)))
        if ms > self.args.packet_ms:
            return f"packet {told['slowest_packet']} took {ms:.1f} ms, more than {self.args.packet_ms}"
        return None

    def play(self, path):
        """None, or why this capture is a failure."""
        with tempfile.TemporaryDirectory() as out:
            where = [] if self.timed else ["-l", out]
            command = self.command + ["-r", self.damaged(path, out)] + where
            try:
                done = subprocess.run(command, timeout=SECONDS_MAX, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                      stderr=subprocess.STDOUT, check=False)
            except subprocess.TimeoutExpired:
                return f"longer than {SECONDS_MAX} s"
            return self.judge(path, done.returncode, done.stdout.decode(errors="replace"))


def arguments():
    words = sys.argv[1:]
    options = []
    if "--" in words:
        at = words.index("--")
        words, options = words[:at], words[at + 1:]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=os.path.abspath)
    parser.add_argument("folder", type=os.path.abspath)
    parser.add_argument("--name", default="captures", help="what the result lines begin with")
    parser.add_argument("--rules", help="a rule file in place of the built-in rules")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--mutate", metavar="SEED", help="damaged copies in place of the captures")
    parser.add_argument("--packet-ms", type=float, metavar="N", help="CPU time that a packet may take at most")
    args = parser.parse_args(words)
    args.options = options or ["-k", "none"]
    return args


def main():
    args = arguments()
    groups = {}
    for path in captures(args.folder):
        groups.setdefault(os.path.relpath(path, args.folder).split(os.sep)[0], []).append(path)
    bad = 0
    with tempfile.NamedTemporaryFile("w", suffix=".rules") as rules, \
            concurrent.futures.ThreadPoolExecutor(args.jobs) as pool, \
            open(os.environ.get("OTASUKE_RESULTS", os.devnull), "a", encoding="utf-8") as results:
        rules.write(RULES)
        rules.flush()
        runner = Runner(args, args.rules or rules.name)
        for group, paths in sorted(groups.items()):
            failures = 0
            for path, why in zip(paths, pool.map(runner.play, paths)):
                if why:
                    failures += 1
                    print(f"FAILED {os.path.relpath(path, args.folder)}: {why}", flush=True)
            print(f"{args.name}: {group}: {len(paths)} captures, {failures} failed", flush=True)
            print(f"{'fail' if failures else 'pass'}\t{args.name}/{group}\ttests/captures.py", file=results, flush=True)
            bad += failures
        if runner.timed:
            print(f"{args.name}: the slowest packet took {runner.slowest[0]:.2f} ms: number {runner.slowest[2]} of {runner.slowest[1]}",
                  flush=True)
    if not groups:
        print(f"no capture below {args.folder}")
        return 1
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
