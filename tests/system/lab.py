"""The gateway between two real ports: a pretend firm (tools/story/firm.py), `omamori run` in its box, and tools that send
and see whole frames. Everything lives in network namespaces with names of this process and is taken away also on failure.
"""
import ctypes
import fcntl
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time
import unittest

from tools.story.firm import Firm

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("OTASUKE_BUILD") or next(
    (path for path in (os.path.join(TOP, name) for name in ("build-test", "build"))
     if os.path.exists(os.path.join(path, "omamori"))), os.path.join(TOP, "build"))
OMAMORI = os.path.join(BUILD, "omamori")
NEEDED = ("ip", "nft", "ping", "dnsmasq", "dhclient")
MAKERS = "Registry,Assignment,Organization Name,Organization Address\nMA-L,00005E,Documentation Machines Ltd.,Nowhere\n"

SOL_PACKET, PACKET_AUXDATA, PACKET_IGNORE_OUTGOING = 263, 8, 23
ETH_P_ALL = 3
TP_STATUS_VLAN_VALID, TP_STATUS_VLAN_TPID_VALID = 0x10, 0x40
SIOCETHTOOL = 0x8946
OFFLOADS = {"tx": 0x17, "sg": 0x19, "tso": 0x1f, "gso": 0x24, "gro": 0x2c}  # linux/ethtool.h: ETHTOOL_S...


