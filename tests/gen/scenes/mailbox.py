"""Scenes of mailboxes: what is fetched from them and put into them."""
import base64

from tests.gen.tcp import Conversation
from tests.gen.scenes.cast import PC, SERVER, scene

BILL = (b"From: Books <books@shop.example>\r\nTo: staff@office.example\r\nSubject: bill 7\r\nMIME-Version: 1.0\r\n"
        b"Content-Type: multipart/mixed; boundary=seam\r\n\r\n--seam\r\n\r\nsee http://shop.example/bill\r\n.\r\n--seam\r\n"
        b"Content-Type: application/octet-stream\r\nContent-Disposition: attachment; filename=\"bill.exe\"\r\n"
        b"Content-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(b"MZ this is no program" * 9).replace(b"\n", b"\r\n") +
        b"--seam--\r\n")
NOTE = (b"From: boss@office.example\r\nTo: staff@office.example\r\nSubject: a note\r\n"
        b"Content-Disposition: attachment; filename=note.txt\r\n\r\n.dots\r\nand more\r\n")


def stuffed(mail):
    return mail.replace(b"\r\n.", b"\r\n..") + b".\r\n"


@scene
def pop3_mails(capture):
    """a PC fetches a mail with a file and a dot alone in a line, the beginning of another, and one that is not there"""
    talk = Conversation(capture, PC, SERVER, 110).open()
    talk.send("server", b"+OK mail ready\r\n")
    for command, reply in ((b"RETR 1", b"+OK\r\n" + stuffed(BILL)), (b"TOP 2 1", b"+OK\r\n" + stuffed(NOTE[:-10])),
                           (b"RETR 3", b"-ERR none\r\n"), (b"QUIT", b"+OK bye\r\n")):
        talk.send("client", command + b"\r\n")
        talk.send("server", reply, size=61)
    talk.close()
