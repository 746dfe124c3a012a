# SPDX-License-Identifier: GPL-2.0-or-later
"""Topologies: which hosts there are, their NICs, and the links between them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from . import paths, yamlcheck
from .errors import HarnessError

OURS = "mesh-optical"
STOCK = ("virtio-net-pci", "vmxnet3", "e1000e", "e1000", "igb")
_NAME = re.compile(r"^[a-z][a-z0-9-]{0,14}$")
_MAC = re.compile(r"^[0-9a-f]{2}(:[0-9a-f]{2}){5}$")
# Optional keys of a fibre with their bounds; handed to ofemu as they are.
_FIBRE_KEYS = {"length_m": (0.0, 100000.0), "loss_db": (0.0, 60.0), "attenuation_db": (0.0, 60.0)}
_BYTES = ("lazy", "always")
_PORTS = ("optical", "ideal")


@dataclass(frozen=True)
class Nic:
    """One NIC of a host."""

    name: str
    model: str
    mac: str
    serial: str
    vectors: int | None = None  # entries of its MSI-X table, where it has fewer than usual
    ideal: bool = False  # its port has no firmware, module and light

    @property
    def is_ours(self) -> bool:
        """Whether ofemu makes it."""
        return self.model == OURS


@dataclass(frozen=True)
class Host:
    """One guest. `cpus` and `memory` (MiB) are None where the command line decides."""

    name: str
    nics: tuple[Nic, ...]
    cpus: int | None = None
    memory: int | None = None


@dataclass(frozen=True)
class Link:
    """A fibre or, between stock NICs, a wire."""

    name: str
    ends: tuple[str, str]
    optics: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Topology:
    """A valid topology."""

    hosts: tuple[Host, ...]
    links: tuple[Link, ...]
    features: dict[str, bool] = field(default_factory=dict)  # of the device model, where they differ
    payload: str = ""  # whether the model makes RDMA's payload bytes "always" or "lazy", where that is said

    def nic(self, name: str) -> Nic:
        """The NIC of that name."""
        return next(nic for host in self.hosts for nic in host.nics if nic.name == name)

    def link_of(self, nic: str) -> Link | None:
        """The link that ends at a NIC."""
        return next((link for link in self.links if nic in link.ends), None)

    def uses_ofemu(self) -> bool:
        """Whether any NIC is ours."""
        return any(nic.is_ours for host in self.hosts for nic in host.nics)


def _boolean(node: yamlcheck.Node) -> bool:
    text = node.string()
    if text not in ("true", "false"):
        raise node.fail(f"{node.what} is true or false, not {text!r}")
    return text == "true"


def _name(node: yamlcheck.Node, what: str) -> str:
    text = node.string()
    if not _NAME.match(text):
        raise node.fail(f"{what} {text!r}: a name is up to 15 lower-case letters, digits and dashes, first a letter")
    return text


class _Reader:
    def __init__(self) -> None:
        self.nics: dict[str, Nic] = {}
        self.used: dict[str, str] = {}
        self.macs: set[str] = set()

    def nic(self, node: yamlcheck.Node) -> Nic:
        node.what = "a NIC"
        keys = node.mapping({"name", "model", "mac", "serial", "vectors", "port"}, {"name"})
        name = _name(keys["name"], "NIC")
        if name in self.nics:
            raise keys["name"].fail(f"two NICs are called {name!r}")
        model = keys["model"].string() if "model" in keys else OURS
        if model not in (OURS, *STOCK):
            raise keys["model"].fail(f"unknown model {model!r} (known: {', '.join((OURS, *STOCK))})")
        number = len(self.nics) + 1
        mac = keys["mac"].string().lower() if "mac" in keys else f"02:4d:4f:00:00:{number:02x}"
        if not _MAC.match(mac):
            raise keys["mac"].fail(f"{mac!r} is no MAC address")
        if int(mac[:2], 16) & 1:
            raise keys["mac"].fail(f"{mac!r} is a multicast address")
        if mac in self.macs:
            raise keys.get("mac", node).fail(f"two NICs have the address {mac}")
        serial = keys["serial"].string() if "serial" in keys else f"MO-{number:04}"
        if "serial" in keys and model != OURS:
            raise keys["serial"].fail(f"a {model} has no serial number")
        if not re.match(r"^[A-Za-z0-9-]{1,16}$", serial):
            raise keys["serial"].fail(f"serial {serial!r}: 1 to 16 letters, digits and dashes")
        if "vectors" in keys and model != OURS:
            raise keys["vectors"].fail(f"the vectors of a {model} are its own affair")
        vectors = keys["vectors"].integer(1, 128) if "vectors" in keys else None
        port = keys["port"].string() if "port" in keys else _PORTS[0]
        if "port" in keys and model != OURS:
            raise keys["port"].fail(f"a {model} has a port of its own kind")
        if port not in _PORTS:
            raise keys["port"].fail(f"port is {' or '.join(_PORTS)}, not {port!r}")
        self.macs.add(mac)
        self.nics[name] = Nic(name, model, mac, serial, vectors, port == "ideal")
        return self.nics[name]

    def host(self, name: str, node: yamlcheck.Node) -> Host:
        if not _NAME.match(name):
            raise node.fail(f"host {name!r}: a name is up to 15 lower-case letters, digits and dashes, first a letter")
        if node.is_empty():
            return Host(name, ())
        node.what = f"host {name!r}"
        keys = node.mapping({"nics", "cpus", "memory"})
        nics = tuple(self.nic(item) for item in keys["nics"].sequence()) if "nics" in keys else ()
        return Host(name, nics, keys["cpus"].integer(1, 64) if "cpus" in keys else None,
                    keys["memory"].integer(256, 1 << 20) if "memory" in keys else None)

    def link(self, node: yamlcheck.Node) -> Link:
        node.what = "a link"
        keys = node.mapping({"name", "ends", *_FIBRE_KEYS}, {"name", "ends"})
        name = _name(keys["name"], "link")
        ends = list(keys["ends"].sequence())
        if len(ends) != 2:
            raise keys["ends"].fail(f"link {name!r} has {len(ends)} ends; it must have 2")
        names = []
        for end in ends:
            nic = end.string()
            if nic not in self.nics:
                raise end.fail(f"link {name!r} ends at {nic!r}, which is no NIC of this topology")
            if nic in self.used:
                raise end.fail(f"NIC {nic!r} is in link {self.used[nic]!r} already")
            self.used[nic] = name
            names.append(nic)
        if self.nics[names[0]].ideal != self.nics[names[1]].ideal:
            raise keys["ends"].fail(f"link {name!r} joins an ideal port and another: both must be ideal")
        optics = {key: keys[key].number(*bounds) for key, bounds in _FIBRE_KEYS.items() if key in keys}
        if optics and not any(self.nics[nic].is_ours for nic in names):
            raise keys[next(iter(optics))].fail(f"link {name!r} joins two stock NICs: it is no fibre")
        for key in optics:
            if self.nics[names[0]].ideal and key != "length_m":
                raise keys[key].fail(f"{key} means nothing between ideal ports")
        return Link(name, (names[0], names[1]), optics)


def load(file: Path) -> Topology:
    """Read a topology; any mistake is an error with file and line."""
    root = yamlcheck.load(file, "the topology").mapping({"hosts", "links", "features", "bytes"}, {"hosts"})
    reader = _Reader()
    hosts = tuple(reader.host(name, node) for name, node in root["hosts"].mapping().items())
    if not hosts:
        raise root["hosts"].fail("a topology needs a host")
    links: list[Link] = []
    for node in root["links"].sequence() if "links" in root else ():
        link = reader.link(node)
        if any(other.name == link.name for other in links):
            raise node.fail(f"two links are called {link.name!r}")
        links.append(link)
    features = root["features"].mapping({"shadow_db", "rdma"}) if "features" in root else {}
    payload = root["bytes"].string() if "bytes" in root else ""
    if payload and payload not in _BYTES:
        raise root["bytes"].fail(f"bytes is {' or '.join(_BYTES)}, not {payload!r}")
    return Topology(hosts, tuple(links), {name: _boolean(node) for name, node in features.items()}, payload)


def find(text: str) -> Path:
    """The file meant by a command line: a path, or a name in selftests/topologies."""
    candidates = [Path(text), paths.TOPOLOGIES / text, paths.TOPOLOGIES / f"{text}.yaml"]
    for path in candidates:
        if path.is_file():
            return path
    known = ", ".join(sorted(path.name for path in paths.TOPOLOGIES.glob("*.yaml")))
    raise HarnessError(f"no topology {text!r} (there are: {known})")
