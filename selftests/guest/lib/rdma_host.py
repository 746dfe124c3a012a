# SPDX-License-Identifier: GPL-2.0-or-later
"""The RDMA device of a guest, as `rdma`, sysfs and the tests see it."""

from __future__ import annotations

import ipaddress
import subprocess
from typing import Any

from two_hosts import Bed, Host, check, wait_for


def links(host: Host) -> list[dict[str, Any]]:
    """`rdma link` of our NICs' devices."""
    found = host.json("rdma -j link show")
    ours = set(host.interfaces())
    return [link for link in found if link.get("netdev") in ours]


def device(host: Host, timeout: float = 20) -> str:
    """Name of the RDMA device on the one NIC; udev may have renamed it."""
    found = wait_for(lambda: links(host), timeout, f"{host.name}: RDMA device")
    check(len(found) == 1, f"{host.name}: RDMA devices {found}")
    host.run("udevadm settle")
    return str(links(host)[0]["ifname"])


def gone(host: Host) -> bool:
    """No RDMA device is left in the guest."""
    return host.run("ls /sys/class/infiniband 2>/dev/null || true").split() == []


def gids(host: Host, name: str) -> dict[str, tuple[int, str, str]]:
    """Address -> (index, type, network interface) of the port's table."""
    text = host.run(f"cd /sys/class/infiniband/{name}/ports/1/gids && grep -v ^0000:0000:0000:0000:0000:0000:0000:0000 * | "
                    "while IFS=: read -r i g; do "
                    'echo "$i $g $(cat ../gid_attrs/ndevs/$i) $(cat ../gid_attrs/types/$i)"; done')
    table = {}
    for line in text.splitlines():
        index, gid, netdev, kind = line.split(None, 3)
        address = ipaddress.IPv6Address(gid)
        table[str(address.ipv4_mapped or address)] = (int(index), kind, netdev)
    return table


def resources(host: Host, kind: str, name: str) -> list[dict[str, Any]]:
    """`rdma res show KIND` of a device."""
    return [entry for entry in host.json(f"rdma -j res show {kind}") if entry["ifname"] == name]


def summary(host: Host, name: str) -> dict[str, Any]:
    """Numbers of objects, as `rdma res` counts them."""
    found = host.json(f"rdma -j res show {name}")
    entry = dict(found[0])
    entry.pop("ifindex", None)
    return entry


class PingPong:
    """ibv_rc_pingpong between both hosts of a testbed; ends with the `with`."""

    def __init__(self, bed: Bed, messages: int = 1_000_000_000, options: str = "") -> None:
        self.bed = bed
        self.messages = messages
        self.options = options
        self.processes: list[subprocess.Popen[str]] = []

    def _command(self, host: Host) -> str:
        name = device(host)
        index = wait_for(lambda: gids(host, name).get(host.ip), 10, f"{host.name}: address {host.ip}")[0]
        return f"exec ibv_rc_pingpong -d {name} -g {index} -n {self.messages} {self.options}"

    def __enter__(self) -> PingPong:
        server, client = self.bed.host1, self.bed.host0
        for host, command in ((server, self._command(server)), (client, f"{self._command(client)} {server.ip}")):
            process = host.popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            self.processes.append(process)
            # A short exchange may be over already.
            wait_for(lambda host=host, process=process:  # type: ignore[misc]
                     users(host, "ibv_rc_pingpong") or process.poll() is not None, 20,
                     f"{host.name}: queue pair of the program")
        return self

    def __exit__(self, *_: object) -> None:
        for host in self.bed.hosts:
            host.status("pkill -9 ibv_rc_pingpong")
        for process in self.processes:
            process.communicate(timeout=30)

    def flows(self) -> bool:
        """Both ends exchange messages."""
        for host in self.bed.hosts:
            before = counter(host, "rx_send")
            wait_for(lambda host=host, before=before: counter(host, "rx_send") > before + 10, 20,  # type: ignore[misc]
                     f"{host.name}: messages arrive")
        return True

    def result(self, number: int, timeout: float) -> tuple[int, str]:
        """Exit status and output of the server (0) or client (1), within a time."""
        text, _ = self.processes[number].communicate(timeout=timeout)
        return self.processes[number].returncode, text


def users(host: Host, program: str) -> list[dict[str, Any]]:
    """Queue pairs of programs of that name."""
    return [qp for qp in host.json("rdma -j res show qp") if qp.get("comm") == program]


def counter(host: Host, name: str) -> int:
    """A counter of the port."""
    return int(host.run(f"cat /sys/class/infiniband/*/ports/1/hw_counters/{name}"))
