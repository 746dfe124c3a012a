# SPDX-License-Identifier: GPL-2.0-or-later
"""The checkers find what they are for."""

from __future__ import annotations

import tempfile
import unittest
from pathlib import Path
from unittest import mock

from harness import paths
from harness.check import layers, lint


class CheckpatchTest(unittest.TestCase):
    LINES = ["driver/hw/regs.h:31: ERROR:COMPLEX_MACRO: Macros with complex values should be enclosed",
             "driver/rx.c:3: WARNING:LONG_LINE: line length of 130"]

    def test_exceptions_hold_for_their_files_only(self) -> None:
        allowed = [lint.Exempt("COMPLEX_MACRO", "driver/hw/*")]
        self.assertEqual(self.judge(self.LINES, allowed), self.LINES[1:])
        self.assertEqual(self.judge(self.LINES[:1], []), self.LINES[:1])

    def test_exceptions_may_ask_for_a_line(self) -> None:
        tables = [lint.Exempt("COMPLEX_MACRO", "*", r"#define X\(")]
        self.assertEqual(self.judge(self.LINES[:1], tables, "#define X(name) name"), [])
        self.assertEqual(self.judge(self.LINES[:1], tables, "#define MO_SUM(a, b) a + b"),
                         [self.LINES[0], "checkpatch.yaml: nothing needs COMPLEX_MACRO for *"])

    def judge(self, lines: list[str], allowed: list[lint.Exempt], source: str = "") -> list[str]:
        return lint.judge_checkpatch(lines, allowed, lambda _file, _number: source)

    def test_unneeded_exception_fails(self) -> None:
        left = self.judge(self.LINES[:1], [lint.Exempt("COMPLEX_MACRO", "driver/*"), lint.Exempt("SPACING", "driver/*")])
        self.assertEqual(left, ["checkpatch.yaml: nothing needs SPACING for driver/*"])

    def test_what_is_not_understood_counts(self) -> None:
        self.assertEqual(self.judge(["perl: cannot open"], []), ["perl: cannot open"])

    def test_the_table_is_valid(self) -> None:
        self.assertTrue(lint.exceptions(lint.EXCEPTIONS))


class LayersTest(unittest.TestCase):
    LOW = "int mo_low(int a)\n{\n\treturn a;\n}\n"
    HIGH = "/* mo_top() */\nint mo_high(int a,\n\t    int b)\n{\n\treturn mo_low(a);\n}\n"

    def test_one_direction(self) -> None:
        top = "int mo_top(void)\n{\n\treturn mo_low(0) + mo_high(0, 0);\n}\n"
        self.assertEqual(layers.findings({"low.c": self.LOW, "high.c": self.HIGH, "top.c": top}), [])

    def test_circle_is_named_call_by_call(self) -> None:
        low = self.LOW.replace("return a", "return mo_high(a, a)")
        self.assertEqual(layers.findings({"low.c": low, "high.c": self.HIGH, "other.c": "int mo_x = mo_low;\n"}),
                         ["high.c: calls mo_low() of low.c: a circle of calls",
                          "low.c: calls mo_high() of high.c: a circle of calls"])

    def test_functions_of_one_file_are_its_own(self) -> None:
        hidden = "static int mo_low(int a)\n{\n\treturn mo_high(a, a);\n}\n"
        self.assertEqual(layers.findings({"hidden.c": hidden, "high.c": self.HIGH}), [])


class SourceTest(unittest.TestCase):
    def findings(self, name: str, text: str) -> dict[str, str]:
        with tempfile.TemporaryDirectory() as folder, mock.patch.object(paths, "SOURCE", Path(folder)):
            Path(folder, name).write_text(text)
            return {r.name: r.text for check in (lint.words, lint.python, lint.shell) for r in check([Path(name)]) if r.text}

    def test_clean_file(self) -> None:
        self.assertEqual(self.findings("a.py", "# SPDX-License-Identifier: X\ndef f(a: int) -> int:\n    return a\n"), {})

    def test_missing_annotation(self) -> None:
        found = self.findings("a.py", "# SPDX-License-Identifier: X\ndef f(a):\n    return a\n")
        self.assertIn("a.py:2: f: no type of a", found["lint:python"])
        self.assertIn("no return type", found["lint:python"])

    def test_missing_licence_and_leftovers(self) -> None:
        found = self.findings("a.c", "int a; /* " + "TO" + "DO */\n")
        self.assertIn("no SPDX", found["lint:words"])
        self.assertIn("a.c:1: TO" + "DO", found["lint:words"])

    def test_broken_shell(self) -> None:
        self.assertIn("lint:shell", self.findings("a.sh", "#!/bin/sh\n# SPDX-License-Identifier: X\nif true\n"))

    def test_compiler_findings_are_recognised(self) -> None:
        for line in ("/w/build/lint-stable/driver/rx.c:3:7: warning: incorrect type in assignment",
                     "driver/rx.c:3: error: no member", "./driver/mo.h:9:1: warning: symbol 'x' was not declared"):
            self.assertTrue(lint.is_finding(line), line)
        for line in ("/usr/src/linux-headers-6.12/include/linux/x.h:1:2: warning: y", "  CHECK   driver/rx.c", "make: warning: x"):
            self.assertFalse(lint.is_finding(line), line)


if __name__ == "__main__":
    unittest.main()
