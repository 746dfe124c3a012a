# SPDX-License-Identifier: GPL-2.0-or-later
"""What a post and a poll cost the guest, counted and not timed: instructions,
by a plugin of QEMU (insn_plugin.c), and register writes without shadow
doorbells. The program is that of the data test (selftests/guest/rdma/src/posts.c)."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path
from typing import NamedTuple

from figure import OURS
from pair import ADDRESSES, TOP, Pair
from rdma import PEER, Rdma

_PLUGIN = TOP / "build" / "bench" / "insn_plugin.so"
_PROGRAM = TOP / "build" / "provider" / "rdma_data"
_TOPOLOGIES = {OURS: "back-to-back", PEER: "stock-virtio"}
_READY = "ss -Hltn 'sport = :18515' | grep -q ."
# As posts.c has them.
LISTS = 100


class Cost(NamedTuple):
    """Of one post with its poll."""
    user: int
    kernel: int


def _program(rdma: Rdma, group: str) -> None:
    path = rdma.pair.install(_PROGRAM)
    client, server = (f"ulimit -l unlimited; exec {path} {role} {ADDRESSES[1]} {own} {group}"
                      for role, own in zip(("client", "server"), ADDRESSES))
    rdma.pair.both(server, client, _READY)


def _samples(file: Path) -> dict[str, list[Cost]]:
    found: dict[str, list[Cost]] = {}
    for line in file.read_text(encoding="ascii").splitlines():
        section, user, kernel = line.split()
        found.setdefault(section, []).append(Cost(int(user), int(kernel)))
    return found


def post_poll(kernel: str) -> dict[str, list[Cost]]:
    """Instructions of ibv_post_send of 64 bytes inline and of the ibv_poll_cq that finds its completion, by NIC.

    The n-th post and the n-th poll make a sample. What a thread of the kernel does after the post has
    returned (Soft-RoCE sends then) is not in it. RuntimeError: QEMU takes no plugin here."""
    subprocess.run([str(TOP / "selftests" / "buildroot"), "make", "--no-print-directory", "-s", "-C",
                    str(TOP / "selftests" / "bench"), f"O={TOP / 'build' / 'bench'}"], check=True)
    costs = {}
    for nic, topology in _TOPOLOGIES.items():
        handle, name = tempfile.mkstemp(prefix="mesh-optical-insn-")
        os.close(handle)
        try:
            with Pair(f"insn-{topology}", topology, kernel, "--plugin", f"{_PLUGIN},out={name}") as pair:
                _program(Rdma(pair, nic == PEER), "posts")
            samples = _samples(Path(name))
        finally:
            os.unlink(name)
        if not samples.get("post") or len(samples["post"]) != len(samples.get("poll", [])):
            raise RuntimeError(f"{nic}: the plugin counted {({k: len(v) for k, v in samples.items()})}")
        costs[nic] = [Cost(a.user + b.user, a.kernel + b.kernel) for a, b in zip(samples["post"], samples["poll"])]
    return costs


def doorbells_of_lists(kernel: str) -> tuple[int, int]:
    """Register writes of LISTS lists of sends, and of as many lists of receives, without shadow doorbells."""
    with Pair("posted", "back-to-back-posted", kernel) as pair:
        rdma = Rdma(pair, False)
        pair.control("reset-counters")
        _program(rdma, "lists")
        client, server = (nic["device"]["doorbells_user"] for nic in pair.control("show", "counters")["nics"].values())
    return client, server
