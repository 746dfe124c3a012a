#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Makes the tables of the hardware reference from driver/hw/*.h.

The headers are the only source: tables are taken from their X-macro lists by
the C preprocessor, layouts from the compiler, descriptions from the kernel-doc
comments. Two files result, both checked in and held against a fresh run by
`generate.py --check`:

  Documentation/hw/reference.rst   for people
  Documentation/hw/layout.txt      size and offsets of every structure: a
                                   difference is a change of the interface
"""

from __future__ import annotations

import argparse
import difflib
import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
HW = TOP / "driver" / "hw"
HEADERS = ["ids.h", "regs.h", "db.h", "status.h", "event.h", "eth.h", "stats.h", "rdma.h",
           "cmd.h", "link.h", "fwimg.h", "mbox.h", "soc.h", "cmis.h"]
PRELUDE = "#define MO_HW_FREESTANDING\n" + "".join(f'#include "{h}"\n' for h in HEADERS)


@dataclass
class Table:
    """An X-macro list: its name, column titles and rows."""
    name: str
    title: str
    columns: list[str]
    rows: list[list[str]]


@dataclass
class Member:
    """A structure member; size and offset in bytes."""
    name: str
    ctype: str
    offset: int = 0
    size: int = 0


@dataclass
class Struct:
    """A structure with its kernel-doc text."""
    name: str
    header: str
    summary: str
    texts: dict[str, str]
    notes: str
    members: list[Member] = field(default_factory=list)
    size: int = 0


def compiler() -> str:
    return os.environ.get("CC", "gcc")


def run(args: list[str], text: str | None = None) -> str:
    done = subprocess.run(args, input=text, capture_output=True, text=True, cwd=HW, check=False)
    if done.returncode:
        sys.exit(f"generate.py: {' '.join(args)} failed:\n{done.stderr}")
    return done.stdout


# The lists that make the reference: macro, title, column titles ("-" leaves a column out).
TABLES = [
    ("MO_REG_BLOCKS", "Register blocks", ["Block", "Type", "Version", "Offset", "Content"]),
    ("MO_REGS", "Control registers", ["Block", "Register", "Offset", "Access", "Reset", "Meaning"]),
    ("MO_FATALS", "Reasons of a fatal stop", ["Name", "Value", "Meaning"]),
    ("MO_FEATURES", "Features", ["Name", "Bit", "Meaning"]),
    ("MO_DOORBELLS", "Doorbells of a page", ["Name", "Offset", "Meaning"]),
    ("MO_COMMANDS", "Admin commands", ["Name", "Opcode", "Meaning"]),
    ("MO_RESERVED_COMMANDS", "Reserved admin commands", ["Name", "Opcode", "Meaning"]),
    ("MO_STATUSES", "Command status", ["Name", "Code", "errno", "Meaning"]),
    ("MO_AREAS", "Areas", ["Name", "Index", "Structure", "When"]),
    ("MO_EVENTS", "Events", ["Name", "Type", "Meaning"]),
    ("MO_QUEUE_ERRORS", "Reasons why a queue stopped", ["Name", "Value", "Meaning"]),
    ("MO_FLOWS", "Flow kinds of the receive hash", ["Name", "Index", "Meaning"]),
    ("MO_PORT_COUNTERS", "Port counters", ["Name", "Meaning"]),
    ("MO_MR_KINDS", "Kinds of memory key", ["Name", "Value", "Meaning"]),
    ("MO_QP_TYPES", "Types of queue pair", ["Name", "Value", "Meaning"]),
    ("MO_QP_STATES", "States of a queue pair", ["Name", "Value", "Meaning"]),
    ("MO_QP_ATTRS", "Attributes of a queue pair", ["Name", "Bit", "Field"]),
    ("MO_QP_ERRORS", "Reasons why a queue pair failed", ["Name", "Value", "Meaning"]),
    ("MO_WRS", "Send opcodes", ["Name", "Value", "Body bytes", "Meaning"]),
    ("MO_RECVS", "Receive opcodes", ["Name", "Value", "Meaning"]),
    ("MO_WCS", "Completion status", ["Name", "Value", "Meaning"]),
    ("MO_RDMA_COUNTERS", "Counters of the RDMA transport", ["Name", "Meaning"]),
    ("MO_MGMT_STATES", "States of the management core", ["Name", "Value", "Meaning"]),
    ("MO_FW_ERRORS", "Firmware errors", ["Name", "Value", "Meaning"]),
    ("MO_MB_COMMANDS", "Mailbox commands", ["Name", "Code", "Request", "Response", "Meaning"]),
    ("MO_MB_STATUSES", "Mailbox status", ["Name", "Code", "errno", "Meaning"]),
    ("MO_LINK_MODES", "Link modes", ["Name", "Bit", "Mbit/s", "Lanes", "Lane rate", "FEC"]),
    ("MO_FEC_MODES", "FEC modes", ["Name", "Bit", "Meaning"]),
    ("MO_LINK_FSM", "States of the link", ["Name", "Value", "Meaning"]),
    ("MO_LINK_REASONS", "Reasons why the link is not up",
     ["Name", "Value", "ethtool state", "ethtool substate", "Blame", "Meaning"]),
    ("MO_BLAMES", "Blame", ["Name", "Value", "Meaning"]),
    ("MO_LANE_STATES", "States of a lane", ["Name", "Value", "Meaning"]),
    ("MO_MODULE_FSM", "States of the module", ["Name", "Value", "Meaning"]),
    ("MO_SOC_BLOCKS", "Peripheral blocks of the management core", ["Name", "Index", "Content"]),
    ("MO_SOC_REGS", "Peripheral registers of the management core",
     ["Block", "Register", "Offset", "Access", "Reset", "Meaning"]),
    ("MO_CMIS_PAGES", "Pages of the optical module", ["Page", "Number", "Content"]),
    ("MO_CMIS_FIELDS", "Memory of the optical module",
     ["Page", "Field", "Byte", "Bytes", "High bit", "Low bit", "Access", "Meaning"]),
    ("MO_CMIS_STATES", "States of the optical module", ["Name", "Value", "CMIS"]),
    ("MO_CMIS_DP_STATES", "States of a data path", ["Name", "Value", "CMIS"]),
    ("MO_CMIS_CONFIG_STATUSES", "What became of a configuration", ["Name", "Value", "Meaning"]),
    ("MO_CMIS_MODULE_FLAGS", "Flags of the optical module", ["Name", "Byte", "Bit", "In ofctl"]),
    ("MO_CMIS_LANE_FLAGS", "Flags of its lanes", ["Name", "Byte", "In ofctl"]),
    ("MO_CMIS_IDENTIFIERS", "Forms of modules", ["Name", "Code", "In ofctl"]),
    ("MO_CMIS_CONNECTORS", "Connectors", ["Name", "Code", "In ofctl"]),
    ("MO_CMIS_TECHNOLOGIES", "Technologies of the media interface", ["Name", "Code", "In ofctl"]),
    ("MO_CMIS_MEDIA_TYPES", "Kinds of media", ["Name", "Code", "Meaning"]),
    ("MO_CMIS_HOSTS", "Host interfaces", ["Name", "Code", "Linear", "In ofctl"]),
    ("MO_CMIS_SMF_MEDIA", "Single-mode media interfaces",
     ["Name", "Code", "Medium", "Linear", "In ofctl"]),
]


def tables() -> list[Table]:
    """Expands each list with an X that only marks its arguments, unexpanded."""
    program = PRELUDE + "#undef X\n#define X(...) @ROW@ #__VA_ARGS__\n"
    for name, _, _ in TABLES:
        program += f"@TABLE@ {name} {name}(X)\n"
    text = run([compiler(), "-E", "-P", "-I.", "-xc", "-"], program)
    found: list[Table] = []
    titles = {name: (title, columns) for name, title, columns in TABLES}
    for part in text.split("@TABLE@")[1:]:
        name = part.split()[0]
        title, columns = titles[name]
        rows = []
        for row in part.split("@ROW@")[1:]:
            joined = "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', row.strip()))
            joined = joined.replace('\\"', '"').replace("\\\\", "\\")
            cells = split_arguments(joined)
            if len(cells) != len(columns):
                sys.exit(f"generate.py: {name}: {len(cells)} columns in row {cells}")
            rows.append(cells)
        found.append(Table(name, title, columns, rows))
    listed = set(titles)
    for header in HEADERS:
        for name in re.findall(r"^#define (MO_\w+)\(X\)", (HW / header).read_text(), re.M):
            if name not in listed and not name.startswith("MO_SOC_REGS_"):
                sys.exit(f"generate.py: list {name} of {header} is not in the reference")
    return found


def split_arguments(text: str) -> list[str]:
    """Splits macro arguments at top-level commas and joins adjacent string literals."""
    cells, depth, quoted, current = [], 0, False, ""
    for at, char in enumerate(text):
        if char == '"' and (at == 0 or text[at - 1] != "\\"):
            quoted = not quoted
        if not quoted:
            depth += char in "("
            depth -= char in ")"
            if char == "," and depth == 0:
                cells.append(current.strip())
                current = ""
                continue
        current += char
    cells.append(current.strip())
    return [re.sub(r'(?<!\\)"\s*"', "", c)[1:-1].replace('\\"', '"') if c.startswith('"') else c
            for c in cells]


def kernel_docs(text: str) -> dict[str, tuple[str, dict[str, str], str]]:
    docs = {}
    for comment in re.findall(r"/\*\*\n(.*?)\*/", text, re.S):
        lines = [re.sub(r"^ \* ?", "", line).rstrip() for line in comment.splitlines()]
        head = re.match(r"struct (\w+) - (.*)", lines[0])
        if not head:
            continue
        texts: dict[str, str] = {}
        notes: list[str] = []
        key = None
        for line in lines[1:]:
            item = re.match(r"@(\w+): (.*)", line)
            if item:
                key = item.group(1)
                texts[key] = item.group(2)
            elif key and line.strip():
                texts[key] += " " + line.strip()
            elif not line.strip():
                key = None
                notes.append("")
            else:
                notes.append(line)
        docs[head.group(1)] = (head.group(2), texts, " ".join(n for n in notes if n))
    return docs


def structs() -> list[Struct]:
    found: list[Struct] = []
    rows_of = {table.name: table.rows for table in tables()}
    for header in HEADERS:
        text = (HW / header).read_text()
        docs = kernel_docs(text)
        for name, body in re.findall(r"^struct (\w+) \{\n(.*?)^\};", text, re.S | re.M):
            summary, texts, notes = docs.get(name, ("", {}, ""))
            item = Struct(name, header, summary, texts, notes)
            for line in body.splitlines():
                counters = re.match(r"\t(MO_\w+_COUNTERS)\(X\)", line)
                if counters:
                    for row in rows_of[counters.group(1)]:
                        item.members.append(Member(row[0], "__le64"))
                        item.texts[row[0]] = row[1]
                    continue
                member = re.match(r"\t((?:struct )?\w+) (\w+)((?:\[\w+\])*);", line)
                if member and not line.startswith("#"):
                    ctype, mname, dims = member.groups()
                    item.members.append(Member(mname, ctype + dims))
            found.append(item)
    program = PRELUDE + "#include <stdio.h>\n#include <stddef.h>\nint main(void){\n"
    for item in found:
        program += f'printf("%zu\\n", sizeof(struct {item.name}));\n'
        for member in item.members:
            program += (f'printf("%zu %zu\\n", offsetof(struct {item.name}, {member.name}), '
                        f"sizeof(((struct {item.name} *)0)->{member.name}));\n")
    program += "return 0;}\n"
    with tempfile.TemporaryDirectory() as folder:
        run([compiler(), "-std=gnu11", "-I.", "-xc", "-", "-o", f"{folder}/layout"], program)
        lines = iter(run([f"{folder}/layout"]).splitlines())
    for item in found:
        item.size = int(next(lines))
        for member in item.members:
            member.offset, member.size = (int(v) for v in next(lines).split())
        end = 0
        for member in item.members:
            if member.offset != end:
                sys.exit(f"generate.py: struct {item.name} has a hole before {member.name}")
            end = member.offset + member.size
        if end != item.size:
            sys.exit(f"generate.py: struct {item.name} has members that were not read, or padding")
    return found


def rst_table(columns: list[str], rows: list[list[str]]) -> str:
    out = [".. list-table::", "   :header-rows: 1", ""]
    for row in [columns] + rows:
        for at, cell in enumerate(row):
            lead = "   * - " if at == 0 else "     - "
            out.append((lead + cell.replace("*", "\\*").replace("_ ", "\\_ ")).rstrip())
    return "\n".join(out) + "\n"


def reference() -> str:
    out = [".. SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB",
           ".. Made by Documentation/hw/generate.py from driver/hw/*.h; do not edit.", "",
           "=" * 19, "Hardware reference", "=" * 19, "",
           "Tables and layouts of the hardware interface; how the parts work together",
           "stands in ``interface.rst``. All fields are little endian.", "",
           "Tables", "=" * 6, ""]
    for table in tables():
        out += [table.title, "-" * len(table.title), "",
                f"``{table.name}``", "", rst_table(table.columns, table.rows)]
    out += ["Structures", "=" * 10, ""]
    for item in structs():
        title = f"struct {item.name}"
        out += [title, "-" * len(title), "", f"``driver/hw/{item.header}``, {item.size} bytes. "
                + (item.summary[:1].upper() + item.summary[1:] + "." if item.summary else ""), ""]
        rows = [[f"{m.offset:#05x}", f"``{m.ctype}``", f"``{m.name}``",
                 item.texts.get(m.name, "zero" if m.name.startswith("rsvd") else "")]
                for m in item.members]
        out.append(rst_table(["Offset", "Type", "Member", "Meaning"], rows))
        if item.notes:
            out += [item.notes, ""]
    return "\n".join(out)


def layout() -> str:
    out = ["# Layout of the hardware interface; made by Documentation/hw/generate.py.",
           "# A line that changes or goes away is an incompatible change: raise the major",
           "# version in driver/hw/ids.h. New lines at an end raise the minor."]
    for item in structs():
        out.append(f"struct {item.name} {item.size}")
        out += [f"  {m.offset:5} {m.size:5} {m.ctype} {m.name}" for m in item.members]
    return "\n".join(out) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    options = parser.parse_args()
    here = Path(__file__).parent
    bad = 0
    for name, text in (("reference.rst", reference()), ("layout.txt", layout())):
        path = here / name
        if not options.check:
            path.write_text(text)
            continue
        old = path.read_text() if path.exists() else ""
        if old != text:
            bad = 1
            sys.stdout.writelines(difflib.unified_diff(
                old.splitlines(True), text.splitlines(True), f"{name} (checked in)",
                f"{name} (from the headers)", n=1))
    if bad:
        print("The reference differs from the headers: run Documentation/hw/generate.py, and if "
              "layout.txt changed, follow the version rules in driver/hw/ids.h.")
    return bad


if __name__ == "__main__":
    sys.exit(main())
