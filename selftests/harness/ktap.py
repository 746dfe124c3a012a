# SPDX-License-Identifier: GPL-2.0-or-later
"""KTAP, the kernel's test output format (Documentation/dev-tools/ktap.rst).

Understands TAP 13 and KTAP 1 with nested results. What the format forbids is
reported as a problem, and a problem makes a test fail: a runner that guesses
turns a broken test into a passing one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_VERSION = re.compile(r"^(K?TAP) version (\d+)$")
_PLAN = re.compile(r"^1\.\.(\d+)(?:\s*#\s*SKIP\b[:\s]*(?P<skip>.*))?$", re.I)
_RESULT = re.compile(r"^(?P<not>not )?ok(?:\s+(?P<number>\d+))?(?:\s+-)?(?:\s+(?P<name>[^#]*?))?"
                     r"(?:\s*#\s*(?P<directive>SKIP|XFAIL|TODO|TIMEOUT|ERROR)\b[:\s]*(?P<reason>.*))?(?:\s*#.*)?$", re.I)
_EXPECTED = ("XFAIL", "TODO")
_BAIL = re.compile(r"^Bail out!\s*(.*)$")


@dataclass
class Result:
    """One line of a result. `outcome` is "pass", "fail" or "skip"; a failure that was
    `expected` is told as passed."""

    name: str
    outcome: str
    reason: str = ""
    expected: bool = False


@dataclass
class Report:
    """What a program printed."""

    results: list[Result] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    is_ktap: bool = False
    skip_all: str | None = None

    def outcome(self) -> str:
        """The whole as one word."""
        if self.problems or any(result.outcome == "fail" for result in self.results):
            return "fail"
        if self.skip_all is not None or (self.results and all(r.outcome == "skip" for r in self.results)):
            return "skip"
        return "pass"


@dataclass
class _Level:
    indent: int
    plan: int | None = None
    seen: int = 0


def _outcome(found: re.Match[str]) -> str:
    directive = (found["directive"] or "").upper()
    if directive == "SKIP":
        return "skip"
    if found["not"]:
        # A failure that was expected is no failure.
        return "pass" if directive in _EXPECTED else "fail"
    return "fail" if directive in ("TIMEOUT", "ERROR") else "pass"


class _Parser:
    def __init__(self) -> None:
        self.report = Report()
        self.levels: list[_Level] = []

    def problem(self, number: int, text: str) -> None:
        self.report.problems.append(f"line {number}: {text}")

    def close(self, number: int, level: _Level) -> None:
        if level.plan is None:
            self.problem(number, "no plan (1..N)")
        elif level.plan != level.seen:
            self.problem(number, f"plan says {level.plan} results, there are {level.seen}")

    def level(self, number: int, indent: int) -> _Level | None:
        """The open level of that indentation; deeper ones are closed."""
        while self.levels and self.levels[-1].indent > indent:
            self.close(number, self.levels.pop())
        if self.levels and self.levels[-1].indent == indent:
            return self.levels[-1]
        return None

    def line(self, number: int, raw: str) -> None:
        text = raw.strip()
        indent = len(raw) - len(raw.lstrip(" "))
        # Before its version line a program may print what it likes.
        if _VERSION.match(text):
            self.report.is_ktap = True
            if self.level(number, indent) is not None:
                self.problem(number, "a second version line")
            else:
                self.levels.append(_Level(indent))
            return
        if not self.report.is_ktap:
            return
        if found := _BAIL.match(text):
            self.problem(number, f"Bail out! {found[1]}".strip())
        elif found := _PLAN.match(text):
            level = self.level(number, indent)
            if level is None:
                # Nested plans without a version line, as older helpers print them.
                level = _Level(indent)
                self.levels.append(level)
            if level.plan is not None:
                self.problem(number, "a second plan")
            level.plan = int(found[1])
            if level.plan == 0 and found["skip"] is not None and indent == 0:
                self.report.skip_all = found["skip"].strip()
        elif (found := _RESULT.match(text)) and (text.startswith("ok") or text.startswith("not ok")):
            self.result(number, indent, found)

    def result(self, number: int, indent: int, found: re.Match[str]) -> None:
        level = self.level(number, indent)
        if level is None:
            level = _Level(indent)
            self.levels.append(level)
        level.seen += 1
        if found["number"] and int(found["number"]) != level.seen:
            self.problem(number, f"result {found['number']} where {level.seen} was due")
        name = (found["name"] or "").strip() or f"test {level.seen}"
        expected = (found["directive"] or "").upper() in _EXPECTED
        self.report.results.append(Result(name, _outcome(found), (found["reason"] or "").strip(), expected))

    def end(self, number: int) -> None:
        while self.levels:
            self.close(number, self.levels.pop())


def parse(text: str) -> Report:
    """Parse a program's output. Without a version line it is not KTAP, and
    only the exit status counts."""
    parser = _Parser()
    number = 0
    for number, raw in enumerate(text.replace("\r", "").splitlines(), 1):
        parser.line(number, raw)
    parser.end(number)
    return parser.report
