# SPDX-License-Identifier: Apache-2.0
"""A C file as the house rules see it: code without comments and texts, and its functions.

No parser: it leans on the layout, which the format check holds. A function's body begins with a line `{` and ends with
a line `}`."""
import functools
import re

from tree import read

TOKENS = re.compile(r"""/\*.*?\*/ | //[^\n]* | "(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])*'""", re.S | re.X)
CONTROL = re.compile(r"^( *)(?:\} )?(?:if|else|for|while|switch|do)\b")
INDENT = 4


class Function:
    """One definition: its name, first line, length in lines, parameter count, deepest nesting and asserts."""

    def __init__(self, signature, first, lines):
        open_at = signature.find("(")
        self.name = re.split(r"[\s*]", signature[:open_at].strip())[-1]
        self.first = first
        self.length = len(lines)
        self.parameters = count_parameters(signature[open_at:])
        self.nesting = max((len(m[1]) // INDENT for m in map(CONTROL.match, lines) if m), default=0)
        self.asserts = sum(len(re.findall(r"\b(?:assert|assert_slow|static_assert|unreachable|\w+_check)\(", x))
                           for x in lines)


class Source:
    def __init__(self, path):
        self.path = path
        self.text = read(path)
        self.lines = self.text.splitlines()
        self.code = TOKENS.sub(blank, self.text).splitlines()
        self.is_test = bool(re.search(r"_(test|fuzz|bench)\.c$|(^|_)(testing|test_cases)\.h$", path.name))
        self.folder = path.parts[1] if path.parts[0] == "src" else path.parts[0]

    def functions(self):
        begin = None
        for number, line in enumerate(self.code):
            if line == "{":
                begin = number
            elif line == "}" and begin is not None:
                first = signature_start(self.code, begin)
                yield Function(" ".join(self.code[first:begin]), first + 1, self.code[begin : number + 1])
                begin = None

    def matches(self, pattern):
        """(line number, match) of each occurrence in the code."""
        for number, line in enumerate(self.code, 1):
            for found in re.finditer(pattern, line):
                yield number, found


@functools.lru_cache(maxsize=None)
def source(path):
    return Source(path)


def blank(found):
    """The token's newlines and quotes, so that lines keep their numbers and texts stay texts."""
    token = found[0]
    if token[0] in "\"'":
        return token[0] * 2
    return "\n" * token.count("\n")


def signature_start(code, body):
    """The line on which the definition whose body opens on line `body` begins."""
    at = body - 1
    while at > 0 and (code[at].startswith(" ") or not re.search(r"^$|[;}]$|^#", code[at - 1].rstrip())):
        at -= 1
    return at


def count_parameters(text):
    """How many parameters stand in the first parentheses of `text`."""
    depth, commas, inside = 0, 0, ""
    for char in text:
        depth += (char == "(") - (char == ")")
        if depth == 0:
            break
        commas += char == "," and depth == 1
        inside += char
    return 0 if inside.strip("( ") in ("", "void") else commas + 1
