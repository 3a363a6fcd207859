"""python3 tests/peer_alerts.py OMAMORI CAPTURES PEERS.json [--gate] [--jobs N] [--json FILE]: the alerts of omamori replay beside
those that another engine reported for the same captures and rules.

PEERS.json holds {"engine": text, "rules": file beside it, "captures": {capture: {sid: count}}}, the captures' names relative to
the folder CAPTURES. What counts is the pair (capture, sid). Printed: pairs found, pairs that the other does not have, distinct
sids found, and pairs whose counts are equal; then each difference. --gate: exit 1 unless 99 % of the pairs are found, at most 1 %
more are told, 98 % of the sids are found and 95 % of the counts are equal.
"""
import argparse
import collections
import concurrent.futures
import json
import os
import sys

from peer_events import records

GATES = {"pairs found": 99.0, "sids found": 98.0, "counts equal": 95.0}
EXTRA_MAX = 1.0


def alerts_of(command, path):
    """{sid: count} of one capture, or a text that says what went wrong."""
    told = records(command, path)
    if isinstance(told, str):
        return told
    return collections.Counter(str(event["alert"]["signature_id"]) for event in told if event["event_type"] == "alert")


def percent(part, whole):
    return 100.0 * part / whole if whole else 100.0


def compare(theirs, ours):
    """The figures, and a line for each difference."""
    wanted = {(capture, sid): count for capture, sids in theirs.items() for sid, count in sids.items()}
    got = {(capture, sid): count for capture, sids in ours.items() for sid, count in sids.items()}
    found = wanted.keys() & got.keys()
    sids = {sid for _, sid in wanted}
    lines = []
    for pair in sorted(wanted.keys() | got.keys()):
        if wanted.get(pair, 0) != got.get(pair, 0):
            lines.append(f"{pair[0]}: sid {pair[1]}: {got.get(pair, 0)} times, there {wanted.get(pair, 0)} times")
    figures = {
        "pairs": len(wanted),
        "pairs found": percent(len(found), len(wanted)),
        "pairs extra": percent(len(got.keys() - wanted.keys()), len(wanted)),
        "sids found": percent(len(sids & {sid for _, sid in got}), len(sids)),
        "counts equal": percent(sum(wanted[p] == got[p] for p in found), len(wanted)),
    }
    return figures, lines


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=os.path.abspath)
    parser.add_argument("captures", type=os.path.abspath)
    parser.add_argument("peers", type=os.path.abspath)
    parser.add_argument("--gate", action="store_true", help="fail below the limits above")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--json", help="writes {capture: {sid: count}} of this engine here")
    args = parser.parse_args()
    with open(args.peers, encoding="utf-8") as file:
        peers = json.load(file)
    rules = os.path.join(os.path.dirname(args.peers), peers["rules"])
    command = [args.program, "replay", "-q", "-S", rules, "-k", "none", "-r", "{pcap}", "-l", "{out}"]
    names = sorted(peers["captures"])
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        told = list(pool.map(lambda name: alerts_of(command, os.path.join(args.captures, name)), names))
    ours, troubles = {}, []
    for name, result in zip(names, told):
        if isinstance(result, str):
            troubles.append(f"{name}: {result}")
        else:
            ours[name] = dict(result)
    figures, lines = compare(peers["captures"], ours)
    print("\n".join(troubles + lines))
    print(f"{len(names)} captures beside {peers['engine']}, {figures['pairs']} pairs: {figures['pairs found']:.1f} % found, "
          f"{figures['pairs extra']:.1f} % more, {figures['sids found']:.1f} % of the sids, "
          f"{figures['counts equal']:.1f} % of the counts equal")
    if args.json:
        with open(args.json, "w", encoding="utf-8") as file:
            json.dump(ours, file, indent=1, sort_keys=True)
    held = all(figures[name] >= gate for name, gate in GATES.items()) and figures["pairs extra"] <= EXTRA_MAX
    return 1 if troubles or (args.gate and not held) else 0


if __name__ == "__main__":
    sys.exit(main())
