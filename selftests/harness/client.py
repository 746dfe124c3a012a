# SPDX-License-Identifier: GPL-2.0-or-later
"""Talking to a testbed's daemon: requests, and commands in guests."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import sys
import termios
import time
import tty
from collections.abc import Iterator
from typing import Any

from . import wire
from .errors import HarnessError, NoAnswer
from .rundir import RunDir

OUTPUT_WINDOW = 1 << 20
STATUS_TIMEOUT = 124
STATUS_TESTBED = 125


def connect(run: RunDir) -> socket.socket:
    """A connection to the daemon."""
    sock = socket.socket(socket.AF_UNIX)
    try:
        sock.connect(str(run.control))
    except OSError:
        sock.close()
        raise HarnessError(f"testbed {run.name!r} is not up") from None
    return sock


def _send_request(sock: socket.socket, message: dict[str, Any]) -> None:
    sock.sendall(json.dumps(message).encode() + b"\n")


def _read_line(sock: socket.socket) -> dict[str, Any]:
    """One line, byte by byte: what follows it are frames."""
    line = b""
    while not line.endswith(b"\n"):
        got = sock.recv(1)
        if not got:
            raise HarnessError("the testbed's daemon closed the connection")
        line += got
    reply = dict(json.loads(line))
    if isinstance(reply.get("error"), str):
        raise HarnessError(reply["error"])
    return reply


def request(run: RunDir, patience_s: float | None = None, **message: Any) -> dict[str, Any]:
    """One request, one reply. `patience_s`: how long to wait for it; None: for ever."""
    with connect(run) as sock:
        sock.settimeout(patience_s)
        try:
            _send_request(sock, message)
            with sock.makefile("rb") as stream:
                line = stream.readline()
        except TimeoutError:
            raise NoAnswer(f"testbed {run.name!r}: its daemon does not answer") from None
    if not line:
        raise HarnessError("the testbed's daemon closed the connection")
    reply = dict(json.loads(line))
    if isinstance(reply.get("error"), str):
        raise HarnessError(reply["error"])
    return reply


class _Exec:
    """One command in a guest, with our own standard streams."""

    def __init__(self, sock: socket.socket, terminal: bool) -> None:
        self._sock = sock
        self._terminal = terminal
        self._input_credit = wire.STDIN_WINDOW
        self._input_open = True
        self._decoder = wire.Decoder(lost=False)
        self._wakeup_read, self._wakeup_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._signals = 0
        self.status: int | None = None

    def close(self) -> None:
        """Close what is ours."""
        os.close(self._wakeup_read)
        os.close(self._wakeup_write)

    def send(self, kind: int, payload: bytes = b"") -> None:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self._sock.sendall(wire.encode(0, kind, payload))

    @contextlib.contextmanager
    def signals(self) -> Iterator[None]:
        """Catch the signals that concern the command instead of us."""
        caught = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGWINCH)
        saved = {number: signal.signal(number, lambda *_: None) for number in caught}
        old = signal.set_wakeup_fd(self._wakeup_write, warn_on_full_buffer=False)
        try:
            yield
        finally:
            signal.set_wakeup_fd(old)
            for number, handler in saved.items():
                signal.signal(number, handler)

    def _on_signal(self) -> None:
        for number in os.read(self._wakeup_read, 64):
            if number == signal.SIGWINCH:
                if self._terminal:
                    size = os.get_terminal_size()
                    self.send(wire.RESIZE, wire.u32(size.lines, size.columns))
                continue
            self._signals += 1
            if self._signals > 2:
                self.send(wire.KILL)
            else:
                self.send(wire.SIGNAL, wire.u32(number))

    def _on_input(self) -> None:
        try:
            data = os.read(0, min(wire.MAX_PAYLOAD, self._input_credit))
        except OSError:
            data = b""
        self._input_credit -= len(data)
        self._input_open = bool(data)
        self.send(wire.STDIN, data)

    def _write(self, fd: int, data: bytes) -> None:
        view = memoryview(data)
        while view:
            try:
                view = view[os.write(fd, view):]
            except BrokenPipeError:
                # Our reader has gone: as for a local command, SIGPIPE.
                self.send(wire.KILL)
                self.status = 128 + signal.SIGPIPE
                return
            except BlockingIOError:
                select.select([], [fd], [])
        self.send(wire.WINDOW, wire.u32(len(data)))

    def _tell(self, text: str) -> None:
        print(f"testbed: {text}", file=sys.stderr)

    def _on_frame(self, frame: wire.Frame) -> None:
        if frame.type in (wire.STDOUT, wire.STDERR):
            self._write(1 if frame.type == wire.STDOUT else 2, frame.payload)
        elif frame.type == wire.STDIN_WINDOW_UP:
            self._input_credit += wire.numbers(frame.payload)[0]
        elif frame.type == wire.EXIT:
            code, number = wire.numbers(frame.payload)
            self.status = 128 + number if number else code
        elif frame.type == wire.FAILED:
            (error,) = wire.numbers(frame.payload[:4])
            self._tell(frame.payload[4:].decode(errors="replace"))
            self.status = {0: STATUS_TESTBED, 2: 127}.get(error, 126)

    def run(self, timeout: float | None) -> int:
        """Until the command ends; kills it after `timeout` seconds."""
        deadline = time.monotonic() + timeout if timeout is not None else None
        expired = False
        poller = select.poll()
        poller.register(self._sock, select.POLLIN)
        poller.register(self._wakeup_read, select.POLLIN)
        while self.status is None:
            if self._input_open and self._input_credit:
                poller.register(0, select.POLLIN)
            else:
                with contextlib.suppress(KeyError):
                    poller.unregister(0)
            wait = None if deadline is None else max(0.0, deadline - time.monotonic()) * 1000
            events = dict(poller.poll(wait))
            if not events and deadline is not None and time.monotonic() >= deadline:
                if expired:
                    return STATUS_TIMEOUT  # the guest does not even kill it
                expired = True
                deadline = time.monotonic() + 5
                self.send(wire.KILL)
            if self._wakeup_read in events:
                self._on_signal()
            if 0 in events:
                self._on_input()
            if self._sock.fileno() in events:
                data = self._sock.recv(1 << 17)
                if not data:
                    raise HarnessError("the testbed's daemon went away")
                for frame in self._decoder.feed(data):
                    self._on_frame(frame)
        if expired:
            self._tell(f"timed out after {timeout:g} s")
            return STATUS_TIMEOUT
        return self.status


class _Captured(_Exec):
    """A command without input, whose output is kept."""

    def __init__(self, sock: socket.socket) -> None:
        super().__init__(sock, False)
        self._input_open = False
        self.output: list[tuple[int, bytes]] = []

    def _write(self, fd: int, data: bytes) -> None:
        self.output.append((fd, data))
        self.send(wire.WINDOW, wire.u32(len(data)))

    def _tell(self, text: str) -> None:
        self.output.append((2, f"testbed: {text}\n".encode()))


def _readable_input() -> bool:
    """Whether reading standard input would neither fail nor stop us."""
    try:
        if os.isatty(0):
            return os.tcgetpgrp(0) == os.getpgrp()
        os.fstat(0)
        return True
    except OSError:
        return False


@contextlib.contextmanager
def _raw_terminal() -> Iterator[None]:
    saved = termios.tcgetattr(0)
    try:
        tty.setraw(0)
        yield
    finally:
        termios.tcsetattr(0, termios.TCSADRAIN, saved)


def execute(run: RunDir, host: str, command: list[str], timeout: float | None = None,
            environment: dict[str, str] | None = None, terminal: bool = False) -> int:
    """Run a command in a guest with our standard streams; its exit status
    (128 + number for a signal, 124 after a timeout)."""
    size = None
    if terminal:
        columns_lines = os.get_terminal_size(0)
        size = (columns_lines.lines, columns_lines.columns)
        environment = {"TERM": os.environ.get("TERM", "linux"), **(environment or {})}
    start = _start(command, environment, size)
    with connect(run) as sock:
        _send_request(sock, {"op": "exec", "host": host})
        _read_line(sock)
        session = _Exec(sock, terminal)
        with contextlib.ExitStack() as stack:
            stack.callback(session.close)
            stack.enter_context(session.signals())
            if terminal:
                stack.enter_context(_raw_terminal())
            session.send(wire.START, start)
            if not _readable_input():
                session._input_open = False
                session.send(wire.STDIN)
            return session.run(timeout)


def capture(run: RunDir, host: str, command: list[str], timeout: float | None = None,
            environment: dict[str, str] | None = None) -> tuple[int, list[tuple[int, bytes]]]:
    """Run a command without input in a guest; its exit status as of execute(), and what it wrote
    to 1 and 2 in the order in which it came. From any thread."""
    start = _start(command, environment, None)
    with connect(run) as sock:
        _send_request(sock, {"op": "exec", "host": host})
        _read_line(sock)
        session = _Captured(sock)
        with contextlib.closing(session):
            session.send(wire.START, start)
            session.send(wire.STDIN)
            return session.run(timeout), session.output


def _start(command: list[str], environment: dict[str, str] | None, size: tuple[int, int] | None) -> bytes:
    """The frame that starts a command."""
    variables = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root",
                 "USER": "root", "LOGNAME": "root", "SHELL": "/bin/bash", "LANG": "C.UTF-8"}
    variables |= environment or {}
    try:
        return wire.start([os.fsencode(text) for text in command],
                          [os.fsencode(f"{key}={value}") for key, value in variables.items()], OUTPUT_WINDOW, size)
    except ValueError as error:
        raise HarnessError(str(error)) from None
