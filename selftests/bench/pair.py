# SPDX-License-Identifier: GPL-2.0-or-later
"""Two guests with one kind of NIC, as the benchmarks see them."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path
from typing import Any

TOP = Path(__file__).resolve().parents[2]
TESTBED = str(TOP / "selftests" / "testbed")
ADDRESSES = ("192.0.2.1", "192.0.2.2")
# The one interface of a guest, whoever made the NIC.
INTERFACE = "for i in /sys/class/net/*/device; do i=${i%/device}; i=${i##*/}; done; "


class Pair:
    """Two guests of a topology, up and connected for the length of a `with`."""

    def __init__(self, name: str, topology: str, kernel: str, *options: str) -> None:
        """`options` are more of `testbed up`'s."""
        self.name = f"bench-{name.replace('_', '-')}"
        self.topology = topology
        self.kernel = kernel
        self.options = options

    def __enter__(self) -> Pair:
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _start(self) -> None:
        done = subprocess.run([TESTBED, "up", self.topology, "--name", self.name, "--kernel", self.kernel,
                               "--stage", str(TOP / "build" / "stage"), *self.options],
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                              errors="replace", check=False)
        if done.returncode:
            raise RuntimeError(f"{self.name} does not come up: {done.stderr.strip()}")
        for number, address in enumerate(ADDRESSES):
            self.run(number, f"{INTERFACE} ip link set $i up && ip address add {address}/24 dev $i")
        for number in range(len(ADDRESSES)):
            self.run(number, f"{INTERFACE} for t in $(seq 300); do [ \"$(cat /sys/class/net/$i/carrier)\" = 1 ] "
                             "&& exit 0; sleep 0.1; done; echo no carrier >&2; exit 1")
        self.run(0, f"ping -q -c 3 -i 0.2 {ADDRESSES[1]}")

    def __exit__(self, *_: object) -> None:
        subprocess.run([TESTBED, "down", "--name", self.name], check=False, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)

    def command(self, host: int, shell: str, timeout: float = 60) -> list[str]:
        """The command line that runs a shell command in a guest."""
        return [TESTBED, "exec", "--name", self.name, "--timeout", f"{timeout:g}", f"host{host}", "--", "sh", "-c", shell]

    def run(self, host: int, shell: str, timeout: float = 60) -> str:
        """Runs a shell command in a guest; its output."""
        done = subprocess.run(self.command(host, shell, timeout), stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{self.name} host{host}: {shell}: {done.stderr.strip() or done.stdout.strip()}")
        return done.stdout

    def start(self, host: int, shell: str, timeout: float = 60) -> subprocess.Popen[str]:
        """Starts a shell command in a guest."""
        return subprocess.Popen(self.command(host, shell, timeout), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.DEVNULL, text=True)

    def both(self, server: str, client: str, ready: str, timeout: float = 120) -> str:
        """Runs a server in host1 and, once `ready` succeeds there, a client in host0; the client's output."""
        with subprocess.Popen(self.command(1, server, timeout), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True) as running:
            try:
                deadline = time.monotonic() + 30
                while subprocess.run(self.command(1, ready), stdin=subprocess.DEVNULL, check=False).returncode:
                    if running.poll() is not None or time.monotonic() > deadline:
                        raise RuntimeError(f"{self.name}: `{server}` does not get ready")
                output = self.run(0, client, timeout)
                served, _ = running.communicate(timeout=30)
            finally:
                if running.poll() is None:
                    running.terminate()
        if running.returncode:
            raise RuntimeError(f"{self.name}: `{server}` ended with {running.returncode}: {served}")
        return output

    def install(self, program: Path) -> str:
        """Copies a program into both guests; its path there."""
        path = f"/root/{program.name}"
        for host in range(len(ADDRESSES)):
            with open(program, "rb") as stream:
                subprocess.run(self.command(host, f"cat >{path} && chmod +x {path}"), stdin=stream, check=True)
        return path

    def control(self, *words: str) -> Any:
        """Sends a command to the device model; its answer."""
        done = subprocess.run([TESTBED, "ctl", "--name", self.name, "--json", "--", *words], capture_output=True,
                              text=True, check=True)
        return json.loads(done.stdout)

    def status(self) -> dict[str, Any]:
        """What the testbed knows of itself."""
        done = subprocess.run([TESTBED, "status", "--json"], capture_output=True, text=True, check=True)
        return dict(next(bed for bed in json.loads(done.stdout) if bed["name"] == self.name))

    def versions(self) -> str:
        """Kernel of the guests and how QEMU runs them."""
        return f"kernel {self.run(0, 'uname -r').strip()}, {self.status()['accel'].upper()}"
