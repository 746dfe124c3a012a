# SPDX-License-Identifier: GPL-2.0-or-later
"""What went over a link, captured by the device model and judged by others: each
RoCEv2 packet's ICRC by harness/roce.py, and all of it by tshark."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType

from two_hosts import BUILD, Bed, check, equal

SELFTESTS = Path(os.environ["MO_SELFTESTS"])
sys.path.insert(0, str(SELFTESTS))
from harness import roce  # noqa: E402  pylint: disable=wrong-import-position

# tshark's word for what it cannot make sense of. (It also frowns at UDP's checksum of 0 over
# IPv6, which annex A17 of the IBA specification asks for.)
_WRONG = "_ws.malformed"
# The list of dissectors that guess what a payload is: those of a packet whose user is unknown. They take
# random bytes for their own, and then call the packet malformed; its own headers are not their matter.
_GUESSES = "infiniband.payload"


class Capture:
    """A capture of a link for the length of a `with`, which ends with judging it.

    `wanted`: opcodes (harness.roce.opcode_name) that each end must have sent, over each of
    `versions` of IP, in `vlan`."""

    def __init__(self, bed: Bed, link: str, wanted: tuple[str, ...], versions: tuple[int, ...] = (4, 6),
                 vlan: int | None = None) -> None:
        self._bed, self._link, self._wanted, self._versions, self._vlan = bed, link, wanted, versions, vlan
        # Beside the build: the build root, where tshark runs, sees it there.
        self._file = tempfile.NamedTemporaryFile(dir=BUILD, prefix="capture-", suffix=".pcap")

    def __enter__(self) -> Capture:
        self._bed.ctl("pcap", self._link, self._file.name)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        with self._file:
            ended = self._bed.ctl("pcap", self._link, "off")
            if kind is None:
                equal(ended["lost"], 0, "packets that the capture lost")
                self._judge()

    def _judge(self) -> None:
        summary = roce.summarize(Path(self._file.name))
        check(not summary.problems, f"{len(summary.problems)} of {summary.packets} RoCEv2 packets are wrong:\n"
              + "\n".join(summary.problems[:20]))
        sources = {source for source, _, _ in summary.seen}
        equal(len(sources), 2, f"ends that sent RoCEv2 packets ({sources})")
        for source in sources:
            for version in self._versions:
                sent = summary.opcodes(source, version, self._vlan)
                missing = [name for name in self._wanted if name not in sent]
                check(not missing, f"{source} sent no {missing} over IPv{version}, but {sorted(sent)}")
        self._tshark(summary)
        print(f"# {summary.packets} RoCEv2 packets: every ICRC right, nothing malformed", flush=True)

    def _tshark(self, summary: roce.Summary) -> None:
        def tshark(*words: str) -> list[list[str]]:
            done = subprocess.run([SELFTESTS / "buildroot", "tshark", *words], capture_output=True, text=True, check=False)
            check(done.returncode == 0, f"tshark: {done.stderr[-2000:]}")
            return [line.split("\t") for line in done.stdout.splitlines()]

        guesses = [row[4] for row in tshark("-G", "heuristic-decodes") if row[0] == _GUESSES]
        off = [word for guess in guesses for word in ("--disable-heuristic", guess)]
        shown = tshark("-n", *off, "-r", self._file.name, "-Y", f"infiniband.bth || {_WRONG}", "-T", "fields", "-e", "frame.number",
                       "-e", "infiniband.bth.opcode", "-e", _WRONG)
        equal(sum(bool(opcode) for _, opcode, _ in shown), summary.packets, "packets that tshark takes for RoCEv2")
        wrong = [number for number, _, malformed in shown if malformed]
        check(not wrong, f"tshark finds {len(wrong)} malformed frames: {wrong[:20]}")
