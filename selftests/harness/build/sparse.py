#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""In the build root: run sparse on what modules.sh compiled for one kernel.

    sparse.py stable|backports

Works from the commands that kbuild recorded. `make C=2` cannot do it: Debian's
kernel headers lack scripts/checker-valid.sh, and 7.3 then switches the checker
off without failing.
"""
from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
# As arch/x86/Makefile and the top Makefile set CHECKFLAGS; the last two teach
# sparse 0.6.4 what 7.3's headers expect of a compiler.
FLAGS = ["-D__linux__", "-Dlinux", "-D__STDC__", "-Dunix", "-D__unix__", "-Wbitwise", "-Wno-return-void",
         "-Wno-unknown-attribute", "-D__x86_64__", "--arch=x86", "-mlittle-endian", "-m64",
         "-D__typeof_unqual__=__typeof__"]
CONSTANT_STRLEN = "-D__builtin_strlen(s)=(sizeof(s)-1)"


def commands(folder: Path) -> list[list[str]]:
    """The recorded compile command of each object, without its output."""
    found = []
    for file in sorted(folder.rglob(".*.o.cmd")):
        match = re.match(r"savedcmd_\S+ :=\s+(.*)", file.read_text(encoding="utf-8").splitlines()[0])
        words = shlex.split(match.group(1).split(" ; ")[0]) if match else []
        if not words or not words[-1].endswith(".c") or words[-1].endswith(".mod.c"):
            continue
        output = words.index("-o")
        found.append([word for at, word in enumerate(words[1:], 1) if at not in (output, output + 1) and word != "-c"])
    return found


def main() -> int:
    """Print sparse's findings; 1 if there are any, 2 if it checked nothing."""
    version = subprocess.run([ROOT / "selftests/buildroot", "--kernel", sys.argv[1]], check=True, text=True,
                             capture_output=True).stdout.strip()
    folder = ROOT / "build/modules" / version
    flags = FLAGS + ([CONSTANT_STRLEN] if sys.argv[1] == "backports" else [])
    # kbuild of 6.12 runs in the headers' folder, later ones in the module's.
    start = folder if sys.argv[1] == "backports" else Path(f"/usr/src/linux-headers-{version}")
    listed = commands(folder)
    findings: list[str] = []
    for command in listed:
        done = subprocess.run(["sparse", *flags, *command], cwd=start, text=True, capture_output=True, check=False)
        text = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
        findings += [line for line in text if re.match(r"\S+:\d+:\d+: ", line) and "linux-headers-" not in line]
        if done.returncode and not text:
            findings.append(f"{command[-1]}:1:1: sparse failed with status {done.returncode}")
    print("\n".join(findings))
    return 2 if not listed else bool(findings)


if __name__ == "__main__":
    sys.exit(main())
