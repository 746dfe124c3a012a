# SPDX-License-Identifier: GPL-2.0-or-later
"""The bad process of RDMA (rdma/src/abuse) on host1, the good one beside it, and
what was on the fibre meanwhile."""

from __future__ import annotations

import atexit
import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mo_test import Failure, defer
from rdma_hosts import Bed, Host, listening
from two_hosts import check, equal, matches, wait_for

bed = Bed()
bed.connect()
program = {host.name: {name: host.install(name) for name in ("rdma_data", "rdma_abuse")} for host in bed.hosts}

_SOURCES = Path(os.environ["MO_SELFTESTS"]) / "guest" / "rdma" / "src"


def _text_of(name: str, file: str) -> str:
    """What the programs' sources define as that."""
    text = (_SOURCES / file).read_text(encoding="ascii")
    return matches(text, rf'^#define {name}\s+"(.*)"$', file).group(1).replace("\\n", "\n")


_PORT = 18515
_STEADY = _text_of("ROUNDS_FILE", "steady.c")
REFILLED = _text_of("REFILL_FILE", "abuse/rdma_abuse.h")
POISON = _text_of("POISON_TEXT", "abuse/rdma_abuse.h").encode("ascii")
PUBLIC = _text_of("PUBLIC_TEXT", "abuse/rdma_abuse.h").encode("ascii")


def _start(host: Host, command: str, seconds: int) -> subprocess.Popen[str]:
    return host.popen(f"exec timeout -k 2 {seconds} {command}", stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def _end(child: subprocess.Popen[str]) -> None:
    if child.poll() is None:
        child.kill()
    child.communicate()


def _wait_listening(host: Host, child: subprocess.Popen[str]) -> None:
    def ready() -> bool:
        if child.poll() is not None:
            raise Failure(f"{host.name}: the server ended with {child.returncode}:\n{child.communicate()[0]}")
        return host.status(listening(_PORT))[0] == 0
    wait_for(ready, 20, f"{host.name}: the server listens")


def pair_of(name: str, group: str, seconds: int = 120) -> tuple[subprocess.Popen[str], subprocess.Popen[str]]:
    """Starts a server of a program on host0 and its client on host1. They end by themselves."""
    server, client = bed.hosts
    for host in bed.hosts:
        host.gid_index(host.ip)
    served = _start(server, f"{program[server.name][name]} server {server.ip} {server.ip} {group} {server.rdma}", seconds)
    _wait_listening(server, served)
    return served, _start(client, f"{program[client.name][name]} client {server.ip} {client.ip} {group} {client.rdma}", seconds)


class Steady:
    """Verified traffic of other processes, which goes on beside everything that is tried."""

    def __init__(self) -> None:
        bed.host1.run(f"rm -f {_STEADY}")
        self._server, self._client = pair_of("rdma_data", "steady", seconds=600)
        wait_for(lambda: self._client.poll() is not None or bed.host1.status(f"test -s {_STEADY}")[0] == 0, 20, "steady traffic")
        atexit.register(self._kill)

    def rounds(self) -> int:
        """So many were right."""
        return self._told()[0]

    def longest(self) -> float:
        """The longest time that it stood still since the last call, in ms."""
        pause = self._told()[1]
        bed.host1.run(f": >{_STEADY}")
        return pause / 1000

    def _told(self) -> list[int]:
        text = wait_for(lambda: bed.host1.run(f"cat {_STEADY}"), 20, "steady traffic goes on")
        return [int(word) for word in text.split()]

    @contextmanager
    def undisturbed(self) -> Iterator[None]:
        """It goes on during the `with` and after it."""
        before = self.rounds()
        yield
        reached = self.rounds()
        check(reached > before, f"steady traffic stood still at round {before}")
        wait_for(lambda: self._client.poll() is not None or self.rounds() > reached + 3, 20, "steady traffic goes on")
        check(self._client.poll() is None, "steady traffic has ended")

    def stop(self) -> None:
        """It ends, and says that all was right."""
        bed.host1.run("pkill -TERM -x rdma_data")
        for child, end in ((self._client, "client"), (self._server, "server")):
            text, _ = child.communicate(timeout=40)
            equal(child.returncode, 0, f"steady {end}'s status:\n{text}")

    def _kill(self) -> None:
        _end(self._client)
        _end(self._server)


def abuse(steady: Steady, group: str, client_status: int = 0, server_status: int = 0, timeout: float = 100) -> tuple[str, str]:
    """Runs a group of rdma_abuse beside steady traffic; what server and client printed. Nothing remains."""
    with steady.undisturbed():
        return abuse_alone(group, client_status, server_status, timeout)


def abuse_alone(group: str, client_status: int = 0, server_status: int = 0, timeout: float = 100) -> tuple[str, str]:
    """The same with nobody beside it."""
    children = pair_of("rdma_abuse", group)
    # The client first: it knows better what went wrong.
    client = children[1].communicate(timeout=timeout)[0]
    server = children[0].communicate(timeout=timeout)[0]
    equal([child.returncode for child in children], [server_status, client_status],
          f"status of server and client of {group}:\n--- server\n{server}\n--- client\n{client}\n")
    nothing_remains()
    return server, client


def nothing_remains() -> None:
    """No object of the bad processes is left in either kernel."""
    for host in bed.hosts:
        wait_for(lambda host=host: not _objects(host), 10, f"{host.name}: objects of rdma_abuse go")  # type: ignore[misc]


def _objects(host: Host) -> list[str]:
    return host.status("for kind in qp cq mr pd ctx; do rdma res show $kind; done | grep rdma_abuse")[1].splitlines()


@contextmanager
def capture() -> Iterator[str]:
    """The fibre's packets, in a file that goes away after the test."""
    folder = tempfile.mkdtemp(prefix="mo-abuse-")
    path = os.path.join(folder, "fibre.pcap")
    bed.ctl("pcap", "fibre0", path)
    try:
        yield path
    finally:
        bed.ctl("pcap", "fibre0", "off")
        if os.path.exists(path):
            defer(os.rmdir, folder)
            defer(os.unlink, path)


def occurrences(path: str, text: bytes) -> int:
    """How often 16 bytes are in a file."""
    with open(path, "rb") as stream:
        return stream.read().count(text)
