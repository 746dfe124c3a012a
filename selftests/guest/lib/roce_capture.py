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

from two_hosts import Bed, check, equal

SELFTESTS = Path(os.environ["MO_SELFTESTS"])
sys.path.insert(0, str(SELFTESTS))
from harness import roce  # noqa: E402  pylint: disable=wrong-import-position

# tshark's word for what it cannot make sense of. (It also frowns at UDP's checksum of 0 over
# IPv6, which annex A17 of the IBA specification asks for.)
_WRONG = "_ws.malformed"
# It also guesses what a payload is. This guess reads 16 bytes of any payload, and calls a
# packet malformed whose payload is shorter; packets' own headers are not its matter.
_NO_GUESS = ["--disable-heuristic", "rpcrdma_infiniband"]


class Capture:
    """A capture of a link for the length of a `with`, which ends with judging it.

    `wanted`: opcodes (harness.roce.opcode_name) that each end must have sent, over each of
    `versions` of IP."""

    def __init__(self, bed: Bed, link: str, wanted: tuple[str, ...], versions: tuple[int, ...] = (4, 6)) -> None:
        self._bed, self._link, self._wanted, self._versions = bed, link, wanted, versions
        # Beside the build: the build root, where tshark runs, sees it there.
        self._file = tempfile.NamedTemporaryFile(dir=SELFTESTS.parent / "build", prefix="capture-", suffix=".pcap")

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
                sent = set().union(*(names for (who, ip, _), names in summary.seen.items() if (who, ip) == (source, version)))
                missing = [name for name in self._wanted if name not in sent]
                check(not missing, f"{source} sent no {missing} over IPv{version}, but {sorted(sent)}")
        self._tshark(summary)
        print(f"# {summary.packets} RoCEv2 packets: every ICRC right, nothing malformed", flush=True)

    def _tshark(self, summary: roce.Summary) -> None:
        def frames(words: list[str]) -> list[str]:
            done = subprocess.run([SELFTESTS / "buildroot", "tshark", "-n", *_NO_GUESS, "-r", self._file.name, *words],
                                  capture_output=True, text=True, check=False)
            check(done.returncode == 0, f"tshark: {done.stderr[-2000:]}")
            return done.stdout.splitlines()

        seen = frames(["-Y", "infiniband.bth", "-T", "fields", "-e", "frame.number"])
        equal(len(seen), summary.packets, "packets that tshark takes for RoCEv2")
        wrong = frames(["-Y", _WRONG])
        check(not wrong, f"tshark finds {len(wrong)} malformed frames:\n" + "\n".join(wrong[:20]))
