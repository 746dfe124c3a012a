# SPDX-License-Identifier: GPL-2.0-or-later
"""Two hosts on one fibre, as tests beside the testbed see them: their network
interfaces, traffic between them, and the device model underneath."""

from __future__ import annotations

import contextlib
import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import mo_test
from mo_test import Failure, Skip, defer, wait_for  # noqa: F401 (for the tests)
from mo_test import eq as _eq
from mo_test import main as run  # noqa: F401
from mo_test import true as check

sys.path.insert(1, os.environ["MO_SELFTESTS"])
from harness import client  # noqa: E402
from harness.errors import HarnessError  # noqa: E402
from harness.rundir import RunDir  # noqa: E402

BUILD = Path(os.environ["MO_SELFTESTS"]).parent / "build"


def equal(seen: object, wanted: object, text: str) -> None:
    """Fails unless both are equal."""
    _eq(seen, wanted, text)


def matches(text: str, pattern: str, what: str = "output") -> re.Match[str]:
    """Fails unless `pattern` is found."""
    found = re.search(pattern, text, re.M)
    if not found:
        raise Failure(f"{what}: nothing matches {pattern!r} in:\n{text.rstrip()}")
    return found


class Host:
    """A guest of the testbed, seen from outside."""

    def __init__(self, bed: Bed, name: str, number: int) -> None:
        self.bed = bed
        self.name = name
        self.ip = f"192.0.2.{number + 1}"
        self.ip6 = f"2001:db8::{number + 1}"
        self._interfaces: list[str] = []
        self._frames = False

    def popen(self, command: str, **options: Any) -> subprocess.Popen[str]:
        """Starts a shell command in the guest."""
        return subprocess.Popen([self.bed.testbed, "exec", "--name", self.bed.name, self.name, "--", "sh", "-c", command],
                                stdin=subprocess.DEVNULL, text=True, **options)

    def status(self, command: str, timeout: float = 60) -> tuple[int, str]:
        """Runs a shell command; exit status and all output."""
        try:
            status, output = client.capture(RunDir(self.bed.name), self.name, ["sh", "-c", command], timeout)
        except HarnessError as error:
            return client.STATUS_TESTBED, f"testbed: {error}\n"
        return status, b"".join(data for _, data in output).decode(errors="replace").replace("\r\n", "\n")

    def run(self, command: str, timeout: float = 60) -> str:
        """Runs a shell command that must succeed; its output."""
        status, text = self.status(command, timeout)
        if status:
            raise Failure(f"{self.name}: `{command}` ended with {status}:\n{text.rstrip()}")
        return text

    def frames(self, *words: object, wrap: str = "", timeout: float = 60) -> str:
        """Runs lib/frames.py in the guest, by `wrap` if given; its output."""
        if not self._frames:
            with open(Path(__file__).with_name("frames.py"), "rb") as stream:
                subprocess.run([self.bed.testbed, "exec", "--name", self.bed.name, self.name, "--", "sh", "-c",
                                "cat >/root/frames.py"], stdin=stream, capture_output=True, check=True)
            self._frames = True
        return self.run(f"{wrap} python3 /root/frames.py {' '.join(str(word) for word in words)}", timeout)

    def statistic(self, name: str) -> int:
        """A counter of `ethtool -S`."""
        return int(matches(self.run(f"ethtool -S {self.dev}"), rf"^\s*{name}: (\d+)$").group(1))

    @property
    def mac(self) -> str:
        """The interface's address."""
        return self.run(f"cat /sys/class/net/{self.dev}/address").strip()

    def json(self, command: str) -> Any:
        """Runs a command that prints JSON."""
        return json.loads(self.run(command))

    def install(self, program: str) -> str:
        """Copies a program of the build folder into the guest; its path there."""
        path = f"/root/{program}"
        with open(BUILD / "provider" / program, "rb") as stream:
            done = subprocess.run([self.bed.testbed, "exec", "--name", self.bed.name, self.name, "--", "sh", "-c",
                                   f"mkdir -p $(dirname {path}) && cat >{path} && chmod +x {path}"], stdin=stream,
                                  capture_output=True, text=True, check=False)
        check(done.returncode == 0, f"copying {program} into {self.name}: {done.stderr}")
        return path

    def interfaces(self) -> list[str]:
        """Network interfaces of our NICs, in PCI order."""
        if not self._interfaces:
            # Not before udev has given them their names.
            self._interfaces = self.run("udevadm settle; ls -d /sys/bus/pci/drivers/mesh_optical/*/net/* 2>/dev/null | "
                                        "sed 's,.*/,,'").split()
        return self._interfaces

    @property
    def dev(self) -> str:
        """The one network interface."""
        found = self.interfaces()
        check(len(found) == 1, f"{self.name} has {len(found)} interfaces")
        return found[0]

    @property
    def pci(self) -> str:
        """PCI address of the one NIC, also while no driver holds it."""
        return self.run("for d in /sys/bus/pci/devices/*; do grep -q 0x4d4f $d/vendor && echo ${d##*/}; done").split()[0]

    def reporters(self) -> dict[str, Any]:
        """What devlink health says of the NIC, by reporter."""
        found = self.json(f"devlink -j health show pci/{self.pci}")["health"][f"pci/{self.pci}"]
        return {each["reporter"]: each for each in found}

    def carrier(self) -> bool:
        """The carrier; false while the interface is down."""
        return self.status(f"cat /sys/class/net/{self.dev}/carrier 2>/dev/null")[1].strip() == "1"

    def settings(self) -> dict[str, object]:
        """What resets, recoveries and suspending must leave as it is."""
        return {
            "index": self.run(f"cat /sys/class/net/{self.dev}/ifindex"),
            "mtu": self.run(f"cat /sys/class/net/{self.dev}/mtu"),
            "rings": self.json(f"ethtool --json -g {self.dev}"),
            "channels": self.run(f"ethtool -l {self.dev}"),
            "rss": self.run(f"ethtool -x {self.dev}"),
            "fec": self.run(f"ethtool --show-fec {self.dev} | grep Configured"),
            "features": self.run(f"ethtool -k {self.dev} | sort"),
            "coalesce": self.json(f"ethtool --json -c {self.dev}"),
            "addresses": self._addresses(),
            "promiscuity": self.json(f"ip -j -d link show {self.dev}")[0]["promiscuity"],
        }

    def _addresses(self) -> list[dict[str, object]]:
        """All addresses, whether or not duplicate address detection has ended yet."""
        found = self.json(f"ip -j address show dev {self.dev}")[0]["addr_info"]
        return [{key: value for key, value in each.items() if key != "tentative"} for each in found]

    def change_settings(self) -> None:
        """Something that differs from the defaults, so that losing it shows."""
        key = ":".join(f"{byte:02x}" for byte in range(0x10, 0x38))
        self.run(f"ip link set {self.dev} mtu 4000 && ethtool -G {self.dev} rx 256 && "
                 f"ethtool -C {self.dev} rx-usecs 33 && ethtool -K {self.dev} tx-tcp6-segmentation off && "
                 f"ethtool -X {self.dev} hkey {key} && ip maddress add 01:00:5e:7f:00:01 dev {self.dev}")
        if "1 RX ring" not in self.run(f"ethtool -x {self.dev}"):
            self.run(f"ethtool -X {self.dev} weight 3 1")

    def modprobe(self) -> None:
        """Loads the driver and waits for the interface."""
        self.run("modprobe mesh_optical && udevadm settle")
        self._interfaces = []
        wait_for(lambda: self.status("ls -d /sys/bus/pci/drivers/mesh_optical/*/net/*")[0] == 0, 10,
                 f"{self.name}: interface appears")

    def ping(self, address: str, count: int = 3, options: str = "") -> None:
        """The first `count` echo requests are answered, once each and in order. Not judged by
        ping's own rate: after the last request it waits for two of the longest round trips so
        far, which a busy machine exceeds. With -w it waits longer, but may send more."""
        text = self.run(f"ping -c {count} -w 10 -i 0.1 {options} {address}")
        answers = [int(n) for n in re.findall(r"icmp_seq=(\d+) ttl=", text)]
        equal(answers[:count], list(range(1, count + 1)), f"ping {address}")


