# SPDX-License-Identifier: GPL-2.0-or-later
"""Results of the kernel's selftests against the list of known failures."""

from __future__ import annotations

import tempfile
import unittest
from pathlib import Path

from harness import kselftest, paths
from harness.errors import HarnessError
from harness.kselftest import Case, Known

PYTHON = """TAP version 13
1..5
ok 1 stats.check_pause # XFAIL pause not supported by the device
# Exception| Traceback
not ok 2 stats.pkt_byte_sum
ok 3 stats.qstat_by_ifindex # SKIP no queues
ok 4 stats.check_down
ok 5 stats.check_up # XFAIL
# Totals: pass:1 fail:1 xfail:1 xpass:0 skip:1 error:0
"""


def outcomes(cases: list[Case]) -> dict[str, str]:
    return {case.name: case.outcome for case in cases}


class ReadTest(unittest.TestCase):
    def test_every_case_has_its_outcome(self) -> None:
        cases = kselftest.read("net/stats.py", 1, PYTHON)
        self.assertEqual(outcomes(cases), {"net/stats.check_pause": "skip", "net/stats.pkt_byte_sum": "fail",
                                           "net/stats.qstat_by_ifindex": "skip", "net/stats.check_down": "pass",
                                           "net/stats.check_up": "skip"})
        self.assertEqual(cases[0].reason, "pause not supported by the device")

    def test_older_scripts_are_read(self) -> None:
        text = "TEST: force of same speed autoneg off      [ OK ]\nTEST: Two  [FAIL]\n\tsecond line\n"
        self.assertEqual(kselftest.read("hw/ethtool.sh", 1, text),
                         [Case("hw/ethtool.force of same speed autoneg off", "pass"), Case("hw/ethtool.Two", "fail", "second line")])

    def test_a_file_without_cases_is_one(self) -> None:
        for status, text, outcome, reason in ((4, "SKIP: jq not installed\n", "skip", "SKIP: jq not installed"),
                                              (1, "Traceback\nKeyError: 'x'\n", "fail", "KeyError: 'x'"),
                                              (0, "", "fail", "no output"),
                                              (4, "TAP version 13\n1..0 # SKIP no PSP\n", "skip", "no PSP")):
            with self.subTest(text):
                self.assertEqual(kselftest.read("hw/x.py", status, text), [Case("hw/x", outcome, reason, True)])

    def test_broken_output_and_crashes_are_failures_beside_the_cases(self) -> None:
        passed = "TAP version 13\n1..2\nok 1 x.a\n"
        for status in (0, 1, 139):
            with self.subTest(status):
                self.assertEqual(outcomes(kselftest.read("hw/x.py", status, passed))["hw/x"], "fail")
        self.assertEqual(kselftest.read("hw/x.py", kselftest.TIMEOUT, passed)[-1], Case("hw/x", "fail", "timed out", True))

    def test_the_makefiles_say_what_is_run(self) -> None:
        with tempfile.TemporaryDirectory() as name:
            for folder, text in (("drivers/net", "TEST_GEN_FILES := \\\n\ta \\\n# end\n\nTEST_PROGS := \\\n\tb.py \\\n\tc.sh \\\n# end\n"),
                                 ("drivers/net/hw", "TEST_PROGS = \\\n\td.py \\\n\t#\n\nTEST_PROGS_EXTENDED := \\\n\te.py \\\n")):
                (Path(name) / folder).mkdir(parents=True)
                (Path(name) / folder / "Makefile").write_text(text)
            self.assertEqual(kselftest.files(Path(name)), ["net/b.py", "net/c.sh", "hw/d.py"])


