# SPDX-License-Identifier: GPL-2.0-or-later
"""Frames by hand. Runs in a guest, which gets this file as a program:

    frames.py nonsense DEV DESTINATION SEED COUNT
    frames.py send DEV DESTINATION LENGTH...
    frames.py streams DEV DESTINATION
    frames.py streamed DEV
    frames.py pieces SOURCE DESTINATION PORT COUNT
"""

from __future__ import annotations

import os
import random
import socket
import struct
import sys

ETH_TEST = 0x88B5
_ETH_IP, _ETH_IP6, _ETH_VLAN = 0x0800, 0x86DD, 0x8100
_SOL_PACKET, _PACKET_VNET_HDR, _PACKET_QDISC_BYPASS = 263, 15, 20
_SO_SNDBUFFORCE = 32
_NEEDS_CSUM = 1
_GSO_TCP4, _GSO_UDP, _GSO_TCP6, _GSO_UDP_L4, _GSO_ECN = 1, 3, 4, 5, 0x80


def mac(text: str) -> bytes:
    """Bytes of a hardware address."""
    return bytes.fromhex(text.replace(":", ""))


def own_mac(dev: str) -> bytes:
    """The address of an interface of this guest."""
    with open(f"/sys/class/net/{dev}/address", encoding="ascii") as stream:
        return mac(stream.read().strip())


def total(data: bytes, start: int = 0) -> int:
    """Ones' complement sum."""
    start += sum(struct.unpack(f"!{(len(data) + 1) // 2}H", data + bytes(len(data) % 2)))
    while start >> 16:
        start = (start & 0xFFFF) + (start >> 16)
    return start


def ipv4(source: str, destination: str, protocol: int, body: bytes, ident: int = 0, fragment: int = 0x4000, tos: int = 0,
         options: bytes = b"") -> bytes:
    """An IPv4 packet."""
    length = 20 + len(options)
    head = struct.pack("!BBHHHBBH4s4s", 0x40 | length // 4, tos, (length + len(body)) & 0xFFFF, ident, fragment, 64,
                       protocol, 0, socket.inet_aton(source), socket.inet_aton(destination)) + options
    return head[:10] + struct.pack("!H", 0xFFFF - total(head)) + head[12:] + body


def ipv6(source: str, destination: str, protocol: int, body: bytes, first: int = 0) -> bytes:
    """An IPv6 packet; `first` has traffic class and flow label."""
    return struct.pack("!IHBB", 0x60000000 | first, len(body) & 0xFFFF, protocol, 64) + _in6(source) + _in6(destination) + body


def _in6(text: str) -> bytes:
    return socket.inet_pton(socket.AF_INET6, text)


def _pseudo(source: str, destination: str, protocol: int, length: int) -> int:
    addresses = _in6(source) + _in6(destination) if ":" in source else socket.inet_aton(source) + socket.inet_aton(destination)
    return total(addresses + struct.pack("!II", length, protocol))


def tcp(source: str, destination: str, port: int, sequence: int, data: bytes, flags: int = 0x10,
        options: bytes = b"", whole: bool = True) -> bytes:
    """A TCP segment; its checksum is that of the pseudo header unless `whole`."""
    size = 20 + len(options)
    head = struct.pack("!HHIIBBHHH", port, 9, sequence, 77, size << 2, flags, 512, 0, 0) + options
    value = _pseudo(source, destination, 6, size + len(data))
    if whole:
        value = 0xFFFF - total(head + data, value)
    return head[:16] + struct.pack("!H", value) + head[18:] + data


def udp(source: str, destination: str, port: int, data: bytes) -> bytes:
    """A UDP datagram with the pseudo header's checksum."""
    length = 8 + len(data)
    return struct.pack("!HHHH", port, 9, length & 0xFFFF, _pseudo(source, destination, 17, length)) + data


def opened(dev: str, vnet: bool = False, bypass: bool = False) -> socket.socket:
    """A packet socket that sends on an interface and receives nothing."""
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    sock.setsockopt(socket.SOL_SOCKET, _SO_SNDBUFFORCE, 1 << 22)
    sock.setsockopt(_SOL_PACKET, _PACKET_VNET_HDR, int(vnet))
    sock.setsockopt(_SOL_PACKET, _PACKET_QDISC_BYPASS, int(bypass))
    sock.bind((dev, 0))
    return sock


