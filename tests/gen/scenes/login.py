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
