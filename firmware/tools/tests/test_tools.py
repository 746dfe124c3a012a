#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Unit tests of the firmware tools. Run by make -C firmware check."""

import hashlib
import struct
import subprocess
import sys
import tempfile
import unittest
import zlib
from dataclasses import replace
from pathlib import Path

sys.dont_write_bytecode = True
TOOLS = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TOOLS))
from mofw import header, hwdefs, keys, negative, pldm  # noqa: E402

FIRMWARE = TOOLS.parent
KEY_FILE = FIRMWARE / "keys" / "development.key"
KEY = keys.private_key(KEY_FILE)


def component() -> bytes:
    """A small signed component."""
    head = header.Header(ver_major=1, ver_minor=2, ver_patch=3, security_version=1, board_mask=3)
    return header.sign(head, bytes(range(64)), KEY)


def package() -> bytes:
    """A package around it."""
    return pldm.build("1.2.3", [pldm.Component(1, 0x010203, "1.2.3", component())])


class HeaderTest(unittest.TestCase):
    """struct mo_fw_hdr."""

    def test_offsets_of_the_c_struct(self) -> None:
        offsets = header.field_offsets()
        self.assertEqual(offsets["sha512"], 128)
        self.assertEqual(offsets["signature"], header.SIGNED_LEN)
        self.assertEqual(offsets["image_len"], 32)
        self.assertEqual(offsets["build_id"], 48)

    def test_round_trip(self) -> None:
        head = header.Header.unpack(component())
        self.assertEqual(head.pack(), component()[:header.HDR_LEN])
        self.assertEqual(head.version, "1.2.3")
        self.assertEqual(head.sha512, hashlib.sha512(bytes(range(64))).digest())

    def test_signature(self) -> None:
        head = header.Header.unpack(component())
        self.assertTrue(header.signature_ok(head, KEY.verify_key))
        self.assertFalse(header.signature_ok(replace(head, board_mask=1), KEY.verify_key))


class KeyTest(unittest.TestCase):
    """Key files."""

    def test_the_pair_belongs_together(self) -> None:
        public = keys.public_key(FIRMWARE / "keys" / "development.pub")
        self.assertEqual(public, KEY.verify_key)

    def test_all_zero_is_no_key(self) -> None:
        self.assertIsNone(keys.public_key(FIRMWARE / "keys" / "production.pub"))

    def test_rubbish_is_refused(self) -> None:
        with tempfile.NamedTemporaryFile("w", suffix=".key") as file:
            file.write("# comment\nabcd\n")
            file.flush()
            with self.assertRaises(SystemExit):
                keys.read_hex(Path(file.name))


class PackageTest(unittest.TestCase):
    """PLDM packages."""

    def test_layout_by_the_specification(self) -> None:
        data = package()
        self.assertEqual(data[:16].hex(), "f018878ccb7d49439800a02f059aca02")
        revision, size = struct.unpack_from("<BH", data, 16)
        self.assertEqual(revision, 1)
        bitmap_bits, kind, text_len = struct.unpack_from("<HBB", data, 32)
        self.assertEqual((bitmap_bits, kind, text_len), (8, 1, 5))
        self.assertEqual(data[36:41], b"1.2.3")
        self.assertEqual(struct.unpack_from("<I", data, size - 4)[0], zlib.crc32(data[:size - 4]))
        self.assertEqual(data[size:], component())

    def test_parse_gives_back_what_was_built(self) -> None:
        parsed = pldm.parse(package())
        self.assertEqual(parsed.version, "1.2.3")
        self.assertEqual(parsed.components[0].data, component())
        self.assertEqual(parsed.descriptors[pldm.DESC_PCI_VENDOR], hwdefs.DEFS["MO_PCI_VENDOR_ID"])
        self.assertEqual(parsed.descriptors[pldm.DESC_PCI_SUBDEVICE],
                         hwdefs.DEFS["MO_PCI_SUBSYS_DEVKIT"])

    def test_every_cut_is_noticed(self) -> None:
        data = package()
        for size in range(len(data)):
            with self.assertRaises(pldm.PackageError, msg=str(size)):
                pldm.parse(data[:size])

    def test_every_header_bit_is_covered(self) -> None:
        data = package()
        size = struct.unpack_from("<H", data, 17)[0]
        for at in range(size):
            bad = data[:at] + bytes([data[at] ^ 0x10]) + data[at + 1:]
            with self.assertRaises(pldm.PackageError, msg=str(at)):
                pldm.parse(bad)


class NegativeTest(unittest.TestCase):
    """The set of bad packages."""

    def test_every_one_is_what_it_says(self) -> None:
        names = set()
        errors = set(hwdefs.error_codes())
        for bad in negative.negatives(package(), KEY):
            self.assertNotIn(bad.name, names)
            names.add(bad.name)
            if bad.by == "pldm":
                with self.assertRaises(pldm.PackageError, msg=bad.name):
                    pldm.parse(bad.data)
                continue
            parsed = pldm.parse(bad.data)
            self.assertNotEqual(parsed.components[0].data, component(), bad.name)
            if bad.by == "rom":
                self.assertIn(bad.error, errors)
        self.assertLessEqual({f"flip-{name}" for name in header.field_offsets()}, names)

    def test_resigned_ones_have_a_good_signature(self) -> None:
        for bad in negative.negatives(package(), KEY):
            if bad.name in ("newer-abi-major", "old-security-version", "other-board"):
                head = header.Header.unpack(pldm.parse(bad.data).components[0].data)
                self.assertTrue(header.signature_ok(head, KEY.verify_key), bad.name)


class CommandTest(unittest.TestCase):
    """The commands, on files."""

    def run_tool(self, *args: object) -> subprocess.CompletedProcess[str]:
        """Runs a tool, output captured."""
        return subprocess.run([TOOLS / str(args[0]), *map(str, args[1:])], capture_output=True,
                              text=True, check=False)

    def test_sign_pack_inspect(self) -> None:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            (folder / "image").write_bytes(b"\x13\x00\x00")
            done = self.run_tool("mo-sign", folder / "image", "-o", folder / "c", "--key", KEY_FILE,
                                 "--key-id", "development", "--version", "1.0.7",
                                 "--security-version", 1, "--boards", "0x3")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(len((folder / "c").read_bytes()), 256 + 4)
            self.assertEqual(self.run_tool("mo-pack", folder / "c", "-o", folder / "p").returncode, 0)
            shown = self.run_tool("mo-inspect", folder / "p")
            self.assertEqual(shown.returncode, 0)
            self.assertIn("version 1.0.7", shown.stdout)
            data = bytearray((folder / "p").read_bytes())
            data[-1] ^= 1
            (folder / "p").write_bytes(data)
            self.assertEqual(self.run_tool("mo-inspect", folder / "p").returncode, 1)

    def test_bad_arguments(self) -> None:
        done = self.run_tool("mo-sign", "/nonexistent", "-o", "/dev/null", "--key", KEY_FILE,
                             "--key-id", "development", "--version", "1.0", "--security-version",
                             1, "--boards", 3)
        self.assertEqual(done.returncode, 2)
        self.assertIn("not MAJOR.MINOR.PATCH", done.stderr)
        self.assertEqual(self.run_tool("mo-inspect", "/nonexistent").returncode, 2)


if __name__ == "__main__":
    unittest.main()
