# SPDX-License-Identifier: GPL-2.0-or-later
"""`selftests/buildroot`: a command in the build root, or what is in it."""

from __future__ import annotations

import argparse
from pathlib import Path

from . import buildroot, cli, debsource, paths


def main(arguments: list[str]) -> int:
    """`selftests/buildroot`."""
    parser = argparse.ArgumentParser(
        prog="selftests/buildroot", allow_abbrev=False,
        description="Run a command in the Debian 13 build root (made when missing; as root). The source "
        "tree and the cache appear at their own paths, all else is read-only or private.")
    parser.add_argument("-C", dest="directory", metavar="DIR", type=Path, help="start in DIR")
    parser.add_argument("--env", action="append", default=[], metavar="K=V", type=cli.assignment,
                        help="set a variable; may be repeated")
    parser.add_argument("--kernel", choices=("stable", "backports"),
                        help="print the version of a kernel whose headers are in the root")
    parser.add_argument("--source", metavar="PACKAGE",
                        help="print the folder of a source package that the build needs (rdma-core)")
    parser.add_argument("command", nargs=argparse.REMAINDER, metavar="CMD...",
                        help="the command; without one the root is made and its folder printed")
    options = parser.parse_args(arguments)
    command = options.command[1:] if options.command[:1] == ["--"] else options.command
    if options.kernel:
        print(buildroot.kernel_version(buildroot.ensure(), options.kernel))
        return 0
    if options.source:
        if options.source not in debsource.PACKAGES:
            parser.error(f"--source: one of {', '.join(debsource.PACKAGES)}, not {options.source!r}")
        print(debsource.ensure(options.source))
        return 0
    if not command:
        print(buildroot.ensure())
        return 0
    current = Path.cwd()
    shared = (paths.SOURCE, paths.cache_dir())
    inside = any(current == base or base in current.parents for base in shared)
    directory = (options.directory or (current if inside else paths.SOURCE)).absolute()
    return buildroot.run(command, directory, dict(options.env))
