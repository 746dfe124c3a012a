# SPDX-License-Identifier: GPL-2.0-or-later
"""The checker of captured RoCEv2 packets: packets of real adapters, and damage."""

from __future__ import annotations

import struct
import tempfile
import unittest
from pathlib import Path

from harness import roce

# From the IP header to the pad, and the ICRC on the wire.
GOLDEN = {
    "CNP of a ConnectX-4 Lx": (
        "45c2003c718c4000401191610a0011010a001201" "000012b700280000" "8100ffff4000011800000000" + 16 * "00", "82fd002a"),
    "UC SEND_ONLY": (
        "45010040047840004011b4d5c0a80007c0a80007" "c00012b7002c0000" "2460ffff000000d300cf1710"
        "4630818be28935d90e9a95505401be885e500000", "78f353f3"),
}
CNP = bytes.fromhex("".join(GOLDEN["CNP of a ConnectX-4 Lx"]))
MACS = bytes.fromhex("024d4f000002" "024d4f000001")


def frame(ip: bytes, vlan: int | None = None) -> bytes:
    """As it lies on the wire."""
    kind = b"\x08\x00" if ip[0] >> 4 == 4 else b"\x86\xdd"
    return MACS + (b"\x81\x00" + struct.pack(">H", vlan) if vlan is not None else b"") + kind + ip


def over_ipv6(ip: bytes) -> bytes:
    """The UDP datagram of an IPv4 packet, over IPv6; its ICRC made anew."""
    udp = ip[20:-4]
    header = struct.pack(">IHBB", 6 << 28, len(udp) + 4, 17, 64) + bytes(range(32))
    return header + udp + roce.icrc(header + udp)


def capture(frames: list[bytes], order: str = "<", magic: int = 0xA1B23C4D) -> bytes:
    """A capture file."""
    data = struct.pack(f"{order}IHHiIII", magic, 2, 4, 0, 0, 65535, 1)
    for number, one in enumerate(frames):
        data += struct.pack(f"{order}4I", 1000 + number, number, len(one), len(one)) + one
    return data


class IcrcTest(unittest.TestCase):
    def test_packets_of_others(self) -> None:
        for name, (packet, right) in GOLDEN.items():
            with self.subTest(name):
                self.assertEqual(roce.icrc(bytes.fromhex(packet)).hex(), right)

    def test_only_what_routers_change_is_left_out(self) -> None:
        for version, packet, variant in ((4, CNP[:-4], 8 + 8 + 16 + 16 + 8),
                                         (6, over_ipv6(CNP)[:-4], 8 + 20 + 8 + 16 + 8)):
            right, unseen = roce.icrc(packet), 0
            for bit in range(4, len(packet) * 8):  # the version decides what is masked
                changed = bytearray(packet)
                changed[bit // 8] ^= 0x80 >> bit % 8
                unseen += roce.icrc(bytes(changed)) == right
            self.assertEqual(unseen, variant, f"IPv{version}")


class ParseTest(unittest.TestCase):
    def problem(self, bytes_: bytes, length: int | None = None) -> str:
        packet = roce.parse(len(bytes_) if length is None else length, bytes_)
        self.assertIsNotNone(packet)
        return packet.problem if packet else ""

    def test_good_packets(self) -> None:
        for ip, vlan in ((CNP, None), (CNP, 7), (over_ipv6(CNP), None), (over_ipv6(CNP), 0x2007)):
            packet = roce.parse(len(frame(ip, vlan)), frame(ip, vlan))
            self.assertEqual(packet, roce.Packet("02:4d:4f:00:00:01", "02:4d:4f:00:00:02", 4 if ip is CNP else 6,
                                                 vlan and 7, 0x81, ""))

    def test_padding_of_short_frames(self) -> None:
        ip = bytearray(CNP[:40] + bytes(4))  # an acknowledge without its extended header, 44 bytes
        ip[2:4], ip[24:26] = struct.pack(">H", 44), struct.pack(">H", 24)
        short = frame(bytes(ip[:-4]) + roce.icrc(bytes(ip[:-4])))
        self.assertEqual(self.problem(short + bytes(60 - len(short))), "")
        self.assertIn("IP length 44", self.problem(short + bytes(61 - len(short))))

    def test_damage_is_found(self) -> None:
        for at in (*range(26, 34), 34, 42, 45, 60, 69, 70, 73):  # addresses, ports, BTH, payload, ICRC
            changed = bytearray(frame(CNP))
            changed[at] ^= 1
            self.assertIn("ICRC", self.problem(bytes(changed)), f"byte {at}")

    def test_lengths_that_contradict(self) -> None:
        good = frame(CNP)
        self.assertIn("captured", self.problem(good[:70], len(good)))
        self.assertIn("IP length", self.problem(good[:-1]))
        self.assertIn("IP length", self.problem(good + b"\0"))
        self.assertIn("UDP length", self.problem(good[:38] + b"\0\x29" + good[40:]))
        self.assertIn("options", self.problem(good[:14] + b"\x46" + good[15:16] + b"\0\x40" + good[18:34] + bytes(4) + good[34:]))

    def test_other_frames(self) -> None:
        good = frame(CNP)
        for other in (good[:36] + b"\x12\xb8" + good[38:], good[:23] + b"\x06" + good[24:],
                      good[:12] + b"\x08\x06" + good[14:], good[:16], b""):
            self.assertIsNone(roce.parse(len(other), other))


class CaptureTest(unittest.TestCase):
    def summarize(self, data: bytes) -> roce.Summary:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "x.pcap"
            file.write_bytes(data)
            return roce.summarize(file)

    def test_counts_and_problems(self) -> None:
        bad = frame(CNP)[:-1] + b"\0"
        arp = MACS + b"\x08\x06" + bytes(46)
        for order, magic in (("<", 0xA1B23C4D), (">", 0xA1B23C4D), ("<", 0xA1B2C3D4), (">", 0xA1B2C3D4)):
            summary = self.summarize(capture([frame(CNP), arp, frame(over_ipv6(CNP), 5), bad], order, magic))
            self.assertEqual((summary.frames, summary.packets), (4, 3))
            self.assertEqual(summary.opcodes("02:4d:4f:00:00:01", 4), {"CNP": 2})
            self.assertEqual(summary.opcodes("02:4d:4f:00:00:01", 6, 5), {"CNP": 1})
            self.assertEqual(summary.problems, ["frame 4 of 02:4d:4f:00:00:01: ICRC 82fd0000, must be 82fd002a"])

    def test_files_that_are_no_captures(self) -> None:
        good = capture([frame(CNP)])
        for data in (b"", good[:23], b"\0" + good[1:], good[:20] + b"\0\0\0\0" + good[24:], good[:30], good[:-1]):
            with self.assertRaises(roce.BadCapture):
                self.summarize(data)

    def test_names_of_opcodes(self) -> None:
        names = {0x04: "RC_SEND_ONLY", 0x0A: "RC_WRITE_ONLY", 0x0C: "RC_READ_REQUEST", 0x11: "RC_ACK", 0x13: "RC_CMP_SWAP",
                 0x14: "RC_FETCH_ADD", 0x17: "RC_SEND_ONLY_INV", 0x24: "UC_SEND_ONLY", 0x64: "UD_SEND_ONLY",
                 0x65: "UD_SEND_ONLY_IMM", 0x81: "CNP", 0xA4: "0xa4"}
        self.assertEqual({opcode: roce.opcode_name(opcode) for opcode in names}, names)


if __name__ == "__main__":
    unittest.main()
