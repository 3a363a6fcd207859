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


def literal(mail, mark=b""):
    return b"{%d%s}\r\n" % (len(mail), mark) + mail


@scene
def imap_mails(capture):
    """a PC logs in to its mailbox, fetches a mail with a file and another in pieces, and puts one in; another asks for TLS"""
    talk = Conversation(capture, PC, SERVER, 143).open()
    talk.send("server", b"* OK IMAP4rev1 mail ready\r\n")
    for command, reply in ((b"a1 LOGIN staff " + literal(b"secret", b"+"), b"a1 OK in\r\n"),
                           (b"a2 SELECT box", b"* 2 EXISTS\r\na2 OK\r\n"),
                           (b"a3 UID FETCH 7 (FLAGS BODY[])",
                            b"* 1 FETCH (UID 7 FLAGS (\\Seen) BODY[] " + literal(BILL) + b")\r\na3 OK\r\n"),
                           (b"a4 FETCH 2 BODY[]<0.137>", b"* 2 FETCH (BODY[]<0> " + literal(NOTE[:137]) + b")\r\na4 OK\r\n"),
                           (b"a5 FETCH 2 BODY[]<137.99>", b"* 2 FETCH (BODY[]<137> " + literal(NOTE[137:]) + b")\r\na5 OK\r\n"),
                           (b"a6 APPEND sent (\\Seen) " + literal(NOTE, b"+"), b"a6 OK\r\n"),
                           (b"a7 LOGOUT", b"* BYE\r\na7 OK\r\n")):
        talk.send("client", command + b"\r\n", size=61)
        talk.send("server", reply, size=61)
    talk.close()
    talk = Conversation(capture, PC, SERVER, 143, sport=50143).open()
    talk.send("server", b"* OK IMAP4rev1 mail ready\r\n")
    talk.send("client", b"a1 STARTTLS\r\n")
    talk.send("server", b"a1 OK begin\r\n")
    talk.send("client", b"\x16\x03\x01\x00\x04\x01\x00\x00\x00")
    talk.close()
