"""Scenes of protocols that move files."""
import struct

from tests.gen.packet import Wire
from tests.gen.tcp import Conversation
from tests.gen.scenes.cast import EICAR, PC, SERVER, scene


@scene
def ftp(capture):
    """a PC fetches a file in passive mode, and stores one in active mode: the data goes over connections of its own"""
    talk = Conversation(capture, PC, SERVER, 21).open()

    def say(command, *replies):
        talk.send("client", command + b"\r\n")
        for reply in replies:
            talk.send("server", reply + b"\r\n")

    talk.send("server", b"220 files ready\r\n")
    say(b"USER staff", b"331 Password?")
    say(b"PASS secret", b"230 Welcome")
    numbers = ",".join(str(byte) for byte in SERVER.ip4).encode()
    say(b"PASV", b"227 Entering Passive Mode (" + numbers + b",200,10).")
    data = Conversation(capture, PC, SERVER, 200 * 256 + 10).open()
    talk.send("client", b"RETR tool.com\r\n")
    talk.send("server", b"150 Here it comes\r\n")
    data.send("server", EICAR).close()
    talk.send("server", b"226 Done\r\n")
    say(b"PORT " + b",".join(str(byte).encode() for byte in PC.ip4) + b",200,20", b"200 ok")
    talk.send("client", b"STOR notes.txt\r\n")
    talk.send("server", b"150 Give it\r\n")
    data = Conversation(capture, SERVER, PC, 200 * 256 + 20, sport=20).open()
    data.send("server", b"what the firm knows\n").close()
    talk.send("server", b"226 Done\r\n")
    say(b"PORT 203,0,113,9,0,25", b"500 Not there")
    say(b"QUIT", b"221 Bye")
    talk.close()


def smb2(command, number, body, answer=False, tree=5):
    head = b"\xfeSMB" + struct.pack("<HHIHHIIQIIQ", 64, 0, 0, command, 1, int(answer), 0, number, 0, tree, 7) + bytes(16)
    return struct.pack("!I", len(head + body)) + head + body


def smb_write(number, offset, data):
    return smb2(9, number, struct.pack("<HHIQ", 49, 112, len(data), offset) + b"an-open-of-a-file"[:16] + bytes(16) + data)


@scene
def smb(capture):
    """a share is opened, a file written to it in pieces out of order; then a message the wrong way, and one that is too short"""
    share = "\\\\server\\plans".encode("utf-16-le")
    talk = Conversation(capture, PC, SERVER, 445).open()
    talk.send("client", smb2(3, 1, struct.pack("<HHHH", 9, 0, 72, len(share)) + share, tree=0), size=60)
    talk.send("server", smb2(3, 1, struct.pack("<HBB", 16, 1, 0) + bytes(12), answer=True))
    talk.send("client", smb_write(2, 0, b"first ") + smb_write(3, 13, b"third"), size=100)
    talk.send("client", smb_write(4, 6, b"second ") + smb2(6, 5, struct.pack("<HHI", 24, 0, 0) + b"an-open-of-a-file"[:16]))
    talk.send("server", smb2(6, 6, bytes(24)))
    talk.send("client", smb2(3, 7, b"\x09\0", tree=0))
    talk.close()


