#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Our NIC beside QEMU's stock NICs, in the same guests, in one run.

Rounds are interleaved: each round boots every NIC's two guests in turn and
measures once, so that a machine whose speed drifts is fair to all. Prints a
Markdown table with the median of all rounds, minimum and maximum; when
BENCH_JSON names a file, also writes a list of {name, ours, peer, peer_name,
unit, ratio} there, where a ratio above 1 is better for us.

The peer of the RDMA figures is Soft-RoCE on virtio-net. Instructions and
register writes are counted, not timed, and once: there the exit status tells
whether the provider kept its promises (no system call, one write for a list).
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path

import instructions
import network
import rdma
import rings
from figure import OURS, Figure, number, print_table, spread, write_json
from pair import TOP, Pair

# Name of the NIC -> topology. Figures are compared with the best of the others.
NICS = {OURS: "back-to-back", "virtio-net": "stock-virtio", "vmxnet3": "stock-vmxnet3",
        "e1000e": "stock-e1000e", "igb": "stock-igb"}
# The NICs on which RDMA is measured -> how that is called.
RDMA = {OURS: OURS, "virtio-net": rdma.PEER}
INSTRUCTIONS = "insn_post_poll"
NAMES = (*network.FIGURES, *rdma.RUNS, INSTRUCTIONS, rings.NAME)


class Bench:
    """One call of the program: what it measures and what it found."""

    def __init__(self, kernel: str, names: list[str]) -> None:
        self.kernel = kernel
        self.network = [Figure(name, *network.FIGURES[name][:2]) for name in network.FIGURES if name in names]
        self.rdma = [Figure(name, run.unit, run.more_is_better) for name, run in rdma.RUNS.items() if name in names]
        self.counted = [Figure(INSTRUCTIONS, "instructions", False)] if INSTRUCTIONS in names else []
        self.gaps: list[tuple[float, float, float]] | None = [] if rings.NAME in names else None
        self.long: dict[str, list[float]] = {}
        self.register_writes: dict[str, list[float]] = {}
        self.notes: list[str] = []
        self.broken: list[str] = []
        self.version = ""

    def figures(self) -> list[Figure]:
        """All that have samples."""
        return [figure for figure in (*self.network, *self.rdma, *self.counted) if figure.samples]

    def round(self, what: str) -> None:
        """Every NIC once."""
        if self.gaps is not None:
            with Pair("queues", NICS[OURS], self.kernel, "--cpus", "2") as pair:
                self.gaps.append(rings.measure(pair))
            print(f"{what}: {rings.NAME}: {', '.join(f'{gap:.1f}' for gap in self.gaps[-1])} ms", file=sys.stderr, flush=True)
        for nic, topology in NICS.items():
            if not self.network and not (self.rdma and nic in RDMA):
                continue
            told = []
            with Pair(nic, topology, self.kernel) as pair:
                self.version = pair.versions()
                for figure in self.network:
                    figure.add(nic, network.FIGURES[figure.name][2](pair))
                    told.append((figure, nic))
                if self.rdma and nic in RDMA:
                    self._rdma(pair, nic)
                    told += [(figure, RDMA[nic]) for figure in self.rdma]
            values = ", ".join(f"{figure.name} {number(figure.samples[name][-1])} {figure.unit}" for figure, name in told)
            print(f"{what}: {nic}: {values}", file=sys.stderr, flush=True)

    def _rdma(self, pair: Pair, nic: str) -> None:
        device = rdma.Rdma(pair, nic != OURS)
        for figure in self.rdma:
            run = rdma.RUNS[figure.name]
            figure.add(RDMA[nic], device.measure(run, run.messages))
            if nic == OURS:
                doorbells = rdma.Doorbells(pair)
                speed = device.measure(run, run.long)
                self.long.setdefault(figure.name, []).append(speed)
                self.register_writes.setdefault(figure.name, []).append(doorbells.per_1000())

    def count(self) -> None:
        """Instructions and register writes."""
        if not self.counted:
            return
        try:
            costs = instructions.post_poll(self.kernel)
        except RuntimeError as error:
            self.notes.append(f"{INSTRUCTIONS} was not measured: {error}")
        else:
            for nic, samples in costs.items():
                user, kernel = (statistics.median(part) for part in zip(*samples))
                least = min(sample.kernel for sample in samples)
                self.counted[0].add(nic, *(sample.user + sample.kernel for sample in samples))
                self.notes.append(f"{INSTRUCTIONS}, {nic}: user {user:.0f}, kernel {kernel:.0f} (at least {least}); "
                                  f"median of {len(samples)}, interrupts included")
                if nic == OURS and kernel:
                    self.broken.append(f"{INSTRUCTIONS}: {kernel:.0f} instructions of the kernel, none are allowed")
        sends, receives = instructions.doorbells_of_lists(self.kernel)
        lists = instructions.LISTS
        self.notes.append(f"without shadow doorbells: {sends} register writes for {lists} lists of sends, {receives} for {lists} "
                          "lists of receives")
        if (sends, receives) != (lists, lists):
            self.broken.append("without shadow doorbells a list of posts is one register write, exactly")

    def report(self, rounds: int, seconds: float) -> None:
        """The table and what stands beside it."""
        print(f"\nGuests: {self.version or self.kernel}, one CPU each, MTU 1500, for RDMA {rdma.MTU} (path MTU 4096); QEMU "
              f"{qemu_version()}; host with {os.cpu_count()} CPUs, load average now {os.getloadavg()[0]:.1f}. {OURS}: shadow "
              f"doorbells. Median of {rounds} interleaved rounds (minimum - maximum); {seconds:.0f} s.\n")
        print_table(self.figures())
        print()
        if self.gaps:
            text, broken = rings.verdict(self.gaps)
            self.notes.append(text)
            self.broken += [broken] if broken else []
        for name, values in self.long.items():
            run = rdma.RUNS[name]
            writes = self.register_writes[name]
            self.notes.append(f"{name}: {run.messages} messages in the table; {OURS} alone with {run.long}: {spread(values)} "
                              f"{run.unit}, {spread(writes)} register writes per 1000 posts (shadow doorbells)")
        for note in self.notes:
            print(f"* {note}")
        for text in self.broken:
            print(f"* BROKEN: {text}")
        file = os.environ.get("BENCH_JSON")
        if file:
            write_json(self.figures(), Path(file))


def qemu_version() -> str:
    done = subprocess.run([str(TOP / "selftests" / "buildroot"), "qemu-system-x86_64", "--version"],
                          capture_output=True, text=True, check=False)
    found = re.search(r"version (\S+)", done.stdout)
    return found.group(1) if found else "unknown"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--kernel", choices=("stable", "backports"), default="backports")
    parser.add_argument("--figure", choices=NAMES, action="append", help="only this one; may be repeated")
    options = parser.parse_args()
    started = time.monotonic()
    bench = Bench(options.kernel, options.figure or list(NAMES))
    for round_number in range(options.rounds):
        bench.round(f"round {round_number + 1} of {options.rounds}")
    bench.count()
    bench.report(options.rounds, time.monotonic() - started)
    return 1 if bench.broken else 0


if __name__ == "__main__":
    sys.exit(main())
