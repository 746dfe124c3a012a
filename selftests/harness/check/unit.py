# SPDX-License-Identifier: GPL-2.0-or-later
"""Tests without guests: C++ (ctest, under sanitizers), firmware, the harness itself."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path

from .. import debsource, paths, process
from . import inside, manifest
from .results import FAIL, PASS, SKIP, Result

GTEST_REPORTS = paths.BUILD / "gtest"
SANITIZED = paths.BUILD / "userspace-asan"


def build_sanitized(jobs: int) -> Result:
    """Compile all user-space tests with ASan and UBSan."""
    # Lightly optimised: half the compile time, and gcc's flow analysis does not
    # mistake the sanitizers' checks for paths to uninitialised values.
    return inside.step("build:userspace-asan", [
        "selftests/harness/build/userspace.sh", str(jobs), str(SANITIZED), "-DMO_SANITIZE=address,undefined",
        "-DBUILD_TESTING=ON", "-DCMAKE_BUILD_TYPE=None", "-DCMAKE_CXX_FLAGS=-O1 -g1 -Wno-maybe-uninitialized"])


def gtest_cases(report: Path) -> Iterator[Result]:
    """The cases of one test program's report."""
    for case in ElementTree.parse(report).iter("testcase"):
        name = f"unit:{case.get('classname')}.{case.get('name')}"
        seconds = float(case.get("time") or 0)
        failures = [node.text or node.get("message") or "" for node in case.findall("failure")]
        if failures:
            yield Result(name, FAIL, "\n".join(failures), seconds)
        elif case.get("status") == "notrun" or case.get("result") == "skipped":
            skipped = case.find("skipped")
            reason = skipped.get("message") or "" if skipped is not None else "disabled"
            yield Result(name, SKIP, reason.strip(), seconds)
        else:
            yield Result(name, PASS, "", seconds)


# Of each property test in a full run; a usual one has as many as fit into seconds.
_FULL_POINTS = 1_000_000


def ctest(jobs: int) -> Iterator[Result]:
    """Run the C++ tests; a result per case, and one per program that failed otherwise."""
    report = paths.BUILD / "ctest.xml"
    report.unlink(missing_ok=True)
    shutil.rmtree(GTEST_REPORTS, ignore_errors=True)
    GTEST_REPORTS.mkdir(parents=True)
    points = [f"MO_PROPERTY_POINTS={_FULL_POINTS}"] if manifest.full_run() else []
    status, text = inside.run(["env", f"GTEST_OUTPUT=xml:{GTEST_REPORTS}/", *points, "ctest", "--test-dir", str(SANITIZED), "-j",
                               str(jobs), "--output-on-failure", "--output-junit", str(report)], timeout=1200)
    if not report.is_file():
        yield Result("unit:ctest", FAIL, text or f"ctest failed with status {status}")
        return
    failed = False
    for file in sorted(GTEST_REPORTS.glob("*.xml")):
        for result in gtest_cases(file):
            failed = failed or result.outcome == FAIL
            yield result
    programs = list(ElementTree.parse(report).iter("testcase"))
    if not programs:
        yield Result("unit:ctest", FAIL, "there are no tests")
    for program in programs:
        name, seconds = f"unit:{program.get('name')}", float(program.get("time") or 0)
        reported = (GTEST_REPORTS / f"{program.get('name')}.xml").is_file()
        if program.get("status") == "run":
            if not reported:
                yield Result(name, PASS, "", seconds)
        elif not failed or not reported:
            # A crash, a sanitizer's finding or a timeout: no case says so.
            yield Result(name, FAIL, program.findtext("system-out") or "failed", seconds)


def ctest_names() -> set[str]:
    """The cases and programs of the last run."""
    names = {result.name for file in GTEST_REPORTS.glob("*.xml") for result in gtest_cases(file)}
    report = paths.BUILD / "ctest.xml"
    if report.is_file():
        names |= {f"unit:{case.get('name')}" for case in ElementTree.parse(report).iter("testcase")}
    return names


def firmware() -> Iterator[Result]:
    """The firmware's packer and signer, and the checked-in blobs against their source
    (the firmware's C tests are among the user-space tests)."""
    folder = paths.SOURCE / "firmware"
    for test in sorted(folder.glob("tools/tests/test_*.py")):
        yield inside.step(f"unit:firmware-{test.stem.removeprefix('test_')}", ["python3", "-B", str(test)])
    if (folder / "Makefile").is_file():
        yield inside.step("unit:firmware-blobs", ["make", "--no-print-directory", "-s", "-C", "firmware", "verify-blobs"])


def driver() -> Iterator[Result]:
    """The driver's tables, arithmetic and event queues (Debian's kernels have no KUnit)."""
    for name in ("tables", "eq"):
        yield inside.step(f"unit:driver-{name}", [
            "sh", "-ec", "mkdir -p build; gcc -Wall -Wextra -Wno-unused-parameter -fsanitize=address,undefined "
            f"-I driver/tests/include -o build/driver-{name} driver/tests/{name}_test.c; build/driver-{name}"])


def provider(jobs: int) -> Iterator[Result]:
    """The RDMA provider's rings, doorbells and completions, without kernel and device;
    its build in rdma-core's own tree."""
    yield inside.step("unit:rdma-provider", ["build/provider/provider_test"])
    yield inside.step("unit:rdma-provider-in-tree", ["selftests/harness/build/provider-in-tree.sh",
                                                     str(debsource.ensure("rdma-core")), str(jobs)])


def python() -> Iterator[Result]:
    """The harness's own unit tests."""
    start = time.monotonic()
    done = subprocess.run([sys.executable, "-B", "-m", "unittest", "discover", "-v", "-t", str(paths.SELFTESTS),
                           "-s", str(paths.HARNESS / "tests")], cwd=paths.SELFTESTS, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
                          preexec_fn=process.die_with_parent)
    found = re.findall(r"^(test\w+) \((?:harness\.tests\.)?([\w.]+)\)(?:\n.*?)? \.\.\. (ok|FAIL|ERROR|skipped.*)$",
                       done.stdout, re.M)
    for method, where, verdict in found:
        # Python 3.11 and later repeat the method in the parentheses.
        where = where.removesuffix(f".{method}")
        name = f"py:{where}.{method}"
        if verdict == "ok":
            yield Result(name, PASS)
        elif verdict.startswith("skipped"):
            yield Result(name, SKIP, verdict.removeprefix("skipped").strip())
        else:
            yield Result(name, FAIL, _python_failure(done.stdout, method, where))
    if not found or (done.returncode and all(verdict == "ok" for _, _, verdict in found)):
        yield Result("py:unittest", FAIL, done.stdout, time.monotonic() - start)


def _python_failure(text: str, method: str, where: str) -> str:
    parts = text.split("=" * 70)
    mine = [part for part in parts if f"{method} (" in part and where.rpartition(".")[2] in part and "Traceback" in part]
    return mine[0] if mine else text


def python_names() -> set[str]:
    """Names of the harness's unit tests, as `python` reports them."""
    names = set()
    for file in (paths.HARNESS / "tests").glob("test_*.py"):
        test_class = ""
        for line in file.read_text().splitlines():
            if found := re.match(r"class (\w+)\(", line):
                test_class = found[1]
            elif found := re.match(r"    def (test\w*)\(", line):
                names.add(f"{file.stem}.{test_class}.{found[1]}")
    return names
