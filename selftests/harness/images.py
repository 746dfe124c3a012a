# SPDX-License-Identifier: GPL-2.0-or-later
"""What a guest boots: kernel, initramfs and the read-only layers of its root.

Three erofs images stand one above the other: Debian's packages, the kernel's
modules, and our own layer (what `make install` puts into a machine, plus the
agent and init of the testbed). The guest adds a tmpfs on top. Block devices,
not 9p, because virtio-9p cannot be suspended.
"""

from __future__ import annotations

import hashlib
import lzma
import os
import shutil
import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path

from . import buildroot, cache, debroot, paths, pkglist, process
from .errors import HarnessError

LIST = paths.PACKAGES / "guest.list"
AGENT_SOURCE = paths.HARNESS / "agent"
INITRAMFS = paths.HARNESS / "initramfs.sh"
GUEST_FILES = paths.HARNESS / "guest"
_LAYERS_KEPT = 24
# Modules that the initramfs loads before the root exists, in this order.
EARLY_MODULES = ("virtio_blk", "erofs", "overlay")


@dataclass(frozen=True)
class Images:
    """The files of one kind of guest."""

    version: str
    vmlinux: Path
    initramfs: Path
    layers: tuple[Path, ...]  # lowest first


def _tool(base: Path, *command: str) -> bytes:
    return process.run([*buildroot.program(base, command[0]), *command[1:]])


def _make_erofs(base: Path, image: Path, tree: Path) -> None:
    _tool(base, "/usr/bin/mkfs.erofs", "-T0", "--all-root", "--quiet", str(image), str(tree))


def guest_root(extra: list[str]) -> Path:
    """The image of Debian's packages."""
    base = buildroot.ensure()
    packages = sorted({*pkglist.read(LIST), *extra})
    key = cache.key_of(debroot.RECIPE, "\n".join(packages))

    def make(folder: Path) -> None:
        root = folder / "root"
        # Host keys, machine id and the like are made in each guest.
        clean = 'rm -rf "$1"/etc/machine-id "$1"/etc/resolv.conf "$1"/boot/* "$1"/var/cache/apt/*'
        debroot.make(root, packages, ['chroot "$1" passwd -d root', clean])
        _make_erofs(base, folder / "base.erofs", root)
        shutil.rmtree(root)

    return cache.entry("guest", key, make, need=2 * cache.GIB) / "base.erofs"


def _extract_vmlinux(base: Path, vmlinuz: Path, vmlinux: Path) -> None:
    """Uncompress the payload of a bzImage (x86 boot protocol 2.08 and later)."""
    image = vmlinuz.read_bytes()
    if image[0x202:0x206] != b"HdrS":
        raise HarnessError(f"{vmlinuz}: not a bzImage")
    setup_sectors = image[0x1f1] or 4
    offset, length = struct.unpack_from("<II", image, 0x248)
    start = (setup_sectors + 1) * 512 + offset
    # The last four bytes are the uncompressed size, appended by the build.
    payload = image[start:start + length - 4]
    if payload.startswith(b"\xfd7zXZ\0"):
        vmlinux.write_bytes(lzma.decompress(payload))
        return
    if not payload.startswith(b"\x28\xb5\x2f\xfd"):
        raise HarnessError(f"{vmlinuz}: unknown compression {payload[:4].hex()}")
    done = subprocess.run([*buildroot.program(base, "/usr/bin/zstd"), "-dc"], input=payload,
                          capture_output=True, check=False)
    if done.returncode:
        raise HarnessError(f"{vmlinuz}: {done.stderr.decode(errors='replace')}")
    vmlinux.write_bytes(done.stdout)


def _module_files(base: Path, tree: Path, version: str) -> list[Path]:
    """The files of EARLY_MODULES with what they depend on, in loading order."""
    found: dict[Path, None] = {}
    for name in EARLY_MODULES:
        text = _tool(base, "/usr/sbin/modprobe", "-d", str(tree), "-S", version, "--show-depends", name)
        for line in text.decode().splitlines():
            if line.startswith("insmod "):
                found.setdefault(Path(line.split()[1]))
    return list(found)


def _make_initramfs(base: Path, target: Path, modules: list[Path]) -> None:
    tree = target.parent / "initramfs.tree"
    for name in ("bin", "dev", "proc", "sys", "modules", "layers", "root"):
        (tree / name).mkdir(parents=True)
    shutil.copy2(base / "root/usr/bin/busybox", tree / "bin/busybox")
    shutil.copy2(INITRAMFS, tree / "init")
    (tree / "init").chmod(0o755)
    for number, module in enumerate(modules):
        data = module.read_bytes()
        name = module.name
        if name.endswith(".xz"):
            data, name = lzma.decompress(data), name[:-3]
        (tree / "modules" / f"{number:02}-{name}").write_bytes(data)
    names = "\0".join(sorted(str(p.relative_to(tree)) for p in tree.rglob("*"))) + "\0"
    cpio = subprocess.run([*buildroot.program(base, "/usr/bin/cpio"), "--null", "--create", "--format=newc",
                           "--owner=0:0", "--quiet"], input=names.encode(), cwd=tree, capture_output=True, check=True)
    target.write_bytes(cpio.stdout)
    shutil.rmtree(tree)


