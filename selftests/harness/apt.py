# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian 13's archive as this machine reaches it.

apt itself parses the machine's configuration (one-line and deb822 alike);
here its entries for Debian are mapped to Debian 13's suites. Nothing in the
tree knows the name of a mirror.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from . import process
from .errors import HarnessError

SUITE = "trixie"
BACKPORTS = f"{SUITE}-backports"
_ALIASES = {"stable", "oldstable", "oldoldstable", "testing", "unstable", "sid"}
_KEYRINGS = ("/usr/share/keyrings/debian-archive-keyring.gpg",
             "/usr/share/keyrings/debian-archive-keyring.pgp")
_FORWARDED = re.compile(r"^Acquire::(https?|ftp|socks)::|"
                        r"^Acquire::(Retries|Check-Valid-Until|Check-Date|ForceIPv[46]|Proxy-Auto-Detect) ")


@dataclass(frozen=True)
class Target:
    """One package index of the machine's configuration, as apt prints it."""

    uri: str
    release: str
    component: str
    origin: str


def parse_targets(text: str) -> list[Target]:
    """Parse `apt-get indextargets --format` output (see `_machine_targets`)."""
    targets = []
    for line in text.splitlines():
        uri, release, component, origin = line.split("|")
        # apt leaves a field's name in place when it has no value.
        targets.append(Target(uri, release, component, "" if origin.startswith("$(") else origin))
    return targets


def _machine_targets() -> list[Target]:
    fields = "$(REPO_URI)|$(RELEASE)|$(COMPONENT)|$(ORIGIN)"
    text = subprocess.run(["apt-get", "indextargets", "--format", fields, "Created-By: Packages"],
                          check=True, capture_output=True, text=True).stdout
    return parse_targets(text)


def host_codename(os_release: Path = Path("/etc/os-release")) -> str:
    """The machine's own Debian release, for example "bookworm"."""
    found = re.search(r'^VERSION_CODENAME="?([a-z]+)"?$', os_release.read_text(), re.M)
    return found.group(1) if found else ""


def debian_sources(targets: list[Target], codename: str, keyrings: list[str]) -> list[str]:
    """One-line entries of Debian 13 made from the machine's entries of its own release."""
    names = _ALIASES | {codename, SUITE}
    main: dict[str, None] = {}
    security: dict[str, None] = {}
    for target in targets:
        if target.component != "main" or target.origin not in ("", "Debian"):
            continue
        base, _, pocket = target.release.rstrip("/").partition("-" if "-" in target.release else "/")
        if base not in names:
            continue
        if pocket in ("security", "updates") and "/" in target.release or pocket == "security":
            security.setdefault(target.uri.rstrip("/"))
        elif pocket == "":
            main.setdefault(target.uri.rstrip("/"))
    if not main:
        raise HarnessError("apt's configuration of this machine names no Debian archive "
                           f"(looked for an entry of {codename or 'this release'}, component main)")
    option = f"[signed-by={','.join(keyrings)}] " if keyrings else ""
    lines = []
    for uri in main:
        lines += [f"deb {option}{uri} {suite} main"
                  for suite in (SUITE, f"{SUITE}-updates", BACKPORTS)]
    lines += [f"deb {option}{uri} {SUITE}-security main" for uri in security]
    return lines


def machine_sources() -> list[str]:
    """Debian 13's sources for this machine."""
    keyrings = [path for path in _KEYRINGS if Path(path).is_file()]
    return debian_sources(_machine_targets(), host_codename(), keyrings)


def machine_options() -> list[str]:
    """The machine's settings about reaching the archive (proxies, retries, ...)."""
    dump = subprocess.run(["apt-config", "dump"], check=True, capture_output=True, text=True).stdout
    return [line for line in dump.splitlines()
            if _FORWARDED.match(line) and not line.endswith(' "";')]


def _configure(folder: Path, sources: list[str]) -> dict[str, str]:
    """An environment in which apt works on package lists of its own below `folder`;
    the machine's stay untouched."""
    state = folder / "apt"
    for name in ("lists/partial", "cache/archives/partial"):
        (state / name).mkdir(parents=True)
    (state / "sources.list").write_text("\n".join(sources) + "\n")
    config = state / "apt.conf"
    settings = {"Dir::Etc::sourcelist": state / "sources.list", "Dir::Etc::sourceparts": "/dev/null",
                "Dir::State::lists": state / "lists", "Dir::State::status": "/dev/null", "Dir::Cache": state / "cache",
                "Dir::Etc::preferences": "/dev/null", "Dir::Etc::preferencesparts": "/dev/null",
                "APT::Architecture": "amd64", "APT::Sandbox::User": "root", "Acquire::Languages": "none"}
    config.write_text("".join(f'{key} "{value}";\n' for key, value in settings.items()))
    return dict(os.environ, APT_CONFIG=str(config))


def download(package: str, folder: Path) -> Path:
    """Download a package of Debian 13 into a folder; its file."""
    env = _configure(folder, machine_sources())
    process.run(["apt-get", "-qq", "update"], env=env)
    process.run(["apt-get", "-qq", "download", package], env=env, cwd=folder)
    shutil.rmtree(folder / "apt")
    return next(folder.glob("*.deb"))


def source(package: str, version: str, folder: Path) -> Path:
    """Download the upstream archive of a source package of Debian 13 into a folder; its file."""
    env = _configure(folder, [line.replace("deb ", "deb-src ", 1) for line in machine_sources()])
    process.run(["apt-get", "-qq", "update"], env=env)
    process.run(["apt-get", "-qq", "source", "--download-only", "--tar-only", f"{package}={version}"], env=env, cwd=folder)
    shutil.rmtree(folder / "apt")
    return next(folder.glob("*.orig.tar.*"))
