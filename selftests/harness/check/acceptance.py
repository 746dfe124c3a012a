# SPDX-License-Identifier: GPL-2.0-or-later
"""selftests/acceptance.yaml: every promise of the product and the tests that hold it."""

from __future__ import annotations

import fnmatch
from pathlib import Path

from .. import paths, yamlcheck
from ..errors import HarnessError
from .results import FAIL, PASS, Result

TABLE = paths.SELFTESTS / "acceptance.yaml"


def check(file: Path, known: set[str]) -> list[Result]:
    """One result per line of the table. `known` are the names of all tests,
    without the "@kernel" of guest tests; a table entry may be a pattern."""
    results = []
    seen = set()
    root = yamlcheck.load(file, "the table").mapping({"lines"}, {"lines"})
    for item in root["lines"].sequence():
        item.what = "an acceptance line"
        keys = item.mapping({"id", "text", "tests"}, {"id", "text"})
        name = keys["id"].string()
        problems = []
        if name in seen:
            problems.append(f"{file.name}: {name!r} stands there twice")
        seen.add(name)
        keys["text"].string()
        tests = [node.string() for node in keys["tests"].sequence()] if "tests" in keys else []
        if not tests:
            problems.append(f"no test holds: {keys['text'].string()}")
        problems += [f"there is no test {test!r}" for test in tests if not fnmatch.filter(known, test)]
        results.append(Result(f"acceptance:{name}", FAIL if problems else PASS, "\n".join(problems)))
    if not results:
        raise HarnessError(f"{file}: no lines")
    return results
