# SPDX-License-Identifier: GPL-2.0-or-later
"""Package lists: one name (or NAME/SUITE) per line, `#` comments."""

from __future__ import annotations

import re
from pathlib import Path

from .errors import HarnessError

NAME = re.compile(r"^[a-z0-9][a-z0-9+.-]+(:[a-z0-9]+)?(/[a-z0-9-]+)?$")


def read(path: Path) -> list[str]:
    """The names of a list file, sorted, each once."""
    names = set()
    for number, line in enumerate(path.read_text().splitlines(), 1):
        name = line.partition("#")[0].strip()
        if not name:
            continue
        if not NAME.match(name):
            raise HarnessError(f"{path}:{number}: {name!r} is no package name")
        names.add(name)
    return sorted(names)


def parse(text: str) -> list[str]:
    """The names of a `--packages a,b` option."""
    names = sorted({name.strip() for name in text.split(",") if name.strip()})
    for name in names:
        if not NAME.match(name):
            raise HarnessError(f"--packages: {name!r} is no package name")
    return names
