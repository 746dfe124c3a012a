# SPDX-License-Identifier: GPL-2.0-or-later
"""RoCEv2 packets of a capture, and what their ICRC has to be.

Written from the specifications alone (IBA volume 1, 7.8.1, 9.2 and annex A17;
pcap-savefile(5)), with Python's CRC-32: it shares nothing with the device model.
"""

from __future__ import annotations

import struct
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

PORT = 4791
_VLAN, _IPV4, _IPV6, _UDP = 0x8100, 0x0800, 0x86DD, 17
_BTH = 12
_CRC = 4
# Byte order and ticks of a second, by the file's first four bytes.
_MAGICS = {b"\xd4\xc3\xb2\xa1": ("<", 10**6), b"\xa1\xb2\xc3\xd4": (">", 10**6),
           b"\x4d\x3c\xb2\xa1": ("<", 10**9), b"\xa1\xb2\x3c\x4d": (">", 10**9)}
_ETHERNET = 1

# Opcodes of the BTH (IBA 9.2.1) by transport, top three bits, and operation.
_TRANSPORTS = {0x00: "RC", 0x20: "UC", 0x60: "UD"}
_OPERATIONS = ("SEND_FIRST", "SEND_MIDDLE", "SEND_LAST", "SEND_LAST_IMM", "SEND_ONLY", "SEND_ONLY_IMM", "WRITE_FIRST",
               "WRITE_MIDDLE", "WRITE_LAST", "WRITE_LAST_IMM", "WRITE_ONLY", "WRITE_ONLY_IMM", "READ_REQUEST",
               "READ_RESPONSE_FIRST", "READ_RESPONSE_MIDDLE", "READ_RESPONSE_LAST", "READ_RESPONSE_ONLY", "ACK",
               "ATOMIC_ACK", "CMP_SWAP", "FETCH_ADD", "reserved", "SEND_LAST_INV", "SEND_ONLY_INV")
_CNP = 0x81


class BadCapture(Exception):
    """The file is no capture of ethernet frames, or ends within one."""


def opcode_name(opcode: int) -> str:
    """Such as RC_SEND_ONLY; UD's have no other names than RC's."""
    if opcode == _CNP:
        return "CNP"
    transport, operation = _TRANSPORTS.get(opcode & 0xE0), opcode & 0x1F
    if transport is None or operation >= len(_OPERATIONS):
        return f"0x{opcode:02x}"
    return f"{transport}_{_OPERATIONS[operation]}"


def read_capture(path: Path) -> Iterator[tuple[int, bytes]]:
    """Length on the wire and captured bytes of each frame."""
    with path.open("rb") as stream:
        header = stream.read(24)
        if len(header) != 24 or header[:4] not in _MAGICS:
            raise BadCapture(f"{path} is no capture")
        order, ticks = _MAGICS[header[:4]]
        (link_type,) = struct.unpack(f"{order}I", header[20:])
        if link_type != _ETHERNET:
            raise BadCapture(f"{path} holds link type {link_type}, not ethernet")
        while record := stream.read(16):
            if len(record) != 16:
                raise BadCapture(f"{path} ends within the header of a frame")
            _, fraction, captured, length = struct.unpack(f"{order}4I", record)
            frame = stream.read(captured)
            if len(frame) != captured or fraction >= ticks or captured > length:
                raise BadCapture(f"{path} holds a frame that is none")
            yield length, frame


def icrc(packet: bytes) -> bytes:
    """The four bytes that have to follow `packet`, which begins at its IP header
    (IPv4 without options, or IPv6) and ends with its pad."""
    masked = bytearray(packet)
    if packet[0] >> 4 == 4:
        udp, variant = 20, (1, 8, 10, 11)  # type of service, time to live, checksum
    else:
        udp, variant = 40, (1, 2, 3, 7)  # rest of traffic class, flow label, hop limit
        masked[0] |= 0x0F
    for at in (*variant, udp + 6, udp + 7, udp + 8 + 4):  # checksum of UDP, notifications of the BTH
        masked[at] = 0xFF
    return struct.pack("<I", zlib.crc32(b"\xff" * 8 + masked))


@dataclass(frozen=True)
class Packet:
    """A RoCEv2 packet. `problem` is empty, or says what is wrong with its bytes."""

    source: str  # MAC addresses
    destination: str
    ip: int  # version
    vlan: int | None
    opcode: int = -1
    problem: str = ""


def _wrong(seen: bytes, packet: bytes) -> str:
    right = icrc(packet)
    return "" if seen == right else f"ICRC {seen.hex()}, must be {right.hex()}"


def parse(length: int, frame: bytes) -> Packet | None:
    """A frame of a capture; None when it is not RoCEv2."""
    if len(frame) < 18:
        return None
    source, destination = frame[6:12].hex(":"), frame[:6].hex(":")
    kind, at, vlan = int.from_bytes(frame[12:14], "big"), 14, None
    if kind == _VLAN:
        vlan, kind = (int.from_bytes(part, "big") for part in (frame[14:16], frame[16:18]))
        vlan, at = vlan & 0xFFF, 18
    ip = frame[at:]
    if kind == _IPV4 and len(ip) >= 20:
        version, header, size, protocol = 4, (ip[0] & 15) * 4, int.from_bytes(ip[2:4], "big"), ip[9]
    elif kind == _IPV6 and len(ip) >= 40:
        version, header, size, protocol = 6, 40, 40 + int.from_bytes(ip[4:6], "big"), ip[6]
    else:
        return None
    udp = ip[header:header + 8]
    if protocol != _UDP or len(udp) != 8 or int.from_bytes(udp[2:4], "big") != PORT:
        return None

    def packet(opcode: int, problem: str) -> Packet:
        return Packet(source, destination, version, vlan, opcode, problem)

    if len(frame) != length:
        return packet(-1, f"only {len(frame)} of {length} bytes were captured")
    if size > len(ip) or size < header + 8 + _BTH + _CRC or len(ip) > max(size, 60 - at):
        return packet(-1, f"IP length {size} in {len(ip)} bytes")
    if int.from_bytes(udp[4:6], "big") != size - header:
        return packet(-1, f"UDP length {int.from_bytes(udp[4:6], 'big')}, must be {size - header}")
    if version == 4 and header != 20:
        return packet(-1, "IPv4 options")
    opcode = ip[header + 8]
    return packet(opcode, _wrong(ip[size - _CRC:size], ip[:size - _CRC]))


@dataclass
class Summary:
    """What a capture held."""

    frames: int = 0
    packets: int = 0  # RoCEv2 among them
    problems: list[str] = field(default_factory=list)
    # (source MAC, IP version, VLAN) -> opcode's name -> how many
    seen: dict[tuple[str, int, int | None], Counter[str]] = field(default_factory=dict)

    def opcodes(self, source: str, ip: int, vlan: int | None = None) -> Counter[str]:
        """The opcodes that a NIC sent."""
        return self.seen.get((source, ip, vlan), Counter())


def summarize(path: Path) -> Summary:
    """Reads a whole capture and checks each RoCEv2 packet of it."""
    summary = Summary()
    for length, frame in read_capture(path):
        summary.frames += 1
        packet = parse(length, frame)
        if packet is None:
            continue
        summary.packets += 1
        if packet.problem:
            summary.problems.append(f"frame {summary.frames} of {packet.source}: {packet.problem}")
        key = (packet.source, packet.ip, packet.vlan)
        summary.seen.setdefault(key, Counter())[opcode_name(packet.opcode)] += 1
    return summary
