# SPDX-License-Identifier: GPL-2.0-or-later
"""Making Debian 13 root folders with mmdebstrap."""

from __future__ import annotations

import tempfile
from pathlib import Path

from . import apt, host, process

# Part of every cache key that depends on how roots are made.
RECIPE = "1"

_TRIM = ("/usr/share/info/*", "/usr/share/locale/*", "/usr/share/lintian/*",
         "/usr/share/doc/*")


def make(target: Path, packages: list[str], customize: list[str], keep_docs: bool = False) -> None:
    """Make a root folder at `target` (empty or missing).

    Packages of backports are named NAME/SUITE. They are installed in a second
    step, because apt's choice for one name would pull the others along.
    `customize` are shell fragments run by mmdebstrap with the root as "$1" and
    $APT, a command that runs the host's apt-get for that root.
    """
    host.require_root()
    host.require_programs({"mmdebstrap": "mmdebstrap"})
    first = [name for name in packages if "/" not in name]
    second = [name for name in packages if "/" in name]
    prelude = ('APT="env APT_CONFIG=$MMDEBSTRAP_APT_CONFIG apt-get -y -q '
               '-oDPkg::Chroot-Directory=$1"; set -e; ')
    hooks = list(customize)
    if second:
        hooks.insert(0, f"$APT install {' '.join(second)}")
    command = ["mmdebstrap", "--mode=root", "--variant=apt", "--format=directory",
               "--architectures=amd64", "--dpkgopt=force-unsafe-io",
               "--aptopt=APT::Install-Recommends \"false\"",
               "--aptopt=Acquire::Languages \"none\""]
    if not keep_docs:
        command += [f"--dpkgopt=path-exclude={pattern}" for pattern in _TRIM]
    command += [f"--aptopt={option.rstrip(';')}" for option in apt.machine_options()]
    command += [f"--include={','.join(first)}"]
    command += [f"--customize-hook={prelude}{hook}" for hook in hooks]
    with tempfile.NamedTemporaryFile("w", suffix=".list", encoding="utf-8") as sources:
        sources.write("\n".join(apt.machine_sources()) + "\n")
        sources.flush()
        command += [apt.SUITE, str(target), sources.name]
        process.run_contained(command, target.parent / f"{target.name}.log")