def why_not():
    """Why these tests cannot run here, or None."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    missing = [name for name in NEEDED if not shutil.which(name)]
    if missing:
        return "missing: " + ", ".join(missing)
    if not os.path.exists(OMAMORI):
        return f"{OMAMORI} is not built"
    name = f"osprobe{os.getpid()}"
    done = subprocess.run(["ip", "netns", "add", name], capture_output=True, text=True, check=False)
    if done.returncode:
        return "no network namespaces here: " + done.stderr.strip()
    subprocess.run(["ip", "netns", "del", name], check=False)
    return None


def wait_for(condition, seconds, what):
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"waited {seconds} s for: {what}")
        time.sleep(0.02)


def set_offloads(host, interface, on):
    """As `ethtool -K INTERFACE tx on|off ...` does."""
    with host.inside():
        ends = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with ends:
        for command in OFFLOADS.values():
            value = ctypes.create_string_buffer(struct.pack("II", command, int(on)))
            request = struct.pack("16sP", interface.encode(), ctypes.addressof(value)) + bytes(16)
            fcntl.ioctl(ends, SIOCETHTOOL, request)


class Gateway:
    """A real `omamori run` between the box's two ports."""

    def __init__(self, firm, rules, *options):
        self.firm = firm
        self.folder = os.path.join(firm.folder, "gateway")
        self.state = os.path.join(self.folder, "state")
        self.socket = os.path.join(self.folder, "socket")
        self.eve_path = os.path.join(self.state, "eve.json")
        self.log_path = os.path.join(self.folder, "log")
        self.rules = os.path.join(self.folder, "test.rules")
        self.makers = os.path.join(self.folder, "makers")
        self.options = options
        self.process = None
        os.makedirs(self.makers, exist_ok=True)
        os.makedirs(self.state, exist_ok=True)
        with open(os.path.join(self.makers, "oui.csv"), "w", encoding="utf-8") as out:
            out.write(MAKERS)
        with open(self.rules, "w", encoding="utf-8") as out:
            out.write(rules)

    def start(self, *more, ready=True):
        words = [OMAMORI, "run", "--lan", "lan", "--wan", "wan", "-S", self.rules, "--state", self.state,
                 "--socket", self.socket, "--makers", self.makers, *self.options, *more]
        if not any("otasuke.center" in word for word in words):
            words.append("--no-link")
        with open(self.log_path, "a", encoding="utf-8") as log:
            self.process = subprocess.Popen(self.firm.box.words(*words), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.firm.processes.append(self.process)
        if ready:
            self.await_inspection()
        return self

    def await_inspection(self, seconds=20):
        wait_for(lambda: self.status().get("inspection") == "working", seconds, "inspection; log:\n" + self.log())

    def stop(self, with_signal=signal.SIGTERM):
        self.process.send_signal(with_signal)
        return self.process.wait(10)

    def log(self):
        with open(self.log_path, encoding="utf-8") as log:
            return log.read()

    def say(self, word, *words):
        """(exit status, output) of a command as a person gives it."""
        done = subprocess.run([OMAMORI, word, *words, "--socket", self.socket], capture_output=True, text=True,
                              timeout=60, check=False)
        return done.returncode, done.stdout + done.stderr

    def status(self):
        code, text = self.say("status")
        return {} if code else {line[:12].strip(): line[13:].strip() for line in text.splitlines()}

    def children(self):
        pid = self.process.pid
        try:
            with open(f"/proc/{pid}/task/{pid}/children", encoding="utf-8") as children:
                return [int(word) for word in children.read().split()]
        except OSError:
            return []

    @staticmethod
    def name_of(pid):
        try:
            with open(f"/proc/{pid}/comm", encoding="utf-8") as name:
                return name.read().strip()
        except OSError:
            return ""

    def engine_pid(self):
        """The process that runs behind the fence, or 0."""
        return next((pid for pid in self.children() if self.name_of(pid) == "omamori-engine"), 0)

    def events(self, kind="alert"):
        """What eve.json says so far; a line that is still being written is left out."""
        with open(self.eve_path, encoding="utf-8") as log:
            lines = log.read().split("\n")[:-1]
        return [event for event in map(json.loads, lines) if event["event_type"] == kind]

    def await_alert(self, sid, seconds=5):
        found = []

        def look():
            found[:] = [e for e in self.events() if e["alert"]["signature_id"] == sid]
            return found
        wait_for(look, seconds, f"an alert of rule {sid}")
        return found[0]


class Capture:
    """Every frame that arrives at an interface, as it was on the wire: a tag that the kernel took off is put back."""

    def __init__(self, host, interface, wanted=lambda frame: True):
        with host.inside():
            self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        self.socket.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
        self.socket.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
        self.socket.setsockopt(socket.SOL_SOCKET, 33, 64 << 20)  # SO_RCVBUFFORCE
        self.socket.bind((interface, ETH_P_ALL))
        self.socket.settimeout(0.1)
        self.wanted = wanted
        self.frames, self.times = [], []
        self.closing = False
        self.thread = threading.Thread(target=self._loop, daemon=True)
        self.thread.start()

    def _take(self):
        frame, control, _, _ = self.socket.recvmsg(70000, 256)
        for level, kind, data in control:
            if level == SOL_PACKET and kind == PACKET_AUXDATA:
                status, _, _, _, _, tci, tpid = struct.unpack("IIIHHHH", data[:20])
                if status & TP_STATUS_VLAN_VALID:
                    tpid = tpid if status & TP_STATUS_VLAN_TPID_VALID else 0x8100
                    frame = frame[:12] + struct.pack("!HH", tpid, tci) + frame[12:]
        return frame

    def _loop(self):
        while not self.closing:
            try:
                frame = self._take()
            except TimeoutError:
                continue
            except OSError:
                break
            if self.wanted(frame):
                self.times.append(time.monotonic())
                self.frames.append(frame)

    def await_count(self, count, seconds=5):
        wait_for(lambda: len(self.frames) >= count, seconds, f"{count} frames; {len(self.frames)} came")

    def close(self):
        self.closing = True
        self.thread.join()
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Sender:
    """Whole frames out of an interface."""

    def __init__(self, host, interface):
        with host.inside():
            self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        self.socket.bind((interface, 0))

    def send(self, frame):
        while True:
            try:
                return self.socket.send(frame)
            except OSError as error:
                if error.errno != 105:  # ENOBUFS: the queue is full just now
                    raise
                time.sleep(0.001)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()


def listen(host, address, kind=socket.SOCK_STREAM):
    with host.inside():
        end = socket.socket(socket.AF_INET6 if ":" in address[0] else socket.AF_INET, kind)
    end.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    end.bind(address)
    if kind == socket.SOCK_STREAM:
        end.listen(16)
    end.settimeout(10)
    return end


def connect(host, address, kind=socket.SOCK_STREAM, seconds=5):
    with host.inside():
        end = socket.socket(socket.AF_INET6 if ":" in address[0] else socket.AF_INET, kind)
    end.settimeout(seconds)
    end.connect(address)
    return end


def conversation(client_host, server_host, address):
    """A TCP connection: (client's end, server's end)."""
    server = listen(server_host, address)
    with server:
        client = connect(client_host, (address[0], server.getsockname()[1]))
        end, _ = server.accept()
    end.settimeout(5)
    return client, end


class Lab(unittest.TestCase):
    """One firm and one gateway for all tests of a class."""
    RULES = ""
    OPTIONS = ()
    PC_MAC, OTHER_MAC = "00:00:5e:00:53:21", "00:00:5e:00:53:22"

    @classmethod
    def setUpClass(cls):
        reason = why_not()
        if reason:
            raise unittest.SkipTest(reason)
        cls.firm = Firm(f"os{os.getpid() % 100000}{cls.__name__[:4].lower()}")
        cls.addClassCleanup(cls.firm.close)
        cls.pc = cls.firm.pc("pc", cls.PC_MAC, "192.168.10.21/24")
        cls.other = cls.firm.pc("other", cls.OTHER_MAC, "192.168.10.22/24")
        cls.gateway = Gateway(cls.firm, cls.RULES, *cls.OPTIONS)
        cls.begin()

    @classmethod
    def begin(cls):
        cls.gateway.start()

    def run(self, result=None):
        before = len(result.failures) + len(result.errors) if result else 0
        super().run(result)
        if result and len(result.failures) + len(result.errors) > before and hasattr(self, "gateway"):
            print(f"--- log of omamori run at {self.id()}:\n{self.gateway.log()[-3000:]}")

    def ping(self, host, to, count=3, interval=0.05, *more):
        """How many of the pings were answered."""
        done = host.run("ping", "-n", "-q", "-c", str(count), "-i", str(interval), "-W", "1", *more, to, timeout=60)
        words = done.stdout.split(" received")[0].split()
        return int(words[-1]) if " received" in done.stdout else 0


def temporary_folder(case):
    path = tempfile.mkdtemp(prefix="otasuke-test-")
    case.addCleanup(shutil.rmtree, path, True)
    return path
