# SPDX-License-Identifier: GPL-2.0-or-later
"""Cache entries: made once, whole or not at all."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path
from unittest import mock

from harness import cache, paths
from harness.errors import HarnessError

_SLOW_MAKER = """
import sys, time
from harness import cache
def make(folder):
    (folder / 'part').write_text('x')
    print('started', flush=True)
    time.sleep(60)
cache.entry('slow', 'k', make, need=0)
"""


class CacheTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.base = Path(folder.name)
        patch = mock.patch.dict(os.environ, XDG_CACHE_HOME=folder.name)
        patch.start()
        self.addCleanup(patch.stop)
        quiet = mock.patch.object(cache, "note")
        quiet.start()
        self.addCleanup(quiet.stop)

    def rest(self) -> list[str]:
        """What the cache holds, but for locks."""
        top = self.base / "mesh-optical"
        return sorted(str(p.relative_to(top)) for p in top.rglob("*") if "locks" not in p.parts and p.name != "tmp")

    def test_made_once(self) -> None:
        calls: list[Path] = []
        for _ in range(2):
            folder = cache.entry("thing", "k", calls.append, need=0)
        self.assertEqual(len(calls), 1)
        self.assertEqual(folder, paths.cache_dir() / "thing-k")

    def test_failure_leaves_nothing(self) -> None:
        def make(folder: Path) -> None:
            (folder / "half").write_text("x")
            raise HarnessError("no")

        with self.assertRaises(HarnessError):
            cache.entry("thing", "k", make, need=0)
        self.assertEqual(self.rest(), [])

    def test_no_space_is_told_and_leaves_nothing(self) -> None:
        def make(folder: Path) -> None:
            (folder / "half").write_text("x")
            raise OSError(errno.ENOSPC, "No space left on device")

        with self.assertRaisesRegex(HarnessError, "no disk space left"):
            cache.entry("thing", "k", make, need=0)
        self.assertEqual(self.rest(), [])

    def test_too_little_space_is_refused_before_work(self) -> None:
        with self.assertRaisesRegex(HarnessError, "GiB of disk space needed"):
            cache.entry("thing", "k", self.fail, need=1 << 60)

    def _interrupted(self, number: int) -> None:
        child = subprocess.Popen([sys.executable, "-c", _SLOW_MAKER], cwd=paths.SELFTESTS, stdout=subprocess.PIPE,
                                 stderr=subprocess.DEVNULL, env=dict(os.environ))
        with child:
            assert child.stdout
            self.assertEqual(child.stdout.readline(), b"started\n")
            child.send_signal(number)

    def test_interrupts_leave_nothing(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(number):
                self._interrupted(number)
                self.assertEqual(self.rest(), [])

    def test_rest_of_a_killed_maker_is_removed_by_the_next(self) -> None:
        self._interrupted(signal.SIGKILL)
        self.assertEqual(self.rest(), ["tmp/slow-k", "tmp/slow-k/part"])
        folder = cache.entry("slow", "k", lambda f: (f / "new").touch(), need=0)
        self.assertEqual([p.name for p in folder.iterdir()], ["new"])
        self.assertEqual(self.rest(), ["slow-k", "slow-k/new"])

    def test_trim_keeps_what_was_used_last(self) -> None:
        for number, name in enumerate("abcd"):
            folder = cache.entry("thing", name, lambda f: None, need=0)
            os.utime(folder, (number, number))
        cache.entry("thing", "a", self.fail, need=0)
        cache.trim("thing", 2)
        self.assertEqual(self.rest(), ["thing-a", "thing-d"])

    def test_key_tells_parts_apart(self) -> None:
        self.assertNotEqual(cache.key_of("ab", "c"), cache.key_of("a", "bc"))
        self.assertEqual(cache.key_of("ab", b"c"), cache.key_of(b"ab", "c"))

    def test_second_maker_waits_for_the_first(self) -> None:
        code = "from harness import cache; import time, sys\n" \
               "def make(f):\n    (f / 'x').write_text('1'); print('made'); time.sleep(0.3)\n" \
               "cache.entry('both', 'k', make, need=0)"
        children = [subprocess.Popen([sys.executable, "-c", code], cwd=paths.SELFTESTS, stdout=subprocess.PIPE,
                                     stderr=subprocess.DEVNULL) for _ in range(2)]
        start = time.monotonic()
        output = b"".join(child.communicate()[0] for child in children)
        self.assertEqual(output, b"made\n")
        self.assertLess(time.monotonic() - start, 20)


if __name__ == "__main__":
    unittest.main()
