"""A center of its own for a test: the real daemon on free ports over a fresh folder, an HTTP client, a mail relay that keeps
what it gets."""
import email
import email.policy
import json
import os
import shutil
import socket
import socketserver
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(TOP, os.environ.get("OTASUKE_BUILD", "build"))
MIMAMORI = os.path.join(BUILD, "mimamori")
SEED = os.path.join(BUILD, "tests", "center", "center_seed")
PASSWORD = "correct horse battery staple"


class Answer:
    def __init__(self, status, heads, body):
        self.status, self.heads, self.body = status, heads, body

    @property
    def json(self):
        return json.loads(self.body)


class Session:
    """A browser: keeps the cookie and the CSRF token."""

    def __init__(self, base):
        self.base, self.cookie, self.csrf = base, None, None

    def ask(self, method, path, body=None, heads=None, raw=None):
        data = raw if raw is not None else None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, data=data, method=method)
        if data is not None:
            request.add_header("Content-Type", "application/json")
        if self.cookie:
            request.add_header("Cookie", self.cookie)
        if self.csrf and method != "GET":
            request.add_header("X-CSRF-Token", self.csrf)
        for name, value in (heads or {}).items():
            request.add_header(name, value)
        try:
            with urllib.request.urlopen(request, timeout=20) as r:
                return Answer(r.status, r.headers, r.read())
        except urllib.error.HTTPError as e:
            with e:
                return Answer(e.code, e.headers, e.read())

    def get(self, path, **kw):
        return self.ask("GET", path, **kw)

    def post(self, path, body=None, **kw):
        return self.ask("POST", path, body, **kw)

    def login(self, login, password=PASSWORD):
        answer = self.post("/api/session", {"login": login, "password": password})
        if answer.status == 200:
            self.cookie = answer.heads["Set-Cookie"].split(";")[0]
            self.csrf = answer.json["csrf_token"]
        return answer


class Relay(socketserver.ThreadingTCPServer):
    """An SMTP server that takes every mail, or answers with `refusal` to the recipient."""
    allow_reuse_address, daemon_threads = True, True

    class Handler(socketserver.StreamRequestHandler):
        def say(self, line):
            self.wfile.write(line.encode() + b"\r\n")

        def handle(self):
            self.say("220 relay")
            recipient = None
            for line in self.rfile:
                word = line.strip().upper()
                if word.startswith((b"EHLO", b"HELO")):
                    self.say("250 relay")
                elif word.startswith(b"RCPT"):
                    recipient = line.split(b"<")[1].split(b">")[0].decode()
                    self.say(self.server.refusal or "250 ok")
                elif word == b"DATA":
                    self.say("354 go on")
                    self.take(recipient)
                    self.say("250 taken")
                elif word == b"QUIT":
                    self.say("221 bye")
                    return
                else:
                    self.say("250 ok")

        def take(self, recipient):
            lines = []
            for line in self.rfile:
                if line == b".\r\n":
                    break
                lines.append(line[1:] if line.startswith(b".") else line)
            message = email.message_from_bytes(b"".join(lines), policy=email.policy.default)
            self.server.mails.append((recipient, message, time.time()))

    def __init__(self):
        super().__init__(("127.0.0.1", 0), self.Handler)
        self.mails, self.refusal = [], None
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def port(self):
        return self.server_address[1]


class Center:
    def __init__(self, *options):
        self.folder = tempfile.mkdtemp(prefix="otasuke-center-")
        self.data = os.path.join(self.folder, "data")
        self.options = options
        self.process = None
        secret = os.path.join(self.folder, "password")
        with open(secret, "w", encoding="utf-8") as f:
            f.write(PASSWORD + "\n")
        self.secret = secret
        self.start()

    def start(self):
        self.log = open(os.path.join(self.folder, "log"), "a", encoding="utf-8")
        self.process = subprocess.Popen(
            [MIMAMORI, "serve", "--data", self.data, "--listen", "127.0.0.1:0", "--gateways", "127.0.0.1:0",
             "--admin-password-file", self.secret, *self.options], stdout=subprocess.PIPE, stderr=self.log, text=True)
        for line in self.process.stdout:
            if line.startswith("ready: "):
                words = line.split()
                self.port, self.gateway_port = int(words[2]), int(words[4])
                break
        else:
            raise RuntimeError(self.logged())
        self.base = f"http://127.0.0.1:{self.port}"

    def logged(self):
        with open(os.path.join(self.folder, "log"), encoding="utf-8") as f:
            return f.read()

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(20)
        self.process.stdout.close()
        self.log.close()
        return self.process.returncode

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.log.close()

    def close(self):
        code = self.stop()
        shutil.rmtree(self.folder)
        return code

    def run(self, *words, given=None):
        done = subprocess.run([MIMAMORI, *words, "--data", self.data], input=given, capture_output=True, text=True,
                              check=False)
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        return dict(line.split(" ", 1) for line in done.stdout.splitlines())

    def session(self, login="admin", password=PASSWORD):
        s = Session(self.base)
        assert s.login(login, password).status == 200
        return s

    def new_firm(self, name, *more):
        firm = self.run("firm", "add", "--name", name, *more)
        firm.update(self.run("gateway", "add", "--site", firm["site"], "--name", "本社の装置"))
        return firm

    def new_user(self, login, role, organisation=None):
        where = ["--organisation", organisation] if organisation else []
        self.run("user", "add", "--login", login, "--role", role, *where, given=PASSWORD + "\n")
        return self.session(login)

    def send(self, gateway, events, first=1, epoch="e1"):
        lines = "".join((e if isinstance(e, str) else json.dumps(e)) + "\n" for e in events)
        done = subprocess.run([SEED, self.data, gateway, epoch, str(first)], input=lines, capture_output=True, text=True,
                              check=False)
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        return done.stdout.split()


def beacon(mac="02:00:5e:10:00:02", verdict="drop", **more):
    """Gh0st RAT calls its master (R-D)."""
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S.000000+0000", time.gmtime())
    event = {
        "timestamp": stamp, "event_type": "alert", "flow_id": 1234567890123456789, "src_ip": "192.168.1.20",
        "src_port": 49152, "dest_ip": "203.0.113.9", "dest_port": 8000, "proto": "TCP",
        "alert": {"action": "blocked", "gid": 1, "signature_id": 2000001, "rev": 2, "severity": 1,
                  "signature": "ET MALWARE Gh0st RAT CnC Beacon", "category": "A Network Trojan was detected"},
        "otasuke": {"opened_by": "lan", "threat_direction": "inside_out", "verdict": verdict,
                    "device": {"mac": mac, "maker": "NEC", "hostname": "KEIRI-02", "ips": ["192.168.1.20"]}},
    }
    event.update(more)
    return event


def wait_for(what, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = what()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError("it did not happen in time")


def raw_request(port, text):
    """Bytes as they are: for what no decent client would send."""
    # Longer than the server's own patience with a request that never ends (HTTP_IDLE_S): it must close by itself.
    with socket.create_connection(("127.0.0.1", port), timeout=60) as s:
        s.sendall(text)
        s.shutdown(socket.SHUT_WR)
        answer = b""
        while True:
            try:
                block = s.recv(65536)
            except ConnectionResetError:
                block = b""
            if not block:
                return answer
            answer += block
