# SPDX-License-Identifier: GPL-2.0-or-later
"""Our software as a guest gets it: by `make install`, as at a user's."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from pathlib import Path

from . import paths, process
from .errors import HarnessError


def stage(given: Path | None) -> Path:
    """The folder that `make install DESTDIR=` filled; built now unless given."""
    if given:
        if not given.is_dir():
            raise HarnessError(f"--stage {given}: no such folder")
        return given.resolve()
    folder = paths.BUILD / "stage"
    paths.BUILD.mkdir(exist_ok=True)
    with open(paths.BUILD / ".stage.lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        # A make above us must not hand its options to this one.
        env = {key: value for key, value in os.environ.items() if key not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
        done = subprocess.run(["make", "--no-print-directory", "-s", "-C", str(paths.SOURCE), "stage"], env=env,
                              stdin=subprocess.DEVNULL, stdout=sys.stderr, check=False,
                              preexec_fn=process.die_with_parent)
        if done.returncode:
            raise HarnessError("the build failed (make stage)")
    return folder
