# SPDX-License-Identifier: GPL-2.0-or-later
"""The connection to a guest's agent, with a QEMU and an agent that are played."""

from __future__ import annotations

import asyncio
import contextlib
import io
import tempfile
import unittest
from collections.abc import Awaitable, Callable
from pathlib import Path

from harness import wire
from harness.port import Port

HELLO = wire.encode(0, wire.HELLO, wire.COOKIE + wire.u32(wire.VERSION) + b"7.3")
SYNC = wire.encode(0, wire.SYNC, wire.COOKIE)


class Far:
    """QEMU's end: one connection after another."""

    def __init__(self, port: Port) -> None:
        self.socket = port.listen()
        self.connections: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()
        self.writers: list[asyncio.StreamWriter] = []

    async def serve(self) -> asyncio.Server:
        """Takes connections from here on."""
        return await asyncio.start_unix_server(self._take, sock=self.socket)

    def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.append(writer)
        self.connections.put_nowait((reader, writer))

    async def accept(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """The next connection."""
        return await asyncio.wait_for(self.connections.get(), 10)


async def ping(reader: asyncio.StreamReader) -> int:
    """Reads a PING; the count in it."""
    header = wire.HEADER.unpack(await asyncio.wait_for(reader.readexactly(wire.HEADER.size), 10))
    assert header[2:] == (wire.PING, 4), header
    return wire.numbers(await reader.readexactly(4))[0]


def pong(missing: int, sent: int) -> bytes:
    return wire.encode(0, wire.PONG, wire.u32(missing, sent))


class PortTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.log = io.StringIO()
        log = contextlib.redirect_stdout(self.log)
        log.__enter__()
        self.addCleanup(log.__exit__, None, None, None)
        self.frames: list[wire.Frame] = []
        self.losses = 0
        self.port = Port("host0", Path(folder.name) / "port", self.frame, self.loss)

    def frame(self, frame: wire.Frame) -> None:
        self.frames.append(frame)
        if frame.type == wire.HELLO:
            self.port.synchronise()

    def loss(self) -> None:
        self.losses += 1

    def play(self, part: Callable[[Far, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]) -> None:
        """Runs a part after HELLO and SYNC."""
        async def whole() -> None:
            far = Far(self.port)
            await self.port.connect()
            server = await far.serve()
            reader, writer = await far.accept()
            writer.write(HELLO)
            self.assertEqual(await asyncio.wait_for(reader.readexactly(len(SYNC)), 10), SYNC)
            try:
                await part(far, reader, writer)
            finally:
                self.port.close()
                for each in far.writers:
                    each.close()
                server.close()
                await asyncio.sleep(0.05)  # what was closed ends in the loop
        asyncio.run(whole())

    async def until(self, condition: Callable[[], bool]) -> None:
        for _ in range(500):
            if condition():
                return
            await asyncio.sleep(0.01)
        self.fail("not within 5 s")

    def test_a_port_that_works_after_its_suspend_is_left_alone(self) -> None:
        async def part(far: Far, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self.port.check()
            self.assertEqual(await ping(reader), len(SYNC))
            writer.write(pong(0, len(HELLO)) + wire.encode(3, wire.STDOUT, b"x"))
            await self.until(lambda: len(self.frames) == 2)
            # The next check has counted the PING, the PONG and what came between.
            self.port.check()
            self.assertEqual(await ping(reader), len(SYNC) + 20)
            writer.write(pong(0, len(HELLO) + 24 + 17))
            await asyncio.sleep(1.5)
            self.assertTrue(far.connections.empty())
        self.play(part)
        self.assertEqual(self.losses, 0)

    def test_an_agent_that_cannot_answer_gets_a_new_connection(self) -> None:
        async def part(far: Far, reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
            self.port.check()
            first = await ping(reader)
            reader, writer = await far.accept()
            self.assertEqual(await ping(reader), first + 20)
            # It had got the first PING as well, and answers both only now.
            writer.write(pong(0, len(HELLO)) + pong(0, len(HELLO) + 24) + wire.encode(3, wire.STDOUT, b"x"))
            await self.until(lambda: len(self.frames) == 2)
        self.play(part)
        self.assertEqual(self.losses, 0)

    def test_lost_bytes_start_the_stream_anew(self) -> None:
        for missing, sent in ((16, len(HELLO)), (0, len(HELLO) + 100)):
            with self.subTest(missing=missing):
                self.frames, self.losses = [], 0

                async def part(_far: Far, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                    self.port.check()
                    await ping(reader)
                    writer.write(pong(missing, sent))  # pylint: disable=cell-var-from-loop
                    broken = await asyncio.wait_for(reader.readexactly(wire.HEADER.size + wire.MAX_PAYLOAD), 10)
                    self.assertFalse(any(broken))
                    self.assertEqual(self.losses, 1)
                    writer.write(HELLO)
                    self.assertEqual(await asyncio.wait_for(reader.readexactly(len(SYNC)), 10), SYNC)
                    self.port.check()
                    self.assertEqual(await ping(reader), len(SYNC))
                self.play(part)
                self.assertIn(f"lost {missing} bytes to it and {sent - len(HELLO)} from it", self.log.getvalue())

    def test_nonsense_starts_the_stream_anew(self) -> None:
        async def part(_far: Far, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"\xff" * 64)
            await asyncio.wait_for(reader.readexactly(wire.HEADER.size + wire.MAX_PAYLOAD), 10)
            writer.write(HELLO + wire.encode(3, wire.STDOUT, b"x"))
            await self.until(lambda: len(self.frames) == 3)
        self.play(part)
        self.assertEqual(self.losses, 1)


if __name__ == "__main__":
    unittest.main()
