# SPDX-License-Identifier: GPL-2.0-or-later
"""Two hosts whose NICs do RDMA: their devices and GIDs, and programs that run
in pairs, a server on one host and a client on the other."""

from __future__ import annotations

import ipaddress
import shlex
import subprocess
import time

import two_hosts
from mo_test import Failure, defer, wait_for
from two_hosts import BUILD  # noqa: F401 (for the tests)


class Host(two_hosts.Host):
    """A guest with an RDMA device."""

    _device = ""

    @property
    def rdma(self) -> str:
        """The name of the one RDMA device of ours; udev chooses it."""
        if not self._device:
            links = self.json("rdma -j link show")
            mine = [link["ifname"] for link in links if link.get("netdev") == self.dev]
            two_hosts.check(len(mine) == 1, f"{self.name}: RDMA devices of {self.dev}: {mine} among {links}")
            self._device = mine[0]
        return self._device

    def load_rdma(self) -> None:
        """Loads what applications need (systemd would) and waits for the port."""
        self.run("modprobe -a ib_uverbs rdma_ucm && udevadm settle")
        self._device = ""
        wait_for(lambda: self.dev in self.run("rdma link show"), 15, f"{self.name}: RDMA device of {self.dev} appears")
        wait_for(lambda: f"link {self.rdma}/1 state ACTIVE" in self.run("rdma link show"), 15,
                 f"{self.name}: RDMA port becomes active")

    def gid_index(self, address: str) -> int:
        """The index of the RoCEv2 GID of an address, once it is there."""
        base = f"/sys/class/infiniband/{self.rdma}/ports/1"
        parsed = ipaddress.ip_address(address)
        packed = parsed.packed if parsed.version == 6 else b"\0" * 10 + b"\xff\xff" + parsed.packed
        gid = packed.hex(":", 2)

        def find() -> list[str]:
            text = self.status(f"cd {base} && for i in $(grep -lx {gid} gids/* | sed s,gids/,,); do "
                               f"grep -q 'RoCE v2' gid_attrs/types/$i && echo $i; done")[1]
            return text.split()

        return int(wait_for(find, 10, f"{self.name}: RoCEv2 GID {gid}")[0])

    def counter(self, name: str) -> int:
        """A hardware counter of the RDMA port."""
        return int(self.run(f"cat /sys/class/infiniband/{self.rdma}/ports/1/hw_counters/{name}"))

    def leftovers(self) -> dict[str, int]:
        """RDMA objects of user programs, by kind."""
        counts = {}
        for kind in ("qp", "cq", "mr", "pd", "ctx", "cm_id"):
            found = [item for item in self.json(f"rdma -j res show {kind}") if item.get("ifname") == self.rdma and "pid" in item]
            if found:
                counts[kind] = len(found)
        return counts


