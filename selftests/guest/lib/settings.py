# SPDX-License-Identifier: GPL-2.0-or-later
"""Settings of an interface that survive whatever happens to its device."""

from __future__ import annotations

from two_hosts import Bed, equal


class Settings:
    """Those of host0's interface; traffic with host1 shows that they are in force."""

    def __init__(self, bed: Bed) -> None:
        self.bed = bed
        self.host = bed.host0

    def change(self) -> None:
        """Something that differs from the defaults, so that losing it shows."""
        host = self.host
        host.run(f"ip link set {host.dev} mtu 4000 && ethtool -G {host.dev} rx 256 && "
                 f"ethtool -C {host.dev} rx-usecs 33 && ethtool -K {host.dev} tx-tcp6-segmentation off && "
                 f"ip maddress add 01:00:5e:7f:00:01 dev {host.dev}")
        self.bed.host1.run(f"ip link set {self.bed.host1.dev} mtu 4000")

    def read(self) -> dict[str, object]:
        """What must survive."""
        host = self.host
        return {
            "index": host.run(f"cat /sys/class/net/{host.dev}/ifindex"),
            "mtu": host.run(f"cat /sys/class/net/{host.dev}/mtu"),
            "rings": host.json(f"ethtool --json -g {host.dev}"),
            "rss": host.run(f"ethtool -x {host.dev}"),
            "features": host.run(f"ethtool -k {host.dev} | sort"),
            "coalesce": host.json(f"ethtool --json -c {host.dev}"),
            "addresses": host.json(f"ip -j address show dev {host.dev}")[0]["addr_info"],
            "promiscuity": host.json(f"ip -j -d link show {host.dev}")[0]["promiscuity"],
        }

    def same_after(self, what: str, before: dict[str, object]) -> None:
        """Fails unless the link comes back, nothing has changed, and traffic goes."""
        self.bed.wait_carrier(True, 30)
        after = self.read()
        for key, value in before.items():
            equal(after[key], value, f"{key} after {what}")
        self.bed.ping()
        self.bed.transfer(2)
