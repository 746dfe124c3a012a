# SPDX-License-Identifier: GPL-2.0-or-later
"""The figures of the network interface."""

from __future__ import annotations

import json
import re
import statistics

from pair import ADDRESSES, Pair

TCP_SECONDS = 5
PINGS = 200


def tcp(pair: Pair) -> float:
    """One TCP stream host0 -> host1, Mbit/s received."""
    pair.run(1, "iperf3 -s -D -1")
    report = json.loads(pair.run(0, f"for t in 1 2 3 4 5; do iperf3 -c {ADDRESSES[1]} -t {TCP_SECONDS} "
                                    "-O 1 -J && exit 0; sleep 0.3; done; exit 1"))
    return float(report["end"]["sum_received"]["bits_per_second"]) / 1e6


def ping(pair: Pair) -> float:
    """Median round trip, microseconds."""
    text = pair.run(0, f"ping -c {PINGS} -i 0.01 {ADDRESSES[1]}")
    times = [float(t) for t in re.findall(r"time=([\d.]+) ms", text)]
    if len(times) < PINGS * 0.99:
        raise RuntimeError(f"{pair.name}: only {len(times)} of {PINGS} pings came back")
    return statistics.median(times) * 1000


# Name of the figure -> unit, whether more is better, how it is measured.
FIGURES = {"tcp_1_stream": ("Mbit/s", True, tcp), "ping_rtt": ("us", False, ping)}
