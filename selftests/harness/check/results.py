# SPDX-License-Identifier: GPL-2.0-or-later
"""Results of tests, and how they are told."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

PASS, FAIL, SKIP = "pass", "fail", "skip"


@dataclass(frozen=True)
class Result:
    """One test. `text` is shown when it failed, or says why it was skipped."""

    name: str
    outcome: str
    text: str = ""
    seconds: float = 0.0


@dataclass
class Stage:
    """A part of the run."""

    name: str
    results: list[Result] = field(default_factory=list)
    seconds: float = 0.0

    def count(self, outcome: str) -> int:
        """How many results have that outcome."""
        return sum(result.outcome == outcome for result in self.results)


class Recorder:
    """Collects results and prints them as they come."""

    def __init__(self, verbose: bool = False) -> None:
        self.stages: list[Stage] = []
        self._verbose = verbose
        self._start = time.monotonic()

    @contextlib.contextmanager
    def stage(self, name: str) -> Iterator[Stage]:
        """Everything recorded inside belongs to this stage."""
        stage = Stage(name)
        self.stages.append(stage)
        print(f"== {name}", flush=True)
        start = time.monotonic()
        try:
            yield stage
        finally:
            stage.seconds = time.monotonic() - start
            print(f"== {name}: {stage.count(PASS)} passed, {stage.count(FAIL)} failed, {stage.count(SKIP)} skipped "
                  f"in {stage.seconds:.1f} s", flush=True)

    def add(self, result: Result) -> None:
        """Record a result of the current stage."""
        self.stages[-1].results.append(result)
        if result.outcome == FAIL:
            print(f"FAIL {result.name} ({result.seconds:.1f} s)", flush=True)
            for line in result.text.rstrip().splitlines():
                print(f"  | {line}")
            sys.stdout.flush()
        elif result.outcome == SKIP:
            print(f"skip {result.name}: {result.text}", flush=True)
        elif self._verbose or result.seconds >= 1:
            print(f"ok   {result.name} ({result.seconds:.1f} s)", flush=True)

    def total(self, outcome: str) -> int:
        """How many results of all stages have that outcome."""
        return sum(stage.count(outcome) for stage in self.stages)

    def finish(self) -> int:
        """The times, the failures and the totals; the exit status."""
        print("\nstage                seconds")
        for stage in self.stages:
            print(f"{stage.name:20} {stage.seconds:7.1f}")
        print(f"{'total':20} {time.monotonic() - self._start:7.1f}\n")
        for stage in self.stages:
            for result in stage.results:
                if result.outcome == FAIL:
                    print(f"failed: {result.name}")
        passed, failed, skipped = (self.total(outcome) for outcome in (PASS, FAIL, SKIP))
        print(f"{passed} passed, {failed} failed, {skipped} skipped", flush=True)
        return 1 if failed or not passed else 0
