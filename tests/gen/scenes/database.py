"""Scenes of a database: PostgreSQL."""
import struct

from tests.gen.scenes.cast import PC, SERVER, scene
from tests.gen.tcp import Conversation


def packet(kind, body=b""):
    return kind.encode() + struct.pack("!I", 4 + len(body)) + body


def texts(*values):
    return b"".join(v.encode() + b"\0" for v in values)


def startup(code, body=b""):
    return struct.pack("!II", 8 + len(body), code) + body


def hello(*parameters):
    return startup(0x00030000, texts(*parameters) + b"\0")


def columns(*names):
    return packet("T", struct.pack("!H", len(names)) +
                  b"".join(texts(n) + struct.pack("!IHIhih", 0, 0, 25, -1, -1, 0) for n in names))


def row(*values):
    cells = (struct.pack("!i", -1) if v is None else struct.pack("!i", len(v)) + v.encode() for v in values)
    return packet("D", struct.pack("!H", len(values)) + b"".join(cells))


def fault(kind, **fields):
    return packet(kind, b"".join(k.encode() + texts(v) for k, v in fields.items()) + b"\0")


READY = packet("Z", b"I")
SYNC = packet("S")
FAILED = fault("E", S="ERROR", V="ERROR", C="42P01", M="relation does not exist", F="x.c", L="12", R="lookup")


def parse(name, query):
    return packet("P", texts(name, query) + struct.pack("!HI", 1, 23))


def bind(name, value):
    return packet("B", texts("", name) + struct.pack("!HHi", 0, 1, len(value)) + value.encode() + struct.pack("!H", 0))


def describe(kind, name):
    return packet("D", kind.encode() + texts(name))


EXECUTE = packet("E", texts("") + struct.pack("!I", 0))


def log_in(talk):
    talk.send("client", startup(80877103))
    talk.send("server", b"N")
    talk.send("client", hello("user", "tencho", "database", "uriage", "application_name", "regi"))
    talk.send("server", packet("R", struct.pack("!I", 3)))
    talk.send("client", packet("p", texts("himitsu")))
    talk.send("server", packet("R", struct.pack("!I", 0)) + packet("S", texts("server_version", "15.4")) +
              packet("S", texts("TimeZone", "Asia/Tokyo")) + packet("K", struct.pack("!II", 781, 2527955820)) + READY)


@scene
def pgsql(capture):
    """a cash register asks its database on an odd port: a question, an error with its remark, a table copied in, good-bye"""
    talk = Conversation(capture, PC, SERVER, 15432).open()
    log_in(talk)
    talk.send("client", packet("Q", texts("SELECT mono, nedan FROM uriage")))
    talk.send("server", columns("mono", "nedan") + row("pan", "120") + row("ocha", None) + packet("C", texts("SELECT 2")) + READY)
    talk.send("client", packet("Q", texts("DELETE FROM kokyaku")))
    talk.send("server", FAILED + READY)
    talk.send("client", packet("Q", texts("COPY uriage FROM STDIN")))
    talk.send("server", packet("G", b"\0" + struct.pack("!Hhh", 2, 0, 0)))
    talk.send("client", packet("d", b"mizu\t100\n") + packet("d", b"kome\t2000\n") + packet("c"))
    talk.send("server", packet("C", texts("COPY 2")) + READY)
    talk.send("client", packet("X"))
    talk.close()


@scene
def pgsql_prepared(capture):
    """prepared statements: asked at once; prepared, then bound twice, once in vain; closed. A simple query in front of the last one, and behind"""
    talk = Conversation(capture, PC, SERVER, 5432).open()
    log_in(talk)
    done = packet("C", texts("INSERT 0 1"))
    asked = packet("1") + packet("2") + columns("mono") + row("pan") + row("ocha") + packet("C", texts("SELECT 2"))
    talk.send("client", parse("", "SELECT mono FROM uriage WHERE nedan > $1") + bind("", "100") + describe("P", "") + EXECUTE + SYNC)
    talk.send("server", asked + READY)
    talk.send("client", parse("ireru", "INSERT INTO uriage VALUES ($1)") + describe("S", "ireru") + SYNC)
    talk.send("server", packet("1") + packet("t", struct.pack("!HI", 1, 23)) + packet("n") + READY)
    talk.send("client", bind("ireru", "120") + EXECUTE + SYNC)
    talk.send("server", packet("2") + done + READY)
    talk.send("client", bind("ireru", "12000") + EXECUTE + SYNC)
    talk.send("server", FAILED + READY)
    talk.send("client", packet("Q", texts("SELECT 1")) + packet("C", b"S" + texts("ireru")) + SYNC + packet("Q", texts("SELECT 2")))
    talk.send("server", columns("a") + row("1") + packet("C", texts("SELECT 1")) + READY + packet("3") + READY)
    talk.send("server", columns("b") + row("2") + packet("C", texts("SELECT 1")) + READY)
    talk.send("client", packet("X"))
    talk.close()


@scene
def pgsql_tls(capture):
    """a database that takes up TLS; a connection that asks for another one's end; and what is none"""
    talk = Conversation(capture, PC, SERVER, 5432).open()
    talk.send("client", startup(80877103))
    talk.send("server", b"S")
    talk.close()
    talk = Conversation(capture, PC, SERVER, 5432).open()
    talk.send("client", startup(80877102, struct.pack("!II", 781, 2527955820)))
    talk.close()
    talk = Conversation(capture, PC, SERVER, 5432).open()
    talk.send("client", startup(0x00ff00ff))
    talk.send("server", b"N")
    talk.close()
