# SPDX-License-Identifier: GPL-2.0-or-later
"""A figure of merit, its samples, and how figures are told."""

from __future__ import annotations

import json
import statistics
from dataclasses import dataclass, field
from pathlib import Path

OURS = "mesh_optical"


@dataclass
class Figure:
    """What it is called, in which unit, and which way is better; samples by NIC."""
    name: str
    unit: str
    more_is_better: bool
    samples: dict[str, list[float]] = field(default_factory=dict)

    def add(self, nic: str, *values: float) -> None:
        self.samples.setdefault(nic, []).extend(values)

    def median(self, nic: str) -> float:
        return statistics.median(self.samples[nic])

    def best_peer(self) -> str:
        peers = [n for n in self.samples if n != OURS]
        return (max if self.more_is_better else min)(peers, key=self.median)

    def ratio(self, peer: str) -> float:
        ours, theirs = self.median(OURS), self.median(peer)
        return ours / theirs if self.more_is_better else theirs / ours


def number(value: float) -> str:
    """As many digits as say something."""
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def spread(values: list[float]) -> str:
    """Median, minimum and maximum."""
    return f"{number(statistics.median(values))} ({number(min(values))} - {number(max(values))})"


def print_table(figures: list[Figure]) -> None:
    """Markdown."""
    print("| figure | NIC | median | min - max | unit | ours is better by |")
    print("| --- | --- | --- | --- | --- | --- |")
    for figure in figures:
        best = figure.best_peer()
        for nic, values in figure.samples.items():
            ratio = "" if nic == OURS else f"{figure.ratio(nic):.2f}"
            mark = " (best peer)" if nic == best and len(figure.samples) > 2 else ""
            print(f"| {figure.name} | {nic}{mark} | {number(figure.median(nic))} | {number(min(values))} - "
                  f"{number(max(values))} | {figure.unit} | {ratio} |")


def write_json(figures: list[Figure], file: Path) -> None:
    """What BENCH_JSON promises."""
    rows = [{"name": f.name, "ours": f.median(OURS), "peer": f.median(f.best_peer()), "peer_name": f.best_peer(),
             "unit": f.unit, "ratio": f.ratio(f.best_peer())} for f in figures]
    file.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
