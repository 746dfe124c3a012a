# SPDX-License-Identifier: GPL-2.0-or-later
"""Packages that must be refused, each with who refuses it and why.

Made from a good package: one bit flipped per header field, files cut short, and headers that are
properly signed and still not acceptable.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from nacl.signing import SigningKey

from . import pldm
from .header import HDR_LEN, KEY_IDS, SIGNED_LEN, Header, field_offsets, resign
from .hwdefs import DEFS


@dataclass(frozen=True)
class Negative:
    """A bad package. `by`: pldm (the package's parser), rom (enum mo_fw_error) or driver (ABI)."""

    name: str
    by: str
    error: str
    data: bytes


# What the boot ROM answers when the lowest bit of a field is flipped; SIGNATURE where not listed.
_FLIP_ERRORS = {
    "magic": "MAGIC",
    "hdr_version": "HDR_VERSION",
    "hdr_len": "HDR_VERSION",
    "component": "COMPONENT",
    "key_id": "KEY",
    "rsvd0": "HDR_VERSION",
    "rsvd1": "HDR_VERSION",
    "rsvd2": "HDR_VERSION",
    "if_major": "IF_VERSION",
    "board_mask": "BOARD",
}


def _flip(data: bytes, offset: int) -> bytes:
    return data[:offset] + bytes([data[offset] ^ 1]) + data[offset + 1:]


def _repack(good: pldm.Package, component: bytes) -> bytes:
    """The package around another component, with a right CRC."""
    return pldm.build(good.version, [replace(good.components[0], data=component)])


def _flips(good: pldm.Package) -> Iterator[Negative]:
    component = good.components[0].data
    for name, offset in field_offsets().items():
        data = _flip(component, offset)
        error = _FLIP_ERRORS.get(name, "SIGNATURE")
        if name == "image_len":
            longer = not component[offset] & 1
            error = "TRUNCATED" if longer else "SIGNATURE"
        elif name == "if_minor":
            newer = not component[offset] & 1
            error = "IF_VERSION" if newer else "SIGNATURE"
        yield Negative(f"flip-{name}", "rom", error, _repack(good, data))
    yield Negative("flip-image", "rom", "HASH", _repack(good, _flip(component, HDR_LEN)))
    yield Negative("flip-image-end", "rom", "HASH", _repack(good, _flip(component, len(component) - 1)))


def _resigned(good: pldm.Package, key: SigningKey) -> Iterator[Negative]:
    component = good.components[0].data
    head, image = Header.unpack(component), component[HDR_LEN:]
    ram_end = DEFS["MO_SOC_RAM_BASE"] + DEFS["MO_SOC_RAM_SIZE"]
    changes: list[tuple[str, str, str, dict[str, int]]] = [
        ("other-component", "rom", "COMPONENT", {"component": head.component + 1}),
        ("other-board", "rom", "BOARD", {"board_mask": 1 << 31}),
        ("newer-interface", "rom", "IF_VERSION", {"if_minor": DEFS["MO_IF_MINOR"] + 1}),
        ("other-interface", "rom", "IF_VERSION", {"if_major": DEFS["MO_IF_MAJOR"] + 1}),
        ("unknown-key", "rom", "KEY", {"key_id": 7}),
        ("production-key", "rom", "KEY", {"key_id": KEY_IDS["production"]}),
        ("old-security-version", "rom", "SECURITY_VERSION", {"security_version": 0}),
        ("layout-behind-ram", "rom", "LAYOUT", {"load_addr": ram_end, "entry": ram_end}),
        ("layout-entry-in-rom", "rom", "LAYOUT", {"entry": 0}),
        ("newer-abi-major", "driver", "ABI", {"abi_major": head.abi_major + 1}),
    ]
    for name, refused_by, error, change in changes:
        data = resign(replace(head, **change), key) + image
        yield Negative(name, refused_by, error, _repack(good, data))
    stranger = SigningKey(bytes(range(32)))
    yield Negative("foreign-signer", "rom", "SIGNATURE", _repack(good, resign(head, stranger) + image))


def _cut(good: pldm.Package, data: bytes) -> Iterator[Negative]:
    component = good.components[0].data
    yield Negative("component-header-cut", "rom", "TRUNCATED", _repack(good, component[:SIGNED_LEN]))
    yield Negative("component-image-cut", "rom", "TRUNCATED", _repack(good, component[:-4]))
    yield Negative("empty", "pldm", "TRUNCATED", b"")
    yield Negative("package-header-cut", "pldm", "TRUNCATED", data[:50])
    yield Negative("package-cut", "pldm", "TRUNCATED", data[:-1])
    yield Negative("package-uuid", "pldm", "FORMAT", _flip(data, 0))
    yield Negative("package-revision", "pldm", "FORMAT", _flip(data, 16))
    yield Negative("package-crc", "pldm", "CRC", _flip(data, 20))
    yield Negative("text", "pldm", "FORMAT", b"This is no firmware.\n" * 40)


def negatives(data: bytes, key: SigningKey) -> Iterator[Negative]:
    """All bad packages made from the good one in `data`, in a fixed order."""
    good = pldm.parse(data)
    yield from _flips(good)
    yield from _resigned(good, key)
    yield from _cut(good, data)
