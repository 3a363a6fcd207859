"""Frames in order of time, and the pcap file that holds them."""
import struct

EPOCH_US = 1767225600_000000  # 2026-01-01T00:00:00Z
STEP_US = 1000


class Capture:
    def __init__(self, link=1):
        self.link = link  # 1: Ethernet
        self.frames = []  # (time in µs, bytes)
        self.now_us = EPOCH_US
        self.conversations = 0  # begun so far

    def add(self, frame, gap_us=STEP_US):
        self.now_us += gap_us
        self.frames.append((self.now_us, frame))

    def wait(self, seconds):
        self.now_us += int(seconds * 1_000_000)

    def pcap(self):
        out = [struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, self.link)]
        for time_us, frame in self.frames:
            out.append(struct.pack("<IIII", time_us // 1_000_000, time_us % 1_000_000, len(frame), len(frame)) + frame)
        return b"".join(out)

    def write(self, path):
        with open(path, "wb") as file:
            file.write(self.pcap())
