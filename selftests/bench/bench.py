#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Our NIC beside QEMU's stock NICs, in the same guests, in one run.

Rounds are interleaved: each round boots every NIC's two guests in turn and
measures once, so that a machine whose speed drifts is fair to all. Prints a
Markdown table with the median of all rounds, minimum and maximum; when
BENCH_JSON names a file, also writes a list of {name, ours, peer, peer_name,
unit, ratio} there, where a ratio above 1 is better for us.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
TESTBED = str(TOP / "selftests" / "testbed")
OURS = "mesh_optical"
# Name of the NIC -> topology. Figures are compared with the best of the others.
NICS = {OURS: "back-to-back", "virtio-net": "stock-virtio", "vmxnet3": "stock-vmxnet3",
        "e1000e": "stock-e1000e", "igb": "stock-igb"}
ADDRESSES = ("192.0.2.1", "192.0.2.2")
TCP_SECONDS = 5
PINGS = 200


@dataclass
class Figure:
    """A figure of merit: what it is called, in which unit, and which way is better."""
    name: str
    unit: str
    more_is_better: bool
    samples: dict[str, list[float]] = field(default_factory=dict)

    def median(self, nic: str) -> float:
        return statistics.median(self.samples[nic])

    def best_peer(self) -> str:
        peers = [n for n in self.samples if n != OURS]
        return (max if self.more_is_better else min)(peers, key=self.median)

    def ratio(self, peer: str) -> float:
        ours, theirs = self.median(OURS), self.median(peer)
        return ours / theirs if self.more_is_better else theirs / ours


class Pair:
    """Two guests with one kind of NIC, up for the length of a `with`."""

    def __init__(self, nic: str, kernel: str) -> None:
        self.name = f"bench-{nic.replace('_', '-')}"
        self.topology = NICS[nic]
        self.kernel = kernel

    def __enter__(self) -> Pair:
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _start(self) -> None:
        stage = ["--stage", str(TOP / "build" / "stage")]
        subprocess.run([TESTBED, "up", self.topology, "--name", self.name, "--kernel", self.kernel, *stage],
                       check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
        find = "for i in /sys/class/net/*/device; do i=${i%/device}; i=${i##*/}; done; "
        for number, address in enumerate(ADDRESSES):
            self.run(number, f"{find} ip link set $i up && ip address add {address}/24 dev $i")
        for number in range(len(ADDRESSES)):
            self.run(number, f"{find} for t in $(seq 300); do [ \"$(cat /sys/class/net/$i/carrier)\" = 1 ] "
                             "&& exit 0; sleep 0.1; done; echo no carrier >&2; exit 1")
        self.run(0, f"ping -q -c 3 -i 0.2 {ADDRESSES[1]}")

    def __exit__(self, *_: object) -> None:
        subprocess.run([TESTBED, "down", "--name", self.name], check=False, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)

    def run(self, host: int, command: str) -> str:
        done = subprocess.run([TESTBED, "exec", "--name", self.name, "--timeout", "60", f"host{host}", "--",
                               "sh", "-c", command], stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{self.name} host{host}: {command}: {done.stderr.strip()}")
        return done.stdout

    def tcp(self) -> float:
        """One TCP stream host0 -> host1, Mbit/s received."""
        self.run(1, "iperf3 -s -D -1")
        report = json.loads(self.run(0, f"for t in 1 2 3 4 5; do iperf3 -c {ADDRESSES[1]} -t {TCP_SECONDS} "
                                        "-O 1 -J && exit 0; sleep 0.3; done; exit 1"))
        return float(report["end"]["sum_received"]["bits_per_second"]) / 1e6

    def ping(self) -> float:
        """Median round trip, microseconds."""
        text = self.run(0, f"ping -c {PINGS} -i 0.01 {ADDRESSES[1]}")
        times = [float(t) for t in re.findall(r"time=([\d.]+) ms", text)]
        if len(times) < PINGS * 0.99:
            raise RuntimeError(f"{self.name}: only {len(times)} of {PINGS} pings came back")
        return statistics.median(times) * 1000

    def versions(self) -> str:
        """Kernel of the guests and how QEMU runs them."""
        done = subprocess.run([TESTBED, "status", "--json"], capture_output=True, text=True, check=True)
        accel = next(bed["accel"] for bed in json.loads(done.stdout) if bed["name"] == self.name)
        return f"kernel {self.run(0, 'uname -r').strip()}, {accel.upper()}"


# Name of the figure -> unit, whether more is better, how it is measured.
FIGURES = {"tcp_1_stream": ("Mbit/s", True, Pair.tcp), "ping_rtt": ("us", False, Pair.ping)}


def measure(rounds: int, kernel: str, names: list[str]) -> tuple[list[Figure], str]:
    figures = [Figure(name, *FIGURES[name][:2]) for name in names]
    version = ""
    for number in range(rounds):
        for nic in NICS:
            with Pair(nic, kernel) as pair:
                version = pair.versions()
                for figure in figures:
                    figure.samples.setdefault(nic, []).append(FIGURES[figure.name][2](pair))
            values = ", ".join(f"{figure.samples[nic][-1]:.0f} {figure.unit}" for figure in figures)
            print(f"round {number + 1} of {rounds}: {nic}: {values}", file=sys.stderr, flush=True)
    return figures, version


def qemu_version() -> str:
    done = subprocess.run([str(TOP / "selftests" / "buildroot"), "qemu-system-x86_64", "--version"],
                          capture_output=True, text=True, check=False)
    found = re.search(r"version (\S+)", done.stdout)
    return found.group(1) if found else "unknown"


def report(figures: list[Figure], kernel: str, rounds: int, seconds: float) -> None:
    print(f"\nGuests: {kernel}, one CPU each, MTU 1500, QEMU {qemu_version()}; host with "
          f"{os.cpu_count()} CPUs. "
          f"{OURS}: shadow doorbells. Median of {rounds} interleaved rounds (minimum - maximum); "
          f"{seconds:.0f} s.\n")
    print("| figure | NIC | median | min - max | unit | ours is better by |")
    print("| --- | --- | --- | --- | --- | --- |")
    for figure in figures:
        best = figure.best_peer()
        for nic, values in figure.samples.items():
            ratio = "" if nic == OURS else f"{figure.ratio(nic):.2f}"
            mark = " (best peer)" if nic == best else ""
            print(f"| {figure.name} | {nic}{mark} | {figure.median(nic):.0f} | {min(values):.0f} - "
                  f"{max(values):.0f} | {figure.unit} | {ratio} |")
    file = os.environ.get("BENCH_JSON")
    if file:
        rows = [{"name": f.name, "ours": f.median(OURS), "peer": f.median(f.best_peer()),
                 "peer_name": f.best_peer(), "unit": f.unit, "ratio": f.ratio(f.best_peer())}
                for f in figures]
        Path(file).write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--kernel", choices=("stable", "backports"), default="backports")
    parser.add_argument("--figure", choices=FIGURES, action="append", help="only this one")
    options = parser.parse_args()
    started = time.monotonic()
    figures, kernel = measure(options.rounds, options.kernel, options.figure or list(FIGURES))
    report(figures, kernel, options.rounds, time.monotonic() - started)
    return 0


if __name__ == "__main__":
    sys.exit(main())