class Bed(two_hosts.Bed):
    """The testbed of the running test, with RDMA on both hosts. Of two programs the
    server is on host0, or with `swap` on host1."""

    perftest_options = "-F"
    # With Soft-RoCE at an end, whose path MTU an interface MTU of 1500 limits.
    rxe_perftest_options = "-F -m 1024"

    def __init__(self) -> None:
        super().__init__()
        self.host0: Host = Host(self, "host0", 0)
        self.host1: Host = Host(self, "host1", 1)
        self.hosts: tuple[Host, Host] = (self.host0, self.host1)  # type: ignore[assignment]
        self._data: dict[str, str] = {}  # where rdma_data is, by host

    def connect(self, mtu: int = 4200) -> None:
        """Interfaces with addresses, RDMA on top."""
        for host in self.hosts:
            host.run(f"ip link set {host.dev} mtu {mtu}")
        super().connect()
        for host in self.hosts:
            host.load_rdma()
            host.run("ulimit -l unlimited")

    def pair(self, server: str, client: str, ready: str, timeout: float = 60, swap: bool = False,
             both: tuple[Host, Host] | None = None) -> tuple[str, str]:
        """Runs a server on host0 and, once `ready` succeeds there, a client on host1
        (swap: the other way round). Both must end well; what they printed."""
        first, second = both or (self.hosts[::-1] if swap else self.hosts)
        running = first.popen(f"exec timeout -k 2 {timeout:g} {server}", stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        defer(_end, running)
        deadline = time.monotonic() + timeout
        while first.status(ready)[0]:
            if running.poll() is not None or time.monotonic() > deadline:
                running.kill()
                raise Failure(f"{first.name}: `{server}` did not get ready:\n{running.communicate()[0]}")
        status, output = second.status(f"exec timeout -k 2 {timeout:g} {client}", timeout + 20)
        try:
            served, _ = running.communicate(timeout=timeout + 20)
        except subprocess.TimeoutExpired:
            running.kill()
            served, _ = running.communicate()
            raise Failure(f"{first.name}: `{server}` did not end after the client did ({status}):\n{served}\n--- client\n{output}") from None
        if status or running.returncode:
            raise Failure(f"{first.name}: `{server}` ended with {running.returncode}:\n{served}\n"
                          f"--- {second.name}: `{client}` ended with {status}:\n{output}")
        return served, output

    def ends(self, swap: bool = False, ipv6: bool = False) -> tuple[Host, Host, str, str]:
        """Server, client and their addresses."""
        server, client = self.hosts[::-1] if swap else self.hosts
        return (server, client, server.ip6, client.ip6) if ipv6 else (server, client, server.ip, client.ip)

    def verbs(self, words: str, gid: str, swap: bool = False, ipv6: bool = False, timeout: float = 60) -> str:
        """A program that exchanges its addresses by TCP and takes its GID's index by the option `gid`;
        the client's output."""
        server, client, mine, theirs = self.ends(swap, ipv6)
        _, output = self.pair(f"{words} -d {server.rdma} {gid} {server.gid_index(mine)}",
                              f"{words} -d {client.rdma} {gid} {client.gid_index(theirs)} {server.ip}", listening(18515),
                              timeout, swap)
        return output

    def perftest(self, words: str, swap: bool = False, ipv6: bool = False, timeout: float = 60) -> str:
        """A program of perftest; the client's output."""
        return self.verbs(f"{words} {self.perftest_options}", "-x", swap, ipv6, timeout)

    def rping(self, options: str, swap: bool = False, ipv6: bool = False) -> None:
        """rping, which checks what it gets."""
        _, _, address, _ = self.ends(swap, ipv6)
        self.pair(f"rping -s -a {address} -p 7174 -V {options}", f"rping -c -a {address} -p 7174 -V {options}",
                  rdma_listening(7174), swap=swap)

    def data(self, group: str, swap: bool = False, ipv6: bool = False) -> None:
        """One group of checks of rdma_data (rdma/src/rdma_data.h); leaves nothing behind."""
        server, client, mine, theirs = self.ends(swap, ipv6)
        for host in self.hosts:
            if host.name not in self._data:
                self._data[host.name] = host.install("rdma_data")
        server.gid_index(mine)
        client.gid_index(theirs)
        self.pair(f"{self._data[server.name]} server {server.ip} {mine} {group} {server.rdma}",
                  f"{self._data[client.name]} client {server.ip} {theirs} {group} {client.rdma}", listening(18515), 240, swap)
        for host in self.hosts:
            two_hosts.equal(host.leftovers(), {}, f"{host.name}: objects left")


def _end(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.communicate(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


def listening(port: int) -> str:
    """A command that succeeds when somebody listens at a TCP port."""
    return f"ss -Hltn 'sport = :{port}' | grep -q ."


def rdma_listening(port: int) -> str:
    """A command that succeeds when somebody listens at a port of RDMA's connection manager."""
    return f"rdma res show cm_id | grep -q 'state LISTEN.*:{port}\\b'"


def quote(*words: str) -> str:
    """A shell command of words."""
    return shlex.join(words)
