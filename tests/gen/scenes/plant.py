"""Scenes of plants: DNP3, EtherNet/IP, Modbus."""
import struct

from tests.gen.scenes.cast import PC, SERVER, scene
from tests.gen.tcp import Conversation


def dnp3_checksum(data):
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ 0xA6BC if crc & 1 else crc >> 1
    return struct.pack("<H", ~crc & 0xFFFF)


def dnp3_frame(transport, data, control=0xC4, source=1, destination=10):
    user = bytes([transport]) + data
    head = b"\x05\x64" + struct.pack("<BBHH", len(user) + 5, control, destination, source)
    blocks = [user[at:at + 16] for at in range(0, len(user), 16)]
    return head + dnp3_checksum(head) + b"".join(block + dnp3_checksum(block) for block in blocks)


def dnp3_answer(data):
    return dnp3_frame(0xC0, data, 0x44, 10, 1)


@scene
def dnp3(capture):
    """a master reads a station on an odd port, switches a relay in two frames, restarts it; one frame is damaged"""
    talk = Conversation(capture, PC, SERVER, 2404).open()
    talk.send("client", dnp3_frame(0xC0, b"\xc1\x01\x3c\x02\x06"))
    talk.send("server", dnp3_answer(b"\xc1\x81\x90\x00\x1e\x05\x17\x01\x07\x01\x00\x00\xc0\x3f"))
    relay = b"\xc2\x05\x0c\x01\x17\x01\x03\x41\x01\x64\x00\x00\x00\x64\x00\x00\x00\x00"
    talk.send("client", dnp3_frame(0x41, relay[:7]))
    talk.send("client", dnp3_frame(0x82, relay[7:]))
    talk.send("server", dnp3_answer(b"\xc2\x81\x00\x00"))
    damaged = bytearray(dnp3_frame(0xC3, b"\xc3\x0d"))
    damaged[-1] ^= 1
    talk.send("client", bytes(damaged))
    talk.send("client", dnp3_frame(0xC4, b"\xc4\x0d"))
    talk.send("client", dnp3_frame(0xC5, b"\xc5\x02\x6e\x03\x00\x00\x00abc"))
    talk.close()


def enip_message(command, data=b"", session=1, status=0):
    return struct.pack("<HHII8xI", command, len(data), session, status, 0) + data


def enip_items(*items):
    return struct.pack("<H", len(items)) + b"".join(struct.pack("<HH", kind, len(data)) + data for kind, data in items)


def enip_service(data):
    return enip_message(0x6F, struct.pack("<IH", 0, 0) + enip_items((0, b""), (0xB2, data)))


def enip_identity(name):
    place = struct.pack("!HHI8x", 2, 44818, 0x0A00000A)
    return enip_items((0x0C, b"\1\0" + place + struct.pack("<HHHBBHI", 1, 14, 55, 20, 11, 0x30, 77) + bytes([len(name)]) + name + b"\3"))


@scene
def enip(capture):
    """a controller on an odd port tells who it is, opens a session, is read and stopped; one request is cut off"""
    talk = Conversation(capture, PC, SERVER, 2222).open()
    talk.send("client", enip_message(0x63, session=0))
    talk.send("server", enip_message(0x63, enip_identity(b"1756-L55"), session=0))
    talk.send("client", enip_message(0x65, b"\1\0\0\0", session=0))
    talk.send("server", enip_message(0x65, b"\1\0\0\0"))
    talk.send("client", enip_service(b"\x0e\x03\x20\x01\x24\x01\x30\x07"))
    talk.send("server", enip_service(b"\x8e\0\x05\x01\x04\x03"))
    talk.send("client", enip_service(b"\x07\x02\x20\x8e\x24\x01"))
    talk.send("server", enip_service(b"\x87\0\0\0"))
    talk.send("client", enip_service(b"\x01\x09\x20\x01"))
    talk.send("client", enip_message(0x66))
    talk.close()


def modbus_message(number, pdu, unit=10, length=None):
    return struct.pack("!HHHB", number, 0, len(pdu) + 1 if length is None else length, unit) + pdu


@scene
def modbus(capture):
    """a controller is read, written, asked for an unknown address and restarted; one answer is wrong, one nobody asked for, one length is
    impossible"""
    talk = Conversation(capture, PC, SERVER, 502).open()
    talk.send("client", modbus_message(1, b"\1\0\4\0\x09") + modbus_message(2, b"\x10\0\4\0\2\4\0\x0a\1\2"))
    talk.send("server", modbus_message(2, b"\x10\0\4\0\2") + modbus_message(1, b"\1\2\xff\1"))
    talk.send("client", modbus_message(3, b"\3\x27\x0f\0\2"))
    talk.send("server", modbus_message(3, b"\x83\2"))
    talk.send("client", modbus_message(4, b"\x08\0\1\xff\0", unit=3))
    talk.send("server", modbus_message(4, b"\x08\0\1\xff\0", unit=3))
    talk.send("client", modbus_message(5, b"\5\0\1\xff\0"))
    talk.send("server", modbus_message(5, b"\5\0\2\xff\0"))
    talk.send("server", modbus_message(9, b"\3\2\0\0"))
    talk.send("client", modbus_message(6, b"\3", length=4000))
    talk.send("client", modbus_message(7, b"\x0f\0\x0d\0\5\1\x15"))
    talk.send("server", modbus_message(7, b"\x0f\0\x0d\0\5"))
    talk.close()
