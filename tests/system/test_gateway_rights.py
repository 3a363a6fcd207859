# rows: P6
"""What the gateway's processes may do while they work: users of their own, no capabilities, a closed list of system calls."""
import os
import stat
import threading

from lab import Lab, wait_for
from tools.story.firm import Firm

FIRST = 2130706432  # RIGHTS_UID_FIRST of gateway/rights/rights.h
NAMES = ("omamori-engine", "omamori-link", "omamori-local")


class Rights(Lab):
    RULES = 'alert udp any any -> any 5353 (msg:"T seen"; sid:9001;)\n'
    OPTIONS = ("--set", "otasuke.center=127.0.0.1:1")

    @classmethod
    def begin(cls):
        # a state folder of an earlier version, whose processes were all root
        folder = os.path.join(cls.gateway.state, "link", "spool")
        os.makedirs(folder, 0o700)
        for name in ("link/policy", "link/spool/lock"):
            with open(os.path.join(cls.gateway.state, name), "w", encoding="utf-8"):
                pass
        cls.gateway.start()

    @staticmethod
    def words(pid):
        with open(f"/proc/{pid}/status", encoding="utf-8") as status:
            return dict(line.rstrip("\n").split(":\t", 1) for line in status if ":\t" in line)

    def pid_of(self, name):
        return next((pid for pid in self.gateway.children() if self.gateway.name_of(pid) == name), 0)

    def check(self, words, capabilities=0):
        uids = set(words["Uid"].split()) | set(words["Gid"].split())
        self.assertEqual(len(uids), 1)
        self.assertNotIn("0", uids)
        self.assertEqual((words["Seccomp"], words["NoNewPrivs"], words["Groups"].strip()), ("2", "1", ""))
        for name in ("CapEff", "CapPrm", "CapInh", "CapAmb"):
            self.assertEqual(int(words[name], 16), capabilities if name in ("CapEff", "CapPrm") else 0)
        return uids.pop()

    def test_each_process(self):
        users = set()
        for name in NAMES:
            with self.subTest(name):
                pid = wait_for(lambda name=name: self.pid_of(name), 5, name)
                wait_for(lambda pid=pid: self.words(pid)["Seccomp"] == "2", 5, "its fence")
                users.add(self.check(self.words(pid)))
        self.assertEqual(len(users), len(NAMES), "each has a user of its own")

    def test_threads_too(self):
        """The one that prepares rules is behind a fence as well."""
        engine = self.gateway.engine_pid()
        threads = os.listdir(f"/proc/{engine}/task")
        self.assertGreaterEqual(len(threads), 2)
        for thread in threads:
            self.check(self.words(f"{engine}/task/{thread}"))

    def test_compile_process(self):
        """It may read any file, and nothing else."""
        with open(self.gateway.rules, "a", encoding="utf-8") as out:
            for i in range(8000):
                out.write(f'drop tcp any any -> any any (msg:"T"; content:"never-{i * 7919}-"; sid:{100000 + i};)\n')
        os.chmod(self.gateway.rules, 0o600)
        seen = []

        def look():
            pid = self.pid_of("omamori-compile")
            words = self.words(pid) if pid else {}
            if words.get("Seccomp") == "2":
                seen.append(words)
            return seen
        answer = []
        thread = threading.Thread(target=lambda: answer.append(self.gateway.say("reload")))
        thread.start()
        wait_for(look, 5, "the compile process behind its fence")
        thread.join()
        self.assertEqual(answer[0][0], 0, answer)
        self.check(seen[0], 1 << 2)

    def test_state_folder(self):
        """What the link keeps is the link's alone; what root left there is taken over."""
        user = int(self.words(wait_for(lambda: self.pid_of("omamori-link"), 5, "link"))["Uid"].split()[0])
        for name in ("link", "link/spool", "link/policy", "link/spool/lock"):
            st = os.stat(os.path.join(self.gateway.state, name))
            self.assertEqual(st.st_uid, user, name)
        self.assertEqual(stat.S_IMODE(os.stat(os.path.join(self.gateway.state, "link")).st_mode), 0o700)
        self.assertEqual(os.stat(os.path.join(self.gateway.state, "eve.json")).st_uid, 0)

    def test_descriptors(self):
        """Packet sockets are the engine's alone; nobody but guard holds what switches the bridge."""
        with open("/proc/net/protocols", encoding="utf-8") as known:
            self.assertIn("PACKET", known.read())
        for name in NAMES:
            pid = self.pid_of(name)
            links = [os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")]
            inodes = {link[8:-1] for link in links if link.startswith("socket:")}
            with open(f"/proc/{pid}/net/packet", encoding="utf-8") as table:
                packet = {line.split()[-1] for line in list(table)[1:]}
            with open(f"/proc/{pid}/net/netlink", encoding="utf-8") as table:
                netlink = {line.split()[-1] for line in list(table)[1:]}
            with self.subTest(name):
                self.assertEqual(len(inodes & packet), 2 if name == "omamori-engine" else 0)
                self.assertEqual(inodes & netlink, set())

    def test_they_die_with_guard(self):
        """Also after the change of users, which makes the kernel forget that they should."""
        pids = self.gateway.children()
        self.gateway.process.kill()
        self.gateway.process.wait()
        wait_for(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in pids), 3, "all of them to end")
        self.gateway.start()
        self.assertEqual(self.ping(self.pc, Firm.ROUTER), 3)
