# SPDX-License-Identifier: Apache-2.0
"""What the checks share: the C files of the tree, src/LAYERS, and how a complaint is printed."""
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
C_FOLDERS = ("include", "src", "sim", "bench", "tests", "tools")


def c_files(*folders):
    """Paths of all .c and .h files below these folders (all that hold C, unless named), relative to the root."""
    found = []
    for folder in folders or C_FOLDERS:
        found += [p.relative_to(ROOT) for p in (ROOT / folder).rglob("*.[ch]")]
    return sorted(found)


def read(path):
    return (ROOT / path).read_text(encoding="utf-8")


def layers():
    """src/LAYERS as {folder: [folders it may include]}."""
    granted = {}
    for line in read("src/LAYERS").splitlines():
        if line.strip() and not line.startswith("#"):
            folder, _, may = line.partition(":")
            granted[folder.strip()] = may.split()
    return granted


def finish(name, complaints):
    """Prints `path:line: message` rows and the count; the exit status for sys.exit."""
    for path, line, message in sorted(complaints, key=lambda c: (str(c[0]), c[1], c[2])):
        print(f"{path}:{line}: {message}")
    if complaints:
        print(f"{name}: {len(complaints)} complaints", file=sys.stderr)
    return len(complaints) > 0
