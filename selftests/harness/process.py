# SPDX-License-Identifier: GPL-2.0-or-later
"""Child processes that never outlive their parent."""

from __future__ import annotations

import ctypes
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from .errors import HarnessError

_LIBC = ctypes.CDLL(None, use_errno=True)
_PR_SET_PDEATHSIG = 1


def die_with_parent() -> None:
    """For `preexec_fn`: the kernel kills the child when its parent ends."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def run_contained(command: Sequence[str], log: Path) -> None:
    """Run a command whose whole process tree ends with it and with us.

    It runs in a PID namespace of its own: when we are interrupted or killed,
    the kernel ends everything it started, so nobody writes into a folder that
    is being removed. Output goes to `log`; its end is shown on failure.
    """
    contained = ["unshare", "--mount", "--pid", "--fork", "--kill-child=KILL", "--mount-proc", *command]
    with open(log, "w+", encoding="utf-8", errors="replace") as output:
        child = subprocess.Popen(contained, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                                 start_new_session=True, preexec_fn=die_with_parent)
        try:
            status = child.wait()
        finally:
            if child.poll() is None:
                child.kill()
                child.wait()
        if status:
            output.seek(0)
            sys.stderr.write("".join(output.readlines()[-40:]))
            raise HarnessError(f"{command[0]} failed with status {status} (its last lines stand above)")


def run(command: Sequence[str], **options: object) -> bytes:
    """Run a short command; its output, or an error that shows what it said."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
                          preexec_fn=die_with_parent, **options)  # type: ignore[call-overload]
    if done.returncode:
        raise HarnessError(f"{' '.join(command)}: status {done.returncode}\n"
                           f"{done.stderr.decode(errors='replace')}")
    return bytes(done.stdout)
