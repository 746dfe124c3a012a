# SPDX-License-Identifier: GPL-2.0-or-later
"""`selftests/testbed`: the command."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from . import buildroot, cli, client, host, pkglist, rundir
from .cache import note
from .errors import HarnessError, NoAnswer
from .rundir import RunDir

DEFAULT_NAME = "default"
_DOWN_S = 20.0
_ANSWER_S = 10.0


class _Taken(HarnessError):
    """Another process owns the testbed's folder: it is not ours to clean."""


def _prepare(options: argparse.Namespace, run: RunDir) -> Any:
    """Make all that the daemon needs; imported late, `exec` must start fast."""
    host.require_yaml()
    from . import accel, daemon, images, ofemu, product, qemu, topology

    file = topology.find(options.topology)
    plan = topology.load(file)
    packages = pkglist.parse(options.packages)
    share = None
    if options.share:
        share = options.share.resolve()
        if not share.is_dir():
            raise HarnessError(f"--share {options.share}: no such folder")
        if "," in str(share):
            raise HarnessError(f"--share {share}: QEMU takes no comma in a path")
    base = buildroot.ensure()
    with contextlib.nullcontext() if options.bare else product.stage(options.stage) as stage:
        made = images.ensure(options.kernel, packages, stage)
    if plan.uses_ofemu():
        ofemu.binary()
    settings = qemu.Options(options.cpus, options.memory, accel.kvm_works(base, made.vmlinux), share, options.iommu == "strict", options.plugin,
                            options.append)
    return daemon.Plan(run, plan, file, options.kernel, made, base, settings)


