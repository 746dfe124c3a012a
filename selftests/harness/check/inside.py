# SPDX-License-Identifier: GPL-2.0-or-later
"""Running a step in the build root and telling how it went."""

from __future__ import annotations

import subprocess
import time

from .. import paths, process
from .results import FAIL, PASS, Result

BUILDROOT = str(paths.SELFTESTS / "buildroot")


def run(command: list[str], timeout: float = 1800) -> tuple[int, str]:
    """Exit status and all output of a command in the build root."""
    try:
        done = subprocess.run([BUILDROOT, "-C", str(paths.SOURCE), *command], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, timeout=timeout,
                              preexec_fn=process.die_with_parent)
    except subprocess.TimeoutExpired as error:
        return 124, (error.output or b"").decode(errors="replace") + f"\ntimed out after {timeout:.0f} s"
    return done.returncode, done.stdout.decode(errors="replace")


def step(name: str, command: list[str], timeout: float = 1800) -> Result:
    """A command whose exit status is the result."""
    start = time.monotonic()
    status, text = run(command, timeout)
    return Result(name, PASS if status == 0 else FAIL, text if status else "", time.monotonic() - start)
