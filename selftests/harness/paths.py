# SPDX-License-Identifier: GPL-2.0-or-later
"""Where things live: the source tree, the cache and the folder of running testbeds."""

from __future__ import annotations

import os
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]
SELFTESTS = SOURCE / "selftests"
HARNESS = SELFTESTS / "harness"
PACKAGES = HARNESS / "packages"
TOPOLOGIES = SELFTESTS / "topologies"
BUILD = SOURCE / "build"


def cache_dir() -> Path:
    """The cache of everything downloaded or made from downloads."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return Path(base).resolve() / "mesh-optical"


def run_dir() -> Path:
    """Running testbeds: one folder each. Short, because a UNIX socket's path is."""
    return Path(os.environ.get("MESH_OPTICAL_RUN") or "/run/mesh-optical")


def git_common_dir() -> Path | None:
    """The git folder outside the source tree when this is a linked worktree."""
    dot_git = SOURCE / ".git"
    if not dot_git.is_file():
        return None
    text = dot_git.read_text().strip()
    if not text.startswith("gitdir: "):
        return None
    git_dir = (SOURCE / text[len("gitdir: "):]).resolve()
    common = git_dir / "commondir"
    if common.is_file():
        return (git_dir / common.read_text().strip()).resolve()
    return git_dir
