# SPDX-License-Identifier: GPL-2.0-or-later
"""Tests without guests: C++ (ctest, under sanitizers), firmware, the harness itself."""

from __future__ import annotations

import re
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator

from .. import paths, process
from . import inside
from .results import FAIL, PASS, SKIP, Result

SANITIZED = paths.BUILD / "userspace-asan"


def build_sanitized(jobs: int) -> Result:
    """Compile all user-space tests with ASan and UBSan."""
    return inside.step("build:userspace-asan", ["selftests/harness/build/userspace.sh", str(jobs), str(SANITIZED),
                                                "-DMO_SANITIZE=address,undefined"])


def ctest(folder: str = str(SANITIZED), jobs: int = 2) -> Iterator[Result]:
    """Run the C++ tests of a build folder; one result per ctest test."""
    report = paths.BUILD / "ctest.xml"
    report.unlink(missing_ok=True)
    status, text = inside.run(["ctest", "--test-dir", folder, "-j", str(jobs), "--output-on-failure", "--timeout",
                               "120", "--output-junit", str(report)], timeout=900)
    if not report.is_file():
        yield Result("unit:ctest", FAIL, text or f"ctest failed with status {status}")
        return
    cases = list(ElementTree.parse(report).iter("testcase"))
    if not cases:
        yield Result("unit:ctest", FAIL, "there are no tests")
    for case in cases:
        name, seconds = f"unit:{case.get('name')}", float(case.get("time") or 0)
        if case.get("status") == "run":
            yield Result(name, PASS, "", seconds)
        elif case.find("skipped") is not None:
            yield Result(name, SKIP, (case.find("skipped").get("message") or "").strip(), seconds)  # type: ignore[union-attr]
        else:
            yield Result(name, FAIL, case.findtext("system-out") or "failed", seconds)


def ctest_names(folder: str = str(SANITIZED)) -> set[str]:
    """The names of the C++ tests."""
    _status, text = inside.run(["ctest", "--test-dir", folder, "-N"], timeout=120)
    return set(re.findall(r"^ *Test +#\d+: (\S.*?) *$", text, re.M))


def firmware() -> Iterator[Result]:
    """The firmware's own tests on the host."""
    if (paths.SOURCE / "firmware" / "Makefile").is_file():
        yield inside.step("unit:firmware", ["make", "--no-print-directory", "-C", "firmware",
                                            f"O={paths.BUILD / 'firmware'}", "-j2", "check"])


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
