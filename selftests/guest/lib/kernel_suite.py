# SPDX-License-Identifier: GPL-2.0-or-later
"""The kernel's selftests of network drivers in a guest: runs them file by file, reports,
and holds the results against the list of known failures."""

from __future__ import annotations

import io
import os
import re
import subprocess
import tarfile
import time
from collections.abc import Callable
from typing import NoReturn

from mo_test import main as run_tests
from mo_test import true
from two_hosts import Bed, Failure, Host

from harness import buildroot, kselftest, ksource, paths

LIST = paths.SELFTESTS / "guest/kselftest/known-failures.yaml"
TREE = "/root/kselftests"
LOCAL = {"LOCAL_V4": "192.0.2.1", "LOCAL_V6": "2001:db8::1", "REMOTE_V4": "192.0.2.2", "REMOTE_V6": "2001:db8::2",
         "LOCAL_PREFIX_V6": "2001:db8:2::/64"}
# A file's time in seconds. The suite's own limit is meant for hardware.
LIMIT = 900
# What must pass, whatever the list says.
WANTED = ("net/ping", "net/stats", "net/queues", "net/ring_reconfig", "net/napi_id", "hw/csum", "hw/tso", "hw/irq")
# What the suite expects of a host, and what is not so in a testbed's guest: addresses stay on an
# interface that goes down, /dev/fd is there, what its configuration builds in is loaded, and
# ethtool tells channels as JSON (since 6.15).
PREPARE = r"""
for what in all default; do echo 1 >/proc/sys/net/ipv6/conf/$what/keep_addr_on_down; done
[ -e /dev/fd ] || ln -s /proc/self/fd /dev/fd
modprobe configfs; mountpoint -q /sys/kernel/config || mount -t configfs none /sys/kernel/config
modprobe -a netconsole pppoe
mkdir -p /usr/include/linux && cp -n /root/kselftests/include/linux/ethtool.h /usr/include/linux/
cat >/usr/local/bin/ethtool <<'END'
#!/bin/sh
case "$*" in
"--json -l "*)
	/usr/sbin/ethtool -l "$3" | awk -v name="$3" '
		/^Pre-set/ { end = "-max" }
		/^Current/ { end = "" }
		$1 ~ /^(RX|TX|Other|Combined):$/ && $2 ~ /^[0-9]+$/ {
			sub(":", "", $1)
			text = text ", \"" tolower($1) end "\": " $2
		}
		END { print "[{\"ifname\": \"" name "\"" text "}]" }'
	;;
*) exec /usr/sbin/ethtool "$@" ;;
esac
END
chmod +x /usr/local/bin/ethtool
"""
# The suite's waits and limits in seconds, for a guest that is emulated on a busy machine.
_SLOWER = {"net/lib/py/utils.py": (("timeout=20", "timeout=120"), ("sleep=0.005, deadline=5", "sleep=0.05, deadline=60"),
                                   ("fd_read_timeout(rfd, ksft_wait)", "fd_read_timeout(rfd, 12 * (ksft_wait or 5))"),
                                   ("timeout += 20", "timeout += 300")),
           "drivers/net/hw/toeplitz.py": (('"-T", "4000"', '"-T", "40000"'),)}


