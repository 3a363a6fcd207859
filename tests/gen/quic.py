"""QUIC's first packets (RFC 9000, RFC 9001), sealed. AES and GCM are written out here: what makes captures needs nothing but Python."""
import hashlib
import hmac
import struct

V1, V2 = 1, 0x6B3343CF
SALTS = {V1: bytes.fromhex("38762cf7f55934b34d179ae6a4c80cadccbb7f0a"), V2: bytes.fromhex("0dede3def700a6db819381be6e269dcbf9bd2ed9")}
LABELS = {V1: b"quic ", V2: b"quicv2 "}
FIRST = {V1: 0xC3, V2: 0xD3}
CLIENT, SERVER = b"client in", b"server in"


# --- AES-128 (FIPS 197) and GCM (SP 800-38D) --------------------------------------------------------------------------

def double(value):
    return (value << 1 ^ (0x1B if value & 0x80 else 0)) & 0xFF


def times(one, other):
    """The product in AES's field."""
    product = 0
    while other:
        product ^= one if other & 1 else 0
        one, other = double(one), other >> 1
    return product


def substitution():
    box = []
    for value in range(256):
        inverse = next((other for other in range(256) if times(value, other) == 1), 0)
        turned = inverse | inverse << 8
        box.append((turned ^ turned >> 4 ^ turned >> 5 ^ turned >> 6 ^ turned >> 7) & 0xFF ^ 0x63)
    return bytes(box)


BOX = substitution()


def round_keys(key):
    words, constant = [key[at:at + 4] for at in range(0, 16, 4)], 1
    for i in range(4, 44):
        word = words[-1]
        if i % 4 == 0:
            word = bytes(BOX[byte] for byte in word[1:] + word[:1])
            word, constant = bytes([word[0] ^ constant]) + word[1:], double(constant)
        words.append(bytes(a ^ b for a, b in zip(word, words[i - 4])))
    return [b"".join(words[at:at + 4]) for at in range(0, 44, 4)]


def mixed(column):
    return [double(column[i]) ^ double(column[(i + 1) % 4]) ^ column[(i + 1) % 4] ^ column[(i + 2) % 4] ^ column[(i + 3) % 4]
            for i in range(4)]


def aes(key, block):
    keys = round_keys(key)
    state = bytes(a ^ b for a, b in zip(block, keys[0]))
    for turn in range(1, 11):
        state = bytes(BOX[state[(i + 4 * (i % 4)) % 16]] for i in range(16))
        if turn < 10:
            state = b"".join(bytes(mixed(state[at:at + 4])) for at in range(0, 16, 4))
        state = bytes(a ^ b for a, b in zip(state, keys[turn]))
    return state


def gcm_times(one, other):
    product = 0
    for bit in range(127, -1, -1):
        product ^= one if other >> bit & 1 else 0
        one = one >> 1 ^ (0xE1 << 120 if one & 1 else 0)
    return product


def padded(data):
    return data + bytes(-len(data) % 16)


def seal(key, nonce, head, plain):
    """The ciphertext and its tag."""
    def stream(counter):
        return aes(key, nonce + struct.pack("!I", counter))
    sealed = b"".join(bytes(a ^ b for a, b in zip(plain[at:at + 16], stream(2 + at // 16))) for at in range(0, len(plain), 16))
    secret, total = int.from_bytes(aes(key, bytes(16)), "big"), 0
    summed = padded(head) + padded(sealed) + struct.pack("!QQ", 8 * len(head), 8 * len(sealed))
    for at in range(0, len(summed), 16):
        total = gcm_times(secret, total ^ int.from_bytes(summed[at:at + 16], "big"))
    return sealed + bytes(a ^ b for a, b in zip(total.to_bytes(16, "big"), stream(1)))


# --- packets ----------------------------------------------------------------------------------------------------------

def expand(secret, label, size):
    """HKDF-Expand-Label (RFC 8446 section 7.1) of at most one hash."""
    info = struct.pack("!HB", size, 6 + len(label)) + b"tls13 " + label + b"\0\1"
    return hmac.digest(secret, info, hashlib.sha256)[:size]


def initial(frames, identity, side=CLIENT, version=V1, to=None, size=0):
    """An Initial packet. Its keys are made of `identity`, the id to which the client sent its first packet; the server sends to
    another id, `to`. Filled up to `size` bytes."""
    to = identity if to is None else to
    secret = expand(hmac.digest(SALTS[version], identity, hashlib.sha256), side, 32)
    key, iv, mask_key = (expand(secret, LABELS[version] + what, len_) for what, len_ in ((b"key", 16), (b"iv", 12), (b"hp", 16)))
    head = bytes([FIRST[version]]) + struct.pack("!IB", version, len(to)) + to + b"\4from\0"
    frames += bytes(max(0, size - len(head) - 2 - 4 - len(frames) - 16))
    head += struct.pack("!HI", 0x4000 | 4 + len(frames) + 16, 0)
    sealed = seal(key, iv, head, frames)
    mask = aes(mask_key, sealed[:16])
    number = bytes(a ^ b for a, b in zip(head[-4:], mask[1:5]))
    return bytes([head[0] ^ mask[0] & 0x0F]) + head[1:-4] + number + sealed


def crypto(message, begin=0, end=None):
    part = message[begin:end]
    return b"\6" + struct.pack("!HH", 0x4000 | begin, 0x4000 | len(part)) + part
