# SPDX-License-Identifier: GPL-2.0-or-later
"""The kernel's own selftests of network drivers: their build, what they print, and the
list of failures that are known.

The list names, for each case that fails, the feature that the NIC lacks or the option
that Debian's kernel was built without. It may only shrink: a case of it that passes is
as wrong as a case outside it that fails, and so is an entry that nothing needs.
"""

from __future__ import annotations

import fnmatch
import re
from dataclasses import dataclass
from pathlib import Path

from . import buildroot, cache, ktap, paths, process, yamlcheck
from .check.results import FAIL, PASS, SKIP

SCRIPT = paths.HARNESS / "build/kselftests.sh"
FOLDERS = {"net": "drivers/net", "hw": "drivers/net/hw"}
TIMEOUT = 124
_PROGRAMS = re.compile(r"^TEST_PROGS\s*:?=((?:.*\\\n)*.*)$", re.M)
# The older scripts' way to tell a result, and the reason in a line of its own.
_LINE = re.compile(r"^TEST: (?P<name>.*?)[ \t]*\[[ \t]*(?P<verdict>OK|FAIL|SKIP|XFAIL)[ \t]*\][ \t]*$(?:\n\t(?P<reason>.*)$)?", re.M)
_VERDICTS = {"OK": PASS, "FAIL": FAIL, "SKIP": SKIP, "XFAIL": SKIP}


@dataclass(frozen=True)
class Case:
    """A case of a file, or a file that came to no cases (`whole`)."""

    name: str  # FOLDER/FILE.CASE, or FOLDER/FILE
    outcome: str
    reason: str = ""
    whole: bool = False


@dataclass(frozen=True)
class Known:
    """An entry of the list: cases that fail, or files that are skipped whole, and why."""

    pattern: str
    reason: str
    option: str = ""  # of the kernel's configuration, when that is the reason
    setups: tuple[str, ...] = ()  # where it holds; everywhere when empty
    timing: bool = False  # whether it fails depends on when packets come: now and then it passes
    skipped: bool = False  # they do not fail: they are skipped, and do not say why


def ensure(source: Path) -> Path:
    """The folder of the compiled suite; `source` is what `ksource` has unpacked."""
    base = buildroot.ensure()
    key = cache.key_of(base.name, source.name, SCRIPT.read_text())

    def make(folder: Path) -> None:
        process.run([str(paths.SELFTESTS / "buildroot"), str(SCRIPT), str(source), str(folder)])

    return cache.entry("kselftests", key, make)


def files(tree: Path) -> list[str]:
    """What the suite's own runner starts, as FOLDER/FILE with its ending."""
    found = []
    for short, folder in FOLDERS.items():
        listed = _PROGRAMS.search((tree / folder / "Makefile").read_text())
        found += [f"{short}/{name}" for name in (listed[1].split() if listed else []) if name.endswith((".py", ".sh"))]
    return found


def read(file: str, status: int, output: str) -> list[Case]:
    """The cases of a program `FOLDER/FILE` from its exit status and output; at least one."""
    folder, _, name = file.partition("/")
    stem = name.rpartition(".")[0]
    report = ktap.parse(output)
    cases = []
    for result in report.results:
        # What was expected to fail has not shown that it works.
        outcome = SKIP if result.expected else result.outcome
        title = result.name if result.name.startswith(f"{stem}.") else f"{stem}.{result.name}"
        cases.append(Case(f"{folder}/{title}", outcome, result.reason))
    if not report.is_ktap:
        cases = [Case(f"{folder}/{stem}.{found['name']}", _VERDICTS[found["verdict"]], (found["reason"] or "").strip())
                 for found in _LINE.finditer(output)]
    last = next((line.strip("# ") for line in reversed(output.splitlines()) if line.strip("# ")), "no output")
    whole = Case(f"{folder}/{stem}", FAIL, last, True)
    if status == TIMEOUT:
        return [*cases, Case(whole.name, FAIL, "timed out", True)]
    if report.skip_all is not None:
        return [Case(whole.name, SKIP, report.skip_all, True)]
    if not cases:
        return [Case(whole.name, SKIP, last, True) if status == 4 else whole]
    ended_badly = status not in (0, 1, 4) or status == 1 and all(case.outcome != FAIL for case in cases)
    return [*cases, whole] if ended_badly or report.problems else cases


