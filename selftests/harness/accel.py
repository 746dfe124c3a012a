# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether KVM is of use here.

`/dev/kvm` may exist, even make machines, and still be slower than emulation
(nested without hardware support). So a kernel is booted with it once per boot
of this machine, to the panic for want of a root; the answer is kept in the cache.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

from . import buildroot, cache, paths, process

_LIMIT_S = 8.0
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def _boots(base: Path, vmlinux: Path) -> bool:
    root = base / "root"
    line = [*buildroot.program(base, "/usr/bin/qemu-system-x86_64"), "-L", str(root / "usr/share/qemu"),
            "-L", str(root / "usr/share/seabios"), "-accel", "kvm", "-machine", "q35", "-cpu", "host", "-m", "512",
            "-nodefaults", "-display", "none", "-no-reboot", "-kernel", str(vmlinux), "-append", "panic=-1"]
    child = subprocess.Popen(line, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                             preexec_fn=process.die_with_parent)
    try:
        return child.wait(_LIMIT_S) == 0
    except subprocess.TimeoutExpired:
        return False
    finally:
        if child.poll() is None:
            child.kill()
            child.wait()


def kvm_works(base: Path, vmlinux: Path) -> bool:
    """Probe, or recall the probe of this boot."""
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        return False
    boot = _BOOT_ID.read_text().strip()
    kept = paths.cache_dir() / "kvm.json"
    with cache.locked("kvm"):
        try:
            answer = json.loads(kept.read_text())
            if answer["boot"] == boot:
                return bool(answer["works"])
        except (OSError, ValueError, KeyError):
            pass
        works = _boots(base, vmlinux)
        cache.note(f"KVM {'works' if works else 'does not work here; guests are emulated'}")
        kept.write_text(json.dumps({"boot": boot, "works": works}))
        return works
