# SPDX-License-Identifier: GPL-2.0-or-later
"""Frames between host and guest."""

from __future__ import annotations

import random
import re
import unittest

from harness import paths, wire

HELLO = wire.encode(0, wire.HELLO, wire.COOKIE + wire.u32(wire.VERSION) + b"6.12")


class WireTest(unittest.TestCase):
    def test_any_cut_of_the_stream_gives_the_same_frames(self) -> None:
        frames = [wire.Frame(i, wire.STDOUT, bytes([i]) * (i * 37)) for i in range(40)]
        stream = b"".join(wire.encode(*frame) for frame in frames)
        rng = random.Random(1)
        decoder, got, at = wire.Decoder(lost=False), [], 0
        while at < len(stream):
            step = rng.randint(1, 90)
            got += list(decoder.feed(stream[at:at + step]))
            at += step
        self.assertEqual(got, frames)

    def test_a_lost_stream_is_found_at_the_next_hello(self) -> None:
        rest = wire.encode(7, wire.STDOUT, b"x" * 100)[9:]
        for cut in (1, 5, 1000):
            with self.subTest(cut):
                decoder, got = wire.Decoder(lost=True), []
                stream = rest + HELLO + wire.encode(1, wire.STARTED, wire.u32(5))
                for at in range(0, len(stream), cut):
                    got += list(decoder.feed(stream[at:at + cut]))
                self.assertEqual([frame.type for frame in got], [wire.HELLO, wire.STARTED])

    def test_nonsense_is_refused(self) -> None:
        with self.assertRaises(wire.BrokenStream):
            list(wire.Decoder(lost=False).feed(b"\xff" * 32))
        too_long = wire.HEADER.pack(wire.MAGIC, 1, wire.STDOUT, wire.MAX_PAYLOAD + 1)
        with self.assertRaises(wire.BrokenStream):
            list(wire.Decoder(lost=False).feed(too_long))

    def test_a_command_line_that_is_too_long_is_refused(self) -> None:
        with self.assertRaisesRegex(ValueError, "bytes long"):
            wire.start([b"x" * wire.MAX_PAYLOAD], [], 1)

    def test_the_agent_has_the_same_numbers(self) -> None:
        header = (paths.HARNESS / "agent" / "wire.h").read_text()
        for name, value in re.findall(r"\bWIRE_(\w+) = (\d+)", header):
            self.assertEqual(getattr(wire, name), int(value), name)
        constants = dict(re.findall(r"#define WIRE_(\w+) (0x[0-9a-fA-F]+|\d+)U", header))
        for name in ("MAGIC", "MAX_PAYLOAD", "STDIN_WINDOW", "VERSION"):
            self.assertEqual(getattr(wire, name), int(constants[name], 0), name)


if __name__ == "__main__":
    unittest.main()
