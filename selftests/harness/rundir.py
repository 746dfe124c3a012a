# SPDX-License-Identifier: GPL-2.0-or-later
"""The folder of a running testbed. Whoever holds its lock owns it; without an
owner, what stands in it is the rest of a crash and may be removed."""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
from pathlib import Path
from typing import Any

from . import paths
from .errors import HarnessError

_NAME = re.compile(r"^[a-z0-9][a-z0-9-]{0,23}$")


class RunDir:
    """Names and lock of one testbed's folder."""

    def __init__(self, name: str) -> None:
        if not _NAME.match(name):
            raise HarnessError(f"--name {name!r}: up to 24 lower-case letters, digits and dashes")
        self.name = name
        self.path = paths.run_dir() / name
        self.control = self.path / "control"
        self.info = self.path / "info.json"
        self.log = self.path / "daemon.log"
        self._lock = self.path / "lock"
        if len(str(self.path)) > 80:
            raise HarnessError(f"{self.path}: too long for UNIX sockets (80 bytes)")

    def console(self, host: str) -> Path:
        """The log of a guest's serial console."""
        return self.path / f"{host}.console"

    def acquire(self, create: bool) -> int | None:
        """The lock's file descriptor, or None when another process holds it (or,
        without `create`, when there is no such folder)."""
        while True:
            if create:
                self.path.mkdir(parents=True, exist_ok=True)
            try:
                fd = os.open(self._lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            except FileNotFoundError:
                if create:
                    continue
                return None
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(fd)
                return None
            try:
                if os.stat(self._lock).st_ino == os.fstat(fd).st_ino:
                    return fd
            except FileNotFoundError:
                pass
            os.close(fd)  # the folder was removed meanwhile

    def is_running(self) -> bool:
        """Whether a daemon owns it."""
        if not self._lock.exists():
            return False
        fd = self.acquire(create=False)
        if fd is None:
            return self._lock.exists()
        os.close(fd)
        return False

    def clear(self) -> None:
        """Remove everything but the lock, which the caller holds."""
        for path in self.path.iterdir():
            if path != self._lock:
                shutil.rmtree(path) if path.is_dir() else path.unlink()

    def remove(self) -> None:
        """Remove the folder; the caller holds the lock."""
        shutil.rmtree(self.path, ignore_errors=True)
        try:
            paths.run_dir().rmdir()
        except OSError:
            pass  # other testbeds live there

    def write_pid(self) -> None:
        """Called by the owner."""
        (self.path / "pid").write_text(f"{os.getpid()}\n")

    def read_pid(self) -> int:
        """The owner's process id, 0 when there is none."""
        try:
            return int((self.path / "pid").read_text()) if self.is_running() else 0
        except (OSError, ValueError):
            return 0

    def read_info(self) -> dict[str, Any]:
        """What the daemon wrote about itself."""
        try:
            return dict(json.loads(self.info.read_text()))
        except (OSError, ValueError):
            return {}


def all_names() -> list[str]:
    """The testbeds that have a folder, running or not."""
    try:
        return sorted(path.name for path in paths.run_dir().iterdir() if path.is_dir())
    except FileNotFoundError:
        return []
