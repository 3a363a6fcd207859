"""Scenes of protocols that move files."""
import struct

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
