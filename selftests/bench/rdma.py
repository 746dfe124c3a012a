# SPDX-License-Identifier: GPL-2.0-or-later
"""The figures of RDMA: Debian's perftest, unmodified, on our device and on
Soft-RoCE above QEMU's virtio-net, with the same path MTU and as many messages.

As many messages take the peer 3 to 10 s, but us, being up to 200 times as fast,
a fraction of one; so ours is measured a second time with messages for some
seconds, which the report tells beside the table.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from pair import ADDRESSES, INTERFACE, Pair

PEER = "Soft-RoCE on virtio-net"
# Room for a path MTU of 4096 and its headers.
MTU = 4200
_READY = "ss -Hltn 'sport = :18515' | grep -q ."


@dataclass(frozen=True)
class Run:
    """A program of perftest."""
    program: str
    options: str
    messages: int
    long: int  # messages that take us some seconds
    column: int  # of the result
    unit: str
    more_is_better: bool
    scale: float = 1


RUNS = {
    "ib_write_bw_1m": Run("ib_write_bw", "-s 1048576", 250, 25000, 3, "MiB/s", True),
    "ib_read_bw_1m": Run("ib_read_bw", "-s 1048576", 250, 25000, 3, "MiB/s", True),
    "ib_write_lat_8": Run("ib_write_lat", "-s 8", 4000, 40000, 4, "us", False),
    "ib_send_lat_8": Run("ib_send_lat", "-s 8", 4000, 40000, 4, "us", False),
    "ib_send_rate_64": Run("ib_send_bw", "-s 64", 40000, 1000000, 4, "messages/s", True, 1e6),
}


class Rdma:
    """RDMA on a connected pair, whose interfaces get a longer MTU for it."""

    def __init__(self, pair: Pair, soft: bool) -> None:
        self.pair = pair
        make = "modprobe -a ib_uverbs rdma_rxe && rdma link add rxe0 type rxe netdev $i" if soft else "modprobe ib_uverbs"
        self.gids = []
        for host, address in enumerate(ADDRESSES):
            pair.run(host, f"{INTERFACE} ip link set $i mtu {MTU} && {make} && udevadm settle")
            self.gids.append(self._gid(host, address))
        # Resolves the neighbours again, should the change have cost the carrier.
        pair.run(0, f"for t in $(seq 100); do ping -q -c 1 -W 1 {ADDRESSES[1]} && exit 0; sleep 0.1; done; exit 1")

    def _gid(self, host: int, address: str) -> int:
        """Index of the RoCEv2 GID of an IPv4 address, once the port is active and has it."""
        octets = [int(part) for part in address.split(".")]
        gid = "0000:0000:0000:0000:0000:ffff:{:02x}{:02x}:{:02x}{:02x}".format(*octets)
        find = (f"cd /sys/class/infiniband/*/ports/1 && grep -q ACTIVE state && for i in $(grep -lx {gid} gids/* | sed s,gids/,,); "
                "do grep -q 'RoCE v2' gid_attrs/types/$i && echo $i && exit 0; done")
        return int(self.pair.run(host, f"for t in $(seq 100); do ({find}) 2>/dev/null | grep . && exit 0; sleep 0.1; done; "
                                       "echo no active RDMA port >&2; exit 1").split()[0])

    def program(self, words: str, gid_index: bool) -> list[str]:
        """A program's command line in each guest: its device by name, and by -x where its GID is."""
        device = "$(ls /sys/class/infiniband)"
        return [f"ulimit -l unlimited; exec {words} -d {device}" + (f" -x {gid}" if gid_index else "") for gid in self.gids]

    def measure(self, run: Run, messages: int) -> float:
        """One run."""
        client, server = self.program(f"{run.program} -F {run.options} -n {messages}", True)
        text = self.pair.both(server, f"{client} {ADDRESSES[1]}", _READY)
        found = re.search(rf"^\s*{run.options.split()[1]}\s+{messages}\s.*$", text, re.M)
        if not found:
            raise RuntimeError(f"{self.pair.name}: {run.program} prints no result:\n{text}")
        return float(found[0].split()[run.column]) * run.scale


class Doorbells:
    """Register writes of the device's users beside their posts, from its making on."""

    def __init__(self, pair: Pair) -> None:
        self.pair = pair
        pair.control("reset-counters")

    def per_1000(self) -> float:
        """Register writes for 1000 posts of both sides."""
        nics = self.pair.control("show", "counters")["nics"].values()
        posts = sum(nic["rdma"][f"tx_{kind}"] for nic in nics for kind in ("write", "read", "send", "atomic"))
        return 1000 * sum(nic["device"]["doorbells_user"] for nic in nics) / posts
