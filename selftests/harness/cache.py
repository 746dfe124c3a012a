# SPDX-License-Identifier: GPL-2.0-or-later
"""Cache entries keyed by content: made once, under a lock, atomically, never edited.

An entry is a folder `KIND-KEY`. While it is made it is called `tmp/KIND-KEY`;
the rename at the end is what makes it exist. A maker that was killed leaves
only that temporary folder, which the next maker removes before it starts.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from .errors import HarnessError
from .paths import cache_dir

GIB = 1 << 30


def key_of(*parts: str | bytes) -> str:
    """A short key that changes when any of the parts does."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "little"))
        digest.update(data)
    return digest.hexdigest()[:16]


def note(text: str) -> None:
    """Progress, for people; standard output belongs to the command."""
    print(f"[harness] {text}", file=sys.stderr, flush=True)


@contextlib.contextmanager
def locked(name: str) -> Iterator[None]:
    """Hold the cache's lock of that name; says so when it has to wait."""
    folder = cache_dir() / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / f"{name}.lock", "w", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            note(f"waiting for another process that makes {name}")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def termination_as_exception() -> Iterator[None]:
    """SIGTERM and SIGHUP unwind the stack like Ctrl-C, so that clean-up runs."""

    def stop(number: int, _frame: object) -> None:
        raise KeyboardInterrupt(signal.Signals(number).name)

    saved = {n: signal.signal(n, stop) for n in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in saved.items():
            signal.signal(number, handler)


def require_space(path: Path, need: int) -> None:
    """Refuse early, with a figure, instead of failing half-way."""
    free = shutil.disk_usage(path).free
    if free < need:
        raise HarnessError(f"{path}: {need / GIB:.1f} GiB of disk space needed, "
                           f"{free / GIB:.1f} GiB free (XDG_CACHE_HOME moves the cache)")


def _use(folder: Path) -> bool:
    """Whether an entry is there; its time then says when it was last used."""
    try:
        os.utime(folder)
    except FileNotFoundError:
        return False
    return True


def trim(kind: str, keep: int) -> None:
    """Remove the entries of a kind that were not used for longest, but `keep` of
    them. What a running guest has open stays usable for it."""
    with locked(f"{kind}-trim"):
        entries = sorted(cache_dir().glob(f"{kind}-*"), key=lambda path: path.stat().st_mtime, reverse=True)
        for path in entries[keep:]:
            shutil.rmtree(path, ignore_errors=True)


def entry(kind: str, key: str, make: Callable[[Path], None], need: int = GIB // 4) -> Path:
    """The folder of an entry, made by `make(temporary folder)` when missing.

    `need` is the disk space in bytes that making takes. On any failure, and on
    Ctrl-C, nothing stays behind.
    """
    name = f"{kind}-{key}"
    final = cache_dir() / name
    if _use(final):
        return final
    with locked(name):
        if _use(final):
            return final
        temporary = cache_dir() / "tmp" / name
        if temporary.exists():
            shutil.rmtree(temporary)
        temporary.parent.mkdir(parents=True, exist_ok=True)
        require_space(temporary.parent, need)
        note(f"making {name}")
        start = time.monotonic()
        try:
            with termination_as_exception():
                temporary.mkdir()
                make(temporary)
                os.rename(temporary, final)
        except OSError as error:
            if error.errno == errno.ENOSPC:
                raise HarnessError(f"{cache_dir()}: no disk space left while making {name}") from error
            raise
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
        note(f"made {name} in {time.monotonic() - start:.1f} s")
    return final
