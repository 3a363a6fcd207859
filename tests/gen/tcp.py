"""A TCP conversation. What is sent in order keeps the counters; `segment` puts any piece anywhere without moving them."""
import struct

from tests.gen.packet import ACK, FIN, PSH, RST, SYN, TCP, Wire, tcp

MSS = 1460


class Side:
    def __init__(self, host, port, isn):
        self.host, self.port, self.isn = host, port, isn
        self.sent = 0  # bytes of the stream that have been sent in order


class Conversation:
    """client and server are Hosts. Sides are named "client" and "server"."""

    def __init__(self, capture, client, server, dport, sport=None, wire=None, mss=MSS, isn=(1000, 500000)):
        self.capture, self.wire, self.mss = capture, wire or Wire(), mss
        sport = sport or 40000 + capture.conversations  # several in one capture are several flows
        capture.conversations += 1
        self.sides = {"client": Side(client, sport, isn[0]), "server": Side(server, dport, isn[1])}

    def _pair(self, name):
        me = self.sides[name]
        return me, self.sides["server" if name == "client" else "client"]

    def raw(self, name, flags, seq, ack, data=b"", options=b"", **more):
        me, peer = self._pair(name)
        body = tcp(*self.wire.addresses(me.host, peer.host), me.port, peer.port, seq, ack, flags, data,
                   options=options, **more)
        self.capture.add(self.wire.ip(me.host, peer.host, TCP, body))

    def segment(self, name, offset, data, flags=PSH | ACK, **more):
        """`data` as bytes [offset, offset + len) of the side's stream; counters stay."""
        me, peer = self._pair(name)
        self.raw(name, flags, me.isn + 1 + offset, peer.isn + 1 + peer.sent, data, **more)

    def ack(self, name):
        self.segment(name, self.sides[name].sent, b"", flags=ACK)

    def open(self):
        client, server = self.sides["client"], self.sides["server"]
        mss = struct.pack("!BBH", 2, 4, self.mss)
        self.raw("client", SYN, client.isn, 0, options=mss)
        self.raw("server", SYN | ACK, server.isn, client.isn + 1, options=mss)
        self.raw("client", ACK, client.isn + 1, server.isn + 1)
        return self

    def send(self, name, data, size=None, acked=True):
        """In order, in pieces of `size` (the segment size when not given); the other side acknowledges the last."""
        me, _ = self._pair(name)
        size = size or self.mss
        for at in range(0, len(data), size):
            piece = data[at:at + size]
            self.segment(name, me.sent, piece, flags=ACK | (PSH if at + size >= len(data) else 0))
            me.sent += len(piece)
        if acked:
            self.ack("server" if name == "client" else "client")
        return self

    def send_disordered(self, name, data, size, order):
        """Pieces of `size`; order lists their numbers as they travel; a number may come twice (a retransmission) or
        never (a loss, which shows as a gap)."""
        me, _ = self._pair(name)
        pieces = [(at, data[at:at + size]) for at in range(0, len(data), size)]
        for number in order:
            at, piece = pieces[number]
            self.segment(name, me.sent + at, piece)
        me.sent += len(data)
        self.ack("server" if name == "client" else "client")
        return self

    def send_overlapped(self, name, data, decoy, at, decoy_first):
        """`data` arrives except that bytes [at, at + len(decoy)) are also sent with the contents of `decoy`, in front of or
        behind the true ones, while the bytes before them are still missing: the receiver has to choose."""
        me, _ = self._pair(name)
        true = data[at:]
        pieces = [(at, decoy), (at, true)] if decoy_first else [(at, true), (at, decoy)]
        for offset, piece in pieces + [(0, data[:at])]:
            self.segment(name, me.sent + offset, piece)
        me.sent += len(data)
        self.ack("server" if name == "client" else "client")
        return self

    def close(self, first="client"):
        second = "server" if first == "client" else "client"
        for name in (first, second):
            me, peer = self._pair(name)
            self.segment(name, me.sent, b"", flags=FIN | ACK)
            me.sent += 1
        self.ack(first)
        return self

    def reset(self, name):
        self.segment(name, self.sides[name].sent, b"", flags=RST | ACK)
        return self


class InFragments(Conversation):
    """The same with each segment that carries data cut into IP fragments, the last first."""

    def raw(self, name, flags, seq, ack, data=b"", options=b"", **more):
        if not data:
            super().raw(name, flags, seq, ack, data, options, **more)
            return
        me, peer = self._pair(name)
        body = tcp(*self.wire.addresses(me.host, peer.host), me.port, peer.port, seq, ack, flags, data,
                   options=options, **more)
        for frame in reversed(self.wire.fragments(me.host, peer.host, TCP, body, 96)):
            self.capture.add(frame)
