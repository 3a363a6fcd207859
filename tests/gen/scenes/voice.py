"""Scenes of telephones."""
from tests.gen.packet import Wire
from tests.gen.tcp import Conversation
from tests.gen.scenes.cast import PC, SERVER, scene


def message(first, *headers, body=b""):
    lines = [first, *headers, b"Content-Length: " + str(len(body)).encode()]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


@scene
def sip(capture):
    """a telephone logs in by UDP, then calls over TCP, in small segments"""
    wire = Wire()
    login = message(b"REGISTER sip:firm.example SIP/2.0", b"Via: SIP/2.0/UDP pc1", b"f: <sip:1@firm.example>", b"User-Agent: friendly-scanner")
    capture.add(wire.udp(PC, SERVER, 5060, 5060, login))
    capture.add(wire.udp(SERVER, PC, 5060, 5060, message(b"SIP/2.0 401 Unauthorized", b"From: <sip:1@firm.example>")))
    talk = Conversation(capture, PC, SERVER, 5070).open()
    talk.send("client", message(b"INVITE sip:2@firm.example SIP/2.0", b"To: <sip:2@firm.example>", body=b"v=0\r\ns=-\r\n") +
              message(b"BYE sip:2@firm.example SIP/2.0"), size=50)
    talk.send("server", message(b"SIP/2.0 200 OK"))
    talk.close()
