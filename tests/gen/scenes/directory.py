"""Scenes of directories: LDAP."""
from tests.gen import app
from tests.gen.packet import UDP, Wire, udp
from tests.gen.scenes.cast import PC, SERVER, scene
from tests.gen.scenes.lan import der, number
from tests.gen.tcp import Conversation


def text(value, tag=4):
    return der(tag, value)


def message(ident, operation):
    return der(0x30, number(ident), operation)


def result(tag, code=0, note=b""):
    return der(tag, number(code, 10), text(b""), text(note))


def search(base, wanted):
    return der(0x63, text(base), number(2, 10), number(0, 10), number(0), number(0), der(1, b"\0"),
               text(b"objectClass", 0x87), der(0x30, *(text(name) for name in wanted)))


def entry(name, attribute, value):
    return der(0x64, text(name), der(0x30, der(0x30, text(attribute), der(0x31, text(value)))))


@scene
def ldap(capture):
    """a directory is asked for the machines of a firm, refuses a login, grants StartTLS; a ping over UDP; and what is no LDAP"""
    talk = Conversation(capture, PC, SERVER, 389).open()
    talk.send("client", message(1, der(0x60, number(3), text(b"cn=clerk"), text(b"guess", 0x80))))
    talk.send("server", message(1, result(0x61, 49, b"wrong password")))
    talk.send("client", message(2, search(b"dc=firm,dc=example", [b"ms-Mcs-AdmPwd"])))
    talk.send("server", message(2, entry(b"cn=pc7,dc=firm,dc=example", b"ms-Mcs-AdmPwd", b"x9!")) + message(2, result(0x65)))
    talk.send("client", message(3, der(0x77, text(b"1.3.6.1.4.1.1466.20037", 0x80))))
    talk.send("server", message(3, result(0x78)))
    talk.send("client", app.tls_client_hello("ldap.firm.example"))
    talk.close()
    wire = Wire()
    capture.add(wire.ip(PC, SERVER, UDP, udp(*wire.addresses(PC, SERVER), 50389, 389, message(1, search(b"", [b"Netlogon"])))))
    capture.add(wire.ip(SERVER, PC, UDP, udp(*wire.addresses(SERVER, PC), 389, 50389, message(1, result(0x65)))))
    talk = Conversation(capture, PC, SERVER, 3268).open()
    talk.send("client", message(7, der(0x42)))
    talk.send("client", message(8, der(0x71, text(b"no such operation"))))
    talk.close()
