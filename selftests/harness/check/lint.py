# SPDX-License-Identifier: GPL-2.0-or-later
"""The checkers. Each is a function that yields results; all tools come from the
build root, so that one version decides everywhere."""

from __future__ import annotations

import ast
import fnmatch
import json
import os
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from .. import ksource, paths, yamlcheck
from . import inside, layers, unit
from .results import FAIL, PASS, Result

_C = (".c", ".h")
_CXX = (".cpp", ".hpp")
_SPDX_SUFFIXES = {".c", ".h", ".cpp", ".hpp", ".py", ".sh", ".S", ".ld", ".yaml", ".cmake"}
# These must spell the words that are forbidden elsewhere.
_ABOUT_WORDS = (Path("selftests/harness/check/lint.py"), Path("selftests/harness/ktap.py"))
_FORBIDDEN = re.compile(r"\b(TODO|FIXME|XXX)\b")
EXCEPTIONS = paths.HARNESS / "checkpatch.yaml"
_CHECKPATCH = re.compile(r"^(?P<file>[^:]+):(?P<line>\d+): [A-Z]+:(?P<type>[A-Z0-9_]+): ")
_FINDING = re.compile(r"^[^ :]+\.[chS]:\d+(:\d+)?: (warning|error):")


def _git(*arguments: str) -> str:
    """Output of git in the build root (the host need not have it); empty when it fails."""
    status, text = inside.run(["git", "-c", "safe.directory=*", "-c", "core.quotePath=off", *arguments])
    return "" if status else text


def tracked() -> list[Path]:
    """Every file of the tree that git knows or would add, relative to it."""
    names = _git("ls-files", "--cached", "--others", "--exclude-standard").splitlines()
    return sorted({Path(name) for name in names if (paths.SOURCE / name).is_file()})


def _in(files: list[Path], folders: tuple[str, ...], suffixes: tuple[str, ...]) -> list[Path]:
    return [file for file in files if file.parts[0] in folders and file.suffix in suffixes]


def _result(name: str, start: float, findings: list[str]) -> Result:
    return Result(f"lint:{name}", FAIL if findings else PASS, "\n".join(findings[:200]), time.monotonic() - start)


class Exempt(NamedTuple):
    """A type of finding that is let pass in some files, on lines that match."""

    type: str
    files: str
    lines: str = ""


def exceptions(file: Path) -> list[Exempt]:
    """What checkpatch.yaml lets pass."""
    rows = []
    root = yamlcheck.load(file, "the exceptions").mapping({"exceptions"}, {"exceptions"})
    for item in root["exceptions"].sequence():
        item.what = "an exception"
        keys = item.mapping({"types", "files", "lines", "reason"}, {"types", "files", "reason"})
        keys["reason"].string()
        lines = keys["lines"].string() if "lines" in keys else ""
        rows += [Exempt(node.string(), keys["files"].string(), lines) for node in keys["types"].sequence()]
    return rows


def _source_line(file: str, number: int) -> str:
    lines = (paths.SOURCE / file).read_text().splitlines()
    return lines[number - 1] if 0 < number <= len(lines) else ""


def judge_checkpatch(lines: list[str], allowed: list[Exempt],
                     source_line: Callable[[str, int], str] = _source_line) -> list[str]:
    """The findings that count, and the exceptions that nothing needs."""
    findings, used = [], set()
    for line in lines:
        found = _CHECKPATCH.match(line)
        matching = [row for row in allowed if found and found["type"] == row.type
                    and fnmatch.fnmatch(found["file"], row.files)
                    and re.match(row.lines, source_line(found["file"], int(found["line"])))]
        used.update(matching)
        if not matching:
            findings.append(line)
    return findings + [f"{EXCEPTIONS.name}: nothing needs {row.type} for {row.files}" for row in allowed if row not in used]


def checkpatch(files: list[Path]) -> Iterator[Result]:
    """checkpatch --strict of the kernel on all kernel code."""
    start = time.monotonic()
    script = ksource.ensure() / "scripts/checkpatch.pl"
    names = [str(file) for file in _in(files, ("driver", "rdma"), _C)]
    findings = []
    if names:
        status, text = inside.run([str(script), "--no-tree", "--strict", "--quiet", "--terse", "--showfile",
                                   "--show-types", "--no-summary", "--file", *names])
        lines = [line for line in text.splitlines() if line.strip()]
        findings = judge_checkpatch(lines, exceptions(EXCEPTIONS))
        if status and not lines:
            findings = [f"checkpatch failed with status {status}"]
    yield _result("checkpatch", start, findings)


def clang_format(files: list[Path]) -> Iterator[Result]:
    """The formatter has nothing to change in C++."""
    start = time.monotonic()
    names = [str(file) for file in _in(files, ("userspace", "firmware", "selftests"), _CXX)]
    findings = []
    if names:
        status, text = inside.run(["clang-format-19", "--dry-run", "--Werror", *names])
        if status:
            findings = [line for line in text.splitlines() if "error:" in line] or [text]
    yield _result("clang-format", start, findings)


def _changed_since_main() -> set[Path]:
    """Files that differ from the branch this work will land on."""
    fork = _git("merge-base", "HEAD", os.environ.get("LINT_BASE", "main")).strip()
    if not fork or fork == _git("rev-parse", "HEAD").strip():
        fork = "HEAD~1"
    names = _git("diff", "--name-only", fork).split() + _git("ls-files", "--others", "--exclude-standard").split()
    return {Path(name) for name in names}


