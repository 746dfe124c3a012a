# SPDX-License-Identifier: GPL-2.0-or-later
"""QEMU's command line for a guest."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from . import buildroot, ofemu
from .images import Images
from .topology import Host, Nic, Topology

AGENT_PORT = "mesh-optical.agent"
SHARE_TAG = "share"
# A sanitised or paused ofemu answers late; QEMU gives up for good after this.
_MESSAGE_TIMEOUT_MS = 120_000


@dataclass(frozen=True)
class Options:
    """What the command line of `testbed up` says about every guest."""

    cpus: int
    memory: int  # MiB
    kvm: bool = False
    share: Path | None = None
    strict_iommu: bool = False
    plugin: str | None = None
    append: str = ""


def _json(**values: object) -> str:
    return json.dumps(values)


def _stock_nic(nic: Nic, index: int, topology: Topology, run: Path) -> list[str]:
    """A stock NIC and the socket that carries its frames."""
    link = topology.link_of(nic.name)
    device = _json(driver=nic.model, id=nic.name, netdev=f"net{index}", mac=nic.mac, bus=f"rp{index}",
                   **({} if nic.model in ("igb", "e1000", "e1000e") else {"rombar": 0}))
    if link is None:
        return ["-netdev", f"hubport,id=net{index},hubid={index + 1}", "-device", device]
    peer = next(end for end in link.ends if end != nic.name)
    if topology.nic(peer).is_ours:
        server, path = False, ofemu.foreign_socket(run, nic.name)
    else:
        server, path = link.ends[0] == nic.name, run / f"{link.name}.net"
    address = {"type": "unix", "path": str(path)}
    netdev: dict[str, object] = {"type": "stream", "id": f"net{index}", "server": server, "addr": address}
    if not server:
        netdev["reconnect-ms"] = 500
    return ["-netdev", json.dumps(netdev), "-device", device]


def _our_nic(nic: Nic, index: int, run: Path) -> list[str]:
    socket = {"path": str(ofemu.nic_socket(run, nic.name)), "type": "unix"}
    return ["-device", _json(driver="vfio-user-pci", id=nic.name, bus=f"rp{index}", rombar=0, socket=socket,
                             **{"x-msg-timeout": _MESSAGE_TIMEOUT_MS})]


def command(base: Path, host: Host, topology: Topology, images: Images, run: Path, options: Options,
            agent_fd: int, monitor_fd: int) -> list[str]:
    """The whole command line; the fds are connected sockets that QEMU inherits."""
    root = base / "root"
    cpus = host.cpus or options.cpus
    memory = host.memory or options.memory
    kvm = options.kvm
    append = ["console=ttyS0", "loglevel=5", "panic=-1", "mitigations=off", "cryptomgr.notests",
              "rdinit=/init", "printk.devkmsg=on", f"testbed.host={host.name}"]
    if options.strict_iommu:
        append += ["intel_iommu=on", "iommu=nopt", "iommu.strict=1"]
    if options.share:
        append.append(f"testbed.share={SHARE_TAG}")
    if options.append:
        append.append(options.append)
    line = buildroot.program(base, "/usr/bin/qemu-system-x86_64")
    line += ["-L", str(root / "usr/share/qemu"), "-L", str(root / "usr/share/seabios"),
             "-name", f"{host.name},debug-threads=on", "-run-with", "exit-with-parent=on",
             "-accel", "kvm" if kvm else "tcg",
             "-machine", "q35,hpet=off,sata=off,smbus=off,memory-backend=mem" + (",kernel-irqchip=split" if kvm and options.strict_iommu
                                                              else ""),
             "-cpu", "host" if kvm else "max,-svm",
             # maxcpus of at least 2: with 1 the kernel patches its locks away.
             "-smp", f"{cpus},maxcpus={max(cpus, 2)}",
             "-m", str(memory), "-object", f"memory-backend-memfd,id=mem,size={memory}M,share=on",
             "-nodefaults", "-no-user-config", "-display", "none",
             "-chardev", f"file,id=console,path={run / host.name}.console", "-serial", "chardev:console",
             "-chardev", f"socket,id=monitor,fd={monitor_fd}", "-object", "monitor-qmp,id=qmp,chardev=monitor",
             "-kernel", str(images.vmlinux), "-initrd", str(images.initramfs), "-append", " ".join(append)]
    if options.strict_iommu:
        line += ["-device", "intel-iommu,caching-mode=on" + (",intremap=on" if kvm else "")]
    line += ["-device", "virtio-serial-pci", "-chardev", f"socket,id=agent,fd={agent_fd},server=on,wait=off",
             # With an id: only so QEMU tells when the guest opens and closes it.
             "-device", f"virtserialport,id=agent-port,chardev=agent,name={AGENT_PORT}", "-device", "virtio-rng-pci"]
    for number, layer in enumerate(images.layers):
        line += ["-blockdev", _json(driver="raw", **{"node-name": f"layer{number}", "read-only": True},
                                    file={"driver": "file", "filename": str(layer), "locking": "off"}),
                 "-device", f"virtio-blk-pci,drive=layer{number},serial=layer{number}"]
    if options.share:
        line += ["-fsdev", f"local,id=share,path={options.share},security_model=none,multidevs=remap",
                 "-device", f"virtio-9p-pci,fsdev=share,mount_tag={SHARE_TAG}"]
    for index, nic in enumerate(host.nics):
        # ioh3420: behind QEMU's other root port a secondary bus reset fails.
        line += ["-device", f"ioh3420,id=rp{index},chassis={index + 1},slot={index + 1}"]
        line += _our_nic(nic, index, run) if nic.is_ours else _stock_nic(nic, index, topology, run)
    if options.plugin:
        line += ["-plugin", options.plugin]
    return line
