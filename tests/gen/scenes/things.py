"""Scenes of machines that speak without people: MQTT."""
import struct

from tests.gen.scenes.cast import PC, SERVER, scene
from tests.gen.tcp import Conversation


def text(value):
    return struct.pack("!H", len(value)) + value


def mqtt_packet(first, body):
    return bytes([first, len(body)]) + body


@scene
def mqtt(capture):
    """a device logs in at a broker on an odd port, publishes, subscribes and leaves"""
    talk = Conversation(capture, PC, SERVER, 8883).open()
    talk.send("client", mqtt_packet(0x10, text(b"MQTT") + b"\4\xc2\0\x3c" + text(b"pump-7") + text(b"pump") + text(b"1234")))
    talk.send("server", mqtt_packet(0x20, b"\0\0"))
    talk.send("client", mqtt_packet(0x32, text(b"plant/pump") + b"\0\1" + b"off"))
    talk.send("server", mqtt_packet(0x40, b"\0\1"))
    talk.send("client", mqtt_packet(0x82, b"\0\2" + text(b"plant/#") + b"\0"))
    talk.send("server", mqtt_packet(0x90, b"\0\2\x80"))
    talk.send("client", mqtt_packet(0xE0, b""))
    talk.close()