def clang_tidy(files: list[Path]) -> Iterator[Result]:
    """clang-tidy on the C++ files that changed (all with LINT_ALL=1)."""
    start = time.monotonic()
    candidates = _in(files, ("userspace",), (".cpp",))
    if not os.environ.get("LINT_ALL"):
        changed = _changed_since_main()
        candidates = [file for file in candidates if file in changed]
    build = unit.SANITIZED
    findings = []
    database = build / "compile_commands.json"
    if candidates and not database.is_file():
        findings = [f"{database} is missing (selftests/run unit)"]
    elif candidates:
        compiled = {Path(entry["file"]) for entry in json.loads(database.read_text())}
        names = [str(paths.SOURCE / file) for file in candidates if paths.SOURCE / file in compiled]
        # The database is of a build by GCC, whose warnings clang does not all know.
        status, text = inside.run(["sh", "-c", 'build=$1; shift; printf "%s\\0" "$@" | xargs -0 -n 4 -P 2 clang-tidy-19 '
                                   '--quiet --extra-arg=-Wno-unknown-warning-option -p "$build"', "sh", str(build), *names],
                                  timeout=1500) if names else (0, "")
        if status:
            findings = [line for line in text.splitlines() if " error: " in line] or [text]
    yield _result("clang-tidy", start, sorted(set(findings)))


def is_finding(line: str) -> bool:
    """Whether a line of kbuild's output complains about one of our files."""
    return bool(_FINDING.match(line)) and not line.startswith("/usr/")


def kernel_build(_files: list[Path]) -> Iterator[Result]:
    """W=1 and sparse on both kernels: nothing to say about our files."""
    if not (paths.SOURCE / "Kbuild").is_file():
        return
    for name in ("stable", "backports"):
        start = time.monotonic()
        status, text = inside.run(["selftests/harness/build/modules.sh", name, "2", "W=1"])
        if not status:
            status, more = inside.run(["selftests/harness/build/sparse.py", name])
            text += more
        findings = [line for line in text.splitlines() if is_finding(line)]
        if status and not findings:
            findings = [text]
        yield _result(f"sparse-{name}", start, findings)


def _unannotated(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
            missing = [a.arg for a in arguments if a.annotation is None and a.arg not in ("self", "cls")]
            if missing:
                yield node.lineno, f"{node.name}: no type of {', '.join(missing)}"
            if node.returns is None:
                yield node.lineno, f"{node.name}: no return type"


def python(files: list[Path]) -> Iterator[Result]:
    """Python compiles, and every function is annotated."""
    start = time.monotonic()
    findings = []
    for file in files:
        path = paths.SOURCE / file
        if file.suffix == ".py" or (not file.suffix and path.read_bytes()[:40].startswith(b"#!/usr/bin/python3")):
            try:
                tree = ast.parse(path.read_text(), str(file))
            except SyntaxError as error:
                findings.append(f"{file}:{error.lineno}: {error.msg}")
                continue
            findings += [f"{file}:{line}: {text}" for line, text in _unannotated(tree)]
    yield _result("python", start, findings)


def shell(files: list[Path]) -> Iterator[Result]:
    """Shell scripts parse in the shell that their first line names."""
    start = time.monotonic()
    findings = []
    for file in files:
        first = (paths.SOURCE / file).read_bytes()[:64].split(b"\n")[0]
        found = re.match(rb"#!/bin/(sh|dash|bash)\b", first)
        if found:
            interpreter = "bash" if found[1] == b"bash" else "sh"
            done = subprocess.run([interpreter, "-n", str(paths.SOURCE / file)], capture_output=True, text=True, check=False)
            findings += done.stderr.splitlines()
    yield _result("shell", start, findings)


def words(files: list[Path]) -> Iterator[Result]:
    """Licence lines are there; nothing is left for later."""
    start = time.monotonic()
    findings = []
    for file in files:
        if file.parts[0] == "LICENSES" or file.suffix in (".bin", ".pldm", ".pcap", ".png"):
            continue
        try:
            text = (paths.SOURCE / file).read_text()
        except UnicodeDecodeError:
            continue
        if file.suffix in _SPDX_SUFFIXES and "samples" not in file.parts \
                and "SPDX-License-Identifier:" not in "\n".join(text.splitlines()[:3]):
            findings.append(f"{file}:1: no SPDX-License-Identifier")
        if file not in _ABOUT_WORDS:
            findings += [f"{file}:{text.count(chr(10), 0, m.start()) + 1}: {m[0]}" for m in _FORBIDDEN.finditer(text)]
    yield _result("words", start, findings)


def circles(files: list[Path]) -> Iterator[Result]:
    """The files of a kernel module call each other in one direction."""
    start = time.monotonic()
    modules = ("driver", "rdma")
    findings = [line for module in modules for line in layers.findings(
        {str(file): (paths.SOURCE / file).read_text() for file in _in(files, (module,), (".c",)) if len(file.parts) == 2})]
    yield _result("circles", start, findings)


def generated(_files: list[Path]) -> Iterator[Result]:
    """What is generated and checked in is what its generator makes now."""
    if (paths.SOURCE / "Documentation/hw/generate.py").is_file():
        yield inside.step("lint:hw-reference", ["Documentation/hw/generate.py", "--check"])


CHECKERS: tuple[Callable[[list[Path]], Iterator[Result]], ...] = (
    words, python, shell, circles, generated, clang_format, checkpatch, kernel_build, clang_tidy)


def run() -> Iterator[Result]:
    """All checkers."""
    files = tracked()
    for checker in CHECKERS:
        yield from checker(files)


def names() -> set[str]:
    """The names of the results."""
    return {f"lint:{name}" for name in ("words", "python", "shell", "circles", "hw-reference", "clang-format", "checkpatch",
                                        "sparse-stable", "sparse-backports", "clang-tidy")}
