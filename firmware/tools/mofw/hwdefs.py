# SPDX-License-Identifier: GPL-2.0-or-later
"""Constants of driver/hw, read from the headers themselves."""

import re
from pathlib import Path

HW = Path(__file__).resolve().parents[3] / "driver" / "hw"
_DEFINE = re.compile(r"^#define\s+(MO_\w+)\s+\(?(0x[0-9a-fA-F]+|\d+)U?(?:\s*\*\s*(\d+))?\)?\s*(?:/\*|$)")
_ROW = re.compile(r'^\tX\((\w+), (\d+), "(.*)"\)', re.MULTILINE)


def defines(*headers: str) -> dict[str, int]:
    """All numeric #defines of the headers."""
    found: dict[str, int] = {}
    for header in headers:
        for line in (HW / header).read_text(encoding="ascii").splitlines():
            match = _DEFINE.match(line)
            if match:
                found[match[1]] = int(match[2], 0) * int(match[3] or 1)
    return found


def error_codes() -> dict[str, int]:
    """enum mo_fw_error without its prefix."""
    text = (HW / "fwimg.h").read_text(encoding="ascii")
    table = text[text.index("#define MO_FW_ERRORS"):]
    return {row[1]: int(row[2]) for row in _ROW.finditer(table)}


DEFS = defines("ids.h", "fwimg.h", "soc.h")
