"""python3 tests/peer_words.py OMAMORI SURICATA FOLDER... [--words PREFIX] [--random SEED] [--rules N] [--sids N,N] [--keep DIR]
[--slice N] [--top N]: every word of the rule language asked of both engines, over all captures below the FOLDERs at once.

SURICATA is a command that runs Suricata 8 (in words: "peer-suricata"). The captures become one, in which each has a VLAN tag of
its own, so that flows do not mix; times stay. Ethernet, and raw IP and the like that get an Ethernet header; others are left out.
The rules are made from the table in tests/words.py, or by dice with --random; each engine plays the capture once for each slice
of them; rules that tell each other of something (bits, thresholds, data sets) are played together. What counts is the pair (capture, sid): printed are the pairs that both have, those that only one has, and those whose
counts differ, by word, then the rules that differ most, each with the captures where it does; then the rules that one takes and the
other does not. --words: only words that begin so; --sids: only these rules, as they are numbered in the whole. --keep: the
merged capture, the rules and what Suricata said stay in a folder, and are taken from there the next time.
"""
import argparse
import collections
import hashlib
import json
import os
import re
import shlex
import struct
import subprocess
import sys
import tempfile

from captures import captures
from peer_events import SETTINGS as SETTINGS_OF_EVENTS
import words

TAGS_MAX = 4094
SNAP_MAX = 65535
ETHERNET, RAW, NULL, LOOP, SLL = {1}, {12, 14, 101, 228, 229}, {0}, {108}, {113}
SETTINGS = """\
%YAML 1.1
---
packet-alert-max: 64
decoder: {teredo: {enabled: yes, ports: 3544}}
outputs:
  - eve-log:
      enabled: yes
      filetype: regular
      filename: eve.json
      pcap-file: false
      types:
        - alert: {metadata: no, tagged-packets: no}
""" + SETTINGS_OF_EVENTS[SETTINGS_OF_EVENTS.index("flow-timeouts:"):]
ALERT = re.compile(r'"event_type":"alert"')
TAG = re.compile(r'"vlan":\[(\d+)')
TUNNEL = re.compile(r'"tunnel":\{"src_ip":"([^"]+)".*?"dest_ip":"([^"]+)"')
SID = re.compile(r'"signature_id":(\d+)')
REFUSED = re.compile(r"\bsid: ?(\d+);")
SECONDS_MAX = 1800


