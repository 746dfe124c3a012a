# SPDX-License-Identifier: GPL-2.0-or-later
"""Our device on host0, and the kernel's Soft-RoCE on peer0's stock virtio-net at the
other end of the fibre (topology foreign)."""

from __future__ import annotations

import rdma_hosts

# What both ends can: a path MTU of 1024.
MTU = 1500
FIBRE = "fibre0"


class Peer(rdma_hosts.Host):
    """A guest without a NIC of ours."""

    def interfaces(self) -> list[str]:
        """Its interfaces with a device underneath."""
        if not self._interfaces:
            self._interfaces = self.run("ls -d /sys/class/net/*/device | cut -d/ -f5").split()
        return self._interfaces


class Bed(rdma_hosts.Bed):
    """The testbed; host1 is peer0."""

    perftest_options = rdma_hosts.Bed.rxe_perftest_options

    def __init__(self) -> None:
        super().__init__()
        self.host1 = Peer(self, "peer0", 1)
        self.hosts = (self.host0, self.host1)

    def connect(self, mtu: int = MTU) -> None:
        """Soft-RoCE on the peer's interface, and GIDs on both ends."""
        self.host1.run(f"modprobe rdma_rxe; rdma link show rxe0/1 >/dev/null 2>&1 || "
                       f"rdma link add rxe0 type rxe netdev {self.host1.dev}")
        super().connect(mtu)
        self.wait_gids()

    def wait_gids(self) -> None:
        """Waits until both ends have the GIDs of their addresses."""
        for host in self.hosts:
            host.gid_index(host.ip)
            host.gid_index(host.ip6)

    def detach(self) -> None:
        """The peer without Soft-RoCE."""
        self.host1.run("rdma link delete rxe0")