class Bed(mo_test.Bed):
    """The testbed of the running test, with two hosts."""

    def __init__(self) -> None:
        super().__init__()
        self.testbed = self.program
        self.host0 = Host(self, "host0", 0)
        self.host1 = Host(self, "host1", 1)
        self.hosts = (self.host0, self.host1)

    def ctl(self, *words: str) -> Any:
        """Sends a command to the device model; its answer. File names are absolute."""
        try:
            emulator = client.request(RunDir(self.name), op="status")["ofemu"]
            with socket.socket(socket.AF_UNIX) as sock:
                sock.connect(emulator["control"])
                sock.sendall(json.dumps({"argv": words}).encode() + b"\n")
                with sock.makefile("rb") as stream:
                    answer = json.loads(stream.readline())
        except (HarnessError, OSError, ValueError) as error:
            raise Failure(f"ofemu ctl {' '.join(words)}: {error}") from None
        if not answer["ok"]:
            raise Failure(f"ofemu ctl {' '.join(words)}: {answer['error']}")
        return answer.get("result")

    def connect(self) -> None:
        """Brings both ends up with addresses and waits until they reach each other."""
        for host in self.hosts:
            host.run(f"ip link set {host.dev} up && ip address replace {host.ip}/24 dev {host.dev} && "
                     f"ip -6 address replace {host.ip6}/64 dev {host.dev} nodad")
        self.wait_carrier(True)
        self.ping()

    def wait_carrier(self, up: bool, timeout: float = 15) -> None:
        """Waits until both ends have, or have lost, the carrier."""
        for host in self.hosts:
            wait_for(lambda host=host: host.carrier() == up, timeout,  # type: ignore[misc]
                     f"{host.name}: carrier {'up' if up else 'down'}")

    def ping(self, count: int = 3, options: str = "") -> None:
        """host0 pings host1 without loss; the first round may wait for ARP."""
        self.host0.ping(self.host1.ip, count, options)

    def same_after(self, what: str, host: Host, before: dict[str, object]) -> None:
        """Waits for the carrier; then settings are as before and traffic flows."""
        self.wait_carrier(True, 30)
        after = host.settings()
        for key, value in before.items():
            equal(after[key], value, f"{key} after {what}")
        self.ping()
        self.transfer(2)

    def transfer(self, megabytes: int = 8, reverse: bool = False, six: bool = False) -> None:
        """Sends random bytes by TCP and compares their hash."""
        source, sink = (self.host1, self.host0) if reverse else (self.host0, self.host1)
        address = sink.ip6 if six else sink.ip
        port = 5100 + int(time.monotonic() * 1000) % 800
        receiver = sink.popen(f"timeout 120 python3 -c '{_SINK}' {address} {port}", stdout=subprocess.PIPE)
        sent = source.run(f"timeout 120 python3 -c '{_SOURCE}' {address} {port} {megabytes}", timeout=130)
        received, _ = receiver.communicate(timeout=130)
        equal(received.split(), sent.split(), "bytes and hash of what was received")


