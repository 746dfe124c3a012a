# SPDX-License-Identifier: GPL-2.0-or-later
"""QEMU's monitor (QMP) over a connected socket."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Callable


class Monitor:
    """Sends commands, hands events to `on_event(name, data)`."""

    def __init__(self, sock: socket.socket, on_event: Callable[[str, dict[str, object]], None]) -> None:
        self._socket = sock
        self._on_event = on_event
        self._writer: asyncio.StreamWriter | None = None
        self._waiting: dict[int, asyncio.Future[dict[str, object]]] = {}
        self._next = 0

    async def run(self) -> None:
        """Serve until QEMU closes the connection."""
        reader, self._writer = await asyncio.open_connection(sock=self._socket, limit=1 << 24)
        try:
            while line := await reader.readline():
                message = json.loads(line)
                if "QMP" in message:
                    self._send({"execute": "qmp_capabilities"})
                elif "event" in message:
                    self._on_event(message["event"], message.get("data", {}))
                elif message.get("id") in self._waiting:
                    self._waiting.pop(message["id"]).set_result(message)
        except (ConnectionError, json.JSONDecodeError):
            pass
        finally:
            for future in self._waiting.values():
                if not future.done():
                    future.set_result({"error": {"desc": "QEMU has ended"}})
            self._writer.close()

    def _send(self, message: dict[str, object]) -> None:
        assert self._writer
        self._writer.write(json.dumps(message).encode() + b"\n")

    async def execute(self, command: dict[str, object]) -> dict[str, object]:
        """Run one command; the whole reply."""
        if self._writer is None or self._writer.is_closing():
            return {"error": {"desc": "QEMU is not connected"}}
        self._next += 1
        future: asyncio.Future[dict[str, object]] = asyncio.get_running_loop().create_future()
        self._waiting[self._next] = future
        self._send({**command, "id": self._next})
        reply = await future
        reply.pop("id", None)
        return reply
