# SPDX-License-Identifier: GPL-2.0-or-later
"""One guest of a testbed, as the daemon sees it: QEMU, its monitor, its agent."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections.abc import Callable
from pathlib import Path

from . import process, wire
from .errors import HarnessError
from .monitor import Monitor
from .port import Port

# A guest that prints nothing for so long while booting hangs (seen under TCG).
BOOT_SILENCE_S = 45.0
BOOT_LIMIT_S = 180.0
_TRIES = 2

# What a session's owner gets: frames, and None when the guest is gone.
SessionHandler = Callable[[wire.Frame | None], None]
CommandLine = Callable[[int, int], list[str]]


class Guest:
    """Starts a guest, watches it, and carries the frames of its sessions."""

    def __init__(self, name: str, version: str, console: Path, command_line: CommandLine,
                 on_death: Callable[[Guest], None]) -> None:
        self.name = name
        self.version = version
        self.console = console
        self.state = "off"
        self.pid = 0
        self.boots = 0
        self._command_line = command_line
        self._on_death = on_death
        self._process: asyncio.subprocess.Process | None = None
        self._port = Port(name, console.with_suffix(".agent"), self._frame, self._drop_sessions)
        self._monitor: Monitor | None = None
        self._sessions: dict[int, SessionHandler] = {}
        self._next_session = 0
        self._changed = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._stopping = False

    def _set_state(self, state: str) -> None:
        self.state = state
        self._changed.set()
        self._changed = asyncio.Event()

    async def start(self) -> None:
        """Boot; one retry when the boot hangs."""
        for attempt in range(1, _TRIES + 1):
            await self._launch()
            problem = await self._wait_for_boot()
            if not problem:
                return
            await self._kill()
            if attempt == _TRIES or self.state == "dead":
                raise HarnessError(f"{self.name}: {problem}; its console ends with:\n{self.console_tail()}")
            print(f"{self.name}: {problem}; trying once more", flush=True)

    async def _launch(self) -> None:
        self.console.write_bytes(b"")
        monitor, monitor_far = socket.socketpair()
        self._port.lose()
        self._stopping = False
        with self._port.listen() as agent, monitor_far:
            line = self._command_line(agent.fileno(), monitor_far.fileno())
            self._process = await asyncio.create_subprocess_exec(
                *line, pass_fds=(agent.fileno(), monitor_far.fileno()), stdin=asyncio.subprocess.DEVNULL,
                preexec_fn=process.die_with_parent)
            await self._port.connect()
        self.pid = self._process.pid
        self._set_state("booting")
        self._monitor = Monitor(monitor, self._event)
        self._tasks = [asyncio.create_task(self._monitor.run()), asyncio.create_task(self._watch(self._process))]

    async def _watch(self, child: asyncio.subprocess.Process) -> None:
        status = await child.wait()
        if not self._stopping:
            print(f"{self.name}: QEMU ended with status {status}", flush=True)
        self.pid = 0
        self._drop_sessions()
        self._set_state("off" if self._stopping else "dead")
        if not self._stopping:
            self._on_death(self)

    def _event(self, event: str, data: dict[str, object]) -> None:
        if self.state != "up":
            return
        if event == "RESET":
            self._port.lose()
            self._drop_sessions()
            self._set_state("booting")
        elif event == "VSERPORT_CHANGE":
            # The guest is suspended, or has resumed.
            if data["open"]:
                self._port.check()
            else:
                self._port.cancel_check()

    async def _wait_for_boot(self) -> str:
        """Empty when the guest is up, else what is wrong."""
        start = last = time.monotonic()
        size = 0
        while self.state == "booting":
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._changed.wait(), 1.0)
            now = time.monotonic()
            with contextlib.suppress(OSError):
                if self.console.stat().st_size != size:
                    size, last = self.console.stat().st_size, now
            # The console may be silent for the whole of a good boot: so the
            # silence must be longer than that takes on a busy machine.
            if now - last > BOOT_SILENCE_S or now - start > BOOT_LIMIT_S:
                return f"did not boot in {now - start:.0f} s"
        return "" if self.state == "up" else "QEMU ended during boot"

    def console_tail(self, lines: int = 15) -> str:
        """The last lines of the serial console."""
        try:
            return "\n".join(self.console.read_text(errors="replace").splitlines()[-lines:])
        except OSError:
            return ""

    def _frame(self, frame: wire.Frame) -> None:
        if frame.type == wire.HELLO:
            (version,) = wire.numbers(frame.payload[len(wire.COOKIE):len(wire.COOKIE) + 4])
            if version != wire.VERSION:
                print(f"{self.name}: agent of version {version}", flush=True)
                return
            self._drop_sessions()
            self._port.synchronise()
            # Also said when the stream was broken; that is no boot.
            self.boots += self.state == "booting"
            self._set_state("up")
        elif handler := self._sessions.get(frame.session):
            if frame.type in (wire.EXIT, wire.FAILED):
                del self._sessions[frame.session]
            handler(frame)

    def _drop_sessions(self) -> None:
        sessions, self._sessions = self._sessions, {}
        for handler in sessions.values():
            handler(None)

    async def wait_up(self, timeout: float) -> bool:
        """Wait until commands can be run."""
        deadline = time.monotonic() + timeout
        while self.state != "up":
            left = deadline - time.monotonic()
            if left <= 0 or self.state in ("dead", "off"):
                return False
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._changed.wait(), left)
        return True

    def open_session(self, start: bytes, handler: SessionHandler) -> int:
        """Start a command; `handler` gets its frames."""
        self._next_session += 1
        self._sessions[self._next_session] = handler
        self._port.send(wire.encode(self._next_session, wire.START, start))
        return self._next_session

    async def forward(self, session: int, kind: int, payload: bytes) -> None:
        """Send a frame of a session; waits while the guest does not take it."""
        if session in self._sessions:
            self._port.send(wire.encode(session, kind, payload))
            await self._port.drain()

    def abandon(self, session: int) -> None:
        """The owner of a session has gone: end what it started."""
        if self._sessions.pop(session, None):
            self._port.send(wire.encode(session, wire.KILL))
            # Its output must go on flowing, or the agent would wait for a reader.
            self._port.send(wire.encode(session, wire.WINDOW, wire.u32(0xFFFFFFFF)))

    async def execute(self, command: dict[str, object]) -> dict[str, object]:
        """A command of QEMU's monitor."""
        if not self._monitor:
            return {"error": {"desc": "the guest is off"}}
        return await self._monitor.execute(command)

    async def _kill(self) -> None:
        self._stopping = self._stopping or self.state != "dead"
        if self._process and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()
        self._port.close()
        pending = [task for task in self._tasks if task is not asyncio.current_task()]
        _done, late = await asyncio.wait(pending, timeout=2) if pending else (set(), set())
        for task in late:
            task.cancel()

    async def stop(self) -> None:
        """Kill QEMU and wait for its end."""
        await self._kill()
