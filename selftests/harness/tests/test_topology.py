# SPDX-License-Identifier: GPL-2.0-or-later
"""Topologies: the shipped ones are valid, mistakes are named with file and line."""

from __future__ import annotations

import re
import tempfile
import unittest
from pathlib import Path

from harness import ofemu, paths, topology
from harness.errors import HarnessError

SAMPLES = Path(__file__).parent / "samples" / "topology"
MISTAKES = {
    "unknown-nic": (5, "'nic9', which is no NIC"), "unknown-key": (5, "unknown key 'colour'"),
    "twice": (3, "two NICs are called 'nic0'"), "syntax": (4, "expected"), "no-host": (1, "needs a host"),
    "nic-in-two-links": (6, "in link 'a' already"), "bad-length": (7, "length_m is -3"), "empty": (1, "empty"),
    "unknown-model": (3, "unknown model 'rtl8139'"), "multicast-mac": (3, "multicast"), "one-end": (5, "has 1 ends"),
    "ideal-to-optical": (5, "both must be ideal"), "ideal-loss": (5, "loss_db means nothing"),
    "bad-port": (3, "optical or ideal, not 'perfect'"), "bad-bytes": (4, "lazy or always, not 'never'"),
}


class TopologyTest(unittest.TestCase):
    def test_shipped_topologies_are_valid(self) -> None:
        files = list(paths.TOPOLOGIES.glob("*.yaml"))
        self.assertGreaterEqual(len(files), 3)
        for file in files:
            with self.subTest(file.name):
                self.assertTrue(topology.load(file).hosts)

    def test_mistakes_name_file_and_line(self) -> None:
        self.assertEqual({path.stem for path in SAMPLES.glob("*.yaml")}, set(MISTAKES))
        for name, (line, said) in MISTAKES.items():
            with self.subTest(name):
                with self.assertRaises(HarnessError) as caught:
                    topology.load(SAMPLES / f"{name}.yaml")
                self.assertRegex(str(caught.exception), rf"{name}\.yaml:{line}: .*{re.escape(said)}")

    def test_missing_file(self) -> None:
        with self.assertRaisesRegex(HarnessError, "no topology 'nowhere'"):
            topology.find("nowhere")

    def test_addresses_and_serials_differ(self) -> None:
        nics = topology.load(paths.TOPOLOGIES / "one-host-two-nics.yaml").hosts[0].nics
        self.assertEqual([nic.mac for nic in nics], ["02:4d:4f:00:00:01", "02:4d:4f:00:00:02"])
        self.assertEqual([nic.serial for nic in nics], ["MO-0001", "MO-0002"])


class OfemuConfigurationTest(unittest.TestCase):
    def configuration(self, name: str) -> dict[str, object]:
        return ofemu.configuration(topology.load(paths.TOPOLOGIES / f"{name}.yaml"), Path("/r"))

    def test_back_to_back(self) -> None:
        config = self.configuration("back-to-back")
        self.assertEqual(config["control"], "/r/ofemu.ctl")
        self.assertEqual(config["nics"], [
            {"name": "nic0", "socket": "/r/nic0.sock", "mac": "02:4d:4f:00:00:01", "serial": "MO-0001"},
            {"name": "nic1", "socket": "/r/nic1.sock", "mac": "02:4d:4f:00:00:02", "serial": "MO-0002"}])
        self.assertEqual(config["foreign"], [])
        self.assertEqual(config["links"], [{"name": "fibre0", "ends": ["nic0", "nic1"], "length_m": 10.0,
                                            "loss_db": 1.0}])

    def test_foreign_peer_joins_the_fabric(self) -> None:
        config = self.configuration("foreign")
        self.assertEqual(config["foreign"], [{"name": "net0", "socket": "/r/net0.net"}])
        self.assertEqual([nic["name"] for nic in config["nics"]], ["nic0"])  # type: ignore[attr-defined]

    def test_ideal_ports(self) -> None:
        nics: object = self.configuration("back-to-back-posted")["nics"]
        self.assertEqual([nic.get("port") for nic in nics], ["ideal", "ideal"])  # type: ignore[attr-defined]

    def test_bytes_are_the_models_default_unless_said(self) -> None:
        self.assertNotIn("bytes", self.configuration("back-to-back"))
        self.assertEqual(self.configuration("back-to-back-bytes")["bytes"], "always")

    def test_stock_networks_need_no_ofemu(self) -> None:
        self.assertFalse(topology.load(paths.TOPOLOGIES / "stock-vmxnet3.yaml").uses_ofemu())

    def test_file_can_be_read_back(self) -> None:
        import yaml
        with tempfile.TemporaryDirectory() as folder:
            plan = topology.load(paths.TOPOLOGIES / "foreign.yaml")
            file = ofemu.write_configuration(plan, Path(folder))
            self.assertEqual(yaml.safe_load(file.read_text()), ofemu.configuration(plan, Path(folder)))


if __name__ == "__main__":
    unittest.main()
