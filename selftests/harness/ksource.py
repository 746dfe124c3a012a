# SPDX-License-Identifier: GPL-2.0-or-later
"""The parts of the kernel's source that no binary package has: checkpatch, the
YNL client, the selftests' libraries. From Debian's linux-source package."""

from __future__ import annotations

import subprocess
from pathlib import Path

from . import apt, buildroot, cache
from .errors import HarnessError

_PARTS = ("scripts/checkpatch.pl", "scripts/spelling.txt", "scripts/const_structs.checkpatch", "scripts/kernel-doc*",
          "scripts/lib", "tools/lib/python", "tools/net/ynl", "tools/testing/selftests/kselftest*",
          "tools/testing/selftests/lib.mk", "tools/testing/selftests/kselftest", "tools/testing/selftests/net",
          "tools/testing/selftests/drivers/net", "tools/lib/bpf", "tools/include/uapi/linux/bpf.h", "scripts/bpf_doc.py",
          "Documentation/netlink", "include/uapi/linux", "MAINTAINERS")


def ensure() -> Path:
    """The folder with the extracted parts, laid out as in the kernel's tree."""
    base = buildroot.ensure()
    version = ".".join(buildroot.kernel_version(base, "backports").split(".")[:2])
    key = cache.key_of(version, *_PARTS)

    def make(folder: Path) -> None:
        package = apt.download(f"linux-source-{version}", folder)
        unpacked = subprocess.Popen(["dpkg-deb", "--fsys-tarfile", str(package)], stdout=subprocess.PIPE)
        archive = subprocess.Popen(["tar", "-x", "-O", f"./usr/src/linux-source-{version}.tar.xz"],
                                   stdin=unpacked.stdout, stdout=subprocess.PIPE)
        plain = subprocess.Popen([*buildroot.program(base, "/usr/bin/xz"), "-dc", "-T0"], stdin=archive.stdout,
                                 stdout=subprocess.PIPE)
        # Exclusive patterns would fail for parts that a version lacks; a missing
        # checkpatch is the one that must not pass unseen.
        subprocess.run(["tar", "-x", "-C", str(folder), "--strip-components=1", "--wildcards",
                        *(f"linux-source-{version}/{part}" for part in _PARTS)], stdin=plain.stdout,
                       stderr=subprocess.DEVNULL, check=False)
        for child in (unpacked, archive, plain):
            child.wait()
        package.unlink()
        if not (folder / "scripts/checkpatch.pl").is_file():
            raise HarnessError(f"linux-source-{version}: no scripts/checkpatch.pl in it")

    return cache.entry(f"ksource-{version}", key, make, need=cache.GIB)
