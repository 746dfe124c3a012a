# SPDX-License-Identifier: GPL-2.0-or-later
"""How long TCP streams stand still while the receiver's queues are changed, by the device
model's clock: the time stamps of a capture on the fibre."""

from __future__ import annotations

import json
import statistics
import struct
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from pair import ADDRESSES, INTERFACE, TOP, Pair

NAME = "tcp_gap_queue_change"
LIMIT_MS = 20
STREAMS = 4
SECONDS = 8
RATE = "15M"  # per stream: a few packets each millisecond, a capture that fits anywhere
MARGIN_S = 1.0  # of the start and the end that do not count
_RECORD = struct.Struct("<4I")
_TCP_AT = 14 + 20


def _gaps(capture: Path) -> list[float]:
    """The longest time without data of each stream towards host1, in ms."""
    data = capture.read_bytes()
    times: dict[int, list[int]] = {}
    at = 24
    while at + _RECORD.size <= len(data):
        seconds, nanoseconds, captured, length = _RECORD.unpack_from(data, at)
        frame = at + _RECORD.size
        at = frame + captured
        # IPv4 without options, TCP, more than an acknowledgment.
        if length > 200 and data[frame + 12:frame + 15] == b"\x08\x00\x45" and data[frame + 23] == 6:
            (port,) = struct.unpack_from(">H", data, frame + _TCP_AT)
            times.setdefault(port, []).append(seconds * 10**9 + nanoseconds)
    found = []
    for stream in times.values():
        first, last = stream[0] + MARGIN_S * 1e9, stream[-1] - MARGIN_S * 1e9
        inside = [moment for moment in stream if first <= moment <= last]
        if len(inside) > 100:
            found.append(max(b - a for a, b in zip(inside, inside[1:])) / 1e6)
    if len(found) < STREAMS:
        raise RuntimeError(f"only {len(found)} of {STREAMS} streams in the capture")
    return found


def _run(pair: Pair, disturb: Callable[[int], None]) -> float:
    """Longest gap of any stream while `disturb` is called again and again."""
    with tempfile.NamedTemporaryFile(dir=TOP / "build", suffix=".pcap") as file:
        pair.run(1, "iperf3 -s -D -1")
        pair.control("pcap", "fibre0", file.name)
        with pair.start(0, f"for t in 1 2 3 4 5; do iperf3 -c {ADDRESSES[1]} -P {STREAMS} -b {RATE} -t {SECONDS} -J "
                           ">/tmp/report; grep -q '\"error\"' /tmp/report || break; sleep 0.3; done; cat /tmp/report") as sender:
            end, number = time.monotonic() + SECONDS - MARGIN_S, 0
            while time.monotonic() < end and sender.poll() is None:
                disturb(number)
                number += 1
            report = json.loads(sender.communicate(timeout=60)[0])
        if "error" in report:
            raise RuntimeError(f"{pair.name}: iperf3: {report['error']}")
        pair.control("pcap", "fibre0", "off")
        return max(_gaps(Path(file.name)))


def measure(pair: Pair) -> tuple[float, float, float]:
    """Longest gap in ms: undisturbed, while ring sizes change, while the number of channels does."""
    def rings(number: int) -> None:
        pair.run(1, f"{INTERFACE} ethtool -G $i rx {(512, 1024)[number % 2]}; sleep 0.3")

    def channels(number: int) -> None:
        pair.run(1, f"{INTERFACE} ethtool -L $i combined {1 + number % 2}; sleep 0.3")

    idle = _run(pair, lambda _number: pair.run(1, f"{INTERFACE} ethtool -g $i >/dev/null; sleep 0.3") and None)
    return idle, _run(pair, rings), _run(pair, channels)


def verdict(samples: list[tuple[float, float, float]]) -> tuple[str, str]:
    """What the rounds showed, and what of it breaks the promise (empty: nothing)."""
    idle, rings, channels = (statistics.median(column) for column in zip(*samples))
    text = (f"{NAME}: longest time without data of {STREAMS} streams, device's clock, median of {len(samples)}: {idle:.1f} ms "
            f"undisturbed, {rings:.1f} ms while rings of the receiver change, {channels:.1f} ms while its channels do")
    worst = max(rings, channels) - idle
    return text, f"{NAME}: {worst:.1f} ms beyond an undisturbed run, {LIMIT_MS} are allowed" if worst > LIMIT_MS else ""
