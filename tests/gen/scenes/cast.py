"""Who plays in the scenes, and the list that each scene adds itself to."""
from tests.gen.packet import Host

# The firm's LAN (192.168.10.0/24), and the outside. 00:00:5e is IANA's own block, 02: is locally administered.
PC = Host("00:00:5e:00:53:11", "192.168.10.11", "2001:db8:10::11")
SHADOW_PC = Host("02:00:5e:00:53:99", "192.168.10.99", "2001:db8:10::99")
ROUTER = Host("00:00:5e:00:53:01", "192.168.10.1", "2001:db8:10::1")
SERVER = Host("00:00:5e:00:53:01", "203.0.113.80", "2001:db8:80::80")  # outside: behind the router's MAC
C2 = Host("00:00:5e:00:53:01", "198.51.100.66", "2001:db8:66::66")
SCANNER = Host("00:00:5e:00:53:01", "198.51.100.7", "2001:db8:7::7")
EVERYBODY = Host("ff:ff:ff:ff:ff:ff", "255.255.255.255", "ff02::1")

# The EICAR test file (eicar.org), in two pieces so that this source itself is not taken for it.
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD" + rb"-ANTIVIRUS-TEST-FILE!$H+H*"
PAGE = b"<html><head><title>t</title></head><body>" + b"<p>hello from the test page</p>" * 40 + b"</body></html>\n"
SCENES = {}


def scene(function):
    SCENES[function.__name__.replace("_", "-")] = function
    return function
