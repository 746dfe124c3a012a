# SPDX-License-Identifier: GPL-2.0-or-later
"""The runner's own judgement."""

from __future__ import annotations

import tempfile
import threading
import time
import unittest
from pathlib import Path

from harness.check import acceptance, guests, manifest
from harness.errors import HarnessError

CLEAN = {"host0": "[ 1.0] eth0: link is up\n"}
WARNED = {"host0": "[ 1.0] WARNING: drivers/x.c:1 at f+0x1\n"}


class JudgeTest(unittest.TestCase):
    def judge(self, status: int, output: str = "", logs: dict[str, str] | None = None, lost: list[str] | None = None,
              expect: str = "") -> tuple[str, str]:
        return guests.judge(status, output, CLEAN if logs is None else logs, lost or [], expect)

    def test_exit_status_decides_without_ktap(self) -> None:
        self.assertEqual(self.judge(0)[0], "pass")
        self.assertEqual(self.judge(1)[0], "fail")

    def test_four_is_skip_with_its_reason(self) -> None:
        self.assertEqual(self.judge(4, "looking\nno such device here\n"), ("skip", "no such device here"))

    def test_ktap_failure_beats_exit_status_zero(self) -> None:
        outcome, text = self.judge(0, "TAP version 13\n1..1\nnot ok 1 ping\n")
        self.assertEqual(outcome, "fail")
        self.assertIn("not ok: ping", text)

    def test_broken_ktap_fails(self) -> None:
        self.assertEqual(self.judge(0, "TAP version 13\n1..2\nok 1 ping\n")[0], "fail")

    def test_kernel_warning_fails_and_shows_the_log(self) -> None:
        outcome, text = self.judge(0, "", WARNED)
        self.assertEqual(outcome, "fail")
        self.assertIn("kernel log of host0: [ 1.0] WARNING", text)
        self.assertEqual(self.judge(0, "", WARNED, expect=r"drivers/x\.c:1")[0], "pass")

    def test_failure_shows_the_kernel_log(self) -> None:
        self.assertIn("eth0: link is up", self.judge(1)[1])

    def test_lost_guest_fails(self) -> None:
        self.assertEqual(self.judge(0, lost=["host0"])[0], "fail")


class ManifestTest(unittest.TestCase):
    def parse(self, text: str) -> manifest.GuestTest:
        return manifest.parse(Path("/t/a/b"), "a/b", text)

    def test_header(self) -> None:
        test = self.parse("#!/bin/sh\n# mo-test: where=host topology=foreign timeout=5 smoke=yes expect='a b'\n")
        self.assertEqual((test.where, test.timeout, test.smoke, test.expect), ("host", 5.0, True, "a b"))
        self.assertEqual(test.bed("stable").topology, "foreign")
        self.assertEqual(test.kernels_for(full=False), ["backports", "stable"])
        self.assertEqual(self.parse("# mo-test:\n").kernels_for(full=False), ["backports"])
        self.assertEqual(self.parse("# mo-test: kernels=stable\n").kernels_for(full=False), ["stable"])

    def test_mistakes_name_file_and_line(self) -> None:
        for text, said in (("#!/bin/sh\n", "/t/a/b:1: no 'mo-test:'"), ("\n# mo-test: wher=x\n", "/t/a/b:2: 'wher=x'"),
                           ("# mo-test: smoke=maybe\n", "smoke is one of"), ("# mo-test: timeout=x\n", "/t/a/b:1:"),
                           ("# mo-test: expect='\n", "/t/a/b:1:"),
                           ("# mo-test: topology=none\n", "runs with where=host")):
            with self.subTest(text):
                with self.assertRaises(HarnessError) as caught:
                    self.parse(text)
                self.assertIn(said, str(caught.exception))

    def test_all_guest_tests_have_a_valid_header(self) -> None:
        self.assertTrue(manifest.discover())


class SessionsTest(unittest.TestCase):
    def test_what_boots_alike_boots_once(self) -> None:
        def test(name: str, header: str) -> manifest.GuestTest:
            return manifest.parse(Path(f"/t/{name}"), name, f"# mo-test: where=host {header}\n")

        tests = [test("b/shared", ""), test("a/own", "fresh=yes"), test("a/smoke", "smoke=yes"),
                 test("c/two", "cpus=2 timeout=200")]
        found = guests.sessions(tests, False, {"backports", "stable"})
        self.assertEqual([(bed.kernel, bed.cpus, [one.name for one in members]) for bed, members in found],
                         [("backports", "2", ["c/two"]), ("backports", "1", ["a/smoke", "b/shared"]),
                          ("backports", "1", ["a/own"]), ("stable", "1", ["a/smoke"])])


class TurnsTest(unittest.TestCase):
    def test_one_alone_meets_nobody_and_is_not_overtaken(self) -> None:
        turns = guests.Turns()
        begun: list[str] = []
        inside: set[str] = set()
        let_go = {name: threading.Event() for name in ("first", "second", "alone", "late")}

        def visit(name: str) -> None:
            with turns.alone() if name == "alone" else turns.together():
                if name == "alone" and inside or "alone" in inside:
                    begun.append("met somebody")
                inside.add(name)
                begun.append(name)
                let_go[name].wait(10)
                inside.discard(name)

        def enter(name: str) -> threading.Thread:
            thread = threading.Thread(target=visit, args=[name], daemon=True)
            thread.start()
            time.sleep(0.05)
            return thread

        threads = [enter(name) for name in ("first", "second", "alone", "late")]
        self.assertEqual(begun, ["first", "second"])
        let_go["first"].set()
        time.sleep(0.05)
        self.assertEqual(begun, ["first", "second"])
        let_go["second"].set()
        threads[1].join(10)
        time.sleep(0.05)
        self.assertEqual(begun, ["first", "second", "alone"])
        for name in ("alone", "late"):
            let_go[name].set()
        for thread in threads:
            thread.join(10)
        self.assertEqual(begun, ["first", "second", "alone", "late"])


class AcceptanceTest(unittest.TestCase):
    def check(self, text: str) -> list[tuple[str, str, str]]:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "acceptance.yaml"
            file.write_text(text)
            return [(r.name, r.outcome, r.text) for r in acceptance.check(file, {"guest:net/ping", "unit:Ring.Wraps"})]

    def test_line_with_tests_passes(self) -> None:
        self.assertEqual(self.check("lines:\n- {id: a, text: t, tests: ['guest:net/ping', 'unit:Ring.*']}\n"),
                         [("acceptance:a", "pass", "")])

    def test_line_without_test_fails(self) -> None:
        for text in ("lines:\n- {id: a, text: promise}\n", "lines:\n- {id: a, text: promise, tests: []}\n"):
            self.assertEqual(self.check(text), [("acceptance:a", "fail", "no test holds: promise")])

    def test_unknown_test_fails(self) -> None:
        self.assertEqual(self.check("lines:\n- {id: a, text: t, tests: ['guest:net/pong']}\n"),
                         [("acceptance:a", "fail", "there is no test 'guest:net/pong'")])

    def test_line_that_stands_twice_fails(self) -> None:
        line = "- {id: a, text: t, tests: ['guest:net/ping']}\n"
        self.assertEqual([r[1] for r in self.check("lines:\n" + line + line)], ["pass", "fail"])


if __name__ == "__main__":
    unittest.main()
