"""A pretend firm in network namespaces: the Internet, the firm's router, the box between router and switch, and PCs.

    internet ---- router ---- [wan box lan] ---- switch ---- PCs

Every namespace begins with a prefix of the caller's and is gone after close(). The root namespace gets no interface and
no route. Names, addresses and makers are invented or come from documentation ranges (RFC 5737).
"""
import ctypes
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

CLONE_NEWNET = 0x40000000
libc = ctypes.CDLL(None, use_errno=True)


def run(*words, check=True, timeout=60, **more):
    """A program's result; its words are in the error when it fails."""
    done = subprocess.run(words, capture_output=True, text=True, timeout=timeout, **more)
    if check and done.returncode:
        raise RuntimeError(f"{' '.join(words)}: {done.stderr.strip() or done.stdout.strip()}")
    return done


class Host:
    """One namespace."""

    def __init__(self, firm, name):
        self.firm, self.name = firm, name
        self.space = f"{firm.prefix}-{name}"
        run("ip", "netns", "add", self.space)
        self.ip("link", "set", "dev", "lo", "up")

    def ip(self, *words):
        return run(*self.words("ip", *words))

    def words(self, *command):
        """nsenter, not `ip netns exec`: that one remounts /sys, which a chroot does not allow."""
        return ["nsenter", f"--net=/run/netns/{self.space}", "--", *command]

    def run(self, *command, check=False, timeout=30, **more):
        return run(*self.words(*command), check=check, timeout=timeout, **more)

    def start(self, *command, **more):
        """A program that goes on until the firm is closed."""
        more.setdefault("stdout", subprocess.DEVNULL)
        more.setdefault("stderr", subprocess.DEVNULL)
        process = subprocess.Popen(self.words(*command), stdin=subprocess.DEVNULL, **more)
        self.firm.processes.append(process)
        return process

    def address(self, interface, cidr, mac=None):
        if mac:
            self.ip("link", "set", "dev", interface, "address", mac)
        if cidr:
            self.ip("addr", "add", cidr, "dev", interface)
        self.ip("link", "set", "dev", interface, "up")

    def inside(self):
        """with host.inside(): sockets made by this thread live in the namespace."""
        return Inside(self.space)


class Inside:
    def __init__(self, space):
        self.path = f"/run/netns/{space}"

    def _enter(self, path):
        with open(path, encoding="utf-8") as handle:
            if libc.setns(handle.fileno(), CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), "setns")

    def __enter__(self):
        self.home = f"/proc/self/task/{threading.get_native_id()}/ns/net"
        self.back = os.open(self.home, os.O_RDONLY)
        self._enter(self.path)

    def __exit__(self, *_):
        if libc.setns(self.back, CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "setns")
        os.close(self.back)


