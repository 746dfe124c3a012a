# SPDX-License-Identifier: GPL-2.0-or-later
"""The daemon's end of a guest's virtio-serial port: frames to and from the agent.

Suspending resets the port. Bytes that reached the guest and that its agent had
not read are lost then, and kernel 7.3 does not learn any more that the host's
end is connected: while resuming it asks before it has given buffers for the
answer, and QEMU drops the answer. So after each such reset the agent is asked
how many bytes it got and sent; without a reply the connection to QEMU is
closed and made again, which QEMU tells the guest.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable
from pathlib import Path

from . import wire

_ANSWER_S = 1.0
_TRIES = 5


class Port:
    """One connection. `on_frame` gets what the agent sends, `on_loss` is called
    when the stream is broken and starts anew with the agent's next HELLO."""

    def __init__(self, name: str, path: Path, on_frame: Callable[[wire.Frame], None],
                 on_loss: Callable[[], None]) -> None:
        self._name = name
        self._path = path
        self._on_frame = on_frame
        self._on_loss = on_loss
        self._decoder = wire.Decoder(lost=True)
        self._writer: asyncio.StreamWriter | None = None
        self._reading: asyncio.Task[None] | None = None
        self._checking: asyncio.Task[None] | None = None
        self._answered = asyncio.Event()
        # Bytes since SYNC and HELLO, these included; the agent counts the same.
        self._sent = 0
        self._received = 0

    def listen(self) -> socket.socket:
        """The socket on which QEMU is to accept connections; the caller closes it."""
        self._path.unlink(missing_ok=True)
        sock = socket.socket(socket.AF_UNIX)
        try:
            sock.bind(str(self._path))
            sock.listen(1)
        except OSError:
            sock.close()
            raise
        return sock

    async def connect(self) -> None:
        """Connect to whoever holds the listening socket."""
        reader, self._writer = await asyncio.open_unix_connection(str(self._path))
        self._reading = asyncio.create_task(self._read(reader))

    async def _read(self, reader: asyncio.StreamReader) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(1 << 18):
                try:
                    for frame in self._decoder.feed(data):
                        self._frame(frame)
                except wire.BrokenStream as error:
                    self._restart(str(error))

    def _frame(self, frame: wire.Frame) -> None:
        if frame.type == wire.HELLO:
            self._received = 0
        if frame.type == wire.PONG:
            missing, sent = wire.numbers(frame.payload)
            lost = (sent - self._received) & 0xFFFFFFFF
            if missing or lost:
                self._restart(f"suspending it has lost {missing} bytes to it and {lost} from it")
                return
            self._answered.set()
        else:
            self._on_frame(frame)
        self._received += wire.HEADER.size + len(frame.payload)

    def synchronise(self) -> None:
        """Answer a HELLO: what follows is for the agent that sent it."""
        self._sent = 0
        self.send(wire.encode(0, wire.SYNC, wire.COOKIE))
        self._answered.set()

    def lose(self) -> None:
        """The guest was reset: nothing before its next HELLO counts."""
        self._decoder.lose()
        self.cancel_check()

    def _restart(self, why: str) -> None:
        print(f"{self._name}: {why}; the connection to its agent starts anew", flush=True)
        self._decoder.lose()
        self._on_loss()
        # Wherever the agent is in a frame, these bytes show it that the stream
        # is broken; it says HELLO then.
        self.send(bytes(wire.HEADER.size + wire.MAX_PAYLOAD))

    def check(self) -> None:
        """The guest has closed and opened its end: see that frames pass again."""
        self.cancel_check()
        self._checking = asyncio.create_task(self._check())

    def cancel_check(self) -> None:
        """The guest's end is closed."""
        if self._checking:
            self._checking.cancel()

    async def _check(self) -> None:
        self._answered.clear()
        for attempt in range(_TRIES):
            if attempt:
                self._hang_up()
                try:
                    await self.connect()
                except OSError:
                    return  # QEMU has ended
            self.send(wire.encode(0, wire.PING, wire.u32(self._sent & 0xFFFFFFFF)))
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._answered.wait(), _ANSWER_S)
                return
        # The answer may lie in a frame of which a part was lost.
        self._restart("its agent does not answer since it was suspended")

    def send(self, data: bytes) -> None:
        """Queue bytes towards the agent."""
        if self._writer and not self._writer.is_closing():
            self._writer.write(data)
            self._sent += len(data)

    async def drain(self) -> None:
        """Wait until the guest takes more."""
        if self._writer:
            with contextlib.suppress(ConnectionError):
                await self._writer.drain()

    def _hang_up(self) -> None:
        if self._reading:
            self._reading.cancel()
        if self._writer:
            self._writer.close()

    def close(self) -> None:
        """The end of the connection."""
        self.cancel_check()
        self._hang_up()
