# SPDX-License-Identifier: GPL-2.0-or-later
"""Key files: 64 hexadecimal digits, lines that start with # are comments."""

from pathlib import Path

from nacl.signing import SigningKey, VerifyKey


def read_hex(path: Path) -> bytes:
    """The 32 bytes of a key file."""
    lines = path.read_text(encoding="ascii").splitlines()
    digits = "".join(line.strip() for line in lines if not line.startswith("#"))
    try:
        key = bytes.fromhex(digits)
    except ValueError:
        key = b""
    if len(key) != 32:
        raise SystemExit(f"{path}: not 64 hexadecimal digits")
    return key


def private_key(path: Path) -> SigningKey:
    """Signing key from its seed."""
    return SigningKey(read_hex(path))


def public_key(path: Path) -> VerifyKey | None:
    """Public key; None for all zeros, which means that there is none."""
    raw = read_hex(path)
    return VerifyKey(raw) if any(raw) else None
