# SPDX-License-Identifier: GPL-2.0-or-later
"""KTAP parser against recorded output, good and broken."""

from __future__ import annotations

import unittest
from pathlib import Path

from harness import ktap

SAMPLES = Path(__file__).parent / "samples" / "ktap"


def load(name: str) -> ktap.Report:
    return ktap.parse((SAMPLES / f"{name}.txt").read_text())


class KtapTest(unittest.TestCase):
    def test_nested_results_are_all_seen(self) -> None:
        report = load("good-nested")
        self.assertEqual(report.problems, [])
        self.assertEqual([(r.name, r.outcome) for r in report.results],
                         [("wraps", "pass"), ("stops", "pass"), ("ring", "pass"), ("reset", "fail")])
        self.assertEqual(report.outcome(), "fail")

    def test_skip_keeps_its_reason(self) -> None:
        report = load("good-skip")
        self.assertEqual(report.outcome(), "pass")
        self.assertEqual([(r.outcome, r.reason) for r in report.results],
                         [("pass", ""), ("skip", "not supported: no clock"), ("pass", "")])

    def test_skip_of_everything(self) -> None:
        report = load("good-skip-all")
        self.assertEqual((report.outcome(), report.skip_all), ("skip", "needs two NICs"))

    def test_broken_output_fails(self) -> None:
        for name, said in (("bad-short", "plan says 3"), ("bad-order", "result 3 where 2"), ("bad-noplan", "no plan"),
                           ("bad-bail", "cannot open"), ("bad-nested-short", "plan says 2")):
            with self.subTest(name):
                report = load(name)
                self.assertEqual(report.outcome(), "fail")
                self.assertIn(said, " ".join(report.problems))

    def test_plain_output_is_not_judged(self) -> None:
        report = load("plain")
        self.assertFalse(report.is_ktap)
        self.assertEqual((report.outcome(), report.results), ("pass", []))


if __name__ == "__main__":
    unittest.main()
