# SPDX-License-Identifier: Apache-2.0
"""The rows of docs/ledger: what JetStream's protocol consists of, and which test shows it.

Each table of each page is read by its head; the columns that say nothing to a program (limits, what it does) are only for
people. `shown by` names files, and behind a unit test or a script the case in it."""
import pathlib
import re

from tree import ROOT, read

FOLDER = pathlib.Path("docs/ledger")
QUOTED = re.compile(r"`([^`]+)`")
# page, first column of the table: the kind of its rows
KINDS = {
    ("stream_config.md", "field"): "stream field",
    ("consumer_config.md", "field"): "consumer field",
    ("headers.md", "header"): "header",
    ("headers.md", "status"): "status",
    ("api.md", "subject"): "subject",
    ("advisories.md", "subject"): "advisory",
    ("errors.md", "code"): "error",
}


class Row:
    """One row: its kind, its cells by the head of their column without backquotes, and where it stands."""

    def __init__(self, kind, path, number, cells):
        self.kind, self.path, self.number = kind, path, number
        self.tests = tests_of(cells.pop("shown by", ""))
        self.cells = {head: "" if cell == "–" else cell.strip("`") for head, cell in cells.items()}
        self.head = next(iter(self.cells))

    @property
    def name(self):
        return self.cells[self.head]

    def change(self, head, text):
        """For a test of the check itself."""
        self.cells[head] = text

    def __getitem__(self, head):
        return self.cells.get(head, "")


class Elsewhere(Row):
    """A row of a table without tests: why none can show it here."""


def tests_of(cell):
    """[(file, [cases])]"""
    tests = []
    for word in QUOTED.findall(cell):
        if "/" in word:
            tests.append((word, []))
        elif tests:
            tests[-1][1].append(word)
    return tests


def cells_of(line):
    return [cell.strip() for cell in line.strip().strip("|").split(" | ")]


def read_page(path):
    head = None
    for number, line in enumerate(read(path).splitlines(), 1):
        if not line.startswith("|"):
            head = None
        elif head is None:
            head = cells_of(line)
        elif not line.startswith("|---"):
            kind = KINDS.get((path.name, head[0]))
            if kind is None:
                continue
            make = Row if "shown by" in head else Elsewhere
            yield make(kind, path, number, dict(zip(head, cells_of(line), strict=True)))


def rows():
    return [row for path in sorted((ROOT / FOLDER).glob("*.md")) for row in read_page(path.relative_to(ROOT))]
