# SPDX-License-Identifier: GPL-2.0-or-later
"""Guest tests: executables in selftests/guest/AREA/ that say in one comment
line where and in which network they run.

    # mo-test: where=host0 topology=back-to-back timeout=60 smoke=yes

Keys, with their defaults:
  where=host0       a host of the topology (the test runs in that guest), or
                    "host": on this machine, beside the testbed
  topology=back-to-back   "none": the test makes its own testbeds
  timeout=60        seconds
  long=SECONDS      the same in `make check-full`, for a test that does more there: MO_FULL is
                    "yes" in its environment then, else "no" (set it by hand to try that)
  smoke=no          yes: `make check` runs it on stable's kernel too
  kernels=all       stable or backports: it is meant for one kernel only
  full=no           yes: it takes minutes; only `make check-full` and a call by
                    its name run it
  cpus=1 memory=768 iommu=off packages= append=     as for `testbed up`
  fresh=no          yes: a testbed of its own, not used again
  alone=no          yes: it judges times, so nothing else is tested meanwhile
  expect=REGEX      lines of the kernel log that the test provokes
"""

from __future__ import annotations

import os
import re
import shlex
from dataclasses import dataclass
from pathlib import Path

from .. import paths
from ..errors import HarnessError

FOLDER = paths.SELFTESTS / "guest"
NO_TOPOLOGY = "none"
_LIBRARY = "lib"
_HEADER = re.compile(r"^\s*(?:#|//|\*|/\*)\s*mo-test:(?P<text>.*?)(?:\*/)?\s*$")
_DEFAULTS = {"where": "host0", "topology": "back-to-back", "timeout": "60", "smoke": "no", "kernels": "all",
             "cpus": "1", "memory": "768", "iommu": "off", "packages": "", "append": "", "fresh": "no", "full": "no",
             "expect": "", "long": "", "alone": "no"}
_CHOICES = {"smoke": ("yes", "no"), "fresh": ("yes", "no"), "full": ("yes", "no"), "alone": ("yes", "no"), "iommu": ("off", "strict"),
            "kernels": ("all", "stable", "backports")}


@dataclass(frozen=True)
class Bed:
    """The testbed that a test needs."""

    topology: str
    kernel: str
    cpus: str
    memory: str
    iommu: str
    packages: str
    append: str

    def arguments(self) -> list[str]:
        """For `testbed up`."""
        line = [self.topology, "--kernel", self.kernel, "--cpus", self.cpus, "--memory", self.memory,
                "--iommu", self.iommu]
        if self.packages:
            line += ["--packages", self.packages]
        if self.append:
            line += ["--append", self.append]
        return line


@dataclass(frozen=True)
class GuestTest:
    """One test file."""

    path: Path
    name: str  # AREA/FILE
    where: str
    timeout: float
    long: float  # timeout where MO_FULL=yes
    smoke: bool
    fresh: bool
    alone: bool
    full: bool
    kernels: str
    expect: str
    settings: tuple[tuple[str, str], ...]

    def seconds(self) -> float:
        """How long it may take in this run."""
        return self.long if full_run() else self.timeout

    def bed(self, kernel: str) -> Bed:
        """Where it runs with that kernel."""
        values = dict(self.settings)
        return Bed(values["topology"], kernel, values["cpus"], values["memory"], values["iommu"], values["packages"],
                   values["append"])

    def kernels_for(self, full: bool) -> list[str]:
        """The kernels on which this run tries it."""
        if self.kernels != "all":
            return [self.kernels]
        return ["backports", "stable"] if full or self.smoke else ["backports"]


def full_run() -> bool:
    """Tests that can do more do it."""
    return os.environ.get("MO_FULL") == "yes"


def parse(path: Path, name: str, text: str) -> GuestTest:
    """Read a test's header; mistakes name the file and line."""
    for number, line in enumerate(text.splitlines()[:15], 1):
        found = _HEADER.match(line)
        if found:
            break
    else:
        raise HarnessError(f"{path}:1: no 'mo-test:' line among the first 15")
    values = dict(_DEFAULTS)
    try:
        words = shlex.split(found["text"])
    except ValueError as error:
        raise HarnessError(f"{path}:{number}: {error}") from None
    for word in words:
        key, equals, value = word.partition("=")
        if not equals or key not in values:
            raise HarnessError(f"{path}:{number}: {word!r}: known keys are {', '.join(values)}")
        if key in _CHOICES and value not in _CHOICES[key]:
            raise HarnessError(f"{path}:{number}: {key} is one of {', '.join(_CHOICES[key])}, not {value!r}")
        values[key] = value
    try:
        timeout = float(values["timeout"])
        longest = float(values["long"] or timeout)
        re.compile(values["expect"])
        int(values["cpus"]), int(values["memory"])
    except (ValueError, re.error) as error:
        raise HarnessError(f"{path}:{number}: {error}") from None
    if values["topology"] == NO_TOPOLOGY and values["where"] != "host":
        raise HarnessError(f"{path}:{number}: a test without a topology runs with where=host")
    settings = tuple((key, values[key]) for key in ("topology", "cpus", "memory", "iommu", "packages", "append"))
    return GuestTest(path, name, values["where"], timeout, longest, values["smoke"] == "yes", values["fresh"] == "yes",
                     values["alone"] == "yes", values["full"] == "yes", values["kernels"], values["expect"], settings)


def discover() -> list[GuestTest]:
    """All guest tests, by name."""
    tests = []
    for path in sorted(FOLDER.glob("*/*")):
        if path.parent.name == _LIBRARY or not path.is_file() or not os.access(path, os.X_OK):
            continue
        tests.append(parse(path, f"{path.parent.name}/{path.name}", path.read_text(errors="replace")))
    return tests
