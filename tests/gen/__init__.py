"""tests.gen: builds captures for tests, from nothing but Python. The same call gives the same bytes, always.

  python3 -m tests.gen --list
  python3 -m tests.gen http out.pcap

  packet.py   bytes of each layer, addresses, checksums, fragments
  capture.py  frames with times, and the pcap file
  tcp.py      a TCP conversation: handshake, data, disorder, overlap, loss, end
  app.py      what is said over it: HTTP, DNS, SMTP and MIME, TLS
  scenes/     the named captures
"""
from tests.gen.capture import Capture
from tests.gen.packet import Host, Wire
from tests.gen.tcp import Conversation

__all__ = ["Capture", "Conversation", "Host", "Wire"]
