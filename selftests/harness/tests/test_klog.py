# SPDX-License-Identifier: GPL-2.0-or-later
"""What the scan of kernel logs catches, and what it lets pass."""

from __future__ import annotations

import unittest
from pathlib import Path

from harness import klog

SAMPLES = Path(__file__).parent / "samples" / "klog"


class KernelLogTest(unittest.TestCase):
    def test_clean_log_passes(self) -> None:
        self.assertEqual(klog.problems((SAMPLES / "clean.txt").read_text()), [])

    def test_complaints_are_found(self) -> None:
        for name in ("warning", "lockdep", "dmar"):
            with self.subTest(name):
                self.assertTrue(klog.problems((SAMPLES / f"{name}.txt").read_text()))

    def test_memory_written_after_it_was_freed(self) -> None:
        self.assertTrue(klog.problems("[    9.1] pagealloc: memory corruption on page ffffea0000a41a00"))
        self.assertFalse(klog.problems("[    0.1] mem auto-init: stack:all(zero), heap alloc:on, heap free:off"))

    def test_expected_lines_are_let_pass(self) -> None:
        text = (SAMPLES / "dmar.txt").read_text()
        self.assertEqual(klog.problems(text, r"fault addr 0xfffe0000"), [])
        self.assertEqual(len(klog.problems(text, r"fault addr 0x0")), 1)


if __name__ == "__main__":
    unittest.main()