def frames_of_pcap(data):
    order = "<" if data[:4] in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1") else ">"
    nano = data[:4] in (b"\x4d\x3c\xb2\xa1", b"\xa1\xb2\x3c\x4d")
    link, at = struct.unpack(order + "I", data[20:24])[0] & 0xFFFF, 24
    while at + 16 <= len(data):
        seconds, part, kept, whole = struct.unpack(order + "IIII", data[at:at + 16])
        yield link, seconds * 1000000 + (part // 1000 if nano else part), data[at + 16:at + 16 + kept], whole
        at += 16 + kept


def interface(order, body):
    """(link type, ticks per second) of an interface description."""
    ticks, at = 1000000, 8
    while at + 4 <= len(body):
        code, size = struct.unpack(order + "HH", body[at:at + 4])
        if code == 9 and size:
            ticks = 1 << (body[at + 4] & 127) if body[at + 4] & 128 else 10 ** body[at + 4]
        at += 4 + (size + 3 & ~3)
    return struct.unpack(order + "H", body[:2])[0], ticks


def frames_of_pcapng(data):
    order, at, faces, last = "<", 0, [], 0
    while at + 12 <= len(data):
        if data[at:at + 4] == b"\x0a\x0d\x0d\x0a":
            order, faces = "<" if data[at + 8:at + 12] == b"\x4d\x3c\x2b\x1a" else ">", []
        kind, size = struct.unpack(order + "II", data[at:at + 8])
        body = data[at + 8:at + size - 4]
        if size < 12:
            return
        if kind == 1:
            faces.append(interface(order, body))
        elif kind == 6:
            face, high, low, kept, whole = struct.unpack(order + "IIIII", body[:20])
            link, ticks = faces[face]
            last = ((high << 32) + low) * 1000000 // ticks
            yield link, last, body[20:20 + kept], whole
        elif kind == 3 and faces:
            whole, = struct.unpack(order + "I", body[:4])
            yield faces[0][0], last, body[4:4 + whole], whole
        at += size


def ethernet(link, frame):
    """The frame with an Ethernet header, or None."""
    if link in ETHERNET:
        return frame if len(frame) >= 14 else None
    for kinds, skip in ((RAW, 0), (NULL, 4), (LOOP, 4), (SLL, 16)):
        if link in kinds and len(frame) > skip and frame[skip] >> 4 in (4, 6):
            return b"\2\0\0\0\0\1\2\0\0\0\0\2" + (b"\x08\0" if frame[skip] >> 4 == 4 else b"\x86\xdd") + frame[skip:]
    return None


def merged(paths, into):
    """Writes all captures as one; the names of those that are in it, the first of them with tag 1."""
    names, out, known = [], [], set()
    for path in paths:
        with open(path, "rb") as file:
            data = file.read()
        mark = hashlib.sha256(data).digest()
        if mark in known:
            continue  # in tunnels the flows of two copies would mix
        known.add(mark)
        reader = frames_of_pcapng if data[:4] == b"\x0a\x0d\x0d\x0a" else frames_of_pcap
        tag, latest, some = struct.pack(">HH", 0x8100, len(names) + 1), 0, False
        try:
            for link, micros, frame, whole in reader(data):
                full = ethernet(link, frame)
                if full is None or len(full) + 4 > SNAP_MAX:
                    continue
                latest, some = max(latest, micros), True
                more = max(whole - len(frame), 0)
                out.append((latest, micros, full[:12] + tag + full[12:], more))
        except (struct.error, IndexError):
            pass  # a capture that ends in the middle
        if some:
            names.append(path)
        if len(names) == TAGS_MAX:
            break
    out.sort(key=lambda row: row[0])
    with open(into, "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1))
        for _, micros, frame, more in out:
            file.write(struct.pack("<IIII", micros // 1000000 & 0xFFFFFFFF, micros % 1000000, len(frame), len(frame) + more) + frame)
    return names


def place_of(line):
    """The capture's tag, or the two ends of a tunnel: in there Suricata does not know the tag."""
    tunnel, tag = TUNNEL.search(line), TAG.search(line)
    if tunnel:
        return " ".join(sorted(tunnel.groups()))
    return tag[1] if tag else "0"


def alerts(path):
    """{(place, sid): count}"""
    found = collections.Counter()
    with open(path, encoding="utf-8", errors="replace") as file:
        for line in file:
            if ALERT.search(line):
                found[place_of(line), int(SID.search(line)[1])] += 1
    return found


def play(command, values):
    """(alerts, sids that it refused) of one run."""
    with tempfile.TemporaryDirectory() as out:
        words_of_it = [word.format(out=out, **values) for word in command]
        done = subprocess.run(words_of_it, timeout=SECONDS_MAX, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, check=False)
        said = done.stdout.decode(errors="replace")
        log = os.path.join(out, "eve.json")
        if done.returncode or not os.path.exists(log):
            sys.exit(f"{' '.join(words_of_it)}: exit {done.returncode}: {said[-2000:]}")
        return alerts(log), said


def refused_there(said):
    return {int(sid) for line in said.splitlines() if "error parsing signature" in line for sid in REFUSED.findall(line)}


def refused_here(program, values):
    """As `omamori rules check` says."""
    done = subprocess.run([program, "rules", "check", "--json", "-c", values["settings"], "-S", values["rules"]],
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    told = json.loads(done.stdout)
    return {row["sid"]: row["reason"] for row in told["refused"]}


def their_word(command, values, folder):
    """What Suricata says, from the folder when it was asked before."""
    if not folder:
        found, said = play(command, values)
        return found, refused_there(said)
    with open(values["rules"], "rb") as file:
        name = hashlib.sha256(file.read() + SETTINGS.encode() + values["mark"].encode()).hexdigest()[:24]
    kept = os.path.join(folder, name + ".json")
    if not os.path.exists(kept):
        found, said = play(command, values)
        with open(kept + ".new", "w", encoding="utf-8") as file:
            json.dump([[*pair, count] for pair, count in found.items()] + [sorted(refused_there(said))], file)
        os.rename(kept + ".new", kept)
    with open(kept, encoding="utf-8") as file:
        *rows, refused = json.load(file)
    return collections.Counter({(place, sid): count for place, sid, count in rows}), set(refused)


class Tally:
    """What is known of a word."""

    def __init__(self):
        self.both = self.missing = self.more = self.counts = 0

    def note(self, theirs, ours):
        self.both += bool(theirs and ours)
        self.missing += not ours
        self.more += not theirs
        self.counts += bool(theirs and ours and theirs != ours)

    def __str__(self):
        return f"{self.both:7} both, {self.missing:6} missing, {self.more:6} more, {self.counts:6} counts differ"


def place_name(place, names):
    return f"tunnel {place}" if " " in place else names[int(place) - 1] if int(place) else "no tag"


def tell(table, theirs, ours, names, top):
    by_word, by_sid, whole = collections.defaultdict(Tally), collections.defaultdict(list), Tally()
    for pair in sorted(pair for pair in theirs.keys() | ours.keys() if pair[1] in table):
        there, here = theirs[pair], ours[pair]
        by_word[table[pair[1]][0]].note(there, here)
        whole.note(there, here)
        if there != here:
            by_sid[pair[1]].append((place_name(pair[0], names), there, here))
    for word, tally in sorted(by_word.items()):
        if tally.missing or tally.more or tally.counts:
            print(f"{word:32} {tally}")
    # a pair that only one has weighs ten whose counts differ
    for sid, rows in sorted(by_sid.items(), key=lambda row: -sum(1 if t and h else 10 for _, t, h in row[1]))[:top]:
        print(f"\n{table[sid][1]}")
        rows.sort(key=lambda row: (bool(row[1] and row[2]), -abs(row[1] - row[2])))
        for place, there, here in rows[:4]:
            print(f"    {there:6} there, {here:6} here: {place}")
        if len(rows) > 4:
            print(f"    and {len(rows) - 4} captures more")
    print(f"\n{len(table)} rules, {len(names)} captures: {whole}")


def tell_refused(table, there, here, top):
    for what, sids in (("taken here only", there - here.keys()), ("taken there only", here.keys() - there)):
        print(f"{len(sids)} rules {what}")
        for sid in sorted(sids)[:top]:
            print(f"    {table[sid][1]} {here.get(sid, '')}")


def wanted(args):
    found = words.dice_lines(args.random, args.rules) if args.random is not None else words.lines()
    table = words.rules(found)
    sids = {int(sid) for sid in args.sids.split(",")} if args.sids else table.keys()
    return {sid: row for sid, row in table.items() if row[0].startswith(args.words) and sid in sids}


def slices_of(table, size):
    """Rules that tell each other of something in one slice, the others by turns in the rest."""
    together = [sid for sid in sorted(table) if table[sid][0].startswith(words.TOGETHER_MARK)]
    others = [sid for sid in sorted(table) if not table[sid][0].startswith(words.TOGETHER_MARK)]
    count = -(-len(others) // size)
    return [others[at::count] for at in range(count)] + ([together] if together else [])


def merged_once(args, folder):
    """(file, names), made when it is not there."""
    file, index = os.path.join(folder, "merged.pcap"), os.path.join(folder, "merged.json")
    if not os.path.exists(index):
        paths = [path for top in args.folders for path in captures(top) if not path.endswith(".gz")]
        names = merged(paths, file)
        with open(index, "w", encoding="utf-8") as text:
            json.dump(names, text)
    with open(index, encoding="utf-8") as text:
        return file, json.load(text)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=os.path.abspath)
    parser.add_argument("suricata", type=shlex.split)
    parser.add_argument("folders", type=os.path.abspath, nargs="+")
    parser.add_argument("--words", default="")
    parser.add_argument("--sids")
    parser.add_argument("--random", type=int, help="rules by dice, with this seed")
    parser.add_argument("--rules", type=int, default=1000, help="how many of them")
    parser.add_argument("--slice", type=int, default=300, help="rules for each run: no packet may have more than 64 alerts")
    parser.add_argument("--keep", type=os.path.abspath)
    parser.add_argument("--top", type=int, default=20, help="rules shown")
    args = parser.parse_args()
    table = wanted(args)
    theirs, ours, there, here = collections.Counter(), collections.Counter(), set(), {}
    with tempfile.TemporaryDirectory() as scratch:
        folder = args.keep or scratch
        os.makedirs(folder, exist_ok=True)
        pcap, names = merged_once(args, folder)
        values = {"pcap": pcap, "settings": os.path.join(folder, "settings.yaml"), "mark": "\n".join(names)}
        with open(values["settings"], "w", encoding="utf-8") as file:
            file.write(SETTINGS)
        common = ["-r", "{pcap}", "-l", "{out}", "-c", "{settings}", "-S", "{rules}", "-k", "none"]
        for sids in slices_of(table, args.slice):
            values["rules"] = os.path.join(folder, "some.rules")
            with open(values["rules"], "w", encoding="utf-8") as file:
                file.writelines(table[sid][1] + "\n" for sid in sids)
            found, refused = their_word(args.suricata + common + ["--runmode", "single"], values, args.keep)
            theirs += found
            there |= refused
            ours += play([args.program, "replay", "-q"] + common, values)[0]
            here.update(refused_here(args.program, values))
    tell({sid: row for sid, row in table.items() if sid not in there and sid not in here}, theirs, ours, names, args.top)
    tell_refused(table, there, here, args.top)
    return 0


if __name__ == "__main__":
    sys.exit(main())
