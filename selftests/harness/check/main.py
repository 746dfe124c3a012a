# SPDX-License-Identifier: GPL-2.0-or-later
"""`selftests/run`: the stages of `make check` and their order."""

from __future__ import annotations

import argparse
import fnmatch
import os
import signal
import subprocess
import time
from collections.abc import Iterator

from .. import buildroot, host, paths, process
from ..cache import termination_as_exception
from ..errors import HarnessError
from . import acceptance, guests, lint, manifest, unit
from .results import FAIL, PASS, Recorder, Result

STAGES = ("build", "acceptance", "unit", "lint", "guest")


def _make(target: str, jobs: int) -> Result:
    start = time.monotonic()
    env = {key: value for key, value in os.environ.items() if key not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
    done = subprocess.run(["make", "--no-print-directory", "-s", "-C", str(paths.SOURCE), target, f"JOBS={jobs}"],
                          env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          check=False, preexec_fn=process.die_with_parent)
    text = done.stdout.decode(errors="replace")
    return Result(f"build:{target}", FAIL if done.returncode else PASS, text, time.monotonic() - start)


def _build(jobs: int) -> Iterator[Result]:
    buildroot.ensure()
    yield _make("modules-stable", jobs)
    yield _make("modules-backports", jobs)
    yield _make("userspace", jobs)
    yield _make("provider", jobs)
    yield _make("stage", jobs)


def _unit(jobs: int) -> Iterator[Result]:
    yield from unit.python()
    built = unit.build_sanitized(jobs)
    yield built
    if built.outcome == PASS:
        yield from unit.ctest(jobs)
    yield from unit.firmware()
    yield from unit.driver()
    built = _make("provider", jobs)
    if built.outcome == FAIL:
        yield built
    else:
        yield from unit.provider(jobs)


def _acceptance() -> Iterator[Result]:
    known = {f"guest:{test.name}" for test in manifest.discover()} | lint.names()
    known |= {f"py:{name}" for name in unit.python_names()}
    known |= unit.ctest_names()
    known |= {f"build:{target}" for target in ("modules-stable", "modules-backports", "userspace", "provider", "stage")}
    known |= {"build:userspace-asan", "unit:firmware-blobs", "unit:driver-tables", "unit:driver-eq",
              "unit:rdma-provider", "unit:rdma-provider-in-tree"}
    yield from acceptance.check(acceptance.TABLE, known)


def _guest(options: argparse.Namespace) -> Iterator[Result]:
    tests = manifest.discover()
    if options.tests:
        tests = [test for test in tests if any(fnmatch.fnmatch(test.name, pattern) for pattern in options.tests)]
        if not tests:
            raise HarnessError(f"no guest test matches {' '.join(options.tests)}")
    elif options.mode != "check-full":
        tests = [test for test in tests if not test.full]
    kernels = {options.kernel} if options.kernel else {"stable", "backports"}
    full = options.mode == "check-full" or options.kernel is not None
    stage = paths.BUILD / "stage"
    yield from guests.run(tests, full, stage, kernels)


def _stages(options: argparse.Namespace) -> list[str]:
    if options.mode in STAGES:
        return [options.mode]
    # The build of the unit tests must exist before the table is held against it.
    return ["build", "unit", "acceptance", "lint", "guest"]


def main(arguments: list[str]) -> int:
    """`selftests/run`."""
    parser = argparse.ArgumentParser(prog="selftests/run", allow_abbrev=False, description=__doc__)
    parser.add_argument("mode", choices=("check", "check-full", *STAGES),
                        help="everything (check-full: guest tests on both kernels), or one stage")
    parser.add_argument("tests", nargs="*", metavar="TEST", help="with 'guest': AREA/FILE, or patterns of them")
    parser.add_argument("--kernel", choices=("stable", "backports"), help="guest tests on this kernel alone")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 2, help="compile so many at a time")
    parser.add_argument("-v", "--verbose", action="store_true", help="tell of each test that passed")
    options = parser.parse_intermixed_args(arguments)
    if options.tests and options.mode != "guest":
        parser.error("names of tests go with 'guest'")
    host.require_root()
    host.require_yaml()
    # A shell's background job ignores SIGINT and hands that down: tests of Ctrl-C would see nothing.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    work = {"build": lambda: _build(options.jobs), "unit": lambda: _unit(options.jobs), "acceptance": _acceptance,
            "lint": lint.run, "guest": lambda: _guest(options)}
    if options.mode == "check-full":
        os.environ["MO_FULL"] = "yes"
    recorder = Recorder(options.verbose)
    with termination_as_exception():
        for name in _stages(options):
            with recorder.stage(name) as stage:
                try:
                    for result in work[name]():
                        recorder.add(result)
                except HarnessError as error:
                    recorder.add(Result(f"{name}:stage", FAIL, str(error)))
            if name == "build" and stage.count(FAIL):
                break
    return recorder.finish()
