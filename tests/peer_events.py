"""python3 tests/peer_events.py OMAMORI SURICATA FOLDER [--types dns,tls] [--most N] [--jobs N] [--keep DIR]: the records of omamori replay beside
those of Suricata for every capture below FOLDER, member by member.

SURICATA is a command that runs Suricata 8 (in words: "peer-suricata"). Both get the same settings (every kind of record, no
rules). Records of a capture are paired by event type, addresses, ports, transaction and order. Printed for each event type:
how many records each has, how many are paired, how many of these are equal in every member, and the members that differ most:
missing here, more here, of another type, of another value; with one example each. Members that cannot be equal (flow_id) or
say when are left out. --keep: Suricata's records stay in a folder, and are taken from there the next time.
"""
import argparse
import collections
import concurrent.futures
import hashlib
import json
import os
import shlex
import subprocess
import sys
import tempfile

from captures import captures

SETTINGS = """\
%YAML 1.1
---
outputs:
  - eve-log:
      enabled: yes
      filetype: regular
      filename: eve.json
      pcap-file: false
      community-id: true
      types:
        - anomaly: {enabled: yes, types: {decode: yes, stream: yes, applayer: yes}}
        - http: {extended: yes}
        - dns: {version: 3}
        - tls: {extended: yes}
        - files: {force-magic: no}
        - smtp: {extended: yes}
        - flow
        - ftp
        - ftp_data
        - rdp
        - nfs
        - smb
        - tftp
        - ike
        - dcerpc
        - krb5
        - snmp
        - rfb
        - sip
        - mqtt
        - http2
        - pgsql
        - websocket
        - quic
        - dhcp: {enabled: yes, extended: yes}
        - ssh
        - ldap
        - pop3
        - mdns
        - arp
        - netflow
        - bittorrent-dht
        - dnp3
        - enip
        - modbus
flow-timeouts:
  default: {new: 30, established: 300, closed: 0, bypassed: 100}
  tcp: {new: 60, established: 600, closed: 60, bypassed: 100}
  udp: {new: 30, established: 300, bypassed: 100}
  icmp: {new: 30, established: 300, bypassed: 100}
app-layer:
  protocols:
    http:
      enabled: yes
      libhtp:
        default-config:
          request-body-limit: 100kb
          response-body-limit: 100kb
    dnp3: {enabled: yes, detection-ports: {dp: 20000}}
    enip: {enabled: yes, detection-ports: {dp: 44818, sp: 44818}}
    modbus: {enabled: yes, detection-ports: {dp: 502}}
"""
# when Suricata last looked for flows that are over decides whether one ends by timeout or shutdown
LEFT_OUT = {"flow_id", "parent_id", "timestamp", "pcap_cnt", "tx_guessed", "in_iface", "community_id", "flow.reason"}
SECONDS_MAX = 120


def records(command, path, settings=""):
    """The records of one capture, or a text that says what went wrong. {pcap}, {out} and {settings} in the command are filled in."""
    with tempfile.TemporaryDirectory() as out:
        words = [word.format(pcap=path, out=out, settings=settings) for word in command]
        try:
            done = subprocess.run(words, timeout=SECONDS_MAX, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, check=False)
        except subprocess.TimeoutExpired:
            return f"longer than {SECONDS_MAX} s"
        log = os.path.join(out, "eve.json")
        if done.returncode or not os.path.exists(log):
            return f"exit {done.returncode}: {done.stdout.decode(errors='replace')[-200:]}"
        with open(log, encoding="utf-8", errors="surrogateescape") as lines:
            return [json.loads(line) for line in lines]


def kept(command, path, settings, folder):
    """As records(), from the folder when they were asked for before."""
    name = hashlib.sha256(f"{SETTINGS}\n{path}".encode()).hexdigest()
    file = os.path.join(folder, name + ".json")
    if os.path.exists(file):
        with open(file, encoding="utf-8") as text:
            return json.load(text)
    told = records(command, path, settings)
    with open(file + ".new", "w", encoding="utf-8") as text:
        json.dump(told, text)
    os.rename(file + ".new", file)
    return told


