"""Scenes of NFS, over TCP and UDP."""
import struct

from tests.gen.packet import Wire
from tests.gen.scenes.cast import EICAR, PC, SERVER, scene
from tests.gen.tcp import Conversation

NFS = 100003
ROOT, OTHER, FILE = b"the-root-of-it-all--------------", b"another-folder------------------", b"a-file--------------------------"
ATTRIBUTES = struct.pack("!III", 1, 0o100644, 1) + bytes(72)  # RFC 1813, 2.6: fattr3


def words(*values):
    return struct.pack(f"!{len(values)}I", *values)


def opaque(data):
    data = data.encode() if isinstance(data, str) else data
    return words(len(data)) + data + b"\0" * (-len(data) % 4)


def unix(machine="regi-3", uid=1000, gid=100):
    return words(1) + opaque(words(7) + opaque(machine) + words(uid, gid, 0))


def call(xid, procedure, body=b"", version=3, auth=None):
    return words(xid, 0, 2, NFS, version, procedure) + (unix() if auth is None else auth) + words(0, 0) + body


def reply(xid, body=b"", accept=0):
    return words(xid, 1, 0, 0, 0, accept) + body


def record(message, *sizes):
    """A record, in fragments of these sizes, as far as it is longer, and a last one."""
    out = b""
    for size in (size for size in sizes if size < len(message)):
        out, message = out + words(size) + message[:size], message[size:]
    return out + words(0x80000000 | len(message)) + message


def read(handle, offset, count):
    return opaque(handle) + struct.pack("!QI", offset, count)


def read_ok(data, end):
    return words(0, 1) + ATTRIBUTES + words(len(data), end) + opaque(data)


def write(handle, offset, data, stable=2):
    return opaque(handle) + struct.pack("!QII", offset, len(data), stable) + opaque(data)


def write_ok(data, stable=2):
    return words(0, 0, 0, len(data), stable) + bytes(8)


def found(handle):
    return words(0) + opaque(handle) + words(1) + ATTRIBUTES + words(0)


def created(handle):
    return words(0, 1) + opaque(handle) + words(1) + ATTRIBUTES + words(0, 0)


class OverTcp:
    def __init__(self, capture, port=2049, fragments=()):
        self.talk, self.fragments, self.xid = Conversation(capture, PC, SERVER, port).open(), fragments, 0x1000

    def ask(self, procedure, body=b"", version=3, auth=None):
        self.xid += 1
        self.talk.send("client", record(call(self.xid, procedure, body, version, auth), *self.fragments))
        return self.xid

    def answer(self, body=b"", xid=None, accept=0):
        self.talk.send("server", record(reply(xid or self.xid, body, accept), *self.fragments))

    def both(self, procedure, body, answer, version=3):
        self.ask(procedure, body, version)
        self.answer(answer)


class OverUdp(OverTcp):
    def __init__(self, capture, port=2049):
        self.capture, self.wire, self.port, self.xid = capture, Wire(), port, 0x2000

    def ask(self, procedure, body=b"", version=3, auth=None):
        self.xid += 1
        self.capture.add(self.wire.udp(PC, SERVER, 1000, self.port, call(self.xid, procedure, body, version, auth)))
        return self.xid

    def answer(self, body=b"", xid=None, accept=0):
        self.capture.add(self.wire.udp(SERVER, PC, self.port, 1000, reply(xid or self.xid, body, accept)))


def compound(*operations):
    """Version 4: no tag, minor version 0."""
    return opaque(b"") + words(0, len(operations)) + b"".join(operations)


def results(*operations, status=0):
    return words(status) + opaque(b"") + words(len(operations)) + b"".join(operations)


def put_handle(handle):
    return words(22) + opaque(handle)


def done(operation, more=b""):
    return words(operation, 0) + more


@scene
def nfs(capture):
    """version 3 on an odd port: a program is read, its second half answered first; a note is written and made lasting; one
    in vain; records in fragments, a call of another program, and a call that is cut"""
    share = OverTcp(capture, 3049)
    share.both(0, b"", b"")
    share.both(3, opaque(ROOT) + opaque("tool.com"), found(FILE))
    first, second = share.ask(6, read(FILE, 0, 40)), share.ask(6, read(FILE, 40, 40))
    share.answer(read_ok(EICAR[40:], 1), second)
    share.answer(read_ok(EICAR[:40], 0), first)
    share.both(8, opaque(ROOT) + opaque("note.txt") + words(0) + bytes(24), created(OTHER))
    share.both(7, write(OTHER, 0, b"what the firm ", 0), write_ok(b"what the firm ", 0))
    share.both(7, write(OTHER, 14, b"knows\n", 0), write_ok(b"knows\n", 0))
    share.both(21, opaque(OTHER) + words(0, 0, 0), words(0, 0, 0, 0, 0))
    share.both(1, opaque(OTHER), words(0) + ATTRIBUTES)
    share.fragments = (20, 8)
    share.both(14, opaque(ROOT) + opaque("note.txt") + opaque(ROOT) + opaque("old.txt"), words(13, 0, 0))
    share.fragments = ()
    share.talk.send("client", record(words(90, 0, 2, 100227, 3, 1) + unix() + words(0, 0) + opaque(ROOT)))
    share.answer(words(0), xid=90)
    share.talk.send("client", record(call(91, 12, opaque(ROOT) + words(9999))))
    share.talk.close()


@scene
def nfs_old(capture):
    """versions 2 and 3 over UDP: a file is read in pieces, a question is asked twice, one is refused, one stays without answer"""
    share = OverUdp(capture)
    sized = bytes(20) + words(12) + bytes(44)
    share.both(6, FILE[:32] + words(0, 8, 0), words(0) + sized + opaque(b"old news"), version=2)
    share.both(6, FILE[:32] + words(8, 8, 0), words(0) + sized + opaque(b"...\n"), version=2)
    share.both(10, ROOT[:32] + opaque("news"), words(13), version=2)
    again = share.ask(13, opaque(ROOT) + opaque("empty"))
    share.xid = again - 1
    share.both(13, opaque(ROOT) + opaque("empty"), words(66, 0))
    refused = share.ask(4, opaque(ROOT) + words(1))
    capture.add(share.wire.udp(SERVER, PC, 2049, 1000, words(refused, 1, 1, 1, 5)))
    share.ask(3, opaque(ROOT) + opaque("slow"))


@scene
def nfs4(capture):
    """version 4: a name leads to a handle, what is behind it is read, another is written and one removed"""
    share = OverTcp(capture)

    def both(ask, answer, status=0):
        share.both(1, compound(*ask), results(*answer, status=status), version=4)

    share.both(0, b"", b"", version=4)
    both([put_handle(ROOT), words(15) + opaque("menu.txt"), words(10)], [done(22), done(15), done(10, opaque(FILE))])
    both([put_handle(FILE), words(25) + bytes(16) + struct.pack("!QI", 0, 100)],
         [done(22), done(25, words(1) + opaque(b"miso, tofu, rice\n"))])
    both([put_handle(OTHER), words(38) + bytes(16) + struct.pack("!QI", 0, 2) + opaque(b"more rice\n")],
         [done(22), done(38, words(10, 2) + bytes(8))])
    both([put_handle(ROOT), words(28) + opaque("menu.txt")], [done(22), words(28, 13)], status=13)
    share.talk.close()
