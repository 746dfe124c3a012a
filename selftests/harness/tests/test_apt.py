# SPDX-License-Identifier: GPL-2.0-or-later
"""The machine's archive mapped to Debian 13's suites."""

from __future__ import annotations

import unittest

from harness import apt
from harness.errors import HarnessError

FRESH_12 = """http://mirror/debian/|bookworm|main|Debian
http://mirror/debian/|bookworm|contrib|Debian
http://mirror/debian/|bookworm-updates|main|Debian
http://mirror/debian-security/|bookworm-security|main|Debian
https://other/docker/|bookworm|stable|Docker
https://other/pg/|bookworm-pgdg|main|pg
https://other/fork/|bookworm|main|Fork"""
FRESH_13 = """http://mirror/debian/|trixie|main|$(ORIGIN)
http://mirror/debian/|trixie-backports|main|$(ORIGIN)"""


class AptTest(unittest.TestCase):
    def test_bookworm_is_mapped(self) -> None:
        lines = apt.debian_sources(apt.parse_targets(FRESH_12), "bookworm", ["/k.gpg"])
        self.assertEqual(lines, [f"deb [signed-by=/k.gpg] http://mirror/debian {suite} main"
                                 for suite in ("trixie", "trixie-updates", "trixie-backports")]
                         + ["deb [signed-by=/k.gpg] http://mirror/debian-security trixie-security main"])

    def test_security_only_where_the_machine_has_it(self) -> None:
        lines = apt.debian_sources(apt.parse_targets(FRESH_13), "trixie", [])
        self.assertEqual(lines, [f"deb http://mirror/debian {suite} main"
                                 for suite in ("trixie", "trixie-updates", "trixie-backports")])

    def test_aliases_and_old_security_names(self) -> None:
        text = "file:/m/|stable|main|Debian\nfile:/s/|stable/updates|main|Debian"
        lines = apt.debian_sources(apt.parse_targets(text), "trixie", [])
        self.assertEqual(lines[-1], "deb file:/s trixie-security main")

    def test_no_archive_is_an_error(self) -> None:
        with self.assertRaisesRegex(HarnessError, "names no Debian archive"):
            apt.debian_sources(apt.parse_targets("https://x/|jammy|main|Ubuntu"), "bookworm", [])


if __name__ == "__main__":
    unittest.main()