_SINK = """
import hashlib, socket, sys
s = socket.create_server((sys.argv[1], int(sys.argv[2])), family=socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET)
c, _ = s.accept()
h, n = hashlib.sha256(), 0
while True:
    d = c.recv(1 << 18)
    if not d: break
    h.update(d); n += len(d)
print(n, h.hexdigest())
""".strip()

_SOURCE = """
import hashlib, os, socket, sys, time
for i in range(100):
    try:
        c = socket.create_connection((sys.argv[1], int(sys.argv[2]))); break
    except OSError:
        time.sleep(0.1)
h, n = hashlib.sha256(), 0
block = os.urandom(1 << 20)
for i in range(int(sys.argv[3])):
    d = block[i:] + block[:i]
    c.sendall(d); h.update(d); n += len(d)
c.close()
print(n, h.hexdigest())
""".strip()


class Traffic:
    """TCP both ways in the background of a `with`; ends with a count of what came through."""

    def __init__(self, bed: Bed, seconds: float = 600) -> None:
        self.bed = bed
        self.seconds = seconds
        self.processes: list[subprocess.Popen[str]] = []

    def __enter__(self) -> Traffic:
        self.bed.host1.run("iperf3 -s -D -p 5300")
        self.processes.append(self.bed.host0.popen(
            f"iperf3 -c {self.bed.host1.ip} -p 5300 -t {self.seconds:g} --bidir --forceflush -i 1",
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT))
        return self

    def __exit__(self, *_: object) -> None:
        for host in self.bed.hosts:
            host.status("pkill iperf3")
        for process in self.processes:
            process.terminate()
            process.communicate(timeout=30)


# What the device model counts for each impairment.
_COUNTED = {"drop": "dropped", "reorder": "reordered", "duplicate": "duplicated"}


@contextlib.contextmanager
def impaired(bed: Bed, link: str, kind: str, rate: float, seed: int) -> Iterator[None]:
    """A link impaired for the length of a `with`, which fails when one of its directions was not."""
    def hit() -> dict[str, int]:
        directions = bed.ctl("show", "counters")["links"][link]
        return {way: counters[_COUNTED[kind]] for way, counters in directions.items()}

    before = hit()
    bed.ctl("impair", link, kind, f"{rate:g}", "--seed", str(seed))
    try:
        yield
    finally:
        bed.ctl("impair", link, "clear")
    seen = {way: count - before[way] for way, count in hit().items()}
    print(f"# {link}: {_COUNTED[kind]} {seen}", flush=True)
    check(all(count > 0 for count in seen.values()), f"{link}: packets {_COUNTED[kind]}: {seen}")


def in_background(work: Callable[[], object]) -> threading.Thread:
    """A daemon thread, already started."""
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread
