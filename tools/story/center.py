"""The center of the story: a real `mimamori serve` on loopback, and the questions that the story asks it."""
import ctypes
import json
import os
import secrets
import signal
import socket
import subprocess
import urllib.error
import urllib.request

PR_SET_PDEATHSIG = 1


def free_port(wish):
    """The wish, or any free port of loopback: the notices carry a link, so it must be known before the center starts."""
    for port in (wish, 0):
        try:
            with socket.create_server(("127.0.0.1", port)) as probe:
                return probe.getsockname()[1]
        except OSError:
            continue
    raise RuntimeError("no free port on 127.0.0.1")


def end_with_parent():
    """In the child: whoever kills the story with -9 must not leave a center behind."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class Center:
    """`web_port` is a wish: when it is taken, any free one will do (0: any from the start)."""

    def __init__(self, build, folder, mail_port, console, web_port=8080):
        self.program = os.path.join(build, "mimamori")
        self.data = os.path.join(folder, "center")
        self.password = secrets.token_urlsafe(12)
        self.password_file = os.path.join(folder, "password")
        with open(os.open(self.password_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as out:
            out.write(self.password + "\n")
        self.log = open(os.path.join(folder, "center.log"), "w", encoding="utf-8")
        self.cookie = self.csrf = None
        self.words = [self.program, "serve", "--data", self.data, "--admin-password-file", self.password_file, "--smtp",
                      f"127.0.0.1:{mail_port}", "--mail-from", "mimamori@otasuke.example", "--mail-name", "見守りセンター",
                      "--phone", "06-0000-0000", "--service-name", "サイバーお助け", *(["--console", console] if console else [])]
        self.web, self.gateways = free_port(web_port), 0
        if not self.start():
            raise RuntimeError(f"the center does not start; see {self.log.name}")

    def start(self):
        """At first, and again after close(): then on the same ports. False when it does not come up."""
        self.process = self._serve()
        return self.process is not None

    def _serve(self):
        words = self.words + ["--listen", f"127.0.0.1:{self.web}", "--gateways", f"127.0.0.1:{self.gateways}",
                              "--public-url", f"http://127.0.0.1:{self.web}"]
        process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self.log, text=True,
                                   preexec_fn=end_with_parent)
        for line in process.stdout:
            if line.startswith("ready: "):
                parts = line.split()
                self.web, self.gateways = int(parts[2]), int(parts[4])
                self.base = f"http://127.0.0.1:{self.web}"
                return process
        process.wait()
        return None

    def say(self, *words):
        done = subprocess.run([self.program, *words], capture_output=True, text=True, timeout=60)
        if done.returncode:
            raise RuntimeError(f"mimamori {' '.join(words[:2])}: {done.stderr.strip()}")
        return dict(line.split(" ", 1) for line in done.stdout.splitlines() if " " in line)

    def ask(self, method, path, body=None):
        request = urllib.request.Request(self.base + path, method=method,
                                         data=None if body is None else json.dumps(body).encode())
        if body is not None:
            request.add_header("Content-Type", "application/json")
        if self.cookie:
            request.add_header("Cookie", self.cookie)
            request.add_header("X-CSRF-Token", self.csrf)
        with urllib.request.urlopen(request, timeout=20) as answer:
            if path == "/api/session":
                self.cookie = answer.headers["Set-Cookie"].split(";")[0]
            return json.load(answer)

    def login(self):
        self.csrf = self.ask("POST", "/api/session", {"login": "admin", "password": self.password})["csrf_token"]

    def items(self, path):
        return self.ask("GET", path)["items"]

    def close(self):
        if not self.process or self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
