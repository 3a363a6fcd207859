"""Scenes of protocols that move files."""
from tests.gen.tcp import Conversation
from tests.gen.scenes.cast import EICAR, PC, SERVER, scene


@scene
def ftp(capture):
    """a PC fetches a file in passive mode, and stores one in active mode: the data goes over connections of its own"""
    talk = Conversation(capture, PC, SERVER, 21).open()

    def say(command, *replies):
        talk.send("client", command + b"\r\n")
        for reply in replies:
            talk.send("server", reply + b"\r\n")

    talk.send("server", b"220 files ready\r\n")
    say(b"USER staff", b"331 Password?")
    say(b"PASS secret", b"230 Welcome")
    numbers = ",".join(str(byte) for byte in SERVER.ip4).encode()
    say(b"PASV", b"227 Entering Passive Mode (" + numbers + b",200,10).")
    data = Conversation(capture, PC, SERVER, 200 * 256 + 10).open()
    talk.send("client", b"RETR tool.com\r\n")
    talk.send("server", b"150 Here it comes\r\n")
    data.send("server", EICAR).close()
    talk.send("server", b"226 Done\r\n")
    say(b"PORT " + b",".join(str(byte).encode() for byte in PC.ip4) + b",200,20", b"200 ok")
    talk.send("client", b"STOR notes.txt\r\n")
    talk.send("server", b"150 Give it\r\n")
    data = Conversation(capture, SERVER, PC, 200 * 256 + 20, sport=20).open()
    data.send("server", b"what the firm knows\n").close()
    talk.send("server", b"226 Done\r\n")
    say(b"PORT 203,0,113,9,0,25", b"500 Not there")
    say(b"QUIT", b"221 Bye")
    talk.close()
