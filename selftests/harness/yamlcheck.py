# SPDX-License-Identifier: GPL-2.0-or-later
"""Strict reading of YAML: every complaint names file, line and what is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import yaml

from .errors import HarnessError


class Node:
    """A value of a YAML file that knows where it stands."""

    def __init__(self, file: Path, node: yaml.Node, what: str) -> None:
        self._file = file
        self._node = node
        self.what = what

    def fail(self, text: str) -> HarnessError:
        """The error to raise about this value."""
        return HarnessError(f"{self._file}:{self._node.start_mark.line + 1}: {text}")

    def mapping(self, allowed: set[str] | None = None, required: set[str] = frozenset()) -> dict[str, Node]:  # type: ignore[assignment]
        """The keys of a mapping; unknown, repeated and missing ones are refused."""
        if not isinstance(self._node, yaml.MappingNode):
            raise self.fail(f"{self.what} must be a mapping")
        found: dict[str, Node] = {}
        for key_node, value_node in self._node.value:
            key = Node(self._file, key_node, "a key").string()
            place = Node(self._file, key_node, key)
            if allowed is not None and key not in allowed:
                raise place.fail(f"unknown key {key!r} in {self.what} (known: {', '.join(sorted(allowed))})")
            if key in found:
                raise place.fail(f"{key!r} stands twice in {self.what}")
            found[key] = Node(self._file, value_node, key)
        for key in sorted(required - found.keys()):
            raise self.fail(f"{self.what} lacks {key!r}")
        return found

    def sequence(self) -> Iterator[Node]:
        """The items of a list."""
        if not isinstance(self._node, yaml.SequenceNode):
            raise self.fail(f"{self.what} must be a list")
        for item in self._node.value:
            yield Node(self._file, item, f"an item of {self.what}")

    def is_empty(self) -> bool:
        """Nothing stands there."""
        return isinstance(self._node, yaml.ScalarNode) and self._node.tag.endswith(":null")

    def string(self) -> str:
        """Plain text."""
        if not isinstance(self._node, yaml.ScalarNode) or self.is_empty():
            raise self.fail(f"{self.what} must be text")
        return str(self._node.value)

    def number(self, low: float, high: float) -> float:
        """A number within bounds."""
        try:
            value = float(self.string())
        except ValueError:
            raise self.fail(f"{self.what} must be a number, not {self.string()!r}") from None
        if not low <= value <= high:
            raise self.fail(f"{self.what} is {value:g}; it must lie between {low:g} and {high:g}")
        return value

    def integer(self, low: int, high: int) -> int:
        """A whole number within bounds."""
        value = self.number(low, high)
        if value != int(value):
            raise self.fail(f"{self.what} must be a whole number")
        return int(value)


def load(file: Path, what: str) -> Node:
    """The document of a file."""
    try:
        node = yaml.compose(file.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except OSError as error:
        raise HarnessError(f"{file}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise HarnessError(f"{file}: is not UTF-8 text") from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise HarnessError(f"{file}:{line}: {error.problem or error.context}") from error
    except yaml.YAMLError as error:
        raise HarnessError(f"{file}: {error}") from error
    if node is None:
        raise HarnessError(f"{file}:1: the file is empty")
    return Node(file, node, what)