class JudgeTest(unittest.TestCase):
    cases = [Case("net/a.good", "pass"), Case("net/a.bad", "fail", "boom"), Case("net/b.one", "skip", "no such thing")]
    known = [Known("net/a.bad", "magic"), Known("net/b.*", "CONFIG_B", "CONFIG_B")]

    def test_as_the_list_says(self) -> None:
        self.assertEqual(kselftest.judge(self.cases, self.known, {}), [])

    def test_what_depends_on_timing_may_pass(self) -> None:
        known = [Known("net/a.*", "speed", timing=True)]
        self.assertEqual(kselftest.judge([Case("net/a.x", "pass"), Case("net/a.y", "fail")], known, {}), [])

    def test_a_skip_without_a_reason_may_have_it_from_the_list(self) -> None:
        known = [*self.known, Known("net/a.other", "speed", skipped=True)]
        cases = [*self.cases, Case("net/a.other", "skip")]
        self.assertEqual(kselftest.judge(cases, known, {}), [])
        self.assertIn("  net/a.other: lacks speed\n", kselftest.report("", cases, known))

    def test_what_differs_is_told(self) -> None:
        for cases, known, config, said in (
                (self.cases, self.known[1:], {}, "net/a.bad: fails: boom"),
                ([Case("net/a.bad", "pass"), self.cases[2]], self.known, {}, "net/a.bad: passes now: remove"),
                (self.cases, self.known[:1], {}, "net/b: skipped whole: no such thing"),
                (self.cases[:2], self.known, {}, "the list: 'net/b.*' names no case"),
                ([*self.cases[:2], Case("net/a.other", "skip"), self.cases[2]], [*self.known, Known("net/a.other", "speed")], {},
                 "the list: 'net/a.other' names only skipped cases that need no entry: remove"),
                ([*self.cases, Case("net/a.other", "skip")], self.known, {}, "net/a.other: skipped, and nothing says why"),
                ([*self.cases, Case("net/a.other", "skip", "why")], [*self.known, Known("net/a.other", "speed", skipped=True)], {},
                 "the list: 'net/a.other' names only skipped cases that need no entry: remove"),
                ([*self.cases, Case("net/a.other", "fail", "boom")], [*self.known, Known("net/a.other", "speed", skipped=True)], {},
                 "net/a.other: fails: boom"),
                ([*self.cases, Case("net/a.other", "pass")], [*self.known, Known("net/a.other", "speed", skipped=True)], {},
                 "net/a.other: passes now: remove"),
                (self.cases, self.known, {"CONFIG_B": "m"}, "the list: 'net/b.*': the kernel has CONFIG_B=m"),
                ([*self.cases, Case("net/a", "fail", "timed out", True)], [*self.known, Known("net/a", "speed")], {},
                 "net/a: timed out")):
            with self.subTest(said):
                problems = kselftest.judge(cases, known, config)
                self.assertEqual(len(problems), 1, problems)
                self.assertTrue(problems[0].startswith(said), problems)

    def test_the_report_names_the_reason(self) -> None:
        text = kselftest.report("between two ports", self.cases, self.known)
        for line in ("between two ports", "1 passed", "1 failed", "1 skipped", "  net/a.bad: lacks magic; boom",
                     "  net/b.one: lacks CONFIG_B; no such thing"):
            self.assertIn(line, text.splitlines())


class ListTest(unittest.TestCase):
    def test_the_list_is_valid(self) -> None:
        self.assertTrue(kselftest.load(paths.SELFTESTS / "guest/kselftest/known-failures.yaml"))

    def test_an_entry_names_one_reason(self) -> None:
        for text, said in (("known: [{cases: [net/a.b]}]", "one of both"),
                           ("known: [{cases: [net/a.b], feature: x, config: CONFIG_X}]", "one of both"),
                           ("known: [{cases: [net/a.b], config: netkit}]", "no option"),
                           ("known: [{cases: [net/a.b], feature: x, timing: no}]", "timing is yes"),
                           ("known: [{cases: [net/a.b], feature: x, skipped: no}]", "skipped is yes"),
                           ("known: [{feature: x}]", "lacks 'cases'")):
            with self.subTest(text), tempfile.TemporaryDirectory() as folder:
                file = Path(folder) / "list.yaml"
                file.write_text(text)
                with self.assertRaisesRegex(HarnessError, said):
                    kselftest.load(file)
