# SPDX-License-Identifier: GPL-2.0-or-later
"""The process that owns a testbed: starts ofemu and the guests, serves clients.

It is the parent of every process of the testbed, which the kernel ends with
it; so killing the daemon leaves no process behind, and its folder is found
without an owner by the next command.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import ofemu, process, qemu, wire
from .errors import HarnessError
from .guest import Guest
from .images import Images
from .rundir import RunDir
from .topology import Topology

_OFEMU_START_S = 20.0
_BOOT_WAIT_S = 120.0


@dataclass(frozen=True)
class Plan:
    """Everything that `up` has prepared."""

    run: RunDir
    topology: Topology
    topology_file: Path
    kernel: str
    images: Images
    build_root: Path
    options: qemu.Options


class Daemon:
    """One testbed."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._guests: dict[str, Guest] = {}
        self._ofemu: asyncio.subprocess.Process | None = None
        self._stop = asyncio.Event()
        self._started = time.time()
        self._clients: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Bring everything up, or raise."""
        plan = self._plan
        if plan.topology.uses_ofemu():
            await self._start_ofemu()
        for host in plan.topology.hosts:
            def line(agent_fd: int, monitor_fd: int, host: Any = host) -> list[str]:
                return qemu.command(plan.build_root, host, plan.topology, plan.images, plan.run.path, plan.options,
                                    agent_fd, monitor_fd)
            self._guests[host.name] = Guest(host.name, plan.images.version, plan.run.console(host.name), line,
                                            lambda guest: self._write_info())
        # A listening end of a stock wire must exist before the other connects;
        # QEMU retries by itself, so all may start at once.
        await asyncio.gather(*(guest.start() for guest in self._guests.values()))
        await asyncio.start_unix_server(self._accept, str(plan.run.control))
        self._write_info()

    async def _start_ofemu(self) -> None:
        run = self._plan.run.path
        config = ofemu.write_configuration(self._plan.topology, run)
        command = ofemu.command(self._plan.build_root, [str(config)])
        log = open(run / "ofemu.log", "ab")
        self._ofemu = await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=log,
            preexec_fn=process.die_with_parent)
        log.close()
        assert self._ofemu.stdout
        try:
            line = await asyncio.wait_for(self._ofemu.stdout.readline(), _OFEMU_START_S)
        except asyncio.TimeoutError:
            line = b"(nothing)"
        if line.strip() != b"ready":
            tail = (run / "ofemu.log").read_text(errors="replace").splitlines()[-15:]
            raise HarnessError("ofemu did not start: " + "\n".join([line.decode(errors="replace").strip(), *tail]))
        drain = asyncio.create_task(self._drain_ofemu(self._ofemu))
        self._clients.add(drain)

    async def _drain_ofemu(self, child: asyncio.subprocess.Process) -> None:
        assert child.stdout
        while data := await child.stdout.read(65536):
            os.write(2, data)
        status = await child.wait()
        print(f"ofemu ended with status {status}", flush=True)
        self._write_info()

    def describe(self) -> dict[str, Any]:
        """State for `status`, and for tests that look for pids and logs."""
        plan = self._plan
        alive = self._ofemu is not None and self._ofemu.returncode is None
        return {
            "name": plan.run.name, "daemon": os.getpid(), "topology": str(plan.topology_file), "kernel": plan.kernel,
            "version": plan.images.version, "started": self._started, "accel": "kvm" if plan.options.kvm else "tcg",
            "folder": str(plan.run.path),
            "ofemu": {"pid": self._ofemu.pid if alive and self._ofemu else 0,
                      "control": str(ofemu.control_socket(plan.run.path)),
                      "log": str(plan.run.path / "ofemu.log")} if self._ofemu else None,
            "hosts": {name: {"state": guest.state, "pid": guest.pid, "boots": guest.boots,
                             "console": str(guest.console)} for name, guest in self._guests.items()},
        }

    def _write_info(self) -> None:
        with contextlib.suppress(OSError):
            temporary = self._plan.run.info.with_suffix(".new")
            temporary.write_text(json.dumps(self.describe()))
            temporary.rename(self._plan.run.info)

    async def serve(self) -> None:
        """Until somebody says stop."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.add_signal_handler(number, self._stop.set)
        await self._stop.wait()

    async def shut_down(self) -> None:
        """End every process. Guests first: ofemu then sees orderly closed sockets."""
        with contextlib.suppress(OSError):
            self._plan.run.control.unlink()
        await asyncio.gather(*(guest.stop() for guest in self._guests.values()), return_exceptions=True)
        if self._ofemu and self._ofemu.returncode is None:
            self._ofemu.terminate()
            try:
                await asyncio.wait_for(self._ofemu.wait(), 5)
            except asyncio.TimeoutError:
                self._ofemu.kill()
                await self._ofemu.wait()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._serve_client(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, ValueError):
            pass
        finally:
            writer.close()

    async def _serve_client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = json.loads(await reader.readline())
        operation = request.get("op")
        if operation == "status":
            reply: dict[str, Any] = self.describe()
        elif operation == "down":
            reply = {}
            self._stop.set()
        elif operation in ("exec", "monitor"):
            guest = self._guests.get(request["host"])
            if guest is None:
                reply = {"error": f"no host {request['host']!r} (there are: {', '.join(self._guests)})"}
            elif operation == "monitor":
                reply = await guest.execute(request["command"])
            elif not await guest.wait_up(_BOOT_WAIT_S):
                reply = {"error": f"{guest.name} is {guest.state}"}
            else:
                await self._serve_exec(guest, reader, writer)
                return
        else:
            reply = {"error": f"unknown request {operation!r}"}
        writer.write(json.dumps(reply).encode() + b"\n")
        await writer.drain()

    async def _serve_exec(self, guest: Guest, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"{}\n")
        ended = asyncio.Event()

        def handle(frame: wire.Frame | None) -> None:
            if frame is None:
                text = wire.u32(0) + f"{guest.name} went away".encode()
                frame = wire.Frame(0, wire.FAILED, text)
            # Bounded by the session's window, which the client hands out.
            writer.write(wire.encode(0, frame.type, frame.payload))
            if frame.type in (wire.EXIT, wire.FAILED):
                ended.set()

        decoder = wire.Decoder(lost=False)
        session = 0
        try:
            while data := await reader.read(1 << 17):
                for frame in decoder.feed(data):
                    if frame.type == wire.START and not session:
                        session = guest.open_session(frame.payload, handle)
                    elif session:
                        await guest.forward(session, frame.type, frame.payload)
        except wire.BrokenStream:
            pass
        finally:
            if session and not ended.is_set():
                guest.abandon(session)
        with contextlib.suppress(ConnectionError):
            await writer.drain()


async def _main(plan: Plan, report: int, lifeline: int) -> None:
    def tell(**message: object) -> None:
        with contextlib.suppress(OSError):
            os.write(report, json.dumps(message).encode() + b"\n")

    daemon = Daemon(plan)
    loop = asyncio.get_running_loop()
    starting = asyncio.create_task(daemon.start())
    # End of file on the lifeline: `up` was interrupted or killed.
    loop.add_reader(lifeline, starting.cancel)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, starting.cancel)
    try:
        await starting
        loop.remove_reader(lifeline)
        tell(ready=True)
        os.close(report)
        await daemon.serve()
    except HarnessError as error:
        tell(error=str(error))
    except asyncio.CancelledError:
        tell(error="interrupted")
    except OSError as error:
        tell(error=str(error))
    finally:
        await daemon.shut_down()


def run(plan: Plan, report: int, lifeline: int) -> None:
    """The daemon's life; the caller has forked and holds the folder's lock."""
    try:
        plan.run.write_pid()
        asyncio.run(_main(plan, report, lifeline))
    finally:
        plan.run.remove()