def load(file: Path) -> list[Known]:
    """The list of known failures."""
    entries = []
    for node in yamlcheck.load(file, "the list").mapping({"known"}, {"known"})["known"].sequence():
        node.what = "an entry"
        keys = node.mapping({"cases", "feature", "config", "setups", "timing", "skipped"}, {"cases"})
        if ("feature" in keys) == ("config" in keys):
            raise node.fail("an entry names a feature or an option of the kernel's configuration, one of both")
        option = keys["config"].string() if "config" in keys else ""
        if option and not re.fullmatch(r"CONFIG_[A-Z0-9_]+", option):
            raise keys["config"].fail(f"{option!r} is no option of the kernel's configuration")
        reason = option or keys["feature"].string()
        setups = tuple(item.string() for item in keys["setups"].sequence()) if "setups" in keys else ()
        for key in ("timing", "skipped"):
            if key in keys and keys[key].string() != "yes":
                raise keys[key].fail(f"{key} is yes, or is left out")
        entries += [Known(item.string(), reason, option, setups, "timing" in keys, "skipped" in keys)
                    for item in keys["cases"].sequence()]
    return entries


def judge(cases: list[Case], known: list[Known], config: dict[str, str]) -> list[str]:
    """What is wrong about a run; empty when it went as the list says. `config` are the
    options that the kernel was built with."""
    problems = []
    for case in cases:
        entry = find(case, known)
        if case.outcome == FAIL and case.whole and case.reason == "timed out":
            problems.append(f"{case.name}: timed out")
        elif case.outcome == FAIL and not entry:
            problems.append(f"{case.name}: fails: {case.reason}".rstrip(": "))
        elif case.outcome == PASS and entry and not entry.timing:
            problems.append(f"{case.name}: passes now: remove {entry.pattern!r} from the list")
        elif case.outcome == SKIP and not entry and not case.reason:
            problems.append(f"{case.name}: skipped, and nothing says why")
    whole = skipped_whole(cases)
    for name in sorted(whole):
        unknown = [case for case in cases if file_of(case) == name and not find(case, known)]
        if unknown:
            problems.append(f"{name}: skipped whole: {unknown[0].reason}")
    for entry in known:
        mine = [case for case in cases if fnmatch.fnmatchcase(case.name, entry.pattern)]
        if not mine:
            problems.append(f"the list: {entry.pattern!r} names no case")
        elif all(case.outcome == SKIP and (case.reason if entry.skipped else file_of(case) not in whole) for case in mine):
            problems.append(f"the list: {entry.pattern!r} names only skipped cases that need no entry: remove it")
        if entry.option and config.get(entry.option, "n") != "n":
            problems.append(f"the list: {entry.pattern!r}: the kernel has {entry.option}={config[entry.option]}")
    return problems


def file_of(case: Case) -> str:
    """The file of a case, as FOLDER/FILE without its ending."""
    return case.name.partition(".")[0]


def skipped_whole(cases: list[Case]) -> set[str]:
    """The files of which no case was run."""
    return {file_of(case) for case in cases} - {file_of(case) for case in cases if case.outcome != SKIP}


def find(case: Case, known: list[Known]) -> Known | None:
    """The entry that names a case. One of skipped cases names none that fails."""
    return next((entry for entry in known if fnmatch.fnmatchcase(case.name, entry.pattern)
                 and not (entry.skipped and case.outcome == FAIL)), None)


def report(title: str, cases: list[Case], known: list[Known]) -> str:
    """The three lists, each case with the reason."""
    lines = [title]
    for outcome, word in ((PASS, "passed"), (FAIL, "failed"), (SKIP, "skipped")):
        mine = [case for case in cases if case.outcome == outcome]
        lines.append(f"{len(mine)} {word}")
        for case in sorted(mine, key=lambda case: case.name):
            entry = find(case, known)
            why = [f"lacks {entry.reason}"] if entry and outcome != PASS else []
            why += [case.reason] if case.reason else []
            lines.append(f"  {case.name}" + (f": {'; '.join(why)}" if why else ""))
    return "\n".join(lines) + "\n"


def kernel_config(base: Path, version: str) -> dict[str, str]:
    """The options that a kernel of the build root was built with."""
    text = (base / "root/usr/src" / f"linux-headers-{version}" / ".config").read_text()
    return dict(re.findall(r"^(CONFIG_\w+)=(.*)$", text, re.M))