def smb1(command, number, words=b"", data=b"", answer=False):
    head = b"\xffSMB" + struct.pack("<BIBH12xHHHH", command, 0, 0x98 if answer else 0x18, 0xC801, 1, 7, 1, number)
    body = bytes([len(words) // 2]) + words + struct.pack("<H", len(data)) + data
    return struct.pack("!I", len(head + body)) + head + body


def wide(text):
    return text.encode("utf-16-le") + b"\0\0"


def smb1_setting(number, level, path, data, part=0):
    """TRANS2 SET_PATH_INFO (MS-CIFS section 2.2.6.7): whole, or without its data, or its data alone"""
    parameters = struct.pack("<HI", level, 0) + wide(path)
    count = len(parameters), len(data)
    if part == 2:
        return smb1(0x33, number, struct.pack("<9H", *count, 0, 0, 0, count[1], 53, 0, 0), data)
    here = 0 if part else count[1]
    words = struct.pack("<HH14xHHHHBxH", *count, count[0], 65, here, 65 + count[0], 1, 6)
    return smb1(0x32, number, words, parameters + data[:here])


@scene
def smb_old(capture):
    """SMB 1: paths are asked for, renamed and deleted, in one message and in two; a file is opened the old way and written"""
    talk = Conversation(capture, PC, SERVER, 445).open()

    def both(question, command, number, words=b""):
        talk.send("client", question)
        talk.send("server", smb1(command, number, words, answer=True))

    to = "new.exe".encode("utf-16-le")
    renamed = struct.pack("<III", 0, 0, len(to)) + to
    both(smb1_setting(1, 1004, "\\asked.exe", b"\1"), 0x32, 1)
    both(smb1_setting(2, 1010, "\\old.exe", renamed), 0x32, 2)
    talk.send("client", smb1_setting(3, 1013, "\\gone.exe", b"\1", part=1))
    both(smb1_setting(3, 1013, "\\gone.exe", b"\1", part=2), 0x32, 3)
    both(smb1(7, 4, b"\x16\0", b"\4" + wide("\\from.exe") + b"\4\0" + wide("\\to.exe")), 7, 4)
    both(smb1(0x2D, 5, b"\xff" + bytes(29), b"\0" + wide("\\written.exe")), 0x2D, 5, struct.pack("<BxHH24x", 0xFF, 0, 7))
    both(smb1(0x2F, 6, struct.pack("<BxHH14xHH", 0xFF, 0, 7, 5, 59), b"hello"), 0x2F, 6, struct.pack("<BxHHI2x", 0xFF, 0, 5, 0))
    both(smb1(4, 8, struct.pack("<HI", 7, 0)), 4, 8)
    talk.send("client", smb1(0x70, 0) + smb1(0x71, 0))
    talk.send("server", smb1(0x70, 0, answer=True) + smb1(0x71, 0, answer=True))
    talk.send("client", smb1(0x32, 7, b"\1\0" * 7))
    talk.close()


def smb1_nt_trans(number, function, parameters, data=b"", before=None):
    """NT_TRANS (MS-CIFS section 2.2.4.62) in one message; or its parameters up to `before` here, what is left in a second message"""
    here = parameters[:before]
    words = struct.pack("<3x8IBH", len(parameters), len(data), 0, 0, len(here), 76, len(data), 76 + len(here), 0, function)
    first = smb1(0xA0, number, words, bytes(3) + here + data)
    if before is None:
        return first
    left = len(parameters) - before
    words = struct.pack("<3x8Ix", len(parameters), len(data), left, 72, before, 0, 0, 0)
    return first + smb1(0xA1, number, words, b"\0" + parameters[before:])


def smb1_nt_create(name):
    """Section 2.2.7.1"""
    text = name.encode("utf-16-le")
    return struct.pack("<IIIQ8IB", 0, 0, 0x12019F, 0, 0x80, 7, 2, 0, 4, 0, len(text), 2, 0) + b"\0" + text


def smb1_nt_created(number, file):
    opened = struct.pack("<BxHI53x", 0, file, 2)
    return smb1(0xA0, number, struct.pack("<3x8IB", len(opened), 0, len(opened), 72, 0, 0, 72, 0, 0), b"\0" + opened, answer=True)


@scene
def smb_nt(capture):
    """SMB 1: files are made by NT transactions, in one message and in two, and written; one that nobody has opened is written, too"""
    talk = Conversation(capture, PC, SERVER, 445).open()

    def both(question, answer):
        talk.send("client", question)
        talk.send("server", answer)

    def write(number, file):
        both(smb1(0x2F, number, struct.pack("<BxHHIIHHHHHI", 0xFF, 0, file, 0, 0, 0, 5, 0, 5, 64, 0), b"\0hello"),
             smb1(0x2F, number, struct.pack("<BxHHI2x", 0xFF, 0, 5, 0), answer=True))
        both(smb1(4, number + 1, struct.pack("<HI", file, 0)), smb1(4, number + 1, answer=True))

    both(smb1(0x75, 1, struct.pack("<BxHHH", 0xFF, 0, 0, 1), b"\0" + wide("\\\\server\\plans") + b"?????\0"),
         smb1(0x75, 1, struct.pack("<BxHH", 0xFF, 0, 1), b"A:\0" + wide("NTFS"), answer=True))
    both(smb1_nt_trans(2, 1, smb1_nt_create("\\made.exe"), b"acl!"), smb1_nt_created(2, 7))
    write(3, 7)
    both(smb1_nt_trans(5, 1, smb1_nt_create("\\parts.exe"), b"acl!", before=60), smb1_nt_created(5, 8))
    write(6, 8)
    both(smb1_nt_trans(8, 4, b""), smb1(0xA0, 8, answer=True))
    write(9, 9)
    talk.close()


# --- BitTorrent: who has a file ---------------------------------------------------------------------------------------

def bencode(value):
    if isinstance(value, int):
        return b"i%de" % value
    if isinstance(value, bytes):
        return b"%d:%s" % (len(value), value)
    if isinstance(value, list):
        return b"l" + b"".join(map(bencode, value)) + b"e"
    return b"d" + b"".join(bencode(key) + bencode(value[key]) for key in sorted(value)) + b"e"


@scene
def bittorrent_dht(capture):
    """a PC asks a node of the table who has a file, and says that it has it, too; one answer is cut off; uTP on the same port"""
    wire = Wire()
    here, there, wanted = b"pc of the firm no 11", b"a node of the table!", b"hash of some film..."
    node = there + SERVER.ip4 + b"\x1a\xe1"

    def ask(kind, **arguments):
        question = {name.encode(): value for name, value in {"id": here, **arguments}.items()}
        capture.add(wire.udp(PC, SERVER, 51413, 6881, bencode({b"a": question, b"q": kind, b"t": b"aa", b"v": b"OT01", b"y": b"q"})))

    def answer(body, length=None):
        capture.add(wire.udp(SERVER, PC, 6881, 51413, bencode({b"t": b"aa", **body})[:length]))

    ask(b"find_node", target=here)
    answer({b"r": {b"id": there, b"nodes": node * 2}, b"y": b"r"})
    ask(b"get_peers", info_hash=wanted)
    answer({b"r": {b"id": there, b"token": b"tk", b"values": [SERVER.ip4 + b"\x1a\xe2"]}, b"y": b"r"})
    capture.add(wire.udp(PC, SERVER, 51413, 6881, b"\x41\0\0\7" + bytes(16)))
    ask(b"announce_peer", info_hash=wanted, port=51413, implied_port=1, token=b"tk")
    answer({b"r": {b"id": there}, b"y": b"r"}, length=20)
    answer({b"e": [203, b"Bad token"], b"y": b"e"})
