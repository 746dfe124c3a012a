# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs guest tests: groups them by testbed, scans the kernel logs after each.

The contract is the kernel's: exit status 0 passed, 4 skipped, anything else
failed; KTAP on standard output is read and believed only when it is well
formed. A guest whose kernel complained is not used again.
"""

from __future__ import annotations

import contextlib
import io
import os
import queue
import subprocess
import sys
import tarfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .. import client, klog, ktap, paths, process
from ..errors import HarnessError
from ..rundir import RunDir
from .manifest import FOLDER, NO_TOPOLOGY, Bed, GuestTest, full_run
from .results import FAIL, PASS, SKIP, Result

TESTBED = str(paths.SELFTESTS / "testbed")
KSFT_SKIP = 4
_LOG_LINES = 80
_GUEST_FOLDER = "/root/selftests/guest"


def _archive() -> bytes:
    """The folder of guest tests, as a tar file for the guests."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        archive.add(FOLDER, "selftests/guest", filter=lambda info: None if "__pycache__" in info.name else info)
    return stream.getvalue()


class RunningBed:
    """A testbed that tests share."""

    def __init__(self, bed: Bed, name: str, stage: Path | None) -> None:
        self.bed = bed
        self.name = name
        self._stage = stage
        self._is_up = False
        self._started = False
        self._offsets: dict[str, int] = {}
        self.hosts: dict[str, dict[str, Any]] = {}

    def _call(self, *arguments: str, **options: Any) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run([TESTBED, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
                              preexec_fn=process.die_with_parent, **options)

    def up(self) -> str:
        """Boot if needed; empty, or what went wrong."""
        if self._is_up or self.bed.topology == NO_TOPOLOGY:
            return ""
        self._started = True
        stage = ["--stage", str(self._stage)] if self._stage else []
        done = self._call("up", *self.bed.arguments(), "--name", self.name, *stage, "--append",
                          f"log_buf_len=4M {self.bed.append}".strip(), stdin=subprocess.DEVNULL)
        if done.returncode:
            return done.stdout.decode(errors="replace")
        self._is_up = True
        self._refresh()
        archive = _archive()
        for host in self.hosts:
            done = self._call("exec", "--name", self.name, "--timeout", "60", host, "--", "tar", "x", "-C", "/root",
                              input=archive)
            if done.returncode:
                return f"copying the tests into {host}: {done.stdout.decode(errors='replace')}"
        return ""

    def _refresh(self) -> None:
        # Its own daemon and no other, which may be about to start or to end.
        try:
            self.hosts = client.request(RunDir(self.name), op="status")["hosts"]
        except HarnessError:
            # Its guests have ended with it.
            self.hosts = {host: {**state, "state": "gone"} for host, state in self.hosts.items()}

    def down(self) -> None:
        """End it."""
        if self._started:
            self._call("down", "--name", self.name, stdin=subprocess.DEVNULL)
        self._is_up = self._started = False
        self._offsets = {}

    def mark(self, text: str) -> None:
        """Remember where the kernel logs stand."""
        for host, state in self.hosts.items():
            self._offsets[host] = os.path.getsize(state["console"]) if os.path.exists(state["console"]) else 0
            self._call("exec", "--name", self.name, "--timeout", "20", host, "--", "sh", "-c",
                       f"echo '<6>{text}' >/dev/kmsg", stdin=subprocess.DEVNULL)

    def kernel_logs(self, marker: str) -> dict[str, str]:
        """Per host, what its kernel has logged since `mark`."""
        logs: dict[str, str] = {}
        if self.bed.topology == NO_TOPOLOGY:
            return logs
        self._refresh()
        for host, state in self.hosts.items():
            try:
                with open(state["console"], "rb") as stream:
                    stream.seek(self._offsets.get(host, 0))
                    console = stream.read().decode(errors="replace")
            except OSError:
                console = ""
            ring = ""
            if state["state"] == "up":
                done = self._call("exec", "--name", self.name, "--timeout", "30", host, "--", "dmesg",
                                  stdin=subprocess.DEVNULL)
                ring = done.stdout.decode(errors="replace").rpartition(marker)[2] if not done.returncode else ""
            # The ring has every level; the console is what a crashed kernel leaves.
            logs[host] = ring or console
            if state["state"] != "up" or klog.problems(console) and not klog.problems(ring):
                logs[host] = ring + console
        return logs

    def lost_hosts(self) -> list[str]:
        """Guests whose QEMU has ended."""
        return [host for host, state in self.hosts.items() if state["state"] != "up"]

    def run(self, test: GuestTest) -> tuple[int, str]:
        """Exit status and output of a test."""
        variables = {"MO_TOPOLOGY": self.bed.topology, "MO_KERNEL": self.bed.kernel, "KSFT_MACHINE_SLOW": "yes",
                     "MO_FULL": "yes" if full_run() else "no", "PYTHONDONTWRITEBYTECODE": "1"}
        if test.where == "host":
            env = dict(os.environ, **variables, MO_TESTBED=self.name, MO_SELFTESTS=str(paths.SELFTESTS),
                       PYTHONPATH=str(FOLDER / "lib"), PATH=f"{paths.SELFTESTS}:{os.environ['PATH']}")
            try:
                done = subprocess.run([str(test.path)], env=env, cwd=test.path.parent, stdin=subprocess.DEVNULL,
                                      stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
                                      timeout=test.seconds(), preexec_fn=process.die_with_parent)
            except subprocess.TimeoutExpired as error:
                return 124, (error.output or b"").decode(errors="replace") + f"\ntimed out after {test.seconds():.0f} s"
        else:
            variables |= {"MO_HOST": test.where, "PYTHONPATH": f"{_GUEST_FOLDER}/lib"}
            options = [word for key, value in variables.items() for word in ("--env", f"{key}={value}")]
            area, _, file = test.name.partition("/")
            done = self._call("exec", "--name", self.name, "--timeout", f"{test.seconds():g}", *options, test.where, "--",
                              "sh", "-c", f"cd {_GUEST_FOLDER}/{area} && exec ./{file}", stdin=subprocess.DEVNULL)
        return done.returncode, done.stdout.decode(errors="replace")


def judge(status: int, output: str, logs: dict[str, str], lost: list[str], expect: str) -> tuple[str, str]:
    """Outcome and explanation of a test from everything that is known."""
    report = ktap.parse(output)
    reasons = []
    if status not in (0, KSFT_SKIP):
        reasons.append(f"exit status {status}")
    if report.is_ktap:
        reasons += [f"KTAP: {text}" for text in report.problems]
        reasons += [f"not ok: {result.name} {result.reason}".rstrip() for result in report.results
                    if result.outcome == "fail"]
    for host, log in logs.items():
        for line in klog.problems(log, expect):
            reasons.append(f"kernel log of {host}: {line.strip()}")
    reasons += [f"{host} is gone" for host in lost]
    if reasons:
        text = "\n".join([*reasons, "--- output", output.rstrip()])
        for host, log in logs.items():
            if log.strip():
                text += f"\n--- kernel log of {host}\n" + "\n".join(log.strip().splitlines()[-_LOG_LINES:])
        return FAIL, text
    if status == KSFT_SKIP or report.outcome() == "skip":
        lines = [line for line in output.splitlines() if line.strip() and "version" not in line]
        return SKIP, report.skip_all or next((r.reason for r in report.results if r.reason), lines[-1] if lines else "")
    return PASS, ""


def _run_one(bed: RunningBed, test: GuestTest, name: str, problem: str) -> tuple[Result, bool]:
    """A test's result, and whether the testbed may be used again. `problem`: why it did not come up."""
    if problem:
        return Result(name, FAIL, f"testbed up failed\n{problem}", 0), False
    start = time.monotonic()
    marker = f"mesh-test: {test.name} at {time.time_ns()}"
    bed.mark(marker)
    status, output = bed.run(test)
    logs = bed.kernel_logs(marker)
    lost = bed.lost_hosts()
    outcome, text = judge(status, output, logs, lost, test.expect)
    clean = not lost and not any(klog.problems(log) for log in logs.values())
    reusable = clean and status != 124
    return Result(name, outcome, text, time.monotonic() - start), reusable


# Two testbeds at once take twice two guests, their copies of the model, and the build's own.
_ROOM_FOR_TWO_MB = 8192


def _lanes() -> int:
    """How many testbeds can be used at once. Much of a guest test is waiting: for a link, a reset, a time-out."""
    with open("/proc/meminfo", encoding="ascii") as file:
        available = next(int(line.split()[1]) for line in file if line.startswith("MemAvailable:"))
    return 2 if available >= _ROOM_FOR_TWO_MB * 1024 and (os.cpu_count() or 1) > 1 else 1


class Turns:
    """Who may use the machine: any number together, or one alone, which nobody who comes later overtakes."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._together = 0
        self._alone = False
        self._waiting = 0

    @contextlib.contextmanager
    def together(self) -> Iterator[None]:
        """Beside others."""
        with self._changed:
            self._changed.wait_for(lambda: not self._alone and not self._waiting)
            self._together += 1
        try:
            yield
        finally:
            with self._changed:
                self._together -= 1
                self._changed.notify_all()

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """With nobody else."""
        with self._changed:
            self._waiting += 1
            self._changed.wait_for(lambda: not self._alone and not self._together)
            self._waiting -= 1
            self._alone = True
        try:
            yield
        finally:
            with self._changed:
                self._alone = False
                self._changed.notify_all()


def sessions(tests: list[GuestTest], full: bool, kernels: set[str]) -> list[tuple[Bed, list[GuestTest]]]:
    """What is booted, and which tests it is for; what may take longest comes first."""
    groups: dict[Bed, list[GuestTest]] = {}
    for test in tests:
        for kernel in test.kernels_for(full):
            if kernel in kernels:
                groups.setdefault(test.bed(kernel), []).append(test)
    found: list[tuple[Bed, list[GuestTest]]] = []
    for bed, members in groups.items():
        shared = sorted((test for test in members if not test.fresh), key=lambda t: t.name)
        if shared:
            found.append((bed, shared))
        found += [(bed, [test]) for test in sorted(members, key=lambda t: t.name) if test.fresh]
    return sorted(found, key=lambda session: -sum(test.seconds() for test in session[1]))


class _Runs:
    """The sessions of a run and those who work at them."""

    def __init__(self, beds: list[tuple[RunningBed, list[GuestTest]]]) -> None:
        self._beds = beds
        self._next = iter(beds)
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._turns = Turns()
        self.results: queue.Queue[Result | None] = queue.Queue()

    def _take(self) -> tuple[RunningBed, list[GuestTest]] | None:
        with self._lock:
            return None if self._ended.is_set() else next(self._next, None)

    def _session(self, running: RunningBed, members: list[GuestTest]) -> None:
        for test in members:
            if self._ended.is_set():
                break
            with self._turns.together():
                problem = running.up()
            with self._turns.alone() if test.alone else self._turns.together():
                result, reusable = _run_one(running, test, f"guest:{test.name}@{running.bed.kernel}", problem)
            self.results.put(result)
            if not reusable:
                running.down()

    def work(self) -> None:
        """Session after session; None in `results` says that this one has none any more."""
        try:
            while session := self._take():
                running, members = session
                try:
                    self._session(running, members)
                except Exception as error:  # pylint: disable=broad-except
                    self.results.put(Result(f"guest:{members[0].name}@{running.bed.kernel}", FAIL,
                                            f"{type(error).__name__}: {error}", 0))
                finally:
                    running.down()
        finally:
            self.results.put(None)

    def end(self) -> None:
        """No other test begins; the testbeds end under those that run."""
        self._ended.set()
        for running, _ in self._beds:
            running.down()


def run(tests: list[GuestTest], full: bool, stage: Path | None, kernels: set[str]) -> Iterator[Result]:
    """Run guest tests, in two testbeds at a time where the machine has room."""
    runs = _Runs([(RunningBed(bed, f"check-{os.getpid()}-{number}", stage), members)
                  for number, (bed, members) in enumerate(sessions(tests, full, kernels))])
    lanes = [threading.Thread(target=runs.work) for _ in range(_lanes())]
    for lane in lanes:
        lane.start()
    left = len(lanes)
    try:
        while left:
            result = runs.results.get()
            if result is None:
                left -= 1
            else:
                yield result
    finally:
        runs.end()
        for lane in lanes:
            lane.join()
    sys.stdout.flush()
