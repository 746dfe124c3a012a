# SPDX-License-Identifier: GPL-2.0-or-later
"""What tests share, in guests and beside the testbed: KTAP output, checks,
commands, waiting. Standard library only.

A test is a function with a docstring; it raises to fail. Undo is written beside
the change, with `defer`. Waiting is for a condition with a deadline.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from typing import Any, NoReturn

_deferred: list[Callable[[], object]] = []


class Skip(Exception):
    """Not supported here; the text says what is missing."""


class Failure(AssertionError):
    """A check that does not hold."""


def defer(function: Callable[..., object], *arguments: Any) -> None:
    """Call a function when the running test has ended; last one first."""
    _deferred.append(lambda: function(*arguments))


def eq(have: object, want: object, what: str = "") -> None:
    """Fail unless both are equal."""
    if have != want:
        raise Failure(f"{what + ': ' if what else ''}{have!r}, expected {want!r}")


def true(value: object, what: str) -> None:
    """Fail with `what` unless the value is true."""
    if not value:
        raise Failure(what)


def contains(text: str, part: str, what: str = "") -> None:
    """Fail unless `part` is in the text."""
    if part not in text:
        raise Failure(f"{what + ': ' if what else ''}no {part!r} in:\n{text}")


def wait_for(condition: Callable[[], Any], timeout: float, what: str, interval: float = 0.05) -> Any:
    """The first true value of a condition; fails after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise Failure(f"{what}: not within {timeout:g} s")
        time.sleep(interval)
    return value


def run(command: str | list[str], check: bool = True, timeout: float = 60, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a command here (a string goes through sh); output as text."""
    line = ["sh", "-c", command] if isinstance(command, str) else command
    options.setdefault("stdin", None if "input" in options else subprocess.DEVNULL)
    done = subprocess.run(line, capture_output=True, text=True, timeout=timeout, check=False, **options)
    if check and done.returncode:
        raise Failure(f"{command}: status {done.returncode}\n{done.stdout}{done.stderr}")
    return done


def sh(command: str, timeout: float = 60) -> str:
    """Output of a shell command here, without the last newline; fails when it does."""
    return run(command, timeout=timeout).stdout.rstrip("\n")


class Bed:
    """A testbed, from beside it."""

    def __init__(self, name: str | None = None) -> None:
        self.name = name or os.environ["MO_TESTBED"]
        self.program = os.path.join(os.environ["MO_SELFTESTS"], "testbed")

    def call(self, verb: str, *arguments: str, check: bool = True, timeout: float = 300,
             **options: Any) -> subprocess.CompletedProcess[str]:
        """A verb of the testbed command."""
        return run([self.program, verb, "--name", self.name, *arguments], check=check, timeout=timeout, **options)

    def run(self, host: str, command: str, check: bool = True, timeout: float = 60, **options: Any) -> subprocess.CompletedProcess[str]:
        """A shell command in a guest."""
        return self.call("exec", "--timeout", f"{timeout:g}", host, "--", "sh", "-c", command, check=check,
                         timeout=timeout + 30, **options)

    def sh(self, host: str, command: str, timeout: float = 60) -> str:
        """Output of a shell command in a guest; fails when it does."""
        return self.run(host, command, timeout=timeout).stdout.rstrip("\n")

    def start(self, host: str, command: str, **options: Any) -> subprocess.Popen[str]:
        """A shell command in a guest that goes on; ended when the test ends."""
        child = subprocess.Popen([self.program, "exec", "--name", self.name, host, "--", "sh", "-c", command],
                                 stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                 **options)
        defer(_end, child)
        return child

    def ofemu(self, *arguments: str, check: bool = True) -> str:
        """`ofemu ctl` of this testbed."""
        return self.call("ctl", "--", *arguments, check=check).stdout.rstrip("\n")

    def status(self) -> dict[str, Any]:
        """This testbed as `status --json` describes it."""
        beds = json.loads(run([self.program, "status", "--json"]).stdout)
        return next((bed for bed in beds if bed["name"] == self.name), {})


def _end(child: subprocess.Popen[str]) -> None:
    child.terminate()
    try:
        child.wait(10)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
    if child.stdout:
        child.stdout.close()


def _undo() -> list[str]:
    problems = []
    while _deferred:
        try:
            _deferred.pop()()
        except Exception as error:  # pylint: disable=broad-except
            problems.append(f"undo: {error}")
    return problems


def main(*tests: Callable[[], object]) -> NoReturn:
    """Run tests, print KTAP, exit as kselftest does."""
    print("KTAP version 1")
    print(f"1..{len(tests)}", flush=True)
    failed = skipped = 0
    for number, test in enumerate(tests, 1):
        directive, problems = "", []
        start = time.monotonic()
        try:
            test()
        except Skip as reason:
            directive = f" # SKIP {reason}"
            skipped += 1
        except Failure as error:
            problems = str(error).splitlines()
        except Exception:  # pylint: disable=broad-except
            problems = traceback.format_exc().splitlines()
        problems += _undo()
        for line in problems:
            print(f"# {line}")
        failed += bool(problems)
        seconds = time.monotonic() - start
        print(f"{'not ok' if problems else 'ok'} {number} {test.__name__}{directive}"
              + ("" if directive else f" # {seconds:.1f} s"), flush=True)
    sys.exit(1 if failed else 4 if tests and skipped == len(tests) else 0)
