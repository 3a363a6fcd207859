"""Scenes of protocols that people log in with."""
import struct

from tests.gen.tcp import Conversation
from tests.gen.scenes.cast import PC, SERVER, scene


def ssh_packet(kind, body):
    return struct.pack("!IBB", len(body) + 6, 4, kind) + body + bytes(4)


def kexinit(*lists):
    return ssh_packet(20, bytes(16) + b"".join(struct.pack("!I", len(names)) + names for names in lists) + bytes(5))


@scene
def ssh(capture):
    """a PC logs in by SSH on a port of its own: banners, lists of algorithms, then what nobody can read"""
    both = (b"curve25519-sha256", b"ssh-ed25519", b"aes256-ctr", b"aes128-ctr", b"hmac-sha2-512", b"hmac-sha2-256", b"none", b"zlib", b"", b"")
    talk = Conversation(capture, PC, SERVER, 2222).open()
    talk.send("server", b"SSH-2.0-Keeper_1.2 gate\r\n")
    talk.send("client", b"SSH-2.0-Knocker_0.9\r\n" + kexinit(*both))
    talk.send("server", kexinit(*both) + ssh_packet(31, bytes(100)) + ssh_packet(21, b""))
    talk.send("client", ssh_packet(21, b"") + bytes(range(256)))
    talk.send("server", bytes(range(256)))
    talk.close()


@scene
def ssh_old(capture):
    """a PC logs in by version 1 of SSH: its keys are exchanged in packets of another kind, in the clear"""
    talk = Conversation(capture, PC, SERVER, 22).open()
    talk.send("server", b"SSH-1.5-Keeper_1.2\n")
    talk.send("client", b"SSH-1.5-Knocker_0.9\n")
    talk.send("server", bytes(11) + b"\x02server key")
    talk.send("client", bytes(11) + b"\x03session key /bin/sh")
    talk.close()


@scene
def pop3(capture):
    """a PC logs in to its mailbox with a wrong and a right password, lists it, fetches a mail; another asks for TLS"""
    talk = Conversation(capture, PC, SERVER, 110).open()
    talk.send("server", b"+OK mail ready\r\n")
    for command, reply in ((b"USER staff", b"+OK\r\n"), (b"PASS wrong", b"-ERR no\r\n"), (b"PASS right", b"+OK\r\n"),
                           (b"LIST", b"+OK 1 mail\r\n1 48\r\n.\r\n"),
                           (b"RETR 1", b"+OK\r\nSubject: order\r\n\r\n+OK is no reply here\r\n.\r\n"),
                           (b"NONSENSE\xff", b"what?\r\n"), (b"QUIT", b"+OK bye\r\n")):
        talk.send("client", command + b"\r\n", size=5)
        talk.send("server", reply, size=7)
    talk.close()
    talk = Conversation(capture, PC, SERVER, 110, sport=50110).open()
    talk.send("server", b"+OK mail ready\r\n")
    talk.send("client", b"STLS\r\n")
    talk.send("server", b"+OK begin\r\n")
    talk.send("client", b"\x16\x03\x01\x00\x04\x01\x00\x00\x00")
    talk.close()


@scene
def protocols_at_odds(capture):
    """connections whose two sides do not agree on a protocol, or on who speaks first; one that nobody answers"""
    request, banner = b"GET / HTTP/1.1\r\nHost: shop.example\r\n\r\n", b"SSH-2.0-Keeper_1.2\r\n"
    nothing = b"what is said here is of no protocol that anybody knows\r\n" * 8
    hello = bytes.fromhex("160303002c020000280303") + b"Z" * 32 + bytes.fromhex("00002f00")
    starttls = (("server", b"220 mail ESMTP\r\n"), ("client", b"EHLO pc\r\n"), ("server", b"250-mail\r\n250 STARTTLS\r\n"),
                ("client", b"STARTTLS\r\n"), ("server", b"220 begin\r\n"))
    for port, turns in ((80, (("client", request), ("server", banner))), (8000, (("client", request), ("server", nothing))),
                        (443, (("server", hello), ("client", b"what?\r\n"))), (25, starttls + (("client", request),)),
                        (7777, (("client", b"z" * 1400),) * 72), (80, (("client", request), ("server", b"HTTP/1.1 204 No\r\n\r\n")))):
        talk = Conversation(capture, PC, SERVER, port).open()
        for who, data in turns:
            talk.send(who, data)
        talk.close()
