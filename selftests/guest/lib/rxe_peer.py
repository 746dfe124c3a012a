# SPDX-License-Identifier: GPL-2.0-or-later
"""Our device on host0, and the kernel's Soft-RoCE on peer0's stock virtio-net at the
other end of the fibre (topology foreign)."""

from __future__ import annotations

import rdma_hosts
from rdma_hosts import listening, rdma_listening

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
    """The testbed; who serves changes from program to program."""

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

    def ends(self, ours_serves: bool, ipv6: bool) -> tuple[rdma_hosts.Host, rdma_hosts.Host, str, str]:
        """Server, client and their addresses."""
        server, client = self.hosts if ours_serves else self.hosts[::-1]
        return (server, client, server.ip6, client.ip6) if ipv6 else (server, client, server.ip, client.ip)

    def verbs(self, words: str, ours_serves: bool, ipv6: bool, gid: str) -> str:
        """A program that exchanges its addresses by TCP and takes its GID's index by the option `gid`;
        the client's output."""
        server, client, mine, theirs = self.ends(ours_serves, ipv6)
        _, output = self.pair(f"{words} -d {server.rdma} {gid} {server.gid_index(mine)}",
                              f"{words} -d {client.rdma} {gid} {client.gid_index(theirs)} {server.ip}", listening(18515),
                              both=(server, client))
        return output

    def perftest(self, words: str, ours_serves: bool, ipv6: bool) -> str:
        """A program of perftest; the client's output."""
        return self.verbs(f"{words} -F -m 1024", ours_serves, ipv6, "-x")

    def rping(self, options: str, ours_serves: bool, ipv6: bool) -> None:
        """rping, which checks what it gets."""
        server, client, address, _ = self.ends(ours_serves, ipv6)
        self.pair(f"rping -s -a {address} -p 7174 -V {options}", f"rping -c -a {address} -p 7174 -V {options}",
                  rdma_listening(7174), both=(server, client))
