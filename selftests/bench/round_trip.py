#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Round trip guest -> ofemu -> guest -> ofemu -> guest, for both doorbell modes and
several spin times of the engine, with idle and with busy guests.

Busy means that a loop at the lowest priority takes all the CPU time that is
left in both guests, so that guests and engine compete for the cores. Prints a
Markdown table; from it come the engine's defaults (Documentation/dev/round-trip.rst).
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import sys

from pair import ADDRESSES, Pair

SPINS = (0, 20, 50, 100, 200, 500)
PINGS = 300
MODES = {"shadow": "back-to-back", "posted": "back-to-back-posted"}


def engine_seconds(pair: Pair) -> float:
    """CPU time that the device model has used."""
    with open(f"/proc/{pair.status()['ofemu']['pid']}/stat", encoding="ascii") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(pair: Pair) -> tuple[float, float, float]:
    """Median and 90th percentile of the round trip in us, share of a core that ofemu used in %."""
    start = engine_seconds(pair)
    text = pair.run(0, f"ping -c {PINGS} -i 0.005 {ADDRESSES[1]}")
    times = sorted(1000 * float(t) for t in re.findall(r"time=([\d.]+) ms", text))
    total = float(re.search(r"time (\d+)ms", text).group(1)) / 1000  # type: ignore[union-attr]
    return statistics.median(times), times[len(times) * 9 // 10], 100 * (engine_seconds(pair) - start) / total


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kernel", choices=("stable", "backports"), default="backports")
    options = parser.parse_args()
    print("| doorbells | guests | spin us | round trip p50 us | p90 us | ofemu, % of a core |")
    print("| --- | --- | --- | --- | --- | --- |")
    for mode, topology in MODES.items():
        with Pair(mode, topology, options.kernel) as pair:
            for load in ("idle", "busy"):
                if load == "busy":
                    for host in (0, 1):
                        pair.run(host, "nice -n 19 sh -c 'while :; do :; done' >/dev/null 2>&1 &")
                for spin in SPINS:
                    pair.control("set", "spin_us", str(spin))
                    p50, p90, share = measure(pair)
                    print(f"| {mode} | {load} | {spin} | {p50:.0f} | {p90:.0f} | {share:.0f} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