class Suite:
    """The suite in host0 of the testbed. `setup` is the name under which the list knows it."""

    def __init__(self, setup: str) -> None:
        self.bed = Bed()
        self.setup = setup
        self.source = ksource.ensure()
        self.tree = kselftest.ensure(self.source)
        self.known = [entry for entry in kselftest.load(LIST) if not entry.setups or setup in entry.setups]
        self.cases: list[kselftest.Case] = []
        self.report = paths.BUILD / f"check-kselftests-{setup}.txt"
        only = os.environ.get("KSELFTESTS", "")
        self.partly = bool(only)
        self.since = time.monotonic()
        self.files = [file for file in kselftest.files(self.tree) if re.search(only, file)]

    def install(self, host: Host) -> None:
        """Copies the suite into a guest, with patience for an emulated one."""
        stream = io.BytesIO()
        with tarfile.open(fileobj=stream, mode="w") as archive:
            for path in sorted(self.tree.rglob("*")):
                info = archive.gettarinfo(path, str(path.relative_to(self.tree)))
                data = path.read_bytes() if info.isreg() else b""
                for before, after in _SLOWER.get(info.name, ()):
                    true(before.encode() in data, f"{info.name}: no {before!r} in it")
                    data = data.replace(before.encode(), after.encode())
                info.size = len(data)
                if path.suffix in (".py", ".sh"):
                    info.mode |= 0o111  # the suite's own runner does without
                archive.addfile(info, io.BytesIO(data))
            # ethtool_lib.sh reads the link modes' numbers there.
            archive.add(self.source / "include/uapi/linux/ethtool.h", "include/linux/ethtool.h")
        done = subprocess.run([self.bed.program, "exec", "--name", self.bed.name, host.name, "--", "sh", "-c",
                               f"mkdir -p {TREE} && tar x -C {TREE}"], input=stream.getvalue(), capture_output=True, check=False)
        true(done.returncode == 0, f"copying the suite into {host.name}: {done.stderr.decode(errors='replace')}")
        host.run(PREPARE, timeout=120)

    def address(self, side: str, host: Host, device: str, namespace: str = "") -> None:
        """Gives a port the addresses of the LOCAL or REMOTE side, and the latter the way to what
        the former forwards to."""
        ip = f"ip -n {namespace}" if namespace else "ip"
        route = f"{ip} -6 route replace {LOCAL['LOCAL_PREFIX_V6']} via {LOCAL['LOCAL_V6']} dev {device}"
        host.run(f"{ip} link set {device} up && {ip} address replace {LOCAL[side + '_V4']}/24 dev {device} && "
                 f"{ip} address replace {LOCAL[side + '_V6']}/64 dev {device} nodad" + (f" && {route}" if side == "REMOTE" else ""))

    def run(self, file: str, variables: dict[str, str], arguments: str = "") -> None:
        """Runs one file; its cases are added."""
        folder, _, name = file.partition("/")
        words = " ".join(f"{key}='{value}'" for key, value in {**LOCAL, **variables, "KSFT_MACHINE_SLOW": "yes"}.items())
        start = time.monotonic()
        done = self.bed.run("host0", f"cd {TREE}/{kselftest.FOLDERS[folder]} && exec env {words} ./{name} {arguments} 2>&1",
                            check=False, timeout=LIMIT, errors="replace")
        cases = kselftest.read(file, done.returncode, done.stdout)
        self.cases += cases
        with self.report.open("a") as stream:
            stream.write(f"--- {file}: status {done.returncode}, {time.monotonic() - start:.0f} s\n{done.stdout}\n")
        print(f"# {file}: {time.monotonic() - start:.0f} s, " +
              ", ".join(f"{case.name.partition('.')[2] or 'whole'} {case.outcome}" for case in cases), flush=True)

    def begin(self) -> None:
        """Forgets an earlier report."""
        self.since = time.monotonic()
        self.report.parent.mkdir(exist_ok=True)
        self.report.write_text("")

    def finish(self) -> None:
        """The lists go before what the programs have printed."""
        text = self.report.read_text()
        files = len({kselftest.file_of(case) for case in self.cases})
        title = f"{self.setup}: {files} files in {(time.monotonic() - self.since) / 60:.0f} minutes"
        self.report.write_text(kselftest.report(title, self.cases, self.known) + "\n" + text)

    def matches_the_list(self) -> None:
        """Each failure is known, and what is known still fails."""
        base = buildroot.ensure()
        version = self.bed.sh("host0", "uname -r")
        problems = kselftest.judge(self.cases, self.known, kselftest.kernel_config(base, version))
        if self.partly:
            problems = [text for text in problems if not text.endswith("names no case")]
        if problems:
            raise Failure("\n".join(problems) + f"\n({self.report})")

    def wanted_pass(self) -> None:
        """What the product promises passes whole, but for cases that its set-up skips."""
        for name in WANTED:
            mine = [case for case in self.cases if kselftest.file_of(case) == name]
            if self.partly and not mine:
                continue
            failed = [case.name for case in mine if case.outcome == kselftest.FAIL]
            true(not failed, f"failed: {' '.join(failed)}")
            true(any(case.outcome == kselftest.PASS for case in mine), f"{name}: nothing passed")


def needs_two_ports(suite: Suite, file: str) -> bool:
    """Whether a file is one of the older scripts, which drive both ports and know of no remote end."""
    folder, _, name = file.partition("/")
    return name.endswith(".sh") and "DRIVER_TEST_CONFORMANT" not in (suite.tree / kselftest.FOLDERS[folder] / name).read_text()


def main(suite: Suite, *tests: Callable[[], object]) -> NoReturn:
    """Runs the tests that fill the suite's cases, then judges them."""
    suite.begin()

    def report_is_written() -> None:
        """The report is complete."""
        suite.finish()

    run_tests(*tests, report_is_written, suite.wanted_pass, suite.matches_the_list)

