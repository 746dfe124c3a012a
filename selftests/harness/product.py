# SPDX-License-Identifier: GPL-2.0-or-later
"""Our software as a guest gets it: by `make install`, as at a user's."""

from __future__ import annotations

import contextlib
import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from . import paths, process
from .errors import HarnessError


@contextlib.contextmanager
def stage(given: Path | None) -> Iterator[Path]:
    """The folder that `make install DESTDIR=` filled; built now unless given.

    Nobody rebuilds it while the context lasts.
    """
    if given and not given.is_dir():
        raise HarnessError(f"--stage {given}: no such folder")
    folder = given.resolve() if given else paths.BUILD / "stage"
    paths.BUILD.mkdir(exist_ok=True)
    with open(paths.BUILD / ".stage.lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not given:
            _build()
        yield folder


def _build() -> None:
    # A make above us must not hand its options to this one.
    env = {key: value for key, value in os.environ.items() if key not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
    done = subprocess.run(["make", "--no-print-directory", "-s", "-C", str(paths.SOURCE), "stage"], env=env,
                          stdin=subprocess.DEVNULL, stdout=sys.stderr, check=False, preexec_fn=process.die_with_parent)
    if done.returncode:
        raise HarnessError("the build failed (make stage)")
