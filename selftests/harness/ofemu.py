# SPDX-License-Identifier: GPL-2.0-or-later
"""ofemu's configuration and command line for a testbed."""

from __future__ import annotations

import os
from pathlib import Path

import yaml

from . import buildroot, paths
from .errors import HarnessError
from .topology import Topology


def control_socket(run: Path) -> Path:
    """Where ofemu listens for `ofemu ctl`."""
    return run / "ofemu.ctl"


def nic_socket(run: Path, nic: str) -> Path:
    """Where ofemu serves a NIC to QEMU (vfio-user)."""
    return run / f"{nic}.sock"


def foreign_socket(run: Path, nic: str) -> Path:
    """Where a stock NIC's frames enter the fabric."""
    return run / f"{nic}.net"


def configuration(topology: Topology, run: Path) -> dict[str, object]:
    """What ofemu is told: its NICs, the foreign ones that join, and the fibres."""
    nics = [{"name": nic.name, "socket": str(nic_socket(run, nic.name)), "mac": nic.mac, "serial": nic.serial,
             **({"vectors": nic.vectors} if nic.vectors else {}), **({"port": "ideal"} if nic.ideal else {})}
            for host in topology.hosts for nic in host.nics if nic.is_ours]
    fibres = [link for link in topology.links if any(topology.nic(end).is_ours for end in link.ends)]
    foreign = [{"name": end, "socket": str(foreign_socket(run, end))}
               for link in fibres for end in link.ends if not topology.nic(end).is_ours]
    links = [{"name": link.name, "ends": list(link.ends), **link.optics} for link in fibres]
    settings: dict[str, object] = {"features": topology.features} if topology.features else {}
    if topology.payload:
        settings["bytes"] = topology.payload
    return {"control": str(control_socket(run)), **settings, "nics": nics, "foreign": foreign, "links": links}


def write_configuration(topology: Topology, run: Path) -> Path:
    """Write the configuration into the run folder."""
    file = run / "ofemu.yaml"
    file.write_text(yaml.safe_dump(configuration(topology, run), sort_keys=False), encoding="utf-8")
    return file


def binary() -> Path:
    """The built program."""
    override = os.environ.get("MESH_OPTICAL_OFEMU")
    if override:
        return Path(override)
    for name in ("bin/ofemu", "ofemu/ofemu"):
        path = paths.BUILD / "userspace" / name
        if path.is_file():
            return path
    raise HarnessError("ofemu is not built (make userspace)")


def command(base: Path, arguments: list[str]) -> list[str]:
    """A command line of ofemu on the host, with the build root's libraries."""
    program = binary()
    return [*buildroot.loader(base), "--argv0", "ofemu", str(program), *arguments]
