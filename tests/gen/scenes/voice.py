"""Scenes of telephones."""
from tests.gen.packet import Wire
from tests.gen.tcp import Conversation
from tests.gen.scenes.cast import PC, SERVER, scene


def message(first, *headers, body=b""):
    lines = [first, *headers, b"Content-Length: " + str(len(body)).encode()]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


DESCRIPTION = (b"v=0\r\no=- 7 1 IN IP4 192.0.2.10\r\ns=-\r\nc=IN IP4 192.0.2.10\r\nt=0 0\r\na=tool:phone\r\n"
               b"m=image 40000 udptl t38\r\nm=audio 40002  RTP/AVP 0\r\nc=IN IP6 2001:DB8:0::7\r\na=sendrecv\r\n")


@scene
def sdp(capture):
    """a call by UDP tells its media; over TCP an answer does, in small segments; then a body that only looks like it, and a broken one"""
    wire = Wire()
    capture.add(wire.udp(PC, SERVER, 5060, 5060, message(b"INVITE sip:2@firm.example SIP/2.0", body=DESCRIPTION)))
    talk = Conversation(capture, PC, SERVER, 5070).open()
    talk.send("client", message(b"INVITE sip:3@firm.example SIP/2.0"))
    talk.send("server", message(b"SIP/2.0 200 OK", body=DESCRIPTION), size=30)
    talk.send("client", message(b"MESSAGE sip:3@firm.example SIP/2.0", body=b"v=1\r\nm=audio 1 RTP/AVP 0\r\n"))
    talk.send("client", message(b"UPDATE sip:3@firm.example SIP/2.0", body=b"v=0\r\n?\r\nc\r\nm=\r\na=\xff\x00\r\nm=audio"))
    talk.close()


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
