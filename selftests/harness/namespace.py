# SPDX-License-Identifier: GPL-2.0-or-later
"""A root folder as the root of a command, in a private mount namespace.

The root itself is mounted read-only, so that a cached one stays what it is;
folders of the host appear at their own absolute paths. Every mount ends with
the last process of the command.
"""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

_LIBC = ctypes.CDLL(None, use_errno=True)
_CLONE_NEWNS = 0x00020000
_MS_RDONLY, _MS_REMOUNT, _MS_BIND, _MS_REC, _MS_PRIVATE = 1, 32, 4096, 16384, 1 << 18


def _check(result: int, what: str) -> None:
    if result:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def _mount(source: str, target: str, kind: str | None, flags: int, data: str = "") -> None:
    _check(_LIBC.mount(source.encode(), target.encode(), kind.encode() if kind else None,
                       ctypes.c_ulong(flags), data.encode() or None), f"mount {source} on {target}")


def _bind(source: Path, target: Path, read_only: bool = False) -> None:
    _mount(str(source), str(target), None, _MS_BIND | _MS_REC)
    if read_only:
        _mount(str(source), str(target), None, _MS_BIND | _MS_REMOUNT | _MS_RDONLY)


def _is_above(path: Path, others: set[Path]) -> bool:
    return any(path in other.parents for other in others)


def _assemble(root: Path, image: Path, inside: Path, binds: set[Path]) -> None:
    """Fill the empty folder root/inside from image/inside.

    Children are bound read-only; those above a bind's path become folders of
    their own, so that the mount point can be made in them.
    """
    for child in sorted((image / inside).iterdir()):
        path = inside / child.name
        absolute = Path("/") / path
        target = root / path
        if absolute in binds:
            continue
        if child.is_symlink():
            target.symlink_to(os.readlink(child))
        elif child.is_dir():
            target.mkdir()
            if _is_above(absolute, binds):
                _assemble(root, image, path, binds)
            else:
                _bind(child, target, read_only=True)
        else:
            target.touch()
            _bind(child, target, read_only=True)


def enter(image: Path, binds: list[Path], scratch: Path) -> None:
    """Make `image` the root of this process, with the host's `binds` in it.

    `scratch` is any existing folder; a tmpfs is mounted over it, in the new
    namespace only.
    """
    _check(_LIBC.unshare(_CLONE_NEWNS), "unshare")
    _mount("none", "/", None, _MS_REC | _MS_PRIVATE)
    wanted = {path for path in binds if not any(other in path.parents for other in binds)}
    private = {Path(p) for p in ("/tmp", "/var/tmp", "/run", "/root")} - wanted
    _mount("mesh-optical", str(scratch), "tmpfs", 0, "mode=755")
    root = scratch
    _assemble(root, image, Path(), wanted | private)
    for path in sorted(private):
        target = root / path.relative_to("/")
        target.mkdir(parents=True, exist_ok=True)
        target.chmod(0o1777 if path.name == "tmp" else 0o755)
    for path in sorted(wanted):
        target = root / path.relative_to("/")
        if path.is_dir():
            target.mkdir(parents=True, exist_ok=True)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.touch()
        _bind(path, target)
    os.chroot(root)
    os.chdir("/")
