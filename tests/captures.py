"""python3 tests/captures.py OMAMORI FOLDER: replays every capture below FOLDER; none may crash it or make a sanitizer speak.

Exit 0 of the program is good, and so is 1 with a message: a file that is no capture. Anything else fails. Rules that look
everywhere are loaded, so that parsers and matching have to work. One result line for each folder directly below FOLDER.
"""
import concurrent.futures
import os
import subprocess
import sys
import tempfile

RULES = """\
alert ip any any -> any any (msg:"any"; content:"|00 00|"; threshold:type limit,track by_src,count 1,seconds 60; sid:1000001;)
alert http any any -> any any (msg:"uri"; http.uri; content:"/"; sid:1000002;)
alert http any any -> any any (msg:"body"; file.data; content:"a"; sid:1000003;)
alert dns any any -> any any (msg:"name"; dns.query; content:"."; sid:1000004;)
alert tls any any -> any any (msg:"sni"; tls.sni; pcre:"/[a-z]/"; sid:1000005;)
alert smtp any any -> any any (msg:"mail"; content:"MAIL"; sid:1000006;)
"""
ENDINGS = (".pcap", ".pcapng", ".cap", ".trace", ".pcap.gz")
SECONDS_MAX = 300


def captures(top):
    for where, folders, files in os.walk(top):
        folders.sort()
        for name in sorted(files):
            if name.endswith(ENDINGS):
                yield os.path.join(where, name)


def play(program, rules, path):
    """None, or why this capture is a failure."""
    with tempfile.TemporaryDirectory() as out:
        try:
            done = subprocess.run([program, "replay", "-r", path, "-S", rules, "-l", out, "-k", "none"], timeout=SECONDS_MAX,
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        except subprocess.TimeoutExpired:
            return f"longer than {SECONDS_MAX} s"
        text = done.stdout.decode(errors="replace")
        if "Sanitizer" in text or "runtime error" in text:
            return text[-3000:]
        if done.returncode == 0 or (done.returncode == 1 and text.strip()):
            return None
        return f"exit {done.returncode}\n{text[-1000:]}"


def main():
    program, top = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
    groups = {}
    for path in captures(top):
        groups.setdefault(os.path.relpath(path, top).split(os.sep)[0], []).append(path)
    bad = 0
    with tempfile.NamedTemporaryFile("w", suffix=".rules") as rules, \
            concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool, \
            open(os.environ.get("OTASUKE_RESULTS", os.devnull), "a", encoding="utf-8") as results:
        rules.write(RULES)
        rules.flush()
        for group, paths in sorted(groups.items()):
            failures = 0
            for path, why in zip(paths, pool.map(lambda p: play(program, rules.name, p), paths)):
                if why:
                    failures += 1
                    print(f"FAILED {os.path.relpath(path, top)}: {why}", flush=True)
            print(f"{group}: {len(paths)} captures, {failures} failed", flush=True)
            print(f"{'fail' if failures else 'pass'}\tcaptures/{group}\ttests/captures.py", file=results, flush=True)
            bad += failures
    if not groups:
        print(f"no capture below {top}")
        return 1
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
