# SPDX-License-Identifier: GPL-2.0-or-later
"""Which files of a kernel module call which: a circle of calls has no layers, and a
change in one of its files may need all of them."""

from __future__ import annotations

import re

_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_DEFINITION = re.compile(r"^(?!static\b)[\w \t*]+?\b(mo_\w+)\([^;{]*?\)\n\{", re.MULTILINE | re.DOTALL)
_WORD = re.compile(r"\bmo_\w+")


def calls(sources: dict[str, str]) -> dict[str, dict[str, str]]:
    """Per file the files that it calls into, each with one function as the example."""
    texts = {name: _COMMENT.sub("", text) for name, text in sources.items()}
    home = {match[1]: name for name, text in texts.items() for match in _DEFINITION.finditer(text)}
    return {name: {home[word]: word for word in sorted(set(_WORD.findall(text))) if home.get(word, name) != name}
            for name, text in texts.items()}


def circle(graph: dict[str, dict[str, str]]) -> list[str]:
    """One circle of files, each of which calls the next and the last the first; empty if there is none."""
    left = {name: set(callees) for name, callees in graph.items()}
    while leaves := [name for name, callees in left.items() if not callees & left.keys()]:
        for name in leaves:
            del left[name]
    if not left:
        return []
    # Whoever is left calls somebody who is left: so walking on comes round.
    walk = [min(left)]
    while (following := min(left[walk[-1]] & left.keys())) not in walk:
        walk.append(following)
    return walk[walk.index(following):]


def findings(sources: dict[str, str]) -> list[str]:
    """The circle, a line per call of it."""
    graph = calls(sources)
    files = circle(graph)
    return [f"{caller}: calls {graph[caller][callee]}() of {callee}: a circle of calls"
            for caller, callee in zip(files, files[1:] + files[:1])]