class Firm:
    ROUTER = "192.168.10.1"
    OUTSIDE = "198.51.100.10"  # a web server and the command server
    SCANNER = "198.51.100.66"

    def __init__(self, prefix, folder=None):
        """`folder`: where its files go; without one, a temporary folder that close() takes away."""
        self.prefix = prefix
        self.processes = []
        self.hosts = {}
        self.folder = folder or tempfile.mkdtemp(prefix=f"{prefix}-")
        os.makedirs(self.folder, exist_ok=True)
        clean(prefix)
        self.internet, self.router, self.box, self.switch = (self._host(n) for n in ("internet", "router", "box", "switch"))
        self._wire(self.internet, "eth0", self.router, "up")
        self._wire(self.router, "lan", self.box, "wan")
        self._wire(self.box, "lan", self.switch, "box")
        self.internet.address("eth0", f"{self.OUTSIDE}/24")
        self.internet.ip("addr", "add", f"{self.SCANNER}/24", "dev", "eth0")
        self.internet.ip("route", "add", "192.168.10.0/24", "via", "198.51.100.1")
        self.router.address("up", "198.51.100.1/24")
        self.router.address("lan", f"{self.ROUTER}/24", "00:00:5e:00:53:01")
        self.router.run("sysctl", "-qw", "net.ipv4.ip_forward=1", check=True)
        self.box.ip("link", "set", "dev", "lan", "up")
        self.box.ip("link", "set", "dev", "wan", "up")
        # A switch for a small firm has no address of its own: it says nothing that the box could take for a machine.
        self.switch.run("sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1", "net.ipv6.conf.default.disable_ipv6=1", check=True)
        self.switch.ip("link", "add", "name", "sw0", "type", "bridge", "stp_state", "0", "mcast_snooping", "0")
        self.switch.ip("link", "set", "dev", "sw0", "up")
        self._plug("box")

    def _host(self, name):
        self.hosts[name] = Host(self, name)
        return self.hosts[name]

    def _wire(self, a, a_end, b, b_end):
        a.ip("link", "add", "name", a_end, "type", "veth", "peer", "name", b_end, "netns", b.space)

    def _plug(self, port):
        self.switch.ip("link", "set", "dev", port, "master", "sw0")
        self.switch.ip("link", "set", "dev", port, "up")

    def pc(self, name, mac, cidr=None):
        """A PC on the switch; without an address it asks for one by dhcp()."""
        host = self._host(name)
        self._wire(host, "eth0", self.switch, f"p-{name}"[:15])
        self._plug(f"p-{name}"[:15])
        host.address("eth0", cidr, mac)
        if cidr:
            host.ip("route", "add", "default", "via", self.ROUTER)
        return host

    def serve_dhcp(self):
        self.router.start("dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--port=0", "--interface=lan",
                          "--bind-interfaces", "--dhcp-range=192.168.10.100,192.168.10.199,1h", "--user=root",
                          f"--dhcp-option=3,{self.ROUTER}", "--pid-file=", "--dhcp-authoritative", "--no-ping",
                          f"--dhcp-leasefile={self.folder}/leases")

    def dhcp(self, host, hostname, vendor="MSFT 5.0"):
        """dhclient with a script of ours: it must not touch the machine's resolv.conf. Returns the address."""
        base = os.path.join(self.folder, host.name)
        with open(base + ".conf", "w", encoding="utf-8") as out:
            out.write(f'send host-name "{hostname}";\nsend vendor-class-identifier "{vendor}";\ntimeout 20;\n'
                      "initial-interval 1;\nrequest subnet-mask, routers;\n")
        with open(base + ".sh", "w", encoding="utf-8") as out:
            out.write('#!/bin/sh\n[ -n "$new_ip_address" ] || exit 0\n'
                      'ip addr replace "$new_ip_address/24" dev "$interface"\n'
                      '[ -z "$new_routers" ] || ip route replace default via "${new_routers%% *}"\n')
        os.chmod(base + ".sh", 0o755)
        host.run("dhclient", "-1", "-4", "-cf", base + ".conf", "-lf", base + ".leases", "-pf", base + ".pid",
                 "-sf", base + ".sh", "eth0", check=True, timeout=40)
        for line in host.ip("-4", "-o", "addr", "show", "eth0").stdout.splitlines():
            return line.split()[3].split("/")[0]
        raise RuntimeError(f"{hostname} got no address")

    def relay(self, host, listen, target):
        """Connections to `listen` inside host's namespace go to `target` outside: no interface joins the two."""
        with host.inside():
            server = socket.create_server(listen)
        threading.Thread(target=_relay_loop, args=(server, target), daemon=True).start()

    def close(self):
        for process in reversed(self.processes):
            if process.poll() is None:
                process.terminate()
        for process in self.processes:
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        clean(self.prefix)
        shutil.rmtree(self.folder, ignore_errors=True)


def _relay_loop(server, target):
    while True:
        try:
            inner, _ = server.accept()
            outer = socket.create_connection(target, timeout=10)
            outer.settimeout(None)
        except OSError:
            time.sleep(0.2)
            continue
        for a, b in ((inner, outer), (outer, inner)):
            threading.Thread(target=_pump, args=(a, b), daemon=True).start()


def _pump(source, sink):
    try:
        while chunk := source.recv(65536):
            sink.sendall(chunk)
    except OSError:
        pass
    for end in (source, sink):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def spaces(prefix):
    names = [line.split()[0] for line in run("ip", "netns", "list").stdout.splitlines() if line.strip()]
    return [name for name in names if name.startswith(prefix + "-")]


def clean(prefix):
    """Takes away whatever an earlier run has left: programs in its namespaces, then the namespaces."""
    for space in spaces(prefix):
        for pid in run("ip", "netns", "pids", space, check=False).stdout.split():
            try:
                os.kill(int(pid), signal.SIGKILL)
            except ProcessLookupError:
                pass
        run("ip", "netns", "del", space, check=False)