def kernel(name: str) -> tuple[str, Path]:
    """Version and folder (vmlinux, initramfs, modules.erofs, modules/) of a kernel."""
    base = buildroot.ensure()
    version = buildroot.kernel_version(base, name)
    key = cache.key_of(base.name, version, INITRAMFS.read_bytes(), " ".join(EARLY_MODULES))

    def make(folder: Path) -> None:
        unpacked = base / "kernels" / version
        candidates = [unpacked / "boot" / f"vmlinuz-{version}", unpacked / "usr/lib/modules" / version / "vmlinuz"]
        vmlinuz = next((path for path in candidates if path.is_file()), None)
        if vmlinuz is None:
            raise HarnessError(f"no vmlinuz among the packages of kernel {version}")
        _extract_vmlinux(base, vmlinuz, folder / "vmlinux")
        tree = folder / "modules"
        source = unpacked / "usr/lib/modules" / version
        shutil.copytree(source, tree / "lib/modules" / version, symlinks=True,
                        ignore=shutil.ignore_patterns("vmlinuz", "build", "source"))
        _tool(base, "/usr/sbin/depmod", "-b", str(tree), version)
        _make_initramfs(base, folder / "initramfs", _module_files(base, tree, version))
        (tree / "usr").mkdir()
        (tree / "lib").rename(tree / "usr/lib")
        _make_erofs(base, folder / "modules.erofs", tree)

    return version, cache.entry(f"kernel-{version}", key, make, need=cache.GIB)


def agent() -> Path:
    """The guest's agent, a static program."""
    base = buildroot.ensure()
    sources = sorted(AGENT_SOURCE.glob("*.[ch]"))
    key = cache.key_of(base.name, *[part for s in sources for part in (s.name, s.read_bytes())])

    def make(folder: Path) -> None:
        files = [str(path) for path in sources if path.suffix == ".c"]
        process.run([str(paths.SELFTESTS / "buildroot"), "gcc", "-std=gnu11", "-D_GNU_SOURCE", "-O2", "-Wall", "-Wextra", "-Werror",
                     "-static", "-o", str(folder / "agent"), *files])

    return cache.entry("agent", key, make) / "agent"


def _tree_digest(tree: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(tree.rglob("*")):
        digest.update(f"{path.relative_to(tree)}\0{path.lstat().st_mode:o}\0".encode())
        if path.is_symlink():
            digest.update(os.readlink(path).encode())
        elif path.is_file():
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _merge_into_usr(tree: Path) -> None:
    """Debian's /lib, /bin, /sbin are links into /usr; a layer must not hide them."""
    for name in ("lib", "bin", "sbin"):
        if (tree / name).is_dir() and not (tree / name).is_symlink():
            shutil.copytree(tree / name, tree / "usr" / name, symlinks=True, dirs_exist_ok=True)
            shutil.rmtree(tree / name)


def _index_modules(base: Path, tree: Path, version: str, kernel_tree: Path) -> None:
    """Leave in `tree` depmod's index of the kernel's modules and ours together."""
    ours = tree / "usr/lib/modules"
    for path in list(ours.iterdir()) if ours.is_dir() else []:
        if path.name != version:
            shutil.rmtree(path)
    if not (ours / version).is_dir() or not any((ours / version).rglob("*.ko*")):
        return
    merged = tree.parent / "merged"
    target = merged / "lib/modules" / version
    shutil.copytree(kernel_tree / "usr/lib/modules" / version, target, symlinks=True, copy_function=os.link)
    for index in target.glob("modules.*"):
        # Links into the cache: replace, never write through them.
        data = index.read_bytes()
        index.unlink()
        if index.name in ("modules.builtin", "modules.builtin.modinfo", "modules.order"):
            index.write_bytes(data)
    shutil.copytree(ours / version, target, symlinks=True, dirs_exist_ok=True)
    _tool(base, "/usr/sbin/depmod", "-b", str(merged), version)
    for index in target.glob("modules.*"):
        shutil.copy2(index, ours / version / index.name)
    shutil.rmtree(merged)


def product_layer(stage: Path | None, version: str, kernel_folder: Path) -> Path:
    """The layer with what `make install DESTDIR=stage` installed, and the agent."""
    base = buildroot.ensure()
    program = agent()
    staged = _tree_digest(stage) if stage else "none"
    key = cache.key_of(staged, version, kernel_folder.name, program.parent.name, _tree_digest(GUEST_FILES))

    def make(folder: Path) -> None:
        tree = folder / "tree"
        if stage:
            shutil.copytree(stage, tree, symlinks=True)
        else:
            tree.mkdir()
        _merge_into_usr(tree)
        _index_modules(base, tree, version, kernel_folder / "modules")
        for source in sorted(path for path in GUEST_FILES.rglob("*") if path.is_file()):
            target = tree / source.relative_to(GUEST_FILES)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
        helper = tree / "usr/lib/mesh-optical-testbed"
        helper.mkdir(parents=True, exist_ok=True)
        shutil.copy2(program, helper / "agent")
        sbin = tree / "usr/sbin"
        sbin.mkdir(parents=True, exist_ok=True)
        for name in ("reboot", "poweroff"):
            (sbin / name).symlink_to("../lib/mesh-optical-testbed/agent")
        _make_erofs(base, folder / "layer.erofs", tree)
        shutil.rmtree(tree)

    layer = cache.entry("layer", key, make) / "layer.erofs"
    # One is made for every state of the source: only the last few are of use.
    cache.trim("layer", _LAYERS_KEPT)
    return layer


def ensure(kernel_name: str, packages: list[str], stage: Path | None) -> Images:
    """Everything a guest boots from, made as far as it is missing."""
    root = guest_root(packages)
    version, folder = kernel(kernel_name)
    layer = product_layer(stage, version, folder)
    return Images(version, folder / "vmlinux", folder / "initramfs", (root, folder / "modules.erofs", layer))
