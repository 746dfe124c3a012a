# SPDX-License-Identifier: GPL-2.0-or-later
"""Upstream sources of Debian packages that the build needs: rdma-core's private
headers, which a provider is compiled with, and its test-suite."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from . import apt, buildroot, cache
from .errors import HarnessError

# Source package, and a binary package of the build root that is made from it.
PACKAGES = {"rdma-core": "libibverbs-dev"}


def installed_version(status: str, package: str) -> str:
    """The version of a package in the text of dpkg's status file; empty if it is not there."""
    for paragraph in status.split("\n\n"):
        if re.search(rf"^Package: {re.escape(package)}$", paragraph, re.M):
            found = re.search(r"^Version: (\S+)$", paragraph, re.M)
            return found[1] if found else ""
    return ""


def ensure(name: str) -> Path:
    """The unpacked source of the version that is installed in the build root."""
    base = buildroot.ensure()
    version = installed_version((base / "root/var/lib/dpkg/status").read_text(), PACKAGES[name])
    if not version:
        raise HarnessError(f"{PACKAGES[name]} is not in the build root")

    def make(folder: Path) -> None:
        archive = apt.source(name, version, folder)
        # No option of tar depends on the compression: Debian's archives come in several.
        subprocess.run(["tar", "-x", "-C", str(folder), "--strip-components=1", "-f", str(archive)], check=True)
        archive.unlink()

    return cache.entry(f"source-{name}", cache.key_of(version), make)
