# SPDX-License-Identifier: GPL-2.0-or-later
"""Surprise removal: the device model ends while guests use its NICs."""

from __future__ import annotations

import os
import signal

from two_hosts import Bed, check, equal, wait_for


def end_model(bed: Bed, number: signal.Signals) -> None:
    """Sends the process of the device model a signal that ends it."""
    os.kill(bed.status()["ofemu"]["pid"], number)


def survives_removal(bed: Bed) -> None:
    """Both hosts notice, answer, let go of the driver and live on."""
    for each in bed.hosts:
        wait_for(lambda each=each: not each.carrier(), 40, f"{each.name}: carrier falls")  # type: ignore[misc]
    for each in bed.hosts:
        each.run("ip link show >/dev/null")
        status, _ = each.status("timeout 20 ethtool -m $(ls /sys/class/net | grep -v lo | head -1)", timeout=30)
        check(status != 0, "the module was read from a device that is gone")
        each.run("timeout 30 modprobe -r mesh_optical_rdma mesh_optical", timeout=40)
        equal(each.status("grep -c '^mesh_optical ' /proc/modules")[1].strip(), "0", "module is gone")
        each.run("timeout 30 modprobe mesh_optical", timeout=40)
        each.run("uptime")