class _Base:
    """A frame that is right but for its checksum, and where its headers are."""

    def __init__(self, ether: bytes, tags: int, six: bool, kind: str, extra: int, size: int) -> None:
        ours, theirs = ("2001:db8::71", "2001:db8::72") if six else ("192.0.2.71", "192.0.2.72")
        data = bytes(i * 7 & 0xFF for i in range(size))
        if kind == "tcp":
            body, protocol = tcp(ours, theirs, 7100, 1, data, options=b"\1" * (extra & 3) * 4, whole=False), 6
        elif kind == "udp":
            body, protocol = udp(ours, theirs, 7100, data), 17
        else:
            body, protocol = data, 253
        if six and extra > 3:
            body, protocol = bytes([protocol, extra - 4]) + bytes(6 + 8 * (extra - 4)) + body, 0
        packet = (ipv6(ours, theirs, protocol, body) if six else
                  ipv4(ours, theirs, protocol, body, options=b"\1" * (4 * (extra - 4)) if extra > 4 else b""))
        self.l3 = 14 + 4 * tags
        self.l4 = len(packet) + self.l3 - len(data) - {"tcp": 20 + 4 * (extra & 3), "udp": 8}.get(kind, 0)
        self.gso = {"tcp": _GSO_TCP6 if six else _GSO_TCP4, "udp": _GSO_UDP_L4}.get(kind, _GSO_UDP)
        self.offset = 6 if kind == "udp" else 16
        self.frame = (ether + struct.pack("!HH", _ETH_VLAN, 5) * tags +
                      struct.pack("!H", _ETH_IP6 if six else _ETH_IP) + packet)


def nonsense(dev: str, destination: str, seed: int, count: int) -> None:
    """Sends `count` frames with virtio headers that are right, wrong in one thing, or arbitrary."""
    rnd = random.Random(seed)
    ether = mac(destination) + own_mac(dev)
    foreign = mac("02:00:5e:00:00:fe") + own_mac(dev)
    sizes = (0, 1, 11, 100, 1400, 5000, 8948, 9000)
    bases = [_Base(ether if rnd.random() < 0.5 else foreign, tags, six, kind, extra, size)
             for tags in (0, 1, 2) for six in (False, True) for kind in ("tcp", "udp", "other")
             for extra in (0, 3, 4, 7) for size in sizes]
    long = [_Base(ether, 0, six, "tcp", extra, size) for six in (False, True) for extra in (0, 5)
            for size in (20000, 40000, 65000)]
    sockets = [opened(dev, vnet=True), opened(dev, vnet=True, bypass=True)]
    sent = refused = 0
    for _ in range(count):
        base = rnd.choice(long) if rnd.random() < 0.1 else rnd.choice(bases)
        frame = base.frame
        length = len(frame)
        flags, kind, start, offset = _NEEDS_CSUM, base.gso, base.l4, base.offset
        size = rnd.choice((536, 1448, 8900, 8960, 8968, 9000, 9100, 16000, 32000, 65535))
        if length < 10000 and rnd.random() < 0.2 or rnd.random() < 0.01:
            size = rnd.choice((0, 1, 7, 8, 15))
        if length < 9000 and rnd.random() < 0.4:
            kind = 0
        if rnd.random() < 0.3:
            start = rnd.choice((0, 13, 14, base.l3, base.l4 + 4, base.l4 - 2, length - 2, rnd.randrange(300)))
        if rnd.random() < 0.2:
            offset = rnd.choice((0, 6, 14, 15, 17, length - start - 2, rnd.randrange(300))) & 0xFFFF
        if rnd.random() < 0.1:
            kind = rnd.choice((_GSO_TCP4, _GSO_TCP6, _GSO_UDP, _GSO_UDP_L4, kind | _GSO_ECN, rnd.randrange(256)))
        if rnd.random() < 0.1:
            flags = rnd.randrange(4)
        if rnd.random() < 0.25:
            copy = bytearray(frame)
            for _ in range(rnd.randrange(1, 4)):
                copy[rnd.randrange(12, min(length, 120))] = rnd.choice((0, 0xFF, rnd.randrange(256)))
            frame = bytes(copy)
        if rnd.random() < 0.05:
            frame = frame[:rnd.randrange(14, length + 1)]
        hdr_len = rnd.choice((base.l4 + 20, 0, rnd.randrange(len(frame))))
        header = struct.pack("=BBHHHH", flags, kind, min(hdr_len, len(frame)), size, start & 0xFFFF, offset)
        try:
            rnd.choice(sockets).send(header + frame)
            sent += 1
        except OSError:
            refused += 1
    print(sent, refused)


def send(dev: str, destination: str, lengths: list[int]) -> None:
    """Sends a test frame of each length."""
    sock = opened(dev)
    head = mac(destination) + own_mac(dev) + struct.pack("!H", ETH_TEST)
    for length in lengths:
        sock.send(head + bytes(length - len(head)))


