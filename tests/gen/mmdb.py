"""A small database of addresses and countries in MaxMind's file format (version 2.0), for tests.

    python3 -m tests.gen.mmdb FILE 1.2.0.0/16=RU 2.0.0.0/8=US    (IPv6 networks make it one of IPv6)
"""
import ipaddress
import struct
import sys

MAP, TEXT, UINT16, UINT32, UINT64, ARRAY = 7, 2, 5, 6, 9, 11


def control(kind, size):
    if size >= 29:
        raise ValueError("too long for this writer")
    return bytes([kind << 5 | size]) if kind <= 7 else bytes([size, kind - 7])


def value(what):
    if isinstance(what, str):
        text = what.encode()
        return control(TEXT, len(text)) + text
    if isinstance(what, dict):
        return control(MAP, len(what)) + b"".join(value(k) + value(v) for k, v in what.items())
    if isinstance(what, list):
        return control(ARRAY, len(what)) + b"".join(map(value, what))
    kind, number = what
    text = number.to_bytes(8, "big").lstrip(b"\0")
    return control(kind, len(text)) + text


def build(networks):
    """networks: {"1.2.0.0/16": "RU", ...}; a country "" is an entry without one. Longer prefixes win."""
    nets = sorted(((ipaddress.ip_network(n), c) for n, c in networks.items()), key=lambda row: row[0].prefixlen)
    six = any(n.version == 6 for n, _ in nets)
    nodes, data, offsets = [[None, None]], b"", {}
    for net, country in nets:
        if country not in offsets:
            offsets[country] = len(data)
            data += value({"country": {"iso_code": country}} if country else {"continent": {"code": "EU"}})
        above = 96 if six and net.version == 4 else 0
        length = net.prefixlen + above
        bits = f"{int(net.network_address):0{net.max_prefixlen + above}b}"[:length]
        at = 0
        for bit in map(int, bits[:-1]):
            below = nodes[at][bit]
            if not isinstance(below, int):
                nodes.append([below, below])  # what was said of the wider network holds in both halves
                nodes[at][bit] = below = len(nodes) - 1
            at = below
        nodes[at][int(bits[-1])] = ("data", offsets[country])
    count = len(nodes)

    def record(one):
        number = count if one is None else one if isinstance(one, int) else count + 16 + one[1]
        return number.to_bytes(3, "big")

    tree = b"".join(record(a) + record(b) for a, b in nodes)
    about = {"node_count": (UINT32, count), "record_size": (UINT16, 24), "ip_version": (UINT16, 6 if six else 4),
             "database_type": "Test-Country", "languages": ["en"], "binary_format_major_version": (UINT16, 2),
             "binary_format_minor_version": (UINT16, 0), "build_epoch": (UINT64, 1767225600),
             "description": {"en": "test"}}
    return tree + bytes(16) + data + b"\xab\xcd\xefMaxMind.com" + value(about)


def main(path, *pairs):
    with open(path, "wb") as out:
        out.write(build(dict(pair.split("=") for pair in pairs)))


if __name__ == "__main__":
    main(*sys.argv[1:])
