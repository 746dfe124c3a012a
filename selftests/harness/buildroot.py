# SPDX-License-Identifier: GPL-2.0-or-later
"""The build root: Debian 13 with every compiler and checker, and how to run in it."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

from . import apt, cache, debroot, host, namespace, paths, pkglist
from .errors import HarnessError

LIST = paths.PACKAGES / "buildroot.list"
KERNELS_SCRIPT = paths.HARNESS / "kernels.sh"
_KEPT_ENV = ("TERM", "MAKEFLAGS", "MFLAGS", "MAKELEVEL", "V", "COLUMNS", "LINES",
             "SOURCE_DATE_EPOCH", "CTEST_OUTPUT_ON_FAILURE", "http_proxy", "https_proxy", "no_proxy")


def ensure() -> Path:
    """The folder with `root/` and `kernels/`, made when it is missing."""
    packages = pkglist.read(LIST)
    script = KERNELS_SCRIPT.read_text()
    key = cache.key_of(debroot.RECIPE, "\n".join(packages), script)
    hook = f'. {shlex.quote(str(KERNELS_SCRIPT))}'

    def make(folder: Path) -> None:
        debroot.make(folder / "root", packages, [f'set -- "$1" {apt.BACKPORTS}; {hook}'],
                     keep_docs=False)

    return cache.entry("buildroot", key, make, need=5 * cache.GIB)


def kernel_version(base: Path, name: str) -> str:
    """`uname -r` of "stable" or "backports" in the build root `base`."""
    return (base / "kernels" / name).read_text().strip()


def loader(base: Path) -> list[str]:
    """The build root's dynamic loader with its libraries: runs a program made
    in or for the root directly on the host, whatever the host's C library."""
    root = base / "root"
    return [str(root / "usr/lib64/ld-linux-x86-64.so.2"), "--library-path", str(root / "usr/lib/x86_64-linux-gnu")]


def program(base: Path, path: str) -> list[str]:
    """The start of a command line that runs a program of the build root on the
    host, without chroot."""
    return [*loader(base), "--argv0", path, str(base / "root" / path.lstrip("/"))]


def _environment(extra: dict[str, str]) -> dict[str, str]:
    env = {name: os.environ[name] for name in _KEPT_ENV if name in os.environ}
    env |= {
        "PATH": "/usr/lib/ccache:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME": "/root", "LANG": "C.UTF-8", "TZ": "UTC",
        "CCACHE_DIR": str(paths.cache_dir() / "ccache"),
        # A compiler is what it contains, wherever and whenever it was unpacked.
        "CCACHE_COMPILERCHECK": "content",
        "CCACHE_BASEDIR": str(paths.SOURCE), "CCACHE_NOHASHDIR": "1",
        "CMAKE_C_COMPILER_LAUNCHER": "ccache", "CMAKE_CXX_COMPILER_LAUNCHER": "ccache",
        "PYTHONDONTWRITEBYTECODE": "1",
        "XDG_CACHE_HOME": str(paths.cache_dir().parent),
        "MESH_OPTICAL_BUILDROOT": "1",
    }
    return env | extra


def _scratch(binds: list[Path]) -> Path:
    """A folder that may be mounted over: none of `binds` is in it."""
    for name in ("/mnt", "/media", "/srv", "/opt", "/home"):
        path = Path(name)
        if path.is_dir() and path not in binds and not any(path in bind.parents for bind in binds):
            return path
    raise HarnessError("no folder of this machine can hold the build root's mount point")


def run(command: list[str], directory: Path, extra_env: dict[str, str]) -> int:
    """Replace this process by `command` inside the build root."""
    if os.environ.get("MESH_OPTICAL_BUILDROOT"):
        # Already inside: a build script may be called from either side.
        os.chdir(directory)
        os.execvpe(command[0], command, dict(os.environ, **extra_env))
    host.require_root()
    base = ensure()
    (paths.cache_dir() / "ccache").mkdir(exist_ok=True)
    binds = [paths.SOURCE, paths.cache_dir()]
    binds += [Path(name) for name in ("/proc", "/dev", "/sys", "/etc/resolv.conf") if Path(name).exists()]
    git = paths.git_common_dir()
    if git:
        binds.append(git)
    env = _environment(extra_env)
    namespace.enter(base / "root", binds, _scratch(binds))
    try:
        os.chdir(directory)
    except FileNotFoundError as error:
        raise HarnessError(f"{directory} does not exist in the build root") from error
    try:
        os.execvpe(command[0], command, env)
    except FileNotFoundError:
        print(f"buildroot: {command[0]}: not found in the build root", file=sys.stderr)
        return 127
    except PermissionError:
        print(f"buildroot: {command[0]}: not executable", file=sys.stderr)
        return 126
