# SPDX-License-Identifier: GPL-2.0-or-later
"""PLDM firmware update packages, header revision 1 (DMTF DSP0267 1.0, section 7)."""

import struct
import uuid
import zlib
from dataclasses import dataclass

from .hwdefs import DEFS

PACKAGE_UUID = uuid.UUID("f018878c-cb7d-4943-9800-a02f059aca02").bytes
REVISION = 1
STRING_ASCII = 1
CLASS_FIRMWARE = 0x000A
OPTION_COMPARISON_STAMP = 1 << 1
ACTIVATE_SELF_CONTAINED = 1 << 1
CONTINUE_AFTER_FAILURE = 1 << 0
# Descriptor types (PLDM Base Specification, "PCI" vendor): (type, value)
DESC_PCI_VENDOR = 0x0000
DESC_PCI_DEVICE = 0x0100
DESC_PCI_SUBVENDOR = 0x0101
DESC_PCI_SUBDEVICE = 0x0102
# timestamp104 (DSP0240): microseconds, seconds, minutes, hours, day, month, year, then UTC offset
# in minutes in front and the resolution behind. Fixed, so that the same input gives the same file.
RELEASE = struct.pack("<h3sBBBBBHB", 0, bytes(3), 0, 0, 0, 1, 1, 2026, 0)
assert len(RELEASE) == 13


class PackageError(Exception):
    """What is wrong with a package."""


@dataclass(frozen=True)
class Component:
    """One firmware component of a package."""

    identifier: int
    stamp: int
    version: str
    data: bytes


@dataclass(frozen=True)
class Package:
    """A parsed package."""

    version: str
    descriptors: dict[int, int]
    components: list[Component]


def _string(text: str) -> bytes:
    raw = text.encode("ascii")
    if not 0 < len(raw) < 256:
        raise PackageError(f"version text has {len(raw)} bytes")
    return raw


def _descriptors() -> bytes:
    values = [
        (DESC_PCI_VENDOR, DEFS["MO_PCI_VENDOR_ID"]),
        (DESC_PCI_DEVICE, DEFS["MO_PCI_DEVICE_ID"]),
        (DESC_PCI_SUBVENDOR, DEFS["MO_PCI_VENDOR_ID"]),
        (DESC_PCI_SUBDEVICE, DEFS["MO_PCI_SUBSYS_DEVKIT"]),
    ]
    return b"".join(struct.pack("<HHH", kind, 2, value) for kind, value in values)


def build(version: str, components: list[Component]) -> bytes:
    """The package's bytes."""
    bitmap_bits = -(-len(components) // 8) * 8
    bitmap = ((1 << len(components)) - 1).to_bytes(bitmap_bits // 8, "little")
    text = _string(version)
    descriptors = _descriptors()

    record_tail = bitmap + text + descriptors
    record = struct.pack("<BIBBH", 4, CONTINUE_AFTER_FAILURE, STRING_ASCII, len(text), 0) + record_tail
    record = struct.pack("<H", len(record) + 2) + record

    table_len = sum(22 + len(_string(component.version)) for component in components)
    fixed = 16 + 1 + 2 + 13 + 2 + 1 + 1
    header_len = fixed + len(text) + 1 + len(record) + 2 + table_len + 4

    header = PACKAGE_UUID + struct.pack("<BH", REVISION, header_len) + RELEASE
    header += struct.pack("<HBB", bitmap_bits, STRING_ASCII, len(text)) + text
    header += struct.pack("<B", 1) + record
    header += struct.pack("<H", len(components))
    at = header_len
    for component in components:
        name = _string(component.version)
        header += struct.pack("<HHIHHIIBB", CLASS_FIRMWARE, component.identifier, component.stamp,
                              OPTION_COMPARISON_STAMP, ACTIVATE_SELF_CONTAINED, at,
                              len(component.data), STRING_ASCII, len(name)) + name
        at += len(component.data)
    header += struct.pack("<I", zlib.crc32(header))
    if len(header) != header_len:
        raise AssertionError("package header length")
    return header + b"".join(component.data for component in components)


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def take(self, count: int) -> bytes:
        if len(self.data) - self.at < count:
            raise PackageError(f"truncated at byte {self.at}")
        piece = self.data[self.at:self.at + count]
        self.at += count
        return piece

    def unpack(self, layout: str) -> tuple:
        return struct.unpack(layout, self.take(struct.calcsize(layout)))


def _parse_record(reader: _Reader, bitmap_len: int) -> dict[int, int]:
    start = reader.at
    length, count, _flags, _kind, text_len, data_len = reader.unpack("<HBIBBH")
    reader.take(bitmap_len + text_len)
    found: dict[int, int] = {}
    for _ in range(count):
        kind, size = reader.unpack("<HH")
        found[kind] = int.from_bytes(reader.take(size), "little")
    reader.take(data_len)
    if reader.at - start != length:
        raise PackageError("device record has a wrong length")
    return found


def parse(data: bytes) -> Package:
    """Parses and checks a package as a device's driver does."""
    reader = _Reader(data)
    if reader.take(16) != PACKAGE_UUID:
        raise PackageError("not a PLDM package, revision 1")
    revision, header_len = reader.unpack("<BH")
    if revision != REVISION or header_len < 40:
        raise PackageError(f"package revision {revision} is not supported")
    header = _Reader(data).take(header_len)
    if zlib.crc32(header[:-4]) != int.from_bytes(header[-4:], "little"):
        raise PackageError("header CRC does not match")
    reader.take(13)
    bitmap_bits, _kind, text_len = reader.unpack("<HBB")
    version = reader.take(text_len).decode("ascii", "replace")
    descriptors: dict[int, int] = {}
    for _ in range(reader.unpack("<B")[0]):
        descriptors |= _parse_record(reader, bitmap_bits // 8)
    components = []
    for _ in range(reader.unpack("<H")[0]):
        (_class, identifier, stamp, _options, _method, offset, size, _kind,
         name_len) = reader.unpack("<HHIHHIIBB")
        name = reader.take(name_len).decode("ascii", "replace")
        if offset > len(data) or size > len(data) - offset:
            raise PackageError(f"component {identifier:#x} lies outside the file")
        components.append(Component(identifier, stamp, name, data[offset:offset + size]))
    if reader.at + 4 != header_len:
        raise PackageError("header has a wrong length")
    return Package(version, descriptors, components)