# What a host that forwards has to leave as it is: kind: (IPv6, identifications, fragment field, TOS, flags of the segments).
_STREAMS = {
    "fixed": (False, [7] * 6, 0x4000, 0, [0x10] * 6),
    "fixed-zero": (False, [0] * 6, 0x4000, 0, [0x10] * 5 + [0x18]),
    "rising": (False, list(range(40, 46)), 0x4000, 0xBA, [0x10] * 6),
    "rising-fragmentable": (False, list(range(40, 46)), 0, 0, [0x10] * 6),
    "fixed-fragmentable": (False, [9] * 6, 0, 0, [0x10] * 6),
    "wrapping": (False, [65533, 65534, 65535, 0, 1, 2], 0x4000, 0, [0x10] * 6),
    "fixed-then-rising": (False, [5, 5, 5, 6, 7, 8], 0x4000, 0, [0x10] * 6),
    "rising-then-fixed": (False, [5, 6, 7, 7, 7, 7], 0x4000, 0, [0x10] * 6),
    "marked": (False, [7] * 6, 0x4000, 0x03, [0x50] * 6),
    "reduced": (False, list(range(40, 46)), 0x4000, 0x02, [0x90] + [0x10] * 5),
    "six": (True, [0] * 6, 0, 0x0BA12345, [0x10] * 5 + [0x18]),
}
STREAMS = list(_STREAMS)
# The router's side and the far side, by family.
ROUTED = {False: ("203.0.113.1", "203.0.113.2"), True: ("2001:db8:1::1", "2001:db8:1::2")}


def segments(kind: str) -> list[bytes]:
    """The IP packets of a stream, as they are sent."""
    six, idents, fragment, first, flags = _STREAMS[kind]
    ours, theirs = ("2001:db8::2" if six else "192.0.2.2"), ROUTED[six][1]
    port = 7200 + STREAMS.index(kind)
    options = b"\1\1\x08\x0a" + struct.pack("!II", 1000, 2000)
    out, sequence = [], 4000000000
    for number, ident in enumerate(idents):
        data = bytes((number * 13 + i * 7) & 0xFF for i in range(1000 if number < 5 else 333))
        body = tcp(ours, theirs, port, sequence & 0xFFFFFFFF, data, flags[number], options)
        out.append(ipv6(ours, theirs, 6, body, first) if six else ipv4(ours, theirs, 6, body, ident, fragment, first))
        sequence += len(data)
    return out


def streams(dev: str, destination: str) -> None:
    """Sends all streams, one after another, to a router."""
    sock = opened(dev)
    for packet in (packet for kind in STREAMS for packet in segments(kind)):
        sock.send(mac(destination) + own_mac(dev) + struct.pack("!H", _ETH_IP6 if packet[0] >> 4 == 6 else _ETH_IP) + packet)


def streamed(dev: str) -> None:
    """Receives the streams behind a router: but for the hop count they must be what was sent."""
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    sock.bind((dev, 3))
    sock.settimeout(20)
    print("ready", flush=True)
    for number, (kind, want) in enumerate((kind, want) for kind in STREAMS for want in segments(kind)):
        at = 40 if want[0] >> 4 == 6 else 20
        packet = bytearray()
        while packet[at:at + 2] != want[at:at + 2]:
            try:
                packet = bytearray(sock.recv(1 << 17)[14:])
            except TimeoutError:
                sys.exit(f"{kind}: packet {number % 6} has not come")
        if at == 40:
            packet[7] += 1
        else:
            packet[8] += 1
            packet[10:12] = want[10:12]
        if packet != want:
            place = next((i for i, (a, b) in enumerate(zip(packet, want)) if a != b), "end")
            sys.exit(f"{kind}: packet {number % 6}: {len(packet)} of {len(want)} bytes, the first wrong one at {place}: "
                     f"{packet[:64].hex()} instead of {want[:64].hex()}")
    print("same")


def pieces(source: str, destination: str, port: int, count: int) -> None:
    """Sends a datagram of `count` pieces of pages, each of an odd length at an odd offset."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind((source, 0))
    sock.connect((destination, port))
    sock.setsockopt(socket.IPPROTO_UDP, 1, 1)  # UDP_CORK
    reader, writer = os.pipe()
    for number in range(count):
        os.write(writer, bytes([number]) * (201 + 2 * number))
        os.read(reader, 1)
        os.splice(reader, sock.fileno(), 200 + 2 * number)
    sock.setsockopt(socket.IPPROTO_UDP, 1, 0)


if __name__ == "__main__":
    _verb, _rest = sys.argv[1], sys.argv[2:]
    if _verb == "nonsense":
        nonsense(_rest[0], _rest[1], int(_rest[2]), int(_rest[3]))
    elif _verb == "send":
        send(_rest[0], _rest[1], [int(word) for word in _rest[2:]])
    elif _verb == "streams":
        streams(_rest[0], _rest[1])
    elif _verb == "streamed":
        streamed(_rest[0])
    elif _verb == "pieces":
        pieces(_rest[0], _rest[1], int(_rest[2]), int(_rest[3]))
    else:
        sys.exit(f"{_verb}?")
