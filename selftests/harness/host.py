# SPDX-License-Identifier: GPL-2.0-or-later
"""What the host itself must have; installed with apt-get when it is missing."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys

from .cache import locked, note
from .errors import HarnessError


def require_root() -> None:
    """Build roots and testbeds need mount namespaces and device nodes."""
    if os.geteuid() != 0:
        raise HarnessError("this must run as root (mount namespaces, mmdebstrap)")


def _missing_programs(programs: dict[str, str]) -> list[str]:
    return sorted({package for program, package in programs.items() if not shutil.which(program)})


def install(packages: list[str]) -> None:
    """Install Debian packages on the host."""
    note(f"installing on this machine: {' '.join(packages)}")
    env = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    for command in (["apt-get", "update", "-qq"],
                    ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages]):
        done = subprocess.run(command, env=env, stdout=sys.stderr, check=False)
        if done.returncode:
            raise HarnessError(f"{' '.join(command)}: failed with status {done.returncode}")


def require_programs(programs: dict[str, str]) -> None:
    """Make sure that programs (name -> Debian package) are there."""
    if _missing_programs(programs):
        with locked("host-packages"):
            missing = _missing_programs(programs)
            if missing:
                install(missing)


def require_yaml() -> None:
    """Make sure that `import yaml` works."""
    if importlib.util.find_spec("yaml") is None:
        with locked("host-packages"):
            install(["python3-yaml"])
        importlib.invalidate_caches()