def flat(value, path, into):
    """{"dns.answers[].ttl": [values]}: members by their path, those of lists together."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if (f"{path}.{name}" if path else name) not in LEFT_OUT:
                flat(inner, f"{path}.{name}" if path else name, into)
    elif isinstance(value, list) and any(isinstance(inner, (dict, list)) for inner in value):
        for inner in value:
            flat(inner, path + "[]", into)
    else:
        into.setdefault(path, []).append(value)
    return into


def key_of(event):
    kind = event["event_type"]
    ends = (event.get("src_ip"), event.get("src_port"), event.get("dest_ip"), event.get("dest_port"), event.get("proto"))
    if kind == "anomaly":
        return kind, ends, event["anomaly"].get("event")
    if kind == "fileinfo":
        return kind, ends, event["fileinfo"].get("filename")
    return kind, ends, event.get("tx_id")


def kind_of(values):
    return sorted({type(value).__name__ for value in values})


class Tally:
    """What is known of one event type."""

    def __init__(self):
        self.theirs = self.ours = self.paired = self.equal = 0
        self.differences = collections.Counter()
        self.examples = {}

    def note(self, path, what, capture, theirs, ours):
        self.differences[path, what] += 1
        self.examples.setdefault((path, what), f"{capture}: {json.dumps(theirs)[:70]} here {json.dumps(ours)[:70]}")

    def pair(self, capture, theirs, ours):
        self.paired += 1
        left, right = flat(theirs, "", {}), flat(ours, "", {})
        right.pop("otasuke", None)
        same = True
        for path in sorted(left.keys() | right.keys()):
            if left.get(path) == right.get(path):
                continue
            same = False
            if path not in right:
                what = "missing"
            elif path not in left:
                what = "more"
            elif kind_of(left[path]) != kind_of(right[path]):
                what = "type"
            else:
                what = "value"
            self.note(path, what, capture, left.get(path), right.get(path))
        self.equal += same


def compare(tallies, capture, theirs, ours):
    waiting = collections.defaultdict(list)
    for event in ours:
        tallies[event["event_type"]].ours += 1
        waiting[key_of(event)].append(event)
    for event in theirs:
        tally = tallies[event["event_type"]]
        tally.theirs += 1
        same = waiting.get(key_of(event))
        if same:
            tally.pair(capture, event, same.pop(0))
        else:
            tally.note("(record)", "missing", capture, key_of(event)[1:], None)
    for key, left in waiting.items():
        for event in left:
            tallies[key[0]].note("(record)", "more", capture, None, key_of(event)[1:])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=os.path.abspath)
    parser.add_argument("suricata", type=shlex.split)
    parser.add_argument("folder", type=os.path.abspath)
    parser.add_argument("--types", help="only these event types")
    parser.add_argument("--most", type=int, default=12, help="differences shown of each type")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--keep", type=os.path.abspath, help="a folder for Suricata's records")
    args = parser.parse_args()
    tallies = collections.defaultdict(Tally)
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as settings, tempfile.NamedTemporaryFile(suffix=".rules") as rules, \
            concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        settings.write(SETTINGS)
        settings.flush()
        common = ["-r", "{pcap}", "-l", "{out}", "-c", "{settings}", "-S", rules.name, "-k", "none"]
        peer, own = args.suricata + common + ["--runmode", "single"], [args.program, "replay", "-q"] + common
        paths = list(captures(args.folder))
        if args.keep:
            os.makedirs(args.keep, exist_ok=True)
            there = pool.map(lambda path: kept(peer, path, settings.name, args.keep), paths)
        else:
            there = pool.map(lambda path: records(peer, path, settings.name), paths)
        here = pool.map(lambda path: records(own, path, settings.name), paths)
        for path, theirs, ours in zip(paths, there, here):
            name = os.path.relpath(path, args.folder)
            if isinstance(theirs, str) or isinstance(ours, str):
                print(f"{name}: not compared: {theirs if isinstance(theirs, str) else 'there well'}; "
                      f"{ours if isinstance(ours, str) else 'here well'}")
                continue
            compare(tallies, name, theirs, ours)
    for kind, tally in sorted(tallies.items()):
        if kind == "stats" or (args.types and kind not in args.types.split(",")):
            continue
        print(f"{kind}: {tally.theirs} records there, {tally.ours} here, {tally.paired} paired, {tally.equal} equal")
        for (path, what), count in tally.differences.most_common(args.most):
            print(f"    {count:6} {path} {what}: {tally.examples[path, what]}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