def _fork_daemon(plan: Any) -> tuple[int, int]:
    """Start the daemon; returns the pipe it reports on, and its lifeline."""
    from . import daemon

    report_read, report_write = os.pipe()
    lifeline_read, lifeline_write = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    if os.fork() == 0:
        status = 1
        try:
            os.setsid()
            os.close(report_read)
            os.close(lifeline_write)
            null = os.open("/dev/null", os.O_RDONLY)
            log = os.open(plan.run.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
            os.dup2(null, 0)
            os.dup2(log, 1)
            os.dup2(log, 2)
            os.close(null)
            os.close(log)
            daemon.run(plan, report_write, lifeline_read)
            status = 0
        finally:
            os._exit(status)
    os.close(report_write)
    os.close(lifeline_read)
    return report_read, lifeline_write


def up(options: argparse.Namespace) -> int:
    """Boot a topology."""
    host.require_root()
    run = RunDir(options.name)
    if run.is_running():
        raise HarnessError(f"testbed {run.name!r} is up already (down it, or choose another --name)")
    plan = _prepare(options, run)
    start = time.monotonic()
    try:
        message = _start(run, plan)
    except _Taken:
        raise
    except BaseException:
        _clean_up(run)
        raise
    if "error" in message:
        _clean_up(run)
        raise HarnessError(message["error"])
    names = ", ".join(guest.name for guest in plan.topology.hosts)
    note(f"{run.name}: {names} up with kernel {plan.images.version} in {time.monotonic() - start:.1f} s")
    return 0


def _start(run: RunDir, plan: Any) -> dict[str, Any]:
    """Fork the daemon; its first and only report."""
    lock = run.acquire(create=True)
    if lock is None:
        raise _Taken(f"testbed {run.name!r} is being started or is up already")
    try:
        run.clear()
        report, lifeline = _fork_daemon(plan)
    finally:
        os.close(lock)
    try:
        with os.fdopen(report) as stream:
            line = stream.readline()
    finally:
        # A daemon that has not reported yet takes this as the end of `up`.
        os.close(lifeline)
    if not line:
        return {"error": "the testbed's daemon died at its start"}
    message = dict(json.loads(line))
    if "error" in message:
        os.wait()
    return message


def _clean_up(run: RunDir) -> None:
    """Remove the folder of a start that failed, once its daemon has ended."""
    deadline = time.monotonic() + _DOWN_S
    while run.path.exists() and time.monotonic() < deadline:
        lock = run.acquire(create=False)
        if lock is not None:
            run.remove()
            os.close(lock)
            return
        time.sleep(0.02)


def execute(options: argparse.Namespace) -> int:
    """Run a command in a guest."""
    command = options.command[1:] if options.command[:1] == ["--"] else options.command
    if not command:
        raise HarnessError("exec: no command given")
    variables = dict(options.env)
    return client.execute(RunDir(options.name), options.host, command, options.timeout, variables, options.tty)


def shell(options: argparse.Namespace) -> int:
    """A login shell."""
    if not os.isatty(0):
        raise HarnessError("shell: standard input is no terminal (use exec)")
    return client.execute(RunDir(options.name), options.host, ["bash", "-l"], terminal=True)


def ctl(options: argparse.Namespace) -> int:
    """Talk to the device model: cut a fibre, crash a firmware, show counters."""
    from . import ofemu

    words = options.command[1:] if options.command[:1] == ["--"] else options.command
    run = RunDir(options.name)
    emulator = client.request(run, op="status")["ofemu"]
    if not emulator:
        raise HarnessError(f"testbed {run.name!r} has no device model (only stock NICs)")
    flags = ["--json"] if options.json else []
    command = ofemu.command(buildroot.ensure(), ["ctl", "--socket", emulator["control"], *flags, *words])
    return subprocess.run(command, check=False).returncode


def status(options: argparse.Namespace) -> int:
    """Show what is up."""
    found = []
    for name in rundir.all_names():
        run = RunDir(name)
        try:
            found.append(client.request(run, _ANSWER_S, op="status"))
        except NoAnswer:
            found.append({"name": name, "state": "does not answer", "hosts": {}})
        except HarnessError:
            state = "starting" if run.is_running() else "crashed"
            found.append({"name": name, "state": state, "hosts": {}})
    if options.json:
        print(json.dumps(found, indent=2))
        return 0
    for bed in found:
        if "state" in bed:
            hint = "" if bed["state"] == "starting" else f" (clean up with: testbed down --name {bed['name']})"
            print(f"{bed['name']}: {bed['state']}{hint}")
            continue
        emulator = bed["ofemu"]
        print(f"{bed['name']}: {Path(bed['topology']).name}, kernel {bed['version']}, {bed['accel']}, "
              f"up {time.time() - bed['started']:.0f} s"
              + (f", ofemu {emulator['pid'] or 'dead'} ({emulator['control']})" if emulator else ""))
        for name, guest in bed["hosts"].items():
            print(f"  {name}: {guest['state']}, pid {guest['pid']}, console {guest['console']}")
    return 0


def _down_one(run: RunDir) -> None:
    deadline = time.monotonic() + _DOWN_S
    asked = False
    while True:
        lock = run.acquire(create=False)
        if lock is not None:
            run.remove()
            os.close(lock)
            return
        if not run.path.exists():
            return
        if not asked:
            try:
                client.request(run, _ANSWER_S, op="down")
                asked = True
            except NoAnswer:
                deadline = time.monotonic()  # nor would it to a signal
            except HarnessError:
                _signal_daemon(run, signal.SIGTERM)
        if time.monotonic() > deadline:
            note(f"{run.name}: the daemon does not stop; killing it")
            _signal_daemon(run, signal.SIGKILL)
            deadline = time.monotonic() + _DOWN_S
        time.sleep(0.02)


def _signal_daemon(run: RunDir, number: int) -> None:
    pid = run.read_pid()
    if pid:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass


def down(options: argparse.Namespace) -> int:
    """End testbeds."""
    for name in rundir.all_names() if options.all else [options.name]:
        run = RunDir(name)
        if not run.path.exists():
            note(f"{name}: is not up")
            continue
        _down_one(run)
    return 0


def monitor(options: argparse.Namespace) -> int:
    """A command of QEMU's monitor."""
    try:
        command = json.loads(options.command)
    except ValueError as error:
        raise HarnessError(f"monitor: not JSON: {error}") from None
    reply = client.request(RunDir(options.name), op="monitor", host=options.host, command=command)
    print(json.dumps(reply))
    return 1 if "error" in reply else 0


def _positive(text: str) -> float:
    value = float(text)
    if value <= 0:
        raise argparse.ArgumentTypeError("must be positive")
    return value


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="selftests/testbed", allow_abbrev=False,
                                     description="Guests with our NICs, joined by fibres.")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")

    def verb(name: str, function: Any, text: str) -> argparse.ArgumentParser:
        sub = verbs.add_parser(name, help=text, description=text, allow_abbrev=False)
        sub.set_defaults(function=function)
        if name != "status":
            sub.add_argument("--name", default=DEFAULT_NAME, help="the testbed's name (default: %(default)s)")
        return sub

    sub = verb("up", up, "Build what is missing, boot the guests of a topology and return when they can be used.")
    sub.add_argument("topology", metavar="TOPOLOGY", help="a file, or a name in selftests/topologies")
    sub.add_argument("--kernel", choices=("stable", "backports"), default="backports", help="Debian's kernel (default: %(default)s)")
    sub.add_argument("--cpus", type=int, choices=range(1, 65), default=1, metavar="N", help="CPUs per guest (default: 1)")
    sub.add_argument("--memory", type=int, choices=range(256, (1 << 20) + 1), default=768, metavar="M", help="MiB per guest (default: 768)")
    sub.add_argument("--packages", default="", metavar="A,B", help="Debian packages to add to the guests")
    sub.add_argument("--share", type=Path, metavar="DIR", help="folder of the host, writable at /mnt/share")
    sub.add_argument("--iommu", choices=("off", "strict"), default="off", help="an emulated IOMMU in strict mode")
    sub.add_argument("--stage", type=Path, metavar="DIR", help="install from DIR (of make install) instead of building")
    sub.add_argument("--bare", action="store_true", help="guests without our software")
    sub.add_argument("--append", default="", metavar="TEXT", help="more kernel parameters")
    sub.add_argument("--plugin", metavar="ARG", help="a plugin for QEMU (its -plugin argument)")

    sub = verb("exec", execute, "Run a command in a guest: standard streams, signals and exit status are its own.")
    sub.add_argument("--timeout", type=_positive, metavar="S", help="kill it after S seconds (exit status 124)")
    sub.add_argument("--env", action="append", default=[], metavar="K=V", type=cli.assignment, help="set a variable")
    sub.add_argument("--tty", action="store_true", help="give it a terminal")
    sub.add_argument("host", metavar="HOST")
    sub.add_argument("command", nargs=argparse.REMAINDER, metavar="-- CMD...")

    verb("shell", shell, "A login shell in a guest.").add_argument("host", metavar="HOST")
    sub = verb("ctl", ctl, "Send a command to the device model; without one, list them.")
    sub.add_argument("--json", action="store_true", help="the answer for programs")
    sub.add_argument("command", nargs=argparse.REMAINDER, metavar="-- COMMAND...")
    verb("status", status, "Show the testbeds.").add_argument("--json", action="store_true", help="for programs")
    verb("down", down, "End a testbed; nothing of it remains.").add_argument("--all", action="store_true", help="all of them")
    sub = verb("monitor", monitor, "Send a command to QEMU's monitor (QMP).")
    sub.add_argument("host", metavar="HOST")
    sub.add_argument("command", metavar="JSON")
    return parser


def main(arguments: list[str]) -> int:
    """`selftests/testbed`."""
    options = _parser().parse_args(arguments)
    return int(options.function(options))
