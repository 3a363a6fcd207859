# rows: P6 P14
"""The programs as services: what systemd is told, and whether it takes the units and how it judges them."""
import os
import re
import shutil
import signal
import socket
import subprocess
import unittest

from lab import BUILD, TOP, Lab, temporary_folder


class Notices(Lab):
    RULES = 'alert udp any any -> any 5353 (msg:"T seen"; sid:9001;)\n'

    @classmethod
    def begin(cls):
        cls.end = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        cls.end.bind(os.path.join(cls.gateway.folder, "notify"))
        cls.end.settimeout(10)
        cls.addClassCleanup(cls.end.close)
        os.environ["NOTIFY_SOCKET"] = cls.end.getsockname()
        cls.addClassCleanup(os.environ.pop, "NOTIFY_SOCKET")
        cls.gateway.start()

    def await_notice(self, word):
        while True:
            lines = self.end.recv(1000).decode().splitlines()
            if word in lines:
                return lines

    def test_ready_alive_and_stopping(self):
        self.await_notice("READY=1")
        while "STATUS=inspecting" not in self.await_notice("WATCHDOG=1"):
            pass
        self.gateway.process.send_signal(signal.SIGTERM)
        self.await_notice("STOPPING=1")
        self.assertEqual(self.gateway.process.wait(10), 0)


@unittest.skipUnless(shutil.which("systemd-analyze"), "no systemd-analyze")
class Units(unittest.TestCase):
    # the gateway is root with two network capabilities by its nature; its children give up what guard keeps
    EXPOSURE = {"omamori": 3.5, "mimamori": 2.0}

    def test_units_are_taken(self):
        folder = temporary_folder(self)
        for name in self.EXPOSURE:
            with open(os.path.join(TOP, "packaging", name + ".service"), encoding="utf-8") as unit:
                text = re.sub(r"/usr/s?bin/" + name, os.path.join(BUILD, name), unit.read())
            path = os.path.join(folder, name + ".service")
            with open(path, "w", encoding="utf-8") as out:
                out.write(text)
            done = subprocess.run(["systemd-analyze", "verify", "--man=no", path], capture_output=True, text=True, check=False)
            with self.subTest(name):
                self.assertNotIn(name + ".service", done.stderr)
                self.assertEqual(done.returncode, 0, done.stderr)

    def test_exposure(self):
        for name, most in self.EXPOSURE.items():
            done = subprocess.run(["systemd-analyze", "security", "--offline=true", "--no-pager",
                                   os.path.join(TOP, "packaging", name + ".service")], capture_output=True, text=True, check=False)
            level = float(re.search(r"Overall exposure level for \S+: ([0-9.]+)", done.stdout)[1])
            print(f"    {name}: exposure {level}")
            with self.subTest(name):
                self.assertLessEqual(level, most)
