# SPDX-License-Identifier: GPL-2.0-or-later
"""struct mo_fw_hdr of driver/hw/fwimg.h: fields by name, bytes and back."""

import hashlib
import struct
from dataclasses import dataclass, fields, replace

from nacl.signing import SigningKey, VerifyKey
from nacl.exceptions import BadSignatureError

from .hwdefs import DEFS

LAYOUT = struct.Struct("<IHHHHBBBBHHHHIIIIII20s60s64s64s")
HDR_LEN = DEFS["MO_FW_HDR_LEN"]
SIGNED_LEN = DEFS["MO_FW_SIGNED_LEN"]
assert LAYOUT.size == HDR_LEN

KEY_IDS = {"production": DEFS["MO_FW_KEY_PRODUCTION"], "development": DEFS["MO_FW_KEY_DEVELOPMENT"]}


@dataclass(frozen=True)
class Header:
    """The fields in their order in memory; defaults are those of a good image."""

    magic: int = DEFS["MO_FW_MAGIC"]
    hdr_version: int = DEFS["MO_FW_HDR_VERSION"]
    hdr_len: int = HDR_LEN
    component: int = DEFS["MO_FW_COMP_CONTROL"]
    key_id: int = KEY_IDS["development"]
    ver_major: int = 0
    ver_minor: int = 0
    ver_patch: int = 0
    rsvd0: int = 0
    abi_major: int = DEFS["MO_FW_ABI_MAJOR"]
    abi_minor: int = DEFS["MO_FW_ABI_MINOR"]
    if_major: int = DEFS["MO_IF_MAJOR"]
    if_minor: int = DEFS["MO_IF_MINOR"]
    security_version: int = 0
    board_mask: int = 0
    image_len: int = 0
    load_addr: int = DEFS["MO_SOC_RAM_BASE"]
    entry: int = DEFS["MO_SOC_RAM_BASE"]
    rsvd1: int = 0
    build_id: bytes = bytes(20)
    rsvd2: bytes = bytes(60)
    sha512: bytes = bytes(64)
    signature: bytes = bytes(64)

    def pack(self) -> bytes:
        """The 256 bytes."""
        return LAYOUT.pack(*(getattr(self, field.name) for field in fields(self)))

    @staticmethod
    def unpack(data: bytes) -> "Header":
        """From the first 256 bytes of `data`."""
        return Header(*LAYOUT.unpack_from(data))

    @property
    def version(self) -> str:
        """Semantic version as text."""
        return f"{self.ver_major}.{self.ver_minor}.{self.ver_patch}"


def field_offsets() -> dict[str, int]:
    """Byte offset of each field."""
    offsets: dict[str, int] = {}
    at = 0
    codes = LAYOUT.format.lstrip("<")
    for field in fields(Header):
        count = ""
        while codes[0].isdigit():
            count, codes = count + codes[0], codes[1:]
        offsets[field.name] = at
        at += struct.calcsize("<" + count + codes[0])
        codes = codes[1:]
    return offsets


def sign(header: Header, image: bytes, key: SigningKey) -> bytes:
    """The component: header with length, hash and signature filled in, then the image."""
    header = replace(header, image_len=len(image), sha512=hashlib.sha512(image).digest())
    return resign(header, key) + image


def resign(header: Header, key: SigningKey) -> bytes:
    """The header's bytes with a new signature and nothing else changed."""
    signed = header.pack()[:SIGNED_LEN]
    return signed + key.sign(signed).signature


def signature_ok(header: Header, key: VerifyKey) -> bool:
    """Whether the header's signature is the key's."""
    try:
        key.verify(header.pack()[:SIGNED_LEN], header.signature)
    except BadSignatureError:
        return False
    return True
