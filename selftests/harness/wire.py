# SPDX-License-Identifier: GPL-2.0-or-later
"""Frames between client, daemon and the guest's agent (see agent/wire.h)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

MAGIC = 0x5442544D
MAX_PAYLOAD = 65536
STDIN_WINDOW = 262144
VERSION = 2
COOKIE = b"\x02mesh-testbed\x03\xf5\xfa"
HEADER = struct.Struct("<IIII")

SYNC, START, STDIN, SIGNAL, KILL, WINDOW, RESIZE, PING = range(1, 9)
HELLO, STARTED, STDOUT, STDERR, EXIT, FAILED, STDIN_WINDOW_UP, PONG = range(16, 24)

_START = struct.Struct("<IIIII")
_TTY = 1


class Frame(NamedTuple):
    """One frame."""

    session: int
    type: int
    payload: bytes


class BrokenStream(Exception):
    """Bytes that are no frame."""


def encode(session: int, kind: int, payload: bytes = b"") -> bytes:
    """A frame as bytes."""
    return HEADER.pack(MAGIC, session, kind, len(payload)) + payload


def u32(*values: int) -> bytes:
    """Payload of numbers."""
    return struct.pack(f"<{len(values)}I", *values)


def numbers(payload: bytes) -> tuple[int, ...]:
    """The numbers of a payload."""
    return struct.unpack(f"<{len(payload) // 4}I", payload[:len(payload) // 4 * 4])


def start(arguments: list[bytes], environment: list[bytes], window: int,
          size: tuple[int, int] | None = None) -> bytes:
    """Payload of START; `size` is (rows, columns) of a terminal, None for pipes."""
    rows, columns = size or (0, 0)
    strings = b"".join(text + b"\0" for text in (*arguments, *environment))
    payload = _START.pack(_TTY if size else 0, rows, columns, window, len(arguments)) + strings
    if len(payload) > MAX_PAYLOAD:
        raise ValueError(f"the command line is {len(payload)} bytes long (limit {MAX_PAYLOAD})")
    return payload


class Decoder:
    """Cuts a byte stream into frames.

    With `lost`, it first skips everything before the next HELLO: so a stream
    is picked up at start and after a reset of the guest.
    """

    def __init__(self, lost: bool) -> None:
        self._buffer = bytearray()
        self._lost = lost

    def lose(self) -> None:
        """The peer was reset: nothing before its next HELLO counts."""
        self._buffer.clear()
        self._lost = True

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Frames that are complete with `data`."""
        self._buffer += data
        if self._lost and not self._find_hello():
            return
        while len(self._buffer) >= HEADER.size:
            magic, session, kind, length = HEADER.unpack_from(self._buffer)
            if magic != MAGIC or length > MAX_PAYLOAD:
                raise BrokenStream(f"bad frame header {bytes(self._buffer[:HEADER.size]).hex()}")
            end = HEADER.size + length
            if len(self._buffer) < end:
                return
            payload = bytes(self._buffer[HEADER.size:end])
            del self._buffer[:end]
            yield Frame(session, kind, payload)

    def _find_hello(self) -> bool:
        at = self._buffer.find(COOKIE)
        while at >= 0:
            begin = at - HEADER.size
            if begin >= 0 and HEADER.unpack_from(self._buffer, begin)[::2] == (MAGIC, HELLO):
                del self._buffer[:begin]
                self._lost = False
                return True
            at = self._buffer.find(COOKIE, at + 1)
        # Keep what may be the beginning of a HELLO.
        del self._buffer[:-(HEADER.size + len(COOKIE))]
        return False
