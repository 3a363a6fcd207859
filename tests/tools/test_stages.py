"""bench/stages deals out what callgrind has counted, and says so when something has no owner. valgrind itself does not run here."""
import contextlib
import importlib.machinery
import importlib.util
import io
import os
import sys
import unittest

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")


def load():
    sys.dont_write_bytecode = True
    loader = importlib.machinery.SourceFileLoader("bench_stages", os.path.join(TOP, "bench", "stages"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("bench_stages", loader))
    loader.exec_module(module)
    return module


stages = load()
MAP = """\
 .text          0x0000000000000100       0x80 libengine.a.p/src_engine_match_scan.c.o
                0x0000000000000100                match_scan
 .text.unlikely
                0x0000000000000180       0x10 libengine.a(src_engine_app_dns_parse.c.o)
 *fill*         0x0000000000000190       0x10
 .text          0x00000000000001a0       0x40 libbase.a(src_base_json.c.o)
 .text          0x00000000000001e0       0x20 libengine.a(src_engine_new_new.c.o)
 .text          0x0000000000000200       0x20 /usr/lib/crt1.o
 .rodata        0x0000000000000300       0x20 libengine.a(src_engine_match_scan.c.o)
"""
KNOWN = {"src_engine_match_scan.c.o": "src/engine/match/scan.c", "src_engine_app_dns_parse.c.o": "src/engine/app/dns/parse.c",
         "src_base_json.c.o": "src/base/json.c", "src_engine_new_new.c.o": "src/engine/new/new.c"}
# match calls the library (100), which calls match back (30); dns and match share what json does, 1 to 3
COUNTED = """\
ob=/x/omamori
fl=???
fn=match_scan
0x100 0 7
cob=/lib/libhs.so
cfn=hs_scan
calls=1 0x5000 0
0x108 0 130
cfn=json_text
calls=3 0x1a0 0
0x110 0 30
fn=on_hit
0x120 0 30
fn=dns_parse
0x180 0 5
cfn=json_text
calls=1 0x1a0 0
0x184 0 10
fn=json_text
0x1a0 0 40
ob=/lib/libhs.so
fn=hs_scan
0x5000 0 60
cfn=inner
calls=9 0x5100 0
0x5008 0 40
cob=/x/omamori
cfn=on_hit
calls=1 0x120 0
0x500a 0 30
fn=inner
0x5100 0 40
cfn=inner
calls=9 0x5100 0
0x5104 0 20
"""


def counts(more="", rooms=("engine", "engine/match", "engine/app/dns")):
    places = stages.Places("/x/omamori", stages.read_map(MAP, KNOWN), set(rooms))
    return stages.read_counts((COUNTED + more).splitlines(keepends=True), places)


def printed(costs):
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        lost = stages.table(costs, 10)
    return lost, out.getvalue(), err.getvalue()


class Stages(unittest.TestCase):
    def test_libraries_and_tools_cost_whoever_calls_them(self):
        self.assertEqual(stages.share_out(counts()), {"engine/match": 7 + 30 + 100 + 30, "engine/app/dns": 5 + 10})

    def test_every_row_has_stage_and_room(self):
        lost, out, err = printed(stages.share_out(counts()))
        self.assertEqual((lost, err), (0, ""))
        rows = [line.split() for line in out.splitlines()[1:]]
        self.assertEqual(rows, [["parse", "engine/app/dns", "1.5", "8.24%"], ["match", "engine/match", "16.7", "91.76%"],
                                ["all", "10", "packets", "18.2", "100.00%"]])

    def test_what_has_no_owner_is_told(self):
        rows = [("a source outside of the rooms", "ob=/x/omamori\nfn=new_do\n0x1e0 0 1\n", "new_do of src/engine/new/new.c"),
                ("code without a source", "ob=/x/omamori\nfn=_start\n0x200 0 1\n", "_start"),
                ("a library that nobody called", "ob=/lib/libz.so\nfn=inflate\n0x9000 0 1\n", "inflate")]
        for name, more, want in rows:
            with self.subTest(name):
                lost, _, err = printed(stages.share_out(counts(more)))
                self.assertEqual(lost, 1)
                self.assertIn(want, err)

    def test_a_room_without_a_stage_is_told(self):
        lost, _, err = printed({"engine/match": 5, "engine/new": 1})
        self.assertEqual((lost, "the room engine/new has no stage" in err), (1, True))

    def test_the_way_of_a_packet_has_a_stage_for_each_room_of_the_engine(self):
        rooms = [room for room in stages.rooms() if room.startswith("engine") and room != "engine/app/talk"]
        self.assertIn("engine/match", rooms)
        self.assertEqual([room for room in rooms if stages.stage_of(room) is None], [])


if __name__ == "__main__":
    unittest.main()
