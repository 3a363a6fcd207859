"""Copies of captures that are damaged by dice, the same each time for one seed and one name: bits are turned round, frames are
cut off, left out, and come twice; half of the copies end in the middle of something. The frames' own headers stay, so that what
is damaged is the traffic and not only the file.
"""
import random
import struct

FLIP_FRAME, CUT_FRAME, DROP_FRAME, DOUBLE_FRAME, CUT_FILE = 0.15, 0.04, 0.01, 0.01, 0.5
FLIPS_MAX = 8


def flip(dice, data):
    for _ in range(dice.randint(1, FLIPS_MAX)):
        data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)


def frame_of(dice, data):
    """What becomes of one frame's bytes."""
    data = bytearray(data)
    if data and dice.random() < FLIP_FRAME:
        flip(dice, data)
    if data and dice.random() < CUT_FRAME:
        del data[dice.randrange(len(data)):]
    return bytes(data)


def copies(dice):
    chance = dice.random()
    return 0 if chance < DROP_FRAME else 2 if chance < DROP_FRAME + DOUBLE_FRAME else 1


def pcap(dice, data, order):
    out = [data[:24]]
    at = 24
    while at + 16 <= len(data):
        seconds, part, kept, whole = struct.unpack(order + "IIII", data[at:at + 16])
        frame = frame_of(dice, data[at + 16:at + 16 + kept])
        out += [struct.pack(order + "IIII", seconds, part, len(frame), whole) + frame] * copies(dice)
        at += 16 + kept
    return b"".join(out)


def enhanced_block(dice, body, order):
    """An enhanced packet block: interface, time, lengths, the frame; its options go."""
    kept, whole = struct.unpack(order + "II", body[12:20])
    frame = frame_of(dice, body[20:20 + kept])
    return body[:12] + struct.pack(order + "II", len(frame), whole) + frame + b"\0" * (-len(frame) % 4)


def pcapng(dice, data, order):
    out = []
    at = 0
    while at + 12 <= len(data):
        kind, length = struct.unpack(order + "II", data[at:at + 8])
        if length < 12 or length % 4:
            break
        body = data[at + 8:at + length - 4]
        times = 1
        if kind == 6 and len(body) >= 20:
            body = enhanced_block(dice, body, order)
            times = copies(dice)
        size = struct.pack(order + "I", len(body) + 12)
        out += [struct.pack(order + "I", kind) + size + body + size] * times
        at += length
    return b"".join(out)


def anything(dice, data):
    """No form that is known: bits anywhere."""
    data = bytearray(data)
    for _ in range(1 + len(data) // 2000 if data else 0):
        flip(dice, data)
    return bytes(data)


def mutate(data, seed):
    """The damaged copy of a capture's bytes; `seed` is any text."""
    dice = random.Random(seed)
    head = data[:4]
    if head in (b"\xa1\xb2\xc3\xd4", b"\xa1\xb2\x3c\x4d"):
        out = pcap(dice, data, ">")
    elif head in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1"):
        out = pcap(dice, data, "<")
    elif head == b"\x0a\x0d\x0d\x0a":
        out = pcapng(dice, data, ">" if data[8:12] == b"\x1a\x2b\x3c\x4d" else "<")
    else:
        out = anything(dice, data)
    if len(out) > 24 and dice.random() < CUT_FILE:
        out = out[:dice.randrange(24, len(out))]
    return out
